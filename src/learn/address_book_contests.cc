// What another slave has: rules T2 and D6.
#include "learn/address_book.h"
#include "learn/dad_watch.h"

namespace l3sync {

bool AddressBook::MayContest(int32_t ifindex, const IpAddress& address, bool claimed_by_nd,
                             MonotonicTime now) const {
  const Binding* held = bindings_.Find(address);
  if (dry_run_ || held == nullptr || held->is_configured()) return false;
  if (claimed_by_nd && !held->is_formed()) return false;
  // It tests the address, and answers nobody (RFC 4862 §5.4.3, rule D5).
  if (now - held->created < DadWatch::kTentative) return false;
  return IsUp(held->ifindex) && installer_.IsPresent(held->ifindex, address) &&
         contests_.MayBegin(ifindex, address, now);
}

bool AddressBook::Contest(const Binding& claim, MonotonicTime now) {
  const bool by_nd = !claim.is_dhcp();
  return MayContest(claim.ifindex, claim.address, by_nd, now) &&
         contests_.Begin(claim, bindings_.Find(claim.address)->ifindex, now);
}

Reason AddressBook::WhyHeld(const Binding& claim) const {
  const Binding* held = bindings_.Find(claim.address);
  const bool is_known = held != nullptr && held->origin != Origin::kAdoptedLease;
  const bool is_same = is_known && held->is_dhcp() && claim.is_dhcp() &&
                       held->client_identifier == claim.client_identifier;
  return is_same ? Reason::kSameClient : Reason::kHeldBySlave;
}

void AddressBook::EndContests(bool is_caught_up, MonotonicTime now) {
  for (const Contests::Decision& decision : contests_.TakeDecided(is_caught_up, now)) {
    const Binding& claim = decision.claim;
    // An owner that gave it up meanwhile was heard, too.
    const bool is_free = bindings_.Find(claim.address) == nullptr;
    if (decision.moves || is_free) {
      Move(claim, decision.owner, now);
    } else {
      Refuse(claim.ifindex, claim.address, claim.origin, WhyHeld(claim), decision.owner, now);
    }
  }
}

// Much may have happened while the owner was asked.
void AddressBook::Move(const Binding& claim, int32_t owner, MonotonicTime now) {
  if (!slaves_.contains(claim.ifindex) || claim.valid_until <= now) return;
  const Binding* held = bindings_.Find(claim.address);
  if (held != nullptr && held->ifindex != owner) return;  // and so it is a new question
  // The kernel did not have it there any more: who should have answered?
  if (held != nullptr && !installer_.IsPresent(owner, claim.address)) return;
  Reason reason = Check(claim.ifindex, claim.address, !claim.is_dhcp());
  const bool is_too_much =
      bindings_.RoomOf(claim.ifindex) == 0 ||
      (claim.is_dhcp() && bindings_.CountDhcpOf(claim.ifindex) >= BindingTable::kMaxDhcpPerSlave);
  if (reason == Reason::kNone && is_too_much) reason = Reason::kQuota;
  if (reason != Reason::kNone) {
    return Refuse(claim.ifindex, claim.address, claim.origin, reason, 0, now);
  }
  Want(claim, now);
}

}  // namespace l3sync
