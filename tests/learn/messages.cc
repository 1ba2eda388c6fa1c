#include "messages.h"

#include <algorithm>

#include "tests/wire/frame_builder.h"

namespace l3sync::testing {
namespace {

constexpr uint8_t kSubnetMask = 1, kRouters = 3, kResolvers = 6, kRequestedAddress = 50,
                  kLeaseTime = 51, kMessageType = 53, kServerIdentifier = 54,
                  kClientIdentifier = 61, kRapidCommit = 80, kV6OnlyPreferred = 108, kEnd = 255;

Bytes BytesOf(std::string_view address) {
  if (address.empty()) return Bytes(4);
  const IpAddress ip = Ip(address);
  return {ip.bytes().begin(), ip.bytes().end()};
}

Bytes BytesOfU32(uint32_t value) {
  return {static_cast<uint8_t>(value >> 24), static_cast<uint8_t>(value >> 16),
          static_cast<uint8_t>(value >> 8), static_cast<uint8_t>(value)};
}

Bytes AddressOption(uint8_t code, std::string_view address) {
  return address.empty() ? Bytes{} : Option(code, BytesOf(address));
}

Bytes ClientIdentifierOption(std::string_view client_id) {
  if (client_id.empty()) return {};
  const Bytes no_hardware_type = {0};
  return Option(kClientIdentifier,
                Concat({no_hardware_type, Bytes(client_id.begin(), client_id.end())}));
}

struct Header {
  uint8_t op;
  uint32_t xid;
  std::string_view ciaddr, yiaddr, giaddr;
};

Bytes Dhcp4(const Header& header, Dhcp4Type type, const Bytes& options) {
  return Concat({{header.op, 1, 6, 0},
                 BytesOfU32(header.xid),
                 Bytes(4),
                 BytesOf(header.ciaddr),
                 BytesOf(header.yiaddr),
                 Bytes(4),
                 BytesOf(header.giaddr),
                 {kSharedMac.bytes.begin(), kSharedMac.bytes.end()},
                 Bytes(10 + 64 + 128),
                 {0x63, 0x82, 0x53, 0x63},
                 Option(kMessageType, {static_cast<uint8_t>(type)}),
                 options,
                 {kEnd}});
}

Heard Parse(const UdpParts& parts, const MacAddress& destination, const MacAddress& source) {
  Heard heard;
  heard.bytes = BuildUdp4Frame(parts);
  std::copy(destination.bytes.begin(), destination.bytes.end(), heard.bytes.begin());
  std::copy(source.bytes.begin(), source.bytes.end(), heard.bytes.begin() + 6);
  FrameMetadata metadata;
  metadata.wire_length = static_cast<uint32_t>(heard.bytes.size());
  const Parsed<ParsedFrame> frame = ParseFrame(heard.bytes, metadata);
  if (frame.ok()) heard.frame = *frame;
  return heard;
}

}  // namespace

IpAddress Ip(std::string_view text) { return IpAddress::Parse(text).value(); }
IpPrefix Net(std::string_view text) { return IpPrefix::Parse(text).value(); }

Heard FromClient(Dhcp4Type type, const ClientMessage& message) {
  const Bytes options = Concat({AddressOption(kRequestedAddress, message.requested),
                                AddressOption(kServerIdentifier, message.server),
                                ClientIdentifierOption(message.client_id),
                                message.rapid_commit ? Option(kRapidCommit, {}) : Bytes{}});
  UdpParts parts;
  parts.source = message.ciaddr.empty() ? Ip("0.0.0.0") : Ip(message.ciaddr);
  parts.destination = message.unicast ? Ip(kServer) : Ip("255.255.255.255");
  parts.source_port = 68;
  parts.destination_port = 67;
  parts.payload = Dhcp4({message.op, message.xid, message.ciaddr, {}, {}}, type, options);
  return Parse(parts, message.unicast ? kRouterMac : MacAddress::Broadcast(), kSharedMac);
}

Heard FromServer(Dhcp4Type type, const ServerMessage& message) {
  const Bytes options = Concat(
      {AddressOption(kServerIdentifier, message.server),
       message.lease ? Option(kLeaseTime, BytesOfU32(*message.lease)) : Bytes{},
       AddressOption(kSubnetMask, message.mask), AddressOption(kRouters, message.router),
       AddressOption(kResolvers, message.resolver), ClientIdentifierOption(message.client_id),
       message.rapid_commit ? Option(kRapidCommit, {}) : Bytes{},
       message.v6only_wait ? Option(kV6OnlyPreferred, BytesOfU32(*message.v6only_wait)) : Bytes{}});
  UdpParts parts;
  parts.source = Ip(kServer);
  const std::string_view client = message.yiaddr.empty() ? message.ciaddr : message.yiaddr;
  if (message.broadcast) {
    parts.destination = Ip("255.255.255.255");
  } else {
    parts.destination = Ip(message.destination.empty() ? client : message.destination);
  }
  parts.payload = Dhcp4({message.op, message.xid, message.ciaddr, message.yiaddr, message.giaddr},
                        type, options);
  return Parse(parts, message.broadcast ? MacAddress::Broadcast() : kSharedMac, kRouterMac);
}

Heard FromNeighbour(const Neighbour& message) {
  NdMessage nd;
  nd.type = message.type;
  if (!message.target.empty()) nd.target = Ip(message.target);
  nd.nonce.assign(message.nonce.begin(), message.nonce.end());
  if (message.type == NdType::kNeighbourAdvertisement) nd.target_link_layer = message.mac;
  Heard heard;
  heard.frame.source_mac = message.mac;
  heard.frame.destination_mac = {{0x33, 0x33, 0, 0, 0, 1}};
  heard.frame.source = Ip(message.source);
  heard.frame.destination = Ip("ff02::1");
  heard.frame.hop_limit = 255;
  heard.frame.message = nd;
  return heard;
}

Heard FromRouter(const Advertisement& message) {
  NdMessage nd;
  nd.type = NdType::kRouterAdvertisement;
  for (const Prefix& prefix : message.prefixes) {
    nd.prefixes.push_back({.prefix = Net(prefix.prefix),
                           .on_link = true,
                           .autonomous = prefix.autonomous,
                           .valid_sec = prefix.valid,
                           .preferred_sec = prefix.preferred});
  }
  if (!message.resolver.empty()) nd.resolvers.push_back(Ip(message.resolver));
  Heard heard = FromNeighbour({});
  heard.frame.source_mac = kRouterMac;
  heard.frame.source = Ip(message.source);
  heard.frame.message = nd;
  return heard;
}

}  // namespace l3sync::testing
