#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <utility>
#include <vector>

#include "capture/frame_source.h"

namespace l3sync {

// Frames that a test puts in, for a capture thread that runs meanwhile. Thread-safe.
class FakeFrameSource : public FrameSource {
 public:
  FakeFrameSource();
  ~FakeFrameSource() override;
  FakeFrameSource(const FakeFrameSource&) = delete;
  FakeFrameSource& operator=(const FakeFrameSource&) = delete;

  void Push(int32_t ifindex, PacketType type, std::vector<uint8_t> frame);
  // The next Receive fails so.
  void FailOnce(int error);

  int fd() const override { return fd_; }
  Outcome Receive(MutableByteSpan buffer, FrameHeader* header, size_t* length) override;
  int error() const override { return last_error_; }
  FrameSourceStats TakeStats() override { return {}; }

 private:
  void Ring();

  int fd_;  // an eventfd, owned
  std::mutex mutex_;
  std::deque<std::pair<FrameHeader, std::vector<uint8_t>>> frames_;
  int fail_with_ = 0;
  int last_error_ = 0;
};

}  // namespace l3sync
