#include "learn/forgery_watch.h"

#include <optional>
#include <variant>

namespace l3sync {
namespace {

constexpr uint8_t kBootReply = 2;

// What is told of a message that only a server or router sends.
struct Claim {
  Reason reason{};
  IgnoreReason counter{};
  std::optional<uint32_t> xid;
  IpAddress address;  // the first one, or prefix, that it gives away; none if there is none
};

std::optional<Claim> ClaimOf(const Dhcp4Message& message) {
  if (message.op != kBootReply) return std::nullopt;
  Claim claim{Reason::kForgedDhcp4, IgnoreReason::kForgedDhcp4, message.xid, {}};
  if (!message.yiaddr.is_unspecified()) claim.address = message.yiaddr;
  return claim;
}

// Of a relay's message too: a relay agent passes on what is inside of it.
std::optional<Claim> ClaimOf(const Dhcp6Message& message) {
  const bool is_servers = message.type == Dhcp6Type::kAdvertise ||
                          message.type == Dhcp6Type::kReply ||
                          message.type == Dhcp6Type::kReconfigure ||
                          message.type == Dhcp6Type::kAddressRegistrationReply;
  if (!is_servers) return std::nullopt;
  Claim claim{Reason::kForgedDhcp6, IgnoreReason::kForgedDhcp6, message.xid, {}};
  for (const Dhcp6Association& association : message.associations) {
    if (association.addresses.empty()) continue;
    claim.address = association.addresses.front().address;
    break;
  }
  return claim;
}

std::optional<Claim> ClaimOf(const NdMessage& message) {
  if (message.type != NdType::kRouterAdvertisement) return std::nullopt;
  Claim claim{Reason::kForgedAdvertisement, IgnoreReason::kForgedAdvertisement, {}, {}};
  if (!message.prefixes.empty()) claim.address = message.prefixes.front().prefix.address;
  return claim;
}

std::optional<Claim> ClaimOf(const ArpMessage& /*message*/) { return std::nullopt; }

std::optional<Claim> ClaimOf(const ParsedFrame& frame) {
  return std::visit([](const auto& message) { return ClaimOf(message); }, frame.message);
}

}  // namespace

bool ForgeryWatch::ObserveGuest(int32_t ifindex, const ParsedFrame& frame, MonotonicTime now) {
  const std::optional<Claim> claim = ClaimOf(frame);
  if (!claim.has_value()) return false;
  book_->Ignore(claim->counter);
  const Fingerprint fingerprint = FingerprintOf(frame);
  if (!forgeries_.IsGenuine(fingerprint)) forgeries_.Remember(ifindex, fingerprint, now);
  if (!book_->quarantine().Extend(ifindex, claim->reason, now)) return true;
  Event event;
  event.kind = EventKind::kGuestQuarantined;
  event.severity = Severity::kWarning;
  event.ifindex = ifindex;
  event.reason = claim->reason;
  event.address = claim->address;
  event.has_xid = claim->xid.has_value();
  event.xid = claim->xid.value_or(0);
  output_->Emit(event);
  return true;
}

bool ForgeryWatch::ObserveNetwork(int32_t parent_ifindex, const ParsedFrame& frame,
                                  const MacAddress& shared_mac, MonotonicTime now) {
  // The kernel brings a frame of a slave in on the parent only with equal MAC addresses
  // (ipvlan_xmit_mode_l2()), and the caller has asked for that.
  if (frame.source_mac == shared_mac) {
    book_->Ignore(IgnoreReason::kReflectedGuest);
    SayReflection(parent_ifindex, Reason::kReflectedGuest, 0);
    return true;
  }
  const std::optional<Claim> claim = ClaimOf(frame);
  if (!claim.has_value()) return false;
  const Fingerprint fingerprint = FingerprintOf(frame);
  if (const int32_t forger = forgeries_.ForgerOf(fingerprint, now); forger != 0) {
    book_->Ignore(IgnoreReason::kReflectedForgery);
    SayReflection(parent_ifindex, Reason::kReflectedForgery, forger);
    return true;
  }
  if (claim->reason == Reason::kForgedAdvertisement) forgeries_.NoteGenuine(fingerprint);
  return false;
}

void ForgeryWatch::SayReflection(int32_t parent_ifindex, Reason reason, int32_t ifindex) {
  if (!reflections_said_.insert(reason).second) return;
  Event event;
  event.kind = EventKind::kParentReflects;
  event.severity = Severity::kWarning;
  event.ifindex = parent_ifindex;
  event.reason = reason;
  event.other_ifindex = ifindex;
  output_->Emit(event);
}

void ForgeryWatch::ForgetSlave(int32_t ifindex) {
  book_->quarantine().ForgetSlave(ifindex);
  forgeries_.ForgetSlave(ifindex);
}

void ForgeryWatch::Advance(MonotonicTime now) {
  forgeries_.Expire(now);
  for (const int32_t ifindex : book_->quarantine().TakeEnded(now)) {
    book_->Say(EventKind::kGuestReleased, Severity::kInfo, ifindex);
  }
}

}  // namespace l3sync
