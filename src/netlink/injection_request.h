#pragma once

#include <cstdint>
#include <string>

#include "wire/bytes.h"

namespace l3sync {

// What a dummy device needs whose outgoing frames come in on a chosen link. As the requests of
// rtnl_request.h.

// RTM_NEWLINK of a dummy device that is down; EEXIST if anything has that name.
ByteSpan BuildMakeDummy(MutableByteSpan buffer, uint32_t sequence, const std::string& name);
// RTM_GETLINK: answered by RTM_NEWLINK and an ack. The kernel finds alternative names, too.
ByteSpan BuildFindLink(MutableByteSpan buffer, uint32_t sequence, const std::string& name);
// RTM_DELLINK.
ByteSpan BuildDeleteLink(MutableByteSpan buffer, uint32_t sequence, int32_t ifindex);
// The kernel is to make no link-local address there, and so to say nothing of its own.
ByteSpan BuildKeepSilent(MutableByteSpan buffer, uint32_t sequence, int32_t ifindex);
ByteSpan BuildSetUp(MutableByteSpan buffer, uint32_t sequence, int32_t ifindex);
// RTM_NEWQDISC of clsact, where filters can be.
ByteSpan BuildAddClsact(MutableByteSpan buffer, uint32_t sequence, int32_t ifindex);
// RTM_NEWTFILTER, and RTM_DELTFILTER of the same: each frame that goes out on `from` comes in on
// `to` instead.
ByteSpan BuildAddRedirect(MutableByteSpan buffer, uint32_t sequence, int32_t from, int32_t to);
ByteSpan BuildRemoveRedirect(MutableByteSpan buffer, uint32_t sequence, int32_t from);

}  // namespace l3sync
