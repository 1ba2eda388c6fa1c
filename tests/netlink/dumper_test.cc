#include "netlink/dumper.h"

#include <linux/rtnetlink.h>

#include <cerrno>
#include <memory>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/fakes/fake_kernel.h"
#include "tests/netlink/recording_sink.h"

namespace l3sync {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Kind = DumpMark::Kind;

IpAddress Address(const char* text) { return IpAddress::Parse(text).value(); }

RouteRecord Route(const char* destination, const char* gateway, uint8_t type = RTN_UNICAST) {
  RouteRecord route;
  route.destination = IpPrefix::Parse(destination).value();
  if (*gateway != '\0') route.gateway = Address(gateway);
  route.ifindex = 2;
  route.table = RT_TABLE_MAIN;
  route.type = type;
  return route;
}

class DumperTest : public ::testing::Test {
 protected:
  DumperTest() {
    for (int i = 0; i < 12; ++i) {
      slaves_.push_back(kernel_.AddSlave("guest" + std::to_string(i), parent_));
    }
  }
  void Start(CommandKind kind = CommandKind::kDumpAll, int32_t ifindex = 0) {
    dumper_.Start(
        {.kind = kind, .replace = false, .ifindex = ifindex, .id = ++last_id_, .address = {}},
        now_);
  }
  void Read() { dumper_.OnReadable(now_); }
  void PassToDeadline() {
    now_ = dumper_.NextDeadline();
    ASSERT_FALSE(now_.is_never());
    dumper_.Expire(now_);
    dumper_.OnReadable(now_);
  }
  std::vector<Kind> Marks() const {
    std::vector<Kind> kinds;
    for (const DumpMark& mark : sink_.Of<DumpMark>()) kinds.push_back(mark.kind);
    return kinds;
  }
  std::vector<int32_t> Errors() const {
    std::vector<int32_t> errors;
    for (const CommandResult& result : sink_.Of<CommandResult>()) errors.push_back(result.error);
    return errors;
  }
  AddressRecord AddressOn(int32_t ifindex, const char* text) const {
    AddressRecord record;
    record.ifindex = ifindex;
    record.address = Address(text);
    record.prefix_length = static_cast<uint8_t>(record.address.bit_length());
    return record;
  }

