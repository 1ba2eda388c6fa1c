// The whole pipe, with its threads, on a kernel that is a fake: what one thread leaves to another
// must arrive there.
#include <linux/if_link.h>
#include <linux/netfilter.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <tuple>

#include "gtest/gtest.h"

#include "tests/runtime/worker_bed.h"
#include "tests/wire/frame_builder.h"

namespace l3sync {
namespace {

using ::absl::Seconds;

const IpAddress kAddress = IpAddress::V4(0xc000020a);       // 192.0.2.10
const IpAddress kOtherAddress = IpAddress::V4(0xc000020b);  // 192.0.2.11
constexpr absl::Duration kPatience = WorkerBed::kPatience;

TEST(WorkerTest, FirstOfferIsDeliveredAfterItsAddressIsThere) {
  WorkerBed bed;
  bed.Start();
  bed.Discover(bed.t0, 7);
  bed.Offer(7, kAddress);
  ASSERT_TRUE(bed.WaitForLine({"reply-delivered", "192.0.2.10", "\"t0\""}));
  const auto address = bed.kernel.FindAddress(bed.t0, kAddress);
  ASSERT_TRUE(address.has_value());
  EXPECT_EQ(address->protocol, kAddressProtocol);
  EXPECT_EQ(address->prefix_length, 32);
  EXPECT_FALSE(bed.kernel.HasLocalRoute(bed.t0, kAddress));
  const auto deliveries = bed.kernel.deliveries();
  ASSERT_EQ(deliveries.size(), 1U);
  EXPECT_EQ(deliveries[0].ifindex, bed.t0);
  EXPECT_TRUE(bed.WaitForLine({"address-confirmed", "192.0.2.10"}));
}

TEST(WorkerTest, LeaseReplacesOfferAndReleaseEndsIt) {
  WorkerBed bed;
  bed.Start();
  bed.Discover(bed.t0, 7);
  bed.Offer(7, kAddress);
  ASSERT_TRUE(bed.WaitForLine({"reply-delivered"}));
  bed.Request(bed.t0, 7, kAddress);
  bed.Ack(7, kAddress, 3600);
  ASSERT_TRUE(bed.WaitForLine({"address-refreshed", "dhcp4-ack", "3600"}));
  EXPECT_EQ(bed.kernel.deliveries().size(), 1U) << "the kernel delivers the ACK itself";
  bed.Release(bed.t0, kAddress);
  ASSERT_TRUE(bed.WaitForLine({"address-removed", "released"}));
  EXPECT_FALSE(bed.kernel.FindAddress(bed.t0, kAddress).has_value());
}

// Q1: with a tag that makes it no message of ours, too.
TEST(WorkerTest, Q1_TaggedForgeryIsSeen) {
  WorkerBed bed;
  bed.Start();
  bed.ForgeTagged(bed.t0, kAddress);
  EXPECT_TRUE(bed.WaitForLine({"guest-quarantined", "\"t0\"", "192.0.2.10"}));
}

// Q4
TEST(WorkerTest, Q4_MacvlanParentIsSaid) {
  for (const LinkKind kind : {LinkKind::kMacvlan, LinkKind::kMacvtap, LinkKind::kOther}) {
    WorkerBed bed;
    bed.kernel.SetKind(bed.parent, kind);
    bed.Start();
    EXPECT_EQ(bed.CountLines({"parent-reflects", "macvlan_parent", "\"h0\""}),
              kind == LinkKind::kOther ? 0 : 1);
  }
}

TEST(WorkerTest, LostAnswerIsFoundOut) {
  WorkerBed bed;
  bed.Start();
  bed.kernel.LoseNextAnswer();
  bed.Discover(bed.t0, 7);
  bed.Offer(7, kAddress);
  ASSERT_TRUE(bed.WaitForLine({"address-confirmed", "192.0.2.10"}));
  EXPECT_TRUE(bed.kernel.FindAddress(bed.t0, kAddress).has_value());
}

TEST(WorkerTest, RefusalForWantOfMemoryIsTriedAgain) {
  WorkerBed bed;
  bed.Start();
  bed.kernel.AnswerNextWith(ENOBUFS);
  bed.Discover(bed.t0, 7);
  bed.Offer(7, kAddress);
  EXPECT_TRUE(bed.kernel.WaitForAddress(bed.t0, kAddress, kPatience));
}

TEST(WorkerTest, DeletionBySomebodyElseIsRepaired) {
  WorkerBed bed;
  bed.Start();
  bed.Discover(bed.t0, 7);
  bed.Offer(7, kAddress);
  ASSERT_TRUE(bed.WaitForLine({"address-confirmed"}));
  ASSERT_TRUE(bed.kernel.RemoveAddress(bed.t0, kAddress));
  ASSERT_TRUE(bed.WaitForLine({"address-removed", "deleted_by_other"}));
  EXPECT_TRUE(bed.kernel.WaitForAddress(bed.t0, kAddress, kPatience));
}

// Class S7.
TEST(WorkerTest, OverflowOfNotificationsLeadsToADump) {
  WorkerBed bed;
  bed.Start();
  bed.Discover(bed.t0, 7);
  bed.Offer(7, kAddress);
  ASSERT_TRUE(bed.WaitForLine({"address-confirmed"}));
  bed.kernel.DropNotifications(true);
  ASSERT_TRUE(bed.kernel.RemoveAddress(bed.t0, kAddress));
  bed.kernel.DropNotifications(false);
  ASSERT_TRUE(bed.WaitForLine({"resync", "events_lost"}));
  EXPECT_TRUE(bed.kernel.WaitForAddress(bed.t0, kAddress, kPatience));
}

TEST(WorkerTest, InterruptedDumpAtTheStartIsReadAgain) {
  WorkerBed bed;
  bed.kernel.InterruptNextDump();
  bed.Start();
  EXPECT_GE(bed.CountLines({"resync", "dump_failed"}), 1);
}

TEST(WorkerTest, PollFindsWhatNothingTold) {
  WorkerBed bed;
  bed.options.poll_interval = absl::Milliseconds(100);
  bed.Start();
  bed.Discover(bed.t0, 7);
  bed.Offer(7, kAddress);
  ASSERT_TRUE(bed.WaitForLine({"address-confirmed"}));
  // Its own tag, where no guest is known to use it: an earlier removal that got lost.
  AddressRecord leftover;
  leftover.ifindex = bed.t1;
  leftover.address = kOtherAddress;
  leftover.prefix_length = 32;
  leftover.protocol = kAddressProtocol;
  bed.kernel.DropNotifications(true);
  bed.kernel.PutAddress(leftover);
  EXPECT_TRUE(bed.kernel.WaitForNoAddress(bed.t1, kOtherAddress, kPatience));
}

TEST(WorkerTest, S4_8_EveryLifetimeIsSetAgainAfterASuspend) {
  WorkerBed bed;
  bed.Start();
  for (const auto& [slave, address, lease] :
       {std::tuple(bed.t0, kAddress, 3600U), std::tuple(bed.t1, kOtherAddress, 600U)}) {
    bed.Discover(slave, lease);
    bed.Offer(lease, address);
    bed.Request(slave, lease, address);
    bed.Ack(lease, address, lease);
    ASSERT_TRUE(bed.WaitForLine({"address-refreshed", "dhcp4-ack", address.ToString()}));
  }
  bed.Suspend(Seconds(1000));
  bed.Discover(bed.t1, 8);
  ASSERT_TRUE(bed.WaitForLine({"resync", "\"resume\""}));
  ASSERT_TRUE(bed.WaitForLine({"address-refreshed", "192.0.2.10"}, 2));
  const auto rest = bed.kernel.FindAddress(bed.t0, kAddress);
  ASSERT_TRUE(rest.has_value());
  EXPECT_LE(rest->valid_sec, 2600U);
  EXPECT_GT(rest->valid_sec, 2600U - absl::ToInt64Seconds(kPatience));
  ASSERT_TRUE(bed.WaitForLine({"address-removed", "expired", "192.0.2.11"}));
  EXPECT_FALSE(bed.kernel.FindAddress(bed.t1, kOtherAddress).has_value());
}

TEST(WorkerTest, AddressesOfAnEarlierRunAreAdopted) {
  WorkerBed bed;
  bed.Start();
  bed.Discover(bed.t0, 7);
  bed.Offer(7, kAddress);
  bed.Request(bed.t0, 7, kAddress);
  bed.Ack(7, kAddress, 3600);
  ASSERT_TRUE(bed.WaitForLine({"address-refreshed", "dhcp4-ack"}));
  EXPECT_EQ(bed.Stop(), Worker::Outcome::kStopped);
  EXPECT_TRUE(bed.kernel.FindAddress(bed.t0, kAddress).has_value());
  bed.Start();
  ASSERT_TRUE(bed.WaitForLine({"address-confirmed", "adopted", "192.0.2.10"}));
  bed.Release(bed.t0, kAddress);
  EXPECT_TRUE(bed.kernel.WaitForNoAddress(bed.t0, kAddress, kPatience));
}

TEST(WorkerTest, SlaveThatAppearsIsServedAndOneThatGoesIsForgotten) {
  WorkerBed bed;
  bed.Start();
  const int32_t t2 = bed.kernel.AddSlave("t2", bed.parent);
  ASSERT_TRUE(bed.WaitForLine({"link-added", "\"t2\""}));
  bed.Discover(t2, 9);
  bed.Offer(9, kAddress);
  ASSERT_TRUE(bed.WaitForLine({"reply-delivered", "\"t2\""}));
  bed.kernel.DeleteLink(t2);
  ASSERT_TRUE(bed.WaitForLine({"link-removed", "\"t2\""}));
  ASSERT_TRUE(bed.WaitForLine({"address-removed", "slave_gone", "\"t2\""}));
}

TEST(WorkerTest, PortThatLeavesL2IsNoLongerServed) {
  WorkerBed bed;
  bed.Start();
  bed.kernel.SetPort(bed.parent, PortMode::kL3, 0);
  ASSERT_TRUE(bed.WaitForLine({"port-changed", "mode_l3"}));
  bed.kernel.SetPort(bed.parent, PortMode::kL2, 0);
  ASSERT_TRUE(bed.WaitForLine({"port-changed"}, 2));
  bed.Discover(bed.t0, 7);
  bed.Offer(7, kAddress);
  EXPECT_TRUE(bed.WaitForLine({"reply-delivered"}));
}

// kernel-facts C: a port with either flag does not loop back.
TEST(WorkerTest, FlagOfThePortSaysHowRepliesAreDelivered) {
  WorkerBed bed;
  bed.Start();
  uint32_t xid = 7;
  size_t looped = 0;
  size_t injected = 0;
  for (const int flag : {0, IPVLAN_F_PRIVATE, 0, IPVLAN_F_VEPA}) {
    if (xid != 7) bed.kernel.SetPort(bed.parent, PortMode::kL2, static_cast<uint16_t>(flag));
    ASSERT_TRUE(bed.WaitForLine({"port-changed"}, static_cast<int>(xid) - 7));
    const IpAddress address = IpAddress::V4(0xc0000200 + xid);
    bed.Discover(bed.t0, xid);
    bed.Offer(xid, address);
    ASSERT_TRUE(bed.WaitForLine({"reply-delivered", address.ToString()}));
    ++(flag == 0 ? looped : injected);
    EXPECT_EQ(bed.kernel.deliveries().size(), looped);
    EXPECT_EQ(bed.injected(), injected);
    ++xid;
  }
  EXPECT_EQ(bed.CountLines({"private_flag"}), 1);
  EXPECT_EQ(bed.CountLines({"vepa_flag"}), 1);
}

TEST(WorkerTest, DeviceThatCannotBeMadeIsSaidWithTheMend) {
  WorkerBed bed;
  bed.kernel.SetPort(bed.parent, PortMode::kL2, IPVLAN_F_PRIVATE);
  bed.FailInjections(EOPNOTSUPP);
  bed.Start();
  bed.Discover(bed.t0, 7);
  bed.Offer(7, kAddress);
  EXPECT_TRUE(bed.WaitForLine({"reply-undelivered", "no_injection", "EOPNOTSUPP"}));
}

TEST(WorkerTest, GoneParentEndsIt) {
  WorkerBed bed;
  bed.Start();
  bed.kernel.DeleteLink(bed.parent);
  EXPECT_EQ(bed.WaitForEnd(), Worker::Outcome::kParentGone);
  EXPECT_EQ(bed.CountLines({"parent-gone", "\"h0\""}), 1);
}

TEST(WorkerTest, DryRunChangesNothing) {
  WorkerBed bed(/*dry_run=*/true);
  bed.Start();
  bed.Discover(bed.t0, 7);
  bed.Offer(7, kAddress);
  bed.Request(bed.t0, 7, kAddress);
  bed.Ack(7, kAddress, 3600);
  ASSERT_TRUE(bed.WaitForLine({"address-requested", "192.0.2.10", "\"dry_run\":true"}));
  ASSERT_TRUE(bed.WaitForLine({"address-refreshed", "dhcp4-ack", "\"dry_run\":true"}));
  bed.Release(bed.t0, kAddress);
  ASSERT_TRUE(bed.WaitForLine({"address-removed", "released", "\"dry_run\":true"}));
  EXPECT_TRUE(bed.kernel.Addresses(bed.t0).empty());
  EXPECT_TRUE(bed.kernel.deliveries().empty());
}

TEST(WorkerTest, ErrorOfThePacketSocketIsSurvived) {
  WorkerBed bed;
  bed.Start();
  bed.frames.FailOnce(ENETDOWN);
  bed.Discover(bed.t0, 7);
  bed.Offer(7, kAddress);
  EXPECT_TRUE(bed.WaitForLine({"reply-delivered"}));
}

// Class S2.
TEST(WorkerTest, FloodOfFramesLosesNoCommand) {
  WorkerBed bed;
  bed.Start();
  // More exchanges than requests fit into the window of the netlink thread, all at once.
  constexpr uint32_t kGuests = 200;
  std::vector<int32_t> slaves;
  for (uint32_t i = 0; i < kGuests; ++i) {
    slaves.push_back(bed.kernel.AddSlave("s" + std::to_string(i), bed.parent));
  }
  ASSERT_TRUE(bed.WaitForLine({"link-added", "\"s199\""}));
  for (uint32_t i = 0; i < kGuests; ++i) bed.Discover(slaves[i], 1000 + i);
  for (uint32_t i = 0; i < kGuests; ++i) bed.Offer(1000 + i, IpAddress::V4(0xc0000800 + 16 + i));
  for (uint32_t i = 0; i < kGuests; ++i) {
    EXPECT_TRUE(bed.kernel.WaitForAddress(slaves[i], IpAddress::V4(0xc0000800 + 16 + i), kPatience))
        << i;
  }
  EXPECT_TRUE(
      bed.kernel.WaitUntil(kPatience, [&] { return bed.kernel.deliveries().size() == kGuests; }));
}

Bytes Ipv4HeaderTo(const IpAddress& address) {
  Bytes header(20);
  header[0] = 0x45;
  std::copy(address.bytes().begin(), address.bytes().end(), header.begin() + 16);
  return header;
}

TEST(WorkerTest, HeldOfferIsDroppedAndAStrangersPasses) {
  WorkerBed bed;
  bed.has_hold = true;
  bed.Start();
  bed.Discover(bed.t0, 7);
  bed.Offer(7, kAddress);
  ASSERT_TRUE(bed.WaitForLine({"reply-delivered"}));
  const uint32_t guests = bed.hold.Queue(Ipv4HeaderTo(kAddress));
  const uint32_t strangers = bed.hold.Queue(Ipv4HeaderTo(kOtherAddress));
  ASSERT_TRUE(bed.hold.WaitForVerdict(guests, kPatience));
  EXPECT_EQ(bed.hold.verdicts()[guests], NF_DROP);
  ASSERT_TRUE(bed.hold.WaitForVerdict(strangers, kPatience));
  EXPECT_EQ(bed.hold.verdicts()[strangers], NF_ACCEPT);
  EXPECT_EQ(bed.Stop(), Worker::Outcome::kStopped);
  EXPECT_EQ(bed.CountLines({"stopped", "\"held_dropped\":1", "\"held_released\":1"}), 1);
}

TEST(WorkerTest, GoneApplierEndsIt) {
  WorkerBed bed;
  bed.Start();
  bed.applier().Die();
  EXPECT_EQ(bed.WaitForEnd(), Worker::Outcome::kApplierGone);
}

TEST(WorkerTest, VerdictThatFindsNoRoomIsSentAgain) {
  WorkerBed bed;
  bed.has_hold = true;
  bed.Start();
  bed.applier().RefuseSends(3, EAGAIN);
  const uint32_t strangers = bed.hold.Queue(Ipv4HeaderTo(kOtherAddress));
  EXPECT_TRUE(bed.hold.WaitForVerdict(strangers, kPatience));
}

TEST(WorkerTest, WhatIsHeldAtTheEndPasses) {
  WorkerBed bed;
  bed.has_hold = true;
  bed.Start();
  const uint32_t strangers = bed.hold.Queue(Ipv4HeaderTo(kOtherAddress));
  EXPECT_EQ(bed.Stop(), Worker::Outcome::kStopped);
  EXPECT_EQ(bed.hold.verdicts()[strangers], NF_ACCEPT);
  EXPECT_EQ(bed.hold.held(), 0U);
}

// Class A6: what is left out of a message is counted.
TEST(WorkerTest, MessageOfWhichNotAllIsKeptIsCounted) {
  using testing::Concat;
  WorkerBed bed;
  bed.Start();
  for (const size_t prefixes : {kMaxPrefixesPerAdvertisement, kMaxPrefixesPerAdvertisement + 1}) {
    testing::Bytes options;
    for (size_t i = 0; i < prefixes; ++i) {
      options = Concat({options, testing::PrefixOption(64, *IpAddress::Parse("2001:db8::"))});
    }
    testing::Icmp6Parts parts;
    parts.icmp6 = testing::BuildNd(NdType::kRouterAdvertisement, options);
    bed.frames.Push(bed.parent, PacketType::kMulticast, testing::BuildIcmp6Frame(parts));
  }
  bed.Discover(bed.t0, 7);
  bed.Offer(7, kAddress);
  ASSERT_TRUE(bed.WaitForLine({"reply-delivered"})) << "so the others were read";
  EXPECT_EQ(bed.Stop(), Worker::Outcome::kStopped);
  EXPECT_EQ(bed.CountLines({"\"frames_truncated\":1"}), 1);
}

TEST(WorkerTest, StopsWhileTheLogIsNotRead) {
  WorkerBed bed;
  bed.Start();
  EXPECT_EQ(bed.Stop(), Worker::Outcome::kStopped);
  EXPECT_EQ(bed.CountLines({"stopped"}), 1);
}

}  // namespace
}  // namespace l3sync
