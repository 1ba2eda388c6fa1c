#include "learn/ignore_reason.h"

#include <cerrno>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "dhcp6_bed.h"
#include "learn/probe_station.h"

// A table of every reason why a valid message changes nothing, each with what provokes it.
namespace l3sync::testing {
namespace {

using Bed = Dhcp6Bed&;
constexpr std::string_view kGuest = "192.0.2.10";

struct Case {
  IgnoreReason reason;
  std::function<void(Bed)> provoke;
};

void OfferWith(Bed bed, ServerMessage offer) {
  bed.Discover(kSlaveA, {.xid = 7});
  offer.xid = 7;
  bed.Offer(offer);
}

void AckWith(Bed bed, ServerMessage ack) {
  bed.Select(kSlaveA, {.xid = 7, .requested = kGuest});
  ack.xid = 7;
  bed.Ack(ack);
}

void FillWaitingOffers(Bed bed) {
  constexpr int32_t kFirst = 1000;
  constexpr auto kCount = static_cast<int32_t>(Dhcp4Learner::kMaxWaitingOffers) + 2;
  for (int32_t slave = kFirst; slave < kFirst + kCount; ++slave) bed.SlaveAppears(slave);
  bed.Hold();
  for (int32_t slave = kFirst; slave < kFirst + kCount; ++slave) {
    bed.Discover(slave, {.xid = static_cast<uint32_t>(slave)});
    bed.Offer({.xid = static_cast<uint32_t>(slave), .yiaddr = kGuest});
  }
}

void FillPendingReplies(Bed bed) {
  bed.kernel().Refuse(CommandKind::kPutAddress, ETIMEDOUT);
  for (uint32_t xid = 0; xid <= Installer::kMaxPendingRepliesPerAddress; ++xid) {
    bed.Discover(kSlaveA, {.xid = xid});
    bed.Offer({.xid = xid, .yiaddr = kGuest});
  }
}

std::vector<Case> Dhcp4Cases() {
  return {
      {IgnoreReason::kUnknownInterface, [](Bed bed) { bed.Discover(77, {.xid = 7}); }},
      {IgnoreReason::kWrongSide, [](Bed bed) { bed.Say(kSlaveA, Dhcp4Type::kOffer, {.xid = 7}); }},
      {IgnoreReason::kForgedDhcp4, [](Bed bed) { bed.Discover(kSlaveA, {.xid = 7, .op = 2}); }},
      {IgnoreReason::kWrongOpcode, [](Bed bed) { OfferWith(bed, {.yiaddr = kGuest, .op = 1}); }},
      {IgnoreReason::kUnclassifiedRequest, [](Bed bed) { bed.Reboot(kSlaveA, {.xid = 7}); }},
      {IgnoreReason::kTooManyHolders,
       [](Bed bed) {
         for (int i = 0; i < 9; ++i) {
           bed.Discover(kSlaveA, {.xid = 7, .client_id = std::to_string(i)});
         }
       }},
      {IgnoreReason::kUnmatchedReply, [](Bed bed) { bed.Offer({.xid = 7, .yiaddr = kGuest}); }},
      {IgnoreReason::kCopiedXid,
       [](Bed bed) {
         bed.Discover(kSlaveB, {.xid = 7});
         OfferWith(bed, {.yiaddr = kGuest});
       }},
      {IgnoreReason::kReplyNotToClient,
       [](Bed bed) { OfferWith(bed, {.yiaddr = kGuest, .destination = "192.0.2.99"}); }},
      {IgnoreReason::kOfferOutOfTurn,
       [](Bed bed) {
         bed.Select(kSlaveA, {.xid = 7, .requested = kGuest});
         bed.Offer({.xid = 7, .yiaddr = kGuest});
       }},
      {IgnoreReason::kAckOutOfTurn,
       [](Bed bed) {
         bed.Discover(kSlaveA, {.xid = 7});
         bed.Ack({.xid = 7, .yiaddr = kGuest});
       }},
      {IgnoreReason::kAckOutOfTurn,
       [](Bed bed) {
         bed.Discover(kSlaveA, {.xid = 7});
         bed.Nak({.xid = 7});
       }},
      {IgnoreReason::kAckOfOtherServer,
       [](Bed bed) { AckWith(bed, {.yiaddr = kGuest, .server = "192.0.2.66"}); }},
      {IgnoreReason::kInformAnswered,
       [](Bed bed) {
         bed.Inform(kSlaveA, {.xid = 7, .ciaddr = kGuest});
         bed.Ack({.xid = 7, .ciaddr = kGuest});
       }},
      {IgnoreReason::kNoServerIdentifier,
       [](Bed bed) { OfferWith(bed, {.yiaddr = kGuest, .server = ""}); }},
      {IgnoreReason::kNoServerIdentifier,
       [](Bed bed) { AckWith(bed, {.yiaddr = kGuest, .server = ""}); }},
      {IgnoreReason::kNoLeaseTime, [](Bed bed) { AckWith(bed, {.yiaddr = kGuest, .lease = {}}); }},
      {IgnoreReason::kZeroLeaseTime, [](Bed bed) { AckWith(bed, {.yiaddr = kGuest, .lease = 0}); }},
      {IgnoreReason::kNoAddress, [](Bed bed) { OfferWith(bed, {.broadcast = true}); }},
      {IgnoreReason::kNoAddress, [](Bed bed) { AckWith(bed, {.broadcast = true}); }},
      {IgnoreReason::kNakOfOtherServer,
       [](Bed bed) {
         bed.Select(kSlaveA, {.xid = 7, .requested = kGuest});
         bed.Nak({.xid = 7, .server = "192.0.2.66"});
       }},
      {IgnoreReason::kSpoofedRelease,
       [](Bed bed) { bed.Release(kSlaveA, {.xid = 7, .ciaddr = kGuest}); }},
      {IgnoreReason::kSpoofedDecline,
       [](Bed bed) { bed.Decline(kSlaveA, {.xid = 7, .requested = kGuest}); }},
      {IgnoreReason::kForceRenew,
       [](Bed bed) { bed.Answer(Dhcp4Type::kForceRenew, {.xid = 7, .ciaddr = kGuest}); }},
      {IgnoreReason::kWaitingOffersFull, FillWaitingOffers},
      {IgnoreReason::kPendingRepliesFull, FillPendingReplies},
      {IgnoreReason::kUndeliverableReply,
       [](Bed bed) {
         bed.kernel().Refuse(CommandKind::kDeliverReply, ENETDOWN);
         OfferWith(bed, {.yiaddr = kGuest});
       }},
      {IgnoreReason::kUndeliverableReply,
       [](Bed bed) {
         bed.Discover(kSlaveA, {.xid = 7});
         Heard offer = FromServer(Dhcp4Type::kOffer, {.xid = 7, .yiaddr = kGuest});
         offer.bytes.resize(20);  // not what was parsed
         bed.Hear(kParent, FrameSide::kReceived, offer);
       }},
      {IgnoreReason::kStaleReply,
       [](Bed bed) {
         bed.Hold();
         OfferWith(bed, {.yiaddr = kGuest});
         bed.Pass(absl::Seconds(5));
         bed.Resume();
       }},
      {IgnoreReason::kRepeatedReply,
       [](Bed bed) {
         bed.Hold();
         OfferWith(bed, {.yiaddr = kGuest});
         OfferWith(bed, {.yiaddr = kGuest});
       }},
  };
}

// A Reply to what the guest asked.
void ReplyWith(Bed bed, const Message6& reply) {
  bed.Say6(kSlaveA, Dhcp6Type::kRequest, {});
  bed.Answer6(Dhcp6Type::kReply, reply);
}

std::vector<Case> Dhcp6Cases() {
  const std::vector<Association6> one = Ia({{}});
  return {
      {IgnoreReason::kForgedDhcp6, [](Bed bed) { bed.Say6(kSlaveA, Dhcp6Type::kReply, {}); }},
      {IgnoreReason::kWrongSide, [](Bed bed) { bed.Answer6(Dhcp6Type::kSolicit, {}); }},
      {IgnoreReason::kRelayMessage,
       [](Bed bed) { bed.Say6(kSlaveA, Dhcp6Type::kSolicit, {.relay_depth = 1}); }},
      {IgnoreReason::kRelayMessage, [](Bed bed) { ReplyWith(bed, {.relay_depth = 1}); }},
      {IgnoreReason::kReconfigure, [](Bed bed) { bed.Answer6(Dhcp6Type::kReconfigure, {}); }},
      {IgnoreReason::kTooManyHolders,
       [](Bed bed) {
         for (const auto duid : {"a", "b", "c"}) {
           bed.Say6(kSlaveA, Dhcp6Type::kSolicit, {.duid = duid});
         }
       }},
      {IgnoreReason::kUnmatchedReply, [](Bed bed) { bed.Answer6(Dhcp6Type::kReply, {}); }},
      {IgnoreReason::kCopiedXid,
       [](Bed bed) {
         bed.Say6(kSlaveB, Dhcp6Type::kRequest, {});
         ReplyWith(bed, {});
       }},
      {IgnoreReason::kReplyNotToClient, [](Bed bed) { ReplyWith(bed, {.guest = "fe80::b"}); }},
      {IgnoreReason::kReplyNotToClient, [](Bed bed) { ReplyWith(bed, {.to_group = true}); }},
      {IgnoreReason::kOfferOutOfTurn,
       [](Bed bed) {
         bed.Say6(kSlaveA, Dhcp6Type::kRequest, {});
         bed.Answer6(Dhcp6Type::kAdvertise, {});
       }},
      {IgnoreReason::kAckOutOfTurn,
       [](Bed bed) {
         bed.Say6(kSlaveA, Dhcp6Type::kSolicit, {});
         bed.Answer6(Dhcp6Type::kReply, {.rapid_commit = true});
       }},
      {IgnoreReason::kAckOfOtherServer, [](Bed bed) { ReplyWith(bed, {.server = "other"}); }},
      {IgnoreReason::kInformAnswered,
       [](Bed bed) {
         bed.Say6(kSlaveA, Dhcp6Type::kInformationRequest, {});
         bed.Answer6(Dhcp6Type::kReply, {});
       }},
      {IgnoreReason::kStatusNotSuccess,
       [](Bed bed) { ReplyWith(bed, {.status = Dhcp6Status::kUnspecFail}); }},
      {IgnoreReason::kUnaskedAssociation,
       [](Bed bed) { ReplyWith(bed, {.associations = {{.iaid = 2}}}); }},
      {IgnoreReason::kZeroLeaseTime,
       [](Bed bed) { ReplyWith(bed, {.associations = Ia({{.valid = 0, .preferred = 0}})}); }},
      {IgnoreReason::kGivenUpMeanwhile,
       [one](Bed bed) {
         bed.Lease6(kSlaveA, {.associations = one});
         bed.Say6(kSlaveA, Dhcp6Type::kRenew, {.xid = 2, .associations = one});
         bed.Say6(kSlaveA, Dhcp6Type::kRelease, {.xid = 3, .associations = one});
         bed.Answer6(Dhcp6Type::kReply, {.xid = 2, .associations = one});
       }},
      {IgnoreReason::kPrefixDelegation, [](Bed bed) { ReplyWith(bed, {.delegations = 1}); }},
      {IgnoreReason::kSpoofedRelease,
       [one](Bed bed) { bed.Say6(kSlaveA, Dhcp6Type::kRelease, {.associations = one}); }},
      {IgnoreReason::kSpoofedDecline,
       [one](Bed bed) { bed.Say6(kSlaveA, Dhcp6Type::kDecline, {.associations = one}); }},
      {IgnoreReason::kRegistrationOfOther,
       [](Bed bed) {
         bed.Say6(kSlaveA, Dhcp6Type::kAddressRegistrationInform, {.registered = {{}}});
       }},
      {IgnoreReason::kRegistrationAnswered,
       [](Bed bed) { bed.Answer6(Dhcp6Type::kAddressRegistrationReply, {}); }},
  };
}

std::vector<Case> NdCases() {
  return {
      {IgnoreReason::kForgedAdvertisement,
       [](Bed bed) { bed.Hear(kSlaveA, FrameSide::kSent, FromRouter({.prefixes = {Prefix{}}})); }},
      {IgnoreReason::kQuarantined,
       [](Bed bed) {
         bed.Hear(kSlaveA, FrameSide::kSent, FromRouter({}));
         bed.Dad(kSlaveA, "fe80::1234");
       }},
      {IgnoreReason::kReflectedForgery,
       [](Bed bed) {
         bed.Hear(kSlaveA, FrameSide::kSent, FromRouter({}));
         bed.Advertise(Advertisement{});
       }},
      {IgnoreReason::kReflectedGuest,
       [](Bed bed) {
         bed.Hear(kParent, FrameSide::kReceived, FromNeighbour({.target = "fe80::1234"}));
       }},
      {IgnoreReason::kClaimOfKernel,
       [](Bed bed) {
         bed.kernel().PutForeign(kSlaveA, Net("fe80::1234/64"));
         bed.Dad(kSlaveA, "fe80::1234");
       }},
      {IgnoreReason::kClaimOutsidePrefix, [](Bed bed) { bed.Dad(kSlaveA, "2001:db8:1::1"); }},
      {IgnoreReason::kClaimOfSibling,
       [](Bed bed) {
         bed.Dad(kSlaveB, "fe80::1234");
         bed.Dad(kSlaveA, "fe80::1234");
       }},
      {IgnoreReason::kOwnProbe,
       [](Bed bed) { bed.Solicit(kSlaveA, kProbeSource.ToString(), kRouter); }},
      {IgnoreReason::kLoopedBack,
       [](Bed bed) {
         bed.Hear(kSlaveA, FrameSide::kSent, FromNeighbour({.target = "fe80::1", .nonce = "n"}));
         bed.Hear(kParent, FrameSide::kReceived,
                  FromNeighbour({.target = "fe80::1", .nonce = "n", .mac = kRouterMac}));
       }},
      {IgnoreReason::kClaimsFull,
       [](Bed bed) {
         for (int i = 0; i < 17; ++i) bed.Dad(kSlaveA, "2001:db8:1::1:" + std::to_string(i));
       }},
      {IgnoreReason::kNoClaim, [](Bed bed) { bed.RouterSolicit(kSlaveA, "::"); }},
      {IgnoreReason::kPrefixNotAutonomous,
       [](Bed bed) { bed.Advertise(Prefix{.autonomous = false}); }},
      {IgnoreReason::kPrefixesFull,
       [](Bed bed) {
         for (int i = 0; i < 33; ++i) {
           bed.Advertise(Prefix{.prefix = "2001:db8:" + std::to_string(i) + "::/64"});
         }
       }},
      {IgnoreReason::kArpWithoutConflict,
       [](Bed bed) {
         Heard heard;
         heard.frame.destination_mac = MacAddress::Broadcast();
         heard.frame.source_mac = kRouterMac;
         heard.frame.message = ArpMessage{};
         bed.Hear(kParent, FrameSide::kReceived, heard);
       }},
  };
}

// D8
std::vector<Case> AnnouncementCases() {
  return {
      {IgnoreReason::kAnnouncementsFull,
       [](Bed bed) {
         bed.Advertise(Prefix{});
         for (int32_t slave = 100; slave < 120; ++slave) {
           bed.SlaveAppears(slave);
           for (int i = 0; i < 60; ++i) {
             bed.Dad(slave, "2001:db8:1::" + std::to_string(slave) + ":" + std::to_string(i));
           }
         }
       }},
  };
}

void ExpectProvoked(const std::vector<Case>& cases, bool announce = false) {
  for (const Case& c : cases) {
    Dhcp6Bed bed({.announce = announce});
    EXPECT_EQ(bed.Ignored(c.reason), 0);
    c.provoke(bed);
    EXPECT_GE(bed.Ignored(c.reason), 1) << IgnoreReasonName(c.reason);
  }
}

TEST(IgnoreReasonTest, Dhcp4Messages) { ExpectProvoked(Dhcp4Cases()); }

TEST(IgnoreReasonTest, Dhcp6Messages) { ExpectProvoked(Dhcp6Cases()); }

TEST(IgnoreReasonTest, NeighbourDiscoveryMessages) { ExpectProvoked(NdCases()); }

TEST(IgnoreReasonTest, D8_Announcements) { ExpectProvoked(AnnouncementCases(), true); }

TEST(IgnoreReasonTest, EveryReasonIsProvoked) {
  std::set<IgnoreReason> provoked;
  for (const Case& c : Dhcp4Cases()) provoked.insert(c.reason);
  for (const Case& c : Dhcp6Cases()) provoked.insert(c.reason);
  for (const Case& c : NdCases()) provoked.insert(c.reason);
  for (const Case& c : AnnouncementCases()) provoked.insert(c.reason);
  for (size_t i = 0; i < kIgnoreReasonCount; ++i) {
    const auto reason = static_cast<IgnoreReason>(i);
    EXPECT_TRUE(provoked.contains(reason)) << IgnoreReasonName(reason);
  }
}

TEST(IgnoreReasonTest, NamesAreThereAndUnique) {
  std::set<std::string_view> names;
  for (size_t i = 0; i < kIgnoreReasonCount; ++i) {
    names.insert(IgnoreReasonName(static_cast<IgnoreReason>(i)));
  }
  EXPECT_EQ(names.size(), kIgnoreReasonCount);
  EXPECT_FALSE(names.contains(""));
}

}  // namespace
}  // namespace l3sync::testing
