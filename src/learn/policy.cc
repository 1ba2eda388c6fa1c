#include "learn/policy.h"

#include <algorithm>

#include "learn/probe_station.h"

namespace l3sync {
namespace {

void InsertBounded(absl::flat_hash_set<IpAddress>* set, const IpAddress& address, size_t limit) {
  if (address.has_value() && set->size() < limit) set->insert(address);
}

// Network and directed broadcast address of an IPv4 subnet that has them (RFC 3021: a /31 has
// none).
bool IsEdgeOfSubnet(const IpAddress& address, const IpPrefix& subnet) {
  if (!address.is_v4() || subnet.length > 30 || !subnet.Contains(address)) return false;
  const uint32_t host_bits = 0xffffffffU >> subnet.length;
  const uint32_t host = address.v4() & host_bits;
  return host == 0 || host == host_bits;
}

}  // namespace

Reason Policy::CheckSpecial(const IpAddress& address) {
  if (!address.has_value() || address.is_unspecified() || address.is_loopback() ||
      address.is_multicast() || address.is_limited_broadcast() || address.is_v4_mapped()) {
    return Reason::kSpecialAddress;
  }
  if (address.is_v4()) {
    const uint32_t first_octet = address.v4() >> 24;
    // 0/8 "this network", 240/4 reserved (RFC 6890); 169.254/16 is nobody's to hand out (RFC 3927
    // §1.6).
    if (first_octet == 0 || first_octet >= 240 || address.is_link_local()) {
      return Reason::kSpecialAddress;
    }
  } else if (address == kProbeSource ||  // our own
             address.interface_identifier() ==
                 std::array<uint8_t, 8>{}) {  // subnet-router anycast (RFC 4291 §2.6.1)
    return Reason::kSpecialAddress;
  }
  return Reason::kNone;
}

Reason Policy::CheckConfigured(const IpAddress& address) const {
  if (const Reason special = CheckSpecial(address); special != Reason::kNone) return special;
  for (const IpPrefix& prefix : options_.deny) {
    if (prefix.Contains(address)) return Reason::kDenied;
  }
  for (const auto& [ifindex, addresses] : host_addresses_) {
    if (addresses.contains(address)) return Reason::kHostAddress;
    for (const auto& [host_address, length] : addresses) {
      if (IsEdgeOfSubnet(address, {host_address, length})) return Reason::kSubnetBroadcast;
    }
  }
  return Reason::kNone;
}

Reason Policy::Check(const IpAddress& address, bool claimed_by_nd) const {
  if (const Reason reason = CheckConfigured(address); reason != Reason::kNone) return reason;
  if (next_hops_.contains(address) || routers_.contains(address)) return Reason::kNextHop;
  if (servers_.contains(address)) return Reason::kServer;
  if (resolvers_.contains(address) ||
      std::find(options_.resolvers.begin(), options_.resolvers.end(), address) !=
          options_.resolvers.end()) {
    return Reason::kResolver;
  }
  if (claimed_by_nd && neighbours_.contains(address)) return Reason::kNeighbour;
  if (options_.eui64 == Eui64Policy::kRefuse && has_mac_ && address.is_v6() &&
      address.interface_identifier() == shared_eui64_) {
    return Reason::kSharedEui64;
  }
  return Reason::kNone;
}

void Policy::SetSharedMac(const MacAddress& mac) {
  has_mac_ = true;
  shared_eui64_ = Eui64Identifier(mac);
}

void Policy::AddHostAddress(int32_t ifindex, const IpPrefix& address) {
  host_addresses_[ifindex][address.address] = address.length;
  if (in_dump_) staged_host_addresses_[ifindex][address.address] = address.length;
}

void Policy::RemoveHostAddress(int32_t ifindex, const IpAddress& address) {
  for (auto* addresses : {&host_addresses_, &staged_host_addresses_}) {
    const auto it = addresses->find(ifindex);
    if (it == addresses->end()) continue;
    it->second.erase(address);
    if (it->second.empty()) addresses->erase(it);
  }
}

bool Policy::RemoveHostInterface(int32_t ifindex) {
  const size_t erased = host_addresses_.erase(ifindex);
  return erased + staged_host_addresses_.erase(ifindex) != 0;
}

void Policy::BeginDump() {
  in_dump_ = true;
  staged_host_addresses_.clear();
  staged_next_hops_.clear();
  staged_neighbours_.clear();
}

void Policy::EndDump(bool complete) {
  if (complete) {
    host_addresses_.swap(staged_host_addresses_);
    next_hops_.swap(staged_next_hops_);
    neighbours_.swap(staged_neighbours_);
  }
  BeginDump();
  in_dump_ = false;
}

void Policy::AddNextHop(const IpAddress& address) {
  InsertBounded(&staged_next_hops_, address, kMaxNeighbours);
}

void Policy::AddNeighbour(const IpAddress& address) {
  InsertBounded(&staged_neighbours_, address, kMaxNeighbours);
}

void Policy::NoteServer(const IpAddress& address) {
  InsertBounded(&servers_, address, kMaxLearnedAddresses);
}
void Policy::NoteResolver(const IpAddress& address) {
  InsertBounded(&resolvers_, address, kMaxLearnedAddresses);
}
void Policy::NoteRouter(const IpAddress& address) {
  InsertBounded(&routers_, address, kMaxLearnedAddresses);
}

}  // namespace l3sync
