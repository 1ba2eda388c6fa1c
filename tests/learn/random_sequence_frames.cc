#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

#include "random_sequence.h"

// What guests, servers and routers say.
namespace l3sync::testing {
namespace {

const std::vector<std::string_view> kIpv4 = {
    "192.0.2.10", "192.0.2.11", "192.0.2.12", "192.0.2.13", "192.0.2.14",
    "192.0.2.15", "192.0.2.1",  "192.0.2.99", "127.0.0.1",  "198.51.100.7"};
const std::vector<std::string_view> kLinkLocal = {"fe80::a", "fe80::b", "fe80::c", "fe80::d",
                                                  "fe80::1"};
const std::vector<std::string_view> kGlobal = {"2001:db8:1::a", "2001:db8:1::b", "2001:db8:1::77",
                                               "2001:db8:2::a", "2001:db8:3::1"};
const std::vector<std::string_view> kPrefixes = {"2001:db8:1::/64", "2001:db8:2::/64"};
const std::vector<std::string_view> kIdentifiers = {"", "", "x", "y"};
const std::vector<std::string_view> kDuids = {"x", "y", "z"};
const std::vector<uint32_t> kLifetimes = {0, 1, 2, 30, 600, 3600, kInfiniteLifetimeSec};
constexpr size_t kAsked6Kept = 8;
constexpr uint32_t k6 = 500;  // the xids of DHCPv6 are others

}  // namespace

// ---- Guests

void RandomSequence::GuestSaysDhcp() {
  const int32_t slave = AnySlave();
  const std::string_view address = AnyOf(kIpv4);
  ClientMessage m{.xid = AnyXid(slave), .client_id = AnyOf(kIdentifiers)};
  m.rapid_commit = OneIn(8);
  if (bed_.learner().IsServed(slave)) askers_.insert({m.xid, slave});
  const Snapshot before = Bindings();
  const size_t what = Below(9);
  Tell("guest ", slave, " says DHCP ", what, " xid ", m.xid, " id '", m.client_id, "' ", address);
  switch (what) {
    case 0:
    case 1:
    case 2:
      bed_.Discover(slave, m);
      break;
    case 3:
      m.requested = address;
      bed_.Select(slave, m);
      break;
    case 4:
      m.requested = address;
      bed_.Reboot(slave, m);
      break;
    case 5:
      m.ciaddr = address;
      bed_.Renew(slave, m);
      break;
    case 6:
      m.ciaddr = address;
      OneIn(2) ? bed_.Rebind(slave, m) : bed_.Inform(slave, m);
      break;
    case 7:
      m.ciaddr = address;
      bed_.Release(slave, m);
      break;
    default:
      m.requested = address;
      bed_.Decline(slave, m);
      break;
  }
  ExpectNothingOfOthers(slave, before);
}

std::vector<Association6> RandomSequence::AnyAssociations() {
  std::vector<Association6> associations;
  for (size_t i = 0; i < 1 + Below(2); ++i) {
    Association6& association = associations.emplace_back();
    association.iaid = static_cast<uint32_t>(Below(2));
    association.temporary = OneIn(5);
    for (size_t j = 0; j < 1 + Below(2); ++j) {
      Address6& item = association.addresses.emplace_back();
      item.address = AnyOf(kGlobal);
      item.valid = AnyOf(kLifetimes);
      item.preferred = OneIn(3) ? 0 : item.valid;
    }
  }
  return associations;
}

void RandomSequence::GuestSaysDhcp6() {
  const int32_t slave = AnySlave();
  Message6 m{.xid = AnyXid(slave) + k6, .duid = AnyOf(kDuids), .associations = AnyAssociations()};
  m.guest = OneIn(5) ? AnyOf(kLinkLocal) : kLinkLocal[static_cast<size_t>(slave - kSlaveA)];
  m.rapid_commit = OneIn(3);
  const auto type = AnyOf<Dhcp6Type>(
      {Dhcp6Type::kSolicit, Dhcp6Type::kSolicit, Dhcp6Type::kRequest, Dhcp6Type::kRequest,
       Dhcp6Type::kRenew, Dhcp6Type::kRebind, Dhcp6Type::kConfirm, Dhcp6Type::kRelease,
       Dhcp6Type::kDecline, Dhcp6Type::kInformationRequest, Dhcp6Type::kAddressRegistrationInform});
  if (type == Dhcp6Type::kAddressRegistrationInform) {
    m.guest = AnyOf(kGlobal);
    m.registered = {{.address = std::string(m.guest)}};
  }
  if (bed_.learner().IsServed(slave)) askers_.insert({m.xid, slave});
  asked6_.push_back({slave, m.xid, m.duid, m.guest, m.associations});
  if (asked6_.size() > kAsked6Kept) asked6_.pop_front();
  Tell("guest ", slave, " says DHCPv6 ", static_cast<int>(type), " xid ", m.xid, " duid ", m.duid,
       " from ", m.guest, " of ", m.associations[0].addresses[0].address);
  const Snapshot before = Bindings();
  bed_.Say6(slave, type, m);
  ExpectNothingOfOthers(slave, before);
}

void RandomSequence::GuestSaysNd() {
  const int32_t slave = AnySlave();
  const std::string_view address = OneIn(2) ? AnyOf(kLinkLocal) : AnyOf(kGlobal);
  const Snapshot before = Bindings();
  const size_t what = Below(4);
  Tell("guest ", slave, " says ND ", what, " of ", address);
  switch (what) {
    case 0:
      bed_.RouterSolicit(slave, AnyOf(kLinkLocal));
      break;
    case 1:
      bed_.Solicit(slave, address, AnyOf(kLinkLocal));
      break;
    case 2:
      bed_.NeighbourAdvertise(slave, address);
      break;
    default:
      bed_.Dad(slave, address);
      break;
  }
  ExpectNothingOfOthers(slave, before);
}

// More addresses than a slave may have, by leases or by claims.
void RandomSequence::GuestFloods() {
  const int32_t slave = AnySlave();
  const bool by_lease = OneIn(2);
  Tell("guest ", slave, " floods by ", by_lease ? "leases" : "claims");
  const size_t count =
      by_lease ? BindingTable::kMaxDhcpPerSlave + 3 : BindingTable::kMaxPerSlave + 3;
  for (size_t i = 0; i < count; ++i) {
    if (!by_lease) {
      bed_.Dad(slave, absl::StrCat("fe80::", slave, ":", i));
      continue;
    }
    const auto xid = static_cast<uint32_t>(static_cast<size_t>(slave) * 1000 + i);
    const std::string address = absl::StrCat("203.0.113.", slave * 20 + static_cast<int>(i) - 200);
    const std::string identifier = absl::StrCat("client", i);
    if (bed_.learner().IsServed(slave)) askers_.insert({xid, slave});
    bed_.Select(slave, {.xid = xid, .client_id = identifier, .requested = address});
    ++said_[{static_cast<int>(Dhcp4Type::kAck), xid, Ip(address)}];
    bed_.Ack({.xid = xid, .client_id = identifier, .yiaddr = address, .lease = 600});
  }
}

// ---- The network

void RandomSequence::ServerSays() {
  ServerMessage m{.xid = AnyXid(AnySlave()), .client_id = AnyOf(kIdentifiers)};
  m.yiaddr = AnyOf(kIpv4);
  if (OneIn(10)) m.server = "192.0.2.2";
  m.lease = OneIn(7) ? std::nullopt : std::optional<uint32_t>(AnyOf(kLifetimes));
  m.rapid_commit = OneIn(4);
  m.broadcast = OneIn(4);
  if (OneIn(20)) m.resolver = AnyOf(kIpv4);
  if (OneIn(20)) m.router = AnyOf(kIpv4);
  const auto type =
      AnyOf<Dhcp4Type>({Dhcp4Type::kOffer, Dhcp4Type::kOffer, Dhcp4Type::kOffer, Dhcp4Type::kAck,
                        Dhcp4Type::kAck, Dhcp4Type::kAck, Dhcp4Type::kNak});
  ++said_[{static_cast<int>(type), m.xid, Ip(m.yiaddr)}];
  const Snapshot before = Bindings();
  const std::string words =
      absl::StrCat(Dhcp4TypeName(type), " xid ", m.xid, " id '", std::string(m.client_id), "' ",
                   std::string(m.yiaddr), " lease ", m.lease.value_or(7));
  if (OneIn(16)) return GuestForges(FromServer(type, m), words);
  Tell("a server says ", words);
  bed_.Answer(type, m);
  ExpectOnlyAskers(m.xid, Ip(m.yiaddr), before);
}

// What a guest writes to its tap comes out of its slave and the parent, and now and then comes
// back.
void RandomSequence::GuestForges(const Heard& forged, const std::string& what) {
  const int32_t slave = AnySlave();
  const bool comes_back = OneIn(3);
  Tell("guest ", slave, " forges ", what, comes_back ? ", which comes back" : "");
  const Snapshot before = Bindings();
  bed_.Hear(slave, FrameSide::kSent, forged);
  bed_.Hear(kParent, FrameSide::kSent, forged);
  if (bed_.learner().IsServed(slave)) {
    forged_[slave] = bed_.now();
    if (comes_back && std::holds_alternative<Dhcp4Message>(forged.frame.message)) {
      bed_.Hear(kParent, FrameSide::kReceived, forged);
    }
  }
  ExpectNothingOfOthers(0, before);
}

// Mostly the answer to a request; of what was asked for, or of something else.
void RandomSequence::ServerSays6() {
  Message6 m{
      .xid = AnyXid(AnySlave()) + k6, .duid = AnyOf(kDuids), .associations = AnyAssociations()};
  m.guest = AnyOf(kLinkLocal);
  if (!asked6_.empty() && !OneIn(5)) {
    const Asked6& asked = asked6_[Below(asked6_.size())];
    m.xid = asked.xid;
    m.duid = asked.duid;
    m.guest = asked.guest;
    if (OneIn(2)) {
      m.associations = asked.associations;
    } else {
      for (Association6& association : m.associations) {
        association.iaid = asked.associations[0].iaid;
        association.temporary = asked.associations[0].temporary;
      }
    }
  }
  m.rapid_commit = OneIn(3);
  m.delegations = OneIn(20) ? 1 : 0;
  if (OneIn(10)) m.server = "other";
  if (OneIn(20)) m.resolver = AnyOf(kGlobal);
  if (OneIn(10)) m.status = Dhcp6Status::kNotOnLink;
  if (OneIn(10)) m.associations[0].status = Dhcp6Status::kNoBinding;
  if (OneIn(10)) m.associations[0].addresses[0].status = Dhcp6Status::kNoAddrsAvail;
  m.truncated = OneIn(20);
  const auto type =
      AnyOf<Dhcp6Type>({Dhcp6Type::kReply, Dhcp6Type::kReply, Dhcp6Type::kReply, Dhcp6Type::kReply,
                        Dhcp6Type::kAdvertise, Dhcp6Type::kReconfigure});
  ++said_[{static_cast<int>(type), m.xid, Ip(m.guest)}];
  Tell("a server says DHCPv6 ", static_cast<int>(type), " xid ", m.xid, " duid ", m.duid, " to ",
       m.guest, " of ", m.associations[0].addresses[0].address, " for ",
       m.associations[0].addresses[0].valid);
  const Snapshot before = Bindings();
  bed_.Answer6(type, m);
  ExpectOnlyAskers(m.xid, IpAddress(), before);
}

void RandomSequence::RouterSays() {
  Prefix prefix;
  prefix.prefix = AnyOf(kPrefixes);
  prefix.valid = AnyOf<uint32_t>({0, 60, 1800, 86400, kInfiniteLifetimeSec});
  prefix.preferred = OneIn(3) ? 0 : prefix.valid;
  prefix.autonomous = !OneIn(6);
  Advertisement advertisement{.prefixes = {prefix}};
  if (OneIn(20)) advertisement.source = AnyOf(kLinkLocal);
  if (OneIn(20)) advertisement.resolver = AnyOf(kGlobal);
  const std::string words =
      absl::StrCat("RA of ", std::string(advertisement.source), " with ", prefix.prefix, " valid ",
                   prefix.valid, " preferred ", prefix.preferred);
  if (OneIn(16)) return GuestForges(FromRouter(advertisement), words);
  Tell("the router says ", words);
  bed_.Advertise(advertisement);
}

// ---- Anybody

void RandomSequence::WireSays(int32_t ifindex, FrameSide side, ByteSpan bytes) {
  const Parsed<ParsedFrame> frame = ParseFrame(bytes, {.checksum_partial = true});
  if (!frame.ok()) return;
  const auto* dhcp4 = std::get_if<Dhcp4Message>(&frame->message);
  const auto* dhcp6 = std::get_if<Dhcp6Message>(&frame->message);
  const bool is_dhcp = dhcp4 != nullptr || dhcp6 != nullptr;
  const uint32_t xid = dhcp4 != nullptr ? dhcp4->xid : dhcp6 != nullptr ? dhcp6->xid : 0;
  const bool from_guest = ifindex != kParent && side == FrameSide::kSent;
  const bool from_network = ifindex == kParent && side == FrameSide::kReceived;
  Tell("bytes on ", ifindex, from_guest || from_network ? "" : ", wrong side", ", kind ",
       frame->message.index(), " from ", frame->source.ToString(), " xid ", xid);
  if (from_guest && is_dhcp && bed_.learner().IsServed(ifindex)) askers_.insert({xid, ifindex});
  IpAddress given;
  if (from_network && dhcp4 != nullptr) {
    given = dhcp4->yiaddr.is_unspecified() ? dhcp4->ciaddr : dhcp4->yiaddr;
    ++said_[{static_cast<int>(dhcp4->type), xid, dhcp4->yiaddr}];
  } else if (from_network && dhcp6 != nullptr) {
    ++said_[{static_cast<int>(dhcp6->type), xid, frame->destination}];
  }
  WhileHeld([&] {
    const Snapshot before = Bindings();
    bed_.Hear(ifindex, side, {{bytes.begin(), bytes.end()}, *frame});
    if (!from_network) return ExpectNothingOfOthers(from_guest ? ifindex : 0, before);
    if (is_dhcp) ExpectOnlyAskers(xid, given, before);
  });
}

}  // namespace l3sync::testing
