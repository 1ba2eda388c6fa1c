#include "netlink/rtnl_request.h"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <array>
#include <cstring>
#include <map>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "learn/kernel_record.h"
#include "netlink/injection_request.h"

namespace l3sync {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

using Bytes = std::vector<uint8_t>;

// A request taken apart by hand, not by the parser under test elsewhere.
template <typename Header>
struct Taken {
  nlmsghdr message{};
  Header header{};
  std::map<int, Bytes> attributes;
};

template <typename Header>
Taken<Header> TakeApart(ByteSpan bytes) {
  Taken<Header> taken;
  EXPECT_GE(bytes.size(), sizeof(nlmsghdr) + sizeof(Header));
  std::memcpy(&taken.message, bytes.data(), sizeof(taken.message));
  std::memcpy(&taken.header, bytes.data() + sizeof(nlmsghdr), sizeof(Header));
  EXPECT_EQ(taken.message.nlmsg_len, bytes.size());
  EXPECT_EQ(taken.message.nlmsg_pid, 0);
  for (size_t at = sizeof(nlmsghdr) + sizeof(Header); at < bytes.size();) {
    nlattr attribute;
    std::memcpy(&attribute, bytes.data() + at, sizeof(attribute));
    const uint8_t* value = bytes.data() + at + sizeof(attribute);
    taken.attributes[attribute.nla_type] =
        Bytes(value, value + attribute.nla_len - sizeof(attribute));
    at += (attribute.nla_len + size_t{3}) & ~size_t{3};
  }
  return taken;
}

Bytes Native(std::initializer_list<uint32_t> values) {
  Bytes bytes(values.size() * sizeof(uint32_t));
  std::memcpy(bytes.data(), std::data(values), bytes.size());
  return bytes;
}

const Bytes kV4Bytes = {192, 0, 2, 7};
const Bytes kV6Bytes = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7};
const IpAddress kV4 = IpAddress::FromBytes(kV4Bytes);
const IpAddress kV6 = IpAddress::FromBytes(kV6Bytes);

class RtnlRequestTest : public ::testing::Test {
 protected:
  static Command Put(const IpAddress& address, bool replace) {
    return {.kind = CommandKind::kPutAddress,
            .replace = replace,
            .ifindex = 5,
            .id = 1,
            .address = address,
            .valid_sec = 3600,
            .preferred_sec = 1800};
  }
  MutableByteSpan buffer() { return absl::MakeSpan(bytes_); }
  alignas(4) std::array<uint8_t, kMaxRequestSize> bytes_{};
};

// F9
TEST_F(RtnlRequestTest, K1PutIpv4IsAHostOfScopeHostWithoutPrefixRoute) {
  const auto put = TakeApart<ifaddrmsg>(BuildPutAddress(buffer(), 77, Put(kV4, false)));
  EXPECT_EQ(put.message.nlmsg_type, RTM_NEWADDR);
  EXPECT_EQ(put.message.nlmsg_seq, 77);
  EXPECT_EQ(put.message.nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL);
  EXPECT_EQ(put.header.ifa_family, AF_INET);
  EXPECT_EQ(put.header.ifa_prefixlen, 32);
  EXPECT_EQ(put.header.ifa_flags, 0);
  EXPECT_EQ(put.header.ifa_scope, RT_SCOPE_HOST);
  EXPECT_EQ(put.header.ifa_index, 5);
  EXPECT_THAT(put.attributes, ElementsAre(Pair(IFA_ADDRESS, kV4Bytes), Pair(IFA_LOCAL, kV4Bytes),
                                          Pair(IFA_CACHEINFO, Native({1800, 3600, 0, 0})),
                                          Pair(IFA_FLAGS, Native({IFA_F_NOPREFIXROUTE})),
                                          Pair(IFA_PROTO, Bytes{76})));
}

// F12
TEST_F(RtnlRequestTest, K1PutIpv6IsNotProbed) {
  const auto put = TakeApart<ifaddrmsg>(BuildPutAddress(buffer(), 1, Put(kV6, false)));
  EXPECT_EQ(put.header.ifa_family, AF_INET6);
  EXPECT_EQ(put.header.ifa_prefixlen, 128);
  EXPECT_EQ(put.header.ifa_scope, RT_SCOPE_UNIVERSE);
  EXPECT_THAT(put.attributes,
              ElementsAre(Pair(IFA_ADDRESS, kV6Bytes), Pair(IFA_LOCAL, kV6Bytes),
                          Pair(IFA_CACHEINFO, Native({1800, 3600, 0, 0})),
                          Pair(IFA_FLAGS, Native({IFA_F_NOPREFIXROUTE | IFA_F_NODAD})),
                          Pair(IFA_PROTO, Bytes{76})));
}

