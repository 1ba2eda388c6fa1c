#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/fuzz/slow_bytes.h"
#include "tests/fuzz/slow_parser.h"

namespace l3sync::slow {
namespace {

constexpr uint64_t kRouterSolicitation = 133, kRouterAdvertisement = 134,
                   kNeighbourSolicitation = 135, kNeighbourAdvertisement = 136;
constexpr uint64_t kSourceLinkLayer = 1, kTargetLinkLayer = 2, kPrefix = 3, kMtu = 5, kNonce = 14,
                   kResolvers = 25;

struct Option {
  uint64_t type;
  Bytes value;  // without type and length
};

// RFC 4861 §4.6: lengths count eight bytes, and none is 0.
std::vector<Option> ReadOptions(const Bytes& field) {
  std::vector<Option> options;
  size_t at = 0;
  while (at < field.size()) {
    const size_t length = Number(field, at + 1, 1) * 8;
    Require(length > 0, "an option of length 0");
    const Bytes option = Cut(field, at, length);
    options.push_back({Number(option, 0, 1), Behind(option, 2)});
    at += length;
  }
  return options;
}

bool IsGroup(const Bytes& address) { return Number(address, 0, 1) == 0xff; }
bool IsUnspecified(const Bytes& address) { return address == Bytes(16, 0); }
// ff02::1:ff00:0/104 (RFC 4291 §2.7.1).
bool IsSolicitedNode(const Bytes& address) {
  return Hex(address).starts_with("ff0200000000000000000001ff");
}
// fe80::/10.
bool IsLinkLocal(const Bytes& address) { return Number(address, 0, 2) / 64 == 0xfe80 / 64; }

// Option types that a message of this type may carry; any other is ignored (§6.1, §7.1; RFC 8106;
// the nonce, RFC 3971 §5.3, in all of them).
bool MayCarry(uint64_t type, uint64_t option) {
  const std::map<uint64_t, std::vector<uint64_t>> table = {
      {kRouterSolicitation, {kSourceLinkLayer, kNonce}},
      {kRouterAdvertisement, {kSourceLinkLayer, kPrefix, kMtu, kNonce, kResolvers}},
      {kNeighbourSolicitation, {kSourceLinkLayer, kNonce}},
      {kNeighbourAdvertisement, {kTargetLinkLayer, kNonce}},
  };
  const std::vector<uint64_t>& allowed = table.at(type);
  return std::find(allowed.begin(), allowed.end(), option) != allowed.end();
}

// §4.6.2: the bits behind the length mean nothing.
Bytes PrefixWithoutHost(const Bytes& value) {
  Bytes prefix = Cut(value, 14, 16);
  for (uint64_t bit = Number(value, 0, 1); bit < 128; ++bit) {
    prefix[bit / 8] = static_cast<uint8_t>(prefix[bit / 8] & ~(0x80U >> (bit % 8)));
  }
  return prefix;
}

// §4.6.2; nobody forms an address of a link-local prefix (RFC 4862 §5.5.3 b) or of a group's.
bool IsUsablePrefix(const Bytes& value) {
  return value.size() == 30 && Number(value, 0, 1) <= 128 && !IsGroup(PrefixWithoutHost(value)) &&
         !IsLinkLocal(PrefixWithoutHost(value));
}

// L and A are the two high bits of the flags.
std::string PrefixText(const Bytes& value) {
  const uint64_t flags = Number(value, 1, 1);
  return Hex(PrefixWithoutHost(value)) + "/" + std::to_string(Number(value, 0, 1)) + " L" +
         std::to_string(flags / 128) + " A" + std::to_string(flags / 64 % 2) + " valid " +
         std::to_string(Number(value, 2, 4)) + " preferred " + std::to_string(Number(value, 6, 4));
}

struct Lists {
  std::vector<std::string> prefixes, resolvers;
};

// Of what stands once in a message the first that is as its RFC says.
void SetOnce(const std::string& name, const std::string& value, Description* out) {
  if ((*out)[name].empty()) {
    (*out)[name] = value;
  }
}

void ReadOption(const Option& option, Lists* lists, Description* out) {
  const Bytes& value = option.value;
  switch (option.type) {
    case kSourceLinkLayer:
    case kTargetLinkLayer:
      if (value.size() == 6) {
        SetOnce(option.type == kSourceLinkLayer ? "source MAC option" : "target MAC option",
                Hex(value), out);
      }
      return;
    case kNonce:  // at least six bytes, and every option has them
      if (value.size() <= 62) {
        SetOnce("nonce", Hex(value), out);
      }
      return;
    case kMtu:
      if (value.size() == 6) {
        SetOnce("MTU", std::to_string(Number(value, 2, 4)), out);
      }
      return;
    case kPrefix:
      if (IsUsablePrefix(value)) {
        lists->prefixes.push_back(PrefixText(value));
      }
      return;
    case kResolvers:  // RFC 8106 §5.1: reserved, lifetime, then one address or more
      if (value.size() >= 22 && value.size() % 16 == 6) {
        for (size_t at = 6; at < value.size(); at += 16) {
          lists->resolvers.push_back(Hex(Cut(value, at, 16)));
        }
      }
      return;
    default:
      return;
  }
}

// At most `limit` of them.
std::string Join(const std::vector<std::string>& members, size_t limit) {
  std::string list;
  for (size_t i = 0; i < members.size() && i < limit; ++i) {
    Add(members[i], &list);
  }
  return list;
}

// §4.2, behind the checksum.
void ReadAdvertisement(const Bytes& icmp6, Description* out) {
  const uint64_t flags = Number(icmp6, 5, 1);
  (*out)["current hop limit"] = std::to_string(Number(icmp6, 4, 1));
  (*out)["M"] = std::to_string(flags / 128);
  (*out)["O"] = std::to_string(flags / 64 % 2);
  (*out)["router lifetime"] = std::to_string(Number(icmp6, 6, 2));
  (*out)["reachable time"] = std::to_string(Number(icmp6, 8, 4));
  (*out)["retransmit time"] = std::to_string(Number(icmp6, 12, 4));
}

// Rules N1 to N3 (§6.1.1, §6.1.2, §7.1.1, §7.1.2), but for length and options.
void Judge(uint64_t type, const Bytes& icmp6, const Envelope& envelope) {
  Require(type >= kRouterSolicitation && type <= kNeighbourAdvertisement, "not ND");
  Require(envelope.hop_limit == 255, "hop limit");
  Require(Number(icmp6, 1, 1) == 0, "code");
  if (type == kRouterAdvertisement) {
    Require(IsLinkLocal(envelope.source), "an RA that is not from a link-local address");
    Require(envelope.extension_headers == 0, "an RA behind extension headers");
  }
  if (type == kNeighbourSolicitation || type == kNeighbourAdvertisement) {
    Require(!IsGroup(Cut(icmp6, 8, 16)), "a group as target");
  }
  if (type == kNeighbourSolicitation && IsUnspecified(envelope.source)) {
    Require(IsSolicitedNode(envelope.destination), "an NS from :: to others");
  }
  if (type == kNeighbourAdvertisement && IsGroup(envelope.destination)) {
    Require(Number(icmp6, 4, 1) / 64 % 2 == 0, "a solicited NA to a group");
  }
}

}  // namespace

void ReadNd(const Bytes& icmp6, const Envelope& envelope, Description* out) {
  const uint64_t type = Number(icmp6, 0, 1);
  Judge(type, icmp6, envelope);
  (*out)["kind"] = "ND";
  (*out)["type"] = std::to_string(type);
  const std::map<uint64_t, size_t> fixed_length = {{kRouterSolicitation, 8},
                                                   {kRouterAdvertisement, 16},
                                                   {kNeighbourSolicitation, 24},
                                                   {kNeighbourAdvertisement, 24}};
  const std::vector<Option> options = ReadOptions(Behind(icmp6, fixed_length.at(type)));
  if (type == kRouterAdvertisement) {
    ReadAdvertisement(icmp6, out);
  }
  if (type == kNeighbourSolicitation || type == kNeighbourAdvertisement) {
    (*out)["target"] = Hex(Cut(icmp6, 8, 16));
  }
  if (type == kNeighbourAdvertisement) {
    const uint64_t flags = Number(icmp6, 4, 1);
    (*out)["R"] = std::to_string(flags / 128);
    (*out)["S"] = std::to_string(flags / 64 % 2);
    (*out)["Override"] = std::to_string(flags / 32 % 2);
  }
  Lists lists;
  for (const Option& option : options) {
    const bool asks = type == kRouterSolicitation || type == kNeighbourSolicitation;
    Require(!asks || option.type != kSourceLinkLayer || !IsUnspecified(envelope.source),
            "from :: with a link-layer address");
    if (MayCarry(type, option.type)) {
      ReadOption(option, &lists, out);
    }
  }
  (*out)["prefixes"] = Join(lists.prefixes, 32);
  (*out)["resolvers"] = Join(lists.resolvers, 8);
  (*out)["truncated"] = std::to_string(int{lists.prefixes.size() > 32});
}

}  // namespace l3sync::slow
