#include "helper/options.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace l3sync {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string ErrorOf(const std::vector<std::string>& arguments) {
  std::string error;
  EXPECT_FALSE(ParseHelperOptions(arguments, &error).has_value());
  EXPECT_EQ(error.find('\n'), std::string::npos) << "more than one line";
  return error;
}

TEST(HelperOptionsTest, ParsesTheUsualStart) {
  std::string error;
  const auto options = ParseHelperOptions({"eth0", "--", "l3sync", "eth0"}, &error);
  ASSERT_TRUE(options.has_value()) << error;
  EXPECT_EQ(options->parent, "eth0");
  EXPECT_THAT(options->command, ElementsAre("l3sync", "eth0"));
  EXPECT_EQ(options->user, "l3sync");
  EXPECT_FALSE(options->dry_run);
}

TEST(HelperOptionsTest, ParsesOptionsBeforeAndAfterTheParent) {
  std::string error;
  const auto options =
      ParseHelperOptions({"--user=nobody", "eth0", "--dry-run", "--", "l3sync"}, &error);
  ASSERT_TRUE(options.has_value()) << error;
  EXPECT_EQ(options->parent, "eth0");
  EXPECT_EQ(options->user, "nobody");
  EXPECT_TRUE(options->dry_run);
}

TEST(HelperOptionsTest, HoldIsAskedForAndNotInADryRun) {
  std::string error;
  EXPECT_FALSE(ParseHelperOptions({"eth0", "--", "l3sync"}, &error)->hold);
  const auto options = ParseHelperOptions({"--hold", "eth0", "--", "l3sync"}, &error);
  ASSERT_TRUE(options.has_value()) << error;
  EXPECT_TRUE(options->hold);
  EXPECT_THAT(ErrorOf({"--hold", "--dry-run", "eth0", "--", "l3sync"}), HasSubstr("--hold"));
  EXPECT_THAT(ErrorOf({"--hold=yes", "eth0", "--", "l3sync"}), HasSubstr("--hold=yes"));
}

TEST(HelperOptionsTest, ValueMayBeAWordOfItsOwn) {
  std::string error;
  const auto options = ParseHelperOptions({"--user", "nobody", "eth0", "--", "l3sync"}, &error);
  ASSERT_TRUE(options.has_value()) << error;
  EXPECT_EQ(options->user, "nobody");
}

TEST(HelperOptionsTest, LeavesTheCommandAlone) {
  std::string error;
  const auto options =
      ParseHelperOptions({"eth0", "--", "l3sync", "--dry-run", "--", "--user=root"}, &error);
  ASSERT_TRUE(options.has_value()) << error;
  EXPECT_FALSE(options->dry_run);
  EXPECT_EQ(options->user, "l3sync");
  EXPECT_THAT(options->command, ElementsAre("l3sync", "--dry-run", "--", "--user=root"));
}

TEST(HelperOptionsTest, HelpAndVersionNeedNothingElse) {
  std::string error;
  EXPECT_TRUE(ParseHelperOptions({"--help"}, &error)->help);
  EXPECT_TRUE(ParseHelperOptions({"--version"}, &error)->version);
  EXPECT_THAT(ParseHelperOptions({"--version"}, &error)->command, IsEmpty());
}

TEST(HelperOptionsTest, RefusesACommandWithoutSeparator) {
  EXPECT_THAT(ErrorOf({"eth0"}), HasSubstr("nothing to run"));
  EXPECT_THAT(ErrorOf({"eth0", "--"}), HasSubstr("nothing to run"));
  EXPECT_THAT(ErrorOf({"eth0", "l3sync", "eth0"}), HasSubstr("nothing to run"));
}

TEST(HelperOptionsTest, RefusesNoParentAndTwo) {
  EXPECT_THAT(ErrorOf({}), HasSubstr("no parent"));
  EXPECT_THAT(ErrorOf({"--", "l3sync"}), HasSubstr("no parent"));
  EXPECT_THAT(ErrorOf({"eth0", "eth1", "--", "l3sync"}), HasSubstr("eth1"));
  EXPECT_THAT(ErrorOf({"", "--", "l3sync"}), HasSubstr("empty"));
}

TEST(HelperOptionsTest, NamesTheWordThatIsWrong) {
  EXPECT_THAT(ErrorOf({"eth0", "--bogus", "--", "l3sync"}), HasSubstr("--bogus"));
  EXPECT_THAT(ErrorOf({"--bogus=3", "eth0", "--", "l3sync"}), HasSubstr("--bogus=3"));
  EXPECT_THAT(ErrorOf({"eth0", "-xy", "--", "l3sync"}), HasSubstr("-x"));
  EXPECT_THAT(ErrorOf({"--dry-run=yes", "eth0", "--", "l3sync"}), HasSubstr("--dry-run=yes"));
  EXPECT_THAT(ErrorOf({"eth0", "--user", "--", "l3sync"}), HasSubstr("--user"));
  EXPECT_THAT(ErrorOf({"eth0", "--user=", "--", "l3sync"}), HasSubstr("user"));
}

TEST(ParseHelperOptionsTest, WhatTheApplierRefusesAndAllows) {
  std::string error;
  const auto options =
      ParseHelperOptions({"--deny=192.0.2.0/24,2001:db8::1", "--deny=10.0.0.0/8",
                          "--bind=g0=192.0.2.7,fe80::1", "--announce", "eth0", "--", "l3sync"},
                         &error);
  ASSERT_TRUE(options) << error;
  ASSERT_EQ(options->deny.size(), 3);
  EXPECT_EQ(options->deny[1].ToString(), IpPrefix::Parse("2001:db8::1")->ToString());
  ASSERT_EQ(options->bind.size(), 2);
  EXPECT_EQ(options->bind[1].ToString(), "fe80::1");
  EXPECT_TRUE(options->announce);
  EXPECT_THAT(ErrorOf({"--deny=nonsense", "eth0", "--", "l3sync"}), HasSubstr("nonsense"));
  EXPECT_THAT(ErrorOf({"--bind=192.0.2.7", "eth0", "--", "l3sync"}), HasSubstr("SLAVE=ADDRESS"));
  EXPECT_THAT(ErrorOf({"--bind=g0=x", "eth0", "--", "l3sync"}), HasSubstr("g0=x"));
}

}  // namespace
}  // namespace l3sync
