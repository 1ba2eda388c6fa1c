#include "runtime/netlink_thread.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace l3sync {
namespace {

// How soon a full kernel ring is tried again: the engine empties it all the time.
constexpr absl::Duration kRingRetry = absl::Milliseconds(1);

}  // namespace

bool NetlinkThread::RingSink::Push(const KernelRecord& record) {
  return kernel_.TryPush({reinterpret_cast<const uint8_t*>(&record), sizeof(record)});
}

NetlinkThread::NetlinkThread(NetlinkPorts ports, MessageRing::Consumer commands,
                             MessageRing::Producer kernel, const Clock* clock)
    : ports_(ports),
      commands_(std::move(commands)),
      clock_(clock),
      sink_(std::move(kernel)),
      session_(ports.requests, &sink_),
      dumper_(ports.dumps, &sink_),
      notifications_(ports.notifications, &sink_) {
  if (ports.hold != nullptr) hold_.emplace(ports.hold, ports.hold_number, &sink_);
}

void NetlinkThread::Run(EventLoop loop) {
  const bool watched =
      loop.Watch(commands_.doorbell().fd(), [this] { commands_.doorbell().Clear(); }) &&
      loop.Watch(ports_.requests->fd(), [this] { session_.OnReadable(clock_->Now()); }) &&
      loop.Watch(ports_.dumps->fd(), [this] { dumper_.OnReadable(clock_->Now()); }) &&
      loop.Watch(ports_.notifications->fd(), [this] { notifications_.OnReadable(); }) &&
      (!hold_ || loop.Watch(ports_.hold->fd(), [this] { hold_->OnReadable(); }));
  if (!watched) return;
  loop.Run(*clock_, [this, &loop] { return Turn(&loop); });
  if (hold_) hold_->ReleaseAll();
}

MonotonicTime NetlinkThread::Turn(EventLoop* loop) {
  const MonotonicTime now = clock_->Now();
  if (session_.NextDeadline() <= now) session_.Expire(now);
  if (dumper_.NextDeadline() <= now) dumper_.Expire(now);
  if (notifications_.has_loss()) notifications_.OfferLoss();
  if (has_unsent_result_) has_unsent_result_ = !sink_.Push(unsent_result_);
  TakeCommands();
  loop->SetWatched(ports_.dumps->fd(), !dumper_.is_paused());
  MonotonicTime next = std::min(session_.NextDeadline(), dumper_.NextDeadline());
  if (has_unsent_result_ || verdict_waits_ || notifications_.has_loss())
    next = std::min(next, now + kRingRetry);
  return next;
}

void NetlinkThread::TakeCommands() {
  while (const auto record = commands_.Front()) {
    Command command;
    std::memcpy(&command, record->data(), sizeof(command));
    // The next answer, or the deadline of one, makes room.
    if (!Perform(command, record->subspan(sizeof(command)))) return;
    commands_.Pop();
  }
}

bool NetlinkThread::Perform(const Command& command, ByteSpan frame) {
  switch (command.kind) {
    case CommandKind::kDeliverReply:
    case CommandKind::kInjectReply:
      return SendFrame(command, frame, &replies_);
    case CommandKind::kProbe:
      return SendFrame(command, frame, &probes_);
    case CommandKind::kSendFrame:
      return SendFrame(command, frame, &announcements_);
    case CommandKind::kReleaseHeld:
    case CommandKind::kDropHeld:
      return SendVerdict(command);
    case CommandKind::kDumpAll:
    case CommandKind::kDumpAddresses:
      if (!dumper_.HasRoom()) return false;
      dumper_.Start(command, clock_->Now());
      return true;
    case CommandKind::kPutAddress:
    case CommandKind::kRemoveAddress:
    case CommandKind::kRemoveLocalRoute:
    case CommandKind::kReadLink:
      if (!session_.HasRoom()) return false;
      session_.Submit(command, clock_->Now());
      return true;
  }
  return true;
}

bool NetlinkThread::SendFrame(const Command& command, ByteSpan frame, Sent* sent) {
  // Sent only when the result of the last one is gone: a result is never lost.
  if (has_unsent_result_ && !sink_.Push(unsent_result_)) return false;
  has_unsent_result_ = false;
  ReplySender* const sender =
      command.kind == CommandKind::kInjectReply ? ports_.injected : ports_.replies;
  const int error = sender == nullptr ? ENOTCONN : sender->Send(command.ifindex, frame);
  ++(error == 0 ? sent->frames : sent->errors);
  unsent_result_ = {command.id, error};
  has_unsent_result_ = !sink_.Push(unsent_result_);
  return true;
}

bool NetlinkThread::SendVerdict(const Command& command) {
  if (!hold_) return true;
  const bool sent = command.kind == CommandKind::kDropHeld ? hold_->Drop(command.held_id)
                                                           : hold_->Release(command.held_id);
  verdict_waits_ = !sent;
  return sent;
}

NetlinkThread::Counters NetlinkThread::counters() const {
  return {session_.counters(),
          dumper_.counters(),
          notifications_.counters(),
          replies_,
          probes_,
          announcements_,
          hold_ ? hold_->counters() : HoldQueue::Counters{}};
}

}  // namespace l3sync
