#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "learner_bed.h"

// Which slave a reply is for, and which request it answers: rules S4-1, S4-2, S4-4, S4-6, S4-15,
// S4-16.
namespace l3sync::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Dhcp4RequestsTest, S4_1_RetransmissionMayKeepOrChangeTheXid) {
  LearnerBed bed;
  bed.Discover(kSlaveA, {.xid = 7});
  bed.Pass(absl::Seconds(4));
  bed.Discover(kSlaveA, {.xid = 7});
  bed.Pass(absl::Seconds(4));
  bed.Discover(kSlaveA, {.xid = 8});
  bed.Offer({.xid = 7, .yiaddr = "192.0.2.10"});
  bed.Offer({.xid = 8, .yiaddr = "192.0.2.11"});
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), kSlaveA);
  EXPECT_EQ(bed.SlaveOf("192.0.2.11"), kSlaveA);
}

TEST(Dhcp4RequestsTest, S4_1_RequestIsForgottenAfter120Seconds) {
  LearnerBed bed;
  bed.Discover(kSlaveA, {.xid = 7});
  bed.Pass(absl::Seconds(120));
  bed.Offer({.xid = 7, .yiaddr = "192.0.2.10"});
  EXPECT_EQ(bed.WantedOn("192.0.2.10"), 0);
  EXPECT_EQ(bed.Ignored(IgnoreReason::kUnmatchedReply), 1);
}

TEST(Dhcp4RequestsTest, S4_2_SameXidIsToldApartByClientIdentifier) {
  LearnerBed bed;
  bed.Discover(kSlaveA, {.xid = 7, .client_id = "a"});
  bed.Discover(kSlaveB, {.xid = 7, .client_id = "b"});
  bed.Offer({.xid = 7, .client_id = "b", .yiaddr = "192.0.2.11"});
  bed.Offer({.xid = 7, .client_id = "a", .yiaddr = "192.0.2.10"});
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), kSlaveA);
  EXPECT_EQ(bed.SlaveOf("192.0.2.11"), kSlaveB);
}

// A server before RFC 6842 doesn't echo the identifier: the xid is all there is.
TEST(Dhcp4RequestsTest, S4_2_ServerWithoutEchoAnswersTheFirst) {
  LearnerBed bed;
  bed.Discover(kSlaveA, {.xid = 7, .client_id = "a"});
  bed.Pass(absl::Milliseconds(1));
  bed.Discover(kSlaveB, {.xid = 7, .client_id = "b"});
  bed.Offer({.xid = 7, .yiaddr = "192.0.2.10"});
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), kSlaveA);
}

// Every slave sees its siblings' broadcasts, so anybody can copy both.
TEST(Dhcp4RequestsTest, S4_2_CopyOfXidAndIdentifierGetsNothingAndDeniesNothing) {
  LearnerBed bed;
  bed.Discover(kSlaveA, {.xid = 7, .client_id = "a"});
  bed.Discover(kSlaveB, {.xid = 7, .client_id = "a"});
  bed.Offer({.xid = 7, .client_id = "a", .yiaddr = "192.0.2.10"});
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), kSlaveA);
  bed.Select(kSlaveB, {.xid = 7, .client_id = "a", .requested = "192.0.2.10"});
  bed.Select(kSlaveA, {.xid = 7, .client_id = "a", .requested = "192.0.2.10"});
  bed.Select(kSlaveB, {.xid = 7, .client_id = "a", .requested = "192.0.2.10"});
  bed.Ack({.xid = 7, .client_id = "a", .yiaddr = "192.0.2.10"});
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), kSlaveA);
  EXPECT_EQ(bed.Ignored(IgnoreReason::kCopiedXid), 2);
  EXPECT_THAT(bed.DeliveredTo(kSlaveA), ElementsAre(IsOffer("192.0.2.10")));
  EXPECT_THAT(bed.DeliveredTo(kSlaveB), IsEmpty());
}

