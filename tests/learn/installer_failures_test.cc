#include <cerrno>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "learner_bed.h"

// What the kernel refuses, does not answer, or says too late: rules K3, F6.
namespace l3sync::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

TEST(InstallerFailuresTest, K3_F6_AddressInUseElsewhereIsSaidOnceAndTriedAgain) {
  LearnerBed bed;
  bed.kernel().PutForeign(99, Net("192.0.2.10/32"));  // on a slave that l3sync doesn't serve
  bed.kernel().records.clear();
  bed.Reboot(kSlaveA, {.xid = 7, .requested = "192.0.2.10"});
  bed.Ack({.xid = 7, .yiaddr = "192.0.2.10"});
  bed.Pass(absl::Minutes(5));
  EXPECT_EQ(bed.Said(EventKind::kAddressRefused, "192.0.2.10", Reason::kInUseElsewhere), 1);
  const size_t tries = bed.CountOf(CommandKind::kPutAddress);
  EXPECT_GE(tries, 8);
  EXPECT_LE(tries, 16) << "with back-off";
  bed.kernel().RemoveLink(99);
  bed.Pass(absl::Minutes(1));
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), kSlaveA);
  EXPECT_EQ(bed.Said(EventKind::kAddressConfirmed, "192.0.2.10"), 1);
}

// F6: the kernel arbitrates between slaves; to move an address is DEL on the old, then ADD.
TEST(InstallerFailuresTest, F6_MoveRemovesBeforeItPuts) {
  LearnerBed bed;
  bed.Discover(kSlaveA, {.xid = 7});
  bed.Offer({.xid = 7, .yiaddr = "192.0.2.10"});
  bed.Reboot(kSlaveB, {.xid = 8, .requested = "192.0.2.10"});
  bed.RefuseRoom(1);  // the removal finds none, and nothing overtakes it
  bed.Ack({.xid = 8, .yiaddr = "192.0.2.10"});
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), kSlaveA);
  bed.Pass(absl::Seconds(1));
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), kSlaveB);
  EXPECT_EQ(bed.Events(EventKind::kAddressRefused).size(), 0);
}

TEST(InstallerFailuresTest, K3_RefusalsAreNamed) {
  struct Case {
    int error;
    Reason reason;
  };
  for (const Case& c : {Case{EACCES, Reason::kIpv6Disabled}, Case{EPERM, Reason::kNotPermitted},
                        Case{EADDRINUSE, Reason::kInUseElsewhere},
                        Case{EINVAL, Reason::kKernelError}, Case{ENOBUFS, Reason::kKernelError}}) {
    LearnerBed bed;
    bed.kernel().Refuse(CommandKind::kPutAddress, c.error);
    bed.Dad(kSlaveA, "fe80::1234");
    bed.Pass(absl::Minutes(10));
    ASSERT_THAT(bed.Events(EventKind::kAddressRefused), SizeIs(1)) << c.error;
    EXPECT_EQ(bed.Events(EventKind::kAddressRefused)[0].reason, c.reason);
    EXPECT_EQ(bed.Events(EventKind::kAddressRefused)[0].error, c.error);
    bed.kernel().Accept(CommandKind::kPutAddress);
    bed.Pass(absl::Minutes(1));
    EXPECT_EQ(bed.SlaveOf("fe80::1234"), kSlaveA) << "back-off is at most a minute";
  }
}

TEST(InstallerFailuresTest, K3_NoSuchDeviceIsNotSaid) {
  LearnerBed bed;
  bed.kernel().RemoveLink(kSlaveA);  // its notification is on the way
  bed.Dad(kSlaveB, "fe80::1");
  bed.Reboot(kSlaveA, {.xid = 7, .requested = "192.0.2.10"});
  bed.Ack({.xid = 7, .yiaddr = "192.0.2.10"});
  EXPECT_THAT(bed.Events(EventKind::kAddressRefused), SizeIs(0));
  bed.SlaveGone(kSlaveA);
  EXPECT_EQ(bed.WantedOn("192.0.2.10"), 0);
}

