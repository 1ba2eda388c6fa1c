#include <algorithm>

#include "wire/ethernet.h"
#include "wire/frame.h"
#include "wire/internet_checksum.h"
#include "wire/ip_packet.h"
#include "wire/udp.h"

namespace l3sync {

namespace {

constexpr size_t kEthernetHeader = 14;
constexpr size_t kMacBytes = 6;
constexpr size_t kIpv4ChecksumOffset = 10;
constexpr size_t kUdpChecksumOffset = 6;

// The check is inside the write: at() throws on what the checks below make impossible.
void StoreU16(uint16_t value, size_t offset, MutableByteSpan bytes) {
  bytes.at(offset) = static_cast<uint8_t>(value >> 8);
  bytes.at(offset + 1) = static_cast<uint8_t>(value & 0xff);
}

bool IsHost(const IpAddress& address) {
  return !address.is_unspecified() && !address.is_multicast() && !address.is_limited_broadcast();
}

void FillIpv4Checksum(MutableByteSpan header) {
  InternetChecksum sum;
  sum.Add(header);
  if (header.at(kIpv4ChecksumOffset) == 0 && header.at(kIpv4ChecksumOffset + 1) == 0) {
    StoreU16(sum.Value(), kIpv4ChecksumOffset, header);
  }
}

void FillUdpChecksum(const IpPacket& packet, MutableByteSpan datagram) {
  StoreU16(0, kUdpChecksumOffset, datagram);
  InternetChecksum sum;
  sum.AddPseudoHeader(packet.source, packet.destination, datagram.size(), kProtocolUdp);
  sum.Add(datagram);
  // RFC 768: a sum of 0 is sent as its other form, for 0 says that there is none.
  const uint16_t value = sum.Value();
  StoreU16(value == 0 ? 0xffff : value, kUdpChecksumOffset, datagram);
}

}  // namespace

bool RewriteForDelivery(MutableByteSpan frame) {
  const Parsed<EthernetFrame> ethernet = ParseEthernet(frame, /*tag_stripped=*/false);
  if (!ethernet.ok() || ethernet->tagged || ethernet->ether_type != kEtherTypeIpv4 ||
      ethernet->destination.is_group()) {
    return false;
  }
  const Parsed<IpPacket> packet = ParseIpv4(ethernet->payload);
  if (!packet.ok() || packet->protocol != kProtocolUdp || !IsHost(packet->destination)) {
    return false;
  }
  const Parsed<UdpDatagram> datagram = ParseUdp(*packet);
  if (!datagram.ok() || datagram->source_port != 67 || datagram->destination_port != 68) {
    return false;
  }
  const MacAddress& guest = ethernet->destination;
  std::copy(guest.bytes.begin(), guest.bytes.end(), frame.subspan(kMacBytes, kMacBytes).begin());
  FillIpv4Checksum(frame.subspan(kEthernetHeader, packet->header_length));
  FillUdpChecksum(*packet,
                  frame.subspan(kEthernetHeader + packet->header_length, datagram->bytes.size()));
  return true;
}

}  // namespace l3sync
