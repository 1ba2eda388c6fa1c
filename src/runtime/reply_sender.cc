#include "runtime/reply_sender.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace l3sync {

PacketReplySender::~PacketReplySender() { close(fd_); }

int PacketReplySender::Send(int32_t ifindex, ByteSpan frame) {
  sockaddr_ll to{};
  to.sll_family = AF_PACKET;
  to.sll_protocol = htons(ETH_P_IP);
  to.sll_ifindex = ifindex;
  to.sll_halen = ETH_ALEN;
  std::copy_n(frame.begin(), std::min<size_t>(frame.size(), ETH_ALEN), to.sll_addr);
  while (true) {
    const ssize_t sent = sendto(fd_, frame.data(), frame.size(), MSG_DONTWAIT,
                                reinterpret_cast<const sockaddr*>(&to), sizeof(to));
    if (sent >= 0) return 0;
    if (errno != EINTR) return errno;
  }
}

}  // namespace l3sync
