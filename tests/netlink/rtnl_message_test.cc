#include "netlink/rtnl_message.h"

#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <map>
#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/fakes/rtnl_encoding.h"

namespace l3sync {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

RtnlMessage First(const Bytes& datagram) { return MessageWalk(datagram).Current().value(); }
IpAddress Address(const char* text) { return IpAddress::Parse(text).value(); }

// Heap memory of exactly that size, so that AddressSanitizer sees a read beyond; the header says
// that size too.
Bytes CutTo(const Bytes& message, size_t size) {
  Bytes cut(message.begin(), message.begin() + static_cast<std::ptrdiff_t>(size));
  if (size >= sizeof(nlmsghdr)) {
    const auto length = static_cast<uint32_t>(size);
    std::memcpy(cut.data(), &length, sizeof(length));
  }
  return cut;
}

void AppendAttribute(Bytes* message, uint16_t type, const Bytes& value) {
  const nlattr attribute{.nla_len = static_cast<uint16_t>(sizeof(nlattr) + value.size()),
                         .nla_type = type};
  const auto* bytes = reinterpret_cast<const uint8_t*>(&attribute);
  message->insert(message->end(), bytes, bytes + sizeof(attribute));
  message->insert(message->end(), value.begin(), value.end());
  message->resize((message->size() + 3) & ~size_t{3});
  const auto length = static_cast<uint32_t>(message->size());
  std::memcpy(message->data(), &length, sizeof(length));
}

LinkRecord SlaveRecord() {
  LinkRecord record;
  record.ifindex = 7;
  record.name = MakeInterfaceName("guest0");
  record.kind = LinkKind::kIpvtap;
  record.parent_ifindex = 2;
  record.mode = PortMode::kL3s;
  record.port_flags = IPVLAN_F_VEPA;
  record.is_up = true;
  record.mac = {{2, 0, 0, 0, 0, 1}};
  return record;
}

AddressRecord LeasedRecord() {
  AddressRecord record;
  record.ifindex = 7;
  record.address = Address("192.0.2.7");
  record.prefix_length = 32;
  record.protocol = kAddressProtocol;
  record.flags = IFA_F_NOPREFIXROUTE;
  record.valid_sec = 3600;
  record.preferred_sec = 1800;
  return record;
}

RouteRecord DefaultRoute(const char* gateway, int32_t ifindex) {
  const IpAddress via = Address(gateway);
  RouteRecord record;
  record.destination = {via.is_v4() ? IpAddress::V4(0) : IpAddress::V6({}), 0};
  record.gateway = via;
  record.ifindex = ifindex;
  record.table = RT_TABLE_MAIN;
  record.type = RTN_UNICAST;
  return record;
}

void ExpectSame(const LinkRecord& a, const LinkRecord& b) {
  EXPECT_EQ(a.deleted, b.deleted);
  EXPECT_EQ(a.moved_to_other_netns, b.moved_to_other_netns);
  EXPECT_EQ(a.ifindex, b.ifindex);
  EXPECT_EQ(a.name, b.name);
  EXPECT_EQ(a.kind, b.kind);
  EXPECT_EQ(a.parent_ifindex, b.parent_ifindex);
  EXPECT_EQ(a.parent_in_other_netns, b.parent_in_other_netns);
  EXPECT_EQ(a.mode, b.mode);
  EXPECT_EQ(a.port_flags, b.port_flags);
  EXPECT_EQ(a.is_up, b.is_up);
  EXPECT_EQ(a.mac, b.mac);
}

// --- The walk.

TEST(MessageWalkTest, SecondAckInADatagramIsNotLost) {
  Bytes datagram = EncodeError({.sequence = 1}, 0);
  Append(&datagram, EncodeError({.sequence = 2}, 0));
  MessageWalk walk(datagram);
  EXPECT_EQ(walk.Current()->sequence, 1);
  walk.Advance();
  EXPECT_EQ(walk.Current()->sequence, 2);
  walk.Advance();
  EXPECT_FALSE(walk.Current());
  EXPECT_FALSE(walk.is_broken());
  walk.Advance();
  EXPECT_FALSE(walk.Current());
}

TEST(MessageWalkTest, O4EveryTruncationOfADatagramIsBroken) {
  const Bytes whole = EncodeLink({}, SlaveRecord());
  for (size_t size = 1; size < whole.size(); ++size) {
    const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    const MessageWalk walk(cut);
    EXPECT_FALSE(walk.Current()) << size;
    EXPECT_TRUE(walk.is_broken()) << size;
  }
}

TEST(MessageWalkTest, O4LengthBelowTheHeaderEndsTheWalk) {
  for (uint32_t length : {0U, 4U, 15U, 0xffffffffU}) {
    Bytes message = EncodeError({}, 0);
    std::memcpy(message.data(), &length, sizeof(length));
    EXPECT_FALSE(MessageWalk(message).Current()) << length;
    EXPECT_TRUE(MessageWalk(message).is_broken()) << length;
  }
}

TEST(MessageWalkTest, NothingIsNotBroken) {
  EXPECT_FALSE(MessageWalk().Current());
  EXPECT_FALSE(MessageWalk().is_broken());
}

// --- Links.

TEST(ParseLinkTest, F1SlaveHasModeAndFlagsOfItsPort) {
  const Bytes bytes = EncodeLink({}, SlaveRecord());
  const auto link = ParseLink(First(bytes));
  ASSERT_TRUE(link);
  ExpectSame(*link, SlaveRecord());
  EXPECT_FALSE(link->is_answer);
}

TEST(ParseLinkTest, EveryKindIsTold) {
  for (const LinkKind kind : {LinkKind::kOther, LinkKind::kIpvlan, LinkKind::kIpvtap,
                              LinkKind::kMacvlan, LinkKind::kMacvtap, LinkKind::kDummy}) {
    LinkRecord record = SlaveRecord();
    record.kind = kind;
    const Bytes bytes = EncodeLink({}, record);
    EXPECT_EQ(ParseLink(First(bytes))->kind, kind);
  }
}

TEST(ParseLinkTest, MoveToAnotherNamespaceIsADeletionThatSaysSo) {
  LinkRecord record = SlaveRecord();
  record.deleted = true;
  record.moved_to_other_netns = true;
  const Bytes bytes = EncodeLink({}, record);
  ExpectSame(*ParseLink(First(bytes)), record);
}

TEST(ParseLinkTest, ParentInAnotherNamespaceIsTold) {
  LinkRecord record = SlaveRecord();
  record.parent_in_other_netns = true;
  const Bytes bytes = EncodeLink({}, record);
  EXPECT_TRUE(ParseLink(First(bytes))->parent_in_other_netns);
}

// A port that leaves a bridge is RTM_DELLINK of family AF_BRIDGE: the link itself is still there.
TEST(ParseLinkTest, BridgePortMessageIsNotALinks) {
  LinkRecord record = SlaveRecord();
  record.deleted = true;
  Bytes bytes = EncodeLink({}, record);
  bytes[sizeof(nlmsghdr)] = AF_BRIDGE;
  EXPECT_FALSE(ParseLink(First(bytes)));
}

TEST(ParseLinkTest, WirelessEventIsNotALinks) {
  Bytes bytes = EncodeLink({}, SlaveRecord());
  AppendAttribute(&bytes, IFLA_WIRELESS, {1, 2, 3, 4});
  EXPECT_FALSE(ParseLink(First(bytes)));
}

TEST(ParseLinkTest, AddressThatIsNoMacIsNone) {
  Bytes bytes = EncodeLink({}, SlaveRecord());
  AppendAttribute(&bytes, IFLA_ADDRESS, Bytes(20, 0xaa));  // InfiniBand
  EXPECT_EQ(ParseLink(First(bytes))->mac, MacAddress{});
}

TEST(ParseLinkTest, UnknownAttributesAreSkipped) {
  Bytes bytes = EncodeLink({}, SlaveRecord());
  AppendAttribute(&bytes, 63, {1});
  AppendAttribute(&bytes, 64, {1});
  AppendAttribute(&bytes, 0x3fff, {1, 2, 3});
  ASSERT_TRUE(ParseLink(First(bytes)));
  ExpectSame(*ParseLink(First(bytes)), SlaveRecord());
}

TEST(ParseLinkTest, O4UnknownModeIsBroken) {
  LinkRecord record = SlaveRecord();
  record.mode = static_cast<PortMode>(3);
  const Bytes bytes = EncodeLink({}, record);
  EXPECT_FALSE(ParseLink(First(bytes)));
}

TEST(ParseLinkTest, O4NameMustEndAndFit) {
  Bytes bytes = EncodeLink({}, SlaveRecord());
  AppendAttribute(&bytes, IFLA_IFNAME, Bytes(16, 'a'));  // no zero byte
  EXPECT_FALSE(ParseLink(First(bytes)));
  bytes = EncodeLink({}, SlaveRecord());
  Bytes long_name(17, 'a');
  long_name.back() = 0;
  AppendAttribute(&bytes, IFLA_IFNAME, long_name);
  EXPECT_FALSE(ParseLink(First(bytes)));
}

// --- Addresses.

TEST(ParseAddressTest, F16TagLifetimesAndFlagsAreRead) {
  const Bytes bytes = EncodeAddress({}, LeasedRecord());
  const auto record = ParseAddress(First(bytes));
  ASSERT_TRUE(record);
  EXPECT_EQ(record->address, Address("192.0.2.7"));
  EXPECT_EQ(record->prefix_length, 32);
  EXPECT_EQ(record->protocol, kAddressProtocol);
  EXPECT_EQ(record->flags, IFA_F_NOPREFIXROUTE);
  EXPECT_EQ(record->valid_sec, 3600);
  EXPECT_EQ(record->preferred_sec, 1800);
  EXPECT_EQ(record->ifindex, 7);
  EXPECT_FALSE(record->deleted);
}

TEST(ParseAddressTest, LocalAddressWinsOverThePeers) {
  Bytes bytes = EncodeAddress({}, LeasedRecord());
  AppendAttribute(&bytes, IFA_ADDRESS, {198, 51, 100, 1});
  EXPECT_EQ(ParseAddress(First(bytes))->address, Address("192.0.2.7"));
}

TEST(ParseAddressTest, Ipv6WithoutLocalAndWithoutTagIsRead) {
  AddressRecord record = LeasedRecord();
  record.address = Address("fe80::1");
  record.prefix_length = 64;
  record.protocol = 0;
  record.deleted = true;
  const Bytes bytes = EncodeAddress({}, record);
  const auto parsed = ParseAddress(First(bytes));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->address, Address("fe80::1"));
  EXPECT_EQ(parsed->protocol, 0);
  EXPECT_TRUE(parsed->deleted);
}

