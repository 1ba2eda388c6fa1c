// A frame, read by l3sync's parser and by the slow one: the same message, or both reject it.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "tests/fuzz/diff.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const l3sync::slow::Bytes frame(bytes, bytes + size);
  if (const auto difference = l3sync::testing::AnyDifference(frame)) {
    std::fputs(difference->c_str(), stderr);
    std::abort();
  }
  return 0;
}
