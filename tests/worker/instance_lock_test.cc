#include "worker/instance_lock.h"

#include <unistd.h>

#include <cerrno>

#include "gtest/gtest.h"

namespace l3sync {
namespace {

// No interface has this index; a real instance is not disturbed.
constexpr int kIfindex = 2000000001;

TEST(LockInstanceTest, SecondIsRefusedWithThePidOfTheFirst) {
  const InstanceLock first = LockInstance(kIfindex);
  ASSERT_GE(first.fd, 0);
  const InstanceLock second = LockInstance(kIfindex);
  EXPECT_EQ(second.fd, -1);
  EXPECT_EQ(second.error, EADDRINUSE);
  EXPECT_EQ(second.holder, getpid());
  close(first.fd);
}

TEST(LockInstanceTest, IsFreeAgainWhenTheHolderIsGone) {
  const InstanceLock first = LockInstance(kIfindex);
  ASSERT_GE(first.fd, 0);
  close(first.fd);
  const InstanceLock second = LockInstance(kIfindex);
  EXPECT_GE(second.fd, 0);
  close(second.fd);
}

TEST(LockInstanceTest, OtherParentsDoNotMeet) {
  const InstanceLock first = LockInstance(kIfindex);
  const InstanceLock second = LockInstance(kIfindex + 1);
  EXPECT_GE(first.fd, 0);
  EXPECT_GE(second.fd, 0);
  close(first.fd);
  close(second.fd);
}

}  // namespace
}  // namespace l3sync
