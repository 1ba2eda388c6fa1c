#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "learn/dad_watch.h"
#include "learner_bed.h"

// Who else tests or uses an address that a guest tests: rules D1 to D5.
namespace l3sync::testing {
namespace {

using ::testing::SizeIs;

constexpr std::string_view kAddress = "2001:db8:1::99";
constexpr MacAddress kOtherMac = {{0x52, 0x54, 0, 0, 0, 0x77}};

class DuplicateDetectionTest : public ::testing::Test {
 protected:
  DuplicateDetectionTest() { bed_.Advertise(Prefix{}); }

  void Test(int32_t slave, std::string_view address, std::string_view nonce = {}) {
    bed_.Hear(slave, FrameSide::kSent, FromNeighbour({.target = address, .nonce = nonce}));
  }
  // From the network.
  void OtherTests(std::string_view address, std::string_view nonce = {},
                  const MacAddress& mac = kOtherMac) {
    bed_.Hear(kParent, FrameSide::kReceived,
              FromNeighbour({.target = address, .nonce = nonce, .mac = mac}));
  }
  void OtherUses(std::string_view address) {
    bed_.Hear(kParent, FrameSide::kReceived,
              FromNeighbour({.type = NdType::kNeighbourAdvertisement,
                             .source = address,
                             .target = address,
                             .mac = kOtherMac}));
  }

