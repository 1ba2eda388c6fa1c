#include "ring/doorbell.h"

#include <fcntl.h>
#include <poll.h>

#include <utility>

#include "gtest/gtest.h"

namespace l3sync {
namespace {

bool IsReadable(int fd) {
  pollfd waiting = {fd, POLLIN, 0};
  return poll(&waiting, 1, 0) == 1;
}

TEST(DoorbellTest, IsReadableFromRingToClear) {
  Doorbell bell = Doorbell::Create().value();
  EXPECT_FALSE(IsReadable(bell.fd()));
  bell.Ring();
  bell.Ring();
  EXPECT_TRUE(IsReadable(bell.fd()));
  bell.Clear();
  EXPECT_FALSE(IsReadable(bell.fd()));
}

TEST(DoorbellTest, ClearOfASilentBellDoesNotBlock) {
  Doorbell bell = Doorbell::Create().value();
  bell.Clear();
  EXPECT_FALSE(IsReadable(bell.fd()));
}

TEST(DoorbellTest, MoveLeavesOneOwner) {
  Doorbell bell = Doorbell::Create().value();
  const int fd = bell.fd();
  {
    Doorbell moved = std::move(bell);
    EXPECT_EQ(moved.fd(), fd);
    bell = std::move(moved);
  }
  EXPECT_EQ(bell.fd(), fd);
  EXPECT_NE(fcntl(fd, F_GETFD), -1);
  EXPECT_TRUE((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
}

}  // namespace
}  // namespace l3sync