TEST(InstallerFailuresTest, K3_ExistingOwnAddressIsTakenOver) {
  LearnerBed bed;
  bed.kernel().PutOwn(kSlaveA, Ip("192.0.2.10"), 50, bed.now());  // nobody said so
  bed.Discover(kSlaveA, {.xid = 7});
  bed.Offer({.xid = 7, .yiaddr = "192.0.2.10"});
  bed.Pass(absl::Seconds(1));
  EXPECT_GE(bed.KernelRestOf("192.0.2.10"), absl::Seconds(59));
  EXPECT_THAT(bed.DeliveredTo(kSlaveA), ElementsAre(IsOffer("192.0.2.10")));
  EXPECT_EQ(bed.CountOf(CommandKind::kRemoveAddress), 0);
}

TEST(InstallerFailuresTest, K3_ExistingForeignAddressIsLeftAlone) {
  LearnerBed bed;
  bed.kernel().lose_notifications = 1;
  bed.kernel().PutForeign(kSlaveA, Net("192.0.2.10/32"));
  bed.Reboot(kSlaveA, {.xid = 7, .requested = "192.0.2.10"});
  bed.Ack({.xid = 7, .yiaddr = "192.0.2.10", .lease = 60});
  bed.Pass(absl::Minutes(5));
  EXPECT_EQ(bed.kernel().Find(Ip("192.0.2.10"))->protocol, 0);
  EXPECT_EQ(bed.CountOf(CommandKind::kPutAddress), 1);
  EXPECT_EQ(bed.CountOf(CommandKind::kRemoveAddress), 0);
}

TEST(InstallerFailuresTest, TimeoutThatWasASuccessIsFoundOut) {
  LearnerBed bed;
  bed.kernel().MisreportNext(CommandKind::kPutAddress, ETIMEDOUT);
  bed.kernel().lose_notifications = 1;
  bed.Discover(kSlaveA, {.xid = 7});
  bed.Offer({.xid = 7, .yiaddr = "192.0.2.10"});
  bed.Pass(absl::Seconds(1));
  EXPECT_THAT(bed.DeliveredTo(kSlaveA), ElementsAre(IsOffer("192.0.2.10")));
  EXPECT_EQ(bed.Said(EventKind::kAddressConfirmed, "192.0.2.10"), 1);
  EXPECT_EQ(bed.CountOf(CommandKind::kPutAddress), 1);
}

TEST(InstallerFailuresTest, TimeoutThatWasALossIsTriedAgain) {
  LearnerBed bed;
  bed.kernel().Refuse(CommandKind::kPutAddress, ETIMEDOUT);
  bed.Discover(kSlaveA, {.xid = 7});
  bed.Offer({.xid = 7, .yiaddr = "192.0.2.10"});
  bed.kernel().Accept(CommandKind::kPutAddress);
  bed.Pass(absl::Seconds(1));
  EXPECT_THAT(bed.DeliveredTo(kSlaveA), ElementsAre(IsOffer("192.0.2.10")));
}

TEST(InstallerFailuresTest, RemovalThatTimedOutIsTriedAgain) {
  LearnerBed bed;
  bed.Lease(kSlaveA, 7, "192.0.2.10");
  bed.kernel().Refuse(CommandKind::kRemoveAddress, ETIMEDOUT);
  bed.Release(kSlaveA, {.xid = 9, .ciaddr = "192.0.2.10"});
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), kSlaveA);
  bed.kernel().Accept(CommandKind::kRemoveAddress);
  bed.Pass(absl::Seconds(1));
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), 0);
  EXPECT_EQ(bed.Said(EventKind::kAddressRemoved, "192.0.2.10"), 1);
}

TEST(InstallerFailuresTest, RemovalOfWhatIsGoneAlreadyIsDone) {
  LearnerBed bed;
  bed.Lease(kSlaveA, 7, "192.0.2.10");
  bed.kernel().lose_notifications = 1;
  bed.DeleteByOther("192.0.2.10");
  bed.Release(kSlaveA, {.xid = 9, .ciaddr = "192.0.2.10"});
  EXPECT_EQ(bed.Said(EventKind::kAddressRemoved, "192.0.2.10"), 1);
  EXPECT_EQ(bed.CountOf(CommandKind::kRemoveAddress), 1);
}