// dhclient renews with the xid of its DISCOVER, which a sibling has read and kept alive meanwhile.
TEST(Dhcp4RequestsTest, S4_2_CopyThatWasKeptAliveDeniesNoRenewal) {
  LearnerBed bed;
  bed.Lease(kSlaveA, 7, "192.0.2.10", 600);
  for (int i = 0; i < 5; ++i) {
    for (const auto* id : {"", "b", "c", "d", "e", "f", "g", "h", "i"}) {
      bed.Discover(kSlaveB, {.xid = 7, .client_id = id});
    }
    bed.Pass(absl::Minutes(1));
  }
  bed.Renew(kSlaveA, {.xid = 7, .ciaddr = "192.0.2.10"});
  bed.Ack({.xid = 7, .yiaddr = "192.0.2.10", .ciaddr = "192.0.2.10", .lease = 600});
  EXPECT_EQ(bed.KernelRestOf("192.0.2.10"), absl::Seconds(600));
}

// Class S8.
TEST(Dhcp4RequestsTest, S4_2_ForgedNakNeedsTheSlavesOwnXid) {
  LearnerBed bed;
  bed.Lease(kSlaveA, 7, "192.0.2.10");
  bed.Rebind(kSlaveA, {.xid = 8, .ciaddr = "192.0.2.10"});
  bed.Rebind(kSlaveB, {.xid = 8, .ciaddr = "192.0.2.10"});
  bed.Ack({.xid = 8, .yiaddr = "192.0.2.10", .ciaddr = "192.0.2.10", .lease = 7200});
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), kSlaveA);
  EXPECT_EQ(bed.KernelRestOf("192.0.2.10"), absl::Seconds(7200));
}

TEST(Dhcp4RequestsTest, S4_4_SelectingRebootRenewingAndRebindingEachBind) {
  LearnerBed bed;
  bed.Select(kSlaveA, {.xid = 1, .client_id = "1", .requested = "192.0.2.10"});
  bed.Ack({.xid = 1, .client_id = "1", .yiaddr = "192.0.2.10"});
  bed.Reboot(kSlaveA, {.xid = 2, .client_id = "2", .requested = "192.0.2.11"});
  bed.Ack({.xid = 2, .client_id = "2", .yiaddr = "192.0.2.11"});
  bed.Renew(kSlaveA, {.xid = 3, .client_id = "3", .ciaddr = "192.0.2.12"});
  bed.Ack({.xid = 3, .client_id = "3", .yiaddr = "192.0.2.12", .ciaddr = "192.0.2.12"});
  bed.Rebind(kSlaveA, {.xid = 4, .client_id = "4", .ciaddr = "192.0.2.13"});
  bed.Ack({.xid = 4, .client_id = "4", .yiaddr = "192.0.2.13", .ciaddr = "192.0.2.13"});
  for (const auto* address : {"192.0.2.10", "192.0.2.11", "192.0.2.12", "192.0.2.13"}) {
    EXPECT_EQ(bed.SlaveOf(address), kSlaveA) << address;
  }
}

TEST(Dhcp4RequestsTest, S4_4_RequestThatAsksForNothingIsIgnored) {
  LearnerBed bed;
  bed.Reboot(kSlaveA, {.xid = 7});
  EXPECT_EQ(bed.Ignored(IgnoreReason::kUnclassifiedRequest), 1);
  bed.Ack({.xid = 7, .yiaddr = "192.0.2.10"});
  EXPECT_EQ(bed.WantedOn("192.0.2.10"), 0);
}

TEST(Dhcp4RequestsTest, S4_6_AckToInformNeverBinds) {
  LearnerBed bed;
  bed.Inform(kSlaveA, {.xid = 7, .ciaddr = "192.0.2.10"});
  bed.Ack({.xid = 7, .ciaddr = "192.0.2.10", .lease = {}});
  bed.Ack({.xid = 7, .yiaddr = "192.0.2.10"});
  EXPECT_EQ(bed.WantedOn("192.0.2.10"), 0);
  EXPECT_EQ(bed.Ignored(IgnoreReason::kInformAnswered), 2);
}

