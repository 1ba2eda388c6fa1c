#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "learner_bed.h"

namespace l3sync::testing {

// What three guests, two servers, a router, a host and a kernel may say and do, in any order. After
// each step the invariants hold; Quiesce() brings the world to rest, for those that need it.
class RandomSequence {
 public:
  explicit RandomSequence(uint32_t seed, LearnerBed::Options options = {});

  void Step();
  void Quiesce();
  void ExpectSafe();       // I1 to I3, at any time
  void ExpectEqual();      // I5: what is wanted and what the kernel has, at rest
  void ExpectDelivered();  // only to who asked, and no oftener than a server said it

  LearnerBed& bed() { return bed_; }

 private:
  using Snapshot = std::map<IpAddress, std::pair<int32_t, Origin>>;

  size_t Below(size_t n) { return std::uniform_int_distribution<size_t>(0, n - 1)(random_); }
  bool OneIn(size_t n) { return Below(n) == 0; }
  template <typename T>
  T AnyOf(const std::vector<T>& values) {
    return values[Below(values.size())];
  }
  int32_t AnySlave() { return AnyOf<int32_t>({kSlaveA, kSlaveB, kSlaveC}); }
  uint32_t AnyXid(int32_t slave);
  Snapshot Bindings() const;
  // Says it while the kernel is held, so that what follows at once is seen apart from what the
  // kernel's next answer brings.
  void WhileHeld(const std::function<void()>& say);

  void GuestSaysDhcp();
  void ServerSays();
  void GuestSaysNd();
  void RouterSays();
  void LinkChanges();
  void KernelMisbehaves();
  void HostChanges();
  void TimePasses();
  void ExpectNothingOfOthers(int32_t slave, const Snapshot& before);
  void ExpectOnlyAskers(uint32_t xid, const IpAddress& address, const Snapshot& before);

  std::mt19937 random_;
  LearnerBed bed_;
  std::set<std::pair<uint32_t, int32_t>> askers_;  // who ever used an xid
  std::map<std::tuple<Dhcp4Type, uint32_t, IpAddress>, int> said_;
};

}  // namespace l3sync::testing
