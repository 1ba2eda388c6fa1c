#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"

#include "learn/kernel_record.h"

namespace l3sync {

// One ipvtap slave of the parent, in this network namespace.
struct Slave {
  int32_t ifindex = 0;
  InterfaceName name{};
  bool is_up = false;
};

// What became of the links, in the order in which it happened.
struct LinkChange {
  enum class Kind : uint8_t {
    kSlaveAdded,
    kSlaveRemoved,    // deleted, or no more an ipvtap slave of the parent
    kSlaveMovedAway,  // to another network namespace, where it is not served
    kSlaveRenamed,    // old_name → name
    kSlaveUp,  // its IPv6 addresses are gone since it went down, and the local routes are back
               // (rule F17)
    kSlaveDown,
    kPortChanged,     // mode or flags of all slaves: see port(). First sight of a port in mode l2
                      // without flags is none
    kHostSlaveFound,  // a plain ipvlan slave, which the host configures itself: left alone
    kParentUp,
    kParentDown,
    kParentRenamed,
    kParentMacChanged,
    kParentGone,  // deleted or moved to another network namespace
  };
  Kind kind{};
  int32_t ifindex = 0;
  InterfaceName name{};
  InterfaceName old_name{};  // kSlaveRenamed, kParentRenamed
};

struct LinkChanges {
  absl::InlinedVector<LinkChange, 4> changes;
  // The slave to ask for with kReadLink, 0 for none: mode and flags belong to the port, but a
  // sibling's notification may still say what they were (ipvlan_set_port_mode() changes the slaves
  // first).
  int32_t needs_reread = 0;
};

// The links of one parent as the kernel's records tell them. Pure; owned by the engine thread.
//
// A dump and a notification cross on two sockets, so that a dump may tell what a notification that
// was read earlier has overtaken: between BeginDump and EndDump the notification wins.
class LinkTable {
 public:
  // ipvlan's dev_id pool has 16 bits, of which it leaves out the first and the last
  // (ipvlan_link_new()).
  static constexpr size_t kMaxSlaves = 65533;

  struct Port {
    PortMode mode = PortMode::kL2;
    uint16_t flags = 0;  // IPVLAN_F_*
  };

  explicit LinkTable(int32_t parent_ifindex) : parent_ifindex_(parent_ifindex) {}

  LinkChanges Update(const LinkRecord& record);
  // Around the records of a dump of all links.
  void BeginDump();
  // Links that the dump did not show are gone. Not after a dump that failed: AbandonDump then.
  LinkChanges EndDump();
  void AbandonDump();

  // The slave, while it is served: known, and the port in mode l2. Else null. Valid until the next
  // change.
  const Slave* Find(int32_t ifindex) const;
  // Known slaves, served or not, by ifindex.
  const absl::btree_map<int32_t, Slave>& slaves() const { return slaves_; }

  bool is_served() const { return !port_.has_value() || port_->mode == PortMode::kL2; }
  // None until a slave was seen.
  const std::optional<Port>& port() const { return port_; }

  int32_t parent_ifindex() const { return parent_ifindex_; }
  // Until the parent was seen: no name, down, zeros.
  const LinkRecord& parent() const { return parent_; }
  bool is_parent_known() const { return parent_.ifindex != 0; }

  uint64_t slaves_beyond_limit() const { return slaves_beyond_limit_; }

 private:
  // What was heard of a link since BeginDump.
  enum class Heard : uint8_t { kDumped, kNotified, kDeleted };

  bool IsPortMember(const LinkRecord& record) const;
  bool IsOvertaken(const LinkRecord& record);
  void UpdateParent(const LinkRecord& record, LinkChanges* out);
  void UpdateSlave(const LinkRecord& record, LinkChanges* out);
  void UpdateHostSlave(const LinkRecord& record, LinkChanges* out);
  void UpdatePort(const LinkRecord& record, LinkChanges* out);
  void Remove(int32_t ifindex, LinkChange::Kind kind, LinkChanges* out);
  void AskForReread(const LinkRecord& record, LinkChanges* out) const;

  int32_t parent_ifindex_;
  LinkRecord parent_;
  std::optional<Port> port_;
  absl::btree_map<int32_t, Slave> slaves_;
  absl::btree_map<int32_t, InterfaceName> host_slaves_;
  bool in_dump_ = false;
  absl::flat_hash_map<int32_t, Heard> heard_;
  uint64_t slaves_beyond_limit_ = 0;
};

}  // namespace l3sync
