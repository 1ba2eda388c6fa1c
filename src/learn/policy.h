#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"

#include "learn/configured_addresses.h"
#include "learn/event.h"
#include "learn/kernel_record.h"
#include "wire/ip_address.h"

namespace l3sync {

enum class Eui64Policy : uint8_t { kRefuse, kFirst };

struct PolicyOptions {
  std::vector<IpPrefix> deny;
  Eui64Policy eui64 = Eui64Policy::kRefuse;
  // Resolvers of the host itself (resolv.conf), read before the start.
  std::vector<IpAddress> resolvers;
  std::vector<ConfiguredAddress> configured = {};  // --bind
};

// Which addresses are never assigned, whoever says so (rule T7). Keeps the reserved set; knows
// nothing of slaves' bindings.
class Policy {
 public:
  // Each bounds what the network can make us keep. More servers, routers and resolvers on one link
  // than this is not a network but a flood; the first ones stay.
  static constexpr size_t kMaxLearnedAddresses = 256;
  static constexpr size_t kMaxNeighbours = 16384;  // gc_thresh3 is 1024 by default

  explicit Policy(PolicyOptions options) : options_(std::move(options)) {}

  // kNone if `address` may be assigned to a guest. Only ND claims yield to neighbours (a
  // neighbour counts only against ND claims).
  Reason Check(const IpAddress& address, bool claimed_by_nd) const;
  // The same for the guest that has it by configuration, which may well be a router, a server or
  // the owner of the shared MAC's EUI-64: only the host's own addresses, special ones and --deny
  // speak against it.
  Reason CheckConfigured(const IpAddress& address) const;
  // kSpecialAddress if no host may have it, on whatever network; else kNone.
  static Reason CheckSpecial(const IpAddress& address);

  // The parent's MAC, which all slaves share.
  void SetSharedMac(const MacAddress& mac);

  // An address of an interface that is not a slave, or that the host's own slave has. Several
  // interfaces may have one.
  void AddHostAddress(int32_t ifindex, const IpPrefix& address);
  void RemoveHostAddress(int32_t ifindex, const IpAddress& address);
  bool RemoveHostInterface(int32_t ifindex);  // whether it had addresses

  // What a dump says replaces what the last one said, when it is complete.
  void BeginDump();
  void AddNextHop(const IpAddress& address);
  void AddNeighbour(const IpAddress& address);
  void EndDump(bool complete);

  // Learned from accepted replies and RAs.
  void NoteServer(const IpAddress& address);
  void NoteResolver(const IpAddress& address);
  void NoteRouter(const IpAddress& address);

 private:
  PolicyOptions options_;
  bool has_mac_ = false;
  std::array<uint8_t, 8> shared_eui64_{};
  // By interface, so that a deleted one takes its addresses along.
  absl::flat_hash_map<int32_t, absl::flat_hash_map<IpAddress, uint8_t>> host_addresses_,
      staged_host_addresses_;
  bool in_dump_ = false;
  absl::flat_hash_set<IpAddress> next_hops_, staged_next_hops_;
  absl::flat_hash_set<IpAddress> neighbours_, staged_neighbours_;
  absl::flat_hash_set<IpAddress> servers_, resolvers_, routers_;
};

}  // namespace l3sync
