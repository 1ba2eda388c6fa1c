#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace l3sync {

// Why a frame yields no message: one enumerator for each way to be wrong, one counter and one test
// of the same name each. The order is that of the layers, outermost first; the numbers are not
// stable between versions, the names are.
enum class DropReason : uint8_t {
  // The capture and the link layer.
  kTruncatedEthernet,  // the Ethernet header or a VLAN tag is not all there
  kCutShort,           // the packet needs bytes that the wire had and the capture has not
  kGroupSourceMac,     // the source MAC has the group bit, which no sender has (IEEE 802)
  kVlanTagged,         // a tag with a VID other than 0: another network (rule C3)
  kStackedVlanTags,    // more than one tag, be their VIDs 0
  kNotIp,              // the EtherType is neither IPv4 nor IPv6 nor ARP

  // IPv4 (RFC 791).
  kTruncatedIpv4,        // the header or the total length needs more bytes than the frame has
  kBadIpv4Version,       // the version is not 4
  kBadIpv4HeaderLength,  // IHL below 5
  kBadIpv4TotalLength,   // total length below the header length
  kBadIpv4Checksum,      // a header checksum that is neither right nor 0

  // IPv6 (RFC 8200).
  kTruncatedIpv6,       // the header or the payload length needs more bytes than the frame has
  kBadIpv6Version,      // the version is not 6
  kBadExtensionHeader,  // an extension header runs past the payload, or hop-by-hop is not the first
  kTooManyExtensionHeaders,  // more than kMaxExtensionHeaders
  kRoutingNotFinal,          // a routing header with segments left: not yet at its destination

  // Either IP version.
  kFragment,     // a fragment, the first one and the atomic one too (rules E1, E3; RFC 6980 §5)
  kBadIpSource,  // a source that no host can have: multicast or limited broadcast
  kNotDhcpOrNd,  // neither DHCP by its UDP ports nor an RS, RA, NS or NA

  // UDP (RFC 768) and ICMPv6 (RFC 4443).
  kTruncatedUdp,        // the IP payload has no room for a UDP header
  kBadUdpLength,        // UDP length below 8 or above the IP payload (rule E2)
  kBadUdpChecksum,      // a UDP checksum that is present and wrong
  kMissingUdpChecksum,  // UDP checksum 0 over IPv6 (RFC 8200 §8.1)
  kTruncatedIcmp6,      // the IP payload has no room for type, code and checksum
  kBadIcmp6Checksum,    // the ICMPv6 checksum is wrong

  // Options of any protocol.
  kOptionOverrun,     // an option's length runs past the field that holds it
  kZeroLengthOption,  // an ND option of length 0, on which a naive walk never ends (RFC 4861 §4.6)
  kBadOptionLength,   // an option that l3sync decides by has a length that its RFC does not allow
  kBadOptionValue,    // option 52 with a value other than 1, 2 or 3 (RFC 2132 §9.3)

  // DHCPv4 (RFC 2131).
  kTruncatedDhcp4,      // shorter than the fixed fields and the magic cookie (rule P4-1)
  kBadDhcp4Op,          // op is neither BOOTREQUEST nor BOOTREPLY
  kBadHardwareType,     // htype is not Ethernet (1)
  kBadHardwareLength,   // hlen exceeds the 16 bytes of chaddr
  kBadMagicCookie,      // the options do not start with 63 82 53 63
  kMissingMessageType,  // no option 53: BOOTP, not DHCP
  kUnknownMessageType,  // option 53 outside 1 to 9

  // DHCPv6 (RFC 8415).
  kTruncatedDhcp6,              // shorter than the fixed fields of its type
  kUnknownDhcp6Type,            // a type that is not in Dhcp6Type
  kRelayTooDeep,                // more than kMaxRelayDepth relay messages in each other
  kMissingRelayMessage,         // a relay's message without option 9
  kBadDuidLength,               // an identifier below kMinDuid or above kMaxDuid
  kMissingClientIdentifier,     // no option 1 where the type must have it (rule P6-4)
  kMissingServerIdentifier,     // no option 2 where the type must have it
  kUnexpectedServerIdentifier,  // option 2 in a message that asks any server

  // ARP (RFC 826; rule N6).
  kTruncatedArp,         // shorter than its 28 bytes
  kBadArpHardwareType,   // not Ethernet (1)
  kBadArpProtocolType,   // not IPv4 (0x0800)
  kBadArpAddressLength,  // the addresses are not of 6 and 4 bytes
  kBadArpOperation,      // neither a request (1) nor a reply (2)

  // Neighbour discovery (RFC 4861).
  kTruncatedNd,       // shorter than the fixed part of its type
  kBadHopLimit,       // hop limit below 255: it crossed a router, so it is not a neighbour's
  kBadNdCode,         // code other than 0
  kBadNdSource,       // RA from an address that is not link-local (rule N1)
  kBadNdDestination,  // NS from :: to anything but a solicited-node group (rule N2)
  kBadNdTarget,       // NS or NA for a multicast target (rules N2, N3)
  kForbiddenSourceLinkLayer,      // RS or NS from :: with a source link-layer address option
  kSolicitedToMulticast,          // NA with S=1 to a multicast destination (rule N3)
  kAdvertisementBehindExtension,  // RA behind extension headers: no router sends it, filters miss
                                  // it (RFC 7113)
};

inline constexpr size_t kDropReasonCount =
    static_cast<size_t>(DropReason::kAdvertisementBehindExtension) + 1;

// The name of the reason's counter, in snake_case: "bad_udp_checksum". Static storage.
std::string_view DropReasonName(DropReason reason);

}  // namespace l3sync
