#pragma once

#include <cstdint>
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
};

// The bindings of one parent. An address is on one slave at most (rule T1; the kernel's F6).
class BindingTable {
 public:
  static constexpr size_t kMaxPerSlave =
      64;  // several prefixes with 10 temporary addresses each (rule L4)
  static constexpr size_t kMaxDhcpPerSlave =
      16;                                // of these; the guest's own and some nested clients'
  static constexpr size_t kMax = 65536;  // 4096 guests with 16 addresses each

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
  std::vector<IpAddress> All() const;
  // In order; what it costs is what it finds.
  std::vector<IpAddress> AddressesIn(const IpPrefix& prefix) const;

  MonotonicTime NextExpiry() const;  // Never() if nothing expires
  // The addresses whose valid_until is not after `now`.
  std::vector<IpAddress> Expired(MonotonicTime now) const;

 private:
  absl::btree_map<IpAddress, Binding> bindings_;
  absl::flat_hash_map<int32_t, absl::flat_hash_set<IpAddress>> of_slave_;
  absl::btree_set<std::pair<MonotonicTime, IpAddress>> by_expiry_;
};

}  // namespace l3sync
