#include "learn/address_book.h"

#include <algorithm>
#include <utility>

namespace l3sync {

AddressBook::AddressBook(PolicyOptions policy, Output* output, bool dry_run, size_t max_bindings)
    : output_(output),
      dry_run_(dry_run),
      configured_(policy.configured),
      policy_(std::move(policy)),
      bindings_(max_bindings),
      installer_(&bindings_, &slaves_, output, &ignored_, dry_run),
      contests_(&installer_, output) {}

bool AddressBook::IsUp(int32_t ifindex) const {
  const auto slave = slaves_.find(ifindex);
  return slave != slaves_.end() && slave->second.is_up;
}

Reason AddressBook::Check(int32_t ifindex, const IpAddress& address, bool claimed_by_nd) const {
  // What --bind gives is no matter of trust in the guest.
  const Reason quarantine = quarantine_.ReasonOf(ifindex);
  if (quarantine != Reason::kNone && !configured_.Contains(address)) {
    // What was only offered is a claim: the ACK would be the binding.
    const Binding* held = bindings_.Find(address);
    const bool has_it = held != nullptr && held->ifindex == ifindex;
    if (!has_it || held->origin == Origin::kDhcp4Offer) return quarantine;
  }
  return CheckRules(ifindex, address, claimed_by_nd);
}

Reason AddressBook::CheckRules(int32_t ifindex, const IpAddress& address,
                               bool claimed_by_nd) const {
  if (!configured_.Contains(address)) {
    const bool is_duplicate = claimed_by_nd && duplicates_.contains({ifindex, address});
    return is_duplicate ? Reason::kDuplicate : policy_.Check(address, claimed_by_nd);
  }
  const Reason reason = policy_.CheckConfigured(address);
  if (reason != Reason::kNone || configured_.SlaveOf(address) == ifindex) return reason;
  return Reason::kConfigured;
}

void AddressBook::Want(Binding binding, MonotonicTime now) {
  const Binding* known = bindings_.Find(binding.address);
  if (known != nullptr && known->is_configured() && !binding.is_configured()) {
    if (known->ifindex != binding.ifindex) return;
    binding = *known;
  }
  if (known == nullptr || known->ifindex != binding.ifindex) {
    MakeRoom(binding.ifindex, now);
    known = bindings_.Find(binding.address);
  }
  const bool same_slave = known != nullptr && known->ifindex == binding.ifindex;
  if (known != nullptr && !same_slave) {
    const bool is_offer = known->origin == Origin::kDhcp4Offer;
    installer_.NoteRemoval(*known, is_offer ? Reason::kOfferYielded : Reason::kMoved,
                           binding.ifindex);
  }
  binding.created = same_slave ? known->created : now;
  binding.last_evidence = now;
  const IpAddress address = binding.address;
  bindings_.Put(binding);
  installer_.Changed(address);
}

void AddressBook::MakeRoom(int32_t ifindex, MonotonicTime now) {
  if (const Binding* binding = bindings_.ToEvictFor(ifindex, now)) {
    Remove(*binding, Reason::kEvicted, 0);
  }
}

void AddressBook::SetLifetimes(const Binding& binding) {
  const IpAddress address = binding.address;
  bindings_.Put(binding);
  installer_.Changed(address);
}

void AddressBook::Unwant(const IpAddress& address, Reason reason, int32_t other_ifindex) {
  const Binding* binding = bindings_.Find(address);
  if (binding != nullptr && !binding->is_configured()) Remove(*binding, reason, other_ifindex);
}

void AddressBook::Remove(const Binding& binding, Reason reason, int32_t other_ifindex) {
  installer_.NoteRemoval(binding, reason, other_ifindex);
  bindings_.Remove(binding.address);
}

void AddressBook::ForgetSlave(int32_t ifindex, Reason reason) {
  for (const IpAddress& address : bindings_.AddressesOf(ifindex)) {
    Remove(*bindings_.Find(address), reason, 0);
  }
  configured_.Forget(ifindex);
  contests_.ForgetSlave(ifindex);
}

void AddressBook::NoteDuplicate(int32_t ifindex, const IpAddress& address, MonotonicTime now) {
  if (duplicates_.size() >= kMaxDuplicates) duplicates_.clear();
  duplicates_[{ifindex, address}] = now + kDuplicateHold;
}

void AddressBook::Advance(MonotonicTime now) {
  absl::erase_if(duplicates_, [&](const auto& entry) { return entry.second <= now; });
  contests_.Advance(now);
}

MonotonicTime AddressBook::NextDeadline() const {
  MonotonicTime next = contests_.NextDeadline();
  for (const auto& [key, until] : duplicates_) next = std::min(next, until);
  return next;
}

// ---- Configuration

void AddressBook::SlaveNamed(int32_t ifindex, std::string_view name, MonotonicTime now) {
  configured_.SetName(ifindex, name);
  for (const IpAddress& address : bindings_.AddressesOf(ifindex)) {
    if (CheckRules(ifindex, address, false) == Reason::kConfigured) {
      Remove(*bindings_.Find(address), Reason::kConfigured, configured_.SlaveOf(address));
    }
  }
  const auto slave = slaves_.find(ifindex);
  if (slave != slaves_.end() && !slave->second.is_new) WantConfigured(ifindex, now);
}

void AddressBook::WantConfigured(int32_t ifindex, MonotonicTime now) {
  for (const IpAddress& address : configured_.AddressesOf(ifindex)) {
    WantConfigured(ifindex, address, now);
  }
}

void AddressBook::WantConfigured(int32_t ifindex, const IpAddress& address, MonotonicTime now) {
  if (const Reason reason = policy_.CheckConfigured(address); reason != Reason::kNone) {
    return Refuse(ifindex, address, Origin::kBind, reason, 0, now);
  }
  const Binding* known = bindings_.Find(address);
  if (known != nullptr && known->ifindex == ifindex && known->is_configured()) return;
  if (known != nullptr && known->ifindex != ifindex) {
    Remove(*known, Reason::kConfigured, ifindex);
  }
  Binding binding;
  binding.address = address;
  binding.ifindex = ifindex;
  binding.origin = Origin::kBind;
  binding.valid_until = binding.preferred_until = MonotonicTime::Never();
  Want(std::move(binding), now);
}

// ---- What is said

void AddressBook::Refuse(int32_t ifindex, const IpAddress& address, Origin origin, Reason reason,
                         int32_t other_ifindex, MonotonicTime now) {
  if (reason != Reason::kNone && reason == quarantine_.ReasonOf(ifindex)) {
    return Ignore(IgnoreReason::kQuarantined);
  }
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

void AddressBook::Say(EventKind kind, Severity severity, int32_t ifindex) {
  Event event;
  event.kind = kind;
  event.severity = severity;
  event.ifindex = ifindex;
  event.dry_run = dry_run_;
  output_->Emit(event);
}

// ---- The reserved set changes

void AddressBook::Recheck(const IpAddress& address) {
  const Binding* binding = bindings_.Find(address);
  if (binding == nullptr) return;
  // A neighbour entry is evidence against a new claim, not against a guest that is served: it may
  // be the guest's own.
  const Reason reason = CheckRules(binding->ifindex, address, /*claimed_by_nd=*/false);
  if (reason != Reason::kNone) Remove(*binding, reason, 0);
}

void AddressBook::RecheckPolicy(MonotonicTime now) {
  for (const IpAddress& address : bindings_.All()) Recheck(address);
  WantAllConfigured(now);
}

void AddressBook::WantAllConfigured(MonotonicTime now) {
  for (const IpAddress& address : configured_.Present()) {
    const int32_t ifindex = configured_.SlaveOf(address);
    const auto slave = slaves_.find(ifindex);
    if (slave != slaves_.end() && !slave->second.is_new) WantConfigured(ifindex, address, now);
  }
}

void AddressBook::HostGained(int32_t ifindex, const IpPrefix& address) {
  policy_.AddHostAddress(ifindex, address);
  Recheck(address.address);
  if (!address.address.is_v4() || address.length > 30) return;
  // The edges of the subnet that came with it.
  const uint32_t network = address.Masked().address.v4();
  Recheck(IpAddress::V4(network));
  Recheck(IpAddress::V4(network | 0xffffffffU >> address.length));
}

void AddressBook::HostLost(int32_t ifindex, const IpAddress& address, MonotonicTime now) {
  policy_.RemoveHostAddress(ifindex, address);
  WantAllConfigured(now);
}

void AddressBook::Note(const IpAddress& address, void (Policy::*note)(const IpAddress&)) {
  const Binding* binding = bindings_.Find(address);
  if (binding != nullptr && !binding->is_formed()) return;
  (policy_.*note)(address);
  Recheck(address);
}

void AddressBook::HostInterfaceGone(int32_t ifindex, MonotonicTime now) {
  if (policy_.RemoveHostInterface(ifindex)) WantAllConfigured(now);
}

}  // namespace l3sync
