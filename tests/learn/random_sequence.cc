#include "random_sequence.h"

#include <algorithm>
#include <cerrno>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gtest/gtest.h"

namespace l3sync::testing {
namespace {

const std::vector<std::string_view> kHost = {"192.0.2.11/24",     "192.0.2.99/24",
                                             "192.0.2.14/24",     "2001:db8:1::b/64",
                                             "2001:db8:1::77/64", "fe80::b/64"};

RandomSequence::Choice ChoiceOf(uint32_t seed) {
  return [random = std::mt19937(seed)](size_t n) mutable {
    return std::uniform_int_distribution<size_t>(0, n - 1)(random);
  };
}

}  // namespace

// Half of the worlds have --bind and --deny.
LearnerBed::Options RandomSequence::OptionsOf(uint32_t seed, bool dry_run) {
  LearnerBed::Options options;
  options.dry_run = dry_run;
  options.has_slaves = false;
  if (seed / 2 % 2 == 0) return options;
  options.policy.deny = {Net("198.51.100.0/24")};
  options.policy.configured = {{"a", Ip("192.0.2.14")},
                               {"a", Ip("2001:db8:1::77")},
                               {"b", Ip("192.0.2.99")},
                               {"c", Ip("fe80::d")},
                               {"nobody", Ip("192.0.2.15")}};
  return options;
}

RandomSequence::RandomSequence(uint32_t seed, bool dry_run)
    : RandomSequence(seed, ChoiceOf(seed), dry_run) {}

RandomSequence::RandomSequence(uint32_t seed, Choice choose, bool dry_run)
    : is_obedient_(seed % 2 == 0),
      policy_(OptionsOf(seed, dry_run).policy),
      choose_(std::move(choose)),
      bed_(OptionsOf(seed, dry_run)) {
  names_ = {{kSlaveA, "a"}, {kSlaveB, "b"}, {kSlaveC, "c"}};
  for (const int32_t slave : kSlaves) Appear(slave, true);
}

std::string RandomSequence::Story() const {
  constexpr size_t kShown = 40;
  const auto first = story_.end() - static_cast<std::ptrdiff_t>(std::min(kShown, story_.size()));
  return absl::StrCat("the last of ", story_.size(), " steps:\n  ",
                      absl::StrJoin(first, story_.end(), "\n  "));
}

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
  const Snapshot before = Bindings();
  const MonotonicTime start = bed_.now();
  TakeStep();
  // In a long wait one may have ended and another begun.
  if (bed_.now() == start) ExpectNothingNewInQuarantine(before);
}

void RandomSequence::TakeStep() {
  const size_t die = Below(100);
  if (die < 20) return WhileHeld([this] { GuestSaysDhcp(); });
  if (die < 38) return WhileHeld([this] { ServerSays(); });
  if (die < 48) return WhileHeld([this] { GuestSaysDhcp6(); });
  if (die < 57) return WhileHeld([this] { ServerSays6(); });
  if (die < 67) return WhileHeld([this] { GuestSaysNd(); });
  if (die < 70) return RouterSays();
  if (die < 75) return LinkChanges();
  if (die < 76) return NameChanges();
  if (die < 84) return KernelMisbehaves();
  if (die < 88) return HostChanges();
  if (die < 89 && OneIn(2)) return GuestFloods();
  TimePasses();
}

// ---- Links

void RandomSequence::Appear(int32_t slave, bool is_up) {
  Tell("slave ", slave, " appears, ", is_up ? "up" : "down");
  // As the engine says it, before the kernel answers.
  WhileHeld([&] {
    bed_.SlaveAppears(slave, is_up);
    bed_.learner().SlaveNamed(slave, names_[slave], bed_.now());
  });
}

void RandomSequence::LinkChanges() {
  const int32_t slave = AnySlave();
  if (!bed_.learner().IsServed(slave)) return Appear(slave, !OneIn(3));
  if (OneIn(6)) {
    // Deleted, or moved to another namespace: it may come back.
    Tell("slave ", slave, " is gone");
    forged_.erase(slave);
    return bed_.SlaveGone(slave);
  }
  const bool is_up = bed_.kernel().IsUp(slave);
  Tell("slave ", slave, is_up ? " goes down" : " goes up");
  is_up ? bed_.SlaveDown(slave) : bed_.SlaveUp(slave);
}

