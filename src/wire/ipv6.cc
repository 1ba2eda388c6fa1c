#include <optional>

#include "wire/byte_reader.h"
#include "wire/ip_packet.h"

namespace l3sync {

namespace {

constexpr size_t kHeader = 40;
constexpr uint8_t kHopByHop = 0;
constexpr uint8_t kRouting = 43;
constexpr uint8_t kFragmentHeader = 44;
constexpr uint8_t kDestinationOptions = 60;

bool IsWalked(uint8_t header) {
  return header == kHopByHop || header == kRouting || header == kDestinationOptions;
}

// Takes one header off `reader` and puts the number of what follows it into `packet->protocol`.
std::optional<DropReason> SkipExtensionHeader(ByteReader* reader, IpPacket* packet) {
  const uint8_t header = packet->protocol;
  // RFC 8200 §4.1: hop-by-hop comes right behind the IPv6 header or not at all.
  if (header == kHopByHop && packet->extension_headers > 0) {
    return DropReason::kBadExtensionHeader;
  }
  if (packet->extension_headers == kMaxExtensionHeaders) {
    return DropReason::kTooManyExtensionHeaders;
  }
  uint8_t units = 0;
  ByteSpan first_six;
  if (!reader->ReadU8(&packet->protocol) || !reader->ReadU8(&units) ||
      !reader->ReadSpan(6, &first_six) || !reader->Skip(size_t{8} * units)) {
    return DropReason::kBadExtensionHeader;
  }
  packet->header_length += size_t{8} * (1U + units);
  if (header == kRouting) {
    ByteReader routing(first_six);
    uint8_t type = 0;
    uint8_t segments_left = 0;
    // With segments left the destination is a waypoint, and the checksum covers another one (RFC
    // 8200 §8.1).
    if (!routing.ReadU8(&type) || !routing.ReadU8(&segments_left) || segments_left != 0) {
      return DropReason::kRoutingNotFinal;
    }
  }
  ++packet->extension_headers;
  return std::nullopt;
}

}  // namespace

Parsed<IpPacket> ParseIpv6(ByteSpan bytes) {
  ByteReader frame(bytes);
  IpPacket packet;
  uint32_t version_class_flow = 0;
  uint16_t payload_length = 0;
  if (!frame.ReadU32(&version_class_flow) || !frame.ReadU16(&payload_length) ||
      !frame.ReadU8(&packet.protocol) || !frame.ReadU8(&packet.hop_limit) ||
      !frame.ReadIpv6(&packet.source) || !frame.ReadIpv6(&packet.destination)) {
    return DropReason::kTruncatedIpv6;
  }
  if (version_class_flow >> 28 != 6) {
    return DropReason::kBadIpv6Version;
  }
  // Payload length 0 with a jumbo option (RFC 2675) is an empty payload here: no link of ours
  // carries one.
  ByteSpan payload;
  if (!frame.ReadSpan(payload_length, &payload)) {
    return DropReason::kTruncatedIpv6;
  }
  if (packet.source.is_multicast()) {
    return DropReason::kBadIpSource;  // RFC 4291 §2.7
  }
  packet.header_length = kHeader;
  ByteReader reader(payload);
  while (IsWalked(packet.protocol)) {
    if (const auto reason = SkipExtensionHeader(&reader, &packet)) {
      return *reason;
    }
  }
  // RFC 6980 §5 for ND, and one fragment of anything else is no message. The atomic one too: nobody
  // needs to send it.
  if (packet.protocol == kFragmentHeader) {
    return DropReason::kFragment;
  }
  packet.payload = reader.TakeRest();
  return packet;
}

}  // namespace l3sync
