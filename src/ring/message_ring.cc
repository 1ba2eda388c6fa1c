#include "ring/message_ring.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/base/macros.h"

namespace l3sync {
namespace {

// A record is its length, then its bytes, padded so that the next length, and the bytes after it,
// are aligned. Positions count bytes from the ring's creation and never wrap (2^64 bytes take
// centuries); an offset is a position modulo capacity.
constexpr size_t kAlignment = 8;
using RecordLength = uint64_t;
static_assert(sizeof(RecordLength) == kAlignment);

// Bounds the sum of a length and its padding, so that the arithmetic below can't overflow.
constexpr size_t kMaxCapacity = size_t{1} << 40;

// A core that writes head must not take away the cache line that the other core writes tail to.
constexpr size_t kCacheLine = 64;

constexpr size_t RecordSize(size_t length) {
  return sizeof(RecordLength) + (length + kAlignment - 1) / kAlignment * kAlignment;
}

// `capacity` bytes of memory, mapped at the returned address and again right behind it; nullptr:
// errno says why.
uint8_t* MapTwice(size_t capacity) {
  const int fd = memfd_create("l3sync-ring", MFD_CLOEXEC);
  if (fd < 0) {
    return nullptr;
  }
  uint8_t* base = nullptr;
  // Allocates the pages now: to find at a write that there is no memory would be SIGBUS.
  if (fallocate(fd, 0, 0, static_cast<off_t>(capacity)) == 0) {
    void* reserved = mmap(nullptr, 2 * capacity, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (reserved != MAP_FAILED) {
      base = static_cast<uint8_t*>(reserved);
      for (uint8_t* half : {base, base + capacity}) {
        if (mmap(half, capacity, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) ==
            MAP_FAILED) {
          const int error = errno;
          munmap(reserved, 2 * capacity);
          errno = error;
          base = nullptr;
          break;
        }
      }
    }
  }
  const int error = errno;
  close(fd);  // the mappings keep the memory
  errno = error;
  return base;
}

}  // namespace

// Who writes what: head only the producer, tail only the consumer, the memory from tail to head
// nobody, the rest the producer.
//
// Two things are asked of the memory order.
// 1. Contents. The bytes of a record are written before head is stored and read after head is
// loaded; they are read before
//    tail is stored and overwritten after tail is loaded. Release and acquire are enough for that.
// 2. No lost wakeup. The producer stores head, then loads tail to see whether the ring was empty;
// the consumer stores tail,
//    then loads head to see whether it may sleep. If both loads could be served before the other
//    side's store is seen, the producer would not ring and the consumer would sleep on a record
//    (Dekker's problem; release and acquire allow it, and so does the store buffer of every x86).
//    Those four are therefore sequentially consistent: in their one total order, a consumer that
//    did not see the new head has stored its tail before the producer loads it. Operations, not two
//    fences, because ThreadSanitizer does not understand fences.
//
// The padding is meant: each position has a cache line of its own.
// NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding)
struct MessageRing::Shared {
  Shared(uint8_t* memory, size_t size, Doorbell bell)
      : base(memory), capacity(size), doorbell(std::move(bell)) {}
  ~Shared() { munmap(base, 2 * capacity); }
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;

  uint8_t* At(uint64_t position) const { return base + (position & (capacity - 1)); }

  uint8_t* const base;
  const size_t capacity;  // a power of two
  Doorbell doorbell;
  alignas(kCacheLine) std::atomic<uint64_t> head{0};
  alignas(kCacheLine) std::atomic<uint64_t> tail{0};
};

std::optional<MessageRing::Ends> MessageRing::Create(size_t capacity) {
  if (capacity > kMaxCapacity) {
    errno = ENOMEM;
    return std::nullopt;
  }
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  capacity = std::bit_ceil(capacity < page ? page : capacity);
  std::optional<Doorbell> doorbell = Doorbell::Create();
  if (!doorbell) {
    return std::nullopt;
  }
  uint8_t* const base = MapTwice(capacity);
  if (base == nullptr) {
    return std::nullopt;
  }
  auto shared = std::make_shared<Shared>(base, capacity, *std::move(doorbell));
  return Ends{Producer(shared), Consumer(shared)};
}

MessageRing::Producer::Producer(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}

absl::Span<uint8_t> MessageRing::Producer::Reserve(size_t max_size) {
  reserved_ = 0;
  const size_t capacity = shared_->capacity;
  if (max_size > capacity || RecordSize(max_size) > capacity) {
    return {};
  }
  const size_t needed = RecordSize(max_size);
  if (capacity - (head_ - cached_tail_) < needed) {
    // Acquire: the consumer's reads of what it freed are over before it is overwritten.
    cached_tail_ = shared_->tail.load(std::memory_order_acquire);
    if (capacity - (head_ - cached_tail_) < needed) {
      return {};
    }
  }
  reserved_ = needed;
  return {shared_->At(head_) + sizeof(RecordLength), max_size};
}

void MessageRing::Producer::Commit(size_t size) {
  ABSL_HARDENING_ASSERT(reserved_ != 0 && size <= reserved_ - sizeof(RecordLength));
  const RecordLength length = size;
  std::memcpy(shared_->At(head_), &length, sizeof length);
  const uint64_t was = head_;
  head_ += RecordSize(size);
  reserved_ = 0;
  // Includes release: the record's bytes are written before it can be seen.
  shared_->head.store(head_, std::memory_order_seq_cst);
  // Includes acquire, so that it serves the next Reserve too.
  cached_tail_ = shared_->tail.load(std::memory_order_seq_cst);
  if (cached_tail_ == was) {
    // The consumer had freed everything before this record: it may have seen an empty ring, and
    // sleep. Otherwise it has yet to free a record, and will look at head after that.
    shared_->doorbell.Ring();
  }
}

bool MessageRing::Producer::TryPush(absl::Span<const uint8_t> record) {
  const absl::Span<uint8_t> room = Reserve(record.size());
  if (room.data() == nullptr) {
    return false;
  }
  if (!record.empty()) {
    std::memcpy(room.data(), record.data(), record.size());
  }
  Commit(record.size());
  return true;
}

MessageRing::Consumer::Consumer(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}

std::optional<absl::Span<const uint8_t>> MessageRing::Consumer::Front() {
  if (tail_ == cached_head_) {
    // Includes acquire: the records up to head are read after it.
    cached_head_ = shared_->head.load(std::memory_order_seq_cst);
    if (tail_ == cached_head_) {
      return std::nullopt;
    }
  }
  const uint8_t* const record = shared_->At(tail_);
  RecordLength length = 0;
  std::memcpy(&length, record, sizeof length);
  return absl::Span<const uint8_t>(record + sizeof length, length);
}

void MessageRing::Consumer::Pop() {
  ABSL_HARDENING_ASSERT(tail_ != cached_head_);
  RecordLength length = 0;
  std::memcpy(&length, shared_->At(tail_), sizeof length);
  tail_ += RecordSize(length);
  // Includes release: the record's bytes were read before the producer may overwrite them.
  shared_->tail.store(tail_, std::memory_order_seq_cst);
}

Doorbell& MessageRing::Consumer::doorbell() { return shared_->doorbell; }

}  // namespace l3sync
