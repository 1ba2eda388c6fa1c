#pragma once

#include <string>
#include <vector>

#include "netlink/namespace_scan.h"

namespace l3sync {

// The sockets that l3sync-open handed over (LISTEN_FDS, LISTEN_FDNAMES as in sd_listen_fds(3)). -1:
// there is none.
struct InheritedSockets {
  int capture = -1;
  int parent_ifindex = 0;  // whose frames `capture` gets
  int notifications = -1;  // rtnetlink, unbound
  int applier = -1;        // not in a dry run
  bool may_announce = false;
  int hold_queue = -1;  // of --hold: the netlink socket that an nfqueue is bound to
};

// Reads and clears the environment variables. `error` is set to one line if they are not what
// l3sync-open sets.
InheritedSockets TakeInheritedSockets(std::string* error);

// Reads and clears L3SYNC_FOREIGN_SLAVES: "NETNSID:NAME" each. What is not of this form is left
// out.
std::vector<ForeignSlave> TakeForeignSlaves();

}  // namespace l3sync
