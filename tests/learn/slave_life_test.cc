#include <linux/rtnetlink.h>

#include <algorithm>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "learner_bed.h"

// Slaves that come, go, go down and come back, and a host that changes its addresses: rules F17,
// T7.
namespace l3sync::testing {
namespace {

using ::testing::IsEmpty;

TEST(SlaveLifeTest, SlaveThatIsGoneLosesAllAtOnce) {
  LearnerBed bed;
  bed.Lease(kSlaveA, 7, "192.0.2.10");
  bed.Dad(kSlaveA, "fe80::1234");
  bed.Discover(kSlaveA, {.xid = 8});
  bed.SlaveGone(kSlaveA);
  EXPECT_EQ(bed.learner().bindings().size(), 0);
  EXPECT_EQ(bed.Said(EventKind::kAddressRemoved, "192.0.2.10", Reason::kSlaveGone), 1);
  EXPECT_EQ(bed.Said(EventKind::kAddressRemoved, "fe80::1234", Reason::kSlaveGone), 1);
  bed.Offer({.xid = 8, .yiaddr = "192.0.2.11"});
  EXPECT_EQ(bed.WantedOn("192.0.2.11"), 0);
  EXPECT_EQ(bed.CountOf(CommandKind::kRemoveAddress), 0) << "the kernel did it";
  // Its address is free again.
  bed.Lease(kSlaveB, 9, "192.0.2.10");
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), kSlaveB);
}

// Class S6.
TEST(SlaveLifeTest, SlaveGoneWhileItsAddressIsOnTheWay) {
  LearnerBed bed;
  bed.Discover(kSlaveA, {.xid = 7});
  bed.Hold();
  bed.Offer({.xid = 7, .yiaddr = "192.0.2.10"});
  bed.SlaveGone(kSlaveA);
  bed.Resume();
  EXPECT_EQ(bed.learner().bindings().size(), 0);
  EXPECT_THAT(bed.DeliveredTo(kSlaveA), IsEmpty());
  bed.SlaveAppears(kSlaveA);
  bed.Lease(kSlaveA, 8, "192.0.2.10");
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), kSlaveA);
}

// The kernel uses an ifindex again: what the old slave's guest asked is not the new one's.
TEST(SlaveLifeTest, NewSlaveInheritsNoQuestions) {
  LearnerBed bed;
  bed.Discover(kSlaveA, {.xid = 7});
  bed.Dad(kSlaveA, "2001:db8:1::99");
  bed.SlaveGone(kSlaveA);
  bed.SlaveAppears(kSlaveA);
  bed.Offer({.xid = 7, .yiaddr = "192.0.2.10"});
  bed.Advertise(Prefix{});
  EXPECT_EQ(bed.learner().bindings().size(), 0);
}

TEST(SlaveLifeTest, F17_Ipv6ComesBackWithTheLink) {
  LearnerBed bed;
  bed.Advertise(Prefix{});
  bed.Lease(kSlaveA, 7, "192.0.2.10");
  bed.Dad(kSlaveA, "fe80::1234");
  ASSERT_EQ(bed.SlaveOf("2001:db8:1::1234"), kSlaveA);
  bed.SlaveDown(kSlaveA);
  EXPECT_EQ(bed.SlaveOf("fe80::1234"), 0);
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), kSlaveA);
  EXPECT_EQ(bed.WantedOn("fe80::1234"), kSlaveA);
  EXPECT_EQ(bed.Said(EventKind::kAddressRemoved, "fe80::1234", Reason::kLinkDown), 1);
  bed.Pass(absl::Minutes(5));
  bed.Poll();
  bed.SlaveUp(kSlaveA);
  EXPECT_EQ(bed.SlaveOf("fe80::1234"), kSlaveA);
  EXPECT_EQ(bed.SlaveOf("2001:db8:1::1234"), kSlaveA);
  EXPECT_FALSE(bed.kernel().Find(Ip("192.0.2.10"))->local_route);
  EXPECT_EQ(bed.Events(EventKind::kAddressRefused).size(), 0);
}

