#include "wire/dhcp4.h"

#include <string>

#include "gtest/gtest.h"

#include "tests/wire/frame_builder.h"
#include "wire/drop_reason.h"

namespace l3sync {
namespace {

using testing::BuildDhcp4;
using testing::BuildOffer;
using testing::Bytes;
using testing::Concat;
using testing::Dhcp4Parts;
using testing::LyingOption;
using testing::Option;

std::string Verdict(const Bytes& payload) {
  const auto parsed = ParseDhcp4(payload);
  return parsed.ok() ? "ok" : std::string(DropReasonName(parsed.drop_reason()));
}

TEST(ParseDhcp4Test, P4_1_OpIsOneOrTwo) {
  for (unsigned op = 0; op < 256; ++op) {
    Dhcp4Parts parts;
    parts.op = static_cast<uint8_t>(op);
    parts.options = Option(53, {1});
    EXPECT_EQ(Verdict(BuildDhcp4(parts)), op == 1 || op == 2 ? "ok" : "bad_dhcp4_op") << op;
  }
}

TEST(ParseDhcp4Test, P4_1_HardwareTypeIsEthernet) {
  for (unsigned htype = 0; htype < 256; ++htype) {
    Dhcp4Parts parts;
    parts.htype = static_cast<uint8_t>(htype);
    parts.options = Option(53, {1});
    EXPECT_EQ(Verdict(BuildDhcp4(parts)), htype == 1 ? "ok" : "bad_hardware_type") << htype;
  }
}

// A9: chaddr has 16 bytes, whatever hlen claims.
TEST(ParseDhcp4Test, A9_HardwareLengthIsAtMostSixteen) {
  for (unsigned hlen = 0; hlen < 256; ++hlen) {
    Dhcp4Parts parts;
    parts.hlen = static_cast<uint8_t>(hlen);
    parts.options = Option(53, {1});
    EXPECT_EQ(Verdict(BuildDhcp4(parts)), hlen <= 16 ? "ok" : "bad_hardware_length") << hlen;
  }
}

TEST(ParseDhcp4Test, P4_1_EveryByteOfTheCookieCounts) {
  for (size_t i = 236; i < 240; ++i) {
    Bytes payload = BuildOffer({});
    payload.at(i) ^= 1;
    EXPECT_EQ(Verdict(payload), "bad_magic_cookie") << i;
  }
}

TEST(ParseDhcp4Test, P4_1_FixedFieldsAndCookieAreAll240Bytes) {
  const Bytes whole = BuildOffer({});
  for (size_t size = 0; size < 240; ++size) {
    const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_EQ(Verdict(cut), "truncated_dhcp4") << size;
  }
}

// Interop: BOOTP padding to 300 bytes, and none.
TEST(ParseDhcp4Test, P4_2_PaddingMayBeThereOrNot) {
  Bytes payload = BuildOffer({255});
  EXPECT_EQ(Verdict(payload), "ok");
  payload.resize(300);
  EXPECT_EQ(Verdict(payload), "ok");
}

// Interop: zero-length vendor options.
TEST(ParseDhcp4Test, P4_5_UnknownOptionsOfAnyLengthAreSkipped) {
  EXPECT_EQ(Verdict(BuildOffer(Concat({Option(43, {}), Option(60, {}), Option(82, Bytes(255))}))),
            "ok");
}

TEST(ParseDhcp4Test, P4_5_TypesOneToNine) {
  for (unsigned type = 0; type < 256; ++type) {
    Dhcp4Parts parts;
    parts.options = Option(53, {static_cast<uint8_t>(type)});
    EXPECT_EQ(Verdict(BuildDhcp4(parts)), type >= 1 && type <= 9 ? "ok" : "unknown_message_type")
        << type;
  }
}

TEST(ParseDhcp4Test, P4_5_ClientIdentifierIsOpaque) {
  // 255, IAID, DUID (RFC 4361 §6.1), with zeros and 255 inside.
  const Bytes identifier = {255, 0, 0, 0, 1, 0, 3, 0, 1, 0, 255, 0, 7};
  const auto parsed = ParseDhcp4(BuildOffer(Option(61, identifier)));
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(Bytes(parsed->client_identifier.begin(), parsed->client_identifier.end()), identifier);
}

TEST(ParseDhcp4Test, P4_4_JoinsSplitLeaseTime) {
  for (size_t split = 0; split <= 4; ++split) {
    const Bytes time = {0x12, 0x34, 0x56, 0x78};
    const auto middle = time.begin() + static_cast<std::ptrdiff_t>(split);
    const auto parsed = ParseDhcp4(
        BuildOffer(Concat({Option(51, Bytes(time.begin(), middle)), Option(54, {192, 0, 2, 1}),
                           Option(51, Bytes(middle, time.end()))})));
    ASSERT_TRUE(parsed.ok()) << split;
    EXPECT_EQ(parsed->lease_time_sec, 0x12345678U);
  }
}

TEST(ParseDhcp4Test, P4_4_JoinsFourPiecesOfOne) {
  const Bytes options =
      Concat({Option(50, {192}), Option(50, {0}), Option(50, {2}), Option(50, {10})});
  const auto parsed = ParseDhcp4(BuildOffer(options));
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->requested_address, IpAddress::V4(0xc000020a));
}

TEST(ParseDhcp4Test, P4_4_RejectsARepeatedWholeOption) {
  for (const uint8_t code : Bytes{50, 51, 54, 58, 59}) {
    EXPECT_EQ(Verdict(BuildOffer(Concat({Option(code, Bytes(4)), Option(code, Bytes(4))}))),
              "bad_option_length")
        << int{code};
  }
  EXPECT_EQ(Verdict(BuildOffer(Option(53, {2}))), "bad_option_length") << "53 twice";
}

TEST(ParseDhcp4Test, P4_4_JoinsOptionsThenFileThenSname) {
  Dhcp4Parts parts;
  parts.options = Concat({Option(53, {2}), Option(52, {3}), Option(51, {0x01}), {255}});
  parts.file = Concat({Option(51, {0x02}), {255}});
  parts.sname = Concat({Option(51, {0x03, 0x04}), {255}});
  const auto parsed = ParseDhcp4(BuildDhcp4(parts));
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->lease_time_sec, 0x01020304U);
}

