#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "runtime/worker.h"
#include "tests/fakes/fake_applier.h"
#include "tests/fakes/fake_hold_port.h"
#include "tests/fakes/fake_kernel.h"
#include "tests/runtime/fake_frame_source.h"

namespace l3sync {

// A whole worker, with its threads, on a fake kernel with the parent h0 and the slaves t0 and t1,
// and with its log read by a thread of its own.
class WorkerBed {
 public:
  static constexpr absl::Duration kPatience = absl::Seconds(30);  // for events; never waited out

  explicit WorkerBed(bool dry_run = false);
  ~WorkerBed();
  WorkerBed(const WorkerBed&) = delete;
  WorkerBed& operator=(const WorkerBed&) = delete;

  // Starts the threads and returns when the log says "ready".
  void Start();
  // As SIGTERM does; returns what Worker::Run returned.
  Worker::Outcome Stop();
  Worker::Outcome WaitForEnd();

  // True when `count` lines of the log hold all of `words`, at the latest after kPatience.
  bool WaitForLine(const std::vector<std::string>& words, int count = 1);
  // Now.
  int CountLines(const std::vector<std::string>& words);

  // DHCPv4 of the guest on `slave`, and of the server.
  void Discover(int32_t slave, uint32_t xid);
  void Request(int32_t slave, uint32_t xid, const IpAddress& address);
  void Release(int32_t slave, const IpAddress& address);
  void Offer(uint32_t xid, const IpAddress& address);
  void Ack(uint32_t xid, const IpAddress& address, uint32_t lease_sec);
  // An OFFER that the guest on `slave` sends to VLAN 5.
  void ForgeTagged(int32_t slave, const IpAddress& address);

  // The machine was suspended for that long: the clock went on, and the kernel's lifetimes did not.
  // Seen with the next frame.
  void Suspend(absl::Duration time) { clock_.slept += absl::ToInt64Nanoseconds(time); }

  // To where the port does not loop back.
  size_t injected() const { return applier_->injected(); }
  void FailInjections(int error) { applier_->FailInjections(error); }
  FakeApplier& applier() { return *applier_; }

  FakeKernel kernel;
  FakeFrameSource frames;
  int32_t parent = 0;
  int32_t t0 = 0;
  int32_t t1 = 0;
  EngineOptions options;
  static constexpr uint16_t kHoldNumber = 50002;
  FakeHoldPort hold{kHoldNumber};  // used if has_hold is set before Start()
  bool has_hold = false;

 private:
  class SuspendedClock : public BootClock {
   public:
    MonotonicTime Now() const override {
      return BootClock::Now() + absl::Nanoseconds(slept.load());
    }
    absl::Duration Slept() const override {
      return BootClock::Slept() + absl::Nanoseconds(slept.load());
    }
    std::atomic<int64_t> slept = 0;
  };
  void ReadLog();
  void PushClient(int32_t slave, uint32_t xid, std::vector<uint8_t> options,
                  const IpAddress& ciaddr);
  void PushServer(uint32_t xid, const IpAddress& address, std::vector<uint8_t> options);

  std::unique_ptr<RtnlPort> links_, dumps_, notifications_;
  std::unique_ptr<FakeApplier> applier_;
  SuspendedClock clock_;
  int signal_fd_;
  int log_read_fd_ = -1;
  int log_write_fd_ = -1;
  std::thread worker_;
  std::thread log_reader_;
  Worker::Outcome outcome_{};
  std::mutex mutex_;
  std::condition_variable new_line_;
  std::vector<std::string> lines_;
};

}  // namespace l3sync
