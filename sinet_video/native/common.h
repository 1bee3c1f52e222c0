// What all kernels share: how they are exported, and memory that a thread keeps.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>

#if defined(_WIN32)
#define API extern "C" __declspec(dllexport)
#else
#define API extern "C" __attribute__((visibility("default")))
#endif

#define RESTRICT __restrict

// A loop that reads only what it has not written yet, or memory of its own.
#if defined(__clang__)
#define INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#elif defined(__GNUC__)
#define INDEPENDENT _Pragma("GCC ivdep")
#else
#define INDEPENDENT __pragma(loop(ivdep))
#endif

// A function that only fetches memory. GCC leaves out calls of those, but not what they do.
#if defined(__GNUC__)
#define FETCHES inline __attribute__((always_inline))
#else
#define FETCHES inline
#endif

namespace sinet {

// Memory of one thread that stays from call to call and only grows.
class Kept {
 public:
  Kept() = default;
  Kept(const Kept&) = delete;
  Kept& operator=(const Kept&) = delete;
  ~Kept() { std::free(memory_); }

  void* at_least(std::size_t bytes) {
    if (bytes > size_) {
      std::free(memory_);
      size_ = 0;
      memory_ = std::malloc(bytes + kLine);
      if (memory_ == nullptr) throw std::bad_alloc();
      size_ = bytes;
    }
    const auto place = reinterpret_cast<std::uintptr_t>(memory_);
    return reinterpret_cast<void*>((place + kLine - 1) / kLine * kLine);
  }

 private:
  static constexpr std::size_t kLine = 64;
  void* memory_ = nullptr;
  std::size_t size_ = 0;
};

namespace {

// Each `Slot` of each source file is a piece of its own; what was in it before is still there.
template <class T, int Slot>
T* scratch(std::size_t count) {
  thread_local Kept kept;
  return static_cast<T*>(kept.at_least(count * sizeof(T)));
}

// Runs a kernel; 0 when it is done, 1 when there is no memory.
template <class Kernel>
int guarded(Kernel&& kernel) {
  try {
    kernel();
    return 0;
  } catch (const std::bad_alloc&) {
    return 1;
  }
}

// Brings memory that will be read soon near the processor, which does not foresee rows of tiles.
FETCHES void fetch(const void* from, std::size_t bytes) {
#if defined(__GNUC__)
  constexpr std::size_t kLine = 64;
  for (std::size_t i = 0; i < bytes; i += kLine)
    __builtin_prefetch(static_cast<const char*>(from) + i);
#else
  (void)from, (void)bytes;
#endif
}

inline int clamped(int value, int low, int high) {
  return value < low ? low : value > high ? high : value;
}

inline float clamped(float value, float low, float high) {
  const float above = value < low ? low : value;
  return above > high ? high : above;
}

// To nearest, halves to even, as numpy's rint; for values below 2^22.
inline float rounded(float value) {
  constexpr float kShift = 12582912.0f;  // 1.5 * 2^23
  return (value + kShift) - kShift;
}

}  // namespace
}  // namespace sinet
