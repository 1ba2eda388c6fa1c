#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "dhcp6_bed.h"

namespace l3sync::testing {

// What three guests, two servers, a router, a host and a kernel may say and do, in any order. After
// each step the invariants hold; Quiesce() brings the world to rest, for those that need it.
//
// Every other seed has a kernel that does at once what it is told and tells all: there the world is
// at rest after each step.
class RandomSequence {
 public:
  // Below its argument, which is not 0.
  using Choice = std::function<size_t(size_t)>;

  explicit RandomSequence(uint32_t seed, bool dry_run = false);
  // `choose` chooses instead of the seed, which still says what world it is.
  RandomSequence(uint32_t seed, Choice choose, bool dry_run = false);

  void Step();
  // A step of its own: bytes, if they are a frame whose checksum is left to the device.
  void WireSays(int32_t ifindex, FrameSide side, ByteSpan bytes);
  void Quiesce();
  void ExpectSafe();       // I1 to I3, at any time
  void ExpectEqual();      // I3, I5: what is wanted and what the kernel has, at rest
  void ExpectDelivered();  // only to who asked, and no oftener than a server said it

  bool is_at_rest() const { return is_obedient_; }
  // The last steps in words.
  std::string Story() const;
  Dhcp6Bed& bed() { return bed_; }

  // Public, so that a test can show that they can fail.
  using Snapshot = std::map<IpAddress, std::pair<int32_t, Origin>>;
  Snapshot Bindings() const;
  // I4: whatever a guest says, its siblings keep what they have and get nothing.
  void ExpectNothingOfOthers(int32_t slave, const Snapshot& before);
  // Q2: a guest that forges keeps what it has, and gets nothing but by configuration.
  void ExpectNothingNewInQuarantine(const Snapshot& before);
  // A server's word reaches who asked for it, and moves no lease but that of a slave that is down.
  void ExpectOnlyAskers(uint32_t xid, const IpAddress& address, const Snapshot& before);

 private:
  // Of a DHCPv6 request, what its answer must have.
  struct Asked6 {
    int32_t slave = 0;
    uint32_t xid = 0;
    std::string_view duid;
    std::string_view guest;
    std::vector<Association6> associations;
  };

  static LearnerBed::Options OptionsOf(uint32_t seed, bool dry_run);
  size_t Below(size_t n) { return choose_(n); }
  bool OneIn(size_t n) { return Below(n) == 0; }
  template <typename T>
  T AnyOf(const std::vector<T>& values) {
    return values[Below(values.size())];
  }
  int32_t AnySlave() { return AnyOf<int32_t>({kSlaveA, kSlaveB, kSlaveC}); }
  uint32_t AnyXid(int32_t slave);
  template <typename... Part>
  void Tell(const Part&... parts) {
    std::ostringstream words;
    (words << ... << parts);
    story_.push_back(words.str());
  }
  // Says it while the kernel is held, so that what follows at once is seen apart from what the
  // kernel's next answer brings.
  void WhileHeld(const std::function<void()>& say);

  void TakeStep();

  // random_sequence_frames.cc
  void GuestSaysDhcp();
  void GuestSaysDhcp6();
  void GuestSaysNd();
  void GuestFloods();
  void ServerSays();
  void ServerSays6();
  void RouterSays();
  void GuestForges(const Heard& forged, const std::string& what);
  std::vector<Association6> AnyAssociations();

  // random_sequence.cc
  void LinkChanges();
  void NameChanges();
  void KernelMisbehaves();
  void HostChanges();
  void TimePasses();
  void Poll();
  void Appear(int32_t slave, bool is_up);

  const bool is_obedient_;
  const PolicyOptions policy_;
  const Choice choose_;
  Dhcp6Bed bed_;
  std::map<int32_t, std::string> names_;
  std::map<IpAddress, uint8_t> host_;  // its addresses on the parent, with their prefix lengths
  std::set<std::pair<uint32_t, int32_t>> askers_;  // who ever used an xid
  std::deque<Asked6> asked6_;
  // By type, xid, and for whom: the yiaddr, or the destination of DHCPv6.
  std::map<std::tuple<int, uint32_t, IpAddress>, int> said_;
  std::map<int32_t, MonotonicTime> forged_;  // by slave, when last
  std::vector<std::string> story_;
};

}  // namespace l3sync::testing
