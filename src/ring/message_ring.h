// ring: the one way from thread to thread. No lock, no allocation after construction, no knowledge
// of what it carries.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "absl/types/span.h"

#include "ring/doorbell.h"

namespace l3sync {

// A ring of variable-length records between one producer thread and one consumer thread. The memory
// is mapped twice, end to end, so that a record is always contiguous: records never wrap and may be
// written and read in place.
//
//   auto [producer, consumer] = MessageRing::Create(1 << 20).value();
//
// Each end is move-only and belongs to one thread at a time; the ring lives until both ends are
// gone.
class MessageRing {
 public:
  class Producer;
  class Consumer;
  struct Ends;

  // `capacity` in bytes, rounded up to a power of two of at least a page. nullopt if memory or the
  // doorbell can't be had (errno says why).
  static std::optional<Ends> Create(size_t capacity);

 private:
  struct Shared;
};

class MessageRing::Producer {
 public:
  Producer(Producer&&) noexcept = default;
  Producer& operator=(Producer&&) noexcept = default;

  // Room for a record of up to `max_size` bytes, 8-byte aligned, to be filled in place; empty, with
  // data() == nullptr, if the ring is full. Valid until Commit, or the next Reserve, which takes
  // back one that was not committed.
  absl::Span<uint8_t> Reserve(size_t max_size);
  // Publishes the first `size` bytes of what Reserve gave; rings the doorbell if the ring was
  // empty.
  void Commit(size_t size);
  // Reserve, copy, Commit. False if the ring is full.
  [[nodiscard]] bool TryPush(absl::Span<const uint8_t> record);

 private:
  friend class MessageRing;
  explicit Producer(std::shared_ptr<Shared> shared);
  std::shared_ptr<Shared> shared_;
  uint64_t head_ = 0;         // next byte to write; published by Commit
  uint64_t cached_tail_ = 0;  // last seen position of the consumer
  size_t reserved_ = 0;
};

class MessageRing::Consumer {
 public:
  Consumer(Consumer&&) noexcept = default;
  Consumer& operator=(Consumer&&) noexcept = default;

  // The oldest record, in place; nullopt if the ring is empty. Valid until Pop. A record may have 0
  // bytes.
  std::optional<absl::Span<const uint8_t>> Front();
  // Frees the record that Front gave.
  void Pop();
  // Readable when records came after the ring was found empty. See Doorbell for the protocol.
  // Whoever stops before Front finds it empty has to come back by itself: the doorbell may not ring
  // again.
  Doorbell& doorbell();

 private:
  friend class MessageRing;
  explicit Consumer(std::shared_ptr<Shared> shared);
  std::shared_ptr<Shared> shared_;
  uint64_t tail_ = 0;         // next byte to read; published by Pop
  uint64_t cached_head_ = 0;  // last seen position of the producer
};

struct MessageRing::Ends {
  Producer producer;
  Consumer consumer;
};

}  // namespace l3sync
