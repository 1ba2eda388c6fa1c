#include "learn/nd_learner.h"

#include <algorithm>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "learner_bed.h"

// Which addresses a guest's neighbour discovery claims: rules N4, N5, F11.
namespace l3sync::testing {
namespace {

using ::testing::SizeIs;

TEST(NdLearnerTest, N4_LinkLocalIsLearnedFromDad) {
  LearnerBed bed;
  bed.Dad(kSlaveA, "fe80::1234");
  EXPECT_EQ(bed.SlaveOf("fe80::1234"), kSlaveA);
  EXPECT_EQ(bed.BindingOf("fe80::1234")->origin, Origin::kLinkLocal);
}

// Before the answer, which needs it.
TEST(NdLearnerTest, N4_LinkLocalIsLearnedFromTheRouterSolicitation) {
  LearnerBed bed;
  bed.RouterSolicit(kSlaveA, "fe80::1234");
  EXPECT_EQ(bed.SlaveOf("fe80::1234"), kSlaveA);
}

TEST(NdLearnerTest, N4_LinkLocalIsLearnedFromTheSourceOfASolicitation) {
  LearnerBed bed;
  bed.Solicit(kSlaveA, "fe80::1234", "fe80::1");
  EXPECT_EQ(bed.SlaveOf("fe80::1234"), kSlaveA);
  EXPECT_EQ(bed.WantedOn("fe80::1"), 0) << "the target is somebody else";
}

TEST(NdLearnerTest, N4_LinkLocalIsLearnedFromAnAdvertisement) {
  LearnerBed bed;
  bed.NeighbourAdvertise(kSlaveA, "fe80::1234");
  EXPECT_EQ(bed.SlaveOf("fe80::1234"), kSlaveA);
}

TEST(NdLearnerTest, N4_AddressOfASiblingIsNotTaken) {
  LearnerBed bed;
  bed.Dad(kSlaveA, "fe80::1234");
  bed.Solicit(kSlaveA, "fe80::1234", kRouter);
  bed.Dad(kSlaveB, "fe80::1234");
  bed.NeighbourAdvertise(kSlaveB, "fe80::1234");
  EXPECT_EQ(bed.SlaveOf("fe80::1234"), kSlaveA);
  EXPECT_EQ(bed.Ignored(IgnoreReason::kClaimOfSibling), 2);
  EXPECT_EQ(bed.Said(EventKind::kAddressRefused, "fe80::1234", Reason::kHeldBySlave), 1);
}

// Two guests claim at once: both looks are on the way, and the first that is answered has it (T2).
TEST(NdLearnerTest, T2_FirstComeFirstServedWhileLooksAreOnTheWay) {
  LearnerBed bed;
  bed.Hold();
  bed.Dad(kSlaveA, "fe80::1234");
  bed.Dad(kSlaveB, "fe80::1234");
  bed.Resume();
  EXPECT_EQ(bed.SlaveOf("fe80::1234"), kSlaveA);
}

// With default sysctls the host's kernel sends DAD and RS on the slave a second before its own
// RTM_NEWADDR; the address is in its table all the same.
TEST(NdLearnerTest, N4_KernelsOwnLinkLocalIsNeverLearned) {
  LearnerBed bed;
  bed.Advertise(Prefix{});
  bed.kernel().lose_notifications = 1;
  bed.kernel().PutForeign(kSlaveA, Net("fe80::aaaa/64"));
  bed.Dad(kSlaveA, "fe80::aaaa");
  EXPECT_EQ(bed.WantedOn("fe80::aaaa"), 0);
  EXPECT_EQ(bed.Ignored(IgnoreReason::kClaimOfKernel), 1);
  bed.RouterSolicit(kSlaveA, "fe80::aaaa");
  bed.Advertise(Prefix{.prefix = "2001:db8:2::/64"});
  EXPECT_EQ(bed.learner().bindings().size(), 0) << "nor its identifier combined";
  // The guest behind the same slave is another one.
  bed.Dad(kSlaveA, "fe80::1234");
  EXPECT_EQ(bed.SlaveOf("fe80::1234"), kSlaveA);
}

// A look that was asked for before the claim may have passed the address already.
TEST(NdLearnerTest, N4_ClaimWaitsForALookThatBeganAfterIt) {
  LearnerBed bed;
  bed.Hold();
  bed.Dad(kSlaveA, "fe80::1234");
  ASSERT_EQ(bed.queued(), 1);
  bed.Dad(kSlaveA, "fe80::aaaa");  // the kernel's, while the look of the other one is on its way
  bed.ExecuteOne();
  EXPECT_EQ(bed.WantedOn("fe80::1234"), kSlaveA);
  EXPECT_EQ(bed.WantedOn("fe80::aaaa"), 0);
  bed.kernel().lose_notifications = 1;
  bed.kernel().PutForeign(kSlaveA, Net("fe80::aaaa/64"));
  bed.Resume();
  EXPECT_EQ(bed.SlaveOf("fe80::1234"), kSlaveA);
  EXPECT_EQ(bed.WantedOn("fe80::aaaa"), 0);
}

TEST(NdLearnerTest, N4_MessagesWithoutAnAddressAreIgnored) {
  LearnerBed bed;
  bed.RouterSolicit(kSlaveA, "::");
  EXPECT_EQ(bed.Ignored(IgnoreReason::kNoClaim), 1);
  EXPECT_EQ(bed.CountOf(CommandKind::kDumpAddresses), 3) << "those of the start";
}

TEST(NdLearnerTest, N4_NeighboursOnTheNetworkClaimNothing) {
  LearnerBed bed;
  Heard na = FromNeighbour(
      {.type = NdType::kNeighbourAdvertisement, .source = "fe80::77", .target = "fe80::77"});
  na.frame.source_mac = kRouterMac;
  bed.Hear(kParent, FrameSide::kReceived, na);
  EXPECT_EQ(bed.learner().bindings().size(), 0);
}

TEST(NdLearnerTest, N5_ClaimInsideAPrefixIsLearned) {
  LearnerBed bed;
  bed.Advertise(Prefix{});
  bed.Dad(kSlaveA, "2001:db8:1::99");
  EXPECT_EQ(bed.SlaveOf("2001:db8:1::99"), kSlaveA);
  EXPECT_EQ(bed.BindingOf("2001:db8:1::99")->origin, Origin::kSlaac);
  EXPECT_EQ(bed.KernelRestOf("2001:db8:1::99"), absl::Seconds(86400));
}

TEST(NdLearnerTest, N5_ClaimOutsideWaitsForItsAdvertisement) {
  LearnerBed bed;
  bed.Dad(kSlaveA, "2001:db8:1::99");
  bed.Dad(kSlaveA, "2001:db8:2::99");
  EXPECT_EQ(bed.Ignored(IgnoreReason::kClaimOutsidePrefix), 2);
  EXPECT_EQ(bed.learner().bindings().size(), 0);
  bed.Pass(absl::Minutes(5));
  bed.Advertise(Prefix{});
  EXPECT_EQ(bed.SlaveOf("2001:db8:1::99"), kSlaveA);
  EXPECT_EQ(bed.WantedOn("2001:db8:2::99"), 0);
  bed.Pass(NdClaims::kLifetime);
  bed.Advertise(Prefix{.prefix = "2001:db8:2::/64"});
  EXPECT_EQ(bed.WantedOn("2001:db8:2::99"), 0) << "too long ago";
}

TEST(NdLearnerTest, AdvertisementIsCombinedWithLinkLocalIdentifiers) {
  LearnerBed bed;
  bed.Dad(kSlaveA, "fe80::1234");
  bed.Dad(kSlaveB, "fe80::5678");
  bed.Advertise(Prefix{});
  EXPECT_EQ(bed.SlaveOf("2001:db8:1::1234"), kSlaveA);
  EXPECT_EQ(bed.SlaveOf("2001:db8:1::5678"), kSlaveB);
  // And a guest that comes later.
  bed.Dad(kSlaveC, "fe80::9abc");
  EXPECT_EQ(bed.SlaveOf("2001:db8:1::9abc"), kSlaveC);
}

// Adoption is no reason to know less.
TEST(NdLearnerTest, K6_AdoptedLinkLocalIsCombined) {
  LearnerBed bed({.has_slaves = false});
  bed.Advertise(Prefix{});
  bed.kernel().PutOwn(kSlaveA, Ip("fe80::1234"), 80000, bed.now());
  bed.SlaveAppears(kSlaveA);
  EXPECT_EQ(bed.SlaveOf("2001:db8:1::1234"), kSlaveA);
}

TEST(NdLearnerTest, CombinationThatMayNotBeIsNotSaid) {
  LearnerBed bed;
  bed.HostGains("2001:db8:1::1234/64");
  bed.Dad(kSlaveA, "fe80::1234");
  bed.Advertise(Prefix{});
  EXPECT_EQ(bed.WantedOn("2001:db8:1::1234"), 0);
  EXPECT_THAT(bed.Events(EventKind::kAddressRefused), SizeIs(0));
}

std::string SharedEui64(std::string_view prefix) {
  return CombineWithIdentifier(Net(prefix), Eui64Identifier(kSharedMac)).ToString();
}

TEST(NdLearnerTest, F11_Eui64OfTheSharedMacIsRefused) {
  LearnerBed bed;
  bed.Advertise(Prefix{});
  bed.Dad(kSlaveA, SharedEui64("fe80::/64"));
  bed.Dad(kSlaveA, SharedEui64("2001:db8:1::/64"));
  EXPECT_EQ(bed.learner().bindings().size(), 0);
  EXPECT_EQ(bed.Said(EventKind::kAddressRefused, SharedEui64("fe80::/64"), Reason::kSharedEui64),
            1);
}

TEST(NdLearnerTest, F11_Eui64OfTheSharedMacIsTheFirstGuestsIfAllowed) {
  PolicyOptions policy;
  policy.eui64 = Eui64Policy::kFirst;
  LearnerBed bed({.policy = policy});
  bed.Advertise(Prefix{});
  bed.Dad(kSlaveA, SharedEui64("fe80::/64"));
  bed.Dad(kSlaveB, SharedEui64("fe80::/64"));
  EXPECT_EQ(bed.SlaveOf(SharedEui64("fe80::/64")), kSlaveA);
  EXPECT_EQ(bed.SlaveOf(SharedEui64("2001:db8:1::/64")), kSlaveA);
}

TEST(NdLearnerTest, L4_LongestSilentAddressIsEvicted) {
  LearnerBed bed;
  bed.Advertise(Prefix{});
  bed.Lease(kSlaveA, 7, "192.0.2.10");
  const auto address = [](size_t i) { return "2001:db8:1::1:" + std::to_string(i); };
  for (size_t i = 0; i < BindingTable::kMaxPerSlave - 1; ++i) {
    bed.Dad(kSlaveA, address(i));
    bed.Pass(absl::Milliseconds(10));
  }
  bed.Solicit(kSlaveA, address(0), "fe80::1");  // still in use
  bed.Dad(kSlaveA, address(1000));
  EXPECT_EQ(bed.learner().bindings().CountOf(kSlaveA), BindingTable::kMaxPerSlave);
  EXPECT_EQ(bed.SlaveOf(address(1000)), kSlaveA);
  EXPECT_EQ(bed.SlaveOf(address(0)), kSlaveA);
  EXPECT_EQ(bed.SlaveOf(address(1)), 0);
  EXPECT_EQ(bed.Said(EventKind::kAddressRemoved, address(1), Reason::kEvicted), 1);
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), kSlaveA) << "a lease is not the guest's own making";
}

