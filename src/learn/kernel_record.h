// What the kernel says of links, addresses, routes and neighbours, and of our own requests: values
// that the netlink thread makes of rtnetlink messages and the engine reads. Trivially copyable:
// they cross a ring.
#pragma once

#include <net/if.h>

#include <array>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <variant>

#include "wire/ip_address.h"

namespace l3sync {

// Lifetimes for the kernel are in seconds; this one never ends (INFINITY_LIFE_TIME in
// net/addrconf.h).
inline constexpr uint32_t kInfiniteLifetimeSec = 0xffffffff;

// IFA_PROTO of every address that l3sync sets (rule K1, F16). 1 to 3 are the kernel's own
// (linux/if_addr.h).
inline constexpr uint8_t kAddressProtocol = 76;
// Of an IPv6 lease instead: after a restart its lifetime is still the server's to say, and no
// router's (rule S6-8).
inline constexpr uint8_t kLease6Protocol = 77;
inline constexpr bool IsOwnProtocol(uint8_t protocol) {
  return protocol == kAddressProtocol || protocol == kLease6Protocol;
}

using InterfaceName = std::array<char, IFNAMSIZ>;  // ends with a zero byte
std::string_view NameView(const InterfaceName& name);
InterfaceName MakeInterfaceName(std::string_view name);  // cut to IFNAMSIZ - 1

enum class LinkKind : uint8_t { kOther, kIpvlan, kIpvtap, kMacvlan, kMacvtap, kDummy };
enum class PortMode : uint8_t { kL2 = 0, kL3 = 1, kL3s = 2 };  // IPVLAN_MODE_*

// RTM_NEWLINK, RTM_DELLINK.
struct LinkRecord {
  bool deleted = false;
  bool moved_to_other_netns = false;  // DELLINK with IFLA_NEW_NETNSID
  int32_t ifindex = 0;
  InterfaceName name{};
  LinkKind kind = LinkKind::kOther;
  int32_t parent_ifindex = 0;          // IFLA_LINK; 0 if none
  bool parent_in_other_netns = false;  // IFLA_LINK_NETNSID: parent_ifindex is not of this namespace
  PortMode mode = PortMode::kL2;       // ipvlan and ipvtap only
  uint16_t port_flags = 0;             // IPVLAN_F_*; ipvlan and ipvtap only
  bool is_up = false;                  // IFF_UP
  MacAddress mac;
  // From a dump or kReadLink, not a notification: only then are mode and flags what they are now.
  bool is_answer = false;
};

// RTM_NEWADDR, RTM_DELADDR. Lifetimes in seconds, rest at the time of the message.
struct AddressRecord {
  bool deleted = false;
  int32_t ifindex = 0;
  IpAddress address;  // IFA_LOCAL, else IFA_ADDRESS
  uint8_t prefix_length = 0;
  uint8_t protocol = 0;  // IFA_PROTO; 0 if absent
  uint32_t flags = 0;    // IFA_F_*
  uint32_t valid_sec = kInfiniteLifetimeSec;
  uint32_t preferred_sec = kInfiniteLifetimeSec;
};

// One next hop of RTM_NEWROUTE. Only from dumps.
struct RouteRecord {
  IpPrefix destination;
  IpAddress gateway;    // none for an on-link route
  int32_t ifindex = 0;  // RTA_OIF; 0 if none
  uint32_t table = 0;   // RT_TABLE_*
  uint8_t type = 0;     // RTN_*
};

// RTM_NEWNEIGH. Only from dumps.
struct NeighbourRecord {
  int32_t ifindex = 0;
  IpAddress address;
  MacAddress mac;
  uint16_t state = 0;  // NUD_*
};

// Frames a dump in the stream of records. Records of notifications may come between.
struct DumpMark {
  enum class Kind : uint8_t { kBegin, kEnd, kFailed };
  Kind kind = Kind::kBegin;
  // 0: all links, addresses, routes and neighbours. Else only the addresses of this interface.
  int32_t ifindex = 0;
  uint64_t command_id = 0;  // the command that asked for it
};

// The end of one command, exactly one for each command accepted.
struct CommandResult {
  uint64_t command_id = 0;
  int32_t error =
      0;  // positive errno; ETIMEDOUT when no answer came before the deadline; 0 is success
};

// A packet that the kernel took for a DHCP reply to somebody whose address is not on a slave, and
// holds until its verdict (kReleaseHeld, kDropHeld).
struct HeldReply {
  uint32_t id = 0;
  IpAddress destination;
};

// The kernel dropped notifications (ENOBUFS), or they did not fit into the ring: what is known may
// be stale.
struct EventsLost {};

using KernelRecord = std::variant<LinkRecord, AddressRecord, RouteRecord, NeighbourRecord, DumpMark,
                                  CommandResult, EventsLost, HeldReply>;
static_assert(std::is_trivially_copyable_v<KernelRecord>);

}  // namespace l3sync
