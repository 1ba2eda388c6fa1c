// Class P1: the applier's verbs on a kernel, and what a hostile worker gets.
#include "applier/request_handler.h"

#include <linux/if_link.h>
#include <linux/netfilter.h>
#include <linux/rtnetlink.h>

#include <cerrno>
#include <memory>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "learn/probe_station.h"
#include "tests/fakes/fake_applier.h"
#include "tests/fakes/fake_hold_port.h"
#include "tests/fakes/fake_kernel.h"
#include "wire/delivery.h"
#include "wire/frame.h"
#include "wire/neighbour_frames.h"

namespace l3sync {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

constexpr MacAddress kMac = {{2, 0, 0, 0, 0, 0x99}};
const IpAddress kGuest = IpAddress::V4(0xc0000207);
const IpAddress kServer = IpAddress::V4(0xc0000201);
const IpAddress kGuest6 = IpAddress::Parse("2001:db8::7").value();

ApplyRequest Request(ApplyVerb verb, int32_t ifindex, const IpAddress& address) {
  ApplyRequest request;
  request.sequence = 1;
  request.verb = verb;
  request.ifindex = ifindex;
  request.protocol = kAddressProtocol;
  request.valid_sec = 3600;
  PutAddressIn(address, &request.address, &request.address_length);
  return request;
}

class RequestHandlerTest : public ::testing::Test {
 protected:
  explicit RequestHandlerTest(bool announce = false)
      : parent_(kernel_.AddLink("h0")),
        slave_(kernel_.AddSlave("t0", parent_)),
        sibling_(kernel_.AddSlave("t1", parent_)) {
    kernel_.SetMac(parent_, kMac);
    kernel_.SetMac(slave_, kMac);
    applier_ = std::make_unique<FakeApplier>(
        &kernel_,
        ApplyRules{.parent_ifindex = parent_, .deny = {}, .configured = {}, .announce = announce});
  }

  int Ask(const ApplyRequest& request, ByteSpan payload = {}) {
    EXPECT_EQ(applier_->Send(request, payload), 0);
    ApplyAnswer answer;
    EXPECT_EQ(applier_->Receive(&answer), 0);
    EXPECT_EQ(answer.sequence, request.sequence);
    return answer.error;
  }
  int Do(ApplyVerb verb, const IpAddress& address) { return Ask(Request(verb, slave_, address)); }
  int Deliver(const IpAddress& source, const IpAddress& destination, uint16_t from, uint16_t to) {
    ApplyRequest request = Request(ApplyVerb::kDeliver, slave_, destination);
    PutAddressIn(source, &request.source, &request.address_length);
    request.address_length = static_cast<uint8_t>(destination.bytes().size());
    request.source_port = from;
    request.destination_port = to;
    request.payload_length = static_cast<uint32_t>(payload_.size());
    return Ask(request, payload_);
  }