TEST(ParseDhcp4Test, P4_3_WithoutOverloadFileAndSnameAreText) {
  Dhcp4Parts parts;
  parts.options = Option(53, {2});
  parts.file = LyingOption(51, 255, {});
  parts.sname = Option(51, Bytes(4));
  const auto parsed = ParseDhcp4(BuildDhcp4(parts));
  ASSERT_TRUE(parsed.ok());
  EXPECT_FALSE(parsed->lease_time_sec.has_value());
}

// A4, P4-3: option 52 inside the fields that it opened does not open them again, nor the other one.
TEST(ParseDhcp4Test, A4_OverloadInsideFileOrSnameDoesNotCount) {
  for (const uint8_t inner : Bytes{0, 1, 2, 3, 4, 255}) {
    Dhcp4Parts parts;
    parts.options = Concat({Option(53, {2}), Option(52, {1})});
    parts.file = Concat({Option(52, {inner}), Option(51, Bytes(4)), {255}});
    parts.sname = LyingOption(54, 255, {});
    EXPECT_EQ(Verdict(BuildDhcp4(parts)), "ok") << int{inner};
    std::swap(parts.file, parts.sname);
    parts.options = Concat({Option(53, {2}), Option(52, {2})});
    EXPECT_EQ(Verdict(BuildDhcp4(parts)), "ok") << int{inner};
  }
}

TEST(ParseDhcp4Test, P4_3_OverloadIsOneTwoOrThree) {
  for (unsigned value = 0; value < 256; ++value) {
    EXPECT_EQ(Verdict(BuildOffer(Option(52, {static_cast<uint8_t>(value)}))),
              value >= 1 && value <= 3 ? "ok" : "bad_option_value")
        << value;
  }
}

TEST(ParseDhcp4Test, P4_3_OverrunInsideAnOverloadedFieldRejects) {
  Dhcp4Parts parts;
  parts.options = Concat({Option(53, {2}), Option(52, {3})});
  parts.file = Concat({Bytes(125), {51, 2, 0}});
  EXPECT_EQ(Verdict(BuildDhcp4(parts)), "option_overrun");
  parts.file.clear();
  parts.sname = Concat({Bytes(63), {51}});
  EXPECT_EQ(Verdict(BuildDhcp4(parts)), "option_overrun");
}

TEST(ParseDhcp4Test, P4_3_TypeMayBeInAnOverloadedField) {
  Dhcp4Parts parts;
  parts.options = Option(52, {1});
  parts.file = Option(53, {5});
  const auto parsed = ParseDhcp4(BuildDhcp4(parts));
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->type, Dhcp4Type::kAck);
}

}  // namespace
}  // namespace l3sync
