#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>

#include "absl/time/time.h"

#include "learn/command.h"
#include "learn/kernel_record.h"
#include "learn/monotonic_time.h"
#include "netlink/record_sink.h"
#include "netlink/rtnl_message.h"
#include "netlink/rtnl_port.h"

namespace l3sync {

// Dumps, one at a time: DumpMark kBegin, the records (each with LinkRecord::is_answer set), kEnd or
// kFailed, then the CommandResult. kFailed means that the records are not the whole truth: the
// kernel's tables changed meanwhile (NLM_F_DUMP_INTR; result EINTR), it refused, did not answer
// (ETIMEDOUT), or the sink stayed full (ENOBUFS). Used by the netlink thread only; nothing here
// blocks.
//
// Of routes only what the engine can need is forwarded, so that a full BGP table costs no ring:
// local ones in table local; unicast ones with a gateway, one record a next hop; on-link IPv6
// prefixes but the link-local ones. Of neighbours those with a link-layer address that was
// resolved.
class Dumper {
 public:
  // Asked for but not begun. The engine asks for one whole dump at a time, and for slaves one by
  // one.
  static constexpr size_t kMaxQueued = 16;
  // Without progress, be it the kernel's or the sink's. A dump of 4000 links takes 100 ms on a slow
  // machine.
  static constexpr absl::Duration kStall = absl::Seconds(2);
  // How soon a full sink is tried again.
  static constexpr absl::Duration kSinkRetry = absl::Milliseconds(1);

  struct Counters {
    uint64_t completed = 0;
    uint64_t failed = 0;
    uint64_t interrupted = 0;      // of those, for NLM_F_DUMP_INTR
    uint64_t stale_messages = 0;   // of a dump that was given up
    uint64_t broken_messages = 0;  // not understood; the dump goes on without
    uint64_t sink_full = 0;        // times that a record had to wait
  };

  // |port| (an own one, see MnlPort::OpenRequestPort) and |sink| are not owned and outlive this
  // object.
  Dumper(RtnlPort* port, RecordSink* sink);
  Dumper(const Dumper&) = delete;
  Dumper& operator=(const Dumper&) = delete;

  bool HasRoom() const { return queue_.size() < kMaxQueued; }
  bool is_idle() const { return state_ == State::kIdle && queue_.empty(); }
  // Only while HasRoom(). kDumpAll or kDumpAddresses.
  void Start(const Command& command, MonotonicTime now);
  // True while records wait for room in the sink: reading on is of no use, and the fd, though
  // readable, need not be polled; NextDeadline() is when to look again.
  bool is_paused() const { return is_paused_; }
  // Call when the port's fd is readable (level triggered: it may leave something for the next
  // call).
  void OnReadable(MonotonicTime now);
  // Call at NextDeadline().
  void Expire(MonotonicTime now);
  MonotonicTime NextDeadline() const;

  const Counters& counters() const { return counters_; }

 private:
  enum class State : uint8_t {
    kIdle,
    kOpening,   // kBegin waits for room
    kReading,   // a step's answer is awaited
    kDraining,  // failed, but the kernel is still answering the step
    kClosing,   // kEnd or kFailed, then the result, wait for room
  };

  void Pump(MonotonicTime now);  // as far as it goes without reading
  void Advance(MonotonicTime now);
  void BeginStep(MonotonicTime now);
  void Fail(int32_t error, State next);
  bool PushClosing();
  // Each returns false when the sink has no room: the message is looked at again later.
  bool ObserveRest(MonotonicTime now);
  bool ObserveMessage(const RtnlMessage& message, MonotonicTime now);
  bool Forward(const RtnlMessage& message);
  bool ForwardRoutes(const RtnlMessage& message);
  bool Push(const KernelRecord& record);

  RtnlPort* port_;
  RecordSink* sink_;
  State state_ = State::kIdle;
  Command command_;  // the one under way
  size_t step_ = 0;
  uint32_t sequence_ = 0;  // of the step under way, or of the last one
  int32_t error_ = 0;
  bool mark_pushed_ = false;  // in kClosing
  bool is_paused_ = false;
  MonotonicTime deadline_ = MonotonicTime::Never();  // in kReading and kDraining
  MonotonicTime retry_at_ = MonotonicTime::Never();
  std::deque<Command> queue_;
  Counters counters_;
  MessageWalk walk_;  // over buffer_; where to go on after a pause
  alignas(4) std::array<uint8_t, kNetlinkBufferSize> buffer_;
};

}  // namespace l3sync
