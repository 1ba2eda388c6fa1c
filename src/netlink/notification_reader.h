#pragma once

#include <array>
#include <cstdint>

#include "netlink/record_sink.h"
#include "netlink/rtnl_port.h"

namespace l3sync {

// Makes records of notifications. What the kernel dropped (ENOBUFS) and what the sink has no room
// for ends in one EventsLost, which is offered until it is taken: the engine dumps (rule K5). Used
// by the netlink thread only.
class NotificationReader {
 public:
  struct Counters {
    uint64_t links = 0;
    uint64_t addresses = 0;
    uint64_t broken_messages = 0;
    uint64_t overruns = 0;   // ENOBUFS: the kernel dropped notifications
    uint64_t sink_full = 0;  // records dropped for want of room
  };

  // |port| (see MnlPort::OpenNotificationPort) and |sink| are not owned and outlive this object.
  NotificationReader(RtnlPort* port, RecordSink* sink) : port_(port), sink_(sink) {}
  NotificationReader(const NotificationReader&) = delete;
  NotificationReader& operator=(const NotificationReader&) = delete;

  // Call when the port's fd is readable (level triggered: it may leave something for the next
  // call). Returns 0, or the positive errno of a socket that is of no more use.
  int OnReadable();
  // True while an EventsLost waits for room in the sink; call OfferLoss now and then.
  bool has_loss() const { return has_loss_; }
  void OfferLoss();

  const Counters& counters() const { return counters_; }

 private:
  void ObserveDatagram(ByteSpan datagram);
  void Push(const KernelRecord& record);

  RtnlPort* port_;
  RecordSink* sink_;
  bool has_loss_ = false;
  Counters counters_;
  alignas(4) std::array<uint8_t, kNetlinkBufferSize> buffer_;
};

}  // namespace l3sync
