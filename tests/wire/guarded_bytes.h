#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <stdexcept>

#include "wire/bytes.h"

namespace l3sync::testing {

// A copy of some bytes that ends where an inaccessible page begins: one byte read too far ends the
// test program, in a build without sanitizers too.
class GuardedBytes {
 public:
  explicit GuardedBytes(ByteSpan bytes) : page_(static_cast<size_t>(sysconf(_SC_PAGESIZE))) {
    const size_t pages = (bytes.size() + page_ - 1) / page_;
    size_ = (pages + 1) * page_;
    base_ = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base_ == MAP_FAILED) {
      throw std::runtime_error("mmap");
    }
    const MutableByteSpan all(static_cast<uint8_t*>(base_), size_);
    bytes_ = all.subspan(pages * page_ - bytes.size(), bytes.size());
    std::copy(bytes.begin(), bytes.end(), bytes_.begin());
    if (mprotect(all.subspan(pages * page_).data(), page_, PROT_NONE) != 0) {
      throw std::runtime_error("mprotect");
    }
  }
  ~GuardedBytes() { munmap(base_, size_); }
  GuardedBytes(const GuardedBytes&) = delete;
  GuardedBytes& operator=(const GuardedBytes&) = delete;

  MutableByteSpan span() const { return bytes_; }

 private:
  size_t page_;
  size_t size_ = 0;
  void* base_ = nullptr;
  MutableByteSpan bytes_;
};

}  // namespace l3sync::testing
