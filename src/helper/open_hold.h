#pragma once

#include <cstdint>
#include <string>

namespace l3sync {

// A netlink socket with an nfqueue of its own. Close-on-exec.
struct HoldSocket {
  int fd;
  uint16_t number;
};

// The kernel hands over the IP header of each queued packet and lets packets pass that find no
// room. The number depends on `parent_ifindex` and is one that nobody uses. Stops on failure.
HoldSocket OpenHoldQueue(int parent_ifindex);

// A netlink socket that owns an nftables table, which is there as long as the socket is. The table
// queues the DHCPv4 and DHCPv6 replies that come in on `parent` for an address that this host does
// not have; without somebody at the queue they pass. Close-on-exec. Stops on failure.
int OpenHoldTable(const std::string& parent, int parent_ifindex, uint16_t queue_number);

}  // namespace l3sync
