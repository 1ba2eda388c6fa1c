// Frames that are sent: the replies that wait for their address, and our own.
#include <utility>

#include "absl/algorithm/container.h"

#include "learn/installer.h"

namespace l3sync {

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

bool Installer::Announce(int32_t ifindex, const IpAddress& address) {
  Command command;
  command.kind = CommandKind::kAnnounce;
  command.ifindex = ifindex;
  command.address = address;
  command.id = next_command_id_;
  if (!output_->TrySend(command, {})) return false;
  next_command_id_ += 2;
  in_flight_[command.id] = {command.kind, ifindex, address, 0};
  return true;
}

std::vector<std::pair<int32_t, IpAddress>> Installer::TakeEstablished() {
  return std::exchange(established_, {});
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

}  // namespace l3sync
