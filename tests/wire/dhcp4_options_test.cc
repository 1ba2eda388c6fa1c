// A2, A6: every option code with every length, and floods of options.
#include <string>

#include "gtest/gtest.h"

#include "tests/wire/frame_builder.h"
#include "wire/dhcp4.h"
#include "wire/drop_reason.h"

namespace l3sync {
namespace {

using testing::BuildDhcp4;
using testing::BuildOffer;
using testing::Bytes;
using testing::Concat;
using testing::Dhcp4Parts;
using testing::Option;

std::string Verdict(const Parsed<Dhcp4Message>& parsed) {
  return parsed.ok() ? "ok" : std::string(DropReasonName(parsed.drop_reason()));
}

// Options whose wrong length makes the message malformed (P4-4, P4-5), with the lengths that are
// right.
bool IsLawful(unsigned code, unsigned length) {
  switch (code) {
    case 50:
    case 51:
    case 54:
    case 58:
    case 59:
      return length == 4;
    case 52:
      return length == 1;
    case 53:
      return length == 0;  // joined with the type that is there already
    case 61:
      return length >= 2;
    default:
      return true;
  }
}

// Options that are ignored unless their length is right.
bool HasEffect(unsigned code, unsigned length) {
  switch (code) {
    case 1:
    case 50:
    case 51:
    case 54:
    case 58:
    case 59:
    case 108:
      return length == 4;
    case 3:
    case 6:
      return length >= 4 && length % 4 == 0;
    case 52:
      return length == 1;
    case 61:
      return length >= 2;
    case 80:
      return length == 0;
    default:
      return false;
  }
}

TEST(Dhcp4OptionsTest, A2_OnlyLawfulLengthsHaveEffect) {
  const auto plain = ParseDhcp4(BuildOffer({}));
  ASSERT_TRUE(plain.ok());
  for (unsigned code = 1; code < 255; ++code) {
    for (unsigned length = 0; length < 256; ++length) {
      const Bytes value(length, 1);
      const auto parsed = ParseDhcp4(BuildOffer(Option(static_cast<uint8_t>(code), value)));
      ASSERT_EQ(Verdict(parsed), IsLawful(code, length) ? "ok" : "bad_option_length")
          << "code " << code << " length " << length;
      if (parsed.ok()) {
        ASSERT_EQ(*parsed != *plain, HasEffect(code, length))
            << "code " << code << " length " << length;
      }
    }
  }
}

// A1: the same with the value cut off at every byte.
TEST(Dhcp4OptionsTest, A1_EveryCodeRunningPastTheEndRejects) {
  for (unsigned code = 1; code < 255; ++code) {
    for (unsigned length = 1; length < 256; ++length) {
      Bytes payload = BuildOffer(Option(static_cast<uint8_t>(code), Bytes(length, 1)));
      payload.pop_back();
      ASSERT_EQ(Verdict(ParseDhcp4(payload)), "option_overrun") << code << " " << length;
    }
  }
}

TEST(Dhcp4OptionsTest, A6_AThousandOptionsAreRead) {
  Bytes options;
  for (unsigned i = 0; i < 1000; ++i) {
    options = Concat({options, Option(static_cast<uint8_t>(128 + i % 80), {1, 2})});
  }
  const auto parsed = ParseDhcp4(BuildOffer(Concat({options, Option(51, Bytes(4))})));
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->lease_time_sec, 0U);
}

TEST(Dhcp4OptionsTest, A6_AddressesAreCapped) {
  Bytes options;
  for (uint8_t i = 0; i < 250; ++i) {
    options = Concat({options, Option(3, {192, 0, 2, i}), Option(6, {192, 0, 3, i})});
  }
  const auto parsed = ParseDhcp4(BuildOffer(options));
  ASSERT_TRUE(parsed.ok());
  ASSERT_EQ(parsed->routers.size(), kMaxDhcp4Addresses);
  ASSERT_EQ(parsed->resolvers.size(), kMaxDhcp4Addresses);
  EXPECT_EQ(parsed->routers.back(), IpAddress::V4(0xc0000207));
  EXPECT_EQ(parsed->resolvers.front(), IpAddress::V4(0xc0000300));
}

TEST(Dhcp4OptionsTest, A6_LongClientIdentifiersAreMalformed) {
  const auto longest = ParseDhcp4(BuildOffer(Option(61, Bytes(255, 7))));
  ASSERT_TRUE(longest.ok());
  EXPECT_EQ(longest->client_identifier.size(), kMaxClientIdentifier);
  EXPECT_EQ(Verdict(ParseDhcp4(BuildOffer(Concat({Option(61, Bytes(255, 7)), Option(61, {7})})))),
            "bad_option_length");
}

// A1, A7: a payload of the largest size that UDP can carry.
TEST(Dhcp4OptionsTest, A6_SixtyFourKilobytesOfRepeatedOptions) {
  for (const uint8_t code : Bytes{1, 3, 6, 61, 80, 108, 200}) {
    Bytes options;
    while (options.size() < 65000) {
      const Bytes option = Option(code, Bytes(255, 9));
      options.insert(options.end(), option.begin(), option.end());
    }
    EXPECT_EQ(Verdict(ParseDhcp4(BuildOffer(options))), code == 61 ? "bad_option_length" : "ok")
        << int{code};
  }
}

// A12: the mask is a value, contiguous or not; nothing in the parser uses it.
TEST(Dhcp4OptionsTest, A12_NonContiguousMaskIsKept) {
  const auto parsed = ParseDhcp4(BuildOffer(Option(1, {255, 0, 255, 0})));
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->subnet_mask, IpAddress::V4(0xff00ff00));
}

// Class S3.
TEST(Dhcp4OptionsTest, P4_5_MissingTypeIsBootp) {
  Dhcp4Parts parts;
  parts.options = Concat({Option(1, {255, 255, 255, 0}), {255}});
  EXPECT_EQ(Verdict(ParseDhcp4(BuildDhcp4(parts))), "missing_message_type");
}

}  // namespace
}  // namespace l3sync
