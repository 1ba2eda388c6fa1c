#pragma once

#include "netlink/rtnl_port.h"
#include "worker/inherited.h"

namespace l3sync {

// What l3sync-hijacked does instead of its work: the worker as it is, with its descriptors, inside
// its sandbox, when an attacker's code runs in it. The environment variable L3SYNC_ATTACK says what
// is tried; one line on standard error says what came of it, if the process lives to say it.
[[noreturn]] void Hijack(const InheritedSockets& sockets, RtnlPort* links);

}  // namespace l3sync