TEST(ParseAddressTest, O4WrongLengthsAreBroken) {
  const Bytes good = EncodeAddress({}, LeasedRecord());
  for (const uint16_t type : {IFA_ADDRESS, IFA_LOCAL, IFA_FLAGS, IFA_CACHEINFO, IFA_PROTO}) {
    for (const size_t size : {0U, 3U, 5U, 15U, 17U}) {
      Bytes bytes = good;
      AppendAttribute(&bytes, type, Bytes(size, 1));
      EXPECT_FALSE(ParseAddress(First(bytes))) << type << " " << size;
    }
  }
  Bytes bytes = good;
  AppendAttribute(&bytes, IFA_LOCAL, Bytes(16, 1));  // an IPv6 address in an IPv4 message
  EXPECT_FALSE(ParseAddress(First(bytes)));
}

TEST(ParseAddressTest, O4PrefixLongerThanTheAddressIsBroken) {
  Bytes bytes = EncodeAddress({}, LeasedRecord());
  bytes[sizeof(nlmsghdr) + offsetof(ifaddrmsg, ifa_prefixlen)] = 33;
  EXPECT_FALSE(ParseAddress(First(bytes)));
}

TEST(ParseAddressTest, OtherFamiliesAreSkipped) {
  Bytes bytes = EncodeAddress({}, LeasedRecord());
  bytes[sizeof(nlmsghdr)] = AF_PHONET;
  EXPECT_FALSE(ParseAddress(First(bytes)));
}

