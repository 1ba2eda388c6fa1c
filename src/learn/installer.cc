#include "learn/installer.h"

#include <algorithm>
#include <utility>

#include "absl/algorithm/container.h"

namespace l3sync {
namespace {

// What we give the kernel is rounded up to whole seconds: so much longer an address may live there.
constexpr absl::Duration kRounding = absl::Seconds(1);

// The rest of a lifetime in the kernel's whole seconds: rounded up, so that the address is not gone
// before its lease.
uint32_t RestSec(MonotonicTime until, MonotonicTime now) {
  if (until.is_never()) return kInfiniteLifetimeSec;
  const int64_t rest = absl::ToInt64Seconds(absl::Ceil(until - now, absl::Seconds(1)));
  return static_cast<uint32_t>(std::clamp<int64_t>(rest, 0, kInfiniteLifetimeSec - 1));
}

uint8_t ProtocolOf(const Binding& binding) {
  return binding.address.is_v6() && binding.is_dhcp() ? kLease6Protocol : kAddressProtocol;
}

}  // namespace

Installer::Installer(const BindingTable* bindings, SlaveStates* slaves, Output* output,
                     IgnoreCounters* ignored, bool dry_run)
    : bindings_(bindings), slaves_(slaves), output_(output), ignored_(ignored), dry_run_(dry_run) {}

Installer::Slot* Installer::FindSlot(const IpAddress& address, int32_t ifindex) {
  return const_cast<Slot*>(std::as_const(*this).FindSlot(address, ifindex));
}

const Installer::Slot* Installer::FindSlot(const IpAddress& address, int32_t ifindex) const {
  const auto it = slots_.find(address);
  if (it == slots_.end()) return nullptr;
  const auto slot =
      absl::c_find_if(it->second, [&](const Slot& s) { return s.ifindex == ifindex; });
  return slot == it->second.end() ? nullptr : &*slot;
}

Installer::Slot& Installer::SlotOf(const IpAddress& address, int32_t ifindex) {
  if (Slot* slot = FindSlot(address, ifindex)) return *slot;
  Slot& slot = slots_[address].emplace_back();
  slot.ifindex = ifindex;
  return slot;
}

Event Installer::MakeEvent(EventKind kind, const IpAddress& address, int32_t ifindex) const {
  Event event;
  event.kind = kind;
  event.ifindex = ifindex;
  event.address = address;
  event.dry_run = dry_run_;
  return event;
}

Event Installer::MakeBindingEvent(EventKind kind, const Binding& binding, MonotonicTime now) const {
  Event event = MakeEvent(kind, binding.address, binding.ifindex);
  event.origin = binding.origin;
  event.has_lifetimes = true;
  event.valid_sec = RestSec(binding.valid_until, now);
  event.preferred_sec = RestSec(binding.preferred_until, now);
  event.has_xid = binding.is_dhcp() && binding.origin != Origin::kAdoptedLease;
  event.xid = binding.xid;
  return event;
}

void Installer::NoteRemoval(const Binding& binding, Reason reason, int32_t other_ifindex) {
  Slot& slot = SlotOf(binding.address, binding.ifindex);
  slot.removal = {true, binding.origin, reason, other_ifindex, binding.xid};
  slot.next_try = {};  // what held a put back holds no removal back
  Changed(binding.address);
}

// ---- Reconciliation
// ------------------------------------------------------------------------------------------------

void Installer::Flush(MonotonicTime now) {
  // Reconciling one address makes no other one dirty, but its commands may fail at once and come
  // back through retries_.
  std::vector<IpAddress> dirty(dirty_.begin(), dirty_.end());
  dirty_.clear();
  absl::c_sort(dirty);
  for (const IpAddress& address : dirty) Reconcile(address, now);
  SendLooks(now);
}

void Installer::Reconcile(const IpAddress& address, MonotonicTime now) {
  const Binding* binding = bindings_->Find(address);
  if (binding != nullptr) SlotOf(address, binding->ifindex);
  const auto it = slots_.find(address);
  if (it == slots_.end()) return;
  bool elsewhere = false;  // still on another slave: the kernel would answer EADDRINUSE (F6)
  for (Slot& slot : it->second) {
    if (binding != nullptr && slot.ifindex == binding->ifindex) continue;
    TakeAway(address, &slot, now);
    const bool leaving = slot.command_id != 0 && slot.command_kind == CommandKind::kRemoveAddress;
    elsewhere =
        elsewhere || (slot.command_id != 0 && !leaving) || (slot.present && slot.ours && !leaving);
  }
  // A removal that was sent before is done before: the kernel serves one socket's requests in
  // order.
  if (binding != nullptr && !elsewhere)
    PutThere(*binding, FindSlot(address, binding->ifindex), now);
  auto& slots = it->second;
  slots.erase(std::remove_if(slots.begin(), slots.end(),
                             [&](const Slot& slot) {
                               return slot.is_idle() &&
                                      (binding == nullptr || slot.ifindex != binding->ifindex);
                             }),
              slots.end());
  if (slots.empty()) slots_.erase(it);
}

void Installer::TakeAway(const IpAddress& address, Slot* slot, MonotonicTime now) {
  if (slot->command_id != 0 || now < slot->next_try) return;
  DropReplies(address, slot, IgnoreReason::kStaleReply);
  if (dry_run_) {
    // Also what an earlier, real run left: a dry run says what it would do.
    if (slot->pretended || slot->removal.pending) SayRemoved(address, slot);
    slot->pretended = false;
    return;
  }
  if (!slot->present || !slot->ours) {
    if (slot->removal.pending) SayRemoved(address, slot);
    return;
  }
  const auto slave = slaves_->find(slot->ifindex);
  if (slave == slaves_->end() || slave->second.is_new) return;
  Send(CommandKind::kRemoveAddress, address, slot, {}, now);
}

bool Installer::IsStale(const Binding& binding, const Slot& slot, MonotonicTime now) const {
  if (ProtocolOf(binding) != slot.protocol) return true;
  if (binding.valid_until.is_never()) return slot.deadline - now < kRollingLifetime / 2;
  const absl::Duration late = binding.valid_until - slot.deadline;
  if (late < -kRounding) return true;  // a shorter renewal shortens (rule S4-8)
  // A lease is renewed rarely, and its end matters. An RA comes every few minutes and moves the end
  // by as much: a sixteenth of the lifetime may be owed to the kernel.
  const absl::Duration owed =
      binding.is_dhcp() ? absl::Milliseconds(500) : (binding.valid_until - now) / 16;
  return late > std::max(owed, binding.is_dhcp() ? absl::ZeroDuration() : kLifetimeSlack);
}

void Installer::PutThere(const Binding& binding, Slot* slot, MonotonicTime now) {
  slot->removal.pending = false;
  NoteEstablished(binding, slot);
  if (slot->command_id != 0) return;
  if (slot->present && slot->ours && !slot->replies.empty()) {
    DeliverReplies(binding.address, slot, now);
  }
  if (now < slot->next_try) return RetryAt(slot->next_try, binding.address);
  const auto slave = slaves_->find(slot->ifindex);
  if (slave == slaves_->end()) return;
  if (dry_run_) {
    const bool there = slot->pretended || (slot->present && slot->ours);
    if (there && !IsStale(binding, *slot, now)) return;
    output_->Emit(MakeBindingEvent(
        there ? EventKind::kAddressRefreshed : EventKind::kAddressRequested, binding, now));
    slot->pretended = true;
    slot->deadline = binding.valid_until;
    slot->protocol = ProtocolOf(binding);
    return;
  }
  // The kernel deletes IPv6 addresses when the link goes down; they come back with the link.
  if (!slave->second.is_up && binding.address.is_v6()) return;
  if (slot->present && !slot->ours) {
    // The host's own: it brings the guest's frames as well as ours would.
    return DropReplies(binding.address, slot, IgnoreReason::kStaleReply);
  }
  if (!slot->present || IsStale(binding, *slot, now)) return SendPut(binding, slot, now);
  if (slot->local_route) Send(CommandKind::kRemoveLocalRoute, binding.address, slot, {}, now);
}

void Installer::NoteEstablished(const Binding& binding, Slot* slot) {
  if (!slot->confirmed || slot->established || binding.origin == Origin::kDhcp4Offer) return;
  slot->established = true;
  // What is adopted was established in an earlier run.
  if (!binding.is_adopted()) established_.emplace_back(slot->ifindex, binding.address);
}

void Installer::SendPut(const Binding& binding, Slot* slot, MonotonicTime now) {
  Command command;
  const MonotonicTime deadline =
      binding.valid_until.is_never() ? now + kRollingLifetime : binding.valid_until;
  command.replace = slot->present;
  command.protocol = ProtocolOf(binding);
  command.valid_sec = std::max(RestSec(deadline, now), 1U);
  // Preferred 0: the host must never choose a guest's IPv6 address as its own source. IPv4 has no
  // such thing: scope host does it there (rule K1).
  command.preferred_sec =
      binding.address.is_v6()
          ? 0
          : std::min(RestSec(std::min(binding.preferred_until, deadline), now), command.valid_sec);
  if (!Send(CommandKind::kPutAddress, binding.address, slot, command, now)) return;
  slot->command_replaces = command.replace;
  if (!command.replace) slot->confirmed = slot->established = false;
  slot->deadline = now + absl::Seconds(command.valid_sec);
  slot->protocol = command.protocol;
  if (slot->requested_said) return;
  slot->requested_said = true;
  output_->Emit(MakeBindingEvent(EventKind::kAddressRequested, binding, now));
}

bool Installer::Send(CommandKind kind, const IpAddress& address, Slot* slot, Command command,
                     MonotonicTime now) {
  command.kind = kind;
  command.ifindex = slot->ifindex;
  command.address = address;
  command.id = next_command_id_;
  if (!output_->TrySend(command, {})) {
    RetryAt(now + kNoRoomRetry, address);
    return false;
  }
  next_command_id_ += 2;
  slot->command_id = command.id;
  slot->command_kind = kind;
  in_flight_[command.id] = {kind, slot->ifindex, address, 0};
  return true;
}

void Installer::SendLooks(MonotonicTime now) {
  for (auto it = looks_wanted_.begin(); it != looks_wanted_.end();) {
    const auto [ifindex, not_before] = *it;
    if (!slaves_->contains(ifindex)) {
      it = looks_wanted_.erase(it);
      continue;
    }
    if (now < not_before) {
      RetryAt(not_before, IpAddress());
      ++it;
      continue;
    }
    // One that is in flight may have passed the address in question: ask again after it.
    if (looks_in_flight_.contains(ifindex)) {
      ++it;
      continue;
    }
    Command command;
    command.kind = CommandKind::kDumpAddresses;
    command.ifindex = ifindex;
    command.id = next_command_id_;
    if (!output_->TrySend(command, {})) {
      return RetryAt(now + kNoRoomRetry, IpAddress());
    }
    next_command_id_ += 2;
    in_flight_[command.id] = {command.kind, ifindex, {}, 0};
    looks_in_flight_.insert(ifindex);
    it = looks_wanted_.erase(it);
  }
}

// ---- Links and time
// ------------------------------------------------------------------------------------------------

void Installer::SlaveWentUp(int32_t ifindex, MonotonicTime /*now*/) {
  for (auto& [address, slots] : slots_) {
    for (Slot& slot : slots) {
      if (slot.ifindex != ifindex) continue;
      // fib_add_ifaddr() brings the `local` route of each IPv4 address back with the link.
      slot.local_route = slot.ours;
      slot.next_try = {};
      Changed(address);
    }
  }
  Look(ifindex);
}

void Installer::SlaveWentDown(int32_t ifindex, MonotonicTime /*now*/) { Look(ifindex); }

void Installer::SlaveGone(int32_t ifindex) {
  for (auto& [address, slots] : slots_) {
    for (Slot& slot : slots) {
      if (slot.ifindex != ifindex) continue;
      slot.present = slot.ours = slot.pretended = false;
      slot.command_id = 0;  // a late answer finds nothing
      slot.next_try = {};
      Changed(address);
    }
  }
  looks_wanted_.erase(ifindex);
}

void Installer::Resumed(absl::Duration slept) {
  // Also of what is in flight: its lifetime was counted before.
  for (auto& [address, slots] : slots_) {
    for (Slot& slot : slots) slot.deadline = slot.deadline + slept;
    Changed(address);
  }
}

void Installer::Advance(MonotonicTime now) {
  while (!retries_.empty() && retries_.begin()->first <= now) {
    const IpAddress address = retries_.begin()->second;
    retries_.erase(retries_.begin());
    if (address.has_value()) Changed(address);
  }
}

MonotonicTime Installer::NextDeadline() const {
  return retries_.empty() ? MonotonicTime::Never() : retries_.begin()->first;
}

}  // namespace l3sync
