// What the program that l3sync-open runs is, has and can do.

#include <cap-ng.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "bpf/packet_filter.h"
#include "tests/bpf/network_namespace.h"
#include "tests/helper/run_helper.h"

namespace l3sync {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kNone[] = "0000000000000000";

void ExpectCapabilities(HelperRun& run, const std::string& expected) {
  for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapAmb"}) {
    EXPECT_EQ(run.probe[set], expected) << set;
  }
  EXPECT_EQ(run.probe["NoNewPrivs"], "1");
}

void ExpectNobody(HelperRun& run) {
  EXPECT_EQ(run.probe["Uid"], "65534\t65534\t65534\t65534");
  EXPECT_EQ(run.probe["Gid"], "65534\t65534\t65534\t65534");
  EXPECT_THAT(run.probe["Groups"], testing::AnyOf("", " "));
  EXPECT_EQ(run.probe["root_again"], "0");
}

// The name tells the worker whose frames the socket gets.
std::string CaptureName() { return "capture-" + std::to_string(if_nametoindex("parent")); }

// The filter with this many instructions is there, and stays.
void ExpectLockedFilter(HelperRun& run, const std::string& name, size_t instructions) {
  EXPECT_EQ(run.probe[name + ".domain"], std::to_string(AF_PACKET));
  EXPECT_EQ(run.probe[name + ".type"], std::to_string(SOCK_RAW));
  EXPECT_EQ(run.probe[name + ".nonblocking"], "1");
  EXPECT_EQ(run.probe[name + ".locked"], "1");
  EXPECT_EQ(run.probe[name + ".detach"], std::to_string(EPERM));
  EXPECT_EQ(run.probe[name + ".unlock"], std::to_string(EPERM));
  EXPECT_EQ(run.probe[name + ".instructions"], std::to_string(instructions));
}

void ExpectAllSockets(HelperRun& run) {
  EXPECT_EQ(run.probe["fds"], "0 1 2 3 4 5");
  EXPECT_EQ(run.probe["LISTEN_FDS"], "3");
  EXPECT_EQ(run.probe["LISTEN_FDNAMES"], CaptureName() + ":notifications:applier");
  EXPECT_EQ(run.probe["LISTEN_PID"], run.probe["pid"]);
  ExpectLockedFilter(run, "capture", MakePacketFilter(1).size());
  EXPECT_EQ(run.probe["notifications.domain"], std::to_string(AF_NETLINK));
  EXPECT_EQ(run.probe["notifications.nonblocking"], "1");
  EXPECT_EQ(run.probe["applier.domain"], std::to_string(AF_UNIX));
  EXPECT_EQ(run.probe["applier.type"], std::to_string(SOCK_SEQPACKET));
  EXPECT_EQ(run.probe["applier.nonblocking"], "1");
  EXPECT_EQ(run.probe["capture.auxdata"], "1");
  EXPECT_EQ(run.probe["capture.protocol"], "0003");  // ETH_P_ALL
  EXPECT_EQ(run.probe["capture.ifindex"], "0");
}

TEST(HandOverTest, WorkerIsSomebodyElseWithoutAnyCapability) {
  RunInNetworkNamespace(Privilege::kRealRoot, [] {
    MakeParent();
    HelperRun run =
        RunHelper({"--user=nobody", "parent", "--", "PROBE", "--flag", "word"}, JoinGroups);
    EXPECT_EQ(run.exit_status, 0);
    EXPECT_EQ(run.errors, "");
    ExpectNobody(run);
    ExpectCapabilities(run, kNone);
    EXPECT_EQ(run.probe["CapBnd"], kNone);
    ExpectAllSockets(run);
    EXPECT_GE(std::stoi(run.probe["capture.rcvbuf"]), 4 << 20);
    EXPECT_GE(std::stoi(run.probe["notifications.rcvbuf"]), 8 << 20);
    EXPECT_EQ(run.probe["arg1"], "--flag");
    EXPECT_EQ(run.probe["arg2"], "word");
  });
}

TEST(HandOverTest, DryRunHasNoCapabilityAndNothingToSendWith) {
  RunInNetworkNamespace(Privilege::kRealRoot, [] {
    MakeParent();
    HelperRun run = RunHelper({"--user=nobody", "--dry-run", "parent", "--", "PROBE"}, JoinGroups);
    EXPECT_EQ(run.exit_status, 0);
    EXPECT_EQ(run.errors, "");
    ExpectNobody(run);
    ExpectCapabilities(run, kNone);
    EXPECT_EQ(run.probe["CapBnd"], kNone);
    EXPECT_EQ(run.probe["fds"], "0 1 2 3 4");
    EXPECT_EQ(run.probe["LISTEN_FDS"], "2");
    EXPECT_EQ(run.probe["LISTEN_FDNAMES"], CaptureName() + ":notifications");
    ExpectLockedFilter(run, "capture", MakePacketFilter(1).size());
  });
}

