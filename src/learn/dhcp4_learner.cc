#include "learn/dhcp4_learner.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "wire/delivery.h"

namespace l3sync {
namespace {

constexpr uint8_t kBootReply = 2;

bool IsZero(const IpAddress& address) { return !address.has_value() || address.is_unspecified(); }

MonotonicTime EndOf(MonotonicTime start, uint32_t lifetime_sec) {
  return lifetime_sec == kInfiniteLifetimeSec ? MonotonicTime::Never()
                                              : start + absl::Seconds(lifetime_sec);
}

// The network or broadcast address of the subnet that the server itself names (rule S4-5). A mask
// that is not contiguous, or longer than /30, says nothing.
bool IsEdgeOfOwnSubnet(const IpAddress& address, const IpAddress& mask) {
  if (!mask.is_v4() || !address.is_v4()) return false;
  const uint32_t host_bits = ~mask.v4();
  const bool is_contiguous = std::countl_zero(host_bits) + std::countr_one(host_bits) == 32;
  if (!is_contiguous || host_bits < 3) return false;
  const uint32_t host = address.v4() & host_bits;
  return host == 0 || host == host_bits;
}

// RFC 2131 §4.1: to all stations, or to the address that it gives; to the one that its client has
// only if the client says so itself, for any other one may be a guest's that had its own message
// routed back to it (kernel-facts B.2). A reply to one station, but to all IPv4 hosts, reaches no
// slave (kernel-facts C).
bool IsToClient(const Transaction& transaction, const ParsedFrame& frame,
                const Dhcp4Message& message) {
  if (frame.destination_mac.is_group()) return frame.destination.is_limited_broadcast();
  if (frame.destination == message.yiaddr) return true;
  const bool has_address = transaction.kind == RequestKind::kRenewing ||
                           transaction.kind == RequestKind::kRebinding ||
                           transaction.kind == RequestKind::kInform;
  return has_address && !IsZero(transaction.requested) &&
         frame.destination == transaction.requested;
}

// Whether the slave of `transaction` may have one more lease (rule T3). What the same client had
// goes with its new one (rule S4-12) and takes no room.
bool HasRoomFor(const BindingTable& bindings, const Transaction& transaction,
                const IpAddress& address) {
  size_t others = 0;
  for (const IpAddress& other : bindings.AddressesOf(transaction.ifindex)) {
    if (other == address) return true;
    const Binding* binding = bindings.Find(other);
    const bool goes =
        binding->is_dhcp4() && binding->client_identifier == transaction.client_identifier;
    if (binding->is_dhcp() && !goes) ++others;
  }
  return others < BindingTable::kMaxDhcpPerSlave;
}

}  // namespace

// ---- What guests say
// -----------------------------------------------------------------------------------------------

void Dhcp4Learner::ObserveClient(int32_t ifindex, const ParsedFrame& frame,
                                 const Dhcp4Message& message, MonotonicTime now) {
  switch (message.type) {
    case Dhcp4Type::kDiscover:
    case Dhcp4Type::kRequest:
    case Dhcp4Type::kInform:
      return ObserveRequest(ifindex, frame, message, now);
    case Dhcp4Type::kDecline:
    case Dhcp4Type::kRelease:
      return ObserveGivenUp(ifindex, message, now);
    case Dhcp4Type::kOffer:
    case Dhcp4Type::kAck:
    case Dhcp4Type::kNak:
    case Dhcp4Type::kForceRenew:
      return book_->Ignore(IgnoreReason::kWrongSide);
  }
}

void Dhcp4Learner::ObserveRequest(int32_t ifindex, const ParsedFrame& frame,
                                  const Dhcp4Message& message, MonotonicTime now) {
  Transaction request;
  request.ifindex = ifindex;
  request.xid = message.xid;
  request.client_identifier = message.client_identifier;
  request.rapid_commit = message.rapid_commit;
  request.last_sent = now;
  request.requested = message.requested_address;
  if (message.type == Dhcp4Type::kDiscover) {
    request.kind = RequestKind::kDiscover;
  } else if (message.type == Dhcp4Type::kInform) {
    request.kind = RequestKind::kInform;
    request.requested = message.ciaddr;
  } else if (message.server_identifier.has_value() && message.requested_address.has_value()) {
    request.kind = RequestKind::kSelecting;
    request.server = message.server_identifier;
  } else if (!IsZero(message.ciaddr)) {
    request.kind =
        frame.destination_mac.is_group() ? RequestKind::kRebinding : RequestKind::kRenewing;
    request.requested = message.ciaddr;
  } else if (message.requested_address.has_value()) {
    request.kind = RequestKind::kInitReboot;
  } else {
    return book_->Ignore(IgnoreReason::kUnclassifiedRequest);
  }
  if (!transactions_.Record(std::move(request))) book_->Ignore(IgnoreReason::kTooManyHolders);
}

// RELEASE names the address in ciaddr, DECLINE in option 50 (RFC 2131 table 5). Neither has the xid
// of its lease: the slave is what counts (rules S4-10, S4-11).
void Dhcp4Learner::ObserveGivenUp(int32_t ifindex, const Dhcp4Message& message, MonotonicTime now) {
  const bool declined = message.type == Dhcp4Type::kDecline;
  const IpAddress address = declined ? message.requested_address : message.ciaddr;
  const Binding* binding = book_->bindings().Find(address);
  if (binding == nullptr || binding->ifindex != ifindex) {
    return book_->Ignore(declined ? IgnoreReason::kSpoofedDecline : IgnoreReason::kSpoofedRelease);
  }
  if (declined) {
    if (declined_.size() >= kMaxDeclined) declined_.clear();
    declined_[address] = {ifindex, now + kDeclineHold};
  }
  book_->Unwant(address, declined ? Reason::kDeclined : Reason::kReleased);
}

// ---- What servers say
// ----------------------------------------------------------------------------------------------

void Dhcp4Learner::ObserveServer(const ParsedFrame& frame, const Dhcp4Message& message,
                                 ByteSpan bytes, MonotonicTime now) {
  if (message.op != kBootReply) return book_->Ignore(IgnoreReason::kWrongOpcode);
  if (message.type == Dhcp4Type::kForceRenew) return book_->Ignore(IgnoreReason::kForceRenew);
  if (message.type != Dhcp4Type::kOffer && message.type != Dhcp4Type::kAck &&
      message.type != Dhcp4Type::kNak) {
    return book_->Ignore(IgnoreReason::kWrongSide);
  }
  const Binding* lease =
      book_->bindings().Find(IsZero(message.yiaddr) ? message.ciaddr : message.yiaddr);
  const int32_t lease_holder =
      lease != nullptr && lease->origin != Origin::kDhcp4Offer ? lease->ifindex : 0;
  const auto match = transactions_.Find(message.xid, message.client_identifier, lease_holder, now);
  if (match.copied) book_->Ignore(IgnoreReason::kCopiedXid);
  if (match.transaction == nullptr) return book_->Ignore(IgnoreReason::kUnmatchedReply);
  if (!book_->slaves().contains(match.transaction->ifindex)) {
    return book_->Ignore(IgnoreReason::kUnknownInterface);
  }
  const bool unicast = !frame.destination_mac.is_group();
  if (!IsToClient(*match.transaction, frame, message)) {
    return book_->Ignore(IgnoreReason::kReplyNotToClient);
  }
  const Reply reply{frame, message, bytes, unicast};
  switch (message.type) {
    case Dhcp4Type::kOffer:
      return ObserveOffer(*match.transaction, reply, now);
    case Dhcp4Type::kAck:
      return ObserveAck(*match.transaction, reply, now);
    default:
      return ObserveNak(*match.transaction, message);
  }
}

// What forbids `address`, or kNone. `other_ifindex` is set with kHeldBySlave and kConfigured.
Reason Dhcp4Learner::Refusal(int32_t ifindex, const IpAddress& address, const IpAddress& mask,
                             Origin origin, int32_t* other_ifindex, MonotonicTime now) const {
  const BindingTable& bindings = book_->bindings();
  const Binding* binding = bindings.Find(address);
  const bool own = binding != nullptr && binding->ifindex == ifindex;
  if (const Reason reason = book_->Check(ifindex, address, false); reason != Reason::kNone) {
    if (reason == Reason::kConfigured) *other_ifindex = book_->ConfiguredSlaveOf(address);
    return reason;
  }
  if (IsEdgeOfOwnSubnet(address, mask)) return Reason::kSubnetBroadcast;
  const auto declined = declined_.find(address);
  if (declined != declined_.end() && declined->second.ifindex == ifindex &&
      now < declined->second.until) {
    return Reason::kDeclinedBefore;
  }
  // Between slaves first come, first served; but a claim is not a binding: an ACK takes it, and so
  // does the next OFFER. A slave that is down has no guest, and what it had may move: the machine
  // was started anew on another slave.
  if (binding != nullptr && !own && binding->origin != Origin::kDhcp4Offer &&
      book_->IsUp(binding->ifindex)) {
    *other_ifindex = binding->ifindex;
    return Reason::kHeldBySlave;
  }
  if (!own && origin == Origin::kDhcp4Offer &&
      bindings.CountDhcpOf(ifindex) >= BindingTable::kMaxDhcpPerSlave) {
    return Reason::kQuota;
  }
  if (!own && bindings.RoomOf(ifindex) == 0) return Reason::kQuota;
  return Reason::kNone;
}

void Dhcp4Learner::RefuseOrContest(const Binding& claim, Reason reason, int32_t other_ifindex,
                                   MonotonicTime now) {
  if (reason == Reason::kHeldBySlave) {
    if (book_->Contest(claim, now)) return;
    reason = book_->WhyHeld(claim);
  }
  book_->Refuse(claim.ifindex, claim.address, claim.origin, reason, other_ifindex, now);
}

void Dhcp4Learner::ObserveOffer(const Transaction& transaction, const Reply& reply,
                                MonotonicTime now) {
  const Dhcp4Message& offer = reply.message;
  if (transaction.kind != RequestKind::kDiscover)
    return book_->Ignore(IgnoreReason::kOfferOutOfTurn);
  if (!offer.server_identifier.has_value()) return book_->Ignore(IgnoreReason::kNoServerIdentifier);
  const IpAddress address = offer.yiaddr;
  if (IsZero(address)) return book_->Ignore(IgnoreReason::kNoAddress);
  Binding claim;
  claim.address = address;
  claim.ifindex = transaction.ifindex;
  claim.origin = Origin::kDhcp4Offer;
  claim.xid = offer.xid;
  claim.client_identifier = transaction.client_identifier;
  claim.valid_until = claim.preferred_until = now + kOfferLifetime;
  int32_t other_ifindex = 0;
  const Reason refusal = Refusal(transaction.ifindex, address, offer.subnet_mask,
                                 Origin::kDhcp4Offer, &other_ifindex, now);
  if (refusal != Reason::kNone) return RefuseOrContest(claim, refusal, other_ifindex, now);
  book_->NoteServer(offer.server_identifier);
  const Binding* holder = book_->bindings().Find(address);
  if (holder != nullptr && holder->ifindex != transaction.ifindex &&
      book_->installer().AwaitsDelivery(holder->ifindex, address)) {
    if (!reply.unicast) return;  // every slave has it already
    return AwaitTurn({std::move(claim), {reply.bytes.begin(), reply.bytes.end()}});
  }
  // A lease that the guest still has (it started anew) outlives an OFFER of the same address.
  const bool has_better = holder != nullptr && holder->ifindex == transaction.ifindex &&
                          holder->valid_until > claim.valid_until;
  if (!has_better) book_->Want(std::move(claim), now);
  Deliver(transaction, reply, address, now);
}

void Dhcp4Learner::ObserveAck(const Transaction& transaction, const Reply& reply,
                              MonotonicTime now) {
  const Dhcp4Message& ack = reply.message;
  switch (transaction.kind) {
    case RequestKind::kInform:
      return book_->Ignore(IgnoreReason::kInformAnswered);
    case RequestKind::kDiscover:  // RFC 4039 §3.1
      if (!transaction.rapid_commit || !ack.rapid_commit)
        return book_->Ignore(IgnoreReason::kAckOutOfTurn);
      break;
    case RequestKind::kSelecting:
      if (ack.server_identifier.has_value() && ack.server_identifier != transaction.server) {
        return book_->Ignore(IgnoreReason::kAckOfOtherServer);
      }
      break;
    case RequestKind::kInitReboot:
    case RequestKind::kRenewing:
    case RequestKind::kRebinding:
      break;
  }
  if (!ack.server_identifier.has_value()) return book_->Ignore(IgnoreReason::kNoServerIdentifier);
  if (!ack.lease_time_sec.has_value()) return book_->Ignore(IgnoreReason::kNoLeaseTime);
  const bool renews =
      transaction.kind == RequestKind::kRenewing || transaction.kind == RequestKind::kRebinding;
  const IpAddress address = IsZero(ack.yiaddr) && renews ? ack.ciaddr : ack.yiaddr;
  if (IsZero(address)) return book_->Ignore(IgnoreReason::kNoAddress);
  // Also a lease that ended before its ACK came: it counts from the REQUEST.
  if (EndOf(transaction.last_sent, *ack.lease_time_sec) <= now) {
    book_->Ignore(IgnoreReason::kZeroLeaseTime);
    const Binding* binding = book_->bindings().Find(address);
    if (binding != nullptr && binding->ifindex == transaction.ifindex) {
      book_->Unwant(address, Reason::kExpired);
    }
    return;
  }
  Binding lease;
  lease.address = address;
  lease.ifindex = transaction.ifindex;
  lease.origin = Origin::kDhcp4Ack;
  lease.xid = transaction.xid;
  lease.client_identifier = transaction.client_identifier;
  // From when the REQUEST was sent (RFC 2131 §4.4.1): the client counts so too.
  lease.valid_until = lease.preferred_until = EndOf(transaction.last_sent, *ack.lease_time_sec);
  int32_t other_ifindex = 0;
  Reason refusal = Refusal(transaction.ifindex, address, ack.subnet_mask, Origin::kDhcp4Ack,
                           &other_ifindex, now);
  if (refusal == Reason::kNone && !HasRoomFor(book_->bindings(), transaction, address)) {
    refusal = Reason::kQuota;
  }
  if (refusal != Reason::kNone) return RefuseOrContest(lease, refusal, other_ifindex, now);
  BindLease(transaction, reply, std::move(lease), now);
}

void Dhcp4Learner::BindLease(const Transaction& transaction, const Reply& reply, Binding lease,
                             MonotonicTime now) {
  const IpAddress address = lease.address;
  book_->Want(std::move(lease), now);
  // The ACK decided: what other servers offered this client, and its old lease, go (rule S4-12).
  for (const IpAddress& other : book_->bindings().AddressesOf(transaction.ifindex)) {
    const Binding* binding = book_->bindings().Find(other);
    if (other == address || !binding->is_dhcp4() ||
        binding->client_identifier != transaction.client_identifier) {
      continue;
    }
    book_->Unwant(
        other, binding->origin == Origin::kDhcp4Offer ? Reason::kOfferNotTaken : Reason::kNewLease);
  }
  book_->NoteServer(reply.message.server_identifier);
  for (const IpAddress& router : reply.message.routers) book_->NoteRouter(router);
  for (const IpAddress& resolver : reply.message.resolvers) book_->NoteResolver(resolver);
  Deliver(transaction, reply, address, now);
}

void Dhcp4Learner::ObserveNak(const Transaction& transaction, const Dhcp4Message& message) {
  if (transaction.kind == RequestKind::kDiscover || transaction.kind == RequestKind::kInform) {
    return book_->Ignore(IgnoreReason::kAckOutOfTurn);
  }
  const bool selecting = transaction.kind == RequestKind::kSelecting;
  if (selecting && message.server_identifier.has_value() &&
      message.server_identifier != transaction.server) {
    return book_->Ignore(IgnoreReason::kNakOfOtherServer);
  }
  const Binding* binding = book_->bindings().Find(transaction.requested);
  if (binding == nullptr || binding->ifindex != transaction.ifindex) return;
  // In SELECTING only the claim goes; a lease of this address is another client's of the same guest
  // (rule S4-9).
  if (selecting && binding->origin != Origin::kDhcp4Offer) return;
  book_->Unwant(transaction.requested, Reason::kNak);
}

void Dhcp4Learner::Deliver(const Transaction& transaction, const Reply& reply,
                           const IpAddress& address, MonotonicTime now) {
  // A broadcast reply reaches every slave by itself.
  if (!reply.unicast || !book_->slaves().contains(transaction.ifindex)) return;
  if (!ParseDelivery(reply.bytes)) {
    return book_->Ignore(IgnoreReason::kUndeliverableReply);
  }
  book_->installer().DeliverWhenPresent(transaction.ifindex, address, transaction.xid,
                                        static_cast<uint8_t>(reply.message.type), reply.bytes, now);
}

void Dhcp4Learner::AwaitTurn(WaitingOffer offer) {
  std::deque<WaitingOffer>& queue = waiting_[offer.binding.address];
  // One turn for each slave, so that a guest that asks on and on takes nobody's.
  if (std::any_of(queue.begin(), queue.end(), [&](const WaitingOffer& other) {
        return other.binding.ifindex == offer.binding.ifindex;
      })) {
    return book_->Ignore(IgnoreReason::kRepeatedReply);
  }
  if (waiting_count_ >= kMaxWaitingOffers) {
    if (queue.empty()) waiting_.erase(offer.binding.address);
    return book_->Ignore(IgnoreReason::kWaitingOffersFull);
  }
  queue.push_back(std::move(offer));
  ++waiting_count_;
}

void Dhcp4Learner::ReplySettled(const IpAddress& address, MonotonicTime now) {
  const auto it = waiting_.find(address);
  if (it == waiting_.end()) return;
  std::deque<WaitingOffer>& queue = it->second;
  bool is_taken = false;
  while (!queue.empty() && !is_taken) {
    WaitingOffer offer = std::move(queue.front());
    queue.pop_front();
    --waiting_count_;
    is_taken = TakeTurn(std::move(offer), now);
  }
  if (queue.empty()) waiting_.erase(it);
}

// False if nothing waits for its delivery now. Much may have happened while the offer waited, so it
// is judged again.
bool Dhcp4Learner::TakeTurn(WaitingOffer offer, MonotonicTime now) {
  const int32_t ifindex = offer.binding.ifindex;
  const uint32_t xid = offer.binding.xid;
  const IpAddress address = offer.binding.address;
  if (offer.binding.valid_until - now < kOfferLifetime - Installer::kMaxReplyAge) {
    book_->Ignore(IgnoreReason::kStaleReply);
    return false;
  }
  if (!book_->slaves().contains(ifindex)) return false;
  int32_t other_ifindex = 0;
  const Reason refusal =
      Refusal(ifindex, address, IpAddress(), Origin::kDhcp4Offer, &other_ifindex, now);
  if (refusal != Reason::kNone) {
    book_->Refuse(ifindex, address, Origin::kDhcp4Offer, refusal, other_ifindex, now);
    return false;
  }
  if (!ParseDelivery(offer.frame)) {
    book_->Ignore(IgnoreReason::kUndeliverableReply);
    return false;
  }
  // Its own lease came before its turn.
  const Binding* holder = book_->bindings().Find(address);
  if (holder != nullptr && holder->origin != Origin::kDhcp4Offer) return false;
  book_->Want(std::move(offer.binding), now);
  return book_->installer().DeliverWhenPresent(
      ifindex, address, xid, static_cast<uint8_t>(Dhcp4Type::kOffer), offer.frame, now);
}

void Dhcp4Learner::ForgetSlave(int32_t ifindex) { transactions_.ForgetSlave(ifindex); }

void Dhcp4Learner::Advance(MonotonicTime now) {
  transactions_.Expire(now);
  absl::erase_if(declined_, [&](const auto& entry) { return entry.second.until <= now; });
}

}  // namespace l3sync
