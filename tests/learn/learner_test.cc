#include "learn/learner.h"

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "learner_bed.h"

// What the parts do together: rules T2, T7, F8, and what is said.
namespace l3sync::testing {
namespace {

using ::testing::SizeIs;

TEST(LearnerTest, T7_GatewayIsRefusedEvenIfAServerGivesIt) {
  LearnerBed bed;
  RouteRecord route;
  route.destination = Net("0.0.0.0/0");
  route.gateway = Ip("192.0.2.254");
  route.ifindex = kParent;
  route.type = RTN_UNICAST;
  bed.PollWith({route});
  bed.Reboot(kSlaveA, {.xid = 7, .requested = "192.0.2.254"});
  bed.Ack({.xid = 7, .yiaddr = "192.0.2.254"});
  EXPECT_EQ(bed.WantedOn("192.0.2.254"), 0);
  EXPECT_EQ(bed.Said(EventKind::kAddressRefused, "192.0.2.254", Reason::kNextHop), 1);
}

// A route that comes while its gateway is a guest's address: the guest goes at the next dump.
TEST(LearnerTest, T7_AddressThatBecomesANextHopLeavesTheSlave) {
  LearnerBed bed;
  bed.Lease(kSlaveA, 7, "192.0.2.10");
  RouteRecord route;
  route.gateway = Ip("192.0.2.10");
  route.type = RTN_UNICAST;
  bed.PollWith({route});
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), 0);
}

TEST(LearnerTest, T7_NeighboursCountAgainstClaimsWhileTheyAreCertain) {
  LearnerBed bed;
  bed.Advertise(Prefix{});
  const auto neighbour = [](std::string_view address, uint16_t state, const MacAddress& mac) {
    NeighbourRecord record;
    record.ifindex = kParent;
    record.address = Ip(address);
    record.mac = mac;
    record.state = state;
    return record;
  };
  bed.PollWith({neighbour("2001:db8:1::1", NUD_REACHABLE, kRouterMac),
                neighbour("2001:db8:1::2", NUD_PERMANENT, kRouterMac),
                neighbour("2001:db8:1::3", NUD_STALE, kRouterMac),
                neighbour("2001:db8:1::4", NUD_REACHABLE, kSharedMac)});
  for (const auto* address : {"2001:db8:1::1", "2001:db8:1::2", "2001:db8:1::3", "2001:db8:1::4"}) {
    bed.Dad(kSlaveA, address);
  }
  EXPECT_EQ(bed.SlaveOf("2001:db8:1::1"), 0);
  EXPECT_EQ(bed.SlaveOf("2001:db8:1::2"), 0);
  EXPECT_EQ(bed.SlaveOf("2001:db8:1::3"), kSlaveA);
  EXPECT_EQ(bed.SlaveOf("2001:db8:1::4"), kSlaveA) << "a guest's own";
}

TEST(LearnerTest, T7_ServersAndWhatTheyNameAreReserved) {
  LearnerBed bed;
  bed.Lease(kSlaveA, 7, "192.0.2.10");
  bed.Renew(kSlaveA, {.xid = 8, .ciaddr = "192.0.2.10"});
  bed.Ack({.xid = 8,
           .yiaddr = "192.0.2.10",
           .ciaddr = "192.0.2.10",
           .router = "192.0.2.3",
           .resolver = "192.0.2.4"});
  bed.Advertise(Advertisement{.prefixes = {Prefix{}}, .resolver = "2001:db8:1::53"});
  uint32_t xid = 100;
  for (const auto* address : {"192.0.2.1", "192.0.2.3", "192.0.2.4"}) {
    bed.Reboot(kSlaveB, {.xid = xid, .requested = address});
    bed.Ack({.xid = xid++, .yiaddr = address});
    EXPECT_EQ(bed.WantedOn(address), 0) << address;
  }
  bed.Dad(kSlaveB, "2001:db8:1::53");
  bed.Dad(kSlaveB, kRouter);
  EXPECT_EQ(bed.learner().bindings().CountOf(kSlaveB), 0);
}

// A server that names a guest's own address as its resolver takes nothing away from the guest.
TEST(LearnerTest, T7_AddressOfAGuestBecomesNoServer) {
  LearnerBed bed;
  bed.Lease(kSlaveA, 7, "192.0.2.10");
  bed.Lease(kSlaveB, 8, "192.0.2.11");
  bed.Renew(kSlaveB, {.xid = 9, .ciaddr = "192.0.2.11"});
  bed.Ack({.xid = 9,
           .yiaddr = "192.0.2.11",
           .ciaddr = "192.0.2.11",
           .router = "192.0.2.10",
           .resolver = "192.0.2.10"});
  bed.Renew(kSlaveA, {.xid = 10, .ciaddr = "192.0.2.10"});
  bed.Ack({.xid = 10, .yiaddr = "192.0.2.10", .ciaddr = "192.0.2.10", .lease = 9000});
  EXPECT_EQ(bed.KernelRestOf("192.0.2.10"), absl::Seconds(9000));
}

TEST(LearnerTest, T2_FirstGuestToUseAnAddressKeepsIt) {
  LearnerBed bed;
  bed.Advertise(Prefix{});
  bed.Dad(kSlaveA, "2001:db8:1::99");
  bed.Solicit(kSlaveA, "2001:db8:1::99", "fe80::1");
  bed.Dad(kSlaveB, "2001:db8:1::99");
  bed.Solicit(kSlaveB, "2001:db8:1::99", "fe80::1");
  EXPECT_EQ(bed.SlaveOf("2001:db8:1::99"), kSlaveA);
}

TEST(LearnerTest, FrameOfAnInterfaceThatIsNotServedChangesNothing) {
  LearnerBed bed;
  bed.Dad(77, "fe80::1234");
  bed.Discover(77, {.xid = 7});
  EXPECT_EQ(bed.Ignored(IgnoreReason::kUnknownInterface), 2);
  EXPECT_EQ(bed.learner().bindings().size(), 0);
}

TEST(LearnerTest, LeaseIsToldInOrder) {
  LearnerBed bed;
  bed.Discover(kSlaveA, {.xid = 7});
  bed.Offer({.xid = 7, .yiaddr = "192.0.2.10"});
  const auto requested = bed.Events(EventKind::kAddressRequested);
  ASSERT_THAT(requested, SizeIs(1));
  EXPECT_EQ(requested[0].ifindex, kSlaveA);
  EXPECT_EQ(requested[0].origin, Origin::kDhcp4Offer);
  EXPECT_EQ(requested[0].valid_sec, 60);
  EXPECT_TRUE(requested[0].has_xid);
  EXPECT_EQ(requested[0].xid, 7);
  EXPECT_THAT(bed.Events(EventKind::kAddressConfirmed), SizeIs(1));
  EXPECT_THAT(bed.Events(EventKind::kReplyDelivered), SizeIs(1));
}

// Nothing is due while nothing is known, and what is due is no busy loop.
TEST(LearnerTest, NextDeadlineIsThatOfTheBindings) {
  LearnerBed bed;
  bed.Pass(absl::Seconds(1));
  EXPECT_TRUE(bed.learner().NextDeadline().is_never());
  bed.Discover(kSlaveA, {.xid = 7});
  bed.Offer({.xid = 7, .yiaddr = "192.0.2.10"});
  EXPECT_EQ(bed.learner().NextDeadline(), bed.now() + absl::Seconds(60));
}

}  // namespace
}  // namespace l3sync::testing
