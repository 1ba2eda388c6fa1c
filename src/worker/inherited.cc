#include "worker/inherited.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

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

bool IsPacketSocket(int fd) {
  int domain = 0;
  socklen_t size = sizeof(domain);
  return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_PACKET;
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
    const std::string_view name = static_cast<size_t>(i) < name_list.size()
                                      ? std::string_view(name_list[static_cast<size_t>(i)])
                                      : "";
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) break;
    if (!IsPacketSocket(fd)) continue;
    const bool is_capture =
        absl::StartsWith(absl::string_view(name.data(), name.size()), kCapturePrefix);
    if (is_capture &&
        absl::SimpleAtoi(absl::string_view(name.data(), name.size()).substr(kCapturePrefix.size()),
                         &sockets.parent_ifindex)) {
      sockets.capture = fd;
    }
    if (name == "deliver") sockets.deliver = fd;
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
