#include "applier/reply_injector.h"

#include <libmnl/libmnl.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/rtnetlink.h>
#include <linux/tc_act/tc_mirred.h>
#include <net/if.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/fakes/rtnl_encoding.h"

namespace l3sync {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

constexpr int32_t kParent = 31;
constexpr int32_t kSlave = 40;
const Bytes kFrame = {1, 2, 3};

struct Search {
  uint16_t type = 0;
  const nlattr* found = nullptr;
};

int TakeFound(const nlattr* attribute, void* search) {
  auto* wanted = static_cast<Search*>(search);
  if (mnl_attr_get_type(attribute) == wanted->type) wanted->found = attribute;
  return MNL_CB_OK;
}

const nlattr* Nested(const nlattr* outer, uint16_t type) {
  Search search{.type = type};
  mnl_attr_parse_nested(outer, TakeFound, &search);
  return search.found;
}

// The part of rtnetlink and traffic control that is asked: one link, and the filter on its way out.
class FakeTrafficControl : public RtnlPort, public ReplySender {
 public:
  struct Link {
    LinkRecord record;
    bool is_silent = false;
    bool has_clsact = false;
    int32_t redirects_to = 0;
  };

  void Add(const std::string& name, LinkKind kind) {
    link = Link{};
    link.record.ifindex = ++last_ifindex_;
    link.record.name = MakeInterfaceName(name);
    link.record.kind = kind;
  }

  int fd() const override { return -1; }
  int Send(ByteSpan bytes) override {
    nlmsghdr message{};
    std::memcpy(&message, bytes.data(), sizeof(message));
    const EncodedHeader header{.sequence = message.nlmsg_seq};
    int error = fails_with[message.nlmsg_type];
    if (error == 0) error = Apply(message, bytes.data());
    if (error == 0 && message.nlmsg_type == RTM_GETLINK) {
      answers_.push_back(EncodeLink(header, link.record));
    }
    if (!loses_answers) answers_.push_back(EncodeError(header, error));
    return 0;
  }
  int Receive(MutableByteSpan buffer, size_t* length) override {
    if (answers_.empty()) return EAGAIN;
    std::copy(answers_.front().begin(), answers_.front().end(), buffer.begin());
    *length = answers_.front().size();
    answers_.pop_front();
    return 0;
  }

  // What goes out on the link comes in where the filter says.
  int Send(int32_t ifindex, ByteSpan frame) override {
    if (ifindex != link.record.ifindex) return ENXIO;
    if (!link.record.is_up) return ENETDOWN;
    EXPECT_TRUE(link.is_silent);
    if (link.redirects_to != 0)
      received.emplace_back(link.redirects_to, Bytes(frame.begin(), frame.end()));
    return send_error;
  }

  Link link;  // ifindex 0: there is none
  std::vector<int32_t> slaves = {kSlave, kSlave + 1};
  std::map<uint16_t, int> fails_with;  // by type of message
  bool loses_answers = false;
  int send_error = 0;
  std::vector<std::pair<int32_t, Bytes>> received;

 private:
  int Apply(const nlmsghdr& message, const uint8_t* bytes) {
    const auto* whole = reinterpret_cast<const nlmsghdr*>(bytes);
    const auto* header = static_cast<const ifinfomsg*>(mnl_nlmsg_get_payload(whole));
    const auto* tc = static_cast<const tcmsg*>(mnl_nlmsg_get_payload(whole));
    switch (message.nlmsg_type) {
      case RTM_GETLINK:
        return link.record.ifindex == 0 ? ENODEV : 0;
      case RTM_DELLINK:
        if (link.record.ifindex != header->ifi_index) return ENODEV;
        link = Link{};
        return 0;
      case RTM_NEWLINK:
        if ((message.nlmsg_flags & NLM_F_CREATE) != 0) {
          if (link.record.ifindex != 0) return EEXIST;
          Add(ReplyInjector::DeviceName(kParent), LinkKind::kDummy);
          return 0;
        }
        if (link.record.ifindex != header->ifi_index) return ENODEV;
        if ((header->ifi_change & IFF_UP) != 0) {
          link.record.is_up = true;
        } else {
          link.is_silent = true;
        }
        return 0;
      default:
        break;
    }
    if (link.record.ifindex != tc->tcm_ifindex) return ENODEV;
    if (message.nlmsg_type == RTM_NEWQDISC) {
      link.has_clsact = true;
      return 0;
    }
    if (!link.has_clsact) return EINVAL;
    if (message.nlmsg_type == RTM_DELTFILTER) {
      link.redirects_to = 0;
      return 0;
    }
    return ApplyFilter(whole);
  }

  int ApplyFilter(const nlmsghdr* message) {
    Search options{.type = TCA_OPTIONS};
    mnl_attr_parse(message, sizeof(tcmsg), TakeFound, &options);
    const nlattr* action = Nested(Nested(options.found, TCA_MATCHALL_ACT), 1);
    const nlattr* parameters = Nested(Nested(action, TCA_ACT_OPTIONS), TCA_MIRRED_PARMS);
    tc_mirred mirred{};
    std::memcpy(&mirred, mnl_attr_get_payload(parameters), sizeof(mirred));
    EXPECT_EQ(mirred.eaction, TCA_INGRESS_REDIR);
    if (link.redirects_to != 0) return EEXIST;
    const auto to = static_cast<int32_t>(mirred.ifindex);
    if (std::find(slaves.begin(), slaves.end(), to) == slaves.end()) return ENODEV;
    link.redirects_to = to;
    return 0;
  }

