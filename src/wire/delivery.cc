#include "wire/delivery.h"

#include "wire/ethernet.h"
#include "wire/internet_checksum.h"
#include "wire/ip_packet.h"
#include "wire/udp.h"

namespace l3sync {
namespace {

constexpr size_t kIpv4Header = 20, kUdpHeader = 8;
constexpr uint8_t kHopLimit = 64;
constexpr size_t kMaxUdpPayload = 65507;  // 0xffff less the two headers

bool IsHost(const IpAddress& address) {
  return address.has_value() && !address.is_unspecified() && !address.is_multicast() &&
         !address.is_limited_broadcast();
}

void AppendU16(size_t value, std::vector<uint8_t>* bytes) {
  bytes->push_back(static_cast<uint8_t>(value >> 8 & 0xff));
  bytes->push_back(static_cast<uint8_t>(value & 0xff));
}

void Append(ByteSpan bytes, std::vector<uint8_t>* frame) {
  frame->insert(frame->end(), bytes.begin(), bytes.end());
}

std::vector<uint8_t> Ipv4Header(const Delivery& delivery, size_t datagram) {
  std::vector<uint8_t> header = {0x45, 0};  // version 4, no options; no service class
  AppendU16(kIpv4Header + datagram, &header);
  header.insert(header.end(), {0, 0, 0x40, 0});  // no identification: don't fragment
  header.insert(header.end(), {kHopLimit, kProtocolUdp});
  InternetChecksum sum;
  sum.Add(header);
  sum.Add(delivery.source.bytes());
  sum.Add(delivery.destination.bytes());
  AppendU16(sum.Value(), &header);
  return header;
}

std::vector<uint8_t> Ipv6Header(size_t datagram) {
  std::vector<uint8_t> header = {0x60, 0, 0, 0};  // version 6, no traffic class, no flow label
  AppendU16(datagram, &header);
  header.insert(header.end(), {kProtocolUdp, kHopLimit});
  return header;
}

std::vector<uint8_t> UdpHeader(const Delivery& delivery, size_t datagram) {
  std::vector<uint8_t> header;
  AppendU16(delivery.source_port, &header);
  AppendU16(delivery.destination_port, &header);
  AppendU16(datagram, &header);
  InternetChecksum sum;
  sum.AddPseudoHeader(delivery.source, delivery.destination, datagram, kProtocolUdp);
  sum.Add(header);
  sum.Add(delivery.payload);
  // RFC 768: a sum of 0 is sent as its other form, for 0 says that there is none.
  AppendU16(sum.Value() == 0 ? 0xffff : sum.Value(), &header);
  return header;
}

}  // namespace

std::optional<Delivery> ParseDelivery(ByteSpan frame) {
  const Parsed<EthernetFrame> ethernet = ParseEthernet(frame, /*tag_stripped=*/false);
  if (!ethernet.ok() || ethernet->tagged || ethernet->destination.is_group()) return std::nullopt;
  const bool is_v4 = ethernet->ether_type == kEtherTypeIpv4;
  if (!is_v4 && ethernet->ether_type != kEtherTypeIpv6) return std::nullopt;
  const Parsed<IpPacket> packet =
      is_v4 ? ParseIpv4(ethernet->payload) : ParseIpv6(ethernet->payload);
  if (!packet.ok() || packet->protocol != kProtocolUdp) return std::nullopt;
  const Parsed<UdpDatagram> datagram = ParseUdp(*packet);
  if (!datagram.ok()) return std::nullopt;
  const Delivery delivery = {packet->source, packet->destination, datagram->source_port,
                             datagram->destination_port, datagram->payload};
  return IsDelivery(delivery) ? std::optional(delivery) : std::nullopt;
}

bool IsDelivery(const Delivery& delivery) {
  if (!IsHost(delivery.source) || !IsHost(delivery.destination) ||
      delivery.source.is_v4() != delivery.destination.is_v4() ||
      delivery.payload.size() > kMaxUdpPayload) {
    return false;
  }
  // See frame.cc for the ports of DHCPv6.
  return delivery.destination.is_v4()
             ? delivery.source_port == 67 && delivery.destination_port == 68
             : delivery.destination_port == 546;
}

std::vector<uint8_t> BuildDelivery(const MacAddress& mac, const Delivery& delivery) {
  const bool is_v4 = delivery.destination.is_v4();
  const size_t datagram = kUdpHeader + delivery.payload.size();
  std::vector<uint8_t> frame;
  Append(mac.bytes, &frame);
  Append(mac.bytes, &frame);
  AppendU16(is_v4 ? kEtherTypeIpv4 : kEtherTypeIpv6, &frame);
  Append(is_v4 ? Ipv4Header(delivery, datagram) : Ipv6Header(datagram), &frame);
  Append(delivery.source.bytes(), &frame);
  Append(delivery.destination.bytes(), &frame);
  Append(UdpHeader(delivery, datagram), &frame);
  Append(delivery.payload, &frame);
  return frame;
}

}  // namespace l3sync
