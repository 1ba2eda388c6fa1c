#pragma once

#include <optional>
#include <utility>

#include "wire/drop_reason.h"

namespace l3sync {

// A value that left the parser whole, or the one reason why there is none. No allocation of its
// own: hostile traffic makes the error path the hot path.
template <typename T>
class [[nodiscard]] Parsed {
 public:
  Parsed(T value) : value_(std::move(value)) {}        // NOLINT(google-explicit-constructor)
  Parsed(DropReason reason) : drop_reason_(reason) {}  // NOLINT(google-explicit-constructor)

  bool ok() const { return value_.has_value(); }
  const T& value() const { return *value_; }
  T& value() { return *value_; }
  const T* operator->() const { return &*value_; }
  const T& operator*() const { return *value_; }
  // Meaningful only if !ok().
  DropReason drop_reason() const { return drop_reason_; }

 private:
  std::optional<T> value_;
  DropReason drop_reason_{};
};

}  // namespace l3sync
