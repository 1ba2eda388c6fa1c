#include "learn/contests.h"

#include <algorithm>
#include <utility>

#include "absl/algorithm/container.h"

#include "learn/probe_station.h"

namespace l3sync {
namespace {

constexpr absl::Duration kNoRoomRetry = absl::Milliseconds(20);

// Tokens that came back since then.
int Refilled(MonotonicTime since, MonotonicTime now) {
  return static_cast<int>(std::min<int64_t>((now - since) / Contests::kRefill, Contests::kBurst));
}

}  // namespace

// ---- How often

bool Contests::HasToken(int32_t ifindex, MonotonicTime now) const {
  const auto it = buckets_.find(ifindex);
  return it == buckets_.end() || it->second.used - Refilled(it->second.since, now) < kBurst;
}

void Contests::TakeToken(int32_t ifindex, MonotonicTime now) {
  Bucket& bucket = buckets_[ifindex];
  const int refilled = Refilled(bucket.since, now);
  if (bucket.used <= refilled) {
    bucket = {0, now};
  } else {
    bucket.used -= refilled;
    bucket.since = bucket.since + refilled * kRefill;
  }
  ++bucket.used;
}

bool Contests::MayBegin(int32_t ifindex, const IpAddress& address, MonotonicTime now) const {
  const auto it = contests_.find(address);
  if (it == contests_.end()) return contests_.size() < kMax && HasToken(ifindex, now);
  return it->second.state == State::kAsking && it->second.claim.ifindex == ifindex;
}

bool Contests::Begin(const Binding& claim, int32_t owner, MonotonicTime now) {
  const IpAddress address = claim.address;
  if (!MayBegin(claim.ifindex, address, now) || !installer_->IsPresent(owner, address)) {
    return false;
  }
  const auto [it, is_new] = contests_.try_emplace(address);
  Contest& contest = it->second;
  contest.claim = claim;  // a later one of the same guest knows better
  if (!is_new) return true;
  TakeToken(claim.ifindex, now);
  contest.owner = owner;
  contest.begun = now;
  Probe(address, &contest, now);
  return true;
}

// ---- The probes

void Contests::Probe(const IpAddress& address, Contest* contest, MonotonicTime now) {
  Command command;
  command.kind = CommandKind::kProbe;
  command.ifindex = contest->owner;
  command.address = address;
  command.id = installer_->NextCommandId();
  if (!output_->TrySend(command, {})) {
    contest->due = now + kNoRoomRetry;
    return;
  }
  installer_->TakeCommandId();
  contest->command_id = command.id;
  contest->due = MonotonicTime::Never();
}

bool Contests::ObserveResult(const CommandResult& result, MonotonicTime now) {
  if (result.command_id == 0) return false;
  const auto it = absl::c_find_if(
      contests_, [&](const auto& entry) { return entry.second.command_id == result.command_id; });
  if (it == contests_.end()) return false;
  Contest& contest = it->second;
  contest.command_id = 0;
  if (contest.state != State::kAsking) return true;
  if (result.error != 0) {
    contest.state = State::kKept;
  } else {
    ++contest.answered_probes;
    contest.due = now + kProbeInterval;
  }
  return true;
}

void Contests::Heard(int32_t ifindex, const IpAddress& address, MonotonicTime now) {
  const auto it = contests_.find(address);
  if (it == contests_.end() || it->second.owner != ifindex) return;
  if (it->second.state != State::kAsking) return;
  it->second.state = State::kDefended;
  it->second.due = now;  // to be said
}

void Contests::FramesLost() {
  for (auto& [address, contest] : contests_) {
    if (contest.state == State::kAsking) contest.state = State::kKept;
  }
}

void Contests::ForgetSlave(int32_t ifindex) {
  buckets_.erase(ifindex);
  absl::erase_if(contests_, [&](const auto& entry) {
    return entry.second.owner == ifindex || entry.second.claim.ifindex == ifindex;
  });
}

void Contests::Advance(MonotonicTime now) {
  for (auto& [address, contest] : contests_) {
    if (contest.state != State::kAsking) continue;
    if (now - contest.begun >= kMaxAge) {
      contest.state = State::kKept;
    } else if (contest.due <= now && contest.answered_probes < kProbes) {
      Probe(address, &contest, now);
    }
  }
  absl::erase_if(buckets_, [&](const auto& entry) {
    return Refilled(entry.second.since, now) >= entry.second.used;
  });
}

std::vector<Contests::Decision> Contests::TakeDecided(bool is_caught_up, MonotonicTime now) {
  std::vector<Decision> decided;
  absl::erase_if(contests_, [&](auto& entry) {
    Contest& contest = entry.second;
    const bool is_silent =
        contest.state == State::kAsking && contest.answered_probes == kProbes && contest.due <= now;
    if (contest.state == State::kAsking && !(is_silent && is_caught_up)) return false;
    if (!contest.claim.address.has_value()) return contest.due <= now;  // said before
    decided.push_back({std::move(contest.claim), contest.owner, is_silent});
    contest.claim = {};
    contest.due = now + kDefended;
    return contest.state != State::kDefended;
  });
  absl::c_sort(decided, [](const Decision& a, const Decision& b) {
    return a.claim.address < b.claim.address;
  });
  return decided;
}

MonotonicTime Contests::NextDeadline() const {
  MonotonicTime next = MonotonicTime::Never();
  for (const auto& [address, contest] : contests_) {
    next = std::min(next, contest.due);
    if (contest.state == State::kAsking) next = std::min(next, contest.begun + kMaxAge);
  }
  return next;
}

}  // namespace l3sync
