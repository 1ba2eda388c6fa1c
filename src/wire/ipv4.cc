#include "wire/byte_reader.h"
#include "wire/internet_checksum.h"
#include "wire/ip_packet.h"

namespace l3sync {

namespace {

constexpr size_t kMinHeader = 20;
constexpr uint16_t kMoreFragments = 0x2000;
constexpr uint16_t kFragmentOffset = 0x1fff;

struct Ipv4Header {
  uint8_t version_and_length = 0, type_of_service = 0;
  uint16_t total_length = 0, identification = 0, fragment = 0;
  uint8_t time_to_live = 0, protocol = 0;
  uint16_t checksum = 0;
  IpAddress source, destination;

  size_t version() const { return version_and_length >> 4; }
  size_t length() const { return size_t{4} * (version_and_length & 0x0f); }
};

bool ReadHeader(ByteSpan bytes, Ipv4Header* header) {
  ByteReader reader(bytes);
  return reader.ReadU8(&header->version_and_length) && reader.ReadU8(&header->type_of_service) &&
         reader.ReadU16(&header->total_length) && reader.ReadU16(&header->identification) &&
         reader.ReadU16(&header->fragment) && reader.ReadU8(&header->time_to_live) &&
         reader.ReadU8(&header->protocol) && reader.ReadU16(&header->checksum) &&
         reader.ReadIpv4(&header->source) && reader.ReadIpv4(&header->destination);
}

}  // namespace

Parsed<IpPacket> ParseIpv4(ByteSpan bytes) {
  Ipv4Header header;
  if (!ReadHeader(bytes, &header)) {
    return DropReason::kTruncatedIpv4;
  }
  if (header.version() != 4) {
    return DropReason::kBadIpv4Version;
  }
  if (header.length() < kMinHeader) {
    return DropReason::kBadIpv4HeaderLength;
  }
  if (header.total_length < header.length()) {
    return DropReason::kBadIpv4TotalLength;
  }
  ByteReader frame(bytes);
  ByteSpan packet;
  ByteSpan header_bytes;
  if (!frame.ReadSpan(header.total_length, &packet)) {
    return DropReason::kTruncatedIpv4;
  }
  ByteReader inside(packet);
  if (!inside.ReadSpan(header.length(), &header_bytes)) {
    return DropReason::kTruncatedIpv4;
  }
  // A field of 0 is a checksum that a device was to fill in after the capture point.
  InternetChecksum sum;
  sum.Add(header_bytes);
  if (header.checksum != 0 && !sum.Verifies()) {
    return DropReason::kBadIpv4Checksum;
  }
  if ((header.fragment & (kMoreFragments | kFragmentOffset)) != 0) {
    return DropReason::kFragment;
  }
  if (header.source.is_multicast() || header.source.is_limited_broadcast()) {
    return DropReason::kBadIpSource;  // RFC 1122 §3.2.1.3
  }
  return IpPacket{.source = header.source,
                  .destination = header.destination,
                  .hop_limit = header.time_to_live,
                  .protocol = header.protocol,
                  .extension_headers = 0,
                  .header_length = header.length(),
                  .payload = inside.TakeRest()};
}

}  // namespace l3sync
