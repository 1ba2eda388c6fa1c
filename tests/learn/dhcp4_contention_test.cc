#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "learner_bed.h"

// Several guests and one address: an OFFER is a claim that yields, the ACK decides (S4-3, T2).
namespace l3sync::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(Dhcp4ContentionTest, S4_3_OfferedAddressMovesToTheNextThatIsOfferedIt) {
  LearnerBed bed;
  bed.Discover(kSlaveA, {.xid = 7});
  bed.Discover(kSlaveB, {.xid = 8});
  bed.Offer({.xid = 7, .yiaddr = "192.0.2.10"});
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), kSlaveA);
  bed.Offer({.xid = 8, .yiaddr = "192.0.2.10"});
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), kSlaveB);
  EXPECT_THAT(bed.DeliveredTo(kSlaveA), ElementsAre(IsOfferOf("192.0.2.10", 7)));
  EXPECT_THAT(bed.DeliveredTo(kSlaveB), ElementsAre(IsOfferOf("192.0.2.10", 8)));
  const auto removed = bed.Events(EventKind::kAddressRemoved);
  ASSERT_THAT(removed, SizeIs(1));
  EXPECT_EQ(removed[0].reason, Reason::kOfferYielded);
  EXPECT_EQ(removed[0].ifindex, kSlaveA);
  EXPECT_EQ(removed[0].other_ifindex, kSlaveB);
}

// While A's OFFER waits for the kernel, B's must not take the address away from under it.
TEST(Dhcp4ContentionTest, S4_3_FirstOfferIsDeliveredBeforeTheAddressMoves) {
  LearnerBed bed;
  bed.Discover(kSlaveA, {.xid = 7});
  bed.Discover(kSlaveB, {.xid = 8});
  bed.Hold();
  bed.Offer({.xid = 7, .yiaddr = "192.0.2.10"});
  bed.Offer({.xid = 8, .yiaddr = "192.0.2.10"});
  EXPECT_EQ(bed.WantedOn("192.0.2.10"), kSlaveA);
  bed.Resume();
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), kSlaveB);
  EXPECT_THAT(bed.DeliveredTo(kSlaveA), ElementsAre(IsOfferOf("192.0.2.10", 7)));
  EXPECT_THAT(bed.DeliveredTo(kSlaveB), ElementsAre(IsOfferOf("192.0.2.10", 8)));
  EXPECT_THAT(bed.DeliveredTo(0), IsEmpty());
}

TEST(Dhcp4ContentionTest, T2_AckTakesAClaimAndIsDelivered) {
  LearnerBed bed;
  bed.Discover(kSlaveA, {.xid = 7});
  bed.Discover(kSlaveB, {.xid = 8});
  bed.Offer({.xid = 7, .yiaddr = "192.0.2.10"});
  bed.Offer({.xid = 8, .yiaddr = "192.0.2.10"});
  bed.Select(kSlaveA, {.xid = 7, .requested = "192.0.2.10"});
  bed.Ack({.xid = 7, .yiaddr = "192.0.2.10"});
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), kSlaveA);
  EXPECT_THAT(bed.DeliveredTo(kSlaveA), ElementsAre(IsOffer("192.0.2.10"), IsAck("192.0.2.10")));
}

TEST(Dhcp4ContentionTest, T2_LeaseYieldsToNobody) {
  LearnerBed bed;
  bed.Lease(kSlaveA, 7, "192.0.2.10");
  bed.Discover(kSlaveB, {.xid = 8});
  bed.Offer({.xid = 8, .yiaddr = "192.0.2.10"});
  bed.Reboot(kSlaveB, {.xid = 9, .requested = "192.0.2.10"});
  bed.Ack({.xid = 9, .yiaddr = "192.0.2.10"});
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), kSlaveA);
  EXPECT_THAT(bed.DeliveredTo(kSlaveB), IsEmpty());
  const auto refused = bed.Events(EventKind::kAddressRefused);
  ASSERT_THAT(refused, SizeIs(1)) << "said once a minute";
  EXPECT_EQ(refused[0].ifindex, kSlaveB);
  EXPECT_EQ(refused[0].other_ifindex, kSlaveA);
  EXPECT_EQ(refused[0].reason, Reason::kSameClient);
}

