// Guests, servers, a router, links, the kernel and time, in any order: after each step the
// invariants I1 to I5 of tests/learn hold. The steps are those of LearnerSequencesTest, chosen by
// the input's bytes instead of a seed, and frames that are bytes of the input.
#include <cstdio>

#include "gtest/gtest.h"

#include "fuzz_target.h"
#include "tests/learn/random_sequence.h"

namespace l3sync::fuzz {
namespace {

using testing::RandomSequence;

constexpr size_t kMaxInput = 2048;
constexpr size_t kMaxSteps = 300;
constexpr size_t kMaxFrame = 600;

// The sequence says what failed by GoogleTest, outside of a test of it.
void RequireNoFailure(const RandomSequence& sequence) {
  if (!::testing::UnitTest::GetInstance()->ad_hoc_test_result().Failed()) return;
  std::fprintf(stderr, "%s\n", sequence.Story().c_str());
  Require(false, "an invariant, see above");
}

void SayBytes(Choices* choices, RandomSequence* sequence) {
  const int32_t interfaces[] = {testing::kSlaveA, testing::kSlaveB, testing::kSlaveC,
                                testing::kParent};
  const int32_t ifindex = interfaces[choices->Below(std::size(interfaces))];
  const bool is_guest = ifindex != testing::kParent;
  // One in eight on the wrong side.
  const bool is_sent = is_guest == (choices->Below(8) != 0);
  const ExactCopy frame(choices->Bytes(choices->Below(kMaxFrame)));
  sequence->WireSays(ifindex, is_sent ? FrameSide::kSent : FrameSide::kReceived, frame.bytes());
}

}  // namespace
}  // namespace l3sync::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace l3sync;
  using namespace l3sync::fuzz;
  if (size > kMaxInput) return 0;
  Choices choices({data, size});
  RandomSequence sequence(choices.Byte(), [&](size_t n) { return choices.Below(n); });
  for (size_t step = 0; step < kMaxSteps && !choices.is_at_end(); ++step) {
    if (choices.Below(4) == 0) {
      SayBytes(&choices, &sequence);
    } else {
      sequence.Step();
    }
    sequence.ExpectSafe();
    if (sequence.is_at_rest()) sequence.ExpectEqual();
    RequireNoFailure(sequence);
  }
  sequence.Quiesce();
  sequence.ExpectSafe();
  sequence.ExpectEqual();
  sequence.ExpectDelivered();
  RequireNoFailure(sequence);
  return 0;
}
