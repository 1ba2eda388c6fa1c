#pragma once

#include <cstddef>
#include <cstdint>
#include <variant>
#include <vector>

#include "learn/kernel_record.h"
#include "netlink/record_sink.h"

namespace l3sync {

// Keeps what it is given, while there is room.
class RecordingSink : public RecordSink {
 public:
  bool Push(const KernelRecord& record) override {
    if (room_ == 0) return false;
    --room_;
    records_.push_back(record);
    return true;
  }
  void SetRoom(size_t room) { room_ = room; }

  const std::vector<KernelRecord>& records() const { return records_; }
  template <typename T>
  std::vector<T> Of() const {
    std::vector<T> found;
    for (const KernelRecord& record : records_) {
      if (const T* value = std::get_if<T>(&record)) found.push_back(*value);
    }
    return found;
  }
  void Clear() { records_.clear(); }

 private:
  size_t room_ = SIZE_MAX;
  std::vector<KernelRecord> records_;
};

}  // namespace l3sync
