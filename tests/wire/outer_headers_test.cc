// A7, C4, E1-E3: outer headers that lie, and those that are odd but right.
#include <string>

#include "gtest/gtest.h"

#include "tests/wire/frame_builder.h"
#include "tests/wire/guarded_bytes.h"
#include "wire/frame.h"
#include "wire/ip_packet.h"

namespace l3sync {
namespace {

using testing::BuildIcmp6Frame;
using testing::BuildNd;
using testing::BuildOffer;
using testing::BuildUdp4Frame;
using testing::Bytes;
using testing::Concat;
using testing::FixIpv4Checksum;
using testing::GuardedBytes;
using testing::Icmp6Parts;
using testing::LoadU16;
using testing::Option;
using testing::StoreU16;
using testing::UdpParts;

constexpr size_t kIp = 14;
constexpr size_t kTotalLength = kIp + 2;
constexpr size_t kFragment = kIp + 6;
constexpr size_t kUdpLength = kIp + 20 + 4;
constexpr size_t kPayloadLength = kIp + 4;

std::string Verdict(const Bytes& frame) {
  const auto parsed = ParseFrame(frame, FrameMetadata());
  return parsed.ok() ? "ok" : std::string(DropReasonName(parsed.drop_reason()));
}

Bytes Offer() {
  UdpParts parts;
  parts.payload = BuildOffer({255});
  return BuildUdp4Frame(parts);
}

// `frame` with a 16-bit field changed and the IPv4 header checksum right again.
std::string With(Bytes frame, size_t offset, uint16_t value) {
  StoreU16(value, offset, &frame);
  FixIpv4Checksum(&frame);
  return Verdict(frame);
}

Bytes Solicitation(const Bytes& extensions, uint8_t next_header) {
  Icmp6Parts parts;
  parts.destination = *IpAddress::Parse("ff02::1:ff00:10");
  parts.icmp6 = BuildNd(NdType::kNeighbourSolicitation, {});
  parts.extensions = extensions;
  parts.next_header = next_header;
  return BuildIcmp6Frame(parts);
}

TEST(OuterHeadersTest, A7_HeaderLengthZeroToFour) {
  for (uint8_t ihl = 0; ihl < 5; ++ihl) {
    Bytes frame = Offer();
    frame.at(kIp) = static_cast<uint8_t>(0x40 | ihl);
    EXPECT_EQ(Verdict(frame), "bad_ipv4_header_length") << int{ihl};
  }
}

// C4: options of any length; the filter must not be the only one to know.
// E1: before anything in it is looked at.
TEST(OuterHeadersTest, A7_HeaderIsWhole) {
  for (size_t size = 0; size < 20; ++size) {
    EXPECT_EQ(ParseIpv4(Bytes(size, 0xff)).drop_reason(), DropReason::kTruncatedIpv4) << size;
  }
}

TEST(OuterHeadersTest, C4_HeaderLengthFiveToFifteen) {
  for (uint8_t ihl = 5; ihl <= 15; ++ihl) {
    Bytes frame = Offer();
    frame.insert(frame.begin() + kIp + 20, size_t{4} * (ihl - 5U), 1);  // no-operation options
    frame.at(kIp) = static_cast<uint8_t>(0x40 | ihl);
    EXPECT_EQ(With(frame, kTotalLength, static_cast<uint16_t>(frame.size() - kIp)), "ok")
        << int{ihl};
  }
}

TEST(OuterHeadersTest, A7_HeaderLengthBeyondTheTotalLength) {
  Bytes frame = Offer();
  frame.at(kIp) = 0x4f;
  EXPECT_EQ(With(frame, kTotalLength, 59), "bad_ipv4_total_length");
}

TEST(OuterHeadersTest, A7_TotalLength) {
  const Bytes frame = Offer();
  const uint16_t right = LoadU16(frame, kTotalLength);
  EXPECT_EQ(With(frame, kTotalLength, right), "ok");
  EXPECT_EQ(With(frame, kTotalLength, 0), "bad_ipv4_total_length");
  EXPECT_EQ(With(frame, kTotalLength, 19), "bad_ipv4_total_length");
  EXPECT_EQ(With(frame, kTotalLength, 20), "truncated_udp");
  EXPECT_EQ(With(frame, kTotalLength, static_cast<uint16_t>(right - 1)), "bad_udp_length");
  EXPECT_EQ(With(frame, kTotalLength, static_cast<uint16_t>(right + 1)), "truncated_ipv4");
  EXPECT_EQ(With(frame, kTotalLength, 0xffff), "truncated_ipv4");
}

TEST(OuterHeadersTest, A7_UdpLength) {
  UdpParts parts;
  parts.payload = BuildOffer(Concat({Option(51, {0, 0, 0x0e, 0x10}), {255}}));
  Bytes frame = BuildUdp4Frame(parts);
  const uint16_t right = LoadU16(frame, kUdpLength);
  StoreU16(0, kUdpLength + 2, &frame);  // no checksum, so that only the length is judged
  EXPECT_EQ(With(frame, kUdpLength, right), "ok");
  EXPECT_EQ(With(frame, kUdpLength, 0), "bad_udp_length");
  EXPECT_EQ(With(frame, kUdpLength, 7), "bad_udp_length");
  EXPECT_EQ(With(frame, kUdpLength, 8), "truncated_dhcp4");
  EXPECT_EQ(With(frame, kUdpLength, static_cast<uint16_t>(right - 1)), "ok") << "END cut off";
  EXPECT_EQ(With(frame, kUdpLength, static_cast<uint16_t>(right - 2)), "option_overrun");
  EXPECT_EQ(With(frame, kUdpLength, static_cast<uint16_t>(right + 1)), "bad_udp_length");
  EXPECT_EQ(With(frame, kUdpLength, 0xffff), "bad_udp_length");
}

TEST(OuterHeadersTest, A7_PayloadLength) {
  const Bytes frame = Solicitation({}, 58);
  for (const uint16_t length : std::vector<uint16_t>{0, 1, 3}) {
    Bytes changed = frame;
    StoreU16(length, kPayloadLength, &changed);
    EXPECT_EQ(Verdict(changed), "truncated_icmp6") << length;
  }
  const uint16_t right = LoadU16(frame, kPayloadLength);
  Bytes changed = frame;
  StoreU16(static_cast<uint16_t>(right + 1), kPayloadLength, &changed);
  EXPECT_EQ(Verdict(changed), "truncated_ipv6");
  StoreU16(static_cast<uint16_t>(right - 1), kPayloadLength, &changed);
  EXPECT_EQ(Verdict(changed), "bad_icmp6_checksum");
}

TEST(OuterHeadersTest, A7_PaddingBehindThePacketIsIgnored) {
  for (Bytes frame : {Offer(), Solicitation({}, 58)}) {
    const auto plain = ParseFrame(frame, FrameMetadata());
    frame.insert(frame.end(), 46, 0xff);
    const auto padded = ParseFrame(frame, FrameMetadata());
    ASSERT_TRUE(plain.ok() && padded.ok());
    EXPECT_EQ(*plain, *padded);
  }
}

// Class A7: depth 0 to 3 of tags with VID 0; the frame ends behind each byte of them.
TEST(OuterHeadersTest, C3_TagDepth) {
  const char* const verdicts[] = {"ok", "ok", "stacked_vlan_tags", "stacked_vlan_tags"};
  for (size_t depth = 0; depth < 4; ++depth) {
    Bytes frame = Offer();
    for (size_t i = 0; i < depth; ++i) {
      const Bytes tag = {0x81, 0x00, 0x00, 0x00};
      frame.insert(frame.begin() + 12, tag.begin(), tag.end());
    }
    EXPECT_EQ(Verdict(frame), verdicts[depth]) << depth;
  }
}

// Class S3.
TEST(OuterHeadersTest, C3_EveryInlineVidButZeroIsDropped) {
  for (uint16_t vid = 0; vid < 0x1000; ++vid) {
    Bytes frame = Offer();
    const Bytes tag = {0x81, 0x00, static_cast<uint8_t>(0xe0 | vid >> 8),
                       static_cast<uint8_t>(vid)};
    frame.insert(frame.begin() + 12, tag.begin(), tag.end());
    ASSERT_EQ(Verdict(frame), vid == 0 ? "ok" : "vlan_tagged") << vid;
  }
}

// Q1: whoever strips the tags, or does not mind the source, reads what a guest has hidden so.
TEST(ParseDisguisedTest, Q1_TagsAndSourceMacHideNothing) {
  const Bytes plain = Offer();
  const ParsedFrame expected = ParseFrame(plain, {}).value();
  for (size_t tags = 0; tags < 5; ++tags) {
    Bytes frame(plain.begin(), plain.begin() + 12);
    for (size_t i = 0; i < tags; ++i) {
      const Bytes tag = i % 2 == 0 ? Bytes{0x81, 0, 0xef, 0xff} : Bytes{0x88, 0xa8, 0, 0};
      frame.insert(frame.end(), tag.begin(), tag.end());
    }
    frame.insert(frame.end(), plain.begin() + 12, plain.end());
    frame[6] |= 1;
    EXPECT_FALSE(ParseFrame(frame, {}).ok());
    const Parsed<ParsedFrame> parsed = ParseDisguised(frame, {.vlan_present = true, .vlan_tci = 5});
    ASSERT_TRUE(parsed.ok()) << tags;
    EXPECT_EQ(*parsed, expected);
  }
}

TEST(ParseDisguisedTest, Q1_EveryTruncationIsDropped) {
  Bytes frame = Offer();
  const Bytes tags = {0x81, 0, 0, 5, 0x81, 0, 0, 0};
  frame.insert(frame.begin() + 12, tags.begin(), tags.end());
  while (!frame.empty()) {
    frame.pop_back();
    EXPECT_FALSE(ParseDisguised(GuardedBytes(frame).span(), {}).ok()) << frame.size();
  }
}

// Class S8.
TEST(OuterHeadersTest, E1_EveryFragmentIsDropped) {
  EXPECT_EQ(With(Offer(), kFragment, 0x4000), "ok") << "don't fragment";
  EXPECT_EQ(With(Offer(), kFragment, 0x2000), "fragment");
  EXPECT_EQ(With(Offer(), kFragment, 0x6000), "fragment");
  for (uint16_t bit = 1; bit < 0x2000; bit = static_cast<uint16_t>(bit << 1)) {
    EXPECT_EQ(With(Offer(), kFragment, bit), "fragment") << bit;
  }
}

// E1: every single flipped bit of the header is found; an all-zero field is an unfilled one.
TEST(OuterHeadersTest, E1_HeaderChecksumIsChecked) {
  for (size_t bit = 0; bit < 16; ++bit) {
    Bytes frame = Offer();
    const auto flipped = static_cast<uint16_t>(LoadU16(frame, kIp + 10) ^ (1U << bit));
    StoreU16(flipped, kIp + 10, &frame);
    EXPECT_EQ(Verdict(frame), flipped == 0 ? "ok" : "bad_ipv4_checksum");
  }
  Bytes frame = Offer();
  StoreU16(0, kIp + 10, &frame);
  EXPECT_EQ(Verdict(frame), "ok");
}

TEST(OuterHeadersTest, E2_UdpChecksumCoversHeaderPayloadAndAddresses) {
  const Bytes frame = Offer();
  ASSERT_EQ(Verdict(frame), "ok");
  for (size_t i = kIp + 28; i < frame.size(); ++i) {
    Bytes changed = frame;
    changed.at(i) ^= 0x10;
    ASSERT_EQ(Verdict(changed), "bad_udp_checksum") << i;
  }
  Bytes moved = frame;
  moved.at(kIp + 19) ^= 1;  // destination address
  FixIpv4Checksum(&moved);
  EXPECT_EQ(Verdict(moved), "bad_udp_checksum");
}

// E2: an odd number of bytes is summed as if a zero followed.
TEST(OuterHeadersTest, E2_OddPayload) {
  for (size_t extra = 0; extra < 4; ++extra) {
    UdpParts parts;
    parts.payload = BuildOffer(Bytes(extra));
    EXPECT_EQ(Verdict(BuildUdp4Frame(parts)), "ok") << extra;
  }
}

TEST(OuterHeadersTest, Dhcp4PortsAre67And68) {
  for (const uint16_t source : std::vector<uint16_t>{66, 67, 68, 69}) {
    for (const uint16_t destination : std::vector<uint16_t>{66, 67, 68, 69, 547}) {
      UdpParts parts;
      parts.source_port = source;
      parts.destination_port = destination;
      parts.payload = BuildOffer({});
      const bool dhcp = (source == 67 || source == 68) && (destination == 67 || destination == 68);
      EXPECT_EQ(Verdict(BuildUdp4Frame(parts)), dhcp ? "ok" : "not_dhcp_or_nd");
    }
  }
}

TEST(OuterHeadersTest, E3_WalksUpToTheBoundAndNoFurther) {
  Bytes extensions;
  for (size_t count = 1; count <= kMaxExtensionHeaders + 2; ++count) {
    // Each new header goes in front and names the one behind it.
    const Bytes header = {static_cast<uint8_t>(count == 1 ? 58 : 60), 0, 1, 4, 0, 0, 0, 0};
    extensions = Concat({header, extensions});
    EXPECT_EQ(Verdict(Solicitation(extensions, 60)),
              count <= kMaxExtensionHeaders ? "ok" : "too_many_extension_headers")
        << count;
  }
}

TEST(OuterHeadersTest, E3_ExtensionHeaderEndsInsideThePayload) {
  const size_t icmp6_units = BuildNd(NdType::kNeighbourSolicitation, {}).size() / 8;
  for (unsigned units = 0; units < 256; ++units) {
    const std::string verdict =
        Verdict(Solicitation({58, static_cast<uint8_t>(units), 1, 4, 0, 0, 0, 0}, 60));
    if (units == 0) {
      EXPECT_EQ(verdict, "ok");
    } else if (units > icmp6_units) {
      EXPECT_EQ(verdict, "bad_extension_header") << units;
    } else {
      EXPECT_NE(verdict, "ok") << units;
    }
  }
}

// E3: what is not walked hides the message: encapsulating, authenticated, mobile or none at all.
TEST(OuterHeadersTest, E3_ExtensionHeaderIsOfEightBytesAtLeast) {
  for (uint8_t size = 0; size <= 8; ++size) {
    Bytes packet = {0x60, 0, 0, 0, 0, size, 60, 255};
    packet.resize(40);
    packet = Concat({packet, {59, 0, 1, 4, 0, 0, 0, 0}});
    const auto parsed = ParseIpv6(packet);
    ASSERT_EQ(parsed.ok(), size == 8) << int{size};
    EXPECT_TRUE(parsed.ok() || parsed.drop_reason() == DropReason::kBadExtensionHeader);
  }
}

TEST(OuterHeadersTest, E3_OtherHeadersAreNotWalked) {
  for (const uint8_t header : Bytes{50, 51, 59, 135, 139, 140, 253, 41, 6}) {
    EXPECT_EQ(Verdict(Solicitation({58, 0, 1, 4, 0, 0, 0, 0}, header)), "not_dhcp_or_nd")
        << int{header};
  }
}

TEST(OuterHeadersTest, E3_FragmentHeaderBehindOthersIsFound) {
  EXPECT_EQ(Verdict(Solicitation({44, 0, 1, 4, 0, 0, 0, 0, 58, 0, 0, 0, 0, 0, 0, 1}, 60)),
            "fragment");
}

// kernel-level filters that stop forged RAs look at the first header only (RFC 7113 §2).
TEST(OuterHeadersTest, N1_AdvertisementBehindAnyExtensionIsDropped) {
  for (const uint8_t header : Bytes{0, 43, 60}) {
    Icmp6Parts parts;
    parts.icmp6 = BuildNd(NdType::kRouterAdvertisement, {});
    parts.extensions = {58, 0, 0, 0, 0, 0, 0, 0};
    parts.next_header = header;
    EXPECT_EQ(Verdict(BuildIcmp6Frame(parts)), "advertisement_behind_extension") << int{header};
  }
}

}  // namespace
}  // namespace l3sync