// --- Routes and neighbours.

TEST(ParseRouteTest, OneNextHop) {
  const Bytes bytes = EncodeRoute({}, {DefaultRoute("192.0.2.1", 2)});
  const auto routes = ParseRoute(First(bytes));
  ASSERT_TRUE(routes);
  ASSERT_THAT(*routes, SizeIs(1));
  EXPECT_EQ(routes->at(0).gateway, Address("192.0.2.1"));
  EXPECT_EQ(routes->at(0).ifindex, 2);
  EXPECT_EQ(routes->at(0).destination.length, 0);
  EXPECT_TRUE(routes->at(0).destination.address.is_v4());
  EXPECT_EQ(routes->at(0).table, RT_TABLE_MAIN);
}

TEST(ParseRouteTest, TableNumberBeyondAByteIsRead) {
  RouteRecord route = DefaultRoute("2001:db8::1", 2);
  route.table = 1000;
  const Bytes bytes = EncodeRoute({}, {route});
  EXPECT_EQ(ParseRoute(First(bytes))->at(0).table, 1000);
}

TEST(ParseRouteTest, MultipathIsOneRecordANextHop) {
  using Gateways = std::array<const char*, 2>;
  for (const Gateways& gateways :
       {Gateways{"192.0.2.1", "192.0.2.2"}, Gateways{"fe80::1", "fe80::2"}}) {
    const Bytes bytes =
        EncodeRoute({}, {DefaultRoute(gateways[0], 2), DefaultRoute(gateways[1], 3)});
    const auto routes = ParseRoute(First(bytes));
    ASSERT_TRUE(routes);
    ASSERT_THAT(*routes, SizeIs(2));
    EXPECT_EQ(routes->at(0).gateway, Address(gateways[0]));
    EXPECT_EQ(routes->at(0).ifindex, 2);
    EXPECT_EQ(routes->at(1).gateway, Address(gateways[1]));
    EXPECT_EQ(routes->at(1).ifindex, 3);
  }
}

