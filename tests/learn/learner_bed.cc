#include "learner_bed.h"

#include <algorithm>
#include <variant>

#include "gtest/gtest.h"

#include "learn/probe_station.h"

namespace l3sync::testing {

std::ostream& operator<<(std::ostream& out, const Reply& reply) {
  return out << Dhcp4TypeName(reply.type) << " of " << reply.address.ToString() << " xid "
             << reply.xid;
}

LearnerBed::LearnerBed(Options options) : now_(options.now) {
  LearnerOptions learner;
  learner.parent_ifindex = kParent;
  learner.dry_run = options.dry_run;
  learner.announce = options.announce;
  learner.policy = std::move(options.policy);
  learner.max_bindings = options.max_bindings;
  learner_ = std::make_unique<Learner>(std::move(learner), this);
  learner_->SetSharedMac(kSharedMac);
  if (!options.has_slaves) return;
  for (const int32_t slave : kSlaves) SlaveAppears(slave);
}

// ---- Guests
// --------------------------------------------------------------------------------------------------------

void LearnerBed::Say(int32_t slave, Dhcp4Type type, const ClientMessage& message) {
  Hear(slave, FrameSide::kSent, FromClient(type, message));
}

void LearnerBed::Select(int32_t slave, ClientMessage m) {
  if (m.server.empty()) m.server = kServer;
  Say(slave, Dhcp4Type::kRequest, m);
}

void LearnerBed::Renew(int32_t slave, ClientMessage m) {
  m.unicast = true;
  Say(slave, Dhcp4Type::kRequest, m);
}

void LearnerBed::Release(int32_t slave, ClientMessage m) {
  m.unicast = true;
  m.server = kServer;
  Say(slave, Dhcp4Type::kRelease, m);
}

void LearnerBed::Dad(int32_t slave, std::string_view address) { Solicit(slave, "::", address); }

void LearnerBed::RouterSolicit(int32_t slave, std::string_view source) {
  Hear(slave, FrameSide::kSent,
       FromNeighbour({.type = NdType::kRouterSolicitation, .source = source, .target = {}}));
}

void LearnerBed::Solicit(int32_t slave, std::string_view source, std::string_view target) {
  Hear(slave, FrameSide::kSent,
       FromNeighbour({.type = NdType::kNeighbourSolicitation, .source = source, .target = target}));
}

void LearnerBed::NeighbourAdvertise(int32_t slave, std::string_view target) {
  Hear(
      slave, FrameSide::kSent,
      FromNeighbour({.type = NdType::kNeighbourAdvertisement, .source = target, .target = target}));
}

void LearnerBed::ArpReply(int32_t slave, std::string_view address) {
  Heard heard;
  heard.frame.source_mac = kSharedMac;
  heard.frame.source = Ip(address);
  heard.frame.message = ArpMessage{.operation = 2,
                                   .sender_mac = kSharedMac,
                                   .sender = Ip(address),
                                   .target_mac = kProbeMac,
                                   .target = Ip("0.0.0.0")};
  Hear(slave, FrameSide::kSent, heard);
}

// ---- The network
// ---------------------------------------------------------------------------------------------------

void LearnerBed::Answer(Dhcp4Type type, const ServerMessage& message) {
  Hear(kParent, FrameSide::kReceived, FromServer(type, message));
}

void LearnerBed::Nak(ServerMessage m) {
  m.broadcast = true;
  m.lease.reset();
  Answer(Dhcp4Type::kNak, m);
}

void LearnerBed::Advertise(const Advertisement& message) {
  Hear(kParent, FrameSide::kReceived, FromRouter(message));
}

void LearnerBed::Hear(int32_t ifindex, FrameSide side, const Heard& heard) {
  learner_->ObserveFrame(ifindex, side, heard.frame, heard.bytes, now_);
  Settle();
}

void LearnerBed::Lease(int32_t slave, uint32_t xid, std::string_view address, uint32_t lease) {
  Discover(slave, {.xid = xid});
  Offer({.xid = xid, .yiaddr = address});
  Select(slave, {.xid = xid, .requested = address});
  Ack({.xid = xid, .yiaddr = address, .lease = lease});
}

// ---- The kernel
// ----------------------------------------------------------------------------------------------------

bool LearnerBed::TrySend(const Command& command, ByteSpan frame) {
  if (no_room_ > 0) {
    --no_room_;
    return false;
  }
  queue_.emplace_back(command, std::vector<uint8_t>(frame.begin(), frame.end()));
  return true;
}

void LearnerBed::Tell(const KernelRecord& record) {
  std::visit(
      [&](const auto& r) {
        using T = std::decay_t<decltype(r)>;
        if constexpr (std::is_same_v<T, AddressRecord>) learner_->ObserveAddress(r, now_);
        if constexpr (std::is_same_v<T, RouteRecord>) learner_->ObserveRoute(r, now_);
        if constexpr (std::is_same_v<T, NeighbourRecord>) learner_->ObserveNeighbour(r);
        if constexpr (std::is_same_v<T, DumpMark>) learner_->ObserveDumpMark(r, now_);
        if constexpr (std::is_same_v<T, HeldReply>) learner_->ObserveHeld(r, now_);
        if constexpr (std::is_same_v<T, CommandResult>) learner_->ObserveResult(r, now_);
      },
      record);
}

void LearnerBed::ExecuteOne() {
  const auto [command, frame] = queue_.front();
  queue_.pop_front();
  const size_t probed = kernel_.probed().size();
  kernel_.Execute(command, frame, now_);
  while (!kernel_.records.empty()) {
    const KernelRecord record = kernel_.records.front();
    kernel_.records.pop_front();
    Tell(record);
  }
  if (kernel_.probed().size() == probed) return;
  const int32_t slave = kernel_.probed().back().first;
  if (slave == 0 || silent_.contains(slave)) return;
  if (command.address.is_v4()) return ArpReply(slave, command.address.ToString());
  NeighbourAdvertise(slave, command.address.ToString());
}

void LearnerBed::Settle() {
  for (int turn = 0; turn < 100000; ++turn) {
    if (!kernel_.records.empty()) {
      const KernelRecord record = kernel_.records.front();
      kernel_.records.pop_front();
      Tell(record);
    } else if (!is_held_ && !queue_.empty()) {
      ExecuteOne();
    } else {
      return;
    }
  }
  FAIL() << "the learner asks for ever";
}

void LearnerBed::Resume() {
  is_held_ = false;
  Settle();
}

void LearnerBed::Poll(bool complete) {
  kernel_.DumpAll(now_, complete);
  Settle();
}

void LearnerBed::PollWith(const std::vector<KernelRecord>& records) {
  kernel_.DumpAll(now_);
  kernel_.records.insert(kernel_.records.end() - 1, records.begin(), records.end());
  Settle();
}

void LearnerBed::HostGains(std::string_view address) {
  AddressRecord record;
  record.ifindex = kParent;
  record.address = Net(address).address;
  record.prefix_length = Net(address).length;
  Tell(record);
  Settle();
}

void LearnerBed::SlaveAppears(int32_t slave, bool is_up) {
  kernel_.AddLink(slave, is_up);
  learner_->SlaveAppeared(slave, is_up, now_);
  Settle();
}

void LearnerBed::SlaveUp(int32_t slave) {
  kernel_.SetUp(slave, true);
  learner_->SlaveChanged(slave, true, now_);
  Settle();
}

void LearnerBed::SlaveDown(int32_t slave) {
  kernel_.SetUp(slave, false);
  learner_->SlaveChanged(slave, false, now_);
  Settle();
}

void LearnerBed::SlaveGone(int32_t slave) {
  kernel_.RemoveLink(slave);
  learner_->SlaveGone(slave, Reason::kSlaveGone, now_);
  Settle();
}

void LearnerBed::DeleteByOther(std::string_view address) {
  kernel_.Delete(Ip(address), now_);
  Settle();
}

// ---- Time
// ----------------------------------------------------------------------------------------------------------

void LearnerBed::Pass(absl::Duration time) {
  const MonotonicTime end = now_ + time;
  for (int turn = 0; turn < 100000; ++turn) {
    const MonotonicTime next = std::min(learner_->NextDeadline(), kernel_.NextExpiry());
    now_ = std::max(now_, std::min(next, end));
    kernel_.Expire(now_);
    learner_->Advance(now_);
    learner_->CaughtUp(now_);
    Settle();
    if (now_ >= end && learner_->NextDeadline() > now_) return;
  }
  FAIL() << "the learner has always something due";
}

void LearnerBed::Suspend(absl::Duration time) {
  now_ = now_ + time;
  kernel_.Sleep(time);
  learner_->Resumed(time, now_);
  Settle();
}

// ---- What came of it
// -----------------------------------------------------------------------------------------------

int32_t LearnerBed::SlaveOf(std::string_view address) const {
  const CommandKernel::Address* entry = kernel_.Find(Ip(address));
  return entry == nullptr || !IsOwnProtocol(entry->protocol) ? 0 : entry->ifindex;
}

const Binding* LearnerBed::BindingOf(std::string_view address) const {
  return learner_->bindings().Find(Ip(address));
}

int32_t LearnerBed::WantedOn(std::string_view address) const {
  const Binding* binding = BindingOf(address);
  return binding == nullptr ? 0 : binding->ifindex;
}

absl::Duration LearnerBed::KernelRestOf(std::string_view address) const {
  const CommandKernel::Address* entry = kernel_.Find(Ip(address));
  return entry == nullptr ? absl::ZeroDuration() : entry->valid_until - now_;
}

std::vector<Reply> LearnerBed::DeliveredTo(int32_t slave) const {
  std::vector<Reply> replies;
  for (const CommandKernel::Delivered& delivered : kernel_.delivered()) {
    if (delivered.ifindex != slave) continue;
    const Parsed<ParsedFrame> frame = ParseFrame(delivered.frame, {});
    const auto& message = std::get<Dhcp4Message>(frame->message);
    replies.push_back({message.type, message.yiaddr, message.xid});
  }
  return replies;
}

std::vector<Event> LearnerBed::Events(EventKind kind) const {
  std::vector<Event> events;
  std::copy_if(events_.begin(), events_.end(), std::back_inserter(events),
               [&](const Event& event) { return event.kind == kind; });
  return events;
}

int LearnerBed::Said(EventKind kind, std::string_view address, Reason reason) const {
  return static_cast<int>(std::count_if(events_.begin(), events_.end(), [&](const Event& event) {
    return event.kind == kind && event.address == Ip(address) &&
           (reason == Reason::kNone || event.reason == reason);
  }));
}

size_t LearnerBed::CountOf(CommandKind kind) const {
  const auto& executed = kernel_.executed();
  return static_cast<size_t>(std::count_if(executed.begin(), executed.end(),
                                           [&](const Command& c) { return c.kind == kind; }));
}

}  // namespace l3sync::testing
