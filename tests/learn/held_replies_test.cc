#include "learn/held_replies.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "learner_bed.h"

// F3 on a host that forwards: its stack gets no reply that is for a guest, and every other one.
namespace l3sync::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr absl::Duration kMoment = absl::Milliseconds(1);

class HeldRepliesTest : public ::testing::Test {
 protected:
  void Queue(uint32_t id, std::string_view destination) {
    bed_.Tell(HeldReply{id, Ip(destination)});
    bed_.Settle();
  }
  std::vector<uint32_t> Verdicts(CommandKind kind) const {
    std::vector<uint32_t> ids;
    for (const Command& command : bed_.kernel().executed()) {
      if (command.kind == kind) ids.push_back(command.held_id);
    }
    return ids;
  }
  std::vector<uint32_t> Dropped() const { return Verdicts(CommandKind::kDropHeld); }
  std::vector<uint32_t> Released() const { return Verdicts(CommandKind::kReleaseHeld); }

  mutable LearnerBed bed_;
};

TEST_F(HeldRepliesTest, F3_CopyThatComesBeforeItsFrameIsDroppedAfterTheDelivery) {
  bed_.Discover(kSlaveA, {.xid = 7});
  Queue(1, "192.0.2.10");
  EXPECT_THAT(Dropped(), IsEmpty());
  bed_.Offer({.xid = 7, .yiaddr = "192.0.2.10"});
  EXPECT_THAT(bed_.DeliveredTo(kSlaveA), ElementsAre(IsOfferOf("192.0.2.10", 7)));
  EXPECT_THAT(Dropped(), ElementsAre(1));
  bed_.Pass(absl::Seconds(1));
  EXPECT_THAT(Released(), IsEmpty());
  EXPECT_EQ(bed_.learner().held().dropped, 1);
}

TEST_F(HeldRepliesTest, CopyThatComesAfterItsFrameIsDroppedAtOnce) {
  bed_.Discover(kSlaveA, {.xid = 7});
  bed_.Offer({.xid = 7, .yiaddr = "192.0.2.10"});
  Queue(1, "192.0.2.10");
  EXPECT_THAT(Dropped(), ElementsAre(1));
}

TEST_F(HeldRepliesTest, CopiesOfOneReplyAreAllDropped) {
  bed_.Discover(kSlaveA, {.xid = 7});
  Queue(1, "192.0.2.10");
  Queue(2, "192.0.2.11");
  Queue(3, "192.0.2.10");
  bed_.Offer({.xid = 7, .yiaddr = "192.0.2.10"});
  EXPECT_THAT(Dropped(), ElementsAre(1, 3));
}

TEST_F(HeldRepliesTest, WhatIsNobodysIsReleasedInTime) {
  Queue(1, "192.0.2.10");
  bed_.Pass(HeldReplies::kPatience - kMoment);
  EXPECT_THAT(Released(), IsEmpty());
  Queue(2, "2001:db8::1");
  bed_.Pass(kMoment);
  EXPECT_THAT(Released(), ElementsAre(1));
  bed_.Pass(HeldReplies::kPatience);
  EXPECT_THAT(Released(), ElementsAre(1, 2));
  EXPECT_THAT(Dropped(), IsEmpty());
  EXPECT_EQ(bed_.learner().held().released, 2);
}

// It is not for a guest of ours, whatever its xid.
TEST_F(HeldRepliesTest, RefusedOfferIsReleased) {
  bed_.HostGains("192.0.2.10/24");
  bed_.Discover(kSlaveA, {.xid = 7});
  Queue(1, "192.0.2.10");
  bed_.Offer({.xid = 7, .yiaddr = "192.0.2.10"});
  bed_.Pass(HeldReplies::kPatience);
  EXPECT_THAT(Released(), ElementsAre(1));
  EXPECT_THAT(Dropped(), IsEmpty());
}

TEST_F(HeldRepliesTest, AddressThatIsClaimedMeanwhileIsDroppedWhenItIsDue) {
  Queue(1, "fe80::1234");
  bed_.Dad(kSlaveA, "fe80::1234");
  bed_.Pass(HeldReplies::kPatience);
  EXPECT_THAT(Dropped(), ElementsAre(1));
}

TEST_F(HeldRepliesTest, VerdictThatFindsNoRoomIsSentLater) {
  bed_.Lease(kSlaveA, 7, "192.0.2.10");
  Queue(1, "192.0.2.11");
  bed_.RefuseRoom(3);
  Queue(2, "192.0.2.10");
  bed_.Pass(absl::Seconds(1));
  EXPECT_THAT(Released(), ElementsAre(1));
  EXPECT_THAT(Dropped(), ElementsAre(2));
}

TEST_F(HeldRepliesTest, MoreThanTheLimitAreReleasedAtOnce) {
  for (uint32_t id = 1; id <= HeldReplies::kMax; ++id) Queue(id, "192.0.2.10");
  EXPECT_THAT(Released(), IsEmpty());
  Queue(5000, "192.0.2.10");
  EXPECT_THAT(Released(), ElementsAre(5000));
  bed_.Pass(HeldReplies::kPatience);
  EXPECT_EQ(Released().size(), HeldReplies::kMax + 1);
}

}  // namespace
}  // namespace l3sync::testing
