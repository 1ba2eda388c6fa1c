#include "learn/prefix_list.h"

#include "gtest/gtest.h"

#include "learner_bed.h"

// Rules L1 and L2: what of an RA is news.
namespace l3sync::testing {
namespace {

using Change = PrefixList::Change;

PrefixInformation Info(uint32_t valid, uint32_t preferred,
                       std::string_view prefix = "2001:db8:1::/64") {
  return {.prefix = Net(prefix),
          .on_link = true,
          .autonomous = true,
          .valid_sec = valid,
          .preferred_sec = preferred};
}

class PrefixListTest : public ::testing::Test {
 protected:
  Change Observe(uint32_t valid, uint32_t preferred) {
    return list.Observe(Info(valid, preferred), now);
  }
  MonotonicTime now = MonotonicTime::SinceBoot(absl::Hours(1));
  PrefixList list;
};

TEST_F(PrefixListTest, L2_RepeatedAdvertisementIsNoNews) {
  EXPECT_EQ(Observe(3200, 1600), Change::kNew);
  EXPECT_EQ(Observe(3200, 1600), Change::kNone);
  now = now + absl::Seconds(40);
  EXPECT_EQ(Observe(3200, 1600), Change::kNone);
  EXPECT_EQ(list.Of(Ip("2001:db8:1::1"))->valid_until, now + absl::Seconds(3200))
      << "who comes now gets all of it";
  now = now + absl::Seconds(61);  // a thirty-second of 3200 s is 100 s
  EXPECT_EQ(Observe(3200, 1600), Change::kLifetimes);
  EXPECT_EQ(Observe(3200, 1600), Change::kNone);
}

TEST_F(PrefixListTest, L2_RouterThatCountsDownSaysNoNews) {
  EXPECT_EQ(Observe(3200, 1600), Change::kNew);
  for (uint32_t passed = 100; passed < 1600; passed += 100) {
    now = now + absl::Seconds(100);
    EXPECT_EQ(Observe(3200 - passed - passed % 2, 1600 - passed), Change::kNone);
  }
}

TEST_F(PrefixListTest, L2_ShorterIsNews) {
  Observe(3200, 1600);
  EXPECT_EQ(Observe(3190, 1600), Change::kLifetimes);
  EXPECT_EQ(Observe(3190, 0), Change::kLifetimes);
  // Deprecated it stays, which is none.
  now = now + absl::Seconds(60);
  EXPECT_EQ(Observe(3190, 0), Change::kNone);
  EXPECT_EQ(Observe(3190, 1600), Change::kLifetimes);
}

TEST_F(PrefixListTest, L2_InfiniteStaysInfinite) {
  EXPECT_EQ(Observe(kInfiniteLifetimeSec, kInfiniteLifetimeSec), Change::kNew);
  now = now + absl::Hours(1);
  EXPECT_EQ(Observe(kInfiniteLifetimeSec, kInfiniteLifetimeSec), Change::kNone);
  EXPECT_EQ(Observe(86400, 86400), Change::kLifetimes);
  EXPECT_EQ(Observe(kInfiniteLifetimeSec, 86400), Change::kLifetimes);
}

TEST_F(PrefixListTest, L1_WithdrawnPrefixIsNewWhenItComesBack) {
  Observe(3200, 1600);
  EXPECT_EQ(Observe(0, 0), Change::kLifetimes);
  EXPECT_EQ(list.Of(Ip("2001:db8:1::1")), nullptr);
  EXPECT_EQ(Observe(3200, 1600), Change::kNew);
}

TEST_F(PrefixListTest, L1_OnlyPrefixesThatMakeAddressesCount) {
  EXPECT_EQ(list.Observe(Info(3200, 1600, "2001:db8:1::/63"), now), Change::kNotAutonomous);
  EXPECT_EQ(list.Observe(Info(1600, 3200), now), Change::kNotAutonomous);
  EXPECT_EQ(list.ObserveKernel(Net("fe80::/64"), now), Change::kNotAutonomous);
  EXPECT_EQ(list.ObserveKernel(Net("192.0.2.0/24"), now), Change::kNotAutonomous);
}

TEST_F(PrefixListTest, L3_WordOfTheRouterReplacesThatOfTheKernel) {
  EXPECT_EQ(list.ObserveKernel(Net("2001:db8:1::/64"), now), Change::kNew);
  EXPECT_EQ(list.ObserveKernel(Net("2001:db8:1::/64"), now), Change::kLifetimes);
  EXPECT_EQ(Observe(300, 300), Change::kLifetimes);
  EXPECT_EQ(list.ObserveKernel(Net("2001:db8:1::/64"), now), Change::kNone);
}

TEST_F(PrefixListTest, PrefixesAreBounded) {
  for (size_t i = 0; i < PrefixList::kMax; ++i) {
    const std::string prefix = "2001:db8:" + std::to_string(i) + "::/64";
    EXPECT_EQ(list.Observe(Info(60, 60, prefix), now), Change::kNew);
  }
  EXPECT_EQ(list.Observe(Info(60, 60, "2001:db8:ffff::/64"), now), Change::kFull);
  EXPECT_EQ(list.ObserveKernel(Net("2001:db8:ffff::/64"), now), Change::kFull);
  list.Expire(now + absl::Seconds(60));
  EXPECT_TRUE(list.All().empty());
  EXPECT_EQ(list.Observe(Info(60, 60, "2001:db8:ffff::/64"), now), Change::kNew);
}

}  // namespace
}  // namespace l3sync::testing
