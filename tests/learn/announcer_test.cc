// Rule D8: what a guest has is announced on its slave, and what is heard of that is nobody's word.
#include "learn/announcer.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "learner_bed.h"
#include "wire/neighbour_frames.h"

namespace l3sync::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::string_view kAddress4 = "192.0.2.10", kAddress6 = "2001:db8:1::5";

LearnerBed::Options Announcing() { return {.announce = true}; }

std::vector<uint8_t> ArpOf(std::string_view address) {
  const ArpFrame frame = BuildArpAnnouncement(kSharedMac, Ip(address));
  return {frame.begin(), frame.end()};
}

std::vector<uint8_t> NaOf(std::string_view address) {
  const NdFrame frame = BuildUnsolicitedAdvertisement(kSharedMac, Ip(address));
  return {frame.begin(), frame.end()};
}

MATCHER_P2(IsSent, ifindex, frame, "") { return arg.ifindex == ifindex && arg.frame == frame; }

TEST(AnnouncerTest, D8_LeaseIsAnnouncedTwiceTwoSecondsApart) {
  LearnerBed bed(Announcing());
  bed.Lease(kSlaveA, 7, kAddress4);
  EXPECT_THAT(bed.kernel().sent(), ElementsAre(IsSent(kSlaveA, ArpOf(kAddress4))));
  bed.Pass(absl::Milliseconds(1999));
  EXPECT_EQ(bed.kernel().sent().size(), 1U);
  bed.Pass(absl::Milliseconds(1));
  EXPECT_THAT(bed.kernel().sent(),
              ElementsAre(IsSent(kSlaveA, ArpOf(kAddress4)), IsSent(kSlaveA, ArpOf(kAddress4))));
  bed.Renew(kSlaveA, {.xid = 8, .ciaddr = kAddress4});
  bed.Ack({.xid = 8, .yiaddr = kAddress4, .ciaddr = kAddress4});
  bed.Pass(absl::Minutes(1));
  EXPECT_EQ(bed.kernel().sent().size(), 2U) << "a renewal is no news";
}

// The guest has not taken it yet, and may never.
TEST(AnnouncerTest, D8_OfferIsNotAnnounced) {
  LearnerBed bed(Announcing());
  bed.Discover(kSlaveA, {.xid = 7});
  bed.Offer({.xid = 7, .yiaddr = kAddress4});
  bed.Pass(absl::Seconds(5));
  EXPECT_EQ(bed.SlaveOf(kAddress4), kSlaveA);
  EXPECT_THAT(bed.kernel().sent(), IsEmpty());
}

// RFC 9131 §6.1.2.
TEST(AnnouncerTest, D8_GlobalIpv6AddressIsAdvertisedOnceAndLinkLocalNever) {
  LearnerBed bed(Announcing());
  bed.Advertise(Prefix{});
  bed.Dad(kSlaveA, "fe80::1234");
  bed.Dad(kSlaveB, kAddress6);
  bed.Pass(absl::Minutes(1));
  EXPECT_EQ(bed.SlaveOf("fe80::1234"), kSlaveA);
  EXPECT_THAT(bed.kernel().sent(),
              ::testing::UnorderedElementsAre(IsSent(kSlaveA, NaOf("2001:db8:1::1234")),
                                              IsSent(kSlaveB, NaOf(kAddress6))));
}

TEST(AnnouncerTest, D8_NothingIsSentUnlessAskedForNorInADryRun) {
  for (const bool dry_run : {false, true}) {
    LearnerBed bed({.dry_run = dry_run, .announce = dry_run});
    bed.Advertise(Prefix{});
    bed.Dad(kSlaveB, kAddress6);
    bed.Lease(kSlaveA, 7, kAddress4);
    bed.Pass(absl::Minutes(1));
    EXPECT_EQ(bed.CountOf(CommandKind::kAnnounce), 0U);
  }
}

// It was announced when it was learned.
TEST(AnnouncerTest, D8_AddressOfAnEarlierRunIsNotAnnouncedAgain) {
  LearnerBed bed({.has_slaves = false, .announce = true});
  bed.kernel().PutOwn(kSlaveA, Ip(kAddress4), 3600, bed.now());
  bed.SlaveAppears(kSlaveA);
  bed.Pass(absl::Seconds(5));
  EXPECT_EQ(bed.WantedOn(kAddress4), kSlaveA);
  EXPECT_THAT(bed.kernel().sent(), IsEmpty());
}

TEST(AnnouncerTest, D8_AddressThatIsGoneIsAnnouncedNoMore) {
  LearnerBed bed(Announcing());
  bed.Lease(kSlaveA, 7, kAddress4);
  bed.Release(kSlaveA, {.xid = 8, .ciaddr = kAddress4});
  bed.Pass(absl::Seconds(5));
  EXPECT_EQ(bed.kernel().sent().size(), 1U);
}

// F13: the port's queue is the guests' too.
TEST(AnnouncerTest, D8_F13_ManyAddressesAtOnceArePaced) {
  LearnerBed bed(Announcing());
  bed.Advertise(Prefix{});
  for (int i = 0; i < 20; ++i) bed.Dad(kSlaveA, "2001:db8:1::" + std::to_string(100 + i));
  EXPECT_EQ(bed.kernel().sent().size(), 1U);
  bed.Pass(Announcer::kGap * 10);
  EXPECT_EQ(bed.kernel().sent().size(), 11U);
  bed.Pass(absl::Seconds(1));
  EXPECT_EQ(bed.kernel().sent().size(), 20U);
}

TEST(AnnouncerTest, D8_FrameThatFindsNoRoomIsSentLater) {
  LearnerBed bed(Announcing());
  bed.Lease(kSlaveA, 7, kAddress4);
  bed.RefuseRoom(1);
  bed.Pass(absl::Seconds(3));
  EXPECT_EQ(bed.kernel().sent().size(), 2U);
}

TEST(AnnouncerTest, D8_NoMoreThanTheLimitAtOnce) {
  LearnerBed bed(Announcing());
  bed.Advertise(Prefix{});
  constexpr int kEach = 60;
  const int slaves = static_cast<int>(Announcer::kMax) / kEach + 2;
  for (int slave = 100; slave < 100 + slaves; ++slave) {
    bed.SlaveAppears(slave);
    for (int i = 0; i < kEach; ++i) {
      bed.Dad(slave, "2001:db8:1::" + std::to_string(slave) + ":" + std::to_string(100 + i));
    }
  }
  const size_t done = bed.kernel().sent().size();
  EXPECT_EQ(bed.Ignored(IgnoreReason::kAnnouncementsFull),
            static_cast<size_t>(slaves * kEach) - Announcer::kMax - done);
}

}  // namespace
}  // namespace l3sync::testing
