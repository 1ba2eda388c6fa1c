#include <algorithm>
#include <string>

#include "gtest/gtest.h"

#include "tests/wire/frame_builder.h"
#include "tests/wire/frame_file.h"
#include "tests/wire/guarded_bytes.h"
#include "wire/frame.h"

namespace l3sync {
namespace {

using testing::BuildOffer;
using testing::BuildUdp4Frame;
using testing::Bytes;
using testing::FixIpv4Checksum;
using testing::GuardedBytes;
using testing::LoadFrame;
using testing::LoadU16;
using testing::SimpleSum;
using testing::SimpleUdpSum;
using testing::StoreU16;
using testing::UdpParts;

constexpr size_t kIp = 14;
constexpr size_t kUdpChecksum = kIp + 20 + 6;

Bytes Offer(const Bytes& options = {255}) {
  UdpParts parts;
  parts.payload = BuildOffer(options);
  return BuildUdp4Frame(parts);
}

Bytes Slice(const Bytes& bytes, size_t begin, size_t end) {
  return Bytes(bytes.begin() + static_cast<std::ptrdiff_t>(begin),
               bytes.begin() + static_cast<std::ptrdiff_t>(end));
}

void ExpectRefusedUntouched(Bytes frame, const std::string& why) {
  const Bytes before = frame;
  EXPECT_FALSE(RewriteForDelivery(absl::MakeSpan(frame))) << why;
  EXPECT_EQ(frame, before) << why;
}

TEST(RewriteForDeliveryTest, SourceMacBecomesDestinationMac) {
  Bytes frame = Offer();
  const Bytes before = frame;
  ASSERT_TRUE(RewriteForDelivery(absl::MakeSpan(frame)));
  EXPECT_EQ(Slice(frame, 0, 6), Slice(before, 0, 6));
  EXPECT_EQ(Slice(frame, 6, 12), Slice(before, 0, 6));
  EXPECT_EQ(Slice(frame, 12, frame.size()), Slice(before, 12, before.size()))
      << "all else was right already";
}

TEST(RewriteForDeliveryTest, E2_PartialOrAbsentChecksumBecomesAFullOne) {
  for (const uint16_t partial : std::vector<uint16_t>{0x0000, 0x1234, 0xffff}) {
    for (size_t extra = 0; extra < 3; ++extra) {
      Bytes frame = Offer(Bytes(extra));
      StoreU16(partial, kUdpChecksum, &frame);
      ASSERT_TRUE(RewriteForDelivery(absl::MakeSpan(frame)));
      EXPECT_EQ(SimpleUdpSum(Slice(frame, kIp, frame.size())), 0xffff);
      EXPECT_NE(LoadU16(frame, kUdpChecksum), 0);
      EXPECT_TRUE(ParseFrame(frame, FrameMetadata()).ok());
    }
  }
}

// RFC 768: a checksum that comes out as 0 is sent as 0xffff.
TEST(RewriteForDeliveryTest, E2_ChecksumZeroIsSentAsAllOnes) {
  Bytes frame = Offer();
  StoreU16(0, kUdpChecksum, &frame);
  // A word of the payload that brings the sum to 0xffff without any checksum.
  const uint16_t sum = SimpleUdpSum(Slice(frame, kIp, frame.size()));
  const size_t secs = kIp + 20 + 8 + 8;
  StoreU16(static_cast<uint16_t>(~sum), secs, &frame);
  ASSERT_TRUE(RewriteForDelivery(absl::MakeSpan(frame)));
  EXPECT_EQ(LoadU16(frame, kUdpChecksum), 0xffff);
}

TEST(RewriteForDeliveryTest, UnfilledHeaderChecksumIsFilledIn) {
  Bytes frame = Offer();
  StoreU16(0, kIp + 10, &frame);
  ASSERT_TRUE(RewriteForDelivery(absl::MakeSpan(frame)));
  EXPECT_EQ(SimpleSum(Slice(frame, kIp, kIp + 20)), 0xffff);
}

TEST(RewriteForDeliveryTest, TrailerIsLeftAsItIs) {
  Bytes frame = Offer();
  const size_t end = frame.size();
  frame.insert(frame.end(), {1, 2, 3});
  StoreU16(0, kUdpChecksum, &frame);
  ASSERT_TRUE(RewriteForDelivery(absl::MakeSpan(frame)));
  EXPECT_EQ(Slice(frame, end, end + 3), (Bytes{1, 2, 3}));
  EXPECT_EQ(SimpleUdpSum(Slice(frame, kIp, frame.size())), 0xffff);
}

TEST(RewriteForDeliveryTest, C4_HeaderWithOptions) {
  Bytes frame = Offer();
  frame.insert(frame.begin() + kIp + 20, {0x94, 4, 0, 0});
  frame.at(kIp) = 0x46;
  StoreU16(static_cast<uint16_t>(frame.size() - kIp), kIp + 2, &frame);
  FixIpv4Checksum(&frame);
  StoreU16(0x1234, kUdpChecksum + 4, &frame);
  ASSERT_TRUE(RewriteForDelivery(absl::MakeSpan(frame)));
  EXPECT_NE(LoadU16(frame, kUdpChecksum + 4), 0x1234);
  EXPECT_TRUE(ParseFrame(frame, FrameMetadata()).ok());
}

TEST(RewriteForDeliveryTest, RefusesWhatIsNoUnicastReply) {
  for (const char* const name :
       {"ok_ra", "ok_na", "drop_not_dhcp_or_nd-tcp", "drop_missing_relay_message", "drop_not_ip",
        "drop_fragment", "drop_bad_ipv4_checksum", "drop_bad_udp_length", "drop_truncated_ipv4",
        "ok_dhcp4_nak", "ok_dhcp4_discover", "ok_dhcp4_release", "ok_dhcp4_inline_priority_tag"}) {
    ExpectRefusedUntouched(LoadFrame(name).bytes, name);
  }
}

// C3: a slave sends what it is given; a tagged frame would miss the port's table.
TEST(RewriteForDeliveryTest, C3_RefusesAnInlineTag) {
  Bytes frame = Offer();
  const Bytes tag = {0x81, 0x00, 0x00, 0x00};
  frame.insert(frame.begin() + 12, tag.begin(), tag.end());
  ASSERT_TRUE(ParseFrame(frame, FrameMetadata()).ok());
  ExpectRefusedUntouched(frame, "VID 0");
}

TEST(RewriteForDeliveryTest, RefusesGroupDestinations) {
  Bytes frame = Offer();
  std::fill(frame.begin(), frame.begin() + 6, uint8_t{0xff});
  ExpectRefusedUntouched(frame, "broadcast MAC");
  for (const uint32_t destination : {0xffffffffU, 0xe0000001U, 0U}) {
    UdpParts parts;
    parts.payload = BuildOffer({});
    parts.destination = IpAddress::V4(destination);
    ExpectRefusedUntouched(BuildUdp4Frame(parts), parts.destination.ToString());
  }
}

TEST(RewriteForDeliveryTest, A1_CutFramesAreRefused) {
  const Bytes frame = Offer();
  for (size_t size = 0; size < frame.size(); ++size) {
    const GuardedBytes guarded(ByteSpan(frame).first(size));
    ASSERT_FALSE(RewriteForDelivery(guarded.span())) << size;
  }
  const GuardedBytes whole((ByteSpan(frame)));
  EXPECT_TRUE(RewriteForDelivery(whole.span()));
}

}  // namespace
}  // namespace l3sync
