#include "bpf/packet_filter.h"

#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace l3sync {
namespace {

// Where a jump goes; a name stands in front of the line it names.
enum Label : size_t {
  kNext,  // the line below; as a name: none
  kIpv4,
  kIpv6,
  kUdp6,
  kIcmp6,
  kFragment6,
  kTagged,
  kTagged4,
  kTagged6,
  kTaggedIcmp6,
  kEither,
  kFromNetwork,
  kFromGuest,
  kFromSlave,
  kTag,
  kAccept,
  kReject,
  kLabelCount,
};

enum Operation : uint16_t {
  kLoadByte = BPF_LD | BPF_B | BPF_ABS,
  kLoadHalf = BPF_LD | BPF_H | BPF_ABS,
  kLoadWord = BPF_LD | BPF_W | BPF_ABS,
  kLoadByteX = BPF_LD | BPF_B | BPF_IND,  // at X + operand
  kLoadWordX = BPF_LD | BPF_W | BPF_IND,
  kLoadX = BPF_LDX | BPF_W | BPF_IMM,        // X = operand
  kLoadXLength = BPF_LDX | BPF_B | BPF_MSH,  // X = 4 * (byte & 15): an IPv4 header's length
  kCopyToX = BPF_MISC | BPF_TAX,
  kIfEqual = BPF_JMP | BPF_JEQ | BPF_K,
  kIfEqualX = BPF_JMP | BPF_JEQ | BPF_X,
  kIfGreater = BPF_JMP | BPF_JGT | BPF_K,
  kIfAnyBit = BPF_JMP | BPF_JSET | BPF_K,
  kReturn = BPF_RET | BPF_K,
};

struct Line {
  Label name;
  Operation operation;
  uint32_t operand = 0;
  Label if_true = kNext;
  Label if_false = kNext;
};

// Jump offsets count from the line below and go forward only; the kernel refuses a program with a
// wrong one.
std::vector<sock_filter> Assemble(std::span<const Line> lines) {
  std::array<size_t, kLabelCount> line_of{};
  for (size_t i = 0; i < lines.size(); ++i) {
    line_of.at(lines[i].name) = i;
  }
  std::vector<sock_filter> program;
  for (const Line& line : lines) {
    const size_t below = program.size() + 1;
    const auto offset = [&](Label target) {
      return static_cast<uint8_t>(target == kNext ? 0 : line_of.at(target) - below);
    };
    program.push_back({line.operation, offset(line.if_true), offset(line.if_false), line.operand});
  }
  return program;
}

// What the kernel knows of a frame beside its bytes is read as if it were far behind them.
constexpr uint32_t Kernel(int offset) { return static_cast<uint32_t>(SKF_AD_OFF + offset); }

constexpr uint32_t Ports(uint32_t source, uint32_t destination) {
  return source << 16 | destination;
}

// Offsets, with the Ethernet header in front.
constexpr uint32_t kDestinationMac = 0;
constexpr uint32_t kSourceMac = 6;
constexpr uint32_t kEtherType = 12;
constexpr uint32_t kIp = 14;
constexpr uint32_t kFragment4 = kIp + 6;
constexpr uint32_t kProtocol4 = kIp + 9;
constexpr uint32_t kNextHeader6 = kIp + 6;
constexpr uint32_t kPayload6 = kIp + 40;
constexpr uint32_t kTag8021q = 4;  // further back, behind a tag

constexpr uint32_t kWholeFrame = 0x40000;  // more than any frame has

}  // namespace

