#include "tests/fakes/fake_applier.h"

#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "runtime/clock.h"

namespace l3sync {

FakeApplier::FakeApplier(FakeKernel* kernel, ApplyRules rules, RtnlPort* hold, uint16_t hold_number)
    : requests_(kernel->OpenRequestPort()),
      dumps_(kernel->OpenRequestPort()),
      notifications_(kernel->OpenNotificationPort()),
      looped_(kernel),
      handler_({requests_.get(), dumps_.get(), notifications_.get(), &looped_, &injected_, hold,
                hold_number},
               std::move(rules)) {
  handler_.Advance(Now());
  while (!handler_.is_ready()) handler_.OnDump(Now());
}

MonotonicTime FakeApplier::Now() { return BootClock().Now(); }

int FakeApplier::Send(const ApplyRequest& request, ByteSpan payload) {
  if (is_dead_) return EPIPE;
  if (refusals_ > 0) {
    --refusals_;
    return refusal_error_;
  }
  handler_.OnDump(Now());
  const std::optional<ApplyAnswer> answer = handler_.Apply(request, payload, Now());
  if (!answer || std::exchange(lose_answer_, false)) return 0;
  const auto* bytes = reinterpret_cast<const uint8_t*>(&*answer);
  for (int copies = std::exchange(duplicate_answer_, false) ? 2 : 1; copies > 0; --copies) {
    answers_.Push({bytes, bytes + sizeof(*answer)});
  }
  return 0;
}

void FakeApplier::RefuseSends(int count, int error) {
  refusal_error_ = error;
  refusals_ = count;
}

int FakeApplier::Receive(ApplyAnswer* answer) {
  if (is_dead_) return EPIPE;
  size_t length = 0;
  return answers_.Pop({reinterpret_cast<uint8_t*>(answer), sizeof(*answer)}, &length);
}

void FakeApplier::Die() {
  is_dead_ = true;
  answers_.Push({});
}

}  // namespace l3sync
