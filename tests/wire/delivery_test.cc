#include "wire/delivery.h"

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

constexpr MacAddress kMac = {{2, 0, 0, 0, 0, 0x77}};

void ExpectRefused(const Bytes& frame, const std::string& why) {
  EXPECT_FALSE(ParseDelivery(frame)) << why;
}

// What comes out, if anything does.
Bytes Rebuilt(const Bytes& frame) {
  const auto delivery = ParseDelivery(frame);
  return delivery ? BuildDelivery(kMac, *delivery) : Bytes();
}

TEST(DeliveryTest, SaysWhoSaysWhatToWhom) {
  const Bytes frame = Offer();
  const auto delivery = ParseDelivery(frame);
  ASSERT_TRUE(delivery);
  const auto parsed = ParseFrame(frame, FrameMetadata());
  EXPECT_EQ(delivery->source, parsed->source);
  EXPECT_EQ(delivery->destination, parsed->destination);
  EXPECT_EQ(delivery->source_port, 67);
  EXPECT_EQ(delivery->destination_port, 68);
  EXPECT_EQ(delivery->payload, ByteSpan(frame).subspan(kIp + 20 + 8));
}

TEST(DeliveryTest, OneMacIsAtBothEndsAndTheMessageIsTheSame) {
  const Bytes before = Offer();
  const Bytes frame = Rebuilt(before);
  const Bytes mac(kMac.bytes.begin(), kMac.bytes.end());
  EXPECT_EQ(Slice(frame, 0, 6), mac);
  EXPECT_EQ(Slice(frame, 6, 12), mac);
  EXPECT_EQ(Slice(frame, kIp + 12, frame.size()), Slice(before, kIp + 12, before.size()))
      << "addresses, ports, payload, and the checksum that was right";
  EXPECT_EQ(SimpleSum(Slice(frame, kIp, kIp + 20)), 0xffff);
  const auto one = ParseFrame(before, FrameMetadata());
  const auto other = ParseFrame(frame, FrameMetadata());
  ASSERT_TRUE(other.ok());
  EXPECT_EQ(one->message, other->message);
}

TEST(DeliveryTest, E2_PartialOrAbsentChecksumBecomesAFullOne) {
  for (const uint16_t partial : std::vector<uint16_t>{0x0000, 0x1234, 0xffff}) {
    for (size_t extra = 0; extra < 3; ++extra) {
      Bytes frame = Offer(Bytes(extra));
      StoreU16(partial, kUdpChecksum, &frame);
      const Bytes rebuilt = Rebuilt(frame);
      EXPECT_EQ(SimpleUdpSum(Slice(rebuilt, kIp, rebuilt.size())), 0xffff);
      EXPECT_NE(LoadU16(rebuilt, kUdpChecksum), 0);
      EXPECT_TRUE(ParseFrame(rebuilt, FrameMetadata()).ok());
    }
  }
}

// RFC 768: a checksum that comes out as 0 is sent as 0xffff.
TEST(DeliveryTest, E2_ChecksumZeroIsSentAsAllOnes) {
  Bytes frame = Offer();
  StoreU16(0, kUdpChecksum, &frame);
  // A word of the payload that brings the sum to 0xffff without any checksum.
  const uint16_t sum = SimpleUdpSum(Slice(frame, kIp, frame.size()));
  const size_t secs = kIp + 20 + 8 + 8;
  StoreU16(static_cast<uint16_t>(~sum), secs, &frame);
  EXPECT_EQ(LoadU16(Rebuilt(frame), kUdpChecksum), 0xffff);
}

TEST(DeliveryTest, UnfilledHeaderChecksumIsFilledIn) {
  Bytes frame = Offer();
  StoreU16(0, kIp + 10, &frame);
  EXPECT_EQ(SimpleSum(Slice(Rebuilt(frame), kIp, kIp + 20)), 0xffff);
}

TEST(DeliveryTest, TrailerIsLeftOut) {
  Bytes frame = Offer();
  const size_t end = frame.size();
  frame.insert(frame.end(), {1, 2, 3});
  EXPECT_EQ(Rebuilt(frame).size(), end);
}

