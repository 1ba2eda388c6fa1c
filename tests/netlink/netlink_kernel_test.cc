// Against the kernel that runs the test, in a network namespace without any privilege. It need not
// know ipvlan: what is proven here is the same for every device.
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <deque>
#include <memory>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "netlink/address_session.h"
#include "netlink/ask_kernel.h"
#include "netlink/dumper.h"
#include "netlink/link_table.h"
#include "netlink/mnl_port.h"
#include "netlink/notification_reader.h"
#include "netlink/rtnl_request.h"
#include "tests/netlink/recording_sink.h"
#include "tests/netlink/test_namespace.h"

namespace l3sync {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr int kPatienceMs = 5000;

MonotonicTime Now() {
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return MonotonicTime::SinceBoot(absl::DurationFromTimespec(now));
}

IpAddress Address(const char* text) { return IpAddress::Parse(text).value(); }

// An applier that asks the kernel whatever it is asked: no device here is a slave.
class UnguardedApplier : public ApplyPort {
 public:
  explicit UnguardedApplier(RtnlPort* kernel) : kernel_(kernel) {}
  int fd() const override { return -1; }
  int Send(const ApplyRequest& request, ByteSpan /*payload*/) override {
    alignas(4) std::array<uint8_t, kMaxRequestSize> buffer;
    const MutableByteSpan bytes(buffer);
    const IpAddress address = AddressIn(request.address, request.address_length);
    Command put;
    put.replace = request.flag != 0;
    put.ifindex = request.ifindex;
    put.address = address;
    put.valid_sec = request.valid_sec;
    put.preferred_sec = request.preferred_sec;
    const uint32_t sequence = request.sequence;
    const ByteSpan message = request.verb == ApplyVerb::kPutAddress
                                 ? BuildPutAddress(bytes, sequence, put)
                             : request.verb == ApplyVerb::kRemoveAddress
                                 ? BuildRemoveAddress(bytes, sequence, request.ifindex, address)
                                 : BuildRemoveLocalRoute(bytes, sequence, request.ifindex, address);
    answers_.push_back({sequence, AskKernel(kernel_, message, sequence)});
    return 0;
  }
  int Receive(ApplyAnswer* answer) override {
    if (answers_.empty()) return EAGAIN;
    *answer = answers_.front();
    answers_.pop_front();
    return 0;
  }

