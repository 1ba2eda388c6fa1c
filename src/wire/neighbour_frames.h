#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "wire/ip_address.h"

namespace l3sync {

// Whole frames, from the Ethernet header on, checksum and all. `mac` is the MAC that all slaves
// of the port share. A probe has it at both ends, so that it loops back to the slave that has the
// target (ipvlan_xmit_mode_l2(), ipvlan_addr_lookup()); in its message the sender is another
// station, to which the answer goes.
using NdFrame = std::array<uint8_t, 86>;   // an NS or NA with a link-layer address option
using ArpFrame = std::array<uint8_t, 42>;  // no padding: a device adds it

// Asks who has `target`, for the one guest that has it to answer to `source` (RFC 4861 §4.3). Both
// are IPv6; `source` is not ::, as that would be the claim of a guest that is about to use `target`
// (RFC 4862 §5.4.2).
NdFrame BuildNeighbourProbe(const MacAddress& mac, const MacAddress& sender_mac,
                            const IpAddress& source, const IpAddress& target);

// Says to all routers who has `address`, an IPv6 one, and overrides nothing (O=0, RFC 9131 §6.1.2;
// rule D8).
NdFrame BuildUnsolicitedAdvertisement(const MacAddress& mac, const IpAddress& address);

// Asks the one guest that has `target`, an IPv4 address, from 0.0.0.0 (RFC 5227 §1.1).
ArpFrame BuildArpProbe(const MacAddress& mac, const MacAddress& sender_mac,
                       const IpAddress& target);

// Says to all who has `address`, an IPv4 one: a broadcast request with the address at both ends
// (RFC 5227 §1.1, §2.3; rule D8).
ArpFrame BuildArpAnnouncement(const MacAddress& mac, const IpAddress& address);

// Of the two announcements the one of `address`'s family.
std::vector<uint8_t> BuildAnnouncement(const MacAddress& mac, const IpAddress& address);

}  // namespace l3sync
