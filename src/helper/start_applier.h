#pragma once

#include <string>

#include "applier/applier.h"
#include "helper/identity.h"

namespace l3sync {

// Starts the applier (applier/applier.h) as a child that becomes `identity` and keeps CAP_NET_ADMIN
// alone, and waits until it has locked itself in. Returns the worker's end of the socket between
// the two, close-on-exec. `sockets.worker` is set here. Takes over the other sockets. Stops on
// failure, the child's too.
int StartApplier(ApplierSockets sockets, const ApplyRules& rules, const Identity& identity);

}  // namespace l3sync
