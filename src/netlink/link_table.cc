#include "netlink/link_table.h"

#include <utility>

namespace l3sync {
namespace {

LinkChange ChangeOf(LinkChange::Kind kind, int32_t ifindex, const InterfaceName& name) {
  return {.kind = kind, .ifindex = ifindex, .name = name};
}

}  // namespace

bool LinkTable::IsPortMember(const LinkRecord& record) const {
  const bool is_ipvlan = record.kind == LinkKind::kIpvlan || record.kind == LinkKind::kIpvtap;
  // An index of another namespace may by chance be the parent's here.
  return is_ipvlan && record.parent_ifindex == parent_ifindex_ && !record.parent_in_other_netns;
}

LinkChanges LinkTable::Update(const LinkRecord& record) {
  LinkChanges out;
  if (IsOvertaken(record)) {
    // The name and the state are old, but mode and flags are not told by notifications.
    const bool is_known = slaves_.contains(record.ifindex) || host_slaves_.contains(record.ifindex);
    if (is_known && IsPortMember(record)) UpdatePort(record, &out);
    return out;
  }
  if (record.ifindex == parent_ifindex_) {
    UpdateParent(record, &out);
  } else if (record.deleted) {
    Remove(record.ifindex,
           record.moved_to_other_netns ? LinkChange::Kind::kSlaveMovedAway
                                       : LinkChange::Kind::kSlaveRemoved,
           &out);
  } else if (!IsPortMember(record)) {
    // The kernel gave a slave's index to another link, and the deletion between was lost.
    Remove(record.ifindex, LinkChange::Kind::kSlaveRemoved, &out);
  } else {
    if (record.kind == LinkKind::kIpvtap) {
      UpdateSlave(record, &out);
    } else {
      UpdateHostSlave(record, &out);
    }
    UpdatePort(record, &out);
    AskForReread(record, &out);
  }
  return out;
}

bool LinkTable::IsOvertaken(const LinkRecord& record) {
  if (!record.is_answer) {
    if (in_dump_) heard_[record.ifindex] = record.deleted ? Heard::kDeleted : Heard::kNotified;
    return false;
  }
  // Outside a dump it is the answer to kReadLink, which was asked for the mode.
  if (!in_dump_) return true;
  const auto [it, is_first] = heard_.try_emplace(record.ifindex, Heard::kDumped);
  return it->second != Heard::kDumped;
}

void LinkTable::UpdateParent(const LinkRecord& record, LinkChanges* out) {
  using Kind = LinkChange::Kind;
  if (record.deleted) {
    if (is_parent_known()) {
      out->changes.push_back(ChangeOf(Kind::kParentGone, parent_ifindex_, parent_.name));
    }
    parent_ = LinkRecord{};
    return;
  }
  const LinkRecord before = std::exchange(parent_, record);
  if (before.ifindex == 0) return;
  if (before.name != record.name) {
    LinkChange change = ChangeOf(Kind::kParentRenamed, parent_ifindex_, record.name);
    change.old_name = before.name;
    out->changes.push_back(change);
  }
  if (before.mac != record.mac) {
    out->changes.push_back(ChangeOf(Kind::kParentMacChanged, parent_ifindex_, record.name));
  }
  if (before.is_up != record.is_up) {
    const Kind kind = record.is_up ? Kind::kParentUp : Kind::kParentDown;
    out->changes.push_back(ChangeOf(kind, parent_ifindex_, record.name));
  }
}

void LinkTable::UpdateSlave(const LinkRecord& record, LinkChanges* out) {
  using Kind = LinkChange::Kind;
  host_slaves_.erase(record.ifindex);
  const auto it = slaves_.find(record.ifindex);
  if (it == slaves_.end()) {
    if (slaves_.size() >= kMaxSlaves) {
      ++slaves_beyond_limit_;
      return;
    }
    slaves_.emplace(record.ifindex, Slave{record.ifindex, record.name, record.is_up});
    out->changes.push_back(ChangeOf(Kind::kSlaveAdded, record.ifindex, record.name));
    return;
  }
  Slave& slave = it->second;
  if (slave.name != record.name) {
    LinkChange change = ChangeOf(Kind::kSlaveRenamed, record.ifindex, record.name);
    change.old_name = std::exchange(slave.name, record.name);
    out->changes.push_back(change);
  }
  if (slave.is_up != record.is_up) {
    slave.is_up = record.is_up;
    const Kind kind = record.is_up ? Kind::kSlaveUp : Kind::kSlaveDown;
    out->changes.push_back(ChangeOf(kind, record.ifindex, record.name));
  }
}

void LinkTable::UpdateHostSlave(const LinkRecord& record, LinkChanges* out) {
  if (slaves_.contains(record.ifindex)) {
    Remove(record.ifindex, LinkChange::Kind::kSlaveRemoved, out);
  }
  const auto it = host_slaves_.find(record.ifindex);
  if (it != host_slaves_.end() && it->second == record.name) return;
  if (it == host_slaves_.end() && host_slaves_.size() >= kMaxSlaves) {
    ++slaves_beyond_limit_;
    return;
  }
  host_slaves_[record.ifindex] = record.name;
  out->changes.push_back(ChangeOf(LinkChange::Kind::kHostSlaveFound, record.ifindex, record.name));
}

void LinkTable::UpdatePort(const LinkRecord& record, LinkChanges* out) {
  const bool is_first = !port_.has_value();
  // A notification is the best there is at first sight; after that only an answer is believed.
  if (!is_first && !record.is_answer) return;
  const Port before = port_.value_or(Port{});
  port_ = Port{.mode = record.mode, .flags = record.port_flags};
  if (before.mode == port_->mode && before.flags == port_->flags) return;
  out->changes.push_back(ChangeOf(LinkChange::Kind::kPortChanged, parent_ifindex_, parent_.name));
}

void LinkTable::Remove(int32_t ifindex, LinkChange::Kind kind, LinkChanges* out) {
  host_slaves_.erase(ifindex);
  const auto it = slaves_.find(ifindex);
  if (it != slaves_.end()) {
    out->changes.push_back(ChangeOf(kind, ifindex, it->second.name));
    slaves_.erase(it);
  }
  // The port goes with its last slave (ipvlan_port_destroy()); the next one's mode is its own.
  if (slaves_.empty() && host_slaves_.empty()) port_.reset();
}

// An answer asks for nothing, or there would be no end. Any member will do: the one that has been
// there for longest is the least likely to be deleted before it is read.
void LinkTable::AskForReread(const LinkRecord& record, LinkChanges* out) const {
  if (record.is_answer) return;
  out->needs_reread = slaves_.empty() ? record.ifindex : slaves_.begin()->first;
}

void LinkTable::BeginDump() {
  in_dump_ = true;
  heard_.clear();
}

LinkChanges LinkTable::EndDump() {
  LinkChanges out;
  if (!std::exchange(in_dump_, false)) return out;
  const auto is_gone = [this](int32_t ifindex) { return !heard_.contains(ifindex); };

  absl::InlinedVector<int32_t, 16> gone;
  for (const auto& [ifindex, slave] : slaves_) {
    if (is_gone(ifindex)) gone.push_back(ifindex);
  }
  for (const auto& [ifindex, name] : host_slaves_) {
    if (is_gone(ifindex)) gone.push_back(ifindex);
  }
  for (const int32_t ifindex : gone) Remove(ifindex, LinkChange::Kind::kSlaveRemoved, &out);
  if (is_parent_known() && is_gone(parent_ifindex_)) {
    LinkRecord gone_parent = parent_;
    gone_parent.deleted = true;
    UpdateParent(gone_parent, &out);
  }
  heard_.clear();
  return out;
}

void LinkTable::AbandonDump() {
  in_dump_ = false;
  heard_.clear();
}

const Slave* LinkTable::Find(int32_t ifindex) const {
  if (!is_served()) return nullptr;
  const auto it = slaves_.find(ifindex);
  return it == slaves_.end() ? nullptr : &it->second;
}

}  // namespace l3sync
