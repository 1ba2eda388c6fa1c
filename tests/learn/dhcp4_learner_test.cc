#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "learner_bed.h"

// What DHCPv4 leases become: rules S4-3, S4-5, S4-7 to S4-14, S4-17.
namespace l3sync::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Dhcp4LearnerTest, S4_3_OfferPutsTheAddressFor60Seconds) {
  LearnerBed bed;
  bed.Discover(kSlaveA, {.xid = 7, .client_id = "a"});
  bed.Offer({.xid = 7, .client_id = "a", .yiaddr = "192.0.2.10"});
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), kSlaveA);
  EXPECT_EQ(bed.KernelRestOf("192.0.2.10"), absl::Seconds(60));
  EXPECT_THAT(bed.DeliveredTo(kSlaveA), ElementsAre(IsOffer("192.0.2.10")));
  bed.Pass(absl::Seconds(59));
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), kSlaveA);
  bed.Pass(absl::Seconds(1));
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), 0);
  EXPECT_EQ(bed.Said(EventKind::kAddressRemoved, "192.0.2.10", Reason::kOfferNotTaken), 1);
}

TEST(Dhcp4LearnerTest, S4_5_AckBindsForTheLease) {
  LearnerBed bed;
  bed.Lease(kSlaveA, 7, "192.0.2.10", 600);
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), kSlaveA);
  EXPECT_EQ(bed.KernelRestOf("192.0.2.10"), absl::Seconds(600));
  EXPECT_EQ(bed.BindingOf("192.0.2.10")->origin, Origin::kDhcp4Ack);
  // The OFFER was delivered; the ACK found the address on the slave, so the kernel did that.
  EXPECT_THAT(bed.DeliveredTo(kSlaveA), ElementsAre(IsOffer("192.0.2.10")));
  bed.Pass(absl::Seconds(599));
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), kSlaveA);
  bed.Pass(absl::Seconds(1));
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), 0);
  EXPECT_EQ(bed.Said(EventKind::kAddressRemoved, "192.0.2.10", Reason::kExpired), 1);
}

TEST(Dhcp4LearnerTest, S4_5_RenewalMayNameTheAddressInCiaddrOnly) {
  LearnerBed bed;
  bed.Renew(kSlaveA, {.xid = 8, .ciaddr = "192.0.2.10"});
  bed.Ack({.xid = 8, .yiaddr = "", .ciaddr = "192.0.2.10"});
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), kSlaveA);
}

TEST(Dhcp4LearnerTest, S4_7_RapidCommitBindsWithoutOffer) {
  LearnerBed bed;
  bed.Discover(kSlaveA, {.xid = 7, .rapid_commit = true});
  bed.Ack({.xid = 7, .yiaddr = "192.0.2.10", .rapid_commit = true});
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), kSlaveA);
  EXPECT_THAT(bed.DeliveredTo(kSlaveA), ElementsAre(IsAck("192.0.2.10")));
}

TEST(Dhcp4LearnerTest, S4_7_RapidCommitNeedsBothSides) {
  LearnerBed bed;
  bed.Discover(kSlaveA, {.xid = 7, .rapid_commit = true});
  bed.Ack({.xid = 7, .yiaddr = "192.0.2.10"});
  bed.Discover(kSlaveB, {.xid = 8});
  bed.Ack({.xid = 8, .yiaddr = "192.0.2.11", .rapid_commit = true});
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), 0);
  EXPECT_EQ(bed.SlaveOf("192.0.2.11"), 0);
}

TEST(Dhcp4LearnerTest, S4_8_LeaseCountsFromWhenTheRequestWasSent) {
  LearnerBed bed;
  bed.Discover(kSlaveA, {.xid = 7});
  bed.Offer({.xid = 7, .yiaddr = "192.0.2.10"});
  bed.Select(kSlaveA, {.xid = 7, .requested = "192.0.2.10"});
  bed.Pass(absl::Seconds(10));
  bed.Ack({.xid = 7, .yiaddr = "192.0.2.10", .lease = 600});
  EXPECT_EQ(bed.KernelRestOf("192.0.2.10"), absl::Seconds(590));
}

TEST(Dhcp4LearnerTest, S4_8_ShorterRenewalShortens) {
  LearnerBed bed;
  bed.Lease(kSlaveA, 7, "192.0.2.10", 3600);
  bed.Renew(kSlaveA, {.xid = 8, .ciaddr = "192.0.2.10"});
  bed.Ack({.xid = 8, .yiaddr = "192.0.2.10", .ciaddr = "192.0.2.10", .lease = 300});
  EXPECT_EQ(bed.KernelRestOf("192.0.2.10"), absl::Seconds(300));
}

