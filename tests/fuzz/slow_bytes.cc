#include "tests/fuzz/slow_bytes.h"

#include <cstddef>
#include <cstdint>
#include <string>

namespace l3sync::slow {

void Require(bool holds, const char* why) {
  if (!holds) {
    throw Rejected{why};
  }
}

Bytes Cut(const Bytes& bytes, size_t from, size_t count) {
  Require(from <= bytes.size() && count <= bytes.size() - from, "too short");
  const auto begin = bytes.begin() + static_cast<std::ptrdiff_t>(from);
  return Bytes(begin, begin + static_cast<std::ptrdiff_t>(count));
}

Bytes Behind(const Bytes& bytes, size_t from) {
  Require(from <= bytes.size(), "too short");
  return Cut(bytes, from, bytes.size() - from);
}

uint64_t Number(const Bytes& bytes, size_t from, size_t count) {
  uint64_t number = 0;
  for (const uint8_t byte : Cut(bytes, from, count)) {
    number = number * 256 + byte;
  }
  return number;
}

std::string Hex(const Bytes& bytes) {
  const std::string digits = "0123456789abcdef";
  std::string text;
  for (const uint8_t byte : bytes) {
    text += digits[byte / 16];
    text += digits[byte % 16];
  }
  return text;
}

void Add(const std::string& member, std::string* list) {
  *list += (list->empty() ? "" : " ") + member;
}

}  // namespace l3sync::slow
