#pragma once

#include <cstdint>
#include <string_view>
#include <tuple>

#include "absl/container/flat_hash_map.h"

#include "learn/binding_table.h"
#include "learn/configured_addresses.h"
#include "learn/contests.h"
#include "learn/ignore_reason.h"
#include "learn/installer.h"
#include "learn/output.h"
#include "learn/policy.h"
#include "learn/quarantine.h"
#include "learn/slave_state.h"

namespace l3sync {

// What all protocols share: the bindings of one parent, the policy that they obey, the installer
// that makes them true, and what is said about them.
class AddressBook {
 public:
  // The same refusal is said once in this time: a guest asks for ever.
  static constexpr absl::Duration kRefusalInterval = absl::Minutes(1);
  static constexpr size_t kMaxRefusals =
      1024;  // remembered; then all are forgotten and may be said again
  // Said of one slave in that time: its guest may ask for another address with each frame.
  static constexpr int kMaxRefusalsPerSlave = 16;

  // Rule D4: a guest whose address turned out to be somebody else's forms another one.
  static constexpr absl::Duration kDuplicateHold = absl::Seconds(10);
  static constexpr size_t kMaxDuplicates = 1024;  // then all are forgotten

  // `output` is not owned and must outlive this object.
  AddressBook(PolicyOptions policy, Output* output, bool dry_run,
              size_t max_bindings = BindingTable::kMax);
  AddressBook(const AddressBook&) = delete;
  AddressBook& operator=(const AddressBook&) = delete;

  // What forbids `ifindex` to have `address`, or kNone: the policy, and configuration, which gives
  // the address to this slave or to another one (rule T2). Who has it now is not asked.
  Reason CheckRules(int32_t ifindex, const IpAddress& address, bool claimed_by_nd) const;
  // The same for what a guest asks for: in quarantine it gets nothing that it has not (rule Q2).
  Reason Check(int32_t ifindex, const IpAddress& address, bool claimed_by_nd) const;
  // The slave that --bind gives `address` to; 0 if none, or if it is not there.
  int32_t ConfiguredSlaveOf(const IpAddress& address) const { return configured_.SlaveOf(address); }

  // Puts the binding, whoever had the address; the caller has arbitrated, and asked RoomOf the
  // slave if the address is new there: another one may go (rule T3). `created` and `last_evidence`
  // are set here. A binding by configuration keeps its rank.
  void Want(Binding binding, MonotonicTime now);
  // Puts other lifetimes into a binding, by what a router says; no evidence of the guest's own.
  void SetLifetimes(const Binding& binding);
  // A protocol no longer wants it. No effect if there is no binding, or one by configuration, which
  // no message takes away. `other_ifindex`: who gets the address, or 0.
  void Unwant(const IpAddress& address, Reason reason, int32_t other_ifindex = 0);
  // Duplicate address detection of the guest on `ifindex` found that somebody else has `address`:
  // no ND claim of it is good there for a while (rule D4).
  void NoteDuplicate(int32_t ifindex, const IpAddress& address, MonotonicTime now);

  // Rules T2, D6: of an address that another slave has. Whether Contest would ask the owner.
  bool MayContest(int32_t ifindex, const IpAddress& address, bool claimed_by_nd,
                  MonotonicTime now) const;
  // Asks the owner of the address whether it still uses it; what comes of that follows by itself.
  // False: the owner keeps it. `claim` is the binding as it would be.
  bool Contest(const Binding& claim, MonotonicTime now);
  // Why the owner keeps what `claim` wants: kHeldBySlave, or kSameClient if to the server both
  // guests are one.
  Reason WhyHeld(const Binding& claim) const;
  // The guest on `ifindex` sent something from `address`.
  void Heard(int32_t ifindex, const IpAddress& address, MonotonicTime now) {
    contests_.Heard(ifindex, address, now);
  }
  // Does what was decided. `is_caught_up`: every frame that was captured before `now` was observed.
  void EndContests(bool is_caught_up, MonotonicTime now);
  Contests& contests() { return contests_; }
  Quarantine& quarantine() { return quarantine_; }

  // Says that `ifindex` does not get `address`; of a quarantined one it is only counted.
  void Refuse(int32_t ifindex, const IpAddress& address, Origin origin, Reason reason,
              int32_t other_ifindex, MonotonicTime now);
  // Says what is no address's.
  void Say(EventKind kind, Severity severity, int32_t ifindex);
  void Ignore(IgnoreReason reason) { ++ignored_[static_cast<size_t>(reason)]; }

  // The name of a slave, when it appears and whenever it changes: what --bind gives to another
  // name goes.
  void SlaveNamed(int32_t ifindex, std::string_view name, MonotonicTime now);
  // Wants what --bind gives to the slave, as far as the policy allows, whoever has it. Only after
  // the addresses of the slave and the host were read.
  void WantConfigured(int32_t ifindex, MonotonicTime now);
  // All its bindings go, also those by configuration.
  void ForgetSlave(int32_t ifindex, Reason reason);

  // A binding that the reserved set forbids goes (rule T7), one by configuration that it no longer
  // forbids comes. After a dump, which may have changed all of it.
  void RecheckPolicy(MonotonicTime now);
  // The same after one change: an interface that is no slave gained or lost an address.
  void HostGained(int32_t ifindex, const IpPrefix& address);
  void HostLost(int32_t ifindex, const IpAddress& address, MonotonicTime now);
  void HostInterfaceGone(int32_t ifindex, MonotonicTime now);
  // Servers and routers name themselves and others. A guest that formed such an address itself
  // loses it; one that has it by lease or configuration keeps it, and who says so is not believed.
  void NoteServer(const IpAddress& address) { Note(address, &Policy::NoteServer); }
  void NoteResolver(const IpAddress& address) { Note(address, &Policy::NoteResolver); }
  void NoteRouter(const IpAddress& address) { Note(address, &Policy::NoteRouter); }

  void Advance(MonotonicTime now);
  MonotonicTime NextDeadline() const;

  const BindingTable& bindings() const { return bindings_; }
  Policy& policy() { return policy_; }
  Installer& installer() { return installer_; }
  const Installer& installer() const { return installer_; }
  SlaveStates& slaves() { return slaves_; }
  bool IsUp(int32_t ifindex) const;
  IgnoreCounters& ignored() { return ignored_; }

 private:
  struct Said {
    MonotonicTime since;
    int count = 0;
  };

  void Remove(const Binding& binding, Reason reason, int32_t other_ifindex);
  void MakeRoom(int32_t ifindex, MonotonicTime now);
  void WantConfigured(int32_t ifindex, const IpAddress& address, MonotonicTime now);
  void WantAllConfigured(MonotonicTime now);
  void Move(const Binding& claim, int32_t owner, MonotonicTime now);
  void Recheck(const IpAddress& address);
  void Note(const IpAddress& address, void (Policy::*note)(const IpAddress&));

  Output* output_;
  bool dry_run_;
  ConfiguredAddresses configured_;
  SlaveStates slaves_;
  IgnoreCounters ignored_{};
  Policy policy_;
  BindingTable bindings_;
  Installer installer_;
  Contests contests_;
  Quarantine quarantine_;
  absl::flat_hash_map<std::tuple<int32_t, IpAddress, Reason>, MonotonicTime> refusals_;
  absl::flat_hash_map<int32_t, Said> refusals_of_slave_;
  absl::flat_hash_map<std::pair<int32_t, IpAddress>, MonotonicTime> duplicates_;  // until when
};

}  // namespace l3sync
