// Class P1, P3: what the applier takes from a worker that it does not trust.
#include "apply/apply_request.h"

#include <cstring>
#include <vector>

#include "gtest/gtest.h"

namespace l3sync {
namespace {

std::vector<uint8_t> Datagram(const ApplyRequest& request, size_t payload = 0) {
  std::vector<uint8_t> bytes(sizeof(request) + payload, 0x5a);
  std::memcpy(bytes.data(), &request, sizeof(request));
  return bytes;
}

ApplyRequest Deliver(uint32_t length) {
  ApplyRequest request;
  request.verb = ApplyVerb::kDeliver;
  request.payload_length = length;
  return request;
}

bool IsTaken(const std::vector<uint8_t>& datagram) {
  ByteSpan payload;
  return ParseApplyRequest(datagram, &payload).has_value();
}

TEST(ApplyRequestTest, ClassP3_EveryOtherLengthIsRefused) {
  const std::vector<uint8_t> whole = Datagram(Deliver(100), 100);
  ByteSpan payload;
  const auto parsed = ParseApplyRequest(whole, &payload);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(payload.size(), 100);
  EXPECT_EQ(payload[0], 0x5a);
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(IsTaken({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)}))
        << size;
  }
  EXPECT_FALSE(IsTaken(Datagram(Deliver(100), 101)));
}

TEST(ApplyRequestTest, ClassP3_PayloadIsBounded) {
  EXPECT_TRUE(IsTaken(Datagram(Deliver(kMaxApplyPayload), kMaxApplyPayload)));
  EXPECT_FALSE(IsTaken(Datagram(Deliver(kMaxApplyPayload + 1), kMaxApplyPayload + 1)));
  EXPECT_FALSE(IsTaken(Datagram(Deliver(0xffffffff), 100)));
}

TEST(ApplyRequestTest, ClassP3_TwoRequestsInOneDatagramAreNone) {
  ApplyRequest request;
  request.verb = ApplyVerb::kPutAddress;
  std::vector<uint8_t> two = Datagram(request);
  EXPECT_TRUE(IsTaken(two));
  const std::vector<uint8_t> second = two;
  two.insert(two.end(), second.begin(), second.end());
  EXPECT_FALSE(IsTaken(two));
}

TEST(ApplyRequestTest, ClassP1_OnlyTheVerbsThatThereAre) {
  for (int verb = 0; verb < 256; ++verb) {
    ApplyRequest request;
    request.verb = static_cast<ApplyVerb>(verb);
    EXPECT_EQ(IsTaken(Datagram(request)), verb >= 1 && verb <= 8) << verb;
  }
}

TEST(ApplyRequestTest, ClassP1_OnlyDeliverHasAPayload) {
  for (int verb = 1; verb <= 8; ++verb) {
    ApplyRequest request = Deliver(4);
    request.verb = static_cast<ApplyVerb>(verb);
    EXPECT_EQ(IsTaken(Datagram(request, 4)), request.verb == ApplyVerb::kDeliver) << verb;
  }
}

TEST(ApplyRequestTest, ClassP1_FlagIsZeroOrOne) {
  for (int flag = 0; flag < 256; ++flag) {
    ApplyRequest request;
    request.verb = ApplyVerb::kPutAddress;
    request.flag = static_cast<uint8_t>(flag);
    EXPECT_EQ(IsTaken(Datagram(request)), flag <= 1) << flag;
  }
}

TEST(ApplyRequestTest, AddressesHaveFourOrSixteenBytes) {
  std::array<uint8_t, 16> field{};
  field[0] = 192;
  for (int length = 0; length < 256; ++length) {
    const IpAddress address = AddressIn(field, static_cast<uint8_t>(length));
    EXPECT_EQ(address.is_v4(), length == 4) << length;
    EXPECT_EQ(address.is_v6(), length == 16) << length;
  }
  for (const char* const text : {"192.0.2.1", "2001:db8::1"}) {
    uint8_t length = 0;
    PutAddressIn(IpAddress::Parse(text).value(), &field, &length);
    EXPECT_EQ(AddressIn(field, length).ToString(), text);
  }
}

}  // namespace
}  // namespace l3sync
