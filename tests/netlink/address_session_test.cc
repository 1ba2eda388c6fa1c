#include "netlink/address_session.h"

#include <linux/rtnetlink.h>

#include <cerrno>
#include <deque>
#include <memory>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/fakes/fake_applier.h"
#include "tests/fakes/fake_kernel.h"
#include "tests/netlink/recording_sink.h"

namespace l3sync {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

const IpAddress kV4 = IpAddress::V4(0xc0000207);
const IpAddress kV6 = IpAddress::Parse("2001:db8::7").value();

class AddressSessionTest : public ::testing::Test {
 protected:
  Command CommandOf(CommandKind kind, const IpAddress& address, bool replace = false) {
    return {.kind = kind,
            .replace = replace,
            .ifindex = slave_,
            .id = ++last_id_,
            .address = address,
            .valid_sec = 3600,
            .preferred_sec = 0};
  }
  void Put(const IpAddress& address, bool replace = false) {
    session_.Submit(CommandOf(CommandKind::kPutAddress, address, replace), {}, now_);
  }
  void Read() {
    EXPECT_TRUE(session_.OnAnswer(now_));
    session_.OnLink(now_);
  }
  // Lets time pass until the session wants to be woken.
  void PassToDeadline() {
    now_ = session_.NextDeadline();
    ASSERT_FALSE(now_.is_never());
    session_.Expire(now_);
    Read();
  }
  std::vector<int32_t> Errors() const {
    std::vector<int32_t> errors;
    for (const CommandResult& result : sink_.Of<CommandResult>()) errors.push_back(result.error);
    return errors;
  }

  FakeKernel kernel_;
  int32_t parent_ = kernel_.AddLink("eth0");
  int32_t slave_ = kernel_.AddSlave("guest0", parent_);
  int32_t sibling_ = kernel_.AddSlave("guest1", parent_);
  std::unique_ptr<RtnlPort> links_ = kernel_.OpenRequestPort();
  FakeApplier applier_{&kernel_,
                       ApplyRules{.parent_ifindex = parent_, .deny = {}, .configured = {}}};
  RecordingSink sink_;
  AddressSession session_{&applier_, links_.get(), &sink_};
  MonotonicTime now_ = MonotonicTime::SinceBoot(absl::Seconds(100));
  uint64_t last_id_ = 0;
};

TEST_F(AddressSessionTest, K1PutIsAnsweredAfterTheLocalRouteIsGone) {
  Put(kV4);
  EXPECT_THAT(Errors(), IsEmpty());
  Read();
  EXPECT_THAT(Errors(), ::testing::ElementsAre(0));
  EXPECT_EQ(sink_.Of<CommandResult>()[0].command_id, 1);
  EXPECT_FALSE(kernel_.HasLocalRoute(slave_, kV4));
  const auto record = kernel_.FindAddress(slave_, kV4);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->protocol, kAddressProtocol);
  EXPECT_EQ(session_.in_flight(), 0);
  EXPECT_TRUE(session_.NextDeadline().is_never());
}

TEST_F(AddressSessionTest, K2ReplaceRefreshes) {
  Put(kV4);
  Read();
  kernel_.AdvanceTo(MonotonicTime::SinceBoot(absl::Seconds(1000)));
  Put(kV4, true);
  Read();
  EXPECT_THAT(Errors(), ::testing::ElementsAre(0, 0));
  EXPECT_EQ(kernel_.FindAddress(slave_, kV4)->valid_sec, 3600);
}

TEST_F(AddressSessionTest, K3ErrnoOfARefusalSurvivesAndTouchesNoRoute) {
  Put(kV4);
  Read();
  Put(kV4);  // EXCL
  Command on_sibling = CommandOf(CommandKind::kPutAddress, kV4);
  on_sibling.ifindex = sibling_;
  session_.Submit(on_sibling, {}, now_);
  Command nowhere = CommandOf(CommandKind::kPutAddress, kV4);
  nowhere.ifindex = 999;
  session_.Submit(nowhere, {}, now_);
  session_.Submit(CommandOf(CommandKind::kRemoveAddress, kV6), {}, now_);
  Read();
  EXPECT_THAT(Errors(), ::testing::ElementsAre(0, EEXIST, EADDRINUSE, ENODEV, EADDRNOTAVAIL));
  EXPECT_EQ(kernel_.RequestCount(RTM_DELROUTE), 1);
}

