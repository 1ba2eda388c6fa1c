// wire: bytes to values, and back. Pure: no syscall, no clock, no log, no thread, no state.
// Every multi-byte number outside byte_reader.* is in host byte order.
#pragma once

#include <cstdint>

#include "absl/types/span.h"

namespace l3sync {

// Bytes that somebody else owns. The reader of a function's header learns who, and how long.
using ByteSpan = absl::Span<const uint8_t>;
using MutableByteSpan = absl::Span<uint8_t>;

}  // namespace l3sync
