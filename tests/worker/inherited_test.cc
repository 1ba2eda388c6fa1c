#include "worker/inherited.h"

#include <linux/netlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string>

#include "gtest/gtest.h"

namespace l3sync {
namespace {

void SetVariables(const std::string& pid, const char* count, const char* names) {
  setenv("LISTEN_PID", pid.c_str(), 1);
  setenv("LISTEN_FDS", count, 1);
  setenv("LISTEN_FDNAMES", names, 1);
}

TEST(TakeInheritedSocketsTest, SaysHowToStartWhenThereIsNone) {
  unsetenv("LISTEN_PID");
  unsetenv("LISTEN_FDS");
  std::string error;
  EXPECT_EQ(TakeInheritedSockets(&error).capture, -1);
  EXPECT_NE(error.find("l3sync-open PARENT -- l3sync PARENT"), std::string::npos);
}

TEST(TakeInheritedSocketsTest, IgnoresWhatIsForAnotherProcess) {
  SetVariables("1", "1", "capture-3");
  std::string error;
  EXPECT_EQ(TakeInheritedSockets(&error).capture, -1);
  EXPECT_NE(error, "");
  EXPECT_EQ(getenv("LISTEN_FDS"), nullptr) << "nobody after us takes them for theirs";
}

TEST(TakeInheritedSocketsTest, RefusesDescriptorsThatAreNoPacketSockets) {
  SetVariables(std::to_string(getpid()), "1", "capture-3");
  std::string error;
  EXPECT_EQ(TakeInheritedSockets(&error).capture, -1);
  EXPECT_NE(error.find("'capture-IFINDEX'"), std::string::npos);
}

TEST(TakeInheritedSocketsTest, QueueOfHoldIsANetlinkSocketWithItsNumber) {
  const int queue = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  const int other = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ASSERT_GE(std::min(queue, other), 3);
  // Descriptors count from 3; those between are the test's.
  std::string names;
  for (int fd = 3; fd <= std::max(queue, other); ++fd) {
    names.append(fd == 3 ? "" : ":");
    if (fd == queue) names.append("hold-queue-50007");
    if (fd == other) names.append("hold-queue-1");
  }
  const std::string count = std::to_string(std::max(queue, other) - 2);
  SetVariables(std::to_string(getpid()), count.c_str(), names.c_str());
  std::string error;
  const InheritedSockets sockets = TakeInheritedSockets(&error);
  EXPECT_EQ(sockets.hold_queue, queue);
  EXPECT_EQ(sockets.hold_number, 50007);
  close(queue);
  close(other);
}

}  // namespace
}  // namespace l3sync
