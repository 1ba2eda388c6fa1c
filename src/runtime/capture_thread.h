#pragma once

#include <cstdint>

#include "capture/frame_source.h"
#include "ring/message_ring.h"
#include "runtime/event_loop.h"

namespace l3sync {

// Receives frames straight into the frames ring. A ring that is full costs the newest frame, which
// is received all the same, so that the socket does not fill behind it; protocols retransmit.
class CaptureThread {
 public:
  struct Counters {
    uint64_t frames = 0;
    uint64_t ring_full = 0;       // frames dropped by us
    uint64_t socket_dropped = 0;  // frames dropped by the kernel (PACKET_STATISTICS, rule C5)
    uint64_t errors = 0;          // ENETDOWN and the like; the socket goes on
  };

  // `source` and `clock` are not owned and must outlive this object.
  CaptureThread(FrameSource* source, MessageRing::Producer frames, const Clock* clock)
      : source_(source), frames_(std::move(frames)), clock_(clock) {}

  // The thread's main function; ends when the loop does. `loop` watches nothing yet.
  void Run(EventLoop loop);

  const Counters& counters() const { return counters_; }  // after Run

 private:
  void ReceiveAll();
  void TellLoss();

  FrameSource* source_;
  MessageRing::Producer frames_;
  const Clock* clock_;
  Counters counters_;
  bool has_loss_ = false;                          // that the engine was not told yet
  std::array<uint8_t, kMaxFrameLength> overflow_;  // for frames that find no room
};

}  // namespace l3sync
