#include "apply/apply_socket.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace l3sync {

ApplySocket::~ApplySocket() { close(fd_); }

int ApplySocket::Send(const ApplyRequest& request, ByteSpan payload) {
  if (payload.size() > kMaxApplyPayload) return EMSGSIZE;
  std::array<uint8_t, kMaxApplyDatagram> datagram;
  std::memcpy(datagram.data(), &request, sizeof(request));
  std::copy(payload.begin(), payload.end(), datagram.begin() + sizeof(request));
  const ssize_t sent =
      send(fd_, datagram.data(), sizeof(request) + payload.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  return sent < 0 ? errno : 0;
}

int ApplySocket::Receive(ApplyAnswer* answer) {
  const ssize_t size = recv(fd_, answer, sizeof(*answer), MSG_DONTWAIT);
  if (size < 0) return errno == ECONNRESET ? EPIPE : errno;
  return size == sizeof(*answer) ? 0 : EPIPE;
}

void ApplySocket::Finish(absl::Duration patience) {
  static_cast<void>(shutdown(fd_, SHUT_WR));
  ApplyAnswer answer;
  while (Receive(&answer) != EPIPE) {
    pollfd waited = {.fd = fd_, .events = POLLIN, .revents = 0};
    if (poll(&waited, 1, static_cast<int>(absl::ToInt64Milliseconds(patience))) <= 0) return;
  }
}

}  // namespace l3sync
