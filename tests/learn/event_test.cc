#include "learn/event.h"

#include <net/if.h>

#include <set>
#include <string>
#include <string_view>

#include "gtest/gtest.h"

#include "learn/kernel_record.h"

// The words of what is said: for people and for programs.
namespace l3sync {
namespace {

TEST(EventTest, EveryReasonHasANameOfItsOwnAndAText) {
  std::set<std::string_view> names;
  const int last = static_cast<int>(Reason::kResume);
  for (int i = 1; i <= last; ++i) {
    const auto reason = static_cast<Reason>(i);
    EXPECT_NE(ReasonText(reason), "") << i;
    EXPECT_EQ(ReasonName(reason).find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_"),
              std::string_view::npos)
        << ReasonName(reason);
    names.insert(ReasonName(reason));
  }
  EXPECT_EQ(names.size(), static_cast<size_t>(last));
  EXPECT_FALSE(names.contains(""));
  EXPECT_EQ(ReasonName(Reason::kNone), "");
}

TEST(InterfaceNameTest, LongerOnesAreCutToWhatTheKernelHas) {
  EXPECT_EQ(NameView(MakeInterfaceName("eth0.3")), "eth0.3");
  EXPECT_EQ(NameView(MakeInterfaceName("")), "");
  EXPECT_EQ(NameView(MakeInterfaceName(std::string(100, 'x'))), std::string(IFNAMSIZ - 1, 'x'));
}

}  // namespace
}  // namespace l3sync
