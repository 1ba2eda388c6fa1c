// What must be accepted although it is odd (docs/bug-classes.md, X1 to X9): each a lease from its
// first message to its binding.
#include <functional>
#include <string>
#include <utility>
#include <variant>

#include "gtest/gtest.h"

#include "dhcp6_bed.h"
#include "tests/wire/frame_builder.h"
#include "tests/wire/frame_file.h"

namespace l3sync::testing {
namespace {

constexpr size_t kIpHeader = 14, kUdpHeader = 34, kPayload = 42;
constexpr uint8_t kEnd = 255;
constexpr std::string_view kAddress = "192.0.2.10";

// A frame as it is on the wire, and what the kernel says of it.
struct Odd {
  Bytes bytes;
  FrameMetadata metadata;
};
using MakeOdd = std::function<Odd(const Heard&)>;

Heard Reread(const Odd& odd) {
  Heard heard{.bytes = odd.bytes, .frame = {}};
  const Parsed<ParsedFrame> frame = ParseFrame(odd.bytes, odd.metadata);
  EXPECT_TRUE(frame.ok()) << DropReasonName(frame.drop_reason());
  if (frame.ok()) heard.frame = *frame;
  return heard;
}

// The four messages of a lease, each made odd.
void ExpectLease(const MakeOdd& make_odd) {
  LearnerBed bed;
  const auto say = [&](Dhcp4Type type, const ClientMessage& m) {
    bed.Hear(kSlaveA, FrameSide::kSent, Reread(make_odd(FromClient(type, m))));
  };
  const auto answer = [&](Dhcp4Type type, const ServerMessage& m) {
    bed.Hear(kParent, FrameSide::kReceived, Reread(make_odd(FromServer(type, m))));
  };
  say(Dhcp4Type::kDiscover, {.xid = 7});
  answer(Dhcp4Type::kOffer, {.xid = 7, .yiaddr = kAddress});
  EXPECT_EQ(bed.DeliveredTo(kSlaveA).size(), 1U);
  say(Dhcp4Type::kRequest, {.xid = 7, .requested = kAddress, .server = kServer});
  answer(Dhcp4Type::kAck, {.xid = 7, .yiaddr = kAddress});
  ASSERT_EQ(bed.SlaveOf(kAddress), kSlaveA);
  EXPECT_EQ(bed.BindingOf(kAddress)->origin, Origin::kDhcp4Ack);
}

// The same message with another payload.
Odd WithPayload(const Heard& heard, const std::function<void(Bytes*)>& change) {
  const bool from_client = std::get<Dhcp4Message>(heard.frame.message).op == 1;
  UdpParts parts;
  parts.source = heard.frame.source;
  parts.destination = heard.frame.destination;
  parts.source_port = from_client ? 68 : 67;
  parts.destination_port = from_client ? 67 : 68;
  parts.payload.assign(heard.bytes.begin() + kPayload, heard.bytes.end());
  change(&parts.payload);
  Bytes frame = BuildUdp4Frame(parts);
  std::copy(heard.bytes.begin(), heard.bytes.begin() + 12, frame.begin());
  return {.bytes = frame, .metadata = {}};
}

TEST(InteropTest, X2_VendorOptionsWithoutAByte) {
  ExpectLease([](const Heard& heard) {
    return WithPayload(heard, [](Bytes* payload) {
      payload->pop_back();
      for (const uint8_t code : Bytes{12, 15, 43, 60, 66, 67, 77, 82, 124, 125, 224, 252}) {
        *payload = Concat({*payload, Option(code, {})});
      }
      payload->push_back(kEnd);
    });
  });
}

TEST(InteropTest, X4_NoEndOption) {
  ExpectLease([](const Heard& heard) {
    return WithPayload(heard, [](Bytes* payload) { payload->pop_back(); });
  });
}

TEST(InteropTest, X5_HeaderChecksumZero) {
  ExpectLease([](const Heard& heard) {
    Odd odd{.bytes = heard.bytes, .metadata = {}};
    StoreU16(0, kIpHeader + 10, &odd.bytes);
    return odd;
  });
}

TEST(InteropTest, X6_UdpChecksumAbsentOrPartial) {
  ExpectLease([](const Heard& heard) {
    Odd odd{.bytes = heard.bytes, .metadata = {}};
    StoreU16(0, kUdpHeader + 6, &odd.bytes);
    return odd;
  });
  ExpectLease([](const Heard& heard) {
    Odd odd{.bytes = heard.bytes, .metadata = {.checksum_partial = true}};
    StoreU16(0x1234, kUdpHeader + 6, &odd.bytes);  // of the pseudo header, say
    return odd;
  });
}

TEST(InteropTest, X9_PaddedTo300BytesOrNotAtAll) {
  constexpr size_t kBootp = 300;
  ExpectLease([](const Heard& heard) {
    return WithPayload(heard, [](Bytes* payload) { payload->resize(kBootp); });
  });
  ExpectLease([](const Heard& heard) {
    EXPECT_LT(heard.bytes.size(), kPayload + kBootp) << "as the test's messages are";
    return Odd{.bytes = heard.bytes, .metadata = {}};
  });
  // Of the frame, behind the packet.
  ExpectLease([](const Heard& heard) {
    return Odd{.bytes = Concat({heard.bytes, Bytes(60, 0xff)}), .metadata = {}};
  });
}

// ---- DHCPv6

Bytes Option6(uint8_t code, const Bytes& value) {
  return Concat({{0, code, 0, static_cast<uint8_t>(value.size())}, value});
}

Heard Dhcp6Frame(uint8_t type, const Bytes& options) {
  const bool from_client = type != static_cast<uint8_t>(Dhcp6Type::kReply);
  const Bytes ids = Concat({Option6(1, {0, 9}), Option6(2, {0, 8})});
  const Parsed<Dhcp6Message> message = ParseDhcp6(Concat({{type, 0, 0, 7}, ids, options}));
  EXPECT_TRUE(message.ok()) << DropReasonName(message.drop_reason());
  Heard heard;
  heard.frame.source_mac = from_client ? kSharedMac : kRouterMac;
  heard.frame.destination_mac = from_client ? MacAddress::Broadcast() : kSharedMac;
  heard.frame.source = Ip(from_client ? "fe80::a" : "fe80::1");
  heard.frame.destination = Ip(from_client ? "ff02::1:2" : "fe80::a");
  if (message.ok()) heard.frame.message = *message;
  return heard;
}

// A Request and a Reply, with `extra` behind the association of both.
void ExpectLease6(Dhcp6Bed* bed, const Bytes& extra) {
  const Bytes association = {0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0};
  const IpAddress address = Ip(kGuest6);
  const Bytes iaaddr = Concat(
      {{address.bytes().begin(), address.bytes().end()}, {0, 0, 0x07, 0x08, 0, 0, 0x0e, 0x10}});
  bed->Hear(kSlaveA, FrameSide::kSent, Dhcp6Frame(3, Concat({Option6(3, association), extra})));
  bed->Hear(kParent, FrameSide::kReceived,
            Dhcp6Frame(7, Concat({Option6(3, Concat({association, Option6(5, iaaddr)})), extra})));
  EXPECT_EQ(bed->SlaveOf(kGuest6), kSlaveA);
}

// As Oracle's cloud sends it (systemd 81b7335).
TEST(InteropTest, X1_StrayBytesBehindTheLastDhcp6Option) {
  for (size_t stray = 1; stray < 4; ++stray) {
    Dhcp6Bed bed;
    ExpectLease6(&bed, Bytes(stray));
  }
}

TEST(InteropTest, X2_Dhcp6OptionsWithoutAByte) {
  Dhcp6Bed bed;
  ExpectLease6(&bed, Concat({Option6(15, {}), Option6(16, {}), Option6(17, {}), Option6(39, {})}));
}

// RFC 6603 §4.2: up to 17 bytes (dhcpcd 2f00c7b).
TEST(InteropTest, X3_PrefixExcludeOf17Bytes) {
  Bytes prefix(25);
  prefix[7] = 60;  // the valid lifetime
  prefix[8] = 56;
  const Bytes delegation =
      Option6(25, Concat({Bytes(12), Option6(26, Concat({prefix, Option6(67, Bytes(17, 1))}))}));
  Dhcp6Bed bed;
  ExpectLease6(&bed, delegation);
  EXPECT_EQ(bed.Events(EventKind::kDelegationIgnored).size(), 1U);
}

// ---- Neighbours

// As systemd's router rejected them (4961f56).
TEST(InteropTest, X7_SourcesThatAreNoAddress) {
  for (const char* const name : {"ok_rs_unspecified", "ok_ns_dad", "ok_dhcp4_discover"}) {
    const FrameFile file = LoadFrame(name);
    const Parsed<ParsedFrame> frame = ParseFrame(file.bytes, file.metadata);
    ASSERT_TRUE(frame.ok()) << name;
    EXPECT_TRUE(frame->source.is_unspecified()) << name;
  }
  LearnerBed bed;
  bed.RouterSolicit(kSlaveA, "::");
  bed.Dad(kSlaveA, "fe80::1234");
  EXPECT_EQ(bed.SlaveOf("fe80::1234"), kSlaveA);
}

// As systemd's IPv4LL asserted (b054898): ARP is the first that is heard, before there is a slave
// or a deadline, in the first instant since boot.
TEST(InteropTest, X8_ArpBeforeAnythingElse) {
  LearnerBed bed({.has_slaves = false, .now = MonotonicTime::SinceBoot(absl::ZeroDuration())});
  Heard probe;
  probe.frame.source_mac = kSharedMac;
  probe.frame.source = Ip("0.0.0.0");
  probe.frame.destination = Ip(kAddress);
  probe.frame.message = ArpMessage{.operation = 1,
                                   .sender_mac = kSharedMac,
                                   .sender = Ip("0.0.0.0"),
                                   .target_mac = {},
                                   .target = Ip(kAddress)};
  for (const int32_t ifindex : {kParent, kSlaveA, kSlaveB}) {
    for (const FrameSide side : {FrameSide::kSent, FrameSide::kReceived}) {
      bed.Hear(ifindex, side, probe);
    }
  }
  bed.SlaveAppears(kSlaveA);
  bed.Lease(kSlaveA, 7, kAddress);
  EXPECT_EQ(bed.SlaveOf(kAddress), kSlaveA);
}

}  // namespace
}  // namespace l3sync::testing