TEST(HandOverTest, InAUserNamespaceIdsStayAndTheWarningSaysSo) {
  RunInNetworkNamespace(Privilege::kUserNamespace, [] {
    MakeParent();
    HelperRun run = RunHelper({"parent", "--", "PROBE"});
    EXPECT_EQ(run.exit_status, 0);
    EXPECT_THAT(run.errors, HasSubstr("warning: in a user namespace"));
    EXPECT_EQ(run.probe["Uid"], "0\t0\t0\t0");
    ExpectCapabilities(run, kNone);
    EXPECT_EQ(run.probe["CapBnd"], kNone);
    ExpectAllSockets(run);
  });
}

// The kernel gives uid 0 every capability of the bounding set at exec; there must be none to give.
TEST(HandOverTest, DryRunInAUserNamespaceHasNoCapability) {
  RunInNetworkNamespace(Privilege::kUserNamespace, [] {
    MakeParent();
    HelperRun run = RunHelper({"--dry-run", "parent", "--", "PROBE"});
    EXPECT_EQ(run.exit_status, 0);
    ExpectCapabilities(run, kNone);
    EXPECT_EQ(run.probe["CapBnd"], kNone);
    EXPECT_EQ(run.probe["fds"], "0 1 2 3 4");
  });
}

TEST(HandOverTest, WithoutRootButWithItsCapabilitiesIdsStay) {
  RunInNetworkNamespace(Privilege::kRealRoot, [] {
    MakeParent();
    HelperRun run = RunHelper({"parent", "--", "PROBE"}, [] {
      BecomeNobodyWith({CAP_NET_RAW, CAP_NET_ADMIN});
    });
    EXPECT_EQ(run.exit_status, 0);
    EXPECT_THAT(run.errors, HasSubstr("started without root: uid 65534 stays"));
    EXPECT_THAT(run.errors, Not(HasSubstr("receive buffer")));
    ExpectNobody(run);
    ExpectCapabilities(run, kNone);
    ExpectAllSockets(run);
  });
}

TEST(HandOverTest, DryRunNeedsNetRawOnly) {
  RunInNetworkNamespace(Privilege::kRealRoot, [] {
    MakeParent();
    HelperRun run =
        RunHelper({"--dry-run", "parent", "--", "PROBE"}, [] { BecomeNobodyWith({CAP_NET_RAW}); });
    EXPECT_EQ(run.exit_status, 0);
    ExpectNobody(run);
    ExpectCapabilities(run, kNone);
  });
}

TEST(HandOverTest, EveryOtherDescriptorIsClosed) {
  RunInNetworkNamespace(Privilege::kAny, [] {
    MakeParent();
    HelperRun run = RunHelper({"--user=nobody", "parent", "--", "PROBE"}, [] {
      for (const int leaked : {3, 4, 5, 17, 900}) {
        dup2(STDERR_FILENO, leaked);
      }
    });
    EXPECT_EQ(run.exit_status, 0);
    ExpectAllSockets(run);
  });
}

TEST(HandOverTest, ClosedStandardStreamsAreNoPlaceForASocket) {
  RunInNetworkNamespace(Privilege::kAny, [] {
    MakeParent();
    HelperRun run = RunHelper({"--user=nobody", "parent", "--", "PROBE"}, [] {
      close(STDIN_FILENO);
      close(STDERR_FILENO);
    });
    EXPECT_EQ(run.exit_status, 0);
    ExpectAllSockets(run);
  });
}

TEST(HandOverTest, OldListenVariablesAreReplaced) {
  RunInNetworkNamespace(Privilege::kAny, [] {
    MakeParent();
    HelperRun run = RunHelper({"--user=nobody", "--dry-run", "parent", "--", "PROBE"}, [] {
      setenv("LISTEN_FDS", "9", 1);
      setenv("LISTEN_FDNAMES", "others", 1);
      setenv("LISTEN_PID", "1", 1);
    });
    EXPECT_EQ(run.probe["LISTEN_FDS"], "2");
    EXPECT_EQ(run.probe["LISTEN_FDNAMES"], CaptureName() + ":notifications");
    EXPECT_EQ(run.probe["LISTEN_PID"], run.probe["pid"]);
  });
}

TEST(HandOverTest, NameOfTheSocketSaysWhetherToAnnounce) {
  RunInNetworkNamespace(Privilege::kAny, [] {
    MakeParent();
    HelperRun run = RunHelper({"--user=nobody", "--announce", "parent", "--", "PROBE"});
    EXPECT_EQ(run.probe["LISTEN_FDNAMES"], CaptureName() + ":notifications:applier-announce");
  });
}

TEST(HandOverTest, ExitStatusIsTheCommands) {
  RunInNetworkNamespace(Privilege::kAny, [] {
    MakeParent();
    EXPECT_EQ(RunHelper({"--user=nobody", "parent", "--", "sh", "-c", "exit 42"}).exit_status, 42);
  });
}

}  // namespace
}  // namespace l3sync
