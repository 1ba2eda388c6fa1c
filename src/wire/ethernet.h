#pragma once

#include <cstdint>

#include "wire/bytes.h"
#include "wire/ip_address.h"
#include "wire/parsed.h"

namespace l3sync {

inline constexpr uint16_t kEtherTypeIpv4 = 0x0800;
inline constexpr uint16_t kEtherTypeArp = 0x0806;
inline constexpr uint16_t kEtherTypeIpv6 = 0x86dd;

// An Ethernet II header. `payload` is a view into the frame and may end in padding.
struct EthernetFrame {
  MacAddress destination, source;
  uint16_t ether_type = 0;  // behind the tag, if there is one
  bool tagged = false;      // an inline tag, VID 0
  ByteSpan payload;
};

// `tag_stripped`: the kernel took a tag off that counts as one, so that an inline one is the second
// (rule C3).
Parsed<EthernetFrame> ParseEthernet(ByteSpan frame, bool tag_stripped);

constexpr bool IsTag(uint16_t ether_type) {
  return ether_type == 0x8100 || ether_type == 0x88a8;  // 802.1Q C-tag, S-tag
}

// The VID of a tag control information field; 0 is a priority tag: no VLAN (IEEE 802.1Q §9.6).
constexpr uint16_t VlanId(uint16_t tci) { return tci & 0x0fff; }

}  // namespace l3sync
