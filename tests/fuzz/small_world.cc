#include "small_world.h"

#include <algorithm>
#include <array>
#include <type_traits>
#include <variant>

#include "fuzz_target.h"

namespace l3sync::fuzz {
namespace {

constexpr int kMaxTurns = 10000;

bool AllZero(ByteSpan bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](uint8_t byte) { return byte == 0; });
}

void AppendU16(size_t value, std::vector<uint8_t>* out) {
  out->push_back(static_cast<uint8_t>(value >> 8));
  out->push_back(static_cast<uint8_t>(value));
}

void AppendAll(ByteSpan bytes, std::vector<uint8_t>* out) {
  out->insert(out->end(), bytes.begin(), bytes.end());
}

}  // namespace

SmallWorld::SmallWorld() : learner_({.parent_ifindex = kParent, .policy = {}}, this) {
  learner_.SetSharedMac(kSharedMac);
  for (const int32_t slave : {kGuest, kSibling}) {
    kernel_.AddLink(slave, true);
    learner_.SlaveAppeared(slave, true, now_);
  }
  kernel_.DumpAll(now_);
  Settle();
}

void SmallWorld::Hear(int32_t ifindex, FrameSide side, const ParsedFrame& frame, ByteSpan bytes) {
  learner_.ObserveFrame(ifindex, side, frame, bytes, now_);
  Settle();
  RequireSound();
}

Addresses SmallWorld::Bound() const {
  const std::vector<IpAddress> all = learner_.bindings().All();
  return {all.begin(), all.end()};
}

void SmallWorld::RequireSound() const {
  const Addresses bound = Bound();
  for (const IpAddress& address : bound) Require(!IsSpecial(address), "T7: no special address");
  Addresses installed;
  for (const auto& [address, entry] : kernel_.addresses()) {
    installed.insert(address);
    Require(!entry.valid_until.is_never(), "I3: what the kernel has ends");
  }
  Require(installed == bound, "I5: the kernel has what is wanted");
}

void SmallWorld::Emit(const Event& event) { Require(event.error == 0, "the kernel refuses"); }

bool SmallWorld::TrySend(const Command& command, ByteSpan frame) {
  queue_.emplace_back(command, std::vector<uint8_t>(frame.begin(), frame.end()));
  return true;
}

void SmallWorld::Tell(const KernelRecord& record) {
  std::visit(
      [&](const auto& r) {
        using T = std::decay_t<decltype(r)>;
        if constexpr (std::is_same_v<T, AddressRecord>) learner_.ObserveAddress(r, now_);
        if constexpr (std::is_same_v<T, RouteRecord>) learner_.ObserveRoute(r, now_);
        if constexpr (std::is_same_v<T, DumpMark>) learner_.ObserveDumpMark(r, now_);
        if constexpr (std::is_same_v<T, CommandResult>) learner_.ObserveResult(r, now_);
      },
      record);
}

void SmallWorld::Settle() {
  for (int turn = 0; turn < kMaxTurns; ++turn) {
    if (!kernel_.records.empty()) {
      const KernelRecord record = kernel_.records.front();
      kernel_.records.pop_front();
      Tell(record);
    } else if (!queue_.empty()) {
      const auto [command, frame] = queue_.front();
      queue_.pop_front();
      kernel_.Execute(command, frame, now_);
    } else {
      return;
    }
  }
  Require(false, "one message leads to bounded work");
}

bool IsSpecial(const IpAddress& address) {
  const ByteSpan bytes = address.bytes();
  if (bytes.size() == 4) {
    const bool is_ietf = bytes[0] == 169 && bytes[1] == 254;
    return bytes[0] == 0 || bytes[0] == 127 || bytes[0] >= 224 || is_ietf;
  }
  if (bytes.size() != 16 || bytes[0] == 0xff) return true;
  const bool is_mapped = AllZero(bytes.first(10)) && bytes[10] == 0xff && bytes[11] == 0xff;
  const bool is_loopback = AllZero(bytes.first(15)) && bytes[15] == 1;
  return is_mapped || is_loopback || AllZero(bytes.last(8));
}

bool IsSubset(const Addresses& some, const Addresses& all) {
  return std::includes(all.begin(), all.end(), some.begin(), some.end());
}

bool StandsIn(const IpAddress& address, ByteSpan bytes) {
  const ByteSpan wanted = address.bytes();
  return std::search(bytes.begin(), bytes.end(), wanted.begin(), wanted.end()) != bytes.end();
}

std::vector<uint8_t> FrameAround(const UdpEnvelope& envelope, ByteSpan payload) {
  constexpr size_t kUdpHeader = 8, kIpv4Header = 20;
  const bool is_v4 = envelope.source.is_v4();
  std::vector<uint8_t> frame;
  AppendAll(envelope.destination_mac.bytes, &frame);
  AppendAll(envelope.source_mac.bytes, &frame);
  if (is_v4) {
    AppendU16(0x0800, &frame);
    AppendAll(std::array<uint8_t, 2>{0x45, 0}, &frame);
    AppendU16(kIpv4Header + kUdpHeader + payload.size(), &frame);
    AppendAll(std::array<uint8_t, 8>{0, 0, 0, 0, 64, 17, 0, 0}, &frame);
  } else {
    AppendU16(0x86dd, &frame);
    AppendAll(std::array<uint8_t, 4>{0x60, 0, 0, 0}, &frame);
    AppendU16(kUdpHeader + payload.size(), &frame);
    AppendAll(std::array<uint8_t, 2>{17, 64}, &frame);
  }
  AppendAll(envelope.source.bytes(), &frame);
  AppendAll(envelope.destination.bytes(), &frame);
  AppendU16(envelope.source_port, &frame);
  AppendU16(envelope.destination_port, &frame);
  AppendU16(kUdpHeader + payload.size(), &frame);
  AppendU16(0, &frame);
  AppendAll(payload, &frame);
  return frame;
}

}  // namespace l3sync::fuzz
