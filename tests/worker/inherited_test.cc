#include "worker/inherited.h"

#include <linux/netlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

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

// Each is known by its name, if it is a socket of the right kind.
TEST(TakeInheritedSocketsTest, KnowsTheOthersByNameAndKind) {
  const int netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  const int other = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  ASSERT_GE(std::min(netlink, other), 3);
  const auto take = [&](const std::string& of_netlink, const std::string& of_other) {
    // Descriptors count from 3; those between are the test's.
    std::string names;
    for (int fd = 3; fd <= std::max(netlink, other); ++fd) {
      names.append(fd == 3 ? "" : ":");
      if (fd == netlink) names.append(of_netlink);
      if (fd == other) names.append(of_other);
    }
    const std::string count = std::to_string(std::max(netlink, other) - 2);
    SetVariables(std::to_string(getpid()), count.c_str(), names.c_str());
    std::string error;
    return TakeInheritedSockets(&error);
  };
  EXPECT_EQ(take("notifications", "applier").notifications, netlink);
  EXPECT_EQ(take("notifications", "applier").applier, other);
  EXPECT_FALSE(take("notifications", "applier").may_announce);
  EXPECT_EQ(take("hold-queue", "applier-announce").hold_queue, netlink);
  EXPECT_TRUE(take("hold-queue", "applier-announce").may_announce);
  EXPECT_EQ(take("applier", "notifications").applier, -1);
  EXPECT_EQ(take("applier", "notifications").notifications, -1);
  EXPECT_EQ(take("applier", "hold-queue").hold_queue, -1);
  close(netlink);
  close(other);
}

TEST(TakeForeignSlavesTest, NamesMayHoldColons) {
  setenv("L3SYNC_FOREIGN_SLAVES", "0:guest0 7:a:b x:y  8", 1);
  const std::vector<ForeignSlave> slaves = TakeForeignSlaves();
  EXPECT_EQ(getenv("L3SYNC_FOREIGN_SLAVES"), nullptr);
  ASSERT_EQ(slaves.size(), 3);
  EXPECT_EQ(slaves[0].netnsid, 0);
  EXPECT_EQ(NameView(slaves[0].name), "guest0");
  EXPECT_EQ(slaves[1].netnsid, 7);
  EXPECT_EQ(NameView(slaves[1].name), "a:b");
  EXPECT_EQ(NameView(slaves[2].name), "");
}

}  // namespace
}  // namespace l3sync
