// fakes: a small kernel that keeps state, for tests. Not linked into any program.
#pragma once

#include <cstdint>
#include <vector>

#include "learn/kernel_record.h"
#include "wire/bytes.h"

namespace l3sync {

// rtnetlink messages as the kernel writes them: the inverse of netlink/rtnl_message.h.

using Bytes = std::vector<uint8_t>;

struct EncodedHeader {
  uint16_t flags = 0;
  uint32_t sequence = 0;
  uint32_t port_id = 0;
};

Bytes EncodeLink(const EncodedHeader& header, const LinkRecord& record);
Bytes EncodeAddress(const EncodedHeader& header, const AddressRecord& record);
Bytes EncodeNeighbour(const EncodedHeader& header, const NeighbourRecord& record);
// More than one record is one route with several next hops (RTA_MULTIPATH).
Bytes EncodeRoute(const EncodedHeader& header, const std::vector<RouteRecord>& next_hops);
// |error| is a positive errno, or 0 for an ack. |text| is the extended ack's, if not null.
Bytes EncodeError(const EncodedHeader& header, int32_t error, const char* text = nullptr);
Bytes EncodeDone(const EncodedHeader& header, int32_t error);

void Append(Bytes* datagram, const Bytes& message);

}  // namespace l3sync
