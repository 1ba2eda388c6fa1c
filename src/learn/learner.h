#pragma once

#include <cstdint>
#include <string_view>

#include "learn/address_book.h"
#include "learn/announcer.h"
#include "learn/conflict_watch.h"
#include "learn/dhcp4_learner.h"
#include "learn/dhcp6_learner.h"
#include "learn/forgery_watch.h"
#include "learn/held_replies.h"
#include "learn/kernel_record.h"
#include "learn/nd_learner.h"
#include "learn/output.h"
#include "learn/policy.h"
#include "wire/frame.h"

namespace l3sync {

struct LearnerOptions {
  int32_t parent_ifindex = 0;
  bool dry_run = false;
  bool announce = false;  // --announce
  PolicyOptions policy;
  size_t max_bindings = BindingTable::kMax;
};

// On which side of its interface a frame was seen.
enum class FrameSide : uint8_t { kSent, kReceived };

// The whole of learning for one parent: observations in, commands and events out through the
// Output. Every member sends what follows from it before it returns. Not thread-safe; the engine's.
class Learner {
 public:
  // `output` is not owned and must outlive this object.
  Learner(LearnerOptions options, Output* output);

  // `bytes` is the frame that `frame` was parsed from; it is not kept, but copied if it must be
  // delivered.
  void ObserveFrame(int32_t ifindex, FrameSide side, const ParsedFrame& frame, ByteSpan bytes,
                    MonotonicTime now);
  // What the guest on `ifindex` sent in a way that makes it no message of ours (ParseDisguised). If
  // it is a server's or router's in another guise, it is evidence; else it is nothing.
  void ObserveDisguised(int32_t ifindex, const ParsedFrame& frame, MonotonicTime now);

  void ObserveAddress(const AddressRecord& record, MonotonicTime now);
  void ObserveRoute(const RouteRecord& record, MonotonicTime now);
  void ObserveNeighbour(const NeighbourRecord& record);
  void ObserveDumpMark(const DumpMark& mark, MonotonicTime now);
  void ObserveHeld(const HeldReply& reply, MonotonicTime now);
  // Of a command that TrySend took with an odd id (IsInstallerCommand).
  void ObserveResult(const CommandResult& result, MonotonicTime now);

  void SetSharedMac(const MacAddress& mac);
  void SlaveAppeared(int32_t ifindex, bool is_up, MonotonicTime now);
  // After SlaveAppeared, and whenever the name changes: --bind names slaves.
  void SlaveNamed(int32_t ifindex, std::string_view name, MonotonicTime now);
  void SlaveGone(int32_t ifindex, Reason reason, MonotonicTime now);
  void SlaveChanged(int32_t ifindex, bool is_up, MonotonicTime now);
  bool IsServed(int32_t ifindex) { return book_.slaves().contains(ifindex); }
  // An interface that is not a served slave is gone, and its addresses are no longer the host's.
  void HostInterfaceGone(int32_t ifindex, MonotonicTime now);

  // The machine was suspended for `slept`, which `now` has in it: the kernel's address lifetimes
  // stood still meanwhile, and ours did not.
  void Resumed(absl::Duration slept, MonotonicTime now);
  // Frames were lost before they could be observed: silence says nothing (rule C5).
  void FramesLost(MonotonicTime now);
  // Every frame that was captured before `now` was observed: what waits for somebody's silence can
  // be decided. After Advance.
  void CaughtUp(MonotonicTime now);
  // Does what is due; to be called at NextDeadline() or later.
  void Advance(MonotonicTime now);
  MonotonicTime NextDeadline() const;

  const BindingTable& bindings() const { return book_.bindings(); }
  const PrefixLearner& prefixes() const { return nd_.prefixes(); }
  const IgnoreCounters& ignored() { return book_.ignored(); }
  const HeldReplies::Counters& held() const { return held_.counters(); }

 private:
  void Finish(MonotonicTime now);
  void Adopt(int32_t ifindex, MonotonicTime now);

  const int32_t parent_ifindex_;
  MacAddress shared_mac_;
  AddressBook book_;
  Dhcp4Learner dhcp4_;
  ConflictWatch conflicts_;
  ForgeryWatch forgeries_;
  NdLearner nd_;
  Dhcp6Learner dhcp6_;
  Announcer announcer_;
  HeldReplies held_;
  bool in_full_dump_ = false;
};

}  // namespace l3sync
