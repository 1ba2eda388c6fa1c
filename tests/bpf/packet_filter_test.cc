// The filter's instructions, run by an interpreter. The tables are those of what a parent and its
// slaves are measured to see.

#include "bpf/packet_filter.h"

#include <linux/if_packet.h>

#include <ostream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/bpf/bpf_interpreter.h"
#include "tests/bpf/filter_frames.h"

namespace l3sync {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr uint32_t kParent = 0x10002;  // no byte or half of it alone is it
constexpr uint32_t kSlave = 5;
constexpr uint32_t kOther = 6;

struct Case {
  std::string name;
  bool admitted;
  FilterInput input;
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

Bytes Over6(uint8_t next_header, const Bytes& payload) {
  return Ethernet(kMulticastMac, kRouter, 0x86dd, Ipv6(next_header, payload));
}

// What a client sends. OUT on its slave is the one copy to be admitted.
std::vector<Case> ClientCases() {
  const Bytes renewal = Ethernet(kRouter, kShared, 0x0800, Dhcp4ToServer());
  const Bytes options = Ethernet(kBroadcastMac, kShared, 0x0800, Ipv4(17, Udp(68, 67), 15));
  const Bytes solicit6 = Ethernet(kMulticastMac, kShared, 0x86dd, Ipv6(17, Udp(546, 547)));
  const Bytes other_port6 = Ethernet(kMulticastMac, kShared, 0x86dd, Ipv6(17, Udp(50000, 547)));
  const Bytes rs = Nd(kMulticastMac, kShared, 133);
  const Bytes ns = Nd(kMulticastMac, kShared, 135);
  const Bytes na = Nd(kMulticastMac, kShared, 136);
  return {
      {"DiscoverOutOnSlave", true, {Discover(), kSlave, PACKET_OUTGOING, {}}},
      {"DiscoverOnParentOut", false, {Discover(), kParent, PACKET_OUTGOING, {}}},
      {"DiscoverOnSibling", false, {Discover(), kOther, PACKET_BROADCAST, {}}},
      {"DiscoverReflectedToParent", false, {Discover(), kParent, PACKET_BROADCAST, {}}},
      {"DiscoverOfAnotherHost",
       false,
       {Ethernet(kBroadcastMac, kRouter, 0x0800, Dhcp4ToServer()), kParent, PACKET_BROADCAST, {}}},
      {"UnicastRenewalOutOnSlave", true, {renewal, kSlave, PACKET_OUTGOING, {}}},
      {"UnicastRenewalOutOnParent", false, {renewal, kParent, PACKET_OUTGOING, {}}},
      {"C4_DiscoverWithIpOptions", true, {options, kSlave, PACKET_OUTGOING, {}}},
      {"Dhcp6SolicitOutOnSlave", true, {solicit6, kSlave, PACKET_OUTGOING, {}}},
      {"Dhcp6SolicitFromAnotherPort", true, {other_port6, kSlave, PACKET_OUTGOING, {}}},
      {"Dhcp6SolicitOnSibling", false, {solicit6, kOther, PACKET_MULTICAST, {}}},
      {"RsOutOnSlave", true, {rs, kSlave, PACKET_OUTGOING, {}}},
      {"RsOnSibling", false, {rs, kOther, PACKET_MULTICAST, {}}},
      {"RsFromOutside", false, {Nd(kMulticastMac, kRouter, 133), kParent, PACKET_MULTICAST, {}}},
      {"NsOutOnSlave", true, {ns, kSlave, PACKET_OUTGOING, {}}},
      {"NsOutOnParent", false, {ns, kParent, PACKET_OUTGOING, {}}},
      {"NsOnSibling", false, {ns, kOther, PACKET_MULTICAST, {}}},
      {"NaOutOnSlave", true, {na, kSlave, PACKET_OUTGOING, {}}},
      {"ClientMessageWithStrippedVid0", true, {Discover(), kSlave, PACKET_OUTGOING, 0xe000}},
      {"ClientMessageWithStrippedVid5", false, {Discover(), kSlave, PACKET_OUTGOING, 5}},
      {"C3_DiscoverInVlanThatTheGuestWrote",
       false,
       {Ethernet(kBroadcastMac, kShared, 0x8100, Be16(5) + Be16(0x0800) + Dhcp4ToServer()),
        kSlave,
        PACKET_OUTGOING,
        {}}},
  };
}

// What servers and routers send. On the parent, coming in, is the one copy to be admitted.
std::vector<Case> ServerCases() {
  const Bytes broadcast = Offer(kBroadcastMac);
  const Bytes reply6 = Ethernet(kShared, kRouter, 0x86dd, Ipv6(17, Udp(547, 546)));
  const Bytes relay6 = Ethernet(kShared, kRouter, 0x86dd, Ipv6(17, Udp(40000, 546)));
  Bytes low_half = kShared, high_half = kShared;  // differ from the destination in one half only
  low_half[5] ^= 1;
  high_half[1] ^= 1;
  return {
      {"UnicastOffer", true, {Offer(), kParent, PACKET_HOST, {}}},
      {"BroadcastOffer", true, {broadcast, kParent, PACKET_BROADCAST, {}}},
      {"BroadcastOfferCopiedToSlave", false, {broadcast, kSlave, PACKET_BROADCAST, {}}},
      {"UnicastAckDeliveredToSlave", false, {Offer(), kSlave, PACKET_HOST, {}}},
      {"OfferToAnotherHost", false, {Offer(), kParent, PACKET_OTHERHOST, {}}},
      {"OfferWithPriorityTag", true, {Offer(), kParent, PACKET_HOST, 0xe000}},
      {"C3_OfferOfVlan5", false, {Offer(), kParent, PACKET_HOST, 5}},
      {"C3_OfferOfVlan4095", false, {Offer(), kParent, PACKET_HOST, 0x0fff}},
      {"C4_OfferWithIpOptions",
       true,
       {Ethernet(kShared, kRouter, 0x0800, Ipv4(17, Udp(67, 68), 6)), kParent, PACKET_HOST, {}}},
      {"OfferFromMacThatDiffersInTheLowHalf",
       true,
       {Offer(kShared, low_half), kParent, PACKET_HOST, {}}},
      {"OfferFromMacThatDiffersInTheHighHalf",
       true,
       {Offer(kShared, high_half), kParent, PACKET_HOST, {}}},
      {"Dhcp6Reply", true, {reply6, kParent, PACKET_HOST, {}}},
      {"Dhcp6ReplyFromAnotherPort", true, {relay6, kParent, PACKET_HOST, {}}},
      {"Dhcp6ReplyOnSlave", false, {reply6, kSlave, PACKET_HOST, {}}},
      {"Ra", true, {Advertisement(), kParent, PACKET_MULTICAST, {}}},
      {"UnicastRa", true, {Advertisement(kShared), kParent, PACKET_HOST, {}}},
      {"RaCopiedToSlave", false, {Advertisement(), kSlave, PACKET_MULTICAST, {}}},
      {"C3_RaOfVlan5", false, {Advertisement(), kParent, PACKET_MULTICAST, 5}},
      {"NsFromOutside", true, {Nd(kMulticastMac, kRouter, 135), kParent, PACKET_MULTICAST, {}}},
      {"NaFromOutside", true, {Nd(kMulticastMac, kRouter, 136), kParent, PACKET_MULTICAST, {}}},
      {"NsCopiedToSlave", false, {Nd(kMulticastMac, kRouter, 135), kSlave, PACKET_MULTICAST, {}}},
  };
}

// Server messages that a guest writes to its tap, wherever they appear.
std::vector<Case> ForgedCases() {
  const Bytes truncated = Ethernet(kShared, kShared, 0x0800, Bytes(6));
  const Bytes to_relay = Ethernet(kRouter, kShared, 0x0800, Ipv4(17, Udp(67, 67)));
  const Bytes reply6 = Ethernet(kShared, kRouter, 0x86dd, Ipv6(17, Udp(547, 546)));
  return {
      {"ForgedOfferOutOnSlave", true, {Offer(), kSlave, PACKET_OUTGOING, {}}},
      {"ForgedRaOutOnSlave", true, {Advertisement(), kSlave, PACKET_OUTGOING, {}}},
      {"ForgedFromSharedToSharedOnParent",
       false,
       {Offer(kShared, kShared), kParent, PACKET_HOST, {}}},
      {"ForgedFromSharedToSharedOnSibling",
       false,
       {Offer(kShared, kShared), kOther, PACKET_HOST, {}}},
      {"ForgedFromBroadcastToBroadcastOnParent",
       false,
       {Offer(kBroadcastMac, kBroadcastMac), kParent, PACKET_BROADCAST, {}}},
      {"ForgedFromBroadcastToBroadcastOnSibling",
       false,
       {Offer(kBroadcastMac, kBroadcastMac), kOther, PACKET_BROADCAST, {}}},
      {"ForgedRaFromMulticastToMulticastOnParent",
       false,
       {Advertisement(kMulticastMac, kMulticastMac), kParent, PACKET_MULTICAST, {}}},
      {"ForgedFromGroupMacToAnother",
       false,
       {Offer(kBroadcastMac, kMulticastMac), kParent, PACKET_BROADCAST, {}}},
      {"ForgedFromRouterToRouter", false, {Offer(kRouter, kRouter), kParent, PACKET_OTHERHOST, {}}},
      {"ForgedFromRouterToBroadcastOutOnParent",
       false,
       {Offer(kBroadcastMac), kParent, PACKET_OUTGOING, {}}},
      {"ForgedFromRouterToBroadcastOnSibling",
       false,
       {Offer(kBroadcastMac), kOther, PACKET_BROADCAST, {}}},
      {"ForgedRaFromRouterOutOnParent", false, {Advertisement(), kParent, PACKET_OUTGOING, {}}},
      {"ForgedRaFromRouterOnSibling", false, {Advertisement(), kOther, PACKET_MULTICAST, {}}},
      {"ForgedFromRouterToSharedOutOnParent", false, {Offer(), kParent, PACKET_OUTGOING, {}}},
      {"ForgedRunt", false, {truncated, kParent, PACKET_HOST, {}}},
      {"ForgedFromSharedToSharedOutOnSlave",
       true,
       {Offer(kShared, kShared), kSlave, PACKET_OUTGOING, {}}},
      {"ForgedFromBroadcastToBroadcastOutOnSlave",
       true,
       {Offer(kBroadcastMac, kBroadcastMac), kSlave, PACKET_OUTGOING, {}}},
      {"ForgedToRelayOutOnSlave", true, {to_relay, kSlave, PACKET_OUTGOING, {}}},
      {"ServerToRelayOnParent", false, {to_relay, kParent, PACKET_HOST, {}}},
      {"ForgedDhcp6OutOnSlave", true, {reply6, kSlave, PACKET_OUTGOING, {}}},
      {"ForgedDhcp6OutOnParent", false, {reply6, kParent, PACKET_OUTGOING, {}}},
      {"ReplayLoopedToSlave", false, {Offer(kShared, kShared), kSlave, PACKET_HOST, {}}},
  };
}

// A guest's own tags. Whoever strips them may send the rest back.
std::vector<Case> TaggedForgeryCases() {
  const auto tagged = [](unsigned type, unsigned inner, const Bytes& payload) {
    return Ethernet(kRouter, kShared, type, Be16(0) + Be16(inner) + payload);
  };
  const Bytes offer = tagged(0x8100, 0x0800, Dhcp4ToClient());
  const Bytes reply6 = Ipv6(17, Udp(547, 546));
  const auto out = [](const std::string& name, bool admitted, const Bytes& frame) {
    return Case{name, admitted, {frame, kSlave, PACKET_OUTGOING, {}}};
  };
  return {
      out("TaggedOfferOutOnSlave", true, offer),
      out("ServiceTaggedOfferOutOnSlave", true, tagged(0x88a8, 0x0800, Dhcp4ToClient())),
      {"TaggedOfferOnParent", false, {offer, kParent, PACKET_HOST, {}}},
      {"TaggedOfferOutOnParent", false, {offer, kParent, PACKET_OUTGOING, {}}},
      {"TaggedOfferOnSibling", false, {offer, kOther, PACKET_BROADCAST, {}}},
      out("TaggedOfferWithIpOptions", true, tagged(0x8100, 0x0800, Ipv4(17, Udp(67, 68), 9))),
      out("TaggedLaterFragment", false, tagged(0x8100, 0x0800, Ipv4(17, Udp(67, 68), 5, 7))),
      out("TaggedUdp4", false, tagged(0x8100, 0x0800, Ipv4(17, Udp(4000, 53)))),
      out("TaggedTcp4", false, tagged(0x8100, 0x0800, Ipv4(6, Bytes(20)))),
      out("TaggedDhcp6OutOnSlave", true, tagged(0x8100, 0x86dd, reply6)),
      out("TaggedUdp6", false, tagged(0x8100, 0x86dd, Ipv6(17, Udp(4000, 53)))),
      out("TaggedTcp6", false, tagged(0x8100, 0x86dd, Ipv6(6, Bytes(20)))),
      out("TaggedRaOutOnSlave", true, tagged(0x8100, 0x86dd, Ipv6(58, Icmp6(134)))),
      out("TaggedEcho6", false, tagged(0x8100, 0x86dd, Ipv6(58, Icmp6(128)))),
      out("TwoTagsOutOnSlave", true,
          tagged(0x8100, 0x8100, Be16(0) + Be16(0x0800) + Dhcp4ToClient())),
      out("TwoServiceTagsOutOnSlave", true, tagged(0x88a8, 0x88a8, Bytes(40))),
      {"TwoTagsOnParent", false, {tagged(0x8100, 0x8100, Bytes(40)), kParent, PACKET_HOST, {}}},
      out("TaggedArp", false, tagged(0x8100, 0x0806, Bytes(28))),
  };
}

// What needs a look behind the first header.
std::vector<Case> HeaderCases() {
  const auto fragment4 = [](unsigned flags_and_offset) {
    return Ethernet(kBroadcastMac, kShared, 0x0800, Ipv4(17, Udp(68, 67), 5, flags_and_offset));
  };
  std::vector<Case> cases = {
      {"E1_FirstFragmentIsLeftToTheParser", true, {fragment4(0x2000), kSlave, PACKET_OUTGOING, {}}},
      {"E1_LaterFragment", false, {fragment4(0x2001), kSlave, PACKET_OUTGOING, {}}},
      {"E1_LastFragment", false, {fragment4(0x0001), kSlave, PACKET_OUTGOING, {}}},
      {"DontFragment", true, {fragment4(0x4000), kSlave, PACKET_OUTGOING, {}}},
      {"E3_FirstFragmentOfRa",
       true,
       {Over6(44, Extension(58, Icmp6(134), 1)), kParent, PACKET_MULTICAST, {}}},
      {"E3_FirstFragmentOfRs",
       true,
       {Over6(44, Extension(58, Icmp6(133), 1)), kSlave, PACKET_OUTGOING, {}}},
      {"E3_LaterFragmentOfRa",
       false,
       {Over6(44, Extension(58, Icmp6(134), 8)), kParent, PACKET_MULTICAST, {}}},
      {"FirstFragmentOfEcho",
       false,
       {Over6(44, Extension(58, Icmp6(128), 1)), kParent, PACKET_HOST, {}}},
      {"FirstFragmentOfUdp6",
       false,
       {Over6(44, Extension(17, Udp(546, 547), 1)), kSlave, PACKET_OUTGOING, {}}},
      {"ServerPortsSwappedInPart",
       false,
       {Ethernet(kShared, kRouter, 0x0800, Ipv4(17, Udp(67, 67))), kParent, PACKET_HOST, {}}},
  };
  for (const auto& [header, name] : {std::pair<uint8_t, std::string>{0, "HopByHop"},
                                     {43, "Routing"},
                                     {60, "DestinationOptions"}}) {
    const Bytes frame = Over6(header, Extension(58, Icmp6(135)));
    cases.push_back({"C4_" + name + "OutOnSlave", true, {frame, kSlave, PACKET_OUTGOING, {}}});
    cases.push_back({"C4_" + name + "FromOutside", true, {frame, kParent, PACKET_MULTICAST, {}}});
    cases.push_back({"C4_" + name + "OnSibling", false, {frame, kOther, PACKET_MULTICAST, {}}});
    cases.push_back({"C4_" + name + "OutOnParent", false, {frame, kParent, PACKET_OUTGOING, {}}});
  }
  return cases;
}

// N6: ARP counts on both sides, where it is said.
std::vector<Case> ArpCases() {
  const Bytes from_guest = Arp(kBroadcastMac, kShared), from_outside = Arp(kBroadcastMac, kRouter);
  return {
      {"ArpOutOnSlave", true, {from_guest, kSlave, PACKET_OUTGOING, {}}},
      {"ArpOutOnParent", false, {from_guest, kParent, PACKET_OUTGOING, {}}},
      {"ArpOfAGuestOnSibling", false, {from_guest, kOther, PACKET_BROADCAST, {}}},
      {"UnicastArpOutOnSlave", true, {Arp(kRouter, kShared), kSlave, PACKET_OUTGOING, {}}},
      {"UnicastArpOutOnParent", false, {Arp(kRouter, kShared), kParent, PACKET_OUTGOING, {}}},
      {"ArpOnParent", true, {from_outside, kParent, PACKET_BROADCAST, {}}},
      {"UnicastArpOnParent", true, {Arp(kShared, kRouter), kParent, PACKET_HOST, {}}},
      {"MulticastArpOnParent", true, {Arp(kMulticastMac, kRouter), kParent, PACKET_MULTICAST, {}}},
      {"ArpToAnotherHost", false, {Arp(kRouter, kRouter), kParent, PACKET_OTHERHOST, {}}},
      {"ArpCopiedToSlave", false, {from_outside, kSlave, PACKET_BROADCAST, {}}},
      {"ArpOfAGuestToTheParent", false, {Arp(kShared, kShared), kParent, PACKET_HOST, {}}},
      {"C3_ArpOfVlan5", false, {from_outside, kParent, PACKET_BROADCAST, 5}},
      {"C3_ArpOfVlan5OutOnSlave", false, {from_guest, kSlave, PACKET_OUTGOING, 5}},
      {"ArpInVlanThatTheGuestWrote",
       false,
       {Ethernet(kBroadcastMac, kShared, 0x8100, Be16(5) + Be16(0x0806) + Bytes(28)),
        kSlave,
        PACKET_OUTGOING,
        {}}},
  };
}

// What is none of ours, on the parent and on a slave, in and out.
std::vector<Case> OtherCases() {
  const std::vector<std::pair<std::string, Bytes>> frames = {
      {"Tcp4", Ethernet(kShared, kRouter, 0x0800, Ipv4(6, Bytes(20)))},
      {"Icmp4", Ethernet(kShared, kRouter, 0x0800, Ipv4(1, Bytes(20)))},
      {"Udp4", Ethernet(kShared, kRouter, 0x0800, Ipv4(17, Udp(4000, 53)))},
      {"Tcp6", Over6(6, Bytes(20))},
      {"Udp6", Over6(17, Udp(4000, 53))},
      {"Esp6", Over6(50, Bytes(20))},
      {"Echo6", Over6(58, Icmp6(128))},
      {"Redirect6", Over6(58, Icmp6(137))},
      {"Lldp", Ethernet(kMulticastMac, kRouter, 0x88cc, Bytes(28))},
      {"Empty", {}},
      {"EtherTypeOnly", Ethernet(kShared, kRouter, 0x0800, {})},
  };
  std::vector<Case> cases;
  for (const auto& [name, frame] : frames) {
    cases.push_back({name + "OutOnSlave", false, {frame, kSlave, PACKET_OUTGOING, {}}});
    cases.push_back({name + "OnParent", false, {frame, kParent, PACKET_HOST, {}}});
  }
  return cases;
}

std::vector<Case> AllCases() {
  std::vector<Case> all;
  for (const auto& cases : {ClientCases(), ServerCases(), ForgedCases(), TaggedForgeryCases(),
                            HeaderCases(), ArpCases(), OtherCases()}) {
    all.insert(all.end(), cases.begin(), cases.end());
  }
  return all;
}

class PacketFilterTest : public testing::TestWithParam<Case> {};

TEST_P(PacketFilterTest, Decides) {
  BpfInterpreter interpreter(MakePacketFilter(static_cast<int>(kParent)));
  const FilterResult result = interpreter.Run(GetParam().input);
  EXPECT_EQ(result.length, GetParam().admitted ? 0x40000u : 0u);
}

INSTANTIATE_TEST_SUITE_P(Case, PacketFilterTest, testing::ValuesIn(AllCases()),
                         [](const auto& test) { return test.param.name; });

TEST(PacketFilterProgramTest, CasesTakeEveryInstructionAndBothWaysOfEveryJump) {
  BpfInterpreter interpreter(MakePacketFilter(static_cast<int>(kParent)));
  for (const Case& c : AllCases()) {
    interpreter.Run(c.input);
  }
  EXPECT_THAT(interpreter.Uncovered(), IsEmpty());
}

// Cut anywhere, a frame is decided without an error, and not admitted before the filter has seen
// what it asks for.
TEST(PacketFilterProgramTest, DecidesEveryTruncation) {
  BpfInterpreter interpreter(MakePacketFilter(static_cast<int>(kParent)));
  for (const Case& c : AllCases()) {
    FilterInput input = c.input;
    while (!input.frame.empty()) {
      input.frame.pop_back();
      const FilterResult result = interpreter.Run(input);
      EXPECT_TRUE(result.length == 0 || c.admitted) << c.name << " cut to " << input.frame.size();
      // Of ARP it asks for nothing behind the EtherType, of two tags for the second one's.
      const bool is_short = c.name.find("Arp") != std::string::npos;
      const size_t least = is_short ? 14 : c.name.starts_with("Two") ? 18 : 21;
      EXPECT_TRUE(result.length == 0 || input.frame.size() >= least) << c.name;
    }
  }
}

// C2, F2: the parent and all slaves see copies of a broadcast; one is to be had.
TEST(PacketFilterProgramTest, AdmitsOneCopyHoweverManySlavesThereAre) {
  BpfInterpreter interpreter(MakePacketFilter(static_cast<int>(kParent)));
  const auto admitted = [&](const Bytes& frame, uint32_t ifindex, uint32_t packet_type) {
    return interpreter.Run({frame, ifindex, packet_type, {}}).length != 0 ? 1 : 0;
  };
  int discovers = admitted(Discover(), kSlave, PACKET_OUTGOING) +
                  admitted(Discover(), kParent, PACKET_OUTGOING);
  int advertisements = admitted(Advertisement(), kParent, PACKET_MULTICAST);
  int offers = admitted(Offer(kBroadcastMac), kParent, PACKET_BROADCAST);
  for (uint32_t sibling = 100; sibling < 4100; ++sibling) {
    discovers += admitted(Discover(), sibling, PACKET_BROADCAST);
    advertisements += admitted(Advertisement(), sibling, PACKET_MULTICAST);
    offers += admitted(Offer(kBroadcastMac), sibling, PACKET_BROADCAST);
  }
  EXPECT_EQ(discovers, 1);
  EXPECT_EQ(advertisements, 1);
  EXPECT_EQ(offers, 1);
}

// Every frame of every guest pays this much.
TEST(PacketFilterProgramTest, DataTrafficCostsFewInstructions) {
  BpfInterpreter interpreter(MakePacketFilter(static_cast<int>(kParent)));
  const auto steps = [&](const Bytes& frame) {
    return interpreter.Run({frame, kSlave, PACKET_OUTGOING, {}}).steps;
  };
  EXPECT_LE(steps(Ethernet(kRouter, kShared, 0x0800, Ipv4(6, Bytes(1000)))), 5u);
  EXPECT_LE(steps(Ethernet(kRouter, kShared, 0x0800, Ipv4(17, Udp(4000, 53)))), 12u);
  EXPECT_LE(steps(Ethernet(kRouter, kShared, 0x0800, Ipv4(17, Bytes(1000), 5, 0x2100))), 7u);
  EXPECT_LE(steps(Ethernet(kRouter, kShared, 0x86dd, Ipv6(6, Bytes(1000)))), 6u);
  EXPECT_LE(steps(Ethernet(kRouter, kShared, 0x86dd, Ipv6(17, Udp(4000, 53)))), 10u);
  EXPECT_LE(steps(Ethernet(kMulticastMac, kShared, 0x88cc, Bytes(28))), 7u);
  EXPECT_LE(steps(Arp(kBroadcastMac, kShared)), 13u);
}

TEST(RejectAllFilterTest, AdmitsNothing) {
  BpfInterpreter interpreter(MakeRejectAllFilter());
  for (const Case& c : AllCases()) {
    EXPECT_EQ(interpreter.Run(c.input).length, 0u);
  }
  EXPECT_THAT(MakeRejectAllFilter(), SizeIs(1));
}

}  // namespace
}  // namespace l3sync
