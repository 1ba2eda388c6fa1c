#include "dhcp6_bed.h"

#include <utility>

#include "tests/wire/frame_builder.h"

namespace l3sync::testing {
namespace {

constexpr uint16_t kClientPort = 546, kServerPort = 547;
constexpr uint8_t kUdp = 17;

Duid DuidOf(std::string_view text) { return {text.begin(), text.end()}; }

Dhcp6Message MessageOf(Dhcp6Type type, const Message6& m, bool names_server) {
  Dhcp6Message message;
  message.type = type;
  message.xid = m.xid;
  message.client_identifier = DuidOf(m.duid);
  if (names_server) message.server_identifier = DuidOf(m.server);
  message.status = static_cast<uint16_t>(m.status);
  message.rapid_commit = m.rapid_commit;
  for (const Association6& ia : m.associations) {
    Dhcp6Association& association = message.associations.emplace_back();
    association.temporary = ia.temporary;
    association.iaid = ia.iaid;
    association.status = static_cast<uint16_t>(ia.status);
    for (const Address6& a : ia.addresses) {
      association.addresses.push_back(
          {Ip(a.address), a.preferred, a.valid, static_cast<uint16_t>(a.status)});
    }
  }
  for (const Address6& a : m.registered) {
    message.registered.push_back({Ip(a.address), a.preferred, a.valid, 0});
  }
  if (!m.resolver.empty()) message.resolvers.push_back(Ip(m.resolver));
  message.delegations = m.delegations;
  message.delegates = m.delegations != 0;
  message.relay_depth = m.relay_depth;
  message.truncated = m.truncated;
  return message;
}

// The frame of a message with its identifiers only, behind a type, for the tests' own are short:
// what it says else is in `message` alone.
Bytes FrameOf(const ParsedFrame& frame, const Dhcp6Message& message, uint16_t from, uint16_t to) {
  const auto option = [](uint8_t code, const Duid& value) {
    constexpr uint8_t kUuid = 4;  // RFC 6355
    if (value.empty()) return Bytes();
    return Concat({{0, code, 0, static_cast<uint8_t>(2 + value.size()), 0, kUuid},
                   {value.begin(), value.end()}});
  };
  const Bytes payload =
      Concat({{static_cast<uint8_t>(message.type), static_cast<uint8_t>(message.xid >> 16),
               static_cast<uint8_t>(message.xid >> 8), static_cast<uint8_t>(message.xid)},
              option(1, message.client_identifier),
              option(2, message.server_identifier)});
  const auto length = static_cast<uint8_t>(8 + payload.size());
  Bytes udp = Concat({Bytes(8), payload});
  StoreU16(from, 0, &udp);
  StoreU16(to, 2, &udp);
  StoreU16(length, 4, &udp);
  const Bytes addresses =
      Concat({{frame.source.bytes().begin(), frame.source.bytes().end()},
              {frame.destination.bytes().begin(), frame.destination.bytes().end()}});
  Bytes padded = Concat({addresses, {0, 0, 0, length, 0, 0, 0, kUdp}, udp});
  if (padded.size() % 2 != 0) padded.push_back(0);
  const auto sum = static_cast<uint16_t>(~SimpleSum(padded));
  StoreU16(sum == 0 ? 0xffff : sum, 6, &udp);
  const Bytes macs =
      Concat({{frame.destination_mac.bytes.begin(), frame.destination_mac.bytes.end()},
              {frame.source_mac.bytes.begin(), frame.source_mac.bytes.end()}});
  return Concat({macs, {0x86, 0xdd, 0x60, 0, 0, 0, 0, length, kUdp, 64}, addresses, udp});
}

}  // namespace

std::vector<Association6> Ia(std::vector<Address6> addresses, uint32_t iaid) {
  return {{.iaid = iaid, .addresses = std::move(addresses)}};
}

void Dhcp6Bed::Say6(int32_t slave, Dhcp6Type type, const Message6& message) {
  const bool names_server = type == Dhcp6Type::kRequest || type == Dhcp6Type::kRenew ||
                            type == Dhcp6Type::kRelease || type == Dhcp6Type::kDecline;
  Heard heard;
  heard.frame.source_mac = kSharedMac;
  heard.frame.destination_mac = {{0x33, 0x33, 0, 1, 0, 2}};
  heard.frame.source = Ip(message.guest);
  heard.frame.destination = Ip("ff02::1:2");
  const Dhcp6Message said = MessageOf(type, message, names_server);
  heard.frame.message = said;
  heard.bytes = FrameOf(heard.frame, said, kClientPort, kServerPort);
  Hear(slave, FrameSide::kSent, heard);
}

void Dhcp6Bed::Answer6(Dhcp6Type type, const Message6& message) {
  Heard heard;
  heard.frame.source_mac = kRouterMac;
  heard.frame.destination_mac = message.to_group ? MacAddress::Broadcast() : kSharedMac;
  heard.frame.source = Ip(message.peer);
  heard.frame.destination = Ip(message.guest);
  const Dhcp6Message said = MessageOf(type, message, /*names_server=*/true);
  heard.frame.message = said;
  heard.bytes = FrameOf(heard.frame, said, kServerPort, kClientPort);
  Hear(kParent, FrameSide::kReceived, heard);
}

void Dhcp6Bed::Lease6(int32_t slave, const Message6& message) {
  Say6(slave, Dhcp6Type::kRequest, message);
  Answer6(Dhcp6Type::kReply, message);
}

}  // namespace l3sync::testing
