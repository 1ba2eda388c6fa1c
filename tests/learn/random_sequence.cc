#include "random_sequence.h"

#include <cerrno>

#include "gtest/gtest.h"

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

}  // namespace

RandomSequence::RandomSequence(uint32_t seed, LearnerBed::Options options)
    : random_(seed), bed_(std::move(options)) {}

// Now and then that of a sibling: a guest sees what the others broadcast.
uint32_t RandomSequence::AnyXid(int32_t slave) {
  const int32_t owner = OneIn(6) ? AnySlave() : slave;
  return static_cast<uint32_t>(owner) * 10 + static_cast<uint32_t>(Below(3));
}

RandomSequence::Snapshot RandomSequence::Bindings() const {
  Snapshot snapshot;
  const BindingTable& table = bed_.learner().bindings();
  for (const IpAddress& address : table.All()) {
    snapshot[address] = {table.Find(address)->ifindex, table.Find(address)->origin};
  }
  return snapshot;
}

void RandomSequence::WhileHeld(const std::function<void()>& say) {
  const bool was_held = bed_.is_held();
  bed_.Hold();
  say();
  if (!was_held) bed_.Resume();
}

void RandomSequence::Step() {
  const size_t die = Below(100);
  if (die < 28) return WhileHeld([this] { GuestSaysDhcp(); });
  if (die < 54) return WhileHeld([this] { ServerSays(); });
  if (die < 66) return WhileHeld([this] { GuestSaysNd(); });
  if (die < 70) return RouterSays();
  if (die < 75) return LinkChanges();
  if (die < 85) return KernelMisbehaves();
  if (die < 88) return HostChanges();
  TimePasses();
}

// ---- Frames
// --------------------------------------------------------------------------------------------------------

