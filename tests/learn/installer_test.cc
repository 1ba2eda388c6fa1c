#include "learn/installer.h"

#include <linux/rtnetlink.h>

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "learner_bed.h"

// What is wanted and what the kernel has become equal: rules K1, K2, K4, K6, I3.
namespace l3sync::testing {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

std::vector<Command> PutsOf(LearnerBed* bed) {
  std::vector<Command> puts;
  for (const Command& command : bed->kernel().executed()) {
    if (command.kind == CommandKind::kPutAddress) puts.push_back(command);
  }
  return puts;
}

TEST(InstallerTest, K1_Ipv4IsPreferredAsLongAsItIsValid) {
  LearnerBed bed;
  bed.Reboot(kSlaveA, {.xid = 7, .requested = "192.0.2.10"});
  bed.Ack({.xid = 7, .yiaddr = "192.0.2.10", .lease = 600});
  EXPECT_EQ(PutsOf(&bed).at(0).valid_sec, 600);
  EXPECT_EQ(PutsOf(&bed).at(0).preferred_sec, 600);
}

// The host must never choose a guest's address as its own source; the log has the network's word.
TEST(InstallerTest, K1_Ipv6IsDeprecatedInTheKernelAndPreferredInTheLog) {
  LearnerBed bed;
  bed.Advertise(Prefix{.valid = 86400, .preferred = 14400});
  bed.Dad(kSlaveA, "2001:db8:1::1234");
  ASSERT_THAT(PutsOf(&bed), SizeIs(1));
  EXPECT_EQ(PutsOf(&bed)[0].valid_sec, 86400);
  EXPECT_EQ(PutsOf(&bed)[0].preferred_sec, 0);
  ASSERT_THAT(bed.Events(EventKind::kAddressRequested), SizeIs(1));
  EXPECT_EQ(bed.Events(EventKind::kAddressRequested)[0].valid_sec, 86400);
  EXPECT_EQ(bed.Events(EventKind::kAddressRequested)[0].preferred_sec, 14400);
}

TEST(InstallerTest, K2_RenewalReplacesAndNeverDeletesAndAdds) {
  LearnerBed bed;
  bed.Lease(kSlaveA, 7, "192.0.2.10", 600);
  bed.Pass(absl::Seconds(300));
  bed.Renew(kSlaveA, {.xid = 8, .ciaddr = "192.0.2.10"});
  bed.Ack({.xid = 8, .yiaddr = "192.0.2.10", .ciaddr = "192.0.2.10", .lease = 600});
  EXPECT_EQ(bed.KernelRestOf("192.0.2.10"), absl::Seconds(600));
  EXPECT_EQ(bed.CountOf(CommandKind::kRemoveAddress), 0);
  const std::vector<Command> puts = PutsOf(&bed);
  ASSERT_THAT(puts, SizeIs(3)) << "OFFER, ACK, renewal";
  EXPECT_FALSE(puts[0].replace);
  EXPECT_TRUE(puts[1].replace);
  EXPECT_TRUE(puts[2].replace);
  EXPECT_EQ(bed.Said(EventKind::kAddressRequested, "192.0.2.10"), 1);
  EXPECT_EQ(bed.Said(EventKind::kAddressConfirmed, "192.0.2.10"), 1);
  EXPECT_EQ(bed.Said(EventKind::kAddressRefreshed, "192.0.2.10"), 2);
}

TEST(InstallerTest, K4_ForeignDeletionIsRepairedThreeTimesAnHourThenHeld) {
  LearnerBed bed;
  bed.Lease(kSlaveA, 7, "192.0.2.10", 86400);
  for (int i = 0; i < Installer::kMaxRepairsPerHour; ++i) {
    bed.DeleteByOther("192.0.2.10");
    EXPECT_EQ(bed.SlaveOf("192.0.2.10"), kSlaveA) << i;
    bed.Pass(absl::Minutes(10));
  }
  bed.DeleteByOther("192.0.2.10");
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), 0);
  EXPECT_EQ(bed.Said(EventKind::kAddressRemoved, "192.0.2.10", Reason::kDeletedByOther), 4);
  bed.Pass(absl::Minutes(20));
  bed.Poll();
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), 0) << "held";
  bed.Pass(absl::Minutes(15));
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), kSlaveA) << "an hour after the first repair";
}

// The hour begins with the first deletion, not with the boot of the machine.
TEST(InstallerTest, K4_HourOfRepairsBeginsWithTheFirst) {
  LearnerBed bed({.now = MonotonicTime::SinceBoot(absl::Minutes(59))});
  bed.Lease(kSlaveA, 7, "192.0.2.10", 86400);
  for (int i = 0; i < 20; ++i) {
    if (bed.SlaveOf("192.0.2.10") != 0) bed.DeleteByOther("192.0.2.10");
    bed.Pass(absl::Seconds(10));
  }
  EXPECT_EQ(bed.Said(EventKind::kAddressRemoved, "192.0.2.10", Reason::kDeletedByOther), 4);
}

