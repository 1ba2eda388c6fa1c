#include "wire/nd.h"

#include <algorithm>
#include <string>

#include "gtest/gtest.h"

#include "tests/wire/frame_builder.h"
#include "wire/drop_reason.h"

namespace l3sync {
namespace {

using testing::BuildNd;
using testing::Bytes;
using testing::EnvelopeFor;
using testing::kAllNdTypes;
using testing::NdOption;

IpAddress Addr(const char* text) { return IpAddress::Parse(text).value(); }

std::string Verdict(const Bytes& icmp6, const NdEnvelope& envelope) {
  const auto parsed = ParseNd(icmp6, envelope);
  return parsed.ok() ? "ok" : std::string(DropReasonName(parsed.drop_reason()));
}

// The target of an NS or NA starts behind type, code, checksum and the reserved or flags field.
Bytes WithTarget(NdType type, const char* target) {
  Bytes icmp6 = BuildNd(type, {});
  const IpAddress address = Addr(target);
  std::copy(address.bytes().begin(), address.bytes().end(), icmp6.begin() + 8);
  return icmp6;
}

TEST(ParseNdTest, N1_N2_N3_PlainMessagesAreValid) {
  for (const NdType type : kAllNdTypes) {
    EXPECT_EQ(Verdict(BuildNd(type, {}), EnvelopeFor(type)), "ok");
  }
}

// Class S8.
TEST(ParseNdTest, N1_N2_N3_HopLimitIs255) {
  for (const NdType type : kAllNdTypes) {
    for (unsigned hop_limit = 0; hop_limit < 256; ++hop_limit) {
      NdEnvelope envelope = EnvelopeFor(type);
      envelope.hop_limit = static_cast<uint8_t>(hop_limit);
      EXPECT_EQ(Verdict(BuildNd(type, {}), envelope), hop_limit == 255 ? "ok" : "bad_hop_limit");
    }
  }
}

TEST(ParseNdTest, N1_N2_N3_CodeIsZero) {
  for (const NdType type : kAllNdTypes) {
    for (unsigned code = 0; code < 256; ++code) {
      Bytes icmp6 = BuildNd(type, {});
      icmp6.at(1) = static_cast<uint8_t>(code);
      EXPECT_EQ(Verdict(icmp6, EnvelopeFor(type)), code == 0 ? "ok" : "bad_nd_code");
    }
  }
}

TEST(ParseNdTest, N1_N2_N3_FixedPartIsWhole) {
  for (const NdType type : kAllNdTypes) {
    const Bytes whole = BuildNd(type, {});
    for (size_t size = 0; size < whole.size(); ++size) {
      const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
      EXPECT_EQ(Verdict(cut, EnvelopeFor(type)), "truncated_nd") << size;
    }
  }
}

// A1: before its type is looked at.
TEST(ParseNdTest, A1_HeaderIsWhole) {
  EXPECT_EQ(Verdict({137, 0, 0}, EnvelopeFor(NdType::kNeighbourAdvertisement)), "truncated_nd");
}

TEST(ParseNdTest, OtherTypesAreNotNd) {
  for (unsigned type = 0; type < 256; ++type) {
    Bytes icmp6 = BuildNd(NdType::kNeighbourAdvertisement, {});
    icmp6.at(0) = static_cast<uint8_t>(type);
    if (type < 133 || type > 136) {
      EXPECT_EQ(Verdict(icmp6, EnvelopeFor(NdType::kNeighbourAdvertisement)), "not_dhcp_or_nd");
    }
  }
}

// Class S8.
TEST(ParseNdTest, N1_AdvertisementComesFromALinkLocalAddress) {
  for (const char* const source : {"2001:db8::1", "::", "fec0::1", "::1", "fd00::1"}) {
    NdEnvelope envelope = EnvelopeFor(NdType::kRouterAdvertisement);
    envelope.source = Addr(source);
    EXPECT_EQ(Verdict(BuildNd(NdType::kRouterAdvertisement, {}), envelope), "bad_nd_source")
        << source;
  }
}

TEST(ParseNdTest, N2_TargetIsNotMulticast) {
  EXPECT_EQ(Verdict(WithTarget(NdType::kNeighbourSolicitation, "ff02::1:ff00:10"),
                    EnvelopeFor(NdType::kNeighbourSolicitation)),
            "bad_nd_target");
}

TEST(ParseNdTest, N3_TargetIsNotMulticast) {
  EXPECT_EQ(Verdict(WithTarget(NdType::kNeighbourAdvertisement, "ff02::1"),
                    EnvelopeFor(NdType::kNeighbourAdvertisement)),
            "bad_nd_target");
}

TEST(ParseNdTest, N2_FromUnspecifiedGoesToASolicitedNodeGroup) {
  const Bytes icmp6 = BuildNd(NdType::kNeighbourSolicitation, {});
  for (const char* const destination : {"ff02::1", "ff02::2", "2001:db8::10", "ff02::1:fe00:10",
                                        "ff05::1:ff00:10", "ff02::2:ff00:10"}) {
    const NdEnvelope envelope{
        .source = Addr("::"), .destination = Addr(destination), .hop_limit = 255};
    EXPECT_EQ(Verdict(icmp6, envelope), "bad_nd_destination") << destination;
  }
  EXPECT_EQ(Verdict(icmp6, {Addr("::"), Addr("ff02::1:ffff:ffff"), 255}), "ok");
}

TEST(ParseNdTest, N2_FromAnAddressMayGoAnywhere) {
  const Bytes icmp6 = BuildNd(NdType::kNeighbourSolicitation, {});
  for (const char* const destination : {"ff02::1", "2001:db8::10", "ff02::1:ff00:10"}) {
    EXPECT_EQ(Verdict(icmp6, {Addr("fe80::2"), Addr(destination), 255}), "ok") << destination;
  }
}

// N2, and RFC 4861 §6.1.1 for RS: whatever the length of the option.
TEST(ParseNdTest, N2_FromUnspecifiedHasNoSourceLinkLayer) {
  for (const uint8_t units : Bytes{1, 2, 3}) {
    const Bytes option = NdOption(1, units, {2, 0, 0, 0, 0, 1});
    EXPECT_EQ(Verdict(BuildNd(NdType::kNeighbourSolicitation, option),
                      {Addr("::"), Addr("ff02::1:ff00:10"), 255}),
              "forbidden_source_link_layer");
    EXPECT_EQ(
        Verdict(BuildNd(NdType::kRouterSolicitation, option), {Addr("::"), Addr("ff02::2"), 255}),
        "forbidden_source_link_layer");
  }
}

TEST(ParseNdTest, N3_SolicitedIsNotMulticast) {
  Bytes icmp6 = BuildNd(NdType::kNeighbourAdvertisement, {});
  icmp6.at(4) = 0x40;
  EXPECT_EQ(Verdict(icmp6, {Addr("fe80::1"), Addr("ff02::1"), 255}), "solicited_to_multicast");
  EXPECT_EQ(Verdict(icmp6, {Addr("fe80::1"), Addr("fe80::2"), 255}), "ok");
}

TEST(ParseNdTest, N3_ReservedBitsAreIgnored) {
  Bytes icmp6 = BuildNd(NdType::kNeighbourAdvertisement, {});
  icmp6.at(4) = 0x9f;
  icmp6.at(7) = 0xff;
  const auto parsed = ParseNd(icmp6, EnvelopeFor(NdType::kNeighbourAdvertisement));
  ASSERT_TRUE(parsed.ok());
  EXPECT_TRUE(parsed->router);
  EXPECT_FALSE(parsed->solicited || parsed->override_flag);
}

}  // namespace
}  // namespace l3sync
