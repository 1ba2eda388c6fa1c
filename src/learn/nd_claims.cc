#include "learn/nd_claims.h"

#include <algorithm>

namespace l3sync {

bool NdClaims::AwaitLook(int32_t ifindex, const IpAddress& address, uint64_t command_id,
                         MonotonicTime now) {
  return Park(ifindex, {address, now, command_id});
}

bool NdClaims::AwaitPrefix(int32_t ifindex, const IpAddress& address, MonotonicTime now) {
  return Park(ifindex, {address, now, 0});
}

bool NdClaims::Park(int32_t ifindex, const Claim& claim) {
  std::vector<Claim>& claims = claims_[ifindex];
  const auto known = std::find_if(claims.begin(), claims.end(),
                                  [&](const Claim& c) { return c.address == claim.address; });
  if (known != claims.end()) {
    known->made = claim.made;
    if (known->command_id == 0) known->command_id = claim.command_id;
    return true;
  }
  const bool is_full = claims.size() >= kMaxPerSlave;
  if (is_full) claims.erase(claims.begin());
  claims.push_back(claim);
  return !is_full;
}

std::vector<IpAddress> NdClaims::TakeLooked(int32_t ifindex, uint64_t command_id) {
  std::vector<IpAddress> looked;
  const auto it = claims_.find(ifindex);
  if (it == claims_.end()) return looked;
  std::erase_if(it->second, [&](const Claim& claim) {
    if (claim.command_id == 0 || claim.command_id > command_id) return false;
    looked.push_back(claim.address);
    return true;
  });
  if (it->second.empty()) claims_.erase(it);
  return looked;
}

std::vector<std::pair<int32_t, IpAddress>> NdClaims::AwaitingPrefix(const IpPrefix& prefix) const {
  std::vector<std::pair<int32_t, IpAddress>> waiting;
  for (const auto& [ifindex, claims] : claims_) {
    for (const Claim& claim : claims) {
      if (claim.command_id == 0 && prefix.Contains(claim.address)) {
        waiting.emplace_back(ifindex, claim.address);
      }
    }
  }
  std::sort(waiting.begin(), waiting.end());
  return waiting;
}

void NdClaims::Expire(MonotonicTime now) {
  for (auto& [ifindex, claims] : claims_) {
    std::erase_if(claims, [&](const Claim& claim) { return now - claim.made >= kLifetime; });
  }
  absl::erase_if(claims_, [](const auto& entry) { return entry.second.empty(); });
}

}  // namespace l3sync