// Data traffic is most of what passes, so what it is not is asked first, and the direction last.
// Not admitted, though rule C4 lists them, because nothing reads them: redirects (137).
std::vector<sock_filter> MakePacketFilter(int parent_ifindex) {
  const auto parent = static_cast<uint32_t>(parent_ifindex);
  // clang-format off
  const Line lines[] = {
    // The kernel has stripped a tag that came in; one that a guest wrote itself is here.
    {kNext,        kLoadHalf,    kEtherType},                              // EtherType
    {kNext,        kIfEqual,     ETH_P_IP,         kIpv4},                 // IPv4
    {kNext,        kIfEqual,     ETH_P_IPV6,       kIpv6},                 // IPv6
    {kNext,        kIfEqual,     ETH_P_ARP,        kEither},               // ARP
    {kNext,        kIfEqual,     ETH_P_8021Q,      kTagged},               // VLAN, or a priority
    {kNext,        kIfEqual,     ETH_P_8021AD,     kTagged,      kReject}, // service VLAN; not LLDP, ...

    // Of a fragmented message the first fragment goes on, so that the parser counts it once (rule E1);
    // the others have no ports to know them by. RFC 951 §3 fixes both ports.
    {kIpv4,        kLoadByte,    kProtocol4},                              // protocol
    {kNext,        kIfEqual,     IPPROTO_UDP,      kNext,        kReject}, // TCP, ICMP, ...
    {kNext,        kLoadHalf,    kFragment4},                              // flags and fragment offset
    {kNext,        kIfAnyBit,    0x1fff,           kReject},               // no ports in this one
    {kNext,        kLoadXLength, kIp},                                     // X = header length
    {kNext,        kLoadWordX,   kIp},                                     // both ports
    {kNext,        kIfEqual,     Ports(68, 67),    kFromGuest},            // client to server
    {kNext,        kIfEqual,     Ports(67, 68),    kFromNetwork},          // server to client
    {kNext,        kIfEqual,     Ports(67, 67),    kFromGuest,   kReject}, // to a relay, which passes it on

    {kIpv6,        kLoadByte,    kNextHeader6},                            // next header
    {kNext,        kIfEqual,     IPPROTO_TCP,      kReject},               // first, for speed alone
    {kNext,        kIfEqual,     IPPROTO_UDP,      kUdp6},                 // UDP
    {kNext,        kIfEqual,     IPPROTO_ICMPV6,   kIcmp6},                // ICMPv6
    {kNext,        kIfEqual,     IPPROTO_FRAGMENT, kFragment6},            // fragment header
    // Only a loop finds what is behind other extension headers, and there is none: user space decides.
    {kNext,        kIfEqual,     IPPROTO_HOPOPTS,  kEither},               // hop-by-hop options
    {kNext,        kIfEqual,     IPPROTO_ROUTING,  kEither},               // routing header
    {kNext,        kIfEqual,     IPPROTO_DSTOPTS,  kEither,      kReject}, // destination options

    // RFC 8415 §7.2 fixes the ports that are listened on, not those that are sent from.
    {kUdp6,        kLoadHalf,    kPayload6 + 2},                           // destination port
    {kNext,        kIfEqual,     547,              kFromGuest},            // to a server
    {kNext,        kIfEqual,     546,              kFromNetwork, kReject}, // to a client

    // As in IPv4: the first fragment of an ND message goes on, to be counted (rule E3, RFC 6980 §5).
    {kFragment6,   kLoadHalf,    kPayload6 + 2},                           // offset and flags
    {kNext,        kIfAnyBit,    0xfff8,           kReject},               // not the first: no type
    {kNext,        kLoadByte,    kPayload6},                               // next header
    {kNext,        kIfEqual,     IPPROTO_ICMPV6,   kNext,        kReject}, // ICMPv6
    {kNext,        kLoadX,       8},                                       // X = fragment header

    // X was 0 at the start, and is still without a fragment header.
    {kIcmp6,       kLoadByteX,   kPayload6},                               // type
    {kNext,        kIfEqual,     133,              kFromGuest},            // RS
    {kNext,        kIfEqual,     134,              kFromNetwork},          // RA
    {kNext,        kIfEqual,     135,              kEither},               // NS
    {kNext,        kIfEqual,     136,              kEither,      kReject}, // NA; not MLD, echo, ...

    // A tag is no cover for a forgery: whoever strips it may send it back. Behind one only that is
    // looked for, behind more of them by user space.
    {kTagged,      kLoadHalf,    kEtherType + kTag8021q},                  // EtherType behind the tag
    {kNext,        kIfEqual,     ETH_P_IP,         kTagged4},              // IPv4
    {kNext,        kIfEqual,     ETH_P_IPV6,       kTagged6},              // IPv6
    {kNext,        kIfEqual,     ETH_P_8021Q,      kFromGuest},            // another tag
    {kNext,        kIfEqual,     ETH_P_8021AD,     kFromGuest,   kReject}, // another tag

    {kTagged4,     kLoadByte,    kProtocol4 + kTag8021q},                  // protocol
    {kNext,        kIfEqual,     IPPROTO_UDP,      kNext,        kReject}, // TCP, ICMP, ...
    {kNext,        kLoadHalf,    kFragment4 + kTag8021q},                  // flags and fragment offset
    {kNext,        kIfAnyBit,    0x1fff,           kReject},               // no ports in this one
    {kNext,        kLoadXLength, kIp + kTag8021q},                         // X = header length
    {kNext,        kLoadWordX,   kIp + kTag8021q},                         // both ports
    {kNext,        kIfEqual,     Ports(67, 68),    kFromGuest,   kReject}, // server to client

    {kTagged6,     kLoadByte,    kNextHeader6 + kTag8021q},                // next header
    {kNext,        kIfEqual,     IPPROTO_ICMPV6,   kTaggedIcmp6},          // ICMPv6
    {kNext,        kIfEqual,     IPPROTO_UDP,      kNext,        kReject}, // TCP, extension headers, ...
    {kNext,        kLoadHalf,    kPayload6 + kTag8021q + 2},               // destination port
    {kNext,        kIfEqual,     546,              kFromGuest,   kReject}, // to a client

    {kTaggedIcmp6, kLoadByte,    kPayload6 + kTag8021q},                   // type
    {kNext,        kIfEqual,     134,              kFromGuest,   kReject}, // RA

    {kEither,      kLoadWord,    Kernel(SKF_AD_PKTTYPE)},                  // packet type
    {kNext,        kIfEqual,     PACKET_OUTGOING,  kFromGuest,   kFromNetwork}, // who says it?

    // A guest can make anything appear on its siblings, but on the parent only frames from one MAC to
    // the same (ipvlan_xmit_mode_l2() forwards no others), unless something sends them back. What a
    // guest says in the network's name goes out on its slave first: that is evidence.
    {kFromNetwork, kLoadWord,    Kernel(SKF_AD_PKTTYPE)},                  // packet type
    {kNext,        kIfEqual,     PACKET_OUTGOING,  kFromSlave},            // forged
    {kNext,        kIfGreater,   PACKET_MULTICAST, kReject},               // OTHERHOST
    {kNext,        kLoadWord,    Kernel(SKF_AD_IFINDEX)},                  // interface
    {kNext,        kIfEqual,     parent,           kNext,        kReject}, // a slave's copy
    {kNext,        kLoadByte,    kSourceMac},                              // source MAC's first byte
    {kNext,        kIfAnyBit,    1,                kReject},               // group: no station's
    {kNext,        kLoadWord,    kDestinationMac + 2},                     // destination MAC, low 4
    {kNext,        kCopyToX,     0},                                       // X = these
    {kNext,        kLoadWord,    kSourceMac + 2},                          // source MAC, low 4
    {kNext,        kIfEqualX,    0,                kNext,        kTag},    // they differ
    {kNext,        kLoadHalf,    kDestinationMac},                         // destination MAC, high 2
    {kNext,        kCopyToX,     0},                                       // X = these
    {kNext,        kLoadHalf,    kSourceMac},                              // source MAC, high 2
    {kNext,        kIfEqualX,    0,                kReject,      kTag},    // same: from a guest

    // A slave's broadcast is seen OUTGOING on it, BROADCAST on its siblings, OUTGOING on the parent:
    // only the first tells who sent it (ipvlan_xmit_mode_l2(), ipvlan_process_multicast()).
    {kFromGuest,   kLoadWord,    Kernel(SKF_AD_PKTTYPE)},                  // packet type
    {kNext,        kIfEqual,     PACKET_OUTGOING,  kNext,        kReject}, // a sibling's copy
    {kFromSlave,   kLoadWord,    Kernel(SKF_AD_IFINDEX)},                  // interface
    {kNext,        kIfEqual,     parent,           kReject,      kTag},    // not a slave's

    // Without the tag that the kernel has stripped, the other VLANs of a trunk look like this one.
    {kTag,         kLoadWord,    Kernel(SKF_AD_VLAN_TAG_PRESENT)},         // 1: there was a tag
    {kNext,        kIfEqual,     0,                kAccept},               // no tag
    {kNext,        kLoadWord,    Kernel(SKF_AD_VLAN_TAG)},                 // its TCI
    {kNext,        kIfAnyBit,    0x0fff,           kReject},               // a VID; 0 is none (802.1Q)

    {kAccept,      kReturn,      kWholeFrame},                             // hand over
    {kReject,      kReturn,      0},                                       // do not
  };
  // clang-format on
  return Assemble(lines);
}

std::vector<sock_filter> MakeRejectAllFilter() {
  return Assemble(std::array{Line{kReject, kReturn, 0}});
}

}  // namespace l3sync
