#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/container/inlined_vector.h"

#include "learn/binding_table.h"
#include "learn/command.h"
#include "learn/ignore_reason.h"
#include "learn/kernel_record.h"
#include "learn/output.h"
#include "learn/slave_state.h"

namespace l3sync {

// Makes the kernel's table equal to the binding table. Start-up, a lost message and normal running
// are one path: what the kernel has is compared with what is wanted, and the difference becomes
// commands. A command that finds no room, is refused or gets no answer leaves the difference, which
// is tried again.
//
// Call Flush at the end of each observation: until then nothing is sent.
class Installer {
 public:
  // A dead l3sync must leave nothing behind that does not expire, so what never ends is given to
  // the kernel for a day, and again every half day.
  static constexpr absl::Duration kRollingLifetime = absl::Hours(24);
  // Rule K4: somebody else's deletion is repaired this often an hour, then held.
  static constexpr int kMaxRepairsPerHour = 3;
  // Replies that wait for their address, over all slaves: one for each of many guests that boot at
  // once.
  static constexpr size_t kMaxPendingReplies = 1024;
  // Of these, for one address: those of a guest that asks on and on while its address can't be put.
  static constexpr size_t kMaxPendingRepliesPerAddress = 4;
  // A client asks again after 4 s (RFC 2131 §4.1): a reply that waited longer is no use.
  static constexpr absl::Duration kMaxReplyAge = absl::Seconds(4);

  // All are not owned and must outlive this object. In a dry run nothing that changes the kernel is
  // sent.
  Installer(const BindingTable* bindings, SlaveStates* slaves, Output* output,
            IgnoreCounters* ignored, bool dry_run);

  // The binding of `address` was put, changed or removed.
  void Changed(const IpAddress& address) { dirty_.insert(address); }
  // Before a binding is removed or moved: what the event of its removal will say.
  void NoteRemoval(const Binding& binding, Reason reason, int32_t other_ifindex);

  // A reply to the guest on `ifindex` at `address`, which the kernel could deliver only if the
  // address was there already. `frame`, which ParseDelivery() takes, is copied.
  // `kind` tells an OFFER from an ACK: a reply that waits is not queued twice. True if it waits for
  // its address now.
  bool DeliverWhenPresent(int32_t ifindex, const IpAddress& address, uint32_t xid, uint8_t kind,
                          ByteSpan frame, MonotonicTime now);
  // A reply for `address` waits, or is being sent, on `ifindex`.
  bool AwaitsDelivery(int32_t ifindex, const IpAddress& address) const;
  // The addresses whose replies were delivered, or never will be, since the last call.
  std::vector<IpAddress> TakeSettled();

  // Says on `ifindex` that the guest there has `address` (rule D8). False: no room now.
  [[nodiscard]] bool Announce(int32_t ifindex, const IpAddress& address);
  // What guests came to have since the last call: put by us, confirmed by the kernel, and more than
  // offered. Each once, until it is put anew.
  std::vector<std::pair<int32_t, IpAddress>> TakeEstablished();

  void ObserveAddress(const AddressRecord& record, MonotonicTime now);  // of a served slave
  void ObserveLocalRoute(int32_t ifindex, const IpAddress& address);
  void ObserveResult(const CommandResult& result, MonotonicTime now);
  // Of all slaves (ifindex 0) or of one. What an ended dump did not show is absent.
  void BeginDump(int32_t ifindex);
  void EndDump(int32_t ifindex, bool complete, MonotonicTime now);

  void SlaveWentUp(int32_t ifindex, MonotonicTime now);
  void SlaveWentDown(int32_t ifindex, MonotonicTime now);
  void SlaveGone(int32_t ifindex);

  struct OwnAddress {
    IpAddress address;
    MonotonicTime deadline;
    uint8_t protocol = 0;  // IFA_PROTO
  };

  // Asks the kernel for the addresses of `ifindex`; answered by a dump.
  void Look(int32_t ifindex) { looks_wanted_[ifindex] = MonotonicTime(); }
  // A look that is asked for now is answered by a dump whose command has this id or a greater one.
  uint64_t NextCommandId() const { return next_command_id_; }
  // A command of somebody else's with that id was sent.
  void TakeCommandId() { next_command_id_ += 2; }
  // The kernel has `address` on `ifindex`, by l3sync or by somebody else.
  bool IsPresent(int32_t ifindex, const IpAddress& address) const;
  // Says that the kernel has a wanted address, once for each time that it was put or adopted.
  void Confirm(int32_t ifindex, const IpAddress& address, MonotonicTime now);
  bool KernelHasForeign(int32_t ifindex, const IpAddress& address) const;
  // What bears our tag on `ifindex`, in order.
  std::vector<OwnAddress> OwnAddressesOf(int32_t ifindex) const;

  // After a suspend: the kernel's lifetimes stood still for `slept`.
  void Resumed(absl::Duration slept);

  void Flush(MonotonicTime now);
  void Advance(MonotonicTime now);
  MonotonicTime NextDeadline() const;

