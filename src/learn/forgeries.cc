#include "learn/forgeries.h"

#include <algorithm>
#include <tuple>
#include <variant>
#include <vector>

#include "absl/hash/hash.h"

namespace l3sync {
namespace {

Fingerprint Of(const Dhcp4Message& m) {
  return absl::HashOf(4, m.op, m.xid, m.type, m.ciaddr, m.yiaddr, m.lease_time_sec,
                      m.server_identifier, m.subnet_mask, m.routers, m.resolvers,
                      m.client_identifier, m.rapid_commit);
}

Fingerprint Of(const Dhcp6Message& m) {
  size_t hash = absl::HashOf(6, m.type, m.xid, m.client_identifier, m.server_identifier, m.status,
                             m.rapid_commit, m.delegates, m.resolvers);
  for (const Dhcp6Association& association : m.associations) {
    hash = absl::HashOf(hash, association.temporary, association.iaid, association.status,
                        association.addresses.size());
    for (const Dhcp6Address& item : association.addresses) {
      hash = absl::HashOf(hash, item.address, item.preferred_sec, item.valid_sec, item.status);
    }
  }
  return hash;
}

Fingerprint Of(const IpAddress& source, const NdMessage& m) {
  size_t hash = absl::HashOf(m.type, source, m.resolvers);
  for (const PrefixInformation& item : m.prefixes) {
    hash = absl::HashOf(hash, item.prefix, item.autonomous, item.valid_sec, item.preferred_sec);
  }
  return hash;
}

}  // namespace

Fingerprint FingerprintOf(const ParsedFrame& frame) {
  if (const auto* dhcp4 = std::get_if<Dhcp4Message>(&frame.message)) return Of(*dhcp4);
  if (const auto* dhcp6 = std::get_if<Dhcp6Message>(&frame.message)) return Of(*dhcp6);
  if (const auto* nd = std::get_if<NdMessage>(&frame.message)) return Of(frame.source, *nd);
  return 0;
}

void Forgeries::Remember(int32_t ifindex, Fingerprint forgery, MonotonicTime now) {
  Expire(now);
  const auto known = forgeries_.find(forgery);
  if (known != forgeries_.end() && known->second.ifindex == ifindex) {
    // Again the newest: what is oldest first expires first.
    std::deque<Fingerprint>& own = of_slave_.at(ifindex);
    own.erase(std::find(own.begin(), own.end(), forgery));
    own.push_back(forgery);
    known->second.until = now + kLifetime;
    return;
  }
  if (known != forgeries_.end()) {
    const int32_t other = known->second.ifindex;
    std::deque<Fingerprint>& others = of_slave_.at(other);
    others.erase(std::find(others.begin(), others.end(), forgery));
    if (others.empty()) of_slave_.erase(other);
  } else if (forgeries_.size() >= kMax) {
    EvictOldestOf(
        std::max_element(of_slave_.begin(), of_slave_.end(), [](const auto& a, const auto& b) {
          return std::tuple(a.second.size(), a.first) < std::tuple(b.second.size(), b.first);
        })->first);
  }
  std::deque<Fingerprint>& own = of_slave_[ifindex];
  own.push_back(forgery);
  forgeries_[forgery] = {ifindex, now + kLifetime};
  if (own.size() > kMaxPerSlave) EvictOldestOf(ifindex);
}

int32_t Forgeries::ForgerOf(Fingerprint message, MonotonicTime now) const {
  const auto it = forgeries_.find(message);
  return it == forgeries_.end() || it->second.until <= now ? 0 : it->second.ifindex;
}

void Forgeries::NoteGenuine(Fingerprint advertisement) {
  if (IsGenuine(advertisement)) return;
  if (genuine_.size() >= kMaxGenuine) genuine_.pop_front();
  genuine_.push_back(advertisement);
}

bool Forgeries::IsGenuine(Fingerprint advertisement) const {
  return std::find(genuine_.begin(), genuine_.end(), advertisement) != genuine_.end();
}

void Forgeries::EvictOldestOf(int32_t ifindex) {
  const auto own = of_slave_.find(ifindex);
  forgeries_.erase(own->second.front());
  own->second.pop_front();
  if (own->second.empty()) of_slave_.erase(own);
}

void Forgeries::ForgetSlave(int32_t ifindex) {
  const auto own = of_slave_.find(ifindex);
  if (own == of_slave_.end()) return;
  for (const Fingerprint forgery : own->second) forgeries_.erase(forgery);
  of_slave_.erase(own);
}

void Forgeries::Expire(MonotonicTime now) {
  std::vector<int32_t> slaves;
  for (const auto& [ifindex, own] : of_slave_) slaves.push_back(ifindex);
  for (const int32_t ifindex : slaves) {
    while (of_slave_.contains(ifindex) &&
           forgeries_.at(of_slave_.at(ifindex).front()).until <= now) {
      EvictOldestOf(ifindex);
    }
  }
}

}  // namespace l3sync
