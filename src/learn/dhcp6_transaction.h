#pragma once

#include <cstdint>
#include <utility>

#include "absl/container/inlined_vector.h"

#include "learn/monotonic_time.h"
#include "learn/transactions.h"
#include "wire/dhcp6.h"

namespace l3sync {

// One DHCPv6 exchange of one client on one slave that a server may still answer (rule S6-1). A
// retransmission keeps its transaction id (RFC 8415 §16.1).
struct Dhcp6Transaction {
  int32_t ifindex = 0;
  uint32_t xid = 0;                    // 24 bits
  ClientIdentifier client_identifier;  // the DUID; empty in some Information-requests
  Dhcp6Type type{};
  IpAddress source;         // of the packet: where the answer goes (RFC 8415 §18.3.10)
  ClientIdentifier server;  // the DUID that it names; empty if none
  bool rapid_commit = false;
  // (temporary, IAID) of what it asks for, at most kMaxDhcp6Associations.
  absl::InlinedVector<std::pair<bool, uint32_t>, 2> associations;
  MonotonicTime first_sent;
  MonotonicTime last_sent;
};

using Dhcp6Transactions = TransactionTable<Dhcp6Transaction>;

}  // namespace l3sync