TEST(NdLearnerTest, L4_DeprecatedAddressIsEvictedFirst) {
  LearnerBed bed;
  bed.Advertise(Prefix{.prefix = "2001:db8:2::/64"});
  bed.Advertise(Prefix{});
  const auto address = [](size_t i) { return "2001:db8:1::1:" + std::to_string(i); };
  for (size_t i = 0; i < BindingTable::kMaxPerSlave - 1; ++i) bed.Dad(kSlaveA, address(i));
  bed.Pass(absl::Minutes(1));
  bed.Dad(kSlaveA, "2001:db8:2::1");
  bed.Advertise(Prefix{.prefix = "2001:db8:2::/64", .preferred = 0});
  bed.Dad(kSlaveA, address(1000));
  EXPECT_EQ(bed.SlaveOf("2001:db8:2::1"), 0) << "although it spoke last";
  EXPECT_EQ(bed.SlaveOf(address(0)), kSlaveA);
  EXPECT_EQ(bed.SlaveOf(address(1000)), kSlaveA);
}

TEST(NdLearnerTest, L4_TenTemporaryAddressesOfEachPrefixLiveAtOnce) {
  LearnerBed bed;
  const std::vector<std::string> prefixes = {"2001:db8:1:", "2001:db8:2:", "2001:db8:3:"};
  for (const std::string& prefix : prefixes) bed.Advertise(Prefix{.prefix = prefix + ":/64"});
  bed.Dad(kSlaveA, "fe80::1234");
  for (int day = 0; day < 10; ++day) {
    for (const std::string& prefix : prefixes) {
      bed.Dad(kSlaveA, prefix + "0:aaaa:bbbb:cccc:" + std::to_string(day));
    }
    bed.Pass(absl::Hours(17));
    for (const std::string& prefix : prefixes) bed.Advertise(Prefix{.prefix = prefix + ":/64"});
  }
  for (int day = 0; day < 10; ++day) {
    for (const std::string& prefix : prefixes) {
      EXPECT_EQ(bed.SlaveOf(prefix + "0:aaaa:bbbb:cccc:" + std::to_string(day)), kSlaveA) << day;
    }
  }
  EXPECT_EQ(bed.Said(EventKind::kAddressRemoved, "fe80::1234"), 0);
}

