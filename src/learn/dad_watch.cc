#include "learn/dad_watch.h"

#include <algorithm>

#include "absl/algorithm/container.h"

namespace l3sync {

void DadWatch::Sent(int32_t ifindex, const IpAddress& target, ByteSpan nonce, MonotonicTime now) {
  Expire(now);
  std::vector<Attempt>& attempts = attempts_[ifindex];
  // Each try has a nonce of its own (RFC 7527 §4.1), and that of the last one may still come back.
  for (Attempt& attempt : attempts) {
    if (attempt.target == target) attempt.is_tentative = false;
  }
  if (attempts.size() >= kMaxPerSlave) attempts.erase(attempts.begin());
  attempts.push_back({target, {nonce.begin(), nonce.end()}, now});
}

bool DadWatch::IsLoopBack(int32_t ifindex, const IpAddress& target, ByteSpan nonce,
                          MonotonicTime now) const {
  if (nonce.empty()) return false;
  return absl::c_any_of(attempts_, [&](const auto& entry) {
    return entry.first != ifindex && absl::c_any_of(entry.second, [&](const Attempt& attempt) {
             return attempt.target == target && ByteSpan(attempt.nonce) == nonce &&
                    now - attempt.sent < kMemory;
           });
  });
}

bool DadWatch::IsTentative(int32_t ifindex, const IpAddress& address, MonotonicTime now) const {
  const auto it = attempts_.find(ifindex);
  return it != attempts_.end() &&
         absl::c_any_of(it->second, [&](const Attempt& a) { return Tests(a, address, now); });
}

std::vector<int32_t> DadWatch::TentativeOn(const IpAddress& address, MonotonicTime now) const {
  std::vector<int32_t> slaves;
  for (const auto& [ifindex, attempts] : attempts_) {
    if (IsTentative(ifindex, address, now)) slaves.push_back(ifindex);
  }
  absl::c_sort(slaves);
  return slaves;
}

void DadWatch::Forget(int32_t ifindex, const IpAddress& address) {
  const auto it = attempts_.find(ifindex);
  if (it == attempts_.end()) return;
  for (Attempt& attempt : it->second) {
    if (attempt.target == address) attempt.is_tentative = false;
  }
}

void DadWatch::NoteRace(const IpAddress& address, MonotonicTime now) {
  races_.try_emplace(address, now + kTentative);
}

void DadWatch::Spoke(int32_t ifindex, const IpAddress& address, MonotonicTime now) {
  if (!IsTentative(ifindex, address, now)) return;
  Forget(ifindex, address);
  if (races_.erase(address) == 0) return;
  for (Attempt& attempt : attempts_[ifindex]) {
    attempt.has_won = attempt.has_won || attempt.target == address;
  }
}

bool DadWatch::HasWon(int32_t ifindex, const IpAddress& address) const {
  const auto it = attempts_.find(ifindex);
  return it != attempts_.end() && absl::c_any_of(it->second, [&](const Attempt& attempt) {
           return attempt.has_won && attempt.target == address;
         });
}

std::vector<IpAddress> DadWatch::TakeLostRaces(MonotonicTime now) {
  std::vector<IpAddress> lost;
  absl::erase_if(races_, [&](const auto& race) {
    if (race.second > now) return false;
    lost.push_back(race.first);
    return true;
  });
  absl::c_sort(lost);
  return lost;
}

void DadWatch::Expire(MonotonicTime now) {
  for (auto& [ifindex, attempts] : attempts_) {
    std::erase_if(attempts, [&](const Attempt& attempt) { return now - attempt.sent >= kMemory; });
  }
  absl::erase_if(attempts_, [](const auto& entry) { return entry.second.empty(); });
}

MonotonicTime DadWatch::NextDeadline() const {
  MonotonicTime next = MonotonicTime::Never();
  for (const auto& [address, lost_at] : races_) next = std::min(next, lost_at);
  return next;
}

}  // namespace l3sync