// I3: a dead l3sync leaves no address longer than a second after its lease.
TEST(Dhcp4LearnerTest, S4_8_RenewalThatIsShorterByTwoSecondsShortens) {
  LearnerBed bed;
  bed.Lease(kSlaveA, 7, "192.0.2.10", 300);
  bed.Renew(kSlaveA, {.xid = 8, .ciaddr = "192.0.2.10"});
  bed.Ack({.xid = 8, .yiaddr = "192.0.2.10", .ciaddr = "192.0.2.10", .lease = 298});
  EXPECT_EQ(bed.KernelRestOf("192.0.2.10"), absl::Seconds(298));
}

TEST(Dhcp4LearnerTest, S4_8_LeaseOfZeroEndsIt) {
  LearnerBed bed;
  bed.Lease(kSlaveA, 7, "192.0.2.10");
  bed.Renew(kSlaveA, {.xid = 8, .ciaddr = "192.0.2.10"});
  bed.Ack({.xid = 8, .yiaddr = "192.0.2.10", .ciaddr = "192.0.2.10", .lease = 0});
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), 0);
  EXPECT_EQ(bed.Ignored(IgnoreReason::kZeroLeaseTime), 1);
}

TEST(Dhcp4LearnerTest, S4_8_LeaseThatEndedBeforeItsAckIsNone) {
  LearnerBed bed;
  bed.Select(kSlaveA, {.xid = 7, .requested = "192.0.2.10"});
  bed.Pass(absl::Seconds(5));
  bed.Ack({.xid = 7, .yiaddr = "192.0.2.10", .lease = 5});
  EXPECT_EQ(bed.WantedOn("192.0.2.10"), 0);
  EXPECT_EQ(bed.Ignored(IgnoreReason::kZeroLeaseTime), 1);
}

// I3: the kernel's own deadline is a day, whatever the server says, and is moved on in time.
TEST(Dhcp4LearnerTest, S4_8_InfiniteLeaseIsGivenToTheKernelForADay) {
  LearnerBed bed;
  bed.Lease(kSlaveA, 7, "192.0.2.10", kInfiniteLifetimeSec);
  EXPECT_EQ(bed.KernelRestOf("192.0.2.10"), absl::Hours(24));
  for (int hour = 0; hour < 100; ++hour) {
    bed.Pass(absl::Hours(1));
    bed.Poll();
    EXPECT_GE(bed.KernelRestOf("192.0.2.10"), absl::Hours(11));
  }
  EXPECT_EQ(bed.CountOf(CommandKind::kRemoveAddress), 0);
}

TEST(Dhcp4LearnerTest, S4_9_NakToRenewalTakesTheAddress) {
  LearnerBed bed;
  bed.Lease(kSlaveA, 7, "192.0.2.10");
  bed.Renew(kSlaveA, {.xid = 8, .ciaddr = "192.0.2.10"});
  bed.Nak({.xid = 8});
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), 0);
  EXPECT_EQ(bed.Said(EventKind::kAddressRemoved, "192.0.2.10", Reason::kNak), 1);
}

TEST(Dhcp4LearnerTest, S4_9_NakToInitRebootTakesTheAddress) {
  LearnerBed bed;
  bed.Lease(kSlaveA, 7, "192.0.2.10");
  bed.Reboot(kSlaveA, {.xid = 8, .requested = "192.0.2.10"});
  bed.Nak({.xid = 8});
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), 0);
}

TEST(Dhcp4LearnerTest, S4_9_NakToSelectingDropsOnlyTheClaim) {
  LearnerBed bed;
  bed.Lease(kSlaveA, 7, "192.0.2.10");
  bed.Select(kSlaveA, {.xid = 8, .client_id = "nested", .requested = "192.0.2.10"});
  bed.Nak({.xid = 8});
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), kSlaveA);
  bed.Discover(kSlaveB, {.xid = 9});
  bed.Offer({.xid = 9, .yiaddr = "192.0.2.11"});
  bed.Select(kSlaveB, {.xid = 9, .requested = "192.0.2.11"});
  bed.Nak({.xid = 9});
  EXPECT_EQ(bed.SlaveOf("192.0.2.11"), 0);
}

TEST(Dhcp4LearnerTest, S4_9_NakOfAnotherServerIsIgnored) {
  LearnerBed bed;
  bed.Discover(kSlaveA, {.xid = 7});
  bed.Offer({.xid = 7, .yiaddr = "192.0.2.10"});
  bed.Select(kSlaveA, {.xid = 7, .requested = "192.0.2.10"});
  bed.Nak({.xid = 7, .server = "192.0.2.66"});
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), kSlaveA);
  EXPECT_EQ(bed.Ignored(IgnoreReason::kNakOfOtherServer), 1);
}

