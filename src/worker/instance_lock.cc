#include "worker/instance_lock.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <string>

#include "absl/strings/str_cat.h"

namespace l3sync {
namespace {

// SO_PEERCRED of a connected stream socket is what the listener was at listen(2).
pid_t HolderOf(const sockaddr_un& address, socklen_t size) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return 0;
  ucred peer{};
  socklen_t peer_size = sizeof(peer);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
      getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &peer_size) != 0) {
    peer.pid = 0;
  }
  close(fd);
  return peer.pid;
}

}  // namespace

InstanceLock LockInstance(int parent_ifindex) {
  InstanceLock lock;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  // Abstract names are of the network namespace (unix(7)), as the ifindex is. The first byte stays
  // 0.
  const std::string name = absl::StrCat("l3sync/", parent_ifindex);
  std::copy(name.begin(), name.end(), address.sun_path + 1);
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) {
    lock.error = errno;
    return lock;
  }
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), size) == 0 && listen(fd, 1) == 0) {
    lock.fd = fd;
    return lock;
  }
  lock.error = errno;
  close(fd);
  if (lock.error == EADDRINUSE) lock.holder = HolderOf(address, size);
  return lock;
}

}  // namespace l3sync
