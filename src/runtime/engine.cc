#include "runtime/engine.h"

#include <linux/if_link.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <type_traits>
#include <utility>
#include <variant>

namespace l3sync {
namespace {

constexpr absl::Duration kDumpRetry = absl::Milliseconds(200);
// Less is not worth it: the kernel counts whole seconds. Several short ones add up.
constexpr absl::Duration kShortestSleep = absl::Milliseconds(500);
// Frames or records handled before the other ring, the timers and the commands get their turn.
constexpr int kRecordsPerTurn = 512;

// What ReplyInjector fails with when the slave is not to blame.
bool LacksModule(int32_t error) {
  return error == EOPNOTSUPP || error == ENOENT || error == EEXIST || error == EPERM;
}

// A guest's tags and source MAC make its frame none of ours, but not harmless.
bool MayDisguise(DropReason reason) {
  return reason == DropReason::kVlanTagged || reason == DropReason::kStackedVlanTags ||
         reason == DropReason::kGroupSourceMac;
}

bool IsTruncated(const ParsedFrame& frame) {
  const auto* dhcp6 = std::get_if<Dhcp6Message>(&frame.message);
  const auto* nd = std::get_if<NdMessage>(&frame.message);
  return (dhcp6 != nullptr && dhcp6->truncated) || (nd != nullptr && nd->truncated);
}

}  // namespace

Engine::Engine(EngineOptions options, EngineRings rings, const Clock* clock,
               std::function<void()> request_stop)
    : options_(options),
      rings_(std::move(rings)),
      clock_(clock),
      request_stop_(std::move(request_stop)),
      slept_(clock->Slept()),
      links_(options.learner.parent_ifindex),
      learner_(std::move(options.learner), this) {}

void Engine::Run(EventLoop loop) {
  // The doorbells only wake: every turn drains both rings.
  const bool watched = loop.Watch(rings_.frames.doorbell().fd(), [this] {
    rings_.frames.doorbell().Clear();
  }) && loop.Watch(rings_.kernel.doorbell().fd(), [this] { rings_.kernel.doorbell().Clear(); });
  if (!watched) return;
  loop.Run(*clock_, [this] { return Turn(); });
}

MonotonicTime Engine::Turn() {
  // Before the time: a suspend between the two is noticed in the next turn, and costs a command.
  const absl::Duration slept = clock_->Slept();
  const MonotonicTime now = clock_->Now();
  gone_names_.clear();
  if (slept - slept_ >= kShortestSleep) {
    learner_.Resumed(slept - slept_, now);
    slept_ = slept;
    WantDump(Reason::kResume, now);
  }
  // What the kernel says comes first: frames are judged by it.
  DrainKernel(now);
  if (is_ready_) DrainFrames(now);
  learner_.Advance(now);
  const bool has_frames = rings_.frames.Front().has_value();
  if (is_ready_ && !has_frames) learner_.CaughtUp(now);
  SendOwnCommands(now);
  const bool has_more = rings_.kernel.Front().has_value() || (is_ready_ && has_frames);
  if (has_more) return now;
  return std::min(learner_.NextDeadline(), dump_id_ == 0 ? dump_at_ : MonotonicTime::Never());
}

// ---- Out
// -----------------------------------------------------------------------------------------------------------

void Engine::Emit(const Event& event) {
  Event named = event;
  named.dry_run = options_.learner.dry_run;
  if (named.ifindex != 0 && named.name[0] == '\0') named.name = NameOf(named.ifindex);
  if (named.other_ifindex != 0) named.other_name = NameOf(named.other_ifindex);
  if (named.kind == EventKind::kReplyUndelivered && !PortLoopsBack() && LacksModule(named.error)) {
    named.reason = Reason::kNoInjection;
  }
  if (!rings_.events.TryPush({reinterpret_cast<const uint8_t*>(&named), sizeof(named)})) {
    ++counters_.events_lost;
  }
}

bool Engine::TrySend(const Command& command, ByteSpan frame) {
  const size_t size = sizeof(command) + frame.size();
  const absl::Span<uint8_t> record = rings_.commands.Reserve(size);
  if (record.empty()) return false;
  std::memcpy(record.data(), &command, sizeof(command));
  if (!frame.empty()) std::memcpy(record.data() + sizeof(command), frame.data(), frame.size());
  rings_.commands.Commit(size);
  return true;
}

void Engine::WantDump(Reason reason, MonotonicTime when) {
  // A poll that is due anyway is then more than that.
  if (when < dump_at_ || dump_reason_ == Reason::kPoll) dump_reason_ = reason;
  dump_at_ = std::min(dump_at_, when);
}

void Engine::SendOwnCommands(MonotonicTime now) {
  if (reread_ifindex_ != 0) {
    Command command;
    command.kind = CommandKind::kReadLink;
    command.ifindex = reread_ifindex_;
    command.id = next_command_id_;
    if (TrySend(command, {})) {
      next_command_id_ += 2;
      reread_ifindex_ = 0;
    } else {
      WantDump(dump_reason_, now + kDumpRetry);  // which reads the port as well
    }
  }
  if (dump_id_ != 0 || now < dump_at_) return;
  Command command;
  command.kind = CommandKind::kDumpAll;
  command.id = next_command_id_;
  if (!TrySend(command, {})) {
    dump_at_ = now + kDumpRetry;
    return;
  }
  dump_id_ = command.id;
  next_command_id_ += 2;
  // A poll is routine, and not said.
  if (dump_reason_ != Reason::kPoll) {
    Event event;
    event.kind = EventKind::kResync;
    event.ifindex = links_.parent_ifindex();
    event.reason = dump_reason_;
    Emit(event);
  }
  dump_reason_ = Reason::kPoll;
  dump_at_ = now + options_.poll_interval;
}

void Engine::SayReady() {
  if (links_.parent().kind == LinkKind::kMacvlan || links_.parent().kind == LinkKind::kMacvtap) {
    Event event;
    event.kind = EventKind::kParentReflects;
    event.severity = Severity::kWarning;
    event.ifindex = links_.parent_ifindex();
    event.reason = Reason::kMacvlanParent;
    Emit(event);
  }
  for (const ForeignSlave& slave : options_.foreign_slaves) {
    Event event;
    event.kind = EventKind::kLinkAdded;
    event.severity = Severity::kWarning;
    event.name = slave.name;  // no ifindex: that would be the other namespace's
    event.reason = Reason::kOtherNamespace;
    Emit(event);
  }
  Event event;
  event.kind = EventKind::kReady;
  event.ifindex = links_.parent_ifindex();
  if (links_.slaves().empty()) {
    event.severity = Severity::kWarning;
    event.reason = Reason::kNoSlave;
  }
  Emit(event);
}

// ---- The kernel
// ----------------------------------------------------------------------------------------------------

void Engine::DrainKernel(MonotonicTime now) {
  for (int i = 0; i < kRecordsPerTurn; ++i) {
    const auto bytes = rings_.kernel.Front();
    if (!bytes.has_value()) return;
    static_assert(std::is_trivially_copyable_v<KernelRecord>);
    KernelRecord record;
    std::memcpy(static_cast<void*>(&record), bytes->data(), sizeof(record));
    rings_.kernel.Pop();
    ObserveKernel(record, now);
  }
}

void Engine::ObserveKernel(const KernelRecord& record, MonotonicTime now) {
  std::visit(
      [&](const auto& r) {
        using T = std::decay_t<decltype(r)>;
        if constexpr (std::is_same_v<T, LinkRecord>) ObserveLink(r, now);
        if constexpr (std::is_same_v<T, AddressRecord>) learner_.ObserveAddress(r, now);
        if constexpr (std::is_same_v<T, RouteRecord>) learner_.ObserveRoute(r, now);
        if constexpr (std::is_same_v<T, NeighbourRecord>) learner_.ObserveNeighbour(r);
        if constexpr (std::is_same_v<T, DumpMark>) ObserveDumpMark(r, now);
        if constexpr (std::is_same_v<T, CommandResult>) ObserveResult(r, now);
        if constexpr (std::is_same_v<T, HeldReply>) learner_.ObserveHeld(r, now);
        if constexpr (std::is_same_v<T, EventsLost>) WantDump(Reason::kEventsLost, now);
      },
      record);
}

void Engine::ObserveDumpMark(const DumpMark& mark, MonotonicTime now) {
  if (mark.ifindex == 0) {
    switch (mark.kind) {
      case DumpMark::Kind::kBegin:
        links_.BeginDump();
        break;
      case DumpMark::Kind::kEnd:
        ApplyLinkChanges(links_.EndDump(), now);
        break;
      case DumpMark::Kind::kFailed:
        links_.AbandonDump();
        break;
    }
  }
  learner_.ObserveDumpMark(mark, now);
  if (mark.ifindex != 0) return;
  if (mark.kind == DumpMark::Kind::kFailed) WantDump(Reason::kDumpFailed, now + kDumpRetry);
  if (mark.kind == DumpMark::Kind::kEnd && !is_ready_) {
    is_ready_ = true;
    SayReady();
  }
}

void Engine::ObserveResult(const CommandResult& result, MonotonicTime now) {
  if (IsInstallerCommand(result.command_id)) return learner_.ObserveResult(result, now);
  if (result.command_id == dump_id_) {
    dump_id_ = 0;
    return;
  }
  // The port could not be read: the dump will.
  if (result.error != 0) WantDump(Reason::kDumpFailed, now + kDumpRetry);
}

// ---- Links
// ---------------------------------------------------------------------------------------------------------

void Engine::ObserveLink(const LinkRecord& record, MonotonicTime now) {
  if (record.deleted) {
    gone_names_[record.ifindex] = record.name;
    learner_.HostInterfaceGone(record.ifindex, now);
  }
  ApplyLinkChanges(links_.Update(record), now);
}

void Engine::ApplyLinkChanges(const LinkChanges& changes, MonotonicTime now) {
  if (changes.needs_reread != 0) reread_ifindex_ = changes.needs_reread;
  if (links_.is_parent_known()) learner_.SetSharedMac(links_.parent().mac);
  for (const LinkChange& change : changes.changes) ApplyLinkChange(change, now);
}

void Engine::ApplyLinkChange(const LinkChange& change, MonotonicTime now) {
  Event event;
  event.ifindex = change.ifindex;
  event.name = change.name;
  switch (change.kind) {
    case LinkChange::Kind::kSlaveAdded: {
      event.kind = EventKind::kLinkAdded;
      const Slave* slave = links_.Find(change.ifindex);
      if (slave == nullptr) {
        event.severity = Severity::kWarning;
        event.reason = ModeReason();
        return Emit(event);
      }
      Emit(event);
      learner_.SlaveAppeared(slave->ifindex, slave->is_up, now);
      return learner_.SlaveNamed(slave->ifindex, NameView(slave->name), now);
    }
    case LinkChange::Kind::kSlaveRemoved:
    case LinkChange::Kind::kSlaveMovedAway:
      gone_names_[change.ifindex] = change.name;
      event.kind = EventKind::kLinkRemoved;
      event.reason = change.kind == LinkChange::Kind::kSlaveMovedAway ? Reason::kOtherNamespace
                                                                      : Reason::kNone;
      learner_.SlaveGone(change.ifindex, Reason::kSlaveGone, now);
      return Emit(event);
    case LinkChange::Kind::kSlaveUp:
    case LinkChange::Kind::kSlaveDown:
      return learner_.SlaveChanged(change.ifindex, change.kind == LinkChange::Kind::kSlaveUp, now);
    case LinkChange::Kind::kHostSlaveFound:
      event.kind = EventKind::kLinkAdded;
      event.severity = Severity::kWarning;
      event.reason = Reason::kPlainIpvlan;
      return Emit(event);
    case LinkChange::Kind::kPortChanged:
      return ApplyPort(now);
    case LinkChange::Kind::kParentGone:
      parent_is_gone_ = true;
      event.kind = EventKind::kParentGone;
      event.severity = Severity::kError;
      Emit(event);
      return request_stop_();
    case LinkChange::Kind::kSlaveRenamed:
      if (!learner_.IsServed(change.ifindex)) return;
      return learner_.SlaveNamed(change.ifindex, NameView(change.name), now);
    case LinkChange::Kind::kParentRenamed:
    case LinkChange::Kind::kParentUp:
    case LinkChange::Kind::kParentDown:
    case LinkChange::Kind::kParentMacChanged:
      return;  // names and state are read from the table when they are needed
  }
}

bool Engine::PortLoopsBack() const {
  constexpr uint16_t kNoLoop = IPVLAN_F_PRIVATE | IPVLAN_F_VEPA;
  return !links_.port().has_value() || (links_.port()->flags & kNoLoop) == 0;
}

Reason Engine::ModeReason() const {
  const bool is_l3s = links_.port().has_value() && links_.port()->mode == PortMode::kL3s;
  return is_l3s ? Reason::kModeL3s : Reason::kModeL3;
}

void Engine::ApplyPort(MonotonicTime now) {
  Event event;
  event.kind = EventKind::kPortChanged;
  event.ifindex = links_.parent_ifindex();
  if (!links_.slaves().empty()) event.other_ifindex = links_.slaves().begin()->first;
  const LinkTable::Port port = links_.port().value_or(LinkTable::Port{});
  event.severity = Severity::kWarning;
  if (port.mode != PortMode::kL2) {
    event.reason = ModeReason();
  } else if ((port.flags & IPVLAN_F_PRIVATE) != 0) {
    event.reason = Reason::kPrivateFlag;
  } else if ((port.flags & IPVLAN_F_VEPA) != 0) {
    event.reason = Reason::kVepaFlag;
  } else {
    event.severity = Severity::kInfo;
  }
  Emit(event);
  for (const auto& [ifindex, slave] : links_.slaves()) {
    // Before anything else a served slave must be known as such; SlaveAppeared would forget what is
    // known of it.
    if (!links_.is_served()) {
      learner_.SlaveGone(ifindex, event.reason, now);
    } else if (learner_.IsServed(ifindex)) {
      learner_.SlaveChanged(ifindex, slave.is_up, now);
    } else {
      learner_.SlaveAppeared(ifindex, slave.is_up, now);
      learner_.SlaveNamed(ifindex, NameView(slave.name), now);
    }
  }
}

InterfaceName Engine::NameOf(int32_t ifindex) const {
  if (ifindex == links_.parent_ifindex()) {
    return links_.is_parent_known() ? links_.parent().name : options_.parent_name;
  }
  if (const auto slave = links_.slaves().find(ifindex); slave != links_.slaves().end()) {
    return slave->second.name;
  }
  if (const auto gone = gone_names_.find(ifindex); gone != gone_names_.end()) return gone->second;
  return {};
}

// ---- Frames
// --------------------------------------------------------------------------------------------------------

void Engine::DrainFrames(MonotonicTime now) {
  for (int i = 0; i < kRecordsPerTurn; ++i) {
    const auto record = rings_.frames.Front();
    if (!record.has_value()) return;
    ObserveFrame(*record, now);
    rings_.frames.Pop();
  }
}

void Engine::ObserveFrame(ByteSpan record, MonotonicTime now) {
  FrameHeader header;
  std::memcpy(static_cast<void*>(&header), record.data(), sizeof(header));
  if (header.frames_lost) return learner_.FramesLost(now);
  ++counters_.frames;
  const ByteSpan bytes = record.subspan(sizeof(header));
  const Parsed<ParsedFrame> frame = ParseFrame(bytes, header.metadata);
  const FrameSide side =
      header.packet_type == PacketType::kOutgoing ? FrameSide::kSent : FrameSide::kReceived;
  if (!frame.ok()) {
    ++counters_.dropped[static_cast<size_t>(frame.drop_reason())];
    if (side != FrameSide::kSent || !MayDisguise(frame.drop_reason())) return;
    const Parsed<ParsedFrame> disguised = ParseDisguised(bytes, header.metadata);
    if (disguised.ok()) learner_.ObserveDisguised(header.ifindex, *disguised, now);
    return;
  }
  if (IsTruncated(*frame)) ++counters_.truncated;
  learner_.ObserveFrame(header.ifindex, side, *frame, bytes, now);
}

}  // namespace l3sync