// Two never have one name: they swap theirs by way of a third.
void RandomSequence::NameChanges() {
  const int32_t slave = AnySlave();
  const auto name = AnyOf<std::string>({"a", "b", "c", "x"});
  const bool is_taken = std::any_of(names_.begin(), names_.end(),
                                    [&](const auto& other) { return other.second == name; });
  if (is_taken) return TimePasses();
  names_[slave] = name;
  if (!bed_.learner().IsServed(slave)) return;
  Tell("slave ", slave, " is named ", name);
  bed_.learner().SlaveNamed(slave, name, bed_.now());
  bed_.Settle();
}

// ---- The kernel and the host

void RandomSequence::KernelMisbehaves() {
  if (is_obedient_) return TimePasses();
  CommandKernel& kernel = bed_.kernel();
  const auto kind = AnyOf<CommandKind>({CommandKind::kPutAddress, CommandKind::kRemoveAddress,
                                        CommandKind::kRemoveLocalRoute, CommandKind::kDeliverReply,
                                        CommandKind::kDumpAddresses});
  const size_t what = Below(9);
  Tell("the kernel misbehaves: ", what, ", command ", static_cast<int>(kind));
  switch (what) {
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

// The host gets or loses an address of its own, on the parent.
void RandomSequence::HostChanges() {
  const std::string_view text = AnyOf(kHost);
  const IpPrefix prefix = Net(text);
  if (host_.try_emplace(prefix.address, prefix.length).second) {
    Tell("the host gets ", text);
    return bed_.HostGains(text);
  }
  Tell("the host loses ", text);
  host_.erase(prefix.address);
  AddressRecord gone;
  gone.deleted = true;
  gone.ifindex = kParent;
  gone.address = prefix.address;
  bed_.Tell(gone);
  bed_.Settle();
}

void RandomSequence::Poll() {
  std::vector<KernelRecord> records;
  for (const auto& [address, length] : host_) {
    AddressRecord record;
    record.ifindex = kParent;
    record.address = address;
    record.prefix_length = length;
    records.emplace_back(record);
  }
  bed_.PollWith(records);
}

void RandomSequence::TimePasses() {
  if (OneIn(4)) {
    if (is_obedient_ || !OneIn(4)) {
      Tell("a poll");
      return Poll();
    }
    Tell("a poll that fails");
    return bed_.Poll(/*complete=*/false);
  }
  if (OneIn(12)) {
    const auto slept =
        AnyOf<absl::Duration>({absl::Seconds(1), absl::Minutes(10), absl::Hours(30)});
    Tell("asleep for ", slept);
    return bed_.Suspend(slept);
  }
  auto time =
      AnyOf<absl::Duration>({absl::Milliseconds(1), absl::Milliseconds(50), absl::Milliseconds(700),
                             absl::Seconds(1), absl::Seconds(5), absl::Minutes(1), absl::Hours(3)});
  // A look that is refused is repeated twice a second: no 20,000 times.
  if (time > absl::Minutes(1)) bed_.kernel().Accept(CommandKind::kDumpAddresses);
  Tell(time, " pass");
  bed_.Pass(time);
}

// The kernel does as it is told again, everybody else is silent, and every hold ends.
void RandomSequence::Quiesce() {
  CommandKernel& kernel = bed_.kernel();
  kernel.lose_notifications = 0;
  kernel.AcceptAll();
  bed_.RefuseRoom(0);
  bed_.Resume();
  for (const int32_t slave : kSlaves) {
    if (bed_.learner().IsServed(slave) && !kernel.IsUp(slave)) bed_.SlaveUp(slave);
  }
  for (const auto wait : {absl::Seconds(1), absl::Minutes(61), absl::Seconds(1)}) {
    Poll();
    bed_.Pass(wait);
  }
}

}  // namespace l3sync::testing
