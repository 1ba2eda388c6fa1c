#include "runtime/capture_thread.h"

#include <cstring>

namespace l3sync {
namespace {

// Then the other descriptors get their turn.
constexpr int kFramesPerTurn = 256;
constexpr absl::Duration kStatsInterval = absl::Seconds(5);
// How soon a full ring is tried again with the news of a loss.
constexpr absl::Duration kLossRetry = absl::Milliseconds(10);

}  // namespace

void CaptureThread::Run(EventLoop loop) {
  if (!loop.Watch(source_->fd(), [this] { ReceiveAll(); })) return;
  loop.Run(*clock_, [this] {
    const uint64_t dropped = source_->TakeStats().dropped;
    counters_.socket_dropped += dropped;
    has_loss_ = has_loss_ || dropped != 0;
    if (has_loss_) TellLoss();
    return clock_->Now() + (has_loss_ ? kLossRetry : kStatsInterval);
  });
  counters_.socket_dropped += source_->TakeStats().dropped;
}

void CaptureThread::TellLoss() {
  const absl::Span<uint8_t> record = frames_.Reserve(sizeof(FrameHeader));
  if (record.empty()) return;
  FrameHeader header;
  header.frames_lost = true;
  std::memcpy(record.data(), &header, sizeof(header));
  frames_.Commit(sizeof(header));
  has_loss_ = false;
}

void CaptureThread::ReceiveAll() {
  for (int i = 0; i < kFramesPerTurn; ++i) {
    const absl::Span<uint8_t> record = frames_.Reserve(sizeof(FrameHeader) + kMaxFrameLength);
    const bool has_room = !record.empty();
    FrameHeader header;
    size_t length = 0;
    const MutableByteSpan buffer =
        has_room ? record.subspan(sizeof(FrameHeader)) : absl::MakeSpan(overflow_);
    switch (source_->Receive(buffer, &header, &length)) {
      case FrameSource::Outcome::kFrame:
        break;
      case FrameSource::Outcome::kNothingNow:
      case FrameSource::Outcome::kEnd:
        return;
      case FrameSource::Outcome::kError:
        ++counters_.errors;
        return;
    }
    ++counters_.frames;
    if (!has_room) {
      ++counters_.ring_full;
      has_loss_ = true;
      continue;
    }
    std::memcpy(record.data(), &header, sizeof(header));
    frames_.Commit(sizeof(header) + length);
  }
}

}  // namespace l3sync
