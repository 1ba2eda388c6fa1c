#pragma once

#include <cstdint>

#include "wire/bytes.h"
#include "wire/ip_address.h"
#include "wire/parsed.h"

namespace l3sync {

// Protocol and next header numbers (IANA).
inline constexpr uint8_t kProtocolUdp = 17;
inline constexpr uint8_t kProtocolIcmp6 = 58;

// RFC 8200 §4.1 knows six, one of them twice; none of them is needed before ND.
inline constexpr size_t kMaxExtensionHeaders = 8;

// An unfragmented IPv4 or IPv6 packet. `payload` is a view into the frame: what the header's length
// says, behind options and extension headers, without the padding of the link layer.
struct IpPacket {
  IpAddress source, destination;
  uint8_t hop_limit = 0;  // TTL for IPv4
  uint8_t protocol = 0;   // of `payload`
  size_t extension_headers = 0;
  size_t header_length = 0;  // bytes of headers before `payload`
  ByteSpan payload;
};

// `bytes` start at the IP header. Rule E1.
Parsed<IpPacket> ParseIpv4(ByteSpan bytes);
// Rule E3: hop-by-hop, routing and destination options are walked; any other header is the
// payload's.
Parsed<IpPacket> ParseIpv6(ByteSpan bytes);

}  // namespace l3sync