TEST_F(AddressSessionTest, RefusedRouteRemovalDoesNotFailThePut) {
  kernel_.SetUp(slave_, false);  // no route comes with the address
  Put(kV4);
  Read();
  EXPECT_THAT(Errors(), ::testing::ElementsAre(0));
  EXPECT_EQ(session_.counters().local_routes_absent, 1);
}

TEST_F(AddressSessionTest, RemoveLocalRouteOfNoneIsSuccess) {
  Put(kV4);
  Read();
  kernel_.SetUp(slave_, false);
  kernel_.SetUp(slave_, true);
  EXPECT_TRUE(kernel_.HasLocalRoute(slave_, kV4));
  session_.Submit(CommandOf(CommandKind::kRemoveLocalRoute, kV4), {}, now_);
  session_.Submit(CommandOf(CommandKind::kRemoveLocalRoute, kV4), {}, now_);
  Read();
  EXPECT_THAT(Errors(), ::testing::ElementsAre(0, 0, 0));
  EXPECT_FALSE(kernel_.HasLocalRoute(slave_, kV4));
}

// addrconf_dad_work() inserts the route after the ack.
TEST_F(AddressSessionTest, Ipv6LocalRouteThatComesLateIsRemoved) {
  kernel_.DelayLocalRoutes(3);
  Put(kV6);
  Read();
  EXPECT_THAT(Errors(), IsEmpty());
  const MonotonicTime begin = now_;
  while (Errors().empty()) PassToDeadline();
  EXPECT_THAT(Errors(), ::testing::ElementsAre(0));
  EXPECT_FALSE(kernel_.HasLocalRoute(slave_, kV6));
  EXPECT_EQ(now_ - begin, absl::Milliseconds(1 + 2 + 4));
}

TEST_F(AddressSessionTest, Ipv6LocalRouteThatNeverComesIsNotWaitedForLongerThanTheDeadline) {
  kernel_.DelayLocalRoutes(1000);
  Put(kV6);
  Read();
  const MonotonicTime begin = now_;
  while (Errors().empty()) PassToDeadline();
  EXPECT_THAT(Errors(), ::testing::ElementsAre(0));
  EXPECT_LT(now_ - begin, AddressSession::kDeadline);
  EXPECT_EQ(session_.counters().local_routes_absent, 1);
}

TEST_F(AddressSessionTest, RefreshedIpv6AddressHasNoRouteToWaitFor) {
  Put(kV6);
  Read();
  Put(kV6, true);
  Read();
  EXPECT_THAT(Errors(), ::testing::ElementsAre(0, 0));
}

TEST_F(AddressSessionTest, ReadLinkForwardsTheLinkBeforeItsResult) {
  session_.Submit(CommandOf(CommandKind::kReadLink, {}), {}, now_);
  Read();
  ASSERT_THAT(sink_.records(), SizeIs(2));
  const auto* link = std::get_if<LinkRecord>(&sink_.records()[0]);
  ASSERT_NE(link, nullptr);
  EXPECT_EQ(link->ifindex, slave_);
  EXPECT_TRUE(link->is_answer);
  EXPECT_THAT(Errors(), ::testing::ElementsAre(0));
}

TEST_F(AddressSessionTest, ReadLinkWithoutRoomForTheLinkFails) {
  session_.Submit(CommandOf(CommandKind::kReadLink, {}), {}, now_);
  sink_.SetRoom(0);
  Read();
  sink_.SetRoom(10);
  PassToDeadline();
  EXPECT_THAT(Errors(), ::testing::ElementsAre(ENOBUFS));
}

