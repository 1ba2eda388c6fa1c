#pragma once

#include <sys/types.h>

namespace l3sync {

// One worker a parent and network namespace: an abstract socket is the lock, so that it goes with
// its holder, however that ends, and leaves no file.
struct InstanceLock {
  int fd = -1;       // keep it open; -1 if not locked
  pid_t holder = 0;  // of the other instance, when that is the reason; 0 if it can't be told
  int error = 0;     // EADDRINUSE: there is another instance; else the errno of what went wrong
};
InstanceLock LockInstance(int parent_ifindex);

}  // namespace l3sync
