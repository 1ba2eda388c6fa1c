#include "wire/dhcp4.h"

#include "wire/byte_reader.h"
#include "wire/dhcp4_options.h"

namespace l3sync {

namespace {

constexpr uint8_t kBootRequest = 1;
constexpr uint8_t kBootReply = 2;
constexpr uint8_t kEthernet = 1;
constexpr size_t kSnameBytes = 64;
constexpr size_t kFileBytes = 128;
constexpr uint32_t kMagicCookie = 0x63825363;  // RFC 2131 §3

// RFC 2131 §2, figure 1.
bool ReadFixedFields(ByteReader* reader, Dhcp4Message* message, Dhcp4OptionFields* fields) {
  return reader->ReadU8(&message->op) && reader->ReadU8(&message->hardware_type) &&
         reader->ReadU8(&message->hardware_length) && reader->ReadU8(&message->hops) &&
         reader->ReadU32(&message->xid) && reader->ReadU16(&message->secs) &&
         reader->ReadU16(&message->flags) && reader->ReadIpv4(&message->ciaddr) &&
         reader->ReadIpv4(&message->yiaddr) && reader->ReadIpv4(&message->siaddr) &&
         reader->ReadIpv4(&message->giaddr) && reader->ReadArray(&message->chaddr) &&
         reader->ReadSpan(kSnameBytes, &fields->sname) &&
         reader->ReadSpan(kFileBytes, &fields->file);
}

}  // namespace

const char* Dhcp4TypeName(Dhcp4Type type) {
  switch (type) {
    case Dhcp4Type::kDiscover:
      return "DISCOVER";
    case Dhcp4Type::kOffer:
      return "OFFER";
    case Dhcp4Type::kRequest:
      return "REQUEST";
    case Dhcp4Type::kDecline:
      return "DECLINE";
    case Dhcp4Type::kAck:
      return "ACK";
    case Dhcp4Type::kNak:
      return "NAK";
    case Dhcp4Type::kRelease:
      return "RELEASE";
    case Dhcp4Type::kInform:
      return "INFORM";
    case Dhcp4Type::kForceRenew:
      return "FORCERENEW";
  }
  return "unknown";  // not an enumerator
}

Parsed<Dhcp4Message> ParseDhcp4(ByteSpan udp_payload) {
  ByteReader reader(udp_payload);
  Dhcp4Message message;
  Dhcp4OptionFields fields;
  uint32_t cookie = 0;
  if (!ReadFixedFields(&reader, &message, &fields) || !reader.ReadU32(&cookie)) {
    return DropReason::kTruncatedDhcp4;
  }
  if (message.op != kBootRequest && message.op != kBootReply) {
    return DropReason::kBadDhcp4Op;
  }
  if (message.hardware_type != kEthernet) {
    return DropReason::kBadHardwareType;
  }
  if (message.hardware_length > message.chaddr.size()) {
    return DropReason::kBadHardwareLength;
  }
  if (cookie != kMagicCookie) {
    return DropReason::kBadMagicCookie;
  }
  fields.options = reader.TakeRest();
  Dhcp4Options options;
  if (const auto reason = CollectDhcp4Options(fields, &options)) {
    return *reason;
  }
  if (const auto reason = JudgeDhcp4Options(options, &message)) {
    return *reason;
  }
  return message;
}

}  // namespace l3sync
