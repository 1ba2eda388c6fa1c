// The wiring diagram: which thread owns which end of which ring.
//
//   capture --frames--> engine --commands--> netlink
//                         ^  \--events--> main (log)
//                         +-----kernel------ netlink
#include "runtime/worker.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"

#include "ring/message_ring.h"
#include "runtime/capture_thread.h"

namespace l3sync {
namespace {

// A burst of 500 guests' DISCOVERs, and as much again.
constexpr size_t kFramesCapacity = size_t{4} << 20;
constexpr size_t kCommandsCapacity = size_t{1} << 20;
// A dump of 4000 slaves with 8 addresses each, if the engine reads nothing meanwhile.
constexpr size_t kKernelCapacity = size_t{8} << 20;
constexpr size_t kEventsCapacity = size_t{1} << 20;

void Stop(int stop_fd) {
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t size = write(stop_fd, &one, sizeof(one));
}

// What was counted, but for what is 0.
CounterList CountersOf(const CaptureThread& capture, Engine& engine, const NetlinkThread& netlink,
                       const EventWriter& writer) {
  CounterList list;
  const auto add = [&](std::string_view group, std::string_view name, uint64_t value) {
    if (value != 0)
      list.emplace_back(absl::StrCat(std::string(group), "_", std::string(name)), value);
  };
  add("frames", "received", capture.counters().frames);
  add("frames", "ring_full", capture.counters().ring_full);
  add("frames", "socket_dropped", capture.counters().socket_dropped);
  add("frames", "receive_errors", capture.counters().errors);
  add("frames", "truncated", engine.counters().truncated);
  for (size_t i = 0; i < kDropReasonCount; ++i) {
    add("dropped", DropReasonName(static_cast<DropReason>(i)), engine.counters().dropped[i]);
  }
  for (size_t i = 0; i < kIgnoreReasonCount; ++i) {
    add("ignored", IgnoreReasonName(static_cast<IgnoreReason>(i)), engine.ignored()[i]);
  }
  const NetlinkThread::Counters counters = netlink.counters();
  add("netlink", "answered", counters.requests.answered);
  add("netlink", "timeouts", counters.requests.timeouts);
  add("netlink", "overruns", counters.notifications.overruns);
  add("netlink", "local_route_errors", counters.requests.local_route_errors);
  add("netlink", "dumps", counters.dumps.completed);
  add("netlink", "dumps_failed", counters.dumps.failed);
  add("replies", "sent", counters.replies.frames);
  add("replies", "errors", counters.replies.errors);
  add("probes", "sent", counters.probes.frames);
  add("probes", "errors", counters.probes.errors);
  add("announcements", "sent", counters.announcements.frames);
  add("announcements", "errors", counters.announcements.errors);
  add("held", "dropped", engine.held().dropped);
  add("held", "released", engine.held().released + counters.hold.overflows);
  add("held", "overruns", counters.hold.overruns);
  add("held", "errors", counters.hold.errors + counters.hold.broken_messages);
  add("events", "lost", engine.counters().events_lost + writer.lines_lost());
  return list;
}

}  // namespace

Worker::Outcome Worker::Run(const WorkerSetup& setup) {
  const int stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (stop_fd < 0) return Outcome::kNoResources;
  absl::Cleanup close_stop = [stop_fd] { close(stop_fd); };
  auto frames = MessageRing::Create(kFramesCapacity);
  auto commands = MessageRing::Create(kCommandsCapacity);
  auto kernel = MessageRing::Create(kKernelCapacity);
  auto events = MessageRing::Create(kEventsCapacity);
  auto capture_loop = EventLoop::Create(stop_fd);
  auto engine_loop = EventLoop::Create(stop_fd);
  auto netlink_loop = EventLoop::Create(stop_fd);
  if (!frames || !commands || !kernel || !events || !capture_loop || !engine_loop ||
      !netlink_loop) {
    return Outcome::kNoResources;
  }

  const std::vector<int> written = {setup.log_fd,
                                    stop_fd,
                                    frames->consumer.doorbell().fd(),
                                    commands->consumer.doorbell().fd(),
                                    kernel->consumer.doorbell().fd(),
                                    events->consumer.doorbell().fd()};
  if (setup.seal) {
    if (const int error = setup.seal(written); error != 0) {
      errno = error;
      return Outcome::kNoResources;
    }
  }

  CaptureThread capture(setup.frames, std::move(frames->producer), setup.clock);
  Engine engine(setup.engine,
                {std::move(frames->consumer), std::move(kernel->consumer),
                 std::move(commands->producer), std::move(events->producer)},
                setup.clock, [stop_fd] { Stop(stop_fd); });
  NetlinkThread netlink(setup.ports, std::move(commands->consumer), std::move(kernel->producer),
                        setup.clock, [stop_fd] { Stop(stop_fd); });
  EventWriter writer(std::move(events->consumer), setup.log_fd, setup.signal_fd, setup.log_format);

  std::thread netlink_thread([&] { netlink.Run(std::move(*netlink_loop)); });
  std::thread engine_thread([&] { engine.Run(std::move(*engine_loop)); });
  std::thread capture_thread([&] { capture.Run(std::move(*capture_loop)); });
  writer.RunUntilStopped(stop_fd);
  Stop(stop_fd);
  capture_thread.join();
  engine_thread.join();
  netlink_thread.join();

  writer.Drain();
  Event stopped;
  stopped.kind = EventKind::kStopped;
  stopped.ifindex = setup.engine.learner.parent_ifindex;
  stopped.name = setup.engine.parent_name;
  stopped.dry_run = setup.engine.learner.dry_run;
  writer.WriteStopped(stopped, CountersOf(capture, engine, netlink, writer));
  if (engine.parent_is_gone()) return Outcome::kParentGone;
  return netlink.applier_is_gone() ? Outcome::kApplierGone : Outcome::kStopped;
}

}  // namespace l3sync
