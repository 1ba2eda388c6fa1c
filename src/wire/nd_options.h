#pragma once

#include <optional>

#include "wire/bytes.h"
#include "wire/drop_reason.h"
#include "wire/nd.h"

namespace l3sync {

// Reads the options behind the fixed part of `message`, whose type and header fields are set, into
// it. Only what the type may carry is read (RFC 4861 §6.1, §7.1: any other is ignored), and of a
// repeated option that stands once the first. An option whose own content is not as its RFC says is
// ignored as well: what neither RFC nor kernel nor peers drop a message for is not used, and costs
// nobody the rest. nullopt if all options could be walked.
std::optional<DropReason> ReadNdOptions(ByteSpan field, const NdEnvelope& envelope,
                                        NdMessage* message);

}  // namespace l3sync
