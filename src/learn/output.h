#pragma once

#include "learn/command.h"
#include "learn/event.h"
#include "wire/bytes.h"

namespace l3sync {

// Where the learner's decisions go. Implemented by the engine, and by the tests.
class Output {
 public:
  virtual ~Output() = default;
  virtual void Emit(const Event& event) = 0;
  // `frame` is empty but for kDeliverReply, and need not outlive the call. False: no room now; the
  // learner keeps what it wants and tries again.
  [[nodiscard]] virtual bool TrySend(const Command& command, ByteSpan frame) = 0;
};

}  // namespace l3sync