 private:
  RtnlPort* kernel_;
  std::deque<ApplyAnswer> answers_;
};

class NetlinkKernelTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!namespace_.error().empty()) GTEST_SKIP() << namespace_.error();
    ASSERT_EQ(namespace_.AddVethPair("slave", "wire"), 0);
    slave_ = IndexOf("slave");
    ASSERT_EQ(namespace_.SetUp(1, true), 0);
    ASSERT_EQ(namespace_.SetUp(slave_, true), 0);
    ASSERT_EQ(namespace_.SetUp(IndexOf("wire"), true), 0);

    request_port_ = MnlPort::OpenRequestPort().port;
    dump_port_ = MnlPort::OpenRequestPort().port;
    notification_port_ = MnlPort::OpenNotificationPort().port;
    ASSERT_NE(request_port_, nullptr);
    ASSERT_NE(dump_port_, nullptr);
    ASSERT_NE(notification_port_, nullptr);
    apply_port_ = MnlPort::OpenRequestPort().port;
    ASSERT_NE(apply_port_, nullptr);
    applier_ = std::make_unique<UnguardedApplier>(apply_port_.get());
    session_ = std::make_unique<AddressSession>(applier_.get(), request_port_.get(), &results_);
    dumper_ = std::make_unique<Dumper>(dump_port_.get(), &dump_);
    notifications_ = std::make_unique<NotificationReader>(notification_port_.get(), &events_);
  }

  // The errno of the command, or -1 if no result came.
  int Run(Command command) {
    command.id = ++last_id_;
    session_->Submit(command, {}, Now());
    while (true) {
      EXPECT_TRUE(session_->OnAnswer(Now()));
      session_->OnLink(Now());
      session_->Expire(Now());
      if (results_.Of<CommandResult>().size() >= last_id_ || session_->in_flight() == 0) break;
      const absl::Duration wait = session_->NextDeadline() - Now();
      pollfd readable{.fd = request_port_->fd(), .events = POLLIN, .revents = 0};
      poll(&readable, 1, static_cast<int>(absl::ToInt64Milliseconds(wait)) + 1);
    }
    const auto results = results_.Of<CommandResult>();
    return results.size() == last_id_ ? results.back().error : -1;
  }
  int Put(const char* address, bool replace = false, uint32_t valid = 3600,
          uint32_t preferred = 0) {
    return Run({.kind = CommandKind::kPutAddress,
                .replace = replace,
                .ifindex = slave_,
                .id = 0,
                .address = Address(address),
                .valid_sec = valid,
                .preferred_sec = preferred});
  }
  int Ask(CommandKind kind, const char* address) {
    return Run(
        {.kind = kind, .replace = false, .ifindex = slave_, .id = 0, .address = Address(address)});
  }
  // Everything that the kernel has now, or of one link its addresses.
  const RecordingSink& Dump(CommandKind kind = CommandKind::kDumpAll, int32_t ifindex = 0) {
    dump_.Clear();
    dumper_->Start({.kind = kind, .replace = false, .ifindex = ifindex, .id = 1000, .address = {}},
                   Now());
    while (!dumper_->is_idle()) {
      pollfd readable{.fd = dump_port_->fd(), .events = POLLIN, .revents = 0};
      poll(&readable, 1, kPatienceMs);
      dumper_->OnReadable(Now());
      dumper_->Expire(Now());
    }
    return dump_;
  }
  std::optional<AddressRecord> FindAddress(const char* text) {
    for (const AddressRecord& record : Dump().Of<AddressRecord>()) {
      if (record.address == Address(text)) return record;
    }
    return std::nullopt;
  }
  bool HasLocalRoute(const char* text) {
    const auto routes = Dump().Of<RouteRecord>();
    return std::any_of(routes.begin(), routes.end(), [&](const RouteRecord& route) {
      return route.type == RTN_LOCAL && route.ifindex == slave_ &&
             route.destination.address == Address(text);
    });
  }
  // The first notification of the kind that |wanted| accepts.
  template <typename Record, typename Predicate>
  std::optional<Record> AwaitEvent(Predicate wanted) {
    for (const MonotonicTime end = Now() + absl::Milliseconds(kPatienceMs); Now() < end;) {
      for (const Record& record : events_.Of<Record>()) {
        if (wanted(record)) return record;
      }
      pollfd readable{.fd = notification_port_->fd(), .events = POLLIN, .revents = 0};
      poll(&readable, 1, 100);
      EXPECT_EQ(notifications_->OnReadable(), 0);
    }
    return std::nullopt;
  }

  TestNamespace namespace_;
  int32_t slave_ = 0;
  uint64_t last_id_ = 0;
  std::unique_ptr<MnlPort> request_port_, apply_port_, dump_port_, notification_port_;
  RecordingSink results_, dump_, events_;
  std::unique_ptr<UnguardedApplier> applier_;
  std::unique_ptr<AddressSession> session_;
  std::unique_ptr<Dumper> dumper_;
  std::unique_ptr<NotificationReader> notifications_;
};

TEST_F(NetlinkKernelTest, K1PutIpv4HasTagLengthFlagsAndLifetimes) {
  ASSERT_EQ(Put("192.0.2.7", false, 3600, 1800), 0);
  const auto record = FindAddress("192.0.2.7");
  ASSERT_TRUE(record);
  EXPECT_EQ(record->ifindex, slave_);
  EXPECT_EQ(record->prefix_length, 32);
  EXPECT_EQ(record->protocol, kAddressProtocol);
  EXPECT_TRUE(record->flags & IFA_F_NOPREFIXROUTE);
  EXPECT_FALSE(record->flags & IFA_F_PERMANENT);
  EXPECT_NEAR(record->valid_sec, 3600, 2);
  EXPECT_NEAR(record->preferred_sec, 1800, 2);
}

