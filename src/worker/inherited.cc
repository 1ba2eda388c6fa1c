#include "worker/inherited.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace l3sync {
namespace {

constexpr int kFirstFd = 3;  // SD_LISTEN_FDS_START
constexpr absl::string_view kCapturePrefix = "capture-";

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
  } else if (domain == AF_NETLINK) {
    if (name == "notifications") sockets->notifications = fd;
    if (name == "hold-queue") sockets->hold_queue = fd;
  } else if (domain == AF_UNIX && (name == "applier" || name == "applier-announce")) {
    sockets->applier = fd;
    sockets->may_announce = name == "applier-announce";
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
  if (sockets.capture < 0 || sockets.notifications < 0) {
    *error =
        "the descriptors that were handed over hold no packet socket named 'capture-IFINDEX', or "
        "no "
        "'notifications'; start it through l3sync-open of the same version";
  }
  return sockets;
}

std::vector<ForeignSlave> TakeForeignSlaves() {
  std::vector<ForeignSlave> slaves;
  for (const absl::string_view word :
       absl::StrSplit(Variable("L3SYNC_FOREIGN_SLAVES"), ' ', absl::SkipEmpty())) {
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(word, absl::MaxSplits(':', 1));
    ForeignSlave slave;
    if (!absl::SimpleAtoi(parts.first, &slave.netnsid)) continue;
    slave.name = MakeInterfaceName({parts.second.data(), parts.second.size()});
    slaves.push_back(slave);
  }
  return slaves;
}

}  // namespace l3sync
