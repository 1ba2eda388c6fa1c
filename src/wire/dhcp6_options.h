#pragma once

#include <optional>

#include "wire/bytes.h"
#include "wire/dhcp6.h"
#include "wire/drop_reason.h"

namespace l3sync {

// Reads the options behind the fixed fields of `message`, whose type is set, into it (RFC 8415
// §21). nullopt if all of them, and those inside of those that l3sync decides by, could be read.
std::optional<DropReason> ReadDhcp6Options(ByteSpan field, Dhcp6Message* message);

}  // namespace l3sync
