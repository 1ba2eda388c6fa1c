#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "absl/container/inlined_vector.h"

#include "wire/bytes.h"
#include "wire/ip_address.h"
#include "wire/parsed.h"

namespace l3sync {

// ICMPv6 types of neighbour discovery (RFC 4861 §4).
enum class NdType : uint8_t {
  kRouterSolicitation = 133,
  kRouterAdvertisement = 134,
  kNeighbourSolicitation = 135,
  kNeighbourAdvertisement = 136,
};

// The rest is ignored and `truncated` set.
inline constexpr size_t kMaxPrefixesPerAdvertisement = 32;
inline constexpr size_t kMaxResolversPerAdvertisement = 8;
// Option 14 of up to 8 units; RFC 3971 §5.3.2 asks for 6 bytes. A longer one is ignored.
inline constexpr size_t kMaxNonce = 62;

// Prefix Information option (RFC 4861 §4.6.2). Lifetimes in seconds, 0xffffffff is infinite.
struct PrefixInformation {
  IpPrefix prefix;  // length ≤ 128
  bool on_link = false;
  bool autonomous = false;
  uint32_t valid_sec = 0;
  uint32_t preferred_sec = 0;

  friend bool operator==(const PrefixInformation&, const PrefixInformation&) = default;
};

// One valid RS, RA, NS or NA. A value: owns all it holds. Fields that the type does not have are
// empty.
struct NdMessage {
  NdType type{};
  uint8_t code = 0;
  IpAddress target;                                               // NS, NA
  bool router = false, solicited = false, override_flag = false;  // NA
  std::optional<MacAddress> source_link_layer;                    // option 1, when it holds 6 bytes
  std::optional<MacAddress> target_link_layer;                    // option 2, when it holds 6 bytes
  absl::InlinedVector<uint8_t, 8> nonce;  // option 14 (RFC 3971 §5.3.2); empty if absent
  // RA only
  uint8_t current_hop_limit = 0;
  bool managed = false, other_configuration = false;
  uint16_t router_lifetime_sec = 0;
  uint32_t reachable_time_ms = 0, retransmit_time_ms = 0;
  std::optional<uint32_t> mtu;
  absl::InlinedVector<PrefixInformation, 2> prefixes;
  absl::InlinedVector<IpAddress, 2> resolvers;  // option 25 (RFC 8106 §5.1)
  bool truncated = false;                       // more prefixes than the limit

  friend bool operator==(const NdMessage&, const NdMessage&) = default;
};

// What the IPv6 header says that the validity of an ND message depends on (RFC 4861 §6.1, §7.1).
struct NdEnvelope {
  IpAddress source, destination;
  uint8_t hop_limit = 0;
};

// `icmp6` is the ICMPv6 message from its type byte on, checksum already verified; it is not kept.
// Rules N1 to N3.
Parsed<NdMessage> ParseNd(ByteSpan icmp6, const NdEnvelope& envelope);

}  // namespace l3sync
