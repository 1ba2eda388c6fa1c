#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"

#include "apply/apply_port.h"
#include "learn/command.h"
#include "learn/kernel_record.h"
#include "learn/monotonic_time.h"
#include "netlink/record_sink.h"
#include "netlink/rtnl_message.h"
#include "netlink/rtnl_port.h"

namespace l3sync {

// The window of requests in flight, to the applier and, for kReadLink, to the kernel. Each command
// that was submitted ends with exactly one CommandResult, at the latest kDeadline after Submit. A
// result that the sink has no room for is kept, takes its place in the window and is offered again.
// Used by the netlink thread only; nothing here blocks.
class AddressSession {
 public:
  // What the socket's default receive buffer (212,992 bytes) surely holds unread: an answer to
  // kReadLink and its ack take up to 5 KiB of it, and an answer that does not fit is lost.
  static constexpr size_t kWindow = 32;
  // The kernel answers within the send itself; more than this means that the answer was lost.
  static constexpr absl::Duration kDeadline = absl::Seconds(2);
  // Attempts to send one message while the kernel has no memory for it, each after twice the delay
  // of the one before: 511 ms, well inside the deadline. Likewise to remove the local route of a
  // new IPv6 address, which the kernel makes in a worker of its own, after it has acknowledged the
  // address (addrconf_dad_work()).
  static constexpr int kMaxAttempts = 10;
  static constexpr absl::Duration kFirstBackOff = absl::Milliseconds(1);
  // How soon a full sink is tried again.
  static constexpr absl::Duration kOfferAgain = absl::Milliseconds(10);

  struct Counters {
    uint64_t answered = 0;             // answers that belong to a request
    uint64_t late_answers = 0;         // to no request in flight: late, or a second one
    uint64_t timeouts = 0;             // requests without an answer
    uint64_t send_retries = 0;         // ENOBUFS, EAGAIN, ENOMEM on send, or as the answer
    uint64_t answers_lost = 0;         // ENOBUFS on receive
    uint64_t broken_messages = 0;      // not understood
    uint64_t local_route_errors = 0;   // RTM_DELROUTE refused; the address itself is there
    uint64_t local_routes_absent = 0;  // no local route was found to remove
  };

  struct Sent {
    uint64_t frames = 0;
    uint64_t errors = 0;
  };

  // |applier|, |links| (see MnlPort::OpenRequestPort) and |sink| are not owned and outlive this
  // object. |applier| may be null: what it would do ends with ENOTCONN.
  AddressSession(ApplyPort* applier, RtnlPort* links, RecordSink* sink);
  AddressSession(const AddressSession&) = delete;
  AddressSession& operator=(const AddressSession&) = delete;

  bool HasRoom() const { return in_flight_.size() + results_.size() < kWindow; }
  // Only while HasRoom(). kPutAddress, kRemoveAddress, kRemoveLocalRoute, kReadLink, kDeliverReply
  // with its frame, kProbe, kAnnounce; any other kind ends with EOPNOTSUPP. The result may be
  // pushed before this returns. A command about an address waits for the result of the one before
  // about the same: what must be sent again is overtaken.
  void Submit(const Command& command, ByteSpan frame, MonotonicTime now);
  // Call when the fd of |applier| or |links| is readable (level triggered: it may leave something
  // for the next call). False: the applier is gone, and with it all power.
  [[nodiscard]] bool OnAnswer(MonotonicTime now);
  void OnLink(MonotonicTime now);
  // Call at NextDeadline(): sends what waited, ends what waited too long, offers kept results
  // again.
  void Expire(MonotonicTime now);
  MonotonicTime NextDeadline() const;

  size_t in_flight() const { return in_flight_.size(); }
  const Counters& counters() const { return counters_; }
  // What became of kDeliverReply, kProbe and kAnnounce.
  const Sent& replies() const { return replies_; }
  const Sent& probes() const { return probes_; }
  const Sent& announcements() const { return announcements_; }

 private:
  enum class Step : uint8_t { kRequest, kLocalRoute };  // kLocalRoute: RTM_DELROUTE of kPutAddress
  struct Request {
    Command command;
    Step step = Step::kRequest;
    int attempts = 0;  // of this step
    MonotonicTime deadline;
    MonotonicTime send_at = MonotonicTime::Never();  // Never while an answer is awaited
    int32_t forward_error = 0;                       // kReadLink: the sink had no room for the link
  };

  uint32_t TakeSequence();
  static bool IsAboutLocalRoute(const Request& request);
  static bool IsWorthAnotherTry(const Request& request);
  // Sends the message of |request|'s step and files it under a new sequence number, or concludes
  // it. |frame| is that of kDeliverReply.
  void Transmit(Request request, ByteSpan frame, MonotonicTime now);
  int Ask(const Request& request, ByteSpan frame, uint32_t sequence);
  // False if the attempts are used up; |request| is then still the caller's.
  bool BackOff(Request request, MonotonicTime now);
  void ObserveDatagram(ByteSpan datagram, MonotonicTime now);
  void ObserveAnswer(uint32_t sequence, int32_t error, MonotonicTime now);
  void ObserveLink(const RtnlMessage& message);
  // The step is answered with |error|: the next step, another attempt, or the end.
  void Conclude(Request request, int32_t error, MonotonicTime now);
  void ConcludeLocalRoute(const Request& request, int32_t error, MonotonicTime now);
  void Finish(const Request& request, int32_t error, MonotonicTime now);
  void OfferResults(MonotonicTime now);

  ApplyPort* applier_;
  RtnlPort* links_;
  RecordSink* sink_;
  uint32_t last_sequence_ = 0;
  // By the sequence number of the last message sent, or a fresh one while nothing is sent.
  absl::flat_hash_map<uint32_t, Request> in_flight_;
  std::vector<CommandResult> results_;  // not yet accepted by the sink, oldest first
  MonotonicTime offer_at_ = MonotonicTime::Never();
  Counters counters_;
  Sent replies_, probes_, announcements_;
  alignas(4) std::array<uint8_t, kNetlinkBufferSize> buffer_;
};

}  // namespace l3sync