TEST(Dhcp4LearnerTest, S4_9_NakOfAnotherSlavesXidIsIgnored) {
  LearnerBed bed;
  bed.Lease(kSlaveA, 7, "192.0.2.10");
  bed.Nak({.xid = 99});
  bed.Reboot(kSlaveB, {.xid = 9, .requested = "192.0.2.10"});
  bed.Nak({.xid = 9});  // A NAK to B, for an address of A's.
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), kSlaveA);
}

TEST(Dhcp4LearnerTest, S4_10_ReleaseRemoves) {
  LearnerBed bed;
  bed.Lease(kSlaveA, 7, "192.0.2.10");
  bed.Release(kSlaveA, {.xid = 1234, .ciaddr = "192.0.2.10"});
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), 0);
  EXPECT_EQ(bed.Said(EventKind::kAddressRemoved, "192.0.2.10", Reason::kReleased), 1);
}

// T5: the slave is the anchor.
TEST(Dhcp4LearnerTest, S4_10_T5_ReleaseOfASiblingsAddressIsIgnored) {
  LearnerBed bed;
  bed.Lease(kSlaveA, 7, "192.0.2.10");
  bed.Release(kSlaveB, {.xid = 7, .ciaddr = "192.0.2.10"});
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), kSlaveA);
  EXPECT_EQ(bed.Ignored(IgnoreReason::kSpoofedRelease), 1);
}

TEST(Dhcp4LearnerTest, S4_11_DeclineRemovesAndIsRemembered) {
  LearnerBed bed;
  bed.Lease(kSlaveA, 7, "192.0.2.10");
  bed.Decline(kSlaveA, {.xid = 8, .requested = "192.0.2.10", .server = kServer});
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), 0);
  EXPECT_EQ(bed.Said(EventKind::kAddressRemoved, "192.0.2.10", Reason::kDeclined), 1);
  bed.Discover(kSlaveA, {.xid = 9});
  bed.Offer({.xid = 9, .yiaddr = "192.0.2.10"});
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), 0);
  EXPECT_EQ(bed.Said(EventKind::kAddressRefused, "192.0.2.10", Reason::kDeclinedBefore), 1);
  // What one guest declined is no loss to another one.
  bed.Discover(kSlaveB, {.xid = 10});
  bed.Offer({.xid = 10, .yiaddr = "192.0.2.10"});
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), kSlaveB);
}

TEST(Dhcp4LearnerTest, S4_11_DeclineIsForgottenAfterAWhile) {
  LearnerBed bed;
  bed.Lease(kSlaveA, 7, "192.0.2.10");
  bed.Decline(kSlaveA, {.xid = 8, .requested = "192.0.2.10", .server = kServer});
  bed.Pass(Dhcp4Learner::kDeclineHold);
  bed.Discover(kSlaveA, {.xid = 9});
  bed.Offer({.xid = 9, .yiaddr = "192.0.2.10"});
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), kSlaveA);
}

TEST(Dhcp4LearnerTest, S4_11_T5_DeclineOfASiblingsAddressIsIgnored) {
  LearnerBed bed;
  bed.Lease(kSlaveA, 7, "192.0.2.10");
  bed.Decline(kSlaveB, {.xid = 7, .requested = "192.0.2.10", .server = kServer});
  bed.Decline(kSlaveB, {.xid = 7, .server = kServer});
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), kSlaveA);
  EXPECT_EQ(bed.Ignored(IgnoreReason::kSpoofedDecline), 2);
}

TEST(Dhcp4LearnerTest, S4_12_NewLeaseReplacesTheOldOne) {
  LearnerBed bed;
  bed.Lease(kSlaveA, 7, "192.0.2.10");
  bed.Discover(kSlaveA, {.xid = 8});
  bed.Offer({.xid = 8, .yiaddr = "192.0.2.20"});
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), kSlaveA);
  bed.Select(kSlaveA, {.xid = 8, .requested = "192.0.2.20"});
  bed.Ack({.xid = 8, .yiaddr = "192.0.2.20"});
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), 0);
  EXPECT_EQ(bed.SlaveOf("192.0.2.20"), kSlaveA);
  EXPECT_EQ(bed.Said(EventKind::kAddressRemoved, "192.0.2.10", Reason::kNewLease), 1);
}

