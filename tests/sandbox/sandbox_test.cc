// Each in a process of its own, which the sandbox is for ever in.
#include "sandbox/sandbox.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <functional>
#include <thread>

#include "gtest/gtest.h"

namespace l3sync {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kIsInstrumented = true;  // a sanitizer makes system calls of its own
#else
constexpr bool kIsInstrumented = false;
#endif

constexpr int kDone = 42;

// What `attempt` comes to inside: the status of wait(2).
int StatusOf(const SandboxRules& rules, const std::function<void()>& attempt) {
  const pid_t child = fork();
  if (child == 0) {
    if (EnterSandbox(rules) != 0) _exit(1);
    attempt();
    _exit(kDone);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return status;
}

class SandboxTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (kIsInstrumented) GTEST_SKIP() << "the sanitizer's own calls are not in the list";
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, allowed_.data()), 0);
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, other_.data()), 0);
    rules_ = {{allowed_[0]}, {allowed_[0]}, false};
  }
  void TearDown() override {
    for (const int fd : {allowed_[0], allowed_[1], other_[0], other_[1]}) close(fd);
  }
  void ExpectDone(const std::function<void()>& attempt) {
    const int status = StatusOf(rules_, attempt);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == kDone) << status;
  }
  void ExpectKilled(const std::function<void()>& attempt) {
    const int status = StatusOf(rules_, attempt);
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS) << status;
  }

  std::array<int, 2> allowed_{-1, -1}, other_{-1, -1};
  SandboxRules rules_;
};

TEST_F(SandboxTest, StatedDescriptorsCanBeSentOnAndWrittenTo) {
  ExpectDone([&] {
    if (send(allowed_[0], "x", 1, 0) != 1 || write(allowed_[0], "x", 1) != 1) _exit(1);
  });
}

TEST_F(SandboxTest, OtherDescriptorsCanNot) {
  ExpectKilled([&] { send(other_[0], "x", 1, 0); });
  ExpectKilled([&] { [[maybe_unused]] const ssize_t size = write(other_[0], "x", 1); });
}

TEST_F(SandboxTest, EveryOtherWayToSendIsClosed) {
  ExpectKilled([&] {
    msghdr message{};
    sendmsg(allowed_[0], &message, 0);
  });
}

TEST_F(SandboxTest, AnyDescriptorCanBeReceivedFrom) {
  ASSERT_EQ(send(other_[1], "x", 1, 0), 1);
  ExpectDone([&] {
    char byte = 0;
    if (recv(other_[0], &byte, 1, 0) != 1) _exit(1);
  });
}

TEST_F(SandboxTest, NothingIsOpenedConnectedOrRun) {
  ExpectKilled([] { socket(AF_INET, SOCK_DGRAM, 0); });
  ExpectKilled([] { open("/etc/passwd", O_RDONLY | O_CLOEXEC); });
  ExpectKilled([] { static_cast<void>(fork()); });
  ExpectKilled([] { execl("/bin/true", "true", nullptr); });
  ExpectKilled([] { kill(getppid(), 0); });
  ExpectKilled([&] { setsockopt(other_[0], SOL_SOCKET, SO_RCVBUF, "aaaa", 4); });
  ExpectKilled([] { [[maybe_unused]] const int copy = dup(STDERR_FILENO); });
}

TEST_F(SandboxTest, MemoryCanBeHadButNotRun) {
  ExpectDone([] {
    void* const page =
        mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED || mprotect(page, 4096, PROT_READ) != 0) _exit(1);
  });
  ExpectKilled(
      [] { mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); });
  ExpectKilled([] {
    void* const page = mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(page, 4096, PROT_READ | PROT_EXEC);
  });
}

TEST_F(SandboxTest, ThreadsAreStartedOnlyWhereTheyAreNeeded) {
  ExpectKilled([] { std::thread([] {}).join(); });
  rules_.starts_threads = true;
  ExpectDone([] { std::thread([] {}).join(); });
  ExpectKilled([] { static_cast<void>(fork()); });
}

// A byte, with room for one descriptor beside it.
struct ByteWithControl {
  ByteWithControl() {
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
  }
  char byte = 'x';
  iovec part = {&byte, 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
};

TEST_F(SandboxTest, NoDescriptorCanBeHad) {
  // In the same process, before the filter could kill it for asking: the limit is lower than any
  // that is free.
  const pid_t child = fork();
  if (child == 0) {
    if (EnterSandbox(rules_) != 0) _exit(1);
    // SCM_RIGHTS is the one way that the filter leaves.
    ByteWithControl received;
    if (recvmsg(other_[0], &received.message, 0) != 1) _exit(2);
    _exit((received.message.msg_flags & MSG_CTRUNC) != 0 ? kDone : 3);
  }
  ByteWithControl sent;
  cmsghdr* const rights = CMSG_FIRSTHDR(&sent.message);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(sizeof(int));
  *reinterpret_cast<int*>(CMSG_DATA(rights)) = STDERR_FILENO;
  ASSERT_EQ(sendmsg(other_[1], &sent.message, 0), 1);
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == kDone) << status;
}

}  // namespace
}  // namespace l3sync
