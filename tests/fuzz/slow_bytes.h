#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

// The second parser: the same bytes read once more, from the text of the RFCs and of docs/rules.md
// and not from src/wire, of which it shares no code. It is slow and plain on purpose: every piece
// is a copy, every count is a size_t, and what is wrong is thrown. Tests only.
namespace l3sync::slow {

using Bytes = std::vector<uint8_t>;

// A message as text: the name of a field, and its value. Bytes are hexadecimal, numbers decimal,
// lists have spaces between their members; a field that is absent is the empty text.
using Description = std::map<std::string, std::string>;

// Thrown: this is no message that l3sync may learn from.
struct Rejected {
  std::string why;
};

// `count` bytes from `from` on; Rejected if they are not all there.
Bytes Cut(const Bytes& bytes, size_t from, size_t count);
// All from `from` on; Rejected if there are not even so many.
Bytes Behind(const Bytes& bytes, size_t from);
// Big-endian, at most eight bytes.
uint64_t Number(const Bytes& bytes, size_t from, size_t count);
std::string Hex(const Bytes& bytes);
// Rejects unless `holds`.
void Require(bool holds, const char* why);
// `member` becomes the last of `list`.
void Add(const std::string& member, std::string* list);

}  // namespace l3sync::slow
