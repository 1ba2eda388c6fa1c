#include "wire/frame.h"

#include <optional>
#include <utility>

#include "wire/ethernet.h"
#include "wire/icmp6.h"
#include "wire/ip_packet.h"
#include "wire/udp.h"

namespace l3sync {

namespace {

// DHCPv4's two ports (RFC 2131 §4.1): 68 to 67, 67 to 68, and 67 to 67 between relay and server.
bool IsDhcp4(const UdpDatagram& datagram) {
  const auto is_port = [](uint16_t port) { return port == 67 || port == 68; };
  return is_port(datagram.source_port) && is_port(datagram.destination_port);
}

// RFC 8415 §7.2 fixes where clients (546), servers and relays (547) listen, and clients look at no
// more than that: an answer from another port is one all the same.
bool IsDhcp6(const UdpDatagram& datagram) {
  return datagram.destination_port == 546 || datagram.destination_port == 547;
}

using Message = decltype(ParsedFrame::message);

template <typename T>
Parsed<Message> Widen(Parsed<T> message) {
  if (!message.ok()) {
    return message.drop_reason();
  }
  return Message(std::move(message.value()));
}

// What is no message of ours is told apart before the checksum is summed: most of it is ordinary
// traffic.
Parsed<Message> ParseUdpMessage(const IpPacket& packet, const FrameMetadata& metadata) {
  const Parsed<UdpDatagram> datagram = ParseUdp(packet);
  if (!datagram.ok()) {
    return datagram.drop_reason();
  }
  const bool v6 = packet.source.is_v6();
  if (v6 ? !IsDhcp6(*datagram) : !IsDhcp4(*datagram)) {
    return DropReason::kNotDhcpOrNd;
  }
  if (!metadata.checksum_partial) {
    if (const auto reason = CheckUdpChecksum(*datagram, packet)) {
      return *reason;
    }
  }
  return v6 ? Widen(ParseDhcp6(datagram->payload)) : Widen(ParseDhcp4(datagram->payload));
}

Parsed<Message> ParseIcmp6Message(const IpPacket& packet, const FrameMetadata& metadata) {
  const Parsed<uint8_t> type = ParseIcmp6Type(packet);
  if (!type.ok()) {
    return type.drop_reason();
  }
  if (*type < static_cast<uint8_t>(NdType::kRouterSolicitation) ||
      *type > static_cast<uint8_t>(NdType::kNeighbourAdvertisement)) {
    return DropReason::kNotDhcpOrNd;
  }
  if (!metadata.checksum_partial) {
    if (const auto reason = CheckIcmp6Checksum(packet)) {
      return *reason;
    }
  }
  Parsed<NdMessage> message = ParseNd(
      packet.payload,
      {.source = packet.source, .destination = packet.destination, .hop_limit = packet.hop_limit});
  if (!message.ok()) {
    return message.drop_reason();
  }
  if (message->type == NdType::kRouterAdvertisement && packet.extension_headers > 0) {
    return DropReason::kAdvertisementBehindExtension;
  }
  return Message(std::move(message.value()));
}

Parsed<Message> ParseMessage(const IpPacket& packet, const FrameMetadata& metadata) {
  if (packet.protocol == kProtocolUdp) {
    return ParseUdpMessage(packet, metadata);
  }
  if (packet.protocol == kProtocolIcmp6 && packet.source.is_v6()) {
    return ParseIcmp6Message(packet, metadata);
  }
  return DropReason::kNotDhcpOrNd;
}

Parsed<IpPacket> ParseIp(const EthernetFrame& ethernet) {
  switch (ethernet.ether_type) {
    case kEtherTypeIpv4:
      return ParseIpv4(ethernet.payload);
    case kEtherTypeIpv6:
      return ParseIpv6(ethernet.payload);
    default:
      return DropReason::kNotIp;
  }
}

// A packet that lacks bytes is malformed, unless it is only our copy of it that lacks them.
DropReason Blame(DropReason reason, size_t captured, const FrameMetadata& metadata) {
  const bool truncated =
      reason == DropReason::kTruncatedEthernet || reason == DropReason::kTruncatedIpv4 ||
      reason == DropReason::kTruncatedIpv6 || reason == DropReason::kTruncatedArp;
  return truncated && captured < metadata.wire_length ? DropReason::kCutShort : reason;
}

// A sender's MAC other than the frame's is no error: proxies and clusters answer so.
Parsed<ParsedFrame> ParseArpFrame(const EthernetFrame& ethernet) {
  const Parsed<ArpMessage> message = ParseArp(ethernet.payload);
  if (!message.ok()) {
    return message.drop_reason();
  }
  return ParsedFrame{.destination_mac = ethernet.destination,
                     .source_mac = ethernet.source,
                     .source = message->sender,
                     .destination = message->target,
                     .message = *message};
}

}  // namespace

Parsed<ParsedFrame> ParseFrame(ByteSpan frame, const FrameMetadata& metadata) {
  if (metadata.vlan_present && VlanId(metadata.vlan_tci) != 0) {
    return DropReason::kVlanTagged;
  }
  const Parsed<EthernetFrame> ethernet = ParseEthernet(frame, metadata.vlan_present);
  if (!ethernet.ok()) {
    return Blame(ethernet.drop_reason(), frame.size(), metadata);
  }
  if (ethernet->ether_type == kEtherTypeArp) {
    const Parsed<ParsedFrame> arp = ParseArpFrame(*ethernet);
    return arp.ok() ? arp : Blame(arp.drop_reason(), frame.size(), metadata);
  }
  const Parsed<IpPacket> packet = ParseIp(*ethernet);
  if (!packet.ok()) {
    return Blame(packet.drop_reason(), frame.size(), metadata);
  }
  Parsed<Message> message = ParseMessage(*packet, metadata);
  if (!message.ok()) {
    return message.drop_reason();
  }
  return ParsedFrame{.destination_mac = ethernet->destination,
                     .source_mac = ethernet->source,
                     .source = packet->source,
                     .destination = packet->destination,
                     .hop_limit = packet->hop_limit,
                     .message = std::move(message.value())};
}

}  // namespace l3sync
