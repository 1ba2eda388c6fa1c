#pragma once

#include <cstdint>

#include "absl/container/flat_hash_set.h"

#include "learn/address_book.h"
#include "learn/forgeries.h"
#include "learn/output.h"
#include "wire/frame.h"

namespace l3sync {

// Guests that speak as servers and routers do (rules Q1 to Q4): who does is quarantined and named,
// and what comes back of what guests sent is told from what the network says.
class ForgeryWatch {
 public:
  // Both are not owned and must outlive this object.
  ForgeryWatch(AddressBook* book, Output* output) : book_(book), output_(output) {}

  // Sent by the guest on `ifindex`, a served slave. True if it is a message of a server or router:
  // evidence, and nothing else.
  bool ObserveGuest(int32_t ifindex, const ParsedFrame& frame, MonotonicTime now);
  // Received on the parent, whose slaves have `shared_mac`. True if a guest has sent it: it is
  // counted, and not to be learned from.
  bool ObserveNetwork(int32_t parent_ifindex, const ParsedFrame& frame,
                      const MacAddress& shared_mac, MonotonicTime now);

  void ForgetSlave(int32_t ifindex);
  void Advance(MonotonicTime now);
  MonotonicTime NextDeadline() const { return book_->quarantine().NextDeadline(); }

 private:
  void SayReflection(int32_t parent_ifindex, Reason reason, int32_t ifindex);

  AddressBook* book_;
  Output* output_;
  Forgeries forgeries_;
  absl::flat_hash_set<Reason> reflections_said_;  // once a run: it is a fact of the network
};

}  // namespace l3sync