TEST_F(AddressSessionTest, LostAnswerOfThePutEndsAtTheDeadline) {
  applier_.LoseNextAnswer();
  Put(kV4);
  Read();
  EXPECT_EQ(session_.NextDeadline(), now_ + AddressSession::kDeadline);
  session_.Expire(now_ + AddressSession::kDeadline - absl::Milliseconds(1));
  EXPECT_THAT(Errors(), IsEmpty());
  session_.Expire(now_ + AddressSession::kDeadline);
  EXPECT_THAT(Errors(), ::testing::ElementsAre(ETIMEDOUT));
  EXPECT_EQ(session_.counters().timeouts, 1);
  EXPECT_EQ(session_.in_flight(), 0);
}

TEST_F(AddressSessionTest, DuplicateAnswerMakesOneResult) {
  applier_.DuplicateNextAnswer();
  Put(kV4);
  Read();
  EXPECT_THAT(Errors(), ::testing::ElementsAre(0));
  EXPECT_EQ(session_.counters().late_answers, 1);
}

TEST_F(AddressSessionTest, LateAnswerIsIgnoredAndCounted) {
  Put(kV4);
  session_.Expire(now_ + AddressSession::kDeadline);  // its answer waits unread
  EXPECT_THAT(Errors(), ::testing::ElementsAre(ETIMEDOUT));
  Read();
  EXPECT_THAT(Errors(), SizeIs(1));
  EXPECT_EQ(session_.counters().late_answers, 1);
}

TEST_F(AddressSessionTest, SendIsTriedAgainAfterENOBUFS) {
  kernel_.FailNextSends(ENOBUFS, 2);
  Put(kV4);
  Read();
  EXPECT_FALSE(kernel_.FindAddress(slave_, kV4));
  PassToDeadline();
  PassToDeadline();
  EXPECT_THAT(Errors(), ::testing::ElementsAre(0));
  EXPECT_EQ(session_.counters().send_retries, 2);
}

TEST_F(AddressSessionTest, SendThatNeverSucceedsEndsWithItsErrno) {
  kernel_.FailNextSends(EAGAIN, 1000);
  const MonotonicTime begin = now_;
  Put(kV4);
  Read();
  while (Errors().empty()) PassToDeadline();
  EXPECT_THAT(Errors(), ::testing::ElementsAre(EAGAIN));
  EXPECT_LT(now_ - begin, AddressSession::kDeadline);
}

TEST_F(AddressSessionTest, SendErrorThatTimeDoesNotHealEndsAtOnce) {
  kernel_.FailNextSends(EPERM);
  Put(kV4);
  Read();
  EXPECT_THAT(Errors(), ::testing::ElementsAre(EPERM));
}

TEST_F(AddressSessionTest, WindowIsBoundedAndOpensAgain) {
  for (size_t i = 0; i < AddressSession::kWindow; ++i) {
    ASSERT_TRUE(session_.HasRoom());
    Put(IpAddress::V4(0xc0000200 + static_cast<uint32_t>(i)));
  }
  EXPECT_FALSE(session_.HasRoom());
  Read();
  EXPECT_TRUE(session_.HasRoom());
  EXPECT_THAT(Errors(), ::testing::Each(0));
  EXPECT_THAT(Errors(), SizeIs(AddressSession::kWindow));
}

TEST_F(AddressSessionTest, ResultThatFindsNoRoomIsKeptAndTakesItsPlaceInTheWindow) {
  for (size_t i = 0; i < AddressSession::kWindow; ++i) {
    Put(IpAddress::V4(0xc0000200 + static_cast<uint32_t>(i)));
  }
  sink_.SetRoom(0);
  Read();
  EXPECT_EQ(session_.in_flight(), 0);
  EXPECT_FALSE(session_.HasRoom());
  sink_.SetRoom(5);
  PassToDeadline();
  EXPECT_THAT(Errors(), SizeIs(5));
  EXPECT_TRUE(session_.HasRoom());
  sink_.SetRoom(1000);
  PassToDeadline();
  EXPECT_THAT(Errors(), SizeIs(AddressSession::kWindow));
  EXPECT_TRUE(session_.NextDeadline().is_never());
}

TEST_F(AddressSessionTest, RequestThatFindsNoRoomIsSentAgain) {
  applier_.RefuseSends(2, EAGAIN);
  Put(kV4);
  PassToDeadline();
  PassToDeadline();
  EXPECT_THAT(Errors(), ::testing::ElementsAre(0));
  EXPECT_EQ(session_.counters().send_retries, 2);
}

