#include "tests/wire/frame_builder.h"

#include <algorithm>

namespace l3sync::testing {

namespace {

constexpr size_t kEthernet = 14;
constexpr size_t kIpv4 = 20;

Bytes ToBytes(const IpAddress& address) {
  return Bytes(address.bytes().begin(), address.bytes().end());
}

Bytes U16(size_t value) { return {static_cast<uint8_t>(value >> 8), static_cast<uint8_t>(value)}; }

Bytes Filled(Bytes bytes, size_t size) {
  bytes.resize(size);
  return bytes;
}

}  // namespace

Bytes Concat(std::initializer_list<Bytes> parts) {
  Bytes all;
  for (const Bytes& part : parts) {
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

void StoreU16(uint16_t value, size_t offset, Bytes* bytes) {
  bytes->at(offset) = static_cast<uint8_t>(value >> 8);
  bytes->at(offset + 1) = static_cast<uint8_t>(value);
}

uint16_t LoadU16(ByteSpan bytes, size_t offset) {
  return static_cast<uint16_t>(bytes.at(offset) << 8 | bytes.at(offset + 1));
}

uint16_t SimpleSum(const Bytes& bytes) {
  uint32_t sum = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    sum += i % 2 == 0 ? static_cast<uint32_t>(bytes[i]) << 8 : bytes[i];
    sum = (sum & 0xffff) + (sum >> 16);
  }
  return static_cast<uint16_t>(sum);
}

uint16_t SimpleUdpSum(const Bytes& ip) {
  const Bytes addresses(ip.begin() + 12, ip.begin() + kIpv4);
  const size_t total = LoadU16(ip, 2);
  const Bytes payload(ip.begin() + kIpv4, ip.begin() + static_cast<std::ptrdiff_t>(total));
  return SimpleSum(Concat({addresses, {0, ip[9]}, U16(payload.size()), payload}));
}

Bytes Option(uint8_t code, const Bytes& value) {
  return LyingOption(code, static_cast<uint8_t>(value.size()), value);
}

Bytes LyingOption(uint8_t code, uint8_t length, const Bytes& value) {
  return Concat({{code, length}, value});
}

Bytes BuildDhcp4(const Dhcp4Parts& parts) {
  return Concat({{parts.op, parts.htype, parts.hlen, 0, 0x39, 0x03, 0xf3, 0x26},
                 Bytes(8),                           // secs, flags, ciaddr
                 {192, 0, 2, 10},                    // yiaddr
                 Bytes(8),                           // siaddr, giaddr
                 Filled({0x02, 0, 0, 0, 0, 1}, 16),  // chaddr
                 Filled(parts.sname, 64),
                 Filled(parts.file, 128),  //
                 {0x63, 0x82, 0x53, 0x63},
                 parts.options});
}

Bytes BuildOffer(const Bytes& options) {
  Dhcp4Parts parts;
  parts.options = Concat({Option(53, {2}), options});
  return BuildDhcp4(parts);
}

Bytes BuildUdp4Frame(const UdpParts& parts) {
  const size_t udp_length = 8 + parts.payload.size();
  const Bytes ethernet = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0xfe, 0x08, 0x00};
  Bytes ip = Concat({{0x45, 0},
                     U16(kIpv4 + udp_length),
                     {0, 0, 0, 0, 64, 17, 0, 0},
                     ToBytes(parts.source),
                     ToBytes(parts.destination),
                     U16(parts.source_port),
                     U16(parts.destination_port),
                     U16(udp_length),
                     {0, 0},
                     parts.payload});
  const auto udp_sum = static_cast<uint16_t>(~SimpleUdpSum(ip));
  StoreU16(udp_sum == 0 ? 0xffff : udp_sum, kIpv4 + 6, &ip);
  Bytes frame = Concat({ethernet, ip});
  FixIpv4Checksum(&frame);
  return frame;
}

void FixIpv4Checksum(Bytes* frame) {
  StoreU16(0, kEthernet + 10, frame);
  const auto words = static_cast<size_t>(frame->at(kEthernet) & 0x0f);
  const size_t end = std::min(frame->size(), kEthernet + 4 * words);
  const Bytes header(frame->begin() + kEthernet, frame->begin() + static_cast<std::ptrdiff_t>(end));
  StoreU16(static_cast<uint16_t>(~SimpleSum(header)), kEthernet + 10, frame);
}

Bytes BuildIcmp6Frame(Icmp6Parts parts) {
  const Bytes pseudo = Concat({ToBytes(parts.source),
                               ToBytes(parts.destination),
                               {0, 0},
                               U16(parts.icmp6.size()),
                               {0, 0, 0, 58}});
  StoreU16(0, 2, &parts.icmp6);
  StoreU16(static_cast<uint16_t>(~SimpleSum(Concat({pseudo, parts.icmp6}))), 2, &parts.icmp6);
  return Concat({{0x33, 0x33, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0xfe, 0x86, 0xdd, 0x60, 0, 0, 0},
                 U16(parts.extensions.size() + parts.icmp6.size()),
                 {parts.next_header, parts.hop_limit},
                 ToBytes(parts.source),
                 ToBytes(parts.destination),
                 parts.extensions,
                 parts.icmp6});
}

Bytes BuildNd(NdType type, const Bytes& options) {
  const Bytes header = {static_cast<uint8_t>(type), 0, 0, 0};
  const Bytes target = ToBytes(*IpAddress::Parse("2001:db8::10"));
  switch (type) {
    case NdType::kRouterSolicitation:
      return Concat({header, Bytes(4), options});
    case NdType::kRouterAdvertisement:
      return Concat({header, {64, 0x40, 0x07, 0x08}, Bytes(8), options});
    case NdType::kNeighbourSolicitation:
    case NdType::kNeighbourAdvertisement:
      return Concat({header, Bytes(4), target, options});
  }
  return {};
}

Bytes NdOption(uint8_t type, uint8_t units, const Bytes& value) {
  return Concat({{type, units}, Filled(value, size_t{8} * units - (units == 0 ? 0 : 2))});
}

Bytes PrefixOption(uint8_t length, const IpAddress& prefix) {
  return NdOption(
      3, 4,
      Concat({{length, 0xc0, 0, 1, 0x51, 0x80, 0, 0, 0x38, 0x40, 0, 0, 0, 0}, ToBytes(prefix)}));
}

NdEnvelope EnvelopeFor(NdType type) {
  const IpAddress router = *IpAddress::Parse("fe80::1");
  const IpAddress guest = *IpAddress::Parse("fe80::ff:fe00:1");
  switch (type) {
    case NdType::kRouterSolicitation:
      return {.source = guest, .destination = *IpAddress::Parse("ff02::2"), .hop_limit = 255};
    case NdType::kNeighbourSolicitation:
      return {
          .source = guest, .destination = *IpAddress::Parse("ff02::1:ff00:10"), .hop_limit = 255};
    case NdType::kRouterAdvertisement:
    case NdType::kNeighbourAdvertisement:
      break;
  }
  return {.source = router, .destination = *IpAddress::Parse("ff02::1"), .hop_limit = 255};
}

}  // namespace l3sync::testing
