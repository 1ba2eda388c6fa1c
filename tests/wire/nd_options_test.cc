// A2, A3, A6, A12: every ND option type with every length, floods of options, every prefix length.
#include <array>
#include <string>

#include "gtest/gtest.h"

#include "tests/wire/frame_builder.h"
#include "wire/drop_reason.h"
#include "wire/nd.h"

namespace l3sync {
namespace {

using testing::BuildNd;
using testing::Bytes;
using testing::Concat;
using testing::EnvelopeFor;
using testing::kAllNdTypes;
using testing::NdOption;
using testing::PrefixOption;

IpAddress Addr(const char* text) { return IpAddress::Parse(text).value(); }

Parsed<NdMessage> Parse(NdType type, const Bytes& options) {
  return ParseNd(BuildNd(type, options), EnvelopeFor(type));
}

NdMessage ParseRa(const Bytes& options) {
  auto parsed = Parse(NdType::kRouterAdvertisement, options);
  EXPECT_TRUE(parsed.ok()) << DropReasonName(parsed.drop_reason());
  return parsed.ok() ? parsed.value() : NdMessage();
}

// Option content that a usable option could hold at any length: a prefix of 32 bits, 0101:0101::.
Bytes Content(unsigned units) {
  Bytes content(units == 0 ? 6 : 8 * units - 2, 1);
  content.at(0) = 32;
  return content;
}

bool HasEffect(NdType message, unsigned type, unsigned units) {
  const bool advertisement = message == NdType::kRouterAdvertisement;
  switch (type) {
    case 1:
      return units == 1 && message != NdType::kNeighbourAdvertisement;
    case 2:
      return units == 1 && message == NdType::kNeighbourAdvertisement;
    case 3:
      return units == 4 && advertisement;
    case 5:
      return units == 1 && advertisement;
    case 14:
      return units <= 8;
    case 25:
      return units >= 3 && units % 2 == 1 && advertisement;
    default:
      return false;
  }
}

TEST(NdOptionsTest, A2_OnlyLawfulLengthsHaveEffect) {
  for (const NdType message : kAllNdTypes) {
    const auto plain = Parse(message, {});
    ASSERT_TRUE(plain.ok());
    for (unsigned type = 0; type < 256; ++type) {
      for (unsigned units = 1; units < 256; ++units) {
        const auto parsed = Parse(message, NdOption(static_cast<uint8_t>(type),
                                                    static_cast<uint8_t>(units), Content(units)));
        ASSERT_TRUE(parsed.ok()) << type << " " << units;
        ASSERT_EQ(*parsed != *plain, HasEffect(message, type, units)) << type << " " << units;
      }
    }
  }
}

TEST(NdOptionsTest, A3_ZeroLengthRejectsWhateverTheType) {
  for (const NdType message : kAllNdTypes) {
    for (unsigned type = 0; type < 256; ++type) {
      const Bytes option = NdOption(static_cast<uint8_t>(type), 0, {});
      for (const Bytes& options : {option, Concat({NdOption(14, 1, Bytes(6, 1)), option})}) {
        const auto parsed = Parse(message, options);
        ASSERT_FALSE(parsed.ok());
        ASSERT_EQ(parsed.drop_reason(), DropReason::kZeroLengthOption);
      }
    }
  }
}

TEST(NdOptionsTest, A1_OverrunRejectsWhateverTheType) {
  for (const NdType message : kAllNdTypes) {
    for (unsigned type = 0; type < 256; ++type) {
      Bytes option = NdOption(static_cast<uint8_t>(type), 4, {});
      option.pop_back();
      const auto parsed = Parse(message, option);
      ASSERT_FALSE(parsed.ok());
      ASSERT_EQ(parsed.drop_reason(), DropReason::kOptionOverrun);
    }
  }
}

TEST(NdOptionsTest, A6_PrefixesAreCapped) {
  Bytes options;
  for (uint8_t i = 0; i < 250; ++i) {
    std::array<uint8_t, 16> prefix = {0x20, 0x01, 0x0d, 0xb8, 0, i};
    options = Concat({options, PrefixOption(64, IpAddress::V6(prefix))});
  }
  const NdMessage message = ParseRa(options);
  EXPECT_EQ(message.prefixes.size(), kMaxPrefixesPerAdvertisement);
  EXPECT_TRUE(message.truncated);
  EXPECT_EQ(message.prefixes.back().prefix.ToString(), "2001:db8:1f::/64");
}

TEST(NdOptionsTest, A6_AsManyPrefixesAsTheCapAreNotTruncated) {
  Bytes options;
  for (size_t i = 0; i < kMaxPrefixesPerAdvertisement; ++i) {
    options = Concat({options, PrefixOption(64, Addr("2001:db8::"))});
  }
  // Behind the cap, a prefix that is not usable anyway is not missed.
  options = Concat({options, PrefixOption(64, Addr("fe80::"))});
  EXPECT_FALSE(ParseRa(options).truncated);
}

TEST(NdOptionsTest, A6_ResolversAreCapped) {
  const Bytes option = NdOption(25, 41, {});  // 20 addresses
  EXPECT_EQ(ParseRa(option).resolvers.size(), kMaxResolversPerAdvertisement);
  EXPECT_EQ(ParseRa(Concat({option, option})).resolvers.size(), kMaxResolversPerAdvertisement);
}

TEST(NdOptionsTest, A6_AThousandOptionsAreRead) {
  Bytes options;
  for (int i = 0; i < 1000; ++i) {
    options = Concat({options, NdOption(200, 1, {})});
  }
  options = Concat({options, PrefixOption(64, Addr("2001:db8::"))});
  EXPECT_EQ(ParseRa(options).prefixes.size(), 1U);
}

TEST(NdOptionsTest, A6_NonceIsCapped) {
  EXPECT_EQ(ParseRa(NdOption(14, 8, {})).nonce.size(), kMaxNonce);
  EXPECT_TRUE(ParseRa(NdOption(14, 9, {})).nonce.empty());
}

TEST(NdOptionsTest, A12_PrefixLengthIsAtMost128) {
  for (unsigned length = 0; length < 256; ++length) {
    const NdMessage message =
        ParseRa(PrefixOption(static_cast<uint8_t>(length), Addr("2001:db8::1")));
    ASSERT_EQ(message.prefixes.size(), length <= 128 ? 1U : 0U) << length;
    if (length <= 128) {
      const IpPrefix& prefix = message.prefixes.front().prefix;
      EXPECT_EQ(prefix.length, length);
      EXPECT_EQ(prefix, prefix.Masked()) << "host bits left";
    }
  }
}

TEST(NdOptionsTest, L1_LinkLocalAndMulticastPrefixesAreIgnored) {
  for (const char* const prefix : {"fe80::", "febf:ffff::", "ff02::", "ff0e::1"}) {
    EXPECT_TRUE(ParseRa(PrefixOption(64, Addr(prefix))).prefixes.empty()) << prefix;
  }
}

TEST(NdOptionsTest, OfARepeatedOptionTheFirstCounts) {
  const Bytes options =
      Concat({NdOption(1, 1, {2, 0, 0, 0, 0, 1}), NdOption(1, 1, {2, 0, 0, 0, 0, 2}),
              NdOption(5, 1, {0, 0, 0, 0, 5, 0xdc}), NdOption(5, 1, {0, 0, 0, 0, 5, 0xdd}),
              NdOption(14, 1, Bytes(6, 1)), NdOption(14, 1, Bytes(6, 2))});
  const NdMessage message = ParseRa(options);
  EXPECT_EQ(message.source_link_layer, (MacAddress{{2, 0, 0, 0, 0, 1}}));
  EXPECT_EQ(message.mtu, 1500U);
  EXPECT_EQ(message.nonce, (absl::InlinedVector<uint8_t, 8>(6, 1)));
}

// RFC 4861 §7.1: options that a message type does not have are ignored.
TEST(NdOptionsTest, OptionsOfOtherMessagesAreIgnored) {
  const Bytes options = Concat({PrefixOption(64, Addr("2001:db8::")), NdOption(2, 1, Bytes(6, 2)),
                                NdOption(5, 1, Bytes(6, 1)), NdOption(25, 3, {})});
  EXPECT_EQ(*Parse(NdType::kRouterSolicitation, options), *Parse(NdType::kRouterSolicitation, {}));
  EXPECT_EQ(*Parse(NdType::kNeighbourSolicitation, options),
            *Parse(NdType::kNeighbourSolicitation, {}));
  EXPECT_EQ(*Parse(NdType::kNeighbourAdvertisement, NdOption(1, 1, Bytes(6, 2))),
            *Parse(NdType::kNeighbourAdvertisement, {}));
}

}  // namespace
}  // namespace l3sync