TEST(DeliveryTest, C4_HeaderWithOptionsBecomesOneWithout) {
  Bytes frame = Offer();
  const Bytes plain = Rebuilt(frame);
  frame.insert(frame.begin() + kIp + 20, {0x94, 4, 0, 0});
  frame.at(kIp) = 0x46;
  StoreU16(static_cast<uint16_t>(frame.size() - kIp), kIp + 2, &frame);
  FixIpv4Checksum(&frame);
  EXPECT_EQ(Rebuilt(frame), plain);
}

TEST(DeliveryTest, RefusesWhatIsNoUnicastReply) {
  for (const char* const name :
       {"ok_ra", "ok_na", "drop_not_dhcp_or_nd-tcp", "drop_missing_relay_message", "drop_not_ip",
        "drop_fragment", "drop_bad_ipv4_checksum", "drop_bad_udp_length", "drop_truncated_ipv4",
        "ok_dhcp4_nak", "ok_dhcp4_discover", "ok_dhcp4_release", "ok_dhcp4_inline_priority_tag"}) {
    ExpectRefused(LoadFrame(name).bytes, name);
  }
}

// C3: a slave sends what it is given; a tagged frame would miss the port's table.
TEST(DeliveryTest, C3_RefusesAnInlineTag) {
  Bytes frame = Offer();
  const Bytes tag = {0x81, 0x00, 0x00, 0x00};
  frame.insert(frame.begin() + 12, tag.begin(), tag.end());
  ASSERT_TRUE(ParseFrame(frame, FrameMetadata()).ok());
  ExpectRefused(frame, "VID 0");
}

TEST(DeliveryTest, RefusesGroupDestinations) {
  Bytes frame = Offer();
  std::fill(frame.begin(), frame.begin() + 6, uint8_t{0xff});
  ExpectRefused(frame, "broadcast MAC");
  for (const uint32_t destination : {0xffffffffU, 0xe0000001U, 0U}) {
    UdpParts parts;
    parts.payload = BuildOffer({});
    parts.destination = IpAddress::V4(destination);
    ExpectRefused(BuildUdp4Frame(parts), parts.destination.ToString());
  }
}

TEST(DeliveryTest, A1_CutFramesAreRefused) {
  const Bytes frame = Offer();
  for (size_t size = 0; size < frame.size(); ++size) {
    const GuardedBytes guarded(ByteSpan(frame).first(size));
    ASSERT_FALSE(ParseDelivery(guarded.span())) << size;
  }
  const GuardedBytes whole((ByteSpan(frame)));
  EXPECT_TRUE(ParseDelivery(whole.span()));
}

// What is asked for by numbers alone is checked as well.
TEST(DeliveryTest, OnlyRepliesOfServersToHosts) {
  const IpAddress server = IpAddress::V4(0xc0000201), guest = IpAddress::V4(0xc0000207);
  const IpAddress server6 = IpAddress::Parse("fe80::1").value(),
                  guest6 = IpAddress::Parse("fe80::7").value();
  const Bytes long_payload(0xffff - 28 + 1);
  const ByteSpan all(long_payload);
  EXPECT_TRUE(IsDelivery({server, guest, 67, 68, all.first(300)}));
  EXPECT_TRUE(IsDelivery({server, guest, 67, 68, all.first(all.size() - 1)}));
  EXPECT_TRUE(IsDelivery({server6, guest6, 547, 546, all.first(300)}));
  EXPECT_TRUE(IsDelivery({server6, guest6, 49152, 546, {}}));
  for (const Delivery& wrong : std::vector<Delivery>{
           {server, guest, 67, 68, all},
           {server, guest, 68, 67, {}},
           {server, guest, 53, 68, {}},
           {server, guest, 67, 53, {}},
           {server6, guest6, 546, 547, {}},
           {server, guest6, 547, 546, {}},
           {server6, guest, 67, 68, {}},
           {IpAddress(), guest, 67, 68, {}},
           {server, IpAddress(), 67, 68, {}},
           {IpAddress::V4(0), guest, 67, 68, {}},
           {server, IpAddress::V4(0xffffffff), 67, 68, {}},
           {server, IpAddress::V4(0xe0000001), 67, 68, {}},
           {server6, IpAddress::Parse("ff02::1").value(), 547, 546, {}},
       }) {
    EXPECT_FALSE(IsDelivery(wrong))
        << wrong.source.ToString() << " " << wrong.source_port << " "
        << wrong.destination.ToString() << " " << wrong.destination_port;
  }
}

}  // namespace
}  // namespace l3sync
