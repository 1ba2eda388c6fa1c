#include "ring/doorbell.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <utility>

namespace l3sync {

std::optional<Doorbell> Doorbell::Create() {
  const int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (fd < 0) {
    return std::nullopt;
  }
  return Doorbell(fd);
}

Doorbell::Doorbell(Doorbell&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

Doorbell& Doorbell::operator=(Doorbell&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

Doorbell::~Doorbell() {
  if (fd_ >= 0) {
    close(fd_);
  }
}

// Neither result matters. write fails with EAGAIN only when the counter is at its maximum, and read
// only when it is 0: the doorbell then already is in the state that was asked for. eventfd_write()
// and eventfd_read() both take the counter's lock, so what happened before Ring is seen after the
// Clear that takes it.
void Doorbell::Ring() {
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(fd_, &one, sizeof one);
}

void Doorbell::Clear() {
  uint64_t rung = 0;
  [[maybe_unused]] const ssize_t taken = read(fd_, &rung, sizeof rung);
}

}  // namespace l3sync
