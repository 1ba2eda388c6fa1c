#pragma once

#include <optional>

namespace l3sync {

// An eventfd that wakes the consumer of a ring. The consumer waits on fd(), calls Clear(), and only
// then drains the ring until it is empty: a record that comes after the last look finds the ring
// empty and rings again.
class Doorbell {
 public:
  static std::optional<Doorbell> Create();  // nullopt: errno says why
  Doorbell(Doorbell&& other) noexcept;
  Doorbell& operator=(Doorbell&& other) noexcept;
  ~Doorbell();

  int fd() const { return fd_; }  // owned; readable after Ring until Clear
  void Ring();                    // any thread; never blocks
  void Clear();                   // consumer only; never blocks

 private:
  explicit Doorbell(int fd) : fd_(fd) {}
  int fd_ = -1;
};

}  // namespace l3sync
