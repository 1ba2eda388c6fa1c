#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <set>

#include "absl/time/time.h"

#include "tests/fakes/fake_rtnl_port.h"

namespace l3sync {

// The socket of an nfqueue, and the queue: it keeps packets until their verdict, and refuses one on
// what it does not keep. Thread-safe.
class FakeHoldPort : public RtnlPort {
 public:
  explicit FakeHoldPort(uint16_t number) : number_(number) {}

  // Returns the id. `packet` begins with the IP header.
  uint32_t Queue(const Bytes& packet);
  // The kernel had no room for the notification, and let the packet pass.
  void Overrun() { datagrams_.Overrun(); }
  void PushRaw(Bytes datagram) { datagrams_.Push(std::move(datagram)); }
  void RefuseSends(int count, int error);

  // NF_* by id.
  std::map<uint32_t, int> verdicts() const;
  size_t held() const;
  bool WaitForVerdict(uint32_t id, absl::Duration patience);

  int fd() const override { return datagrams_.fd(); }
  int Send(ByteSpan messages) override;
  int Receive(MutableByteSpan buffer, size_t* length) override {
    return datagrams_.Pop(buffer, length);
  }

 private:
  void Judge(uint32_t id, int verdict);

  const uint16_t number_;
  DatagramQueue datagrams_;
  mutable std::mutex mutex_;
  std::condition_variable judged_;
  std::set<uint32_t> held_;
  std::map<uint32_t, int> verdicts_;
  uint32_t last_id_ = 0;
  int refusals_ = 0;
  int refusal_error_ = 0;
};

}  // namespace l3sync