  FakeKernel kernel_;
  int32_t parent_ = kernel_.AddLink("eth0");
  std::vector<int32_t> slaves_;
  std::unique_ptr<RtnlPort> port_ = kernel_.OpenRequestPort();
  RecordingSink sink_;
  Dumper dumper_{port_.get(), &sink_};
  MonotonicTime now_ = MonotonicTime::SinceBoot(absl::Seconds(100));
  uint64_t last_id_ = 0;
};

TEST_F(DumperTest, K5DumpAllIsEverythingBetweenItsMarks) {
  kernel_.PutAddress(AddressOn(slaves_[0], "192.0.2.7"));
  kernel_.PutAddress(AddressOn(slaves_[1], "2001:db8::7"));
  kernel_.AddRoute({Route("0.0.0.0/0", "192.0.2.1"), Route("0.0.0.0/0", "192.0.2.2")});
  kernel_.AddRoute({Route("2001:db8::/64", "")});
  kernel_.AddNeighbour({.ifindex = parent_,
                        .address = Address("192.0.2.1"),
                        .mac = {{2, 0, 0, 0, 0, 9}},
                        .state = NUD_REACHABLE});
  Start();
  EXPECT_FALSE(dumper_.is_idle());
  Read();
  EXPECT_TRUE(dumper_.is_idle());
  EXPECT_THAT(Marks(), ElementsAre(Kind::kBegin, Kind::kEnd));
  EXPECT_THAT(Errors(), ElementsAre(0));
  EXPECT_THAT(sink_.Of<LinkRecord>(), SizeIs(13));
  for (const LinkRecord& link : sink_.Of<LinkRecord>()) EXPECT_TRUE(link.is_answer);
  EXPECT_THAT(sink_.Of<AddressRecord>(), SizeIs(2));
  EXPECT_THAT(sink_.Of<RouteRecord>(), SizeIs(2 + 1 + 2))
      << "next hops, a prefix, two local routes";
  EXPECT_THAT(sink_.Of<NeighbourRecord>(), SizeIs(1));
  EXPECT_TRUE(std::holds_alternative<DumpMark>(sink_.records().front()));
  EXPECT_TRUE(std::holds_alternative<CommandResult>(sink_.records().back()));
  EXPECT_TRUE(dumper_.NextDeadline().is_never());
  EXPECT_EQ(dumper_.counters().completed, 1);
}

TEST_F(DumperTest, RoutesThatNobodyNeedsAreNotForwarded) {
  kernel_.AddRoute({Route("192.0.2.0/24", "")});  // on-link, IPv4
  kernel_.AddRoute({Route("fe80::/64", "")});     // tells nothing
  kernel_.AddRoute({Route("198.51.100.0/24", "192.0.2.1", RTN_BLACKHOLE)});
  kernel_.AddRoute({Route("127.0.0.1/32", "", RTN_LOCAL)});  // not in table local
  Start();
  Read();
  EXPECT_THAT(sink_.Of<RouteRecord>(), IsEmpty());
}

TEST_F(DumperTest, NeighboursWithoutAMacAreNotForwarded) {
  kernel_.AddNeighbour(
      {.ifindex = parent_, .address = Address("192.0.2.1"), .mac = {}, .state = NUD_FAILED});
  kernel_.AddNeighbour({.ifindex = parent_,
                        .address = Address("ff02::1"),
                        .mac = {{0x33, 0x33, 0, 0, 0, 1}},
                        .state = NUD_NOARP});
  Start();
  Read();
  EXPECT_THAT(sink_.Of<NeighbourRecord>(), IsEmpty());
}

TEST_F(DumperTest, DumpOfOneLinkIsItsAddresses) {
  kernel_.PutAddress(AddressOn(slaves_[0], "192.0.2.7"));
  kernel_.PutAddress(AddressOn(slaves_[0], "fe80::7"));
  kernel_.PutAddress(AddressOn(slaves_[1], "2001:db8::7"));
  Start(CommandKind::kDumpAddresses, slaves_[0]);
  Read();
  EXPECT_THAT(Marks(), ElementsAre(Kind::kBegin, Kind::kEnd));
  EXPECT_EQ(sink_.Of<DumpMark>()[0].ifindex, slaves_[0]);
  EXPECT_EQ(sink_.Of<DumpMark>()[1].command_id, 1);
  EXPECT_THAT(sink_.Of<AddressRecord>(), SizeIs(2));
  EXPECT_THAT(sink_.Of<LinkRecord>(), IsEmpty());
}

TEST_F(DumperTest, K5InterruptedDumpFailsAndTheNextSucceeds) {
  kernel_.InterruptNextDump();
  Start();
  Read();
  EXPECT_THAT(Marks(), ElementsAre(Kind::kBegin, Kind::kFailed));
  EXPECT_THAT(Errors(), ElementsAre(EINTR));
  EXPECT_THAT(sink_.Of<LinkRecord>(), IsEmpty());
  EXPECT_EQ(dumper_.counters().interrupted, 1);
  Start();
  Read();
  EXPECT_THAT(Errors(), ElementsAre(EINTR, 0));
}

TEST_F(DumperTest, ErrorAtTheEndFails) {
  kernel_.FailNextDump(ENODEV);
  Start();
  Read();
  EXPECT_THAT(Marks(), ElementsAre(Kind::kBegin, Kind::kFailed));
  EXPECT_THAT(Errors(), ElementsAre(ENODEV));
}

TEST_F(DumperTest, RefusedDumpFails) {
  kernel_.AnswerNextWith(EBUSY);
  Start();
  Read();
  EXPECT_THAT(Errors(), ElementsAre(EBUSY));
}

TEST_F(DumperTest, DumpThatCannotBeAskedForFails) {
  kernel_.FailNextSends(ENOBUFS);
  Start();
  EXPECT_THAT(Marks(), ElementsAre(Kind::kBegin, Kind::kFailed));
  EXPECT_THAT(Errors(), ElementsAre(ENOBUFS));
}

TEST_F(DumperTest, DumpWithoutEndTimesOut) {
  kernel_.StallNextDump();
  Start();
  Read();
  EXPECT_THAT(Errors(), IsEmpty());
  EXPECT_EQ(dumper_.NextDeadline(), now_ + Dumper::kStall);
  PassToDeadline();
  EXPECT_THAT(Marks(), ElementsAre(Kind::kBegin, Kind::kFailed));
  EXPECT_THAT(Errors(), ElementsAre(ETIMEDOUT));
  Start();
  Read();
  EXPECT_THAT(Errors(), ElementsAre(ETIMEDOUT, 0));
}

TEST_F(DumperTest, AnswerOfADumpThatWasGivenUpIsIgnored) {
  Start(CommandKind::kDumpAddresses, slaves_[0]);  // answered, but not read
  now_ = now_ + Dumper::kStall;
  dumper_.Expire(now_);
  EXPECT_THAT(Errors(), ElementsAre(ETIMEDOUT));
  Start();
  Read();
  EXPECT_THAT(Errors(), ElementsAre(ETIMEDOUT, 0));
  EXPECT_GE(dumper_.counters().stale_messages, 1);
}

TEST_F(DumperTest, DumpsQueueAndRunInOrder) {
  for (size_t i = 0; i < Dumper::kMaxQueued + 1; ++i) {
    ASSERT_TRUE(dumper_.HasRoom());
    Start(CommandKind::kDumpAddresses, slaves_[i % slaves_.size()]);
  }
  EXPECT_FALSE(dumper_.HasRoom());
  while (!dumper_.is_idle()) Read();
  EXPECT_THAT(Errors(), SizeIs(Dumper::kMaxQueued + 1));
  uint64_t id = 0;
  for (const CommandResult& result : sink_.Of<CommandResult>()) EXPECT_EQ(result.command_id, ++id);
}

TEST_F(DumperTest, FullSinkMakesTheDumpWaitWithoutLoss) {
  sink_.SetRoom(0);
  Start();
  EXPECT_TRUE(dumper_.is_paused());
  int turns = 0;
  while (!dumper_.is_idle()) {
    ASSERT_LT(++turns, 1000);
    EXPECT_LE(dumper_.NextDeadline(), now_ + Dumper::kSinkRetry);
    sink_.SetRoom(1);
    PassToDeadline();
  }
  EXPECT_THAT(Marks(), ElementsAre(Kind::kBegin, Kind::kEnd));
  EXPECT_THAT(sink_.Of<LinkRecord>(), SizeIs(13));
  EXPECT_GT(dumper_.counters().sink_full, 0);
}

TEST_F(DumperTest, SinkThatStaysFullFailsTheDumpButNotItsResult) {
  sink_.SetRoom(3);
  Start();
  Read();
  EXPECT_TRUE(dumper_.is_paused());
  const MonotonicTime begin = now_;
  while (now_ - begin < absl::Seconds(10)) PassToDeadline();
  EXPECT_THAT(Errors(), IsEmpty());
  sink_.SetRoom(100);
  PassToDeadline();
  EXPECT_THAT(Marks(), ElementsAre(Kind::kBegin, Kind::kFailed));
  EXPECT_THAT(Errors(), ElementsAre(ENOBUFS));
  Start();
  Read();
  EXPECT_THAT(Errors(), ElementsAre(ENOBUFS, 0));
}

}  // namespace
}  // namespace l3sync
