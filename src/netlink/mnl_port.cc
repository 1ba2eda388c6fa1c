#include "netlink/mnl_port.h"

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cerrno>

namespace l3sync {
namespace {

constexpr unsigned kNotificationGroups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR;

// Datagrams of others in a row that one Receive passes over before it lets the caller do something
// else.
constexpr int kMaxForeignDatagrams = 16;

// 0 or a positive errno.
int SetOption(const mnl_socket* socket, int option) {
  int on = 1;
  return mnl_socket_setsockopt(socket, option, &on, sizeof(on)) == 0 ? 0 : errno;
}

}  // namespace

MnlPort::Opened MnlPort::Open(unsigned groups) {
  mnl_socket* socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (socket == nullptr) return {.port = nullptr, .error = errno};
  std::unique_ptr<MnlPort> port(new MnlPort(socket));
  if (mnl_socket_bind(socket, groups, MNL_SOCKET_AUTOPID) != 0)
    return {.port = nullptr, .error = errno};
  return {.port = std::move(port), .error = 0};
}

MnlPort::Opened MnlPort::OpenRequestPort() {
  Opened opened = Open(0);
  if (opened.error != 0) return opened;
  // STRICT_CHK: the kernel honours a dump's filters. CAP_ACK: an ack need not repeat the request.
  // EXT_ACK: a refusal says which attribute; the parser skips it, strace shows it.
  for (const int option : {NETLINK_GET_STRICT_CHK, NETLINK_CAP_ACK, NETLINK_EXT_ACK}) {
    const int error = SetOption(opened.port->socket_, option);
    if (error != 0) return {.port = nullptr, .error = error};
  }
  return opened;
}

MnlPort::Opened MnlPort::OpenNotificationPort() {
  Opened opened = Open(kNotificationGroups);
  if (opened.error != 0) return opened;
  // Never NETLINK_NO_ENOBUFS: a loss must be told (rule K5).
  const int size = kNotificationBufferSize;
  if (setsockopt(opened.port->fd(), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) != 0) {
    // Beyond net.core.rmem_max needs CAP_NET_ADMIN in the first user namespace; a smaller buffer
    // only makes losses, which are repaired, more frequent.
    setsockopt(opened.port->fd(), SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
  }
  return opened;
}

MnlPort::Opened MnlPort::AdoptNotificationPort(int fd) {
  mnl_socket* socket = mnl_socket_fdopen(fd);
  if (socket == nullptr) return {.port = nullptr, .error = errno};
  std::unique_ptr<MnlPort> port(new MnlPort(socket));
  if (mnl_socket_bind(socket, kNotificationGroups, MNL_SOCKET_AUTOPID) != 0) {
    return {.port = nullptr, .error = errno};
  }
  return {.port = std::move(port), .error = 0};
}

MnlPort::Opened MnlPort::Adopt(int fd) {
  mnl_socket* socket = mnl_socket_fdopen(fd);
  if (socket == nullptr) return {.port = nullptr, .error = errno};
  return {.port = std::unique_ptr<MnlPort>(new MnlPort(socket)), .error = 0};
}

MnlPort::~MnlPort() { mnl_socket_close(socket_); }

int MnlPort::fd() const { return mnl_socket_get_fd(socket_); }

int MnlPort::Send(ByteSpan messages) {
  const ssize_t sent = mnl_socket_sendto(socket_, messages.data(), messages.size());
  return sent < 0 ? errno : 0;
}

// Not mnl_socket_recvfrom(): it does not tell who sent.
int MnlPort::Receive(MutableByteSpan buffer, size_t* length) {
  for (int i = 0; i < kMaxForeignDatagrams; ++i) {
    sockaddr_nl sender{};
    iovec part = {.iov_base = buffer.data(), .iov_len = buffer.size()};
    msghdr datagram{};
    datagram.msg_name = &sender;
    datagram.msg_namelen = sizeof(sender);
    datagram.msg_iov = &part;
    datagram.msg_iovlen = 1;
    const ssize_t received = recvmsg(fd(), &datagram, MSG_DONTWAIT);
    if (received < 0) {
      if (errno == EINTR) continue;
      return errno;
    }
    // Any process may send to a netlink socket's port; port 0 is the kernel (CVE-2009-1185 is what
    // udev paid for it).
    if (datagram.msg_namelen != sizeof(sender) || sender.nl_pid != 0) {
      ++foreign_datagrams_;
      continue;
    }
    if ((datagram.msg_flags & MSG_TRUNC) != 0) return EMSGSIZE;
    *length = static_cast<size_t>(received);
    return 0;
  }
  return EAGAIN;
}

int MnlPort::receive_buffer_size() const {
  int size = 0;
  socklen_t length = sizeof(size);
  getsockopt(fd(), SOL_SOCKET, SO_RCVBUF, &size, &length);
  return size;
}

}  // namespace l3sync
