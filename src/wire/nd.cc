#include "wire/nd.h"

#include "wire/byte_reader.h"
#include "wire/nd_options.h"

namespace l3sync {

namespace {

// Nobody but a neighbour can send it: a router would have taken one off (RFC 4861 §3.1).
constexpr uint8_t kNeighbourHopLimit = 255;

// ff02::1:ff00:0/104 (RFC 4291 §2.7.1).
bool IsSolicitedNode(const IpAddress& address) {
  constexpr IpPrefix kGroup{
      .address = IpAddress::V6({0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0, 0, 0}),
      .length = 104};
  return kGroup.Contains(address);
}

// RFC 4861 §4.1; rules of §6.1.1.
std::optional<DropReason> ReadRouterSolicitation(ByteReader* reader) {
  if (!reader->Skip(4)) {  // reserved
    return DropReason::kTruncatedNd;
  }
  return std::nullopt;
}

// RFC 4861 §4.2; rule N1 (§6.1.2).
std::optional<DropReason> ReadRouterAdvertisement(ByteReader* reader, const NdEnvelope& envelope,
                                                  NdMessage* message) {
  constexpr uint8_t kManaged = 0x80;
  constexpr uint8_t kOther = 0x40;
  uint8_t flags = 0;
  if (!reader->ReadU8(&message->current_hop_limit) || !reader->ReadU8(&flags) ||
      !reader->ReadU16(&message->router_lifetime_sec) ||
      !reader->ReadU32(&message->reachable_time_ms) ||
      !reader->ReadU32(&message->retransmit_time_ms)) {
    return DropReason::kTruncatedNd;
  }
  if (!envelope.source.is_link_local()) {
    return DropReason::kBadNdSource;
  }
  message->managed = (flags & kManaged) != 0;
  message->other_configuration = (flags & kOther) != 0;
  return std::nullopt;
}

// RFC 4861 §4.3; rule N2 (§7.1.1).
std::optional<DropReason> ReadNeighbourSolicitation(ByteReader* reader, const NdEnvelope& envelope,
                                                    NdMessage* message) {
  if (!reader->Skip(4) || !reader->ReadIpv6(&message->target)) {  // reserved
    return DropReason::kTruncatedNd;
  }
  if (message->target.is_multicast()) {
    return DropReason::kBadNdTarget;
  }
  if (envelope.source.is_unspecified() && !IsSolicitedNode(envelope.destination)) {
    return DropReason::kBadNdDestination;
  }
  return std::nullopt;
}

// RFC 4861 §4.4; rule N3 (§7.1.2).
std::optional<DropReason> ReadNeighbourAdvertisement(ByteReader* reader, const NdEnvelope& envelope,
                                                     NdMessage* message) {
  constexpr uint32_t kRouter = 0x80000000;
  constexpr uint32_t kSolicited = 0x40000000;
  constexpr uint32_t kOverride = 0x20000000;
  uint32_t flags = 0;
  if (!reader->ReadU32(&flags) || !reader->ReadIpv6(&message->target)) {
    return DropReason::kTruncatedNd;
  }
  message->router = (flags & kRouter) != 0;
  message->solicited = (flags & kSolicited) != 0;
  message->override_flag = (flags & kOverride) != 0;
  if (message->target.is_multicast()) {
    return DropReason::kBadNdTarget;
  }
  if (message->solicited && envelope.destination.is_multicast()) {
    return DropReason::kSolicitedToMulticast;
  }
  return std::nullopt;
}

std::optional<DropReason> ReadFixedPart(ByteReader* reader, const NdEnvelope& envelope,
                                        NdMessage* message) {
  switch (message->type) {
    case NdType::kRouterSolicitation:
      return ReadRouterSolicitation(reader);
    case NdType::kRouterAdvertisement:
      return ReadRouterAdvertisement(reader, envelope, message);
    case NdType::kNeighbourSolicitation:
      return ReadNeighbourSolicitation(reader, envelope, message);
    case NdType::kNeighbourAdvertisement:
      return ReadNeighbourAdvertisement(reader, envelope, message);
  }
  return DropReason::kNotDhcpOrNd;  // redirects (137) too: nothing is learned from them
}

}  // namespace

Parsed<NdMessage> ParseNd(ByteSpan icmp6, const NdEnvelope& envelope) {
  ByteReader reader(icmp6);
  NdMessage message;
  uint8_t type = 0;
  if (!reader.ReadU8(&type) || !reader.ReadU8(&message.code) || !reader.Skip(2)) {  // checksum
    return DropReason::kTruncatedNd;
  }
  message.type = static_cast<NdType>(type);
  if (const auto reason = ReadFixedPart(&reader, envelope, &message)) {
    return *reason;
  }
  if (envelope.hop_limit != kNeighbourHopLimit) {
    return DropReason::kBadHopLimit;
  }
  if (message.code != 0) {
    return DropReason::kBadNdCode;
  }
  if (const auto reason = ReadNdOptions(reader.TakeRest(), envelope, &message)) {
    return *reason;
  }
  return message;
}

}  // namespace l3sync
