#include "heap_meter.h"

#include <malloc.h>

#include <cstdlib>
#include <new>

namespace {

size_t heap_bytes = 0;

}  // namespace

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

void* operator new(size_t size) {
  void* const memory = std::malloc(size);
  if (memory == nullptr) throw std::bad_alloc();
  heap_bytes += malloc_usable_size(memory);
  return memory;
}

void operator delete(void* memory) noexcept {
  if (memory != nullptr) heap_bytes -= malloc_usable_size(memory);
  std::free(memory);
}

void operator delete(void* memory, size_t /*size*/) noexcept { operator delete(memory); }

#endif

size_t l3sync::testing::HeapBytes() { return heap_bytes; }