  FakeKernel kernel_;
  int32_t parent_, slave_, sibling_;
  std::unique_ptr<FakeApplier> applier_;
  const std::vector<uint8_t> payload_ = std::vector<uint8_t>(300, 0xab);
};

TEST_F(RequestHandlerTest, PutsRefreshesAndRemovesAddresses) {
  for (const IpAddress& address : {kGuest, kGuest6}) {
    EXPECT_EQ(Do(ApplyVerb::kPutAddress, address), 0);
    EXPECT_EQ(Do(ApplyVerb::kPutAddress, address), EEXIST);
    EXPECT_TRUE(kernel_.HasLocalRoute(slave_, address));
    EXPECT_EQ(Do(ApplyVerb::kRemoveLocalRoute, address), 0);
    EXPECT_FALSE(kernel_.HasLocalRoute(slave_, address));
    ApplyRequest refresh = Request(ApplyVerb::kPutAddress, slave_, address);
    refresh.flag = 1;
    refresh.valid_sec = 77;
    EXPECT_EQ(Ask(refresh), 0);
    EXPECT_EQ(kernel_.FindAddress(slave_, address)->valid_sec, 77);
    EXPECT_EQ(Do(ApplyVerb::kRemoveAddress, address), 0);
    EXPECT_FALSE(kernel_.FindAddress(slave_, address));
    EXPECT_EQ(Do(ApplyVerb::kRemoveAddress, address), EADDRNOTAVAIL);
  }
}

TEST_F(RequestHandlerTest, WhatTheHostGainsIsRefusedAtOnce) {
  kernel_.PutAddress({.ifindex = parent_, .address = kGuest, .prefix_length = 24});
  EXPECT_EQ(Do(ApplyVerb::kPutAddress, kGuest), EPERM);
  EXPECT_FALSE(kernel_.FindAddress(slave_, kGuest));
}

TEST_F(RequestHandlerTest, SlaveThatHasJustComeIsServed) {
  const int32_t fresh = kernel_.AddSlave("t2", parent_);
  EXPECT_EQ(Ask(Request(ApplyVerb::kPutAddress, fresh, kGuest)), 0);
}

TEST_F(RequestHandlerTest, RefusalsReachNoKernel) {
  const size_t before = kernel_.RequestCount(RTM_NEWADDR);
  EXPECT_EQ(Ask(Request(ApplyVerb::kPutAddress, parent_, kGuest)), ENODEV);
  EXPECT_EQ(Do(ApplyVerb::kPutAddress, IpAddress::V4(0x7f000001)), EPERM);
  EXPECT_EQ(kernel_.RequestCount(RTM_NEWADDR), before);
}

TEST_F(RequestHandlerTest, KernelsOwnErrnoComesBack) {
  ASSERT_EQ(Ask(Request(ApplyVerb::kPutAddress, sibling_, kGuest)), 0);
  EXPECT_EQ(Do(ApplyVerb::kPutAddress, kGuest), EADDRINUSE);
  kernel_.AnswerNextWith(ENOMEM);
  EXPECT_EQ(Do(ApplyVerb::kPutAddress, kGuest6), ENOMEM);
  kernel_.LoseNextAnswer();
  EXPECT_EQ(Do(ApplyVerb::kPutAddress, kGuest6), ETIMEDOUT);
}

TEST_F(RequestHandlerTest, DeliversWithHeadersOfItsOwn) {
  ASSERT_EQ(Do(ApplyVerb::kPutAddress, kGuest), 0);
  EXPECT_EQ(Deliver(kServer, kGuest, 67, 68), 0);
  ASSERT_THAT(kernel_.deliveries(), SizeIs(1));
  EXPECT_EQ(kernel_.deliveries()[0].ifindex, slave_);
  EXPECT_EQ(kernel_.deliveries()[0].frame,
            BuildDelivery(kMac, {kServer, kGuest, 67, 68, payload_}));
}

// kernel-facts B.1: a looped frame with the host's address reaches the host's sockets.
TEST_F(RequestHandlerTest, DeliversOnlyToAnAddressThatItHasPutThere) {
  kernel_.PutAddress(
      {.ifindex = parent_, .address = IpAddress::V4(0xc0000205), .prefix_length = 24});
  EXPECT_EQ(Deliver(kServer, IpAddress::V4(0xc0000205), 67, 68), EADDRNOTAVAIL);
  EXPECT_EQ(Deliver(kServer, kGuest, 67, 68), EADDRNOTAVAIL);
  ASSERT_EQ(Ask(Request(ApplyVerb::kPutAddress, sibling_, kGuest)), 0);
  EXPECT_EQ(Deliver(kServer, kGuest, 67, 68), EADDRNOTAVAIL);
  EXPECT_THAT(kernel_.deliveries(), IsEmpty());
}

TEST_F(RequestHandlerTest, DeliversNothingButRepliesOfServers) {
  ASSERT_EQ(Do(ApplyVerb::kPutAddress, kGuest), 0);
  EXPECT_EQ(Deliver(kServer, kGuest, 53, 68), EPERM);
  EXPECT_EQ(Deliver(kServer, kGuest, 67, 53), EPERM);
  EXPECT_EQ(Deliver(IpAddress::V4(0xffffffff), kGuest, 67, 68), EPERM);
  EXPECT_THAT(kernel_.deliveries(), IsEmpty());
}

TEST_F(RequestHandlerTest, NothingLoopsWhereThePortDoesNot) {
  ASSERT_EQ(Do(ApplyVerb::kPutAddress, kGuest), 0);
  for (const int flags : {IPVLAN_F_PRIVATE, IPVLAN_F_VEPA}) {
    kernel_.SetPort(parent_, PortMode::kL2, static_cast<uint16_t>(flags));
    const size_t before = applier_->injected();
    EXPECT_EQ(Deliver(kServer, kGuest, 67, 68), 0);
    EXPECT_EQ(Do(ApplyVerb::kProbe, kGuest), 0);
    EXPECT_EQ(applier_->injected(), before + 2);
  }
  kernel_.SetPort(parent_, PortMode::kL3, 0);
  EXPECT_EQ(Deliver(kServer, kGuest, 67, 68), EOPNOTSUPP);
  EXPECT_THAT(kernel_.deliveries(), IsEmpty());
}

TEST_F(RequestHandlerTest, D6_ProbesAreBuiltHere) {
  for (const IpAddress& address : {kGuest, kGuest6}) {
    ASSERT_EQ(Do(ApplyVerb::kPutAddress, address), 0);
    EXPECT_EQ(Do(ApplyVerb::kProbe, address), 0);
    EXPECT_EQ(kernel_.deliveries().back().frame, BuildProbe(kMac, address));
  }
}

TEST_F(RequestHandlerTest, D8_NothingIsAnnouncedUnlessTheOperatorSaidSo) {
  ASSERT_EQ(Do(ApplyVerb::kPutAddress, kGuest), 0);
  EXPECT_EQ(Do(ApplyVerb::kAnnounce, kGuest), EPERM);
  EXPECT_THAT(kernel_.deliveries(), IsEmpty());
}

class AnnouncingHandlerTest : public RequestHandlerTest {
 protected:
  AnnouncingHandlerTest() : RequestHandlerTest(/*announce=*/true) {}
};

TEST_F(AnnouncingHandlerTest, D8_AnnouncesWhatIsThere) {
  EXPECT_EQ(Do(ApplyVerb::kAnnounce, kGuest), EADDRNOTAVAIL);
  for (const IpAddress& address : {kGuest, kGuest6}) {
    ASSERT_EQ(Do(ApplyVerb::kPutAddress, address), 0);
    EXPECT_EQ(Do(ApplyVerb::kAnnounce, address), 0);
    EXPECT_EQ(kernel_.deliveries().back().frame, BuildAnnouncement(kMac, address));
  }
}

class HoldingHandlerTest : public ::testing::Test {
 protected:
  static constexpr uint16_t kNumber = 50002;
  HoldingHandlerTest() {
    handler_.Advance(now_);
    while (!handler_.is_ready()) handler_.OnDump(now_);
  }
  void Judge(ApplyVerb verb, uint32_t id, bool drop) {
    ApplyRequest request;
    request.verb = verb;
    request.held_id = id;
    request.flag = drop ? 1 : 0;
    EXPECT_FALSE(handler_.Apply(request, {}, now_)) << "it has no answer";
  }

