#include <cerrno>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "learner_bed.h"

// The first reply reaches the guest, and no reply reaches it twice.
namespace l3sync::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(ReplyDeliveryTest, FirstOfferIsDeliveredOnceAfterTheAck) {
  LearnerBed bed;
  bed.Discover(kSlaveA, {.xid = 7});
  bed.Hold();
  bed.Offer({.xid = 7, .yiaddr = "192.0.2.10"});
  EXPECT_EQ(bed.queued(), 1) << "nothing is delivered before the address is there";
  bed.Resume();
  EXPECT_THAT(bed.DeliveredTo(kSlaveA), ElementsAre(IsOfferOf("192.0.2.10", 7)));
  EXPECT_EQ(bed.Said(EventKind::kReplyDelivered, "192.0.2.10"), 1);
  bed.Pass(absl::Minutes(10));
  bed.Poll();
  EXPECT_THAT(bed.DeliveredTo(kSlaveA), SizeIs(1));
}

TEST(ReplyDeliveryTest, DeliveredFrameLoopsBackToTheSlave) {
  LearnerBed bed;
  bed.Discover(kSlaveA, {.xid = 7});
  bed.Offer({.xid = 7, .yiaddr = "192.0.2.10"});
  ASSERT_THAT(bed.kernel().delivered(), SizeIs(1));
  const Parsed<ParsedFrame> frame = ParseFrame(bed.kernel().delivered()[0].frame, {});
  ASSERT_TRUE(frame.ok());
  EXPECT_EQ(frame->source_mac, kSharedMac);
  EXPECT_EQ(frame->destination_mac, kSharedMac);
}

TEST(ReplyDeliveryTest, NotificationBeforeTheAckMakesNoDifference) {
  LearnerBed bed;
  bed.kernel().notifies_before_answering = true;
  bed.Lease(kSlaveA, 7, "192.0.2.10");
  EXPECT_THAT(bed.DeliveredTo(kSlaveA), ElementsAre(IsOffer("192.0.2.10")));
  EXPECT_EQ(bed.Said(EventKind::kAddressConfirmed, "192.0.2.10"), 1);
}

TEST(ReplyDeliveryTest, LostNotificationDelaysNoReply) {
  LearnerBed bed;
  bed.kernel().lose_notifications = 1;
  bed.Discover(kSlaveA, {.xid = 7});
  bed.Offer({.xid = 7, .yiaddr = "192.0.2.10"});
  EXPECT_THAT(bed.DeliveredTo(kSlaveA), SizeIs(1));
  EXPECT_EQ(bed.Said(EventKind::kAddressConfirmed, "192.0.2.10"), 0);
  bed.Poll();
  EXPECT_EQ(bed.Said(EventKind::kAddressConfirmed, "192.0.2.10"), 1);
}

TEST(ReplyDeliveryTest, ReplyThatCameWhileTheAddressWasThereIsNeverDelivered) {
  LearnerBed bed;
  bed.Lease(kSlaveA, 7, "192.0.2.10");
  bed.Renew(kSlaveA, {.xid = 8, .ciaddr = "192.0.2.10"});
  bed.Ack({.xid = 8, .yiaddr = "192.0.2.10", .ciaddr = "192.0.2.10"});
  bed.Discover(kSlaveA, {.xid = 9});
  bed.Offer({.xid = 9, .yiaddr = "192.0.2.10"});
  EXPECT_THAT(bed.DeliveredTo(kSlaveA), ElementsAre(IsOfferOf("192.0.2.10", 7)));
}

TEST(ReplyDeliveryTest, RetransmittedOfferWhileTheFirstWaitsIsDeliveredOnce) {
  LearnerBed bed;
  bed.Discover(kSlaveA, {.xid = 7});
  bed.Hold();
  bed.Offer({.xid = 7, .yiaddr = "192.0.2.10"});
  bed.Offer({.xid = 7, .yiaddr = "192.0.2.10"});
  bed.Resume();
  EXPECT_THAT(bed.DeliveredTo(kSlaveA), SizeIs(1));
  EXPECT_EQ(bed.Ignored(IgnoreReason::kRepeatedReply), 1);
}

TEST(ReplyDeliveryTest, NoRoomForTheAddressIsTriedAgain) {
  LearnerBed bed;
  bed.Discover(kSlaveA, {.xid = 7});
  bed.RefuseRoom(5);
  bed.Offer({.xid = 7, .yiaddr = "192.0.2.10"});
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), 0);
  bed.Pass(absl::Milliseconds(200));
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), kSlaveA);
  EXPECT_THAT(bed.DeliveredTo(kSlaveA), ElementsAre(IsOffer("192.0.2.10")));
}

