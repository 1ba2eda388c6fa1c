#include "runtime/event_loop.h"

#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <utility>

namespace l3sync {
namespace {

bool AddToEpoll(int epoll_fd, int fd) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = fd;
  return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

// Readable when CLOCK_REALTIME jumps against CLOCK_MONOTONIC, which it does at each resume
// (timerfd_resume()) and when somebody sets it. The time itself never comes.
int OpenResumeFd() {
  const int fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
  itimerspec never{};
  never.it_value.tv_sec = std::numeric_limits<time_t>::max();
  if (fd >= 0) timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, nullptr);
  return fd;
}

void Clear(int timer_fd) {
  uint64_t expirations = 0;
  [[maybe_unused]] const ssize_t size = read(timer_fd, &expirations, sizeof(expirations));
}

}  // namespace

std::optional<EventLoop> EventLoop::Create(int stop_fd) {
  const int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  const int timer_fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
  const int resume_fd = OpenResumeFd();
  EventLoop loop(epoll_fd, timer_fd, resume_fd, stop_fd);
  if (epoll_fd < 0 || timer_fd < 0 || resume_fd < 0) return std::nullopt;
  for (const int fd : {timer_fd, resume_fd, stop_fd}) {
    if (!AddToEpoll(epoll_fd, fd)) return std::nullopt;
  }
  return loop;
}

EventLoop::EventLoop(int epoll_fd, int timer_fd, int resume_fd, int stop_fd)
    : epoll_fd_(epoll_fd), timer_fd_(timer_fd), resume_fd_(resume_fd), stop_fd_(stop_fd) {}

EventLoop::EventLoop(EventLoop&& other) noexcept
    : epoll_fd_(std::exchange(other.epoll_fd_, -1)),
      timer_fd_(std::exchange(other.timer_fd_, -1)),
      resume_fd_(std::exchange(other.resume_fd_, -1)),
      stop_fd_(other.stop_fd_),
      watched_(std::move(other.watched_)) {}

EventLoop::~EventLoop() {
  for (const int fd : {resume_fd_, timer_fd_, epoll_fd_}) {
    if (fd >= 0) close(fd);
  }
}

bool EventLoop::Watch(int fd, std::function<void()> on_readable) {
  if (!AddToEpoll(epoll_fd_, fd)) return false;
  watched_.push_back({fd, std::move(on_readable)});
  return true;
}

void EventLoop::SetWatched(int fd, bool is_watched) {
  for (Watched& watched : watched_) {
    if (watched.fd != fd || watched.is_watched == is_watched) continue;
    watched.is_watched = is_watched;
    epoll_event event{};
    event.events = is_watched ? static_cast<uint32_t>(EPOLLIN) : 0U;
    event.data.fd = fd;
    epoll_ctl(epoll_fd_, EPOLL_CTL_MOD, fd, &event);
  }
}

void EventLoop::SetTimer(MonotonicTime when, MonotonicTime now) {
  itimerspec setting{};  // all zeros: disarmed
  if (!when.is_never()) {
    // A deadline that has passed still needs a time in the future: zero would disarm.
    const MonotonicTime at = std::max(when, now + absl::Nanoseconds(1));
    setting.it_value = absl::ToTimespec(at.since_boot());
  }
  timerfd_settime(timer_fd_, TFD_TIMER_ABSTIME, &setting, nullptr);
}

void EventLoop::Run(const Clock& clock, const std::function<MonotonicTime()>& turn) {
  std::array<epoll_event, 16> events{};
  while (true) {
    SetTimer(turn(), clock.Now());
    const int count = epoll_wait(epoll_fd_, events.data(), static_cast<int>(events.size()), -1);
    if (count < 0 && errno != EINTR) return;
    for (int i = 0; i < count; ++i) {
      const int fd = events[static_cast<size_t>(i)].data.fd;
      if (fd == stop_fd_) return;
      if (fd == timer_fd_ || fd == resume_fd_) {
        Clear(fd);
        continue;
      }
      for (Watched& watched : watched_) {
        if (watched.fd == fd) watched.on_readable();
      }
    }
  }
}

}  // namespace l3sync
