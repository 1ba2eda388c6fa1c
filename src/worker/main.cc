// l3sync, the worker: flags → configuration → run. Whatever it opens, it opens here, before the
// first frame is read.
#include <net/if.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "capture/packet_socket.h"
#include "netlink/mnl_port.h"
#include "netlink/namespace_scan.h"
#include "runtime/reply_injector.h"
#include "runtime/worker.h"
#include "worker/inherited.h"
#include "worker/instance_lock.h"
#include "worker/options.h"

namespace l3sync {
namespace {

// As l3sync(8) says; the numbers are those of sysexits.h.
constexpr int kExitOther = 1;
constexpr int kExitUsage = 64;
constexpr int kExitNoPermission = 77;

constexpr absl::Duration kScanPatience = absl::Seconds(1);

int Fail(int status, const std::string& why) {
  const std::string line = absl::StrCat("l3sync: ", why, "\n");
  static_cast<void>(fputs(line.c_str(), stderr));
  return status;
}

// The host's own name servers (resolv.conf(5)); never a guest's addresses. systemd-resolved keeps
// the real ones elsewhere.
std::vector<IpAddress> ReadResolvers() {
  std::vector<IpAddress> resolvers;
  for (const char* path : {"/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"}) {
    std::ifstream file(path);
    std::string line;
    while (resolvers.size() < 16 && std::getline(file, line)) {
      const std::vector<std::string> words =
          absl::StrSplit(line, absl::ByAnyChar(" \t"), absl::SkipEmpty());
      if (words.size() < 2 || words[0] != "nameserver") continue;
      const auto address = IpAddress::Parse(words[1]);
      if (address.has_value()) resolvers.push_back(*address);
    }
  }
  return resolvers;
}

// SIGTERM and SIGINT as a descriptor; SIGPIPE of a log that nobody reads is an error of write(2).
// Before any thread starts.
int OpenSignals() {
  static_cast<void>(signal(SIGPIPE, SIG_IGN));
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  if (sigprocmask(SIG_BLOCK, &signals, nullptr) != 0) return -1;
  return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

int RunWorker(const Options& options, int parent_ifindex, const InheritedSockets& sockets) {
  const int signal_fd = OpenSignals();
  if (signal_fd < 0) return Fail(kExitOther, absl::StrCat("signalfd: ", strerror(errno)));
  auto requests = MnlPort::OpenRequestPort();
  auto dumps = MnlPort::OpenRequestPort();
  auto injection = MnlPort::OpenRequestPort();
  auto notifications = MnlPort::OpenNotificationPort();
  for (const auto* opened : {&requests, &dumps, &injection, &notifications}) {
    if (opened->error != 0) {
      return Fail(kExitOther,
                  absl::StrCat("cannot open an rtnetlink socket: ", strerror(opened->error)));
    }
  }
  MnlPort::Opened hold;
  if (sockets.hold_queue >= 0) hold = MnlPort::Adopt(sockets.hold_queue);
  if (hold.error != 0) {
    return Fail(kExitOther, absl::StrCat("the queue of --hold: ", strerror(hold.error)));
  }
  PacketSocket frames(sockets.capture);
  std::unique_ptr<PacketReplySender> replies;
  std::unique_ptr<ReplyInjector> injector;
  if (sockets.deliver >= 0 && !options.dry_run) {
    replies = std::make_unique<PacketReplySender>(sockets.deliver);
    injector = std::make_unique<ReplyInjector>(injection.port.get(), replies.get(), parent_ifindex);
  }
  const BootClock clock;

  WorkerSetup setup;
  setup.engine.learner.parent_ifindex = parent_ifindex;
  setup.engine.learner.dry_run = options.dry_run;
  setup.engine.learner.announce = options.announce;
  setup.engine.learner.policy = {options.deny, options.eui64, ReadResolvers(), options.bind};
  setup.engine.poll_interval = options.poll_interval;
  setup.engine.foreign_slaves =
      FindSlavesInOtherNamespaces(requests.port.get(), parent_ifindex, kScanPatience);
  setup.log_format = options.log_format;
  setup.frames = &frames;
  setup.ports = {requests.port.get(),
                 dumps.port.get(),
                 notifications.port.get(),
                 replies.get(),
                 injector.get(),
                 hold.port.get(),
                 static_cast<uint16_t>(sockets.hold_number)};
  setup.clock = &clock;
  setup.signal_fd = signal_fd;
  setup.engine.parent_name = MakeInterfaceName(options.parent);
  switch (Worker::Run(setup)) {
    case Worker::Outcome::kStopped:
      return 0;
    case Worker::Outcome::kParentGone:
      return kExitOther;
    case Worker::Outcome::kNoResources:
      break;
  }
  return Fail(kExitOther, absl::StrCat("cannot set up the rings and loops: ", strerror(errno)));
}

int Main(const std::vector<std::string>& arguments) {
  const ParsedOptions parsed = ParseOptions(arguments);
  if (!parsed.error.empty()) return Fail(kExitUsage, parsed.error);
  const Options& options = parsed.options;
  if (options.action == Options::Action::kHelp) {
    static_cast<void>(fputs(kHelp, stdout));
    return 0;
  }
  if (options.action == Options::Action::kVersion) {
    puts("l3sync " L3SYNC_VERSION);
    return 0;
  }
  std::string error;
  const InheritedSockets sockets = TakeInheritedSockets(&error);
  if (!error.empty()) return Fail(kExitUsage, error);
  if (!options.dry_run && sockets.deliver < 0) {
    return Fail(kExitUsage,
                "no socket for deliveries was handed over: give --dry-run to l3sync as well as to "
                "l3sync-open, or to neither");
  }
  if (options.dry_run && sockets.hold_queue >= 0) {
    return Fail(kExitUsage,
                "a dry run delivers nothing, so it can hold nothing: leave out --dry-run here or "
                "--hold of l3sync-open");
  }
  const unsigned parent_ifindex = if_nametoindex(options.parent.c_str());
  if (parent_ifindex == 0) {
    return Fail(
        errno == EPERM ? kExitNoPermission : kExitOther,
        absl::StrCat(options.parent, ": ", strerror(errno), "; `ip link` lists the interfaces"));
  }
  const auto ifindex = static_cast<int>(parent_ifindex);
  if (ifindex != sockets.parent_ifindex) {
    return Fail(kExitUsage,
                absl::StrCat("l3sync-open opened its socket for another parent than ",
                             options.parent, "; name the same PARENT twice: l3sync-open ",
                             options.parent, " -- l3sync ", options.parent));
  }
  if (!options.dry_run) {
    const InstanceLock lock = LockInstance(ifindex);
    if (lock.error == EADDRINUSE) {
      return Fail(kExitOther, absl::StrCat(options.parent, " is served already, by process ",
                                           lock.holder, "; stop it first, or add --dry-run"));
    }
    if (lock.error != 0) return Fail(kExitOther, absl::StrCat("the lock: ", strerror(lock.error)));
  }
  return RunWorker(options, ifindex, sockets);
}

}  // namespace
}  // namespace l3sync

int main(int argc, char** argv) { return l3sync::Main({argv + 1, argv + argc}); }
