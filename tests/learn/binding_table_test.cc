#include "learn/binding_table.h"

#include <string>

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

// Class S4.
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

// As `count` addresses that the guest on `ifindex` formed itself, one a second.
void Form(BindingTable* table, int32_t ifindex, int count) {
  for (int i = 0; i < count; ++i) {
    const std::string address =
        "2001:db8::" + std::to_string(ifindex) + ":" + std::to_string(table->CountOf(ifindex));
    Binding binding = Of(address, ifindex, MonotonicTime::Never(), Origin::kSlaac);
    binding.created = binding.last_evidence = At(static_cast<int>(table->CountOf(ifindex)));
    table->Put(binding);
  }
}

TEST(BindingTableTest, T3_FourPlacesOfASlaveAreItsOwn) {
  BindingTable table(10);
  Form(&table, 1, 10);
  EXPECT_TRUE(table.is_full());
  EXPECT_EQ(table.RoomOf(1), 10) << "of its own";
  EXPECT_EQ(table.RoomOf(2), BindingTable::kReservedPerSlave);
  for (int i = 0; i < 4; ++i) {
    ASSERT_EQ(table.ToEvictFor(2, At(100))->address, Ip("2001:db8::1:" + std::to_string(9 - i)))
        << "the newest";
    table.Remove(table.ToEvictFor(2, At(100))->address);
    Form(&table, 2, 1);
  }
  EXPECT_EQ(table.ToEvictFor(2, At(100))->address, Ip("2001:db8::2:0")) << "the longest silent";
  EXPECT_EQ(table.size(), 10);
}

// Class S1: who has most gives way.
TEST(BindingTableTest, T3_SlaveThatFormedMostGivesWay) {
  BindingTable table(20);
  Form(&table, 1, 5);
  Form(&table, 2, 6);
  for (int i = 0; i < 9; ++i) table.Put(Of("192.0.2." + std::to_string(i), 3, At(900 + i)));
  EXPECT_EQ(table.ToEvictFor(4, At(100))->address, Ip("2001:db8::2:5"));
  EXPECT_EQ(table.RoomOf(3), 0) << "a lease makes room for nothing";
  EXPECT_EQ(table.ToEvictFor(3, At(100)), nullptr);
  // What was formed becomes a lease (rule T2), and counts no more.
  table.Put(Of("2001:db8::2:5", 2, At(900), Origin::kDhcp6Reply));
  table.Put(Of("2001:db8::2:4", 2, At(900), Origin::kDhcp6Reply));
  EXPECT_EQ(table.ToEvictFor(4, At(100))->address, Ip("2001:db8::1:4"));
}

TEST(BindingTableTest, T3_ReserveLiesBeyondTheLimitWhereNothingMayGo) {
  BindingTable table(8);
  Form(&table, 1, 4);
  for (int i = 0; i < 4; ++i) table.Put(Of("192.0.2." + std::to_string(i), 2, At(900)));
  EXPECT_EQ(table.ToEvictFor(3, At(100)), nullptr);
  EXPECT_EQ(table.RoomOf(3), BindingTable::kReservedPerSlave);
  Form(&table, 3, 4);
  EXPECT_EQ(table.size(), 12);
  EXPECT_EQ(table.RoomOf(3), 4) << "its own ones only";
  EXPECT_EQ(table.ToEvictFor(3, At(100))->ifindex, 3);
}

TEST(BindingTableTest, T3_SlaveHasItsLimitThoughTheTableHasRoom) {
  BindingTable table;
  Form(&table, 1, BindingTable::kMaxPerSlave - 1);
  EXPECT_EQ(table.ToEvictFor(1, At(100)), nullptr);
  table.Put(Of("192.0.2.1", 1, At(900)));
  EXPECT_EQ(table.RoomOf(1), BindingTable::kMaxPerSlave - 1);
  EXPECT_EQ(table.ToEvictFor(1, At(100))->address, Ip("2001:db8::1:0"));
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
