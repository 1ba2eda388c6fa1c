#include "capture/packet_socket.h"

#include <linux/if_packet.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>

namespace l3sync {
namespace {

int64_t BootTimeNs() {
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

std::optional<tpacket_auxdata> FindAuxdata(msghdr* message) {
  for (cmsghdr* control = CMSG_FIRSTHDR(message); control != nullptr;
       control = CMSG_NXTHDR(message, control)) {
    if (control->cmsg_level == SOL_PACKET && control->cmsg_type == PACKET_AUXDATA &&
        control->cmsg_len >= CMSG_LEN(sizeof(tpacket_auxdata))) {
      tpacket_auxdata auxdata{};
      std::memcpy(&auxdata, CMSG_DATA(control), sizeof auxdata);
      return auxdata;
    }
  }
  return std::nullopt;
}

}  // namespace

PacketSocket::~PacketSocket() { close(fd_); }

FrameSource::Outcome PacketSocket::Receive(MutableByteSpan buffer, FrameHeader* header,
                                           size_t* length) {
  sockaddr_ll address{};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(tpacket_auxdata))];
  iovec bytes{buffer.data(), buffer.size()};
  msghdr message{};
  ssize_t received = 0;
  do {
    message = {&address, sizeof address, &bytes, 1, control, sizeof control, 0};
    // MSG_TRUNC: the result is the frame's length, even if the buffer is shorter.
    received = recvmsg(fd_, &message, MSG_DONTWAIT | MSG_TRUNC);
  } while (received < 0 && errno == EINTR);
  if (received < 0) {
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return Outcome::kNothingNow;
    }
    error_ = errno;
    return Outcome::kError;
  }
  const std::optional<tpacket_auxdata> auxdata = FindAuxdata(&message);
  if (!auxdata) {
    // Without it a frame of another VLAN could not be told from one of ours.
    error_ = EPROTO;
    return Outcome::kError;
  }
  *header = {};
  header->ifindex = address.sll_ifindex;
  header->packet_type = static_cast<PacketType>(address.sll_pkttype);
  header->metadata.vlan_present = (auxdata->tp_status & TP_STATUS_VLAN_VALID) != 0;
  header->metadata.vlan_tci = auxdata->tp_vlan_tci;
  header->metadata.checksum_partial = (auxdata->tp_status & TP_STATUS_CSUMNOTREADY) != 0;
  // Not `received`: that is what the filter left of the frame.
  header->metadata.wire_length = auxdata->tp_len;
  header->receive_time_ns = BootTimeNs();
  *length = std::min(static_cast<size_t>(received), buffer.size());
  return Outcome::kFrame;
}

FrameSourceStats PacketSocket::TakeStats() {
  tpacket_stats stats{};
  socklen_t size = sizeof stats;
  // The kernel starts to count anew (packet_getsockopt()). An error leaves 0: nothing is known to
  // be lost.
  getsockopt(fd_, SOL_PACKET, PACKET_STATISTICS, &stats, &size);
  return {.dropped = stats.tp_drops};
}

}  // namespace l3sync
