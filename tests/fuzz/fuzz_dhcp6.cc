// A UDP payload of DHCPv6: what is learned of it are addresses of its IAADDR options, and of a
// guest's word nothing but the address that it sends from.
#include <variant>

#include "fuzz_target.h"
#include "small_world.h"

namespace l3sync::fuzz {
namespace {

constexpr size_t kMaxPayload = 1500;
const IpAddress kClient = *IpAddress::Parse("fe80::a");
const IpAddress kServer = *IpAddress::Parse("fe80::1");
const IpAddress kServers = *IpAddress::Parse("ff02::1:2");

void RequireSane(const Dhcp6Message& message, ByteSpan payload) {
  Require(message.xid <= 0xffffff, "a transaction-id has 24 bits");
  Require(message.relay_depth <= kMaxRelayDepth, "A4: nesting is bounded");
  Require(message.associations.size() <= kMaxDhcp6Associations, "A6: IAs are bounded");
  Require(message.resolvers.size() <= kMaxDhcp6Resolvers, "A6: option 23 is bounded");
  Require(message.client_identifier.size() <= kMaxDuid, "A9: option 1 is bounded");
  Require(message.server_identifier.size() <= kMaxDuid, "A9: option 2 is bounded");
  size_t count = message.registered.size();
  for (const Dhcp6Association& association : message.associations) {
    for (const Dhcp6Address& item : association.addresses) {
      Require(StandsIn(item.address, payload), "an IAADDR's address stands in the bytes");
      ++count;
    }
  }
  Require(count <= kMaxDhcp6Addresses, "A6: addresses are bounded");
}

ParsedFrame FromGuest(Dhcp6Message message, const IpAddress& source) {
  return {.destination_mac = kGroupMac,
          .source_mac = kSharedMac,
          .source = source,
          .destination = kServers,
          .hop_limit = 64,
          .message = std::move(message)};
}

// A request which |reply| may be the answer to.
ParsedFrame RequestFor(const Dhcp6Message& reply) {
  Dhcp6Message request;
  const bool is_solicit = reply.rapid_commit || reply.type == Dhcp6Type::kAdvertise;
  request.type = is_solicit ? Dhcp6Type::kSolicit : Dhcp6Type::kRequest;
  request.xid = reply.xid;
  request.client_identifier = reply.client_identifier;
  if (!is_solicit) request.server_identifier = reply.server_identifier;
  request.rapid_commit = reply.rapid_commit;
  request.associations = reply.associations;
  return FromGuest(std::move(request), kClient);
}

Addresses Granted(const Dhcp6Message& message) {
  Addresses granted;
  for (const Dhcp6Association& association : message.associations) {
    for (const Dhcp6Address& item : association.addresses) granted.insert(item.address);
  }
  return granted;
}

void RequireLearned(const Dhcp6Message& message, ByteSpan payload) {
  const std::vector<uint8_t> bytes =
      FrameAround({kSharedMac, kRouterMac, kServer, kClient, 547, 546}, payload);
  const Parsed<ParsedFrame> frame = ParseFrame(bytes, {.checksum_partial = true});
  Require(frame.ok(), "E2: what its payload's parser takes, a frame may hold");
  Require(std::get<Dhcp6Message>(frame->message) == message, "E2: and is the same message");

  const bool is_own = message.registered.size() == 1;
  const IpAddress source = is_own ? message.registered[0].address : kClient;
  SmallWorld by_guest;
  by_guest.Hear(kGuest, FrameSide::kSent, FromGuest(message, source), bytes);
  Require(IsSubset(by_guest.Bound(), {source}), "S6-1: of a guest its own address at most");

  SmallWorld unasked;
  unasked.Hear(kParent, FrameSide::kReceived, *frame, bytes);
  Require(unasked.Bound().empty(), "S8: nothing is learned that nobody asked for");

  SmallWorld asked_by_other;
  ParsedFrame request = RequestFor(message);
  std::get<Dhcp6Message>(request.message).client_identifier.push_back(0);
  asked_by_other.Hear(kGuest, FrameSide::kSent, request, {});
  asked_by_other.Hear(kParent, FrameSide::kReceived, *frame, bytes);
  Require(IsSubset(asked_by_other.Bound(), {kClient}), "S6-1: nor that another DUID asked for");

  SmallWorld asked;
  asked.Hear(kGuest, FrameSide::kSent, RequestFor(message), {});
  asked.Hear(kParent, FrameSide::kReceived, *frame, bytes);
  Addresses may_have = Granted(message);
  may_have.insert(kClient);
  Require(IsSubset(asked.Bound(), may_have), "S6-3: learned are addresses of IAADDR options");
  const bool may_give = message.type == Dhcp6Type::kReply && message.relay_depth == 0;
  Require(may_give || IsSubset(asked.Bound(), {kClient}), "S6-3: only a Reply gives");
}

}  // namespace
}  // namespace l3sync::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace l3sync;
  using namespace l3sync::fuzz;
  if (size > kMaxPayload) return 0;
  const ExactCopy copy({data, size});
  const Parsed<Dhcp6Message> message = ParseDhcp6(copy.bytes());
  if (!message.ok()) return 0;
  RequireSane(*message, copy.bytes());
  Require(*ParseDhcp6(copy.bytes()) == *message, "A11: no field is left to chance");
  if (kParsersOnly) return 0;
  RequireLearned(*message, copy.bytes());
  return 0;
}
