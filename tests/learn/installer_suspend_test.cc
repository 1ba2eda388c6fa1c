#include "gtest/gtest.h"

#include "learn/installer.h"
#include "learner_bed.h"

// A suspend: the kernel's lifetimes stand still meanwhile, deadlines do not (rules S4-8, I3).
namespace l3sync::testing {
namespace {

TEST(InstallerSuspendTest, S4_8_LeaseEndsInTheKernelWhenItEndsForTheServer) {
  LearnerBed bed;
  bed.Lease(kSlaveA, 7, "192.0.2.10", 3600);
  bed.Suspend(absl::Minutes(50));
  EXPECT_EQ(bed.KernelRestOf("192.0.2.10"), absl::Minutes(10));
  EXPECT_EQ(bed.CountOf(CommandKind::kRemoveAddress), 0);
  EXPECT_EQ(bed.Said(EventKind::kAddressRemoved, "192.0.2.10"), 0);
}

TEST(InstallerSuspendTest, S4_8_LifetimeOfAPrefixIsSetAgain) {
  LearnerBed bed;
  bed.Advertise(Prefix{.valid = 7200, .preferred = 7200});
  bed.Dad(kSlaveA, "2001:db8:1::1234");
  bed.Suspend(absl::Hours(1));
  EXPECT_EQ(bed.KernelRestOf("2001:db8:1::1234"), absl::Hours(1));
}

TEST(InstallerSuspendTest, S4_8_WhatEndedMeanwhileGoesAndIsNotPutAgain) {
  LearnerBed bed;
  bed.Lease(kSlaveA, 7, "192.0.2.10", 3600);
  const size_t puts = bed.CountOf(CommandKind::kPutAddress);
  bed.Suspend(absl::Hours(2));
  EXPECT_EQ(bed.SlaveOf("192.0.2.10"), 0);
  EXPECT_EQ(bed.CountOf(CommandKind::kPutAddress), puts);
  EXPECT_EQ(bed.Said(EventKind::kAddressRemoved, "192.0.2.10", Reason::kExpired), 1);
}

// Its lifetime was counted before the machine slept, and the kernel did it before or after.
TEST(InstallerSuspendTest, S4_8_PutThatWasInFlightIsSetAgainToo) {
  LearnerBed bed;
  bed.Discover(kSlaveA, {.xid = 7});
  bed.Offer({.xid = 7, .yiaddr = "192.0.2.10"});
  bed.Select(kSlaveA, {.xid = 7, .requested = "192.0.2.10"});
  bed.Hold();
  bed.Ack({.xid = 7, .yiaddr = "192.0.2.10", .lease = 3600});
  bed.Suspend(absl::Minutes(50));
  bed.Resume();
  EXPECT_EQ(bed.KernelRestOf("192.0.2.10"), absl::Minutes(10));
}

TEST(InstallerSuspendTest, I3_AddressWithoutEndStillEndsWithinADayInTheKernel) {
  LearnerBed bed;
  bed.Dad(kSlaveA, "fe80::1234");
  for (int night = 0; night < 5; ++night) {
    bed.Suspend(absl::Hours(20));
    EXPECT_LE(bed.KernelRestOf("fe80::1234"), Installer::kRollingLifetime) << night;
    EXPECT_GT(bed.KernelRestOf("fe80::1234"), absl::ZeroDuration()) << night;
  }
  EXPECT_EQ(bed.WantedOn("fe80::1234"), kSlaveA);
}

// One nap is less than what kernel and l3sync may differ by; a thousand are not.
// Class S5.
TEST(InstallerSuspendTest, S4_8_NapsAddUp) {
  LearnerBed bed;
  bed.Lease(kSlaveA, 7, "192.0.2.10", 3600);
  for (int nap = 0; nap < 1000; ++nap) bed.Suspend(absl::Seconds(1));
  EXPECT_LE(bed.KernelRestOf("192.0.2.10"), absl::Seconds(2600 + 3));
}

TEST(InstallerSuspendTest, DryRunChangesNothing) {
  LearnerBed bed({.dry_run = true});
  bed.Lease(kSlaveA, 7, "192.0.2.10", 3600);
  bed.Suspend(absl::Minutes(50));
  EXPECT_EQ(bed.CountOf(CommandKind::kPutAddress), 0);
  bed.Suspend(absl::Minutes(50));
  EXPECT_EQ(bed.Said(EventKind::kAddressRemoved, "192.0.2.10", Reason::kExpired), 1);
}

}  // namespace
}  // namespace l3sync::testing