TEST_F(NetlinkKernelTest, K1PutIpv6IsDeprecatedAndNotProbed) {
  ASSERT_EQ(Put("2001:db8::7"), 0);
  const auto record = FindAddress("2001:db8::7");
  ASSERT_TRUE(record);
  EXPECT_EQ(record->prefix_length, 128);
  EXPECT_EQ(record->protocol, kAddressProtocol);
  EXPECT_TRUE(record->flags & IFA_F_NODAD);
  EXPECT_FALSE(record->flags & IFA_F_TENTATIVE);
  EXPECT_TRUE(record->flags & IFA_F_DEPRECATED);
  EXPECT_EQ(record->preferred_sec, 0);
}

TEST_F(NetlinkKernelTest, PutLeavesNoRouteOfAnyKind) {
  ASSERT_EQ(Put("192.0.2.7"), 0);
  ASSERT_EQ(Put("2001:db8::7"), 0);
  EXPECT_FALSE(HasLocalRoute("192.0.2.7"));
  EXPECT_FALSE(HasLocalRoute("2001:db8::7"));
  for (const RouteRecord& route : Dump().Of<RouteRecord>()) {
    EXPECT_NE(route.destination.address, Address("192.0.2.7"));
    EXPECT_NE(route.destination.address, Address("2001:db8::7"));
  }
  EXPECT_EQ(session_->counters().local_routes_absent, 0);
  EXPECT_EQ(session_->counters().local_route_errors, 0);
}

// The kernel makes the route of a new IPv6 address after it has acknowledged the address.
TEST_F(NetlinkKernelTest, PutRemovesEveryIpv6LocalRouteHoweverLate) {
  for (int i = 1; i < 200; ++i) {
    const std::string address = "2001:db8::1:" + std::to_string(i);
    ASSERT_EQ(Put(address.c_str()), 0);
  }
  const auto routes = Dump().Of<RouteRecord>();
  EXPECT_EQ(
      std::count_if(routes.begin(), routes.end(),
                    [](const RouteRecord& route) {
                      return route.type == RTN_LOCAL &&
                             IpPrefix::Parse("2001:db8::/64")->Contains(route.destination.address);
                    }),
      0);
  EXPECT_EQ(session_->counters().local_routes_absent, 0);
}

TEST_F(NetlinkKernelTest, K2F15ReplaceRefreshesInPlace) {
  for (const char* address : {"192.0.2.7", "2001:db8::7"}) {
    ASSERT_EQ(Put(address, false, 60, 0), 0);
    ASSERT_EQ(Put(address, true, 7200, 0), 0);
    EXPECT_NEAR(FindAddress(address)->valid_sec, 7200, 2);
    EXPECT_FALSE(HasLocalRoute(address));
  }
  notifications_->OnReadable();
  for (const AddressRecord& record : events_.Of<AddressRecord>()) EXPECT_FALSE(record.deleted);
}

TEST_F(NetlinkKernelTest, F15ExclAnswersEexist) {
  for (const char* address : {"192.0.2.7", "2001:db8::7"}) {
    ASSERT_EQ(Put(address), 0);
    EXPECT_EQ(Put(address), EEXIST);
  }
}

TEST_F(NetlinkKernelTest, F15RefusedLifetimesAnswerEinval) {
  for (const char* address : {"192.0.2.7", "2001:db8::7"}) {
    EXPECT_EQ(Put(address, false, 0, 0), EINVAL);
    EXPECT_EQ(Put(address, false, 60, 61), EINVAL);
  }
}

TEST_F(NetlinkKernelTest, RemoveRemovesAndAnAbsentAddressIsEaddrnotavail) {
  for (const char* address : {"192.0.2.7", "2001:db8::7"}) {
    ASSERT_EQ(Put(address), 0);
    EXPECT_EQ(Ask(CommandKind::kRemoveAddress, address), 0);
    EXPECT_FALSE(FindAddress(address));
    EXPECT_EQ(Ask(CommandKind::kRemoveAddress, address), EADDRNOTAVAIL);
  }
}

TEST_F(NetlinkKernelTest, K3UnknownLinkIsEnodev) {
  slave_ = 12345;
  EXPECT_EQ(Put("192.0.2.7"), ENODEV);
  EXPECT_EQ(Put("2001:db8::7"), ENODEV);
  EXPECT_EQ(Ask(CommandKind::kReadLink, "::"), ENODEV);
}

