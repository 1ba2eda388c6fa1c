#include <algorithm>
#include <cstdlib>
#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest-spi.h"
#include "gtest/gtest.h"

#include "random_sequence.h"

// The invariants I1 to I5, over random sequences with fixed seeds. L3SYNC_SEEDS=FIRST[-LAST] in the
// environment takes these seeds instead.
namespace l3sync::testing {
namespace {

constexpr uint32_t kParts = 8;  // that run side by side
constexpr uint32_t kSeeds = 40;
constexpr int kSteps = 300;

std::pair<uint32_t, uint32_t> Seeds() {
  std::pair<uint32_t, uint32_t> seeds(0, kSeeds - 1);
  const char* const wanted = std::getenv("L3SYNC_SEEDS");
  if (wanted == nullptr) return seeds;
  const std::vector<std::string> ends = absl::StrSplit(wanted, '-');
  EXPECT_TRUE(absl::SimpleAtoi(ends.front(), &seeds.first) &&
              absl::SimpleAtoi(ends.back(), &seeds.second))
      << "L3SYNC_SEEDS=" << wanted;
  return seeds;
}

class LearnerSequencesTest : public ::testing::TestWithParam<uint32_t> {};

// Class S4: frames, link events, faults and time in random order; under AddressSanitizer, too.
TEST_P(LearnerSequencesTest, InvariantsHold) {
  const auto [first, last] = Seeds();
  for (uint32_t seed = first + GetParam(); seed <= last; seed += kParts) {
    RandomSequence sequence(seed);
    for (int step = 0; step < kSteps && !HasFailure(); ++step) {
      sequence.Step();
      sequence.ExpectSafe();
      if (sequence.is_at_rest()) sequence.ExpectEqual();
    }
    if (!HasFailure()) {
      sequence.Quiesce();
      sequence.ExpectSafe();
      sequence.ExpectEqual();
      sequence.ExpectDelivered();
    }
    ASSERT_FALSE(HasFailure()) << "to see it again: L3SYNC_SEEDS=" << seed
                               << " learn_test --gtest_filter='*InvariantsHold*'; "
                               << sequence.Story();
  }
}

INSTANTIATE_TEST_SUITE_P(Part, LearnerSequencesTest, ::testing::Range(0U, kParts));

TEST(DryRunSequencesTest, DryRunChangesNothing) {
  for (uint32_t seed = 0; seed < kSeeds / kParts; ++seed) {
    SCOPED_TRACE(seed);
    RandomSequence sequence(seed, /*dry_run=*/true);
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
