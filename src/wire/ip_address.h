#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "wire/bytes.h"

namespace l3sync {

// A MAC address (EUI-48), bytes as on the wire.
struct MacAddress {
  std::array<uint8_t, 6> bytes{};

  // Group bit of the first byte (IEEE 802): broadcast and multicast.
  bool is_group() const { return (bytes[0] & 1) != 0; }
  static constexpr MacAddress Broadcast() { return {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}}; }
  std::string ToString() const;

  friend bool operator==(const MacAddress&, const MacAddress&) = default;
};

// An IPv4 or IPv6 address, or none. Trivially copyable, so that it may cross a ring.
class IpAddress {
 public:
  constexpr IpAddress() = default;  // none
  // `value` in host byte order: V4(0xc0000201) is 192.0.2.1.
  static constexpr IpAddress V4(uint32_t value) {
    IpAddress address;
    address.family_ = Family::kV4;
    for (unsigned i = 0; i < 4; ++i) {
      address.bytes_[i] = static_cast<uint8_t>(value >> (24 - 8 * i));
    }
    return address;
  }
  static constexpr IpAddress V6(const std::array<uint8_t, 16>& bytes) {
    IpAddress address;
    address.family_ = Family::kV6;
    address.bytes_ = bytes;
    return address;
  }
  // 4 or 16 bytes in network order; none for any other length.
  static IpAddress FromBytes(ByteSpan bytes);
  // The textual form of inet_pton(3), without a prefix length or a zone.
  static std::optional<IpAddress> Parse(std::string_view text);

  bool has_value() const { return family_ != Family::kNone; }
  bool is_v4() const { return family_ == Family::kV4; }
  bool is_v6() const { return family_ == Family::kV6; }
  // 0, 4 or 16 bytes in network order; valid as long as this object.
  ByteSpan bytes() const;
  // Host byte order; 0 unless is_v4().
  uint32_t v4() const;
  // 32 or 128; 0 for none.
  int bit_length() const;

  bool is_unspecified() const;        // 0.0.0.0, ::
  bool is_loopback() const;           // 127.0.0.0/8, ::1
  bool is_multicast() const;          // 224.0.0.0/4, ff00::/8
  bool is_link_local() const;         // 169.254.0.0/16, fe80::/10
  bool is_v4_mapped() const;          // ::ffff:0:0/96
  bool is_limited_broadcast() const;  // 255.255.255.255

  // Low 64 bits of an IPv6 address (RFC 4291 §2.5.1), network order; zeros unless is_v6().
  std::array<uint8_t, 8> interface_identifier() const;

  std::string ToString() const;  // RFC 5952 form; "none" for none

  friend bool operator==(const IpAddress&, const IpAddress&) = default;
  friend auto operator<=>(const IpAddress&, const IpAddress&) = default;
  template <typename H>
  friend H AbslHashValue(H h, const IpAddress& a) {
    return H::combine(std::move(h), a.family_, a.bytes_);
  }

 private:
  enum class Family : uint8_t { kNone, kV4, kV6 };
  Family family_ = Family::kNone;
  std::array<uint8_t, 16> bytes_{};  // unused bytes are 0, so that equality is bytewise
};

// An address with a length in bits. Host bits may be set; Contains ignores them.
struct IpPrefix {
  IpAddress address;
  uint8_t length = 0;  // ≤ address.bit_length()

  bool Contains(const IpAddress& other) const;  // false for the other family
  IpPrefix Masked() const;                      // host bits cleared
  // "192.0.2.0/24", "2001:db8::/32", or an address alone (its full length).
  static std::optional<IpPrefix> Parse(std::string_view text);
  std::string ToString() const;

  friend bool operator==(const IpPrefix&, const IpPrefix&) = default;
  template <typename H>
  friend H AbslHashValue(H h, const IpPrefix& p) {
    return H::combine(std::move(h), p.address, p.length);
  }
};

// `prefix` (a /64) with `identifier` as its low 64 bits: what SLAAC forms (RFC 4862 §5.5.3 d).
IpAddress CombineWithIdentifier(const IpPrefix& prefix, const std::array<uint8_t, 8>& identifier);

// The modified EUI-64 identifier of a MAC (RFC 4291 appendix A), network order.
std::array<uint8_t, 8> Eui64Identifier(const MacAddress& mac);

}  // namespace l3sync
