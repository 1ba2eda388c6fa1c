#include "learn/binding_table.h"

#include <algorithm>
#include <tuple>

namespace l3sync {

const Binding* BindingTable::Find(const IpAddress& address) const {
  const auto it = bindings_.find(address);
  return it == bindings_.end() ? nullptr : &it->second;
}

void BindingTable::Put(const Binding& binding) {
  const Binding copy = binding;  // it may be our own element
  Remove(copy.address);
  bindings_[copy.address] = copy;
  OfSlave& slave = of_slave_[copy.ifindex];
  slave.addresses.insert(copy.address);
  if (copy.is_formed()) SetFormed(copy.ifindex, &slave, slave.formed + 1);
  if (!copy.valid_until.is_never()) by_expiry_.insert({copy.valid_until, copy.address});
}

void BindingTable::Remove(const IpAddress& address) {
  const auto it = bindings_.find(address);
  if (it == bindings_.end()) return;
  const IpAddress key = it->first;  // `address` may be a reference into the element
  by_expiry_.erase({it->second.valid_until, key});
  if (const auto slave = of_slave_.find(it->second.ifindex); slave != of_slave_.end()) {
    slave->second.addresses.erase(key);
    if (it->second.is_formed()) SetFormed(slave->first, &slave->second, slave->second.formed - 1);
    if (slave->second.addresses.empty()) of_slave_.erase(slave);
  }
  bindings_.erase(it);
}

void BindingTable::SetFormed(int32_t ifindex, OfSlave* slave, size_t formed) {
  by_formed_.erase({slave->formed, ifindex});
  slave->formed = formed;
  if (formed != 0) by_formed_.insert({formed, ifindex});
}

size_t BindingTable::CountOf(int32_t ifindex) const {
  const auto it = of_slave_.find(ifindex);
  return it == of_slave_.end() ? 0 : it->second.addresses.size();
}

size_t BindingTable::CountDhcpOf(int32_t ifindex) const {
  const std::vector<IpAddress> addresses = AddressesOf(ifindex);
  return static_cast<size_t>(std::count_if(addresses.begin(), addresses.end(),
                                           [&](const auto& a) { return Find(a)->is_dhcp(); }));
}

std::vector<IpAddress> BindingTable::AddressesOf(int32_t ifindex) const {
  const auto it = of_slave_.find(ifindex);
  if (it == of_slave_.end()) return {};
  std::vector<IpAddress> addresses(it->second.addresses.begin(), it->second.addresses.end());
  std::sort(addresses.begin(), addresses.end());  // the same decisions on each run
  return addresses;
}

std::vector<IpAddress> BindingTable::All() const {
  std::vector<IpAddress> addresses;
  addresses.reserve(bindings_.size());
  for (const auto& [address, binding] : bindings_) addresses.push_back(address);
  return addresses;
}

std::vector<IpAddress> BindingTable::AddressesIn(const IpPrefix& prefix) const {
  std::vector<IpAddress> addresses;
  for (auto it = bindings_.lower_bound(prefix.Masked().address);
       it != bindings_.end() && prefix.Contains(it->first); ++it) {
    addresses.push_back(it->first);
  }
  return addresses;
}

// ---- Room

size_t BindingTable::RoomOf(int32_t ifindex) const {
  const auto it = of_slave_.find(ifindex);
  const size_t count = it == of_slave_.end() ? 0 : it->second.addresses.size();
  const size_t formed = it == of_slave_.end() ? 0 : it->second.formed;
  const size_t free = is_full() ? 0 : max_ - bindings_.size();
  const size_t reserved = count < kReservedPerSlave ? kReservedPerSlave - count : 0;
  const size_t kept = count - formed;
  return kept < kMaxPerSlave ? std::min(kMaxPerSlave - kept, std::max(free, reserved) + formed) : 0;
}

const Binding* BindingTable::ToEvictFor(int32_t ifindex, MonotonicTime now) const {
  const size_t count = CountOf(ifindex);
  if (count >= kMaxPerSlave) return LeastUsedOf(ifindex, now);
  if (!is_full()) return nullptr;
  return count < kReservedPerSlave ? NewestOfGreediest() : LeastUsedOf(ifindex, now);
}

const Binding* BindingTable::LeastUsedOf(int32_t ifindex, MonotonicTime now) const {
  const auto rank = [&](const Binding& b) {
    return std::tuple(b.preferred_until > now, b.last_evidence, b.address);
  };
  const auto it = of_slave_.find(ifindex);
  if (it == of_slave_.end()) return nullptr;
  const Binding* least = nullptr;
  for (const IpAddress& address : it->second.addresses) {
    const Binding* binding = Find(address);
    if (!binding->is_formed()) continue;
    if (least == nullptr || rank(*binding) < rank(*least)) least = binding;
  }
  return least;
}

// RFC 6620 §4.1: who comes last has not been there long. At most kMaxPerSlave addresses are looked
// at.
const Binding* BindingTable::NewestOfGreediest() const {
  if (by_formed_.empty()) return nullptr;
  const auto [formed, ifindex] = *by_formed_.rbegin();
  if (formed <= kReservedPerSlave) return nullptr;
  const Binding* newest = nullptr;
  for (const IpAddress& address : of_slave_.at(ifindex).addresses) {
    const Binding* binding = Find(address);
    if (!binding->is_formed()) continue;
    if (newest == nullptr ||
        std::tuple(binding->created, address) > std::tuple(newest->created, newest->address)) {
      newest = binding;
    }
  }
  return newest;
}

// ---- Time

MonotonicTime BindingTable::NextExpiry() const {
  return by_expiry_.empty() ? MonotonicTime::Never() : by_expiry_.begin()->first;
}

std::vector<IpAddress> BindingTable::Expired(MonotonicTime now) const {
  std::vector<IpAddress> expired;
  for (const auto& [deadline, address] : by_expiry_) {
    if (deadline > now) break;
    expired.push_back(address);
  }
  return expired;
}

}  // namespace l3sync
