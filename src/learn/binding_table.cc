#include "learn/binding_table.h"

#include <algorithm>

namespace l3sync {

const Binding* BindingTable::Find(const IpAddress& address) const {
  const auto it = bindings_.find(address);
  return it == bindings_.end() ? nullptr : &it->second;
}

void BindingTable::Put(const Binding& binding) {
  const Binding copy = binding;  // it may be our own element
  Remove(copy.address);
  bindings_[copy.address] = copy;
  of_slave_[copy.ifindex].insert(copy.address);
  if (!copy.valid_until.is_never()) by_expiry_.insert({copy.valid_until, copy.address});
}

void BindingTable::Remove(const IpAddress& address) {
  const auto it = bindings_.find(address);
  if (it == bindings_.end()) return;
  const IpAddress key = it->first;  // `address` may be a reference into the element
  by_expiry_.erase({it->second.valid_until, key});
  if (const auto slave = of_slave_.find(it->second.ifindex); slave != of_slave_.end()) {
    slave->second.erase(key);
    if (slave->second.empty()) of_slave_.erase(slave);
  }
  bindings_.erase(it);
}

size_t BindingTable::CountOf(int32_t ifindex) const {
  const auto it = of_slave_.find(ifindex);
  return it == of_slave_.end() ? 0 : it->second.size();
}

size_t BindingTable::CountDhcpOf(int32_t ifindex) const {
  const std::vector<IpAddress> addresses = AddressesOf(ifindex);
  return static_cast<size_t>(std::count_if(addresses.begin(), addresses.end(),
                                           [&](const auto& a) { return Find(a)->is_dhcp(); }));
}

std::vector<IpAddress> BindingTable::AddressesOf(int32_t ifindex) const {
  const auto it = of_slave_.find(ifindex);
  if (it == of_slave_.end()) return {};
  std::vector<IpAddress> addresses(it->second.begin(), it->second.end());
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
