#pragma once

#include <cstddef>

namespace l3sync::testing {

// A sanitizer has operators new and delete of its own.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kMetersHeap = false;
#else
inline constexpr bool kMetersHeap = true;
#endif

// What operator new has given and operator delete has not got back, in bytes. Of a program with one
// thread. 0 where !kMetersHeap.
size_t HeapBytes();

}  // namespace l3sync::testing