TEST_F(RtnlRequestTest, K2RenewalReplaces) {
  const auto put = TakeApart<ifaddrmsg>(BuildPutAddress(buffer(), 1, Put(kV4, true)));
  EXPECT_EQ(put.message.nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE);
}

TEST_F(RtnlRequestTest, K1InfiniteLifetimesAreSaidToo) {
  Command command = Put(kV6, false);
  command.valid_sec = kInfiniteLifetimeSec;
  command.preferred_sec = 0;
  const auto put = TakeApart<ifaddrmsg>(BuildPutAddress(buffer(), 1, command));
  EXPECT_EQ(put.attributes.at(IFA_CACHEINFO), Native({0, 0xffffffff, 0, 0}));
}

TEST_F(RtnlRequestTest, F9RemoveNamesLocalAndAddressAlike) {
  const auto remove = TakeApart<ifaddrmsg>(BuildRemoveAddress(buffer(), 3, 5, kV4));
  EXPECT_EQ(remove.message.nlmsg_type, RTM_DELADDR);
  EXPECT_EQ(remove.message.nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK);
  EXPECT_EQ(remove.header.ifa_prefixlen, 32);
  EXPECT_EQ(remove.header.ifa_index, 5);
  EXPECT_THAT(remove.attributes,
              ElementsAre(Pair(IFA_ADDRESS, kV4Bytes), Pair(IFA_LOCAL, kV4Bytes)));
}

TEST_F(RtnlRequestTest, RemoveLocalRouteMatchesOnlyTheKernelsOwnOnThatLink) {
  const auto v4 = TakeApart<rtmsg>(BuildRemoveLocalRoute(buffer(), 3, 5, kV4));
  EXPECT_EQ(v4.message.nlmsg_type, RTM_DELROUTE);
  EXPECT_EQ(v4.message.nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK);
  EXPECT_EQ(v4.header.rtm_family, AF_INET);
  EXPECT_EQ(v4.header.rtm_dst_len, 32);
  EXPECT_EQ(v4.header.rtm_src_len, 0);
  EXPECT_EQ(v4.header.rtm_tos, 0);
  EXPECT_EQ(v4.header.rtm_table, RT_TABLE_LOCAL);
  EXPECT_EQ(v4.header.rtm_protocol, RTPROT_KERNEL);
  EXPECT_EQ(v4.header.rtm_scope, RT_SCOPE_HOST);
  EXPECT_EQ(v4.header.rtm_type, RTN_LOCAL);
  EXPECT_THAT(v4.attributes, ElementsAre(Pair(RTA_DST, kV4Bytes), Pair(RTA_OIF, Native({5}))));

  const auto v6 = TakeApart<rtmsg>(BuildRemoveLocalRoute(buffer(), 3, 5, kV6));
  EXPECT_EQ(v6.header.rtm_family, AF_INET6);
  EXPECT_EQ(v6.header.rtm_dst_len, 128);
  EXPECT_EQ(v6.header.rtm_scope, RT_SCOPE_UNIVERSE);
  EXPECT_THAT(v6.attributes, ElementsAre(Pair(RTA_DST, kV6Bytes), Pair(RTA_OIF, Native({5}))));
}

TEST_F(RtnlRequestTest, ReadLinkAsksForAnAckAndNoStatistics) {
  const auto read = TakeApart<ifinfomsg>(BuildReadLink(buffer(), 3, 5));
  EXPECT_EQ(read.message.nlmsg_type, RTM_GETLINK);
  EXPECT_EQ(read.message.nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK);
  EXPECT_EQ(read.header.ifi_index, 5);
  EXPECT_THAT(read.attributes, ElementsAre(Pair(IFLA_EXT_MASK, Native({RTEXT_FILTER_SKIP_STATS}))));
}

