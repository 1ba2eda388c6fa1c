#include <cerrno>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "learner_bed.h"

// A table of every reason why an address is refused or taken away, each with what provokes it.
namespace l3sync::testing {
namespace {

using Bed = LearnerBed&;
constexpr std::string_view kGuest = "192.0.2.10";
constexpr std::string_view kConfiguredForB = "192.0.2.99";

struct Case {
  Reason reason;
  std::function<void(Bed)> provoke;
};

void AckOf(Bed bed, int32_t slave, std::string_view address, std::string_view mask = "") {
  bed.Reboot(slave, {.xid = 7, .requested = address});
  bed.Ack({.xid = 7, .yiaddr = address, .mask = mask});
}

std::function<void(Bed)> KernelSays(int error) {
  return [error](Bed bed) {
    bed.kernel().Refuse(CommandKind::kPutAddress, error);
    bed.Dad(kSlaveA, "fe80::1234");
  };
}

std::vector<Case> RefusalCases() {
  return {
      {Reason::kSpecialAddress, [](Bed bed) { AckOf(bed, kSlaveA, "127.0.0.1"); }},
      {Reason::kSubnetBroadcast,
       [](Bed bed) { AckOf(bed, kSlaveA, "192.0.2.255", "255.255.255.0"); }},
      {Reason::kSubnetBroadcast,
       [](Bed bed) { AckOf(bed, kSlaveA, "192.0.2.0", "255.255.255.0"); }},
      {Reason::kHostAddress,
       [](Bed bed) {
         bed.HostGains("192.0.2.10/24");
         AckOf(bed, kSlaveA, kGuest);
       }},
      {Reason::kNextHop,
       [](Bed bed) {
         bed.Advertise(Prefix{});
         bed.Dad(kSlaveA, kRouter);
       }},
      {Reason::kServer,
       [](Bed bed) {
         bed.Lease(kSlaveB, 99, "192.0.2.77");
         AckOf(bed, kSlaveA, kServer);
       }},
      {Reason::kResolver, [](Bed bed) { AckOf(bed, kSlaveA, "192.0.2.53"); }},
      {Reason::kNeighbour,
       [](Bed bed) {
         NeighbourRecord neighbour;
         neighbour.ifindex = kParent;
         neighbour.address = Ip("fe80::77");
         neighbour.mac = kRouterMac;
         neighbour.state = 2;  // NUD_REACHABLE
         bed.PollWith({neighbour});
         bed.Dad(kSlaveA, "fe80::77");
       }},
      {Reason::kDenied, [](Bed bed) { AckOf(bed, kSlaveA, "198.51.100.1"); }},
      {Reason::kSharedEui64, [](Bed bed) { bed.Dad(kSlaveA, "fe80::ff:fe00:fe"); }},
      {Reason::kHeldBySlave,
       [](Bed bed) {
         bed.Discover(kSlaveB, {.xid = 99, .client_id = "b", .rapid_commit = true});
         bed.Ack({.xid = 99, .client_id = "b", .yiaddr = kGuest, .rapid_commit = true});
         AckOf(bed, kSlaveA, kGuest);
       }},
      {Reason::kDuplicate,
       [](Bed bed) {
         bed.Dad(kSlaveB, "fe80::1234");
         bed.Dad(kSlaveA, "fe80::1234");  // while the other one tests it, too
       }},
      {Reason::kSameClient,
       [](Bed bed) {
         bed.Lease(kSlaveB, 99, kGuest);
         AckOf(bed, kSlaveA, kGuest);
       }},
      {Reason::kConfigured, [](Bed bed) { AckOf(bed, kSlaveA, kConfiguredForB); }},
      {Reason::kInUseElsewhere, KernelSays(EADDRINUSE)},
      {Reason::kQuota,
       [](Bed bed) {
         for (uint32_t i = 0; i <= BindingTable::kMaxDhcpPerSlave; ++i) {
           const std::string address = IpAddress::V4(0xc0000214 + i).ToString();
           bed.Discover(kSlaveA, {.xid = i, .client_id = address});
           bed.Offer({.xid = i, .client_id = address, .yiaddr = address});
         }
       }},
      {Reason::kDeclinedBefore,
       [](Bed bed) {
         bed.Lease(kSlaveA, 99, kGuest);
         bed.Decline(kSlaveA, {.xid = 100, .requested = kGuest});
         AckOf(bed, kSlaveA, kGuest);
       }},
      {Reason::kIpv6Disabled, KernelSays(EACCES)},
      {Reason::kNotPermitted, KernelSays(EPERM)},
      {Reason::kKernelError, KernelSays(ENOMEM)},
  };
}

LearnerBed::Options Restricted() {
  LearnerBed::Options options;
  options.policy.deny = {Net("198.51.100.0/24")};
  options.policy.resolvers = {Ip("192.0.2.53")};
  options.policy.configured = {{"slave-b", Ip(kConfiguredForB)}};
  return options;
}

TEST(RefusalsTest, T7_EachIsProvokedAndSaidOnce) {
  for (const Case& c : RefusalCases()) {
    LearnerBed bed(Restricted());
    c.provoke(bed);
    const std::vector<Event> refused = bed.Events(EventKind::kAddressRefused);
    ASSERT_EQ(refused.size(), 1) << ReasonName(c.reason);
    EXPECT_EQ(refused[0].reason, c.reason);
    EXPECT_EQ(refused[0].ifindex, kSlaveA);
    EXPECT_EQ(refused[0].severity, Severity::kWarning);
  }
}

TEST(RefusalsTest, EveryReasonToRefuseIsProvoked) {
  std::set<Reason> provoked;
  for (const Case& c : RefusalCases()) provoked.insert(c.reason);
  for (auto i = static_cast<int>(Reason::kSpecialAddress);
       i <= static_cast<int>(Reason::kKernelError); ++i) {
    EXPECT_TRUE(provoked.contains(static_cast<Reason>(i))) << ReasonName(static_cast<Reason>(i));
  }
}

// S4-5: a mask that is not contiguous, or of a net without a broadcast address, says nothing.
// Class A12.
TEST(RefusalsTest, S4_5_OddMasksForbidNothing) {
  for (const auto* mask :
       {"255.255.255.254", "255.255.255.255", "255.0.255.0", "0.0.0.1", "0.0.0.0"}) {
    LearnerBed bed;
    AckOf(bed, kSlaveA, "192.0.2.255", mask);
    EXPECT_EQ(bed.SlaveOf("192.0.2.255"), kSlaveA) << mask;
  }
  LearnerBed bed;
  AckOf(bed, kSlaveA, "192.0.2.254", "255.255.255.0");
  EXPECT_EQ(bed.SlaveOf("192.0.2.254"), kSlaveA);
}

TEST(RefusalsTest, RefusalIsSaidAgainAfterAMinute) {
  LearnerBed bed(Restricted());
  AckOf(bed, kSlaveA, "198.51.100.1");
  AckOf(bed, kSlaveA, "198.51.100.1");
  bed.Pass(absl::Seconds(59));
  AckOf(bed, kSlaveA, "198.51.100.1");
  EXPECT_EQ(bed.Events(EventKind::kAddressRefused).size(), 1);
  bed.Pass(absl::Seconds(1));
  AckOf(bed, kSlaveA, "198.51.100.1");
  EXPECT_EQ(bed.Events(EventKind::kAddressRefused).size(), 2);
}

// A guest may claim an address a frame; the log is not its to fill.
TEST(RefusalsTest, OneGuestFillsNoLog) {
  LearnerBed bed;
  bed.Dad(kSlaveB, "fe80::1234");
  bed.Solicit(kSlaveB, "fe80::1234", "fe80::1");
  for (uint32_t i = 0; i < 5000; ++i) {
    bed.Dad(kSlaveA, "::ffff:" + IpAddress::V4(0x0a000000 + i).ToString());
  }
  EXPECT_LE(bed.Events(EventKind::kAddressRefused).size(), AddressBook::kMaxRefusalsPerSlave);
  // Another slave's are said all the same.
  bed.Dad(kSlaveC, "fe80::1234");
  EXPECT_EQ(bed.Said(EventKind::kAddressRefused, "fe80::1234", Reason::kHeldBySlave), 1);
  bed.Pass(absl::Minutes(1));
  bed.Dad(kSlaveA, "fe80::1234");
  EXPECT_EQ(bed.Said(EventKind::kAddressRefused, "fe80::1234", Reason::kHeldBySlave), 2);
}

}  // namespace
}  // namespace l3sync::testing
