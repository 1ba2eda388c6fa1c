#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"

#include "wire/ip_address.h"

namespace l3sync {

// One word of --bind: the guest on the interface of this name has this address.
struct ConfiguredAddress {
  std::string slave;  // a name, for the slave may come later, go and come back
  IpAddress address;

  friend bool operator==(const ConfiguredAddress&, const ConfiguredAddress&) = default;
};

// Which slave has an address by configuration (rule T2, the first rank). Knows names and indexes;
// what is bound is the binding table's.
class ConfiguredAddresses {
 public:
  // A command line is no data base; and one slave keeps room for what its guest learns.
  static constexpr size_t kMax = 4096;
  static constexpr size_t kMaxPerSlave = 32;

  // Each address is there once (the worker's options say so); of two, the first counts.
  explicit ConfiguredAddresses(const std::vector<ConfiguredAddress>& configured);

  // `ifindex` is called `name` from now on. Who was called so before is so no more.
  void SetName(int32_t ifindex, std::string_view name);
  void Forget(int32_t ifindex);

  bool Contains(const IpAddress& address) const { return name_of_.contains(address); }
  // The slave that has `address` by configuration; 0 if none, or if it is not there.
  int32_t SlaveOf(const IpAddress& address) const;
  // In the order of the command line.
  std::vector<IpAddress> AddressesOf(int32_t ifindex) const;
  // Those whose slave is there.
  std::vector<IpAddress> Present() const;

 private:
  struct Slave {
    int32_t ifindex = 0;  // 0: not there
    std::vector<IpAddress> addresses;
  };

  absl::flat_hash_map<std::string, Slave> slaves_;  // by name: those that --bind names
  absl::flat_hash_map<IpAddress, std::string> name_of_;
};

}  // namespace l3sync
