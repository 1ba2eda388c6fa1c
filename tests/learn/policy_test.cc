#include "learn/policy.h"

#include <string>

#include "gtest/gtest.h"

#include "messages.h"

// The reserved set (rule T7), --deny and --eui64.
namespace l3sync::testing {
namespace {

Reason Lease(const Policy& policy, std::string_view address) {
  return policy.Check(Ip(address), /*claimed_by_nd=*/false);
}
Reason Claim(const Policy& policy, std::string_view address) {
  return policy.Check(Ip(address), /*claimed_by_nd=*/true);
}

TEST(PolicyTest, T7_SpecialAddresses) {
  const Policy policy({});
  for (const auto* address : {"0.0.0.0", "0.1.2.3", "127.0.0.1", "127.255.255.255", "169.254.1.1",
                              "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "::",
                              "::1", "ff02::1", "ff0e::1", "::ffff:192.0.2.1", "2001:db8:1::"}) {
    EXPECT_EQ(Lease(policy, address), Reason::kSpecialAddress) << address;
  }
  EXPECT_EQ(policy.Check(IpAddress(), false), Reason::kSpecialAddress);
  for (const auto* address : {"192.0.2.10", "1.0.0.1", "223.255.255.254", "10.0.0.0", "fe80::1234",
                              "2001:db8:1::1", "fd00::1"}) {
    EXPECT_EQ(Lease(policy, address), Reason::kNone) << address;
  }
}

TEST(PolicyTest, DeniedPrefixes) {
  const Policy policy({.deny = {Net("192.0.2.0/28"), Net("2001:db8:bad::/48")}, .resolvers = {}});
  EXPECT_EQ(Lease(policy, "192.0.2.15"), Reason::kDenied);
  EXPECT_EQ(Lease(policy, "192.0.2.16"), Reason::kNone);
  EXPECT_EQ(Claim(policy, "2001:db8:bad::1"), Reason::kDenied);
}

TEST(PolicyTest, T7_HostAddressesOfEveryInterface) {
  Policy policy({});
  policy.AddHostAddress(2, Net("192.0.2.10/24"));
  policy.AddHostAddress(3, Net("192.0.2.10/24"));
  policy.AddHostAddress(3, Net("2001:db8:1::10/64"));
  EXPECT_EQ(Lease(policy, "192.0.2.10"), Reason::kHostAddress);
  EXPECT_EQ(Claim(policy, "2001:db8:1::10"), Reason::kHostAddress);
  policy.RemoveHostAddress(2, Ip("192.0.2.10"));
  EXPECT_EQ(Lease(policy, "192.0.2.10"), Reason::kHostAddress) << "interface 3 has it as well";
  policy.RemoveHostInterface(3);
  EXPECT_EQ(Lease(policy, "192.0.2.10"), Reason::kNone);
  EXPECT_EQ(Claim(policy, "2001:db8:1::10"), Reason::kNone);
  policy.RemoveHostAddress(3, Ip("192.0.2.10"));
}

TEST(PolicyTest, T7_EdgesOfTheHostsSubnets) {
  Policy policy({});
  policy.AddHostAddress(2, Net("192.0.2.65/26"));
  EXPECT_EQ(Lease(policy, "192.0.2.64"), Reason::kSubnetBroadcast);
  EXPECT_EQ(Lease(policy, "192.0.2.127"), Reason::kSubnetBroadcast);
  EXPECT_EQ(Lease(policy, "192.0.2.63"), Reason::kNone) << "another subnet's";
  EXPECT_EQ(Lease(policy, "192.0.2.126"), Reason::kNone);
}

// RFC 3021, and host routes.
TEST(PolicyTest, T7_SubnetsWithoutEdges) {
  Policy policy({});
  policy.AddHostAddress(2, Net("192.0.2.10/31"));
  policy.AddHostAddress(2, Net("198.51.100.1/32"));
  EXPECT_EQ(Lease(policy, "192.0.2.11"), Reason::kNone);
}

TEST(PolicyTest, T7_NextHopsAndNeighboursAreThoseOfTheLastDump) {
  Policy policy({});
  policy.BeginDump();
  policy.AddNextHop(Ip("192.0.2.1"));
  policy.AddNeighbour(Ip("2001:db8:1::77"));
  EXPECT_EQ(Lease(policy, "192.0.2.1"), Reason::kNone) << "it is not whole yet";
  policy.EndDump(true);
  EXPECT_EQ(Lease(policy, "192.0.2.1"), Reason::kNextHop);
  EXPECT_EQ(Claim(policy, "2001:db8:1::77"), Reason::kNeighbour);
  EXPECT_EQ(Lease(policy, "2001:db8:1::77"), Reason::kNone) << "a neighbour yields to a lease";
  policy.BeginDump();
  policy.EndDump(false);
  EXPECT_EQ(Lease(policy, "192.0.2.1"), Reason::kNextHop) << "a broken dump says nothing";
  policy.BeginDump();
  policy.EndDump(true);
  EXPECT_EQ(Lease(policy, "192.0.2.1"), Reason::kNone);
  EXPECT_EQ(Claim(policy, "2001:db8:1::77"), Reason::kNone);
}

TEST(PolicyTest, T7_HostAddressesFollowTheDumpAndTheNotifications) {
  Policy policy({});
  policy.AddHostAddress(2, Net("192.0.2.10/24"));
  policy.BeginDump();
  EXPECT_EQ(Lease(policy, "192.0.2.10"), Reason::kHostAddress) << "while it goes on";
  policy.AddHostAddress(2, Net("192.0.2.11/24"));
  policy.AddHostAddress(2, Net("192.0.2.12/24"));
  policy.RemoveHostAddress(2, Ip("192.0.2.12"));
  policy.EndDump(true);
  EXPECT_EQ(Lease(policy, "192.0.2.10"), Reason::kNone);
  EXPECT_EQ(Lease(policy, "192.0.2.11"), Reason::kHostAddress);
  EXPECT_EQ(Lease(policy, "192.0.2.12"), Reason::kNone);
}

TEST(PolicyTest, T7_ServersResolversAndRouters) {
  Policy policy({.deny = {}, .resolvers = {Ip("192.0.2.53")}});
  policy.NoteServer(Ip("192.0.2.2"));
  policy.NoteResolver(Ip("192.0.2.54"));
  policy.NoteRouter(Ip("fe80::1"));
  policy.NoteServer(IpAddress());
  EXPECT_EQ(Lease(policy, "192.0.2.2"), Reason::kServer);
  EXPECT_EQ(Lease(policy, "192.0.2.53"), Reason::kResolver);
  EXPECT_EQ(Lease(policy, "192.0.2.54"), Reason::kResolver);
  EXPECT_EQ(Claim(policy, "fe80::1"), Reason::kNextHop);
}

// The first ones stay: a flood must not push the real ones out, nor grow for ever.
TEST(PolicyTest, LearnedAddressesAreBounded) {
  Policy policy({});
  for (uint32_t i = 0; i < 2 * Policy::kMaxLearnedAddresses; ++i) {
    policy.NoteServer(IpAddress::V4(0x0a000001 + i));
  }
  EXPECT_EQ(Lease(policy, "10.0.0.1"), Reason::kServer);
  EXPECT_EQ(Lease(policy, "10.0.1.0"), Reason::kServer);
  EXPECT_EQ(Lease(policy, "10.0.1.1"), Reason::kNone);
}

TEST(PolicyTest, F11_Eui64OfTheSharedMac) {
  Policy policy({});
  const std::string address =
      CombineWithIdentifier(Net("2001:db8:1::/64"), Eui64Identifier(kSharedMac)).ToString();
  EXPECT_EQ(Claim(policy, address), Reason::kNone) << "the MAC is not known yet";
  policy.SetSharedMac(kSharedMac);
  EXPECT_EQ(Claim(policy, address), Reason::kSharedEui64);
  PolicyOptions options;
  options.eui64 = Eui64Policy::kFirst;
  Policy first(options);
  first.SetSharedMac(kSharedMac);
  EXPECT_EQ(Claim(first, address), Reason::kNone);
}

}  // namespace
}  // namespace l3sync::testing
