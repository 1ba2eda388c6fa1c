// Duplicate address detection: who else tests or uses an address that a guest tests (rules D1 to
// D5).
#include "learn/nd_learner.h"

namespace l3sync {

// ---- Guests

// A solicitation from :: is both: the first claim (rule D1), and a question.
void NdLearner::ObserveTest(int32_t ifindex, const NdMessage& message, MonotonicTime now) {
  if (dads_.IsLoopBack(ifindex, message.target, message.nonce, now)) {
    return book_->Ignore(IgnoreReason::kLoopedBack);
  }
  dads_.Sent(ifindex, message.target, message.nonce, now);
  ObserveClaim(ifindex, message.target, now);
}

void NdLearner::ObserveUse(int32_t ifindex, const IpAddress& address, MonotonicTime now) {
  dads_.Spoke(ifindex, address, now);
  ObserveClaim(ifindex, address, now);
}

// Rule D5: both guests are at it. RFC 6620 gives the address to the later one, but both nodes drop
// it (RFC 4862 §5.4.3), unless one did not hear the other: whoever speaks next has it.
bool NdLearner::IsRace(int32_t ifindex, const Binding& held, MonotonicTime now) {
  if (!held.is_formed() || !dads_.IsTentative(ifindex, held.address, now) ||
      !dads_.IsTentative(held.ifindex, held.address, now)) {
    return false;
  }
  dads_.NoteRace(held.address, now);
  return true;
}

bool NdLearner::HasWon(int32_t ifindex, const Binding& held) const {
  return held.is_formed() && dads_.HasWon(ifindex, held.address);
}

void NdLearner::EndRaces(MonotonicTime now) {
  for (const IpAddress& address : dads_.TakeLostRaces(now)) {
    const Binding* held = book_->bindings().Find(address);
    if (held == nullptr || !held->is_formed()) continue;
    book_->NoteDuplicate(held->ifindex, address, now);
    book_->Unwant(address, Reason::kDuplicate);
  }
}

// ---- The network

void NdLearner::ObserveOtherTest(const ParsedFrame& frame, const NdMessage& message,
                                 MonotonicTime now) {
  if (!frame.source.is_unspecified()) return book_->Ignore(IgnoreReason::kNoClaim);
  // Rule D3. One without a nonce that comes back as it left has the shared MAC for a source, and
  // does not come here.
  if (dads_.IsLoopBack(0, message.target, message.nonce, now)) {
    return book_->Ignore(IgnoreReason::kLoopedBack);
  }
  ObserveDuplicate(message.target, frame.source_mac, now);
}

void NdLearner::ObserveOtherUse(const ParsedFrame& frame, const NdMessage& message,
                                const MacAddress& shared_mac, MonotonicTime now) {
  const MacAddress mac = message.target_link_layer.value_or(frame.source_mac);
  if (mac == shared_mac) return book_->Ignore(IgnoreReason::kLoopedBack);
  ObserveDuplicate(message.target, mac, now);
}

// Rules D2, D4. An address that is in use is its guest's to defend (RFC 4862 §5.4). What a guest
// formed itself, it gives up when its test fails; a lease it declines to the server (rule S6-8).
void NdLearner::ObserveDuplicate(const IpAddress& address, const MacAddress& mac,
                                 MonotonicTime now) {
  const std::vector<int32_t> slaves = dads_.TentativeOn(address, now);
  if (slaves.empty()) return book_->Ignore(IgnoreReason::kNoClaim);
  for (const int32_t ifindex : slaves) {
    dads_.Forget(ifindex, address);
    book_->NoteDuplicate(ifindex, address, now);
    const Binding* binding = book_->bindings().Find(address);
    if (binding == nullptr || binding->ifindex != ifindex) continue;
    conflicts_->Say(*binding, mac, now);
    if (binding->is_formed()) book_->Unwant(IpAddress(address), Reason::kDuplicate);
  }
}

}  // namespace l3sync
