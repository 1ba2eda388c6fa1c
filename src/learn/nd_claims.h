#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"

#include "learn/monotonic_time.h"
#include "wire/ip_address.h"

namespace l3sync {

// Claims of guests that can't be decided yet: for want of a look at the slave's addresses, or of an
// RA with the prefix (rule N5).
class NdClaims {
 public:
  static constexpr size_t kMaxPerSlave = 16;
  // An RA comes within 30 min, usually within 10.
  static constexpr absl::Duration kLifetime = absl::Minutes(10);

  // Both are false if the oldest claim of that slave made room for it. A claim that is known is
  // renewed, but goes on to wait for the look that it waits for: the guest's next message must not
  // put that off for ever.
  bool AwaitLook(int32_t ifindex, const IpAddress& address, uint64_t command_id, MonotonicTime now);
  bool AwaitPrefix(int32_t ifindex, const IpAddress& address, MonotonicTime now);

  // Takes out what the look `command_id`, or an earlier one, decides; the oldest first.
  std::vector<IpAddress> TakeLooked(int32_t ifindex, uint64_t command_id);
  // Those that wait for this prefix, with their slave, in order. They stay.
  std::vector<std::pair<int32_t, IpAddress>> AwaitingPrefix(const IpPrefix& prefix) const;

  void ForgetSlave(int32_t ifindex) { claims_.erase(ifindex); }
  void Expire(MonotonicTime now);

 private:
  struct Claim {
    IpAddress address;
    MonotonicTime made;
    uint64_t command_id = 0;  // the first look that answers it; 0: it waits for an RA
  };
  bool Park(int32_t ifindex, const Claim& claim);

  absl::flat_hash_map<int32_t, std::vector<Claim>> claims_;
};

}  // namespace l3sync
