#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "ring/message_ring.h"
#include "runtime/event_format.h"

namespace l3sync {

// Writes the events of one ring to a descriptor, a line each, until a signal comes. The main
// thread's: a reader of the log that is slow delays nothing but the log, and one that is gone does
// no harm.
class EventWriter {
 public:
  // `fd` and `signal_fd` are not owned.
  EventWriter(MessageRing::Consumer events, int fd, int signal_fd, LogFormat format)
      : events_(std::move(events)), fd_(fd), signal_fd_(signal_fd), format_(format) {}

  // Until `signal_fd` or `stop_fd` is readable.
  void RunUntilStopped(int stop_fd);
  // Writes what is left; not more than what the descriptor takes at once.
  void Drain();
  void Write(const Event& event);
  // The last event, and what was counted.
  void WriteStopped(const Event& event, const CounterList& counters);

  uint64_t lines_lost() const { return lines_lost_; }

 private:
  enum class Waited : uint8_t { kWritable, kStopped };
  Waited WaitUntilWritable(int timeout_ms);
  void WriteLine(std::string line);

  MessageRing::Consumer events_;
  int fd_;
  int signal_fd_;
  LogFormat format_;
  uint64_t lines_lost_ = 0;
};

}  // namespace l3sync
