#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "runtime/clock.h"

namespace l3sync {

// epoll, a timer and a way out, for one thread. Descriptors are level triggered and not owned.
// There is a turn also after the machine resumed from a suspend.
class EventLoop {
 public:
  // nullopt: errno says why. `stop_fd` ends Run() when it is readable; it is only looked at, so
  // that one eventfd may stop several loops.
  static std::optional<EventLoop> Create(int stop_fd);
  EventLoop(EventLoop&& other) noexcept;
  EventLoop& operator=(EventLoop&&) = delete;
  ~EventLoop();

  // Before Run. `on_readable` is called on the thread that runs the loop. False: errno says why.
  [[nodiscard]] bool Watch(int fd, std::function<void()> on_readable);
  // Stops and starts again to look at a watched descriptor, whose owner can't take more now.
  void SetWatched(int fd, bool is_watched);

  // Until stop_fd is readable. Each turn: what is readable, then `turn`, which returns when it must
  // be called again at the latest.
  void Run(const Clock& clock, const std::function<MonotonicTime()>& turn);

 private:
  EventLoop(int epoll_fd, int timer_fd, int resume_fd, int stop_fd);
  void SetTimer(MonotonicTime when, MonotonicTime now);

  int epoll_fd_;
  int timer_fd_;
  int resume_fd_;
  int stop_fd_;
  struct Watched {
    int fd;
    std::function<void()> on_readable;
    bool is_watched = true;
  };
  std::vector<Watched> watched_;
};

}  // namespace l3sync
