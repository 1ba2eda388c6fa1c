#pragma once

#include <cstdint>
#include <string>

namespace l3sync {

// The ifindex of an Ethernet interface. Stops if `name` is none.
int OpenParent(const std::string& name);

// A packet socket that sees what MakePacketFilter(parent_ifindex) lets through, on every interface,
// and nothing else at any time: the filter is locked before the socket is bound. Close-on-exec.
int OpenCaptureSocket(int parent_ifindex);

// A packet socket to send with, that never receives. `bypass`: what it sends on a slave no packet
// socket sees going out, so that it can't be taken for a guest's; nor does traffic control.
// Close-on-exec.
enum class Bypass { kNo, kYes };
// "l3sy": the firewall mark of what is sent so, by which rules on the slaves can tell it from what
// guests send (contrib/nftables).
inline constexpr uint32_t kDeliverMark = 0x6c337379;
int OpenDeliverSocket(Bypass bypass);

// An rtnetlink socket that subscribes to nothing yet, with the large buffer that only privilege
// gives. Close-on-exec.
int OpenNotificationSocket();

}  // namespace l3sync
