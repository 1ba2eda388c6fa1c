// l3sync-open: opens and locks the sockets, drops every privilege but the worker's, and becomes the
// worker. On any error: stop (helper/stop.h). The order is the point: nothing is received before
// the filter is locked, and nothing is run before the drop was looked at.

#include <cstdio>
#include <string>
#include <vector>

#include "helper/drop_privileges.h"
#include "helper/exec_worker.h"
#include "helper/identity.h"
#include "helper/open_hold.h"
#include "helper/open_socket.h"
#include "helper/options.h"
#include "helper/stop.h"

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
    "  --help       this text\n"
    "  --version    the version\n";

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
      {OpenCaptureSocket(parent_ifindex), "capture-" + std::to_string(parent_ifindex)}};
  if (!options->dry_run) {
    sockets.push_back({OpenDeliverSocket(), "deliver"});
  }
  if (options->hold) {
    // The queue first: a rule without one lets replies pass.
    const HoldSocket queue = OpenHoldQueue(parent_ifindex);
    sockets.push_back({queue.fd, "hold-queue-" + std::to_string(queue.number)});
    sockets.push_back({OpenHoldTable(options->parent, parent_ifindex, queue.number), "hold-table"});
  }
  DropPrivileges(identity, options->dry_run);
  ExecWorker(sockets, options->command, identity.name);
}
