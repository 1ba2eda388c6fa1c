#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_map.h"

#include "learn/event.h"
#include "learn/monotonic_time.h"

namespace l3sync {

// The slaves whose guests forged messages of servers or routers: rule Q2. Nothing new is learned
// from them for a while. At most one entry a slave.
class Quarantine {
 public:
  // From the last forgery on. Longer than any reflection takes, and than the ten minutes in which
  // an administrator may look; short enough for a guest that has been mended.
  static constexpr absl::Duration kDuration = absl::Minutes(10);

  // The guest on `ifindex` forged what `reason` says. True if a quarantine begins.
  bool Extend(int32_t ifindex, Reason reason, MonotonicTime now);
  // With what it began; kNone if there is none.
  Reason ReasonOf(int32_t ifindex) const;
  // Those that are over, in order of their ends.
  std::vector<int32_t> TakeEnded(MonotonicTime now);
  void ForgetSlave(int32_t ifindex);
  MonotonicTime NextDeadline() const;
  size_t size() const { return slaves_.size(); }

 private:
  struct Entry {
    Reason reason{};
    MonotonicTime until;
  };
  absl::flat_hash_map<int32_t, Entry> slaves_;
  absl::btree_set<std::pair<MonotonicTime, int32_t>> by_end_;
};

}  // namespace l3sync
