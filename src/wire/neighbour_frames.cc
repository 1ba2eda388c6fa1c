#include "wire/neighbour_frames.h"

#include <algorithm>

#include "wire/arp.h"
#include "wire/bytes.h"
#include "wire/ethernet.h"
#include "wire/internet_checksum.h"
#include "wire/ip_packet.h"
#include "wire/nd.h"

namespace l3sync {

namespace {

constexpr uint16_t kEthernetHardware = 1;
constexpr uint16_t kArpRequest = 1;
constexpr uint8_t kNoFlags = 0;  // O=0 in an NA
constexpr uint8_t kSourceLinkLayer = 1;
constexpr uint8_t kTargetLinkLayer = 2;
constexpr IpAddress kAllRouters =
    IpAddress::V6({0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2});
constexpr MacAddress kAllRoutersMac{{0x33, 0x33, 0, 0, 0, 2}};  // RFC 2464 §7

// Fills an array from its start on. Room is the caller's promise; at() checks it.
template <typename Frame>
class Writer {
 public:
  explicit Writer(Frame* frame) : frame_(frame) {}

  void U8(uint8_t value) { frame_->at(at_++) = value; }
  void U16(uint16_t value) {
    U8(static_cast<uint8_t>(value >> 8));
    U8(static_cast<uint8_t>(value & 0xff));
  }
  void Zeros(size_t count) { at_ += count; }
  void Bytes(ByteSpan bytes) {
    for (const uint8_t byte : bytes) U8(byte);
  }
  void Mac(const MacAddress& mac) { Bytes(mac.bytes); }
  size_t at() const { return at_; }

 private:
  Frame* frame_;  // zeros
  size_t at_ = 0;
};

struct NdParts {
  MacAddress destination_mac, source_mac;
  IpAddress source, destination, target;
  NdType type{};
  uint8_t flags = 0;
  uint8_t option = 0;  // that holds option_mac
  MacAddress option_mac;
};

NdFrame BuildNd(const NdParts& parts) {
  constexpr uint8_t kHopLimit = 255;
  constexpr uint16_t kIcmp6Bytes = 32;
  constexpr size_t kChecksumOffset = 2;
  NdFrame frame{};
  Writer writer(&frame);
  writer.Mac(parts.destination_mac);
  writer.Mac(parts.source_mac);
  writer.U16(kEtherTypeIpv6);
  writer.U8(0x60);  // version 6, no traffic class, no flow label
  writer.Zeros(3);
  writer.U16(kIcmp6Bytes);
  writer.U8(kProtocolIcmp6);
  writer.U8(kHopLimit);
  writer.Bytes(parts.source.bytes());
  writer.Bytes(parts.destination.bytes());
  const size_t start = writer.at();
  writer.U8(static_cast<uint8_t>(parts.type));
  writer.Zeros(3);  // code, checksum
  writer.U8(parts.flags);
  writer.Zeros(3);
  writer.Bytes(parts.target.bytes());
  writer.U8(parts.option);
  writer.U8(1);  // unit of 8 bytes
  writer.Mac(parts.option_mac);
  const ByteSpan icmp6 = ByteSpan(frame).subspan(start);
  InternetChecksum sum;
  sum.AddPseudoHeader(parts.source, parts.destination, icmp6.size(), kProtocolIcmp6);
  sum.Add(icmp6);
  frame.at(start + kChecksumOffset) = static_cast<uint8_t>(sum.Value() >> 8);
  frame.at(start + kChecksumOffset + 1) = static_cast<uint8_t>(sum.Value() & 0xff);
  return frame;
}

ArpFrame BuildArpRequest(const MacAddress& destination_mac, const MacAddress& source_mac,
                         const ArpMessage& message) {
  ArpFrame frame{};
  Writer writer(&frame);
  writer.Mac(destination_mac);
  writer.Mac(source_mac);
  writer.U16(kEtherTypeArp);
  writer.U16(kEthernetHardware);
  writer.U16(kEtherTypeIpv4);
  writer.U8(static_cast<uint8_t>(message.sender_mac.bytes.size()));
  writer.U8(static_cast<uint8_t>(message.sender.bytes().size()));
  writer.U16(kArpRequest);
  writer.Mac(message.sender_mac);
  writer.Bytes(message.sender.bytes());
  writer.Mac(message.target_mac);
  writer.Bytes(message.target.bytes());
  return frame;
}

}  // namespace

NdFrame BuildNeighbourProbe(const MacAddress& mac, const MacAddress& sender_mac,
                            const IpAddress& source, const IpAddress& target) {
  return BuildNd({mac, mac, source, target, target, NdType::kNeighbourSolicitation, kNoFlags,
                  kSourceLinkLayer, sender_mac});
}

NdFrame BuildUnsolicitedAdvertisement(const MacAddress& mac, const IpAddress& address) {
  return BuildNd({kAllRoutersMac, mac, address, kAllRouters, address,
                  NdType::kNeighbourAdvertisement, kNoFlags, kTargetLinkLayer, mac});
}

ArpFrame BuildArpProbe(const MacAddress& mac, const MacAddress& sender_mac,
                       const IpAddress& target) {
  return BuildArpRequest(mac, mac, {kArpRequest, sender_mac, IpAddress::V4(0), {}, target});
}

ArpFrame BuildArpAnnouncement(const MacAddress& mac, const IpAddress& address) {
  return BuildArpRequest(MacAddress::Broadcast(), mac, {kArpRequest, mac, address, {}, address});
}

std::vector<uint8_t> BuildAnnouncement(const MacAddress& mac, const IpAddress& address) {
  if (address.is_v4()) {
    const ArpFrame frame = BuildArpAnnouncement(mac, address);
    return {frame.begin(), frame.end()};
  }
  const NdFrame frame = BuildUnsolicitedAdvertisement(mac, address);
  return {frame.begin(), frame.end()};
}

}  // namespace l3sync