// Both link notifications are read before the kernel is asked what became of the addresses.
TEST(SlaveLifeTest, F17_FlapFasterThanALook) {
  LearnerBed bed;
  bed.Dad(kSlaveA, "fe80::1234");
  bed.Hold();
  bed.SlaveDown(kSlaveA);
  bed.SlaveUp(kSlaveA);
  bed.Resume();
  bed.Pass(absl::Seconds(1));
  EXPECT_EQ(bed.SlaveOf("fe80::1234"), kSlaveA);
}

// Dumps and commands have a socket each: what a dump did not show is absent, though the end of a
// route command is still to come.
TEST(SlaveLifeTest, F17_DumpIsBelievedWhileARouteCommandIsOnItsWay) {
  LearnerBed bed;
  bed.Dad(kSlaveA, "fe80::1234");
  bed.kernel().lose_notifications = 1;
  bed.kernel().SetUp(kSlaveA, false);
  bed.kernel().SetUp(kSlaveA, true);
  bed.Hold();
  RouteRecord route;
  route.type = RTN_LOCAL;
  route.ifindex = kSlaveA;
  route.destination = Net("fe80::1234/128");
  bed.Tell(route);
  bed.Pass(absl::ZeroDuration());
  ASSERT_EQ(bed.queued(), 1);
  bed.Poll();
  bed.Resume();
  EXPECT_EQ(bed.SlaveOf("fe80::1234"), kSlaveA);
}

TEST(SlaveLifeTest, F17_ManyFlapsAreNoForeignDeletions) {
  LearnerBed bed;
  bed.Dad(kSlaveA, "fe80::1234");
  for (int i = 0; i < 20; ++i) {
    bed.SlaveDown(kSlaveA);
    bed.Pass(absl::Seconds(10));
    bed.SlaveUp(kSlaveA);
    bed.Pass(absl::Seconds(10));
    ASSERT_EQ(bed.SlaveOf("fe80::1234"), kSlaveA) << i;
  }
  EXPECT_EQ(bed.Said(EventKind::kAddressRemoved, "fe80::1234", Reason::kDeletedByOther), 0);
}

TEST(SlaveLifeTest, LeaseOfASlaveThatIsDownIsPutAllTheSame) {
  LearnerBed bed;
  bed.SlaveAppears(kSlaveA, /*is_up=*/false);
  bed.Reboot(kSlaveA, {.xid = 7, .requested = "192.0.2.10"});
  bed.Ack({.xid = 7, .yiaddr = "192.0.2.10"});
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), kSlaveA);
}

TEST(SlaveLifeTest, T7_HostThatGainsAGuestsAddressGetsIt) {
  LearnerBed bed;
  bed.Lease(kSlaveA, 7, "192.0.2.10");
  bed.HostGains("192.0.2.10/24");
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), 0);
  EXPECT_EQ(bed.Said(EventKind::kAddressRemoved, "192.0.2.10", Reason::kHostAddress), 1);
  bed.Renew(kSlaveA, {.xid = 8, .ciaddr = "192.0.2.10"});
  bed.Ack({.xid = 8, .yiaddr = "192.0.2.10", .ciaddr = "192.0.2.10"});
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), 0);
}

TEST(SlaveLifeTest, T7_HostAddressThatIsGoneIsFreeAgain) {
  LearnerBed bed;
  bed.HostGains("192.0.2.10/24");
  AddressRecord gone;
  gone.deleted = true;
  gone.ifindex = kParent;
  gone.address = Ip("192.0.2.10");
  bed.Tell(gone);
  bed.Lease(kSlaveA, 7, "192.0.2.10");
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), kSlaveA);
  bed.HostGains("192.0.2.11/24");
  bed.learner().HostInterfaceGone(kParent, bed.now());
  bed.Lease(kSlaveB, 8, "192.0.2.11");
  EXPECT_EQ(bed.SlaveOf("192.0.2.11"), kSlaveB);
}

