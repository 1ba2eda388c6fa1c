#pragma once

#include <cstdint>
#include <initializer_list>
#include <vector>

#include "wire/bytes.h"
#include "wire/dhcp4.h"
#include "wire/ip_address.h"
#include "wire/nd.h"

// Frames and messages put together by the tests themselves, with nothing of the parser's.
namespace l3sync::testing {

using Bytes = std::vector<uint8_t>;

Bytes Concat(std::initializer_list<Bytes> parts);
void StoreU16(uint16_t value, size_t offset, Bytes* bytes);
uint16_t LoadU16(ByteSpan bytes, size_t offset);

// The plain RFC 1071 sum of big-endian words, folded; 0xffff over a whole that verifies.
uint16_t SimpleSum(const Bytes& bytes);
// The same over the pseudo header of `ip` (an IPv4 packet with IHL 5) and its payload.
uint16_t SimpleUdpSum(const Bytes& ip);

// An option of DHCPv4: code, length, value.
Bytes Option(uint8_t code, const Bytes& value);
// The same with a length of the caller's.
Bytes LyingOption(uint8_t code, uint8_t length, const Bytes& value);

struct Dhcp4Parts {
  uint8_t op = 2, htype = 1, hlen = 6;
  Bytes sname, file;  // filled up with zeros
  Bytes options;      // behind the cookie
};
// A UDP payload.
Bytes BuildDhcp4(const Dhcp4Parts& parts);
// An OFFER by its option 53, with `options` behind it.
Bytes BuildOffer(const Bytes& options);

struct UdpParts {
  IpAddress source = IpAddress::V4(0xc0000201), destination = IpAddress::V4(0xc000020a);
  uint16_t source_port = 67, destination_port = 68;
  Bytes payload;
};
// An Ethernet frame with right lengths and checksums.
Bytes BuildUdp4Frame(const UdpParts& parts);
// Makes the IPv4 header checksum of a frame right again.
void FixIpv4Checksum(Bytes* frame);

struct Icmp6Parts {
  IpAddress source = *IpAddress::Parse("fe80::1");
  IpAddress destination = *IpAddress::Parse("ff02::1");
  uint8_t hop_limit = 255;
  uint8_t next_header = 58;  // of the IPv6 header
  Bytes extensions;          // between the headers
  Bytes icmp6;               // its checksum is filled in
};
Bytes BuildIcmp6Frame(Icmp6Parts parts);

// ICMPv6 messages with a checksum of 0.
Bytes BuildNd(NdType type, const Bytes& options);
// An ND option: type, length in units of 8, `value` filled up with zeros.
Bytes NdOption(uint8_t type, uint8_t units, const Bytes& value);
Bytes PrefixOption(uint8_t length, const IpAddress& prefix);

// Envelopes in which BuildNd() is valid.
NdEnvelope EnvelopeFor(NdType type);

inline constexpr NdType kAllNdTypes[] = {NdType::kRouterSolicitation, NdType::kRouterAdvertisement,
                                         NdType::kNeighbourSolicitation,
                                         NdType::kNeighbourAdvertisement};

}  // namespace l3sync::testing
