#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace l3sync {

// The least of a frame that a filter looks at, layer by layer; checksums, and what it does not look
// at, are 0.
using Bytes = std::vector<uint8_t>;

inline Bytes operator+(Bytes front, const Bytes& back) {
  front.insert(front.end(), back.begin(), back.end());
  return front;
}

inline Bytes Be16(unsigned value) {
  return {static_cast<uint8_t>(value >> 8), static_cast<uint8_t>(value)};
}

inline const Bytes kShared = {0x02, 0x4c, 0x33,
                              0,    0,    0xaa};  // the MAC of the parent and of all slaves
inline const Bytes kRouter = {0x02, 0, 0, 0, 0, 0x01};
inline const Bytes kBroadcastMac = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
inline const Bytes kMulticastMac = {0x33, 0x33, 0, 0, 0, 0x01};

inline Bytes Ethernet(const Bytes& destination, const Bytes& source, unsigned type,
                      const Bytes& payload) {
  return destination + source + Be16(type) + payload;
}

// `words`: the header's length in words of 4 bytes. `fragment`: flags and offset as in the header.
inline Bytes Ipv4(uint8_t protocol, const Bytes& payload, unsigned words = 5,
                  unsigned fragment = 0) {
  Bytes header(size_t{words} * 4);
  header[0] = static_cast<uint8_t>(0x40 | words);
  header[6] = static_cast<uint8_t>(fragment >> 8);
  header[7] = static_cast<uint8_t>(fragment);
  header[9] = protocol;
  return header + payload;
}

inline Bytes Ipv6(uint8_t next_header, const Bytes& payload) {
  Bytes header(40);
  header[0] = 0x60;
  header[6] = next_header;
  return header + payload;
}

inline Bytes Udp(unsigned source, unsigned destination) {
  return Be16(source) + Be16(destination) + Bytes(4) + Bytes(240);
}

inline Bytes Icmp6(uint8_t type) { return Bytes{type} + Bytes(23); }

// An extension header of 8 bytes; as a fragment header, `second` is offset and flags.
inline Bytes Extension(uint8_t next_header, const Bytes& payload, unsigned second = 0) {
  return Bytes{next_header, 0} + Be16(second) + Bytes(4) + payload;
}

inline Bytes Dhcp4ToServer() { return Ipv4(17, Udp(68, 67)); }
inline Bytes Dhcp4ToClient() { return Ipv4(17, Udp(67, 68)); }

inline Bytes Discover() { return Ethernet(kBroadcastMac, kShared, 0x0800, Dhcp4ToServer()); }
inline Bytes Offer(const Bytes& destination = kShared, const Bytes& source = kRouter) {
  return Ethernet(destination, source, 0x0800, Dhcp4ToClient());
}
inline Bytes Nd(const Bytes& destination, const Bytes& source, uint8_t type) {
  return Ethernet(destination, source, 0x86dd, Ipv6(58, Icmp6(type)));
}
inline Bytes Arp(const Bytes& destination, const Bytes& source) {
  return Ethernet(destination, source, 0x0806, Bytes(28));
}
inline Bytes Advertisement(const Bytes& destination = kMulticastMac,
                           const Bytes& source = kRouter) {
  return Nd(destination, source, 134);
}

}  // namespace l3sync
