#pragma once

#include <compare>

#include "absl/time/time.h"

namespace l3sync {

// An instant of CLOCK_BOOTTIME, which goes on during suspend and which nobody can set. Only the
// runtime reads the clock; everything below gets the time as an argument.
class MonotonicTime {
 public:
  constexpr MonotonicTime() = default;  // boot
  static constexpr MonotonicTime SinceBoot(absl::Duration since_boot) {
    return MonotonicTime(since_boot);
  }
  static constexpr MonotonicTime Never() { return MonotonicTime(absl::InfiniteDuration()); }

  constexpr absl::Duration since_boot() const { return since_boot_; }
  constexpr bool is_never() const { return since_boot_ == absl::InfiniteDuration(); }

  friend MonotonicTime operator+(MonotonicTime t, absl::Duration d) {
    return MonotonicTime(t.since_boot_ + d);
  }
  friend MonotonicTime operator-(MonotonicTime t, absl::Duration d) {
    return MonotonicTime(t.since_boot_ - d);
  }
  friend absl::Duration operator-(MonotonicTime a, MonotonicTime b) {
    return a.since_boot_ - b.since_boot_;
  }
  friend constexpr bool operator==(MonotonicTime a, MonotonicTime b) {
    return a.since_boot_ == b.since_boot_;
  }
  friend constexpr bool operator<(MonotonicTime a, MonotonicTime b) {
    return a.since_boot_ < b.since_boot_;
  }
  friend constexpr bool operator<=(MonotonicTime a, MonotonicTime b) { return !(b < a); }
  friend constexpr bool operator>(MonotonicTime a, MonotonicTime b) { return b < a; }
  friend constexpr bool operator>=(MonotonicTime a, MonotonicTime b) { return !(a < b); }

 private:
  constexpr explicit MonotonicTime(absl::Duration since_boot) : since_boot_(since_boot) {}
  absl::Duration since_boot_ = absl::ZeroDuration();
};

}  // namespace l3sync
