#include "applier/request_handler.h"

#include <linux/if_link.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include "learn/probe_station.h"
#include "netlink/ask_kernel.h"
#include "netlink/hold_verdict.h"
#include "netlink/rtnl_request.h"
#include "wire/delivery.h"
#include "wire/neighbour_frames.h"

namespace l3sync {
namespace {

Command PutOf(const ApplyRequest& request, const IpAddress& address) {
  Command command;
  command.kind = CommandKind::kPutAddress;
  command.replace = request.flag != 0;
  command.ifindex = request.ifindex;
  command.address = address;
  command.valid_sec = request.valid_sec;
  command.preferred_sec = request.preferred_sec;
  command.protocol = request.protocol;
  return command;
}

// Such a port drops what would loop back, or sends it to the wire (ipvlan_xmit_mode_l2()).
bool LoopsBack(const LinkRecord& slave) {
  return (slave.port_flags & (IPVLAN_F_PRIVATE | IPVLAN_F_VEPA)) == 0;
}

}  // namespace

RequestHandler::RequestHandler(ApplierPorts ports, ApplyRules rules)
    : ports_(ports),
      rules_(std::move(rules)),
      guard_(rules_),
      dumper_(ports.dumps, &guard_),
      notifications_(ports.notifications, &guard_) {}

void RequestHandler::OnNotification() {
  // To the end, not a part of it: what the worker asks next, it may ask because of the last one.
  uint64_t before = 0;
  do {
    before = notifications_.counters().links + notifications_.counters().addresses;
    static_cast<void>(notifications_.OnReadable());
  } while (notifications_.counters().links + notifications_.counters().addresses != before);
}

void RequestHandler::Advance(MonotonicTime now) {
  RetryVerdicts(now);
  if (dumper_.NextDeadline() <= now) dumper_.Expire(now);
  if (!dumper_.is_idle() || NextDump() > now) return;
  Command command;
  command.kind = CommandKind::kDumpAll;
  command.id = ++dump_id_;
  last_dump_ = now;
  dumper_.Start(command, now);
}

MonotonicTime RequestHandler::NextDeadline() const {
  return std::min(verdicts_at_, dumper_.is_idle() ? NextDump() : dumper_.NextDeadline());
}

MonotonicTime RequestHandler::NextDump() const {
  if (last_dump_.is_never()) return MonotonicTime();
  return last_dump_ + (guard_.needs_dump() ? kSoonest : kPoll);
}

std::optional<ApplyAnswer> RequestHandler::Apply(const ApplyRequest& request, ByteSpan payload,
                                                 MonotonicTime now) {
  if (request.verb == ApplyVerb::kVerdict || request.verb == ApplyVerb::kReleaseHeld) {
    Judge(request, now);
    return std::nullopt;
  }
  OnNotification();
  const IpAddress address = AddressIn(request.address, request.address_length);
  int error = guard_.Check(request, address);
  if (error == 0) {
    error = Do(request, address, payload);
    if (error == 0) guard_.NoteDone(request, address);
  }
  Advance(now);
  return ApplyAnswer{request.sequence, error};
}

int RequestHandler::Do(const ApplyRequest& request, const IpAddress& address, ByteSpan payload) {
  switch (request.verb) {
    case ApplyVerb::kPutAddress:
      return Ask(BuildPutAddress(message(), ++sequence_, PutOf(request, address)));
    case ApplyVerb::kRemoveAddress:
      return Ask(BuildRemoveAddress(message(), ++sequence_, request.ifindex, address));
    case ApplyVerb::kRemoveLocalRoute:
      return Ask(BuildRemoveLocalRoute(message(), ++sequence_, request.ifindex, address));
    case ApplyVerb::kDeliver:
    case ApplyVerb::kProbe:
    case ApplyVerb::kAnnounce:
      return SendToGuest(request, address, payload);
    case ApplyVerb::kVerdict:
    case ApplyVerb::kReleaseHeld:
      break;
  }
  return EPERM;
}

int RequestHandler::SendToGuest(const ApplyRequest& request, const IpAddress& address,
                                ByteSpan payload) {
  // Asked each time, for the flags of a port change with any command about one of its slaves, and a
  // frame that does not loop back would go to the wire.
  LinkRecord slave;
  const ByteSpan read = BuildReadLink(message(), ++sequence_, request.ifindex);
  if (const int error = AskKernel(ports_.requests, read, sequence_, &slave); error != 0) {
    return error;
  }
  if (slave.ifindex != request.ifindex || slave.mode != PortMode::kL2) return EOPNOTSUPP;
  if (request.verb == ApplyVerb::kAnnounce) {
    return ports_.looped->Send(request.ifindex, BuildAnnouncement(slave.mac, address));
  }
  ReplySender* const sender = LoopsBack(slave) ? ports_.looped : ports_.injected;
  if (request.verb == ApplyVerb::kProbe) {
    return sender->Send(request.ifindex, BuildProbe(slave.mac, address));
  }
  const Delivery delivery = {AddressIn(request.source, request.address_length), address,
                             request.source_port, request.destination_port, payload};
  if (!IsDelivery(delivery)) return EPERM;
  return sender->Send(request.ifindex, BuildDelivery(slave.mac, delivery));
}

int RequestHandler::Ask(ByteSpan message) { return AskKernel(ports_.requests, message, sequence_); }

bool RequestHandler::SendVerdict(const ApplyRequest& request) {
  const HoldVerdict verdict = request.verb == ApplyVerb::kReleaseHeld ? HoldVerdict::kReleaseAllUpTo
                              : request.flag != 0                     ? HoldVerdict::kDrop
                                                                      : HoldVerdict::kRelease;
  const int error =
      ports_.hold->Send(BuildVerdict(message(), ports_.hold_number, request.held_id, verdict));
  return error != ENOBUFS && error != EAGAIN && error != ENOMEM;
}

void RequestHandler::Judge(const ApplyRequest& request, MonotonicTime now) {
  if (ports_.hold == nullptr) return;
  newest_held_ = std::max(newest_held_, request.held_id);
  if (SendVerdict(request)) return;
  // Beyond the limit it stays held until the end.
  if (verdicts_.size() < kMaxWaitingVerdicts) verdicts_.push_back(request);
  verdicts_at_ = now + kVerdictRetry;
}

void RequestHandler::RetryVerdicts(MonotonicTime now) {
  if (verdicts_at_ > now) return;
  while (!verdicts_.empty() && SendVerdict(verdicts_.front())) verdicts_.pop_front();
  verdicts_at_ = verdicts_.empty() ? MonotonicTime::Never() : now + kVerdictRetry;
}

void RequestHandler::ReleaseHeld(MonotonicTime now) {
  if (ports_.hold == nullptr) return;
  // Far beyond the newest that was told of: the kernel may hold some that the worker never read.
  ApplyRequest all;
  all.verb = ApplyVerb::kReleaseHeld;
  all.held_id = newest_held_ + (uint32_t{1} << 30);
  Judge(all, now);
}

}  // namespace l3sync
