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
                             MessageRing::Producer kernel, const Clock* clock,
                             std::function<void()> request_stop)
    : ports_(ports),
      commands_(std::move(commands)),
      clock_(clock),
      request_stop_(std::move(request_stop)),
      sink_(std::move(kernel)),
      session_(ports.applier, ports.links, &sink_),
      dumper_(ports.dumps, &sink_),
      notifications_(ports.notifications, &sink_) {
  if (ports.hold != nullptr) hold_.emplace(ports.hold, ports.applier, &sink_);
}

void NetlinkThread::Run(EventLoop loop) {
  const bool watched =
      loop.Watch(commands_.doorbell().fd(), [this] { commands_.doorbell().Clear(); }) &&
      loop.Watch(ports_.links->fd(), [this] { session_.OnLink(clock_->Now()); }) &&
      (ports_.applier == nullptr || loop.Watch(ports_.applier->fd(), [&] { OnAnswer(&loop); })) &&
      loop.Watch(ports_.dumps->fd(), [this] { dumper_.OnReadable(clock_->Now()); }) &&
      loop.Watch(ports_.notifications->fd(), [this] { notifications_.OnReadable(); }) &&
      (!hold_ || loop.Watch(ports_.hold->fd(), [this] { hold_->OnReadable(); }));
  if (!watched) return;
  loop.Run(*clock_, [this, &loop] { return Turn(&loop); });
  if (hold_) hold_->ReleaseAll();
}

void NetlinkThread::OnAnswer(EventLoop* loop) {
  if (session_.OnAnswer(clock_->Now())) return;
  applier_is_gone_ = true;
  loop->SetWatched(ports_.applier->fd(), false);
  request_stop_();
}

MonotonicTime NetlinkThread::Turn(EventLoop* loop) {
  const MonotonicTime now = clock_->Now();
  if (session_.NextDeadline() <= now) session_.Expire(now);
  if (dumper_.NextDeadline() <= now) dumper_.Expire(now);
  if (notifications_.has_loss()) notifications_.OfferLoss();
  TakeCommands();
  loop->SetWatched(ports_.dumps->fd(), !dumper_.is_paused());
  MonotonicTime next = std::min(session_.NextDeadline(), dumper_.NextDeadline());
  if (verdict_waits_ || notifications_.has_loss()) next = std::min(next, now + kRingRetry);
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
    case CommandKind::kDeliverReply:
    case CommandKind::kProbe:
    case CommandKind::kAnnounce:
      if (!session_.HasRoom()) return false;
      session_.Submit(command, frame, clock_->Now());
      return true;
  }
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
          session_.replies(),
          session_.probes(),
          session_.announcements(),
          hold_ ? hold_->counters() : HoldQueue::Counters{}};
}

}  // namespace l3sync