// RFC 9131 §6.1.2: to all routers, as soon as the address is there.
TEST(NdLearnerTest, N4_UnsolicitedAdvertisementToAllRoutersIsAClaim) {
  LearnerBed bed;
  bed.Advertise(Prefix{});
  Heard na = FromNeighbour({.type = NdType::kNeighbourAdvertisement,
                            .source = "2001:db8:1::99",
                            .target = "2001:db8:1::99"});
  na.frame.destination = Ip("ff02::2");
  bed.Hear(kSlaveA, FrameSide::kSent, na);
  EXPECT_EQ(bed.SlaveOf("2001:db8:1::99"), kSlaveA);
}

TEST(NdLearnerTest, N4_AdvertisedTargetThatIsReservedIsNotLearned) {
  LearnerBed bed;
  bed.Advertise(Prefix{});
  bed.HostGains("2001:db8:1::5/64");
  bed.NeighbourAdvertise(kSlaveA, kRouter);
  bed.NeighbourAdvertise(kSlaveA, "2001:db8:1::5");
  EXPECT_EQ(bed.learner().bindings().size(), 0);
  EXPECT_EQ(bed.Said(EventKind::kAddressRefused, kRouter, Reason::kNextHop), 1);
  EXPECT_EQ(bed.Said(EventKind::kAddressRefused, "2001:db8:1::5", Reason::kHostAddress), 1);
}