TEST_F(NetlinkKernelTest, K4F16NotificationCarriesTheTag) {
  for (const char* text : {"192.0.2.7", "2001:db8::7"}) {
    ASSERT_EQ(Put(text), 0);
    const auto added = AwaitEvent<AddressRecord>([&](const AddressRecord& record) {
      return record.address == Address(text) && !record.deleted;
    });
    ASSERT_TRUE(added) << text;
    EXPECT_EQ(added->protocol, kAddressProtocol);
    EXPECT_EQ(added->ifindex, slave_);
  }
}

TEST_F(NetlinkKernelTest, F16KernelExpiresAndTells) {
  ASSERT_EQ(Put("192.0.2.7", false, 1, 0), 0);
  ASSERT_EQ(Put("2001:db8::7", false, 1, 0), 0);
  for (const char* text : {"192.0.2.7", "2001:db8::7"}) {
    EXPECT_TRUE(AwaitEvent<AddressRecord>([&](const AddressRecord& record) {
      return record.address == Address(text) && record.deleted;
    })) << text;
  }
}

TEST_F(NetlinkKernelTest, F17DownFlushesIpv6AndUpBringsTheLocalRouteBack) {
  ASSERT_EQ(Put("192.0.2.7"), 0);
  ASSERT_EQ(Put("2001:db8::7"), 0);
  ASSERT_EQ(namespace_.SetUp(slave_, false), 0);
  EXPECT_TRUE(FindAddress("192.0.2.7"));
  EXPECT_FALSE(FindAddress("2001:db8::7"));

  ASSERT_EQ(namespace_.SetUp(slave_, true), 0);
  EXPECT_TRUE(HasLocalRoute("192.0.2.7"));
  EXPECT_EQ(Ask(CommandKind::kRemoveLocalRoute, "192.0.2.7"), 0);
  EXPECT_FALSE(HasLocalRoute("192.0.2.7"));
  EXPECT_EQ(Ask(CommandKind::kRemoveLocalRoute, "192.0.2.7"), 0) << "ESRCH is success";
}

TEST_F(NetlinkKernelTest, PutOnADownLinkSucceedsWithoutARoute) {
  ASSERT_EQ(namespace_.SetUp(slave_, false), 0);
  EXPECT_EQ(Put("192.0.2.7"), 0);
  EXPECT_EQ(Put("2001:db8::7"), 0);
  EXPECT_FALSE(HasLocalRoute("192.0.2.7"));
  EXPECT_FALSE(HasLocalRoute("2001:db8::7"));
}

// Its own listener on every address must not be what answers under a guest's address.
TEST_F(NetlinkKernelTest, HostDoesNotConnectToItselfUnderAGuestsAddress) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in any{};
  any.sin_family = AF_INET;
  socklen_t length = sizeof(any);
  ASSERT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&any), length), 0);
  ASSERT_EQ(listen(listener, 1), 0);
  ASSERT_EQ(getsockname(listener, reinterpret_cast<sockaddr*>(&any), &length), 0);
  any.sin_addr.s_addr = htonl(Address("192.0.2.7").v4());
  ASSERT_EQ(Put("192.0.2.7"), 0);

  const int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  EXPECT_EQ(connect(client, reinterpret_cast<sockaddr*>(&any), sizeof(any)), -1);
  EXPECT_EQ(errno, ENETUNREACH);
  close(client);
  close(listener);
}

TEST_F(NetlinkKernelTest, ReadLinkForwardsTheLinkAsAnAnswer) {
  EXPECT_EQ(Ask(CommandKind::kReadLink, "::"), 0);
  const auto links = results_.Of<LinkRecord>();
  ASSERT_THAT(links, SizeIs(1));
  EXPECT_EQ(NameView(links[0].name), "slave");
  EXPECT_EQ(links[0].ifindex, slave_);
  EXPECT_EQ(links[0].parent_ifindex, IndexOf("wire"));
  EXPECT_TRUE(links[0].is_up);
  EXPECT_TRUE(links[0].is_answer);
}

