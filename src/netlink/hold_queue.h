#pragma once

#include <array>
#include <cstdint>

#include "apply/apply_port.h"
#include "netlink/record_sink.h"
#include "netlink/rtnl_port.h"

namespace l3sync {

// The nfqueue of l3sync-open --hold: what the kernel queues becomes a HeldReply, and the engine's
// verdict goes back. Whatever can't be told or judged is released: the queue never keeps what
// nobody knows of. Used by the netlink thread only; nothing here blocks.
class HoldQueue {
 public:
  struct Counters {
    uint64_t queued = 0;           // told to the engine
    uint64_t overflows = 0;        // released at once: the sink was full
    uint64_t overruns = 0;         // times that the kernel let packets pass (ENOBUFS)
    uint64_t broken_messages = 0;  // not understood
    uint64_t errors = 0;           // verdicts that did not go, or that the kernel refused
  };

  // `port` is that of a socket to which the queue is bound, and only read. None is owned; all
  // outlive this object.
  HoldQueue(RtnlPort* port, ApplyPort* applier, RecordSink* sink)
      : port_(port), applier_(applier), sink_(sink) {}
  HoldQueue(const HoldQueue&) = delete;
  HoldQueue& operator=(const HoldQueue&) = delete;

  // Call when the port's fd is readable (level triggered: it may leave something for the next
  // call).
  void OnReadable();
  // What becomes of a HeldReply: the host's stack gets it, or nobody does. False: the applier takes
  // no request now, ask again.
  [[nodiscard]] bool Release(uint32_t held_id);
  [[nodiscard]] bool Drop(uint32_t held_id);
  // Everything that has no verdict; what nobody was told of yet, too. With the socket gone the
  // kernel would drop it.
  void ReleaseAll();

  const Counters& counters() const { return counters_; }

 private:
  void ObserveDatagram(ByteSpan datagram);
  void ObservePacket(ByteSpan message);
  bool SendVerdict(ApplyVerb verb, uint32_t held_id, bool drop);

  RtnlPort* port_;
  ApplyPort* applier_;
  RecordSink* sink_;
  uint32_t newest_id_ = 0;
  bool is_used_ = false;  // newest_id_ is one
  Counters counters_;
  alignas(4) std::array<uint8_t, kNetlinkBufferSize> buffer_;
};

}  // namespace l3sync
