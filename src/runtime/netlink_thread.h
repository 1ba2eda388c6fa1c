#pragma once

#include <cstdint>
#include <optional>

#include "learn/command.h"
#include "netlink/address_session.h"
#include "netlink/dumper.h"
#include "netlink/hold_queue.h"
#include "netlink/notification_reader.h"
#include "netlink/record_sink.h"
#include "netlink/rtnl_port.h"
#include "ring/message_ring.h"
#include "runtime/event_loop.h"
#include "runtime/reply_sender.h"

namespace l3sync {

// What the netlink thread works on. Not owned; all must outlive it. `replies` and `injected` may be
// null (a dry run delivers nothing).
struct NetlinkPorts {
  RtnlPort* requests = nullptr;
  RtnlPort* dumps = nullptr;
  RtnlPort* notifications = nullptr;
  ReplySender* replies = nullptr;   // where the port loops back
  ReplySender* injected = nullptr;  // where it does not
  RtnlPort* hold = nullptr;  // of l3sync-open --hold, with the number of its queue; may be null
  uint16_t hold_number = 0;
};

// Does the engine's commands and brings it what the kernel says. Decides nothing.
class NetlinkThread {
 public:
  NetlinkThread(NetlinkPorts ports, MessageRing::Consumer commands, MessageRing::Producer kernel,
                const Clock* clock);

  void Run(EventLoop loop);

  struct Sent {
    uint64_t frames = 0;
    uint64_t errors = 0;
  };
  struct Counters {
    AddressSession::Counters requests;
    Dumper::Counters dumps;
    NotificationReader::Counters notifications;
    Sent replies;
    Sent probes;
    Sent announcements;
    HoldQueue::Counters hold;
  };
  Counters counters() const;  // after Run

 private:
  class RingSink : public RecordSink {
   public:
    explicit RingSink(MessageRing::Producer kernel) : kernel_(std::move(kernel)) {}
    bool Push(const KernelRecord& record) override;

   private:
    MessageRing::Producer kernel_;
  };

  void TakeCommands();
  // False: it has to wait.
  bool Perform(const Command& command, ByteSpan frame);
  bool SendFrame(const Command& command, ByteSpan frame, Sent* sent);
  bool SendVerdict(const Command& command);
  MonotonicTime Turn(EventLoop* loop);

  NetlinkPorts ports_;
  MessageRing::Consumer commands_;
  const Clock* clock_;
  RingSink sink_;
  AddressSession session_;
  Dumper dumper_;
  NotificationReader notifications_;
  std::optional<HoldQueue> hold_;
  bool verdict_waits_ = false;  // the kernel had no memory for it
  // The result of a frame that was sent, which the ring had no room for.
  bool has_unsent_result_ = false;
  CommandResult unsent_result_;
  Sent replies_;
  Sent probes_;
  Sent announcements_;
};

}  // namespace l3sync
