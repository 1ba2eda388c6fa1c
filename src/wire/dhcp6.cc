#include "wire/dhcp6.h"

#include <optional>

#include "wire/byte_reader.h"
#include "wire/dhcp6_options.h"
#include "wire/tlv.h"

namespace l3sync {

namespace {

constexpr uint16_t kRelayMessageOption = 9;

bool IsRelay(uint8_t type) {
  return type == static_cast<uint8_t>(Dhcp6Type::kRelayForward) ||
         type == static_cast<uint8_t>(Dhcp6Type::kRelayReply);
}

// The types of RFC 8415 that are no relay's, and RFC 9686's. Others (leasequery) are between relays
// and servers.
bool IsKnown(uint8_t type) {
  return (type >= static_cast<uint8_t>(Dhcp6Type::kSolicit) &&
          type <= static_cast<uint8_t>(Dhcp6Type::kInformationRequest)) ||
         type == static_cast<uint8_t>(Dhcp6Type::kAddressRegistrationInform) ||
         type == static_cast<uint8_t>(Dhcp6Type::kAddressRegistrationReply);
}

// RFC 8415 §9: what stands in option 9 of the relay's message `bytes`.
Parsed<ByteSpan> UnwrapRelay(ByteSpan bytes) {
  constexpr size_t kFixed = 34;  // type, hop count, link and peer address
  ByteReader reader(bytes);
  if (!reader.Skip(kFixed)) {
    return DropReason::kTruncatedDhcp6;
  }
  std::optional<ByteSpan> inner;
  TlvReader options(reader.TakeRest(), TlvStyle::kDhcp6);
  while (options.Next()) {
    if (options.type() == kRelayMessageOption && !inner) {
      inner = options.value();
    }
  }
  if (options.error()) {
    return *options.error();
  }
  if (!inner) {
    return DropReason::kMissingRelayMessage;
  }
  return *inner;
}

// Rule P6-4: RFC 8415 §16.2 to §16.11, RFC 9686 §4.2.
std::optional<DropReason> JudgeIdentifiers(const Dhcp6Message& message) {
  bool needs_client = true;
  bool needs_server = true;
  switch (message.type) {
    case Dhcp6Type::kSolicit:
    case Dhcp6Type::kConfirm:
    case Dhcp6Type::kRebind:
    case Dhcp6Type::kAddressRegistrationInform:
      if (!message.server_identifier.empty()) {
        return DropReason::kUnexpectedServerIdentifier;
      }
      needs_server = false;
      break;
    case Dhcp6Type::kReply:  // to an Information-request it may be without
      needs_client = false;
      break;
    case Dhcp6Type::kInformationRequest:
    case Dhcp6Type::kAddressRegistrationReply:
      return std::nullopt;
    default:
      break;
  }
  if (needs_client && message.client_identifier.empty()) {
    return DropReason::kMissingClientIdentifier;
  }
  if (needs_server && message.server_identifier.empty()) {
    return DropReason::kMissingServerIdentifier;
  }
  return std::nullopt;
}

// RFC 8415 §8. `bytes` are no relay's message.
Parsed<Dhcp6Message> ParseInnermost(ByteSpan bytes, uint8_t relay_depth) {
  ByteReader reader(bytes);
  Dhcp6Message message;
  message.relay_depth = relay_depth;
  uint32_t type_and_xid = 0;
  if (!reader.ReadU32(&type_and_xid)) {
    return DropReason::kTruncatedDhcp6;
  }
  const auto type = static_cast<uint8_t>(type_and_xid >> 24);
  if (!IsKnown(type)) {
    return DropReason::kUnknownDhcp6Type;
  }
  message.type = static_cast<Dhcp6Type>(type);
  message.xid = type_and_xid & 0xffffff;
  if (const auto reason = ReadDhcp6Options(reader.TakeRest(), &message)) {
    return *reason;
  }
  if (const auto reason = JudgeIdentifiers(message)) {
    return *reason;
  }
  return message;
}

}  // namespace

const char* Dhcp6TypeName(Dhcp6Type type) {
  switch (type) {
    case Dhcp6Type::kSolicit:
      return "Solicit";
    case Dhcp6Type::kAdvertise:
      return "Advertise";
    case Dhcp6Type::kRequest:
      return "Request";
    case Dhcp6Type::kConfirm:
      return "Confirm";
    case Dhcp6Type::kRenew:
      return "Renew";
    case Dhcp6Type::kRebind:
      return "Rebind";
    case Dhcp6Type::kReply:
      return "Reply";
    case Dhcp6Type::kRelease:
      return "Release";
    case Dhcp6Type::kDecline:
      return "Decline";
    case Dhcp6Type::kReconfigure:
      return "Reconfigure";
    case Dhcp6Type::kInformationRequest:
      return "Information-request";
    case Dhcp6Type::kRelayForward:
      return "Relay-forward";
    case Dhcp6Type::kRelayReply:
      return "Relay-reply";
    case Dhcp6Type::kAddressRegistrationInform:
      return "ADDR-REG-INFORM";
    case Dhcp6Type::kAddressRegistrationReply:
      return "ADDR-REG-REPLY";
  }
  return "unknown";  // not an enumerator
}

Parsed<Dhcp6Message> ParseDhcp6(ByteSpan udp_payload) {
  ByteSpan bytes = udp_payload;
  uint8_t relay_depth = 0;
  while (!bytes.empty() && IsRelay(bytes.front())) {
    if (relay_depth == kMaxRelayDepth) {
      return DropReason::kRelayTooDeep;
    }
    const Parsed<ByteSpan> inner = UnwrapRelay(bytes);
    if (!inner.ok()) {
      return inner.drop_reason();
    }
    bytes = *inner;
    ++relay_depth;
  }
  return ParseInnermost(bytes, relay_depth);
}

}  // namespace l3sync
