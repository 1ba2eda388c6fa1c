#include "netlink/ask_kernel.h"

#include <array>
#include <cerrno>

#include "netlink/rtnl_message.h"

namespace l3sync {

int AskKernel(RtnlPort* port, ByteSpan request, uint32_t sequence, LinkRecord* link) {
  if (const int error = port->Send(request); error != 0) return error;
  alignas(4) std::array<uint8_t, kNetlinkBufferSize> answer;
  while (true) {
    size_t length = 0;
    if (const int error = port->Receive(MutableByteSpan(answer), &length); error != 0) {
      return error == EAGAIN ? ETIMEDOUT : error;
    }
    MessageWalk walk(ByteSpan(answer).first(length));
    for (; walk.Current().has_value(); walk.Advance()) {
      const RtnlMessage message = *walk.Current();
      if (message.sequence != sequence) continue;  // late, to what was given up
      if (const auto error = ParseError(message); error.has_value()) return *error;
      if (link == nullptr) continue;
      if (const auto found = ParseLink(message); found.has_value()) *link = *found;
    }
  }
}

}  // namespace l3sync