TEST_F(NetlinkKernelTest, DumpSeesLinksAddressesAndLocalRoutesBetweenItsMarks) {
  ASSERT_EQ(Put("192.0.2.7"), 0);
  const RecordingSink& dump = Dump();
  EXPECT_THAT(dump.Of<LinkRecord>(), SizeIs(3));
  const auto marks = dump.Of<DumpMark>();
  ASSERT_THAT(marks, SizeIs(2));
  EXPECT_EQ(marks[0].kind, DumpMark::Kind::kBegin);
  EXPECT_EQ(marks[1].kind, DumpMark::Kind::kEnd);
  EXPECT_EQ(dump.Of<CommandResult>().at(0).error, 0);
  EXPECT_EQ(dumper_->counters().broken_messages, 0);
  const auto routes = dump.Of<RouteRecord>();
  EXPECT_TRUE(std::any_of(routes.begin(), routes.end(), [](const RouteRecord& route) {
    return route.type == RTN_LOCAL && route.destination.address == Address("127.0.0.1");
  }));
}

TEST_F(NetlinkKernelTest, DumpOfOneLinksAddressesHasNoOthers) {
  ASSERT_EQ(Put("192.0.2.7"), 0);
  ASSERT_EQ(Put("2001:db8::7"), 0);
  const auto records = Dump(CommandKind::kDumpAddresses, slave_).Of<AddressRecord>();
  EXPECT_GE(records.size(), 2);
  for (const AddressRecord& record : records) EXPECT_EQ(record.ifindex, slave_);
  EXPECT_THAT(dump_.Of<LinkRecord>(), IsEmpty());
}

TEST_F(NetlinkKernelTest, DumpOfAVanishedLinkFails) {
  const RecordingSink& dump = Dump(CommandKind::kDumpAddresses, 12345);
  EXPECT_EQ(dump.Of<DumpMark>().at(1).kind, DumpMark::Kind::kFailed);
  EXPECT_EQ(dump.Of<CommandResult>().at(0).error, ENODEV);
}

TEST_F(NetlinkKernelTest, DatagramsOfOthersAreNotReceived) {
  const int stranger = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  sockaddr_nl target{};
  target.nl_family = AF_NETLINK;
  socklen_t length = sizeof(target);
  ASSERT_EQ(getsockname(request_port_->fd(), reinterpret_cast<sockaddr*>(&target), &length), 0);
  const nlmsghdr forged{.nlmsg_len = sizeof(forged),
                        .nlmsg_type = NLMSG_DONE,
                        .nlmsg_flags = 0,
                        .nlmsg_seq = 1,
                        .nlmsg_pid = 0};
  ASSERT_EQ(
      sendto(stranger, &forged, sizeof(forged), 0, reinterpret_cast<sockaddr*>(&target), length),
      static_cast<ssize_t>(sizeof(forged)));
  close(stranger);
  std::array<uint8_t, 64> buffer{};
  size_t received = 0;
  EXPECT_EQ(request_port_->Receive(absl::MakeSpan(buffer), &received), EAGAIN);
  EXPECT_EQ(request_port_->foreign_datagrams(), 1);
}

TEST_F(NetlinkKernelTest, DatagramThatDoesNotFitIsEmsgsize) {
  ASSERT_EQ(namespace_.SetUp(slave_, false), 0);
  std::array<uint8_t, 16> buffer{};
  size_t received = 0;
  EXPECT_EQ(notification_port_->Receive(absl::MakeSpan(buffer), &received), EMSGSIZE);
}

TEST_F(NetlinkKernelTest, LinkTableFollowsARealParent) {
  LinkTable table(IndexOf("wire"));
  for (const LinkRecord& link : Dump().Of<LinkRecord>()) table.BeginDump(), table.Update(link);
  EXPECT_EQ(NameView(table.parent().name), "wire");
  ASSERT_EQ(namespace_.SetUp(IndexOf("wire"), false), 0);
  const auto down = AwaitEvent<LinkRecord>(
      [&](const LinkRecord& link) { return link.ifindex == IndexOf("wire") && !link.is_up; });
  ASSERT_TRUE(down);
  table.AbandonDump();
  const LinkChanges changes = table.Update(*down);
  ASSERT_THAT(changes.changes, SizeIs(1));
  EXPECT_EQ(changes.changes[0].kind, LinkChange::Kind::kParentDown);
}

}  // namespace
}  // namespace l3sync
