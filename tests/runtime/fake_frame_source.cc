#include "tests/runtime/fake_frame_source.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>

namespace l3sync {

FakeFrameSource::FakeFrameSource() : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE)) {}

FakeFrameSource::~FakeFrameSource() { close(fd_); }

void FakeFrameSource::Ring() {
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t size = write(fd_, &one, sizeof(one));
}

void FakeFrameSource::Push(int32_t ifindex, PacketType type, std::vector<uint8_t> frame) {
  FrameHeader header;
  header.ifindex = ifindex;
  header.packet_type = type;
  header.metadata.wire_length = static_cast<uint32_t>(frame.size());
  const std::lock_guard lock(mutex_);
  frames_.emplace_back(header, std::move(frame));
  Ring();
}

void FakeFrameSource::FailOnce(int error) {
  const std::lock_guard lock(mutex_);
  fail_with_ = error;
  Ring();
}

FrameSource::Outcome FakeFrameSource::Receive(MutableByteSpan buffer, FrameHeader* header,
                                              size_t* length) {
  uint64_t rings = 0;
  if (read(fd_, &rings, sizeof(rings)) < 0) return Outcome::kNothingNow;
  const std::lock_guard lock(mutex_);
  if (fail_with_ != 0) {
    last_error_ = std::exchange(fail_with_, 0);
    return Outcome::kError;
  }
  *header = frames_.front().first;
  const std::vector<uint8_t>& frame = frames_.front().second;
  *length = std::min(buffer.size(), frame.size());
  std::copy_n(frame.begin(), *length, buffer.begin());
  frames_.pop_front();
  return Outcome::kFrame;
}

}  // namespace l3sync
