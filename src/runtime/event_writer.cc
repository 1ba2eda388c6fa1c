#include "runtime/event_writer.h"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "absl/time/clock.h"

namespace l3sync {
namespace {

// For a reader that is only behind, so that it finds out how it ended.
constexpr int kLastWordsMs = 1000;

}  // namespace

void EventWriter::RunUntilStopped(int stop_fd) {
  while (true) {
    std::array<pollfd, 3> fds{
        {{events_.doorbell().fd(), POLLIN, 0}, {signal_fd_, POLLIN, 0}, {stop_fd, POLLIN, 0}}};
    if (poll(fds.data(), fds.size(), -1) < 0 && errno != EINTR) return;
    events_.doorbell().Clear();
    while (const auto record = events_.Front()) {
      Event event;
      std::memcpy(static_cast<void*>(&event), record->data(), sizeof(event));
      events_.Pop();
      if (WaitUntilWritable(-1) == Waited::kStopped) return;
      Write(event);
    }
    if (fds[1].revents != 0 || fds[2].revents != 0) return;
  }
}

void EventWriter::Drain() {
  while (const auto record = events_.Front()) {
    Event event;
    std::memcpy(static_cast<void*>(&event), record->data(), sizeof(event));
    events_.Pop();
    Write(event);
  }
}

// A log pipe that nobody empties must not keep the program from being stopped.
EventWriter::Waited EventWriter::WaitUntilWritable(int timeout_ms) {
  while (true) {
    std::array<pollfd, 2> fds{{{fd_, POLLOUT, 0}, {signal_fd_, POLLIN, 0}}};
    if (poll(fds.data(), fds.size(), timeout_ms) < 0 && errno == EINTR) continue;
    return fds[0].revents != 0 ? Waited::kWritable : Waited::kStopped;
  }
}

void EventWriter::Write(const Event& event) {
  WriteLine(format_ == LogFormat::kJson ? FormatJson(event, absl::Now()) : FormatText(event));
}

void EventWriter::WriteStopped(const Event& event, const CounterList& counters) {
  pollfd room = {.fd = fd_, .events = POLLOUT, .revents = 0};
  static_cast<void>(poll(&room, 1, kLastWordsMs));
  WriteLine(format_ == LogFormat::kJson ? FormatStoppedJson(event, absl::Now(), counters)
                                        : FormatStoppedText(event, counters));
}

void EventWriter::WriteLine(std::string line) {
  std::array<pollfd, 1> fds{{{fd_, POLLOUT, 0}}};
  // A pipe that is writable has room for PIPE_BUF bytes (pipe(7)), which is more than an event is.
  if (poll(fds.data(), fds.size(), 0) != 1 || (fds[0].revents & POLLOUT) == 0) {
    ++lines_lost_;
    return;
  }
  line.push_back('\n');
  const ssize_t written = write(fd_, line.data(), line.size());
  if (written != static_cast<ssize_t>(line.size())) ++lines_lost_;
}

}  // namespace l3sync
