#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "wire/bytes.h"

namespace l3sync {

// The value of one option code, joined from all its occurrences (RFC 3396 §5). It keeps the first
// kCapacity bytes and counts all of them, so that a length can be judged without the memory for it.
template <size_t kCapacity>
class JoinedOption {
 public:
  void Append(ByteSpan piece) {
    const MutableByteSpan room = MutableByteSpan(bytes_).subspan(size());
    std::copy_n(piece.begin(), std::min(room.size(), piece.size()), room.begin());
    total_ += piece.size();
    present_ = true;
  }

  bool present() const { return present_; }
  // Bytes of all pieces together; may exceed bytes().size().
  size_t total() const { return total_; }
  ByteSpan bytes() const { return ByteSpan(bytes_).first(size()); }

 private:
  size_t size() const { return std::min(total_, kCapacity); }

  std::array<uint8_t, kCapacity> bytes_{};
  size_t total_ = 0;
  bool present_ = false;
};

}  // namespace l3sync
