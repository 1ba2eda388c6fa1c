#include "tests/bpf/network_namespace.h"

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include "gtest/gtest.h"

namespace l3sync {
namespace {

constexpr int kSkip = 77;

// The child's only way to tell why it skips: a pipe to the parent.
[[noreturn]] void Skip(int reason_fd, const std::string& reason) {
  [[maybe_unused]] const ssize_t written = write(reason_fd, reason.data(), reason.size());
  _exit(kSkip);
}

bool IsRealRoot() {
  unsigned inside = 1, outside = 1;
  std::ifstream("/proc/self/uid_map") >> inside >> outside;
  return geteuid() == 0 && inside == 0 && outside == 0;
}

bool Write(const char* path, const std::string& text) {
  const int fd = open(path, O_WRONLY | O_CLOEXEC);
  const bool written = fd >= 0 && write(fd, text.data(), text.size()) >= 0;
  close(fd);
  return written;
}

// Goes on in a child, for which the caller waits: unshare() wants a process of one thread
// (check_unshare_flags()), and ThreadSanitizer starts one of its own after each fork().
void EnterUserNamespace(int reason_fd) {
  const std::string uid = std::to_string(geteuid());
  const std::string gid = std::to_string(getegid());
  constexpr unsigned long kFlags = CLONE_NEWUSER | CLONE_NEWNET | SIGCHLD;
  const auto child = static_cast<pid_t>(syscall(SYS_clone, kFlags, 0, 0, 0, 0));
  if (child < 0) {
    Skip(reason_fd, std::string("no user namespace: ") + std::strerror(errno));
  }
  if (child > 0) {
    int status = 0;
    waitpid(child, &status, 0);
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
  }
  if (!Write("/proc/self/setgroups", "deny") || !Write("/proc/self/uid_map", "0 " + uid + " 1") ||
      !Write("/proc/self/gid_map", "0 " + gid + " 1")) {
    Skip(reason_fd, std::string("can't map ids: ") + std::strerror(errno));
  }
}

void Enter(Privilege privilege, int reason_fd) {
  if (privilege != Privilege::kUserNamespace && IsRealRoot()) {
    if (unshare(CLONE_NEWNET) == 0) {
      return;
    }
    if (privilege == Privilege::kRealRoot) {
      Skip(reason_fd, std::string("no network namespace: ") + std::strerror(errno));
    }
  } else if (privilege == Privilege::kRealRoot) {
    Skip(reason_fd, "needs root");
  }
  EnterUserNamespace(reason_fd);
}

[[noreturn]] void RunChild(Privilege privilege, int reason_fd, const std::function<void()>& body) {
  Enter(privilege, reason_fd);
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(static_cast<size_t>(sched_getcpu()), &one);
  sched_setaffinity(0, sizeof one, &one);
  // Nothing but what the test sends: no DAD, no RS, no MLD of the kernel's own.
  Write("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
  if (std::system("ip link set lo up") != 0) {  // NOLINT(cert-env33-c): a test's set-up
    Skip(reason_fd, "needs ip (iproute2)");
  }
  body();
  static_cast<void>(std::fflush(nullptr));
  _exit(testing::Test::HasFailure() ? 1 : 0);
}

}  // namespace

void RunInNetworkNamespace(Privilege privilege, const std::function<void()>& body) {
  int reason[2];
  ASSERT_EQ(pipe2(reason, O_CLOEXEC), 0);
  static_cast<void>(std::fflush(nullptr));
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    RunChild(privilege, reason[1], body);
  }
  close(reason[1]);
  char text[256] = {};
  [[maybe_unused]] const ssize_t length = read(reason[0], text, sizeof text - 1);
  close(reason[0]);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  if (WIFEXITED(status) && WEXITSTATUS(status) == kSkip) {
    GTEST_SKIP() << text;
  }
  EXPECT_EQ(status, 0) << "in the namespace, see above";
}

void Shell(const std::string& command) {
  EXPECT_EQ(std::system(command.c_str()), 0) << command;  // NOLINT(cert-env33-c): a test's set-up
}

void BringUp(const std::vector<std::string>& interfaces) {
  for (const std::string& name : interfaces) {
    Shell("ip link set " + name + " up");
  }
  for (const std::string& name : interfaces) {
    Shell("until ip link show " + name + " | grep -q 'state UP'; do sleep 0.01; done");
  }
}

int IfIndex(const std::string& name) {
  const unsigned ifindex = if_nametoindex(name.c_str());
  EXPECT_NE(ifindex, 0u) << name;
  return static_cast<int>(ifindex);
}

}  // namespace l3sync
