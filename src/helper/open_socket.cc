#include "helper/open_socket.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "bpf/packet_filter.h"
#include "helper/stop.h"
#include "netlink/mnl_port.h"

namespace l3sync {
namespace {

// The default of 208 KiB holds 167 DHCP frames; 2000 at once, from as many guests that a host
// starts, fit in this. The kernel doubles it, for its own bookkeeping (socket(7)).
constexpr int kReceiveBuffer = 4 << 20;

template <typename T>
void SetOption(int fd, int level, int option, const T& value, const char* what) {
  if (setsockopt(fd, level, option, &value, sizeof value) != 0) {
    StopWithErrno(what);
  }
}

// Protocol 0: it receives nothing before bind(), so that no frame can come past the filter.
int OpenPacketSocket() {
  const int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0 && errno == EPERM) {
    Stop(kExitNoPermission,
         "no permission to open a packet socket (CAP_NET_RAW); start it as root");
  }
  if (fd < 0) {
    StopWithErrno("can't open a packet socket");
  }
  return fd;
}

void SetReceiveBuffer(int fd) {
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &kReceiveBuffer, sizeof kReceiveBuffer) == 0) {
    return;
  }
  if (errno != EPERM) {
    StopWithErrno("SO_RCVBUFFORCE");
  }
  SetOption(fd, SOL_SOCKET, SO_RCVBUF, kReceiveBuffer, "SO_RCVBUF");
  int size = 0;
  socklen_t length = sizeof size;
  if (getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, &length) != 0) {
    StopWithErrno("SO_RCVBUF");
  }
  size /= 2;
  if (size < kReceiveBuffer) {
    Warn(
        "no permission to force the receive buffer (in a user namespace, or without "
        "CAP_NET_ADMIN): " +
        std::to_string(size) + " bytes, not " + std::to_string(kReceiveBuffer) +
        "; a higher net.core.rmem_max helps");
  }
}

void LockFilter(int fd, std::vector<sock_filter> filter) {
  const sock_fprog program = {static_cast<unsigned short>(filter.size()), filter.data()};
  SetOption(fd, SOL_SOCKET, SO_ATTACH_FILTER, program, "SO_ATTACH_FILTER");
  // From now on nobody changes or removes it, root neither (sk_detach_filter()).
  SetOption(fd, SOL_SOCKET, SO_LOCK_FILTER, 1, "SO_LOCK_FILTER");
}

}  // namespace

int OpenParent(const std::string& name) {
  const unsigned ifindex = if_nametoindex(name.c_str());
  if (ifindex == 0 && (errno == ENODEV || errno == ENXIO)) {
    Stop(kExitFailure, name + ": no such interface; \"ip link\" lists them");
  }
  if (ifindex == 0) {
    StopWithErrno(name);
  }
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);  // any socket answers it
  ifreq request{};
  name.copy(request.ifr_name, IFNAMSIZ - 1);
  if (fd < 0 || ioctl(fd, SIOCGIFHWADDR, &request) != 0) {
    StopWithErrno(name);
  }
  close(fd);
  if (request.ifr_hwaddr.sa_family != ARPHRD_ETHER) {
    Stop(kExitFailure, name + ": not an Ethernet interface; name the parent of the ipvlan slaves");
  }
  return static_cast<int>(ifindex);
}

int OpenCaptureSocket(int parent_ifindex) {
  const int fd = OpenPacketSocket();
  SetReceiveBuffer(fd);
  // The only place where a stripped VLAN tag and a checksum that is not ready are told.
  SetOption(fd, SOL_PACKET, PACKET_AUXDATA, 1, "PACKET_AUXDATA");
  LockFilter(fd, MakePacketFilter(parent_ifindex));
  // ETH_P_ALL: no other protocol sees frames that go out, or that ipvlan takes. Interface 0: all,
  // slaves to come too.
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_ALL);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    StopWithErrno("can't bind the packet socket");
  }
  return fd;
}

int OpenDeliverSocket(Bypass bypass) {
  const int fd = OpenPacketSocket();
  if (bypass == Bypass::kYes) {
    SetOption(fd, SOL_PACKET, PACKET_QDISC_BYPASS, 1, "PACKET_QDISC_BYPASS");
  }
  SetOption(fd, SOL_SOCKET, SO_MARK, kDeliverMark, "SO_MARK");
  // It is never bound, but whoever has it could bind it.
  LockFilter(fd, MakeRejectAllFilter());
  return fd;
}

int OpenNotificationSocket() {
  const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
  if (fd < 0) {
    StopWithErrno("can't open an rtnetlink socket");
  }
  // A smaller one only makes losses, which are repaired, more frequent.
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &kNotificationBufferSize,
                 sizeof kNotificationBufferSize) != 0) {
    SetOption(fd, SOL_SOCKET, SO_RCVBUF, kNotificationBufferSize, "SO_RCVBUF");
  }
  return fd;
}

}  // namespace l3sync
