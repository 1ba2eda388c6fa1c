#pragma once

#include <cstddef>

namespace l3sync {

// A netlink socket to the kernel's netfilter, close-on-exec and non-blocking. Stops if there is
// none.
int OpenNetfilterSocket();

// Sends one datagram of messages, of which the last that can fail asks for an ack, and returns the
// kernel's first answer: 0 or a positive errno.
int AskNetfilter(int fd, const void* messages, size_t size);

}  // namespace l3sync
