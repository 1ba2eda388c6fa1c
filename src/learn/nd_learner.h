#pragma once

#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"

#include "learn/address_book.h"
#include "wire/frame.h"

namespace l3sync {

// The IPv6 addresses that guests form themselves: link-local and SLAAC (rules N4, N5, L1 to L3,
// L5).
class NdLearner {
 public:
  static constexpr size_t kMaxPrefixes =
      32;  // of one link; a host keeps 16 default-configured ones at most in Linux
  static constexpr size_t kMaxClaimsPerSlave = 16;  // that wait for a look or for an RA
  static constexpr absl::Duration kClaimLifetime =
      absl::Minutes(10);  // an RA comes within 30 min, usually within 10
  // A prefix that only the host's own routes show, until its RA comes (rule L3).
  static constexpr absl::Duration kKernelPrefixLifetime = absl::Minutes(5);

  // `book` is not owned and must outlive this object.
  explicit NdLearner(AddressBook* book) : book_(book) {}

  // Sent on `ifindex`, by its guest or by the host's own kernel, which l3sync must tell apart.
  void ObserveGuest(int32_t ifindex, const ParsedFrame& frame, const NdMessage& message,
                    MonotonicTime now);
  // A message of another protocol went out from this address, which claims it as an RS does.
  void ObserveSource(int32_t ifindex, const IpAddress& address, MonotonicTime now) {
    ObserveClaim(ifindex, address, now);
  }
  // Received on the parent.
  void ObserveNetwork(const ParsedFrame& frame, const NdMessage& message, MonotonicTime now);
  // The addresses of `ifindex` were read by the command `command_id`: what waited for that can be
  // decided.
  void LookEnded(int32_t ifindex, uint64_t command_id, MonotonicTime now);
  // The host has a route to this on-link prefix on the parent. Said during a dump.
  void ObserveKernelPrefix(const IpPrefix& prefix, MonotonicTime now);
  // Wants what the guest on `ifindex` forms of the known prefixes with the identifiers of its
  // link-local addresses.
  void CombineWithPrefixes(int32_t ifindex, MonotonicTime now);
  void ForgetSlave(int32_t ifindex) { claims_.erase(ifindex); }
  void Advance(MonotonicTime now);

 private:
  struct Prefix {
    MonotonicTime valid_until;
    MonotonicTime preferred_until;
    bool from_kernel = false;
  };
  struct Claim {
    IpAddress address;
    MonotonicTime made;
    bool looks = false;       // waits for a look; otherwise for an RA
    uint64_t command_id = 0;  // the first look that answers it
  };

  void ObserveClaim(int32_t ifindex, const IpAddress& address, MonotonicTime now);
  bool MayHave(int32_t ifindex, const IpAddress& address, Origin origin, MonotonicTime now);
  void Park(int32_t ifindex, Claim claim);
  void Learn(int32_t ifindex, const IpAddress& address, MonotonicTime now);
  void ObservePrefix(const PrefixInformation& information, MonotonicTime now);
  void RefreshAddresses(const IpPrefix& prefix, const PrefixInformation& information,
                        MonotonicTime now);
  void CombineWithSlaves(const IpPrefix& prefix, MonotonicTime now);
  void Combine(const IpPrefix& prefix, const Binding& link_local, MonotonicTime now);
  void RetryClaims(const IpPrefix& prefix, MonotonicTime now);
  bool MakeRoom(int32_t ifindex);
  const std::pair<const IpPrefix, Prefix>* PrefixOf(const IpAddress& address) const;

  AddressBook* book_;
  absl::flat_hash_map<IpPrefix, Prefix> prefixes_;
  absl::flat_hash_map<int32_t, std::vector<Claim>> claims_;
};

}  // namespace l3sync