TEST(ParseRouteTest, GatewayOfTheOtherFamilyIsLeftOut) {
  RouteRecord on_link = DefaultRoute("192.0.2.1", 2);
  on_link.gateway = {};
  Bytes bytes = EncodeRoute({}, {on_link});
  Bytes via(18, 0);
  via[0] = AF_INET6;
  AppendAttribute(&bytes, RTA_VIA, via);
  ASSERT_THAT(*ParseRoute(First(bytes)), SizeIs(1));
  EXPECT_FALSE(ParseRoute(First(bytes))->at(0).gateway.has_value());
}

TEST(ParseRouteTest, ClonedRouteIsSkipped) {
  Bytes bytes = EncodeRoute({}, {DefaultRoute("192.0.2.1", 2)});
  const uint32_t flags = RTM_F_CLONED;
  std::memcpy(bytes.data() + sizeof(nlmsghdr) + offsetof(rtmsg, rtm_flags), &flags, sizeof(flags));
  EXPECT_THAT(*ParseRoute(First(bytes)), IsEmpty());
}

TEST(ParseRouteTest, O4BrokenNextHopIsBroken) {
  for (const uint8_t length : Bytes{0, 4, 7, 12, 255}) {
    Bytes bytes = EncodeRoute({}, {DefaultRoute("192.0.2.1", 2)});
    AppendAttribute(&bytes, RTA_MULTIPATH, {length, 0, 0, 0, 2, 0, 0, 0});
    EXPECT_FALSE(ParseRoute(First(bytes))) << int{length};
  }
}

