#pragma once

#include <cstdint>
#include <optional>

#include "wire/bytes.h"
#include "wire/ip_packet.h"
#include "wire/parsed.h"

namespace l3sync {

// A UDP datagram. The spans are views into the frame.
struct UdpDatagram {
  uint16_t source_port = 0, destination_port = 0;
  uint16_t checksum = 0;  // as it is; 0 is absent
  ByteSpan bytes;         // header and payload, as long as the UDP length says
  ByteSpan payload;
};

// Rule E2 but for the checksum. The payload of `packet` must be UDP.
Parsed<UdpDatagram> ParseUdp(const IpPacket& packet);

// Rule E2, the checksum: nullopt if it is right, or absent where that is allowed.
std::optional<DropReason> CheckUdpChecksum(const UdpDatagram& datagram, const IpPacket& packet);

}  // namespace l3sync
