#pragma once

#include <cstdint>
#include <deque>
#include <set>
#include <utility>
#include <vector>

#include "learn/learner.h"
#include "tests/learn/command_kernel.h"

namespace l3sync::fuzz {

inline constexpr int32_t kParent = 2, kGuest = 11, kSibling = 12;
inline constexpr MacAddress kSharedMac = {{0x02, 0, 0, 0, 0, 0xfe}};
inline constexpr MacAddress kRouterMac = {{0x52, 0x54, 0, 0, 0, 0x01}};
inline constexpr MacAddress kGroupMac = {{0x33, 0x33, 0, 0, 0, 0x01}};

using Addresses = std::set<IpAddress>;

// A learner with two slaves and a kernel that does at once what it is told: what is learned of one
// message, or of a few. tests/learn/learner_bed.h without GoogleTest.
class SmallWorld : public Output {
 public:
  SmallWorld();

  // What it leads to has happened when it returns. Requires then that no address that no host may
  // have was learned (T7), and that the kernel has what is wanted and nothing else (I5).
  void Hear(int32_t ifindex, FrameSide side, const ParsedFrame& frame, ByteSpan bytes);

  // All addresses that are wanted now.
  Addresses Bound() const;
  size_t commands() const { return kernel_.executed().size(); }

 private:
  void Emit(const Event& event) override;
  bool TrySend(const Command& command, ByteSpan frame) override;
  void Settle();
  void Tell(const KernelRecord& record);
  void RequireSound() const;

  testing::CommandKernel kernel_;
  MonotonicTime now_ = MonotonicTime::SinceBoot(absl::Hours(100));
  std::deque<std::pair<Command, std::vector<uint8_t>>> queue_;
  Learner learner_;
};

// Whether no host may have the address, on any network: said again, by its bytes alone.
bool IsSpecial(const IpAddress& address);

// Whether each of |some| is in |all|.
bool IsSubset(const Addresses& some, const Addresses& all);

// Whether the bytes of |address| stand somewhere in |bytes|.
bool StandsIn(const IpAddress& address, ByteSpan bytes);

// An Ethernet frame around a UDP payload, whose checksum is left to the device: ParseFrame() wants
// `checksum_partial` for it.
struct UdpEnvelope {
  MacAddress destination_mac, source_mac;
  IpAddress source, destination;
  uint16_t source_port = 0, destination_port = 0;
};
std::vector<uint8_t> FrameAround(const UdpEnvelope& envelope, ByteSpan payload);

}  // namespace l3sync::fuzz
