// Every hand-made frame of tests/frames/ against what its name says, and the values of the
// messages.
#include <set>
#include <string>
#include <variant>

#include "gtest/gtest.h"

#include "tests/wire/frame_file.h"
#include "wire/drop_reason.h"
#include "wire/frame.h"

namespace l3sync {
namespace {

using testing::FrameFile;
using testing::LoadAllFrames;
using testing::LoadFrame;

std::string Verdict(const FrameFile& file) {
  const Parsed<ParsedFrame> parsed = ParseFrame(file.bytes, file.metadata);
  return parsed.ok() ? "ok" : std::string(DropReasonName(parsed.drop_reason()));
}

ParsedFrame Parse(const std::string& name) {
  const FrameFile file = LoadFrame(name);
  Parsed<ParsedFrame> parsed = ParseFrame(file.bytes, file.metadata);
  EXPECT_TRUE(parsed.ok()) << name << ": " << DropReasonName(parsed.drop_reason());
  return parsed.ok() ? parsed.value() : ParsedFrame();
}

Dhcp4Message Dhcp4(const std::string& name) {
  const ParsedFrame frame = Parse(name);
  const auto* const message = std::get_if<Dhcp4Message>(&frame.message);
  EXPECT_NE(message, nullptr) << name;
  return message == nullptr ? Dhcp4Message() : *message;
}

NdMessage Nd(const std::string& name) {
  const ParsedFrame frame = Parse(name);
  const auto* const message = std::get_if<NdMessage>(&frame.message);
  EXPECT_NE(message, nullptr) << name;
  return message == nullptr ? NdMessage() : *message;
}

ArpMessage Arp(const std::string& name) {
  const ParsedFrame frame = Parse(name);
  const auto* const message = std::get_if<ArpMessage>(&frame.message);
  EXPECT_NE(message, nullptr) << name;
  return message == nullptr ? ArpMessage() : *message;
}

IpAddress Addr(const char* text) { return IpAddress::Parse(text).value(); }

constexpr MacAddress kGuest{{0x02, 0, 0, 0, 0, 0x01}};
constexpr MacAddress kRouter{{0x02, 0, 0, 0, 0, 0xfe}};

// One test for each reason, named after it; its frame is drop_<name>.hex.
class DropReasonTest : public ::testing::TestWithParam<size_t> {};

// P4-6
TEST_P(DropReasonTest, IsProvokedByItsFrame) {
  const std::string name(DropReasonName(static_cast<DropReason>(GetParam())));
  EXPECT_EQ(Verdict(LoadFrame("drop_" + name)), name);
}

INSTANTIATE_TEST_SUITE_P(Frames, DropReasonTest, ::testing::Range<size_t>(0, kDropReasonCount),
                         [](const auto& reason) {
                           return std::string(
                               DropReasonName(static_cast<DropReason>(reason.param)));
                         });

TEST(GoldenFrameTest, EveryFrameIsWhatItsNameSays) {
  std::set<std::string> provoked;
  for (const FrameFile& file : LoadAllFrames()) {
    const std::string verdict = Verdict(file);
    EXPECT_EQ(verdict, file.expected_drop().value_or("ok")) << file.name;
    provoked.insert(verdict);
  }
  EXPECT_EQ(provoked.size(), kDropReasonCount + 1) << "a reason that no frame provokes";
}

TEST(GoldenFrameTest, DropReasonNamesAreDistinct) {
  std::set<std::string_view> names;
  for (size_t i = 0; i < kDropReasonCount; ++i) {
    names.insert(DropReasonName(static_cast<DropReason>(i)));
  }
  EXPECT_EQ(names.size(), kDropReasonCount);
  EXPECT_FALSE(names.contains("unknown"));
  EXPECT_EQ(DropReasonName(static_cast<DropReason>(kDropReasonCount)), "unknown");
}

// E1, E2: the envelope comes out with the message.
TEST(GoldenFrameTest, E1_EnvelopeOfAnOffer) {
  const ParsedFrame frame = Parse("ok_dhcp4_offer");
  EXPECT_EQ(frame.source_mac, kRouter);
  EXPECT_EQ(frame.destination_mac, kGuest);
  EXPECT_EQ(frame.source, Addr("192.0.2.1"));
  EXPECT_EQ(frame.destination, Addr("192.0.2.10"));
  EXPECT_EQ(frame.hop_limit, 64);
}

TEST(GoldenFrameTest, P4_1_FixedFieldsOfADiscover) {
  const Dhcp4Message message = Dhcp4("ok_dhcp4_discover");
  EXPECT_EQ(message.type, Dhcp4Type::kDiscover);
  EXPECT_EQ(message.op, 1);
  EXPECT_EQ(message.hardware_type, 1);
  EXPECT_EQ(message.hardware_length, 6);
  EXPECT_EQ(message.xid, 0x3903f326U);
  EXPECT_EQ(message.secs, 1);
  EXPECT_FALSE(message.broadcast());
  EXPECT_EQ(message.ciaddr, Addr("0.0.0.0"));
  EXPECT_EQ(message.chaddr, (std::array<uint8_t, 16>{0x02, 0, 0, 0, 0, 0x01}));
  EXPECT_EQ(message.client_identifier,
            (absl::InlinedVector<uint8_t, 32>{0x01, 0x02, 0, 0, 0, 0, 0x01}));
  EXPECT_TRUE(message.end_seen);
  EXPECT_FALSE(message.lease_time_sec || message.server_identifier.has_value() ||
               message.requested_address.has_value() || message.rapid_commit);
}

TEST(GoldenFrameTest, P4_5_EveryOptionOfAnAck) {
  const Dhcp4Message message = Dhcp4("ok_dhcp4_ack");
  EXPECT_EQ(message.type, Dhcp4Type::kAck);
  EXPECT_EQ(message.yiaddr, Addr("192.0.2.10"));
  EXPECT_EQ(message.siaddr, Addr("192.0.2.1"));
  EXPECT_EQ(message.server_identifier, Addr("192.0.2.1"));
  EXPECT_EQ(message.lease_time_sec, 7200U);
  EXPECT_EQ(message.renewal_time_sec, 3600U);
  EXPECT_EQ(message.rebinding_time_sec, 6300U);
  EXPECT_EQ(message.subnet_mask, Addr("255.255.255.0"));
  EXPECT_EQ(message.routers,
            (absl::InlinedVector<IpAddress, 2>{Addr("192.0.2.1"), Addr("192.0.2.3")}));
  EXPECT_EQ(message.resolvers, (absl::InlinedVector<IpAddress, 2>{Addr("192.0.2.2")}));
  EXPECT_EQ(message.v6only_wait_sec, 1800U);
  EXPECT_TRUE(message.rapid_commit);
}

TEST(GoldenFrameTest, P4_5_EveryTypeIsRead) {
  EXPECT_EQ(Dhcp4("ok_dhcp4_offer").type, Dhcp4Type::kOffer);
  EXPECT_EQ(Dhcp4("ok_dhcp4_request").type, Dhcp4Type::kRequest);
  EXPECT_TRUE(Dhcp4("ok_dhcp4_request").broadcast());
  EXPECT_EQ(Dhcp4("ok_dhcp4_decline").requested_address, Addr("192.0.2.10"));
  EXPECT_EQ(Dhcp4("ok_dhcp4_nak").type, Dhcp4Type::kNak);
  EXPECT_EQ(Dhcp4("ok_dhcp4_release").ciaddr, Addr("192.0.2.10"));
  EXPECT_EQ(Dhcp4("ok_dhcp4_inform").type, Dhcp4Type::kInform);
  EXPECT_EQ(Dhcp4("ok_dhcp4_forcerenew").type, Dhcp4Type::kForceRenew);
  EXPECT_EQ(Dhcp4("ok_dhcp4_relayed").giaddr, Addr("192.0.2.254"));
}

TEST(GoldenFrameTest, P4_2_EndAndPadding) {
  EXPECT_FALSE(Dhcp4("ok_dhcp4_no_end").end_seen);
  EXPECT_EQ(Dhcp4("ok_dhcp4_no_end").lease_time_sec, 3600U);
  const Dhcp4Message padded = Dhcp4("ok_dhcp4_padded");
  EXPECT_TRUE(padded.end_seen);
  EXPECT_EQ(padded.type, Dhcp4Type::kOffer) << "an option behind END was read";
}

TEST(GoldenFrameTest, P4_3_OverloadedFieldsAreRead) {
  for (const char* const name : {"ok_dhcp4_overload_file", "ok_dhcp4_overload_sname",
                                 "ok_dhcp4_overload_both", "ok_dhcp4_overload_inside_file"}) {
    EXPECT_EQ(Dhcp4(name).lease_time_sec, 3600U) << name;
  }
  EXPECT_EQ(Dhcp4("ok_dhcp4_overload_file").overload, 1);
  EXPECT_EQ(Dhcp4("ok_dhcp4_overload_sname").overload, 2);
  EXPECT_EQ(Dhcp4("ok_dhcp4_overload_both").overload, 3);
  EXPECT_EQ(Dhcp4("ok_dhcp4_overload_inside_file").overload, 1);
}

TEST(GoldenFrameTest, P4_4_SplitLeaseTimeIsJoined) {
  EXPECT_EQ(Dhcp4("ok_dhcp4_split_lease_time").lease_time_sec, 3600U);
}

TEST(GoldenFrameTest, N1_EveryFieldOfAnAdvertisement) {
  const NdMessage message = Nd("ok_ra");
  EXPECT_EQ(message.type, NdType::kRouterAdvertisement);
  EXPECT_EQ(message.current_hop_limit, 64);
  EXPECT_FALSE(message.managed);
  EXPECT_TRUE(message.other_configuration);
  EXPECT_EQ(message.router_lifetime_sec, 1800);
  EXPECT_EQ(message.reachable_time_ms, 30000U);
  EXPECT_EQ(message.retransmit_time_ms, 1000U);
  EXPECT_EQ(message.source_link_layer, kRouter);
  EXPECT_EQ(message.mtu, 1500U);
  ASSERT_EQ(message.prefixes.size(), 2U);
  EXPECT_EQ(message.prefixes[0], (PrefixInformation{.prefix = {Addr("2001:db8::"), 64},
                                                    .on_link = true,
                                                    .autonomous = true,
                                                    .valid_sec = 86400,
                                                    .preferred_sec = 14400}));
  EXPECT_EQ(message.prefixes[1], (PrefixInformation{.prefix = {Addr("2001:db8:1::"), 64},
                                                    .on_link = true,
                                                    .autonomous = false,
                                                    .valid_sec = 0xffffffff,
                                                    .preferred_sec = 0xffffffff}));
  EXPECT_EQ(message.resolvers,
            (absl::InlinedVector<IpAddress, 2>{Addr("2001:db8::53"), Addr("2001:db8::54")}));
  EXPECT_FALSE(message.truncated);
}

// L1, A12: of six prefix options one is usable, and its host bits are cleared.
TEST(GoldenFrameTest, L1_UnusablePrefixesAreIgnored) {
  const NdMessage message = Nd("ok_ra_odd_prefixes");
  ASSERT_EQ(message.prefixes.size(), 1U);
  EXPECT_EQ(message.prefixes[0].prefix.ToString(), "2001:db8::/64");
}

TEST(GoldenFrameTest, N2_SolicitationForAddressDetection) {
  const ParsedFrame frame = Parse("ok_ns_dad");
  const NdMessage message = Nd("ok_ns_dad");
  EXPECT_TRUE(frame.source.is_unspecified());
  EXPECT_EQ(message.type, NdType::kNeighbourSolicitation);
  EXPECT_EQ(message.target, Addr("2001:db8::10"));
  EXPECT_EQ(message.nonce, (absl::InlinedVector<uint8_t, 8>{0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6}));
  EXPECT_FALSE(message.source_link_layer.has_value());
  EXPECT_EQ(Nd("ok_ns").source_link_layer, kGuest);
}

TEST(GoldenFrameTest, N3_FlagsOfAnAdvertisement) {
  const NdMessage solicited = Nd("ok_na");
  EXPECT_FALSE(solicited.router);
  EXPECT_TRUE(solicited.solicited && solicited.override_flag);
  EXPECT_EQ(solicited.target_link_layer, kGuest);
  const NdMessage unsolicited = Nd("ok_na_unsolicited");
  EXPECT_FALSE(unsolicited.solicited || unsolicited.override_flag || unsolicited.router);
}

TEST(GoldenFrameTest, N6_EveryFieldOfAnArpReply) {
  const ParsedFrame frame = Parse("ok_arp_reply");
  EXPECT_EQ(frame.source_mac, kRouter);
  EXPECT_EQ(frame.source, Addr("192.0.2.1"));
  EXPECT_EQ(frame.destination, Addr("192.0.2.10"));
  EXPECT_EQ(Arp("ok_arp_reply"), (ArpMessage{.operation = ArpMessage::kReply,
                                             .sender_mac = kRouter,
                                             .sender = Addr("192.0.2.1"),
                                             .target_mac = kGuest,
                                             .target = Addr("192.0.2.10")}));
}

TEST(GoldenFrameTest, N6_ProbeHasNoSenderAndAnnouncementIsItsOwnTarget) {
  EXPECT_EQ(Arp("ok_arp_request").operation, ArpMessage::kRequest);
  EXPECT_TRUE(Arp("ok_arp_probe").sender.is_unspecified());
  EXPECT_EQ(Arp("ok_arp_announcement").sender, Arp("ok_arp_announcement").target);
}

TEST(GoldenFrameTest, N6_SenderOfAnArpNeedNotBeTheFrames) {
  EXPECT_EQ(Arp("ok_arp_reply_by_proxy").sender_mac, kRouter);
  EXPECT_NE(Parse("ok_arp_reply_by_proxy").source_mac, kRouter);
}

// C4, E3: walked headers change nothing of the message.
TEST(GoldenFrameTest, E3_ExtensionHeadersAreWalked) {
  EXPECT_EQ(Nd("ok_ns_behind_extensions"), Nd("ok_ns"));
}

TEST(GoldenFrameTest, C3_PriorityTagsChangeNothing) {
  const Dhcp4Message plain = Dhcp4("ok_dhcp4_stripped_priority_tag");
  EXPECT_EQ(Dhcp4("ok_dhcp4_inline_priority_tag"), plain);
  FrameFile file = LoadFrame("ok_dhcp4_stripped_priority_tag");
  for (uint32_t tci = 0; tci <= 0xffff; ++tci) {
    file.metadata.vlan_tci = static_cast<uint16_t>(tci);
    ASSERT_EQ(Verdict(file), (tci & 0xfff) == 0 ? "ok" : "vlan_tagged") << tci;
  }
}

TEST(GoldenFrameTest, E2_ChecksumsAreReadOnlyIfFinished) {
  FrameFile file = LoadFrame("ok_dhcp4_checksum_partial");
  file.metadata.checksum_partial = false;
  EXPECT_EQ(Verdict(file), "bad_udp_checksum");
  file = LoadFrame("ok_ns_checksum_partial");
  file.metadata.checksum_partial = false;
  EXPECT_EQ(Verdict(file), "bad_icmp6_checksum");
}

TEST(GoldenFrameTest, Dhcp4TypesHaveNames) {
  EXPECT_STREQ(Dhcp4TypeName(Dhcp4Type::kDiscover), "DISCOVER");
  EXPECT_STREQ(Dhcp4TypeName(Dhcp4Type::kForceRenew), "FORCERENEW");
  std::set<std::string> names;
  for (uint8_t type = 1; type <= 9; ++type) {
    names.insert(Dhcp4TypeName(static_cast<Dhcp4Type>(type)));
  }
  EXPECT_EQ(names.size(), 9U);
}

}  // namespace
}  // namespace l3sync
