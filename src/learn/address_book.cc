#include "learn/address_book.h"

#include <utility>

namespace l3sync {

AddressBook::AddressBook(PolicyOptions policy, Output* output, bool dry_run)
    : output_(output),
      dry_run_(dry_run),
      policy_(std::move(policy)),
      installer_(&bindings_, &slaves_, output, &ignored_, dry_run) {}

void AddressBook::Want(Binding binding, MonotonicTime now) {
  const Binding* known = bindings_.Find(binding.address);
  const bool same_slave = known != nullptr && known->ifindex == binding.ifindex;
  if (known != nullptr && !same_slave) {
    installer_.NoteRemoval(*known, Reason::kOfferYielded, binding.ifindex);
  }
  binding.created = same_slave ? known->created : now;
  binding.last_evidence = now;
  const IpAddress address = binding.address;
  bindings_.Put(binding);
  installer_.Changed(address);
}

void AddressBook::SetLifetimes(const Binding& binding) {
  const IpAddress address = binding.address;
  bindings_.Put(binding);
  installer_.Changed(address);
}

void AddressBook::Unwant(const IpAddress& address, Reason reason, int32_t other_ifindex) {
  const Binding* binding = bindings_.Find(address);
  if (binding == nullptr) return;
  installer_.NoteRemoval(*binding, reason, other_ifindex);
  bindings_.Remove(address);
}

void AddressBook::Refuse(int32_t ifindex, const IpAddress& address, Origin origin, Reason reason,
                         int32_t other_ifindex, MonotonicTime now) {
  if (refusals_.size() >= kMaxRefusals) refusals_.clear();
  const auto [it, is_new] = refusals_.try_emplace({ifindex, address, reason}, now);
  if (!is_new && now - it->second < kRefusalInterval) return;
  it->second = now;
  if (refusals_of_slave_.size() >= kMaxRefusals) refusals_of_slave_.clear();
  Said& said = refusals_of_slave_[ifindex];
  if (said.count == 0 || now - said.since >= kRefusalInterval) said = {now, 0};
  if (++said.count > kMaxRefusalsPerSlave) return;
  Event event;
  event.kind = EventKind::kAddressRefused;
  event.severity = Severity::kWarning;
  event.ifindex = ifindex;
  event.address = address;
  event.origin = origin;
  event.reason = reason;
  event.other_ifindex = other_ifindex;
  event.dry_run = dry_run_;
  output_->Emit(event);
}

void AddressBook::RecheckPolicy() {
  for (const IpAddress& address : bindings_.All()) {
    const Binding* binding = bindings_.Find(address);
    // A neighbour entry is evidence against a new claim, not against a guest that is served: it may
    // be the guest's own.
    const Reason reason = policy_.Check(address, /*claimed_by_nd=*/false);
    const bool host_s = reason == Reason::kHostAddress || reason == Reason::kNextHop;
    if (host_s && binding != nullptr) Unwant(address, reason);
  }
}

}  // namespace l3sync
