// l3sync-open: opens and locks the sockets, leaves the applier behind, drops every privilege and
// becomes the worker. On any error: stop (helper/stop.h). The order is the point: nothing is
// received before the filter is locked, and nothing is run before the drop was looked at.

#include <cstdio>
#include <string>
#include <vector>

#include "helper/drop_privileges.h"
#include "helper/exec_worker.h"
#include "helper/identity.h"
#include "helper/open_hold.h"
#include "helper/open_socket.h"
#include "helper/options.h"
#include "helper/start_applier.h"
#include "helper/stop.h"
#include "netlink/mnl_port.h"
#include "netlink/namespace_scan.h"

namespace {

constexpr char kHelp[] =
    "\n"
    "Opens the sockets of l3sync for the ipvlan port of PARENT, drops privileges and runs "
    "COMMAND,\n"
    "as in \"l3sync-open eth0 -- l3sync eth0\". See l3sync-open(8).\n"
    "\n"
    "  --user=USER  who COMMAND runs as (l3sync)\n"
    "  --dry-run    COMMAND can look on, but change nothing\n"
    "  --hold       on a host that forwards: keep replies for guests from its stack\n"
    "What COMMAND can't do then, whatever becomes of it:\n"
    "  --deny=PREFIX[,PREFIX...]   give one of these addresses to a guest\n"
    "What it can do then:\n"
    "  --bind=SLAVE=ADDRESS[,...]  give a guest one of these that is a next hop of the host\n"
    "  --announce                  tell the network where an address is\n"
    "  --help       this text\n"
    "  --version    the version\n";

// How long to look through each other network namespace.
constexpr absl::Duration kScanPatience = absl::Seconds(1);

// The slaves in other network namespaces, "NETNSID:NAME" each. Here, because only CAP_NET_ADMIN may
// look there.
std::string NameForeignSlaves(int parent_ifindex) {
  const auto opened = l3sync::MnlPort::OpenRequestPort();
  std::string names;
  if (opened.error != 0) {
    return names;
  }
  for (const l3sync::ForeignSlave& slave :
       l3sync::FindSlavesInOtherNamespaces(opened.port.get(), parent_ifindex, kScanPatience)) {
    names += (names.empty() ? "" : " ") + std::to_string(slave.netnsid) + ":" +
             std::string(l3sync::NameView(slave.name));
  }
  return names;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace l3sync;

  OpenStandardStreams();
  std::string error;
  const auto options = ParseHelperOptions({argv + (argc > 0), argv + argc}, &error);
  if (!options) {
    Stop(kExitUsage, error + " (see l3sync-open --help)");
  }
  if (options->help) {
    std::printf("%s\n%s", kHelperUsage, kHelp);
    return 0;
  }
  if (options->version) {
    std::printf("l3sync-open %s\n", L3SYNC_VERSION);
    return 0;
  }

  const int parent_ifindex = OpenParent(options->parent);
  CheckPrivileges(options->dry_run);
  const Identity identity = ResolveIdentity(options->user);

  // The name tells the worker which parent's frames the filter admits.
  std::vector<HandedOver> sockets = {
      {OpenCaptureSocket(parent_ifindex), "capture-" + std::to_string(parent_ifindex)},
      {OpenNotificationSocket(), "notifications"}};
  SetVariable("L3SYNC_FOREIGN_SLAVES", NameForeignSlaves(parent_ifindex));
  if (!options->dry_run) {
    ApplierSockets own;
    own.looped = OpenDeliverSocket(Bypass::kYes);
    own.injected = OpenDeliverSocket(Bypass::kNo);
    if (options->hold) {
      // The queue first: a rule without one lets replies pass.
      const HoldSocket queue = OpenHoldQueue(parent_ifindex);
      own.hold = queue.fd;
      own.hold_number = queue.number;
      own.hold_table = OpenHoldTable(options->parent, parent_ifindex, queue.number);
      sockets.push_back({queue.fd, "hold-queue"});
    }
    const ApplyRules rules = {parent_ifindex, options->deny, options->bind, options->announce};
    sockets.push_back(
        {StartApplier(own, rules, identity), options->announce ? "applier-announce" : "applier"});
  }
  DropPrivileges(identity, Kept::kNothing);
  ExecWorker(sockets, options->command, identity.name);
}
