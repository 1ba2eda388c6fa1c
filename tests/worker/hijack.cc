#include "tests/worker/hijack.h"

#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "apply/apply_request.h"
#include "learn/kernel_record.h"
#include "netlink/ask_kernel.h"
#include "netlink/request_builder.h"
#include "netlink/rtnl_request.h"

namespace l3sync {
namespace {

[[noreturn]] void Say(const std::string& what) {
  const std::string line = absl::StrCat("attack: ", what, "\n");
  [[maybe_unused]] const ssize_t size = write(STDERR_FILENO, line.data(), line.size());
  _exit(0);
}

// System calls that must end the process.
void Call(const std::string& name, const InheritedSockets& sockets) {
  const int one = 1;
  msghdr message{};
  const std::map<std::string, std::function<void()>> calls = {
      {"socket", [] { socket(AF_INET, SOCK_DGRAM, 0); }},
      {"open", [] { open("/etc/hostname", O_RDONLY | O_CLOEXEC); }},
      {"exec", [] { execl("/bin/true", "true", nullptr); }},
      {"fork", [] { static_cast<void>(fork()); }},
      {"kill", [] { kill(getppid(), SIGTERM); }},
      {"ptrace", [] { ptrace(PTRACE_TRACEME, 0, nullptr, nullptr); }},
      {"unshare", [] { unshare(CLONE_NEWUSER); }},
      {"ioctl", [&] { ioctl(sockets.capture, SIOCGIFFLAGS, nullptr); }},
      {"send-on-capture", [&] { send(sockets.capture, &one, sizeof(one), 0); }},
      {"write-to-capture",
       [&] { [[maybe_unused]] const ssize_t size = write(sockets.capture, &one, sizeof(one)); }},
      {"sendmsg-to-applier", [&] { sendmsg(sockets.applier, &message, 0); }},
      {"setsockopt",
       [&] { setsockopt(sockets.capture, SOL_SOCKET, SO_RCVBUF, &one, sizeof(one)); }},
      {"bind", [&] { bind(sockets.capture, nullptr, 0); }},
  };
  calls.at(name)();
}

// What the applier says to a request, or that it is gone.
[[noreturn]] void Ask(int applier, const std::vector<uint8_t>& datagram) {
  if (send(applier, datagram.data(), datagram.size(), 0) < 0) Say("not sent");
  pollfd waited = {.fd = applier, .events = POLLIN, .revents = 0};
  poll(&waited, 1, -1);
  ApplyAnswer answer;
  const ssize_t size = recv(applier, &answer, sizeof(answer), 0);
  if (size != sizeof(answer)) Say("gone");
  Say(absl::StrCat("answer ", answer.error));
}

ApplyRequest RequestOf(const std::vector<std::string>& words) {
  const std::map<std::string, ApplyVerb> verbs = {
      {"put", ApplyVerb::kPutAddress},       {"replace", ApplyVerb::kPutAddress},
      {"remove", ApplyVerb::kRemoveAddress}, {"route", ApplyVerb::kRemoveLocalRoute},
      {"probe", ApplyVerb::kProbe},          {"announce", ApplyVerb::kAnnounce},
      {"deliver", ApplyVerb::kDeliver},
  };
  ApplyRequest request;
  request.verb = verbs.at(words.at(0));
  request.flag = words.at(0) == "replace" ? 1 : 0;
  [[maybe_unused]] const bool read = absl::SimpleAtoi(words.at(1), &request.ifindex);
  PutAddressIn(IpAddress::Parse(words.at(2)).value_or(IpAddress()), &request.address,
               &request.address_length);
  request.source = {192, 168, 50, 1};
  request.source_port = 67;
  request.destination_port = 68;
  request.protocol = kAddressProtocol;
  request.valid_sec = 3600;
  return request;
}

std::vector<uint8_t> BytesOf(const ApplyRequest& request) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(&request);
  return {bytes, bytes + sizeof(request)};
}

// RTM_NEWADDR, or RTM_NEWROUTE of a default route to nowhere, without the applier.
[[noreturn]] void AskKernelItself(const std::string& what, int32_t ifindex, RtnlPort* links) {
  alignas(4) std::array<uint8_t, 256> buffer;
  Command put;
  put.ifindex = ifindex;
  put.address = IpAddress::V4(0xc0a832de);
  put.valid_sec = 3600;
  ByteSpan message = BuildPutAddress(MutableByteSpan(buffer), 1, put);
  if (what == "route") {
    RequestBuilder request(MutableByteSpan(buffer), RTM_NEWROUTE, NLM_F_ACK | NLM_F_CREATE, 1);
    rtmsg header{};
    header.rtm_family = AF_INET;
    header.rtm_table = RT_TABLE_MAIN;
    header.rtm_type = RTN_BLACKHOLE;
    request.PutHeader(header);
    message = request.Finish();
  }
  Say(absl::StrCat("answer ", AskKernel(links, message, 1)));
}

}  // namespace

void Hijack(const InheritedSockets& sockets, RtnlPort* links) {
  const char* const attack = getenv("L3SYNC_ATTACK");
  std::vector<std::string> words = absl::StrSplit(attack == nullptr ? "" : attack, ' ');
  const std::string kind = words.at(0);
  words.erase(words.begin());
  int32_t number = 0;
  if (kind == "call") {
    Call(words.at(0), sockets);
    Say("lives");
  }
  if (kind == "kernel" && absl::SimpleAtoi(words.at(1), &number)) {
    AskKernelItself(words.at(0), number, links);
  }
  if (kind == "bytes" && absl::SimpleAtoi(words.at(0), &number)) {
    Ask(sockets.applier, std::vector<uint8_t>(static_cast<size_t>(number), 1));
  }
  Ask(sockets.applier, BytesOf(RequestOf(words)));
}

}  // namespace l3sync
