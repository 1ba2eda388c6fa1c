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
};

// CLOCK_BOOTTIME.
class BootClock : public Clock {
 public:
  MonotonicTime Now() const override;
};

}  // namespace l3sync
