#pragma once

#include <cstdint>
#include <string>

#include "applier/apply_guard.h"

namespace l3sync {

// The descriptors that the applier takes over; it closes every other one but standard error.
struct ApplierSockets {
  int worker = -1;    // SOCK_SEQPACKET, non-blocking: requests come, answers go
  int looped = -1;    // AF_PACKET, to send on slaves, without an echo to packet sockets
  int injected = -1;  // AF_PACKET, to send on the dummy device
  int hold = -1;      // the nfqueue of --hold; -1: none
  uint16_t hold_number = 0;
  int hold_table = -1;  // kept open: the nftables table goes with it; -1: none
};

// The whole life of the applier's process, which holds CAP_NET_ADMIN and nothing else by now: opens
// its netlink sockets, enters its sandbox, serves the worker until that is gone. Returns the exit
// status; `error` then says why it is not 0.
int RunApplier(const ApplierSockets& sockets, const ApplyRules& rules, std::string* error);

}  // namespace l3sync
