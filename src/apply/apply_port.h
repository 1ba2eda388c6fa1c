#pragma once

#include "apply/apply_request.h"
#include "wire/bytes.h"

namespace l3sync {

// The worker's end of the way to the applier, or a fake of it. Used by the netlink thread only;
// nothing here blocks.
class ApplyPort {
 public:
  virtual ~ApplyPort() = default;
  // Readable when Receive has something, also that the applier is gone. Owned by the port.
  virtual int fd() const = 0;
  // 0 or a positive errno, and then nothing was sent: EAGAIN, ENOBUFS no room now.
  virtual int Send(const ApplyRequest& request, ByteSpan payload) = 0;
  // 0, or a positive errno: EAGAIN nothing now, EPIPE the applier is gone.
  virtual int Receive(ApplyAnswer* answer) = 0;
};

}  // namespace l3sync
