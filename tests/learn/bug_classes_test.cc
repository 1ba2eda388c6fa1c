// Classes of bugs that other daemons had (docs/bug-classes.md): time that overflows, interfaces
// that go, messages that ask for too much, and authority that is none.
#include <functional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

#include "dhcp6_bed.h"
#include "tests/wire/frame_builder.h"

namespace l3sync::testing {
namespace {

constexpr uint32_t kLifetimes[] = {0, 1, 0x7fffffff, 0x80000000, 0xfffffffe, kInfiniteLifetimeSec};

// What the kernel is told of a lifetime: never more, and a day of what has no end.
absl::Duration InKernel(uint32_t lifetime_sec) {
  return lifetime_sec == kInfiniteLifetimeSec ? Installer::kRollingLifetime
                                              : absl::Seconds(lifetime_sec);
}

// No lifetime keeps the learner busy: a quiet month costs no more than the refreshes of what has no
// end, one in half a day.
void ExpectQuietMonth(LearnerBed* bed) {
  constexpr int kDays = 30;
  const size_t puts = bed->CountOf(CommandKind::kPutAddress);
  bed->Pass(absl::Hours(24 * kDays));
  EXPECT_LE(bed->CountOf(CommandKind::kPutAddress) - puts, 2 * kDays + 1);
}

TEST(LifetimesTest, ClassS5_EveryLeaseOfDhcp4) {
  constexpr std::string_view kAddress = "192.0.2.10";
  for (const uint32_t lease : kLifetimes) {
    SCOPED_TRACE(lease);
    LearnerBed bed;
    bed.Lease(kSlaveA, 7, kAddress, lease);
    if (lease == 0) {
      EXPECT_EQ(bed.SlaveOf(kAddress), 0);
      continue;
    }
    ASSERT_EQ(bed.SlaveOf(kAddress), kSlaveA);
    EXPECT_EQ(bed.KernelRestOf(kAddress), InKernel(lease));
    ExpectQuietMonth(&bed);
    EXPECT_EQ(bed.SlaveOf(kAddress), lease == 1 ? 0 : kSlaveA);
    if (lease == kInfiniteLifetimeSec) continue;
    bed.Pass(absl::Seconds(lease));
    EXPECT_EQ(bed.SlaveOf(kAddress), 0) << "decades are not for ever";
  }
}

TEST(LifetimesTest, ClassS5_EveryPairOfDhcp6) {
  for (const uint32_t valid : kLifetimes) {
    for (const uint32_t preferred : kLifetimes) {
      if (preferred > valid) continue;  // P6-3: not of a message that the parser gives
      SCOPED_TRACE(absl::StrCat(preferred, " of ", valid));
      Dhcp6Bed bed;
      bed.Lease6(kSlaveA, {.associations = Ia({{.valid = valid, .preferred = preferred}})});
      if (valid == 0) {
        EXPECT_EQ(bed.SlaveOf(kGuest6), 0);
        continue;
      }
      ASSERT_EQ(bed.SlaveOf(kGuest6), kSlaveA);
      EXPECT_EQ(bed.KernelRestOf(kGuest6), InKernel(valid));
      EXPECT_LE(bed.BindingOf(kGuest6)->preferred_until, bed.BindingOf(kGuest6)->valid_until);
      ExpectQuietMonth(&bed);
      EXPECT_EQ(bed.SlaveOf(kGuest6), valid == 1 ? 0 : kSlaveA);
    }
  }
}

TEST(LifetimesTest, ClassS5_EveryPairOfAPrefix) {
  constexpr std::string_view kAddress = "2001:db8:1::5";
  for (const uint32_t valid : kLifetimes) {
    for (const uint32_t preferred : kLifetimes) {
      SCOPED_TRACE(absl::StrCat(preferred, " of ", valid));
      LearnerBed bed;
      bed.Advertise(Prefix{.valid = valid, .preferred = preferred});
      bed.Dad(kSlaveA, kAddress);
      if (valid == 0 || preferred > valid) {
        EXPECT_EQ(bed.SlaveOf(kAddress), 0);
        continue;
      }
      ASSERT_EQ(bed.SlaveOf(kAddress), kSlaveA);
      EXPECT_LE(bed.KernelRestOf(kAddress), InKernel(valid) + absl::Seconds(1));
      ExpectQuietMonth(&bed);
      EXPECT_EQ(bed.SlaveOf(kAddress), valid == 1 ? 0 : kSlaveA);
    }
  }
}

// Class S5: T1 and T2 are the client's; what they say makes no lease longer, shorter or restless.
TEST(LifetimesTest, ClassS5_T1AndT2SayNothing) {
  for (const uint32_t t1 : kLifetimes) {
    for (const uint32_t t2 : kLifetimes) {
      LearnerBed bed;
      bed.Discover(kSlaveA, {.xid = 7});
      bed.Offer({.xid = 7, .yiaddr = "192.0.2.10"});
      bed.Select(kSlaveA, {.xid = 7, .requested = "192.0.2.10"});
      Heard ack = FromServer(Dhcp4Type::kAck, {.xid = 7, .yiaddr = "192.0.2.10"});
      auto& message = std::get<Dhcp4Message>(ack.frame.message);
      message.renewal_time_sec = t1;
      message.rebinding_time_sec = t2;
      bed.Hear(kParent, FrameSide::kReceived, ack);
      EXPECT_EQ(bed.KernelRestOf("192.0.2.10"), absl::Seconds(kLease)) << t1 << " " << t2;
    }
  }
}

// Class S6, class S4: slaves that go in the middle of whatever they do, their ifindexes given to
// others; a slave beside them notices nothing.
TEST(SlavesThatGoTest, ClassS6_AThousandComeAndGoDuringTraffic) {
  LearnerBed bed;
  bed.Lease(kSlaveA, 1, "192.0.2.1");
  for (uint32_t i = 0; i < 1000; ++i) {
    const auto slave = static_cast<int32_t>(100 + i % 7);
    const uint32_t xid = 1000 + i;
    const std::string address = IpAddress::V4(0xc0000264 + i % 50).ToString();
    const std::vector<std::function<void()>> steps = {
        [&] { bed.Discover(slave, {.xid = xid}); },
        [&] { bed.Offer({.xid = xid, .yiaddr = address}); },
        [&] { bed.Select(slave, {.xid = xid, .requested = address}); },
        [&] { bed.Ack({.xid = xid, .yiaddr = address}); },
        [&] { bed.Dad(slave, absl::StrCat("fe80::", i)); },
        [&] { bed.SlaveDown(slave); },
        [&] { bed.SlaveUp(slave); },
        [&] { bed.Release(slave, {.xid = xid + 1, .ciaddr = address}); }};
    bed.SlaveAppears(slave);
    if (i % 3 == 0) bed.Hold();
    for (size_t step = 0; step < i % (steps.size() + 1); ++step) steps[step]();
    bed.SlaveGone(slave);
    bed.Resume();
    bed.Pass(absl::Milliseconds(10));
  }
  EXPECT_EQ(bed.learner().bindings().size(), 1U);
  EXPECT_EQ(bed.SlaveOf("192.0.2.1"), kSlaveA);
  EXPECT_EQ(bed.kernel().addresses().size(), 1U);
  bed.Poll();
  EXPECT_EQ(bed.queued(), 0U);
  // What the last ones had asked is not their successors' question, and what they had is free.
  for (uint32_t i = 993; i < 1000; ++i) {
    const auto slave = static_cast<int32_t>(100 + i % 7);
    const std::string address = IpAddress::V4(0xc0000264 + i % 50).ToString();
    bed.SlaveAppears(slave);
    bed.Offer({.xid = 1000 + i, .yiaddr = address});
    bed.Ack({.xid = 1000 + i, .yiaddr = address});
    EXPECT_EQ(bed.WantedOn(address), 0);
    bed.Lease(slave, 5000 + i, address);
    EXPECT_EQ(bed.SlaveOf(address), slave);
  }
}

// ---- A6

Bytes Option6(uint8_t code, const Bytes& value) {
  return Concat(
      {{0, code, static_cast<uint8_t>(value.size() >> 8), static_cast<uint8_t>(value.size())},
       value});
}

// `count` associations with one address each, or one with `count` addresses.
Dhcp6Message Greedy(Dhcp6Type type, bool many_associations, uint8_t count) {
  const IpAddress base = Ip("2001:db8::");
  Bytes options = Concat({Option6(1, {0, 9}), Option6(2, {0, 8})});
  Bytes addresses;
  for (uint8_t i = 1; i <= count; ++i) {
    Bytes address(base.bytes().begin(), base.bytes().end());
    address.back() = i;
    const Bytes option = Option6(5, Concat({address, {0, 0, 1, 0, 0, 0, 2, 0}}));
    if (many_associations) {
      options = Concat({options, Option6(3, Concat({{0, 0, 0, i}, Bytes(8), option}))});
    } else {
      addresses = Concat({addresses, option});
    }
  }
  if (!many_associations) options = Concat({options, Option6(3, Concat({Bytes(12), addresses}))});
  return *ParseDhcp6(Concat({{static_cast<uint8_t>(type), 0, 0, 7}, options}));
}

// What one message asks for and gets is bounded by the slave's share: all of it, or nothing.
TEST(GreedyMessagesTest, ClassA6_ReplyWith200AddressesFillsNoMoreThanTheQuota) {
  constexpr size_t kQuota = BindingTable::kMaxDhcpPerSlave;
  for (const bool many_associations : {true, false}) {
    for (const uint8_t count : {uint8_t{kQuota}, uint8_t{kQuota + 1}, uint8_t{200}}) {
      SCOPED_TRACE(int{count});
      Dhcp6Bed bed;
      Heard heard = FromNeighbour({.source = "fe80::a"});
      heard.frame.destination = Ip("ff02::1:2");
      heard.frame.message = Greedy(Dhcp6Type::kRequest, many_associations, count);
      bed.Hear(kSlaveA, FrameSide::kSent, heard);
      heard.frame.source = Ip("fe80::1");
      heard.frame.destination = Ip("fe80::a");
      heard.frame.source_mac = kRouterMac;
      heard.frame.destination_mac = kSharedMac;
      heard.frame.message = Greedy(Dhcp6Type::kReply, many_associations, count);
      bed.Hear(kParent, FrameSide::kReceived, heard);
      EXPECT_EQ(bed.learner().bindings().CountDhcpOf(kSlaveA), count == kQuota ? kQuota : 0);
      bed.Lease(kSlaveB, 8, "192.0.2.20");
      EXPECT_EQ(bed.SlaveOf("192.0.2.20"), kSlaveB);
    }
  }
}

// ---- S8

// CVE-2020-13529: FORCERENEW, and an ACK that nobody asked for.
TEST(SpoofedAuthorityTest, ClassS8_ForcedRenewalThenAckChangesNothing) {
  LearnerBed bed;
  bed.Lease(kSlaveA, 7, "192.0.2.10");
  bed.Pass(absl::Minutes(3));  // the request of the lease is forgotten
  bed.Answer(Dhcp4Type::kForceRenew, {.xid = 7, .ciaddr = "192.0.2.10"});
  EXPECT_EQ(bed.Ignored(IgnoreReason::kForceRenew), 1U);
  for (const uint32_t xid : {7U, 8U, 0U}) {
    bed.Ack({.xid = xid, .yiaddr = "192.0.2.10", .lease = 1});
    bed.Ack({.xid = xid, .yiaddr = "192.0.2.66"});
    bed.Nak({.xid = xid});
  }
  EXPECT_EQ(bed.KernelRestOf("192.0.2.10"), absl::Seconds(kLease) - absl::Minutes(3));
  EXPECT_EQ(bed.WantedOn("192.0.2.66"), 0);
}

}  // namespace
}  // namespace l3sync::testing
