#include "wire/neighbour_frames.h"

#include <variant>

#include "gtest/gtest.h"

#include "tests/wire/frame_builder.h"
#include "wire/frame.h"

namespace l3sync {
namespace {

using testing::Bytes;

constexpr MacAddress kMac{{0x02, 0, 0, 0, 0, 0x10}};
constexpr MacAddress kSender{{0x02, 0, 0, 0, 0, 0x20}};

IpAddress Addr(const char* text) { return IpAddress::Parse(text).value(); }

// A receiver checks all of it: lengths, hop limit, checksum, options.
ParsedFrame Parsed(ByteSpan frame) { return ParseFrame(frame, FrameMetadata()).value(); }

TEST(NeighbourFramesTest, NeighbourProbeAsksTheOneGuestThatHasTheTarget) {
  const IpAddress source = Addr("fe80::1234");
  // The sum of the odd one's bytes carries differently.
  for (const char* text : {"2001:db8::5", "fe80::ffff:ffff:ffff:ffff", "2001:db8:ff01::fe01"}) {
    NdMessage message;
    message.type = NdType::kNeighbourSolicitation;
    message.target = Addr(text);
    message.source_link_layer = kSender;
    // One station at both ends: what ipvlan loops back (kernel-facts C).
    const ParsedFrame expected{kMac, kMac, source, Addr(text), 255, message};
    EXPECT_EQ(Parsed(BuildNeighbourProbe(kMac, kSender, source, Addr(text))), expected) << text;
  }
}

TEST(NeighbourFramesTest, D8_UnsolicitedAdvertisementGoesToAllRoutersAndOverridesNothing) {
  NdMessage message;
  message.type = NdType::kNeighbourAdvertisement;
  message.target = Addr("2001:db8::5");
  message.target_link_layer = kMac;
  const ParsedFrame expected{MacAddress{{0x33, 0x33, 0, 0, 0, 2}},
                             kMac,
                             Addr("2001:db8::5"),
                             Addr("ff02::2"),
                             255,
                             message};
  EXPECT_EQ(Parsed(BuildUnsolicitedAdvertisement(kMac, Addr("2001:db8::5"))), expected);
}

Bytes ToBytes(ByteSpan frame) { return {frame.begin(), frame.end()}; }

// clang-format off
TEST(NeighbourFramesTest, ArpProbeHasNoSenderAddress) {
  EXPECT_EQ(ToBytes(BuildArpProbe(kMac, kSender, Addr("192.0.2.10"))),
            (Bytes{0x02, 0, 0, 0, 0, 0x10,  // destination: loops back to the guest
                   0x02, 0, 0, 0, 0, 0x10,  // source
                   0x08, 0x06,              // ARP
                   0, 1, 0x08, 0, 6, 4,     // Ethernet, IPv4
                   0, 1,                    // request
                   0x02, 0, 0, 0, 0, 0x20, 0, 0, 0, 0,       // sender: RFC 5227 §1.1
                   0, 0, 0, 0, 0, 0, 192, 0, 2, 10}));       // target
}

TEST(NeighbourFramesTest, D8_ArpAnnouncementHasTheAddressAtBothEnds) {
  EXPECT_EQ(ToBytes(BuildArpAnnouncement(kMac, Addr("192.0.2.10"))),
            (Bytes{0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                   0x02, 0, 0, 0, 0, 0x10,
                   0x08, 0x06,
                   0, 1, 0x08, 0, 6, 4,
                   0, 1,                    // request: RFC 5227 §1.1
                   0x02, 0, 0, 0, 0, 0x10, 192, 0, 2, 10,
                   0, 0, 0, 0, 0, 0, 192, 0, 2, 10}));
}
// clang-format on

}  // namespace
}  // namespace l3sync
