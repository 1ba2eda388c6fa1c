#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "absl/container/flat_hash_map.h"

#include "learn/address_book.h"
#include "learn/transactions.h"
#include "wire/frame.h"

namespace l3sync {

// DHCPv4 between the guests and their servers: rules S4-1 to S4-17.
class Dhcp4Learner {
 public:
  static constexpr absl::Duration kOfferLifetime = absl::Seconds(60);
  // A client that declined waits at least this long (RFC 2131 §3.1.5), and a correct server offers
  // another address then.
  static constexpr absl::Duration kDeclineHold = absl::Seconds(10);
  static constexpr size_t kMaxDeclined = 1024;
  // Guests that were offered one address at the same moment (dnsmasq does so): one after the other
  // gets its OFFER.
  static constexpr size_t kMaxWaitingOffers = 512;

  // `book` is not owned and must outlive this object.
  explicit Dhcp4Learner(AddressBook* book) : book_(book) {}

  // Sent by the guest on `ifindex`.
  void ObserveClient(int32_t ifindex, const ParsedFrame& frame, const Dhcp4Message& message,
                     MonotonicTime now);
  // Received on the parent. `bytes` is the frame, which is delivered to a guest if the kernel could
  // not.
  void ObserveServer(const ParsedFrame& frame, const Dhcp4Message& message, ByteSpan bytes,
                     MonotonicTime now);
  // A reply for `address` was delivered, or never will be: the next slave that was offered it has
  // its turn.
  void ReplySettled(const IpAddress& address, MonotonicTime now);
  void ForgetSlave(int32_t ifindex);
  void Advance(MonotonicTime now);

 private:
  struct Reply {
    const ParsedFrame& frame;
    const Dhcp4Message& message;
    ByteSpan bytes;
    bool unicast;
  };
  struct WaitingOffer {
    Binding binding;
    std::vector<uint8_t> frame;
  };

  void ObserveRequest(int32_t ifindex, const ParsedFrame& frame, const Dhcp4Message& message,
                      MonotonicTime now);
  void ObserveGivenUp(int32_t ifindex, const Dhcp4Message& message, MonotonicTime now);
  void ObserveOffer(const Transaction& transaction, const Reply& reply, MonotonicTime now);
  void ObserveAck(const Transaction& transaction, const Reply& reply, MonotonicTime now);
  void ObserveNak(const Transaction& transaction, const Dhcp4Message& message);
  Reason Refusal(int32_t ifindex, const IpAddress& address, const IpAddress& mask, Origin origin,
                 int32_t* other_ifindex, MonotonicTime now) const;
  void AwaitTurn(WaitingOffer offer);
  bool TakeTurn(WaitingOffer offer, MonotonicTime now);
  void BindLease(const Transaction& transaction, const Reply& reply, Binding lease,
                 MonotonicTime now);
  void Deliver(const Transaction& transaction, const Reply& reply, const IpAddress& address,
               MonotonicTime now);
  // Unless the owner is asked first whether it still uses the address (rule D6).
  void RefuseOrContest(const Binding& claim, Reason reason, int32_t other_ifindex,
                       MonotonicTime now);

  AddressBook* book_;
  Transactions transactions_;
  absl::flat_hash_map<IpAddress, std::deque<WaitingOffer>> waiting_;
  size_t waiting_count_ = 0;
  struct Declined {
    int32_t ifindex;
    MonotonicTime until;
  };
  absl::flat_hash_map<IpAddress, Declined> declined_;
};

}  // namespace l3sync
