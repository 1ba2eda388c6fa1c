#include "wire/ip_address.h"

#include <array>
#include <string>

#include "gtest/gtest.h"

namespace l3sync {
namespace {

IpAddress Addr(const char* text) { return IpAddress::Parse(text).value(); }
IpPrefix Prefix(const char* text) { return IpPrefix::Parse(text).value(); }

TEST(IpAddressTest, NoneIsOfNoFamilyAndNoKind) {
  const IpAddress none;
  EXPECT_FALSE(none.has_value());
  EXPECT_FALSE(none.is_v4() || none.is_v6());
  EXPECT_TRUE(none.bytes().empty());
  EXPECT_EQ(none.bit_length(), 0);
  EXPECT_EQ(none.v4(), 0U);
  EXPECT_FALSE(none.is_unspecified() || none.is_loopback() || none.is_multicast() ||
               none.is_link_local() || none.is_v4_mapped() || none.is_limited_broadcast());
  EXPECT_EQ(none.ToString(), "none");
}

TEST(IpAddressTest, FamiliesAreDistinct) {
  EXPECT_NE(Addr("0.0.0.0"), IpAddress());
  EXPECT_NE(Addr("0.0.0.0"), Addr("::"));
  EXPECT_NE(Addr("::"), IpAddress());
  EXPECT_EQ(IpAddress::V4(0xc0000201), Addr("192.0.2.1"));
  EXPECT_EQ(Addr("192.0.2.1").v4(), 0xc0000201U);
}

TEST(IpAddressTest, FromBytesTakesFourOrSixteen) {
  const std::array<uint8_t, 16> bytes = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0,
                                         0,    0,    0,    0,    0, 0, 0, 1};
  EXPECT_EQ(IpAddress::FromBytes(bytes), Addr("2001:db8::1"));
  EXPECT_EQ(IpAddress::FromBytes(ByteSpan(bytes).first(4)), Addr("32.1.13.184"));
  for (const size_t size : {0U, 1U, 3U, 5U, 15U}) {
    EXPECT_FALSE(IpAddress::FromBytes(ByteSpan(bytes).first(size)).has_value()) << size;
  }
}

TEST(IpAddressTest, ParseTakesWhatInetPtonTakes) {
  for (const char* const text : {"", "1.2.3", "1.2.3.4.5", "1.2.3.256", "192.0.2.1/24", " 1.2.3.4",
                                 "1.2.3.4 ", ":::", "1::2::3", "fe80::1%eth0", "12345::", "g::"}) {
    EXPECT_FALSE(IpAddress::Parse(text).has_value()) << text;
  }
  EXPECT_FALSE(IpAddress::Parse(std::string_view("1.2.3.4\0x", 9)).has_value());
  EXPECT_FALSE(IpAddress::Parse(std::string(1000, '1')).has_value());
  // The longest one, and one character more.
  const std::string longest = "2001:0db8:0000:0000:0000:0000:192.100.200.100";
  EXPECT_TRUE(IpAddress::Parse(longest).has_value());
  EXPECT_FALSE(IpAddress::Parse(longest + "1").has_value());
}

TEST(IpAddressTest, TextIsThatOfRfc5952) {
  for (const char* const text : {"192.0.2.1", "255.255.255.255", "::", "::1", "2001:db8::1",
                                 "2001:db8:0:1:1:1:1:1", "2001:0:0:1::1", "fe80::ff:fe00:1"}) {
    EXPECT_EQ(Addr(text).ToString(), text);
  }
  EXPECT_EQ(Addr("2001:DB8:0:0:0:0:0:1").ToString(), "2001:db8::1");
}

TEST(IpAddressTest, KindsHaveTheirBorders) {
  EXPECT_TRUE(Addr("0.0.0.0").is_unspecified() && Addr("::").is_unspecified());
  EXPECT_FALSE(Addr("0.0.0.1").is_unspecified() || Addr("::1").is_unspecified());
  EXPECT_TRUE(Addr("127.255.0.1").is_loopback() && Addr("::1").is_loopback());
  EXPECT_FALSE(Addr("128.0.0.1").is_loopback() || Addr("::2").is_loopback());
  EXPECT_TRUE(Addr("224.0.0.0").is_multicast() && Addr("239.255.255.255").is_multicast());
  EXPECT_FALSE(Addr("223.255.255.255").is_multicast() || Addr("240.0.0.0").is_multicast());
  EXPECT_TRUE(Addr("ff00::").is_multicast());
  EXPECT_FALSE(Addr("feff::").is_multicast());
  EXPECT_TRUE(Addr("169.254.0.0").is_link_local() && Addr("febf::1").is_link_local());
  EXPECT_FALSE(Addr("169.253.0.0").is_link_local() || Addr("fec0::1").is_link_local() ||
               Addr("fe7f::1").is_link_local());
  EXPECT_TRUE(Addr("::ffff:192.0.2.1").is_v4_mapped());
  EXPECT_FALSE(Addr("::fffe:192.0.2.1").is_v4_mapped() || Addr("192.0.2.1").is_v4_mapped());
  EXPECT_TRUE(Addr("255.255.255.255").is_limited_broadcast());
  EXPECT_FALSE(Addr("255.255.255.254").is_limited_broadcast());
}

TEST(IpPrefixTest, ContainsIgnoresHostBitsAndTheOtherFamily) {
  EXPECT_TRUE(Prefix("192.0.2.77/24").Contains(Addr("192.0.2.1")));
  EXPECT_FALSE(Prefix("192.0.2.0/24").Contains(Addr("192.0.3.1")));
  EXPECT_TRUE(Prefix("192.0.2.8/29").Contains(Addr("192.0.2.15")));
  EXPECT_FALSE(Prefix("192.0.2.8/29").Contains(Addr("192.0.2.16")));
  EXPECT_TRUE(Prefix("0.0.0.0/0").Contains(Addr("255.255.255.255")));
  EXPECT_FALSE(Prefix("0.0.0.0/0").Contains(Addr("::")));
  EXPECT_FALSE(Prefix("::/0").Contains(Addr("0.0.0.0")));
  EXPECT_FALSE(Prefix("::/0").Contains(IpAddress()));
  EXPECT_FALSE(IpPrefix().Contains(IpAddress()));
  EXPECT_TRUE(Prefix("2001:db8::/33").Contains(Addr("2001:db8:7fff::1")));
  EXPECT_FALSE(Prefix("2001:db8::/33").Contains(Addr("2001:db8:8000::1")));
  EXPECT_TRUE(Prefix("2001:db8::1/128").Contains(Addr("2001:db8::1")));
}

TEST(IpPrefixTest, MaskedClearsHostBits) {
  EXPECT_EQ(Prefix("192.0.2.255/25").Masked(), Prefix("192.0.2.128/25"));
  EXPECT_EQ(Prefix("2001:db8::1/64").Masked(), Prefix("2001:db8::/64"));
  EXPECT_EQ(Prefix("2001:db8::ff/124").Masked(), Prefix("2001:db8::f0/124"));
  EXPECT_EQ(Prefix("2001:db8::ff/0").Masked(), Prefix("::/0"));
}

TEST(IpPrefixTest, ParseBoundsTheLength) {
  EXPECT_EQ(Prefix("192.0.2.1").length, 32);
  EXPECT_EQ(Prefix("::1").length, 128);
  EXPECT_EQ(Prefix("2001:db8::/32").ToString(), "2001:db8::/32");
  for (const char* const text : {"192.0.2.0/33", "::/129", "::/", "::/-1", "::/+1", "::/1x",
                                 "::/064", "::/4294967360", "/64", "192.0.2.0/24/24"}) {
    EXPECT_FALSE(IpPrefix::Parse(text).has_value()) << text;
  }
}

TEST(IpAddressTest, CombineWithIdentifierFormsTheAddress) {
  const auto identifier = Addr("fe80::1234:5678:9abc:def0").interface_identifier();
  EXPECT_EQ(CombineWithIdentifier(Prefix("2001:db8:1:2:ffff::/64"), identifier),
            Addr("2001:db8:1:2:1234:5678:9abc:def0"));
}

// L1: prefix length and identifier make 128 bits, or there is no address.
TEST(IpAddressTest, L1_CombineWithIdentifierWantsSixtyFour) {
  const auto identifier = Addr("fe80::1").interface_identifier();
  EXPECT_FALSE(CombineWithIdentifier(Prefix("2001:db8::/63"), identifier).has_value());
  EXPECT_FALSE(CombineWithIdentifier(Prefix("2001:db8::/65"), identifier).has_value());
  EXPECT_FALSE(CombineWithIdentifier(Prefix("192.0.2.0/24"), identifier).has_value());
}

TEST(IpAddressTest, InterfaceIdentifierIsOfIpv6Only) {
  EXPECT_EQ(Addr("192.0.2.1").interface_identifier(), (std::array<uint8_t, 8>{}));
}

TEST(MacAddressTest, Eui64IdentifierInvertsTheLocalBit) {
  const MacAddress mac{{0x00, 0x0c, 0x29, 0x0c, 0x47, 0xd5}};
  EXPECT_EQ(CombineWithIdentifier(Prefix("fe80::/64"), Eui64Identifier(mac)),
            Addr("fe80::20c:29ff:fe0c:47d5"));
}

TEST(MacAddressTest, GroupBitIsThatOfTheFirstByte) {
  EXPECT_TRUE(MacAddress::Broadcast().is_group());
  EXPECT_TRUE((MacAddress{{0x33, 0x33, 0, 0, 0, 1}}.is_group()));
  EXPECT_FALSE((MacAddress{{0x02, 0x01, 0x01, 0x01, 0x01, 0x01}}.is_group()));
  EXPECT_EQ(MacAddress::Broadcast().ToString(), "ff:ff:ff:ff:ff:ff");
}

}  // namespace
}  // namespace l3sync
