#include <string_view>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "learner_bed.h"

// ARP on the parent: rule D7, RFC 5227 §2.4.
namespace l3sync::testing {
namespace {

constexpr MacAddress kOtherMac = {{0x52, 0x54, 0, 0, 0, 0x77}};

Heard Arp(std::string_view sender, const MacAddress& sender_mac) {
  ArpMessage message;
  message.operation = 2;
  message.sender_mac = sender_mac;
  message.sender = Ip(sender);
  Heard heard;
  heard.frame.destination_mac = kSharedMac;
  heard.frame.source_mac = kOtherMac;
  heard.frame.source = message.sender;
  heard.frame.message = message;
  return heard;
}

void HearArp(LearnerBed* bed, std::string_view sender, const MacAddress& sender_mac = kOtherMac) {
  bed->Hear(kParent, FrameSide::kReceived, Arp(sender, sender_mac));
}

TEST(ConflictWatchTest, D7_AddressOfAGuestThatAnotherMachineUsesIsSaidAndKept) {
  LearnerBed bed;
  bed.Lease(kSlaveA, 7, "192.0.2.10");
  HearArp(&bed, "192.0.2.10");
  const auto conflicts = bed.Events(EventKind::kAddressConflict);
  ASSERT_EQ(conflicts.size(), 1U);
  EXPECT_EQ(conflicts[0].ifindex, kSlaveA);
  EXPECT_EQ(conflicts[0].address, Ip("192.0.2.10"));
  EXPECT_EQ(conflicts[0].mac, kOtherMac);
  EXPECT_EQ(conflicts[0].severity, Severity::kWarning);
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), kSlaveA) << "the DHCP server is in charge";
}

TEST(ConflictWatchTest, D7_OfferThatIsNotDeliveredYetCounts) {
  LearnerBed bed;
  bed.Hold();
  bed.Discover(kSlaveA, {.xid = 7});
  bed.Offer({.xid = 7, .yiaddr = "192.0.2.10"});
  HearArp(&bed, "192.0.2.10");
  EXPECT_EQ(bed.Said(EventKind::kAddressConflict, "192.0.2.10"), 1);
}

TEST(ConflictWatchTest, D7_SaidOnceAMinute) {
  LearnerBed bed;
  bed.Lease(kSlaveA, 7, "192.0.2.10");
  for (int i = 0; i < 12; ++i) {
    HearArp(&bed, "192.0.2.10");
    bed.Pass(absl::Seconds(10));
  }
  EXPECT_EQ(bed.Said(EventKind::kAddressConflict, "192.0.2.10"), 2);
}

// F21: a proxy that answers with our own MAC; and what nobody here has is nobody's business.
TEST(ConflictWatchTest, F21_SharedMacIsNoConflict) {
  LearnerBed bed;
  bed.Lease(kSlaveA, 7, "192.0.2.10");
  HearArp(&bed, "192.0.2.10", kSharedMac);
  HearArp(&bed, "192.0.2.11");
  HearArp(&bed, "0.0.0.0");
  EXPECT_EQ(bed.Events(EventKind::kAddressConflict).size(), 0U);
  EXPECT_EQ(bed.Ignored(IgnoreReason::kArpWithoutConflict), 3U);
}

// C2: what a guest says of another one's address counts for nothing.
TEST(ConflictWatchTest, C2_GuestsMakeNoConflict) {
  LearnerBed bed;
  bed.Lease(kSlaveA, 7, "192.0.2.10");
  bed.Hear(kSlaveB, FrameSide::kSent, Arp("192.0.2.10", kOtherMac));
  bed.Hear(kParent, FrameSide::kSent, Arp("192.0.2.10", kOtherMac));
  EXPECT_EQ(bed.Events(EventKind::kAddressConflict).size(), 0U);
}

TEST(ConflictWatchTest, N6_NothingIsLearnedFromArp) {
  LearnerBed bed;
  bed.Hear(kSlaveA, FrameSide::kSent, Arp("192.0.2.10", kSharedMac));
  HearArp(&bed, "192.0.2.11");
  EXPECT_EQ(bed.WantedOn("192.0.2.10"), 0);
  EXPECT_EQ(bed.WantedOn("192.0.2.11"), 0);
  EXPECT_EQ(bed.Ignored(IgnoreReason::kArpWithoutConflict), 2U);
}

// T7: the network names its own; what a guest formed itself yields, a lease does not.
TEST(NoteTest, T7_RouterTakesBackWhatAGuestFormedItself) {
  LearnerBed bed;
  bed.Dad(kSlaveA, kRouter);
  EXPECT_EQ(bed.SlaveOf(kRouter), kSlaveA);
  bed.Advertise(Prefix{});
  EXPECT_EQ(bed.SlaveOf(kRouter), 0);
  EXPECT_EQ(bed.Said(EventKind::kAddressRemoved, kRouter, Reason::kNextHop), 1);
  bed.Dad(kSlaveA, "2001:db8:1::53");
  bed.Advertise(Advertisement{.prefixes = {Prefix{}}, .resolver = "2001:db8:1::53"});
  EXPECT_EQ(bed.SlaveOf("2001:db8:1::53"), 0);
}

TEST(NoteTest, T7_LeaseStaysWhateverTheNextReplyNames) {
  LearnerBed bed;
  bed.Lease(kSlaveA, 7, "192.0.2.10");
  bed.Reboot(kSlaveB, {.xid = 8, .requested = "192.0.2.11"});
  bed.Ack({.xid = 8,
           .yiaddr = "192.0.2.11",
           .server = "192.0.2.10",
           .router = "192.0.2.10",
           .resolver = "192.0.2.10"});
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), kSlaveA);
}

// T7: the edges of a subnet that the host gains.
TEST(NoteTest, T7_BroadcastAddressOfANewSubnetLeavesTheSlave) {
  LearnerBed bed;
  bed.Lease(kSlaveA, 7, "192.0.2.31");
  bed.HostGains("192.0.2.17/28");
  EXPECT_EQ(bed.SlaveOf("192.0.2.31"), 0);
  EXPECT_EQ(bed.Said(EventKind::kAddressRemoved, "192.0.2.31", Reason::kSubnetBroadcast), 1);
}

}  // namespace
}  // namespace l3sync::testing
