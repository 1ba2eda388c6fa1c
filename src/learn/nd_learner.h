#pragma once

#include <cstdint>

#include "learn/address_book.h"
#include "learn/conflict_watch.h"
#include "learn/dad_watch.h"
#include "learn/nd_claims.h"
#include "learn/prefix_learner.h"
#include "wire/frame.h"

namespace l3sync {

// The IPv6 addresses that guests form themselves: link-local and SLAAC (rules N4, N5, L4).
class NdLearner {
 public:
  // Both are not owned and must outlive this object.
  NdLearner(AddressBook* book, ConflictWatch* conflicts)
      : book_(book), conflicts_(conflicts), prefixes_(book) {}

  // Sent on `ifindex`, by its guest or by the host's own kernel, which l3sync must tell apart.
  void ObserveGuest(int32_t ifindex, const ParsedFrame& frame, const NdMessage& message,
                    MonotonicTime now);
  // A message of another protocol went out from this address, which claims it as an RS does.
  void ObserveSource(int32_t ifindex, const IpAddress& address, MonotonicTime now) {
    ObserveUse(ifindex, address, now);
  }
  // Received on the parent. `shared_mac` is the parent's own.
  void ObserveNetwork(const ParsedFrame& frame, const NdMessage& message,
                      const MacAddress& shared_mac, MonotonicTime now);
  // The addresses of `ifindex` were read by the command `command_id`: what waited for that can be
  // decided.
  void LookEnded(int32_t ifindex, uint64_t command_id, MonotonicTime now);
  // The host has a route to this on-link prefix on the parent. Said during a dump.
  void ObserveKernelPrefix(const IpPrefix& prefix, MonotonicTime now);
  // Wants what the guest on `ifindex` forms of the known prefixes with the identifiers of its
  // link-local addresses.
  void CombineWithPrefixes(int32_t ifindex, MonotonicTime now) { prefixes_.Combine(ifindex, now); }
  void ForgetSlave(int32_t ifindex);
  void Advance(MonotonicTime now);
  MonotonicTime NextDeadline() const { return dads_.NextDeadline(); }

  const PrefixLearner& prefixes() const { return prefixes_; }

 private:
  void ObserveAdvertisement(const ParsedFrame& frame, const NdMessage& message, MonotonicTime now);
  void ObserveClaim(int32_t ifindex, const IpAddress& address, MonotonicTime now);
  bool MayTake(int32_t ifindex, const Binding& held, MonotonicTime now);
  bool MayHave(int32_t ifindex, const IpAddress& address, MonotonicTime now);
  void AwaitPrefix(int32_t ifindex, const IpAddress& address, MonotonicTime now);
  void Learn(int32_t ifindex, const IpAddress& address, MonotonicTime now);
  void RetryClaims(const IpPrefix& prefix, MonotonicTime now);

  // nd_duplicates.cc: rules D1 to D5
  void ObserveTest(int32_t ifindex, const NdMessage& message, MonotonicTime now);
  void ObserveUse(int32_t ifindex, const IpAddress& address, MonotonicTime now);
  void ObserveOtherTest(const ParsedFrame& frame, const NdMessage& message, MonotonicTime now);
  void ObserveOtherUse(const ParsedFrame& frame, const NdMessage& message,
                       const MacAddress& shared_mac, MonotonicTime now);
  void ObserveDuplicate(const IpAddress& address, const MacAddress& mac, MonotonicTime now);
  bool IsRace(int32_t ifindex, const Binding& held, MonotonicTime now);
  bool HasWon(int32_t ifindex, const Binding& held) const;
  void EndRaces(MonotonicTime now);

  AddressBook* book_;
  ConflictWatch* conflicts_;
  PrefixLearner prefixes_;
  NdClaims claims_;
  DadWatch dads_;
};

}  // namespace l3sync
