#pragma once

#include <array>
#include <cstdint>

#include "absl/time/time.h"

#include "capture/frame_source.h"
#include "learn/learner.h"
#include "learn/output.h"
#include "netlink/link_table.h"
#include "netlink/namespace_scan.h"
#include "ring/message_ring.h"
#include "runtime/event_loop.h"
#include "wire/drop_reason.h"

namespace l3sync {

struct EngineOptions {
  LearnerOptions learner;
  InterfaceName parent_name{};  // until the kernel's own record of it comes
  absl::Duration poll_interval = absl::Seconds(30);
  // Slaves of the parent that were in other network namespaces at the start: named, not served.
  std::vector<ForeignSlave> foreign_slaves;
};

// The engine's ends of the rings.
struct EngineRings {
  MessageRing::Consumer frames;    // FrameHeader and the frame
  MessageRing::Consumer kernel;    // KernelRecord
  MessageRing::Producer commands;  // Command, and the frame of a delivery
  MessageRing::Producer events;    // Event
};

// Sole owner of the learner, the link table and their timers.
class Engine : private Output {
 public:
  struct Counters {
    std::array<uint64_t, kDropReasonCount> dropped{};  // frames that were no valid message
    uint64_t frames = 0;
    uint64_t truncated = 0;    // valid messages of which not all was kept (kMax... of src/wire)
    uint64_t events_lost = 0;  // for want of room in the events ring
  };

  // `clock` is not owned. `request_stop` is called, on the engine's thread, when the parent is
  // gone.
  Engine(EngineOptions options, EngineRings rings, const Clock* clock,
         std::function<void()> request_stop);

  void Run(EventLoop loop);

  // After Run.
  const Counters& counters() const { return counters_; }
  const IgnoreCounters& ignored() { return learner_.ignored(); }
  const HeldReplies::Counters& held() const { return learner_.held(); }
  bool parent_is_gone() const { return parent_is_gone_; }

 private:
  void Emit(const Event& event) override;
  bool TrySend(const Command& command, ByteSpan frame) override;

  MonotonicTime Turn();
  void DrainKernel(MonotonicTime now);
  void DrainFrames(MonotonicTime now);
  void ObserveFrame(ByteSpan record, MonotonicTime now);
  void ObserveKernel(const KernelRecord& record, MonotonicTime now);
  void ObserveLink(const LinkRecord& record, MonotonicTime now);
  void ApplyLinkChanges(const LinkChanges& changes, MonotonicTime now);
  void ApplyLinkChange(const LinkChange& change, MonotonicTime now);
  void ApplyPort(MonotonicTime now);
  Reason ModeReason() const;  // why the port is not served
  void ObserveDumpMark(const DumpMark& mark, MonotonicTime now);
  void ObserveResult(const CommandResult& result, MonotonicTime now);
  void WantDump(Reason reason, MonotonicTime when);
  void SendOwnCommands(MonotonicTime now);
  void SayReady();
  bool PortLoopsBack() const;
  InterfaceName NameOf(int32_t ifindex) const;

  const EngineOptions options_;
  EngineRings rings_;
  const Clock* clock_;
  std::function<void()> request_stop_;
  absl::Duration slept_;  // as far as the learner knows
  LinkTable links_;
  Learner learner_;
  Counters counters_;
  bool parent_is_gone_ = false;
  bool is_ready_ = false;  // the first dump is complete: before, frames wait in their ring

  uint64_t next_command_id_ = 2;  // even: the learner's are odd (IsInstallerCommand)
  uint64_t dump_id_ = 0;          // in flight; 0: none
  Reason dump_reason_ = Reason::kStart;
  MonotonicTime dump_at_;       // when the next one is due
  int32_t reread_ifindex_ = 0;  // to be asked for
  absl::flat_hash_map<int32_t, InterfaceName>
      gone_names_;  // for the events that follow a removal; cleared each turn
};

}  // namespace l3sync
