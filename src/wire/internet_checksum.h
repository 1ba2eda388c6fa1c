#pragma once

#include <cstdint>

#include "wire/bytes.h"
#include "wire/ip_address.h"

namespace l3sync {

// The ones' complement sum of IPv4, UDP and ICMPv6 (RFC 1071).
class InternetChecksum {
 public:
  // Only the last piece may have an odd number of bytes: a piece starts on a 16-bit boundary.
  void Add(ByteSpan bytes);
  void Add(uint16_t value) { sum_ += value; }
  // The addresses, the length and the protocol number that UDP and ICMPv6 cover beside their own
  // bytes (RFC 768, RFC 8200 §8.1). `length` is that of the transport header and payload.
  void AddPseudoHeader(const IpAddress& source, const IpAddress& destination, size_t length,
                       uint8_t protocol);

  // What to write into a checksum field that was summed as 0.
  uint16_t Value() const { return static_cast<uint16_t>(~Folded()); }
  // True if all was summed, the checksum field too, and it is right.
  bool Verifies() const { return Folded() == 0xffff; }

 private:
  uint16_t Folded() const;

  uint64_t sum_ = 0;  // 2^48 words before it could overflow
};

}  // namespace l3sync
