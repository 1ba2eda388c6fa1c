#include "learn/announcer.h"

#include <algorithm>

namespace l3sync {

void Announcer::Announce(int32_t ifindex, const IpAddress& address, MonotonicTime now) {
  // No router needs to know a link-local address beforehand (RFC 9131 §4.1).
  if (!is_enabled_ || address.is_link_local()) return;
  const Key key(ifindex, address);
  if (!entries_.contains(key) && entries_.size() >= kMax) {
    return book_->Ignore(IgnoreReason::kAnnouncementsFull);
  }
  Entry& entry = entries_[key];
  if (entry.left > 0) return;  // under way
  entry.left = address.is_v4() ? kArpAnnouncements : kAdvertisements;
  SetDue(key, &entry, now);
}

bool Announcer::IsBound(const Key& key) const {
  const Binding* binding = book_->bindings().Find(key.second);
  return binding != nullptr && binding->ifindex == key.first;
}

void Announcer::SetDue(const Key& key, Entry* entry, MonotonicTime due) {
  due_.erase({entry->due, key});
  entry->due = due;
  due_.insert({due, key});
}

void Announcer::Forget(const Key& key, const Entry& entry) {
  due_.erase({entry.due, key});
  entries_.erase(key);
}

void Announcer::Advance(MonotonicTime now) {
  while (!due_.empty() && due_.begin()->first <= now) {
    const Key key = due_.begin()->second;
    Entry& entry = entries_.at(key);
    if (!IsBound(key)) {
      Forget(key, entry);
      continue;
    }
    if (now < next_send_) return;
    if (!book_->installer().Announce(key.first, key.second)) {
      return SetDue(key, &entry, now + kNoRoomRetry);
    }
    next_send_ = now + kGap;
    if (--entry.left == 0) {
      Forget(key, entry);
    } else {
      SetDue(key, &entry, now + kInterval);
    }
  }
}

MonotonicTime Announcer::NextDeadline() const {
  return due_.empty() ? MonotonicTime::Never() : std::max(due_.begin()->first, next_send_);
}

}  // namespace l3sync
