#include "learn/dhcp6_learner.h"

#include <algorithm>
#include <utility>

#include "wire/delivery.h"

namespace l3sync {
namespace {

MonotonicTime EndOf(MonotonicTime start, uint32_t lifetime_sec) {
  return lifetime_sec == kInfiniteLifetimeSec ? MonotonicTime::Never()
                                              : start + absl::Seconds(lifetime_sec);
}

ClientIdentifier IdentifierOf(const Duid& duid) { return {duid.begin(), duid.end()}; }

bool IsSuccess(uint16_t status) { return status == static_cast<uint16_t>(Dhcp6Status::kSuccess); }

// RFC 8415 §18.2.10.1: what the answer to them grants is the client's. With Rapid Commit in both a
// Solicit too (rule S6-2).
bool Binds(Dhcp6Type type) {
  return type == Dhcp6Type::kSolicit || type == Dhcp6Type::kRequest || type == Dhcp6Type::kRenew ||
         type == Dhcp6Type::kRebind;
}

}  // namespace

// ---- What guests say
// -----------------------------------------------------------------------------------------------

void Dhcp6Learner::ObserveClient(int32_t ifindex, const ParsedFrame& frame,
                                 const Dhcp6Message& message, MonotonicTime now) {
  if (message.relay_depth != 0) return book_->Ignore(IgnoreReason::kRelayMessage);
  switch (message.type) {
    case Dhcp6Type::kSolicit:
    case Dhcp6Type::kRequest:
    case Dhcp6Type::kConfirm:
    case Dhcp6Type::kRenew:
    case Dhcp6Type::kRebind:
    case Dhcp6Type::kInformationRequest:
      return ObserveRequest(ifindex, frame, message, now);
    case Dhcp6Type::kRelease:
    case Dhcp6Type::kDecline:
      ObserveGivenUp(ifindex, message, now);
      return ObserveRequest(ifindex, frame, message, now);
    case Dhcp6Type::kAddressRegistrationInform:
      return ObserveRegistration(ifindex, frame, message, now);
    case Dhcp6Type::kAdvertise:
    case Dhcp6Type::kReply:
    case Dhcp6Type::kReconfigure:
    case Dhcp6Type::kAddressRegistrationReply:
    case Dhcp6Type::kRelayForward:  // the parser gives the message inside of it
    case Dhcp6Type::kRelayReply:
      return book_->Ignore(IgnoreReason::kWrongSide);
  }
}

void Dhcp6Learner::ObserveRequest(int32_t ifindex, const ParsedFrame& frame,
                                  const Dhcp6Message& message, MonotonicTime now) {
  // The answer goes there, and it must be on the slave before. RFC 8415 §16: clients send from it.
  if (frame.source.is_link_local()) nd_->ObserveSource(ifindex, frame.source, now);
  Dhcp6Transaction request;
  request.ifindex = ifindex;
  request.xid = message.xid;
  request.client_identifier = IdentifierOf(message.client_identifier);
  request.type = message.type;
  request.source = frame.source;
  request.server = IdentifierOf(message.server_identifier);
  request.rapid_commit = message.rapid_commit;
  for (const Dhcp6Association& association : message.associations) {
    request.associations.emplace_back(association.temporary, association.iaid);
  }
  request.last_sent = now;
  if (!transactions_.Record(std::move(request))) book_->Ignore(IgnoreReason::kTooManyHolders);
}

// The client stops using the addresses whatever the server says (RFC 8415 §18.2.7, §18.2.8; rule
// S6-5). The slave is what counts (rule T5).
void Dhcp6Learner::ObserveGivenUp(int32_t ifindex, const Dhcp6Message& message, MonotonicTime now) {
  const bool declined = message.type == Dhcp6Type::kDecline;
  for (const Dhcp6Association& association : message.associations) {
    for (const Dhcp6Address& item : association.addresses) {
      if (!IsOwn(ifindex, item.address)) {
        book_->Ignore(declined ? IgnoreReason::kSpoofedDecline : IgnoreReason::kSpoofedRelease);
        continue;
      }
      if (given_up_.size() >= kMaxGivenUp) given_up_.clear();
      given_up_[item.address] = {ifindex, now, declined};
      book_->Unwant(item.address, declined ? Reason::kDeclined : Reason::kReleased);
    }
  }
}

// Rule S6-9: the guest formed the address itself and says that it uses it, as an NS from it would.
// The lifetimes are the router's to say.
void Dhcp6Learner::ObserveRegistration(int32_t ifindex, const ParsedFrame& frame,
                                       const Dhcp6Message& message, MonotonicTime now) {
  if (message.registered.size() != 1 || message.registered[0].address != frame.source) {
    return book_->Ignore(IgnoreReason::kRegistrationOfOther);
  }
  nd_->ObserveSource(ifindex, frame.source, now);
}

// ---- What servers say
// ----------------------------------------------------------------------------------------------

void Dhcp6Learner::ObserveServer(const ParsedFrame& frame, const Dhcp6Message& message,
                                 ByteSpan bytes, MonotonicTime now) {
  if (message.relay_depth != 0) return book_->Ignore(IgnoreReason::kRelayMessage);
  // A trigger: the guest's Renew that follows is what counts (rule S6-7).
  if (message.type == Dhcp6Type::kReconfigure) return book_->Ignore(IgnoreReason::kReconfigure);
  // Rule S6-9: it never changes state.
  if (message.type == Dhcp6Type::kAddressRegistrationReply) {
    return book_->Ignore(IgnoreReason::kRegistrationAnswered);
  }
  if (message.type != Dhcp6Type::kAdvertise && message.type != Dhcp6Type::kReply) {
    return book_->Ignore(IgnoreReason::kWrongSide);
  }
  const ClientIdentifier client_identifier = IdentifierOf(message.client_identifier);
  const auto match = transactions_.Find(message.xid, client_identifier, /*lease_holder=*/0, now);
  if (match.transaction == nullptr || match.transaction->client_identifier != client_identifier) {
    return book_->Ignore(IgnoreReason::kUnmatchedReply);
  }
  const Dhcp6Transaction& transaction = *match.transaction;
  // Of two slaves with one xid and DUID the second one gets nothing, also when the server answers
  // both (rule S6-1).
  if (match.copied) book_->Ignore(IgnoreReason::kCopiedXid);
  if (frame.destination_mac.is_group() || frame.destination != transaction.source) {
    return book_->Ignore(IgnoreReason::kReplyNotToClient);
  }
  if (!book_->slaves().contains(transaction.ifindex)) {
    return book_->Ignore(IgnoreReason::kUnknownInterface);
  }
  if (!MayAnswer(transaction, message)) return;
  if (message.type == Dhcp6Type::kReply) {
    NoteServers(frame, message);
    ObserveReply(transaction, message, now);
  }
  Deliver(transaction, message, bytes, now);
}

// Whether the client takes `message` for an answer; otherwise counts why not.
bool Dhcp6Learner::MayAnswer(const Dhcp6Transaction& transaction, const Dhcp6Message& message) {
  const bool solicited = transaction.type == Dhcp6Type::kSolicit;
  if (message.type == Dhcp6Type::kAdvertise) {
    if (!solicited) book_->Ignore(IgnoreReason::kOfferOutOfTurn);
    return solicited;
  }
  if (solicited && !(transaction.rapid_commit && message.rapid_commit)) {  // §18.2.1
    book_->Ignore(IgnoreReason::kAckOutOfTurn);
    return false;
  }
  if (!transaction.server.empty() &&
      transaction.server != IdentifierOf(message.server_identifier)) {
    book_->Ignore(IgnoreReason::kAckOfOtherServer);
    return false;
  }
  return true;
}

void Dhcp6Learner::ObserveReply(const Dhcp6Transaction& transaction, const Dhcp6Message& reply,
                                MonotonicTime now) {
  if (reply.delegates) NoteDelegation(transaction.ifindex);
  if (transaction.type == Dhcp6Type::kInformationRequest) {
    return book_->Ignore(IgnoreReason::kInformAnswered);
  }
  if (!IsSuccess(reply.status)) return book_->Ignore(IgnoreReason::kStatusNotSuccess);
  // A Confirm's has no lifetimes (rule S6-6); what was given up is gone already (rule S6-5).
  if (!Binds(transaction.type)) return;
  Bind(transaction.ifindex, GrantsOf(transaction, reply, now), !reply.truncated, now);
}

// What the Reply changes, address by address (rule S6-3, RFC 8415 §18.2.10.1). What it does not
// list stays as it is.
std::vector<Dhcp6Learner::Grant> Dhcp6Learner::GrantsOf(const Dhcp6Transaction& transaction,
                                                        const Dhcp6Message& reply,
                                                        MonotonicTime now) {
  std::vector<Grant> grants;
  for (const Dhcp6Association& association : reply.associations) {
    const std::pair key(association.temporary, association.iaid);
    if (std::find(transaction.associations.begin(), transaction.associations.end(), key) ==
        transaction.associations.end()) {
      book_->Ignore(IgnoreReason::kUnaskedAssociation);
      continue;
    }
    // NoAddrsAvail, NoBinding, NotOnLink: nothing new. What the guest has it keeps until it ends.
    if (!IsSuccess(association.status)) {
      book_->Ignore(IgnoreReason::kStatusNotSuccess);
      continue;
    }
    for (const Dhcp6Address& item : association.addresses) {
      Binding lease;
      lease.address = item.address;
      lease.ifindex = transaction.ifindex;
      lease.origin = Origin::kDhcp6Reply;
      lease.xid = transaction.xid;
      lease.client_identifier = transaction.client_identifier;
      lease.iaid = association.iaid;
      // From when the request was sent, as a DHCPv4 lease (rule S4-8).
      lease.valid_until = EndOf(transaction.last_sent, item.valid_sec);
      lease.preferred_until =
          std::min(EndOf(transaction.last_sent, item.preferred_sec), lease.valid_until);
      const bool ends = lease.valid_until <= now;
      if (!ends && !IsSuccess(item.status)) {
        book_->Ignore(IgnoreReason::kStatusNotSuccess);
      } else if (WasGivenUp(transaction, item.address)) {
        book_->Ignore(IgnoreReason::kGivenUpMeanwhile);
      } else {
        grants.push_back({std::move(lease), ends});
      }
    }
  }
  return grants;
}

// Rule T3, RFC 7513 §11.5: a Reply that grants more new addresses than the slave may have sets none
// of them. `is_whole`: the Reply had no more than a message may have.
void Dhcp6Learner::Bind(int32_t ifindex, std::vector<Grant> grants, bool is_whole,
                        MonotonicTime now) {
  std::vector<Binding> added;
  for (Grant& grant : grants) {
    const IpAddress address = grant.lease.address;
    int32_t other_ifindex = 0;
    if (grant.ends) {
      book_->Ignore(IgnoreReason::kZeroLeaseTime);
      if (IsOwn(ifindex, address)) book_->Unwant(address, Reason::kExpired);
    } else if (const Reason reason = Refusal(grant.lease, &other_ifindex, now);
               reason != Reason::kNone) {
      RefuseOrContest(grant.lease, reason, other_ifindex, now);
    } else if (IsOwn(ifindex, address)) {
      book_->Want(std::move(grant.lease), now);
    } else {
      added.push_back(std::move(grant.lease));
    }
  }
  const BindingTable& bindings = book_->bindings();
  const bool fits =
      is_whole && bindings.CountDhcpOf(ifindex) + added.size() <= BindingTable::kMaxDhcpPerSlave &&
      added.size() <= bindings.RoomOf(ifindex);
  for (Binding& lease : added) {
    if (fits) {
      book_->Want(std::move(lease), now);
    } else {
      book_->Refuse(ifindex, lease.address, Origin::kDhcp6Reply, Reason::kQuota, 0, now);
    }
  }
}

// What forbids `lease` apart from the number of addresses, or kNone. `other_ifindex` is set with
// kHeldBySlave, kSameClient and kConfigured.
Reason Dhcp6Learner::Refusal(const Binding& lease, int32_t* other_ifindex,
                             MonotonicTime now) const {
  const int32_t ifindex = lease.ifindex;
  const IpAddress& address = lease.address;
  if (const Reason reason = book_->Check(ifindex, address, false); reason != Reason::kNone) {
    if (reason == Reason::kConfigured) *other_ifindex = book_->ConfiguredSlaveOf(address);
    return reason;
  }
  // No server grants it; whose it is, is seen by ND.
  if (address.is_link_local()) return Reason::kSpecialAddress;
  const auto given_up = given_up_.find(address);
  if (given_up != given_up_.end() && given_up->second.declined &&
      given_up->second.ifindex == ifindex && now - given_up->second.at < kDeclineHold) {
    return Reason::kDeclinedBefore;
  }
  // A slave that is down has no guest: it was started anew on another slave, as with DHCPv4.
  const Binding* holder = book_->bindings().Find(address);
  if (holder != nullptr && holder->ifindex != ifindex && book_->IsUp(holder->ifindex)) {
    *other_ifindex = holder->ifindex;
    const bool same_client = holder->origin == Origin::kDhcp6Reply &&
                             holder->client_identifier == lease.client_identifier;
    return same_client ? Reason::kSameClient : Reason::kHeldBySlave;
  }
  return Reason::kNone;
}

// Unless the owner is asked first whether it still uses the address (rule D6).
void Dhcp6Learner::RefuseOrContest(const Binding& lease, Reason reason, int32_t other_ifindex,
                                   MonotonicTime now) {
  const bool is_held = reason == Reason::kHeldBySlave || reason == Reason::kSameClient;
  if (is_held && book_->Contest(lease, now)) return;
  book_->Refuse(lease.ifindex, lease.address, lease.origin, reason, other_ifindex, now);
}

bool Dhcp6Learner::IsOwn(int32_t ifindex, const IpAddress& address) const {
  const Binding* binding = book_->bindings().Find(address);
  return binding != nullptr && binding->ifindex == ifindex && !address.is_link_local();
}

// The answer to a request that was sent before its address was released comes too late.
bool Dhcp6Learner::WasGivenUp(const Dhcp6Transaction& transaction, const IpAddress& address) const {
  const auto it = given_up_.find(address);
  return it != given_up_.end() && it->second.ifindex == transaction.ifindex &&
         transaction.last_sent <= it->second.at;
}

void Dhcp6Learner::NoteServers(const ParsedFrame& frame, const Dhcp6Message& message) {
  // Directly from the server, or its relay, on this link: nobody's guest has that address.
  if (frame.source.is_link_local()) book_->NoteServer(frame.source);
  for (const IpAddress& resolver : message.resolvers) book_->NoteResolver(resolver);
}

// Rule S6-4. A guest asks for it again with each renewal: it is counted each time and said once.
void Dhcp6Learner::NoteDelegation(int32_t ifindex) {
  book_->Ignore(IgnoreReason::kPrefixDelegation);
  if (delegations_said_.insert(ifindex).second) {
    book_->Say(EventKind::kDelegationIgnored, Severity::kWarning, ifindex);
  }
}

// ---- Replies that came before their address
// ------------------------------------------------------------------------

void Dhcp6Learner::Deliver(const Dhcp6Transaction& transaction, const Dhcp6Message& message,
                           ByteSpan bytes, MonotonicTime now) {
  const int32_t ifindex = transaction.ifindex;
  const IpAddress& address = transaction.source;
  if (!book_->slaves().contains(ifindex)) return;
  const Binding* holder = book_->bindings().Find(address);
  // The kernel has delivered it: to the host's own address on the slave, or to another slave.
  const bool is_others = holder != nullptr && holder->ifindex != ifindex;
  if (is_others || book_->installer().KernelHasForeign(ifindex, address)) return;
  EarlyReply reply{ifindex, address, transaction.xid, message.type, now, {}};
  reply.frame.assign(bytes.begin(), bytes.end());
  if (!ParseDelivery(reply.frame)) {
    return book_->Ignore(IgnoreReason::kUndeliverableReply);
  }
  if (holder == nullptr) return KeepEarly(std::move(reply));
  book_->installer().DeliverWhenPresent(ifindex, address, reply.xid,
                                        static_cast<uint8_t>(reply.type), reply.frame, now);
}

void Dhcp6Learner::KeepEarly(EarlyReply reply) {
  size_t own = 0;
  for (const EarlyReply& other : early_) {
    if (other.ifindex != reply.ifindex) continue;
    ++own;
    if (other.address == reply.address && other.xid == reply.xid && other.type == reply.type) {
      return book_->Ignore(IgnoreReason::kRepeatedReply);
    }
  }
  if (own >= kMaxEarlyRepliesPerSlave || early_.size() >= kMaxEarlyReplies) {
    return book_->Ignore(IgnoreReason::kPendingRepliesFull);
  }
  early_.push_back(std::move(reply));
}

void Dhcp6Learner::DeliverEarly(MonotonicTime now) {
  std::erase_if(early_, [&](const EarlyReply& reply) {
    if (now - reply.since > Installer::kMaxReplyAge) {
      book_->Ignore(IgnoreReason::kStaleReply);
      return true;
    }
    if (book_->installer().KernelHasForeign(reply.ifindex, reply.address)) return true;
    const Binding* holder = book_->bindings().Find(reply.address);
    if (holder == nullptr) return false;
    if (holder->ifindex == reply.ifindex) {
      book_->installer().DeliverWhenPresent(reply.ifindex, reply.address, reply.xid,
                                            static_cast<uint8_t>(reply.type), reply.frame, now);
    }
    return true;
  });
}

// ---- Links and time
// ------------------------------------------------------------------------------------------------

void Dhcp6Learner::ForgetSlave(int32_t ifindex) {
  transactions_.ForgetSlave(ifindex);
  delegations_said_.erase(ifindex);
  std::erase_if(early_, [&](const EarlyReply& reply) { return reply.ifindex == ifindex; });
  absl::erase_if(given_up_, [&](const auto& entry) { return entry.second.ifindex == ifindex; });
}

void Dhcp6Learner::Advance(MonotonicTime now) {
  transactions_.Expire(now);
  absl::erase_if(given_up_, [&](const auto& entry) {
    return now - entry.second.at >= Dhcp6Transactions::kLifetime;
  });
}

}  // namespace l3sync