// Two guests with one client identifier on two live slaves: the first one keeps the lease that the
// server gives to both, and what to do is said once a minute.
TEST(Dhcp4ContentionTest, T2_ClonesEndInAStableState) {
  LearnerBed bed;
  bed.Discover(kSlaveA, {.xid = 7, .client_id = "clone", .rapid_commit = true});
  bed.Ack({.xid = 7, .client_id = "clone", .yiaddr = "192.0.2.10", .rapid_commit = true});
  for (uint32_t turn = 0; turn < 10; ++turn) {
    bed.Discover(kSlaveB, {.xid = 100 + turn, .client_id = "clone"});
    bed.Offer({.xid = 100 + turn, .client_id = "clone", .yiaddr = "192.0.2.10"});
    bed.Renew(kSlaveA, {.xid = 200 + turn, .client_id = "clone", .ciaddr = "192.0.2.10"});
    bed.Ack({.xid = 200 + turn, .client_id = "clone", .yiaddr = "192.0.2.10"});
    bed.Pass(absl::Seconds(10));
  }
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), kSlaveA);
  EXPECT_EQ(bed.Said(EventKind::kAddressRemoved, "192.0.2.10"), 0);
  EXPECT_THAT(bed.DeliveredTo(kSlaveB), IsEmpty());
  const auto refused = bed.Events(EventKind::kAddressRefused);
  ASSERT_THAT(refused, SizeIs(2)) << "in 100 seconds";
  EXPECT_EQ(refused[0].reason, Reason::kSameClient);
  EXPECT_EQ(refused[0].ifindex, kSlaveB);
  EXPECT_EQ(refused[0].other_ifindex, kSlaveA);
}

// A machine that is started anew on another slave takes its lease along: T2, T6.
TEST(Dhcp4ContentionTest, T2_LeaseOfASlaveThatIsDownMoves) {
  LearnerBed bed;
  bed.Lease(kSlaveA, 7, "192.0.2.10");
  bed.SlaveDown(kSlaveA);
  bed.Discover(kSlaveB, {.xid = 8});
  bed.Offer({.xid = 8, .yiaddr = "192.0.2.10"});
  bed.Select(kSlaveB, {.xid = 8, .requested = "192.0.2.10"});
  bed.Ack({.xid = 8, .yiaddr = "192.0.2.10"});
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), kSlaveB);
  EXPECT_THAT(bed.DeliveredTo(kSlaveB), ElementsAre(IsOffer("192.0.2.10")));
  bed.SlaveUp(kSlaveA);
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), kSlaveB);
}

TEST(Dhcp4ContentionTest, T2_LeaseOfASlaveThatIsGoneMoves) {
  LearnerBed bed;
  bed.Lease(kSlaveA, 7, "192.0.2.10");
  bed.SlaveGone(kSlaveA);
  bed.Reboot(kSlaveB, {.xid = 8, .requested = "192.0.2.10"});
  bed.Ack({.xid = 8, .yiaddr = "192.0.2.10"});
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), kSlaveB);
  EXPECT_THAT(bed.DeliveredTo(kSlaveB), ElementsAre(IsAck("192.0.2.10")));
}

class HundredGuests : public ::testing::Test {
 protected:
  static constexpr int32_t kFirst = 100, kCount = 100;

  HundredGuests() {
    for (int32_t slave = kFirst; slave < kFirst + kCount; ++slave) {
      bed_.SlaveAppears(slave);
      bed_.Discover(slave, {.xid = Xid(slave)});
    }
  }
  void OfferToAll() {
    bed_.Hold();
    for (int32_t slave = kFirst; slave < kFirst + kCount; ++slave) {
      bed_.Offer({.xid = Xid(slave), .yiaddr = "192.0.2.10"});
    }
    bed_.Resume();
  }
  static uint32_t Xid(int32_t slave) { return static_cast<uint32_t>(slave); }

  LearnerBed bed_;
};

TEST_F(HundredGuests, S4_3_EachGetsItsOfferOfTheSameAddress) {
  OfferToAll();
  for (int32_t slave = kFirst; slave < kFirst + kCount; ++slave) {
    EXPECT_THAT(bed_.DeliveredTo(slave), ElementsAre(IsOfferOf("192.0.2.10", Xid(slave)))) << slave;
  }
  EXPECT_EQ(bed_.SlaveOf("192.0.2.10"), kFirst + kCount - 1);
}

TEST_F(HundredGuests, T2_FirstAckWinsAndIsDelivered) {
  OfferToAll();
  const int32_t winner = kFirst + 42;
  bed_.Select(winner, {.xid = Xid(winner), .requested = "192.0.2.10"});
  bed_.Ack({.xid = Xid(winner), .yiaddr = "192.0.2.10"});
  EXPECT_EQ(bed_.SlaveOf("192.0.2.10"), winner);
  EXPECT_THAT(bed_.DeliveredTo(winner), ElementsAre(IsOffer("192.0.2.10"), IsAck("192.0.2.10")));
  // The others' later OFFERs and ACKs of it are refused.
  bed_.Discover(kFirst, {.xid = 5000});
  bed_.Offer({.xid = 5000, .yiaddr = "192.0.2.10"});
  bed_.Select(kFirst + 1, {.xid = Xid(kFirst + 1), .requested = "192.0.2.10"});
  bed_.Ack({.xid = Xid(kFirst + 1), .yiaddr = "192.0.2.10"});
  EXPECT_EQ(bed_.SlaveOf("192.0.2.10"), winner);
  EXPECT_EQ(bed_.Said(EventKind::kAddressRefused, "192.0.2.10", Reason::kSameClient), 2);
}

