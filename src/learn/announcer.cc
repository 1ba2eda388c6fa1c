#include "learn/announcer.h"

#include <algorithm>

#include "wire/neighbour_frames.h"

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

bool Announcer::TakeEcho(int32_t ifindex, const IpAddress& sender, ByteSpan frame) {
  const Key key(ifindex, sender);
  const auto it = entries_.find(key);
  if (it == entries_.end() || it->second.echoes == 0) return false;
  if (BuildAnnouncement(shared_mac_, sender) != frame) return false;
  Entry& entry = it->second;
  --entry.echoes;
  if (entry.left == 0 && entry.echoes == 0) Forget(key, entry);
  return true;
}

bool Announcer::IsBound(const Key& key) const {
  const Binding* binding = book_->bindings().Find(key.second);
  return binding != nullptr && binding->ifindex == key.first;
}

bool Announcer::Send(const Key& key) { return book_->installer().Announce(key.first, key.second); }

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
    if (entry.left > 0 && !IsBound(key)) {
      // What was sent before is still to be heard.
      entry.left = 0;
      SetDue(key, &entry, entry.echoes == 0 ? now : now + kEchoTime);
      continue;
    }
    if (entry.left == 0) {
      Forget(key, entry);
      continue;
    }
    if (now < next_send_) return;
    if (!Send(key)) return SetDue(key, &entry, now + kNoRoomRetry);
    next_send_ = now + kGap;
    ++entry.echoes;
    --entry.left;
    SetDue(key, &entry, now + (entry.left > 0 ? kInterval : kEchoTime));
  }
}

MonotonicTime Announcer::NextDeadline() const {
  return due_.empty() ? MonotonicTime::Never() : std::max(due_.begin()->first, next_send_);
}

}  // namespace l3sync
