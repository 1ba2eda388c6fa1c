// Class P2: a drop that fails and goes unnoticed leaves the worker with the helper's power (radvd,
// CVE-2011-3603). Every system call of the drop is made to fail, and made to do nothing and say
// that it did, by strace.

#include <cstdlib>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/bpf/network_namespace.h"
#include "tests/helper/run_helper.h"

namespace l3sync {
namespace {

using ::testing::IsEmpty;

bool HasStrace() {
  return std::system("strace -V >/dev/null 2>&1") == 0;  // NOLINT(cert-env33-c): looks for a tool
}

HelperRun RunInjected(const std::string& injection) {
  return RunHelper({"--user=nobody", "parent", "--", "PROBE"}, JoinGroups,
                   {"strace", "-o", "/dev/null", "-e", "inject=" + injection});
}

// What an attacker would like to be different.
std::map<std::string, std::string> PrivilegesIn(HelperRun& run) {
  std::map<std::string, std::string> privileges;
  for (const char* name :
       {"Uid", "Gid", "Groups", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs",
        "fds", "capture.locked", "capture.instructions", "applier.type", "root_again"}) {
    privileges[name] = run.probe[name];
  }
  return privileges;
}

class InjectedFailureTest : public testing::TestWithParam<std::string> {};

// Class P2.
TEST_P(InjectedFailureTest, StopsBeforeTheCommandRuns) {
  if (!HasStrace()) {
    GTEST_SKIP() << "needs strace";
  }
  RunInNetworkNamespace(Privilege::kRealRoot, [] {
    MakeParent();
    for (const char* answer : {":error=EPERM", ":error=EINVAL", ":error=ENOMEM"}) {
      const HelperRun run = RunInjected(GetParam() + answer);
      EXPECT_NE(run.exit_status, 0) << GetParam() << answer;
      EXPECT_THAT(run.probe, IsEmpty()) << GetParam() << answer;
    }
  });
}

INSTANTIATE_TEST_SUITE_P(Call, InjectedFailureTest,
                         testing::Values("setgroups", "setresgid", "setresuid", "capset", "prctl",
                                         "socket", "bind", "dup2", "close_range", "socketpair",
                                         "clone", "poll"),
                         [](const auto& test) { return test.param; });

class InjectedLieTest : public testing::TestWithParam<std::string> {};

// Class P2.
TEST_P(InjectedLieTest, StopsBeforeTheCommandRuns) {
  if (!HasStrace()) {
    GTEST_SKIP() << "needs strace";
  }
  RunInNetworkNamespace(Privilege::kRealRoot, [] {
    MakeParent();
    const HelperRun run = RunInjected(GetParam() + ":retval=0");
    EXPECT_NE(run.exit_status, 0);
    EXPECT_THAT(run.probe, IsEmpty());
  });
}

INSTANTIATE_TEST_SUITE_P(Call, InjectedLieTest,
                         testing::Values("setgroups", "setresgid", "setresuid", "capset", "prctl"),
                         [](const auto& test) { return test.param; });

// The first failing call hides the later ones: here each fails alone. What fails without harm may
// be gone on from.
class InjectedNthFailureTest : public testing::TestWithParam<std::string> {};

// Class P2.
TEST_P(InjectedNthFailureTest, StopsOrMakesNoDifference) {
  if (!HasStrace()) {
    GTEST_SKIP() << "needs strace";
  }
  RunInNetworkNamespace(Privilege::kRealRoot, [] {
    MakeParent();
    HelperRun whole = RunHelper({"--user=nobody", "parent", "--", "PROBE"}, JoinGroups);
    ASSERT_EQ(whole.exit_status, 0);
    const auto intended = PrivilegesIn(whole);
    int stopped = 0;
    // There are some 90 calls of prctl, most of them alike.
    for (int n = 1; n < 100; n += n < 12 ? 1 : 7) {
      HelperRun run = RunInjected(GetParam() + ":error=EPERM:when=" + std::to_string(n));
      if (run.exit_status != 0) {
        ++stopped;
        EXPECT_THAT(run.probe, IsEmpty()) << n;
      } else {
        EXPECT_EQ(PrivilegesIn(run), intended) << n;
      }
    }
    EXPECT_GT(stopped, 0);
  });
}

INSTANTIATE_TEST_SUITE_P(Call, InjectedNthFailureTest,
                         testing::Values("setsockopt", "capset", "prctl", "fcntl", "dup2"),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace l3sync
