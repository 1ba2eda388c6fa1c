#include "netlink/hold_queue.h"

#include <linux/netfilter.h>

#include <array>
#include <cerrno>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "netlink/hold_verdict.h"
#include "tests/fakes/fake_hold_port.h"
#include "tests/netlink/recording_sink.h"

namespace l3sync {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

constexpr uint16_t kNumber = 50002;

Bytes Ipv4Header(uint8_t last_byte) {
  Bytes header(20);
  header[0] = 0x45;
  header[16] = 192, header[17] = 0, header[18] = 2, header[19] = last_byte;
  return header;
}

// An applier that passes verdicts on, and says whether they went.
class VerdictsOnly : public ApplyPort {
 public:
  explicit VerdictsOnly(RtnlPort* kernel) : kernel_(kernel) {}
  int fd() const override { return -1; }
  int Receive(ApplyAnswer* /*answer*/) override { return EAGAIN; }
  int Send(const ApplyRequest& request, ByteSpan payload) override {
    EXPECT_THAT(payload, IsEmpty());
    std::array<uint8_t, kMaxVerdictSize> buffer;
    const HoldVerdict verdict = request.verb == ApplyVerb::kReleaseHeld
                                    ? HoldVerdict::kReleaseAllUpTo
                                : request.flag != 0 ? HoldVerdict::kDrop
                                                    : HoldVerdict::kRelease;
    return kernel_->Send(BuildVerdict(absl::MakeSpan(buffer), kNumber, request.held_id, verdict));
  }

 private:
  RtnlPort* kernel_;
};

class HoldQueueTest : public ::testing::Test {
 protected:
  FakeHoldPort port_{kNumber};
  VerdictsOnly applier_{&port_};
  RecordingSink sink_;
  HoldQueue queue_{&port_, &applier_, &sink_};
};

TEST_F(HoldQueueTest, TellsTheDestinationOfBothFamilies) {
  Bytes v6(40);
  v6[0] = 0x60;
  v6[24] = 0xfe, v6[25] = 0x80, v6[39] = 7;
  const uint32_t first = port_.Queue(Ipv4Header(10));
  const uint32_t second = port_.Queue(v6);
  queue_.OnReadable();
  const auto told = sink_.Of<HeldReply>();
  ASSERT_THAT(told, SizeIs(2));
  EXPECT_EQ(told[0].id, first);
  EXPECT_EQ(told[0].destination.ToString(), "192.0.2.10");
  EXPECT_EQ(told[1].id, second);
  EXPECT_EQ(told[1].destination.ToString(), "fe80::7");
  EXPECT_THAT(port_.verdicts(), IsEmpty()) << "that is the engine's";
}

TEST_F(HoldQueueTest, VerdictsReachTheKernel) {
  const uint32_t ours = port_.Queue(Ipv4Header(10));
  const uint32_t strangers = port_.Queue(Ipv4Header(11));
  queue_.OnReadable();
  EXPECT_TRUE(queue_.Release(strangers));
  EXPECT_TRUE(queue_.Drop(ours));
  EXPECT_THAT(port_.verdicts(),
              UnorderedElementsAre(Pair(ours, NF_DROP), Pair(strangers, NF_ACCEPT)));
}

TEST_F(HoldQueueTest, FullSinkLetsThePacketPass) {
  sink_.SetRoom(1);
  const uint32_t first = port_.Queue(Ipv4Header(10));
  const uint32_t second = port_.Queue(Ipv4Header(11));
  queue_.OnReadable();
  EXPECT_THAT(port_.verdicts(), ElementsAre(Pair(second, NF_ACCEPT)));
  EXPECT_EQ(queue_.counters().overflows, 1);
  EXPECT_TRUE(queue_.Drop(first));
}

TEST_F(HoldQueueTest, PacketThatIsNotUnderstoodPasses) {
  const uint32_t empty = port_.Queue({});
  const uint32_t cut = port_.Queue(Bytes(19, 0x45));
  const uint32_t cut_v6 = port_.Queue(Bytes(39, 0x60));
  queue_.OnReadable();
  EXPECT_THAT(port_.verdicts(),
              ElementsAre(Pair(empty, NF_ACCEPT), Pair(cut, NF_ACCEPT), Pair(cut_v6, NF_ACCEPT)));
  EXPECT_THAT(sink_.records(), IsEmpty());
  EXPECT_EQ(queue_.counters().broken_messages, 3);
}

TEST_F(HoldQueueTest, BytesThatAreNoMessageAreCounted) {
  port_.PushRaw({1, 2, 3});
  port_.PushRaw(EncodeDone({}, 0));
  const uint32_t next = port_.Queue(Ipv4Header(10));
  queue_.OnReadable();
  EXPECT_EQ(queue_.counters().broken_messages, 2);
  ASSERT_THAT(sink_.Of<HeldReply>(), SizeIs(1));
  EXPECT_EQ(sink_.Of<HeldReply>()[0].id, next);
}

TEST_F(HoldQueueTest, OverrunIsCountedAndNothingElse) {
  port_.Queue(Ipv4Header(10));
  port_.Overrun();
  port_.Queue(Ipv4Header(11));
  queue_.OnReadable();
  EXPECT_EQ(queue_.counters().overruns, 1);
  EXPECT_THAT(sink_.records(), SizeIs(1));
}

TEST_F(HoldQueueTest, VerdictOnWhatIsGoneIsAnError) {
  EXPECT_TRUE(queue_.Drop(77));
  queue_.OnReadable();
  EXPECT_EQ(queue_.counters().errors, 1);
}

TEST_F(HoldQueueTest, VerdictWithoutMemoryIsToBeAskedAgain) {
  const uint32_t id = port_.Queue(Ipv4Header(10));
  queue_.OnReadable();
  port_.RefuseSends(1, ENOBUFS);
  EXPECT_FALSE(queue_.Drop(id));
  EXPECT_TRUE(queue_.Drop(id));
  port_.RefuseSends(1, EPERM);
  EXPECT_TRUE(queue_.Drop(id)) << "the next try would fail too";
}

TEST_F(HoldQueueTest, AtTheEndAllThatIsHeldIsReleased) {
  queue_.ReleaseAll();
  for (uint8_t i = 1; i <= 3; ++i) port_.Queue(Ipv4Header(i));
  queue_.OnReadable();
  EXPECT_TRUE(queue_.Drop(2));
  queue_.ReleaseAll();
  EXPECT_THAT(port_.verdicts(),
              ElementsAre(Pair(1, NF_ACCEPT), Pair(2, NF_DROP), Pair(3, NF_ACCEPT)));
  EXPECT_EQ(port_.held(), 0);
}

}  // namespace
}  // namespace l3sync
