// Class P1: what the applier refuses, whoever asks.
#include "applier/apply_guard.h"

#include <linux/rtnetlink.h>

#include <cerrno>

#include "gtest/gtest.h"

namespace l3sync {
namespace {

constexpr int32_t kParent = 2, kSlave = 10, kSibling = 11, kOther = 5;

IpAddress Ip(const char* text) { return IpAddress::Parse(text).value(); }

LinkRecord Link(int32_t ifindex, LinkKind kind, int32_t parent) {
  LinkRecord link;
  link.ifindex = ifindex;
  link.kind = kind;
  link.parent_ifindex = parent;
  return link;
}

AddressRecord Address(int32_t ifindex, const char* address, int length, uint8_t protocol = 0) {
  AddressRecord record;
  record.ifindex = ifindex;
  record.address = Ip(address);
  record.prefix_length = static_cast<uint8_t>(length);
  record.protocol = protocol;
  return record;
}

class ApplyGuardTest : public ::testing::Test {
 protected:
  ApplyGuardTest()
      : guard_({.parent_ifindex = kParent,
                .deny = {IpPrefix::Parse("192.0.2.128/25").value()},
                .configured = {Ip("192.0.2.2")},
                .announce = false}) {
    Mark(DumpMark::Kind::kBegin);
    guard_.Push(Link(kParent, LinkKind::kOther, 0));
    guard_.Push(Link(kSlave, LinkKind::kIpvtap, kParent));
    guard_.Push(Link(kSibling, LinkKind::kIpvtap, kParent));
    guard_.Push(Address(kParent, "192.0.2.5", 24));
    guard_.Push(Address(kParent, "2001:db8::5", 64));
    for (const char* const gateway : {"192.0.2.1", "192.0.2.2", "fe80::1"}) {
      RouteRecord route;
      route.gateway = Ip(gateway);
      route.type = RTN_UNICAST;
      guard_.Push(route);
    }
    Mark(DumpMark::Kind::kEnd);
  }

  void Mark(DumpMark::Kind kind) { guard_.Push(DumpMark{kind, 0, 1}); }
  int Ask(ApplyVerb verb, const char* address, int32_t ifindex = kSlave, bool flag = false,
          uint8_t protocol = kAddressProtocol) {
    ApplyRequest request;
    request.verb = verb;
    request.ifindex = ifindex;
    request.flag = flag ? 1 : 0;
    request.protocol = protocol;
    return guard_.Check(request, Ip(address));
  }
  int Put(const char* address, int32_t ifindex = kSlave) {
    return Ask(ApplyVerb::kPutAddress, address, ifindex);
  }
  void Done(ApplyVerb verb, const char* address) {
    ApplyRequest request;
    request.verb = verb;
    request.ifindex = kSlave;
    guard_.NoteDone(request, Ip(address));
  }

