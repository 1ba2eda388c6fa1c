// Classes of bugs that other daemons had (docs/bug-classes.md), where no test of a message's own
// file covers the class as a whole.
#include <string>

#include "gtest/gtest.h"

#include "tests/wire/frame_builder.h"
#include "wire/dhcp6.h"
#include "wire/drop_reason.h"
#include "wire/frame.h"
#include "wire/ip_packet.h"
#include "wire/udp.h"

namespace l3sync {
namespace {

using testing::BuildIcmp6Frame;
using testing::BuildNd;
using testing::Bytes;
using testing::Concat;
using testing::Icmp6Parts;
using testing::NdOption;
using testing::StoreU16;

constexpr uint8_t kReply = 7;
constexpr size_t kClientId = 1, kServerId = 2, kIaNa = 3, kIaTa = 4, kIaAddress = 5, kStatus = 13,
                 kRapidCommit = 14, kResolvers = 23, kIaPd = 25, kIaPrefix = 26;

Bytes U16(size_t value) { return {static_cast<uint8_t>(value >> 8), static_cast<uint8_t>(value)}; }
Bytes Option6(size_t code, const Bytes& value) {
  return Concat({U16(code), U16(value.size()), value});
}
// The identifiers come last: of one that stands twice the first counts.
Bytes Reply6(const Bytes& options) {
  return Concat(
      {{kReply, 0, 0, 1}, options, Option6(kClientId, {0, 9}), Option6(kServerId, {0, 8})});
}

std::string Verdict(const Parsed<Dhcp6Message>& parsed) {
  return parsed.ok() ? "ok" : std::string(DropReasonName(parsed.drop_reason()));
}

// Zeros are options of code 0 and length 0 inside of an option that holds some; a status is none
// that is Success.
Bytes Content(size_t code, size_t length) {
  Bytes content(length, 0);
  if (code == kStatus && length >= 2) content[1] = 2;
  return content;
}

std::string ExpectedVerdict(size_t code, size_t length) {
  switch (code) {
    case kClientId:
    case kServerId:
      return length >= kMinDuid && length <= kMaxDuid ? "ok" : "bad_duid_length";
    case kIaNa:
    case kIaPd:
      return length >= 12 ? "ok" : "bad_option_length";
    case kIaTa:
      return length >= 4 ? "ok" : "bad_option_length";
    case kStatus:
      return length >= 2 ? "ok" : "bad_option_length";
    default:
      return "ok";
  }
}

bool HasEffect(size_t code, size_t length) {
  switch (code) {
    case kClientId:
    case kServerId:
    case kIaNa:
    case kIaTa:
    case kIaPd:
    case kStatus:
      return true;  // unless it is malformed
    case kRapidCommit:
      return length == 0;
    case kResolvers:
      return length > 0 && length % 16 == 0;
    default:
      return false;
  }
}

TEST(Dhcp6LengthsTest, ClassA2_OnlyLawfulLengthsHaveEffect) {
  const auto plain = ParseDhcp6(Reply6({}));
  ASSERT_TRUE(plain.ok());
  for (size_t code = 0; code < 256; ++code) {
    for (size_t length = 0; length < 256; ++length) {
      const auto parsed = ParseDhcp6(Reply6(Option6(code, Content(code, length))));
      ASSERT_EQ(Verdict(parsed), ExpectedVerdict(code, length)) << code << " " << length;
      if (parsed.ok()) {
        ASSERT_EQ(*parsed != *plain, HasEffect(code, length)) << code << " " << length;
      }
    }
  }
}

TEST(Dhcp6LengthsTest, ClassA2_CodesOfTwoBytesAreNotThoseOfOne) {
  const auto plain = ParseDhcp6(Reply6({}));
  ASSERT_TRUE(plain.ok());
  for (size_t code = 256; code < 0x10000; ++code) {
    const auto parsed = ParseDhcp6(Reply6(Option6(code, Bytes(code % 32, 1))));
    ASSERT_TRUE(parsed.ok()) << code;
    ASSERT_EQ(*parsed, *plain) << code;
  }
}

struct Container {
  size_t code;
  size_t fixed;          // bytes before the options that it holds
  size_t read;           // the one option in it that is read, besides a status
  size_t least;          // bytes that it needs
  size_t outer, before;  // the option around the container, and its fixed bytes; 0: none
};
constexpr Container kContainers[] = {{kIaNa, 12, kIaAddress, 24, 0, 0},
                                     {kIaTa, 4, kIaAddress, 24, 0, 0},
                                     {kIaPd, 12, kIaPrefix, 25, 0, 0},
                                     {kIaAddress, 24, kStatus, 2, kIaNa, 12},
                                     {kIaPrefix, 25, kStatus, 2, kIaPd, 12}};

// Class A2, inside of options: up to more than any that is read there needs.
TEST(Dhcp6LengthsTest, ClassA2_OptionsInsideOfOptions) {
  for (const Container& container : kContainers) {
    for (size_t code = 0; code < 256; ++code) {
      for (size_t length = 0; length < 48; ++length) {
        Bytes held = Option6(
            container.code, Concat({Bytes(container.fixed), Option6(code, Content(code, length))}));
        if (container.outer != 0)
          held = Option6(container.outer, Concat({Bytes(container.before), held}));
        const bool is_short =
            (code == container.read && length < container.least) || (code == kStatus && length < 2);
        ASSERT_EQ(Verdict(ParseDhcp6(Reply6(held))), is_short ? "bad_option_length" : "ok")
            << container.code << ": " << code << " " << length;
      }
    }
  }
}

TEST(Dhcp6LengthsTest, ClassA6_AThousandOptionsAreRead) {
  Bytes options;
  for (size_t i = 0; i < 1000; ++i) {
    const Bytes option = Option6(200 + i % 100, {1, 2});
    options.insert(options.end(), option.begin(), option.end());
  }
  const auto parsed = ParseDhcp6(Reply6(Concat({options, Option6(kIaNa, Bytes(12))})));
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->associations.size(), 1U);
  EXPECT_FALSE(parsed->truncated);
}

// A delegated prefix is counted, whatever its length claims: there is nothing to run over.
TEST(Dhcp6LengthsTest, ClassA12_EveryLengthOfADelegatedPrefix) {
  std::optional<Dhcp6Message> first;
  for (unsigned length = 0; length < 256; ++length) {
    Bytes prefix(25, 1);
    prefix[8] = static_cast<uint8_t>(length);
    const auto parsed =
        ParseDhcp6(Reply6(Option6(kIaPd, Concat({Bytes(12), Option6(kIaPrefix, prefix)}))));
    ASSERT_TRUE(parsed.ok()) << length;
    EXPECT_TRUE(parsed->delegates);
    if (!first) first = *parsed;
    EXPECT_EQ(*parsed, *first) << length;
  }
}

// Class A3: no redirect is walked, so none can hold the walk up.
TEST(NdLengthsTest, ClassA3_RedirectIsNoMessage) {
  const Bytes redirect = Concat({{137, 0}, Bytes(2 + 4 + 32)});
  for (const Bytes& options :
       {Bytes{}, NdOption(2, 1, {}), NdOption(2, 0, {}), NdOption(4, 0, {})}) {
    Icmp6Parts parts;
    parts.icmp6 = Concat({redirect, options});
    const auto parsed = ParseFrame(BuildIcmp6Frame(parts), FrameMetadata());
    ASSERT_FALSE(parsed.ok());
    EXPECT_EQ(parsed.drop_reason(), DropReason::kNotDhcpOrNd);
  }
}

// Class A5: a length that is the sender's is never subtracted from.
TEST(LengthsTest, ClassA5_EveryLengthThatUdpCanSay) {
  const Bytes payload = Concat({{0, 67, 0, 68, 0, 0, 0, 0}, Bytes(100, 7)});
  IpPacket packet;
  for (unsigned length = 0; length < 0x10000; ++length) {
    Bytes changed = payload;
    StoreU16(static_cast<uint16_t>(length), 4, &changed);
    packet.payload = changed;
    const auto parsed = ParseUdp(packet);
    ASSERT_EQ(parsed.ok(), length >= 8 && length <= payload.size()) << length;
    if (parsed.ok()) {
      ASSERT_EQ(parsed->bytes.size(), length);
      ASSERT_EQ(parsed->payload.size() + 8, length);
    } else {
      ASSERT_EQ(parsed.drop_reason(), DropReason::kBadUdpLength);
    }
  }
}

TEST(LengthsTest, ClassA5_EveryPayloadLengthThatIpv6CanSay) {
  Icmp6Parts parts;
  parts.next_header = 60;
  parts.extensions = Concat({{60, 1, 1, 12}, Bytes(12), {58, 0, 1, 4, 0, 0, 0, 0}});
  parts.icmp6 = BuildNd(NdType::kNeighbourSolicitation, {});
  const Bytes frame = BuildIcmp6Frame(parts);
  const Bytes packet(frame.begin() + 14, frame.end());
  for (unsigned length = 0; length < 0x10000; ++length) {
    Bytes changed = packet;
    StoreU16(static_cast<uint16_t>(length), 4, &changed);
    const auto parsed = ParseIpv6(changed);
    ASSERT_EQ(parsed.ok(), length >= 24 && length + 40 <= packet.size()) << length;
    if (parsed.ok()) {
      ASSERT_EQ(parsed->header_length, 40U + 24U) << "two extension headers";
      ASSERT_EQ(parsed->payload.size() + 24, length);
    }
  }
}

}  // namespace
}  // namespace l3sync
