#pragma once

#include <cstdint>
#include <variant>

#include "wire/arp.h"
#include "wire/bytes.h"
#include "wire/dhcp4.h"
#include "wire/dhcp6.h"
#include "wire/ip_address.h"
#include "wire/nd.h"
#include "wire/parsed.h"

namespace l3sync {

// What the kernel says of a frame beside its bytes (packet(7), PACKET_AUXDATA).
struct FrameMetadata {
  bool vlan_present = false;  // a tag that the kernel has stripped
  uint16_t vlan_tci = 0;      // meaningful if vlan_present
  // TP_STATUS_CSUMNOTREADY: the UDP or ICMPv6 checksum in the bytes is partial, to be finished by a
  // device, and not looked at.
  bool checksum_partial = false;
  uint32_t wire_length = 0;  // bytes on the wire; more than captured means cut short
};

// A frame that passed every check of the envelope (rules E1 to E3) and holds one valid message.
struct ParsedFrame {
  MacAddress destination_mac, source_mac;
  IpAddress source, destination;  // ARP: the sender's and the target's
  uint8_t hop_limit = 0;          // TTL for IPv4; 0 for ARP
  std::variant<Dhcp4Message, Dhcp6Message, NdMessage, ArpMessage> message;

  friend bool operator==(const ParsedFrame&, const ParsedFrame&) = default;
};

// `frame` starts at the Ethernet header; it is not kept. A tag, inline or stripped, is accepted
// only with VID 0 (rule C3). Which side the frame came from is not asked here: that is the
// learner's.
Parsed<ParsedFrame> ParseFrame(ByteSpan frame, const FrameMetadata& metadata);

// The same without its VLAN tags, however many, and with a source MAC that is no group's: for what
// a guest sends, and may send so that ParseFrame drops it for kVlanTagged, kStackedVlanTags or
// kGroupSourceMac, but a switch, router or sibling does not. Evidence of a forgery, nothing else.
Parsed<ParsedFrame> ParseDisguised(ByteSpan frame, FrameMetadata metadata);

}  // namespace l3sync
