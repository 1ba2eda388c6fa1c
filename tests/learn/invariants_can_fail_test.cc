#include <functional>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest-spi.h"
#include "gtest/gtest.h"

#include "random_sequence.h"

// Each check of the random sequences sees what it is there for. What is wrong is done behind the
// learner's back, or the check is told of a past that was not.
namespace l3sync::testing {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::string_view kGuest = "192.0.2.10";

std::vector<std::string> FailuresOf(const std::function<void()>& check) {
  ::testing::TestPartResultArray results;
  {
    const ::testing::ScopedFakeTestPartResultReporter reporter(
        ::testing::ScopedFakeTestPartResultReporter::INTERCEPT_ONLY_CURRENT_THREAD, &results);
    check();
  }
  std::vector<std::string> messages;
  for (int i = 0; i < results.size(); ++i) {
    messages.emplace_back(results.GetTestPartResult(i).message());
  }
  return messages;
}

// At rest, with a lease of guest B.
class InvariantsCanFailTest : public ::testing::Test {
 protected:
  InvariantsCanFailTest() { bed().Lease(kSlaveB, 7, kGuest, 600); }
  Dhcp6Bed& bed() { return sequence_.bed(); }
  std::vector<std::string> Safe() {
    return FailuresOf([this] { sequence_.ExpectSafe(); });
  }
  std::vector<std::string> Equal() {
    return FailuresOf([this] { sequence_.ExpectEqual(); });
  }

  RandomSequence sequence_{0};
};

TEST_F(InvariantsCanFailTest, NothingIsWrong) {
  EXPECT_THAT(Safe(), IsEmpty());
  EXPECT_THAT(Equal(), IsEmpty());
}

TEST_F(InvariantsCanFailTest, I2_AddressOnTwoSlaves) {
  bed().kernel().PutOwn(kSlaveC, Ip("192.0.2.11"), 600, bed().now());
  bed().Lease(kSlaveA, 8, "192.0.2.11");
  EXPECT_THAT(Safe(), Contains(HasSubstr("I2: refused by the kernel: 192.0.2.11")));
}

TEST_F(InvariantsCanFailTest, I3_AddressThatNeverEnds) {
  bed().kernel().PutOwn(kSlaveB, Ip(kGuest), kInfiniteLifetimeSec, bed().now());
  EXPECT_THAT(Safe(), Contains(HasSubstr("I3: 192.0.2.10 never ends")));
}

TEST_F(InvariantsCanFailTest, I3_AddressThatOutlivesItsLease) {
  bed().kernel().PutOwn(kSlaveB, Ip(kGuest), 602, bed().now());
  EXPECT_THAT(Equal(), Contains(HasSubstr("I3: 192.0.2.10 would outlive its lifetime")));
  bed().kernel().PutOwn(kSlaveB, Ip(kGuest), 598, bed().now());
  EXPECT_THAT(Equal(), Contains(HasSubstr("192.0.2.10 would end before its lease")));
}

TEST_F(InvariantsCanFailTest, I4_SiblingGainsOrLoses) {
  const RandomSequence::Snapshot now = sequence_.Bindings();
  RandomSequence::Snapshot more = now;
  more[Ip("192.0.2.11")] = {kSlaveB, Origin::kDhcp4Ack};
  EXPECT_THAT(FailuresOf([&] { sequence_.ExpectNothingOfOthers(kSlaveA, now); }), IsEmpty());
  EXPECT_THAT(FailuresOf([&] { sequence_.ExpectNothingOfOthers(kSlaveA, {}); }),
              Contains(HasSubstr("I4: 192.0.2.10 came to 12 by 11")));
  EXPECT_THAT(FailuresOf([&] { sequence_.ExpectNothingOfOthers(kSlaveA, more); }),
              Contains(HasSubstr("I4: 192.0.2.11 of 12 went by 11")));
}

TEST_F(InvariantsCanFailTest, I4_ServerServesWhoDidNotAsk) {
  EXPECT_THAT(FailuresOf([&] { sequence_.ExpectOnlyAskers(7, Ip(kGuest), {}); }),
              Contains(HasSubstr("I4: 192.0.2.10 came to 12, which did not ask")));
  const RandomSequence::Snapshot before = {{Ip(kGuest), {kSlaveC, Origin::kDhcp4Ack}}};
  EXPECT_THAT(FailuresOf([&] { sequence_.ExpectOnlyAskers(7, Ip(kGuest), before); }),
              Contains(HasSubstr("I4: 192.0.2.10 was leased")));
}

TEST_F(InvariantsCanFailTest, I4_ReplyToWhoDidNotAskOrTwice) {
  const auto failures = FailuresOf([&] { sequence_.ExpectDelivered(); });
  EXPECT_THAT(failures, Contains(HasSubstr("I4: xid 7 to 12")));
  EXPECT_THAT(failures, Contains(HasSubstr("xid 7 comes twice")));
}

TEST_F(InvariantsCanFailTest, I5_AddressThatNobodyWantsOrThatIsLacking) {
  bed().kernel().PutOwn(kSlaveA, Ip("192.0.2.11"), 600, bed().now());
  EXPECT_THAT(Equal(), Contains(HasSubstr("I5")));
  bed().kernel().RemoveLink(kSlaveA);
  EXPECT_THAT(Equal(), IsEmpty());
  bed().kernel().RemoveLink(kSlaveB);
  EXPECT_THAT(Equal(), Contains(HasSubstr("I5")));
}

}  // namespace
}  // namespace l3sync::testing
