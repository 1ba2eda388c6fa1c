// bpf: the classic BPF programs of the packet sockets. They save CPU, they are not validation:
// whatever passes is checked again by wire and learn. Depends on nothing of ours; the privileged
// helper attaches and locks them.
#pragma once

#include <linux/filter.h>

#include <vector>

namespace l3sync {

// What a packet socket that sees every interface of a network namespace (ETH_P_ALL, SOCK_RAW)
// should hand over, when `parent_ifindex` is the parent of the ipvlan port:
// - client messages (DHCPv4 and DHCPv6 to a server, RS, NS, NA, ARP), only where a slave sends
// them;
// - server and router messages (DHCPv4 and DHCPv6 to a client, RA, NS, NA, ARP), only where they
// come in on the parent;
// - DHCPv4 to a client or relay, DHCPv6 to a client and RA also where a slave sends them, behind
// VLAN tags too, and with them what has several tags: who forges is seen. Each message is thus
// handed over once, however many slaves the kernel copies it to. The frame is handed over whole.
// For SO_ATTACH_FILTER.
std::vector<sock_filter> MakePacketFilter(int parent_ifindex);

// Accepts nothing: for a socket that only sends.
std::vector<sock_filter> MakeRejectAllFilter();

}  // namespace l3sync
