#include "wire/internet_checksum.h"

#include "wire/byte_reader.h"

namespace l3sync {

void InternetChecksum::Add(ByteSpan bytes) {
  ByteReader reader(bytes);
  uint16_t word = 0;
  while (reader.ReadU16(&word)) {
    sum_ += word;
  }
  uint8_t last = 0;
  if (reader.ReadU8(&last)) {
    sum_ += static_cast<uint64_t>(last) << 8;  // padded with a zero octet (RFC 1071 §1)
  }
}

void InternetChecksum::AddPseudoHeader(const IpAddress& source, const IpAddress& destination,
                                       size_t length, uint8_t protocol) {
  Add(source.bytes());
  Add(destination.bytes());
  // IPv4 has 16 bits for the length and IPv6 32; the sum is the same, for the folding carries.
  sum_ += length;
  sum_ += protocol;
}

uint16_t InternetChecksum::Folded() const {
  uint64_t sum = sum_;
  while (sum > 0xffff) {
    sum = (sum & 0xffff) + (sum >> 16);
  }
  return static_cast<uint16_t>(sum);
}

}  // namespace l3sync