  int32_t last_ifindex_ = 100;
  std::deque<Bytes> answers_;
};

TEST(ReplyInjectorTest, FrameComesInOnTheSlaveAndOnNoOther) {
  FakeTrafficControl kernel;
  ReplyInjector injector(&kernel, &kernel, kParent);
  EXPECT_EQ(kernel.link.record.ifindex, 0) << "nothing is made before it is needed";
  EXPECT_EQ(injector.Send(kSlave, kFrame), 0);
  EXPECT_EQ(injector.Send(kSlave + 1, kFrame), 0);
  EXPECT_THAT(kernel.received, ElementsAre(Pair(kSlave, kFrame), Pair(kSlave + 1, kFrame)));
  EXPECT_EQ(kernel.link.redirects_to, 0) << "what others send there goes nowhere";
}

TEST(ReplyInjectorTest, DeviceGoesWithIt) {
  FakeTrafficControl kernel;
  {
    ReplyInjector injector(&kernel, &kernel, kParent);
    EXPECT_EQ(injector.Send(kSlave, kFrame), 0);
  }
  EXPECT_EQ(kernel.link.record.ifindex, 0);
}

TEST(ReplyInjectorTest, DeviceOfAnEarlierRunGoesAndWhatIsNoDummyStays) {
  FakeTrafficControl kernel;
  kernel.Add(ReplyInjector::DeviceName(kParent), LinkKind::kDummy);
  const ReplyInjector first(&kernel, &kernel, kParent);
  EXPECT_EQ(kernel.link.record.ifindex, 0);
  kernel.Add(ReplyInjector::DeviceName(kParent), LinkKind::kOther);
  ReplyInjector second(&kernel, &kernel, kParent);
  EXPECT_NE(kernel.link.record.ifindex, 0);
  EXPECT_EQ(second.Send(kSlave, kFrame), EEXIST);
  EXPECT_NE(kernel.link.record.ifindex, 0);
}

TEST(ReplyInjectorTest, AlternativeNameOfAnotherLinkIsNotTakenForTheDevice) {
  FakeTrafficControl kernel;
  kernel.Add("precious", LinkKind::kDummy);  // found by its alternative name
  const ReplyInjector injector(&kernel, &kernel, kParent);
  EXPECT_NE(kernel.link.record.ifindex, 0);
}

TEST(ReplyInjectorTest, DeviceThatSomebodyDeletedIsMadeAgain) {
  FakeTrafficControl kernel;
  ReplyInjector injector(&kernel, &kernel, kParent);
  EXPECT_EQ(injector.Send(kSlave, kFrame), 0);
  kernel.link = {};
  EXPECT_EQ(injector.Send(kSlave, kFrame), 0);
  EXPECT_EQ(kernel.received.size(), 2U);
}

TEST(ReplyInjectorTest, SlaveThatIsGoneIsAnErrorAndTheDeviceStays) {
  FakeTrafficControl kernel;
  ReplyInjector injector(&kernel, &kernel, kParent);
  EXPECT_EQ(injector.Send(kSlave, kFrame), 0);
  const int32_t device = kernel.link.record.ifindex;
  EXPECT_EQ(injector.Send(99, kFrame), ENODEV);
  EXPECT_EQ(kernel.link.record.ifindex, device);
  EXPECT_EQ(injector.Send(kSlave, kFrame), 0);
}

TEST(ReplyInjectorTest, KernelThatLacksAPartOfItLeavesNothingBehind) {
  for (const uint16_t type : {RTM_NEWLINK, RTM_NEWQDISC, RTM_NEWTFILTER}) {
    FakeTrafficControl kernel;
    kernel.fails_with[type] = EOPNOTSUPP;
    {
      ReplyInjector injector(&kernel, &kernel, kParent);
      EXPECT_EQ(injector.Send(kSlave, kFrame), EOPNOTSUPP);
      EXPECT_EQ(injector.Send(kSlave, kFrame), EOPNOTSUPP);
    }
    EXPECT_THAT(kernel.received, IsEmpty());
    EXPECT_EQ(kernel.link.record.ifindex, 0);
  }
}

TEST(ReplyInjectorTest, FilterGoesWhenTheFrameCannotBeSent) {
  FakeTrafficControl kernel;
  kernel.send_error = ENOBUFS;
  ReplyInjector injector(&kernel, &kernel, kParent);
  EXPECT_EQ(injector.Send(kSlave, kFrame), ENOBUFS);
  EXPECT_EQ(kernel.link.redirects_to, 0);
}

TEST(ReplyInjectorTest, LostAnswersAreNotWaitedFor) {
  FakeTrafficControl kernel;
  kernel.loses_answers = true;
  ReplyInjector injector(&kernel, &kernel, kParent);
  EXPECT_EQ(injector.Send(kSlave, kFrame), ETIMEDOUT);
}

TEST(ReplyInjectorTest, NameFitsForEveryInterface) {
  EXPECT_EQ(ReplyInjector::DeviceName(31), "l3sync1f");
  EXPECT_LT(ReplyInjector::DeviceName(0x7fffffff).size(), size_t{IFNAMSIZ});
}

}  // namespace
}  // namespace l3sync
