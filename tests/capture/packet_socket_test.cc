#include "capture/packet_socket.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/bpf/network_namespace.h"

namespace l3sync {
namespace {

using ::testing::ElementsAreArray;
using Outcome = FrameSource::Outcome;

constexpr int kFrameIsLostMs = 10'000;

// A veth from `near` to `far`; what is sent on far comes in on near.
void MakeInterfaces() {
  Shell("ip link add near type veth peer name far");
  BringUp({"near", "far"});
}

// Ready as the helper makes it, but for the filter, and bound to one interface.
int OpenBound(const std::string& interface, bool auxdata = true) {
  const int fd = socket(AF_PACKET, SOCK_RAW, 0);
  const int on = auxdata ? 1 : 0;
  EXPECT_EQ(setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &on, sizeof on), 0);
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_ALL);
  address.sll_ifindex = IfIndex(interface);
  EXPECT_EQ(bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  return fd;
}

// To every station, of no protocol that the kernel would answer; numbered.
std::vector<uint8_t> Frame(size_t length, const std::vector<uint8_t>& tag = {}) {
  std::vector<uint8_t> frame = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1};
  for (const uint8_t byte : tag) {
    frame.push_back(byte);
  }
  frame.push_back(0x88);  // IEEE 802 local experimental
  frame.push_back(0xb5);
  while (frame.size() < length) {
    frame.push_back(static_cast<uint8_t>(frame.size()));
  }
  return frame;
}

void Send(const std::string& interface, const std::vector<uint8_t>& frame) {
  const int fd = socket(AF_PACKET, SOCK_RAW, 0);
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_ifindex = IfIndex(interface);
  EXPECT_EQ(sendto(fd, frame.data(), frame.size(), 0, reinterpret_cast<const sockaddr*>(&address),
                   sizeof address),
            static_cast<ssize_t>(frame.size()));
  close(fd);
}

struct Received {
  Outcome outcome = Outcome::kEnd;
  FrameHeader header;
  std::vector<uint8_t> bytes;
};

Received Receive(PacketSocket& source, size_t room = kMaxFrameLength) {
  pollfd waiting = {source.fd(), POLLIN, 0};
  EXPECT_EQ(poll(&waiting, 1, kFrameIsLostMs), 1) << "no frame came";
  Received received;
  received.bytes.resize(room);
  size_t length = 0;
  received.outcome = source.Receive(absl::MakeSpan(received.bytes), &received.header, &length);
  received.bytes.resize(length);
  return received;
}

