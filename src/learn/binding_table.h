#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"

#include "learn/event.h"
#include "learn/monotonic_time.h"
#include "learn/transactions.h"
#include "wire/ip_address.h"

namespace l3sync {

// That one address belongs on one slave, and until when: what l3sync wants. What the kernel has is
// the installer's.
struct Binding {
  IpAddress address;
  int32_t ifindex = 0;
  Origin origin = Origin::kNone;
  uint32_t xid = 0;                    // DHCP only
  ClientIdentifier client_identifier;  // DHCP only: option 61, or the DUID
  uint32_t iaid = 0;                   // DHCPv6 only
  MonotonicTime created;
  MonotonicTime last_evidence;  // when the guest or the network last spoke of it
  MonotonicTime valid_until;
  MonotonicTime preferred_until;  // ≤ valid_until

  bool is_dhcp4() const { return origin == Origin::kDhcp4Offer || origin == Origin::kDhcp4Ack; }
  bool is_configured() const { return origin == Origin::kBind; }
  bool is_dhcp() const {
    return is_dhcp4() || origin == Origin::kDhcp6Reply || origin == Origin::kAdoptedLease;
  }
  // Found in the kernel, of an earlier run; nobody has spoken of it since.
  bool is_adopted() const { return origin == Origin::kAdopted || origin == Origin::kAdoptedLease; }
  // By its guest itself, so that it may be evicted. IPv4 of an earlier run is a lease too.
  bool is_formed() const { return address.is_v6() && !is_dhcp() && !is_configured(); }
};

// The bindings of one parent. An address is on one slave at most (rule T1; the kernel's F6). Keeps
// the order of eviction (rules T3, L4) and evicts nothing by itself.
class BindingTable {
 public:
  static constexpr size_t kMaxPerSlave =
      64;  // several prefixes with 10 temporary addresses each (rule L4)
  static constexpr size_t kMaxDhcpPerSlave =
      16;                                // of these; the guest's own and some nested clients'
  static constexpr size_t kMax = 65536;  // 4096 guests with 16 addresses each
  // Of a slave, whatever the others have: also beyond kMax, where nothing of theirs may go.
  static constexpr size_t kReservedPerSlave = 4;

  explicit BindingTable(size_t max = kMax) : max_(max) {}

  // Null if there is none. Valid until the next call of a non-const member.
  const Binding* Find(const IpAddress& address) const;
  // Adds, or replaces the binding of that address, whoever had it.
  void Put(const Binding& binding);
  // No effect if there is none.
  void Remove(const IpAddress& address);

  size_t size() const { return bindings_.size(); }
  size_t CountOf(int32_t ifindex) const;
  size_t CountDhcpOf(int32_t ifindex) const;
  std::vector<IpAddress> AddressesOf(int32_t ifindex) const;
  bool is_full() const { return bindings_.size() >= max_; }
  // How many more addresses the slave may have, if it gives up all that its guest formed itself.
  size_t RoomOf(int32_t ifindex) const;
  // What makes room for one more address of the slave; null if nothing need go, or nothing can.
  // Within one slave the longest silent address that the guest formed itself goes, but one that is
  // deprecated before all others; for a slave below its reserve the newest one of the slave with
  // the most of these. Valid until the next call of a non-const member.
  const Binding* ToEvictFor(int32_t ifindex, MonotonicTime now) const;
  std::vector<IpAddress> All() const;
  // In order; what it costs is what it finds.
  std::vector<IpAddress> AddressesIn(const IpPrefix& prefix) const;

  MonotonicTime NextExpiry() const;  // Never() if nothing expires
  // The addresses whose valid_until is not after `now`.
  std::vector<IpAddress> Expired(MonotonicTime now) const;

 private:
  struct OfSlave {
    absl::flat_hash_set<IpAddress> addresses;
    size_t formed = 0;
  };

  void SetFormed(int32_t ifindex, OfSlave* slave, size_t formed);
  const Binding* LeastUsedOf(int32_t ifindex, MonotonicTime now) const;
  const Binding* NewestOfGreediest() const;

  const size_t max_;
  absl::btree_map<IpAddress, Binding> bindings_;
  absl::flat_hash_map<int32_t, OfSlave> of_slave_;
  absl::btree_set<std::pair<size_t, int32_t>> by_formed_;  // slaves that formed any
  absl::btree_set<std::pair<MonotonicTime, IpAddress>> by_expiry_;
};

}  // namespace l3sync
