#pragma once

#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"

#include "learn/address_book.h"
#include "learn/dhcp6_transaction.h"
#include "learn/nd_learner.h"
#include "wire/frame.h"

namespace l3sync {

// DHCPv6 between the guests and their servers: rules S6-1 to S6-9. A Reply binds what it grants; no
// other message does. The addresses that replies go to, mostly link-local ones, are the
// NdLearner's; a client that sends from one claims it.
class Dhcp6Learner {
 public:
  // A client that declined asks anew, and a correct server grants another address then.
  static constexpr absl::Duration kDeclineHold = absl::Seconds(10);
  // Addresses that guests gave up, remembered until no answer to an earlier request can come.
  static constexpr size_t kMaxGivenUp = 1024;
  // Replies whose link-local destination is not yet known to be the guest's own: it takes one look
  // at the slave.
  static constexpr size_t kMaxEarlyReplies = 256;
  static constexpr size_t kMaxEarlyRepliesPerSlave = 4;

  // Both are not owned and must outlive this object.
  Dhcp6Learner(AddressBook* book, NdLearner* nd) : book_(book), nd_(nd) {}

  // Sent by the guest on `ifindex`.
  void ObserveClient(int32_t ifindex, const ParsedFrame& frame, const Dhcp6Message& message,
                     MonotonicTime now);
  // Received on the parent. `bytes` is the frame, which is delivered to a guest if the kernel could
  // not.
  void ObserveServer(const ParsedFrame& frame, const Dhcp6Message& message, ByteSpan bytes,
                     MonotonicTime now);
  // Hands the early replies whose destination has become the guest's to the installer. Before its
  // Flush: a reply must be there before its address is.
  void DeliverEarly(MonotonicTime now);
  void ForgetSlave(int32_t ifindex);
  void Advance(MonotonicTime now);

 private:
  // The lease that a Reply grants, or with `ends` takes back.
  struct Grant {
    Binding lease;
    bool ends = false;
  };
  struct GivenUp {
    int32_t ifindex = 0;
    MonotonicTime at;
    bool declined = false;
  };
  struct EarlyReply {
    int32_t ifindex = 0;
    IpAddress address;  // destination
    uint32_t xid = 0;
    Dhcp6Type type{};
    MonotonicTime since;
    std::vector<uint8_t> frame;  // rewritten for delivery
  };

  void ObserveRequest(int32_t ifindex, const ParsedFrame& frame, const Dhcp6Message& message,
                      MonotonicTime now);
  void ObserveGivenUp(int32_t ifindex, const Dhcp6Message& message, MonotonicTime now);
  void ObserveRegistration(int32_t ifindex, const ParsedFrame& frame, const Dhcp6Message& message,
                           MonotonicTime now);
  bool MayAnswer(const Dhcp6Transaction& transaction, const Dhcp6Message& message);
  void ObserveReply(const Dhcp6Transaction& transaction, const Dhcp6Message& reply,
                    MonotonicTime now);
  std::vector<Grant> GrantsOf(const Dhcp6Transaction& transaction, const Dhcp6Message& reply,
                              MonotonicTime now);
  void Bind(int32_t ifindex, std::vector<Grant> grants, bool is_whole, MonotonicTime now);
  Reason Refusal(const Binding& lease, int32_t* other_ifindex, MonotonicTime now) const;
  void RefuseOrContest(const Binding& lease, Reason reason, int32_t other_ifindex,
                       MonotonicTime now);
  bool IsOwn(int32_t ifindex, const IpAddress& address) const;
  bool WasGivenUp(const Dhcp6Transaction& transaction, const IpAddress& address) const;
  void NoteServers(const ParsedFrame& frame, const Dhcp6Message& message);
  void NoteDelegation(int32_t ifindex);
  void Deliver(const Dhcp6Transaction& transaction, const Dhcp6Message& message, ByteSpan bytes,
               MonotonicTime now);
  void KeepEarly(EarlyReply reply);

  AddressBook* book_;
  NdLearner* nd_;
  Dhcp6Transactions transactions_;
  absl::flat_hash_map<IpAddress, GivenUp> given_up_;
  std::vector<EarlyReply> early_;
  absl::flat_hash_set<int32_t> delegations_said_;
};

}  // namespace l3sync
