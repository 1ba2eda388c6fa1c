// netlink: rtnetlink messages as values and back, the window of requests, the links of one parent.
// Decides nothing.
#pragma once

#include <cstddef>
#include <cstdint>

#include "wire/bytes.h"

namespace l3sync {

// One netlink socket (rtnetlink, or HoldQueue's), or a fake of it. Used by the netlink thread only;
// nothing here blocks.
class RtnlPort {
 public:
  virtual ~RtnlPort() = default;
  // Readable when Receive has something. Owned by the port.
  virtual int fd() const = 0;
  // Sends one datagram of whole messages. Returns 0 or a positive errno; nothing was sent if it is
  // not 0.
  virtual int Send(ByteSpan messages) = 0;
  // Receives one datagram. `length` is set only if 0 is returned; otherwise a positive errno:
  // EAGAIN nothing now, ENOBUFS notifications were lost. A datagram that does not fit into `buffer`
  // is EMSGSIZE.
  virtual int Receive(MutableByteSpan buffer, size_t* length) = 0;
};

// Room for any datagram that the kernel sends (NLMSG_GOODSIZE and dump buffers are at most 32 KiB).
inline constexpr size_t kNetlinkBufferSize = 32768;

}  // namespace l3sync
