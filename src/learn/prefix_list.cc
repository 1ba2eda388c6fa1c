#include "learn/prefix_list.h"

#include <algorithm>

#include "learn/kernel_record.h"

namespace l3sync {
namespace {

// A router that counts its lifetimes down (RFC 4861 §6.2.1) says the same end each time, to a
// second or two.
constexpr absl::Duration kSlack = absl::Seconds(3);

// Whether an address that was told `told` must hear of `end`.
bool IsOwed(MonotonicTime end, MonotonicTime told, MonotonicTime now) {
  if (end == told || (end <= now && told <= now)) return false;
  if (end < told) return told - end > kSlack;
  if (end.is_never()) return true;
  return end - told > std::max(kSlack, (end - now) / 32);
}

bool MakesAddresses(const IpPrefix& prefix) {
  return prefix.length == PrefixList::kLength && prefix.address.is_v6() &&
         !prefix.address.is_link_local() && !prefix.address.is_multicast();
}

}  // namespace

MonotonicTime AdvertisedEnd(MonotonicTime now, uint32_t lifetime_sec) {
  return lifetime_sec == kInfiniteLifetimeSec ? MonotonicTime::Never()
                                              : now + absl::Seconds(lifetime_sec);
}

MonotonicTime NextValidEnd(MonotonicTime advertised, MonotonicTime current, MonotonicTime now) {
  constexpr absl::Duration kTwoHours = absl::Hours(2);
  if (advertised - now > kTwoHours || advertised > current) return advertised;
  if (current - now <= kTwoHours) return current;
  return now + kTwoHours;
}

PrefixList::Change PrefixList::Observe(const PrefixInformation& information, MonotonicTime now) {
  if (!information.autonomous || !MakesAddresses(information.prefix) ||
      information.preferred_sec > information.valid_sec) {
    return Change::kNotAutonomous;
  }
  const IpPrefix key = information.prefix.Masked();
  if (information.valid_sec == 0) {
    // Creates nothing (rule L1); known addresses have the two-hour rule.
    prefixes_.erase(key);
    return Change::kLifetimes;
  }
  const auto it = prefixes_.find(key);
  if (it == prefixes_.end() && prefixes_.size() >= kMax) return Change::kFull;
  const MonotonicTime valid = AdvertisedEnd(now, information.valid_sec);
  const MonotonicTime preferred = AdvertisedEnd(now, information.preferred_sec);
  const Prefix prefix{valid, preferred, false};
  if (it == prefixes_.end()) {
    prefixes_[key] = {prefix, valid, preferred};
    return Change::kNew;
  }
  Entry& entry = it->second;
  const bool is_owed = entry.prefix.from_kernel || IsOwed(valid, entry.told_valid, now) ||
                       IsOwed(preferred, entry.told_preferred, now);
  entry.prefix = prefix;
  if (!is_owed) return Change::kNone;
  entry.told_valid = valid;
  entry.told_preferred = preferred;
  return Change::kLifetimes;
}

PrefixList::Change PrefixList::ObserveKernel(const IpPrefix& route, MonotonicTime now) {
  if (!MakesAddresses(route)) return Change::kNotAutonomous;
  const IpPrefix key = route.Masked();
  const auto it = prefixes_.find(key);
  const bool is_new = it == prefixes_.end();
  if (!is_new && !it->second.prefix.from_kernel) return Change::kNone;  // its RA says more
  if (is_new && prefixes_.size() >= kMax) return Change::kFull;
  const MonotonicTime end = now + kKernelLifetime;
  prefixes_[key] = {{end, end, true}, end, end};
  return is_new ? Change::kNew : Change::kLifetimes;
}

const PrefixList::Prefix* PrefixList::Of(const IpAddress& address) const {
  if (!address.is_v6()) return nullptr;
  const auto it = prefixes_.find(IpPrefix{address, kLength}.Masked());
  return it == prefixes_.end() ? nullptr : &it->second.prefix;
}

std::vector<IpPrefix> PrefixList::All() const {
  std::vector<IpPrefix> all;
  for (const auto& [prefix, entry] : prefixes_) all.push_back(prefix);
  std::sort(all.begin(), all.end(),
            [](const IpPrefix& a, const IpPrefix& b) { return a.address < b.address; });
  return all;
}

void PrefixList::Expire(MonotonicTime now) {
  absl::erase_if(prefixes_,
                 [&](const auto& entry) { return entry.second.prefix.valid_until <= now; });
}

}  // namespace l3sync
