#include "netlink/address_session.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <cerrno>

#include "absl/container/inlined_vector.h"

#include "netlink/rtnl_request.h"

namespace l3sync {
namespace {

// Datagrams that one OnReadable takes, so that the other descriptors get their turn.
constexpr int kMaxDatagrams = 64;

// The kernel had no memory or no room just now; it may have some in a moment.
bool IsTransient(int error) { return error == ENOBUFS || error == EAGAIN || error == ENOMEM; }

bool IsSubmittable(CommandKind kind) {
  return kind == CommandKind::kPutAddress || kind == CommandKind::kRemoveAddress ||
         kind == CommandKind::kRemoveLocalRoute || kind == CommandKind::kReadLink;
}

ByteSpan BuildCommand(MutableByteSpan buffer, uint32_t sequence, const Command& command) {
  switch (command.kind) {
    case CommandKind::kPutAddress:
      return BuildPutAddress(buffer, sequence, command);
    case CommandKind::kRemoveAddress:
      return BuildRemoveAddress(buffer, sequence, command.ifindex, command.address);
    case CommandKind::kRemoveLocalRoute:
      return BuildRemoveLocalRoute(buffer, sequence, command.ifindex, command.address);
    default:
      return BuildReadLink(buffer, sequence, command.ifindex);
  }
}

}  // namespace

AddressSession::AddressSession(RtnlPort* port, RecordSink* sink) : port_(port), sink_(sink) {
  in_flight_.reserve(kWindow);
  results_.reserve(kWindow);
}

void AddressSession::Submit(const Command& command, MonotonicTime now) {
  Request request;
  request.command = command;
  request.deadline = now + kDeadline;
  if (!IsSubmittable(command.kind)) return Finish(request, EOPNOTSUPP, now);
  Transmit(request, now);
}

// Skips 0, which is what the kernel's own notifications carry.
uint32_t AddressSession::TakeSequence() {
  if (++last_sequence_ == 0) ++last_sequence_;
  return last_sequence_;
}

bool AddressSession::IsAboutLocalRoute(const Request& request) {
  return request.step == Step::kLocalRoute ||
         request.command.kind == CommandKind::kRemoveLocalRoute;
}

void AddressSession::Transmit(Request request, MonotonicTime now) {
  alignas(4) std::array<uint8_t, kMaxRequestSize> bytes;
  const Command& command = request.command;
  const uint32_t sequence = TakeSequence();
  const ByteSpan message =
      IsAboutLocalRoute(request)
          ? BuildRemoveLocalRoute(absl::MakeSpan(bytes), sequence, command.ifindex, command.address)
          : BuildCommand(absl::MakeSpan(bytes), sequence, command);
  ++request.attempts;
  request.send_at = MonotonicTime::Never();
  const int error = port_->Send(message);
  if (error == 0) {
    in_flight_.emplace(sequence, request);
    return;
  }
  if (IsTransient(error)) {
    ++counters_.send_retries;
    if (BackOff(request, now)) return;
  }
  // Not Conclude: whatever errno this is, the kernel did not answer it.
  Finish(request, error, now);
}

bool AddressSession::BackOff(Request request, MonotonicTime now) {
  if (request.attempts >= kMaxAttempts) return false;
  request.send_at = now + kFirstBackOff * (int64_t{1} << (request.attempts - 1));
  in_flight_.emplace(TakeSequence(), request);
  return true;
}

void AddressSession::OnReadable(MonotonicTime now) {
  for (int i = 0; i < kMaxDatagrams; ++i) {
    size_t length = 0;
    const int error = port_->Receive(absl::MakeSpan(buffer_), &length);
    if (error == 0) {
      ObserveDatagram(ByteSpan(buffer_).subspan(0, length), now);
    } else if (error == ENOBUFS) {
      // Answers did not fit into the socket's buffer. Whose is not known: their deadlines end them.
      ++counters_.answers_lost;
    } else if (error == EMSGSIZE) {
      ++counters_.broken_messages;
    } else {
      return;
    }
  }
}

void AddressSession::ObserveDatagram(ByteSpan datagram, MonotonicTime now) {
  MessageWalk walk(datagram);
  for (; const auto message = walk.Current(); walk.Advance()) {
    if (message->type == NLMSG_ERROR) {
      ObserveAnswer(*message, now);
    } else if (message->type == RTM_NEWLINK) {
      ObserveLink(*message);
    } else {
      ++counters_.broken_messages;
    }
  }
  if (walk.is_broken()) ++counters_.broken_messages;
}

void AddressSession::ObserveAnswer(const RtnlMessage& message, MonotonicTime now) {
  const auto it = in_flight_.find(message.sequence);
  if (it == in_flight_.end()) {
    ++counters_.late_answers;
    return;
  }
  const std::optional<int32_t> error = ParseError(message);
  if (!error) {
    ++counters_.broken_messages;
    return;
  }
  ++counters_.answered;
  const Request request = it->second;
  in_flight_.erase(it);
  Conclude(request, *error, now);
}

void AddressSession::ObserveLink(const RtnlMessage& message) {
  const auto it = in_flight_.find(message.sequence);
  if (it == in_flight_.end() || it->second.command.kind != CommandKind::kReadLink) {
    ++counters_.late_answers;
    return;
  }
  std::optional<LinkRecord> link = ParseLink(message);
  if (!link) {
    ++counters_.broken_messages;
    it->second.forward_error = EPROTO;
    return;
  }
  link->is_answer = true;
  if (!sink_->Push(*link)) it->second.forward_error = ENOBUFS;
}

void AddressSession::Conclude(Request request, int32_t error, MonotonicTime now) {
  if (IsAboutLocalRoute(request)) return ConcludeLocalRoute(request, error, now);
  if (request.command.kind == CommandKind::kPutAddress && error == 0) {
    // Only now, and not in one datagram with RTM_NEWADDR: had that been refused because the address
    // is somebody else's, its local route would be taken from them.
    request.step = Step::kLocalRoute;
    request.attempts = 0;
    return Transmit(request, now);
  }
  Finish(request, error != 0 ? error : request.forward_error, now);
}

void AddressSession::ConcludeLocalRoute(const Request& request, int32_t error, MonotonicTime now) {
  const bool is_absent = error == ESRCH || error == ENOENT;
  // A refreshed address has no local route to wait for: it was taken away when the address was new.
  const bool may_come = request.command.address.is_v6() && !request.command.replace;
  if (is_absent && may_come && BackOff(request, now)) return;
  if (is_absent) ++counters_.local_routes_absent;
  if (is_absent || error == 0) return Finish(request, 0, now);

  ++counters_.local_route_errors;
  Finish(request, request.step == Step::kLocalRoute ? 0 : error, now);
}

void AddressSession::Finish(const Request& request, int32_t error, MonotonicTime now) {
  results_.push_back({.command_id = request.command.id, .error = error});
  OfferResults(now);
}

void AddressSession::OfferResults(MonotonicTime now) {
  const auto refused =
      std::find_if(results_.begin(), results_.end(),
                   [this](const CommandResult& result) { return !sink_->Push(result); });
  results_.erase(results_.begin(), refused);
  offer_at_ = results_.empty() ? MonotonicTime::Never() : now + kOfferAgain;
}

void AddressSession::Expire(MonotonicTime now) {
  absl::InlinedVector<uint32_t, kWindow> due;
  for (const auto& [sequence, request] : in_flight_) {
    if (std::min(request.deadline, request.send_at) <= now) due.push_back(sequence);
  }
  for (const uint32_t sequence : due) {
    const Request request = in_flight_.at(sequence);
    in_flight_.erase(sequence);
    if (request.deadline <= now) {
      ++counters_.timeouts;
      Finish(request, ETIMEDOUT, now);
    } else {
      Transmit(request, now);
    }
  }
  if (offer_at_ <= now) OfferResults(now);
}

MonotonicTime AddressSession::NextDeadline() const {
  MonotonicTime next = offer_at_;
  for (const auto& [sequence, request] : in_flight_) {
    next = std::min({next, request.deadline, request.send_at});
  }
  return next;
}

}  // namespace l3sync
