// runtime: the threads and what they run on. The only place that reads a clock and that knows
// more than one thread.
#pragma once

#include "learn/monotonic_time.h"

namespace l3sync {

// Any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual MonotonicTime Now() const = 0;
  // How long the machine was suspended since boot, or a little less.
  virtual absl::Duration Slept() const = 0;
};

// CLOCK_BOOTTIME, and how far it is ahead of CLOCK_MONOTONIC.
class BootClock : public Clock {
 public:
  MonotonicTime Now() const override;
  absl::Duration Slept() const override;
};

}  // namespace l3sync
