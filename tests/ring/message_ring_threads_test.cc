// Two threads on one ring. Run under ThreadSanitizer too: it is the judge of the memory orders,
// this is the judge of the wakeups.

#include <poll.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <thread>
#include <utility>

#include "gtest/gtest.h"

#include "ring/message_ring.h"

namespace l3sync {
namespace {

constexpr int kWakeupLostMs = 20'000;  // far longer than any wait that is not for ever

// A record is its number, then (number * 7) % 300 bytes of it.
size_t SizeOf(uint64_t number) { return sizeof number + (number * 7) % 300; }

void Push(MessageRing::Producer& producer, uint64_t number) {
  absl::Span<uint8_t> room;
  while ((room = producer.Reserve(SizeOf(number))).data() == nullptr) {
    std::this_thread::yield();
  }
  std::memset(room.data(), static_cast<uint8_t>(number), room.size());
  std::memcpy(room.data(), &number, sizeof number);
  producer.Commit(room.size());
}

void ExpectRecord(absl::Span<const uint8_t> record, uint64_t number) {
  ASSERT_EQ(record.size(), SizeOf(number));
  uint64_t received = 0;
  std::memcpy(&received, record.data(), sizeof received);
  ASSERT_EQ(received, number);
  for (const uint8_t byte : record.subspan(sizeof received)) {
    ASSERT_EQ(byte, static_cast<uint8_t>(number));
  }
}

// Sleeps on the doorbell whenever the ring is empty, as the engine does. False: the doorbell did
// not ring.
bool Consume(MessageRing::Consumer& consumer, uint64_t count) {
  for (uint64_t expected = 0; expected < count;) {
    pollfd waiting = {consumer.doorbell().fd(), POLLIN, 0};
    if (poll(&waiting, 1, kWakeupLostMs) != 1) {
      return false;
    }
    consumer.doorbell().Clear();
    while (const auto record = consumer.Front()) {
      ExpectRecord(*record, expected++);
      consumer.Pop();
    }
  }
  return true;
}

TEST(MessageRingThreadsTest, NoRecordAndNoWakeupIsLostWhenTheRingIsOftenFull) {
  constexpr uint64_t kCount = 200'000;
  auto [producer, consumer] = MessageRing::Create(1).value();  // one page
  std::thread thread([end = std::move(producer)]() mutable {
    for (uint64_t number = 0; number < kCount; ++number) {
      Push(end, number);
    }
  });
  EXPECT_TRUE(Consume(consumer, kCount)) << "a wakeup was lost";
  thread.join();
}

// The consumer finds the ring empty around every record: each is a chance to lose the wakeup. The
// second ring tells the producer when, so that neither runs ahead.
TEST(MessageRingThreadsTest, NoWakeupIsLostWhenTheRingIsOftenEmpty) {
  constexpr uint64_t kRounds = 50'000;
  auto [ping_producer, ping_consumer] = MessageRing::Create(1).value();
  auto [pong_producer, pong_consumer] = MessageRing::Create(1).value();
  std::thread thread([in = std::move(ping_consumer), out = std::move(pong_producer)]() mutable {
    uint64_t number = 0;
    while (number < kRounds) {
      pollfd waiting = {in.doorbell().fd(), POLLIN, 0};
      ASSERT_EQ(poll(&waiting, 1, kWakeupLostMs), 1) << "a wakeup was lost";
      in.doorbell().Clear();
      while (in.Front()) {
        in.Pop();
        Push(out, number++);
      }
    }
  });
  for (uint64_t number = 0; number < kRounds; ++number) {
    Push(ping_producer, number);
    auto record = pong_consumer.Front();
    while (!record) {
      pollfd waiting = {pong_consumer.doorbell().fd(), POLLIN, 0};
      if (poll(&waiting, 1, kWakeupLostMs) != 1) {
        ADD_FAILURE() << "a wakeup was lost";
        break;
      }
      pong_consumer.doorbell().Clear();
      record = pong_consumer.Front();
    }
    if (!record) {
      break;
    }
    ExpectRecord(*record, number);
    pong_consumer.Pop();
  }
  thread.join();
}

// There may be one CPU only; but threads that yield at every turn are put on the same one, and
// never meet.
void YieldSometimes() {
  thread_local unsigned turns = 0;
  if (++turns % 1024 == 0) {
    std::this_thread::yield();
  }
}

// The litmus test of the doorbell: the second record of each round is committed at about the moment
// at which the consumer frees the first and looks for more. Neither side sleeps, so that they meet
// often; the consumer looks at the ring only when it was rung for. With acquire and release in
// place of sequential consistency this fails on x86 at once.
TEST(MessageRingThreadsTest, RingsForARecordThatComesWhileTheConsumerFindsTheRingEmpty) {
  const auto end_of_test = std::chrono::steady_clock::now() + std::chrono::seconds(3);
  auto [producer, consumer] = MessageRing::Create(1).value();
  std::atomic<uint64_t> consumed = 0;
  std::atomic<bool> stop = false;
  std::thread thread([&consumed, &stop, end = std::move(consumer)]() mutable {
    uint64_t count = 0;
    while (!stop.load(std::memory_order_relaxed)) {
      pollfd waiting = {end.doorbell().fd(), POLLIN, 0};
      if (poll(&waiting, 1, 0) == 0) {
        YieldSometimes();
        continue;
      }
      end.doorbell().Clear();
      while (end.Front()) {
        end.Pop();
        ++count;
      }
      consumed.store(count, std::memory_order_release);
    }
  });
  for (uint64_t round = 0; std::chrono::steady_clock::now() < end_of_test && !HasFailure();
       ++round) {
    EXPECT_TRUE(producer.TryPush({}));
    // 0 to 4 us later, as long as it takes the consumer to come to the first record.
    const auto second = std::chrono::steady_clock::now() + std::chrono::nanoseconds(round % 4096);
    while (std::chrono::steady_clock::now() < second) {
    }
    EXPECT_TRUE(producer.TryPush({}));
    const auto deadline =
        std::chrono::steady_clock::now() + std::chrono::milliseconds(kWakeupLostMs);
    while (consumed.load(std::memory_order_acquire) != 2 * (round + 1)) {
      if (std::chrono::steady_clock::now() > deadline) {
        ADD_FAILURE() << "a wakeup was lost in round " << round;
        break;
      }
      YieldSometimes();
    }
  }
  stop = true;
  thread.join();
}

}  // namespace
}  // namespace l3sync
