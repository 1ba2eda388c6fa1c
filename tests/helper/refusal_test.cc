// When l3sync-open does not run the command: the exit status, and one line that says why and what
// helps.

#include <cap-ng.h>
#include <unistd.h>

#include <algorithm>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/bpf/network_namespace.h"
#include "tests/helper/run_helper.h"

namespace l3sync {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

void ExpectRefusal(const HelperRun& run, int exit_status, const std::string& cause,
                   const std::string& mend) {
  EXPECT_EQ(run.exit_status, exit_status);
  EXPECT_THAT(run.probe, IsEmpty());
  std::string line = run.errors;
  while (line.starts_with("l3sync-open: warning: ")) {
    line.erase(0, line.find('\n') + 1);
  }
  EXPECT_THAT(line, AllOf(StartsWith("l3sync-open: "), HasSubstr(cause), HasSubstr(mend)));
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1) << line;
}

TEST(RefusalTest, WrongUsage) {
  ExpectRefusal(RunHelper({}), 64, "no parent", "--help");
  ExpectRefusal(RunHelper({"parent"}), 64, "nothing to run", "l3sync-open eth0 -- l3sync eth0");
  ExpectRefusal(RunHelper({"parent", "--"}), 64, "nothing to run", "--");
  ExpectRefusal(RunHelper({"--bogus", "parent", "--", "PROBE"}), 64, "--bogus", "--help");
}

TEST(RefusalTest, HelpAndVersionSucceedWithoutPrivilege) {
  EXPECT_EQ(RunHelper({"--help"}).exit_status, 0);
  EXPECT_EQ(RunHelper({"--version"}).exit_status, 0);
}

TEST(RefusalTest, NoSuchInterface) {
  ExpectRefusal(RunHelper({"eth999", "--", "PROBE"}), 1, "eth999: no such interface", "ip link");
  ExpectRefusal(RunHelper({"longer-than-any-name-of-an-interface", "--", "PROBE"}), 1,
                "no such interface", "ip link");
}

TEST(RefusalTest, InterfaceThatIsNotEthernet) {
  ExpectRefusal(RunHelper({"lo", "--", "PROBE"}), 1, "lo: not an Ethernet interface", "parent");
}

TEST(RefusalTest, NoSuchUser) {
  RunInNetworkNamespace(Privilege::kRealRoot, [] {
    MakeParent();
    ExpectRefusal(RunHelper({"--user=l3sync-nonesuch", "parent", "--", "PROBE"}), 1,
                  "l3sync-nonesuch: no such user", "useradd --system");
  });
}

TEST(RefusalTest, WorkerMustNotBeRoot) {
  RunInNetworkNamespace(Privilege::kRealRoot, [] {
    MakeParent();
    ExpectRefusal(RunHelper({"--user=root", "parent", "--", "PROBE"}), 64, "must not be root",
                  "name another user");
  });
}

TEST(RefusalTest, NoPrivilege) {
  RunInNetworkNamespace(Privilege::kRealRoot, [] {
    MakeParent();
    ExpectRefusal(RunHelper({"parent", "--", "PROBE"}, BecomeNobody), 77, "CAP_NET_RAW",
                  "start it as root");
    ExpectRefusal(RunHelper({"--dry-run", "parent", "--", "PROBE"}, BecomeNobody), 77,
                  "CAP_NET_RAW", "start it as root");
    ExpectRefusal(RunHelper({"parent", "--", "PROBE"}, [] { BecomeNobodyWith({CAP_NET_RAW}); }), 77,
                  "CAP_NET_ADMIN", "--dry-run");
  });
}

// As in a container that was given too little.
TEST(RefusalTest, RootWithoutSetuid) {
  RunInNetworkNamespace(Privilege::kRealRoot, [] {
    MakeParent();
    const HelperRun run = RunHelper({"--user=nobody", "parent", "--", "PROBE"}, [] {
      capng_get_caps_process();
      capng_updatev(CAPNG_DROP, static_cast<capng_type_t>(CAPNG_BOUNDING_SET), CAP_SETUID,
                    CAP_SETGID, -1);
      if (capng_apply(CAPNG_SELECT_BOUNDS) != 0) {
        _exit(125);
      }
    });
    ExpectRefusal(run, 77, "CAP_SETUID", "start as that user");
  });
}

TEST(RefusalTest, CommandNotFound) {
  RunInNetworkNamespace(Privilege::kAny, [] {
    MakeParent();
    const auto with_closed_folder_in_path = [] { setenv("PATH", "/root:/proc/1/cwd:/usr/bin", 1); };
    ExpectRefusal(RunHelper({"--user=nobody", "parent", "--", "l3sync-nonesuch"}), 1,
                  "l3sync-nonesuch: command not found", "PATH");
    ExpectRefusal(
        RunHelper({"--user=nobody", "parent", "--", "l3sync-nonesuch"}, with_closed_folder_in_path),
        1, "l3sync-nonesuch: command not found", "PATH");
    ExpectRefusal(RunHelper({"--user=nobody", "parent", "--", "/nonesuch/l3sync"}), 1,
                  "/nonesuch/l3sync: command not found", "installed");
  });
}

TEST(RefusalTest, CommandThatTheWorkerMayNotRun) {
  RunInNetworkNamespace(Privilege::kAny, [] {
    MakeParent();
    ExpectRefusal(RunHelper({"--user=nobody", "parent", "--", "/etc/passwd"}), 77, "/etc/passwd",
                  "Permission denied");
  });
}

}  // namespace
}  // namespace l3sync
