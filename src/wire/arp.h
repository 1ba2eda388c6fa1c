#pragma once

#include <cstdint>

#include "wire/bytes.h"
#include "wire/ip_address.h"
#include "wire/parsed.h"

namespace l3sync {

// ARP over Ethernet for IPv4 (RFC 826; rule N6). A value. Any address may be in it: who has it says
// nothing that l3sync learns.
struct ArpMessage {
  static constexpr uint16_t kRequest = 1;
  static constexpr uint16_t kReply = 2;

  uint16_t operation = 0;
  MacAddress sender_mac;
  IpAddress sender;  // 0.0.0.0 in a probe (RFC 5227 §1.1)
  MacAddress target_mac;
  IpAddress target;

  friend bool operator==(const ArpMessage&, const ArpMessage&) = default;
};

// `arp` is what follows the Ethernet header; padding behind it is ignored. It is not kept.
Parsed<ArpMessage> ParseArp(ByteSpan arp);

}  // namespace l3sync
