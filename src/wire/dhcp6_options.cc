#include "wire/dhcp6_options.h"

#include <limits>
#include <utility>

#include "wire/byte_reader.h"
#include "wire/tlv.h"

namespace l3sync {

namespace {

// RFC 8415 §21, RFC 3646 §3.
constexpr uint16_t kClientIdentifier = 1;
constexpr uint16_t kServerIdentifier = 2;
constexpr uint16_t kIaNa = 3;
constexpr uint16_t kIaTa = 4;
constexpr uint16_t kIaAddress = 5;
constexpr uint16_t kStatusCode = 13;
constexpr uint16_t kRapidCommit = 14;
constexpr uint16_t kResolvers = 23;
constexpr uint16_t kIaPd = 25;
constexpr uint16_t kIaPrefix = 26;

using Verdict = std::optional<DropReason>;  // nullopt: could be read

// §21.13: the code; a text follows.
Verdict ReadStatus(ByteSpan value, uint16_t* status) {
  ByteReader reader(value);
  uint16_t code = 0;
  if (!reader.ReadU16(&code)) {
    return DropReason::kBadOptionLength;
  }
  if (*status == static_cast<uint16_t>(Dhcp6Status::kSuccess)) {
    *status = code;
  }
  return std::nullopt;
}

// Options in which nothing but a status is read.
Verdict ReadStatusAmong(ByteSpan field, uint16_t* status) {
  TlvReader options(field, TlvStyle::kDhcp6);
  while (options.Next()) {
    if (options.type() != kStatusCode) {
      continue;
    }
    if (const auto reason = ReadStatus(options.value(), status)) {
      return reason;
    }
  }
  return options.error();
}

// §21.6.
Verdict ReadAddress(ByteSpan value, Dhcp6Address* out) {
  ByteReader reader(value);
  if (!reader.ReadIpv6(&out->address) || !reader.ReadU32(&out->preferred_sec) ||
      !reader.ReadU32(&out->valid_sec)) {
    return DropReason::kBadOptionLength;
  }
  return ReadStatusAmong(reader.TakeRest(), &out->status);
}

// §21.21, §21.22: delegated prefixes are never assigned; only the lengths are looked at, and
// whether there is a prefix that is valid.
Verdict CheckDelegation(ByteSpan value, bool* has_prefix) {
  constexpr size_t kFixed = 12;       // IAID, T1, T2
  constexpr size_t kPreferred = 4;    // lifetime
  constexpr size_t kPrefixRest = 17;  // length, prefix
  uint32_t valid_sec = 0;
  uint16_t status = 0;
  ByteReader reader(value);
  if (!reader.Skip(kFixed)) {
    return DropReason::kBadOptionLength;
  }
  const ByteSpan field = reader.TakeRest();
  if (const auto reason = ReadStatusAmong(field, &status)) {
    return reason;
  }
  TlvReader options(field, TlvStyle::kDhcp6);
  while (options.Next()) {
    ByteReader prefix(options.value());
    if (options.type() != kIaPrefix) {
      continue;
    }
    if (!prefix.Skip(kPreferred) || !prefix.ReadU32(&valid_sec) || !prefix.Skip(kPrefixRest)) {
      return DropReason::kBadOptionLength;
    }
    *has_prefix = *has_prefix || valid_sec != 0;
    if (const auto reason = ReadStatusAmong(prefix.TakeRest(), &status)) {
      return reason;
    }
  }
  return std::nullopt;
}

Verdict ReadIdentifier(ByteSpan value, Duid* out) {
  if (value.size() < kMinDuid || value.size() > kMaxDuid) {
    return DropReason::kBadDuidLength;
  }
  if (out->empty()) {
    out->assign(value.begin(), value.end());
  }
  return std::nullopt;
}

bool IsRegistration(Dhcp6Type type) {
  return type == Dhcp6Type::kAddressRegistrationInform ||
         type == Dhcp6Type::kAddressRegistrationReply;
}

// Whose lifetimes mean something: a server ignores those of the clients' other messages (§21.4,
// §21.6), which release and decline addresses all the same.
bool HasLifetimes(Dhcp6Type type) {
  return type == Dhcp6Type::kAdvertise || type == Dhcp6Type::kReply ||
         type == Dhcp6Type::kReconfigure || IsRegistration(type);
}

// The options of one message, into it; counts the addresses of all its associations.
class MessageReader {
 public:
  explicit MessageReader(Dhcp6Message* message)
      : message_(message), judges_lifetimes_(HasLifetimes(message->type)) {}

