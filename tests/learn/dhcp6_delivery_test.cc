#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "dhcp6_bed.h"

// The first Advertise and Reply reach the guest, also when its link-local address was not yet on
// its slave, and none reaches it twice.
namespace l3sync::testing {
namespace {

// The slaves that something was looped to, in order.
std::vector<int32_t> DeliveredTo6(LearnerBed& bed) {
  std::vector<int32_t> slaves;
  for (const auto& delivered : bed.kernel().delivered()) slaves.push_back(delivered.ifindex);
  return slaves;
}

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Dhcp6DeliveryTest, AdvertiseThatCameBeforeTheLookEndedIsDeliveredOnce) {
  Dhcp6Bed bed;
  bed.Hold();
  bed.Say6(kSlaveA, Dhcp6Type::kSolicit, {});
  bed.Answer6(Dhcp6Type::kAdvertise, {});
  EXPECT_EQ(bed.CountOf(CommandKind::kDeliverReply), 0);
  bed.Resume();
  EXPECT_THAT(DeliveredTo6(bed), ElementsAre(kSlaveA));
  EXPECT_EQ(bed.Said(EventKind::kReplyDelivered, "fe80::a"), 1);
  bed.Pass(absl::Minutes(1));
  bed.Poll();
  EXPECT_THAT(DeliveredTo6(bed), ElementsAre(kSlaveA));
}

TEST(Dhcp6DeliveryTest, ReplyToAnAddressThatIsThereIsTheKernels) {
  Dhcp6Bed bed;
  bed.Say6(kSlaveA, Dhcp6Type::kSolicit, {.rapid_commit = true});
  bed.Answer6(Dhcp6Type::kAdvertise, {});
  bed.Answer6(Dhcp6Type::kReply, {.rapid_commit = true});
  EXPECT_THAT(DeliveredTo6(bed), IsEmpty());
}

TEST(Dhcp6DeliveryTest, RepeatedAdvertiseIsDeliveredOnce) {
  Dhcp6Bed bed;
  bed.Hold();
  bed.Say6(kSlaveA, Dhcp6Type::kSolicit, {});
  bed.Answer6(Dhcp6Type::kAdvertise, {});
  bed.Answer6(Dhcp6Type::kAdvertise, {});
  bed.Resume();
  EXPECT_THAT(DeliveredTo6(bed), ElementsAre(kSlaveA));
  EXPECT_EQ(bed.Ignored(IgnoreReason::kRepeatedReply), 1);
}

// Whether the kernel had the address in time can't be known: the client asks again, and gets no
// answer twice.
TEST(Dhcp6DeliveryTest, ReplyWhileTheAddressIsOnItsWayIsLeftToTheKernel) {
  Dhcp6Bed bed;
  bed.Hold();
  bed.Say6(kSlaveA, Dhcp6Type::kSolicit, {});
  bed.ExecuteOne();  // the look; the put follows
  bed.Answer6(Dhcp6Type::kAdvertise, {});
  bed.Resume();
  EXPECT_EQ(bed.SlaveOf("fe80::a"), kSlaveA);
  EXPECT_THAT(DeliveredTo6(bed), IsEmpty());
  EXPECT_EQ(bed.Ignored(IgnoreReason::kRepeatedReply), 1);
}

// The lease began before l3sync, and the client renews from the leased address.
TEST(Dhcp6DeliveryTest, ReplyToAnUnknownGlobalAddressBindsItAndIsDelivered) {
  Dhcp6Bed bed;
  bed.Lease6(kSlaveA, {.associations = Ia({{}}), .guest = kGuest6});
  EXPECT_EQ(bed.SlaveOf(kGuest6), kSlaveA);
  EXPECT_THAT(DeliveredTo6(bed), ElementsAre(kSlaveA));
}

TEST(Dhcp6DeliveryTest, ReplyThatWaitsTooLongIsDropped) {
  Dhcp6Bed bed;
  bed.Hold();
  bed.Say6(kSlaveA, Dhcp6Type::kSolicit, {});
  bed.Answer6(Dhcp6Type::kAdvertise, {});
  bed.Pass(absl::Seconds(5));
  bed.Resume();
  EXPECT_THAT(DeliveredTo6(bed), IsEmpty());
  EXPECT_GE(bed.Ignored(IgnoreReason::kStaleReply), 1);
}

TEST(Dhcp6DeliveryTest, ReplyToTheHostsOwnAddressOnTheSlaveIsTheKernels) {
  Dhcp6Bed bed;
  bed.kernel().PutForeign(kSlaveA, Net("fe80::a/64"));
  bed.kernel().records.clear();
  bed.Hold();
  bed.Say6(kSlaveA, Dhcp6Type::kSolicit, {});
  bed.Answer6(Dhcp6Type::kAdvertise, {});
  bed.Resume();
  EXPECT_THAT(DeliveredTo6(bed), IsEmpty());
}

// One guest that asks on and on takes nobody's place.
TEST(Dhcp6DeliveryTest, EarlyRepliesOfOneSlaveAreBounded) {
  Dhcp6Bed bed;
  bed.Hold();
  const auto count = static_cast<uint32_t>(Dhcp6Learner::kMaxEarlyRepliesPerSlave) + 3;
  for (uint32_t xid = 1; xid <= count; ++xid) {
    const std::string guest = "fe80::a:" + std::to_string(xid);
    bed.Say6(kSlaveA, Dhcp6Type::kSolicit, {.xid = xid, .guest = guest});
    bed.Answer6(Dhcp6Type::kAdvertise, {.xid = xid, .guest = guest});
  }
  bed.Say6(kSlaveB, Dhcp6Type::kSolicit, {.xid = 99, .guest = "fe80::b"});
  bed.Answer6(Dhcp6Type::kAdvertise, {.xid = 99, .guest = "fe80::b"});
  EXPECT_EQ(bed.Ignored(IgnoreReason::kPendingRepliesFull), 3);
  bed.Resume();
  EXPECT_THAT(DeliveredTo6(bed), ::testing::Contains(kSlaveB));
}

TEST(Dhcp6DeliveryTest, EarlyRepliesAreBounded) {
  Dhcp6Bed bed;
  bed.Hold();
  for (uint32_t i = 0; i < Dhcp6Learner::kMaxEarlyReplies + 5; ++i) {
    const auto slave = static_cast<int32_t>(1000 + i);
    bed.SlaveAppears(slave);
    const std::string guest = "fe80::" + std::to_string(i + 1);
    bed.Say6(slave, Dhcp6Type::kSolicit, {.xid = i, .duid = guest, .guest = guest});
    bed.Answer6(Dhcp6Type::kAdvertise,
                {.xid = i, .duid = guest, .guest = guest, .peer = "fe80::ffff"});
  }
  EXPECT_EQ(bed.Ignored(IgnoreReason::kPendingRepliesFull), 5);
}

}  // namespace
}  // namespace l3sync::testing
