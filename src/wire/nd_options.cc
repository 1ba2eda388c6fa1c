#include "wire/nd_options.h"

#include <algorithm>

#include "wire/byte_reader.h"
#include "wire/tlv.h"

namespace l3sync {

namespace {

constexpr uint16_t kSourceLinkLayer = 1;
constexpr uint16_t kTargetLinkLayer = 2;
constexpr uint16_t kPrefixInformation = 3;
constexpr uint16_t kMtu = 5;
constexpr uint16_t kNonce = 14;
constexpr uint16_t kResolvers = 25;

void ReadLinkLayer(ByteSpan value, std::optional<MacAddress>* out) {
  ByteReader reader(value);
  MacAddress mac;
  // One unit is what Ethernet has (RFC 2464 §6); other media have other lengths.
  if (!out->has_value() && value.size() == mac.bytes.size() && reader.ReadMac(&mac)) {
    *out = mac;
  }
}

void ReadNonce(ByteSpan value, NdMessage* message) {
  if (message->nonce.empty() && value.size() <= kMaxNonce) {
    message->nonce.assign(value.begin(), value.end());
  }
}

// RFC 4861 §4.6.2. None if it cannot be used: another length than 4 units, a prefix length above
// 128, or a prefix that is multicast or link-local (§6.3.4, RFC 4862 §5.5.3 b).
std::optional<PrefixInformation> ReadPrefix(ByteSpan value) {
  constexpr size_t kValueBytes = 30;
  constexpr uint8_t kOnLink = 0x80;
  constexpr uint8_t kAutonomous = 0x40;
  ByteReader reader(value);
  PrefixInformation info;
  uint8_t flags = 0;
  if (value.size() != kValueBytes || !reader.ReadU8(&info.prefix.length) ||
      !reader.ReadU8(&flags) || !reader.ReadU32(&info.valid_sec) ||
      !reader.ReadU32(&info.preferred_sec) || !reader.Skip(4) ||
      !reader.ReadIpv6(&info.prefix.address) || info.prefix.length > 128) {
    return std::nullopt;
  }
  // Bits behind the length are the sender's rubbish, to be ignored (§4.6.2); cleared, equal
  // prefixes compare equal.
  info.prefix = info.prefix.Masked();
  if (info.prefix.address.is_multicast() || info.prefix.address.is_link_local()) {
    return std::nullopt;
  }
  info.on_link = (flags & kOnLink) != 0;
  info.autonomous = (flags & kAutonomous) != 0;
  return info;
}

void ReadPrefixInto(ByteSpan value, NdMessage* message) {
  const std::optional<PrefixInformation> info = ReadPrefix(value);
  if (!info) {
    return;
  }
  if (message->prefixes.size() == kMaxPrefixesPerAdvertisement) {
    message->truncated = true;
    return;
  }
  message->prefixes.push_back(*info);
}

void ReadMtu(ByteSpan value, NdMessage* message) {
  constexpr size_t kValueBytes = 6;
  ByteReader reader(value);
  uint32_t mtu = 0;
  if (!message->mtu && value.size() == kValueBytes && reader.Skip(2) && reader.ReadU32(&mtu)) {
    message->mtu = mtu;
  }
}

// RFC 8106 §5.1: reserved, lifetime, addresses. An even number of units has half an address
// (§5.3.1: ignored).
void ReadResolvers(ByteSpan value, NdMessage* message) {
  constexpr size_t kHeader = 6;
  ByteReader reader(value);
  if (!reader.Skip(kHeader) || reader.remaining() % 16 != 0) {
    return;
  }
  IpAddress resolver;
  while (message->resolvers.size() < kMaxResolversPerAdvertisement && reader.ReadIpv6(&resolver)) {
    message->resolvers.push_back(resolver);
  }
}

void ReadAdvertisementOption(uint16_t type, ByteSpan value, NdMessage* message) {
  switch (type) {
    case kSourceLinkLayer:
      return ReadLinkLayer(value, &message->source_link_layer);
    case kPrefixInformation:
      return ReadPrefixInto(value, message);
    case kMtu:
      return ReadMtu(value, message);
    case kNonce:
      return ReadNonce(value, message);
    case kResolvers:
      return ReadResolvers(value, message);
    default:
      return;
  }
}

void ReadOption(uint16_t type, ByteSpan value, NdMessage* message) {
  if (message->type == NdType::kRouterAdvertisement) {
    ReadAdvertisementOption(type, value, message);
  } else if (type == kNonce) {
    ReadNonce(value, message);
  } else if (message->type == NdType::kNeighbourAdvertisement) {
    if (type == kTargetLinkLayer) {
      ReadLinkLayer(value, &message->target_link_layer);
    }
  } else if (type == kSourceLinkLayer) {
    ReadLinkLayer(value, &message->source_link_layer);
  }
}

// RFC 4861 §6.1.1 for RS, §7.1.1 for NS: who has no address has no neighbour cache entry to offer,
// whatever the length.
bool ForbidsSourceLinkLayer(const NdMessage& message, const NdEnvelope& envelope) {
  return envelope.source.is_unspecified() && (message.type == NdType::kRouterSolicitation ||
                                              message.type == NdType::kNeighbourSolicitation);
}

}  // namespace

std::optional<DropReason> ReadNdOptions(ByteSpan field, const NdEnvelope& envelope,
                                        NdMessage* message) {
  TlvReader options(field, TlvStyle::kNd);
  while (options.Next()) {
    if (options.type() == kSourceLinkLayer && ForbidsSourceLinkLayer(*message, envelope)) {
      return DropReason::kForbiddenSourceLinkLayer;
    }
    ReadOption(options.type(), options.value(), message);
  }
  return options.error();
}

}  // namespace l3sync
