// An ICMPv6 message of neighbour discovery, in each kind of envelope: what is learned of it is the
// sender, the target, or what SLAAC forms of them in a prefix of the router.
#include "fuzz_target.h"
#include "small_world.h"

namespace l3sync::fuzz {
namespace {

constexpr size_t kMaxMessage = 1500;
const IpAddress kNobody = *IpAddress::Parse("::");
const IpAddress kGuestAddress = *IpAddress::Parse("fe80::a");
const IpAddress kRouter = *IpAddress::Parse("fe80::1");
const IpAddress kAllNodes = *IpAddress::Parse("ff02::1");
const IpPrefix kPrefix = *IpPrefix::Parse("2001:db8:1::/64");

// ff02::1:ff00:0/104 with the last 24 bits of |target| (RFC 4291 §2.7.1).
IpAddress SolicitedNode(const IpAddress& target) {
  std::array<uint8_t, 16> bytes{0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff};
  std::copy(target.bytes().begin() + 13, target.bytes().end(), bytes.begin() + 13);
  return IpAddress::V6(bytes);
}

// Its host bits are cleared by the parser.
bool PrefixStandsIn(const IpPrefix& prefix, ByteSpan bytes) {
  for (size_t at = 0; at + 16 <= bytes.size(); ++at) {
    const IpAddress address = IpAddress::FromBytes(bytes.subspan(at, 16));
    if (IpPrefix{address, prefix.length}.Masked() == prefix) return true;
  }
  return false;
}

void RequireSane(const NdMessage& message, ByteSpan icmp6) {
  Require(static_cast<uint8_t>(message.type) == icmp6[0], "the type is the first byte");
  Require(message.prefixes.size() <= kMaxPrefixesPerAdvertisement, "A6: prefixes are bounded");
  Require(message.resolvers.size() <= kMaxResolversPerAdvertisement, "A6: resolvers are bounded");
  Require(message.nonce.size() <= kMaxNonce, "A6: the nonce is bounded");
  for (const PrefixInformation& information : message.prefixes) {
    Require(information.prefix.length <= 128, "A12: a prefix's length");
    Require(PrefixStandsIn(information.prefix, icmp6), "a prefix stands in the bytes");
  }
  const bool has_target = message.type == NdType::kNeighbourSolicitation ||
                          message.type == NdType::kNeighbourAdvertisement;
  Require(has_target == message.target.has_value(), "NS and NA have a target");
  if (!has_target) return;
  Require(message.target == IpAddress::FromBytes(icmp6.subspan(8, 16)), "the target is the field");
}

ParsedFrame FrameOf(const NdEnvelope& envelope, const MacAddress& source_mac, NdMessage message) {
  return {.destination_mac = kGroupMac,
          .source_mac = source_mac,
          .source = envelope.source,
          .destination = envelope.destination,
          .hop_limit = envelope.hop_limit,
          .message = std::move(message)};
}

// A router's prefix, and a guest with a link-local address.
void MakeOrdinary(SmallWorld* world) {
  NdMessage advertisement;
  advertisement.type = NdType::kRouterAdvertisement;
  advertisement.prefixes.push_back({kPrefix, true, true, 86400, 14400});
  world->Hear(kParent, FrameSide::kReceived,
              FrameOf({kRouter, kAllNodes, 255}, kRouterMac, advertisement), {});
  NdMessage use;
  use.type = NdType::kNeighbourAdvertisement;
  use.target = kGuestAddress;
  world->Hear(kGuest, FrameSide::kSent, FrameOf({kGuestAddress, kAllNodes, 255}, kSharedMac, use),
              {});
}

// What may be there after |message|: nothing else stands in it, or was said before.
Addresses MayHave(const NdMessage& message, const IpAddress& source) {
  Addresses may_have = {kGuestAddress, source};
  if (message.target.has_value()) may_have.insert(message.target);
  std::vector<IpPrefix> prefixes = {kPrefix};
  for (const PrefixInformation& information : message.prefixes) {
    prefixes.push_back(information.prefix);
  }
  for (const IpAddress& address : Addresses(may_have)) {
    for (const IpPrefix& prefix : prefixes) {
      may_have.insert(CombineWithIdentifier(prefix, address.interface_identifier()));
    }
  }
  return may_have;
}

void Play(ByteSpan icmp6, const NdEnvelope& envelope) {
  const Parsed<NdMessage> message = ParseNd(icmp6, envelope);
  if (!message.ok()) return;
  RequireSane(*message, icmp6);
  Require(*ParseNd(icmp6, envelope) == *message, "A11: no field is left to chance");
  if (kParsersOnly) return;
  const Addresses may_have = MayHave(*message, envelope.source);

  SmallWorld by_guest;
  by_guest.Hear(kGuest, FrameSide::kSent, FrameOf(envelope, kSharedMac, *message), icmp6);
  Require(IsSubset(by_guest.Bound(), may_have), "learned is the target, or the source");

  SmallWorld by_router;
  by_router.Hear(kParent, FrameSide::kReceived, FrameOf(envelope, kRouterMac, *message), icmp6);
  Require(by_router.Bound().empty(), "S8: the network alone gives no address");
}

void PlayInWorlds(ByteSpan icmp6, const NdEnvelope& envelope) {
  const Parsed<NdMessage> message = ParseNd(icmp6, envelope);
  if (!message.ok() || kParsersOnly) return;
  const Addresses may_have = MayHave(*message, envelope.source);
  SmallWorld world;
  MakeOrdinary(&world);
  world.Hear(kSibling, FrameSide::kSent, FrameOf(envelope, kSharedMac, *message), icmp6);
  Require(world.Bound().contains(kGuestAddress), "I4: a sibling's word takes nothing away");
  world.Hear(kParent, FrameSide::kReceived, FrameOf(envelope, kRouterMac, *message), icmp6);
  Require(IsSubset(world.Bound(), may_have), "learned is the target, the source, or SLAAC's");
}

}  // namespace
}  // namespace l3sync::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace l3sync;
  using namespace l3sync::fuzz;
  if (size > kMaxMessage) return 0;
  const ExactCopy copy({data, size});
  const ByteSpan icmp6 = copy.bytes();
  const IpAddress target = size >= 24 ? IpAddress::FromBytes(icmp6.subspan(8, 16)) : kGuestAddress;
  const IpAddress other = CombineWithIdentifier(kPrefix, target.interface_identifier());
  for (const NdEnvelope& envelope :
       {NdEnvelope{kNobody, SolicitedNode(target), 255}, NdEnvelope{kRouter, kAllNodes, 255},
        NdEnvelope{other, target, 255}}) {
    Play(icmp6, envelope);
    PlayInWorlds(icmp6, envelope);
  }
  Require(!ParseNd(icmp6, {kRouter, kAllNodes, 254}).ok(), "N1: it did not cross a router");
  return 0;
}
