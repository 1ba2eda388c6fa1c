#include "runtime/event_format.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace l3sync {
namespace {

Event Requested() {
  Event event;
  event.kind = EventKind::kAddressRequested;
  event.ifindex = 3;
  event.name = MakeInterfaceName("t0");
  event.address = IpAddress::V4(0xc000020a);
  event.origin = Origin::kDhcp4Offer;
  event.has_lifetimes = true;
  event.valid_sec = event.preferred_sec = 60;
  event.has_xid = true;
  event.xid = 0x1a2b3c4d;
  return event;
}

TEST(FormatTextTest, SaysWhichSlaveWhichAddressWhyAndForHowLong) {
  EXPECT_EQ(FormatText(Requested()),
            "t0: 192.0.2.10 is being put on the slave: offered by DHCP, for 1m, xid 1a2b3c4d");
}

TEST(FormatTextTest, DryRunSaysWhatWouldBe) {
  Event event = Requested();
  event.dry_run = true;
  EXPECT_EQ(FormatText(event),
            "t0: 192.0.2.10 would be put on the slave: offered by DHCP, for 1m, xid 1a2b3c4d");
}

TEST(FormatTextTest, RefusalNamesCauseAndOther) {
  Event event;
  event.kind = EventKind::kAddressRefused;
  event.ifindex = 3;
  event.other_ifindex = 4;
  event.name = MakeInterfaceName("t0");
  event.other_name = MakeInterfaceName("t1");
  event.address = IpAddress::V4(0xc000020a);
  event.reason = Reason::kHeldBySlave;
  EXPECT_EQ(FormatText(event), "t0: 192.0.2.10 refused: another slave has it (t1)");
}

TEST(FormatTextTest, ConflictNamesTheOtherMachine) {
  Event event;
  event.kind = EventKind::kAddressConflict;
  event.ifindex = 3;
  event.name = MakeInterfaceName("t0");
  event.address = IpAddress::V4(0xc000020a);
  event.has_mac = true;
  event.mac = {{0x52, 0x54, 0, 0, 0, 1}};
  EXPECT_EQ(
      FormatText(event),
      "t0: 192.0.2.10 is used by another machine on the network, too: 52:54:00:00:00:01; give "
      "that machine another address, or take this one out of the DHCP server's pool");
  const auto json = nlohmann::json::parse(FormatJson(event, absl::UnixEpoch()));
  EXPECT_EQ(json["event"], "address-conflict");
  EXPECT_EQ(json["mac"], "52:54:00:00:00:01");
}

TEST(FormatTextTest, Q1_QuarantineNamesWhatWasForged) {
  Event event;
  event.kind = EventKind::kGuestQuarantined;
  event.ifindex = 3;
  event.name = MakeInterfaceName("t0");
  event.reason = Reason::kForgedDhcp4;
  event.address = IpAddress::V4(0xc0000242);
  event.has_xid = true;
  event.xid = 0xbad;
  EXPECT_EQ(FormatText(event),
            "t0: guest quarantined: it sent a DHCP server's message (192.0.2.66, xid 00000bad); "
            "until 10 minutes after the last such message it keeps what it has and gets nothing "
            "new; if it is a server or router of this network, --bind=t0=ADDRESS gives it its "
            "addresses");
  event.address = IpAddress();
  event.has_xid = false;
  event.reason = Reason::kForgedAdvertisement;
  EXPECT_NE(FormatText(event).find("quarantined: it sent a router advertisement; until"),
            std::string::npos);
  const auto json = nlohmann::json::parse(FormatJson(event, absl::UnixEpoch()));
  EXPECT_EQ(json["event"], "guest-quarantined");
  EXPECT_EQ(json["reason"], "forged_advertisement");
}

TEST(FormatTextTest, Q4_ReflectionNamesForgerAndMend) {
  Event event;
  event.kind = EventKind::kParentReflects;
  event.ifindex = 2;
  event.name = MakeInterfaceName("h0");
  event.reason = Reason::kMacvlanParent;
  EXPECT_NE(FormatText(event).find("ip link set h0 type macvlan mode private"), std::string::npos);
  event.reason = Reason::kReflectedForgery;
  event.other_ifindex = 3;
  event.other_name = MakeInterfaceName("t0");
  EXPECT_NE(FormatText(event).find("(t0)"), std::string::npos);
}

// Class O2: a name may hold escape sequences; whoever reads the log must not run them.
TEST(FormatTextTest, NamesAreSafeForATerminal) {
  Event event = Requested();
  event.name = MakeInterfaceName("a\x1b[2Jb\xff\\");
  EXPECT_EQ(FormatText(event).rfind("a\\x1b[2Jb\\xff\\x5c: 192.0.2.10", 0), 0U);
}

TEST(FormatJsonTest, HasTheMembersOfTheManual) {
  const auto json = nlohmann::json::parse(FormatJson(Requested(), absl::UnixEpoch()));
  EXPECT_EQ(json["time"], "1970-01-01T00:00:00+00:00");
  EXPECT_EQ(json["level"], "info");
  EXPECT_EQ(json["event"], "address-requested");
  EXPECT_EQ(json["interface"], "t0");
  EXPECT_EQ(json["ifindex"], 3);
  EXPECT_EQ(json["address"], "192.0.2.10");
  EXPECT_EQ(json["origin"], "dhcp4-offer");
  EXPECT_EQ(json["valid_lifetime"], 60);
  EXPECT_EQ(json["preferred_lifetime"], 60);
  EXPECT_EQ(json["xid"], "1a2b3c4d");
  EXPECT_FALSE(json.contains("reason"));
  EXPECT_FALSE(json.contains("dry_run"));
}

TEST(FormatJsonTest, InfiniteLifetimeIsMinusOne) {
  Event event = Requested();
  event.valid_sec = kInfiniteLifetimeSec;
  EXPECT_EQ(nlohmann::json::parse(FormatJson(event, absl::UnixEpoch()))["valid_lifetime"], -1);
}

TEST(FormatJsonTest, EveryByteOfANameStaysJson) {
  for (int byte = 1; byte < 256; ++byte) {
    Event event = Requested();
    event.name = MakeInterfaceName(std::string(1, static_cast<char>(byte)));
    const std::string line = FormatJson(event, absl::UnixEpoch());
    EXPECT_TRUE(nlohmann::json::accept(line)) << line;
    EXPECT_EQ(line.find('\n'), std::string::npos);
    EXPECT_EQ(line.find('\x1b'), std::string::npos);
  }
}

TEST(FormatStoppedTest, CountersAreLinesOrAMember) {
  Event event;
  event.kind = EventKind::kStopped;
  event.name = MakeInterfaceName("h0");
  const CounterList counters = {{"frames_received", 7}, {"dropped_not_ip", 1}};
  EXPECT_EQ(FormatStoppedText(event, counters),
            "h0: stopped; the addresses stay until their lifetimes end\n  frames_received 7\n  "
            "dropped_not_ip 1");
  const auto json = nlohmann::json::parse(FormatStoppedJson(event, absl::UnixEpoch(), counters));
  EXPECT_EQ(json["event"], "stopped");
  EXPECT_EQ(json["counters"]["dropped_not_ip"], 1);
}

TEST(FormatTextTest, MendCanBeTyped) {
  Event event;
  event.kind = EventKind::kPortChanged;
  event.ifindex = 2;
  event.other_ifindex = 3;
  event.name = MakeInterfaceName("h0");
  event.other_name = MakeInterfaceName("t0");
  event.reason = Reason::kModeL3;
  EXPECT_NE(FormatText(event).find("ip link set t0 type ipvtap mode l2"), std::string::npos);
  event.kind = EventKind::kReady;
  event.other_ifindex = 0;
  event.reason = Reason::kNoSlave;
  EXPECT_NE(FormatText(event).find("ip link add link h0 name NAME"), std::string::npos);
}

// Class O3: whatever may happen has a line that says something.
TEST(FormatTextTest, EveryEventWithEveryReasonHasAText) {
  for (int kind = 0; kind <= static_cast<int>(EventKind::kStopped); ++kind) {
    for (int reason = 0; reason <= static_cast<int>(Reason::kNoSlave); ++reason) {
      Event event;
      event.kind = static_cast<EventKind>(kind);
      event.reason = static_cast<Reason>(reason);
      event.ifindex = 7;
      event.error = ENOMEM;
      EXPECT_GT(FormatText(event).size(), 12U);
      EXPECT_FALSE(EventName(event.kind).empty());
      EXPECT_EQ(ReasonName(event.reason).empty(), event.reason == Reason::kNone);
      EXPECT_EQ(ReasonText(event.reason).empty(), event.reason == Reason::kNone);
      EXPECT_TRUE(nlohmann::json::accept(FormatJson(event, absl::UnixEpoch())));
    }
  }
}

bool IsPrintable(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

// Names of every byte at every place, with every event and reason.
std::vector<std::string> NastyNames() {
  std::vector<std::string> names = {
      "",          std::string(15, '\xff'), std::string(15, '\0'), "%s%n%99999d", "\"}],{\"",
      "$(reboot)", "\xed\xa0\x80",          "\xf4\x90\x80\x80"};
  for (int byte = 0; byte < 256; ++byte) {
    for (const size_t place : {0U, 1U, 14U}) {
      std::string name(15, 'a');
      name[place] = static_cast<char>(byte);
      names.push_back(name);
    }
  }
  return names;
}

TEST(EventFormatTest, ClassO2_EveryByteOfANameIsPrintable) {
  for (const std::string& name : NastyNames()) {
    Event event = Requested();
    event.name = event.other_name = MakeInterfaceName(name);
    const std::string json = FormatJson(event, absl::UnixEpoch());
    EXPECT_TRUE(IsPrintable(FormatText(event))) << FormatText(event);
    EXPECT_TRUE(IsPrintable(json)) << json;
    ASSERT_TRUE(nlohmann::json::accept(json)) << json;
  }
}

TEST(EventFormatTest, ClassO3_EveryEventOfEveryNameHasALine) {
  for (const std::string& name : NastyNames()) {
    for (int kind = 0; kind <= static_cast<int>(EventKind::kStopped); ++kind) {
      Event event;
      event.kind = static_cast<EventKind>(kind);
      event.reason = static_cast<Reason>((name.size() + static_cast<size_t>(kind)) %
                                         (static_cast<size_t>(Reason::kNoSlave) + 1));
      event.error = 524;  // ENOTSUPP, which is no errno of the C library
      event.ifindex = event.other_ifindex = INT_MIN;
      event.name = event.other_name = MakeInterfaceName(name);
      event.valid_sec = event.preferred_sec = kInfiniteLifetimeSec - 1;
      event.has_lifetimes = event.has_xid = event.has_mac = true;
      const std::string text = FormatText(event);
      EXPECT_TRUE(!text.empty() && IsPrintable(text)) << text;
      EXPECT_TRUE(IsPrintable(FormatJson(event, absl::UnixEpoch())));
      const CounterList counters = {{"frames_received", UINT64_MAX}};
      EXPECT_TRUE(nlohmann::json::accept(FormatStoppedJson(event, absl::UnixEpoch(), counters)));
    }
  }
}

}  // namespace
}  // namespace l3sync
