#include "wire/drop_reason.h"

namespace l3sync {

std::string_view DropReasonName(DropReason reason) {
  // No default: the compiler names the enumerator that has no name here.
  switch (reason) {
    case DropReason::kTruncatedEthernet:
      return "truncated_ethernet";
    case DropReason::kCutShort:
      return "cut_short";
    case DropReason::kGroupSourceMac:
      return "group_source_mac";
    case DropReason::kVlanTagged:
      return "vlan_tagged";
    case DropReason::kStackedVlanTags:
      return "stacked_vlan_tags";
    case DropReason::kNotIp:
      return "not_ip";
    case DropReason::kTruncatedIpv4:
      return "truncated_ipv4";
    case DropReason::kBadIpv4Version:
      return "bad_ipv4_version";
    case DropReason::kBadIpv4HeaderLength:
      return "bad_ipv4_header_length";
    case DropReason::kBadIpv4TotalLength:
      return "bad_ipv4_total_length";
    case DropReason::kBadIpv4Checksum:
      return "bad_ipv4_checksum";
    case DropReason::kTruncatedIpv6:
      return "truncated_ipv6";
    case DropReason::kBadIpv6Version:
      return "bad_ipv6_version";
    case DropReason::kBadExtensionHeader:
      return "bad_extension_header";
    case DropReason::kTooManyExtensionHeaders:
      return "too_many_extension_headers";
    case DropReason::kRoutingNotFinal:
      return "routing_not_final";
    case DropReason::kFragment:
      return "fragment";
    case DropReason::kBadIpSource:
      return "bad_ip_source";
    case DropReason::kNotDhcpOrNd:
      return "not_dhcp_or_nd";
    case DropReason::kTruncatedUdp:
      return "truncated_udp";
    case DropReason::kBadUdpLength:
      return "bad_udp_length";
    case DropReason::kBadUdpChecksum:
      return "bad_udp_checksum";
    case DropReason::kMissingUdpChecksum:
      return "missing_udp_checksum";
    case DropReason::kTruncatedIcmp6:
      return "truncated_icmp6";
    case DropReason::kBadIcmp6Checksum:
      return "bad_icmp6_checksum";
    case DropReason::kOptionOverrun:
      return "option_overrun";
    case DropReason::kZeroLengthOption:
      return "zero_length_option";
    case DropReason::kBadOptionLength:
      return "bad_option_length";
    case DropReason::kBadOptionValue:
      return "bad_option_value";
    case DropReason::kTruncatedDhcp4:
      return "truncated_dhcp4";
    case DropReason::kBadDhcp4Op:
      return "bad_dhcp4_op";
    case DropReason::kBadHardwareType:
      return "bad_hardware_type";
    case DropReason::kBadHardwareLength:
      return "bad_hardware_length";
    case DropReason::kBadMagicCookie:
      return "bad_magic_cookie";
    case DropReason::kMissingMessageType:
      return "missing_message_type";
    case DropReason::kUnknownMessageType:
      return "unknown_message_type";
    case DropReason::kTruncatedDhcp6:
      return "truncated_dhcp6";
    case DropReason::kUnknownDhcp6Type:
      return "unknown_dhcp6_type";
    case DropReason::kRelayTooDeep:
      return "relay_too_deep";
    case DropReason::kMissingRelayMessage:
      return "missing_relay_message";
    case DropReason::kBadDuidLength:
      return "bad_duid_length";
    case DropReason::kMissingClientIdentifier:
      return "missing_client_identifier";
    case DropReason::kMissingServerIdentifier:
      return "missing_server_identifier";
    case DropReason::kUnexpectedServerIdentifier:
      return "unexpected_server_identifier";
    case DropReason::kTruncatedNd:
      return "truncated_nd";
    case DropReason::kBadHopLimit:
      return "bad_hop_limit";
    case DropReason::kBadNdCode:
      return "bad_nd_code";
    case DropReason::kBadNdSource:
      return "bad_nd_source";
    case DropReason::kBadNdDestination:
      return "bad_nd_destination";
    case DropReason::kBadNdTarget:
      return "bad_nd_target";
    case DropReason::kForbiddenSourceLinkLayer:
      return "forbidden_source_link_layer";
    case DropReason::kSolicitedToMulticast:
      return "solicited_to_multicast";
    case DropReason::kAdvertisementBehindExtension:
      return "advertisement_behind_extension";
  }
  return "unknown";  // not an enumerator
}

}  // namespace l3sync
