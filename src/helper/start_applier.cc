#include "helper/start_applier.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "apply/apply_request.h"
#include "helper/drop_privileges.h"
#include "helper/stop.h"

namespace l3sync {
namespace {

constexpr int kPatienceMs = 10000;

[[noreturn]] void BecomeApplier(const ApplierSockets& sockets, const ApplyRules& rules,
                                const Identity& identity) {
  DropPrivileges(identity, Kept::kNetAdmin);
  std::string error;
  const int status = RunApplier(sockets, rules, &error);
  if (status != 0) {
    Stop(status, "the applier: " + error);
  }
  _exit(0);  // what the parent's exit handlers would do is the parent's
}

}  // namespace

int StartApplier(ApplierSockets sockets, const ApplyRules& rules, const Identity& identity) {
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) != 0) {
    StopWithErrno("can't make the socket to the applier");
  }
  sockets.worker = ends[1];
  const pid_t child = fork();
  if (child < 0) {
    StopWithErrno("can't start the applier");
  }
  if (child == 0) {
    BecomeApplier(sockets, rules, identity);
  }
  close(ends[1]);
  pollfd waited = {.fd = ends[0], .events = POLLIN, .revents = 0};
  int came = 0;
  do {
    came = poll(&waited, 1, kPatienceMs);
  } while (came < 0 && errno == EINTR);
  ApplyAnswer ready;
  if (came != 1 || recv(ends[0], &ready, sizeof ready, 0) != sizeof ready) {
    Stop(kExitFailure, "the applier did not start");
  }
  for (const int fd : {sockets.looped, sockets.injected, sockets.hold_table}) {
    if (fd >= 0) {
      close(fd);
    }
  }
  return ends[0];
}

}  // namespace l3sync