void RandomSequence::GuestSaysDhcp() {
  const int32_t slave = AnySlave();
  const std::string_view address = AnyOf(kIpv4);
  ClientMessage m{.xid = AnyXid(slave), .client_id = AnyOf(kIdentifiers)};
  m.rapid_commit = OneIn(8);
  if (bed_.learner().IsServed(slave)) askers_.insert({m.xid, slave});
  const Snapshot before = Bindings();
  switch (Below(9)) {
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

void RandomSequence::ServerSays() {
  ServerMessage m{.xid = AnyXid(AnySlave()), .client_id = AnyOf(kIdentifiers)};
  m.yiaddr = AnyOf(kIpv4);
  if (OneIn(10)) m.server = "192.0.2.2";
  m.lease =
      AnyOf<std::optional<uint32_t>>({0, 1, 30, 600, 3600, kInfiniteLifetimeSec, std::nullopt});
  m.rapid_commit = OneIn(4);
  m.broadcast = OneIn(4);
  const Dhcp4Type type =
      AnyOf<Dhcp4Type>({Dhcp4Type::kOffer, Dhcp4Type::kOffer, Dhcp4Type::kOffer, Dhcp4Type::kAck,
                        Dhcp4Type::kAck, Dhcp4Type::kAck, Dhcp4Type::kNak});
  ++said_[{type, m.xid, Ip(m.yiaddr)}];
  const Snapshot before = Bindings();
  // Forged: what a guest writes to its tap comes out of its slave, never in on the parent.
  if (OneIn(8)) {
    bed_.Hear(OneIn(2) ? AnySlave() : kParent, FrameSide::kSent, FromServer(type, m));
    return ExpectNothingOfOthers(0, before);
  }
  bed_.Answer(type, m);
  ExpectOnlyAskers(m.xid, Ip(m.yiaddr), before);
}

void RandomSequence::GuestSaysNd() {
  const int32_t slave = AnySlave();
  const std::string_view address = OneIn(2) ? AnyOf(kLinkLocal) : AnyOf(kGlobal);
  const Snapshot before = Bindings();
  switch (Below(4)) {
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

void RandomSequence::RouterSays() {
  Prefix prefix;
  prefix.prefix = AnyOf(kPrefixes);
  prefix.valid = AnyOf<uint32_t>({0, 60, 1800, 86400, kInfiniteLifetimeSec});
  prefix.preferred = OneIn(3) ? 0 : prefix.valid;
  prefix.autonomous = !OneIn(6);
  bed_.Advertise(prefix);
}

// ---- The kernel and the host
// ---------------------------------------------------------------------------------------

void RandomSequence::LinkChanges() {
  const int32_t slave = AnySlave();
  if (!bed_.learner().IsServed(slave)) return bed_.SlaveAppears(slave, !OneIn(3));
  switch (Below(6)) {
    case 0:
      return bed_.SlaveGone(slave);
    case 1:
    case 2:
      return bed_.SlaveDown(slave);
    default:
      return bed_.SlaveUp(slave);
  }
}

void RandomSequence::KernelMisbehaves() {
  CommandKernel& kernel = bed_.kernel();
  const auto kind = AnyOf<CommandKind>({CommandKind::kPutAddress, CommandKind::kRemoveAddress,
                                        CommandKind::kRemoveLocalRoute, CommandKind::kDeliverReply,
                                        CommandKind::kDumpAddresses});
  switch (Below(9)) {
    case 0:
      kernel.lose_notifications = static_cast<int>(Below(4));
      return;
    case 1:
      return bed_.RefuseRoom(static_cast<int>(Below(6)));
    case 2:
      return kernel.Refuse(kind, AnyOf<int>({EINVAL, ENOBUFS, EPERM, ETIMEDOUT, ENOENT}));
    case 3:
    case 4:
      return kernel.Accept(kind);
    case 5:
      return kernel.MisreportNext(CommandKind::kPutAddress, ETIMEDOUT);
    case 6:
      kernel.notifies_before_answering = !kernel.notifies_before_answering;
      return;
    case 7:
      if (kernel.addresses().empty()) return;
      return bed_.DeleteByOther(
          std::next(kernel.addresses().begin(),
                    static_cast<std::ptrdiff_t>(Below(kernel.addresses().size())))
              ->first.ToString());
    default:
      return OneIn(2) ? bed_.Hold() : bed_.Resume();
  }
}

void RandomSequence::HostChanges() {
  const std::string_view address = AnyOf(kIpv4);
  if (OneIn(2)) return bed_.HostGains(std::string(address) + "/24");
  AddressRecord gone;
  gone.deleted = true;
  gone.ifindex = kParent;
  gone.address = Ip(address);
  bed_.Tell(gone);
  bed_.Settle();
}

void RandomSequence::TimePasses() {
  if (OneIn(4)) return bed_.Poll(/*complete=*/!OneIn(4));
  if (OneIn(12)) {
    return bed_.Suspend(
        AnyOf<absl::Duration>({absl::Seconds(1), absl::Minutes(10), absl::Hours(30)}));
  }
  bed_.Pass(AnyOf<absl::Duration>({absl::Milliseconds(1), absl::Milliseconds(50),
                                   absl::Milliseconds(50), absl::Seconds(1), absl::Seconds(5),
                                   absl::Seconds(5), absl::Minutes(1), absl::Hours(3)}));
}

// The kernel does as it is told again, everybody else is silent, and every hold ends.
void RandomSequence::Quiesce() {
  CommandKernel& kernel = bed_.kernel();
  kernel.lose_notifications = 0;
  kernel.AcceptAll();
  bed_.RefuseRoom(0);
  bed_.Resume();
  for (const int32_t slave : kSlaves) {
    if (bed_.learner().IsServed(slave)) bed_.SlaveUp(slave);
  }
  for (const auto wait : {absl::Seconds(1), absl::Minutes(61), absl::Seconds(1)}) {
    bed_.Poll();
    bed_.Pass(wait);
  }
}

}  // namespace l3sync::testing
