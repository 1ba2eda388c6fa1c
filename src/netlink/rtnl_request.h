#pragma once

#include <cstddef>
#include <cstdint>

#include "learn/command.h"
#include "wire/bytes.h"
#include "wire/ip_address.h"

namespace l3sync {

// Requests on the caller's buffer, which begins at a 4-byte boundary. Each returns the part of
// |buffer| that holds the message, or nothing if that is too small. |sequence| comes back in the
// answer. Addresses must have a value.

// Room for any one of them.
inline constexpr size_t kMaxRequestSize = 256;

// RTM_NEWADDR of command.address/32 or /128 on command.ifindex, as rule K1 says.
ByteSpan BuildPutAddress(MutableByteSpan buffer, uint32_t sequence, const Command& command);
// RTM_DELADDR of address/32 or /128.
ByteSpan BuildRemoveAddress(MutableByteSpan buffer, uint32_t sequence, int32_t ifindex,
                            const IpAddress& address);
// RTM_DELROUTE of the route in table local that an address brings with it.
ByteSpan BuildRemoveLocalRoute(MutableByteSpan buffer, uint32_t sequence, int32_t ifindex,
                               const IpAddress& address);
// RTM_GETLINK of one link: answered by RTM_NEWLINK and an ack.
ByteSpan BuildReadLink(MutableByteSpan buffer, uint32_t sequence, int32_t ifindex);

// Dumps, for a socket with NETLINK_GET_STRICT_CHK: without it the kernel ignores the filters.
enum class AddressFamily : uint8_t { kV4, kV6 };
ByteSpan BuildDumpLinks(MutableByteSpan buffer, uint32_t sequence);
// |ifindex| 0: of all links.
ByteSpan BuildDumpAddresses(MutableByteSpan buffer, uint32_t sequence, AddressFamily family,
                            int32_t ifindex);
// Of all tables. |type| is RTN_UNICAST or RTN_LOCAL.
ByteSpan BuildDumpRoutes(MutableByteSpan buffer, uint32_t sequence, AddressFamily family,
                         uint8_t type);
// Of both families.
ByteSpan BuildDumpNeighbours(MutableByteSpan buffer, uint32_t sequence);

}  // namespace l3sync
