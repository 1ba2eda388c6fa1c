#pragma once

#include <cstdint>
#include <vector>

#include "wire/ip_address.h"

namespace l3sync {

// Whom l3sync's probes come from (rule D6): a station that there is none of, for some guests ignore
// what has their own MAC for a sender (BSD, in_arpinput()). Nothing is learned from it, and no
// guest has its address.
inline constexpr MacAddress kProbeMac{{0x02, 'l', '3', 's', 'y', 'n'}};
inline constexpr IpAddress kProbeSource =
    IpAddress::V6({0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 'l', '3', 's', 'y', 'n', 'c'});

// The probe that asks the one guest that has `target`; `mac` is that of the port's slaves.
std::vector<uint8_t> BuildProbe(const MacAddress& mac, const IpAddress& target);

}  // namespace l3sync
