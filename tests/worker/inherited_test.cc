#include "worker/inherited.h"

#include <unistd.h>

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

}  // namespace
}  // namespace l3sync
