#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "absl/container/inlined_vector.h"

#include "wire/bytes.h"
#include "wire/ip_address.h"
#include "wire/parsed.h"

namespace l3sync {

// Option 53 (RFC 2132 §9.6, RFC 3203).
enum class Dhcp4Type : uint8_t {
  kDiscover = 1,
  kOffer = 2,
  kRequest = 3,
  kDecline = 4,
  kAck = 5,
  kNak = 6,
  kRelease = 7,
  kInform = 8,
  kForceRenew = 9,
};

// The name as the RFC writes it, "DHCPDISCOVER" without the DHCP: "DISCOVER".
const char* Dhcp4TypeName(Dhcp4Type type);

// Limits where the RFCs are silent, so that a message costs bounded memory.
inline constexpr size_t kMaxDhcp4Addresses = 8;  // of options 3 and 6 each; the rest is ignored
// Longer ones, joined from several options, are malformed (RFC 2132 §9.14 has one length octet).
inline constexpr size_t kMaxClientIdentifier = 255;

// A DHCPv4 message (RFC 2131 §2) with the options that l3sync decides by. A value: owns all it
// holds. An absent option is nullopt or empty.
struct Dhcp4Message {
  uint8_t op = 0;  // 1 BOOTREQUEST, 2 BOOTREPLY
  uint8_t hardware_type = 0;
  uint8_t hardware_length = 0;  // ≤ 16
  uint8_t hops = 0;
  uint32_t xid = 0;
  uint16_t secs = 0;
  uint16_t flags = 0;
  IpAddress ciaddr, yiaddr, siaddr, giaddr;
  std::array<uint8_t, 16> chaddr{};  // the field as it is; hardware_length bytes of it count

  Dhcp4Type type{};
  std::optional<uint32_t> lease_time_sec;       // 51; 0xffffffff is infinite
  std::optional<uint32_t> renewal_time_sec;     // 58
  std::optional<uint32_t> rebinding_time_sec;   // 59
  IpAddress requested_address;                  // 50; none if absent
  IpAddress server_identifier;                  // 54; none if absent
  IpAddress subnet_mask;                        // 1; none if absent; contiguity is not checked here
  absl::InlinedVector<IpAddress, 2> routers;    // 3
  absl::InlinedVector<IpAddress, 2> resolvers;  // 6
  absl::InlinedVector<uint8_t, 32> client_identifier;  // 61, opaque; empty if absent
  std::optional<uint32_t> v6only_wait_sec;             // 108 (RFC 8925)
  uint8_t overload = 0;                                // 52: 0 (absent), 1, 2 or 3
  bool rapid_commit = false;                           // 80 (RFC 4039)
  bool end_seen = false;                               // option 255 in the options field

  bool broadcast() const { return (flags & 0x8000) != 0; }

  friend bool operator==(const Dhcp4Message&, const Dhcp4Message&) = default;
};

// `udp_payload` is not kept. Rules P4-1 to P4-6.
Parsed<Dhcp4Message> ParseDhcp4(ByteSpan udp_payload);

}  // namespace l3sync
