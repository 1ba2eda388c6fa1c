#include "applier/reply_sender.h"

#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>

namespace l3sync {

PacketReplySender::~PacketReplySender() { close(fd_); }

int PacketReplySender::Send(int32_t ifindex, ByteSpan frame) {
  if (frame.size() < ETH_HLEN) return EINVAL;
  sockaddr_ll to{};
  to.sll_family = AF_PACKET;
  // The frame's own: ipvlan_get_L3_hdr() and the receivers of a multicast go by it.
  std::memcpy(&to.sll_protocol, frame.data() + offsetof(ethhdr, h_proto), sizeof(to.sll_protocol));
  to.sll_ifindex = ifindex;
  to.sll_halen = ETH_ALEN;
  std::copy_n(frame.begin(), ETH_ALEN, to.sll_addr);
  while (true) {
    const ssize_t sent = sendto(fd_, frame.data(), frame.size(), MSG_DONTWAIT,
                                reinterpret_cast<const sockaddr*>(&to), sizeof(to));
    if (sent >= 0) return 0;
    if (errno != EINTR) return errno;
  }
}

}  // namespace l3sync
