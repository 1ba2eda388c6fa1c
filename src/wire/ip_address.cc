#include "wire/ip_address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstdio>

namespace l3sync {

namespace {

constexpr size_t kV4Bytes = 4;
constexpr size_t kV6Bytes = 16;

}  // namespace

std::string MacAddress::ToString() const {
  std::array<char, sizeof("00:00:00:00:00:00")> text{};
  static_cast<void>(std::snprintf(text.data(), text.size(), "%02x:%02x:%02x:%02x:%02x:%02x",
                                  bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5]));
  return text.data();
}

IpAddress IpAddress::FromBytes(ByteSpan bytes) {
  IpAddress address;
  if (bytes.size() == kV4Bytes) {
    address.family_ = Family::kV4;
  } else if (bytes.size() == kV6Bytes) {
    address.family_ = Family::kV6;
  } else {
    return address;
  }
  std::copy(bytes.begin(), bytes.end(), address.bytes_.begin());
  return address;
}

std::optional<IpAddress> IpAddress::Parse(std::string_view text) {
  // inet_pton() ends at the first NUL: text behind one would be let through unread.
  if (text.size() >= INET6_ADDRSTRLEN || text.find('\0') != std::string_view::npos) {
    return std::nullopt;
  }
  const std::string terminated(text);
  std::array<uint8_t, kV6Bytes> bytes{};
  if (inet_pton(AF_INET6, terminated.c_str(), bytes.data()) == 1) {
    return V6(bytes);
  }
  if (inet_pton(AF_INET, terminated.c_str(), bytes.data()) == 1) {
    return FromBytes(ByteSpan(bytes).first(kV4Bytes));
  }
  return std::nullopt;
}

ByteSpan IpAddress::bytes() const {
  return ByteSpan(bytes_).first(static_cast<size_t>(bit_length()) / 8);
}

uint32_t IpAddress::v4() const {
  uint32_t value = 0;
  if (is_v4()) {
    for (const uint8_t byte : bytes()) {
      value = (value << 8) | byte;
    }
  }
  return value;
}

int IpAddress::bit_length() const {
  switch (family_) {
    case Family::kV4:
      return 32;
    case Family::kV6:
      return 128;
    case Family::kNone:
      break;
  }
  return 0;
}

bool IpAddress::is_unspecified() const {
  return has_value() && std::all_of(bytes_.begin(), bytes_.end(), [](uint8_t b) { return b == 0; });
}

bool IpAddress::is_loopback() const {
  if (is_v6()) {
    return std::all_of(bytes_.begin(), bytes_.end() - 1, [](uint8_t b) { return b == 0; }) &&
           bytes_.back() == 1;
  }
  return is_v4() && bytes_[0] == 127;
}

bool IpAddress::is_multicast() const {
  return is_v6() ? bytes_[0] == 0xff : is_v4() && (bytes_[0] & 0xf0) == 0xe0;
}

bool IpAddress::is_link_local() const {
  return is_v6() ? bytes_[0] == 0xfe && (bytes_[1] & 0xc0) == 0x80
                 : is_v4() && bytes_[0] == 169 && bytes_[1] == 254;
}

bool IpAddress::is_v4_mapped() const {
  return is_v6() &&
         std::all_of(bytes_.begin(), bytes_.begin() + 10, [](uint8_t b) { return b == 0; }) &&
         bytes_[10] == 0xff && bytes_[11] == 0xff;
}

bool IpAddress::is_limited_broadcast() const { return is_v4() && v4() == 0xffffffff; }

std::array<uint8_t, 8> IpAddress::interface_identifier() const {
  std::array<uint8_t, 8> identifier{};
  if (is_v6()) {
    std::copy(bytes_.begin() + 8, bytes_.end(), identifier.begin());
  }
  return identifier;
}

std::string IpAddress::ToString() const {
  if (!has_value()) {
    return "none";
  }
  // glibc writes the form of RFC 5952: lower case, the first longest run of two or more zero groups
  // shortened.
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(is_v6() ? AF_INET6 : AF_INET, bytes_.data(), text.data(), text.size());
  return text.data();
}

IpPrefix IpPrefix::Masked() const {
  std::array<uint8_t, kV6Bytes> masked{};
  const ByteSpan bytes = address.bytes();
  std::copy(bytes.begin(), bytes.end(), masked.begin());
  for (size_t i = 0; i < bytes.size(); ++i) {
    const size_t kept_bits = std::clamp<size_t>(length, 8 * i, 8 * i + 8) - 8 * i;
    masked[i] &= static_cast<uint8_t>(0xff00U >> kept_bits);
  }
  return {.address = IpAddress::FromBytes(ByteSpan(masked).first(bytes.size())), .length = length};
}

bool IpPrefix::Contains(const IpAddress& other) const {
  if (!address.has_value() || address.bit_length() != other.bit_length()) {
    return false;
  }
  return Masked().address == IpPrefix{.address = other, .length = length}.Masked().address;
}

std::optional<IpPrefix> IpPrefix::Parse(std::string_view text) {
  const size_t slash = text.find('/');
  const std::optional<IpAddress> address = IpAddress::Parse(text.substr(0, slash));
  if (!address) {
    return std::nullopt;
  }
  IpPrefix prefix{.address = *address, .length = static_cast<uint8_t>(address->bit_length())};
  if (slash == std::string_view::npos) {
    return prefix;
  }
  const std::string_view digits = text.substr(slash + 1);
  if (digits.size() > 1 && digits.front() == '0') {
    return std::nullopt;  // one way to write a length
  }
  unsigned length = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, length);
  if (error != std::errc() || stop != end || length > prefix.length) {
    return std::nullopt;
  }
  prefix.length = static_cast<uint8_t>(length);
  return prefix;
}

std::string IpPrefix::ToString() const { return address.ToString() + "/" + std::to_string(length); }

IpAddress CombineWithIdentifier(const IpPrefix& prefix, const std::array<uint8_t, 8>& identifier) {
  if (!prefix.address.is_v6() || prefix.length != 64) {
    return IpAddress();
  }
  std::array<uint8_t, kV6Bytes> bytes{};
  const ByteSpan network = prefix.address.bytes().first(8);
  std::copy(network.begin(), network.end(), bytes.begin());
  std::copy(identifier.begin(), identifier.end(), bytes.begin() + 8);
  return IpAddress::V6(bytes);
}

std::array<uint8_t, 8> Eui64Identifier(const MacAddress& mac) {
  const auto& m = mac.bytes;
  // The universal/local bit is inverted, so that a hand-made identifier may be written ::1.
  return {static_cast<uint8_t>(m[0] ^ 0x02), m[1], m[2], 0xff, 0xfe, m[3], m[4], m[5]};
}

}  // namespace l3sync
