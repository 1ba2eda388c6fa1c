#include "runtime/clock.h"

#include <time.h>

namespace l3sync {
namespace {

absl::Duration Read(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return absl::DurationFromTimespec(now);
}

}  // namespace

MonotonicTime BootClock::Now() const { return MonotonicTime::SinceBoot(Read(CLOCK_BOOTTIME)); }

absl::Duration BootClock::Slept() const {
  // In this order: the time that the thread waits between the two must not look like sleep.
  const absl::Duration boot = Read(CLOCK_BOOTTIME);
  return boot - Read(CLOCK_MONOTONIC);
}

}  // namespace l3sync
