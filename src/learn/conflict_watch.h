#pragma once

#include <cstddef>

#include "absl/container/flat_hash_map.h"

#include "learn/address_book.h"
#include "wire/arp.h"

namespace l3sync {

// Somebody on the network uses an address of a guest. An IPv4 guest can't see it (rule D7, RFC 5227
// §2.4): the reply to its probe has no target address, and ipvlan finds no slave for it. It is said
// and nothing else: the network's DHCP server is in charge of the address. What becomes of an IPv6
// address is the NdLearner's (rule D2).
class ConflictWatch {
 public:
  // The same conflict is said once in this time.
  static constexpr absl::Duration kInterval = absl::Minutes(1);
  static constexpr size_t kMax = 1024;  // said in that time; more conflicts than that are one

  // Both are not owned and must outlive this object.
  ConflictWatch(AddressBook* book, Output* output) : book_(book), output_(output) {}

  // Received on the parent. A sender with the shared MAC is a guest of ours, or a proxy that
  // reflects it (rule F21).
  void ObserveArp(const ArpMessage& message, const MacAddress& shared_mac, MonotonicTime now);

  // The station `mac` uses the address of `binding`.
  void Say(const Binding& binding, const MacAddress& mac, MonotonicTime now);

 private:
  AddressBook* book_;
  Output* output_;
  absl::flat_hash_map<IpAddress, MonotonicTime> said_;
};

}  // namespace l3sync
