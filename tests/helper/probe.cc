// Prints what it is and has, one "name=value" a line.

#include <dirent.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <set>
#include <string>

namespace {

void PrintStatus() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    for (const char* name :
         {"Uid", "Gid", "Groups", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs"}) {
      if (line.starts_with(std::string(name) + ":")) {
        std::printf("%s=%s\n", name, line.substr(line.find('\t') + 1).c_str());
      }
    }
  }
}

void PrintDescriptors() {
  std::set<int> open_ones;
  DIR* const folder = opendir("/proc/self/fd");
  while (const dirent* entry = readdir(folder)) {
    const int fd =
        std::atoi(entry->d_name);  // NOLINT(cert-err34-c): "." and ".." are 0 too, which is open
    if (fd != dirfd(folder)) {
      open_ones.insert(fd);
    }
  }
  closedir(folder);
  std::printf("fds=");
  for (const int fd : open_ones) {
    std::printf("%s%d", fd == 0 ? "" : " ", fd);
  }
  std::printf("\n");
}

int IntOption(int fd, int level, int option) {
  int value = -1;
  socklen_t size = sizeof value;
  return getsockopt(fd, level, option, &value, &size) == 0 ? value : -errno;
}

void PrintSocket(const char* name, int fd) {
  std::printf("%s.domain=%d\n", name, IntOption(fd, SOL_SOCKET, SO_DOMAIN));
  std::printf("%s.type=%d\n", name, IntOption(fd, SOL_SOCKET, SO_TYPE));
  std::printf("%s.rcvbuf=%d\n", name, IntOption(fd, SOL_SOCKET, SO_RCVBUF));
  std::printf("%s.auxdata=%d\n", name, IntOption(fd, SOL_PACKET, PACKET_AUXDATA));
  std::printf("%s.locked=%d\n", name, IntOption(fd, SOL_SOCKET, SO_LOCK_FILTER));
  std::printf("%s.nonblocking=%d\n", name, (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
  socklen_t instructions = 0;
  getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, nullptr, &instructions);
  std::printf("%s.instructions=%u\n", name, instructions);
  sockaddr_ll address{};
  socklen_t size = sizeof address;
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  std::printf("%s.protocol=%04x\n", name, __builtin_bswap16(address.sll_protocol));
  std::printf("%s.ifindex=%d\n", name, address.sll_ifindex);

  const int off = 0;
  const bool detached = setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &off, sizeof off) == 0;
  std::printf("%s.detach=%d\n", name, detached ? 0 : errno);
  const bool unlocked = setsockopt(fd, SOL_SOCKET, SO_LOCK_FILTER, &off, sizeof off) == 0;
  std::printf("%s.unlock=%d\n", name, unlocked ? 0 : errno);
}

}  // namespace

int main(int argc, char** argv) {
  PrintStatus();
  PrintDescriptors();
  for (const char* name : {"LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PID"}) {
    const char* const value = std::getenv(name);
    std::printf("%s=%s\n", name, value == nullptr ? "" : value);
  }
  std::printf("pid=%d\n", getpid());
  for (int i = 1; i < argc; ++i) {
    std::printf("arg%d=%s\n", i, argv[i]);
  }
  PrintSocket("capture", 3);
  PrintSocket("notifications", 4);
  PrintSocket("applier", 5);
  std::printf("root_again=%d\n", setresuid(0, 0, 0) == 0);
  return 0;
}
