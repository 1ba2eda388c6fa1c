#include "tests/fuzz/diff.h"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "wire/drop_reason.h"

namespace l3sync::testing {
namespace {

using slow::Add;
using slow::Description;

std::string Text(ByteSpan bytes) { return slow::Hex(slow::Bytes(bytes.begin(), bytes.end())); }
std::string Text(const IpAddress& address) { return Text(address.bytes()); }
std::string Text(const MacAddress& mac) { return Text(ByteSpan(mac.bytes)); }
std::string Text(uint64_t number) { return std::to_string(number); }
// Four bytes as they stood in the message.
std::string Text(const std::optional<uint32_t>& option) {
  return option ? Text(IpAddress::V4(*option)) : "";
}
std::string Text(const std::optional<MacAddress>& option) { return option ? Text(*option) : ""; }

// Before the template, which finds by name only what stands before it.
std::string Text(const Dhcp6Address& address);
std::string Text(const Dhcp6Association& association);
std::string Text(const PrefixInformation& prefix);

template <typename List>
std::string Texts(const List& list) {
  std::string text;
  for (const auto& member : list) {
    Add(Text(member), &text);
  }
  return text;
}

std::string Text(const Dhcp6Address& address) {
  return Text(address.address) + "/" + Text(address.preferred_sec) + "/" + Text(address.valid_sec) +
         "/" + Text(address.status);
}

std::string Text(const Dhcp6Association& association) {
  return std::string(association.temporary ? "IA_TA" : "IA_NA") + " iaid " +
         Text(association.iaid) + " T1 " + Text(association.t1_sec) + " T2 " +
         Text(association.t2_sec) + " status " + Text(association.status) + " (" +
         Texts(association.addresses) + ")";
}

std::string Text(const PrefixInformation& prefix) {
  return Text(prefix.prefix.address) + "/" + Text(prefix.prefix.length) + " L" +
         Text(prefix.on_link) + " A" + Text(prefix.autonomous) + " valid " +
         Text(prefix.valid_sec) + " preferred " + Text(prefix.preferred_sec);
}

Description DescribeMessage(const ArpMessage& arp) {
  return {{"kind", "ARP"},
          {"operation", Text(arp.operation)},
          {"sender MAC", Text(arp.sender_mac)},
          {"target MAC", Text(arp.target_mac)}};
}

Description DescribeMessage(const Dhcp4Message& message) {
  return {{"kind", "DHCPv4"},
          {"op", Text(message.op)},
          {"hlen", Text(message.hardware_length)},
          {"hops", Text(message.hops)},
          {"xid", Text(uint64_t{message.xid})},
          {"secs", Text(message.secs)},
          {"flags", Text(message.flags)},
          {"ciaddr", Text(message.ciaddr)},
          {"yiaddr", Text(message.yiaddr)},
          {"siaddr", Text(message.siaddr)},
          {"giaddr", Text(message.giaddr)},
          {"chaddr", Text(ByteSpan(message.chaddr))},
          {"END", Text(message.end_seen)},
          {"overload", Text(message.overload)},
          {"type", Text(static_cast<uint64_t>(message.type))},
          {"subnet mask", Text(message.subnet_mask)},
          {"requested address", Text(message.requested_address)},
          {"lease time", Text(message.lease_time_sec)},
          {"server identifier", Text(message.server_identifier)},
          {"renewal time", Text(message.renewal_time_sec)},
          {"rebinding time", Text(message.rebinding_time_sec)},
          {"IPv6-only wait", Text(message.v6only_wait_sec)},
          {"routers", Texts(message.routers)},
          {"resolvers", Texts(message.resolvers)},
          {"rapid commit", Text(message.rapid_commit)},
          {"client identifier", Text(ByteSpan(message.client_identifier))}};
}

Description DescribeMessage(const Dhcp6Message& message) {
  return {{"kind", "DHCPv6"},
          {"type", Text(static_cast<uint64_t>(message.type))},
          {"xid", Text(uint64_t{message.xid})},
          {"relay depth", Text(message.relay_depth)},
          {"client identifier", Text(ByteSpan(message.client_identifier))},
          {"server identifier", Text(ByteSpan(message.server_identifier))},
          {"status", Text(message.status)},
          {"rapid commit", Text(message.rapid_commit)},
          {"associations", Texts(message.associations)},
          {"registered", Texts(message.registered)},
          {"resolvers", Texts(message.resolvers)},
          {"delegations", Text(message.delegations)},
          {"delegates", Text(message.delegates)},
          {"truncated", Text(message.truncated)}};
}

Description DescribeMessage(const NdMessage& message) {
  Description text = {{"kind", "ND"},
                      {"type", Text(static_cast<uint64_t>(message.type))},
                      {"target", Text(message.target)},
                      {"source MAC option", Text(message.source_link_layer)},
                      {"target MAC option", Text(message.target_link_layer)},
                      {"nonce", Text(ByteSpan(message.nonce))},
                      {"prefixes", Texts(message.prefixes)},
                      {"resolvers", Texts(message.resolvers)},
                      {"truncated", Text(message.truncated)}};
  if (message.type == NdType::kNeighbourAdvertisement) {
    text["R"] = Text(message.router);
    text["S"] = Text(message.solicited);
    text["Override"] = Text(message.override_flag);
  }
  if (message.type == NdType::kRouterAdvertisement) {
    text["current hop limit"] = Text(message.current_hop_limit);
    text["M"] = Text(message.managed);
    text["O"] = Text(message.other_configuration);
    text["router lifetime"] = Text(message.router_lifetime_sec);
    text["reachable time"] = Text(uint64_t{message.reachable_time_ms});
    text["retransmit time"] = Text(uint64_t{message.retransmit_time_ms});
    text["MTU"] = message.mtu ? Text(uint64_t{*message.mtu}) : "";
  }
  return text;
}

// A field that one parser leaves out and the other says is empty is the same.
Description WithoutEmpty(Description description) {
  std::erase_if(description, [](const auto& field) { return field.second.empty(); });
  return description;
}

std::string Lines(const Description& description) {
  std::string text;
  for (const auto& [name, value] : description) {
    text += "  " + name + ": " + value + "\n";
  }
  return text;
}

}  // namespace

Description Describe(const ParsedFrame& frame) {
  Description text =
      std::visit([](const auto& message) { return DescribeMessage(message); }, frame.message);
  text["destination MAC"] = Text(frame.destination_mac);
  text["source MAC"] = Text(frame.source_mac);
  text["source"] = Text(frame.source);
  text["destination"] = Text(frame.destination);
  text["hop limit"] = Text(frame.hop_limit);
  return text;
}

std::optional<std::string> Difference(const slow::Bytes& frame, const FrameMetadata& metadata) {
  const slow::Result slow =
      slow::ReadFrame(frame, {metadata.vlan_present, metadata.vlan_tci, metadata.checksum_partial});
  const Parsed<ParsedFrame> parsed = ParseFrame(frame, metadata);
  if (!parsed.ok() && !slow.accepted) {
    return std::nullopt;
  }
  const Description fast = parsed.ok() ? WithoutEmpty(Describe(*parsed)) : Description();
  const Description plain = WithoutEmpty(slow.message);
  if (fast == plain) {
    return std::nullopt;
  }
  return "l3sync's parser:\n" +
         (parsed.ok() ? Lines(fast)
                      : "  rejected: " + std::string(DropReasonName(parsed.drop_reason())) + "\n") +
         "the slow parser:\n" + (slow.accepted ? Lines(plain) : "  rejected: " + slow.why + "\n");
}

std::optional<std::string> AnyDifference(const slow::Bytes& frame) {
  for (const FrameMetadata& metadata : kEveryMetadata) {
    if (std::optional<std::string> difference = Difference(frame, metadata)) {
      return difference;
    }
  }
  return std::nullopt;
}

}  // namespace l3sync::testing
