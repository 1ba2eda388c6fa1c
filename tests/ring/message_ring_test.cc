#include "ring/message_ring.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace l3sync {
namespace {

using ::testing::ElementsAreArray;

const size_t kPage = static_cast<size_t>(sysconf(_SC_PAGESIZE));
constexpr size_t kLengthPrefix = 8;

std::vector<uint8_t> Pattern(size_t size, size_t seed = 0) {
  std::vector<uint8_t> bytes(size);
  for (size_t i = 0; i < size; ++i) {
    bytes[i] = static_cast<uint8_t>(i * 31 + seed + (i >> 8));
  }
  return bytes;
}

bool HasRung(MessageRing::Consumer& consumer) {
  pollfd waiting = {consumer.doorbell().fd(), POLLIN, 0};
  return poll(&waiting, 1, 0) == 1;
}

TEST(MessageRingTest, EmptyRingHasNoFront) {
  auto [producer, consumer] = MessageRing::Create(1).value();
  EXPECT_FALSE(consumer.Front().has_value());
}

TEST(MessageRingTest, CarriesEveryLengthFromZeroToTheLongest) {
  auto [producer, consumer] = MessageRing::Create(kPage).value();
  for (size_t size = 0; size <= kPage - kLengthPrefix; ++size) {
    const std::vector<uint8_t> sent = Pattern(size, size);
    ASSERT_TRUE(producer.TryPush(sent)) << size;
    const auto received = consumer.Front();
    ASSERT_TRUE(received.has_value());
    ASSERT_EQ(*received, absl::MakeConstSpan(sent)) << size;
    consumer.Pop();
    ASSERT_FALSE(consumer.Front().has_value());
  }
}

TEST(MessageRingTest, RecordIsContiguousWhereverItStarts) {
  auto [producer, consumer] = MessageRing::Create(kPage).value();
  const std::vector<uint8_t> sent = Pattern(kPage / 2);
  for (size_t offset = 0; offset < kPage; offset += kLengthPrefix) {
    ASSERT_TRUE(producer.TryPush(sent));
    const auto received = consumer.Front();
    ASSERT_TRUE(received.has_value());
    ASSERT_EQ(*received, absl::MakeConstSpan(sent)) << offset;
    consumer.Pop();
    // What was pushed so far is a multiple of the capacity: with one more empty record the next
    // starts 8 bytes on.
    ASSERT_TRUE(producer.TryPush(Pattern(kPage / 2 - 2 * kLengthPrefix)));
    consumer.Front();
    consumer.Pop();
    ASSERT_TRUE(producer.TryPush({}));
    consumer.Front();
    consumer.Pop();
  }
}

TEST(MessageRingTest, KeepsOrder) {
  auto [producer, consumer] = MessageRing::Create(kPage).value();
  for (size_t size : {3u, 0u, 100u, 8u}) {
    ASSERT_TRUE(producer.TryPush(Pattern(size, size)));
  }
  for (size_t size : {3u, 0u, 100u, 8u}) {
    ASSERT_TRUE(consumer.Front().has_value());
    EXPECT_THAT(*consumer.Front(), ElementsAreArray(Pattern(size, size)));
    consumer.Pop();
  }
  EXPECT_FALSE(consumer.Front().has_value());
}

TEST(MessageRingTest, FullIsAnAnswerAndLosesNothing) {
  auto [producer, consumer] = MessageRing::Create(kPage).value();
  size_t pushed = 0;
  while (producer.TryPush(Pattern(56, pushed))) {
    ++pushed;
  }
  EXPECT_EQ(pushed, kPage / 64);
  EXPECT_EQ(producer.Reserve(0).data(), nullptr);  // not even a record of 0 bytes
  for (size_t i = 0; i < pushed; ++i) {
    ASSERT_TRUE(consumer.Front().has_value());
    ASSERT_THAT(*consumer.Front(), ElementsAreArray(Pattern(56, i)));
    consumer.Pop();
    ASSERT_TRUE(producer.TryPush(Pattern(56, i + pushed)));  // one gone, one fits
    ASSERT_FALSE(producer.TryPush({}));
  }
}

TEST(MessageRingTest, RecordThatCanNeverFitIsRefused) {
  auto [producer, consumer] = MessageRing::Create(kPage).value();
  EXPECT_NE(producer.Reserve(kPage - kLengthPrefix).data(), nullptr);
  EXPECT_EQ(producer.Reserve(kPage - kLengthPrefix + 1).data(), nullptr);
  EXPECT_EQ(producer.Reserve(kPage).data(), nullptr);
  EXPECT_EQ(producer.Reserve(SIZE_MAX).data(), nullptr);
  EXPECT_EQ(producer.Reserve(SIZE_MAX - kLengthPrefix).data(), nullptr);
  EXPECT_FALSE(consumer.Front().has_value());
}

TEST(MessageRingTest, CommitOfLessThanReservedTakesOnlyThat) {
  auto [producer, consumer] = MessageRing::Create(kPage).value();
  const auto room = producer.Reserve(kPage - kLengthPrefix);
  ASSERT_EQ(room.size(), kPage - kLengthPrefix);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(room.data()) % 8, 0u);
  room[0] = 7;
  producer.Commit(1);
  EXPECT_EQ(producer.Reserve(kPage - 3 * kLengthPrefix).size(), kPage - 3 * kLengthPrefix);
  EXPECT_EQ(producer.Reserve(kPage - 3 * kLengthPrefix + 1).data(), nullptr);
  EXPECT_THAT(consumer.Front().value(), ElementsAreArray({7}));
}

