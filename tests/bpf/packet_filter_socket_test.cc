// The filter on a real packet socket: `parent` is one end of a veth, whose other end is the
// router's; `slave` stands for an ipvlan slave. What needs ipvlan itself is netns-harness's.

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "bpf/packet_filter.h"
#include "tests/bpf/filter_frames.h"
#include "tests/bpf/network_namespace.h"

namespace l3sync {
namespace {

using ::testing::ElementsAre;

constexpr int kFrameIsLostMs = 10'000;

int OpenFiltered(std::vector<sock_filter> filter) {
  const int fd = socket(AF_PACKET, SOCK_RAW, 0);
  EXPECT_GE(fd, 0);
  const sock_fprog program = {static_cast<unsigned short>(filter.size()), filter.data()};
  EXPECT_EQ(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program), 0);
  const int one = 1;
  EXPECT_EQ(setsockopt(fd, SOL_SOCKET, SO_LOCK_FILTER, &one, sizeof one), 0);
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_ALL);
  EXPECT_EQ(bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  return fd;
}

class Sender {
 public:
  void Send(const std::string& interface, const Bytes& frame) {
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_ifindex = IfIndex(interface);
    EXPECT_EQ(sendto(fd_, frame.data(), frame.size(), 0,
                     reinterpret_cast<const sockaddr*>(&address), sizeof address),
              static_cast<ssize_t>(frame.size()))
        << interface;
  }

 private:
  const int fd_ = socket(AF_PACKET, SOCK_RAW, 0);
};

// Interface, packet type and length of each frame up to the one of `last` bytes.
std::vector<std::string> ReadUpTo(int fd, size_t last) {
  std::vector<std::string> seen;
  while (true) {
    pollfd waiting = {fd, POLLIN, 0};
    if (poll(&waiting, 1, kFrameIsLostMs) != 1) {
      ADD_FAILURE() << "the last frame did not come";
      return seen;
    }
    Bytes frame(2048);
    sockaddr_ll address{};
    socklen_t size = sizeof address;
    const ssize_t length =
        recvfrom(fd, frame.data(), frame.size(), 0, reinterpret_cast<sockaddr*>(&address), &size);
    if (length == static_cast<ssize_t>(last)) {
      return seen;
    }
    const std::string interface = address.sll_ifindex == IfIndex("parent")  ? "parent"
                                  : address.sll_ifindex == IfIndex("slave") ? "slave"
                                                                            : "other";
    seen.push_back(interface + " " + std::to_string(address.sll_pkttype) + " " +
                   std::to_string(length));
  }
}

void MakeInterfaces() {
  Shell("ip link add parent address 02:4c:33:00:00:aa type veth peer name router");
  Shell("ip link add slave address 02:4c:33:00:00:aa type veth peer name port");
  BringUp({"parent", "router", "slave", "port"});
}

// `router` and `port` are in the same namespace, so the socket sees both ends of each frame: the
// filter decides about each. C1, C2, F14: a socket of all protocols sees what goes out on a slave.
TEST(PacketFilterSocketTest, KernelAdmitsWhatTheInterpreterDoes) {
  RunInNetworkNamespace(Privilege::kAny, [] {
    MakeInterfaces();
    const int fd = OpenFiltered(MakePacketFilter(IfIndex("parent")));
    Sender sender;
    // Not to be seen where they come in.
    sender.Send("parent", Discover() + Bytes(1));
    sender.Send("router", Offer(kShared, kShared) + Bytes(4));
    sender.Send("router", Offer(kBroadcastMac, kBroadcastMac) + Bytes(5));
    sender.Send("router", Offer(kRouter, kMulticastMac) + Bytes(6));
    sender.Send("router",
                Ethernet(kShared, kRouter, 0x8100, Be16(5) + Be16(0x0800) + Dhcp4ToClient()));
    sender.Send("slave",
                Ethernet(kBroadcastMac, kShared, 0x8100, Be16(0) + Be16(0x0800) + Dhcp4ToServer()));
    sender.Send("port", Offer(kShared) + Bytes(7));
    sender.Send("parent", Arp(kBroadcastMac, kShared) + Bytes(8));
    sender.Send("port", Arp(kBroadcastMac, kRouter) + Bytes(9));
    // One copy of each.
    sender.Send("slave", Discover() + Bytes(11));
    sender.Send("router", Offer() + Bytes(12));
    sender.Send("router", Offer(kBroadcastMac) + Bytes(13));
    sender.Send("router", Advertisement() + Bytes(14));
    sender.Send("router", Ethernet(kShared, kRouter, 0x8100,
                                   Be16(0xe000) + Be16(0x0800) + Dhcp4ToClient() + Bytes(15)));
    sender.Send("slave", Nd(kMulticastMac, kShared, 133) + Bytes(16));
    sender.Send("slave", Arp(kBroadcastMac, kShared) + Bytes(17));
    sender.Send("router", Arp(kBroadcastMac, kRouter) + Bytes(18));
    // Forged: evidence.
    sender.Send("slave", Offer() + Bytes(19));
    sender.Send("slave", Advertisement() + Bytes(20));
    sender.Send(
        "slave",
        Ethernet(kRouter, kShared, 0x8100, Be16(0) + Be16(0x0800) + Dhcp4ToClient()) + Bytes(21));
    sender.Send("router", Offer() + Bytes(99));  // the last

    const size_t dhcp = Offer().size(), nd = Advertisement().size(),
                 arp = Arp(kShared, kRouter).size();
    const auto seen = [](const std::string& where, size_t length) {
      return where + " " + std::to_string(length);
    };
    // What the router sends goes out on its own end first, which to the filter is one more slave.
    EXPECT_THAT(
        ReadUpTo(fd, dhcp + 99),
        ElementsAre(
            seen("other 4", dhcp + 4), seen("other 4", dhcp + 5), seen("other 4", dhcp + 6),
            seen("other 4", dhcp + 4), seen("other 4", dhcp + 7), seen("other 4", arp + 9),
            seen("slave 4", dhcp + 11), seen("other 4", dhcp + 12), seen("parent 0", dhcp + 12),
            seen("other 4", dhcp + 13), seen("parent 1", dhcp + 13), seen("other 4", nd + 14),
            seen("parent 2", nd + 14), seen("other 4", dhcp + 4 + 15), seen("parent 0", dhcp + 15),
            seen("slave 4", nd + 16), seen("slave 4", arp + 17), seen("other 4", arp + 18),
            seen("parent 1", arp + 18), seen("slave 4", dhcp + 19), seen("slave 4", nd + 20),
            seen("slave 4", dhcp + 4 + 21)));
    close(fd);
  });
}

TEST(PacketFilterSocketTest, RejectAllFilterReceivesNothingAfterBind) {
  RunInNetworkNamespace(Privilege::kAny, [] {
    MakeInterfaces();
    const int fd = OpenFiltered(MakeRejectAllFilter());
    const int control = OpenFiltered(MakePacketFilter(IfIndex("parent")));
    Sender sender;
    sender.Send("slave", Discover());
    sender.Send("router", Offer() + Bytes(99));
    ReadUpTo(control, Offer().size() + 99);
    uint8_t byte = 0;
    EXPECT_EQ(recv(fd, &byte, 1, MSG_DONTWAIT), -1);
    EXPECT_EQ(errno, EAGAIN);
    close(control);
    close(fd);
  });
}

}  // namespace
}  // namespace l3sync
