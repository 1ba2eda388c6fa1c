#pragma once

#include "absl/time/time.h"

#include "apply/apply_port.h"

namespace l3sync {

// Over the SOCK_SEQPACKET socket that l3sync-open hands over; `fd` is owned.
class ApplySocket : public ApplyPort {
 public:
  explicit ApplySocket(int fd) : fd_(fd) {}
  ApplySocket(const ApplySocket&) = delete;
  ApplySocket& operator=(const ApplySocket&) = delete;
  ~ApplySocket() override;

  int fd() const override { return fd_; }
  int Send(const ApplyRequest& request, ByteSpan payload) override;
  int Receive(ApplyAnswer* answer) override;

  // Tells the applier that there is no more, and waits until it has tidied up and is gone, or for
  // `patience`.
  void Finish(absl::Duration patience);

 private:
  int fd_;
};

}  // namespace l3sync
