#include "wire/udp.h"

#include "wire/byte_reader.h"
#include "wire/internet_checksum.h"

namespace l3sync {

namespace {

constexpr size_t kHeader = 8;

}  // namespace

Parsed<UdpDatagram> ParseUdp(const IpPacket& packet) {
  ByteReader reader(packet.payload);
  UdpDatagram datagram;
  uint16_t length = 0;
  if (!reader.ReadU16(&datagram.source_port) || !reader.ReadU16(&datagram.destination_port) ||
      !reader.ReadU16(&length) || !reader.ReadU16(&datagram.checksum)) {
    return DropReason::kTruncatedUdp;
  }
  ByteReader whole(packet.payload);
  if (!whole.ReadSpan(length, &datagram.bytes)) {
    return DropReason::kBadUdpLength;
  }
  ByteReader inside(datagram.bytes);
  if (!inside.Skip(kHeader)) {
    return DropReason::kBadUdpLength;
  }
  datagram.payload = inside.TakeRest();
  return datagram;
}

std::optional<DropReason> CheckUdpChecksum(const UdpDatagram& datagram, const IpPacket& packet) {
  if (datagram.checksum == 0) {
    if (packet.source.is_v6()) {
      return DropReason::kMissingUdpChecksum;
    }
    return std::nullopt;  // RFC 768: the sender generated none
  }
  InternetChecksum sum;
  sum.AddPseudoHeader(packet.source, packet.destination, datagram.bytes.size(), kProtocolUdp);
  sum.Add(datagram.bytes);
  if (!sum.Verifies()) {
    return DropReason::kBadUdpChecksum;
  }
  return std::nullopt;
}

}  // namespace l3sync
