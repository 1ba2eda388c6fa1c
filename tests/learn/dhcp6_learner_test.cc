#include "learn/dhcp6_learner.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "dhcp6_bed.h"

// What a Reply binds, and when it goes: rules S6-1 to S6-9, T3, T5, T7.
namespace l3sync::testing {
namespace {

using ::testing::SizeIs;

const std::vector<Association6> kOne = Ia({{}});

TEST(Dhcp6LearnerTest, S6_2_ReplyToRequestBindsWithItsLifetimes) {
  Dhcp6Bed bed;
  bed.Say6(kSlaveA, Dhcp6Type::kRequest, {.associations = kOne});
  bed.Pass(absl::Seconds(2));
  bed.Answer6(Dhcp6Type::kReply, {.associations = kOne});
  const Binding* lease = bed.BindingOf(kGuest6);
  ASSERT_NE(lease, nullptr);
  EXPECT_EQ(lease->ifindex, kSlaveA);
  EXPECT_EQ(lease->origin, Origin::kDhcp6Reply);
  EXPECT_EQ(lease->iaid, 1);
  EXPECT_EQ(lease->client_identifier, ClientIdentifier({'g', 'u', 'e', 's', 't'}));
  EXPECT_EQ(lease->valid_until - bed.now(), absl::Seconds(kLease - 2)) << "from when it was sent";
  EXPECT_EQ(lease->preferred_until - bed.now(), absl::Seconds(1800 - 2));
  EXPECT_EQ(bed.SlaveOf(kGuest6), kSlaveA);
  EXPECT_EQ(bed.Said(EventKind::kAddressConfirmed, kGuest6), 1);
}

TEST(Dhcp6LearnerTest, S6_2_AdvertiseNeverBinds) {
  Dhcp6Bed bed;
  bed.Say6(kSlaveA, Dhcp6Type::kSolicit, {.associations = kOne, .rapid_commit = true});
  bed.Answer6(Dhcp6Type::kAdvertise, {.associations = kOne, .rapid_commit = true});
  EXPECT_EQ(bed.WantedOn(kGuest6), 0);
}

TEST(Dhcp6LearnerTest, S6_2_ReplyToSolicitBindsWithRapidCommitInBothOnly) {
  for (const bool asked : {false, true}) {
    for (const bool granted : {false, true}) {
      Dhcp6Bed bed;
      bed.Say6(kSlaveA, Dhcp6Type::kSolicit, {.associations = kOne, .rapid_commit = asked});
      bed.Answer6(Dhcp6Type::kReply, {.associations = kOne, .rapid_commit = granted});
      EXPECT_EQ(bed.WantedOn(kGuest6), asked && granted ? kSlaveA : 0);
    }
  }
}

// S6-2, and S4-17 for DHCPv6: l3sync started in the middle of the lease.
TEST(Dhcp6LearnerTest, S6_2_RenewalOfAnUnknownLeaseBindsOnItsReply) {
  for (const Dhcp6Type type : {Dhcp6Type::kRenew, Dhcp6Type::kRebind}) {
    Dhcp6Bed bed;
    bed.Say6(kSlaveA, type, {.associations = kOne});
    bed.Answer6(Dhcp6Type::kReply, {.associations = kOne});
    EXPECT_EQ(bed.SlaveOf(kGuest6), kSlaveA);
  }
}

TEST(Dhcp6LearnerTest, S6_1_SlaveThatUsedTheIdentifiersFirstKeepsThem) {
  Dhcp6Bed bed;
  bed.Say6(kSlaveA, Dhcp6Type::kRequest, {.xid = 7, .associations = kOne});
  bed.Say6(kSlaveB, Dhcp6Type::kRequest, {.xid = 7, .associations = kOne, .guest = "fe80::b"});
  bed.Answer6(Dhcp6Type::kReply, {.xid = 7, .associations = kOne, .guest = "fe80::b"});
  EXPECT_EQ(bed.WantedOn(kGuest6), 0) << "the copy gets nothing";
  bed.Answer6(Dhcp6Type::kReply, {.xid = 7, .associations = kOne});
  EXPECT_EQ(bed.WantedOn(kGuest6), kSlaveA);
  EXPECT_EQ(bed.Ignored(IgnoreReason::kCopiedXid), 2);
}

TEST(Dhcp6LearnerTest, S6_1_SameXidOfTwoClientsIsTwoExchanges) {
  Dhcp6Bed bed;
  bed.Say6(kSlaveA, Dhcp6Type::kRequest, {.xid = 7, .duid = "a", .associations = kOne});
  bed.Say6(kSlaveB, Dhcp6Type::kRequest,
           {.xid = 7, .duid = "b", .associations = kOne, .guest = "fe80::b"});
  bed.Answer6(Dhcp6Type::kReply, {.xid = 7, .duid = "b", .associations = kOne, .guest = "fe80::b"});
  EXPECT_EQ(bed.WantedOn(kGuest6), kSlaveB);
  EXPECT_EQ(bed.Ignored(IgnoreReason::kCopiedXid), 0);
}

// S6-1: guests made of one image, with one DUID, get one address of the server.
TEST(Dhcp6LearnerTest, S6_1_CloneDoesNotTakeTheAddress) {
  Dhcp6Bed bed;
  bed.Lease6(kSlaveA, {.xid = 7, .associations = kOne});
  bed.Lease6(kSlaveB, {.xid = 8, .associations = kOne, .guest = "fe80::b"});
  EXPECT_EQ(bed.WantedOn(kGuest6), kSlaveA);
  EXPECT_EQ(bed.Said(EventKind::kAddressRefused, kGuest6, Reason::kSameClient), 1);
  bed.Lease6(kSlaveB, {.xid = 9, .duid = "other", .associations = kOne, .guest = "fe80::b"});
  EXPECT_EQ(bed.WantedOn(kGuest6), kSlaveA);
  EXPECT_EQ(bed.Said(EventKind::kAddressRefused, kGuest6, Reason::kHeldBySlave), 1);
}

TEST(Dhcp6LearnerTest, T2_LeaseOfASlaveThatIsDownMoves) {
  Dhcp6Bed bed;
  bed.Lease6(kSlaveA, {.xid = 7, .associations = kOne});
  bed.SlaveDown(kSlaveA);
  bed.Lease6(kSlaveB, {.xid = 8, .associations = kOne, .guest = "fe80::b"});
  EXPECT_EQ(bed.SlaveOf(kGuest6), kSlaveB);
  bed.SlaveUp(kSlaveA);
  EXPECT_EQ(bed.SlaveOf(kGuest6), kSlaveB);
}

TEST(Dhcp6LearnerTest, S6_1_ReplyWithoutTheClientsDuidIsNotItsOwn) {
  Dhcp6Bed bed;
  bed.Say6(kSlaveA, Dhcp6Type::kRequest, {.associations = kOne});
  bed.Answer6(Dhcp6Type::kReply, {.duid = "", .associations = kOne});
  bed.Answer6(Dhcp6Type::kReply, {.duid = "other", .associations = kOne});
  EXPECT_EQ(bed.WantedOn(kGuest6), 0);
  EXPECT_EQ(bed.Ignored(IgnoreReason::kUnmatchedReply), 2);
}

TEST(Dhcp6LearnerTest, S6_3_ListedIsUpdatedUnlistedStays) {
  Dhcp6Bed bed;
  bed.Lease6(kSlaveA, {.xid = 7, .associations = Ia({{}, {std::string(kGuest6Other)}})});
  bed.Say6(kSlaveA, Dhcp6Type::kRenew, {.xid = 8, .associations = kOne});
  bed.Answer6(Dhcp6Type::kReply, {.xid = 8, .associations = Ia({{.valid = 600, .preferred = 0}})});
  EXPECT_EQ(bed.KernelRestOf(kGuest6), absl::Seconds(600)) << "a shorter lifetime shortens";
  EXPECT_EQ(bed.KernelRestOf(kGuest6Other), absl::Seconds(kLease));
  bed.Pass(absl::Seconds(600));
  EXPECT_EQ(bed.SlaveOf(kGuest6), 0);
  EXPECT_EQ(bed.SlaveOf(kGuest6Other), kSlaveA);
}

TEST(Dhcp6LearnerTest, S6_3_ValidZeroRemoves) {
  Dhcp6Bed bed;
  bed.Lease6(kSlaveA, {.xid = 7, .associations = Ia({{}, {std::string(kGuest6Other)}})});
  bed.Say6(kSlaveA, Dhcp6Type::kRebind, {.xid = 8, .associations = kOne});
  bed.Answer6(Dhcp6Type::kReply, {.xid = 8, .associations = Ia({{.valid = 0, .preferred = 0}})});
  EXPECT_EQ(bed.SlaveOf(kGuest6), 0);
  EXPECT_EQ(bed.SlaveOf(kGuest6Other), kSlaveA);
  EXPECT_EQ(bed.Said(EventKind::kAddressRemoved, kGuest6, Reason::kExpired), 1);
}

TEST(Dhcp6LearnerTest, S6_3_SeveralAssociationsAndTemporaryAddresses) {
  Dhcp6Bed bed;
  const std::vector<Association6> associations = {
      {.iaid = 1, .addresses = {{}}},
      {.iaid = 2, .addresses = {{"2001:db8::b"}, {"2001:db8::c"}}},
      {.iaid = 1, .addresses = {{"2001:db8::d"}}, .temporary = true}};
  bed.Lease6(kSlaveA, {.associations = associations});
  for (const auto address : {"2001:db8::a", "2001:db8::b", "2001:db8::c", "2001:db8::d"}) {
    EXPECT_EQ(bed.SlaveOf(address), kSlaveA) << address;
  }
}

TEST(Dhcp6LearnerTest, S6_3_InfiniteLifetimeNeverEnds) {
  Dhcp6Bed bed;
  bed.Lease6(
      kSlaveA,
      {.associations = Ia({{.valid = kInfiniteLifetimeSec, .preferred = kInfiniteLifetimeSec}})});
  bed.Pass(absl::Hours(100));
  EXPECT_EQ(bed.SlaveOf(kGuest6), kSlaveA);
}

TEST(Dhcp6LearnerTest, S6_3_StatusAtAnyLevelGrantsNothingAndTakesNothing) {
  const std::vector<Association6> second = Ia({{std::string(kGuest6Other)}});
  const std::vector<Address6> refused = {
      {std::string(kGuest6Other), kLease, 0, Dhcp6Status::kUnspecFail}};
  for (const Message6& reply :
       {Message6{.associations = second, .status = Dhcp6Status::kUnspecFail},
        Message6{.associations = {{.addresses = {}, .status = Dhcp6Status::kNoAddrsAvail}}},
        Message6{.associations = {{.addresses = {}, .status = Dhcp6Status::kNoBinding}}},
        Message6{.associations = {{.addresses = {}, .status = Dhcp6Status::kNotOnLink}}},
        Message6{.associations = Ia(refused)}}) {
    Dhcp6Bed bed;
    bed.Lease6(kSlaveA, {.xid = 7, .associations = kOne});
    bed.Say6(kSlaveA, Dhcp6Type::kRenew, {.xid = 1, .associations = kOne});
    bed.Answer6(Dhcp6Type::kReply, reply);
    EXPECT_EQ(bed.WantedOn(kGuest6Other), 0);
    EXPECT_EQ(bed.SlaveOf(kGuest6), kSlaveA);
    EXPECT_EQ(bed.Ignored(IgnoreReason::kStatusNotSuccess), 1);
  }
}

// S6-4: counted each time, said once, never assigned.
TEST(Dhcp6LearnerTest, S6_4_DelegatedPrefixIsSaidOnce) {
  Dhcp6Bed bed;
  for (const uint32_t xid : {1U, 2U, 3U}) {
    bed.Lease6(kSlaveA, {.xid = xid, .associations = {}, .delegations = 1});
  }
  EXPECT_EQ(bed.learner().bindings().CountDhcpOf(kSlaveA), 0);
  EXPECT_EQ(bed.Ignored(IgnoreReason::kPrefixDelegation), 3);
  EXPECT_THAT(bed.Events(EventKind::kDelegationIgnored), SizeIs(1));
}

TEST(Dhcp6LearnerTest, S6_5_ReleaseAndDeclineRemoveWhenSent) {
  for (const Dhcp6Type type : {Dhcp6Type::kRelease, Dhcp6Type::kDecline}) {
    Dhcp6Bed bed;
    bed.Lease6(kSlaveA, {.xid = 7, .associations = Ia({{}, {std::string(kGuest6Other)}})});
    bed.Say6(kSlaveA, type, {.xid = 8, .associations = kOne});
    EXPECT_EQ(bed.SlaveOf(kGuest6), 0);
    EXPECT_EQ(bed.SlaveOf(kGuest6Other), kSlaveA) << "it was not listed";
  }
}

TEST(Dhcp6LearnerTest, S6_5_T5_OnlyTheOwnerGivesUp) {
  Dhcp6Bed bed;
  bed.Lease6(kSlaveA, {.xid = 7, .associations = kOne});
  bed.Say6(kSlaveB, Dhcp6Type::kRelease, {.xid = 8, .associations = kOne, .guest = "fe80::b"});
  bed.Say6(kSlaveB, Dhcp6Type::kDecline, {.xid = 9, .associations = kOne, .guest = "fe80::b"});
  EXPECT_EQ(bed.SlaveOf(kGuest6), kSlaveA);
  EXPECT_EQ(bed.Ignored(IgnoreReason::kSpoofedRelease), 1);
  EXPECT_EQ(bed.Ignored(IgnoreReason::kSpoofedDecline), 1);
}

TEST(Dhcp6LearnerTest, S6_5_DeclinedIsNotBoundAgainAtOnce) {
  Dhcp6Bed bed;
  bed.Lease6(kSlaveA, {.xid = 7, .associations = kOne});
  bed.Say6(kSlaveA, Dhcp6Type::kDecline, {.xid = 8, .associations = kOne});
  bed.Pass(absl::Seconds(1));
  bed.Lease6(kSlaveA, {.xid = 9, .associations = kOne});
  EXPECT_EQ(bed.WantedOn(kGuest6), 0);
  EXPECT_EQ(bed.Said(EventKind::kAddressRefused, kGuest6, Reason::kDeclinedBefore), 1);
  bed.Pass(Dhcp6Learner::kDeclineHold);
  bed.Lease6(kSlaveA, {.xid = 10, .associations = kOne});
  EXPECT_EQ(bed.WantedOn(kGuest6), kSlaveA);
}

TEST(Dhcp6LearnerTest, S6_5_LateReplyDoesNotBringTheReleasedBack) {
  Dhcp6Bed bed;
  bed.Lease6(kSlaveA, {.xid = 7, .associations = kOne});
  bed.Say6(kSlaveA, Dhcp6Type::kRenew, {.xid = 8, .associations = kOne});
  bed.Say6(kSlaveA, Dhcp6Type::kRelease, {.xid = 9, .associations = kOne});
  bed.Answer6(Dhcp6Type::kReply, {.xid = 8, .associations = kOne});
  EXPECT_EQ(bed.WantedOn(kGuest6), 0);
  bed.Pass(absl::Seconds(1));
  bed.Lease6(kSlaveA, {.xid = 10, .associations = kOne});
  EXPECT_EQ(bed.WantedOn(kGuest6), kSlaveA) << "a new request is another matter";
}

TEST(Dhcp6LearnerTest, S6_6_ConfirmKeepsLifetimes) {
  Dhcp6Bed bed;
  bed.Lease6(kSlaveA, {.xid = 7, .associations = kOne});
  bed.Pass(absl::Seconds(100));
  for (const Dhcp6Status status : {Dhcp6Status::kSuccess, Dhcp6Status::kNotOnLink}) {
    bed.Say6(kSlaveA, Dhcp6Type::kConfirm, {.xid = 8, .associations = kOne});
    bed.Answer6(Dhcp6Type::kReply, {.xid = 8, .associations = {}, .status = status});
    EXPECT_EQ(bed.KernelRestOf(kGuest6), absl::Seconds(kLease - 100));
  }
}

TEST(Dhcp6LearnerTest, S6_7_ReconfigureChangesNothing) {
  Dhcp6Bed bed;
  bed.Lease6(kSlaveA, {.xid = 7, .associations = kOne});
  bed.Answer6(Dhcp6Type::kReconfigure, {.xid = 0, .associations = Ia({{.valid = 0}})});
  EXPECT_EQ(bed.KernelRestOf(kGuest6), absl::Seconds(kLease));
  EXPECT_EQ(bed.Ignored(IgnoreReason::kReconfigure), 1);
}

TEST(Dhcp6LearnerTest, S6_8_DadInsideALeaseKeepsTheMethod) {
  Dhcp6Bed bed;
  bed.Advertise(Prefix{.prefix = "2001:db8::/64", .valid = 60, .preferred = 60});
  bed.Lease6(kSlaveA, {.associations = kOne});
  bed.Dad(kSlaveA, kGuest6);
  EXPECT_EQ(bed.BindingOf(kGuest6)->origin, Origin::kDhcp6Reply);
  EXPECT_EQ(bed.KernelRestOf(kGuest6), absl::Seconds(kLease));
}

// S6-8, T2: the claim waits for a look while the Reply comes.
TEST(Dhcp6LearnerTest, S6_8_ClaimThatWaitedDoesNotReplaceTheLease) {
  Dhcp6Bed bed;
  bed.Advertise(Prefix{.prefix = "2001:db8::/64", .valid = 60, .preferred = 60});
  bed.Hold();
  bed.Dad(kSlaveA, kGuest6);
  bed.Lease6(kSlaveA, {.associations = kOne});
  bed.Resume();
  EXPECT_EQ(bed.BindingOf(kGuest6)->origin, Origin::kDhcp6Reply);
  EXPECT_EQ(bed.KernelRestOf(kGuest6), absl::Seconds(kLease));
}

// Its lifetime stays the server's: a router would prolong it beyond the lease.
TEST(Dhcp6LearnerTest, S6_8_T2_AdoptedLeaseFollowsNoRouter) {
  Dhcp6Bed bed({.has_slaves = false});
  bed.kernel().PutOwn(kSlaveA, Ip(kGuest6), 100, bed.now(), kLease6Protocol);
  bed.SlaveAppears(kSlaveA);
  bed.Advertise(Prefix{.prefix = "2001:db8::/64", .valid = 7200, .preferred = 7200});
  bed.Dad(kSlaveA, kGuest6);
  EXPECT_EQ(bed.KernelRestOf(kGuest6), absl::Seconds(100));
  EXPECT_EQ(bed.BindingOf(kGuest6)->origin, Origin::kAdoptedLease);
  EXPECT_EQ(bed.CountOf(CommandKind::kPutAddress), 0);
  bed.Say6(kSlaveA, Dhcp6Type::kRenew, {.xid = 3, .associations = kOne});
  bed.Answer6(Dhcp6Type::kReply, {.xid = 3, .associations = kOne});
  EXPECT_EQ(bed.BindingOf(kGuest6)->origin, Origin::kDhcp6Reply);
  EXPECT_EQ(bed.KernelRestOf(kGuest6), absl::Seconds(kLease));
}

// So that the next run knows it too.
TEST(Dhcp6LearnerTest, S6_8_LeaseOfWhatTheGuestHadFormedIsTaggedAsALease) {
  Dhcp6Bed bed;
  bed.Advertise(Prefix{.prefix = "2001:db8::/64", .valid = kLease, .preferred = 1800});
  bed.Dad(kSlaveA, kGuest6);
  EXPECT_EQ(bed.kernel().Find(Ip(kGuest6))->protocol, kAddressProtocol);
  bed.Dad(kSlaveA, "fe80::a");
  const size_t puts = bed.CountOf(CommandKind::kPutAddress);
  bed.Lease6(kSlaveA, {.associations = kOne});
  EXPECT_EQ(bed.kernel().Find(Ip(kGuest6))->protocol, kLease6Protocol);
  EXPECT_EQ(bed.CountOf(CommandKind::kPutAddress), puts + 1) << "though its end is the same";
  bed.Poll();
  EXPECT_EQ(bed.CountOf(CommandKind::kPutAddress), puts + 1);
}

TEST(Dhcp6LearnerTest, S6_9_RegistrationClaimsItsSource) {
  Dhcp6Bed bed;
  bed.Advertise(Prefix{.prefix = "2001:db8::/64"});
  bed.Say6(kSlaveA, Dhcp6Type::kAddressRegistrationInform,
           {.associations = {}, .registered = {{}}, .guest = kGuest6});
  EXPECT_EQ(bed.SlaveOf(kGuest6), kSlaveA);
  EXPECT_EQ(bed.BindingOf(kGuest6)->origin, Origin::kSlaac);
  EXPECT_EQ(bed.KernelRestOf(kGuest6), absl::Seconds(86400)) << "the router's lifetime";
}

TEST(Dhcp6LearnerTest, S6_9_RegistrationOfAnotherAddressSaysNothing) {
  Dhcp6Bed bed;
  bed.Advertise(Prefix{.prefix = "2001:db8::/64"});
  bed.Say6(kSlaveA, Dhcp6Type::kAddressRegistrationInform,
           {.associations = {}, .registered = {{}}, .guest = kGuest6Other});
  EXPECT_EQ(bed.WantedOn(kGuest6), 0);
  EXPECT_EQ(bed.WantedOn(kGuest6Other), 0);
}

TEST(Dhcp6LearnerTest, S6_9_RegistrationReplyNeverChangesState) {
  Dhcp6Bed bed;
  bed.Say6(kSlaveA, Dhcp6Type::kRequest, {.xid = 7, .associations = kOne});
  bed.Answer6(Dhcp6Type::kAddressRegistrationReply,
              {.xid = 7, .associations = kOne, .registered = {{}}});
  EXPECT_EQ(bed.WantedOn(kGuest6), 0);
}

TEST(Dhcp6LearnerTest, T3_ReplyBeyondTheQuotaSetsNoneOfItsAddresses) {
  Dhcp6Bed bed;
  std::vector<Address6> many;
  for (size_t i = 0; i <= BindingTable::kMaxDhcpPerSlave; ++i) {
    many.push_back({"2001:db8::1:" + std::to_string(i + 1)});
  }
  bed.Lease6(kSlaveA, {.xid = 7, .associations = kOne});
  bed.Lease6(kSlaveA, {.xid = 8, .associations = Ia(many)});
  EXPECT_EQ(bed.learner().bindings().CountDhcpOf(kSlaveA), 1) << "what it had";
  EXPECT_EQ(bed.Said(EventKind::kAddressRefused, many[0].address, Reason::kQuota), 1);
  many.resize(BindingTable::kMaxDhcpPerSlave - 1);
  bed.Lease6(kSlaveA, {.xid = 9, .associations = Ia(many), .truncated = true});
  EXPECT_EQ(bed.learner().bindings().CountDhcpOf(kSlaveA), 1) << "more than a message may have";
  bed.Lease6(kSlaveA, {.xid = 10, .associations = Ia(many)});
  EXPECT_EQ(bed.learner().bindings().CountDhcpOf(kSlaveA), BindingTable::kMaxDhcpPerSlave);
}

TEST(Dhcp6LearnerTest, T7_ReservedIsRefusedWhoeverGrantsIt) {
  Dhcp6Bed bed;
  bed.HostGains("2001:db8::a/64");
  bed.Lease6(kSlaveA, {.associations = Ia({{}, {"fe80::77"}, {"ff02::1"}})});
  EXPECT_EQ(bed.WantedOn(kGuest6), 0);
  EXPECT_EQ(bed.WantedOn("fe80::77"), 0);
  EXPECT_EQ(bed.Said(EventKind::kAddressRefused, kGuest6, Reason::kHostAddress), 1);
  EXPECT_EQ(bed.Said(EventKind::kAddressRefused, "fe80::77", Reason::kSpecialAddress), 1);
  EXPECT_EQ(bed.Said(EventKind::kAddressRefused, "ff02::1", Reason::kSpecialAddress), 1);
}

TEST(Dhcp6LearnerTest, T7_ServerAndResolverAreReserved) {
  Dhcp6Bed bed;
  bed.Lease6(kSlaveA, {.associations = kOne, .resolver = "2001:db8::53", .peer = "fe80::5"});
  bed.Dad(kSlaveB, "fe80::5");
  bed.Lease6(kSlaveB,
             {.xid = 8, .duid = "b", .associations = Ia({{"2001:db8::53"}}), .guest = "fe80::b"});
  EXPECT_EQ(bed.WantedOn("fe80::5"), 0);
  EXPECT_EQ(bed.WantedOn("2001:db8::53"), 0);
  EXPECT_EQ(bed.Said(EventKind::kAddressRefused, "fe80::5", Reason::kServer), 1);
  EXPECT_EQ(bed.Said(EventKind::kAddressRefused, "2001:db8::53", Reason::kResolver), 1);
}

TEST(Dhcp6LearnerTest, T7_WhatTheServerNamesLeavesAGuestThatFormedIt) {
  Dhcp6Bed bed;
  bed.Advertise(Prefix{.prefix = "2001:db8::/64"});
  bed.Dad(kSlaveB, "2001:db8::53");
  bed.Dad(kSlaveB, "fe80::5");
  ASSERT_EQ(bed.SlaveOf("2001:db8::53"), kSlaveB);
  bed.Lease6(kSlaveA, {.associations = kOne, .resolver = "2001:db8::53", .peer = "fe80::5"});
  EXPECT_EQ(bed.SlaveOf("2001:db8::53"), 0);
  EXPECT_EQ(bed.SlaveOf("fe80::5"), 0);
  // One that leases it keeps it.
  bed.Lease6(kSlaveA, {.xid = 9, .associations = kOne, .resolver = kGuest6});
  EXPECT_EQ(bed.SlaveOf(kGuest6), kSlaveA);
}

TEST(Dhcp6LearnerTest, S6_1_RequestIsForgottenAfter120Seconds) {
  Dhcp6Bed bed;
  bed.Say6(kSlaveA, Dhcp6Type::kRequest, {.associations = kOne});
  bed.Pass(Dhcp6Transactions::kLifetime);
  bed.Answer6(Dhcp6Type::kReply, {.associations = kOne});
  EXPECT_EQ(bed.WantedOn(kGuest6), 0);
}

TEST(Dhcp6LearnerTest, C2_ServerMessagesOfAGuestAreIgnored) {
  Dhcp6Bed bed;
  bed.Say6(kSlaveA, Dhcp6Type::kRequest, {.associations = kOne});
  bed.Say6(kSlaveB, Dhcp6Type::kReply, {.associations = kOne});
  EXPECT_EQ(bed.WantedOn(kGuest6), 0);
}

// The first reply finds the guest's link-local address: the client's message claims it.
TEST(Dhcp6LearnerTest, N4_ClientMessageClaimsItsLinkLocalSource) {
  Dhcp6Bed bed;
  bed.Say6(kSlaveA, Dhcp6Type::kSolicit, {});
  EXPECT_EQ(bed.SlaveOf("fe80::a"), kSlaveA);
  bed.Say6(kSlaveB, Dhcp6Type::kSolicit, {.xid = 8});
  EXPECT_EQ(bed.SlaveOf("fe80::a"), kSlaveA) << "not twice";
}

TEST(Dhcp6LearnerTest, SlaveThatIsGoneTakesItsRequestsAlong) {
  Dhcp6Bed bed;
  bed.Say6(kSlaveA, Dhcp6Type::kRequest, {.associations = kOne});
  bed.SlaveGone(kSlaveA);
  bed.SlaveAppears(kSlaveA);
  bed.Answer6(Dhcp6Type::kReply, {.associations = kOne});
  EXPECT_EQ(bed.WantedOn(kGuest6), 0);
}

}  // namespace
}  // namespace l3sync::testing