TEST(Dhcp4RequestsTest, S4_15_AckOfTheServerThatTheRequestNamesWins) {
  LearnerBed bed;
  bed.Discover(kSlaveA, {.xid = 7});
  bed.Offer({.xid = 7, .yiaddr = "192.0.2.10"});
  bed.Offer({.xid = 7, .yiaddr = "192.0.2.20", .server = "192.0.2.2"});
  EXPECT_THAT(bed.DeliveredTo(kSlaveA), ElementsAre(IsOffer("192.0.2.10"), IsOffer("192.0.2.20")));
  bed.Select(kSlaveA, {.xid = 7, .requested = "192.0.2.10"});
  bed.Ack({.xid = 7, .yiaddr = "192.0.2.20", .server = "192.0.2.2"});
  EXPECT_EQ(bed.Ignored(IgnoreReason::kAckOfOtherServer), 1);
  bed.Ack({.xid = 7, .yiaddr = "192.0.2.10"});
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), kSlaveA);
  EXPECT_EQ(bed.SlaveOf("192.0.2.20"), 0) << "the other server's offer was not taken";
}

TEST(Dhcp4RequestsTest, S4_16_RetransmissionsMakeNoNewEntries) {
  LearnerBed bed;
  for (const int wait : {4, 8, 16, 32}) {
    bed.Discover(kSlaveA, {.xid = 7});
    bed.Pass(absl::Seconds(wait));
  }
  bed.Offer({.xid = 7, .yiaddr = "192.0.2.10"});
  bed.Offer({.xid = 7, .yiaddr = "192.0.2.10"});
  bed.Offer({.xid = 7, .yiaddr = "192.0.2.10"});
  EXPECT_EQ(bed.learner().bindings().size(), 1);
  EXPECT_THAT(bed.DeliveredTo(kSlaveA), ElementsAre(IsOffer("192.0.2.10")));
}

// A client whose REQUEST is lost starts again; what it was offered meanwhile is still its own.
TEST(Dhcp4RequestsTest, OfferOfALeaseThatTheGuestHasDoesNotShortenIt) {
  LearnerBed bed;
  bed.Lease(kSlaveA, 7, "192.0.2.10", 3600);
  bed.Discover(kSlaveA, {.xid = 8});
  bed.Offer({.xid = 8, .yiaddr = "192.0.2.10"});
  EXPECT_EQ(bed.KernelRestOf("192.0.2.10"), absl::Seconds(3600));
  EXPECT_EQ(bed.BindingOf("192.0.2.10")->origin, Origin::kDhcp4Ack);
}

// C2, F20: nothing that a guest receives, or that the parent sends, says who asked.
TEST(Dhcp4RequestsTest, C2_SiblingsDiscoverSeenOnASlaveCreatesNothing) {
  LearnerBed bed;
  const Heard discover = FromClient(Dhcp4Type::kDiscover, {.xid = 7});
  bed.Hear(kSlaveB, FrameSide::kReceived, discover);
  bed.Hear(kParent, FrameSide::kSent, discover);
  bed.Hear(kParent, FrameSide::kReceived, discover);
  bed.Offer({.xid = 7, .yiaddr = "192.0.2.10"});
  EXPECT_EQ(bed.WantedOn("192.0.2.10"), 0);
  EXPECT_EQ(bed.Ignored(IgnoreReason::kWrongSide), 2);
  EXPECT_EQ(bed.Ignored(IgnoreReason::kReflectedGuest), 1);
}

// Class S8.
TEST(Dhcp4RequestsTest, C2_ServerMessagesOfAGuestAreIgnored) {
  LearnerBed bed;
  bed.Discover(kSlaveA, {.xid = 7});
  Heard offer = FromServer(Dhcp4Type::kOffer, {.xid = 7, .yiaddr = "192.0.2.10"});
  bed.Hear(kSlaveB, FrameSide::kSent, offer);
  bed.Hear(kParent, FrameSide::kSent, offer);
  // Looped by the port, or reflected by a switch: the shared MAC is the source.
  offer.frame.source_mac = kSharedMac;
  bed.Hear(kParent, FrameSide::kReceived, offer);
  EXPECT_EQ(bed.WantedOn("192.0.2.10"), 0);
}

}  // namespace
}  // namespace l3sync::testing
