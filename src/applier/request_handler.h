#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>

#include "applier/apply_guard.h"
#include "applier/reply_sender.h"
#include "apply/apply_request.h"
#include "learn/monotonic_time.h"
#include "netlink/dumper.h"
#include "netlink/notification_reader.h"
#include "netlink/rtnl_port.h"

namespace l3sync {

// What the applier works on. Not owned; all outlive it.
struct ApplierPorts {
  RtnlPort* requests = nullptr;
  RtnlPort* dumps = nullptr;
  RtnlPort* notifications = nullptr;
  ReplySender* looped = nullptr;    // to a slave whose port loops back, and to the wire
  ReplySender* injected = nullptr;  // to a slave whose port does not
  RtnlPort* hold = nullptr;         // the nfqueue of --hold; may be null
  uint16_t hold_number = 0;
};

// Does one request after the other, each as far as ApplyGuard lets it. Nothing here waits for
// anything but the kernel's answer, which comes within the send.
class RequestHandler {
 public:
  RequestHandler(ApplierPorts ports, ApplyRules rules);
  RequestHandler(const RequestHandler&) = delete;
  RequestHandler& operator=(const RequestHandler&) = delete;

  // Before that no request can be judged.
  bool is_ready() const { return guard_.is_ready(); }
  // Only when is_ready(). nullopt for the verdicts, which have no answer.
  std::optional<ApplyAnswer> Apply(const ApplyRequest& request, ByteSpan payload,
                                   MonotonicTime now);
  // When the descriptors of `notifications` and `dumps` are readable.
  void OnNotification();
  void OnDump(MonotonicTime now) { dumper_.OnReadable(now); }
  // Call at NextDeadline(), and after the others.
  void Advance(MonotonicTime now);
  MonotonicTime NextDeadline() const;
  // The worker is gone: nobody else will say what becomes of what the nfqueue holds.
  void ReleaseHeld(MonotonicTime now);

 private:
  // Verdicts that the kernel had no memory for: as many as the nfqueue holds packets.
  static constexpr size_t kMaxWaitingVerdicts = 1024;
  static constexpr absl::Duration kVerdictRetry = absl::Milliseconds(1);
  // How often what the notifications do not tell, the next hops, is read anew; and how soon again
  // what may have been missed.
  static constexpr absl::Duration kPoll = absl::Seconds(30);
  static constexpr absl::Duration kSoonest = absl::Seconds(1);

  int Do(const ApplyRequest& request, const IpAddress& address, ByteSpan payload);
  int SendToGuest(const ApplyRequest& request, const IpAddress& address, ByteSpan payload);
  void Judge(const ApplyRequest& request, MonotonicTime now);
  void RetryVerdicts(MonotonicTime now);
  MonotonicTime NextDump() const;
  // False: the kernel has no memory for it now.
  bool SendVerdict(const ApplyRequest& request);
  int Ask(ByteSpan message);
  MutableByteSpan message() { return MutableByteSpan(message_); }

  ApplierPorts ports_;
  const ApplyRules rules_;
  ApplyGuard guard_;
  Dumper dumper_;
  NotificationReader notifications_;
  uint32_t sequence_ = 0;
  MonotonicTime last_dump_ = MonotonicTime::Never();  // Never: none yet
  uint64_t dump_id_ = 0;
  uint32_t newest_held_ = 0;
  std::deque<ApplyRequest> verdicts_;  // that wait, oldest first
  MonotonicTime verdicts_at_ = MonotonicTime::Never();
  alignas(4) std::array<uint8_t, 256> message_;
};

}  // namespace l3sync
