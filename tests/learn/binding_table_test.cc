#include "learn/binding_table.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "messages.h"

namespace l3sync::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

MonotonicTime At(int seconds) { return MonotonicTime::SinceBoot(absl::Seconds(seconds)); }

Binding Of(std::string_view address, int32_t ifindex, MonotonicTime until,
           Origin origin = Origin::kDhcp4Ack) {
  Binding binding;
  binding.address = Ip(address);
  binding.ifindex = ifindex;
  binding.origin = origin;
  binding.valid_until = binding.preferred_until = until;
  return binding;
}

// F7: the kernel is not asked.
TEST(BindingTableTest, T1_AddressIsOnOneSlaveAtMost) {
  BindingTable table;
  table.Put(Of("192.0.2.10", 1, At(100)));
  table.Put(Of("192.0.2.10", 2, At(200)));
  EXPECT_EQ(table.size(), 1);
  EXPECT_EQ(table.Find(Ip("192.0.2.10"))->ifindex, 2);
  EXPECT_THAT(table.AddressesOf(1), IsEmpty());
  EXPECT_THAT(table.AddressesOf(2), ElementsAre(Ip("192.0.2.10")));
  EXPECT_EQ(table.CountOf(1), 0);
  EXPECT_EQ(table.CountOf(2), 1);
}

TEST(BindingTableTest, FamiliesAreKeptApart) {
  BindingTable table;
  table.Put(Of("192.0.2.10", 1, At(100)));
  table.Put(Of("::ffff:192.0.2.10", 2, At(100)));
  EXPECT_EQ(table.size(), 2);
  EXPECT_EQ(table.Find(Ip("192.0.2.10"))->ifindex, 1);
}

TEST(BindingTableTest, ReplacedDeadlineLeavesNoTrace) {
  BindingTable table;
  table.Put(Of("192.0.2.10", 1, At(100)));
  table.Put(Of("192.0.2.10", 1, At(50)));
  EXPECT_EQ(table.NextExpiry(), At(50));
  table.Put(Of("192.0.2.10", 1, At(300)));
  EXPECT_EQ(table.NextExpiry(), At(300));
  EXPECT_THAT(table.Expired(At(299)), IsEmpty());
  EXPECT_THAT(table.Expired(At(300)), ElementsAre(Ip("192.0.2.10")));
}

TEST(BindingTableTest, WhatNeverEndsHasNoExpiry) {
  BindingTable table;
  table.Put(Of("fe80::1", 1, MonotonicTime::Never()));
  EXPECT_TRUE(table.NextExpiry().is_never());
  EXPECT_THAT(table.Expired(At(1 << 30)), IsEmpty());
  table.Remove(Ip("fe80::1"));
  EXPECT_EQ(table.size(), 0);
}

TEST(BindingTableTest, ExpiredComeInTheOrderOfTheirDeadlines) {
  BindingTable table;
  table.Put(Of("192.0.2.1", 1, At(30)));
  table.Put(Of("192.0.2.2", 1, At(10)));
  table.Put(Of("192.0.2.3", 2, At(20)));
  EXPECT_THAT(table.Expired(At(25)), ElementsAre(Ip("192.0.2.2"), Ip("192.0.2.3")));
  EXPECT_THAT(table.All(), ElementsAre(Ip("192.0.2.1"), Ip("192.0.2.2"), Ip("192.0.2.3")));
}

TEST(BindingTableTest, CountsLeasesApart) {
  BindingTable table;
  table.Put(Of("192.0.2.1", 1, At(30), Origin::kDhcp4Offer));
  table.Put(Of("192.0.2.2", 1, At(30), Origin::kDhcp4Ack));
  table.Put(Of("fe80::1", 1, At(30), Origin::kLinkLocal));
  EXPECT_EQ(table.CountOf(1), 3);
  EXPECT_EQ(table.CountDhcpOf(1), 2);
  EXPECT_EQ(table.CountDhcpOf(2), 0);
}

TEST(BindingTableTest, ArgumentsMayBeItsOwnElements) {
  BindingTable table;
  table.Put(Of("192.0.2.1", 1, At(30)));
  table.Put(*table.Find(Ip("192.0.2.1")));
  EXPECT_EQ(table.size(), 1);
  table.Remove(table.Find(Ip("192.0.2.1"))->address);
  EXPECT_EQ(table.size(), 0);
  EXPECT_TRUE(table.NextExpiry().is_never());
  table.Remove(Ip("192.0.2.1"));
}

TEST(BindingTableTest, AddressesOfAPrefixAreFoundInOrder) {
  BindingTable table;
  for (const auto* address : {"2001:db8:1::2", "192.0.2.1", "2001:db8:1::1", "2001:db8:2::1",
                              "2001:db8:0:ffff::1", "fe80::1"}) {
    Binding binding;
    binding.address = *IpAddress::Parse(address);
    binding.ifindex = 1;
    table.Put(binding);
  }
  const std::vector<IpAddress> expected = {*IpAddress::Parse("2001:db8:1::1"),
                                           *IpAddress::Parse("2001:db8:1::2")};
  EXPECT_EQ(table.AddressesIn(*IpPrefix::Parse("2001:db8:1::7/64")), expected);
  EXPECT_TRUE(table.AddressesIn(*IpPrefix::Parse("2001:db8:3::/64")).empty());
}

}  // namespace
}  // namespace l3sync::testing
