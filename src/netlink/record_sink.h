#pragma once

#include "learn/kernel_record.h"

namespace l3sync {

// Where the netlink thread's records go: the kernel ring, or a vector in a test.
class RecordSink {
 public:
  virtual ~RecordSink() = default;
  // False if there is no room: nothing was taken, and the caller offers the record again later.
  virtual bool Push(const KernelRecord& record) = 0;
};

}  // namespace l3sync
