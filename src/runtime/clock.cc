#include "runtime/clock.h"

#include <time.h>

namespace l3sync {

MonotonicTime BootClock::Now() const {
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return MonotonicTime::SinceBoot(absl::DurationFromTimespec(now));
}

}  // namespace l3sync
