#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "learner_bed.h"

// --bind: rule T2, configuration before DHCP before ND.
namespace l3sync::testing {
namespace {

using ::testing::ElementsAre;

constexpr std::string_view kGuest = "192.0.2.10";
constexpr std::string_view kLinkLocal = "fe80::10";

LearnerBed::Options Binding(std::vector<ConfiguredAddress> configured) {
  LearnerBed::Options options;
  options.policy.configured = std::move(configured);
  return options;
}

LearnerBed::Options BindingOne() { return Binding({{"t0", Ip(kGuest)}, {"t0", Ip(kLinkLocal)}}); }

void Name(LearnerBed* bed, int32_t slave, std::string_view name) {
  bed->learner().SlaveNamed(slave, name, bed->now());
  bed->Settle();
}

void HostLoses(LearnerBed* bed, std::string_view address) {
  AddressRecord gone;
  gone.deleted = true;
  gone.ifindex = kParent;
  gone.address = Ip(address);
  bed->Tell(gone);
  bed->Settle();
}

TEST(ConfiguredAddressesTest, T2_SlaveHasItsAddressesForAsLongAsItIsThere) {
  LearnerBed bed(BindingOne());
  EXPECT_EQ(bed.SlaveOf(kGuest), 0) << "no slave has the name yet";
  Name(&bed, kSlaveA, "t0");
  EXPECT_EQ(bed.SlaveOf(kGuest), kSlaveA);
  EXPECT_EQ(bed.SlaveOf(kLinkLocal), kSlaveA);
  EXPECT_EQ(bed.BindingOf(kGuest)->origin, Origin::kBind);
  const auto confirmed = bed.Events(EventKind::kAddressConfirmed);
  ASSERT_EQ(confirmed.size(), 2U);
  EXPECT_EQ(confirmed[0].origin, Origin::kBind);
  EXPECT_EQ(confirmed[0].valid_sec, kInfiniteLifetimeSec);
  bed.Pass(absl::Hours(100));
  EXPECT_EQ(bed.SlaveOf(kGuest), kSlaveA);
  EXPECT_LE(bed.KernelRestOf(kGuest), Installer::kRollingLifetime)
      << "a dead l3sync leaves nothing";
  bed.SlaveGone(kSlaveA);
  EXPECT_EQ(bed.SlaveOf(kGuest), 0);
  bed.SlaveAppears(kSlaveB);
  Name(&bed, kSlaveB, "t0");
  EXPECT_EQ(bed.SlaveOf(kGuest), kSlaveB);
}

TEST(ConfiguredAddressesTest, T2_NameCountsNotTheSlave) {
  LearnerBed bed(Binding({{"t0", Ip(kGuest)}, {"t1", Ip("192.0.2.11")}}));
  Name(&bed, kSlaveA, "t0");
  Name(&bed, kSlaveB, "t1");
  Name(&bed, kSlaveA, "other");
  EXPECT_EQ(bed.SlaveOf(kGuest), 0);
  EXPECT_EQ(bed.Said(EventKind::kAddressRemoved, kGuest, Reason::kConfigured), 1);
  Name(&bed, kSlaveB, "t0");
  EXPECT_EQ(bed.SlaveOf(kGuest), kSlaveB);
  EXPECT_EQ(bed.SlaveOf("192.0.2.11"), 0);
}

TEST(ConfiguredAddressesTest, T2_OthersAreRefusedAlsoWhileTheSlaveIsNotThere) {
  LearnerBed bed(BindingOne());
  const auto everybody_tries = [&] {
    bed.Discover(kSlaveB, {.xid = 7});
    bed.Offer({.xid = 7, .yiaddr = kGuest});
    bed.Reboot(kSlaveB, {.xid = 8, .requested = kGuest});
    bed.Ack({.xid = 8, .yiaddr = kGuest});
    bed.Dad(kSlaveB, kLinkLocal);
  };
  everybody_tries();
  EXPECT_EQ(bed.WantedOn(kGuest), 0);
  EXPECT_EQ(bed.WantedOn(kLinkLocal), 0);
  EXPECT_EQ(bed.Said(EventKind::kAddressRefused, kGuest, Reason::kConfigured), 1);
  EXPECT_EQ(bed.Said(EventKind::kAddressRefused, kLinkLocal, Reason::kConfigured), 1);
  Name(&bed, kSlaveA, "t0");
  bed.ForgetEvents();
  bed.Pass(AddressBook::kRefusalInterval);
  everybody_tries();
  EXPECT_EQ(bed.SlaveOf(kGuest), kSlaveA);
  EXPECT_EQ(bed.SlaveOf(kLinkLocal), kSlaveA);
  const auto refused = bed.Events(EventKind::kAddressRefused);
  ASSERT_FALSE(refused.empty());
  EXPECT_EQ(refused[0].other_ifindex, kSlaveA);
  EXPECT_THAT(bed.DeliveredTo(kSlaveB), ElementsAre());
}

// An earlier run, without --bind, gave it to another slave.
TEST(ConfiguredAddressesTest, T2_MovesAtOnceFromWhoHasIt) {
  LearnerBed::Options options = BindingOne();
  options.has_slaves = false;
  LearnerBed bed(options);
  for (const int32_t slave : {kSlaveA, kSlaveB}) bed.kernel().AddLink(slave, true);
  Command put;
  put.kind = CommandKind::kPutAddress;
  put.ifindex = kSlaveB;
  put.address = Ip(kGuest);
  put.valid_sec = 3600;
  put.id = 1;
  bed.kernel().Execute(put, {}, bed.now());
  bed.kernel().records.clear();
  for (const int32_t slave : {kSlaveA, kSlaveB}) {
    bed.learner().SlaveAppeared(slave, true, bed.now());
    bed.learner().SlaveNamed(slave, slave == kSlaveA ? "t0" : "t1", bed.now());
  }
  bed.Settle();
  // Each slave is read apart here, and the kernel refuses until the other one was.
  bed.Pass(absl::Seconds(1));
  EXPECT_EQ(bed.SlaveOf(kGuest), kSlaveA);
  EXPECT_EQ(bed.WantedOn(kGuest), kSlaveA);
}

TEST(ConfiguredAddressesTest, T2_NothingThatIsSaidTakesItAway) {
  LearnerBed bed(BindingOne());
  Name(&bed, kSlaveA, "t0");
  bed.Lease(kSlaveA, 7, kGuest);
  EXPECT_EQ(bed.BindingOf(kGuest)->origin, Origin::kBind) << "a lease of it keeps the rank";
  bed.Reboot(kSlaveA, {.xid = 8, .requested = kGuest});
  bed.Nak({.xid = 8});
  bed.Reboot(kSlaveA, {.xid = 9, .requested = kGuest});
  bed.Ack({.xid = 9, .yiaddr = kGuest, .lease = 0});
  bed.Decline(kSlaveA, {.xid = 10, .requested = kGuest});
  bed.Release(kSlaveA, {.xid = 11, .ciaddr = kGuest});
  bed.Lease(kSlaveA, 12, "192.0.2.11");
  bed.Pass(absl::Hours(50));
  EXPECT_EQ(bed.SlaveOf(kGuest), kSlaveA);
  EXPECT_EQ(bed.Said(EventKind::kAddressRemoved, kGuest), 0);
}

// Its replies come by the kernel, for the address is there before the guest asks.
TEST(ConfiguredAddressesTest, T2_GuestMayLeaseItsOwnAddress) {
  LearnerBed bed(BindingOne());
  Name(&bed, kSlaveA, "t0");
  bed.Lease(kSlaveA, 7, kGuest);
  EXPECT_EQ(bed.Said(EventKind::kAddressRefused, kGuest), 0);
  EXPECT_THAT(bed.DeliveredTo(kSlaveA), ElementsAre());
}

TEST(ConfiguredAddressesTest, T2_SlaveThatIsFullKeepsWhatIsConfigured) {
  LearnerBed bed(BindingOne());
  Name(&bed, kSlaveA, "t0");
  bed.Advertise(Prefix{});
  for (size_t i = 0; i < 2 * BindingTable::kMaxPerSlave; ++i) {
    bed.Dad(kSlaveA, "2001:db8:1::1:" + std::to_string(i));
  }
  EXPECT_EQ(bed.SlaveOf(kLinkLocal), kSlaveA);
  EXPECT_EQ(bed.SlaveOf(kGuest), kSlaveA);
}

// T7: the guest really is the router, the server, the resolver, or a neighbour that the host knows.
TEST(ConfiguredAddressesTest, T7_BindLiftsWhatIsReservedForTheNetwork) {
  LearnerBed::Options options = BindingOne();
  options.policy.resolvers = {Ip(kGuest)};
  LearnerBed bed(options);
  bed.Lease(kSlaveB, 99, "192.0.2.77");
  bed.Reboot(kSlaveB, {.xid = 5, .requested = "192.0.2.78"});
  bed.Ack(
      {.xid = 5, .yiaddr = "192.0.2.78", .server = kGuest, .router = kGuest, .resolver = kGuest});
  RouteRecord route;
  route.type = 1;  // RTN_UNICAST
  route.gateway = Ip(kGuest);
  route.ifindex = kParent;
  bed.PollWith({route});
  Name(&bed, kSlaveA, "t0");
  EXPECT_EQ(bed.SlaveOf(kGuest), kSlaveA);
  bed.PollWith({route});
  EXPECT_EQ(bed.SlaveOf(kGuest), kSlaveA);
  bed.Lease(kSlaveA, 6, kGuest);
  EXPECT_EQ(bed.Said(EventKind::kAddressRefused, kGuest), 0);
}

TEST(ConfiguredAddressesTest, T7_BindLiftsNothingOfTheHosts) {
  LearnerBed bed(BindingOne());
  bed.HostGains("192.0.2.10/24");
  Name(&bed, kSlaveA, "t0");
  EXPECT_EQ(bed.SlaveOf(kGuest), 0);
  EXPECT_EQ(bed.Said(EventKind::kAddressRefused, kGuest, Reason::kHostAddress), 1);
  HostLoses(&bed, kGuest);
  EXPECT_EQ(bed.SlaveOf(kGuest), kSlaveA) << "it is free again";
  bed.HostGains("192.0.2.10/24");
  EXPECT_EQ(bed.SlaveOf(kGuest), 0);
  bed.learner().HostInterfaceGone(kParent, bed.now());
  bed.Settle();
  EXPECT_EQ(bed.SlaveOf(kGuest), kSlaveA);
}

TEST(ConfiguredAddressesTest, T2_DryRunOnlySaysIt) {
  LearnerBed::Options options = BindingOne();
  options.dry_run = true;
  LearnerBed bed(options);
  Name(&bed, kSlaveA, "t0");
  EXPECT_EQ(bed.Said(EventKind::kAddressRequested, kGuest), 1);
  EXPECT_EQ(bed.SlaveOf(kGuest), 0);
  EXPECT_EQ(bed.CountOf(CommandKind::kPutAddress), 0U);
}

}  // namespace
}  // namespace l3sync::testing
