#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <ostream>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "gmock/gmock.h"

#include "command_kernel.h"
#include "learn/learner.h"
#include "messages.h"

namespace l3sync::testing {

inline constexpr int32_t kParent = 2, kSlaveA = 11, kSlaveB = 12, kSlaveC = 13;
inline constexpr int32_t kSlaves[] = {kSlaveA, kSlaveB, kSlaveC};

inline PolicyOptions Denying(std::vector<IpPrefix> deny) {
  PolicyOptions options;
  options.deny = std::move(deny);
  return options;
}

// A reply that a guest got from l3sync.
struct Reply {
  Dhcp4Type type{};
  IpAddress address;
  uint32_t xid = 0;
};
std::ostream& operator<<(std::ostream& out, const Reply& reply);

// A learner with a kernel of its own and a clock that stands still until Pass(). Three slaves are
// up and were read. Each sentence is answered by the kernel before it returns, unless Hold() was
// said.
class LearnerBed : public Output {
 public:
  struct Options {
    bool dry_run = false;
    PolicyOptions policy = {};
    bool has_slaves = true;
    size_t max_bindings = BindingTable::kMax;
    bool announce = false;
    MonotonicTime now = MonotonicTime::SinceBoot(absl::Hours(100));
  };
  LearnerBed() : LearnerBed(Options()) {}
  explicit LearnerBed(Options options);

  // ---- Guests on a slave
  void Discover(int32_t slave, const ClientMessage& m) { Say(slave, Dhcp4Type::kDiscover, m); }
  void Select(int32_t slave, ClientMessage m);  // a REQUEST in state SELECTING, of kServer's offer
  void Reboot(int32_t slave, const ClientMessage& m) { Say(slave, Dhcp4Type::kRequest, m); }
  void Renew(int32_t slave, ClientMessage m);
  void Rebind(int32_t slave, const ClientMessage& m) { Say(slave, Dhcp4Type::kRequest, m); }
  void Inform(int32_t slave, const ClientMessage& m) { Say(slave, Dhcp4Type::kInform, m); }
  void Release(int32_t slave, ClientMessage m);
  void Decline(int32_t slave, const ClientMessage& m) { Say(slave, Dhcp4Type::kDecline, m); }
  void Say(int32_t slave, Dhcp4Type type, const ClientMessage& message);
  void Dad(int32_t slave, std::string_view address);  // a DAD NS
  void RouterSolicit(int32_t slave, std::string_view source);
  void Solicit(int32_t slave, std::string_view source, std::string_view target);
  void NeighbourAdvertise(int32_t slave, std::string_view target);

  // ---- The network behind the parent
  void Offer(const ServerMessage& m) { Answer(Dhcp4Type::kOffer, m); }
  void Ack(const ServerMessage& m) { Answer(Dhcp4Type::kAck, m); }
  void Nak(ServerMessage m);  // broadcast
  void Answer(Dhcp4Type type, const ServerMessage& message);
  void Advertise(const Advertisement& message);
  void Advertise(const Prefix& prefix) { Advertise(Advertisement{.prefixes = {prefix}}); }

  // Of the address itself, as an answer to a probe is.
  void ArpReply(int32_t slave, std::string_view address);
  // The guest on `slave` does not answer probes any more.
  void Silence(int32_t slave) { silent_.insert(slave); }

  void Hear(int32_t ifindex, FrameSide side, const Heard& heard);

  // From DISCOVER to ACK, without anything in the way.
  void Lease(int32_t slave, uint32_t xid, std::string_view address, uint32_t lease = kLease);

  // ---- The kernel
  CommandKernel& kernel() { return kernel_; }
  void Hold() { is_held_ = true; }  // commands are taken but not executed, until Resume()
  void Resume();
  bool is_held() const { return is_held_; }
  void Settle();      // all that there is to execute and to tell
  void ExecuteOne();  // while held: the oldest command, and what the kernel says of it
  void RefuseRoom(int n) { no_room_ = n; }  // for the next n commands
  void Poll(bool complete = true);          // the engine's whole dump
  // A whole dump with routes and neighbours that the kernel of the test does not have.
  void PollWith(const std::vector<KernelRecord>& records);
  void HostGains(std::string_view address);  // on the parent, with a prefix length
  void SlaveUp(int32_t slave);
  void SlaveDown(int32_t slave);
  void SlaveGone(int32_t slave);
  void SlaveAppears(int32_t slave, bool is_up = true);
  void DeleteByOther(std::string_view address);
  void Tell(const KernelRecord& record);

  // ---- Time
  MonotonicTime now() const { return now_; }
  void Pass(absl::Duration time);     // with every deadline on the way
  void Suspend(absl::Duration time);  // and resume

  // ---- What came of it
  int32_t SlaveOf(std::string_view address) const;  // where the kernel has it by l3sync; 0: nowhere
  int32_t WantedOn(std::string_view address) const;
  const Binding* BindingOf(std::string_view address) const;
  absl::Duration KernelRestOf(std::string_view address) const;
  std::vector<Reply> DeliveredTo(int32_t slave) const;
  std::vector<Event> Events(EventKind kind) const;
  // How often it was said.
  int Said(EventKind kind, std::string_view address, Reason reason = Reason::kNone) const;
  uint64_t Ignored(IgnoreReason reason) { return learner_->ignored()[static_cast<size_t>(reason)]; }
  size_t CountOf(CommandKind kind) const;
  void ForgetEvents() { events_.clear(); }

  Learner& learner() { return *learner_; }
  const Learner& learner() const { return *learner_; }
  size_t queued() const { return queue_.size(); }

 private:
  void Emit(const Event& event) override { events_.push_back(event); }
  bool TrySend(const Command& command, ByteSpan frame) override;

  CommandKernel kernel_;
  MonotonicTime now_;
  std::unique_ptr<Learner> learner_;
  std::vector<Event> events_;
  std::deque<std::pair<Command, std::vector<uint8_t>>> queue_;
  std::set<int32_t> silent_;
  bool is_held_ = false;
  int no_room_ = 0;
};

MATCHER_P(IsOffer, address, "") {
  return arg.type == Dhcp4Type::kOffer && arg.address == Ip(address);
}
MATCHER_P2(IsOfferOf, address, xid, "") {
  return arg.type == Dhcp4Type::kOffer && arg.address == Ip(address) &&
         arg.xid == static_cast<uint32_t>(xid);
}
MATCHER_P(IsAck, address, "") { return arg.type == Dhcp4Type::kAck && arg.address == Ip(address); }

}  // namespace l3sync::testing
