// A UDP payload of DHCPv4: what is learned of it is its yiaddr or ciaddr, and of no guest's word.
#include "fuzz_target.h"
#include "small_world.h"

namespace l3sync::fuzz {
namespace {

constexpr size_t kMaxPayload = 1500;
constexpr IpAddress kServer = IpAddress::V4(0xc0000201);
constexpr IpAddress kBroadcast = IpAddress::V4(0xffffffff);
constexpr IpAddress kNobody = IpAddress::V4(0);

bool IsSet(const IpAddress& address) { return address.has_value() && !address.is_unspecified(); }

// The 4 bytes at |offset| (RFC 2131 §2), read without the parser's help.
IpAddress FieldAt(ByteSpan payload, size_t offset) {
  return IpAddress::FromBytes(payload.subspan(offset, 4));
}

void RequireSane(const Dhcp4Message& message, ByteSpan payload) {
  Require(payload.size() >= 240, "P4-1: the fixed part is there");
  Require(message.ciaddr == FieldAt(payload, 12), "ciaddr is the field");
  Require(message.yiaddr == FieldAt(payload, 16), "yiaddr is the field");
  Require(message.giaddr == FieldAt(payload, 24), "giaddr is the field");
  Require(message.hardware_length <= 16, "A9: hlen is within chaddr");
  Require(message.client_identifier.size() <= kMaxClientIdentifier, "A9: option 61 is bounded");
  Require(message.routers.size() <= kMaxDhcp4Addresses, "A6: option 3 is bounded");
  Require(message.resolvers.size() <= kMaxDhcp4Addresses, "A6: option 6 is bounded");
  Require(message.overload <= 3, "A4: option 52");
}

// A request which |reply| may be the answer to.
ParsedFrame RequestFor(const Dhcp4Message& reply) {
  Dhcp4Message request;
  request.op = 1;
  request.hardware_type = 1;
  request.hardware_length = 6;
  request.xid = reply.xid;
  request.client_identifier = reply.client_identifier;
  request.type = Dhcp4Type::kRequest;
  if (reply.type == Dhcp4Type::kOffer || reply.rapid_commit) {
    request.type = Dhcp4Type::kDiscover;
    request.rapid_commit = reply.rapid_commit;
  } else if (IsSet(reply.yiaddr)) {
    request.requested_address = reply.yiaddr;
  } else {
    request.ciaddr = reply.ciaddr;
  }
  return {.destination_mac = MacAddress::Broadcast(),
          .source_mac = kSharedMac,
          .source = kNobody,
          .destination = kBroadcast,
          .hop_limit = 64,
          .message = request};
}

// What a server says goes to all, or to the one whom the message names.
ParsedFrame FrameOf(const Dhcp4Message& message, ByteSpan payload, std::vector<uint8_t>* bytes) {
  UdpEnvelope envelope{kSharedMac, kRouterMac, kServer, message.yiaddr, 67, 68};
  if (!IsSet(message.yiaddr)) envelope.destination = message.ciaddr;
  if (message.broadcast() || !IsSet(envelope.destination)) {
    envelope.destination_mac = MacAddress::Broadcast();
    envelope.destination = kBroadcast;
  }
  *bytes = FrameAround(envelope, payload);
  const Parsed<ParsedFrame> frame = ParseFrame(*bytes, {.checksum_partial = true});
  Require(frame.ok(), "E2: what its payload's parser takes, a frame may hold");
  Require(std::get<Dhcp4Message>(frame->message) == message, "E2: and is the same message");
  return *frame;
}

void RequireLearned(const Dhcp4Message& message, ByteSpan payload) {
  std::vector<uint8_t> bytes;
  const ParsedFrame frame = FrameOf(message, payload, &bytes);

  SmallWorld by_guest;
  ParsedFrame sent = frame;
  sent.source_mac = kSharedMac;
  by_guest.Hear(kGuest, FrameSide::kSent, sent, bytes);
  Require(by_guest.Bound().empty(), "S4-1: a guest's word alone gives it no address");

  SmallWorld unasked;
  unasked.Hear(kParent, FrameSide::kReceived, frame, bytes);
  Require(unasked.Bound().empty(), "S8: nothing is learned that nobody asked for");

  SmallWorld asked_otherwise;
  ParsedFrame request = RequestFor(message);
  std::get<Dhcp4Message>(request.message).xid ^= 1;
  asked_otherwise.Hear(kGuest, FrameSide::kSent, request, {});
  asked_otherwise.Hear(kParent, FrameSide::kReceived, frame, bytes);
  Require(asked_otherwise.Bound().empty(), "S8: nor what was asked for with another xid");

  SmallWorld asked;
  asked.Hear(kGuest, FrameSide::kSent, RequestFor(message), {});
  asked.Hear(kParent, FrameSide::kReceived, frame, bytes);
  Require(IsSubset(asked.Bound(), {message.yiaddr, message.ciaddr}), "learned is yiaddr or ciaddr");
  const bool may_give =
      message.op == 2 && (message.type == Dhcp4Type::kOffer || message.type == Dhcp4Type::kAck);
  Require(may_give || asked.Bound().empty(), "S4: only an OFFER or ACK of a server gives");
}

}  // namespace
}  // namespace l3sync::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace l3sync;
  using namespace l3sync::fuzz;
  if (size > kMaxPayload) return 0;
  const ExactCopy copy({data, size});
  const Parsed<Dhcp4Message> message = ParseDhcp4(copy.bytes());
  if (!message.ok()) return 0;
  RequireSane(*message, copy.bytes());
  Require(*ParseDhcp4(copy.bytes()) == *message, "A11: no field is left to chance");
  if (kParsersOnly) return 0;
  RequireLearned(*message, copy.bytes());
  return 0;
}
