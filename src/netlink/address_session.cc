#include "netlink/address_session.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>

#include "absl/container/inlined_vector.h"

#include "netlink/rtnl_request.h"
#include "wire/delivery.h"

namespace l3sync {
namespace {

// Datagrams that one OnReadable takes, so that the other descriptors get their turn.
constexpr int kMaxDatagrams = 64;

// The kernel had no memory or no room just now; it may have some in a moment.
bool IsTransient(int error) { return error == ENOBUFS || error == EAGAIN || error == ENOMEM; }

std::optional<ApplyVerb> VerbOf(CommandKind kind) {
  switch (kind) {
    case CommandKind::kPutAddress:
      return ApplyVerb::kPutAddress;
    case CommandKind::kRemoveAddress:
      return ApplyVerb::kRemoveAddress;
    case CommandKind::kRemoveLocalRoute:
      return ApplyVerb::kRemoveLocalRoute;
    case CommandKind::kDeliverReply:
      return ApplyVerb::kDeliver;
    case CommandKind::kProbe:
      return ApplyVerb::kProbe;
    case CommandKind::kAnnounce:
      return ApplyVerb::kAnnounce;
    default:
      return std::nullopt;
  }
}

ApplyRequest RequestOf(const Command& command, ApplyVerb verb, uint32_t sequence) {
  ApplyRequest request;
  request.sequence = sequence;
  request.verb = verb;
  request.flag = command.replace ? 1 : 0;
  request.protocol = command.protocol;
  request.ifindex = command.ifindex;
  request.valid_sec = command.valid_sec;
  request.preferred_sec = command.preferred_sec;
  PutAddressIn(command.address, &request.address, &request.address_length);
  return request;
}

}  // namespace

AddressSession::AddressSession(ApplyPort* applier, RtnlPort* links, RecordSink* sink)
    : applier_(applier), links_(links), sink_(sink) {
  in_flight_.reserve(kWindow);
  results_.reserve(kWindow);
}

void AddressSession::Submit(const Command& command, ByteSpan frame, MonotonicTime now) {
  Request request;
  request.command = command;
  request.deadline = now + kDeadline;
  if (command.kind != CommandKind::kReadLink && !VerbOf(command.kind)) {
    return Finish(request, EOPNOTSUPP, now);
  }
  Transmit(request, frame, now);
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

int AddressSession::Ask(const Request& request, ByteSpan frame, uint32_t sequence) {
  const Command& command = request.command;
  if (command.kind == CommandKind::kReadLink) {
    alignas(4) std::array<uint8_t, kMaxRequestSize> bytes;
    return links_->Send(BuildReadLink(absl::MakeSpan(bytes), sequence, command.ifindex));
  }
  if (applier_ == nullptr) return ENOTCONN;
  const ApplyVerb verb =
      IsAboutLocalRoute(request) ? ApplyVerb::kRemoveLocalRoute : VerbOf(command.kind).value();
  ApplyRequest asked = RequestOf(command, verb, sequence);
  if (verb != ApplyVerb::kDeliver) return applier_->Send(asked, {});
  const std::optional<Delivery> delivery = ParseDelivery(frame);
  if (!delivery) return EINVAL;
  PutAddressIn(delivery->source, &asked.source, &asked.address_length);
  PutAddressIn(delivery->destination, &asked.address, &asked.address_length);
  asked.source_port = delivery->source_port;
  asked.destination_port = delivery->destination_port;
  asked.payload_length = static_cast<uint32_t>(delivery->payload.size());
  return applier_->Send(asked, delivery->payload);
}

// The frame of a reply is not kept: its client asks again.
bool AddressSession::IsWorthAnotherTry(const Request& request) {
  return request.command.kind != CommandKind::kDeliverReply;
}

void AddressSession::Transmit(Request request, ByteSpan frame, MonotonicTime now) {
  const uint32_t sequence = TakeSequence();
  ++request.attempts;
  request.send_at = MonotonicTime::Never();
  const int error = Ask(request, frame, sequence);
  if (error == 0) {
    in_flight_.emplace(sequence, request);
    return;
  }
  if (IsTransient(error)) {
    ++counters_.send_retries;
    if (IsWorthAnotherTry(request) && BackOff(request, now)) return;
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

bool AddressSession::OnAnswer(MonotonicTime now) {
  for (int i = 0; i < kMaxDatagrams; ++i) {
    ApplyAnswer answer;
    const int error = applier_->Receive(&answer);
    if (error == EPIPE) return false;
    if (error != 0) break;
    ObserveAnswer(answer.sequence, answer.error, now);
  }
  return true;
}

void AddressSession::OnLink(MonotonicTime now) {
  for (int i = 0; i < kMaxDatagrams; ++i) {
    size_t length = 0;
    const int error = links_->Receive(absl::MakeSpan(buffer_), &length);
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
      const std::optional<int32_t> error = ParseError(*message);
      if (error) {
        ObserveAnswer(message->sequence, *error, now);
      } else {
        ++counters_.broken_messages;
      }
    } else if (message->type == RTM_NEWLINK) {
      ObserveLink(*message);
    } else {
      ++counters_.broken_messages;
    }
  }
  if (walk.is_broken()) ++counters_.broken_messages;
}

void AddressSession::ObserveAnswer(uint32_t sequence, int32_t error, MonotonicTime now) {
  const auto it = in_flight_.find(sequence);
  if (it == in_flight_.end()) {
    ++counters_.late_answers;
    return;
  }
  ++counters_.answered;
  const Request request = it->second;
  in_flight_.erase(it);
  Conclude(request, error, now);
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
    return Transmit(request, {}, now);
  }
  if (IsTransient(error)) {
    ++counters_.send_retries;
    if (IsWorthAnotherTry(request) && BackOff(request, now)) return;
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
  const CommandKind kind = request.command.kind;
  for (auto [of, sent] :
       {std::pair(CommandKind::kDeliverReply, &replies_), std::pair(CommandKind::kProbe, &probes_),
        std::pair(CommandKind::kAnnounce, &announcements_)}) {
    if (kind == of) ++(error == 0 ? sent->frames : sent->errors);
  }
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
      Transmit(request, {}, now);
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
