#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "apply/apply_port.h"
#include "learn/command.h"
#include "netlink/address_session.h"
#include "netlink/dumper.h"
#include "netlink/hold_queue.h"
#include "netlink/notification_reader.h"
#include "netlink/record_sink.h"
#include "netlink/rtnl_port.h"
#include "ring/message_ring.h"
#include "runtime/event_loop.h"

namespace l3sync {

// What the netlink thread works on. Not owned; all must outlive it. `applier` may be null (a dry
// run changes nothing).
struct NetlinkPorts {
  RtnlPort* links = nullptr;  // for kReadLink
  RtnlPort* dumps = nullptr;
  RtnlPort* notifications = nullptr;
  ApplyPort* applier = nullptr;
  RtnlPort* hold = nullptr;  // the nfqueue of l3sync-open --hold, only to be read; may be null
};

// Does the engine's commands and brings it what the kernel says. Decides nothing.
class NetlinkThread {
 public:
  // `request_stop` is called, on this thread, when the applier is gone.
  NetlinkThread(NetlinkPorts ports, MessageRing::Consumer commands, MessageRing::Producer kernel,
                const Clock* clock, std::function<void()> request_stop);

  void Run(EventLoop loop);

  struct Counters {
    AddressSession::Counters requests;
    Dumper::Counters dumps;
    NotificationReader::Counters notifications;
    AddressSession::Sent replies;
    AddressSession::Sent probes;
    AddressSession::Sent announcements;
    HoldQueue::Counters hold;
  };
  // After Run.
  Counters counters() const;
  bool applier_is_gone() const { return applier_is_gone_; }

 private:
  class RingSink : public RecordSink {
   public:
    explicit RingSink(MessageRing::Producer kernel) : kernel_(std::move(kernel)) {}
    bool Push(const KernelRecord& record) override;

   private:
    MessageRing::Producer kernel_;
  };

  void OnAnswer(EventLoop* loop);
  void TakeCommands();
  // False: it has to wait.
  bool Perform(const Command& command, ByteSpan frame);
  bool SendVerdict(const Command& command);
  MonotonicTime Turn(EventLoop* loop);

  NetlinkPorts ports_;
  MessageRing::Consumer commands_;
  const Clock* clock_;
  std::function<void()> request_stop_;
  bool applier_is_gone_ = false;
  RingSink sink_;
  AddressSession session_;
  Dumper dumper_;
  NotificationReader notifications_;
  std::optional<HoldQueue> hold_;
  bool verdict_waits_ = false;  // the kernel had no memory for it
};

}  // namespace l3sync
