#include "learn/contests.h"

#include <cerrno>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "dhcp6_bed.h"
#include "learn/dad_watch.h"
#include "learn/probe_station.h"

// Two guests that want one address, of which one has it: rules D6, T2, T4.
namespace l3sync::testing {
namespace {

using ::testing::Each;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

constexpr std::string_view kAddress = "2001:db8:1::99";
constexpr std::string_view kLeased = "192.0.2.10";
const absl::Duration kSilence = Contests::kProbes * Contests::kProbeInterval;

class ContestTest : public ::testing::Test {
 protected:
  ContestTest() {
    bed_.Advertise(Prefix{});
    bed_.Dad(kSlaveA, kAddress);
    bed_.Solicit(kSlaveA, kAddress, kRouter);
    bed_.Lease(kSlaveA, 7, kLeased, 86400);
    bed_.Pass(absl::Seconds(2));
    bed_.ForgetEvents();
  }

  // The server gives the leased address to the guest of B.
  void Ack() {
    bed_.Reboot(kSlaveB, {.xid = 9, .client_id = "b", .requested = kLeased});
    bed_.Ack({.xid = 9, .client_id = "b", .yiaddr = kLeased});
  }
  void Lease6(int32_t slave, std::string_view address) {
    bed_.Lease6(slave, {.duid = slave == kSlaveA ? "a" : "b",
                        .associations = Ia({{.address = std::string(address)}}),
                        .guest = slave == kSlaveA ? "fe80::a" : "fe80::b"});
  }
  void ExpectMoved(std::string_view address) {
    EXPECT_EQ(bed_.SlaveOf(address), kSlaveB);
    const auto removed = bed_.Events(EventKind::kAddressRemoved);
    ASSERT_THAT(removed, SizeIs(1));
    EXPECT_EQ(removed[0].reason, Reason::kMoved);
    EXPECT_EQ(removed[0].ifindex, kSlaveA);
    EXPECT_EQ(removed[0].other_ifindex, kSlaveB);
    EXPECT_EQ(bed_.Said(EventKind::kAddressRefused, address), 0);
  }
  void ExpectKept(std::string_view address, Reason reason = Reason::kHeldBySlave) {
    EXPECT_EQ(bed_.SlaveOf(address), kSlaveA);
    EXPECT_EQ(bed_.Said(EventKind::kAddressRefused, address, reason), 1);
    EXPECT_EQ(bed_.Said(EventKind::kAddressRemoved, address), 0);
  }

