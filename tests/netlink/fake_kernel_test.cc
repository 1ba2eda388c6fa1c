// The fake must fail as the kernel does, or the tests above it prove nothing.
#include "tests/fakes/fake_kernel.h"

#include <linux/if_addr.h>
#include <poll.h>

#include <array>
#include <cerrno>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "netlink/notification_reader.h"
#include "netlink/rtnl_request.h"
#include "tests/netlink/recording_sink.h"

namespace l3sync {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

const IpAddress kV4 = IpAddress::V4(0xc0000207);
const IpAddress kV6 = IpAddress::Parse("2001:db8::7").value();

class FakeKernelTest : public ::testing::Test {
 protected:
  int Put(int32_t ifindex, const IpAddress& address, bool replace = false, uint32_t valid = 60,
          uint32_t preferred = 0) {
    alignas(4) std::array<uint8_t, kMaxRequestSize> buffer;
    const Command command{.kind = CommandKind::kPutAddress,
                          .replace = replace,
                          .ifindex = ifindex,
                          .id = 1,
                          .address = address,
                          .valid_sec = valid,
                          .preferred_sec = preferred};
    return ErrorOf(kernel_.Apply(BuildPutAddress(absl::MakeSpan(buffer), 9, command)));
  }
  int Remove(int32_t ifindex, const IpAddress& address) {
    alignas(4) std::array<uint8_t, kMaxRequestSize> buffer;
    return ErrorOf(kernel_.Apply(BuildRemoveAddress(absl::MakeSpan(buffer), 9, ifindex, address)));
  }
  static int ErrorOf(const std::vector<Bytes>& answers) {
    if (answers.size() != 1) return -1;
    return ParseError(MessageWalk(answers[0]).Current().value()).value_or(-1);
  }
  std::vector<AddressRecord> AddressEvents() {
    events_.Clear();
    EXPECT_EQ(reader_.OnReadable(), 0);
    return events_.Of<AddressRecord>();
  }

  FakeKernel kernel_;
  std::unique_ptr<RtnlPort> port_ = kernel_.OpenNotificationPort();
  RecordingSink events_;
  NotificationReader reader_{port_.get(), &events_};
  int32_t parent_ = kernel_.AddLink("eth0");
  int32_t slave_ = kernel_.AddSlave("guest0", parent_);
  int32_t sibling_ = kernel_.AddSlave("guest1", parent_);
};

TEST_F(FakeKernelTest, F6AddressOfASiblingIsEaddrinuse) {
  EXPECT_EQ(Put(slave_, kV4), 0);
  EXPECT_EQ(Put(sibling_, kV4), EADDRINUSE);
  EXPECT_EQ(Put(sibling_, kV4, true), EADDRINUSE);
  EXPECT_EQ(Put(parent_, kV4), 0) << "F8: the parent is no slave";
  EXPECT_EQ(Remove(slave_, kV4), 0);
  EXPECT_EQ(Put(sibling_, kV4), 0);
}

TEST_F(FakeKernelTest, F15SameAddressAgainIsEexistUnlessReplaced) {
  EXPECT_EQ(Put(slave_, kV4), 0);
  EXPECT_EQ(Put(slave_, kV4), EEXIST);
  EXPECT_EQ(Put(slave_, kV4, true, 600), 0);
  EXPECT_EQ(kernel_.FindAddress(slave_, kV4)->valid_sec, 600);
  EXPECT_EQ(Put(slave_, kV6, false, 0), EINVAL);
  EXPECT_EQ(Put(slave_, kV6, false, 1, 2), EINVAL);
  EXPECT_EQ(Put(999, kV6), ENODEV);
  EXPECT_EQ(Remove(slave_, kV6), EADDRNOTAVAIL);
}

TEST_F(FakeKernelTest, F16ExpiryIsNotified) {
  EXPECT_EQ(Put(slave_, kV4, false, 60, 30), 0);
  EXPECT_THAT(AddressEvents(), SizeIs(1));
  kernel_.AdvanceTo(MonotonicTime::SinceBoot(absl::Seconds(30)));
  const auto deprecated = AddressEvents();
  ASSERT_THAT(deprecated, SizeIs(1));
  EXPECT_TRUE(deprecated[0].flags & IFA_F_DEPRECATED);
  kernel_.AdvanceTo(MonotonicTime::SinceBoot(absl::Seconds(60)));
  const auto expired = AddressEvents();
  ASSERT_THAT(expired, SizeIs(1));
  EXPECT_TRUE(expired[0].deleted);
  EXPECT_EQ(expired[0].protocol, kAddressProtocol);
  EXPECT_THAT(kernel_.Addresses(slave_), IsEmpty());
}

TEST_F(FakeKernelTest, F17DownFlushesIpv6AndUpBringsTheLocalRouteBack) {
  EXPECT_EQ(Put(slave_, kV4), 0);
  EXPECT_EQ(Put(slave_, kV6), 0);
  EXPECT_THAT(AddressEvents(), SizeIs(2));
  alignas(4) std::array<uint8_t, kMaxRequestSize> buffer;
  EXPECT_EQ(ErrorOf(kernel_.Apply(BuildRemoveLocalRoute(absl::MakeSpan(buffer), 1, slave_, kV4))),
            0);
  EXPECT_EQ(ErrorOf(kernel_.Apply(BuildRemoveLocalRoute(absl::MakeSpan(buffer), 1, slave_, kV4))),
            ESRCH);
  kernel_.SetUp(slave_, false);
  EXPECT_THAT(AddressEvents(), SizeIs(1));
  EXPECT_THAT(kernel_.Addresses(slave_), SizeIs(1));
  kernel_.SetUp(slave_, true);
  EXPECT_TRUE(kernel_.HasLocalRoute(slave_, kV4));
}

TEST_F(FakeKernelTest, DeletedParentTakesItsSlavesAndTheirAddresses) {
  EXPECT_EQ(Put(slave_, kV4), 0);
  AddressEvents();
  kernel_.DeleteLink(parent_);
  const auto addresses = AddressEvents();
  ASSERT_THAT(addresses, SizeIs(1));
  EXPECT_TRUE(addresses[0].deleted);
  EXPECT_THAT(events_.Of<LinkRecord>(), SizeIs(3));
}

TEST_F(FakeKernelTest, PortWorksWithPollAcrossThreads) {
  std::thread changer([this] {
    kernel_.PutAddress({.deleted = false, .ifindex = slave_, .address = kV4, .prefix_length = 32});
  });
  size_t seen = 0;
  while (seen == 0) {
    pollfd readable{.fd = port_->fd(), .events = POLLIN, .revents = 0};
    ASSERT_EQ(poll(&readable, 1, 5000), 1);
    seen = AddressEvents().size();
  }
  changer.join();
  EXPECT_EQ(seen, 1);
}

TEST_F(FakeKernelTest, WaitingEndsWithTheEvent) {
  std::thread deliverer([this] { kernel_.SendDelivery(slave_, Bytes{1, 2, 3}); });
  EXPECT_TRUE(
      kernel_.WaitUntil(absl::Seconds(5), [&] { return kernel_.deliveries().size() == 1; }));
  deliverer.join();
  EXPECT_EQ(kernel_.deliveries()[0].frame, (Bytes{1, 2, 3}));
  EXPECT_FALSE(kernel_.WaitForAddress(slave_, kV4, absl::Milliseconds(1)));
}

}  // namespace
}  // namespace l3sync