// Answers and notifications come on two sockets: an old NEWADDR may be read behind the answer to a
// removal.
TEST(InstallerFailuresTest, OldNotificationBehindARemovalIsNoSecondRemoval) {
  LearnerBed bed;
  bed.Lease(kSlaveA, 7, "192.0.2.10");
  bed.Release(kSlaveA, {.xid = 9, .ciaddr = "192.0.2.10"});
  AddressRecord late;
  late.ifindex = kSlaveA;
  late.address = Ip("192.0.2.10");
  late.prefix_length = 32;
  late.protocol = kAddressProtocol;
  late.valid_sec = 3600;
  bed.Tell(late);
  bed.Settle();
  EXPECT_EQ(bed.Said(EventKind::kAddressRemoved, "192.0.2.10"), 1);
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), 0);
}

TEST(InstallerFailuresTest, K3_RefreshThatWasRefusedIsTriedAgain) {
  for (const int error : {ENOBUFS, ETIMEDOUT}) {
    LearnerBed bed;
    bed.Lease(kSlaveA, 7, "192.0.2.10", 600);
    bed.kernel().Refuse(CommandKind::kPutAddress, error);
    bed.Renew(kSlaveA, {.xid = 8, .ciaddr = "192.0.2.10"});
    bed.Ack({.xid = 8, .yiaddr = "192.0.2.10", .ciaddr = "192.0.2.10", .lease = 1200});
    bed.kernel().Accept(CommandKind::kPutAddress);
    bed.Pass(absl::Seconds(1));
    EXPECT_GE(bed.KernelRestOf("192.0.2.10"), absl::Seconds(1198)) << error;
  }
}

// A refusal holds the next try back, not the removal.
TEST(InstallerFailuresTest, AddressWhoseRefreshWasRefusedCanBeRemovedAtOnce) {
  LearnerBed bed;
  bed.Lease(kSlaveA, 7, "192.0.2.10", 600);
  bed.kernel().Refuse(CommandKind::kPutAddress, ENOBUFS);
  bed.Renew(kSlaveA, {.xid = 8, .ciaddr = "192.0.2.10"});
  bed.Ack({.xid = 8, .yiaddr = "192.0.2.10", .ciaddr = "192.0.2.10", .lease = 1200});
  bed.Pass(absl::Minutes(2));
  bed.Release(kSlaveA, {.xid = 9, .ciaddr = "192.0.2.10"});
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), 0);
}

TEST(InstallerFailuresTest, LookThatFailsIsTriedAgainWithAPause) {
  LearnerBed bed;
  bed.kernel().Refuse(CommandKind::kDumpAddresses, ENODEV);
  bed.Dad(kSlaveA, "fe80::1234");
  bed.Pass(absl::Seconds(10));
  EXPECT_LE(bed.CountOf(CommandKind::kDumpAddresses), 30);
  EXPECT_EQ(bed.WantedOn("fe80::1234"), 0);
  bed.kernel().Accept(CommandKind::kDumpAddresses);
  bed.Pass(absl::Seconds(2));
  EXPECT_EQ(bed.SlaveOf("fe80::1234"), kSlaveA);
}

TEST(InstallerFailuresTest, LookWithoutRoomIsTriedAgain) {
  LearnerBed bed;
  bed.RefuseRoom(4);
  bed.Dad(kSlaveA, "fe80::1234");
  EXPECT_EQ(bed.WantedOn("fe80::1234"), 0);
  bed.Pass(absl::Seconds(1));
  EXPECT_EQ(bed.SlaveOf("fe80::1234"), kSlaveA);
}

TEST(InstallerFailuresTest, FullRingLosesNothing) {
  LearnerBed bed;
  bed.RefuseRoom(1000);
  constexpr uint32_t kCount = 3 * BindingTable::kMaxDhcpPerSlave;
  for (uint32_t i = 0; i < kCount; ++i) {
    const std::string address = IpAddress::V4(0xc0000210 + i).ToString();
    const std::string client = std::to_string(i);
    bed.Reboot(kSlaveA + static_cast<int32_t>(i % 3),
               {.xid = i, .client_id = client, .requested = address});
    bed.Ack({.xid = i, .client_id = client, .yiaddr = address});
  }
  EXPECT_TRUE(bed.kernel().addresses().empty());
  bed.Pass(absl::Seconds(3));
  EXPECT_EQ(bed.kernel().addresses().size(), kCount);
}

}  // namespace
}  // namespace l3sync::testing
