// An event with any bytes in its names and any numbers: the line for people holds nothing that a
// terminal obeys, the one for programs is JSON (classes O2, O3).
#include <nlohmann/json.hpp>

#include <algorithm>
#include <string>

#include "absl/time/time.h"

#include "fuzz_target.h"
#include "runtime/event_format.h"

namespace l3sync::fuzz {
namespace {

template <typename T>
T AnyUpTo(T last, Choices* choices) {
  return static_cast<T>(choices->Below(static_cast<size_t>(last) + 1));
}

InterfaceName AnyName(Choices* choices) {
  const ByteSpan bytes = choices->Bytes(choices->Below(IFNAMSIZ));
  return MakeInterfaceName({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

Event AnyEvent(Choices* choices) {
  Event event;
  event.kind = AnyUpTo(EventKind::kStopped, choices);
  event.severity = AnyUpTo(Severity::kError, choices);
  event.origin = AnyUpTo(Origin::kBind, choices);
  event.reason = AnyUpTo(Reason::kNoSlave, choices);
  const uint8_t flags = choices->Byte();
  event.dry_run = (flags & 1) != 0;
  event.has_lifetimes = (flags & 2) != 0;
  event.has_xid = (flags & 4) != 0;
  event.has_mac = (flags & 8) != 0;
  event.ifindex = (flags & 16) != 0 ? static_cast<int32_t>(choices->U32()) : 0;
  event.other_ifindex = (flags & 32) != 0 ? static_cast<int32_t>(choices->U32()) : 0;
  // An errno is the kernel's, and it has some that the C library does not know (ENOTSUPP).
  event.error = (flags & 64) != 0 ? static_cast<int32_t>(choices->Below(4096)) : 0;
  if ((flags & 128) != 0) event.address = IpAddress::FromBytes(choices->Bytes(16));
  event.name = AnyName(choices);
  event.other_name = AnyName(choices);
  event.valid_sec = choices->U32();
  event.preferred_sec = choices->U32();
  event.xid = choices->U32();
  return event;
}

bool IsPrintable(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c < 0x7f; });
}

}  // namespace
}  // namespace l3sync::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace l3sync;
  using namespace l3sync::fuzz;
  Choices choices({data, size});
  const Event event = AnyEvent(&choices);
  const absl::Time time = absl::FromUnixSeconds(choices.U32());

  const std::string text = FormatText(event);
  Require(IsPrintable(text) && !text.empty(), "O2: a line for people is printable");
  const std::string json = FormatJson(event, time);
  Require(IsPrintable(json), "O2: a line for programs is printable");
  Require(nlohmann::json::accept(json), "O2: a line for programs is JSON");
  const CounterList counters = {{"frames", event.xid}};
  Require(nlohmann::json::accept(FormatStoppedJson(event, time, counters)), "O2: the last one too");
  return 0;
}
