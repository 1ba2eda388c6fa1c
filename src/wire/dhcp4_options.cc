#include "wire/dhcp4_options.h"

#include "wire/byte_reader.h"
#include "wire/tlv.h"

namespace l3sync {

namespace {

// Option 52 (RFC 2132 §9.3): a bit for each field that holds options.
constexpr uint8_t kOverloadFile = 1;
constexpr uint8_t kOverloadSname = 2;

void Collect(uint16_t code, ByteSpan value, Dhcp4Options* out) {
  switch (code) {
    case 1:
      return out->subnet_mask.Append(value);
    case 3:
      return out->routers.Append(value);
    case 6:
      return out->resolvers.Append(value);
    case 50:
      return out->requested_address.Append(value);
    case 51:
      return out->lease_time.Append(value);
    case 53:
      return out->message_type.Append(value);
    case 54:
      return out->server_identifier.Append(value);
    case 58:
      return out->renewal_time.Append(value);
    case 59:
      return out->rebinding_time.Append(value);
    case 61:
      return out->client_identifier.Append(value);
    case 80:
      return out->rapid_commit.Append(value);
    case 108:
      return out->v6only_wait.Append(value);
    default:
      return;  // not one that l3sync decides by
  }
}

// Option 52 is skipped here: inside file or sname it must not open them once more (CVE-2014-6060).
std::optional<DropReason> CollectOverloaded(ByteSpan field, Dhcp4Options* out) {
  TlvReader reader(field, TlvStyle::kDhcp4);
  while (reader.Next()) {
    Collect(reader.type(), reader.value(), out);
  }
  return reader.error();
}

// Options that decide what is learned: a wrong length makes the whole message malformed (rule
// P4-4).
bool HasStrictLengths(const Dhcp4Options& options) {
  for (const auto* option :
       {&options.requested_address, &options.lease_time, &options.server_identifier,
        &options.renewal_time, &options.rebinding_time}) {
    if (option->present() && option->total() != 4) {
      return false;
    }
  }
  // RFC 2132 §9.14: type and at least one octet. Above the maximum two identifiers could not be
  // told apart.
  const auto& client = options.client_identifier;
  return !client.present() || (client.total() >= 2 && client.total() <= kMaxClientIdentifier);
}

std::optional<uint32_t> ToSeconds(const JoinedOption<4>& option) {
  ByteReader reader(option.bytes());
  uint32_t seconds = 0;
  if (option.total() != 4 || !reader.ReadU32(&seconds)) {
    return std::nullopt;
  }
  return seconds;
}

IpAddress ToAddress(const JoinedOption<4>& option) {
  return option.total() == 4 ? IpAddress::FromBytes(option.bytes()) : IpAddress();
}

absl::InlinedVector<IpAddress, 2> ToAddresses(const JoinedOption<4 * kMaxDhcp4Addresses>& option) {
  absl::InlinedVector<IpAddress, 2> addresses;
  if (option.total() % 4 != 0) {
    return addresses;
  }
  ByteReader reader(option.bytes());
  IpAddress address;
  while (reader.ReadIpv4(&address)) {
    addresses.push_back(address);
  }
  return addresses;
}

}  // namespace

std::optional<DropReason> CollectDhcp4Options(const Dhcp4OptionFields& fields, Dhcp4Options* out) {
  TlvReader reader(fields.options, TlvStyle::kDhcp4);
  while (reader.Next()) {
    if (reader.type() == 52) {
      out->overload.Append(reader.value());
    } else {
      Collect(reader.type(), reader.value(), out);
    }
  }
  if (reader.error()) {
    return reader.error();
  }
  out->end_seen = reader.end_seen();
  if (!out->overload.present()) {
    return std::nullopt;
  }
  if (out->overload.total() != 1) {
    return DropReason::kBadOptionLength;
  }
  const uint8_t overload = out->overload.bytes().front();
  if (overload == 0 || overload > (kOverloadFile | kOverloadSname)) {
    return DropReason::kBadOptionValue;
  }
  if ((overload & kOverloadFile) != 0) {
    if (const auto reason = CollectOverloaded(fields.file, out)) {
      return reason;
    }
  }
  if ((overload & kOverloadSname) != 0) {
    return CollectOverloaded(fields.sname, out);
  }
  return std::nullopt;
}

std::optional<DropReason> JudgeDhcp4Options(const Dhcp4Options& options, Dhcp4Message* message) {
  if (!options.message_type.present()) {
    return DropReason::kMissingMessageType;
  }
  if (options.message_type.total() != 1 || !HasStrictLengths(options)) {
    return DropReason::kBadOptionLength;
  }
  const uint8_t type = options.message_type.bytes().front();
  if (type < static_cast<uint8_t>(Dhcp4Type::kDiscover) ||
      type > static_cast<uint8_t>(Dhcp4Type::kForceRenew)) {
    return DropReason::kUnknownMessageType;
  }
  message->type = static_cast<Dhcp4Type>(type);
  message->lease_time_sec = ToSeconds(options.lease_time);
  message->renewal_time_sec = ToSeconds(options.renewal_time);
  message->rebinding_time_sec = ToSeconds(options.rebinding_time);
  message->requested_address = ToAddress(options.requested_address);
  message->server_identifier = ToAddress(options.server_identifier);
  const ByteSpan client = options.client_identifier.bytes();
  message->client_identifier.assign(client.begin(), client.end());
  if (options.overload.present()) {
    message->overload = options.overload.bytes().front();
  }
  message->end_seen = options.end_seen;
  // The rest only adds to what is learned: with a wrong length the option is as good as absent. RFC
  // 8925 §3.1 demands that for 108; RFC 4039 §4 gives 80 no bytes.
  message->subnet_mask = ToAddress(options.subnet_mask);
  message->routers = ToAddresses(options.routers);
  message->resolvers = ToAddresses(options.resolvers);
  message->v6only_wait_sec = ToSeconds(options.v6only_wait);
  message->rapid_commit = options.rapid_commit.present() && options.rapid_commit.total() == 0;
  return std::nullopt;
}

}  // namespace l3sync
