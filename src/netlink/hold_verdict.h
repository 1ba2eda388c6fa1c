#pragma once

#include <cstdint>

#include "wire/bytes.h"

namespace l3sync {

enum class HoldVerdict : uint8_t { kRelease, kDrop, kReleaseAllUpTo };

// Room for any verdict.
inline constexpr size_t kMaxVerdictSize = 128;

// NFQNL_MSG_VERDICT or NFQNL_MSG_VERDICT_BATCH for the nfqueue `number`, on the caller's buffer. No
// ack is asked for: the kernel answers what it refuses.
ByteSpan BuildVerdict(MutableByteSpan buffer, uint16_t number, uint32_t held_id,
                      HoldVerdict verdict);

}  // namespace l3sync
