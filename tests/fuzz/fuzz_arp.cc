// What follows an Ethernet header of ARP: no address is learned of it, whoever says it (rule N6).
#include "fuzz_target.h"
#include "small_world.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace l3sync;
  using namespace l3sync::fuzz;
  const ExactCopy copy({data, size});
  const ByteSpan bytes = copy.bytes();
  const Parsed<ArpMessage> message = ParseArp(bytes);
  if (!message.ok()) return 0;
  Require(size >= 28, "A7: it is all there");
  Require(message->sender == IpAddress::FromBytes(bytes.subspan(14, 4)), "the sender's field");
  Require(message->target == IpAddress::FromBytes(bytes.subspan(24, 4)), "the target's field");
  Require(*ParseArp(bytes) == *message, "A11: no field is left to chance");
  if (kParsersOnly) return 0;
  ParsedFrame frame{.destination_mac = MacAddress::Broadcast(),
                    .source_mac = kRouterMac,
                    .source = message->sender,
                    .destination = message->target,
                    .message = *message};
  SmallWorld world;
  world.Hear(kParent, FrameSide::kReceived, frame, bytes);
  frame.source_mac = kSharedMac;
  world.Hear(kGuest, FrameSide::kSent, frame, bytes);
  Require(world.Bound().empty(), "N6: of no ARP is an address learned");
  return 0;
}
