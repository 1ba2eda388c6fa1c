#pragma once

#include <deque>
#include <memory>
#include <mutex>

#include "netlink/rtnl_port.h"
#include "tests/fakes/rtnl_encoding.h"

namespace l3sync {

class FakeKernel;

// Datagrams on their way to one port, and a descriptor that is readable while there are any, so
// that epoll works. Thread-safe: the kernel's side and the port's side may be different threads.
class DatagramQueue {
 public:
  DatagramQueue();
  ~DatagramQueue();
  DatagramQueue(const DatagramQueue&) = delete;
  DatagramQueue& operator=(const DatagramQueue&) = delete;

  int fd() const { return fd_; }
  void Push(Bytes datagram);
  // All that waits is lost, and Pop says so once with ENOBUFS.
  void Overrun();
  int Pop(MutableByteSpan buffer, size_t* length);

 private:
  void Signal();

  int fd_;  // an eventfd, owned
  std::mutex mutex_;
  bool is_overrun_ = false;
  std::deque<Bytes> datagrams_;
};

// A port of a FakeKernel, which outlives it.
class FakeRtnlPort : public RtnlPort {
 public:
  FakeRtnlPort(FakeKernel* kernel, uint32_t port_id, std::shared_ptr<DatagramQueue> queue)
      : kernel_(kernel), port_id_(port_id), queue_(std::move(queue)) {}

  int fd() const override { return queue_->fd(); }
  int Send(ByteSpan messages) override;
  int Receive(MutableByteSpan buffer, size_t* length) override {
    return queue_->Pop(buffer, length);
  }

 private:
  FakeKernel* kernel_;
  uint32_t port_id_;
  std::shared_ptr<DatagramQueue> queue_;
};

}  // namespace l3sync