TEST(InstallerTest, K4_HeldAddressThatIsReleasedIsSaidToBeGoneAtOnce) {
  LearnerBed bed;
  bed.Lease(kSlaveA, 7, "192.0.2.10", 86400);
  for (int i = 0; i < 4; ++i) bed.DeleteByOther("192.0.2.10");
  bed.ForgetEvents();
  bed.Release(kSlaveA, {.xid = 9, .ciaddr = "192.0.2.10"});
  EXPECT_EQ(bed.Said(EventKind::kAddressRemoved, "192.0.2.10", Reason::kReleased), 1);
}

TEST(InstallerTest, K4_DeletionWhoseNotificationWasLostIsFoundByThePoll) {
  LearnerBed bed;
  bed.Lease(kSlaveA, 7, "192.0.2.10");
  bed.kernel().lose_notifications = 1;
  bed.DeleteByOther("192.0.2.10");
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), 0);
  bed.Poll(/*complete=*/false);
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), 0) << "what a broken dump did not show may be there";
  bed.Poll();
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), kSlaveA);
}

TEST(InstallerTest, K4_ExpiryInTheKernelIsNoForeignDeletion) {
  LearnerBed bed;
  bed.Lease(kSlaveA, 7, "192.0.2.10", 60);
  bed.Pass(absl::Minutes(2));
  EXPECT_EQ(bed.Said(EventKind::kAddressRemoved, "192.0.2.10", Reason::kDeletedByOther), 0);
  EXPECT_EQ(bed.Said(EventKind::kAddressRemoved, "192.0.2.10", Reason::kExpired), 1);
}

TEST(InstallerTest, K6_AddressesOfAnEarlierRunAreAdoptedWithTheirRest) {
  LearnerBed bed({.has_slaves = false});
  bed.kernel().PutOwn(kSlaveA, Ip("192.0.2.10"), 100, bed.now());
  bed.kernel().PutOwn(kSlaveA, Ip("fe80::1234"), 80000, bed.now());
  bed.SlaveAppears(kSlaveA);
  EXPECT_EQ(bed.WantedOn("192.0.2.10"), kSlaveA);
  EXPECT_EQ(bed.BindingOf("192.0.2.10")->origin, Origin::kAdoptedLease);
  EXPECT_EQ(bed.BindingOf("fe80::1234")->origin, Origin::kAdopted);
  EXPECT_EQ(bed.Said(EventKind::kAddressConfirmed, "192.0.2.10"), 1);
  EXPECT_THAT(PutsOf(&bed), IsEmpty()) << "they are there";
  bed.Pass(absl::Seconds(100));
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), 0);
  EXPECT_EQ(bed.WantedOn("192.0.2.10"), 0);
  // A link-local address lasts as long as its guest.
  bed.Pass(absl::Hours(100));
  bed.Poll();
  EXPECT_EQ(bed.SlaveOf("fe80::1234"), kSlaveA);
}

TEST(InstallerTest, K6_AdoptedLeaseRenewsAndReleasesAsBefore) {
  LearnerBed bed({.has_slaves = false});
  bed.kernel().PutOwn(kSlaveA, Ip("192.0.2.10"), 100, bed.now());
  bed.kernel().PutOwn(kSlaveA, Ip("192.0.2.11"), 100, bed.now());
  bed.SlaveAppears(kSlaveA);
  bed.SlaveAppears(kSlaveB);
  bed.Release(kSlaveB, {.xid = 7, .ciaddr = "192.0.2.11"});
  EXPECT_EQ(bed.SlaveOf("192.0.2.11"), kSlaveA);
  bed.Release(kSlaveA, {.xid = 7, .ciaddr = "192.0.2.11"});
  EXPECT_EQ(bed.SlaveOf("192.0.2.11"), 0);
  bed.Renew(kSlaveA, {.xid = 8, .ciaddr = "192.0.2.10"});
  bed.Ack({.xid = 8, .yiaddr = "192.0.2.10", .ciaddr = "192.0.2.10", .lease = 600});
  EXPECT_EQ(bed.KernelRestOf("192.0.2.10"), absl::Seconds(600));
  EXPECT_EQ(bed.CountOf(CommandKind::kRemoveAddress), 1);
}

TEST(InstallerTest, K6_AdoptedAddressYieldsToNobody) {
  LearnerBed bed({.has_slaves = false});
  bed.kernel().PutOwn(kSlaveA, Ip("192.0.2.10"), 100, bed.now());
  bed.SlaveAppears(kSlaveA);
  bed.SlaveAppears(kSlaveB);
  bed.Discover(kSlaveB, {.xid = 8});
  bed.Offer({.xid = 8, .yiaddr = "192.0.2.10"});
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), kSlaveA);
}

TEST(InstallerTest, K6_LeftoverThatIsForbiddenNowIsTakenAway) {
  LearnerBed bed({.policy = Denying({Net("192.0.2.0/24")}), .has_slaves = false});
  bed.kernel().PutOwn(kSlaveA, Ip("192.0.2.10"), 100, bed.now());
  bed.SlaveAppears(kSlaveA);
  EXPECT_EQ(bed.kernel().Find(Ip("192.0.2.10")), nullptr);
}

