#pragma once

#include <cstdint>

#include "wire/bytes.h"

namespace l3sync {

// Sends a frame on a slave: a reply, which the ipvlan port loops back to the slave that has its
// address, or a multicast, which it passes on to the slave's siblings and the parent's wire
// (ipvlan_xmit_mode_l2()). Used by the applier only.
class ReplySender {
 public:
  virtual ~ReplySender() = default;
  // 0 or a positive errno. Never blocks.
  virtual int Send(int32_t ifindex, ByteSpan frame) = 0;
};

// Over a packet socket (helper/open_socket.h); `fd` is owned.
class PacketReplySender : public ReplySender {
 public:
  explicit PacketReplySender(int fd) : fd_(fd) {}
  PacketReplySender(const PacketReplySender&) = delete;
  PacketReplySender& operator=(const PacketReplySender&) = delete;
  ~PacketReplySender() override;
  int Send(int32_t ifindex, ByteSpan frame) override;

 private:
  int fd_;
};

}  // namespace l3sync
