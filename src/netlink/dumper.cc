#include "netlink/dumper.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <cerrno>

#include "absl/types/span.h"

#include "netlink/rtnl_request.h"

namespace l3sync {
namespace {

// Datagrams that one OnReadable takes, so that the other descriptors get their turn.
constexpr int kMaxDatagrams = 64;

using BuildStep = ByteSpan (*)(MutableByteSpan buffer, uint32_t sequence, const Command& command);

// In this order: a slave is known before its addresses are.
constexpr BuildStep kAllSteps[] = {
    [](MutableByteSpan buffer, uint32_t sequence, const Command&) {
      return BuildDumpLinks(buffer, sequence);
    },
    [](MutableByteSpan buffer, uint32_t sequence, const Command&) {
      return BuildDumpAddresses(buffer, sequence, AddressFamily::kV4, 0);
    },
    [](MutableByteSpan buffer, uint32_t sequence, const Command&) {
      return BuildDumpAddresses(buffer, sequence, AddressFamily::kV6, 0);
    },
    [](MutableByteSpan buffer, uint32_t sequence, const Command&) {
      return BuildDumpRoutes(buffer, sequence, AddressFamily::kV4, RTN_UNICAST);
    },
    [](MutableByteSpan buffer, uint32_t sequence, const Command&) {
      return BuildDumpRoutes(buffer, sequence, AddressFamily::kV4, RTN_LOCAL);
    },
    [](MutableByteSpan buffer, uint32_t sequence, const Command&) {
      return BuildDumpRoutes(buffer, sequence, AddressFamily::kV6, RTN_UNICAST);
    },
    [](MutableByteSpan buffer, uint32_t sequence, const Command&) {
      return BuildDumpRoutes(buffer, sequence, AddressFamily::kV6, RTN_LOCAL);
    },
    [](MutableByteSpan buffer, uint32_t sequence, const Command&) {
      return BuildDumpNeighbours(buffer, sequence);
    },
};

constexpr BuildStep kAddressSteps[] = {
    [](MutableByteSpan buffer, uint32_t sequence, const Command& command) {
      return BuildDumpAddresses(buffer, sequence, AddressFamily::kV4, command.ifindex);
    },
    [](MutableByteSpan buffer, uint32_t sequence, const Command& command) {
      return BuildDumpAddresses(buffer, sequence, AddressFamily::kV6, command.ifindex);
    },
};

absl::Span<const BuildStep> StepsOf(const Command& command) {
  if (command.kind == CommandKind::kDumpAddresses) return kAddressSteps;
  return kAllSteps;
}

bool IsWanted(const RouteRecord& route) {
  if (route.type == RTN_LOCAL) return route.table == RT_TABLE_LOCAL;
  if (route.type != RTN_UNICAST) return false;
  if (route.gateway.has_value()) return true;
  return route.destination.address.is_v6() && route.ifindex != 0 &&
         !route.destination.address.is_link_local();
}

bool IsWanted(const NeighbourRecord& neighbour) {
  // NOARP entries map multicast groups and the like, and are nobody's.
  return neighbour.mac != MacAddress{} && (neighbour.state & NUD_NOARP) == 0;
}

}  // namespace

Dumper::Dumper(RtnlPort* port, RecordSink* sink) : port_(port), sink_(sink) {}

void Dumper::Start(const Command& command, MonotonicTime now) {
  queue_.push_back(command);
  Pump(now);
}

void Dumper::OnReadable(MonotonicTime now) {
  Pump(now);
  for (int i = 0; i < kMaxDatagrams && !is_paused_; ++i) {
    size_t length = 0;
    const int error = port_->Receive(absl::MakeSpan(buffer_), &length);
    if (error == 0) {
      walk_ = MessageWalk(ByteSpan(buffer_).subspan(0, length));
    } else if (error == ENOBUFS || error == EMSGSIZE) {
      // A part of the answer is missing; what is still to come must be read all the same.
      if (state_ == State::kReading) Fail(error, State::kDraining);
    } else {
      break;
    }
    Pump(now);
  }
}

void Dumper::Expire(MonotonicTime now) {
  if (is_paused_) Pump(now);
  if (NextDeadline() > now) return;
  if (is_paused_) {
    // The rest of the kernel's answer must be read before it begins another dump (EBUSY from
    // __netlink_dump_start()).
    is_paused_ = false;
    deadline_ = now + kStall;
    Fail(ENOBUFS, State::kDraining);
  } else {
    Fail(ETIMEDOUT, State::kClosing);
  }
  Pump(now);
}

MonotonicTime Dumper::NextDeadline() const {
  const bool is_waiting = state_ == State::kReading || state_ == State::kDraining;
  return std::min(retry_at_, is_waiting ? deadline_ : MonotonicTime::Never());
}

void Dumper::Pump(MonotonicTime now) {
  is_paused_ = false;
  if (ObserveRest(now)) Advance(now);
  retry_at_ = is_paused_ ? now + kSinkRetry : MonotonicTime::Never();
}

void Dumper::Advance(MonotonicTime now) {
  for (;;) {
    switch (state_) {
      case State::kIdle:
        if (queue_.empty()) return;
        command_ = queue_.front();
        queue_.pop_front();
        step_ = 0;
        error_ = 0;
        mark_pushed_ = false;
        state_ = State::kOpening;
        break;
      case State::kOpening:
        if (!Push(DumpMark{.kind = DumpMark::Kind::kBegin,
                           .ifindex = command_.ifindex,
                           .command_id = command_.id})) {
          return;
        }
        BeginStep(now);
        break;
      case State::kReading:
      case State::kDraining:
        return;
      case State::kClosing:
        if (!PushClosing()) return;
        state_ = State::kIdle;
        break;
    }
  }
}

void Dumper::BeginStep(MonotonicTime now) {
  alignas(4) std::array<uint8_t, kMaxRequestSize> bytes;
  ++sequence_;
  state_ = State::kReading;
  deadline_ = now + kStall;
  const BuildStep build = StepsOf(command_)[step_];
  const int error = port_->Send(build(absl::MakeSpan(bytes), sequence_, command_));
  if (error != 0) Fail(error, State::kClosing);
}

// The first error is the cause; those that follow are its effects.
void Dumper::Fail(int32_t error, State next) {
  if (error_ == 0) error_ = error;
  state_ = next;
}

bool Dumper::PushClosing() {
  if (!mark_pushed_) {
    const auto kind = error_ == 0 ? DumpMark::Kind::kEnd : DumpMark::Kind::kFailed;
    if (!Push(DumpMark{.kind = kind, .ifindex = command_.ifindex, .command_id = command_.id})) {
      return false;
    }
    mark_pushed_ = true;
  }
  if (!Push(CommandResult{.command_id = command_.id, .error = error_})) return false;
  ++(error_ == 0 ? counters_.completed : counters_.failed);
  if (error_ == EINTR) ++counters_.interrupted;
  return true;
}

bool Dumper::ObserveRest(MonotonicTime now) {
  for (; const auto message = walk_.Current(); walk_.Advance()) {
    if (!ObserveMessage(*message, now)) return false;
  }
  if (walk_.is_broken()) ++counters_.broken_messages;
  walk_ = MessageWalk();
  return true;
}

bool Dumper::ObserveMessage(const RtnlMessage& message, MonotonicTime now) {
  const bool is_awaited = state_ == State::kReading || state_ == State::kDraining;
  if (!is_awaited || message.sequence != sequence_) {
    ++counters_.stale_messages;
    return true;
  }
  if ((message.flags & NLM_F_DUMP_INTR) != 0) Fail(EINTR, State::kDraining);

  if (message.type == NLMSG_ERROR) {
    // In place of the dump: the kernel sends no NLMSG_DONE after it.
    Fail(ParseError(message).value_or(EPROTO), State::kClosing);
    return true;
  }
  if (message.type == NLMSG_DONE) {
    const int32_t error = ParseDone(message).value_or(EPROTO);
    if (error != 0 || error_ != 0) {
      Fail(error, State::kClosing);
    } else if (++step_ < StepsOf(command_).size()) {
      BeginStep(now);
    } else {
      state_ = State::kClosing;
    }
    return true;
  }
  if (state_ == State::kReading && !Forward(message)) return false;
  deadline_ = now + kStall;
  return true;
}

bool Dumper::Forward(const RtnlMessage& message) {
  if (message.type == RTM_NEWROUTE) return ForwardRoutes(message);
  if (auto link = ParseLink(message)) {
    link->is_answer = true;
    return Push(*link);
  }
  if (const auto address = ParseAddress(message)) return Push(*address);
  if (const auto neighbour = ParseNeighbour(message)) {
    return !IsWanted(*neighbour) || Push(*neighbour);
  }
  ++counters_.broken_messages;
  return true;
}

// A route whose second next hop finds no room is forwarded again from the first: twice is no harm.
bool Dumper::ForwardRoutes(const RtnlMessage& message) {
  const std::optional<RouteRecords> routes = ParseRoute(message);
  if (!routes) {
    ++counters_.broken_messages;
    return true;
  }
  return std::all_of(routes->begin(), routes->end(),
                     [this](const RouteRecord& route) { return !IsWanted(route) || Push(route); });
}

bool Dumper::Push(const KernelRecord& record) {
  if (sink_->Push(record)) return true;
  is_paused_ = true;
  ++counters_.sink_full;
  return false;
}

}  // namespace l3sync
