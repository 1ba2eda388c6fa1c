#pragma once

#include <atomic>
#include <memory>

#include "applier/request_handler.h"
#include "apply/apply_port.h"
#include "tests/fakes/fake_kernel.h"
#include "tests/fakes/fake_rtnl_port.h"

namespace l3sync {

// The applier itself on a FakeKernel, without a process of its own: what is sent is done at once.
// Frames for slaves go to the kernel's deliveries. Used by one thread, but for the knobs.
class FakeApplier : public ApplyPort {
 public:
  // Takes its first dump here, so that faults of later dumps are the worker's to see.
  FakeApplier(FakeKernel* kernel, ApplyRules rules, RtnlPort* hold = nullptr,
              uint16_t hold_number = 0);

  int fd() const override { return answers_.fd(); }
  int Send(const ApplyRequest& request, ByteSpan payload) override;
  int Receive(ApplyAnswer* answer) override;

  // Faults, of the socket. The kernel's own are FakeKernel's.
  void LoseNextAnswer() { lose_answer_ = true; }
  void DuplicateNextAnswer() { duplicate_answer_ = true; }
  void RefuseSends(int count, int error);
  void Die();  // the process ended; any thread
  // Of frames for a slave whose port does not loop back.
  size_t injected() const { return injected_.count; }
  void FailInjections(int error) { injected_.error = error; }

 private:
  class Looped : public ReplySender {
   public:
    explicit Looped(FakeKernel* kernel) : kernel_(kernel) {}
    int Send(int32_t ifindex, ByteSpan frame) override {
      kernel_->SendDelivery(ifindex, frame);
      return 0;
    }

   private:
    FakeKernel* kernel_;
  };
  struct Injected : ReplySender {
    int Send(int32_t /*ifindex*/, ByteSpan /*frame*/) override {
      if (error == 0) ++count;
      return error;
    }
    std::atomic<int> error = 0;
    std::atomic<size_t> count = 0;
  };

  MonotonicTime Now();

  std::unique_ptr<RtnlPort> requests_, dumps_, notifications_;
  Looped looped_;
  Injected injected_;
  RequestHandler handler_;
  DatagramQueue answers_;
  std::atomic<bool> is_dead_ = false;
  bool lose_answer_ = false;
  bool duplicate_answer_ = false;
  std::atomic<int> refusals_ = 0;
  std::atomic<int> refusal_error_ = 0;
};

}  // namespace l3sync