TEST(Dhcp4LearnerTest, S4_12_OtherClientsOfTheSlaveKeepTheirLease) {
  LearnerBed bed;
  bed.Lease(kSlaveA, 7, "192.0.2.10");
  bed.Select(kSlaveA, {.xid = 8, .client_id = "nested", .requested = "192.0.2.20"});
  bed.Ack({.xid = 8, .client_id = "nested", .yiaddr = "192.0.2.20"});
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), kSlaveA);
  EXPECT_EQ(bed.SlaveOf("192.0.2.20"), kSlaveA);
}

// Clients that ask without an OFFER, each for an address of its own.
void FillWithLeases(LearnerBed* bed, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    const std::string address = "192.0.2." + std::to_string(100 + i);
    const auto xid = static_cast<uint32_t>(100 + i);
    bed->Reboot(kSlaveA, {.xid = xid, .client_id = address, .requested = address});
    bed->Ack({.xid = xid, .client_id = address, .yiaddr = address});
  }
}

TEST(Dhcp4LearnerTest, T3_AckBeyondTheQuotaBindsNothing) {
  LearnerBed bed;
  FillWithLeases(&bed, BindingTable::kMaxDhcpPerSlave + 1);
  EXPECT_EQ(bed.learner().bindings().CountDhcpOf(kSlaveA), BindingTable::kMaxDhcpPerSlave);
  const std::string last = "192.0.2." + std::to_string(100 + BindingTable::kMaxDhcpPerSlave);
  EXPECT_EQ(bed.WantedOn(last), 0);
  EXPECT_EQ(bed.Said(EventKind::kAddressRefused, last, Reason::kQuota), 1);
}

// What it had goes (S4-12).
TEST(Dhcp4LearnerTest, T3_NewLeaseOfAClientThatHasOneNeedsNoRoom) {
  LearnerBed bed;
  FillWithLeases(&bed, BindingTable::kMaxDhcpPerSlave);
  bed.Reboot(kSlaveA, {.xid = 7, .client_id = "192.0.2.100", .requested = "192.0.2.10"});
  bed.Ack({.xid = 7, .client_id = "192.0.2.100", .yiaddr = "192.0.2.10"});
  EXPECT_EQ(bed.WantedOn("192.0.2.10"), kSlaveA);
  EXPECT_EQ(bed.WantedOn("192.0.2.100"), 0);
}

TEST(Dhcp4LearnerTest, S4_13_RelayAndBroadcastChangeOnlyTheAddressing) {
  LearnerBed bed;
  bed.Discover(kSlaveA, {.xid = 7});
  bed.Offer({.xid = 7, .yiaddr = "192.0.2.10", .giaddr = "198.51.100.1"});
  EXPECT_THAT(bed.DeliveredTo(kSlaveA), ElementsAre(IsOffer("192.0.2.10")));
  // A broadcast reply reaches its guest by itself; the address must be there for what follows.
  bed.Discover(kSlaveB, {.xid = 8});
  bed.Offer({.xid = 8, .yiaddr = "192.0.2.11", .broadcast = true});
  EXPECT_EQ(bed.SlaveOf("192.0.2.11"), kSlaveB);
  EXPECT_THAT(bed.DeliveredTo(kSlaveB), IsEmpty());
}

TEST(Dhcp4LearnerTest, S4_14_Ipv6OnlyOfferAssignsNothing) {
  LearnerBed bed;
  bed.Discover(kSlaveA, {.xid = 7});
  bed.Offer({.xid = 7, .yiaddr = "", .v6only_wait = 1800, .broadcast = true});
  EXPECT_EQ(bed.Ignored(IgnoreReason::kNoAddress), 1);
  EXPECT_EQ(bed.learner().bindings().size(), 0);
}

TEST(Dhcp4LearnerTest, S4_17_RenewalOfAnUnknownLeaseBinds) {
  LearnerBed bed;
  bed.Renew(kSlaveA, {.xid = 8, .ciaddr = "192.0.2.10"});
  bed.Ack({.xid = 8, .yiaddr = "192.0.2.10", .ciaddr = "192.0.2.10"});
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), kSlaveA);
  EXPECT_THAT(bed.DeliveredTo(kSlaveA), ElementsAre(IsAck("192.0.2.10")));
}

TEST(Dhcp4LearnerTest, S4_17_InitRebootOfAnUnknownLeaseBinds) {
  LearnerBed bed;
  bed.Reboot(kSlaveA, {.xid = 8, .requested = "192.0.2.10"});
  bed.Ack({.xid = 8, .yiaddr = "192.0.2.10"});
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), kSlaveA);
  EXPECT_THAT(bed.DeliveredTo(kSlaveA), ElementsAre(IsAck("192.0.2.10")));
}

}  // namespace
}  // namespace l3sync::testing
