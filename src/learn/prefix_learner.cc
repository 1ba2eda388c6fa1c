#include "learn/prefix_learner.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace l3sync {
namespace {

constexpr IpPrefix kLinkLocal{
    .address = IpAddress::V6({0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}), .length = 10};

}  // namespace

bool PrefixLearner::Observe(const PrefixInformation& information, MonotonicTime now) {
  const PrefixList::Change change = prefixes_.Observe(information, now);
  switch (change) {
    case PrefixList::Change::kNotAutonomous:
      book_->Ignore(IgnoreReason::kPrefixNotAutonomous);
      return false;
    case PrefixList::Change::kFull:
      book_->Ignore(IgnoreReason::kPrefixesFull);
      return false;
    case PrefixList::Change::kNone:
      return false;
    case PrefixList::Change::kLifetimes:
    case PrefixList::Change::kNew:
      break;
  }
  Refresh(information, now);
  const bool is_new = change == PrefixList::Change::kNew;
  if (is_new) CombineWithAll(information.prefix.Masked(), now);
  return is_new;
}

void PrefixLearner::Refresh(const PrefixInformation& information, MonotonicTime now) {
  const std::vector<IpAddress> addresses =
      book_->bindings().AddressesIn(information.prefix.Masked());
  bindings_visited_ += addresses.size();
  for (const IpAddress& address : addresses) {
    const Binding* binding = book_->bindings().Find(address);
    if (binding->origin != Origin::kSlaac && binding->origin != Origin::kAdopted) continue;
    Binding refreshed = *binding;
    refreshed.origin = Origin::kSlaac;
    refreshed.valid_until =
        NextValidEnd(AdvertisedEnd(now, information.valid_sec), binding->valid_until, now);
    refreshed.preferred_until =
        std::min(AdvertisedEnd(now, information.preferred_sec), refreshed.valid_until);
    book_->SetLifetimes(refreshed);
  }
}

bool PrefixLearner::ObserveKernel(const IpPrefix& route, MonotonicTime now) {
  switch (prefixes_.ObserveKernel(route, now)) {
    case PrefixList::Change::kFull:
      book_->Ignore(IgnoreReason::kPrefixesFull);
      return false;
    case PrefixList::Change::kNotAutonomous:
    case PrefixList::Change::kNone:
      return false;
    case PrefixList::Change::kLifetimes:
      Extend(route.Masked(), now + PrefixList::kKernelLifetime);
      return false;
    case PrefixList::Change::kNew:
      break;
  }
  Extend(route.Masked(), now + PrefixList::kKernelLifetime);
  CombineWithAll(route.Masked(), now);
  return true;
}

// As long as the host itself keeps the prefix, its addresses last.
void PrefixLearner::Extend(const IpPrefix& prefix, MonotonicTime end) {
  for (const IpAddress& address : book_->bindings().AddressesIn(prefix)) {
    const Binding* binding = book_->bindings().Find(address);
    if (binding->origin != Origin::kSlaac || binding->valid_until > end) continue;
    Binding refreshed = *binding;
    refreshed.valid_until = refreshed.preferred_until = end;
    book_->SetLifetimes(refreshed);
  }
}

void PrefixLearner::Combine(int32_t ifindex, MonotonicTime now) {
  for (const IpAddress& address : book_->bindings().AddressesOf(ifindex)) {
    if (!kLinkLocal.Contains(address)) continue;
    for (const IpPrefix& prefix : prefixes_.All()) CombineOne(prefix, address, now);
  }
}

void PrefixLearner::CombineWithAll(const IpPrefix& prefix, MonotonicTime now) {
  for (const IpAddress& link_local : book_->bindings().AddressesIn(kLinkLocal)) {
    CombineOne(prefix, link_local, now);
  }
}

// What the guest would form with the identifier of its link-local address. A guess, so it takes no
// room from what a guest claims, and nothing is said if it may not be.
void PrefixLearner::CombineOne(const IpPrefix& prefix, const IpAddress& link_local,
                               MonotonicTime now) {
  const int32_t ifindex = book_->bindings().Find(link_local)->ifindex;
  const IpAddress address = CombineWithIdentifier(prefix, link_local.interface_identifier());
  const PrefixList::Prefix* lifetimes = prefixes_.Of(address);
  if (lifetimes == nullptr || book_->bindings().Find(address) != nullptr) return;
  if (book_->Check(ifindex, address, true) != Reason::kNone) return;
  if (book_->bindings().is_full() ||
      book_->bindings().CountOf(ifindex) >= BindingTable::kMaxPerSlave / 2) {
    return;
  }
  if (book_->installer().KernelHasForeign(ifindex, address)) return;
  Binding binding;
  binding.address = address;
  binding.ifindex = ifindex;
  binding.origin = Origin::kSlaac;
  binding.valid_until = lifetimes->valid_until;
  binding.preferred_until = lifetimes->preferred_until;
  book_->Want(std::move(binding), now);
}

}  // namespace l3sync
