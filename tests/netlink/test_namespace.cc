#include "tests/netlink/test_namespace.h"

#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "absl/strings/str_cat.h"

#include "netlink/rtnl_message.h"

namespace l3sync {
namespace {

std::string Failure(const char* what) {
  return absl::StrCat(what, ": ", std::system_category().message(errno));
}

bool WriteFile(const char* path, const std::string& text) {
  const int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const ssize_t written = write(fd, text.data(), text.size());
  close(fd);
  return written == static_cast<ssize_t>(text.size());
}

// Once a process: root in a user namespace of its own. Empty, or why not.
std::string EnterUserNamespace() {
  const std::string uid = absl::StrCat("0 ", getuid(), " 1");
  const std::string gid = absl::StrCat("0 ", getgid(), " 1");
  // EINVAL in a process with a second thread, such as ThreadSanitizer's.
  if (unshare(CLONE_NEWUSER) != 0) return Failure("unshare(CLONE_NEWUSER)");
  if (!WriteFile("/proc/self/setgroups", "deny") || !WriteFile("/proc/self/uid_map", uid) ||
      !WriteFile("/proc/self/gid_map", gid)) {
    return Failure("/proc/self/uid_map");
  }
  return {};
}

}  // namespace

int32_t IndexOf(const char* name) { return static_cast<int32_t>(if_nametoindex(name)); }

TestNamespace::TestNamespace() {
  static const std::string user_error = EnterUserNamespace();
  error_ = user_error;
  if (!error_.empty()) return;
  if (unshare(CLONE_NEWNET) != 0) {
    error_ = Failure("unshare(CLONE_NEWNET)");
    return;
  }
  port_ = MnlPort::OpenRequestPort().port;
  if (port_ == nullptr) error_ = Failure("rtnetlink");
}

int TestNamespace::AddVethPair(const char* name, const char* peer) {
  alignas(4) std::array<uint8_t, 512> bytes{};
  nlmsghdr* message = mnl_nlmsg_put_header(bytes.data());
  message->nlmsg_type = RTM_NEWLINK;
  message->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL;
  mnl_nlmsg_put_extra_header(message, sizeof(ifinfomsg));
  mnl_attr_put_strz(message, IFLA_IFNAME, name);
  nlattr* info = mnl_attr_nest_start(message, IFLA_LINKINFO);
  mnl_attr_put_strz(message, IFLA_INFO_KIND, "veth");
  nlattr* data = mnl_attr_nest_start(message, IFLA_INFO_DATA);
  nlattr* other = mnl_attr_nest_start(message, VETH_INFO_PEER);
  mnl_nlmsg_put_extra_header(message, sizeof(ifinfomsg));
  mnl_attr_put_strz(message, IFLA_IFNAME, peer);
  mnl_attr_nest_end(message, other);
  mnl_attr_nest_end(message, data);
  mnl_attr_nest_end(message, info);
  return Ask(ByteSpan(bytes).subspan(0, message->nlmsg_len));
}

int TestNamespace::SetUp(int32_t ifindex, bool is_up) {
  alignas(4) std::array<uint8_t, 128> bytes{};
  nlmsghdr* message = mnl_nlmsg_put_header(bytes.data());
  message->nlmsg_type = RTM_NEWLINK;
  message->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
  auto* link = static_cast<ifinfomsg*>(mnl_nlmsg_put_extra_header(message, sizeof(ifinfomsg)));
  link->ifi_index = ifindex;
  link->ifi_change = IFF_UP;
  link->ifi_flags = is_up ? IFF_UP : 0;
  return Ask(ByteSpan(bytes).subspan(0, message->nlmsg_len));
}

int TestNamespace::Ask(ByteSpan request) {
  if (const int error = port_->Send(request); error != 0) return error;
  alignas(4) std::array<uint8_t, kNetlinkBufferSize> buffer;
  size_t length = 0;
  pollfd readable{.fd = port_->fd(), .events = POLLIN, .revents = 0};
  poll(&readable, 1, 5000);
  if (const int error = port_->Receive(absl::MakeSpan(buffer), &length); error != 0) return error;
  const auto message = MessageWalk(ByteSpan(buffer).subspan(0, length)).Current();
  if (!message) return EPROTO;
  return ParseError(*message).value_or(EPROTO);
}

}  // namespace l3sync
