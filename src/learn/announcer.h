#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_map.h"

#include "learn/address_book.h"
#include "learn/monotonic_time.h"
#include "wire/ip_address.h"

namespace l3sync {

// Tells the network where a guest's address is, before anybody asks (rule D8): ARP announcements of
// IPv4, and of IPv6, but for link-local, an unsolicited neighbour advertisement to the routers. The
// guests can't be told apart by their MAC, and a router that knew the address elsewhere learns it
// anew. Off unless asked for.
class Announcer {
 public:
  static constexpr int kArpAnnouncements = 2;                    // ANNOUNCE_NUM, RFC 5227 §1.1
  static constexpr int kAdvertisements = 1;                      // of up to 3, RFC 9131 §6.1.2
  static constexpr absl::Duration kInterval = absl::Seconds(2);  // ANNOUNCE_INTERVAL
  // ipvlan queues 1000 multicasts of a port, guests' DHCP among them, and drops the rest
  // (IPVLAN_QBACKLOG_LIMIT, fact F13).
  static constexpr absl::Duration kGap = absl::Milliseconds(10);
  // Addresses that are being announced; more than that at once are not.
  static constexpr size_t kMax = 1024;

  // `book` is not owned and must outlive this object.
  Announcer(AddressBook* book, bool is_enabled) : book_(book), is_enabled_(is_enabled) {}

  // The guest on `ifindex` has `address` and the kernel knows it.
  void Announce(int32_t ifindex, const IpAddress& address, MonotonicTime now);

  // Sends what is due, to be called at NextDeadline() or later.
  void Advance(MonotonicTime now);
  MonotonicTime NextDeadline() const;

 private:
  static constexpr absl::Duration kNoRoomRetry = absl::Milliseconds(20);

  using Key = std::pair<int32_t, IpAddress>;
  struct Entry {
    int left = 0;       // announcements to be sent
    MonotonicTime due;  // of the next one
  };

  bool IsBound(const Key& key) const;
  void SetDue(const Key& key, Entry* entry, MonotonicTime due);
  void Forget(const Key& key, const Entry& entry);

  AddressBook* book_;
  const bool is_enabled_;
  absl::flat_hash_map<Key, Entry> entries_;
  absl::btree_set<std::pair<MonotonicTime, Key>> due_;  // one for each entry
  MonotonicTime next_send_;                             // not before it
};

}  // namespace l3sync
