#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "wire/bytes.h"
#include "wire/ip_address.h"

namespace l3sync {

// A server's unicast UDP reply to a guest, taken out of its frame: who says what to whom.
struct Delivery {
  IpAddress source, destination;  // of one family; one host each
  uint16_t source_port = 0, destination_port = 0;
  ByteSpan payload;  // a view into the frame
};

// nullopt if the frame is not such a reply: untagged, to one station and one host, no fragment, UDP
// from port 67 to 68 over IPv4 or to port 546 over IPv6. Checksums but the IPv4 header's are not
// looked at: the bytes may hold a partial one.
std::optional<Delivery> ParseDelivery(ByteSpan frame);

// Whether it is of the form that ParseDelivery() lets pass, and no longer than an IP packet can be.
bool IsDelivery(const Delivery& delivery);

// A frame of IsDelivery() with headers of our own. `mac` is at both ends, so that the port loops it
// back to the slave that it is sent on (ipvlan_xmit_mode_l2() then looks up the layer 3
// destination).
std::vector<uint8_t> BuildDelivery(const MacAddress& mac, const Delivery& delivery);

}  // namespace l3sync