  LearnerBed bed_;
};

TEST_F(DuplicateDetectionTest, D2_AdvertisementOfATestedAddressEndsIt) {
  Test(kSlaveA, kAddress);
  ASSERT_EQ(bed_.SlaveOf(kAddress), kSlaveA);
  OtherUses(kAddress);
  EXPECT_EQ(bed_.SlaveOf(kAddress), 0);
  EXPECT_EQ(bed_.Said(EventKind::kAddressRemoved, kAddress, Reason::kDuplicate), 1);
  const auto conflicts = bed_.Events(EventKind::kAddressConflict);
  ASSERT_THAT(conflicts, SizeIs(1));
  EXPECT_EQ(conflicts[0].ifindex, kSlaveA);
  EXPECT_EQ(conflicts[0].mac, kOtherMac);
}

TEST_F(DuplicateDetectionTest, D2_TestByAnotherMachineEndsIt) {
  Test(kSlaveA, kAddress, "nonce1");
  OtherTests(kAddress, "nonce2");
  EXPECT_EQ(bed_.SlaveOf(kAddress), 0);
}

TEST_F(DuplicateDetectionTest, D2_TestWithoutNonceByAnotherMachineEndsIt) {
  Test(kSlaveA, kAddress);
  OtherTests(kAddress);
  EXPECT_EQ(bed_.SlaveOf(kAddress), 0);
}

// While its look is on the way, too.
TEST_F(DuplicateDetectionTest, D2_ConflictComesBeforeTheAddress) {
  bed_.Hold();
  Test(kSlaveA, kAddress);
  OtherUses(kAddress);
  bed_.Resume();
  EXPECT_EQ(bed_.WantedOn(kAddress), 0);
  EXPECT_EQ(bed_.CountOf(CommandKind::kPutAddress), 0);
}

// It is its guest's to defend.
TEST_F(DuplicateDetectionTest, D2_AddressThatIsInUseStays) {
  Test(kSlaveA, kAddress);
  bed_.Solicit(kSlaveA, kAddress, kRouter);
  OtherUses(kAddress);
  OtherTests(kAddress);
  Test(kSlaveB, "2001:db8:1::98");
  bed_.Pass(DadWatch::kTentative);
  OtherUses("2001:db8:1::98");
  EXPECT_EQ(bed_.SlaveOf(kAddress), kSlaveA);
  EXPECT_EQ(bed_.SlaveOf("2001:db8:1::98"), kSlaveB);
}

TEST_F(DuplicateDetectionTest, D2_SolicitationFromAnAddressIsNoTest) {
  Test(kSlaveA, kAddress);
  bed_.Hear(kParent, FrameSide::kReceived,
            FromNeighbour({.source = kRouter, .target = kAddress, .mac = kRouterMac}));
  EXPECT_EQ(bed_.SlaveOf(kAddress), kSlaveA);
}

TEST_F(DuplicateDetectionTest, D2_ReflectedAdvertisementIsNoProof) {
  Test(kSlaveA, kAddress);
  Heard na = FromNeighbour({.type = NdType::kNeighbourAdvertisement,
                            .source = kAddress,
                            .target = kAddress,
                            .mac = kOtherMac});
  std::get<NdMessage>(na.frame.message).target_link_layer = kSharedMac;  // by a proxy
  bed_.Hear(kParent, FrameSide::kReceived, na);
  EXPECT_EQ(bed_.SlaveOf(kAddress), kSlaveA);
  EXPECT_EQ(bed_.Ignored(IgnoreReason::kLoopedBack), 1);
}

TEST_F(DuplicateDetectionTest, D3_SolicitationWithItsOwnNonceIsALoopBack) {
  Test(kSlaveA, kAddress, "nonce1");
  OtherTests(kAddress, "nonce1");
  EXPECT_EQ(bed_.SlaveOf(kAddress), kSlaveA);
  EXPECT_EQ(bed_.Ignored(IgnoreReason::kLoopedBack), 1);
  // That of an earlier try, too (RFC 7527 §4.1: each has its own).
  bed_.Pass(absl::Seconds(1));
  Test(kSlaveA, kAddress, "nonce2");
  OtherTests(kAddress, "nonce1");
  EXPECT_EQ(bed_.SlaveOf(kAddress), kSlaveA);
}

// As it left, which is with the shared MAC.
TEST_F(DuplicateDetectionTest, D3_ReflectedSolicitationWithoutNonceIsALoopBack) {
  Test(kSlaveA, kAddress);
  OtherTests(kAddress, {}, kSharedMac);
  EXPECT_EQ(bed_.SlaveOf(kAddress), kSlaveA);
}

TEST_F(DuplicateDetectionTest, D3_NonceOfAnotherAddressIsNone) {
  Test(kSlaveA, "2001:db8:1::98", "nonce1");
  Test(kSlaveA, kAddress, "nonce2");
  OtherTests(kAddress, "nonce1");
  EXPECT_EQ(bed_.SlaveOf(kAddress), 0);
}

// A guest that bridges sends its sibling's solicitation again.
TEST_F(DuplicateDetectionTest, D3_SiblingThatSendsItAgainClaimsNothing) {
  Test(kSlaveA, kAddress, "nonce1");
  Test(kSlaveB, kAddress, "nonce1");
  EXPECT_EQ(bed_.Ignored(IgnoreReason::kLoopedBack), 1);
  bed_.Pass(absl::Seconds(3));
  EXPECT_EQ(bed_.SlaveOf(kAddress), kSlaveA);
  EXPECT_EQ(bed_.Said(EventKind::kAddressRefused, kAddress), 0);
}

TEST_F(DuplicateDetectionTest, D4_FailedAddressIsNotClaimedAgainForAWhile) {
  Test(kSlaveA, kAddress);
  OtherUses(kAddress);
  bed_.Pass(absl::Seconds(1));
  Test(kSlaveA, kAddress);
  EXPECT_EQ(bed_.SlaveOf(kAddress), 0);
  EXPECT_EQ(bed_.Said(EventKind::kAddressRefused, kAddress, Reason::kDuplicate), 1);
  // Another one is expected (RFC 7217 §6), and other slaves have nothing to do with it.
  Test(kSlaveA, "2001:db8:1::98");
  EXPECT_EQ(bed_.SlaveOf("2001:db8:1::98"), kSlaveA);
  bed_.Pass(AddressBook::kDuplicateHold);
  Test(kSlaveA, kAddress);
  EXPECT_EQ(bed_.SlaveOf(kAddress), kSlaveA);
}

TEST_F(DuplicateDetectionTest, D4_FailedAddressIsNotGuessedEither) {
  bed_.Dad(kSlaveA, "fe80::99");
  ASSERT_EQ(bed_.SlaveOf(kAddress), kSlaveA) << "guessed";
  Test(kSlaveA, kAddress);
  OtherUses(kAddress);
  bed_.Solicit(kSlaveA, "fe80::99", kRouter);
  bed_.Advertise(Prefix{.prefix = "2001:db8:2::/64"});
  EXPECT_EQ(bed_.SlaveOf(kAddress), 0);
  EXPECT_EQ(bed_.SlaveOf("2001:db8:2::99"), kSlaveA);
}

TEST_F(DuplicateDetectionTest, D4_FailedAddressesAreBounded) {
  for (size_t i = 0; i < AddressBook::kMaxDuplicates + 10; ++i) {
    const std::string address = "2001:db8:1::1:" + std::to_string(i % 9999);
    Test(kSlaveA, address);
    OtherUses(address);
  }
  EXPECT_EQ(bed_.learner().bindings().size(), 0);
  bed_.Pass(AddressBook::kDuplicateHold);
  EXPECT_TRUE(bed_.learner().NextDeadline().is_never());
}

TEST_F(DuplicateDetectionTest, D5_RaceHoldsBothUntilOneSpeaks) {
  Test(kSlaveA, kAddress, "nonce1");
  Test(kSlaveB, kAddress, "nonce2");
  EXPECT_EQ(bed_.SlaveOf(kAddress), kSlaveA);
  bed_.Pass(absl::Seconds(1));
  bed_.Solicit(kSlaveB, kAddress, kRouter);
  EXPECT_EQ(bed_.SlaveOf(kAddress), kSlaveB);
  const auto removed = bed_.Events(EventKind::kAddressRemoved);
  ASSERT_THAT(removed, SizeIs(1));
  EXPECT_EQ(removed[0].reason, Reason::kMoved);
  EXPECT_EQ(removed[0].other_ifindex, kSlaveB);
  bed_.Pass(absl::Seconds(3));
  EXPECT_EQ(bed_.SlaveOf(kAddress), kSlaveB);
}

TEST_F(DuplicateDetectionTest, D5_FirstSlaveThatSpeaksFirstKeeps) {
  Test(kSlaveA, kAddress, "nonce1");
  Test(kSlaveB, kAddress, "nonce2");
  bed_.NeighbourAdvertise(kSlaveA, kAddress);
  bed_.NeighbourAdvertise(kSlaveB, kAddress);
  bed_.Pass(absl::Seconds(3));
  EXPECT_EQ(bed_.SlaveOf(kAddress), kSlaveA);
}

// RFC 4862 §5.4.3: both give it up, and both may be told by the log.
TEST_F(DuplicateDetectionTest, D5_RaceThatNobodyWinsEndsTheAddress) {
  Test(kSlaveA, kAddress, "nonce1");
  Test(kSlaveB, kAddress, "nonce2");
  bed_.Pass(absl::Seconds(3));
  EXPECT_EQ(bed_.SlaveOf(kAddress), 0);
  EXPECT_EQ(bed_.Said(EventKind::kAddressRemoved, kAddress, Reason::kDuplicate), 1);
  EXPECT_EQ(bed_.Said(EventKind::kAddressRefused, kAddress, Reason::kDuplicate), 1);
}

// A sibling that tested nothing does not win by speaking (RFC 6620: an NA from a validating port is
// discarded while the address is tentative).
TEST_F(DuplicateDetectionTest, D5_SiblingThatOnlySpeaksIsRefused) {
  Test(kSlaveA, kAddress);
  bed_.NeighbourAdvertise(kSlaveB, kAddress);
  bed_.Pass(absl::Seconds(3));
  EXPECT_EQ(bed_.SlaveOf(kAddress), kSlaveA);
  EXPECT_EQ(bed_.Said(EventKind::kAddressRefused, kAddress, Reason::kHeldBySlave), 1);
}

TEST(DadWatchTest, AttemptsOfOneSlaveAreBounded) {
  DadWatch dads;
  const MonotonicTime now = MonotonicTime::SinceBoot(absl::Hours(1));
  const auto address = [](size_t i) { return Ip("2001:db8:1::1:" + std::to_string(i)); };
  for (size_t i = 0; i <= DadWatch::kMaxPerSlave; ++i) dads.Sent(kSlaveA, address(i), {}, now);
  EXPECT_FALSE(dads.IsTentative(kSlaveA, address(0), now)) << "the oldest is forgotten";
  EXPECT_TRUE(dads.IsTentative(kSlaveA, address(1), now));
  EXPECT_TRUE(dads.IsTentative(kSlaveA, address(DadWatch::kMaxPerSlave), now));
}

}  // namespace
}  // namespace l3sync::testing
