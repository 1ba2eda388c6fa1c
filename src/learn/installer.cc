#include "learn/installer.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/algorithm/container.h"

namespace l3sync {
namespace {

constexpr absl::Duration kNoRoomRetry = absl::Milliseconds(20);
constexpr absl::Duration kFirstBackOff = absl::Milliseconds(100);
// A table that changes under the dump is read anew soon; a link that is gone makes no loop.
constexpr absl::Duration kLookRetry = absl::Milliseconds(500);
constexpr absl::Duration kLongestBackOff = absl::Minutes(1);
// Kernel and l3sync round lifetimes differently (addrconf and devinet count whole seconds).
constexpr absl::Duration kLifetimeSlack = absl::Seconds(3);

absl::Duration BackOff(int failures) {
  return std::min(kLongestBackOff, kFirstBackOff * (1 << std::min(failures, 10)));
}

// The rest of a lifetime in the kernel's whole seconds: rounded up, so that the address is not gone
// before its lease.
uint32_t RestSec(MonotonicTime until, MonotonicTime now) {
  if (until.is_never()) return kInfiniteLifetimeSec;
  const int64_t rest = absl::ToInt64Seconds(absl::Ceil(until - now, absl::Seconds(1)));
  return static_cast<uint32_t>(std::clamp<int64_t>(rest, 0, kInfiniteLifetimeSec - 1));
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

namespace {

void AddBinding(const Binding& binding, MonotonicTime now, Event* event) {
  event->origin = binding.origin;
  event->has_lifetimes = true;
  event->valid_sec = RestSec(binding.valid_until, now);
  event->preferred_sec = RestSec(binding.preferred_until, now);
  event->has_xid = binding.is_dhcp();
  event->xid = binding.xid;
}

}  // namespace

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
  if (binding.valid_until.is_never()) return slot.deadline - now < kRollingLifetime / 2;
  const absl::Duration late = binding.valid_until - slot.deadline;
  if (late < -kLifetimeSlack) return true;  // a shorter renewal shortens (rule S4-8)
  // A lease is renewed rarely, and its end matters. An RA comes every few minutes and moves the end
  // by as much: a sixteenth of the lifetime may be owed to the kernel.
  const absl::Duration owed =
      binding.is_dhcp() ? absl::Milliseconds(500) : (binding.valid_until - now) / 16;
  return late > std::max(owed, binding.is_dhcp() ? absl::ZeroDuration() : kLifetimeSlack);
}

void Installer::PutThere(const Binding& binding, Slot* slot, MonotonicTime now) {
  slot->removal.pending = false;
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
    Event event = MakeEvent(there ? EventKind::kAddressRefreshed : EventKind::kAddressRequested,
                            binding.address, slot->ifindex);
    AddBinding(binding, now, &event);
    output_->Emit(event);
    slot->pretended = true;
    slot->deadline = binding.valid_until;
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

void Installer::SendPut(const Binding& binding, Slot* slot, MonotonicTime now) {
  Command command;
  const MonotonicTime deadline =
      binding.valid_until.is_never() ? now + kRollingLifetime : binding.valid_until;
  command.replace = slot->present;
  command.valid_sec = std::max(RestSec(deadline, now), 1U);
  // Preferred 0: the host must never choose a guest's IPv6 address as its own source. IPv4 has no
  // such thing: scope host does it there (rule K1).
  command.preferred_sec =
      binding.address.is_v6()
          ? 0
          : std::min(RestSec(std::min(binding.preferred_until, deadline), now), command.valid_sec);
  if (!Send(CommandKind::kPutAddress, binding.address, slot, command, now)) return;
  slot->command_replaces = command.replace;
  if (!command.replace) slot->confirmed = false;
  slot->deadline = deadline;
  if (slot->requested_said) return;
  slot->requested_said = true;
  Event event = MakeEvent(EventKind::kAddressRequested, binding.address, slot->ifindex);
  AddBinding(binding, now, &event);
  output_->Emit(event);
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

// ---- Replies
// -------------------------------------------------------------------------------------------------------

bool Installer::DeliverWhenPresent(int32_t ifindex, const IpAddress& address, uint32_t xid,
                                   uint8_t kind, ByteSpan frame, MonotonicTime now) {
  if (dry_run_) return false;
  Slot& slot = SlotOf(address, ifindex);
  Changed(address);
  // It was on the slave when the reply came: the kernel has delivered it.
  if (slot.present) return false;
  const bool repeated =
      absl::c_any_of(slot.replies, [&](const Reply& r) { return r.xid == xid && r.kind == kind; });
  // While the address is on its way, whether the kernel had it in time can't be known. The reply
  // that it was put for waits already; a guest must never see one twice.
  if (repeated || slot.command_id != 0) {
    Ignore(IgnoreReason::kRepeatedReply);
    return AwaitsDelivery(ifindex, address);
  }
  if (pending_replies_ >= kMaxPendingReplies ||
      slot.replies.size() >= kMaxPendingRepliesPerAddress) {
    Ignore(IgnoreReason::kPendingRepliesFull);
    return false;
  }
  slot.replies.push_back({xid, kind, now, {frame.begin(), frame.end()}});
  ++pending_replies_;
  return true;
}

bool Installer::AwaitsDelivery(int32_t ifindex, const IpAddress& address) const {
  const Slot* slot = FindSlot(address, ifindex);
  return slot != nullptr && !slot->replies.empty();
}

std::vector<IpAddress> Installer::TakeSettled() { return std::exchange(settled_, {}); }

void Installer::DeliverReplies(const IpAddress& address, Slot* slot, MonotonicTime now) {
  for (auto it = slot->replies.begin(); it != slot->replies.end();) {
    if (now - it->queued > kMaxReplyAge) {
      Ignore(IgnoreReason::kStaleReply);
    } else {
      Command command;
      command.kind = CommandKind::kDeliverReply;
      command.ifindex = slot->ifindex;
      command.address = address;
      command.id = next_command_id_;
      if (!output_->TrySend(command, it->frame)) {
        RetryAt(now + kNoRoomRetry, address);
        return;
      }
      next_command_id_ += 2;
      in_flight_[command.id] = {command.kind, slot->ifindex, address, it->xid};
    }
    it = slot->replies.erase(it);
    --pending_replies_;
  }
  settled_.push_back(address);
}

void Installer::DropReplies(const IpAddress& address, Slot* slot, IgnoreReason reason) {
  if (slot->replies.empty()) return;
  (*ignored_)[static_cast<size_t>(reason)] += slot->replies.size();
  pending_replies_ -= slot->replies.size();
  slot->replies.clear();
  settled_.push_back(address);
}

// ---- What the kernel says
// ------------------------------------------------------------------------------------------

void Installer::ObserveAddress(const AddressRecord& record, MonotonicTime now) {
  if (record.deleted) {
    // Of an earlier life of the address, or of now? Only a look can tell: notifications and answers
    // come on two sockets.
    const Slot* slot = FindSlot(record.address, record.ifindex);
    if (slot != nullptr && slot->present) Look(record.ifindex);
    return;
  }
  Slot& slot = SlotOf(record.address, record.ifindex);
  slot.seen_in_dump = dump_generation_;
  const bool full_length = record.prefix_length == record.address.bit_length();
  slot.present = true;
  slot.ours = record.protocol == kAddressProtocol && full_length;
  Changed(record.address);
  if (!slot.ours) return;
  Confirm(record.ifindex, record.address, now);
  // While a change is on its way, the record may be older than what it will make of the lifetime.
  // In a dry run the change is only said.
  if (slot.command_id != 0 || slot.pretended) return;
  const MonotonicTime deadline = record.valid_sec == kInfiniteLifetimeSec
                                     ? MonotonicTime::Never()
                                     : now + absl::Seconds(record.valid_sec);
  const absl::Duration off = deadline - slot.deadline;
  if (off > kLifetimeSlack || off < -kLifetimeSlack) slot.deadline = deadline;
}

void Installer::Confirm(int32_t ifindex, const IpAddress& address, MonotonicTime now) {
  Slot* slot = FindSlot(address, ifindex);
  const Binding* binding = bindings_->Find(address);
  if (slot == nullptr || !slot->ours || slot->confirmed) return;
  if (binding == nullptr || binding->ifindex != ifindex) return;
  slot->confirmed = slot->requested_said = true;
  Event event = MakeEvent(EventKind::kAddressConfirmed, address, ifindex);
  AddBinding(*binding, now, &event);
  output_->Emit(event);
}

void Installer::ObserveLocalRoute(int32_t ifindex, const IpAddress& address) {
  Slot* slot = FindSlot(address, ifindex);
  if (slot == nullptr || !slot->ours) return;
  slot->local_route = true;
  Changed(address);
}

void Installer::ObserveResult(const CommandResult& result, MonotonicTime now) {
  const auto it = in_flight_.find(result.command_id);
  if (it == in_flight_.end()) return;
  const InFlight command = it->second;
  in_flight_.erase(it);
  if (command.kind == CommandKind::kDumpAddresses) {
    looks_in_flight_.erase(command.ifindex);
    if (result.error != 0) looks_wanted_.try_emplace(command.ifindex, now + kLookRetry);
    return;
  }
  if (command.kind == CommandKind::kDeliverReply) {
    if (result.error != 0) {
      Ignore(IgnoreReason::kUndeliverableReply);
      return;
    }
    Event event = MakeEvent(EventKind::kReplyDelivered, command.address, command.ifindex);
    event.has_xid = true;
    event.xid = command.xid;
    output_->Emit(event);
    return;
  }
  Slot* slot = FindSlot(command.address, command.ifindex);
  if (slot == nullptr || slot->command_id != result.command_id) return;
  slot->command_id = 0;
  Changed(command.address);
  switch (command.kind) {
    case CommandKind::kPutAddress:
      return PutEnded(command.address, slot, result.error, now);
    case CommandKind::kRemoveAddress:
      return RemoveEnded(command.address, slot, result.error, now);
    default:
      break;
  }
  slot->local_route = false;
}

void Installer::PutEnded(const IpAddress& address, Slot* slot, int error, MonotonicTime now) {
  const Binding* binding = bindings_->Find(address);
  const bool wanted = binding != nullptr && binding->ifindex == slot->ifindex;
  if (error == 0) {
    const bool was_new = !slot->command_replaces;
    slot->present = slot->ours = true;
    slot->seen_in_dump = dump_generation_;  // newer than a dump that is under way
    slot->failures = 0;
    slot->local_route = false;
    if (!was_new && wanted) {
      Event event = MakeEvent(EventKind::kAddressRefreshed, address, slot->ifindex);
      AddBinding(*binding, now, &event);
      output_->Emit(event);
    }
    return;
  }
  slot->deadline = {};  // what the kernel has now is not what it was given
  // EEXIST: it is there already, by whomever. ETIMEDOUT: who knows. ENOENT of a REPLACE: it went
  // meanwhile.
  if (error == EEXIST || error == ETIMEDOUT || error == ENOENT) {
    Look(slot->ifindex);
    slot->next_try = now + BackOff(slot->failures++);
    RetryAt(slot->next_try, address);
    return;
  }
  Refused(address, slot, error, now);
}

void Installer::RemoveEnded(const IpAddress& address, Slot* slot, int error, MonotonicTime now) {
  if (error == 0 || error == EADDRNOTAVAIL || error == ENODEV) {
    slot->present = slot->ours = slot->confirmed = false;
    slot->requested_said = false;
    slot->failures = 0;
    // A notification that was read too late let us remove once more what was gone.
    if (error == 0 || slot->removal.pending) SayRemoved(address, slot);
    return;
  }
  slot->next_try = now + BackOff(slot->failures++);
  RetryAt(slot->next_try, address);
  Look(slot->ifindex);
}

void Installer::Refused(const IpAddress& address, Slot* slot, int error, MonotonicTime now) {
  slot->next_try = now + BackOff(slot->failures);
  RetryAt(slot->next_try, address);
  DropReplies(address, slot, IgnoreReason::kUndeliverableReply);
  // Said once for each row of failures, not once for each try.
  if (slot->failures++ != 0 || error == ENODEV) return;
  Event event = MakeEvent(EventKind::kAddressRefused, address, slot->ifindex);
  event.severity = Severity::kWarning;
  event.error = error;
  switch (error) {
    case EADDRINUSE:
      event.reason = Reason::kInUseElsewhere;
      break;
    case EACCES:
      event.reason = Reason::kIpv6Disabled;
      break;
    case EPERM:
      event.reason = Reason::kNotPermitted;
      break;
    default:
      event.reason = Reason::kKernelError;
      break;
  }
  output_->Emit(event);
}

void Installer::SayRemoved(const IpAddress& address, Slot* slot) {
  Event event = MakeEvent(EventKind::kAddressRemoved, address, slot->ifindex);
  event.reason = slot->removal.reason;
  event.origin = slot->removal.origin;
  event.other_ifindex = slot->removal.other_ifindex;
  event.xid = slot->removal.xid;
  event.has_xid = event.xid != 0;
  output_->Emit(event);
  slot->removal = {};
}

void Installer::BeginDump(int32_t ifindex) { dump_begun_[ifindex] = ++dump_generation_; }

void Installer::EndDump(int32_t ifindex, bool complete, MonotonicTime now) {
  const auto begun = dump_begun_.find(ifindex);
  if (begun == dump_begun_.end()) return;
  const uint64_t generation = begun->second;
  dump_begun_.erase(begun);
  if (!complete) return;
  for (auto& [address, slots] : slots_) {
    for (Slot& slot : slots) {
      if (ifindex != 0 && slot.ifindex != ifindex) continue;
      // The answer to a change that is on its way is newer; that of a route says nothing.
      const bool changes =
          slot.command_id != 0 && slot.command_kind != CommandKind::kRemoveLocalRoute;
      if (slot.present && !changes && slot.seen_in_dump < generation) {
        FoundAbsent(address, &slot, now);
      }
    }
  }
}

void Installer::FoundAbsent(const IpAddress& address, Slot* slot, MonotonicTime now) {
  const bool was_ours = std::exchange(slot->ours, false);
  slot->present = slot->confirmed = false;
  slot->requested_said = false;
  Changed(address);
  const Binding* binding = bindings_->Find(address);
  if (!was_ours || binding == nullptr || binding->ifindex != slot->ifindex) return;
  // The kernel's own doing: the lifetime ended, or the link went down and took its IPv6 addresses
  // along.
  if (slot->deadline - now < kLifetimeSlack) return;
  const auto slave = slaves_->find(slot->ifindex);
  const bool flushed = address.is_v6() && slave != slaves_->end() &&
                       (!slave->second.is_up || now - slave->second.last_change < kLifetimeSlack);
  Event event = MakeEvent(EventKind::kAddressRemoved, address, slot->ifindex);
  event.origin = binding->origin;
  event.reason = flushed ? Reason::kLinkDown : Reason::kDeletedByOther;
  if (!flushed) {
    if (slot->repairs == 0 || now - slot->repairs_since > absl::Hours(1)) {
      slot->repairs = 0;
      slot->repairs_since = now;
    }
    if (++slot->repairs > kMaxRepairsPerHour) {
      slot->next_try = slot->repairs_since + absl::Hours(1);
      event.severity = Severity::kWarning;
    }
  }
  output_->Emit(event);
}

bool Installer::KernelHasForeign(int32_t ifindex, const IpAddress& address) const {
  const Slot* slot = FindSlot(address, ifindex);
  return slot != nullptr && slot->present && !slot->ours;
}

std::vector<std::pair<IpAddress, MonotonicTime>> Installer::OwnAddressesOf(int32_t ifindex) const {
  std::vector<std::pair<IpAddress, MonotonicTime>> own;
  for (const auto& [address, slots] : slots_) {
    for (const Slot& slot : slots) {
      if (slot.ifindex == ifindex && slot.present && slot.ours)
        own.emplace_back(address, slot.deadline);
    }
  }
  absl::c_sort(own);
  return own;
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
