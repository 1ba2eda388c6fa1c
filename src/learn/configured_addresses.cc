#include "learn/configured_addresses.h"

#include <algorithm>

namespace l3sync {

ConfiguredAddresses::ConfiguredAddresses(const std::vector<ConfiguredAddress>& configured) {
  for (const ConfiguredAddress& entry : configured) {
    if (!name_of_.try_emplace(entry.address, entry.slave).second) continue;
    slaves_[entry.slave].addresses.push_back(entry.address);
  }
}

void ConfiguredAddresses::SetName(int32_t ifindex, std::string_view name) {
  Forget(ifindex);
  const auto it = slaves_.find(std::string(name));
  if (it != slaves_.end()) it->second.ifindex = ifindex;
}

void ConfiguredAddresses::Forget(int32_t ifindex) {
  for (auto& [name, slave] : slaves_) {
    if (slave.ifindex == ifindex) slave.ifindex = 0;
  }
}

int32_t ConfiguredAddresses::SlaveOf(const IpAddress& address) const {
  const auto name = name_of_.find(address);
  return name == name_of_.end() ? 0 : slaves_.find(name->second)->second.ifindex;
}

std::vector<IpAddress> ConfiguredAddresses::AddressesOf(int32_t ifindex) const {
  for (const auto& [name, slave] : slaves_) {
    if (slave.ifindex == ifindex) return slave.addresses;
  }
  return {};
}

std::vector<IpAddress> ConfiguredAddresses::Present() const {
  std::vector<IpAddress> present;
  for (const auto& [address, name] : name_of_) {
    if (slaves_.find(name)->second.ifindex != 0) present.push_back(address);
  }
  std::sort(present.begin(), present.end());  // the same decisions on each run
  return present;
}

}  // namespace l3sync
