#pragma once

#include <cstdint>

#include "absl/container/flat_hash_map.h"

#include "learn/monotonic_time.h"

namespace l3sync {

// A served slave, as far as learning and installing depend on it.
struct SlaveState {
  bool is_up = false;
  // Its addresses were not read since it appeared: what bears our tag there is of an earlier run,
  // to be adopted.
  bool is_new = true;
  // The kernel deletes the IPv6 addresses of a link that goes down (F17): no work of somebody else.
  MonotonicTime last_change;
};

using SlaveStates = absl::flat_hash_map<int32_t, SlaveState>;  // by ifindex

}  // namespace l3sync
