#include "learn/quarantine.h"

namespace l3sync {

bool Quarantine::Extend(int32_t ifindex, Reason reason, MonotonicTime now) {
  const auto [it, begins] = slaves_.try_emplace(ifindex, Entry{reason, now + kDuration});
  if (!begins) {
    by_end_.erase({it->second.until, ifindex});
    it->second.until = now + kDuration;
  }
  by_end_.insert({it->second.until, ifindex});
  return begins;
}

Reason Quarantine::ReasonOf(int32_t ifindex) const {
  const auto it = slaves_.find(ifindex);
  return it == slaves_.end() ? Reason::kNone : it->second.reason;
}

std::vector<int32_t> Quarantine::TakeEnded(MonotonicTime now) {
  std::vector<int32_t> ended;
  while (!by_end_.empty() && by_end_.begin()->first <= now) {
    ended.push_back(by_end_.begin()->second);
    slaves_.erase(ended.back());
    by_end_.erase(by_end_.begin());
  }
  return ended;
}

void Quarantine::ForgetSlave(int32_t ifindex) {
  const auto it = slaves_.find(ifindex);
  if (it == slaves_.end()) return;
  by_end_.erase({it->second.until, ifindex});
  slaves_.erase(it);
}

MonotonicTime Quarantine::NextDeadline() const {
  return by_end_.empty() ? MonotonicTime::Never() : by_end_.begin()->first;
}

}  // namespace l3sync
