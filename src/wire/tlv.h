#pragma once

#include <cstdint>
#include <optional>

#include "wire/byte_reader.h"
#include "wire/bytes.h"
#include "wire/drop_reason.h"

namespace l3sync {

// How a protocol writes its options.
enum class TlvStyle : uint8_t {
  kDhcp4,  // code, length in octets; code 0 is padding and 255 the end, both without a length (RFC
           // 2132 §3)
  kDhcp6,  // 16-bit code, 16-bit length in octets (RFC 8415 §21.1). Fewer bytes at the end than
           // these take are no option: clients ignore them, and a large provider sends one (systemd
           // 81b7335)
  kNd,     // type, length in units of 8 octets that counts these two as well (RFC 4861 §4.6)
};

// The one walk over options. Every turn takes at least one byte or ends the walk, so a field of n
// bytes costs at most n turns whatever it holds.
//
//   TlvReader options(field, TlvStyle::kNd);
//   while (options.Next()) { ... options.type(), options.value() ... }
//   if (options.error()) return *options.error();
//
// The bytes are not owned and must outlive the reader and every value().
class TlvReader {
 public:
  TlvReader(ByteSpan field, TlvStyle style) : reader_(field), style_(style) {}

  // To the next option. False at the end of the field, at END, and at an error; then it stays
  // false.
  [[nodiscard]] bool Next();

  // The option that the last Next() returned true for; its value without type and length.
  uint16_t type() const { return type_; }
  ByteSpan value() const { return value_; }

  // kOptionOverrun or kZeroLengthOption, once Next() has returned false for it.
  std::optional<DropReason> error() const { return error_; }
  // kDhcp4: code 255 was read. What follows it is not.
  bool end_seen() const { return end_seen_; }

 private:
  bool NextDhcp4();
  bool NextDhcp6();
  bool NextNd();
  bool Fail(DropReason reason);

  ByteReader reader_;
  TlvStyle style_;
  uint16_t type_ = 0;
  ByteSpan value_;
  std::optional<DropReason> error_;
  bool end_seen_ = false;
};

}  // namespace l3sync
