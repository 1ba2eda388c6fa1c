#pragma once

#include <cstdint>
#include <memory>

#include "netlink/rtnl_port.h"

struct mnl_socket;

namespace l3sync {

// Bytes. A burst of link notifications takes 2.3 KB of buffer each: this holds 3500, a manager that
// makes thousands of slaves at once included.
inline constexpr int kNotificationBufferSize = 8 << 20;

// A netlink socket of the network namespace it was opened in, close-on-exec and non-blocking.
// Datagrams that do not come from the kernel are counted and never returned.
class MnlPort : public RtnlPort {
 public:
  struct Opened {
    std::unique_ptr<MnlPort> port;  // null if error is not 0
    int error = 0;                  // positive errno
  };
  // For requests and dumps: nothing is subscribed. Needs no privilege itself, but the kernel checks
  // CAP_NET_ADMIN of the opener as well as of the sender (netlink_net_capable()).
  static Opened OpenRequestPort();
  // For changes of links and addresses. Nothing is sent on it.
  static Opened OpenNotificationPort();
  // The same on an unbound socket that was inherited and is owned from now on: its buffer is what
  // its opener could make it.
  static Opened AdoptNotificationPort(int fd);
  // Over a bound netlink socket of whatever protocol, which was inherited and is owned from now on.
  static Opened Adopt(int fd);

  ~MnlPort() override;
  MnlPort(const MnlPort&) = delete;
  MnlPort& operator=(const MnlPort&) = delete;

  int fd() const override;
  int Send(ByteSpan messages) override;
  int Receive(MutableByteSpan buffer, size_t* length) override;

  // What the kernel granted (SO_RCVBUF counts twice what was asked for); for the log.
  int receive_buffer_size() const;
  uint64_t foreign_datagrams() const { return foreign_datagrams_; }

 private:
  explicit MnlPort(mnl_socket* socket) : socket_(socket) {}
  static Opened Open(unsigned groups);

  mnl_socket* socket_;  // owned
  uint64_t foreign_datagrams_ = 0;
};

}  // namespace l3sync
