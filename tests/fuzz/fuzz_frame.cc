// A whole Ethernet frame. What it parses to hangs on nothing but its bytes; every walk ends; what
// is built of it for delivery is the same message; and what the sockets' filter refuses teaches
// nothing.
#include <linux/if_packet.h>

#include "bpf/packet_filter.h"
#include "fuzz_target.h"
#include "small_world.h"
#include "tests/bpf/bpf_interpreter.h"
#include "wire/delivery.h"
#include "wire/tlv.h"

namespace l3sync::fuzz {
namespace {

constexpr size_t kMaxFrame = 9216;  // kMaxFrameLength of the capture

uint16_t U16At(ByteSpan frame, size_t offset) {
  if (offset + 2 > frame.size()) return 0;
  return static_cast<uint16_t>(frame[offset] << 8 | frame[offset + 1]);
}

bool IsSame(const Parsed<ParsedFrame>& one, const Parsed<ParsedFrame>& other) {
  if (one.ok() != other.ok()) return false;
  return one.ok() ? *one == *other : one.drop_reason() == other.drop_reason();
}

// A3: a walk over n bytes of options takes at most n turns, whatever they are.
void RequireBoundedWalks(ByteSpan bytes) {
  const std::pair<TlvStyle, size_t> kLeast[] = {
      {TlvStyle::kDhcp4, 1}, {TlvStyle::kDhcp6, 4}, {TlvStyle::kNd, 8}};
  for (const auto& [style, least] : kLeast) {
    size_t turns = 0;
    TlvReader options(bytes, style);
    while (options.Next()) {
      ++turns;
      Require(turns <= bytes.size() / least, "A3: each turn takes what an option takes at least");
    }
    Require(!options.Next(), "A3: a walk that has ended stays so");
  }
}

// Bytes are all that counts: not where they are in memory, and no checksum makes another message.
void RequireSameParse(ByteSpan frame, const Parsed<ParsedFrame>& partial) {
  for (size_t skew = 1; skew < 8; skew += 2) {
    const ExactCopy moved(frame, skew);
    Require(IsSame(ParseFrame(moved.bytes(), {.checksum_partial = true}), partial),
            "A8: alignment changes nothing");
  }
  const Parsed<ParsedFrame> checked = ParseFrame(frame, {});
  Require(!checked.ok() || IsSame(checked, partial), "E2: a right checksum changes nothing");
  for (const uint16_t tci : {uint16_t{0x2005}, uint16_t{0x0fff}}) {
    Require(!ParseFrame(frame, {.vlan_present = true, .vlan_tci = tci}).ok(), "C3: another VLAN");
  }
  FrameMetadata longer{.checksum_partial = true};
  longer.wire_length = static_cast<uint32_t>(frame.size() + 1);
  Require(ParseFrame(frame, longer).ok() == partial.ok(), "a frame that is cut is judged as it is");
}

void RequireSameDelivery(ByteSpan frame, const Parsed<ParsedFrame>& partial) {
  const ExactCopy copy(frame);
  const std::optional<Delivery> delivery = ParseDelivery(copy.bytes());
  if (!delivery || !partial.ok()) return;
  const std::vector<uint8_t> rebuilt = BuildDelivery(partial->destination_mac, *delivery);
  const Parsed<ParsedFrame> delivered = ParseFrame(rebuilt, {});
  Require(delivered.ok(), "what is delivered is whole, checksums and all");
  ParsedFrame expected = *partial;
  expected.source_mac = expected.destination_mac;
  expected.hop_limit = delivered->hop_limit;
  Require(*delivered == expected, "what is delivered is what the server said");
}

// The two ways in which the parser takes more than the filter admits: a tag with VID 0 in the frame
// itself, and the ports of relays and of mistaken senders. Both are told by the bytes alone.
bool IsLeftToTheFilter(ByteSpan frame, FrameSide side) {
  if (U16At(frame, 12) == 0x8100 || U16At(frame, 12) == 0x88a8) return true;
  const bool is_v4 = U16At(frame, 12) == 0x0800;
  const size_t udp = is_v4 ? 14 + size_t{4} * (frame[14] & 15) : 14 + 40;
  const uint16_t source = U16At(frame, udp), destination = U16At(frame, udp + 2);
  const bool from_guest = side == FrameSide::kSent;
  if (is_v4) return source != (from_guest ? 68 : 67) || destination != (from_guest ? 67 : 68);
  return frame[20] == 17 && destination != (from_guest ? 547 : 546);
}

uint32_t PacketTypeOf(const MacAddress& destination) {
  if (destination == MacAddress::Broadcast()) return PACKET_BROADCAST;
  if (destination.is_group()) return PACKET_MULTICAST;
  return destination == kSharedMac ? PACKET_HOST : PACKET_OTHERHOST;
}

// A client's message before that the frame, if a server's, may answer.
void Ask(const ParsedFrame& frame, SmallWorld* world) {
  ParsedFrame request = frame;
  request.source_mac = kSharedMac;
  if (auto* dhcp4 = std::get_if<Dhcp4Message>(&request.message)) {
    dhcp4->op = 1;
    dhcp4->type = dhcp4->type == Dhcp4Type::kOffer ? Dhcp4Type::kDiscover : Dhcp4Type::kRequest;
    dhcp4->requested_address = dhcp4->yiaddr;
  } else if (auto* dhcp6 = std::get_if<Dhcp6Message>(&request.message)) {
    const bool is_solicit = dhcp6->rapid_commit || dhcp6->type == Dhcp6Type::kAdvertise;
    dhcp6->type = is_solicit ? Dhcp6Type::kSolicit : Dhcp6Type::kRequest;
    request.source = frame.destination;
  } else {
    return;
  }
  world->Hear(kGuest, FrameSide::kSent, request, {});
}

void RequireRefusedTeachesNothing(ByteSpan bytes, const ParsedFrame& frame) {
  // Made once; it remembers which instructions ran, and nothing of a frame.
  static BpfInterpreter* const filter = new BpfInterpreter(MakePacketFilter(kParent));
  for (const FrameSide side : {FrameSide::kSent, FrameSide::kReceived}) {
    const bool is_sent = side == FrameSide::kSent;
    FilterInput input;
    input.frame.assign(bytes.begin(), bytes.end());
    input.ifindex = static_cast<uint32_t>(is_sent ? kGuest : kParent);
    input.packet_type = is_sent ? PACKET_OUTGOING : PacketTypeOf(frame.destination_mac);
    // To another host: nobody's here, and the learner is not told which MAC that is.
    if (!is_sent && input.packet_type == PACKET_OTHERHOST) continue;
    const FilterResult verdict = filter->Run(input);
    Require(verdict.steps <= 64, "a filter's jumps go forward only");
    if (verdict.length != 0 || IsLeftToTheFilter(bytes, side)) continue;
    SmallWorld world;
    Ask(frame, &world);
    const Addresses before = world.Bound();
    world.Hear(is_sent ? kGuest : kParent, side, frame, bytes);
    Require(world.Bound() == before, "C2: what the filter refuses teaches nothing");
  }
}

}  // namespace
}  // namespace l3sync::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace l3sync;
  using namespace l3sync::fuzz;
  if (size > kMaxFrame) return 0;
  const ExactCopy copy({data, size});
  const ByteSpan frame = copy.bytes();
  const Parsed<ParsedFrame> partial = ParseFrame(frame, {.checksum_partial = true});
  RequireBoundedWalks(frame);
  RequireSameParse(frame, partial);
  RequireSameDelivery(frame, partial);
  if (partial.ok() && !kParsersOnly) RequireRefusedTeachesNothing(frame, *partial);
  return 0;
}