// The ACK comes while OFFERs still wait for their turn: they are worth nothing any more.
TEST_F(HundredGuests, T2_LeaseEndsTheTurnsOfTheOthers) {
  bed_.Hold();
  for (int32_t slave = kFirst; slave < kFirst + 10; ++slave) {
    bed_.Offer({.xid = Xid(slave), .yiaddr = "192.0.2.10"});
  }
  bed_.Select(kFirst, {.xid = Xid(kFirst), .requested = "192.0.2.10"});
  bed_.Ack({.xid = Xid(kFirst), .yiaddr = "192.0.2.10"});
  bed_.Resume();
  EXPECT_EQ(bed_.SlaveOf("192.0.2.10"), kFirst);
  for (int32_t slave = kFirst + 1; slave < kFirst + 10; ++slave) {
    EXPECT_THAT(bed_.DeliveredTo(slave), IsEmpty()) << slave;
  }
}

// One turn is at most what a client waits for; what waited longer is no use to anybody.
TEST_F(HundredGuests, S4_3_OffersThatWaitedTooLongAreNotDelivered) {
  bed_.Hold();
  bed_.Offer({.xid = Xid(kFirst), .yiaddr = "192.0.2.10"});
  bed_.Offer({.xid = Xid(kFirst + 1), .yiaddr = "192.0.2.10"});
  bed_.Pass(absl::Seconds(5));
  bed_.Resume();
  EXPECT_THAT(bed_.DeliveredTo(kFirst), IsEmpty());
  EXPECT_THAT(bed_.DeliveredTo(kFirst + 1), IsEmpty());
  EXPECT_EQ(bed_.Ignored(IgnoreReason::kStaleReply), 2);
}

TEST_F(HundredGuests, S4_3_OneGuestHasOneTurnHoweverOftenItAsks) {
  bed_.Hold();
  bed_.Offer({.xid = Xid(kFirst), .yiaddr = "192.0.2.10"});
  for (uint32_t xid = 1000; xid < 1600; ++xid) {
    bed_.Discover(kFirst + 1, {.xid = xid});
    bed_.Offer({.xid = xid, .yiaddr = "192.0.2.10"});
  }
  bed_.Offer({.xid = Xid(kFirst + 2), .yiaddr = "192.0.2.10"});
  bed_.Resume();
  EXPECT_THAT(bed_.DeliveredTo(kFirst + 1), SizeIs(1));
  EXPECT_THAT(bed_.DeliveredTo(kFirst + 2), SizeIs(1));
}

TEST(Dhcp4ContentionTest, GuestThatNeverRequestsKeepsNobodyFromALease) {
  LearnerBed bed;
  for (uint32_t xid = 1000; xid < 1100; ++xid) {
    const std::string address = "192.0.2." + std::to_string(10 + xid % 100);
    bed.Discover(kSlaveA, {.xid = xid, .client_id = address});
    bed.Offer({.xid = xid, .yiaddr = address});
  }
  EXPECT_LE(bed.learner().bindings().CountOf(kSlaveA), BindingTable::kMaxDhcpPerSlave);
  for (uint32_t xid = 2000; xid < 2100; ++xid) {
    const std::string address = "192.0.2." + std::to_string(10 + xid % 100);
    bed.Discover(kSlaveB, {.xid = xid});
    bed.Offer({.xid = xid, .yiaddr = address});
    bed.Select(kSlaveB, {.xid = xid, .requested = address});
    bed.Ack({.xid = xid, .yiaddr = address});
    ASSERT_EQ(bed.SlaveOf(address), kSlaveB);
  }
}

// What was allowed when the OFFER came may be forbidden when its turn comes.
TEST(Dhcp4ContentionTest, T7_WaitingOfferOfAnAddressThatTheHostTookIsRefused) {
  LearnerBed bed;
  bed.Discover(kSlaveA, {.xid = 7});
  bed.Discover(kSlaveB, {.xid = 8});
  bed.Hold();
  bed.Offer({.xid = 7, .yiaddr = "192.0.2.10"});
  bed.Offer({.xid = 8, .yiaddr = "192.0.2.10"});
  bed.HostGains("192.0.2.10/24");
  bed.Resume();
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), 0);
  EXPECT_THAT(bed.DeliveredTo(kSlaveB), IsEmpty());
}

TEST(Dhcp4ContentionTest, WaitingOffersOfASlaveThatIsGoneAreSkipped) {
  LearnerBed bed;
  bed.Discover(kSlaveA, {.xid = 7});
  bed.Discover(kSlaveB, {.xid = 8});
  bed.Discover(kSlaveC, {.xid = 9});
  bed.Hold();
  for (const uint32_t xid : {7U, 8U, 9U}) bed.Offer({.xid = xid, .yiaddr = "192.0.2.10"});
  bed.SlaveGone(kSlaveB);
  bed.Resume();
  EXPECT_THAT(bed.DeliveredTo(kSlaveA), SizeIs(1));
  EXPECT_THAT(bed.DeliveredTo(kSlaveC), SizeIs(1));
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), kSlaveC);
}

}  // namespace
}  // namespace l3sync::testing
