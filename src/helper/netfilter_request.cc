#include "helper/netfilter_request.h"

#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstdint>

#include "helper/stop.h"

namespace l3sync {

int OpenNetfilterSocket() {
  const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_NETFILTER);
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;  // port 0: the kernel chooses one
  if (fd < 0 || bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    StopWithErrno("--hold: can't open a netfilter socket (kernel module nfnetlink)");
  }
  return fd;
}

// The kernel does a request while it is sent, so the answer is there then. It repeats the message
// that it is about.
int AskNetfilter(int fd, const void* messages, size_t size) {
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  if (sendto(fd, messages, size, 0, reinterpret_cast<const sockaddr*>(&kernel), sizeof kernel) <
      0) {
    return errno;
  }
  alignas(nlmsghdr) std::array<char, 4096> answer;
  const ssize_t length = recv(fd, answer.data(), answer.size(), 0);
  if (length < 0) {
    return errno;
  }
  const auto* message = reinterpret_cast<const nlmsghdr*>(answer.data());
  if (!mnl_nlmsg_ok(message, static_cast<int>(length)) || message->nlmsg_type != NLMSG_ERROR ||
      mnl_nlmsg_get_payload_len(message) < sizeof(nlmsgerr)) {
    return EPROTO;
  }
  return -static_cast<const nlmsgerr*>(mnl_nlmsg_get_payload(message))->error;
}

}  // namespace l3sync
