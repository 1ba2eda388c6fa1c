#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "tests/fuzz/slow_bytes.h"
#include "tests/fuzz/slow_parser.h"

namespace l3sync::slow {
namespace {

// The value of each code, its pieces joined (RFC 3396 §5).
using Options = std::map<uint64_t, Bytes>;

// RFC 2132 §3, rule P4-2. Returns whether an END was there; a missing one is tolerated.
bool ReadOptions(const Bytes& field, Options* options) {
  size_t at = 0;
  while (at < field.size()) {
    const uint64_t code = Number(field, at, 1);
    ++at;
    if (code == 255) {
      return true;
    }
    if (code == 0) {
      continue;
    }
    const size_t length = Number(field, at, 1);
    const Bytes piece = Cut(field, at + 1, length);
    Bytes& value = (*options)[code];
    value.insert(value.end(), piece.begin(), piece.end());
    at += 1 + length;
  }
  return false;
}

// The text of an option of `length` bytes; empty if it is absent.
std::string Exactly(size_t length, const Options& options, uint64_t code) {
  if (!options.contains(code)) {
    return "";
  }
  Require(options.at(code).size() == length, "length of an option");
  return Hex(options.at(code));
}

// The same for an option that only adds to what is learned: with another length it is as good as
// absent (RFC 8925 §3.1 demands that for 108; rule P4-4 names the ones that are malformed).
std::string IfExactly(size_t length, const Options& options, uint64_t code) {
  return options.contains(code) && options.at(code).size() == length ? Hex(options.at(code)) : "";
}

// RFC 2132 §3.5, §3.8: four bytes each. l3sync keeps eight.
std::string Addresses(const Options& options, uint64_t code) {
  const Bytes value = options.contains(code) ? options.at(code) : Bytes();
  if (value.size() % 4 != 0) {
    return "";
  }
  std::string list;
  for (size_t i = 0; i < 8 && i * 4 < value.size(); ++i) {
    Add(Hex(Cut(value, i * 4, 4)), &list);
  }
  return list;
}

// RFC 2131 §4.1, RFC 2132 §9.3, rule P4-3: the options field, then file, then sname; only the
// options field can open the other two. Returns what option 52 says.
uint64_t ReadAllOptions(const Bytes& message, Options* options, Description* out) {
  (*out)["END"] = std::to_string(int{ReadOptions(Behind(message, 240), options)});
  const std::string overload_text = Exactly(1, *options, 52);
  if (overload_text.empty()) {
    return 0;
  }
  const uint64_t overload = Number(options->at(52), 0, 1);
  Require(overload >= 1 && overload <= 3, "overload");
  if (overload == 1 || overload == 3) {
    ReadOptions(Cut(message, 108, 128), options);
  }
  if (overload == 2 || overload == 3) {
    ReadOptions(Cut(message, 44, 64), options);
  }
  return overload;
}

void ReadFixedFields(const Bytes& message, Description* out) {
  const uint64_t op = Number(message, 0, 1);
  const uint64_t hardware_length = Number(message, 2, 1);
  Require(op == 1 || op == 2, "op");
  Require(Number(message, 1, 1) == 1, "not of Ethernet");
  Require(hardware_length <= 16, "hlen");
  Require(Number(message, 236, 4) == 0x63825363, "magic cookie");
  (*out)["kind"] = "DHCPv4";
  (*out)["op"] = std::to_string(op);
  (*out)["hlen"] = std::to_string(hardware_length);
  (*out)["hops"] = std::to_string(Number(message, 3, 1));
  (*out)["xid"] = std::to_string(Number(message, 4, 4));
  (*out)["secs"] = std::to_string(Number(message, 8, 2));
  (*out)["flags"] = std::to_string(Number(message, 10, 2));
  (*out)["ciaddr"] = Hex(Cut(message, 12, 4));
  (*out)["yiaddr"] = Hex(Cut(message, 16, 4));
  (*out)["siaddr"] = Hex(Cut(message, 20, 4));
  (*out)["giaddr"] = Hex(Cut(message, 24, 4));
  (*out)["chaddr"] = Hex(Cut(message, 28, 16));
}

}  // namespace

// RFC 2131 §2; rules P4-1 to P4-6.
void ReadDhcp4(const Bytes& message, Description* out) {
  ReadFixedFields(message, out);
  Options options;
  (*out)["overload"] = std::to_string(ReadAllOptions(message, &options, out));

  Require(options.contains(53), "no message type");
  Exactly(1, options, 53);
  const uint64_t type = Number(options.at(53), 0, 1);
  Require(type >= 1 && type <= 9, "message type");
  (*out)["type"] = std::to_string(type);

  (*out)["subnet mask"] = IfExactly(4, options, 1);
  (*out)["requested address"] = Exactly(4, options, 50);
  (*out)["lease time"] = Exactly(4, options, 51);
  (*out)["server identifier"] = Exactly(4, options, 54);
  (*out)["renewal time"] = Exactly(4, options, 58);
  (*out)["rebinding time"] = Exactly(4, options, 59);
  (*out)["IPv6-only wait"] = IfExactly(4, options, 108);
  (*out)["routers"] = Addresses(options, 3);
  (*out)["resolvers"] = Addresses(options, 6);

  // RFC 4039 §4: it has no bytes.
  const bool rapid_commit = options.contains(80) && options.at(80).empty();
  (*out)["rapid commit"] = std::to_string(int{rapid_commit});

  // RFC 2132 §9.14: two bytes or more; the length octet of one option is the upper limit.
  const Bytes identifier = options.contains(61) ? options.at(61) : Bytes();
  Require(!options.contains(61) || (identifier.size() >= 2 && identifier.size() <= 255),
          "length of the client identifier");
  (*out)["client identifier"] = Hex(identifier);
}

}  // namespace l3sync::slow
