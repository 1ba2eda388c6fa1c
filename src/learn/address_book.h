#pragma once

#include <cstdint>
#include <tuple>

#include "absl/container/flat_hash_map.h"

#include "learn/binding_table.h"
#include "learn/ignore_reason.h"
#include "learn/installer.h"
#include "learn/output.h"
#include "learn/policy.h"
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

  // `output` is not owned and must outlive this object.
  AddressBook(PolicyOptions policy, Output* output, bool dry_run);
  AddressBook(const AddressBook&) = delete;
  AddressBook& operator=(const AddressBook&) = delete;

  // Puts the binding, whoever had the address; the caller has arbitrated. `created` and
  // `last_evidence` are set here.
  void Want(Binding binding, MonotonicTime now);
  // Puts other lifetimes into a binding, by what a router says; no evidence of the guest's own.
  void SetLifetimes(const Binding& binding);
  // No effect if there is no binding. `other_ifindex`: who gets the address, or 0.
  void Unwant(const IpAddress& address, Reason reason, int32_t other_ifindex = 0);
  // Says that `ifindex` does not get `address`.
  void Refuse(int32_t ifindex, const IpAddress& address, Origin origin, Reason reason,
              int32_t other_ifindex, MonotonicTime now);
  void Ignore(IgnoreReason reason) { ++ignored_[static_cast<size_t>(reason)]; }

  // After a change of the reserved set: a binding that it now forbids goes (rule T7: the host gains
  // a guest's address).
  void RecheckPolicy();

  const BindingTable& bindings() const { return bindings_; }
  Policy& policy() { return policy_; }
  Installer& installer() { return installer_; }
  const Installer& installer() const { return installer_; }
  SlaveStates& slaves() { return slaves_; }
  IgnoreCounters& ignored() { return ignored_; }

 private:
  struct Said {
    MonotonicTime since;
    int count = 0;
  };

  Output* output_;
  bool dry_run_;
  SlaveStates slaves_;
  IgnoreCounters ignored_{};
  Policy policy_;
  BindingTable bindings_;
  Installer installer_;
  absl::flat_hash_map<std::tuple<int32_t, IpAddress, Reason>, MonotonicTime> refusals_;
  absl::flat_hash_map<int32_t, Said> refusals_of_slave_;
};

}  // namespace l3sync
