#pragma once

#include <cstdint>
#include <optional>

#include "wire/ip_packet.h"
#include "wire/parsed.h"

namespace l3sync {

// The type of the ICMPv6 message that `packet` carries. kTruncatedIcmp6 if type, code and checksum
// are not all there.
Parsed<uint8_t> ParseIcmp6Type(const IpPacket& packet);

// RFC 4443 §2.3: nullopt if the checksum is right. It is mandatory.
std::optional<DropReason> CheckIcmp6Checksum(const IpPacket& packet);

}  // namespace l3sync
