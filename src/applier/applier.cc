#include "applier/applier.h"

#include <signal.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

#include "applier/reply_injector.h"
#include "applier/reply_sender.h"
#include "applier/request_handler.h"
#include "netlink/mnl_port.h"
#include "runtime/clock.h"
#include "runtime/event_loop.h"
#include "sandbox/sandbox.h"

namespace l3sync {
namespace {

// Requests that one turn takes, so that the kernel's notifications get theirs.
constexpr int kMaxRequests = 64;

// What remains open of what the helper had.
void CloseAllBut(const ApplierSockets& sockets) {
  std::vector<int> kept = {STDIN_FILENO,   STDOUT_FILENO,    STDERR_FILENO, sockets.worker,
                           sockets.looped, sockets.injected, sockets.hold,  sockets.hold_table};
  std::sort(kept.begin(), kept.end());
  int next = 0;
  for (const int fd : kept) {
    if (fd < next) continue;
    if (fd > next)
      static_cast<void>(close_range(static_cast<unsigned>(next), static_cast<unsigned>(fd - 1), 0));
    next = fd + 1;
  }
  static_cast<void>(close_range(static_cast<unsigned>(next), ~0U, 0));
}

// Ends when the worker's socket does, and not before: what is sent to the whole group or service is
// for the worker.
void IgnoreSignals() {
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGPIPE}) {
    static_cast<void>(signal(number, SIG_IGN));
  }
}

// The worker's socket and what is done about it.
class Server {
 public:
  Server(int worker_fd, int stop_fd, RequestHandler* handler)
      : worker_fd_(worker_fd), stop_fd_(stop_fd), handler_(handler) {}

  void OnReadable(MonotonicTime now) {
    for (int i = 0; i < kMaxRequests; ++i) {
      const ssize_t size = recv(worker_fd_, buffer_.data(), buffer_.size(), MSG_TRUNC);
      const bool is_over = size == 0 || (size < 0 && errno == ECONNRESET);
      if (is_over) return Stop(0);
      if (size < 0) return;  // nothing now, or no memory for it
      const ByteSpan datagram =
          ByteSpan(buffer_).first(std::min(static_cast<size_t>(size), buffer_.size()));
      ByteSpan payload;
      const std::optional<ApplyRequest> request = static_cast<size_t>(size) <= buffer_.size()
                                                      ? ParseApplyRequest(datagram, &payload)
                                                      : std::nullopt;
      // Whoever sends this is not the worker that was started.
      if (!request) return Stop(EPROTO);
      const std::optional<ApplyAnswer> answer = handler_->Apply(*request, payload, now);
      if (answer && !Answer(*answer)) return Stop(0);
    }
  }

  int error() const { return error_; }

 private:
  // False: there is nobody any more. An answer that finds no room is lost, and the worker's
  // deadline ends the request: it has no more of them under way than its socket holds answers for.
  bool Answer(const ApplyAnswer& answer) {
    const ssize_t sent = send(worker_fd_, &answer, sizeof(answer), MSG_NOSIGNAL);
    return sent >= 0 || (errno != EPIPE && errno != ECONNRESET);
  }
  void Stop(int error) {
    error_ = error;
    static_cast<void>(eventfd_write(stop_fd_, 1));
  }

  const int worker_fd_;
  const int stop_fd_;
  RequestHandler* handler_;
  int error_ = 0;
  std::array<uint8_t, kMaxApplyDatagram> buffer_;
};

struct Ports {
  MnlPort::Opened requests = MnlPort::OpenRequestPort();
  MnlPort::Opened dumps = MnlPort::OpenRequestPort();
  MnlPort::Opened injection = MnlPort::OpenRequestPort();
  MnlPort::Opened notifications = MnlPort::OpenNotificationPort();
  MnlPort::Opened hold;

  int error() const {
    for (const auto* port : {&requests, &dumps, &injection, &notifications, &hold}) {
      if (port->error != 0) return port->error;
    }
    return 0;
  }
};

int Serve(const ApplierSockets& sockets, const ApplyRules& rules, Ports* ports, std::string* why) {
  const int stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  std::optional<EventLoop> loop = EventLoop::Create(stop_fd);
  if (stop_fd < 0 || !loop) {
    *why = absl::StrCat("can't set up: ", strerror(errno));
    return 1;
  }
  PacketReplySender looped(sockets.looped);
  PacketReplySender to_dummy(sockets.injected);
  ReplyInjector injector(ports->injection.port.get(), &to_dummy, rules.parent_ifindex);
  RequestHandler handler(
      {ports->requests.port.get(), ports->dumps.port.get(), ports->notifications.port.get(),
       &looped, &injector, ports->hold.port.get(), sockets.hold_number},
      rules);
  Server server(sockets.worker, stop_fd, &handler);
  const BootClock clock;
  const bool watched =
      loop->Watch(ports->notifications.port->fd(), [&] { handler.OnNotification(); }) &&
      loop->Watch(ports->dumps.port->fd(), [&] { handler.OnDump(clock.Now()); }) &&
      loop->Watch(sockets.worker, [&] { server.OnReadable(clock.Now()); });
  SandboxRules sandbox;
  sandbox.write_fds = {STDERR_FILENO, stop_fd};
  sandbox.send_fds = {sockets.worker,          sockets.looped,
                      sockets.injected,        ports->requests.port->fd(),
                      ports->dumps.port->fd(), ports->injection.port->fd()};
  if (sockets.hold >= 0) sandbox.send_fds.push_back(sockets.hold);
  const int error = watched ? EnterSandbox(sandbox) : errno;
  if (error != 0) {
    *why = absl::StrCat("can't lock itself in: ", strerror(error));
    return 1;
  }
  // The helper waits for this before it gives up its own power.
  const ApplyAnswer ready;
  static_cast<void>(send(sockets.worker, &ready, sizeof(ready), MSG_NOSIGNAL));
  // Nothing can be judged before the first dump: requests wait in their socket.
  loop->SetWatched(sockets.worker, false);
  loop->Run(clock, [&] {
    handler.Advance(clock.Now());
    loop->SetWatched(sockets.worker, handler.is_ready());
    return handler.NextDeadline();
  });
  handler.ReleaseHeld(clock.Now());
  if (server.error() != 0) {
    *why = "what the worker sends is no request: it is not served any more";
    return 1;
  }
  return 0;
}

}  // namespace

int RunApplier(const ApplierSockets& sockets, const ApplyRules& rules, std::string* error) {
  IgnoreSignals();
  static_cast<void>(prctl(PR_SET_NAME, "l3sync-applier", 0, 0, 0));
  CloseAllBut(sockets);
  if (const int failed = DetachStandardStreams(); failed != 0) {
    *error = absl::StrCat("/dev/null: ", strerror(failed));
    return 1;
  }
  Ports ports;
  if (sockets.hold >= 0) ports.hold = MnlPort::Adopt(sockets.hold);
  if (const int failed = ports.error(); failed != 0) {
    *error = absl::StrCat("can't open its netlink sockets: ", strerror(failed));
    return 1;
  }
  return Serve(sockets, rules, &ports, error);
}

}  // namespace l3sync