TEST(ParseNeighbourTest, StateAndMacAreRead) {
  const NeighbourRecord neighbour{.ifindex = 2,
                                  .address = Address("fe80::1"),
                                  .mac = {{2, 0, 0, 0, 0, 9}},
                                  .state = NUD_REACHABLE};
  const Bytes bytes = EncodeNeighbour({}, neighbour);
  const auto record = ParseNeighbour(First(bytes));
  ASSERT_TRUE(record);
  EXPECT_EQ(record->address, neighbour.address);
  EXPECT_EQ(record->mac, neighbour.mac);
  EXPECT_EQ(record->state, NUD_REACHABLE);
  EXPECT_EQ(record->ifindex, 2);
}

// --- Answers.

TEST(ParseErrorTest, AckIsZeroAndErrnoIsPositive) {
  const Bytes ack = EncodeError({.sequence = 4}, 0);
  EXPECT_EQ(ParseError(First(ack)), 0);
  const Bytes refusal = EncodeError({}, EADDRINUSE, "Address already assigned to an ipvlan device");
  EXPECT_EQ(ParseError(First(refusal)), EADDRINUSE);
}

TEST(ParseErrorTest, O4PositiveErrorIsBroken) {
  for (const int32_t error : {1, INT_MAX, INT_MIN}) {
    Bytes bytes = EncodeError({}, 0);
    std::memcpy(bytes.data() + sizeof(nlmsghdr), &error, sizeof(error));
    EXPECT_FALSE(ParseError(First(bytes))) << error;
  }
}

TEST(ParseDoneTest, DumpMayFailAtItsEnd) {
  const Bytes failed = EncodeDone({}, ENODEV);
  EXPECT_EQ(ParseDone(First(failed)), ENODEV);
  const Bytes empty = CutTo(EncodeDone({}, 0), sizeof(nlmsghdr));
  EXPECT_EQ(ParseDone(First(empty)), 0);
}

// --- All parsers on odd bytes.

void ParseAll(const RtnlMessage& message) {
  static_cast<void>(ParseLink(message));
  static_cast<void>(ParseAddress(message));
  static_cast<void>(ParseNeighbour(message));
  static_cast<void>(ParseRoute(message));
  static_cast<void>(ParseError(message));
  static_cast<void>(ParseDone(message));
}

std::vector<Bytes> OneOfEach() {
  return {EncodeLink({}, SlaveRecord()),
          EncodeAddress({}, LeasedRecord()),
          EncodeRoute({}, {DefaultRoute("192.0.2.1", 2), DefaultRoute("192.0.2.2", 3)}),
          EncodeNeighbour(
              {}, {.ifindex = 2, .address = Address("fe80::1"), .mac = {}, .state = NUD_STALE}),
          EncodeError({}, EINVAL, "text"),
          EncodeDone({}, 0)};
}

TEST(ParseAllTest, O4MessageCutInsideAnAttributeYieldsNothing) {
  const Bytes link = EncodeLink({}, SlaveRecord());
  // The last attribute is IFLA_LINKINFO, 4 + 4+7+1 + 4 + 8+8 bytes; only a cut right before it
  // leaves whole attributes.
  const size_t info = link.size() - (4 + 12 + 4 + 8 + 8);
  for (size_t size = info + 1; size < link.size(); ++size) {
    const Bytes cut = CutTo(link, size);
    EXPECT_FALSE(ParseLink(First(cut))) << size;
  }
  const Bytes address = EncodeAddress({}, LeasedRecord());
  for (size_t size = address.size() - sizeof(ifa_cacheinfo) - 3; size < address.size(); ++size) {
    const Bytes cut = CutTo(address, size);
    EXPECT_FALSE(ParseAddress(First(cut))) << size;
  }
}