  Dhcp6Bed bed_;
};

TEST_F(ContestTest, D6_OwnerThatAnswersKeeps) {
  bed_.Dad(kSlaveB, kAddress);
  EXPECT_THAT(bed_.kernel().probed(), SizeIs(1)) << "one question, one answer";
  bed_.Pass(absl::Seconds(5));
  EXPECT_THAT(bed_.kernel().probed(), SizeIs(1));
  ExpectKept(kAddress);
}

TEST_F(ContestTest, D6_SilentOwnerLosesTheAddress) {
  bed_.Silence(kSlaveA);
  bed_.Dad(kSlaveB, kAddress);
  bed_.Pass(kSilence - absl::Milliseconds(1));
  EXPECT_EQ(bed_.SlaveOf(kAddress), kSlaveA);
  EXPECT_THAT(bed_.kernel().probed(), SizeIs(2));
  bed_.Pass(absl::Milliseconds(1));
  ExpectMoved(kAddress);
  EXPECT_THAT(bed_.kernel().probed(), Each(Pair(kSlaveA, ::testing::_)));
}

TEST_F(ContestTest, D6_EachKindOfNeighbourMessageIsAClaim) {
  bed_.Silence(kSlaveA);
  bed_.NeighbourAdvertise(kSlaveB, kAddress);
  bed_.Pass(kSilence);
  EXPECT_EQ(bed_.SlaveOf(kAddress), kSlaveB);
  bed_.Pass(absl::Seconds(20));
  bed_.Silence(kSlaveB);
  bed_.Solicit(kSlaveC, kAddress, kRouter);
  bed_.Pass(kSilence);
  EXPECT_EQ(bed_.SlaveOf(kAddress), kSlaveC);
}

TEST_F(ContestTest, D6_WhateverTheOwnerSendsFromTheAddressKeepsIt) {
  bed_.Silence(kSlaveA);
  bed_.Dad(kSlaveB, kAddress);
  bed_.Pass(absl::Milliseconds(400));
  bed_.Solicit(kSlaveA, kAddress, kRouter);
  bed_.Pass(absl::Seconds(1));
  ExpectKept(kAddress);
}

TEST_F(ContestTest, D6_TheOwnersOtherAddressesSayNothing) {
  bed_.Silence(kSlaveA);
  bed_.Dad(kSlaveB, kAddress);
  bed_.Pass(absl::Milliseconds(400));
  bed_.Solicit(kSlaveA, "fe80::1234", kRouter);
  bed_.Pass(absl::Milliseconds(100));
  EXPECT_EQ(bed_.SlaveOf(kAddress), kSlaveB);
}

TEST_F(ContestTest, D6_ProbesLoopToTheOwnerAndComeFromAStationOfTheirOwn) {
  bed_.Silence(kSlaveA);
  bed_.Dad(kSlaveB, kAddress);
  ASSERT_THAT(bed_.kernel().probed(), SizeIs(1));
  const Parsed<ParsedFrame> probe = ParseFrame(bed_.kernel().probed()[0].second, {});
  ASSERT_TRUE(probe.ok());
  EXPECT_EQ(probe->source_mac, kSharedMac);
  EXPECT_EQ(probe->destination_mac, kSharedMac);
  EXPECT_EQ(std::get<NdMessage>(probe->message).target, Ip(kAddress));
  EXPECT_EQ(std::get<NdMessage>(probe->message).source_link_layer, kProbeMac);
  // It is seen to leave the owner's slave, and is nobody's claim.
  bed_.Hear(kSlaveA, FrameSide::kSent, {bed_.kernel().probed()[0].second, *probe});
  EXPECT_EQ(bed_.Ignored(IgnoreReason::kOwnProbe), 1);
  bed_.Pass(kSilence);
  ExpectMoved(kAddress);
}

TEST_F(ContestTest, D6_NobodyHasTheAddressOfTheProbes) {
  const std::string source = kProbeSource.ToString();
  bed_.Dad(kSlaveB, source);
  EXPECT_EQ(bed_.WantedOn(source), 0);
  EXPECT_EQ(bed_.Said(EventKind::kAddressRefused, source, Reason::kSpecialAddress), 1);
}

TEST_F(ContestTest, D6_ProbeThatCouldNotBeSentIsNotSilence) {
  bed_.Silence(kSlaveA);
  bed_.kernel().Refuse(CommandKind::kProbe, ENOBUFS);
  bed_.Dad(kSlaveB, kAddress);
  bed_.Pass(absl::Seconds(2));
  ExpectKept(kAddress);
}

TEST_F(ContestTest, D6_ProbeThatFindsNoRoomIsSentLater) {
  bed_.Silence(kSlaveA);
  bed_.Hold();
  bed_.Dad(kSlaveB, kAddress);
  bed_.RefuseRoom(1);
  bed_.Resume();
  EXPECT_THAT(bed_.kernel().probed(), IsEmpty());
  bed_.Pass(kSilence);
  EXPECT_EQ(bed_.SlaveOf(kAddress), kSlaveA) << "not yet: the first one was late";
  bed_.Pass(absl::Milliseconds(20));
  ExpectMoved(kAddress);
}

// The netlink thread hangs: the probes are not sent.
TEST_F(ContestTest, D6_ContestThatCantBeDecidedEnds) {
  bed_.Silence(kSlaveA);
  bed_.Dad(kSlaveB, kAddress);
  bed_.Hold();
  bed_.Pass(Contests::kMaxAge);
  bed_.Resume();
  ExpectKept(kAddress);
}

TEST_F(ContestTest, C5_LostFramesAreNotSilence) {
  bed_.Silence(kSlaveA);
  bed_.Dad(kSlaveB, kAddress);
  bed_.Pass(absl::Milliseconds(400));
  bed_.learner().FramesLost(bed_.now());
  bed_.Pass(absl::Seconds(1));
  ExpectKept(kAddress);
}

// The answer waits in the ring.
TEST_F(ContestTest, C5_FramesThatWereNotReadYetAreNotSilence) {
  bed_.Silence(kSlaveA);
  bed_.Dad(kSlaveB, kAddress);
  bed_.Pass(Contests::kProbeInterval);
  const MonotonicTime later = bed_.now() + absl::Seconds(1);
  bed_.learner().Advance(later);
  EXPECT_EQ(bed_.SlaveOf(kAddress), kSlaveA);
  bed_.NeighbourAdvertise(kSlaveA, kAddress);
  bed_.learner().CaughtUp(later);
  ExpectKept(kAddress);
}

TEST_F(ContestTest, D6_OwnerThatAnsweredIsNotAskedAgainAtOnce) {
  for (int i = 0; i < 50; ++i) {
    bed_.Solicit(kSlaveB, kAddress, kRouter);
    bed_.Pass(absl::Milliseconds(100));
  }
  EXPECT_THAT(bed_.kernel().probed(), SizeIs(1));
  bed_.Pass(Contests::kDefended);
  bed_.Solicit(kSlaveB, kAddress, kRouter);
  EXPECT_THAT(bed_.kernel().probed(), SizeIs(2));
  EXPECT_EQ(bed_.SlaveOf(kAddress), kSlaveA);
}

// Rule D5: until its guest's own test is over.
TEST_F(ContestTest, D6_NewOwnerIsNotAsked) {
  bed_.Silence(kSlaveC);
  bed_.Dad(kSlaveC, "2001:db8:1::98");
  bed_.NeighbourAdvertise(kSlaveB, "2001:db8:1::98");
  EXPECT_THAT(bed_.kernel().probed(), IsEmpty());
  EXPECT_EQ(bed_.Said(EventKind::kAddressRefused, "2001:db8:1::98", Reason::kHeldBySlave), 1);
  bed_.Pass(DadWatch::kTentative);
  bed_.NeighbourAdvertise(kSlaveB, "2001:db8:1::98");
  EXPECT_THAT(bed_.kernel().probed(), SizeIs(1));
}

TEST_F(ContestTest, D6_ThirdGuestDoesNotTakePart) {
  bed_.Silence(kSlaveA);
  bed_.Dad(kSlaveB, kAddress);
  bed_.Pass(absl::Milliseconds(100));
  bed_.NeighbourAdvertise(kSlaveC, kAddress);
  EXPECT_EQ(bed_.Said(EventKind::kAddressRefused, kAddress, Reason::kHeldBySlave), 1);
  bed_.Pass(kSilence);
  EXPECT_EQ(bed_.SlaveOf(kAddress), kSlaveB);
}

TEST_F(ContestTest, T4_HostileGuestCantHaveOthersAskedWithoutEnd) {
  constexpr int kAddresses = 60;
  const auto address = [](int i) { return "2001:db8:1::1:" + std::to_string(i); };
  for (int i = 0; i < kAddresses; ++i) bed_.Solicit(kSlaveC, address(i), kRouter);
  bed_.Pass(absl::Seconds(2));
  for (int i = 0; i < kAddresses; ++i) bed_.Solicit(kSlaveB, address(i), kRouter);
  EXPECT_THAT(bed_.kernel().probed(), SizeIs(Contests::kBurst));
  bed_.Pass(absl::Seconds(3));
  for (int i = 0; i < kAddresses; ++i) bed_.Solicit(kSlaveB, address(i), kRouter);
  EXPECT_THAT(bed_.kernel().probed(), SizeIs(Contests::kBurst + 3));
  // Another one's claims are not its fault.
  bed_.Dad(kSlaveC, kAddress);
  EXPECT_THAT(bed_.kernel().probed(), SizeIs(Contests::kBurst + 4));
}

TEST_F(ContestTest, D6_OwnerThatReleasesMeanwhileLosesNothingMore) {
  bed_.Silence(kSlaveA);
  Ack();
  bed_.Release(kSlaveA, {.xid = 10, .ciaddr = kLeased});
  bed_.Pass(kSilence);
  EXPECT_EQ(bed_.Said(EventKind::kAddressRemoved, kLeased, Reason::kReleased), 1);
  EXPECT_EQ(bed_.Said(EventKind::kAddressRemoved, kLeased), 1);
  EXPECT_EQ(bed_.SlaveOf(kLeased), kSlaveB) << "the server gave it";
}

TEST_F(ContestTest, D6_SlavesThatGoEndTheContest) {
  bed_.Silence(kSlaveA);
  bed_.Dad(kSlaveB, kAddress);
  bed_.SlaveGone(kSlaveB);
  bed_.Pass(absl::Seconds(1));
  EXPECT_EQ(bed_.SlaveOf(kAddress), kSlaveA);
  bed_.Dad(kSlaveC, kAddress);
  bed_.SlaveGone(kSlaveA);
  bed_.Pass(absl::Seconds(1));
  EXPECT_EQ(bed_.SlaveOf(kAddress), 0);
  bed_.Dad(kSlaveC, kAddress);
  EXPECT_EQ(bed_.SlaveOf(kAddress), kSlaveC);
}

TEST_F(ContestTest, T7_WhatTheHostTakesMeanwhileDoesNotMove) {
  bed_.Silence(kSlaveA);
  bed_.Dad(kSlaveB, kAddress);
  bed_.HostGains("2001:db8:1::99/64");
  bed_.Pass(kSilence);
  EXPECT_EQ(bed_.WantedOn(kAddress), 0);
  EXPECT_EQ(bed_.Said(EventKind::kAddressRefused, kAddress, Reason::kHostAddress), 1);
}

// ---- DHCP

TEST_F(ContestTest, D6_LeaseOfASilentGuestMovesWithAnAck) {
  bed_.Silence(kSlaveA);
  Ack();
  EXPECT_EQ(bed_.SlaveOf(kLeased), kSlaveA);
  bed_.Pass(kSilence);
  ExpectMoved(kLeased);
  EXPECT_EQ(bed_.BindingOf(kLeased)->origin, Origin::kDhcp4Ack);
  EXPECT_EQ(bed_.BindingOf(kLeased)->xid, 9);
}

TEST_F(ContestTest, D6_LeaseOfAGuestThatAnswersArpStays) {
  Ack();
  bed_.Pass(absl::Seconds(1));
  EXPECT_THAT(bed_.kernel().probed(), SizeIs(1));
  ExpectKept(kLeased);
}

TEST_F(ContestTest, D6_LeaseThatIsRenewedMeanwhileStays) {
  bed_.Silence(kSlaveA);
  Ack();
  Heard renewal = FromClient(Dhcp4Type::kRequest, {.xid = 20, .ciaddr = kLeased, .unicast = true});
  renewal.frame.source = Ip(kLeased);
  bed_.Hear(kSlaveA, FrameSide::kSent, renewal);
  bed_.Pass(absl::Seconds(1));
  ExpectKept(kLeased);
}

TEST_F(ContestTest, D6_OfferOfASilentGuestsLeaseMovesItForTheTimeOfAnOffer) {
  bed_.Silence(kSlaveA);
  bed_.Discover(kSlaveB, {.xid = 9});
  bed_.Offer({.xid = 9, .yiaddr = kLeased});
  bed_.Pass(kSilence);
  ExpectMoved(kLeased);
  EXPECT_EQ(bed_.BindingOf(kLeased)->origin, Origin::kDhcp4Offer);
  bed_.Select(kSlaveB, {.xid = 9, .requested = kLeased});
  bed_.Ack({.xid = 9, .yiaddr = kLeased});
  EXPECT_EQ(bed_.BindingOf(kLeased)->origin, Origin::kDhcp4Ack);
}

// Clones: to the server they are one client. The live one keeps the lease, and what to do is said.
TEST_F(ContestTest, D6_ClonesAreNamed) {
  bed_.Reboot(kSlaveB, {.xid = 9, .requested = kLeased});
  bed_.Ack({.xid = 9, .yiaddr = kLeased});
  bed_.Pass(absl::Seconds(1));
  ExpectKept(kLeased, Reason::kSameClient);
}

// Rule T2: DHCP before ND. Who has a lease is asked by nobody who has none.
TEST_F(ContestTest, T2_NeighbourDiscoveryDoesNotContestALease) {
  bed_.Silence(kSlaveA);
  Lease6(kSlaveA, "2001:db8:1::77");
  bed_.Pass(absl::Seconds(2));
  bed_.Dad(kSlaveB, "2001:db8:1::77");
  bed_.Pass(absl::Seconds(1));
  ExpectKept("2001:db8:1::77");
  EXPECT_THAT(bed_.kernel().probed(), IsEmpty());
}

TEST_F(ContestTest, D6_Dhcp6ReplyTakesWhatASilentGuestFormed) {
  bed_.Silence(kSlaveA);
  Lease6(kSlaveB, kAddress);
  EXPECT_EQ(bed_.SlaveOf(kAddress), kSlaveA);
  bed_.Pass(kSilence);
  ExpectMoved(kAddress);
  EXPECT_EQ(bed_.BindingOf(kAddress)->origin, Origin::kDhcp6Reply);
}

TEST_F(ContestTest, D6_Dhcp6ReplyDoesNotTakeWhatALiveGuestFormed) {
  Lease6(kSlaveB, kAddress);
  bed_.Pass(absl::Seconds(1));
  ExpectKept(kAddress);
}

// ---- Who is not asked

// Rule T6: the machine was started anew on another slave, and takes all along at once.
TEST_F(ContestTest, T6_NobodyIsBehindASlaveThatIsDown) {
  Lease6(kSlaveA, "2001:db8:1::77");
  const MonotonicTime end = bed_.BindingOf("2001:db8:1::77")->valid_until;
  bed_.SlaveDown(kSlaveA);
  bed_.Dad(kSlaveB, kAddress);
  bed_.Dad(kSlaveB, "2001:db8:1::77");
  EXPECT_EQ(bed_.SlaveOf(kAddress), kSlaveB);
  EXPECT_EQ(bed_.SlaveOf("2001:db8:1::77"), kSlaveB);
  EXPECT_EQ(bed_.BindingOf("2001:db8:1::77")->valid_until, end) << "with its lease";
  EXPECT_THAT(bed_.kernel().probed(), IsEmpty());
  bed_.SlaveUp(kSlaveA);
  EXPECT_EQ(bed_.SlaveOf(kAddress), kSlaveB);
}

TEST(ContestsTest, D6_NobodyIsAskedInADryRun) {
  LearnerBed bed({.dry_run = true});
  bed.Advertise(Prefix{});
  bed.Dad(kSlaveA, kAddress);
  bed.Pass(absl::Seconds(2));
  bed.Dad(kSlaveB, kAddress);
  bed.Pass(absl::Seconds(2));
  EXPECT_EQ(bed.WantedOn(kAddress), kSlaveA);
  EXPECT_EQ(bed.CountOf(CommandKind::kProbe), 0);
}

TEST(ContestsTest, T2_ConfigurationIsNotContested) {
  PolicyOptions policy;
  policy.configured = {{"a", Ip(kAddress)}};
  LearnerBed bed({.policy = policy});
  bed.learner().SlaveNamed(kSlaveA, "a", bed.now());
  bed.Settle();
  ASSERT_EQ(bed.SlaveOf(kAddress), kSlaveA);
  bed.Silence(kSlaveA);
  bed.Advertise(Prefix{});
  bed.Pass(absl::Seconds(2));
  bed.Dad(kSlaveB, kAddress);
  bed.Pass(absl::Seconds(2));
  EXPECT_EQ(bed.SlaveOf(kAddress), kSlaveA);
  EXPECT_EQ(bed.CountOf(CommandKind::kProbe), 0);
}

}  // namespace
}  // namespace l3sync::testing
