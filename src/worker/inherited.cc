#include "worker/inherited.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace l3sync {
namespace {

constexpr int kFirstFd = 3;  // SD_LISTEN_FDS_START
constexpr absl::string_view kCapturePrefix = "capture-";
constexpr absl::string_view kHoldQueuePrefix = "hold-queue-";

std::string Variable(const char* name) {
  const char* value = getenv(name);
  std::string copy = value == nullptr ? "" : value;
  unsetenv(name);
  return copy;
}

// AF_*; 0 if it is no socket.
int DomainOf(int fd) {
  int domain = 0;
  socklen_t size = sizeof(domain);
  return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 ? domain : 0;
}

// The number that follows `prefix` in `name`.
bool NumberAfter(absl::string_view prefix, absl::string_view name, int* number) {
  return absl::ConsumePrefix(&name, prefix) && absl::SimpleAtoi(name, number);
}

void TakeSocket(int fd, absl::string_view name, InheritedSockets* sockets) {
  const int domain = DomainOf(fd);
  if (domain == AF_PACKET) {
    if (NumberAfter(kCapturePrefix, name, &sockets->parent_ifindex)) sockets->capture = fd;
    if (name == "deliver") sockets->deliver = fd;
  } else if (domain == AF_NETLINK) {
    // "hold-table" only has to stay open: the nftables table goes with it.
    if (NumberAfter(kHoldQueuePrefix, name, &sockets->hold_number)) sockets->hold_queue = fd;
  }
}

}  // namespace

InheritedSockets TakeInheritedSockets(std::string* error) {
  InheritedSockets sockets;
  const std::string pid = Variable("LISTEN_PID");
  const std::string count_text = Variable("LISTEN_FDS");
  const std::string names = Variable("LISTEN_FDNAMES");
  int count = 0;
  if (pid != absl::StrCat(getpid()) || !absl::SimpleAtoi(count_text, &count) || count < 1) {
    *error = "no packet socket was handed over; start it as: l3sync-open PARENT -- l3sync PARENT";
    return sockets;
  }
  const std::vector<std::string> name_list = absl::StrSplit(names, ':');
  for (int i = 0; i < count; ++i) {
    const int fd = kFirstFd + i;
    const auto index = static_cast<size_t>(i);
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) break;
    TakeSocket(fd, index < name_list.size() ? absl::string_view(name_list[index]) : "", &sockets);
  }
  if (sockets.capture < 0) {
    *error =
        "the descriptors that were handed over hold no packet socket named 'capture-IFINDEX'; "
        "start it "
        "through l3sync-open";
  }
  return sockets;
}

}  // namespace l3sync
