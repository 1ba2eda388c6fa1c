#include <algorithm>
#include <optional>

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

// The IP packet, if the frame is untagged and to one station.
std::optional<IpPacket> ParsePacket(ByteSpan frame, bool* is_v4) {
  const Parsed<EthernetFrame> ethernet = ParseEthernet(frame, /*tag_stripped=*/false);
  if (!ethernet.ok() || ethernet->tagged || ethernet->destination.is_group()) {
    return std::nullopt;
  }
  *is_v4 = ethernet->ether_type == kEtherTypeIpv4;
  if (!*is_v4 && ethernet->ether_type != kEtherTypeIpv6) {
    return std::nullopt;
  }
  const Parsed<IpPacket> packet =
      *is_v4 ? ParseIpv4(ethernet->payload) : ParseIpv6(ethernet->payload);
  return packet.ok() ? std::optional<IpPacket>(*packet) : std::nullopt;
}

// From a server to a client, by the ports; see frame.cc for those of DHCPv6.
bool IsReply(const UdpDatagram& datagram, bool is_v4) {
  return is_v4 ? datagram.source_port == 67 && datagram.destination_port == 68
               : datagram.destination_port == 546;
}

}  // namespace

bool RewriteForDelivery(MutableByteSpan frame) {
  bool is_v4 = false;
  const std::optional<IpPacket> packet = ParsePacket(frame, &is_v4);
  if (!packet || packet->protocol != kProtocolUdp || !IsHost(packet->destination)) {
    return false;
  }
  const Parsed<UdpDatagram> datagram = ParseUdp(*packet);
  if (!datagram.ok() || !IsReply(*datagram, is_v4)) {
    return false;
  }
  const MutableByteSpan guest = frame.first(kMacBytes);
  std::copy(guest.begin(), guest.end(), frame.subspan(kMacBytes, kMacBytes).begin());
  if (is_v4) {
    FillIpv4Checksum(frame.subspan(kEthernetHeader, packet->header_length));
  }
  FillUdpChecksum(*packet,
                  frame.subspan(kEthernetHeader + packet->header_length, datagram->bytes.size()));
  return true;
}

}  // namespace l3sync
