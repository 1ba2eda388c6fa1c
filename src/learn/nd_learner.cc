#include "learn/nd_learner.h"

#include <algorithm>
#include <utility>

namespace l3sync {
namespace {

constexpr uint8_t kSlaacPrefixLength = 64;  // 128 minus the interface identifier (rule L1)

MonotonicTime EndOf(MonotonicTime start, uint32_t lifetime_sec) {
  return lifetime_sec == kInfiniteLifetimeSec ? MonotonicTime::Never()
                                              : start + absl::Seconds(lifetime_sec);
}

// The two-hour rule (RFC 4862 §5.5.3 e, rule L2): an unauthenticated RA can't end an address at
// once.
MonotonicTime NextValidEnd(MonotonicTime advertised, MonotonicTime current, MonotonicTime now) {
  constexpr absl::Duration kTwoHours = absl::Hours(2);
  if (advertised - now > kTwoHours || advertised > current) return advertised;
  if (current - now <= kTwoHours) return current;
  return now + kTwoHours;
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
      return ObserveClaim(ifindex, message.target, now);
    case NdType::kNeighbourSolicitation:
      // From ::, the target is what the guest is about to use (RFC 4862 §5.4.2); else the target is
      // somebody else.
      return ObserveClaim(ifindex, frame.source.is_unspecified() ? message.target : frame.source,
                          now);
    case NdType::kRouterSolicitation:
      return ObserveClaim(ifindex, frame.source, now);
  }
}

void NdLearner::ObserveClaim(int32_t ifindex, const IpAddress& address, MonotonicTime now) {
  if (!address.is_v6() || address.is_unspecified()) return book_->Ignore(IgnoreReason::kNoClaim);
  const Binding* binding = book_->bindings().Find(address);
  if (binding != nullptr && binding->ifindex == ifindex) {
    Binding seen = *binding;
    return book_->Want(std::move(seen), now);  // its last_evidence
  }
  const Origin origin = address.is_link_local() ? Origin::kLinkLocal : Origin::kSlaac;
  if (book_->installer().KernelHasForeign(ifindex, address)) {
    return book_->Ignore(IgnoreReason::kClaimOfKernel);
  }
  if (!MayHave(ifindex, address, origin, now)) return;
  Claim claim{address, now, true, 0};
  if (origin == Origin::kSlaac && PrefixOf(address) == nullptr) {
    book_->Ignore(IgnoreReason::kClaimOutsidePrefix);
    claim.looks = false;
  } else {
    // The host's kernel speaks on the slave too, before it says so by RTM_NEWADDR: its address
    // table tells.
    claim.command_id = book_->installer().NextCommandId();
    book_->installer().Look(ifindex);
  }
  Park(ifindex, claim);
}

// Whether nothing speaks against it; otherwise says what.
bool NdLearner::MayHave(int32_t ifindex, const IpAddress& address, Origin origin,
                        MonotonicTime now) {
  const Reason reason = book_->Check(ifindex, address, /*claimed_by_nd=*/true);
  if (reason != Reason::kNone) {
    const int32_t other = reason == Reason::kConfigured ? book_->ConfiguredSlaveOf(address) : 0;
    book_->Refuse(ifindex, address, origin, reason, other, now);
    return false;
  }
  const Binding* binding = book_->bindings().Find(address);
  if (binding != nullptr && binding->ifindex != ifindex) {
    book_->Ignore(IgnoreReason::kClaimOfSibling);
    book_->Refuse(ifindex, address, origin, Reason::kHeldBySlave, binding->ifindex, now);
    return false;
  }
  return true;
}

void NdLearner::Park(int32_t ifindex, Claim claim) {
  std::vector<Claim>& claims = claims_[ifindex];
  const auto known = std::find_if(claims.begin(), claims.end(),
                                  [&](const Claim& c) { return c.address == claim.address; });
  if (known != claims.end()) {
    known->made = claim.made;
    // A look that is already awaited answers it; the guest's next message must not put that off for
    // ever.
    if (!known->looks && claim.looks) *known = claim;
    return;
  }
  if (claims.size() >= kMaxClaimsPerSlave) {
    book_->Ignore(IgnoreReason::kClaimsFull);
    claims.erase(claims.begin());
  }
  claims.push_back(claim);
}

void NdLearner::LookEnded(int32_t ifindex, uint64_t command_id, MonotonicTime now) {
  const auto it = claims_.find(ifindex);
  if (it == claims_.end()) return;
  std::vector<Claim> answered;
  std::erase_if(it->second, [&](const Claim& claim) {
    if (!claim.looks || claim.command_id > command_id) return false;
    answered.push_back(claim);
    return true;
  });
  if (it->second.empty()) claims_.erase(it);
  for (const Claim& claim : answered) {
    if (book_->installer().KernelHasForeign(ifindex, claim.address)) {
      book_->Ignore(IgnoreReason::kClaimOfKernel);
    } else {
      Learn(ifindex, claim.address, now);
    }
  }
}

void NdLearner::Learn(int32_t ifindex, const IpAddress& address, MonotonicTime now) {
  const Origin origin = address.is_link_local() ? Origin::kLinkLocal : Origin::kSlaac;
  // Much may have happened while the look was on its way.
  if (!book_->slaves().contains(ifindex) || !MayHave(ifindex, address, origin, now)) return;
  const Binding* known = book_->bindings().Find(address);
  // A lease came meanwhile, and keeps its method (rules T2, S6-8).
  if (known != nullptr && known->is_dhcp()) return book_->Want(Binding(*known), now);
  if (known == nullptr && !MakeRoom(ifindex)) {
    return book_->Refuse(ifindex, address, origin, Reason::kQuota, 0, now);
  }
  Binding binding;
  binding.address = address;
  binding.ifindex = ifindex;
  binding.origin = origin;
  binding.valid_until = binding.preferred_until = MonotonicTime::Never();
  if (origin == Origin::kSlaac) {
    const auto* prefix = PrefixOf(address);
    if (prefix == nullptr) return Park(ifindex, {address, now, false, 0});
    binding.valid_until = prefix->second.valid_until;
    binding.preferred_until = prefix->second.preferred_until;
    return book_->Want(std::move(binding), now);
  }
  book_->Want(binding, now);
  CombineWithPrefixes(ifindex, now);
}

void NdLearner::CombineWithPrefixes(int32_t ifindex, MonotonicTime now) {
  for (const IpAddress& address : book_->bindings().AddressesOf(ifindex)) {
    if (!address.is_v6() || !address.is_link_local()) continue;
    const Binding link_local = *book_->bindings().Find(address);
    for (const auto& [prefix, state] : prefixes_) Combine(prefix, link_local, now);
  }
}

// Room for one more address of this slave: of those that its guest formed itself the longest silent
// one goes.
bool NdLearner::MakeRoom(int32_t ifindex) {
  const BindingTable& bindings = book_->bindings();
  if (bindings.size() < BindingTable::kMax &&
      bindings.CountOf(ifindex) < BindingTable::kMaxPerSlave) {
    return true;
  }
  const Binding* silent = nullptr;
  for (const IpAddress& address : bindings.AddressesOf(ifindex)) {
    const Binding* binding = bindings.Find(address);
    // A v4 one that was adopted is a lease.
    if (binding->is_dhcp() || binding->is_configured() || address.is_v4()) continue;
    if (silent == nullptr || binding->last_evidence < silent->last_evidence) silent = binding;
  }
  if (silent == nullptr) return false;
  book_->Unwant(IpAddress(silent->address), Reason::kEvicted);
  return true;
}

// ---- Routers
// -------------------------------------------------------------------------------------------------------

void NdLearner::ObserveNetwork(const ParsedFrame& frame, const NdMessage& message,
                               MonotonicTime now) {
  if (message.type != NdType::kRouterAdvertisement) {
    return book_->Ignore(message.type == NdType::kRouterSolicitation ? IgnoreReason::kWrongSide
                                                                     : IgnoreReason::kNoClaim);
  }
  // Nobody's guest is the router; and a name server that it names is none either.
  book_->NoteRouter(frame.source);
  for (const IpAddress& resolver : message.resolvers) book_->NoteResolver(resolver);
  for (const PrefixInformation& information : message.prefixes) ObservePrefix(information, now);
}

void NdLearner::ObservePrefix(const PrefixInformation& information, MonotonicTime now) {
  if (!information.autonomous || information.prefix.address.is_link_local() ||
      information.prefix.address.is_multicast() ||
      information.prefix.length != kSlaacPrefixLength ||
      information.preferred_sec > information.valid_sec) {
    return book_->Ignore(IgnoreReason::kPrefixNotAutonomous);
  }
  const IpPrefix prefix = information.prefix.Masked();
  RefreshAddresses(prefix, information, now);
  const auto it = prefixes_.find(prefix);
  const bool is_new = it == prefixes_.end();
  if (information.valid_sec == 0) {
    // Valid 0 creates nothing (rule L1); known addresses had the two-hour rule above.
    if (!is_new) prefixes_.erase(it);
    return;
  }
  if (is_new && prefixes_.size() >= kMaxPrefixes) return book_->Ignore(IgnoreReason::kPrefixesFull);
  prefixes_[prefix] = {EndOf(now, information.valid_sec), EndOf(now, information.preferred_sec),
                       false};
  if (!is_new) return;
  CombineWithSlaves(prefix, now);
  RetryClaims(prefix, now);
}

void NdLearner::RefreshAddresses(const IpPrefix& prefix, const PrefixInformation& information,
                                 MonotonicTime now) {
  for (const IpAddress& address : book_->bindings().All()) {
    if (!prefix.Contains(address)) continue;
    const Binding* binding = book_->bindings().Find(address);
    if (binding->origin != Origin::kSlaac && binding->origin != Origin::kAdopted) continue;
    Binding refreshed = *binding;
    refreshed.origin = Origin::kSlaac;
    refreshed.valid_until =
        NextValidEnd(EndOf(now, information.valid_sec), binding->valid_until, now);
    refreshed.preferred_until =
        std::min(EndOf(now, information.preferred_sec), refreshed.valid_until);
    book_->SetLifetimes(refreshed);
  }
}

void NdLearner::CombineWithSlaves(const IpPrefix& prefix, MonotonicTime now) {
  for (const IpAddress& address : book_->bindings().All()) {
    if (!address.is_v6() || !address.is_link_local()) continue;
    const Binding link_local = *book_->bindings().Find(address);
    Combine(prefix, link_local, now);
  }
}

// What the guest would form with the identifier of its link-local address. A guess, so it takes no
// room from what a guest claims, and nothing is said if it may not be.
void NdLearner::Combine(const IpPrefix& prefix, const Binding& link_local, MonotonicTime now) {
  const IpAddress address =
      CombineWithIdentifier(prefix, link_local.address.interface_identifier());
  const auto it = prefixes_.find(prefix);
  if (it == prefixes_.end() || book_->bindings().Find(address) != nullptr) return;
  if (book_->Check(link_local.ifindex, address, true) != Reason::kNone) return;
  if (book_->bindings().size() >= BindingTable::kMax ||
      book_->bindings().CountOf(link_local.ifindex) >= BindingTable::kMaxPerSlave / 2) {
    return;
  }
  if (book_->installer().KernelHasForeign(link_local.ifindex, address)) return;
  Binding binding;
  binding.address = address;
  binding.ifindex = link_local.ifindex;
  binding.origin = Origin::kSlaac;
  binding.valid_until = it->second.valid_until;
  binding.preferred_until = it->second.preferred_until;
  book_->Want(std::move(binding), now);
}

void NdLearner::RetryClaims(const IpPrefix& prefix, MonotonicTime now) {
  std::vector<std::pair<int32_t, IpAddress>> ready;
  for (const auto& [ifindex, claims] : claims_) {
    for (const Claim& claim : claims) {
      if (!claim.looks && prefix.Contains(claim.address))
        ready.emplace_back(ifindex, claim.address);
    }
  }
  std::sort(ready.begin(), ready.end());
  for (const auto& [ifindex, address] : ready) ObserveClaim(ifindex, address, now);
}

void NdLearner::ObserveKernelPrefix(const IpPrefix& route, MonotonicTime now) {
  const IpPrefix prefix = route.Masked();
  if (prefix.length != kSlaacPrefixLength || !prefix.address.is_v6() ||
      prefix.address.is_link_local() || prefix.address.is_multicast()) {
    return;
  }
  const auto it = prefixes_.find(prefix);
  const bool is_new = it == prefixes_.end();
  if (!is_new && !it->second.from_kernel) return;  // its RA says more
  if (is_new && prefixes_.size() >= kMaxPrefixes) return book_->Ignore(IgnoreReason::kPrefixesFull);
  const MonotonicTime end = now + kKernelPrefixLifetime;
  prefixes_[prefix] = {end, end, true};
  // As long as the host itself keeps the prefix, its addresses last.
  for (const IpAddress& address : book_->bindings().All()) {
    const Binding* binding = book_->bindings().Find(address);
    if (!prefix.Contains(address) || binding->origin != Origin::kSlaac ||
        binding->valid_until > end) {
      continue;
    }
    Binding refreshed = *binding;
    refreshed.valid_until = refreshed.preferred_until = end;
    book_->SetLifetimes(refreshed);
  }
  if (!is_new) return;
  CombineWithSlaves(prefix, now);
  RetryClaims(prefix, now);
}

const std::pair<const IpPrefix, NdLearner::Prefix>* NdLearner::PrefixOf(
    const IpAddress& address) const {
  for (const auto& entry : prefixes_) {
    if (entry.first.Contains(address)) return &entry;
  }
  return nullptr;
}

void NdLearner::Advance(MonotonicTime now) {
  absl::erase_if(prefixes_, [&](const auto& entry) { return entry.second.valid_until <= now; });
  for (auto& [ifindex, claims] : claims_) {
    std::erase_if(claims, [&](const Claim& claim) { return now - claim.made >= kClaimLifetime; });
  }
  absl::erase_if(claims_, [](const auto& entry) { return entry.second.empty(); });
}

}  // namespace l3sync
