#include "tests/fakes/fake_rtnl_port.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "tests/fakes/fake_kernel.h"

namespace l3sync {

DatagramQueue::DatagramQueue() : fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}

DatagramQueue::~DatagramQueue() { close(fd_); }

void DatagramQueue::Push(Bytes datagram) {
  const std::lock_guard lock(mutex_);
  datagrams_.push_back(std::move(datagram));
  Signal();
}

void DatagramQueue::Overrun() {
  const std::lock_guard lock(mutex_);
  datagrams_.clear();
  is_overrun_ = true;
  Signal();
}

void DatagramQueue::Signal() {
  // The counter is far from full: Pop resets it.
  static_cast<void>(eventfd_write(fd_, 1));
}

int DatagramQueue::Pop(MutableByteSpan buffer, size_t* length) {
  const std::lock_guard lock(mutex_);
  int error = EAGAIN;
  if (std::exchange(is_overrun_, false)) {
    error = ENOBUFS;
  } else if (!datagrams_.empty()) {
    const Bytes& datagram = datagrams_.front();
    error = datagram.size() <= buffer.size() ? 0 : EMSGSIZE;
    if (error == 0) {
      std::copy(datagram.begin(), datagram.end(), buffer.begin());
      *length = datagram.size();
    }
    datagrams_.pop_front();
  }
  if (datagrams_.empty()) {
    eventfd_t count;
    static_cast<void>(eventfd_read(fd_, &count));
  }
  return error;
}

int FakeRtnlPort::Send(ByteSpan messages) {
  return kernel_->Send(port_id_, messages, queue_.get());
}

}  // namespace l3sync