TEST(InstallerTest, K6_ForeignAddressesAreLeftAlone) {
  LearnerBed bed({.has_slaves = false});
  bed.kernel().PutForeign(kSlaveA, Net("198.51.100.9/24"));
  bed.SlaveAppears(kSlaveA);
  bed.Poll();
  bed.SlaveDown(kSlaveA);
  bed.SlaveUp(kSlaveA);
  EXPECT_NE(bed.kernel().Find(Ip("198.51.100.9")), nullptr);
  EXPECT_EQ(bed.CountOf(CommandKind::kRemoveAddress), 0);
  EXPECT_EQ(bed.learner().bindings().size(), 0);
}

TEST(InstallerTest, OwnTagOnAnAddressThatNobodyHasIsTakenAway) {
  LearnerBed bed;
  bed.kernel().PutOwn(kSlaveA, Ip("192.0.2.10"), 100, bed.now());
  bed.Poll();
  EXPECT_EQ(bed.kernel().Find(Ip("192.0.2.10")), nullptr);
  EXPECT_EQ(bed.Said(EventKind::kAddressRemoved, "192.0.2.10", Reason::kNotWanted), 1);
}

TEST(InstallerTest, LocalRouteThatComesBackIsTakenAwayAgain) {
  LearnerBed bed;
  bed.Lease(kSlaveA, 7, "192.0.2.10");
  bed.SlaveDown(kSlaveA);
  bed.SlaveUp(kSlaveA);
  EXPECT_FALSE(bed.kernel().Find(Ip("192.0.2.10"))->local_route);
  EXPECT_EQ(bed.CountOf(CommandKind::kRemoveLocalRoute), 1);
  // Without a notification, the poll shows it.
  bed.kernel().SetUp(kSlaveA, true);
  bed.Poll();
  EXPECT_FALSE(bed.kernel().Find(Ip("192.0.2.10"))->local_route);
}

TEST(InstallerTest, LifetimeThatSomebodyElseChangedIsPutRight) {
  LearnerBed bed;
  bed.Lease(kSlaveA, 7, "192.0.2.10", 3600);
  bed.kernel().PutOwn(kSlaveA, Ip("192.0.2.10"), kInfiniteLifetimeSec, bed.now());
  bed.Poll();
  EXPECT_EQ(bed.KernelRestOf("192.0.2.10"), absl::Seconds(3600));
}

// The dump may have passed the slave before the address came there.
TEST(InstallerTest, AddressPutDuringADumpIsNotMissed) {
  LearnerBed bed;
  bed.Tell(DumpMark{});
  bed.kernel().lose_notifications = 1;
  bed.Reboot(kSlaveA, {.xid = 7, .requested = "192.0.2.10"});
  bed.Ack({.xid = 7, .yiaddr = "192.0.2.10"});
  bed.Tell(DumpMark{.kind = DumpMark::Kind::kEnd});
  bed.Settle();
  EXPECT_THAT(PutsOf(&bed), SizeIs(1));
  EXPECT_THAT(bed.Events(EventKind::kAddressRemoved), IsEmpty());
}

TEST(InstallerTest, RecordThatIsOlderThanARefreshCausesNoOther) {
  LearnerBed bed;
  bed.Lease(kSlaveA, 7, "192.0.2.10", 600);
  bed.Hold();
  bed.Renew(kSlaveA, {.xid = 8, .ciaddr = "192.0.2.10"});
  bed.Ack({.xid = 8, .yiaddr = "192.0.2.10", .ciaddr = "192.0.2.10", .lease = 1200});
  bed.Poll();
  bed.kernel().lose_notifications = 1;
  bed.Resume();
  EXPECT_THAT(PutsOf(&bed), SizeIs(3)) << "OFFER, ACK, renewal";
}

TEST(InstallerTest, ClaimsAreAnsweredByOneLookAtATime) {
  LearnerBed bed;
  bed.Hold();
  for (int i = 0; i < 10; ++i) bed.Dad(kSlaveA, "fe80::1:" + std::to_string(i));
  EXPECT_EQ(bed.queued(), 1);
  bed.Resume();
  EXPECT_EQ(bed.learner().bindings().CountOf(kSlaveA), 10);
  EXPECT_EQ(bed.CountOf(CommandKind::kDumpAddresses), 3 + 2) << "of the start, and two";
}

TEST(InstallerTest, QuietNetworkCausesNoWork) {
  LearnerBed bed;
  bed.Advertise(Prefix{});
  bed.Lease(kSlaveA, 7, "192.0.2.10", 7200);
  bed.Dad(kSlaveA, "fe80::1234");
  const size_t commands = bed.kernel().executed().size();
  for (int i = 0; i < 60; ++i) {
    bed.Pass(absl::Seconds(30));
    bed.Poll();
  }
  EXPECT_EQ(bed.kernel().executed().size(), commands);
}

}  // namespace
}  // namespace l3sync::testing
