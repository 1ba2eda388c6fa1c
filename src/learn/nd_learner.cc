#include "learn/nd_learner.h"

#include <utility>

namespace l3sync {
namespace {

Origin OriginOf(const IpAddress& address) {
  return address.is_link_local() ? Origin::kLinkLocal : Origin::kSlaac;
}

}  // namespace

// ---- Guests
// --------------------------------------------------------------------------------------------------------

void NdLearner::ObserveGuest(int32_t ifindex, const ParsedFrame& frame, const NdMessage& message,
                             MonotonicTime now) {
  switch (message.type) {
    case NdType::kRouterAdvertisement:
      return book_->Ignore(IgnoreReason::kWrongSide);
    case NdType::kNeighbourAdvertisement:
      return ObserveUse(ifindex, message.target, now);
    case NdType::kNeighbourSolicitation:
      // From ::, the target is what the guest is about to use (RFC 4862 §5.4.2); else the target is
      // somebody else.
      if (frame.source.is_unspecified()) return ObserveTest(ifindex, message, now);
      return ObserveUse(ifindex, frame.source, now);
    case NdType::kRouterSolicitation:
      return ObserveUse(ifindex, frame.source, now);
  }
}

void NdLearner::ObserveClaim(int32_t ifindex, const IpAddress& address, MonotonicTime now) {
  if (!address.is_v6() || address.is_unspecified()) return book_->Ignore(IgnoreReason::kNoClaim);
  const Binding* binding = book_->bindings().Find(address);
  if (binding != nullptr && binding->ifindex == ifindex) {
    Binding seen = *binding;
    return book_->Want(std::move(seen), now);  // its last_evidence
  }
  if (book_->installer().KernelHasForeign(ifindex, address)) {
    return book_->Ignore(IgnoreReason::kClaimOfKernel);
  }
  if (!MayHave(ifindex, address, now)) return;
  if (!address.is_link_local() && prefixes_.PrefixOf(address) == nullptr) {
    book_->Ignore(IgnoreReason::kClaimOutsidePrefix);
    return AwaitPrefix(ifindex, address, now);
  }
  // The host's kernel speaks on the slave too, before it says so by RTM_NEWADDR: its address table
  // tells.
  const uint64_t command_id = book_->installer().NextCommandId();
  book_->installer().Look(ifindex);
  if (!claims_.AwaitLook(ifindex, address, command_id, now)) {
    book_->Ignore(IgnoreReason::kClaimsFull);
  }
}

void NdLearner::AwaitPrefix(int32_t ifindex, const IpAddress& address, MonotonicTime now) {
  if (!claims_.AwaitPrefix(ifindex, address, now)) book_->Ignore(IgnoreReason::kClaimsFull);
}

// Whether nothing speaks against it; otherwise says what.
bool NdLearner::MayHave(int32_t ifindex, const IpAddress& address, MonotonicTime now) {
  const Reason reason = book_->Check(ifindex, address, /*claimed_by_nd=*/true);
  if (reason != Reason::kNone) {
    const int32_t other = reason == Reason::kConfigured ? book_->ConfiguredSlaveOf(address) : 0;
    book_->Refuse(ifindex, address, OriginOf(address), reason, other, now);
    return false;
  }
  const Binding* binding = book_->bindings().Find(address);
  return binding == nullptr || binding->ifindex == ifindex || MayTake(ifindex, *binding, now);
}

// Of another slave. First come, first served, as long as it is used (rule D6).
bool NdLearner::MayTake(int32_t ifindex, const Binding& held, MonotonicTime now) {
  if (HasWon(ifindex, held)) return true;
  const bool is_race = IsRace(ifindex, held, now);
  const bool is_tested = dads_.IsTentative(held.ifindex, held.address, now);
  if (!is_race && !is_tested &&
      (!book_->IsUp(held.ifindex) ||
       book_->MayContest(ifindex, held.address, /*claimed_by_nd=*/true, now))) {
    return true;
  }
  book_->Ignore(IgnoreReason::kClaimOfSibling);
  book_->Refuse(ifindex, held.address, OriginOf(held.address),
                is_race ? Reason::kDuplicate : Reason::kHeldBySlave, held.ifindex, now);
  return false;
}

void NdLearner::LookEnded(int32_t ifindex, uint64_t command_id, MonotonicTime now) {
  for (const IpAddress& address : claims_.TakeLooked(ifindex, command_id)) {
    if (book_->installer().KernelHasForeign(ifindex, address)) {
      book_->Ignore(IgnoreReason::kClaimOfKernel);
    } else {
      Learn(ifindex, address, now);
    }
  }
}

void NdLearner::Learn(int32_t ifindex, const IpAddress& address, MonotonicTime now) {
  const Origin origin = OriginOf(address);
  // Much may have happened while the look was on its way.
  if (!book_->slaves().contains(ifindex) || !MayHave(ifindex, address, now)) return;
  const Binding* known = book_->bindings().Find(address);
  // A lease came meanwhile, and keeps its method (rules T2, S6-8).
  const bool is_own = known != nullptr && known->ifindex == ifindex;
  if (is_own && known->is_dhcp()) return book_->Want(Binding(*known), now);
  Binding binding;
  binding.address = address;
  binding.ifindex = ifindex;
  binding.origin = origin;
  binding.valid_until = binding.preferred_until = MonotonicTime::Never();
  if (origin == Origin::kSlaac) {
    const PrefixList::Prefix* prefix = prefixes_.PrefixOf(address);
    if (prefix == nullptr) return AwaitPrefix(ifindex, address, now);
    binding.valid_until = prefix->valid_until;
    binding.preferred_until = prefix->preferred_until;
  }
  if (known != nullptr && !is_own) {
    if (!HasWon(ifindex, *known) && book_->IsUp(known->ifindex)) {
      book_->Contest(binding, now);
      return;
    }
    // The machine was started anew on another slave, and takes its lease along.
    if (known->is_dhcp()) {
      binding = *known;
      binding.ifindex = ifindex;
    }
  }
  if (!is_own && book_->bindings().RoomOf(ifindex) == 0) {
    return book_->Refuse(ifindex, address, origin, Reason::kQuota, 0, now);
  }
  book_->Want(std::move(binding), now);
  if (origin == Origin::kLinkLocal) CombineWithPrefixes(ifindex, now);
}

// ---- The network
// -------------------------------------------------------------------------------------------------------

void NdLearner::ObserveNetwork(const ParsedFrame& frame, const NdMessage& message,
                               const MacAddress& shared_mac, MonotonicTime now) {
  switch (message.type) {
    case NdType::kRouterAdvertisement:
      return ObserveAdvertisement(frame, message, now);
    case NdType::kRouterSolicitation:
      return book_->Ignore(IgnoreReason::kWrongSide);
    case NdType::kNeighbourSolicitation:
      return ObserveOtherTest(frame, message, now);
    case NdType::kNeighbourAdvertisement:
      return ObserveOtherUse(frame, message, shared_mac, now);
  }
}

// The router's own lifetime says whether it is a default router, nothing of its prefixes (RFC 4861
// §6.3.4).
void NdLearner::ObserveAdvertisement(const ParsedFrame& frame, const NdMessage& message,
                                     MonotonicTime now) {
  // Nobody's guest is the router; and a name server that it names is none either.
  book_->NoteRouter(frame.source);
  for (const IpAddress& resolver : message.resolvers) book_->NoteResolver(resolver);
  for (const PrefixInformation& information : message.prefixes) {
    if (prefixes_.Observe(information, now)) RetryClaims(information.prefix.Masked(), now);
  }
}

void NdLearner::ObserveKernelPrefix(const IpPrefix& prefix, MonotonicTime now) {
  if (prefixes_.ObserveKernel(prefix, now)) RetryClaims(prefix.Masked(), now);
}

void NdLearner::RetryClaims(const IpPrefix& prefix, MonotonicTime now) {
  for (const auto& [ifindex, address] : claims_.AwaitingPrefix(prefix)) {
    ObserveClaim(ifindex, address, now);
  }
}

void NdLearner::ForgetSlave(int32_t ifindex) {
  claims_.ForgetSlave(ifindex);
  dads_.ForgetSlave(ifindex);
}

void NdLearner::Advance(MonotonicTime now) {
  prefixes_.Advance(now);
  claims_.Expire(now);
  EndRaces(now);
  dads_.Expire(now);
}

}  // namespace l3sync
