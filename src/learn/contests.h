#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"

#include "learn/binding_table.h"
#include "learn/installer.h"
#include "learn/output.h"
#include "wire/ip_address.h"

namespace l3sync {

// Rule D6: of two slaves' guests that want one address, the owner is asked: two probes that it
// alone hears. If it answers, or sends anything else from the address, it keeps it. Silence moves
// it; what only may be silence does not.
class Contests {
 public:
  // RFC 6620 T_WAIT: between the probes, and after the last one.
  static constexpr absl::Duration kProbeInterval = absl::Milliseconds(250);
  static constexpr int kProbes = 2;
  // RFC 5227 DEFEND_INTERVAL: an owner that answered is not asked again.
  static constexpr absl::Duration kDefended = absl::Seconds(10);
  // A contest that can't be decided by then ends as it began.
  static constexpr absl::Duration kMaxAge = absl::Seconds(5);
  // Rule T4: what one slave's claims may cost the others. A guest that moved with all that it has
  // needs as many at once as it has addresses in use.
  static constexpr int kBurst = 16;
  static constexpr absl::Duration kRefill = absl::Seconds(1);
  static constexpr size_t kMax = 1024;  // contests, and owners that answered

  // Both are not owned and must outlive this object.
  Contests(Installer* installer, Output* output) : installer_(installer), output_(output) {}

  // Whether Begin would ask the owner.
  bool MayBegin(int32_t ifindex, const IpAddress& address, MonotonicTime now) const;
  // Asks `owner` about the address of `claim`, the binding as it would be. False: it is not asked,
  // and keeps it.
  bool Begin(const Binding& claim, int32_t owner, MonotonicTime now);
  // Something was sent from `address` on `ifindex`.
  void Heard(int32_t ifindex, const IpAddress& address, MonotonicTime now);
  // False if the command is none of these.
  bool ObserveResult(const CommandResult& result, MonotonicTime now);
  // Frames were lost: nobody's silence is one.
  void FramesLost();
  void ForgetSlave(int32_t ifindex);
  // Sends what is due.
  void Advance(MonotonicTime now);
  MonotonicTime NextDeadline() const;

  struct Decision {
    Binding claim;
    int32_t owner = 0;
    bool moves = false;
  };
  // What was decided, in the order of the addresses. `is_caught_up`: every frame that was captured
  // before `now` was observed; silence is decided only then.
  std::vector<Decision> TakeDecided(bool is_caught_up, MonotonicTime now);

 private:
  enum class State : uint8_t { kAsking, kKept, kDefended };
  struct Contest {
    Binding claim;  // without an address when it was decided
    int32_t owner = 0;
    State state = State::kAsking;
    MonotonicTime begun;
    int answered_probes = 0;  // sent, by the kernel's word
    uint64_t command_id = 0;  // in flight; 0: none
    MonotonicTime due;        // the next probe, the decision, or the end of kDefended
  };
  struct Bucket {
    int used = 0;
    MonotonicTime since;  // of the first that was used
  };

  bool HasToken(int32_t ifindex, MonotonicTime now) const;
  void TakeToken(int32_t ifindex, MonotonicTime now);
  void Probe(const IpAddress& address, Contest* contest, MonotonicTime now);

  Installer* installer_;
  Output* output_;
  absl::flat_hash_map<IpAddress, Contest> contests_;
  absl::flat_hash_map<int32_t, Bucket> buckets_;  // by slave that claims
};

}  // namespace l3sync
