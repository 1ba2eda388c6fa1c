// What the kernel says: notifications, dumps, and the results of commands.
#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/algorithm/container.h"

#include "learn/installer.h"

namespace l3sync {
namespace {

constexpr absl::Duration kFirstBackOff = absl::Milliseconds(100);
constexpr absl::Duration kLongestBackOff = absl::Minutes(1);
// A table that changes under the dump is read anew soon; a link that is gone makes no loop.
constexpr absl::Duration kLookRetry = absl::Milliseconds(500);

absl::Duration BackOff(int failures) {
  return std::min(kLongestBackOff, kFirstBackOff * (1 << std::min(failures, 10)));
}

}  // namespace

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
  slot.ours = IsOwnProtocol(record.protocol) && full_length;
  Changed(record.address);
  if (!slot.ours) return;
  Confirm(record.ifindex, record.address, now);
  // While a change is on its way, the record may be older than what it will make of the lifetime.
  // In a dry run the change is only said.
  if (slot.command_id != 0 || slot.pretended) return;
  slot.protocol = record.protocol;
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
  output_->Emit(MakeBindingEvent(EventKind::kAddressConfirmed, *binding, now));
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
  // The netlink thread counts it; nothing follows from it.
  if (command.kind == CommandKind::kAnnounce) return;
  if (command.kind == CommandKind::kDeliverReply) {
    return DeliveryEnded(command, result.error);
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

void Installer::DeliveryEnded(const InFlight& command, int error) {
  if (error != 0) Ignore(IgnoreReason::kUndeliverableReply);
  // Said once for each row of failures, not once for each reply.
  if (std::exchange(last_delivery_failed_, error != 0) && error != 0) return;
  Event event = MakeEvent(error == 0 ? EventKind::kReplyDelivered : EventKind::kReplyUndelivered,
                          command.address, command.ifindex);
  event.has_xid = true;
  event.xid = command.xid;
  if (error != 0) {
    event.severity = Severity::kWarning;
    event.reason = Reason::kKernelError;
    event.error = error;
  }
  output_->Emit(event);
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
      output_->Emit(MakeBindingEvent(EventKind::kAddressRefreshed, *binding, now));
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

bool Installer::IsPresent(int32_t ifindex, const IpAddress& address) const {
  const Slot* slot = FindSlot(address, ifindex);
  return slot != nullptr && slot->present;
}

bool Installer::KernelHasForeign(int32_t ifindex, const IpAddress& address) const {
  const Slot* slot = FindSlot(address, ifindex);
  return slot != nullptr && slot->present && !slot->ours;
}

std::vector<Installer::OwnAddress> Installer::OwnAddressesOf(int32_t ifindex) const {
  std::vector<OwnAddress> own;
  for (const auto& [address, slots] : slots_) {
    for (const Slot& slot : slots) {
      if (slot.ifindex == ifindex && slot.present && slot.ours)
        own.push_back({address, slot.deadline, slot.protocol});
    }
  }
  absl::c_sort(own, [](const auto& a, const auto& b) { return a.address < b.address; });
  return own;
}

}  // namespace l3sync
