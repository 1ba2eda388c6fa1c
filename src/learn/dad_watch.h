#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"

#include "learn/monotonic_time.h"
#include "wire/bytes.h"
#include "wire/ip_address.h"

namespace l3sync {

// The duplicate address detection that guests have under way: rules D1 to D5. Knows what went out;
// who has the address is the binding table's.
class DadWatch {
 public:
  // RetransTimer after the solicitation (RFC 4862 §5.4), and what the guest takes to begin.
  static constexpr absl::Duration kTentative = absl::Milliseconds(1250);
  // A solicitation that is looped back comes within this time.
  static constexpr absl::Duration kMemory = absl::Seconds(2);
  // More at once is no guest that comes up: the oldest is forgotten, and its address counts as
  // tested.
  static constexpr size_t kMaxPerSlave = 32;

  // A solicitation from :: left `ifindex`. `nonce` is empty if it had none.
  void Sent(int32_t ifindex, const IpAddress& target, ByteSpan nonce, MonotonicTime now);
  // Rule D3: one with this nonce left a slave other than `ifindex`, which is 0 for what came in on
  // the parent. Always false without a nonce.
  bool IsLoopBack(int32_t ifindex, const IpAddress& target, ByteSpan nonce,
                  MonotonicTime now) const;
  // The guest on `ifindex` still tests the address, and did not use it yet.
  bool IsTentative(int32_t ifindex, const IpAddress& address, MonotonicTime now) const;
  // The slaves whose guests do, in order.
  std::vector<int32_t> TentativeOn(const IpAddress& address, MonotonicTime now) const;
  // Its test failed, or is of no account any more.
  void Forget(int32_t ifindex, const IpAddress& address);

  // Two guests test one address at once (rule D5).
  void NoteRace(const IpAddress& address, MonotonicTime now);
  // The guest on `ifindex` used the address.
  void Spoke(int32_t ifindex, const IpAddress& address, MonotonicTime now);
  // It did so first, in a race, a moment ago.
  bool HasWon(int32_t ifindex, const IpAddress& address) const;
  // The races that ended with nobody speaking, in order.
  std::vector<IpAddress> TakeLostRaces(MonotonicTime now);

  void ForgetSlave(int32_t ifindex) { attempts_.erase(ifindex); }
  void Expire(MonotonicTime now);
  MonotonicTime NextDeadline() const;

 private:
  struct Attempt {
    IpAddress target;
    absl::InlinedVector<uint8_t, 8> nonce;
    MonotonicTime sent;
    bool is_tentative = true;
    bool has_won = false;
  };
  static bool Tests(const Attempt& attempt, const IpAddress& address, MonotonicTime now) {
    return attempt.is_tentative && attempt.target == address && now - attempt.sent < kTentative;
  }

  absl::flat_hash_map<int32_t, std::vector<Attempt>> attempts_;  // the oldest first
  // When each is lost. No more than there are attempts.
  absl::flat_hash_map<IpAddress, MonotonicTime> races_;
};

}  // namespace l3sync
