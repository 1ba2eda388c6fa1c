#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"

#include "learn/monotonic_time.h"
#include "wire/ip_address.h"
#include "wire/nd.h"

namespace l3sync {

// The prefixes of one link that guests form addresses of, and until when: rules L1 and L3. Several
// routers may advertise them; each RA speaks of its own prefixes only, and of one that two
// advertise the last RA counts (RFC 4862 §5.5.3).
class PrefixList {
 public:
  static constexpr size_t kMax = 32;  // a host keeps 16 default-configured ones at most in Linux
  static constexpr uint8_t kLength = 64;  // 128 minus the interface identifier (rule L1)
  // A prefix that only the host's own routes show, until its RA comes (rule L3).
  static constexpr absl::Duration kKernelLifetime = absl::Minutes(5);

  struct Prefix {
    MonotonicTime valid_until;
    MonotonicTime preferred_until;
    bool from_kernel = false;
  };
  enum class Change : uint8_t {
    kNotAutonomous,  // makes no address (rule L1)
    kFull,           // one more than kMax
    kNone,           // as before: its addresses need not be looked at
    kLifetimes,      // to be told to its addresses
    kNew,            // and addresses may be formed of it
  };

  // An RA says it. What it says is taken over in any case; addresses are told of later ends only
  // when a thirty-second of the lifetime is owed to them, so that an RA that repeats the last one
  // costs nothing.
  Change Observe(const PrefixInformation& information, MonotonicTime now);
  // The host has an on-link route of it. Changes nothing that an RA has said.
  Change ObserveKernel(const IpPrefix& route, MonotonicTime now);

  // Null if the address is in none. Valid until the next call of a non-const member.
  const Prefix* Of(const IpAddress& address) const;
  // In order.
  std::vector<IpPrefix> All() const;
  void Expire(MonotonicTime now);

 private:
  struct Entry {
    Prefix prefix;
    MonotonicTime told_valid, told_preferred;  // what its addresses were told last
  };

  absl::flat_hash_map<IpPrefix, Entry> prefixes_;
};

// When an address ends whose prefix is advertised anew: the two-hour rule (RFC 4862 §5.5.3 e, rule
// L2). An unauthenticated RA can't end an address at once.
MonotonicTime NextValidEnd(MonotonicTime advertised, MonotonicTime current, MonotonicTime now);

// An end that a router gives in seconds from now.
MonotonicTime AdvertisedEnd(MonotonicTime now, uint32_t lifetime_sec);

}  // namespace l3sync
