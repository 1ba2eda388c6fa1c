#include "learn/transactions.h"

#include <algorithm>
#include <utility>

#include "learn/dhcp6_transaction.h"

namespace l3sync {

template <typename Request>
bool TransactionTable<Request>::Record(Request request) {
  const MonotonicTime now = request.last_sent;
  Expire(now);
  Entries& entries = by_xid_[request.xid];
  size_t own = 0;
  for (Entry& entry : entries) {
    Request& known = entry.transaction;
    if (known.ifindex != request.ifindex) continue;
    ++own;
    if (known.client_identifier != request.client_identifier) continue;
    by_age_.erase({known.last_sent, known.ifindex, known.xid, entry.serial});
    request.first_sent = known.first_sent;
    known = std::move(request);
    by_age_.insert({known.last_sent, known.ifindex, known.xid, entry.serial});
    return true;
  }
  if (entries.size() >= kMaxHolders || own >= kMaxHoldersOfOneSlave) return false;
  request.first_sent = now;
  const int32_t ifindex = request.ifindex;
  const uint64_t serial = next_serial_++;
  by_age_.insert({now, ifindex, request.xid, serial});
  entries.push_back({std::move(request), serial});
  if (++count_of_slave_[ifindex] > kMaxPerSlave) EvictOldestOf(ifindex);
  return true;
}

template <typename Request>
typename TransactionTable<Request>::Match TransactionTable<Request>::Find(
    uint32_t xid, const ClientIdentifier& client_identifier, int32_t lease_holder,
    MonotonicTime now) const {
  Match match;
  const auto it = by_xid_.find(xid);
  if (it == by_xid_.end()) return match;
  // A server that echoes an identifier names the client by it. One that invents an identifier for a
  // client that sent none is tolerated, unless some client really has it.
  const auto alive = [&](const Request& t) { return now - t.last_sent < kLifetime; };
  const bool exact = std::any_of(it->second.begin(), it->second.end(), [&](const Entry& entry) {
    return alive(entry.transaction) && entry.transaction.client_identifier == client_identifier;
  });
  for (const Entry& entry : it->second) {
    const Request& t = entry.transaction;
    if (!alive(t)) continue;
    if (!client_identifier.empty()) {
      const bool same = t.client_identifier == client_identifier;
      if (exact ? !same : !t.client_identifier.empty()) continue;
    }
    if (match.transaction != nullptr && match.transaction->ifindex != t.ifindex)
      match.copied = true;
    const auto rank = [&](const Request& candidate) {
      return std::pair(candidate.ifindex != lease_holder, candidate.first_sent);
    };
    if (match.transaction == nullptr || rank(t) < rank(*match.transaction)) match.transaction = &t;
  }
  return match;
}

template <typename Request>
void TransactionTable<Request>::ForgetSlave(int32_t ifindex) {
  absl::InlinedVector<Age, kMaxPerSlave> ages;
  for (const Age& age : by_age_) {
    if (age.ifindex == ifindex) ages.push_back(age);
  }
  for (const Age& age : ages) Erase(age);
}

template <typename Request>
void TransactionTable<Request>::Expire(MonotonicTime now) {
  while (!by_age_.empty() && now - by_age_.begin()->last_sent >= kLifetime) {
    const Age oldest = *by_age_.begin();
    Erase(oldest);
  }
}

template <typename Request>
void TransactionTable<Request>::Erase(const Age& age) {
  const auto it = by_xid_.find(age.xid);
  if (it != by_xid_.end()) {
    Entries& entries = it->second;
    const auto entry = std::find_if(entries.begin(), entries.end(),
                                    [&](const Entry& e) { return e.serial == age.serial; });
    if (entry != entries.end()) entries.erase(entry);
    if (entries.empty()) by_xid_.erase(it);
  }
  if (const auto count = count_of_slave_.find(age.ifindex); count != count_of_slave_.end()) {
    if (--count->second == 0) count_of_slave_.erase(count);
  }
  by_age_.erase(age);
}

template <typename Request>
void TransactionTable<Request>::EvictOldestOf(int32_t ifindex) {
  const auto it = std::find_if(by_age_.begin(), by_age_.end(),
                               [&](const Age& age) { return age.ifindex == ifindex; });
  if (it == by_age_.end()) return;
  const Age oldest = *it;
  Erase(oldest);
}

template class TransactionTable<Transaction>;
template class TransactionTable<Dhcp6Transaction>;

}  // namespace l3sync
