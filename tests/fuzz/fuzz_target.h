// fuzz: what strangers may send, to one part of l3sync after the other. A target is one file with
// an LLVMFuzzerTestOneInput. It is linked with a fuzzer's main, or with replay_main.cc, which plays
// the committed corpus under any compiler and sanitizer. No GoogleTest but in fuzz_state:
// MemorySanitizer reports falsely in it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "wire/bytes.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace l3sync::fuzz {

// MemorySanitizer knows what was compiled with it, and libstdc++ was not: what its maps and strings
// write counts as uninitialised. So it sees the parsers, which use neither, and no learner.
#if defined(__has_feature)
#if __has_feature(memory_sanitizer)
#define L3SYNC_MEMORY_SANITIZER
#endif
#endif
#ifdef L3SYNC_MEMORY_SANITIZER
inline constexpr bool kParsersOnly = true;
#else
inline constexpr bool kParsersOnly = false;
#endif

// The property |what|, by its rule if it has one, must hold of the input. Ends the process, which
// is what a fuzzer takes for a find.
inline void Require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

// A copy in a heap block that ends where the bytes end, so that AddressSanitizer sees one read past
// them. With |skew| it begins that many bytes behind an aligned address.
class ExactCopy {
 public:
  explicit ExactCopy(ByteSpan bytes, size_t skew = 0)
      : size_(bytes.size()), skew_(skew), block_(new uint8_t[skew + bytes.size()]) {
    std::copy(bytes.begin(), bytes.end(), block_.get() + skew);
  }
  ByteSpan bytes() const { return {block_.get() + skew_, size_}; }
  MutableByteSpan mutable_bytes() { return {block_.get() + skew_, size_}; }

 private:
  const size_t size_, skew_;
  const std::unique_ptr<uint8_t[]> block_;
};

// Makes choices of the input's bytes; at their end all choices are 0.
class Choices {
 public:
  explicit Choices(ByteSpan bytes) : rest_(bytes) {}

  bool is_at_end() const { return rest_.empty(); }
  uint8_t Byte() {
    if (rest_.empty()) return 0;
    const uint8_t byte = rest_.front();
    rest_.remove_prefix(1);
    return byte;
  }
  // Below |n|, which is not 0.
  size_t Below(size_t n) {
    size_t value = 0;
    for (size_t limit = n - 1; limit > 0; limit >>= 8) value = value << 8 | Byte();
    return value % n;
  }
  uint32_t U32() {
    uint32_t value = 0;
    for (int i = 0; i < 4; ++i) value = value << 8 | Byte();
    return value;
  }
  ByteSpan Bytes(size_t count) {
    const ByteSpan taken = rest_.first(std::min(count, rest_.size()));
    rest_.remove_prefix(taken.size());
    return taken;
  }

 private:
  ByteSpan rest_;
};

}  // namespace l3sync::fuzz
