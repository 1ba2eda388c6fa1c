#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "tests/fuzz/slow_bytes.h"

namespace l3sync::slow {

// What the kernel says of a frame beside its bytes.
struct Side {
  bool tag_stripped = false;
  uint16_t stripped_tag = 0;      // tag control information, if tag_stripped
  bool checksum_partial = false;  // the UDP or ICMPv6 checksum is not to be looked at
};

struct Result {
  bool accepted = false;
  Description message;  // if accepted
  std::string why;      // if not; for people
};

// A whole frame, from the Ethernet header on.
Result ReadFrame(const Bytes& frame, const Side& side);

// What the IP header says that the messages below depend on.
struct Envelope {
  Bytes source, destination;  // 4 or 16 bytes
  size_t hop_limit = 0;
  size_t extension_headers = 0;
};

// Each takes one message and adds its fields. They throw Rejected.
void ReadArp(const Bytes& arp, Description* out);
void ReadDhcp4(const Bytes& message, Description* out);
void ReadDhcp6(const Bytes& message, size_t relay_depth, Description* out);
void ReadNd(const Bytes& icmp6, const Envelope& envelope, Description* out);

}  // namespace l3sync::slow
