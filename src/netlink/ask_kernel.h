#pragma once

#include <cstdint>

#include "learn/kernel_record.h"
#include "netlink/rtnl_port.h"

namespace l3sync {

// Sends `request`, whose sequence number is `sequence`, and takes its answer, which the kernel
// gives within the send. Returns 0 or a positive errno: the kernel's, or that of the send;
// ETIMEDOUT if the answer was lost. `link` may be null: what RTM_GETLINK found. `port` is used by
// nobody else.
int AskKernel(RtnlPort* port, ByteSpan request, uint32_t sequence, LinkRecord* link = nullptr);

}  // namespace l3sync
