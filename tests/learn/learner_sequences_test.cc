#include <algorithm>

#include "gtest/gtest.h"

#include "random_sequence.h"

// The invariants I1 to I5, over random sequences with fixed seeds.
namespace l3sync::testing {
namespace {

constexpr uint32_t kSeedsPerTest = 25;
constexpr int kSteps = 300;

class LearnerSequencesTest : public ::testing::TestWithParam<uint32_t> {};

TEST_P(LearnerSequencesTest, InvariantsHold) {
  for (uint32_t seed = GetParam(); seed < GetParam() + kSeedsPerTest; ++seed) {
    SCOPED_TRACE(seed);
    RandomSequence sequence(seed);
    for (int step = 0; step < kSteps; ++step) {
      SCOPED_TRACE(step);
      sequence.Step();
      sequence.ExpectSafe();
      if (HasFailure()) return;
    }
    sequence.Quiesce();
    sequence.ExpectSafe();
    sequence.ExpectEqual();
    sequence.ExpectDelivered();
    if (HasFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, LearnerSequencesTest,
                         ::testing::Range(0U, 8 * kSeedsPerTest, kSeedsPerTest));

TEST(DryRunSequencesTest, DryRunChangesNothing) {
  for (uint32_t seed = 0; seed < kSeedsPerTest; ++seed) {
    SCOPED_TRACE(seed);
    RandomSequence sequence(seed, {.dry_run = true});
    for (int step = 0; step < kSteps; ++step) sequence.Step();
    sequence.Quiesce();
    for (const Command& command : sequence.bed().kernel().executed()) {
      ASSERT_EQ(command.kind, CommandKind::kDumpAddresses);
    }
    if (HasFailure()) return;
  }
}

// The same seed makes the same decisions: nothing hangs on the order of a hash table.
TEST(RepeatedSequencesTest, DecisionsAreTheSameOnEachRun) {
  RandomSequence one(7), other(7);
  for (int step = 0; step < kSteps; ++step) {
    one.Step();
    other.Step();
  }
  const auto& commands = one.bed().kernel().executed();
  EXPECT_TRUE(std::equal(
      commands.begin(), commands.end(), other.bed().kernel().executed().begin(),
      other.bed().kernel().executed().end(), [](const Command& a, const Command& b) {
        return a.kind == b.kind && a.ifindex == b.ifindex && a.address == b.address && a.id == b.id;
      }));
}

}  // namespace
}  // namespace l3sync::testing
