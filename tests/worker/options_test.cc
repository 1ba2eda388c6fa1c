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
  EXPECT_FALSE(parsed.options.announce);
  EXPECT_TRUE(parsed.options.deny.empty());
  EXPECT_EQ(parsed.options.eui64, Eui64Policy::kRefuse);
  EXPECT_EQ(parsed.options.poll_interval, absl::Seconds(30));
  EXPECT_EQ(parsed.options.log_format, LogFormat::kText);
}

TEST(ParseOptionsTest, ReadsEveryOption) {
  const ParsedOptions parsed =
      ParseOptions({"--dry-run", "--deny=192.0.2.0/24,2001:db8::1", "--eui64=first", "--announce",
                    "--poll-interval=2m", "--log-format=json", "--", "-odd"});
  ASSERT_EQ(parsed.error, "");
  EXPECT_EQ(parsed.options.parent, "-odd");
  EXPECT_TRUE(parsed.options.dry_run);
  EXPECT_TRUE(parsed.options.announce);
  ASSERT_EQ(parsed.options.deny.size(), 2U);
  EXPECT_EQ(parsed.options.deny[0].ToString(), "192.0.2.0/24");
  EXPECT_EQ(parsed.options.deny[1].length, 128);
  EXPECT_EQ(parsed.options.eui64, Eui64Policy::kFirst);
  EXPECT_EQ(parsed.options.poll_interval, absl::Minutes(2));
  EXPECT_EQ(parsed.options.log_format, LogFormat::kJson);
}

TEST(ParseOptionsTest, T2_BindNamesSlavesAndTheirAddresses) {
  const ParsedOptions parsed =
      ParseOptions({"--bind=t0=192.0.2.7,fe80::7", "--bind=odd=name,=2001:db8::7",
                    "--bind=t0=192.0.2.8,192.0.2.7", "--deny=192.0.2.9", "eth0"});
  ASSERT_EQ(parsed.error, "");
  std::vector<std::string> pairs;
  for (const ConfiguredAddress& bind : parsed.options.bind) {
    pairs.push_back(bind.slave + " " + bind.address.ToString());
  }
  EXPECT_EQ(pairs, (std::vector<std::string>{"t0 192.0.2.7", "t0 fe80::7", "odd=name, 2001:db8::7",
                                             "t0 192.0.2.8"}))
      << "an address that is said twice is there once";
}

TEST(ParseOptionsTest, T2_BindErrorsNameCauseAndMend) {
  const struct {
    std::vector<std::string> arguments;
    std::string error;
  } cases[] = {
      {{"--bind=t0=192.0.2.7", "--bind=t1=192.0.2.7", "eth0"},
       "--bind gives 192.0.2.7 to t0 and to t1; one slave can have it"},
      {{"--bind=t0=192.0.2.7", "--deny=192.0.2.0/24", "eth0"},
       "--bind=t0=192.0.2.7 and --deny=192.0.2.0/24 contradict each other; take one away"},
      {{"--bind=t0=127.0.0.1", "eth0"},
       "--bind names 127.0.0.1, which is not an address of a host"},
      {{"--bind=t0=192.0.2.7/24", "eth0"},
       "--bind is SLAVE=ADDRESS[,ADDRESS...], such as t0=192.0.2.7,fe80::7, and '192.0.2.7/24' is "
       "no address"},
      {{"--bind=192.0.2.7", "eth0"},
       "--bind is SLAVE=ADDRESS[,ADDRESS...], such as t0=192.0.2.7,fe80::7"},
      {{"--bind=a/b=192.0.2.7", "eth0"},
       "--bind is SLAVE=ADDRESS[,ADDRESS...], such as t0=192.0.2.7,fe80::7, and 'a/b' is no name "
       "of an interface"},
      {{"--bind=eth0=192.0.2.7", "eth0"},
       "--bind=eth0=192.0.2.7: eth0 is the PARENT; name the slave of the guest"},
  };
  for (const auto& c : cases) EXPECT_EQ(ParseOptions(c.arguments).error, c.error);
}

TEST(ParseOptionsTest, BindIsBounded) {
  std::vector<std::string> one_slave, many_slaves;
  for (uint32_t i = 0; i <= ConfiguredAddresses::kMax; ++i) {
    const std::string address = IpAddress::V4(0x0a000001 + i).ToString();
    if (i <= ConfiguredAddresses::kMaxPerSlave) one_slave.push_back("--bind=t=" + address);
    many_slaves.push_back("--bind=t" + std::to_string(i) + "=" + address);
  }
  EXPECT_EQ(ParseOptions(one_slave).error, "--bind gives t more than 32 addresses");
  EXPECT_EQ(ParseOptions(many_slaves).error, "--bind names more than 4096 addresses in all");
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
      {"--bind", "eth0"},
      {"--bind=", "eth0"},
      {"--bind=t0=", "eth0"},
      {"--bind==192.0.2.7", "eth0"},
      {"--bind=sixteen-letters-=192.0.2.7", "eth0"},
      {"--bind=t0=192.0.2.7,,192.0.2.8", "eth0"},
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
       {"--dry-run", "--deny=", "--bind=", "--eui64=", "--poll-interval=", "--log-format="}) {
    EXPECT_NE(help.find(option), std::string::npos) << option;
  }
}

}  // namespace
}  // namespace l3sync