int64_t BootTimeNs() {
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

TEST(PacketSocketTest, ReceivesFrameWithItsMetadata) {
  RunInNetworkNamespace(Privilege::kAny, [] {
    MakeInterfaces();
    PacketSocket source(OpenBound("near"));
    const int64_t before = BootTimeNs();
    Send("far", Frame(100));
    const Received received = Receive(source);
    EXPECT_EQ(received.outcome, Outcome::kFrame);
    EXPECT_THAT(received.bytes, ElementsAreArray(Frame(100)));
    EXPECT_EQ(received.header.ifindex, IfIndex("near"));
    EXPECT_EQ(received.header.packet_type, PacketType::kBroadcast);
    EXPECT_FALSE(received.header.metadata.vlan_present);
    EXPECT_FALSE(received.header.metadata.checksum_partial);
    EXPECT_EQ(received.header.metadata.wire_length, 100u);
    EXPECT_GE(received.header.receive_time_ns, before);
    EXPECT_LE(received.header.receive_time_ns, BootTimeNs());
  });
}

TEST(PacketSocketTest, TellsOutgoingFromIncoming) {
  RunInNetworkNamespace(Privilege::kAny, [] {
    MakeInterfaces();
    PacketSocket source(OpenBound("near"));
    Send("near", Frame(60));
    EXPECT_EQ(Receive(source).header.packet_type, PacketType::kOutgoing);
  });
}

TEST(PacketSocketTest, C3_TellsTheTagThatTheKernelHasStripped) {
  RunInNetworkNamespace(Privilege::kAny, [] {
    MakeInterfaces();
    PacketSocket source(OpenBound("near"));
    Send("far", Frame(104, {0x81, 0x00, 0xe0, 0x05}));
    const Received received = Receive(source);
    EXPECT_TRUE(received.header.metadata.vlan_present);
    EXPECT_EQ(received.header.metadata.vlan_tci, 0xe005);
    EXPECT_EQ(received.bytes.size(), 100u);
    EXPECT_EQ(received.bytes[12], 0x88);  // the inner EtherType
  });
}

TEST(PacketSocketTest, C3_TellsAPriorityTag) {
  RunInNetworkNamespace(Privilege::kAny, [] {
    MakeInterfaces();
    PacketSocket source(OpenBound("near"));
    Send("far", Frame(104, {0x81, 0x00, 0x00, 0x00}));
    const Received received = Receive(source);
    EXPECT_TRUE(received.header.metadata.vlan_present);
    EXPECT_EQ(received.header.metadata.vlan_tci, 0);
  });
}

// A socket on this machine leaves the checksum to the veth, which passes it on unfinished.
TEST(PacketSocketTest, E2_TellsAPartialChecksum) {
  RunInNetworkNamespace(Privilege::kAny, [] {
    MakeInterfaces();
    Shell("ip address add 192.0.2.1/24 dev far");
    PacketSocket source(OpenBound("near"));
    const int udp = socket(AF_INET, SOCK_DGRAM, 0);
    const int on = 1;
    EXPECT_EQ(setsockopt(udp, SOL_SOCKET, SO_BROADCAST, &on, sizeof on), 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(68);
    to.sin_addr.s_addr = htonl(0xc00002ff);  // 192.0.2.255
    EXPECT_EQ(sendto(udp, "offer", 5, 0, reinterpret_cast<const sockaddr*>(&to), sizeof to), 5);
    EXPECT_TRUE(Receive(source).header.metadata.checksum_partial);
    close(udp);
  });
}

// Class A7: a frame of exactly the snap length is whole.
TEST(PacketSocketTest, FrameLongerThanTheBufferIsCutAndItsLengthTold) {
  RunInNetworkNamespace(Privilege::kAny, [] {
    MakeInterfaces();
    PacketSocket source(OpenBound("near"));
    for (const size_t size : {64u, 999u, 1000u, 1001u}) {
      Send("far", Frame(1000));
      const Received received = Receive(source, size);
      EXPECT_EQ(received.outcome, Outcome::kFrame);
      EXPECT_EQ(received.bytes.size(), std::min<size_t>(size, 1000));
      EXPECT_EQ(received.header.metadata.wire_length, 1000u);
    }
  });
}

TEST(PacketSocketTest, NothingNowDoesNotBlock) {
  RunInNetworkNamespace(Privilege::kAny, [] {
    MakeInterfaces();
    const int fd = OpenBound("near");
    EXPECT_EQ(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);  // whatever its mode
    PacketSocket source(fd);
    std::array<uint8_t, 64> buffer{};
    FrameHeader header;
    size_t length = 0;
    EXPECT_EQ(source.Receive(absl::MakeSpan(buffer), &header, &length), Outcome::kNothingNow);
  });
}

TEST(PacketSocketTest, InterfaceGoingDownIsAnErrorOnceAndNotTheEnd) {
  RunInNetworkNamespace(Privilege::kAny, [] {
    MakeInterfaces();
    PacketSocket source(OpenBound("near"));
    Shell("ip link set near down");
    EXPECT_EQ(Receive(source).outcome, Outcome::kError);
    EXPECT_EQ(source.error(), ENETDOWN);
    BringUp({"near", "far"});
    Send("far", Frame(60));
    EXPECT_EQ(Receive(source).outcome, Outcome::kFrame);
  });
}

TEST(PacketSocketTest, FrameWithoutAuxdataIsRefused) {
  RunInNetworkNamespace(Privilege::kAny, [] {
    MakeInterfaces();
    PacketSocket source(OpenBound("near", /*auxdata=*/false));
    Send("far", Frame(60));
    EXPECT_EQ(Receive(source).outcome, Outcome::kError);
    EXPECT_EQ(source.error(), EPROTO);
  });
}

// Class S7.
TEST(PacketSocketTest, C5_CountsWhatTheKernelDroppedSinceTheLastCall) {
  RunInNetworkNamespace(Privilege::kAny, [] {
    MakeInterfaces();
    const int fd = OpenBound("near");
    const int tiny = 0;  // the kernel makes it the least there is
    EXPECT_EQ(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &tiny, sizeof tiny), 0);
    PacketSocket source(fd);
    EXPECT_EQ(source.TakeStats().dropped, 0u);
    constexpr uint64_t kSent = 50;
    for (uint64_t i = 0; i < kSent; ++i) {
      Send("far", Frame(1000));
    }
    uint64_t received = 0;
    std::array<uint8_t, kMaxFrameLength> buffer{};
    FrameHeader header;
    size_t length = 0;
    while (source.Receive(absl::MakeSpan(buffer), &header, &length) == Outcome::kFrame) {
      ++received;
    }
    EXPECT_GT(received, 0u);
    EXPECT_LT(received, kSent);
    EXPECT_EQ(source.TakeStats().dropped, kSent - received);
    EXPECT_EQ(source.TakeStats().dropped, 0u);
  });
}

TEST(PacketSocketTest, ClosesItsDescriptor) {
  const int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
  { PacketSocket source(fd); }
  EXPECT_EQ(fcntl(fd, F_GETFD), -1);
}

}  // namespace
}  // namespace l3sync