  Verdict Read(ByteSpan field) {
    TlvReader options(field, TlvStyle::kDhcp6);
    while (options.Next()) {
      if (const auto reason = ReadOption(options.type(), options.value())) {
        return reason;
      }
    }
    return options.error();
  }

 private:
  Verdict ReadOption(uint16_t code, ByteSpan value) {
    switch (code) {
      case kClientIdentifier:
        return ReadIdentifier(value, &message_->client_identifier);
      case kServerIdentifier:
        return ReadIdentifier(value, &message_->server_identifier);
      case kIaNa:
      case kIaTa:
        return ReadAssociation(value, /*temporary=*/code == kIaTa);
      case kIaAddress:
        return IsRegistration(message_->type) ? AddAddress(value, &message_->registered)
                                              : std::nullopt;
      case kStatusCode:
        return ReadStatus(value, &message_->status);
      case kRapidCommit:
        // It has no bytes (§21.14); with some it is as good as absent, as are resolvers of a wrong
        // length: both only add to what is learned.
        message_->rapid_commit = message_->rapid_commit || value.empty();
        return std::nullopt;
      case kResolvers:
        ReadResolvers(value);
        return std::nullopt;
      case kIaPd:
        return AddDelegation(value);
      default:
        return std::nullopt;  // not one that l3sync decides by
    }
  }

  // §21.4, §21.5. An association or a relay's message inside is not looked for: neither belongs
  // there.
  Verdict ReadAssociation(ByteSpan value, bool temporary) {
    Dhcp6Association association;
    association.temporary = temporary;
    ByteReader reader(value);
    if (!reader.ReadU32(&association.iaid) ||
        (!temporary &&
         (!reader.ReadU32(&association.t1_sec) || !reader.ReadU32(&association.t2_sec)))) {
      return DropReason::kBadOptionLength;
    }
    const bool usable =
        !judges_lifetimes_ || association.t2_sec == 0 || association.t1_sec <= association.t2_sec;
    const bool kept = usable && HasRoomForAssociation();
    TlvReader options(reader.TakeRest(), TlvStyle::kDhcp6);
    while (options.Next()) {
      Verdict reason;
      if (options.type() == kStatusCode) {
        reason = ReadStatus(options.value(), &association.status);
      } else if (options.type() == kIaAddress) {
        reason = kept ? AddAddress(options.value(), &association.addresses)
                      : CheckAddress(options.value());
      }
      if (reason) {
        return reason;
      }
    }
    if (kept) {
      message_->associations.push_back(std::move(association));
    }
    return options.error();
  }

  bool HasRoomForAssociation() {
    const bool room = message_->associations.size() < kMaxDhcp6Associations;
    message_->truncated = message_->truncated || !room;
    return room;
  }

  static Verdict CheckAddress(ByteSpan value) {
    Dhcp6Address unused;
    return ReadAddress(value, &unused);
  }

  template <typename List>
  Verdict AddAddress(ByteSpan value, List* list) {
    Dhcp6Address address;
    if (const auto reason = ReadAddress(value, &address)) {
      return reason;
    }
    if (judges_lifetimes_ && address.preferred_sec > address.valid_sec) {
      return std::nullopt;
    }
    if (addresses_ == kMaxDhcp6Addresses) {
      message_->truncated = true;
      return std::nullopt;
    }
    ++addresses_;
    list->push_back(address);
    return std::nullopt;
  }

  Verdict AddDelegation(ByteSpan value) {
    if (message_->delegations < std::numeric_limits<uint8_t>::max()) {
      ++message_->delegations;
    }
    return CheckDelegation(value, &message_->delegates);
  }

  void ReadResolvers(ByteSpan value) {
    constexpr size_t kAddressBytes = 16;
    if (value.size() % kAddressBytes != 0) {
      return;
    }
    ByteReader reader(value);
    IpAddress resolver;
    while (reader.ReadIpv6(&resolver)) {
      if (message_->resolvers.size() == kMaxDhcp6Resolvers) {
        message_->truncated = true;
        return;
      }
      message_->resolvers.push_back(resolver);
    }
  }

  Dhcp6Message* const message_;  // not owned
  const bool judges_lifetimes_;
  size_t addresses_ = 0;  // ≤ kMaxDhcp6Addresses
};

}  // namespace

std::optional<DropReason> ReadDhcp6Options(ByteSpan field, Dhcp6Message* message) {
  return MessageReader(message).Read(field);
}

}  // namespace l3sync