TEST(MessageRingTest, ReserveTakesBackWhatWasNotCommitted) {
  auto [producer, consumer] = MessageRing::Create(kPage).value();
  producer.Reserve(100);
  EXPECT_FALSE(consumer.Front().has_value());
  ASSERT_TRUE(producer.TryPush(Pattern(5)));
  EXPECT_THAT(consumer.Front().value(), ElementsAreArray(Pattern(5)));
  consumer.Pop();
  EXPECT_FALSE(consumer.Front().has_value());
}

TEST(MessageRingTest, EmptyReservationIsNotTheAnswerFull) {
  auto [producer, consumer] = MessageRing::Create(kPage).value();
  EXPECT_NE(producer.Reserve(0).data(), nullptr);
  producer.Commit(0);
  ASSERT_TRUE(consumer.Front().has_value());
  EXPECT_TRUE(consumer.Front()->empty());
}

TEST(MessageRingTest, RingsOnlyWhenItWasEmpty) {
  auto [producer, consumer] = MessageRing::Create(kPage).value();
  ASSERT_TRUE(producer.TryPush(Pattern(1)));
  EXPECT_TRUE(HasRung(consumer));
  consumer.doorbell().Clear();
  ASSERT_TRUE(producer.TryPush(Pattern(2)));
  EXPECT_FALSE(HasRung(consumer));
  consumer.Front();
  consumer.Pop();
  ASSERT_TRUE(producer.TryPush(Pattern(3)));  // one is left
  EXPECT_FALSE(HasRung(consumer));
  while (consumer.Front()) {
    consumer.Pop();
  }
  ASSERT_TRUE(producer.TryPush(Pattern(4)));
  EXPECT_TRUE(HasRung(consumer));
}

TEST(MessageRingTest, LivesUntilBothEndsAreGone) {
  auto ends = MessageRing::Create(kPage);
  auto consumer = std::make_unique<MessageRing::Consumer>(std::move(ends->consumer));
  {
    MessageRing::Producer producer = std::move(ends->producer);
    ends.reset();
    ASSERT_TRUE(producer.TryPush(Pattern(9)));
  }
  EXPECT_TRUE(HasRung(*consumer));
  EXPECT_THAT(consumer->Front().value(), ElementsAreArray(Pattern(9)));
}

TEST(MessageRingTest, CapacityIsRoundedUpToAPowerOfTwo) {
  auto [producer, consumer] = MessageRing::Create(kPage + 1).value();
  EXPECT_NE(producer.Reserve(2 * kPage - kLengthPrefix).data(), nullptr);
  EXPECT_EQ(producer.Reserve(2 * kPage - kLengthPrefix + 1).data(), nullptr);
}

TEST(MessageRingTest, CapacityThatCanNotBeHadIsAnAnswer) {
  EXPECT_FALSE(MessageRing::Create(SIZE_MAX).has_value());
  EXPECT_EQ(errno, ENOMEM);
}

TEST(MessageRingDeathTest, CommitOfMoreThanReservedIsAProgrammersError) {
  auto [producer, consumer] = MessageRing::Create(kPage).value();
  MessageRing::Producer& end = producer;
  EXPECT_DEATH(end.Commit(0), "");
  end.Reserve(8);
  EXPECT_DEATH(end.Commit(9), "");
}

}  // namespace
}  // namespace l3sync
