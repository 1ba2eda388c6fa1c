#pragma once

#include "capture/frame_source.h"

namespace l3sync {

// Frames from a packet socket that was made ready by somebody with the privilege to (bound,
// filtered, PACKET_AUXDATA on): reading needs none.
class PacketSocket : public FrameSource {
 public:
  // Takes over `fd`, which need not be in non-blocking mode.
  explicit PacketSocket(int fd) : fd_(fd) {}
  ~PacketSocket() override;
  PacketSocket(const PacketSocket&) = delete;
  PacketSocket& operator=(const PacketSocket&) = delete;

  int fd() const override { return fd_; }
  // Never kEnd. kError with EPROTO: a frame came without PACKET_AUXDATA; it is lost.
  Outcome Receive(MutableByteSpan buffer, FrameHeader* header, size_t* length) override;
  int error() const override { return error_; }
  FrameSourceStats TakeStats() override;

 private:
  const int fd_;
  int error_ = 0;  // of the last kError
};

}  // namespace l3sync