TEST_F(AddressSessionTest, ApplierThatIsGoneIsTold) {
  Put(kV4);
  applier_.Die();
  EXPECT_FALSE(session_.OnAnswer(now_));
}

TEST_F(AddressSessionTest, WithoutAnApplierNothingIsChanged) {
  AddressSession dry(nullptr, links_.get(), &sink_);
  dry.Submit(CommandOf(CommandKind::kPutAddress, kV4), {}, now_);
  EXPECT_THAT(Errors(), ::testing::ElementsAre(ENOTCONN));
}

TEST_F(AddressSessionTest, OtherKindsAreRefused) {
  session_.Submit(CommandOf(CommandKind::kDumpAll, {}), {}, now_);
  EXPECT_THAT(Errors(), ::testing::ElementsAre(EOPNOTSUPP));
}

// A port that answers with what the test gives it.
class ScriptedPort : public RtnlPort {
 public:
  int fd() const override { return -1; }
  int Send(ByteSpan messages) override {
    sequences_.push_back(MessageWalk(messages).Current()->sequence);
    return 0;
  }
  int Receive(MutableByteSpan buffer, size_t* length) override {
    if (datagrams_.empty()) return EAGAIN;
    const Bytes datagram = datagrams_.front();
    datagrams_.pop_front();
    if (datagram.empty()) return ENOBUFS;
    std::copy(datagram.begin(), datagram.end(), buffer.begin());
    *length = datagram.size();
    return 0;
  }
  std::vector<uint32_t> sequences_;
  std::deque<Bytes> datagrams_;  // an empty one is ENOBUFS
};

class ScriptedSessionTest : public ::testing::Test {
 protected:
  void ReadLink(uint64_t id) {
    session_.Submit(
        {.kind = CommandKind::kReadLink, .replace = false, .ifindex = 5, .id = id, .address = {}},
        {}, {});
  }
  ScriptedPort port_;
  RecordingSink sink_;
  AddressSession session_{nullptr, &port_, &sink_};
};

TEST_F(ScriptedSessionTest, SecondAckInADatagramIsNotLost) {
  ReadLink(1);
  ReadLink(2);
  Bytes datagram = EncodeError({.sequence = port_.sequences_[1]}, EADDRNOTAVAIL);
  Append(&datagram, EncodeError({.sequence = port_.sequences_[0]}, 0));
  port_.datagrams_.push_back(datagram);
  session_.OnLink({});
  const auto results = sink_.Of<CommandResult>();
  ASSERT_THAT(results, SizeIs(2));
  EXPECT_EQ(results[0].command_id, 2);
  EXPECT_EQ(results[0].error, EADDRNOTAVAIL);
  EXPECT_EQ(results[1].command_id, 1);
  EXPECT_EQ(results[1].error, 0);
}

TEST_F(ScriptedSessionTest, LostAnswersAreCountedAndTheNextOnesRead) {
  ReadLink(1);
  port_.datagrams_.push_back({});
  port_.datagrams_.push_back(EncodeError({.sequence = port_.sequences_[0]}, 0));
  session_.OnLink({});
  EXPECT_THAT(sink_.Of<CommandResult>(), SizeIs(1));
  EXPECT_EQ(session_.counters().answers_lost, 1);
}

TEST_F(ScriptedSessionTest, O4BrokenAnswersAreCountedAndEndNothing) {
  ReadLink(1);
  const Bytes answer = EncodeError({.sequence = port_.sequences_[0]}, 0);
  for (size_t size = 1; size < answer.size(); ++size) {
    port_.datagrams_.emplace_back(answer.begin(),
                                  answer.begin() + static_cast<std::ptrdiff_t>(size));
  }
  port_.datagrams_.push_back(EncodeDone({.sequence = port_.sequences_[0]}, 0));
  session_.OnLink({});
  EXPECT_THAT(sink_.records(), IsEmpty());
  EXPECT_EQ(session_.counters().broken_messages, answer.size());
  EXPECT_EQ(session_.in_flight(), 1);
}

}  // namespace
}  // namespace l3sync
