#pragma once

#include <string>

namespace l3sync {

// The sockets that l3sync-open handed over (LISTEN_FDS, LISTEN_FDNAMES as in sd_listen_fds(3)). -1:
// there is none.
struct InheritedSockets {
  int capture = -1;
  int parent_ifindex = 0;  // whose frames `capture` gets
  int deliver = -1;
  // Of --hold: the netlink socket that the nfqueue of this number is bound to.
  int hold_queue = -1;
  int hold_number = 0;
};

// Reads and clears the environment variables. `error` is set to one line if they are not what
// l3sync-open sets.
InheritedSockets TakeInheritedSockets(std::string* error);

}  // namespace l3sync
