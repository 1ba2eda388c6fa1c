#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>

#include "absl/time/time.h"

#include "learn/binding_table.h"
#include "learn/kernel_record.h"
#include "learn/monotonic_time.h"
#include "learn/output.h"

namespace l3sync {

// The copies of DHCP replies that the kernel holds for us (l3sync-open --hold), each until its
// verdict: dropped if its destination belongs on a slave, for then the guest gets the reply from
// us, and the host has nothing to do with it; else released, and the host's stack does with it as
// it likes. The frame that makes the destination belong there comes by another thread, before or
// after: for it a copy waits kPatience.
class HeldReplies {
 public:
  // The length of the kernel's queue (helper/open_hold_queue.cc), which it lets no more into.
  static constexpr size_t kMax = 1024;
  // The frame takes less than a millisecond; a reply that the host does forward is late by this.
  static constexpr absl::Duration kPatience = absl::Milliseconds(200);

  struct Counters {
    uint64_t dropped = 0;   // meant for a guest of ours
    uint64_t released = 0;  // nobody's within kPatience, or more than kMax
  };

  // Not owned; both must outlive this object.
  HeldReplies(const BindingTable* bindings, Output* output)
      : bindings_(bindings), output_(output) {}

  void Observe(const HeldReply& reply, MonotonicTime now);
  // A reply to this destination was seen and dealt with.
  void ReplySeen(const IpAddress& destination);
  // Does what is due; to be called at NextDeadline() or later.
  void Advance(MonotonicTime now);
  MonotonicTime NextDeadline() const;
  const Counters& counters() const { return counters_; }

 private:
  struct Held {
    HeldReply reply;
    MonotonicTime due;
  };
  // False: no room for the command.
  bool SendVerdict(const HeldReply& reply);

  const BindingTable* bindings_;
  Output* output_;
  Counters counters_;
  std::deque<Held> held_;     // oldest first
  MonotonicTime not_before_;  // the commands ring was full
};

}  // namespace l3sync