// RFC 4429 §3.3: the guest uses it while its duplicate detection goes on, and says so with O=0.
TEST(NdLearnerTest, D1_FirstSolicitationOfAnOptimisticGuestIsEnough) {
  LearnerBed bed;
  bed.Advertise(Prefix{});
  bed.Dad(kSlaveA, "2001:db8:1::99");
  EXPECT_EQ(bed.SlaveOf("2001:db8:1::99"), kSlaveA);
  Heard na = FromNeighbour({.type = NdType::kNeighbourAdvertisement,
                            .source = "2001:db8:1::99",
                            .target = "2001:db8:1::99"});
  std::get<NdMessage>(na.frame.message).override_flag = false;
  bed.Hear(kSlaveA, FrameSide::kSent, na);
  EXPECT_EQ(bed.SlaveOf("2001:db8:1::99"), kSlaveA);
  EXPECT_EQ(bed.CountOf(CommandKind::kPutAddress), 1);
}

TEST(NdLearnerTest, L4_AdoptedLeaseIsNotEvictedByNeighbourDiscovery) {
  LearnerBed bed({.has_slaves = false});
  bed.kernel().PutOwn(kSlaveA, Ip("192.0.2.10"), 7200, bed.now());
  bed.SlaveAppears(kSlaveA);
  bed.Advertise(Prefix{});
  for (int i = 0; i < 100; ++i) {
    bed.Pass(absl::Milliseconds(10));
    bed.Dad(kSlaveA, "2001:db8:1::1:" + std::to_string(i));
  }
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), kSlaveA);
}

