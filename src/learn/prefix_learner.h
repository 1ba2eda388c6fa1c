#pragma once

#include <cstdint>

#include "learn/address_book.h"
#include "learn/prefix_list.h"

namespace l3sync {

// What the prefixes of the link make of the guests' addresses: their lifetimes, and those that a
// guest forms with the identifier of its link-local address (rules L1 to L3, L5).
class PrefixLearner {
 public:
  // `book` is not owned and must outlive this object.
  explicit PrefixLearner(AddressBook* book) : book_(book) {}

  // Both are true if the prefix is new: what waited for it can be decided.
  bool Observe(const PrefixInformation& information, MonotonicTime now);
  bool ObserveKernel(const IpPrefix& route, MonotonicTime now);

  const PrefixList::Prefix* PrefixOf(const IpAddress& address) const {
    return prefixes_.Of(address);
  }
  // Wants what the guest on `ifindex` forms of the known prefixes.
  void Combine(int32_t ifindex, MonotonicTime now);
  void Advance(MonotonicTime now) { prefixes_.Expire(now); }

  // How many bindings RAs have made us look at: what an RA costs.
  uint64_t bindings_visited() const { return bindings_visited_; }

 private:
  void Refresh(const PrefixInformation& information, MonotonicTime now);
  void Extend(const IpPrefix& prefix, MonotonicTime end);
  void CombineWithAll(const IpPrefix& prefix, MonotonicTime now);
  void CombineOne(const IpPrefix& prefix, const IpAddress& link_local, MonotonicTime now);

  AddressBook* book_;
  PrefixList prefixes_;
  uint64_t bindings_visited_ = 0;
};

}  // namespace l3sync
