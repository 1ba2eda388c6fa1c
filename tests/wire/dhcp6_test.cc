#include "wire/dhcp6.h"

#include <algorithm>
#include <string>
#include <variant>

#include "gtest/gtest.h"

#include "tests/wire/frame_builder.h"
#include "tests/wire/frame_file.h"
#include "tests/wire/guarded_bytes.h"
#include "wire/delivery.h"
#include "wire/drop_reason.h"
#include "wire/frame.h"

namespace l3sync {
namespace {

using testing::Bytes;
using testing::Concat;
using testing::GuardedBytes;
using testing::LoadFrame;

constexpr size_t kEnvelope = 14 + 40 + 8;

Bytes U16(size_t value) { return {static_cast<uint8_t>(value >> 8), static_cast<uint8_t>(value)}; }
Bytes Option6(size_t code, const Bytes& value) {
  return Concat({U16(code), U16(value.size()), value});
}
Bytes Message(uint8_t type, const Bytes& options) {
  return Concat({{type, 0x3f, 0xc5, 0x61}, options});
}
Bytes Ids() { return Concat({Option6(1, {0, 3, 0, 1, 9}), Option6(2, {0, 3, 0, 1, 8})}); }
Bytes Reply(const Bytes& options) { return Message(7, Concat({Ids(), options})); }
Bytes Address(uint8_t host, const Bytes& options = {}) {
  Bytes fixed = {0x20, 0x01, 0x0d, 0xb8};
  fixed.resize(24);
  fixed[15] = host;
  return Option6(5, Concat({fixed, options}));
}
Bytes IaNa(uint8_t iaid, const Bytes& options) {
  return Option6(3, Concat({{0, 0, 0, iaid}, Bytes(8), options}));
}
Bytes Relayed(const Bytes& inner) { return Concat({{13, 0}, Bytes(32), Option6(9, inner)}); }

std::string Verdict(const Bytes& payload) {
  const auto parsed = ParseDhcp6(payload);
  return parsed.ok() ? "ok" : std::string(DropReasonName(parsed.drop_reason()));
}

Dhcp6Message Golden(const std::string& name) {
  const auto frame = ParseFrame(LoadFrame(name).bytes, FrameMetadata());
  EXPECT_TRUE(frame.ok()) << name;
  return frame.ok() ? std::get<Dhcp6Message>(frame->message) : Dhcp6Message();
}

IpAddress Addr(const char* text) { return IpAddress::Parse(text).value(); }

TEST(Dhcp6Test, P6_2_EveryFieldOfAReply) {
  const Dhcp6Message m = Golden("ok_dhcp6_reply");
  EXPECT_EQ(m.type, Dhcp6Type::kReply);
  EXPECT_EQ(m.xid, 0x3fc561U);
  EXPECT_EQ(m.client_identifier, (Duid{0, 3, 0, 1, 2, 0, 0, 0, 0, 1}));
  EXPECT_EQ(m.server_identifier, (Duid{0, 3, 0, 1, 2, 0, 0, 0, 0, 0xfe}));
  EXPECT_TRUE(m.rapid_commit);
  EXPECT_EQ(m.status, 0);
  EXPECT_EQ(m.delegations, 1);
  EXPECT_EQ(m.resolvers,
            (absl::InlinedVector<IpAddress, 2>{Addr("2001:db8::53"), Addr("2001:db8::54")}));
  ASSERT_EQ(m.associations.size(), 3U);
  EXPECT_EQ(m.associations[0],
            (Dhcp6Association{.temporary = false,
                              .iaid = 1,
                              .t1_sec = 1800,
                              .t2_sec = 2880,
                              .status = 0,
                              .addresses = {{Addr("2001:db8::10"), 3600, 7200, 0},
                                            {Addr("2001:db8::11"), 0, 0, 4}}}));
  EXPECT_TRUE(m.associations[1].temporary);
  EXPECT_EQ(m.associations[1].iaid, 2U);
  EXPECT_EQ(m.associations[1].addresses.front().valid_sec, 0xffffffff);
  EXPECT_EQ(m.associations[2].status, 2);
  EXPECT_TRUE(m.registered.empty());
  EXPECT_EQ(m.relay_depth, 0);
  EXPECT_FALSE(m.truncated);
}

TEST(Dhcp6Test, P6_3_UnusableLifetimesAreLeftOutOfAServersMessageOnly) {
  const Dhcp6Message reply = Golden("ok_dhcp6_bad_lifetimes");
  ASSERT_EQ(reply.associations.size(), 2U);
  ASSERT_EQ(reply.associations[0].addresses.size(), 1U);
  EXPECT_EQ(reply.associations[0].addresses[0].address, Addr("2001:db8::10"));
  EXPECT_EQ(reply.associations[1].iaid, 3U);
  EXPECT_EQ(Golden("ok_dhcp6_release").associations[0].addresses.size(), 1U);
  const Dhcp6Message reconfigure = Golden("ok_dhcp6_reconfigure_bad_lifetimes");
  ASSERT_EQ(reconfigure.associations.size(), 1U);
  EXPECT_TRUE(reconfigure.associations[0].addresses.empty());
}

TEST(Dhcp6Test, P6_1_OfARelaysMessageTheInnermostIsRead) {
  EXPECT_EQ(Golden("ok_dhcp6_relay_forward").type, Dhcp6Type::kSolicit);
  EXPECT_EQ(Golden("ok_dhcp6_relay_forward").relay_depth, 2);
  EXPECT_EQ(Golden("ok_dhcp6_relay_reply").relay_depth, 1);
  EXPECT_EQ(Golden("ok_dhcp6_registration").registered.size(), 1U);
}

TEST(Dhcp6Test, P6_1_StrayByteChangesNothing) {
  EXPECT_EQ(Golden("ok_dhcp6_stray_byte"), Golden("ok_dhcp6_reply_from_other_port"));
}

TEST(Dhcp6Test, A4_RelaysAreEnteredUpToTheLimit) {
  Bytes payload = Reply({});
  for (size_t depth = 1; depth <= 40; ++depth) {
    payload = Relayed(payload);
    EXPECT_EQ(Verdict(payload), depth <= kMaxRelayDepth ? "ok" : "relay_too_deep") << depth;
  }
}

TEST(Dhcp6Test, A4_AssociationsInsideOfAssociationsAreNotRead) {
  const auto parsed = ParseDhcp6(Reply(IaNa(1, IaNa(2, Address(1)))));
  ASSERT_TRUE(parsed.ok());
  ASSERT_EQ(parsed->associations.size(), 1U);
  EXPECT_TRUE(parsed->associations[0].addresses.empty());
}

// A9: up to what the length field can say.
TEST(Dhcp6Test, A9_LengthsOfIdentifiers) {
  for (const size_t length : {0U, 1U, 2U, 3U, 128U, 129U, 130U, 131U, 255U, 65535U}) {
    const char* const expected = length >= 2 && length <= kMaxDuid ? "ok" : "bad_duid_length";
    const Bytes duid(length, 7);
    EXPECT_EQ(Verdict(Message(7, Concat({Option6(1, duid), Option6(2, {0, 8})}))), expected)
        << length;
    EXPECT_EQ(Verdict(Message(7, Option6(2, duid))), expected) << length;
  }
}

TEST(Dhcp6Test, P6_4_IdentifiersOfEveryType) {
  const Bytes client = Option6(1, {0, 9});
  const Bytes server = Option6(2, {0, 8});
  for (const uint8_t type : Bytes{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 36, 37}) {
    const bool asks_any = type == 1 || type == 4 || type == 6 || type == 36;
    const bool free = type == 11 || type == 37;
    const bool reply = type == 7;
    EXPECT_EQ(Verdict(Message(type, client)), asks_any || free ? "ok" : "missing_server_identifier")
        << int{type};
    EXPECT_EQ(Verdict(Message(type, server)), asks_any        ? "unexpected_server_identifier"
                                              : free || reply ? "ok"
                                                              : "missing_client_identifier")
        << int{type};
    EXPECT_EQ(Verdict(Message(type, Concat({client, server}))),
              asks_any ? "unexpected_server_identifier" : "ok")
        << int{type};
  }
}

TEST(Dhcp6Test, P6_1_UnknownTypesAreRejected) {
  for (unsigned type = 0; type < 256; ++type) {
    const bool known = (type >= 1 && type <= 13) || type == 36 || type == 37;
    const std::string verdict = Verdict(Message(static_cast<uint8_t>(type), Ids()));
    EXPECT_EQ(verdict == "unknown_dhcp6_type", !known) << type;
    EXPECT_EQ(std::string(Dhcp6TypeName(static_cast<Dhcp6Type>(type))) == "unknown", !known);
  }
}

TEST(Dhcp6Test, A6_FloodsAreCappedAndMarked) {
  Bytes associations;
  Bytes addresses;
  Bytes delegations;
  for (size_t i = 0; i < 300; ++i) {
    associations = Concat({associations, IaNa(1, {})});
    addresses = Concat({addresses, Address(1)});
    delegations = Concat({delegations, Option6(25, Bytes(12))});
  }
  const auto many = ParseDhcp6(Reply(associations));
  ASSERT_TRUE(many.ok());
  EXPECT_EQ(many->associations.size(), kMaxDhcp6Associations);
  EXPECT_TRUE(many->truncated);
  const auto wide = ParseDhcp6(Reply(Concat({IaNa(1, addresses), IaNa(2, Address(2))})));
  ASSERT_TRUE(wide.ok());
  EXPECT_EQ(wide->associations[0].addresses.size(), kMaxDhcp6Addresses);
  EXPECT_TRUE(wide->associations[1].addresses.empty() && wide->truncated);
  const auto resolvers = ParseDhcp6(Reply(Option6(23, Bytes(250 * 16))));
  ASSERT_TRUE(resolvers.ok());
  EXPECT_TRUE(resolvers->resolvers.size() == kMaxDhcp6Resolvers && resolvers->truncated);
  const auto delegated = ParseDhcp6(Reply(delegations));
  ASSERT_TRUE(delegated.ok());
  EXPECT_EQ(delegated->delegations, 255);
}

// A server that has none left says so inside of the IA_PD, or sends what the client hinted at with
// lifetimes of 0.
TEST(Dhcp6Test, P6_2_DelegatesIsAPrefixThatIsValid) {
  Bytes prefix(25);
  const auto delegates = [&] {
    return ParseDhcp6(Reply(Option6(25, Concat({Bytes(12), Option6(26, prefix)}))))->delegates;
  };
  EXPECT_FALSE(ParseDhcp6(Reply(Option6(25, Concat({Bytes(12), Option6(13, {0, 6})}))))->delegates);
  EXPECT_FALSE(delegates());
  prefix[7] = 1;  // the valid lifetime
  EXPECT_TRUE(delegates());
}

// A1, P6-1: what lies inside of an association or a delegation is as long as its RFC says.
TEST(Dhcp6Test, A1_ShortAddressesAndPrefixesReject) {
  for (size_t size = 0; size <= 25; ++size) {
    const Bytes fixed(size);
    EXPECT_EQ(Verdict(Reply(IaNa(1, Option6(5, fixed)))), size < 24 ? "bad_option_length" : "ok")
        << size;
    EXPECT_EQ(Verdict(Reply(Option6(25, Concat({Bytes(12), Option6(26, fixed)})))),
              size < 25 ? "bad_option_length" : "ok")
        << size;
  }
}

// The option ends behind its holder, and the message goes on with nothing wrong.
TEST(Dhcp6Test, A1_OptionsStayInsideOfTheirHolder) {
  const Bytes past = {0, 5, 0, 24};
  EXPECT_EQ(Verdict(Reply(IaNa(1, past))), "option_overrun");
  EXPECT_EQ(Verdict(Reply(Option6(4, Concat({Bytes(4), past})))), "option_overrun");
  EXPECT_EQ(Verdict(Reply(IaNa(1, Address(1, past)))), "option_overrun");
  EXPECT_EQ(Verdict(Concat({{13, 0}, Bytes(32), Option6(9, Reply({})), past})), "option_overrun");
}

// They only add to what is learned, so the rest counts (RFC 3646 §3).
TEST(Dhcp6Test, A2_ResolversOfAWrongLengthAreIgnored) {
  for (const size_t size : {0U, 1U, 15U, 16U, 17U, 31U, 32U}) {
    const auto parsed = ParseDhcp6(Reply(Concat({Option6(23, Bytes(size)), IaNa(1, {})})));
    ASSERT_TRUE(parsed.ok()) << size;
    EXPECT_EQ(parsed->resolvers.size(), size % 16 == 0 ? size / 16 : 0) << size;
    EXPECT_EQ(parsed->associations.size(), 1U) << size;
  }
}

TEST(Dhcp6Test, A1_BrokenStatusOfADelegationRejects) {
  const auto delegation = [](const Bytes& options) {
    return Verdict(Reply(Option6(25, Concat({Bytes(12), options}))));
  };
  const Bytes short_status = Option6(13, {0});
  const Bytes running_past = {0, 13, 0, 3, 0, 0};
  EXPECT_EQ(delegation(short_status), "bad_option_length");
  EXPECT_EQ(delegation(running_past), "option_overrun");
  EXPECT_EQ(delegation(Option6(26, Concat({Bytes(25), short_status}))), "bad_option_length");
  EXPECT_EQ(delegation(Option6(26, Concat({Bytes(25), running_past}))), "option_overrun");
  EXPECT_EQ(delegation(Option6(26, Concat({Bytes(25), Option6(13, {0, 0})}))), "ok");
}

// A1: cut at every byte before a guard page, an answer is rejected or says nothing else.
TEST(Dhcp6Test, A1_CutMessagesSayNothingElse) {
  const Bytes frame = LoadFrame("ok_dhcp6_reply").bytes;
  const ByteSpan payload = ByteSpan(frame).subspan(kEnvelope);
  const auto whole = ParseDhcp6(payload);
  ASSERT_TRUE(whole.ok());
  for (size_t size = 0; size < payload.size(); ++size) {
    const GuardedBytes guarded(payload.first(size));
    const auto parsed = ParseDhcp6(guarded.span());
    if (!parsed.ok()) {
      continue;
    }
    EXPECT_EQ(parsed->server_identifier, whole->server_identifier);
    ASSERT_LE(parsed->associations.size(), whole->associations.size());
    for (size_t i = 0; i < parsed->associations.size(); ++i) {
      EXPECT_EQ(parsed->associations[i], whole->associations[i]) << size;
    }
  }
}

TEST(Dhcp6Test, ReplyIsRebuiltForDelivery) {
  for (const char* const name : {"ok_dhcp6_reply", "ok_dhcp6_reply_from_other_port"}) {
    Bytes frame = LoadFrame(name).bytes;
    const Bytes before = frame;
    frame[kEnvelope - 2] ^= 0x55;  // a partial checksum
    const auto delivery = ParseDelivery(frame);
    ASSERT_TRUE(delivery) << name;
    MacAddress guest;
    std::copy_n(before.begin(), 6, guest.bytes.begin());
    Bytes rebuilt = BuildDelivery(guest, *delivery);
    Bytes expected = before;
    std::copy_n(before.begin(), 6, expected.begin() + 6);
    constexpr size_t kHopLimit = 14 + 7;
    expected[kHopLimit] = rebuilt[kHopLimit];
    EXPECT_EQ(rebuilt, expected) << name << ": source MAC, and the checksum that was right";
  }
  for (const char* const name : {"ok_dhcp6_solicit", "ok_dhcp6_relay_reply", "ok_na"}) {
    EXPECT_FALSE(ParseDelivery(LoadFrame(name).bytes)) << name;
  }
}

}  // namespace
}  // namespace l3sync
