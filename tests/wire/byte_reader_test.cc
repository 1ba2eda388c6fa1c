#include "wire/byte_reader.h"

#include <cstdint>
#include <limits>
#include <vector>

#include "gtest/gtest.h"

namespace l3sync {
namespace {

TEST(ByteReaderTest, A8_ReadsBigEndianNumbersAtEveryAlignment) {
  for (size_t offset = 0; offset < 8; ++offset) {
    std::vector<uint8_t> bytes(offset);
    bytes.insert(bytes.end(), {0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde});
    ByteReader reader(ByteSpan(bytes).subspan(offset));
    uint32_t u32 = 0;
    uint16_t u16 = 0;
    uint8_t u8 = 0;
    ASSERT_TRUE(reader.ReadU32(&u32));
    ASSERT_TRUE(reader.ReadU16(&u16));
    ASSERT_TRUE(reader.ReadU8(&u8));
    EXPECT_EQ(u32, 0x12345678U);
    EXPECT_EQ(u16, 0x9abcU);
    EXPECT_EQ(u8, 0xdeU);
    EXPECT_EQ(reader.remaining(), 0U);
  }
}

TEST(ByteReaderTest, ShortReadFailsAndTakesNothing) {
  const std::vector<uint8_t> bytes = {1, 2, 3};
  ByteReader reader(bytes);
  uint32_t u32 = 7;
  IpAddress address;
  MacAddress mac;
  EXPECT_FALSE(reader.ReadU32(&u32));
  EXPECT_FALSE(reader.ReadIpv4(&address));
  EXPECT_FALSE(reader.ReadIpv6(&address));
  EXPECT_FALSE(reader.ReadMac(&mac));
  EXPECT_EQ(u32, 7U);
  EXPECT_FALSE(address.has_value());
  EXPECT_EQ(reader.remaining(), 3U);
  uint16_t u16 = 0;
  EXPECT_TRUE(reader.ReadU16(&u16));
  EXPECT_EQ(u16, 0x0102U);
}

TEST(ByteReaderTest, A5_HugeCountsDoNotWrap) {
  const std::vector<uint8_t> bytes = {1, 2, 3};
  ByteReader reader(bytes);
  ByteSpan span;
  EXPECT_FALSE(reader.Skip(std::numeric_limits<size_t>::max()));
  EXPECT_FALSE(reader.ReadSpan(std::numeric_limits<size_t>::max() - 1, &span));
  EXPECT_FALSE(reader.Skip(4));
  EXPECT_TRUE(reader.Skip(3));
}

TEST(ByteReaderTest, EmptyReaderHasNothing) {
  ByteReader reader((ByteSpan()));
  uint8_t u8 = 0;
  ByteSpan span;
  EXPECT_FALSE(reader.ReadU8(&u8));
  EXPECT_TRUE(reader.ReadSpan(0, &span));
  EXPECT_TRUE(reader.TakeRest().empty());
}

TEST(ByteReaderTest, TakeRestLeavesNothing) {
  const std::vector<uint8_t> bytes = {1, 2, 3};
  ByteReader reader(bytes);
  ASSERT_TRUE(reader.Skip(1));
  EXPECT_EQ(reader.TakeRest().size(), 2U);
  EXPECT_EQ(reader.remaining(), 0U);
}

}  // namespace
}  // namespace l3sync
