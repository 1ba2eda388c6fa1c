#include "wire/tlv.h"

#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace l3sync {
namespace {

using Bytes = std::vector<uint8_t>;

// The walk of a field as "type:size" words, then the error or "end" or nothing.
std::string Walk(const Bytes& field, TlvStyle style) {
  TlvReader reader(field, style);
  std::string walk;
  while (reader.Next()) {
    walk += std::to_string(reader.type()) + ":" + std::to_string(reader.value().size()) + " ";
  }
  EXPECT_FALSE(reader.Next()) << "a walk that has ended goes on";
  if (reader.error()) {
    walk += DropReasonName(*reader.error());
  } else if (reader.end_seen()) {
    walk += "end";
  }
  return walk;
}

std::string WalkDhcp4(const Bytes& field) { return Walk(field, TlvStyle::kDhcp4); }
std::string WalkNd(const Bytes& field) { return Walk(field, TlvStyle::kNd); }

TEST(TlvReaderTest, P4_2_PadIsSkippedAndEndStops) {
  EXPECT_EQ(WalkDhcp4({0, 0, 53, 1, 2, 0, 50, 0, 255, 51, 9}), "53:1 50:0 end");
}

TEST(TlvReaderTest, P4_2_MissingEndIsTolerated) {
  EXPECT_EQ(WalkDhcp4({53, 1, 2}), "53:1 ");
  EXPECT_EQ(WalkDhcp4({53, 1, 2, 0, 0}), "53:1 ");
  EXPECT_EQ(WalkDhcp4({}), "");
}

TEST(TlvReaderTest, P4_2_OverrunIsAnError) {
  EXPECT_EQ(WalkDhcp4({53, 1, 2, 51}), "53:1 option_overrun");
  EXPECT_EQ(WalkDhcp4({53, 1, 2, 51, 4, 0, 0, 0}), "53:1 option_overrun");
  EXPECT_EQ(WalkDhcp4({51, 255}), "option_overrun");
}

TEST(TlvReaderTest, P6_1_Dhcp6HasSixteenBitCodesAndLengths) {
  EXPECT_EQ(Walk({1, 2, 0, 0, 0, 14, 0, 2, 7, 7}, TlvStyle::kDhcp6), "258:0 14:2 ");
  EXPECT_EQ(Walk({0, 1, 0, 3, 7, 7}, TlvStyle::kDhcp6), "option_overrun");
  EXPECT_EQ(Walk({0, 1, 0xff, 0xff}, TlvStyle::kDhcp6), "option_overrun");
}

TEST(TlvReaderTest, P6_1_StrayBytesBehindTheLastDhcp6OptionAreTolerated) {
  for (size_t stray = 0; stray < 4; ++stray) {
    Bytes field = {0, 14, 0, 0};
    field.resize(field.size() + stray);
    EXPECT_EQ(Walk(field, TlvStyle::kDhcp6), "14:0 ");
  }
}

TEST(TlvReaderTest, NdLengthCountsItsOwnHeader) {
  EXPECT_EQ(WalkNd({1, 1, 0, 0, 0, 0, 0, 0}), "1:6 ");
  EXPECT_EQ(WalkNd(Bytes({1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})), "1:14 ");
  EXPECT_EQ(WalkNd({}), "");
}

TEST(TlvReaderTest, A3_NdZeroLengthEndsTheWalk) {
  EXPECT_EQ(WalkNd({1, 0, 0, 0, 0, 0, 0, 0}), "zero_length_option");
  EXPECT_EQ(WalkNd({1, 1, 0, 0, 0, 0, 0, 0, 1, 0}), "1:6 zero_length_option");
}

TEST(TlvReaderTest, A1_NdOverrunIsAnError) {
  EXPECT_EQ(WalkNd({1}), "option_overrun");
  EXPECT_EQ(WalkNd({1, 1, 0, 0, 0, 0, 0}), "option_overrun");
  EXPECT_EQ(WalkNd({1, 255, 0, 0, 0, 0, 0, 0}), "option_overrun");
}

// A3: whatever the bytes, the walk is bounded by their number.
TEST(TlvReaderTest, A3_EveryTurnTakesAByte) {
  std::mt19937 random(1);  // the same fields every time NOLINT(cert-msc32-c,cert-msc51-cpp)
  std::uniform_int_distribution<int> byte(0, 8);  // small values make many small options
  for (int round = 0; round < 20000; ++round) {
    Bytes field(static_cast<size_t>(round % 97));
    for (uint8_t& b : field) {
      b = static_cast<uint8_t>(byte(random));
    }
    for (const TlvStyle style : {TlvStyle::kDhcp4, TlvStyle::kNd}) {
      const size_t least = style == TlvStyle::kDhcp4 ? 2 : 8;
      TlvReader reader(field, style);
      size_t turns = 0;
      while (reader.Next()) {
        ASSERT_LE(++turns, field.size() / least);
      }
    }
  }
}

}  // namespace
}  // namespace l3sync