TEST(ReplyDeliveryTest, NoRoomForTheReplyIsTriedAgain) {
  LearnerBed bed;
  bed.Discover(kSlaveA, {.xid = 7});
  bed.Hold();
  bed.Offer({.xid = 7, .yiaddr = "192.0.2.10"});
  bed.RefuseRoom(3);
  bed.Resume();
  EXPECT_THAT(bed.DeliveredTo(kSlaveA), IsEmpty());
  bed.Pass(absl::Milliseconds(200));
  EXPECT_THAT(bed.DeliveredTo(kSlaveA), ElementsAre(IsOffer("192.0.2.10")));
}

// The retry falls into the time when another command for the same address is on its way.
TEST(ReplyDeliveryTest, NoRoomForTheReplyThenAnotherCommandLosesNothing) {
  LearnerBed bed;
  bed.Discover(kSlaveA, {.xid = 7});
  bed.Hold();
  bed.Offer({.xid = 7, .yiaddr = "192.0.2.10"});
  bed.RefuseRoom(1);
  bed.ExecuteOne();
  bed.SlaveUp(kSlaveA);  // no change, but the local route of the address is said to be back
  RouteRecord route;
  route.type = 2;  // RTN_LOCAL
  route.ifindex = kSlaveA;
  route.destination = Net("192.0.2.10/32");
  bed.Tell(route);
  bed.Pass(absl::Milliseconds(100));
  bed.Resume();
  bed.Pass(absl::Milliseconds(100));
  EXPECT_THAT(bed.DeliveredTo(kSlaveA), ElementsAre(IsOffer("192.0.2.10")));
}

TEST(ReplyDeliveryTest, RefusedDeliveryIsCountedAndSaidOnceForEachRowOfThem) {
  LearnerBed bed;
  const auto offer_to = [&](uint32_t xid, const std::string& address) {
    bed.Discover(kSlaveA, {.xid = xid});
    bed.Offer({.xid = xid, .yiaddr = address});
  };
  bed.kernel().Refuse(CommandKind::kDeliverReply, ENETDOWN);
  offer_to(7, "192.0.2.10");
  offer_to(8, "192.0.2.11");
  EXPECT_EQ(bed.Ignored(IgnoreReason::kUndeliverableReply), 2);
  EXPECT_EQ(bed.Said(EventKind::kReplyDelivered, "192.0.2.10"), 0);
  ASSERT_THAT(bed.Events(EventKind::kReplyUndelivered), SizeIs(1));
  EXPECT_EQ(bed.Events(EventKind::kReplyUndelivered)[0].error, ENETDOWN);
  bed.kernel().Accept(CommandKind::kDeliverReply);
  offer_to(9, "192.0.2.12");
  bed.kernel().Refuse(CommandKind::kDeliverReply, ENETDOWN);
  offer_to(10, "192.0.2.13");
  EXPECT_THAT(bed.Events(EventKind::kReplyUndelivered), SizeIs(2));
}

// The address waits for its next try: a guest that asks on and on must not fill what others need.
TEST(ReplyDeliveryTest, RepliesForAnAddressThatCannotBePutAreBounded) {
  LearnerBed bed;
  bed.kernel().PutForeign(99, Net("192.0.2.10/32"));  // a slave that nobody serves
  bed.kernel().records.clear();
  for (uint32_t xid = 1000; xid < 4000; ++xid) {
    bed.Discover(kSlaveA, {.xid = xid});
    bed.Offer({.xid = xid, .yiaddr = "192.0.2.10"});
  }
  bed.Discover(kSlaveB, {.xid = 7});
  bed.Offer({.xid = 7, .yiaddr = "192.0.2.11"});
  EXPECT_THAT(bed.DeliveredTo(kSlaveB), ElementsAre(IsOffer("192.0.2.11")));
}

TEST(ReplyDeliveryTest, RepliesThatWaitAreBounded) {
  LearnerBed bed;
  bed.Hold();
  for (uint32_t i = 0; i < Installer::kMaxPendingReplies + 10; ++i) {
    const auto slave = static_cast<int32_t>(1000 + i / 8);
    if (i % 8 == 0) bed.SlaveAppears(slave);
    const std::string address = IpAddress::V4(0x0a000000 + 256 * i + 1).ToString();
    bed.Discover(slave, {.xid = i, .client_id = address});
    bed.Offer({.xid = i, .client_id = address, .yiaddr = address});
  }
  EXPECT_EQ(bed.Ignored(IgnoreReason::kPendingRepliesFull), 10);
  bed.Resume();
  EXPECT_EQ(bed.CountOf(CommandKind::kDeliverReply), Installer::kMaxPendingReplies);
}

}  // namespace
}  // namespace l3sync::testing
