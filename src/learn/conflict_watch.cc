#include "learn/conflict_watch.h"

namespace l3sync {

void ConflictWatch::ObserveArp(const ArpMessage& message, const MacAddress& shared_mac,
                               MonotonicTime now) {
  const Binding* binding = book_->bindings().Find(message.sender);
  if (binding == nullptr || message.sender_mac == shared_mac) {
    return book_->Ignore(IgnoreReason::kArpWithoutConflict);
  }
  Say(*binding, message.sender_mac, now);
}

void ConflictWatch::Say(const Binding& binding, const MacAddress& mac, MonotonicTime now) {
  absl::erase_if(said_, [&](const auto& entry) { return now - entry.second >= kInterval; });
  if (said_.size() >= kMax || !said_.try_emplace(binding.address, now).second) return;
  Event event;
  event.kind = EventKind::kAddressConflict;
  event.severity = Severity::kWarning;
  event.ifindex = binding.ifindex;
  event.address = binding.address;
  event.origin = binding.origin;
  event.has_mac = true;
  event.mac = mac;
  output_->Emit(event);
}

}  // namespace l3sync
