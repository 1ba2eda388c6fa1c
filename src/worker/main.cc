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
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "apply/apply_socket.h"
#include "capture/packet_socket.h"
#include "netlink/mnl_port.h"
#include "runtime/worker.h"
#include "sandbox/sandbox.h"
#include "worker/inherited.h"
#include "worker/instance_lock.h"
#include "worker/options.h"
#ifdef L3SYNC_HIJACKED
#include "tests/worker/hijack.h"
#endif

namespace l3sync {
namespace {

// As l3sync(8) says; the numbers are those of sysexits.h.
constexpr int kExitOther = 1;
constexpr int kExitUsage = 64;
constexpr int kExitNoPermission = 77;

// For the applier to take away what it made: a device at most.
constexpr absl::Duration kTidyUpPatience = absl::Seconds(2);

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
  auto links = MnlPort::OpenRequestPort();
  auto dumps = MnlPort::OpenRequestPort();
  auto notifications = MnlPort::AdoptNotificationPort(sockets.notifications);
  MnlPort::Opened hold;
  if (sockets.hold_queue >= 0) hold = MnlPort::Adopt(sockets.hold_queue);
  for (const auto* opened : {&links, &dumps, &notifications, &hold}) {
    if (opened->error != 0) {
      return Fail(kExitOther, absl::StrCat("a netlink socket: ", strerror(opened->error)));
    }
  }
  PacketSocket frames(sockets.capture);
  std::unique_ptr<ApplySocket> applier;
  if (sockets.applier >= 0) applier = std::make_unique<ApplySocket>(sockets.applier);
  const BootClock clock;

  WorkerSetup setup;
  setup.engine.learner.parent_ifindex = parent_ifindex;
  setup.engine.learner.dry_run = options.dry_run;
  setup.engine.learner.announce = options.announce;
  setup.engine.learner.policy = {options.deny, options.eui64, ReadResolvers(), options.bind};
  setup.engine.poll_interval = options.poll_interval;
  setup.engine.foreign_slaves = TakeForeignSlaves();
  setup.engine.parent_name = MakeInterfaceName(options.parent);
  setup.log_format = options.log_format;
  setup.frames = &frames;
  setup.ports = {links.port.get(), dumps.port.get(), notifications.port.get(), applier.get(),
                 hold.port.get()};
  setup.clock = &clock;
  setup.signal_fd = signal_fd;
  setup.seal = [&](const std::vector<int>& written) {
    SandboxRules rules = {written, {setup.ports.links->fd(), setup.ports.dumps->fd()}, true};
    if (applier != nullptr) rules.send_fds.push_back(applier->fd());
    int error = DetachStandardStreams();
    if (error == 0) error = EnterSandbox(rules);
#ifdef L3SYNC_HIJACKED
    if (error == 0) Hijack(sockets, links.port.get());
#endif
    return error;
  };
  const Worker::Outcome outcome = Worker::Run(setup);
  const int error = errno;
  if (applier != nullptr) applier->Finish(kTidyUpPatience);
  switch (outcome) {
    case Worker::Outcome::kStopped:
      return 0;
    case Worker::Outcome::kParentGone:
      return kExitOther;
    case Worker::Outcome::kApplierGone:
      return Fail(kExitOther,
                  "the applier is gone: nothing can be changed any more; start it again");
    case Worker::Outcome::kNoResources:
      break;
  }
  return Fail(kExitOther,
              absl::StrCat("cannot set up rings, loops and sandbox: ", strerror(error)));
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
  if (options.dry_run != (sockets.applier < 0)) {
    return Fail(kExitUsage,
                "give --dry-run to l3sync as well as to l3sync-open, or to neither: what changes "
                "something is started by l3sync-open");
  }
  if (options.announce && !options.dry_run && !sockets.may_announce) {
    return Fail(kExitUsage, "give --announce to l3sync-open as well, which lets it happen");
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