// The table is full of one guest's addresses: others get their four all the same, and a lease too.
TEST(NdLearnerTest, T3_FullTableKeepsPlacesForEachSlave) {
  LearnerBed bed({.max_bindings = 12});
  bed.Advertise(Prefix{});
  const auto address = [](char of, int i) {
    return "2001:db8:1::" + std::string(1, of) + ":" + std::to_string(i);
  };
  for (int i = 0; i < 12; ++i) {
    bed.Pass(absl::Milliseconds(10));
    bed.Dad(kSlaveA, address('a', i));
  }
  for (int i = 0; i < 6; ++i) {
    bed.Pass(absl::Milliseconds(10));
    bed.Dad(kSlaveB, address('b', i));
    EXPECT_EQ(bed.SlaveOf(address('b', i)), kSlaveB);
  }
  EXPECT_EQ(bed.learner().bindings().CountOf(kSlaveB), BindingTable::kReservedPerSlave);
  EXPECT_EQ(bed.WantedOn(address('b', 0)), 0) << "its fifth takes none of another slave's";
  bed.Lease(kSlaveC, 7, "192.0.2.10");
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), kSlaveC);
  EXPECT_EQ(bed.learner().bindings().size(), 12);
  for (int i = 0; i < 12; ++i) {
    EXPECT_EQ(bed.SlaveOf(address('a', i)), i < 7 ? kSlaveA : 0) << "the newest went";
  }
  EXPECT_EQ(bed.Said(EventKind::kAddressRemoved, address('a', 11), Reason::kEvicted), 1);
}

// A guest that forms as many addresses as it may keeps itself from no lease (rule T2).
TEST(NdLearnerTest, T3_LeaseTakesThePlaceOfTheLongestSilentAddress) {
  LearnerBed bed;
  bed.Advertise(Prefix{});
  const auto address = [](size_t i) { return "2001:db8:1::1:" + std::to_string(i); };
  for (size_t i = 0; i < BindingTable::kMaxPerSlave; ++i) {
    bed.Pass(absl::Milliseconds(10));
    bed.Dad(kSlaveA, address(i));
  }
  bed.Lease(kSlaveA, 7, "192.0.2.10");
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), kSlaveA);
  EXPECT_EQ(bed.SlaveOf(address(0)), 0);
  EXPECT_EQ(bed.SlaveOf(address(1)), kSlaveA);
}

// A guess takes no room from what a guest claims.
TEST(NdLearnerTest, CombinationsTakeHalfTheRoomAtMost) {
  LearnerBed bed;
  for (int i = 0; i < 10; ++i) bed.Dad(kSlaveA, "fe80::1:" + std::to_string(i));
  for (int i = 0; i < 30; ++i) {
    bed.Advertise(Prefix{.prefix = "2001:db8:" + std::to_string(i) + "::/64"});
  }
  EXPECT_EQ(bed.learner().bindings().CountOf(kSlaveA), BindingTable::kMaxPerSlave / 2);
}

TEST(NdLearnerTest, ClaimsThatWaitAreBounded) {
  LearnerBed bed;
  for (int i = 0; i < 100; ++i) bed.Dad(kSlaveA, "2001:db8:1::1:" + std::to_string(i));
  EXPECT_EQ(bed.Ignored(IgnoreReason::kClaimsFull), 100 - NdClaims::kMaxPerSlave);
  bed.Dad(kSlaveB, "2001:db8:1::2");
  bed.Advertise(Prefix{});
  EXPECT_EQ(bed.learner().bindings().CountOf(kSlaveA), NdClaims::kMaxPerSlave);
  EXPECT_EQ(bed.SlaveOf("2001:db8:1::2"), kSlaveB);
}

}  // namespace
}  // namespace l3sync::testing
