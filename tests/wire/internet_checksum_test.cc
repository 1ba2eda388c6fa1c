#include "wire/internet_checksum.h"

#include <vector>

#include "gtest/gtest.h"

namespace l3sync {
namespace {

using Bytes = std::vector<uint8_t>;

TEST(InternetChecksumTest, ExampleOfRfc1071) {
  InternetChecksum sum;
  sum.Add(Bytes{0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7});
  EXPECT_EQ(sum.Value(), static_cast<uint16_t>(~0xddf2));
  sum.Add(sum.Value());
  EXPECT_TRUE(sum.Verifies());
}

TEST(InternetChecksumTest, OddLastByteIsTheHighHalfOfAWord) {
  InternetChecksum odd;
  odd.Add(Bytes{0x12, 0x34, 0x56});
  InternetChecksum even;
  even.Add(Bytes{0x12, 0x34, 0x56, 0x00});
  EXPECT_EQ(odd.Value(), even.Value());
}

TEST(InternetChecksumTest, NothingAndZerosDoNotVerify) {
  InternetChecksum sum;
  EXPECT_FALSE(sum.Verifies());
  sum.Add(Bytes(20));
  EXPECT_FALSE(sum.Verifies());
}

TEST(InternetChecksumTest, PseudoHeaderIsAddressesLengthAndProtocol) {
  InternetChecksum pseudo;
  pseudo.AddPseudoHeader(IpAddress::V4(0xc0000201), IpAddress::V4(0xc000020a), 0x12345, 17);
  InternetChecksum spelt;
  spelt.Add(Bytes{192, 0, 2, 1, 192, 0, 2, 10, 0, 1, 0x23, 0x45, 0, 17});
  EXPECT_EQ(pseudo.Value(), spelt.Value());
}

}  // namespace
}  // namespace l3sync
