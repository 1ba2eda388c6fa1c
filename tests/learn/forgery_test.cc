// Guests that speak as servers and routers do: rules Q1 to Q4.
#include <set>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "dhcp6_bed.h"
#include "learn/forgeries.h"
#include "learn/probe_station.h"
#include "learn/quarantine.h"

namespace l3sync::testing {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::string_view kAddress = "192.0.2.10", kLoot = "192.0.2.66";
constexpr auto kBegins = EventKind::kGuestQuarantined, kEnds = EventKind::kGuestReleased;

void Forge(Dhcp6Bed* bed, int32_t slave) {
  bed->Hear(slave, FrameSide::kSent,
            FromServer(Dhcp4Type::kOffer, {.xid = 0xbad, .yiaddr = kLoot}));
}

Heard Reply6(const Message6& message) {
  Heard heard;
  heard.frame.source_mac = kRouterMac;
  heard.frame.destination_mac = kSharedMac;
  heard.frame.source = Ip(message.peer);
  heard.frame.destination = Ip(message.guest);
  Dhcp6Message reply;
  reply.type = Dhcp6Type::kReply;
  reply.xid = message.xid;
  reply.client_identifier.assign(message.duid.begin(), message.duid.end());
  reply.server_identifier.assign(message.server.begin(), message.server.end());
  for (const Association6& ia : message.associations) {
    Dhcp6Association& association = reply.associations.emplace_back();
    association.iaid = ia.iaid;
    for (const Address6& a : ia.addresses) {
      association.addresses.push_back({Ip(a.address), a.preferred, a.valid, 0});
    }
  }
  heard.frame.message = reply;
  return heard;
}

// ---- Q1: who forges is named

TEST(QuarantineTest, Q1_ForgedDhcp4MessageIsNamedOnce) {
  Dhcp6Bed bed;
  Forge(&bed, kSlaveA);
  Forge(&bed, kSlaveA);
  ASSERT_THAT(bed.Events(kBegins), SizeIs(1));
  const Event event = bed.Events(kBegins)[0];
  EXPECT_EQ(event.ifindex, kSlaveA);
  EXPECT_EQ(event.severity, Severity::kWarning);
  EXPECT_EQ(event.reason, Reason::kForgedDhcp4);
  EXPECT_EQ(event.address, Ip(kLoot));
  EXPECT_TRUE(event.has_xid);
  EXPECT_EQ(event.xid, 0xbadU);
  EXPECT_EQ(bed.Ignored(IgnoreReason::kForgedDhcp4), 2);
}

TEST(QuarantineTest, Q1_ForgedNakHasNoAddress) {
  Dhcp6Bed bed;
  bed.Hear(kSlaveA, FrameSide::kSent, FromServer(Dhcp4Type::kNak, {.broadcast = true}));
  ASSERT_THAT(bed.Events(kBegins), SizeIs(1));
  EXPECT_FALSE(bed.Events(kBegins)[0].address.has_value());
}

TEST(QuarantineTest, Q1_ForgedDhcp6MessageIsNamed) {
  Dhcp6Bed bed;
  bed.Hear(kSlaveA, FrameSide::kSent, Reply6({.xid = 5, .associations = Ia({{}})}));
  ASSERT_THAT(bed.Events(kBegins), SizeIs(1));
  EXPECT_EQ(bed.Events(kBegins)[0].reason, Reason::kForgedDhcp6);
  EXPECT_EQ(bed.Events(kBegins)[0].address, Ip(kGuest6));
  EXPECT_EQ(bed.Events(kBegins)[0].xid, 5U);
  EXPECT_EQ(bed.Ignored(IgnoreReason::kForgedDhcp6), 1);
}

TEST(QuarantineTest, Q1_ForgedAdvertisementIsNamed) {
  Dhcp6Bed bed;
  bed.Hear(kSlaveA, FrameSide::kSent, FromRouter({.prefixes = {Prefix{}}}));
  ASSERT_THAT(bed.Events(kBegins), SizeIs(1));
  EXPECT_EQ(bed.Events(kBegins)[0].reason, Reason::kForgedAdvertisement);
  EXPECT_EQ(bed.Events(kBegins)[0].address, Ip("2001:db8:1::"));
  EXPECT_FALSE(bed.Events(kBegins)[0].has_xid);
  EXPECT_EQ(bed.Ignored(IgnoreReason::kForgedAdvertisement), 1);
}

// A guest may use l3sync's own addresses: no cover.
TEST(QuarantineTest, Q1_ProbeAddressIsNoCover) {
  Dhcp6Bed bed;
  Heard advertisement = FromRouter({.prefixes = {Prefix{}}});
  advertisement.frame.source = kProbeSource;
  bed.Hear(kSlaveA, FrameSide::kSent, advertisement);
  EXPECT_THAT(bed.Events(kBegins), SizeIs(1));
}

TEST(QuarantineTest, Q1_DisguisedForgeryIsOneToo) {
  Dhcp6Bed bed;
  const Heard offer = FromServer(Dhcp4Type::kOffer, {.yiaddr = kLoot});
  bed.learner().ObserveDisguised(kSlaveA, offer.frame, bed.now());
  bed.learner().ObserveDisguised(77, offer.frame, bed.now());
  EXPECT_THAT(bed.Events(kBegins), SizeIs(1));
  EXPECT_EQ(bed.Ignored(IgnoreReason::kForgedDhcp4), 1);
}

// Of an interface that is no slave it is no evidence, nor received, nor what the parent sends: the
// replies that l3sync injects by way of its own device are such.
TEST(QuarantineTest, Q1_OnlyWhatASlaveSendsIsEvidence) {
  Dhcp6Bed bed;
  const Heard offer = FromServer(Dhcp4Type::kOffer, {.yiaddr = kLoot});
  bed.Hear(77, FrameSide::kSent, offer);
  bed.Hear(kSlaveA, FrameSide::kReceived, offer);
  bed.Hear(kParent, FrameSide::kSent, offer);
  bed.Hear(kParent, FrameSide::kReceived, offer);
  EXPECT_THAT(bed.Events(kBegins), IsEmpty());
}

// ---- Q2: nothing new

TEST(QuarantineTest, Q2_NothingNewByDhcp4) {
  Dhcp6Bed bed;
  bed.Discover(kSlaveA, {.xid = 7});
  bed.Offer({.xid = 7, .yiaddr = kAddress});
  Forge(&bed, kSlaveA);
  bed.Select(kSlaveA, {.xid = 7, .requested = kAddress});
  bed.Ack({.xid = 7, .yiaddr = kAddress});
  EXPECT_EQ(bed.BindingOf(kAddress)->origin, Origin::kDhcp4Offer) << "an offer is no binding";
  bed.Lease(kSlaveA, 8, "192.0.2.11");
  EXPECT_EQ(bed.WantedOn("192.0.2.11"), 0);
  EXPECT_EQ(bed.Ignored(IgnoreReason::kQuarantined), 3);
  EXPECT_THAT(bed.Events(EventKind::kAddressRefused), IsEmpty()) << "said for each frame";
  bed.Lease(kSlaveB, 9, "192.0.2.12");
  EXPECT_EQ(bed.WantedOn("192.0.2.12"), kSlaveB) << "the others go on";
}

TEST(QuarantineTest, Q2_NothingNewByDhcp6) {
  Dhcp6Bed bed;
  Forge(&bed, kSlaveA);
  bed.Lease6(kSlaveA, {.associations = Ia({{}})});
  EXPECT_EQ(bed.WantedOn(kGuest6), 0);
  EXPECT_EQ(bed.WantedOn("fe80::a"), 0);
  EXPECT_GE(bed.Ignored(IgnoreReason::kQuarantined), 2);
}

TEST(QuarantineTest, Q2_NothingNewByNeighbourDiscovery) {
  Dhcp6Bed bed;
  bed.Dad(kSlaveA, "fe80::a");
  bed.Dad(kSlaveA, "2001:db8:1::77");  // waits for its prefix
  Forge(&bed, kSlaveA);
  bed.Advertise(Prefix{});
  bed.Dad(kSlaveA, "fe80::1234");
  EXPECT_EQ(bed.WantedOn("fe80::a"), kSlaveA) << "it had that";
  EXPECT_EQ(bed.WantedOn("2001:db8:1::a"), 0) << "its identifier in a new prefix";
  EXPECT_EQ(bed.WantedOn("2001:db8:1::77"), 0);
  EXPECT_EQ(bed.WantedOn("fe80::1234"), 0);
}

// Nor by a claim that was being looked at, or contested, when it began.
TEST(QuarantineTest, Q2_WhatWasUnderWayComesToNothing) {
  Dhcp6Bed bed;
  bed.Hold();
  bed.Dad(kSlaveA, "fe80::1234");
  Forge(&bed, kSlaveA);
  bed.Resume();
  EXPECT_EQ(bed.WantedOn("fe80::1234"), 0);
}

TEST(QuarantineTest, Q2_BeginsNoContest) {
  Dhcp6Bed bed;
  bed.Lease(kSlaveB, 7, kAddress);
  bed.Pass(absl::Minutes(1));
  bed.Silence(kSlaveB);
  Forge(&bed, kSlaveA);
  bed.Lease(kSlaveA, 8, kAddress);
  bed.Pass(absl::Seconds(2));
  EXPECT_EQ(bed.WantedOn(kAddress), kSlaveB);
  EXPECT_THAT(bed.kernel().probed(), IsEmpty());
}

TEST(QuarantineTest, Q2_ContestUnderWayIsNotWon) {
  Dhcp6Bed bed;
  bed.Lease(kSlaveB, 7, kAddress);
  bed.Pass(absl::Minutes(1));
  bed.Silence(kSlaveB);
  bed.Lease(kSlaveA, 8, kAddress);
  EXPECT_THAT(bed.kernel().probed(), SizeIs(1));
  Forge(&bed, kSlaveA);
  bed.Pass(absl::Seconds(2));
  EXPECT_EQ(bed.WantedOn(kAddress), kSlaveB);
}

TEST(QuarantineTest, Q2_WhatItHasIsRenewedAndReleased) {
  Dhcp6Bed bed;
  bed.Lease(kSlaveA, 7, kAddress, 600);
  bed.Lease6(kSlaveA, {.xid = 2, .associations = Ia({{.valid = 600, .preferred = 600}})});
  bed.Pass(absl::Minutes(5));
  Forge(&bed, kSlaveA);
  bed.Renew(kSlaveA, {.xid = 8, .ciaddr = kAddress});
  bed.Ack({.xid = 8, .yiaddr = kAddress, .lease = 3600});
  EXPECT_EQ(bed.BindingOf(kAddress)->valid_until, bed.now() + absl::Hours(1));
  bed.Say6(kSlaveA, Dhcp6Type::kRenew, {.xid = 3, .associations = Ia({{}})});
  bed.Answer6(Dhcp6Type::kReply, {.xid = 3, .associations = Ia({{.valid = 3600}})});
  EXPECT_EQ(bed.BindingOf(kGuest6)->valid_until, bed.now() + absl::Hours(1));
  bed.Poll();
  EXPECT_EQ(bed.SlaveOf(kAddress), kSlaveA) << "the policy is looked at again";
  bed.Release(kSlaveA, {.ciaddr = kAddress});
  EXPECT_EQ(bed.WantedOn(kAddress), 0);
}

TEST(QuarantineTest, Q2_WhatItHasExpires) {
  Dhcp6Bed bed;
  bed.Lease(kSlaveA, 7, kAddress, 300);
  Forge(&bed, kSlaveA);
  bed.Pass(absl::Seconds(301));
  EXPECT_EQ(bed.WantedOn(kAddress), 0);
}

TEST(QuarantineTest, Q2_ConfiguredAddressesCome) {
  PolicyOptions policy;
  policy.configured = {{"a", Ip(kAddress)}};
  Dhcp6Bed bed({.policy = policy});
  Forge(&bed, kSlaveA);
  bed.learner().SlaveNamed(kSlaveA, "a", bed.now());
  bed.Settle();
  EXPECT_EQ(bed.SlaveOf(kAddress), kSlaveA);
}

// What the kernel has of an earlier run is no word of the guest's.
TEST(QuarantineTest, Q2_AddressesOfAnEarlierRunAreAdopted) {
  Dhcp6Bed bed({.has_slaves = false});
  bed.Hold();
  bed.SlaveAppears(kSlaveA);
  bed.kernel().PutOwn(kSlaveA, Ip(kAddress), kLease, bed.now());
  Forge(&bed, kSlaveA);
  bed.Resume();
  bed.Poll();
  EXPECT_EQ(bed.WantedOn(kAddress), kSlaveA);
}

TEST(QuarantineTest, Q2_EndsTenMinutesAfterTheLastForgery) {
  Dhcp6Bed bed;
  Forge(&bed, kSlaveA);
  bed.Pass(absl::Minutes(9));
  Forge(&bed, kSlaveA);
  bed.Pass(absl::Minutes(10) - absl::Seconds(1));
  EXPECT_THAT(bed.Events(kEnds), IsEmpty());
  bed.Lease(kSlaveA, 7, kAddress);
  EXPECT_EQ(bed.WantedOn(kAddress), 0);
  bed.Pass(absl::Seconds(1));
  ASSERT_THAT(bed.Events(kEnds), SizeIs(1));
  EXPECT_EQ(bed.Events(kEnds)[0].ifindex, kSlaveA);
  bed.Lease(kSlaveA, 8, kAddress);
  EXPECT_EQ(bed.WantedOn(kAddress), kSlaveA);
  Forge(&bed, kSlaveA);
  EXPECT_THAT(bed.Events(kBegins), SizeIs(2));
}

// S9: another guest's slave may get the same index.
TEST(QuarantineTest, Q2_GoesWithItsSlave) {
  Dhcp6Bed bed;
  Forge(&bed, kSlaveA);
  bed.SlaveGone(kSlaveA);
  bed.SlaveAppears(kSlaveA);
  bed.Lease(kSlaveA, 7, kAddress);
  EXPECT_EQ(bed.WantedOn(kAddress), kSlaveA);
  bed.Pass(absl::Minutes(11));
  EXPECT_THAT(bed.Events(kEnds), IsEmpty());
}

// ---- Q3: what comes back

TEST(ReflectionTest, Q3_ForgedReplyThatComesBackIsRefused) {
  Dhcp6Bed bed;
  bed.Discover(kSlaveB, {.xid = 7});  // broadcast: kSlaveA hears the xid
  Heard forged =
      FromServer(Dhcp4Type::kOffer, {.xid = 7, .yiaddr = kLoot, .server = "192.0.2.200"});
  forged.frame.source_mac = kSharedMac;
  forged.frame.destination_mac = kRouterMac;
  bed.Hear(kSlaveA, FrameSide::kSent, forged);
  // Routed: other MAC addresses, another TTL.
  forged.frame.source_mac = kRouterMac;
  forged.frame.destination_mac = kSharedMac;
  forged.frame.hop_limit = 63;
  bed.Hear(kParent, FrameSide::kReceived, forged);
  EXPECT_EQ(bed.WantedOn(kLoot), 0);
  EXPECT_EQ(bed.Ignored(IgnoreReason::kReflectedForgery), 1);
  bed.Offer({.xid = 7, .yiaddr = kAddress});
  EXPECT_EQ(bed.WantedOn(kAddress), kSlaveB) << "the real one";
  ASSERT_THAT(bed.Events(EventKind::kParentReflects), SizeIs(1));
  EXPECT_EQ(bed.Events(EventKind::kParentReflects)[0].reason, Reason::kReflectedForgery);
  EXPECT_EQ(bed.Events(EventKind::kParentReflects)[0].other_ifindex, kSlaveA);
}

// A relay agent takes its option off, and the padding.
TEST(ReflectionTest, Q3_RelayedForgeryIsTheSame) {
  Heard forged = FromServer(Dhcp4Type::kAck, {.xid = 7, .yiaddr = kLoot, .giaddr = "192.0.2.1"});
  Heard relayed = FromServer(Dhcp4Type::kAck, {.xid = 7, .yiaddr = kLoot});
  EXPECT_EQ(FingerprintOf(forged.frame), FingerprintOf(relayed.frame));
}

TEST(ReflectionTest, Q3_WhateverADecisionHangsOnMakesAnotherMessage) {
  const ServerMessage one{.xid = 7, .yiaddr = kLoot};
  std::set<Fingerprint> seen = {FingerprintOf(FromServer(Dhcp4Type::kAck, one).frame)};
  const auto differs = [&](Dhcp4Type type, const ServerMessage& message) {
    return seen.insert(FingerprintOf(FromServer(type, message).frame)).second;
  };
  EXPECT_TRUE(differs(Dhcp4Type::kOffer, one));
  EXPECT_TRUE(differs(Dhcp4Type::kAck, {.xid = 8, .yiaddr = kLoot}));
  EXPECT_TRUE(differs(Dhcp4Type::kAck, {.xid = 7, .yiaddr = kAddress}));
  EXPECT_TRUE(differs(Dhcp4Type::kAck, {.xid = 7, .yiaddr = kLoot, .lease = 1}));
  EXPECT_TRUE(differs(Dhcp4Type::kAck, {.xid = 7, .yiaddr = kLoot, .server = "192.0.2.2"}));
  EXPECT_TRUE(differs(Dhcp4Type::kAck, {.xid = 7, .client_id = "x", .yiaddr = kLoot}));
  EXPECT_TRUE(differs(Dhcp4Type::kAck, {.xid = 7, .yiaddr = kLoot, .resolver = "192.0.2.3"}));
}

TEST(ReflectionTest, Q3_ForgedDhcp6ReplyThatComesBackIsRefused) {
  Dhcp6Bed bed;
  const Message6 message{.associations = Ia({{}})};
  bed.Say6(kSlaveB, Dhcp6Type::kRequest, message);
  bed.Hear(kSlaveA, FrameSide::kSent, Reply6(message));
  bed.Answer6(Dhcp6Type::kReply, message);
  EXPECT_EQ(bed.WantedOn(kGuest6), 0);
  EXPECT_EQ(bed.Ignored(IgnoreReason::kReflectedForgery), 1);
}

TEST(ReflectionTest, Q3_ForgedAdvertisementThatComesBackOpensNoPrefix) {
  Dhcp6Bed bed;
  bed.Hear(kSlaveA, FrameSide::kSent, FromRouter({.prefixes = {Prefix{}}}));
  bed.Advertise(Prefix{});
  bed.Dad(kSlaveB, "2001:db8:1::b");
  EXPECT_EQ(bed.WantedOn("2001:db8:1::b"), 0);
}

// A router says the same again and again; who repeats it must not silence it.
TEST(ReflectionTest, Q3_RepeatingTheRouterTakesItsWordFromNobody) {
  Dhcp6Bed bed;
  bed.Advertise(Prefix{});
  bed.Hear(kSlaveA, FrameSide::kSent, FromRouter({.prefixes = {Prefix{}}}));
  EXPECT_THAT(bed.Events(kBegins), SizeIs(1));
  bed.Advertise(Prefix{});
  EXPECT_EQ(bed.Ignored(IgnoreReason::kReflectedForgery), 0);
}

TEST(ReflectionTest, Q3_IsForgottenAfterTenSeconds) {
  Dhcp6Bed bed;
  bed.Hear(kSlaveA, FrameSide::kSent,
           FromServer(Dhcp4Type::kOffer, {.xid = 7, .yiaddr = kAddress}));
  bed.Pass(Forgeries::kLifetime);
  bed.Discover(kSlaveB, {.xid = 7});
  bed.Offer({.xid = 7, .yiaddr = kAddress});
  EXPECT_EQ(bed.WantedOn(kAddress), kSlaveB);
}

// kernel-facts B.2: a forged reply is routed to an address that its forger has.
TEST(ReflectionTest, Q3_ReplyToAnotherAddressThanItsClientsIsRefused) {
  LearnerBed bed;
  bed.Discover(kSlaveB, {.xid = 7});
  bed.Offer({.xid = 7, .yiaddr = kLoot, .ciaddr = "192.0.2.60", .destination = "192.0.2.60"});
  bed.Select(kSlaveB, {.xid = 7, .requested = kAddress});
  bed.Ack({.xid = 7, .yiaddr = kLoot, .ciaddr = "192.0.2.60", .destination = "192.0.2.60"});
  EXPECT_EQ(bed.WantedOn(kLoot), 0);
  EXPECT_EQ(bed.Ignored(IgnoreReason::kReplyNotToClient), 2);
}

// A server that renews with another address answers to the old one, which the client has.
TEST(ReflectionTest, Q3_RenewalIsAnsweredToTheAddressThatIsRenewed) {
  LearnerBed bed;
  bed.Lease(kSlaveA, 7, kAddress);
  bed.Renew(kSlaveA, {.xid = 8, .ciaddr = kAddress});
  bed.Ack({.xid = 8, .yiaddr = "192.0.2.11", .destination = kAddress});
  EXPECT_EQ(bed.WantedOn("192.0.2.11"), kSlaveA);
}

// ---- Q4: the link reflects

TEST(ReflectionTest, Q4_OwnFramesFromTheNetworkAreSaidOnce) {
  LearnerBed bed;
  const Heard dad = FromNeighbour({.target = "fe80::1234"});
  bed.Hear(kSlaveA, FrameSide::kSent, dad);
  bed.Hear(kParent, FrameSide::kReceived, dad);
  bed.Hear(kParent, FrameSide::kReceived, dad);
  EXPECT_EQ(bed.Ignored(IgnoreReason::kReflectedGuest), 2);
  ASSERT_THAT(bed.Events(EventKind::kParentReflects), SizeIs(1));
  const Event event = bed.Events(EventKind::kParentReflects)[0];
  EXPECT_EQ(event.ifindex, kParent);
  EXPECT_EQ(event.reason, Reason::kReflectedGuest);
  EXPECT_EQ(event.severity, Severity::kWarning);
}

// ---- Tables

constexpr auto kNow = MonotonicTime::SinceBoot(absl::Hours(1));

TEST(ForgeriesTest, T4_ASlaveForgetsItsOwnOldestOnly) {
  Forgeries forgeries;
  forgeries.Remember(kSlaveB, 1, kNow);
  for (Fingerprint i = 0; i <= Forgeries::kMaxPerSlave; ++i) {
    forgeries.Remember(kSlaveA, 100 + i, kNow);
  }
  EXPECT_EQ(forgeries.size(), Forgeries::kMaxPerSlave + 1);
  EXPECT_EQ(forgeries.ForgerOf(100, kNow), 0);
  EXPECT_EQ(forgeries.ForgerOf(101, kNow), kSlaveA);
  EXPECT_EQ(forgeries.ForgerOf(1, kNow), kSlaveB);
}

TEST(ForgeriesTest, T4_TogetherTheyAreBoundedToo) {
  Forgeries forgeries;
  forgeries.Remember(7, 1, kNow);
  for (int32_t slave = 100; slave < 120; ++slave) {
    for (Fingerprint i = 0; i < Forgeries::kMaxPerSlave; ++i) {
      forgeries.Remember(slave, static_cast<Fingerprint>(slave) * 1000 + i, kNow);
    }
  }
  EXPECT_EQ(forgeries.size(), Forgeries::kMax);
  EXPECT_EQ(forgeries.ForgerOf(1, kNow), 7) << "who has least loses nothing";
}

TEST(ForgeriesTest, RepeatedOneStaysAndTakesNoRoom) {
  Forgeries forgeries;
  for (int i = 0; i < 1000; ++i) forgeries.Remember(kSlaveA, 1, kNow + absl::Seconds(i));
  EXPECT_EQ(forgeries.size(), 1);
  EXPECT_EQ(forgeries.ForgerOf(1, kNow + absl::Seconds(999)), kSlaveA);
  forgeries.Remember(kSlaveB, 1, kNow + absl::Seconds(999));
  forgeries.ForgetSlave(kSlaveA);
  EXPECT_EQ(forgeries.ForgerOf(1, kNow + absl::Seconds(999)), kSlaveB);
  forgeries.ForgetSlave(kSlaveB);
  EXPECT_EQ(forgeries.size(), 0);
}

TEST(ForgeriesTest, RemembersAFewGenuineAdvertisements) {
  Forgeries forgeries;
  for (Fingerprint i = 0; i <= Forgeries::kMaxGenuine; ++i) forgeries.NoteGenuine(i);
  EXPECT_FALSE(forgeries.IsGenuine(0));
  EXPECT_TRUE(forgeries.IsGenuine(1));
  EXPECT_TRUE(forgeries.IsGenuine(Forgeries::kMaxGenuine));
}

}  // namespace
}  // namespace l3sync::testing
