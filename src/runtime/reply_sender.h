#pragma once

#include <cstdint>

#include "wire/bytes.h"

namespace l3sync {

// Sends a frame on an interface; what the ipvlan port loops back to a slave. Used by the netlink
// thread only.
class ReplySender {
 public:
  virtual ~ReplySender() = default;
  // 0 or a positive errno. Never blocks.
  virtual int Send(int32_t ifindex, ByteSpan frame) = 0;
};

// Over a packet socket that was inherited for this; `fd` is owned.
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