 private:
  static constexpr absl::Duration kNoRoomRetry = absl::Milliseconds(20);
  // Kernel and l3sync round lifetimes differently (addrconf and devinet count whole seconds).
  static constexpr absl::Duration kLifetimeSlack = absl::Seconds(3);

  struct Reply {
    uint32_t xid = 0;
    uint8_t kind = 0;
    MonotonicTime queued;
    std::vector<uint8_t> frame;
  };
  struct Removal {
    bool pending = false;
    Origin origin = Origin::kNone;
    Reason reason = Reason::kNotWanted;
    int32_t other_ifindex = 0;
    uint32_t xid = 0;
  };
  // One address on one slave.
  struct Slot {
    int32_t ifindex = 0;
    // As the kernel has it.
    bool present = false;
    bool ours = false;
    bool confirmed = false;    // its notification came since it was put
    bool established = false;  // TakeEstablished has told it
    bool local_route = false;  // the `local` route may be there
    uint64_t seen_in_dump = 0;
    MonotonicTime deadline;  // what we last gave it, or what it was found with
    uint8_t protocol = 0;    // the same
    // As it is being changed.
    uint64_t command_id = 0;  // in flight; 0: none
    CommandKind command_kind{};
    bool command_replaces = false;
    bool requested_said = false;
    bool pretended = false;  // dry run: what we would have put
    int failures = 0;
    MonotonicTime next_try;
    int repairs = 0;
    MonotonicTime repairs_since;
    Removal removal;
    absl::InlinedVector<Reply, 1> replies;
    bool is_idle() const {
      return !present && command_id == 0 && !pretended && !removal.pending && replies.empty();
    }
  };
  using Slots = absl::InlinedVector<Slot, 1>;
  struct InFlight {
    CommandKind kind{};
    int32_t ifindex = 0;
    IpAddress address;
    uint32_t xid = 0;  // kDeliverReply
  };

  Slot* FindSlot(const IpAddress& address, int32_t ifindex);
  const Slot* FindSlot(const IpAddress& address, int32_t ifindex) const;
  Slot& SlotOf(const IpAddress& address, int32_t ifindex);
  Event MakeEvent(EventKind kind, const IpAddress& address, int32_t ifindex) const;
  Event MakeBindingEvent(EventKind kind, const Binding& binding, MonotonicTime now) const;

  // installer.cc: the difference becomes commands
  void Reconcile(const IpAddress& address, MonotonicTime now);
  void TakeAway(const IpAddress& address, Slot* slot, MonotonicTime now);
  void PutThere(const Binding& binding, Slot* slot, MonotonicTime now);
  void SendPut(const Binding& binding, Slot* slot, MonotonicTime now);
  void NoteEstablished(const Binding& binding, Slot* slot);
  bool IsStale(const Binding& binding, const Slot& slot, MonotonicTime now) const;
  bool Send(CommandKind kind, const IpAddress& address, Slot* slot, Command command,
            MonotonicTime now);
  void SendLooks(MonotonicTime now);
  void Ignore(IgnoreReason reason) { ++(*ignored_)[static_cast<size_t>(reason)]; }
  void RetryAt(MonotonicTime when, const IpAddress& address) { retries_.insert({when, address}); }

  // installer_replies.cc: frames
  void DeliverReplies(const IpAddress& address, Slot* slot, MonotonicTime now);
  void DropReplies(const IpAddress& address, Slot* slot, IgnoreReason reason);

  // installer_kernel.cc: what the kernel says
  void DeliveryEnded(const InFlight& command, int error);
  void PutEnded(const IpAddress& address, Slot* slot, int error, MonotonicTime now);
  void RemoveEnded(const IpAddress& address, Slot* slot, int error, MonotonicTime now);
  void Refused(const IpAddress& address, Slot* slot, int error, MonotonicTime now);
  void FoundAbsent(const IpAddress& address, Slot* slot, MonotonicTime now);
  void SayRemoved(const IpAddress& address, Slot* slot);

  const BindingTable* bindings_;
  SlaveStates* slaves_;
  Output* output_;
  IgnoreCounters* ignored_;
  const bool dry_run_;

  absl::flat_hash_map<IpAddress, Slots> slots_;
  absl::flat_hash_set<IpAddress> dirty_;
  absl::btree_set<std::pair<MonotonicTime, IpAddress>> retries_;
  absl::flat_hash_map<uint64_t, InFlight> in_flight_;
  absl::btree_map<int32_t, MonotonicTime> looks_wanted_;  // not before
  absl::flat_hash_set<int32_t> looks_in_flight_;
  std::vector<IpAddress> settled_;
  std::vector<std::pair<int32_t, IpAddress>> established_;
  size_t pending_replies_ = 0;
  bool last_delivery_failed_ = false;
  uint64_t next_command_id_ = 1;
  uint64_t dump_generation_ = 1;
  absl::flat_hash_map<int32_t, uint64_t> dump_begun_;  // by ifindex (0: all): its generation
};

// Command ids of the installer are odd, so that its owner may use even ones for its own.
inline constexpr bool IsInstallerCommand(uint64_t id) { return (id & 1) != 0; }

}  // namespace l3sync
