#pragma once

#include <cstdint>
#include <optional>

#include "absl/container/inlined_vector.h"

#include "learn/kernel_record.h"
#include "wire/bytes.h"

namespace l3sync {

// One message of a datagram. Valid as long as the datagram's bytes.
struct RtnlMessage {
  uint16_t type = 0;   // RTM_*, NLMSG_*
  uint16_t flags = 0;  // NLM_F_*
  uint32_t sequence =
      0;  // of the request that it answers; of a notification: of the request that caused it, or 0
  ByteSpan bytes;  // header included; 4-byte aligned
};

// All messages of one datagram. mnl_cb_run() would stop at the first ack and so lose a second one
// behind it.
class MessageWalk {
 public:
  MessageWalk() = default;
  // |datagram| begins at a 4-byte boundary.
  explicit MessageWalk(ByteSpan datagram) : rest_(datagram) {}
  // The message at which the walk stands; none at the end, and where the bytes are not a whole
  // message.
  std::optional<RtnlMessage> Current() const;
  // Past Current(), if there is one.
  void Advance();
  // There are bytes left which are not a message.
  bool is_broken() const;

 private:
  ByteSpan rest_;
};

// Each returns nothing for a message that is of another type, too short, or has an attribute of the
// wrong length. Attributes and families that this kernel knows and we do not are skipped.

// RTM_NEWLINK, RTM_DELLINK. `is_answer` is left false.
std::optional<LinkRecord> ParseLink(const RtnlMessage& message);
// RTM_NEWADDR, RTM_DELADDR of AF_INET and AF_INET6.
std::optional<AddressRecord> ParseAddress(const RtnlMessage& message);
// RTM_NEWNEIGH of AF_INET and AF_INET6.
std::optional<NeighbourRecord> ParseNeighbour(const RtnlMessage& message);

// RTM_NEWROUTE of AF_INET and AF_INET6, one record a next hop. Empty for a cloned route (an
// exception, such as a learned MTU). An IPv4 route via an IPv6 gateway (RTA_VIA) has no gateway
// here.
using RouteRecords = absl::InlinedVector<RouteRecord, 4>;
std::optional<RouteRecords> ParseRoute(const RtnlMessage& message);

// NLMSG_ERROR (0 is an ack) and NLMSG_DONE (a dump may fail at its end): a positive errno or 0. The
// text of an extended ack is skipped.
std::optional<int32_t> ParseError(const RtnlMessage& message);
std::optional<int32_t> ParseDone(const RtnlMessage& message);

}  // namespace l3sync