  ApplyGuard guard_;
};

TEST_F(ApplyGuardTest, KnowsNothingBeforeTheFirstDumpEnded) {
  ApplyGuard fresh({.parent_ifindex = kParent, .deny = {}, .configured = {}});
  EXPECT_FALSE(fresh.is_ready());
  fresh.Push(DumpMark{DumpMark::Kind::kBegin, 0, 1});
  fresh.Push(DumpMark{DumpMark::Kind::kFailed, 0, 1});
  EXPECT_FALSE(fresh.is_ready());
  EXPECT_TRUE(fresh.needs_dump());
  EXPECT_TRUE(guard_.is_ready());
  EXPECT_FALSE(guard_.needs_dump());
}

TEST_F(ApplyGuardTest, GuestsMayHaveAddresses) {
  EXPECT_EQ(Put("192.0.2.7"), 0);
  EXPECT_EQ(Put("2001:db8::7"), 0);
  EXPECT_EQ(Put("fe80::7"), 0);
}

TEST_F(ApplyGuardTest, ClassP1_OnSlavesOfTheParentOnly) {
  EXPECT_EQ(Put("192.0.2.7", kParent), ENODEV);
  EXPECT_EQ(Put("192.0.2.7", 1), ENODEV);
  EXPECT_EQ(Put("192.0.2.7", 0), ENODEV);
  EXPECT_EQ(Put("192.0.2.7", -1), ENODEV);
  guard_.Push(Link(12, LinkKind::kIpvtap, kOther));
  guard_.Push(Link(13, LinkKind::kIpvlan, kParent));
  guard_.Push(Link(14, LinkKind::kMacvtap, kParent));
  LinkRecord foreign = Link(15, LinkKind::kIpvtap, kParent);
  foreign.parent_in_other_netns = true;
  guard_.Push(foreign);
  for (const int32_t ifindex : {12, 13, 14, 15}) EXPECT_EQ(Put("192.0.2.7", ifindex), ENODEV);
}

TEST_F(ApplyGuardTest, SlaveThatIsGoneIsNone) {
  LinkRecord gone = Link(kSlave, LinkKind::kIpvtap, kParent);
  gone.deleted = true;
  guard_.Push(gone);
  EXPECT_EQ(Put("192.0.2.7"), ENODEV);
}

TEST_F(ApplyGuardTest, NeverTheHostsOwn) {
  EXPECT_EQ(Put("192.0.2.5"), EPERM);
  EXPECT_EQ(Put("2001:db8::5"), EPERM);
  EXPECT_EQ(Put("192.0.2.0"), EPERM);
  EXPECT_EQ(Put("192.0.2.9"), 0);
  guard_.Push(Address(kOther, "192.0.2.9", 32));
  EXPECT_EQ(Put("192.0.2.9"), EPERM);
  AddressRecord lost = Address(kOther, "192.0.2.9", 32);
  lost.deleted = true;
  guard_.Push(lost);
  EXPECT_EQ(Put("192.0.2.9"), 0);
}

TEST_F(ApplyGuardTest, NeverANextHopButThatOfAGuest) {
  EXPECT_EQ(Put("192.0.2.1"), EPERM);
  EXPECT_EQ(Put("fe80::1"), EPERM);
  EXPECT_EQ(Put("192.0.2.2"), 0) << "it is configured";
}

TEST_F(ApplyGuardTest, NeverSpecialOnes) {
  for (const char* const address :
       {"0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255", "169.254.1.1", "240.0.0.1",
        "::", "::1", "ff02::1", "::ffff:192.0.2.7", "2001:db8::"}) {
    EXPECT_EQ(Put(address), EPERM) << address;
  }
  ApplyRequest request;
  request.verb = ApplyVerb::kPutAddress;
  request.ifindex = kSlave;
  EXPECT_EQ(guard_.Check(request, IpAddress()), EPERM);
}

TEST_F(ApplyGuardTest, NeverDeniedOnes) {
  EXPECT_EQ(Put("192.0.2.128"), EPERM);
  EXPECT_EQ(Put("192.0.2.200"), EPERM);
  EXPECT_EQ(Put("192.0.2.127"), 0);
}

TEST_F(ApplyGuardTest, TagIsOurOwn) {
  for (int protocol = 0; protocol < 256; ++protocol) {
    const bool is_ours = protocol == kAddressProtocol || protocol == kLease6Protocol;
    EXPECT_EQ(
        Ask(ApplyVerb::kPutAddress, "192.0.2.7", kSlave, false, static_cast<uint8_t>(protocol)),
        is_ours ? 0 : EPERM);
  }
}

TEST_F(ApplyGuardTest, AddressOfSomebodyElseOnASlaveStaysAsItIs) {
  guard_.Push(Address(kSlave, "192.0.2.7", 24));
  guard_.Push(Address(kSlave, "192.0.2.8", 24, kAddressProtocol));
  for (const char* const address : {"192.0.2.7", "192.0.2.8"}) {
    EXPECT_EQ(Ask(ApplyVerb::kPutAddress, address, kSlave, /*flag=*/true), EPERM);
    for (const ApplyVerb verb : {ApplyVerb::kRemoveAddress, ApplyVerb::kRemoveLocalRoute,
                                 ApplyVerb::kDeliver, ApplyVerb::kProbe, ApplyVerb::kAnnounce}) {
      EXPECT_EQ(Ask(verb, address), EPERM);
    }
  }
}

TEST_F(ApplyGuardTest, TheRestIsForAddressesThatWerePutThere) {
  constexpr ApplyVerb kVerbs[] = {ApplyVerb::kRemoveAddress, ApplyVerb::kRemoveLocalRoute,
                                  ApplyVerb::kDeliver, ApplyVerb::kProbe};
  for (const ApplyVerb verb : kVerbs) {
    EXPECT_EQ(Ask(verb, "192.0.2.7"), verb == ApplyVerb::kRemoveLocalRoute ? ESRCH : EADDRNOTAVAIL);
  }
  Done(ApplyVerb::kPutAddress, "192.0.2.7");
  for (const ApplyVerb verb : kVerbs) {
    EXPECT_EQ(Ask(verb, "192.0.2.7"), 0);
    EXPECT_NE(Ask(verb, "192.0.2.7", kSibling), 0);
    EXPECT_EQ(Ask(verb, "192.0.2.7", kParent), ENODEV);
  }
  Done(ApplyVerb::kRemoveAddress, "192.0.2.7");
  for (const ApplyVerb verb : kVerbs) EXPECT_NE(Ask(verb, "192.0.2.7"), 0);
}

TEST_F(ApplyGuardTest, WhatAnEarlierOnePutIsOursToo) {
  guard_.Push(Address(kSlave, "192.0.2.7", 32, kAddressProtocol));
  EXPECT_EQ(Ask(ApplyVerb::kPutAddress, "192.0.2.7", kSlave, true), 0);
  EXPECT_EQ(Ask(ApplyVerb::kRemoveAddress, "192.0.2.7"), 0);
  AddressRecord expired = Address(kSlave, "192.0.2.7", 32, kAddressProtocol);
  expired.deleted = true;
  guard_.Push(expired);
  EXPECT_EQ(Ask(ApplyVerb::kDeliver, "192.0.2.7"), EADDRNOTAVAIL);
}

TEST_F(ApplyGuardTest, AnnouncesOnlyWhenTheOperatorSaidSo) {
  Done(ApplyVerb::kPutAddress, "192.0.2.7");
  EXPECT_EQ(Ask(ApplyVerb::kAnnounce, "192.0.2.7"), EPERM);
  ApplyGuard announcing(
      {.parent_ifindex = kParent, .deny = {}, .configured = {}, .announce = true});
  announcing.Push(Link(kSlave, LinkKind::kIpvtap, kParent));
  announcing.Push(Address(kSlave, "192.0.2.7", 32, kAddressProtocol));
  ApplyRequest request;
  request.verb = ApplyVerb::kAnnounce;
  request.ifindex = kSlave;
  EXPECT_EQ(announcing.Check(request, Ip("192.0.2.7")), 0);
  EXPECT_EQ(announcing.Check(request, Ip("192.0.2.8")), EADDRNOTAVAIL);
}

TEST_F(ApplyGuardTest, DumpReplacesWhatIsKnown) {
  Mark(DumpMark::Kind::kBegin);
  guard_.Push(Link(kSibling, LinkKind::kIpvtap, kParent));
  guard_.Push(Address(kSibling, "192.0.2.9", 32, kAddressProtocol));
  Mark(DumpMark::Kind::kEnd);
  EXPECT_EQ(Put("192.0.2.7"), ENODEV) << "the slave is gone";
  EXPECT_EQ(Put("192.0.2.1", kSibling), 0) << "and the route";
  EXPECT_EQ(Ask(ApplyVerb::kDeliver, "192.0.2.9", kSibling), 0);
}

TEST_F(ApplyGuardTest, WhatWasPutDuringADumpThatDoesNotShowItIsKnown) {
  Mark(DumpMark::Kind::kBegin);
  guard_.Push(Link(kSlave, LinkKind::kIpvtap, kParent));
  Done(ApplyVerb::kPutAddress, "192.0.2.7");
  Mark(DumpMark::Kind::kEnd);
  EXPECT_EQ(Ask(ApplyVerb::kDeliver, "192.0.2.7"), 0);
}

TEST_F(ApplyGuardTest, LossesAndWhatADumpMayHaveMissedAskForAnother) {
  guard_.Push(EventsLost{});
  EXPECT_TRUE(guard_.needs_dump());
  Mark(DumpMark::Kind::kBegin);
  EXPECT_FALSE(guard_.needs_dump());
  AddressRecord lost = Address(kParent, "192.0.2.5", 24);
  lost.deleted = true;
  guard_.Push(lost);
  guard_.Push(Address(kParent, "192.0.2.5", 24));  // the dump's, older
  Mark(DumpMark::Kind::kEnd);
  EXPECT_TRUE(guard_.needs_dump());
}

TEST_F(ApplyGuardTest, AddressesOfASlaveThatCameBeforeItAreReadAnew) {
  guard_.Push(Address(20, "192.0.2.9", 32, kAddressProtocol));
  EXPECT_EQ(Put("192.0.2.9"), EPERM) << "of an interface that is no slave";
  guard_.Push(Link(20, LinkKind::kIpvtap, kParent));
  EXPECT_TRUE(guard_.needs_dump());
}

}  // namespace
}  // namespace l3sync