TEST(SlaveLifeTest, PortThatLeavesL2AndComesBackKeepsWhatIsThere) {
  LearnerBed bed;
  bed.Lease(kSlaveA, 7, "192.0.2.10");
  bed.learner().SlaveGone(kSlaveA, Reason::kModeL3, bed.now());  // the link is still there
  bed.Settle();
  EXPECT_EQ(bed.Said(EventKind::kAddressRemoved, "192.0.2.10", Reason::kModeL3), 1);
  bed.SlaveAppears(kSlaveA);
  EXPECT_EQ(bed.BindingOf("192.0.2.10")->origin, Origin::kAdoptedLease);
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), kSlaveA);
}

bool Mutates(const Command& command) {
  return command.kind != CommandKind::kDumpAll && command.kind != CommandKind::kDumpAddresses &&
         command.kind != CommandKind::kReadLink;
}

TEST(DryRunTest, SaysWhatItWouldDoAndDoesNothing) {
  LearnerBed bed({.dry_run = true});
  bed.Advertise(Prefix{});
  bed.Dad(kSlaveA, "fe80::1234");
  bed.Lease(kSlaveA, 7, "192.0.2.10", 600);
  bed.Release(kSlaveA, {.xid = 9, .ciaddr = "192.0.2.10"});
  bed.SlaveDown(kSlaveA);
  bed.SlaveUp(kSlaveA);
  bed.Poll();
  bed.Pass(absl::Hours(30));
  bed.SlaveGone(kSlaveA);
  EXPECT_TRUE(
      std::none_of(bed.kernel().executed().begin(), bed.kernel().executed().end(), Mutates));
  EXPECT_EQ(bed.Said(EventKind::kAddressRequested, "fe80::1234"), 1);
  EXPECT_EQ(bed.Said(EventKind::kAddressRequested, "2001:db8:1::1234"), 1);
  EXPECT_EQ(bed.Said(EventKind::kAddressRequested, "192.0.2.10"), 1);
  EXPECT_EQ(bed.Said(EventKind::kAddressRefreshed, "192.0.2.10"), 1);
  EXPECT_EQ(bed.Said(EventKind::kAddressRemoved, "192.0.2.10", Reason::kReleased), 1);
  EXPECT_EQ(bed.Said(EventKind::kAddressRemoved, "2001:db8:1::1234", Reason::kExpired), 1);
  EXPECT_EQ(bed.Said(EventKind::kAddressRemoved, "fe80::1234", Reason::kSlaveGone), 1);
  for (const Event& event : bed.Events(EventKind::kAddressRequested)) EXPECT_TRUE(event.dry_run);
}

TEST(DryRunTest, ClaimsMoveWithoutWaitingForDeliveries) {
  LearnerBed bed({.dry_run = true});
  bed.Discover(kSlaveA, {.xid = 7});
  bed.Discover(kSlaveB, {.xid = 8});
  bed.Offer({.xid = 7, .yiaddr = "192.0.2.10"});
  bed.Offer({.xid = 8, .yiaddr = "192.0.2.10"});
  EXPECT_EQ(bed.WantedOn("192.0.2.10"), kSlaveB);
}

TEST(DryRunTest, RenewalOfAnAdoptedAddressIsSaidOnce) {
  LearnerBed bed({.dry_run = true, .has_slaves = false});
  bed.kernel().PutOwn(kSlaveA, Ip("192.0.2.10"), 600, bed.now());
  bed.SlaveAppears(kSlaveA);
  bed.Renew(kSlaveA, {.xid = 8, .ciaddr = "192.0.2.10"});
  bed.Ack({.xid = 8, .yiaddr = "192.0.2.10", .ciaddr = "192.0.2.10", .lease = 3600});
  for (int i = 0; i < 5; ++i) {
    bed.Pass(absl::Seconds(30));
    bed.Poll();
  }
  EXPECT_EQ(bed.Said(EventKind::kAddressRefreshed, "192.0.2.10"), 1);
  bed.Release(kSlaveA, {.xid = 9, .ciaddr = "192.0.2.10"});
  EXPECT_EQ(bed.Said(EventKind::kAddressRemoved, "192.0.2.10", Reason::kReleased), 1);
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), kSlaveA);
}

}  // namespace
}  // namespace l3sync::testing
