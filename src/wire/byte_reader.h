#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "wire/bytes.h"
#include "wire/ip_address.h"

namespace l3sync {

// The only way to read a stranger's bytes. The check is inside the read, the view only shrinks, and
// numbers come out in host byte order whatever the alignment. A read that does not fit returns
// false and takes nothing. The bytes are not owned and must outlive the reader and every span that
// it hands out.
class ByteReader {
 public:
  explicit ByteReader(ByteSpan bytes) : rest_(bytes) {}

  size_t remaining() const { return rest_.size(); }

  [[nodiscard]] bool ReadSpan(size_t count, ByteSpan* out) {
    if (count > rest_.size()) {
      return false;
    }
    *out = rest_.first(count);
    rest_.remove_prefix(count);
    return true;
  }

  [[nodiscard]] bool Skip(size_t count) {
    ByteSpan skipped;
    return ReadSpan(count, &skipped);
  }

  [[nodiscard]] bool ReadU8(uint8_t* out) { return ReadBigEndian(out); }
  [[nodiscard]] bool ReadU16(uint16_t* out) { return ReadBigEndian(out); }
  [[nodiscard]] bool ReadU32(uint32_t* out) { return ReadBigEndian(out); }

  template <size_t kCount>
  [[nodiscard]] bool ReadArray(std::array<uint8_t, kCount>* out) {
    ByteSpan bytes;
    if (!ReadSpan(kCount, &bytes)) {
      return false;
    }
    std::copy(bytes.begin(), bytes.end(), out->begin());
    return true;
  }

  [[nodiscard]] bool ReadMac(MacAddress* out) { return ReadArray(&out->bytes); }
  [[nodiscard]] bool ReadIpv4(IpAddress* out) { return ReadAddress(4, out); }
  [[nodiscard]] bool ReadIpv6(IpAddress* out) { return ReadAddress(16, out); }

  // All that is left; the reader is empty afterwards.
  ByteSpan TakeRest() {
    ByteSpan all = rest_;
    rest_ = ByteSpan();
    return all;
  }

 private:
  // Byte by byte: no alignment to respect, no byte order to know.
  template <typename T>
  bool ReadBigEndian(T* out) {
    ByteSpan bytes;
    if (!ReadSpan(sizeof(T), &bytes)) {
      return false;
    }
    uint64_t value = 0;
    for (const uint8_t byte : bytes) {
      value = (value << 8) | byte;
    }
    *out = static_cast<T>(value);
    return true;
  }

  bool ReadAddress(size_t count, IpAddress* out) {
    ByteSpan bytes;
    if (!ReadSpan(count, &bytes)) {
      return false;
    }
    *out = IpAddress::FromBytes(bytes);
    return true;
  }

  ByteSpan rest_;
};

}  // namespace l3sync
