#include "worker/options.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace l3sync {
namespace {

TEST(ParseOptionsTest, ParentAloneHasTheDefaults) {
  const ParsedOptions parsed = ParseOptions({"eth0"});
  ASSERT_EQ(parsed.error, "");
  EXPECT_EQ(parsed.options.parent, "eth0");
  EXPECT_FALSE(parsed.options.dry_run);
  EXPECT_TRUE(parsed.options.deny.empty());
  EXPECT_EQ(parsed.options.eui64, Eui64Policy::kRefuse);
  EXPECT_EQ(parsed.options.poll_interval, absl::Seconds(30));
  EXPECT_EQ(parsed.options.log_format, LogFormat::kText);
}

TEST(ParseOptionsTest, ReadsEveryOption) {
  const ParsedOptions parsed =
      ParseOptions({"--dry-run", "--deny=192.0.2.0/24,2001:db8::1", "--eui64=first",
                    "--poll-interval=2m", "--log-format=json", "--", "-odd"});
  ASSERT_EQ(parsed.error, "");
  EXPECT_EQ(parsed.options.parent, "-odd");
  EXPECT_TRUE(parsed.options.dry_run);
  ASSERT_EQ(parsed.options.deny.size(), 2U);
  EXPECT_EQ(parsed.options.deny[0].ToString(), "192.0.2.0/24");
  EXPECT_EQ(parsed.options.deny[1].length, 128);
  EXPECT_EQ(parsed.options.eui64, Eui64Policy::kFirst);
  EXPECT_EQ(parsed.options.poll_interval, absl::Minutes(2));
  EXPECT_EQ(parsed.options.log_format, LogFormat::kJson);
}

TEST(ParseOptionsTest, HelpAndVersionNeedNoParent) {
  EXPECT_EQ(ParseOptions({"--help"}).options.action, Options::Action::kHelp);
  EXPECT_EQ(ParseOptions({"--version"}).options.action, Options::Action::kVersion);
}

TEST(ParseOptionsTest, RefusesWhatItDoesNotKnow) {
  const std::vector<std::vector<std::string>> wrong = {
      {},
      {"eth0", "eth1"},
      {"--no-such-option", "eth0"},
      {"--dry_run", "eth0"},
      {"-n", "eth0"},
      {"--deny", "eth0"},
      {"--deny=", "eth0"},
      {"--deny=192.0.2.0/33", "eth0"},
      {"--deny=192.0.2.1,,192.0.2.2", "eth0"},
      {"--eui64=always", "eth0"},
      {"--poll-interval=0s", "eth0"},
      {"--poll-interval=-5s", "eth0"},
      {"--poll-interval=inf", "eth0"},
      {"--poll-interval=soon", "eth0"},
      {"--log-format=xml", "eth0"},
      {"--dry-run=perhaps", "eth0"},
  };
  for (const auto& arguments : wrong) {
    const ParsedOptions parsed = ParseOptions(arguments);
    EXPECT_NE(parsed.error, "") << (arguments.empty() ? "nothing" : arguments[0]);
    EXPECT_EQ(parsed.error.find('\n'), std::string::npos);
  }
}

TEST(HelpTest, FitsAScreen) {
  const std::string help = kHelp;
  EXPECT_LE(std::count(help.begin(), help.end(), '\n'), 24);
  for (const char* option :
       {"--dry-run", "--deny=", "--eui64=", "--poll-interval=", "--log-format="}) {
    EXPECT_NE(help.find(option), std::string::npos) << option;
  }
}

}  // namespace
}  // namespace l3sync