TEST_F(RtnlRequestTest, DumpsHaveNoStrayValuesForTheStrictCheck) {
  const auto links = TakeApart<ifinfomsg>(BuildDumpLinks(buffer(), 3));
  EXPECT_EQ(links.message.nlmsg_flags, NLM_F_REQUEST | NLM_F_DUMP);
  EXPECT_EQ(links.header.ifi_index, 0);
  EXPECT_THAT(links.attributes,
              ElementsAre(Pair(IFLA_EXT_MASK, Native({RTEXT_FILTER_SKIP_STATS}))));

  const auto addresses =
      TakeApart<ifaddrmsg>(BuildDumpAddresses(buffer(), 3, AddressFamily::kV6, 9));
  EXPECT_EQ(addresses.message.nlmsg_type, RTM_GETADDR);
  EXPECT_EQ(addresses.header.ifa_family, AF_INET6);
  EXPECT_EQ(addresses.header.ifa_index, 9);
  EXPECT_EQ(addresses.header.ifa_prefixlen, 0);
  EXPECT_THAT(addresses.attributes, IsEmpty());

  const auto routes = TakeApart<rtmsg>(BuildDumpRoutes(buffer(), 3, AddressFamily::kV4, RTN_LOCAL));
  EXPECT_EQ(routes.message.nlmsg_type, RTM_GETROUTE);
  EXPECT_EQ(routes.header.rtm_family, AF_INET);
  EXPECT_EQ(routes.header.rtm_type, RTN_LOCAL);
  EXPECT_EQ(routes.header.rtm_table, 0);

  const auto neighbours = TakeApart<ndmsg>(BuildDumpNeighbours(buffer(), 3));
  EXPECT_EQ(neighbours.message.nlmsg_type, RTM_GETNEIGH);
  EXPECT_EQ(neighbours.header.ndm_family, AF_UNSPEC);
}

TEST_F(RtnlRequestTest, BufferThatIsTooSmallYieldsNothing) {
  const size_t whole = BuildPutAddress(buffer(), 1, Put(kV6, false)).size();
  EXPECT_LE(whole, kMaxRequestSize);
  for (size_t size = 0; size < whole; ++size) {
    EXPECT_THAT(BuildPutAddress(buffer().subspan(0, size), 1, Put(kV6, false)), IsEmpty()) << size;
  }
  EXPECT_THAT(BuildPutAddress(buffer().subspan(0, whole), 1, Put(kV6, false)),
              ::testing::SizeIs(whole));
}

// No byte of a request is what the memory happened to hold.
TEST(RequestBytesTest, ClassA11_EveryByteIsWritten) {
  Command put;
  put.ifindex = 7;
  const auto build = [&](uint8_t fill) {
    std::vector<Bytes> requests;
    const auto add = [&](auto&& request) {
      alignas(4) std::array<uint8_t, kMaxRequestSize> buffer;
      buffer.fill(fill);
      const ByteSpan bytes = request(MutableByteSpan(buffer));
      EXPECT_FALSE(bytes.empty());
      requests.emplace_back(bytes.begin(), bytes.end());
    };
    for (const Bytes& bytes : {kV4Bytes, kV6Bytes}) {
      put.address = IpAddress::FromBytes(bytes);
      add([&](MutableByteSpan b) { return BuildPutAddress(b, 1, put); });
      add([&](MutableByteSpan b) { return BuildRemoveAddress(b, 1, 7, put.address); });
      add([&](MutableByteSpan b) { return BuildRemoveLocalRoute(b, 1, 7, put.address); });
    }
    for (const AddressFamily family : {AddressFamily::kV4, AddressFamily::kV6}) {
      add([&](MutableByteSpan b) { return BuildDumpAddresses(b, 1, family, 7); });
      add([&](MutableByteSpan b) { return BuildDumpRoutes(b, 1, family, RTN_LOCAL); });
    }
    add([](MutableByteSpan b) { return BuildReadLink(b, 1, 7); });
    add([](MutableByteSpan b) { return BuildDumpLinks(b, 1); });
    add([](MutableByteSpan b) { return BuildDumpNeighbours(b, 1); });
    add([](MutableByteSpan b) { return BuildMakeDummy(b, 1, "abcde"); });
    add([](MutableByteSpan b) { return BuildFindLink(b, 1, "abcdefghijk"); });
    add([](MutableByteSpan b) { return BuildDeleteLink(b, 1, 7); });
    add([](MutableByteSpan b) { return BuildKeepSilent(b, 1, 7); });
    add([](MutableByteSpan b) { return BuildSetUp(b, 1, 7); });
    add([](MutableByteSpan b) { return BuildAddClsact(b, 1, 7); });
    add([](MutableByteSpan b) { return BuildAddRedirect(b, 1, 7, 8); });
    add([](MutableByteSpan b) { return BuildRemoveRedirect(b, 1, 7); });
    return requests;
  };
  const std::vector<Bytes> requests = build(0);
  EXPECT_EQ(requests, build(0xff));
  EXPECT_EQ(requests, build(0xa5));
}

}  // namespace
}  // namespace l3sync