  FakeKernel kernel_;
  std::unique_ptr<RtnlPort> ports_[3] = {kernel_.OpenRequestPort(), kernel_.OpenRequestPort(),
                                         kernel_.OpenNotificationPort()};
  FakeHoldPort hold_{kNumber};
  RequestHandler handler_{
      {ports_[0].get(), ports_[1].get(), ports_[2].get(), nullptr, nullptr, &hold_, kNumber}, {}};
  MonotonicTime now_ = MonotonicTime::SinceBoot(absl::Seconds(100));
};

TEST_F(HoldingHandlerTest, VerdictsReachTheKernel) {
  const uint32_t ours = hold_.Queue({}), strangers = hold_.Queue({}), rest = hold_.Queue({});
  Judge(ApplyVerb::kVerdict, ours, true);
  Judge(ApplyVerb::kVerdict, strangers, false);
  EXPECT_THAT(hold_.verdicts(), ElementsAre(Pair(ours, NF_DROP), Pair(strangers, NF_ACCEPT)));
  Judge(ApplyVerb::kReleaseHeld, rest, false);
  EXPECT_EQ(hold_.held(), 0);
}

TEST_F(HoldingHandlerTest, VerdictThatTheKernelHasNoMemoryForIsTriedAgain) {
  const uint32_t id = hold_.Queue({});
  hold_.RefuseSends(2, ENOBUFS);
  Judge(ApplyVerb::kVerdict, id, true);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(hold_.held(), 1);
    now_ = handler_.NextDeadline();
    handler_.Advance(now_);
  }
  EXPECT_THAT(hold_.verdicts(), ElementsAre(Pair(id, NF_DROP)));
}

TEST_F(HoldingHandlerTest, WhenTheWorkerIsGoneEverythingIsReleased) {
  const uint32_t told = hold_.Queue({}), untold = hold_.Queue({});
  Judge(ApplyVerb::kVerdict, told, true);
  handler_.ReleaseHeld(now_);
  EXPECT_THAT(hold_.verdicts(), ElementsAre(Pair(told, NF_DROP), Pair(untold, NF_ACCEPT)));
}

}  // namespace
}  // namespace l3sync
