#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>

#include "absl/container/flat_hash_map.h"

#include "learn/monotonic_time.h"
#include "wire/frame.h"

namespace l3sync {

// What makes two messages of servers or routers the same to the learner: all of it that decisions
// hang on. Not the headers, and not the options that a relay takes off, for what sends a message
// back may change those. Differs from run to run (absl::Hash), so that nobody can make two messages
// that share one.
using Fingerprint = uint64_t;
// Of a DHCP server's or router's message; of any other one it says nothing.
Fingerprint FingerprintOf(const ParsedFrame& frame);

// The messages that guests forged last: rule Q3. A router, relay or switch port may send one back,
// and it comes in on the parent as a server's would, in the name of any slave's request.
//
// A guest that knows a sibling's reply to the last detail before it comes (it hears the sibling's
// broadcasts) can have it refused, for the price of its quarantine; it could as well answer the
// sibling itself, which no l3sync sees. One that forges more than its share while the first one is
// on its way can make a sibling's, not its own, transaction believe it.
class Forgeries {
 public:
  // A router sends back in milliseconds, but first it asks for the address, for 3 s at most
  // (RFC 4861 §7.2.2; Linux: ucast_solicit, mcast_solicit).
  static constexpr absl::Duration kLifetime = absl::Seconds(10);
  // The oldest one of the same slave goes first, then of the slave that has most.
  static constexpr size_t kMaxPerSlave = 256;
  static constexpr size_t kMax = 4096;
  // Router advertisements that came from the network last: they come again and again, all the same,
  // so a guest that repeats one says nothing new, and takes it from nobody.
  static constexpr size_t kMaxGenuine = 16;

  void Remember(int32_t ifindex, Fingerprint forgery, MonotonicTime now);
  // The slave that forged it; 0 if none did.
  int32_t ForgerOf(Fingerprint message, MonotonicTime now) const;

  void NoteGenuine(Fingerprint advertisement);
  bool IsGenuine(Fingerprint advertisement) const;

  void ForgetSlave(int32_t ifindex);
  void Expire(MonotonicTime now);
  size_t size() const { return forgeries_.size(); }

 private:
  struct Forgery {
    int32_t ifindex = 0;  // of the last one that sent it
    MonotonicTime until;
  };

  void EvictOldestOf(int32_t ifindex);

  absl::flat_hash_map<Fingerprint, Forgery> forgeries_;
  absl::flat_hash_map<int32_t, std::deque<Fingerprint>> of_slave_;  // oldest first; no empty ones
  std::deque<Fingerprint> genuine_;
};

}  // namespace l3sync
