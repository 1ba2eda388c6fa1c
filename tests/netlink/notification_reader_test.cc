#include "netlink/notification_reader.h"

#include <poll.h>

#include <memory>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/fakes/fake_kernel.h"
#include "tests/netlink/recording_sink.h"

namespace l3sync {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

class NotificationReaderTest : public ::testing::Test {
 protected:
  bool IsReadable() const {
    pollfd readable{.fd = port_->fd(), .events = POLLIN, .revents = 0};
    return poll(&readable, 1, 0) == 1;
  }
  FakeKernel kernel_;
  std::unique_ptr<RtnlPort> port_ = kernel_.OpenNotificationPort();
  RecordingSink sink_;
  NotificationReader reader_{port_.get(), &sink_};
};

TEST_F(NotificationReaderTest, K4LinksAndAddressesAreForwardedInOrder) {
  EXPECT_FALSE(IsReadable());
  const int32_t parent = kernel_.AddLink("eth0");
  const int32_t slave = kernel_.AddSlave("guest0", parent);
  AddressRecord address;
  address.ifindex = slave;
  address.address = IpAddress::V4(0xc0000207);
  address.prefix_length = 32;
  kernel_.PutAddress(address);
  kernel_.DeleteLink(slave);
  EXPECT_TRUE(IsReadable());
  EXPECT_EQ(reader_.OnReadable(), 0);
  EXPECT_FALSE(IsReadable());
  ASSERT_THAT(sink_.records(), SizeIs(5));
  EXPECT_TRUE(std::get<AddressRecord>(sink_.records()[3]).deleted);
  EXPECT_TRUE(std::get<LinkRecord>(sink_.records()[4]).deleted);
  for (const LinkRecord& link : sink_.Of<LinkRecord>()) EXPECT_FALSE(link.is_answer);
}

// Class S7.
TEST_F(NotificationReaderTest, K5EnobufsIsToldOnce) {
  kernel_.DropNotifications(true);
  kernel_.AddLink("eth0");
  kernel_.AddLink("eth1");
  kernel_.DropNotifications(false);
  kernel_.AddLink("eth2");
  EXPECT_EQ(reader_.OnReadable(), 0);
  EXPECT_THAT(sink_.Of<EventsLost>(), SizeIs(1));
  EXPECT_THAT(sink_.Of<LinkRecord>(), SizeIs(1));
  EXPECT_EQ(reader_.counters().overruns, 1);
  EXPECT_FALSE(reader_.has_loss());
}

TEST_F(NotificationReaderTest, K5FullSinkIsALossThatIsToldWhenThereIsRoom) {
  sink_.SetRoom(1);
  for (int i = 0; i < 3; ++i) kernel_.AddLink("eth" + std::to_string(i));
  EXPECT_EQ(reader_.OnReadable(), 0);
  EXPECT_TRUE(reader_.has_loss());
  EXPECT_EQ(reader_.counters().sink_full, 2);
  EXPECT_THAT(sink_.Of<EventsLost>(), IsEmpty());
  sink_.SetRoom(1);
  reader_.OfferLoss();
  EXPECT_FALSE(reader_.has_loss());
  EXPECT_THAT(sink_.Of<EventsLost>(), SizeIs(1));
}

}  // namespace
}  // namespace l3sync
