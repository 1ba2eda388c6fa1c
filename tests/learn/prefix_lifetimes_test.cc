#include <linux/rtnetlink.h>

#include <variant>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "learner_bed.h"

// What a router's lifetimes make of the addresses of its prefixes: rules L1, L2, L3, L5.
namespace l3sync::testing {
namespace {

constexpr std::string_view kAddress = "2001:db8:1::99";

TEST(PrefixLifetimesTest, L1_PrefixesThatSlaacDoesNotUseAreIgnored) {
  for (const Prefix& prefix :
       {Prefix{.autonomous = false}, Prefix{.prefix = "fe80::/64"}, Prefix{.prefix = "ff05::/64"},
        Prefix{.prefix = "2001:db8:1::/63"}, Prefix{.prefix = "2001:db8:1::/65"},
        Prefix{.valid = 100, .preferred = 101}}) {
    LearnerBed bed;
    bed.Dad(kSlaveA, "fe80::1234");
    bed.Advertise(prefix);
    EXPECT_EQ(bed.Ignored(IgnoreReason::kPrefixNotAutonomous), 1) << prefix.prefix;
    EXPECT_EQ(bed.learner().bindings().size(), 1) << prefix.prefix;
  }
}

TEST(PrefixLifetimesTest, L1_ValidZeroCreatesNothing) {
  LearnerBed bed;
  bed.Dad(kSlaveA, "fe80::1234");
  bed.Advertise(Prefix{.valid = 0, .preferred = 0});
  bed.Dad(kSlaveA, kAddress);
  EXPECT_EQ(bed.learner().bindings().size(), 1);
}

// RFC 4862 §5.5.3 e: (advertised, rest before) → rest after.
TEST(PrefixLifetimesTest, L2_TwoHourRule) {
  constexpr uint32_t kHour = 3600, kMinute = 60;
  struct Case {
    uint32_t advertised, rest, expected;
  };
  for (const Case& c : std::vector<Case>{
           {3 * kHour, 1 * kHour, 3 * kHour},          // more than two hours
           {1 * kHour, 30 * kMinute, 1 * kHour},       // more than the rest
           {30 * kMinute, 1 * kHour, 1 * kHour},       // less, with two hours or less to go
           {0, 3 * kHour, 2 * kHour},                  // less, with more to go
           {0, 1 * kHour, 1 * kHour},                  //
           {1 * kHour, 3 * kHour, 2 * kHour},          //
           {2 * kHour, 2 * kHour, 2 * kHour},          //
           {kInfiniteLifetimeSec, kHour, 24 * kHour},  // the kernel's day, moved on by and by
           {0, kInfiniteLifetimeSec, 2 * kHour}}) {
    LearnerBed bed;
    bed.Advertise(Prefix{.valid = c.rest, .preferred = 0});
    bed.Dad(kSlaveA, kAddress);
    bed.Advertise(Prefix{.valid = c.advertised, .preferred = 0});
    EXPECT_EQ(bed.KernelRestOf(kAddress), absl::Seconds(c.expected))
        << c.advertised << " with a rest of " << c.rest;
  }
}

TEST(PrefixLifetimesTest, L2_PreferredIsAlwaysAsAdvertised) {
  LearnerBed bed;
  bed.Advertise(Prefix{.valid = 7000, .preferred = 7000});
  bed.Dad(kSlaveA, kAddress);
  bed.Advertise(Prefix{.valid = 60, .preferred = 30});
  EXPECT_EQ(bed.BindingOf(kAddress)->valid_until - bed.now(), absl::Seconds(7000));
  EXPECT_EQ(bed.BindingOf(kAddress)->preferred_until - bed.now(), absl::Seconds(30));
}

TEST(PrefixLifetimesTest, L2_AdvertisementIsNoEvidenceOfTheGuest) {
  LearnerBed bed;
  bed.Advertise(Prefix{});
  bed.Dad(kSlaveA, kAddress);
  const MonotonicTime seen = bed.now();
  bed.Pass(absl::Minutes(10));
  bed.Advertise(Prefix{});
  EXPECT_EQ(bed.BindingOf(kAddress)->last_evidence, seen);
}

// An RA comes every few minutes and moves the end by as much: the kernel need not hear of each.
TEST(PrefixLifetimesTest, L2_RefreshesAreFewAndNeverLate) {
  LearnerBed bed;
  bed.Advertise(Prefix{.valid = 1800, .preferred = 1800});
  bed.Dad(kSlaveA, kAddress);
  for (int i = 0; i < 600; ++i) {
    bed.Pass(absl::Seconds(10));
    bed.Advertise(Prefix{.valid = 1800, .preferred = 1800});
    ASSERT_GE(bed.KernelRestOf(kAddress), absl::Seconds(1800) * 15 / 16 - absl::Seconds(10));
  }
  EXPECT_LE(bed.CountOf(CommandKind::kPutAddress), 70);
}

TEST(PrefixLifetimesTest, L3_BeforeTheFirstAdvertisementTheHostsRoutesCount) {
  LearnerBed bed;
  RouteRecord route;
  route.destination = Net("2001:db8:1::/64");
  route.ifindex = kParent;
  route.table = RT_TABLE_MAIN;
  route.type = RTN_UNICAST;
  bed.Dad(kSlaveA, kAddress);
  EXPECT_EQ(bed.WantedOn(kAddress), 0);
  bed.PollWith({route});
  EXPECT_EQ(bed.SlaveOf(kAddress), kSlaveA);
  EXPECT_EQ(bed.KernelRestOf(kAddress), absl::Minutes(5));
  // As long as the host keeps the route.
  for (int i = 0; i < 20; ++i) {
    bed.Pass(absl::Minutes(1));
    bed.PollWith({route});
  }
  EXPECT_EQ(bed.SlaveOf(kAddress), kSlaveA);
  // The router's word replaces the guess.
  bed.Advertise(Prefix{});
  EXPECT_EQ(bed.KernelRestOf(kAddress), absl::Seconds(86400));
  bed.PollWith({route});
  EXPECT_EQ(bed.KernelRestOf(kAddress), absl::Seconds(86400));
  bed.Dad(kSlaveB, "2001:db8:1::98");
  EXPECT_EQ(bed.KernelRestOf("2001:db8:1::98"), absl::Seconds(86400));
}

TEST(PrefixLifetimesTest, L3_RoutesThatAreNoSlaacPrefixDoNotCount) {
  LearnerBed bed;
  for (const auto* destination : {"2001:db8::/48", "fe80::/64", "192.0.2.0/24", "ff00::/64"}) {
    RouteRecord route;
    route.destination = Net(destination);
    route.ifindex = kParent;
    route.type = RTN_UNICAST;
    bed.PollWith({route});
  }
  RouteRecord other;
  other.destination = Net("2001:db8:1::/64");
  other.ifindex = 77;
  other.type = RTN_UNICAST;
  bed.PollWith({other});
  bed.Dad(kSlaveA, kAddress);
  EXPECT_EQ(bed.WantedOn(kAddress), 0);
}

TEST(PrefixLifetimesTest, L5_DeprecatedAddressStays) {
  LearnerBed bed;
  bed.Advertise(Prefix{.valid = 600, .preferred = 600});
  bed.Dad(kSlaveA, kAddress);
  bed.Advertise(Prefix{.valid = 600, .preferred = 0});
  bed.Pass(absl::Seconds(599));
  EXPECT_EQ(bed.SlaveOf(kAddress), kSlaveA);
}

TEST(PrefixLifetimesTest, L5_EndOfTheValidLifetimeRemoves) {
  LearnerBed bed;
  bed.Advertise(Prefix{.valid = 600, .preferred = 600});
  bed.Dad(kSlaveA, kAddress);
  bed.Pass(absl::Seconds(600));
  EXPECT_EQ(bed.SlaveOf(kAddress), 0);
  EXPECT_EQ(bed.Said(EventKind::kAddressRemoved, kAddress, Reason::kExpired), 1);
  // The prefix went with it.
  bed.Dad(kSlaveA, kAddress);
  EXPECT_EQ(bed.WantedOn(kAddress), 0);
}

TEST(PrefixLifetimesTest, L2_AdoptedAddressFollowsItsPrefix) {
  LearnerBed bed({.has_slaves = false});
  bed.kernel().PutOwn(kSlaveA, Ip(kAddress), 100, bed.now());
  bed.SlaveAppears(kSlaveA);
  bed.Advertise(Prefix{.valid = 7200, .preferred = 7200});
  EXPECT_EQ(bed.KernelRestOf(kAddress), absl::Seconds(7200));
  EXPECT_EQ(bed.BindingOf(kAddress)->origin, Origin::kSlaac);
}

// RFC 4861 §6.3.4: it says that the router is no default router, nothing of its prefixes.
TEST(PrefixLifetimesTest, RouterLifetimeIsNotThatOfItsPrefixes) {
  LearnerBed bed;
  Heard advertisement = FromRouter({.prefixes = {Prefix{}}});
  std::get<NdMessage>(advertisement.frame.message).router_lifetime_sec = 0;
  bed.Hear(kParent, FrameSide::kReceived, advertisement);
  bed.Dad(kSlaveA, kAddress);
  EXPECT_EQ(bed.SlaveOf(kAddress), kSlaveA);
  EXPECT_EQ(bed.KernelRestOf(kAddress), absl::Seconds(86400));
}

TEST(PrefixLifetimesTest, L2_WithdrawalEndsNoOtherRoutersPrefix) {
  constexpr std::string_view kOther = "2001:db8:2::99";
  LearnerBed bed;
  bed.Advertise({.prefixes = {Prefix{}}});
  bed.Advertise({.prefixes = {Prefix{.prefix = "2001:db8:2::/64"}}, .source = "fe80::2"});
  bed.Dad(kSlaveA, kAddress);
  bed.Dad(kSlaveA, kOther);
  bed.Advertise({.prefixes = {Prefix{.prefix = "2001:db8:2::/64", .valid = 0, .preferred = 0}},
                 .source = "fe80::2"});
  EXPECT_EQ(bed.KernelRestOf(kAddress), absl::Seconds(86400));
  EXPECT_EQ(bed.KernelRestOf(kOther), absl::Hours(2));
  bed.Pass(absl::Hours(2));
  EXPECT_EQ(bed.SlaveOf(kAddress), kSlaveA);
  EXPECT_EQ(bed.SlaveOf(kOther), 0);
}

TEST(PrefixLifetimesTest, L2_PrefixThatComesBackGivesItsAddressesTheirLifetimeAgain) {
  LearnerBed bed;
  bed.Advertise(Prefix{});
  bed.Dad(kSlaveA, kAddress);
  for (int i = 0; i < 3; ++i) {
    bed.Advertise(Prefix{.valid = 0, .preferred = 0});
    EXPECT_EQ(bed.KernelRestOf(kAddress), absl::Hours(2));
    bed.Dad(kSlaveB, "2001:db8:1::98");
    EXPECT_EQ(bed.WantedOn("2001:db8:1::98"), 0) << "of a withdrawn prefix nothing new is made";
    bed.Advertise(Prefix{});
    EXPECT_EQ(bed.KernelRestOf(kAddress), absl::Seconds(86400));
    EXPECT_EQ(bed.WantedOn("2001:db8:1::98"), kSlaveB);
    bed.SlaveGone(kSlaveB);
    bed.SlaveAppears(kSlaveB);
  }
}

TEST(PrefixLifetimesTest, SeveralPrefixesInOneAdvertisement) {
  LearnerBed bed;
  bed.Dad(kSlaveA, "fe80::1234");
  bed.Advertise(
      {.prefixes = {Prefix{}, Prefix{.prefix = "2001:db8:2::/64", .valid = 600, .preferred = 600},
                    Prefix{.prefix = "2001:db8:3::/64", .autonomous = false}}});
  EXPECT_EQ(bed.KernelRestOf("2001:db8:1::1234"), absl::Seconds(86400));
  EXPECT_EQ(bed.KernelRestOf("2001:db8:2::1234"), absl::Seconds(600));
  EXPECT_EQ(bed.WantedOn("2001:db8:3::1234"), 0);
}

// One pass over what changed, not one for each slave and address.
TEST(PrefixLifetimesTest, AdvertisementThatRepeatsTheLastOneLooksAtNoAddress) {
  constexpr int kGuests = 500;
  const std::vector<Prefix> prefixes = {Prefix{}, Prefix{.prefix = "2001:db8:2::/64"}};
  LearnerBed bed({.has_slaves = false});
  bed.Advertise({.prefixes = prefixes});
  for (int i = 0; i < kGuests; ++i) {
    bed.SlaveAppears(100 + i);
    bed.Dad(100 + i, "fe80::1:" + std::to_string(i));
  }
  ASSERT_EQ(bed.learner().bindings().size(), 3 * kGuests);
  const size_t puts = bed.CountOf(CommandKind::kPutAddress);
  const uint64_t before = bed.learner().prefixes().bindings_visited();
  for (int i = 0; i < 100; ++i) {
    bed.Pass(absl::Seconds(4));  // all of them less than a thirty-second of 14400 s
    bed.Advertise({.prefixes = prefixes});
  }
  EXPECT_EQ(bed.learner().prefixes().bindings_visited(), before);
  EXPECT_EQ(bed.CountOf(CommandKind::kPutAddress), puts);
  // One prefix changes: its addresses only.
  bed.Advertise({.prefixes = {prefixes[0], Prefix{.prefix = "2001:db8:2::/64", .preferred = 0}}});
  EXPECT_EQ(bed.learner().prefixes().bindings_visited(), before + kGuests);
}

TEST(PrefixLifetimesTest, PrefixesOfOneLinkAreBounded) {
  LearnerBed bed;
  for (size_t i = 0; i < PrefixList::kMax + 5; ++i) {
    bed.Advertise(Prefix{.prefix = "2001:db8:" + std::to_string(i) + "::/64"});
  }
  EXPECT_EQ(bed.Ignored(IgnoreReason::kPrefixesFull), 5);
}

}  // namespace
}  // namespace l3sync::testing
