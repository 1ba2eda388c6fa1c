#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

#include "command_kernel.h"
#include "heap_meter.h"
#include "learn/learner.h"
#include "messages.h"

// I6: what guests and the network say costs no memory beyond the limits.
namespace l3sync::testing {
namespace {

constexpr int32_t kParent = 2, kSlaveA = 11, kSlaveB = 12, kSlaveC = 13;
// More than any table of the learner holds of one kind.
constexpr uint32_t kFrames = 2500;

// A learner with a kernel, and nothing that remembers what they said.
class FloodedLearner : public Output {
 public:
  FloodedLearner() {
    LearnerOptions options;
    options.parent_ifindex = kParent;
    learner_ = std::make_unique<Learner>(std::move(options), this);
    learner_->SetSharedMac(kSharedMac);
    for (const int32_t slave : {kSlaveA, kSlaveB, kSlaveC}) {
      kernel_.AddLink(slave, true);
      learner_->SlaveAppeared(slave, true, now_);
    }
    Settle();
  }

  // Messages of every kind, no two of them alike.
  void Flood(uint32_t count) {
    for (uint32_t i = 0; i < count; ++i) {
      FloodDhcp4(i);
      FloodDhcp6(i);
      const std::string identifier = absl::StrCat(i / 10000, ":", i % 10000);
      Hear(kSlaveA, FromNeighbour({.target = absl::StrCat("fe80::", identifier)}));
      Hear(kSlaveA, FromNeighbour({.target = absl::StrCat("2001:db8:1::", identifier)}));
      Hear(kParent,
           FromRouter({.prefixes = {{.prefix = absl::StrCat("2001:db8:", i % 10000, "::/64")}},
                       .source = absl::StrCat("fe80::ffff:", i % 10000)}));
      now_ = now_ + absl::Milliseconds(10);
      learner_->Advance(now_);
      Settle();
    }
  }

  // The learner is no more then.
  size_t Memory() {
    const size_t before = HeapBytes();
    learner_.reset();
    return before - HeapBytes();
  }

 private:
  void Emit(const Event& /*event*/) override {}
  bool TrySend(const Command& command, ByteSpan /*frame*/) override {
    commands_.push_back(command);
    return true;
  }

  void FloodDhcp4(uint32_t i) {
    const std::string address = IpAddress::V4(0x0a000000 + i).ToString();
    const std::string identifier = absl::StrCat("client", i);
    const ClientMessage client{.xid = i, .client_id = identifier, .requested = address};
    const ServerMessage server{.xid = i,
                               .client_id = identifier,
                               .yiaddr = address,
                               .router = address,
                               .resolver = address};
    Hear(kSlaveA, FromClient(Dhcp4Type::kDiscover, client));
    Hear(kParent, FromServer(Dhcp4Type::kOffer, server));
    Hear(kSlaveB, FromClient(Dhcp4Type::kRequest, client));
    Hear(kParent, FromServer(Dhcp4Type::kAck, server));
    Hear(kSlaveB, FromClient(Dhcp4Type::kDecline, client));
  }

  void FloodDhcp6(uint32_t i) {
    Dhcp6Message message;
    message.xid = i;
    const std::string identifier = absl::StrCat("client", i);
    message.client_identifier = {identifier.begin(), identifier.end()};
    Dhcp6Association& association = message.associations.emplace_back();
    association.addresses.push_back(
        {Ip(absl::StrCat("2001:db8:2::", i / 10000, ":", i % 10000)), 1800, 3600, 0});
    Heard heard = FromNeighbour({.source = "fe80::c"});
    for (const Dhcp6Type type : {Dhcp6Type::kRebind, Dhcp6Type::kReply, Dhcp6Type::kDecline}) {
      const bool from_server = type == Dhcp6Type::kReply;
      message.type = type;
      heard.frame.source = Ip(from_server ? "fe80::1" : "fe80::c");
      heard.frame.destination = Ip(from_server ? "fe80::c" : "ff02::1:2");
      heard.frame.source_mac = from_server ? kRouterMac : kSharedMac;
      heard.frame.destination_mac = from_server ? kSharedMac : MacAddress::Broadcast();
      heard.frame.message = message;
      Hear(from_server ? kParent : kSlaveC, heard);
    }
  }

  void Hear(int32_t ifindex, const Heard& heard) {
    const FrameSide side = ifindex == kParent ? FrameSide::kReceived : FrameSide::kSent;
    learner_->ObserveFrame(ifindex, side, heard.frame, heard.bytes, now_);
    Settle();
  }

  void Settle() {
    while (!commands_.empty()) {
      const Command command = commands_.front();
      commands_.pop_front();
      kernel_.Execute(command, {}, now_);
      for (; !kernel_.records.empty(); kernel_.records.pop_front()) {
        const KernelRecord record = kernel_.records.front();
        if (const auto* r = std::get_if<AddressRecord>(&record)) learner_->ObserveAddress(*r, now_);
        if (const auto* r = std::get_if<DumpMark>(&record)) learner_->ObserveDumpMark(*r, now_);
        if (const auto* r = std::get_if<CommandResult>(&record)) learner_->ObserveResult(*r, now_);
      }
    }
  }

  CommandKernel kernel_;
  MonotonicTime now_ = MonotonicTime::SinceBoot(absl::Hours(1));
  std::deque<Command> commands_;
  std::unique_ptr<Learner> learner_;
};

size_t MemoryAfter(uint32_t frames) {
  FloodedLearner learner;
  learner.Flood(frames);
  return learner.Memory();
}

// Hash tables grow in steps, and what time ends comes and goes: hence the half.
// Class S1.
TEST(LearnerMemoryTest, I6_FourTimesTheFloodTakesNoMore) {
  if (!kMetersHeap) GTEST_SKIP() << "a sanitizer has the heap; the other presets run this";
  const size_t once = MemoryAfter(kFrames);
  EXPECT_GT(once, 10'000);
  EXPECT_LE(MemoryAfter(4 * kFrames), once + once / 2);
}

}  // namespace
}  // namespace l3sync::testing
