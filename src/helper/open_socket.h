#pragma once

#include <string>

namespace l3sync {

// The ifindex of an Ethernet interface. Stops if `name` is none.
int OpenParent(const std::string& name);

// A packet socket that sees what MakePacketFilter(parent_ifindex) lets through, on every interface,
// and nothing else at any time: the filter is locked before the socket is bound. Close-on-exec.
int OpenCaptureSocket(int parent_ifindex);

// A packet socket to send with, that never receives. Close-on-exec.
int OpenDeliverSocket();

}  // namespace l3sync
