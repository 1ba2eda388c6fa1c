#include "learn/held_replies.h"

#include <algorithm>

namespace l3sync {
namespace {

constexpr absl::Duration kNoRoomRetry = absl::Milliseconds(20);

}  // namespace

bool HeldReplies::SendVerdict(const HeldReply& reply) {
  const bool is_ours = bindings_->Find(reply.destination) != nullptr;
  Command command;
  command.kind = is_ours ? CommandKind::kDropHeld : CommandKind::kReleaseHeld;
  command.held_id = reply.id;
  if (!output_->TrySend(command, {})) return false;
  ++(is_ours ? counters_.dropped : counters_.released);
  return true;
}

void HeldReplies::Observe(const HeldReply& reply, MonotonicTime now) {
  const bool is_decided = bindings_->Find(reply.destination) != nullptr || held_.size() >= kMax;
  if (is_decided && SendVerdict(reply)) return;
  // Beyond kMax only if the commands ring, too, is full: then the kernel keeps it, and lets others
  // pass.
  if (held_.size() < kMax) held_.push_back({reply, now + kPatience});
}

void HeldReplies::ReplySeen(const IpAddress& destination) {
  if (held_.empty() || bindings_->Find(destination) == nullptr) return;
  const auto has_verdict = [&](const Held& held) {
    return held.reply.destination == destination && SendVerdict(held.reply);
  };
  held_.erase(std::remove_if(held_.begin(), held_.end(), has_verdict), held_.end());
}

void HeldReplies::Advance(MonotonicTime now) {
  while (!held_.empty() && held_.front().due <= now) {
    if (!SendVerdict(held_.front().reply)) {
      not_before_ = now + kNoRoomRetry;
      return;
    }
    held_.pop_front();
  }
}

MonotonicTime HeldReplies::NextDeadline() const {
  return held_.empty() ? MonotonicTime::Never() : std::max(held_.front().due, not_before_);
}

}  // namespace l3sync
