#pragma once

#include <cstdint>

#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"

#include "learn/monotonic_time.h"
#include "wire/dhcp4.h"

namespace l3sync {

// Option 61, opaque; empty if the client sent none.
using ClientIdentifier = absl::InlinedVector<uint8_t, 32>;

// What a client asked last (RFC 2131 §4.3.2, table 4; rule S4-4).
enum class RequestKind : uint8_t {
  kDiscover,
  kSelecting,
  kInitReboot,
  kRenewing,
  kRebinding,
  kInform
};

// One DHCPv4 exchange of one client on one slave that a server may still answer.
struct Transaction {
  int32_t ifindex = 0;
  uint32_t xid = 0;
  ClientIdentifier client_identifier;
  RequestKind kind{};
  IpAddress requested;  // option 50, or ciaddr, which the client has; none in most DISCOVERs
  IpAddress server;     // option 54 of a SELECTING REQUEST; none otherwise
  bool rapid_commit = false;
  MonotonicTime first_sent;
  MonotonicTime last_sent;
};

// The requests that wait for an answer, over all slaves of one parent: rules S4-1, S4-2, S4-16, and
// S6-1 for DHCPv6, whose client identifier is the DUID. `Request` has the members ifindex, xid,
// client_identifier, first_sent and last_sent.
template <typename Request>
class TransactionTable {
 public:
  static constexpr absl::Duration kLifetime =
      absl::Seconds(120);  // MAX_DHCP_RESPONSE_TIME, RFC 7513 §10
  // A slave has a client or a few nested ones, each with one exchange at a time; a client that
  // draws a new xid for each try makes five in 120 s (RFC 2131 §4.1). The oldest goes first.
  static constexpr size_t kMaxPerSlave = 16;
  // Clients that use one xid at once: two by chance once in 2^32; more on purpose, or because their
  // boot ROMs make it of the MAC address, which all share. The first ones stay, and one slave can
  // not take all the places.
  static constexpr size_t kMaxHolders = 64;
  static constexpr size_t kMaxHoldersOfOneSlave = 2;

  // A request of `request.ifindex` was sent. Its first_sent is set here: a retransmission, or a
  // REQUEST that goes on with the xid of its DISCOVER, keeps the first one's. False if the xid has
  // too many holders.
  bool Record(Request request);

  struct Match {
    const Request* transaction = nullptr;  // valid until the next call of a non-const member
    bool copied = false;                   // another slave used the same xid and lost
  };
  // The exchange that a reply with this xid and client identifier (empty: the server did not echo
  // it, RFC 6842) answers: of several slaves', that of `lease_holder`, the slave that has the
  // address of the reply by lease (0: none), for some clients renew with the xid of long ago; else
  // the one that used the pair first. So a copy gets nothing and denies nothing.
  Match Find(uint32_t xid, const ClientIdentifier& client_identifier, int32_t lease_holder,
             MonotonicTime now) const;

  void ForgetSlave(int32_t ifindex);
  void Expire(MonotonicTime now);
  size_t size() const { return by_age_.size(); }

 private:
  struct Age {
    MonotonicTime last_sent;
    int32_t ifindex;
    uint32_t xid;
    uint64_t serial;
    bool operator<(const Age& other) const {
      if (last_sent != other.last_sent) return last_sent < other.last_sent;
      return serial < other.serial;
    }
  };
  struct Entry {
    Request transaction;
    uint64_t serial = 0;
  };
  using Entries = absl::InlinedVector<Entry, 1>;

  void Erase(const Age& age);
  void EvictOldestOf(int32_t ifindex);

  uint64_t next_serial_ = 0;
  absl::flat_hash_map<uint32_t, Entries> by_xid_;
  absl::btree_set<Age> by_age_;
  absl::flat_hash_map<int32_t, size_t> count_of_slave_;
};

using Transactions = TransactionTable<Transaction>;

}  // namespace l3sync
