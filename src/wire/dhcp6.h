#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/container/inlined_vector.h"

#include "wire/bytes.h"
#include "wire/ip_address.h"
#include "wire/parsed.h"

namespace l3sync {

// RFC 8415 §7.3; 36 and 37: RFC 9686.
enum class Dhcp6Type : uint8_t {
  kSolicit = 1,
  kAdvertise = 2,
  kRequest = 3,
  kConfirm = 4,
  kRenew = 5,
  kRebind = 6,
  kReply = 7,
  kRelease = 8,
  kDecline = 9,
  kReconfigure = 10,
  kInformationRequest = 11,
  kRelayForward = 12,
  kRelayReply = 13,
  kAddressRegistrationInform = 36,
  kAddressRegistrationReply = 37,
};

// The name as the RFC writes it: "Solicit".
const char* Dhcp6TypeName(Dhcp6Type type);

// Status codes (RFC 8415 §21.13) that l3sync decides by.
enum class Dhcp6Status : uint16_t {
  kSuccess = 0,
  kUnspecFail = 1,
  kNoAddrsAvail = 2,
  kNoBinding = 3,
  kNotOnLink = 4,
  kUseMulticast = 5,
};

// Limits where the RFC is silent, so that a message costs bounded memory. What exceeds one of the
// first three is left out and `truncated` is set.
inline constexpr size_t kMaxDhcp6Associations = 16;  // IA_NA and IA_TA of one message
inline constexpr size_t kMaxDhcp6Addresses = 32;     // of all its associations together
inline constexpr size_t kMaxDhcp6Resolvers = 8;      // option 23
inline constexpr size_t kMaxRelayDepth = 8;          // HOP_COUNT_LIMIT, RFC 8415 §7.6
// An identifier of another length is malformed: its type and 128 bytes at most (RFC 8415 §11.1).
// The type alone was allowed by RFC 3315, and it is opaque here.
inline constexpr size_t kMinDuid = 2;
inline constexpr size_t kMaxDuid = 130;

using Duid = absl::InlinedVector<uint8_t, 24>;

// IAADDR (option 5). Lifetimes in seconds; 0xffffffff is infinite (§7.7). Those of a client's
// message mean nothing and stand as they were sent (§21.6), but for a registration's.
struct Dhcp6Address {
  IpAddress address;
  uint32_t preferred_sec = 0;  // ≤ valid_sec (rule P6-3) unless a client's
  uint32_t valid_sec = 0;
  uint16_t status = 0;  // absent is Success

  friend bool operator==(const Dhcp6Address&, const Dhcp6Address&) = default;
};

// IA_NA (3) or IA_TA (4).
struct Dhcp6Association {
  bool temporary = false;  // IA_TA, which has no T1 and T2
  uint32_t iaid = 0;
  uint32_t t1_sec = 0, t2_sec = 0;
  uint16_t status = 0;  // absent is Success
  absl::InlinedVector<Dhcp6Address, 2> addresses;

  friend bool operator==(const Dhcp6Association&, const Dhcp6Association&) = default;
};

// A DHCPv6 message of a client or a server with the options that l3sync decides by; of a relay's
// message the innermost one. A value: owns all it holds.
struct Dhcp6Message {
  Dhcp6Type type{};
  uint32_t xid = 0;           // transaction-id, 24 bits
  Duid client_identifier;     // option 1; empty if absent
  Duid server_identifier;     // option 2; empty if absent
  uint16_t status = 0;        // option 13 at message level; absent is Success, of several the first
                              // that is none counts, here and below
  bool rapid_commit = false;  // option 14
  absl::InlinedVector<Dhcp6Association, 1> associations;  // in their order
  uint8_t delegations = 0;                                // IA_PD (25): counted, never assigned
  bool delegates = false;                                 // one has a prefix that is valid
  absl::InlinedVector<IpAddress, 2> resolvers;            // option 23 (RFC 3646)
  absl::InlinedVector<Dhcp6Address, 1> registered;        // IAADDR outside of an IA, of RFC 9686's
                                                          // two types only
  uint8_t relay_depth = 0;  // how many relay messages it was in; 0: none
  bool truncated = false;

  friend bool operator==(const Dhcp6Message&, const Dhcp6Message&) = default;
};

// `udp_payload` is not kept. Rules P6-1 to P6-4: a message without the identifiers that its type
// must have (§16.2 to §16.11, RFC 9686 §4.2) is malformed; of a server's message an IAADDR with
// preferred > valid is left out (§21.6), an IA_NA with T1 > T2 > 0 too (§21.4). Of an identifier
// that stands more than once the first counts. An option that runs past the one that holds it makes
// the message malformed.
Parsed<Dhcp6Message> ParseDhcp6(ByteSpan udp_payload);

}  // namespace l3sync