TEST(ParseAllTest, O4EveryTruncationAndEveryByteIsHarmless) {
  for (const Bytes& whole : OneOfEach()) {
    for (size_t size = sizeof(nlmsghdr); size <= whole.size(); ++size) {
      const Bytes cut = CutTo(whole, size);
      ParseAll(First(cut));
    }
    for (size_t at = sizeof(uint32_t); at < whole.size(); ++at) {
      for (const uint8_t value : Bytes{0x00, 0x01, 0x03, 0x7f, 0x80, 0xff}) {
        Bytes odd = whole;
        odd[at] = value;
        ParseAll(First(odd));
      }
    }
  }
}

// Bytes that an attribute of the message may have; what is not listed, any.
using LawfulSizes = std::map<uint16_t, std::set<size_t>>;

template <typename Parse>
void ExpectOnlyLawfulSizes(const Bytes& good, const LawfulSizes& lawful, Parse parse) {
  ASSERT_TRUE(parse(First(good)));
  for (uint16_t type = 1; type < 80; ++type) {
    const auto sizes = lawful.find(type);
    for (size_t size = 0; size <= 64; ++size) {
      Bytes bytes = good;
      AppendAttribute(&bytes, type, Bytes(size, 1));
      const Bytes exact = CutTo(bytes, bytes.size());
      const bool is_lawful = sizes == lawful.end() || sizes->second.contains(size);
      EXPECT_EQ(parse(First(exact)).has_value(), is_lawful) << type << " of " << size;
    }
  }
}

TEST(ParseAllTest, ClassO4_EveryAttributeOfEverySize) {
  // A name without a zero byte at its end is none, whatever its size; nor is a nest of such bytes
  // one, unless there is no room in it for any. IFLA_WIRELESS says that it is no link's message.
  ExpectOnlyLawfulSizes(
      EncodeLink({}, SlaveRecord()),
      {{IFLA_IFNAME, {}}, {IFLA_LINK, {4}}, {IFLA_LINKINFO, {0}}, {IFLA_WIRELESS, {}}}, ParseLink);
  ExpectOnlyLawfulSizes(EncodeAddress({}, LeasedRecord()),
                        {{IFA_ADDRESS, {4}},
                         {IFA_LOCAL, {4}},
                         {IFA_FLAGS, {4}},
                         {IFA_CACHEINFO, {16}},
                         {IFA_PROTO, {1}}},
                        ParseAddress);
  ExpectOnlyLawfulSizes(
      EncodeRoute({}, {DefaultRoute("192.0.2.1", 2)}),
      {{RTA_DST, {4}}, {RTA_GATEWAY, {4}}, {RTA_OIF, {4}}, {RTA_TABLE, {4}}, {RTA_MULTIPATH, {0}}},
      ParseRoute);
  ExpectOnlyLawfulSizes(
      EncodeNeighbour({},
                      {.ifindex = 2, .address = Address("fe80::1"), .mac = {}, .state = NUD_STALE}),
      {{NDA_DST, {16}}}, ParseNeighbour);
}

TEST(ParseAllTest, AnotherTypeYieldsNothing) {
  for (const Bytes& whole : OneOfEach()) {
    Bytes other = whole;
    const uint16_t type = RTM_NEWRULE;
    std::memcpy(other.data() + offsetof(nlmsghdr, nlmsg_type), &type, sizeof(type));
    const RtnlMessage message = First(other);
    EXPECT_FALSE(ParseLink(message));
    EXPECT_FALSE(ParseAddress(message));
    EXPECT_FALSE(ParseNeighbour(message));
    EXPECT_FALSE(ParseRoute(message));
    EXPECT_FALSE(ParseError(message));
    EXPECT_FALSE(ParseDone(message));
  }
}

}  // namespace
}  // namespace l3sync
