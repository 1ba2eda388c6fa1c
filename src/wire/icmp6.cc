#include "wire/icmp6.h"

#include "wire/byte_reader.h"
#include "wire/internet_checksum.h"

namespace l3sync {

Parsed<uint8_t> ParseIcmp6Type(const IpPacket& packet) {
  ByteReader reader(packet.payload);
  uint8_t type = 0;
  if (!reader.ReadU8(&type) || !reader.Skip(3)) {  // code and checksum
    return DropReason::kTruncatedIcmp6;
  }
  return type;
}

std::optional<DropReason> CheckIcmp6Checksum(const IpPacket& packet) {
  InternetChecksum sum;
  sum.AddPseudoHeader(packet.source, packet.destination, packet.payload.size(), kProtocolIcmp6);
  sum.Add(packet.payload);
  if (!sum.Verifies()) {
    return DropReason::kBadIcmp6Checksum;
  }
  return std::nullopt;
}

}  // namespace l3sync
