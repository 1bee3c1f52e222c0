// Vectors, and work in shares: what the kernels of training on a CPU have in common.
#pragma once

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/cpu/vec/vec.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <numeric>
#include <vector>

using at::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;
using Vec = at::vec::Vectorized<float>;

constexpr int64_t WIDTH = Vec::size();

// Calls work(s) for each s below count. What is summed has to be cut into a fixed number of parts,
// so that sums do not depend on the number of threads.
template <class Work>
void in_parts(int64_t count, Work work) {
  at::parallel_for(0, count, 1, [&](int64_t first, int64_t last) {
    for (int64_t s = first; s < last; ++s) work(s);
  });
}

// Calls work(0), work(1) ... with constants, so that arrays they index are registers.
template <int COUNT, class Work>
[[gnu::always_inline]] inline void unrolled(Work work) {
  [&]<int... I>(std::integer_sequence<int, I...>) __attribute__((always_inline)) {
    (work(std::integral_constant<int, I>()), ...);
  }(std::make_integer_sequence<int, COUNT>());
}

#define INLINE __attribute__((always_inline))

// Tensors hold T, float or the 16-bit BFloat16; all arithmetic is in float.
using c10::BFloat16;

// Calls work(T()) with the type that a tensor holds.
template <class Work>
void by_type(const Tensor& x, Work work) {
  if (x.scalar_type() == at::kBFloat16) return work(BFloat16());
  TORCH_CHECK(x.scalar_type() == at::kFloat, "a kernel was given ", x.scalar_type());
  work(float());
}

// One vector from memory.
inline Vec get(const float* from) { return Vec::loadu(from); }

inline Vec get(const BFloat16* from) {
#ifdef CPU_CAPABILITY_AVX2
  const auto upper = _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i*)from));
  return Vec(_mm256_castsi256_ps(_mm256_slli_epi32(upper, 16)));
#else
  float wide[WIDTH];
  std::copy(from, from + WIDTH, wide);
  return Vec::loadu(wide);
#endif
}

// One vector into memory, rounded to the nearest.
inline void put(const Vec& v, float* to) { v.store(to); }

inline void put(const Vec& v, BFloat16* to) {
#if defined(CPU_CAPABILITY_AVX2) && defined(__AVX512BF16__) && defined(__AVX512VL__)
  _mm_storeu_si128((__m128i*)to, (__m128i)_mm256_cvtneps_pbh(v));
#else
  float wide[WIDTH];
  v.store(wide);
  std::copy(wide, wide + WIDTH, to);
#endif
}

// Calls whole(i) for each vector of a row, and rest(i) for each of the values that fill none.
template <class Whole, class Rest>
[[gnu::always_inline]] inline void along(int64_t count, Whole whole, Rest rest) {
  int64_t i = 0;
  for (; i + WIDTH <= count; i += WIDTH) whole(i);
  for (; i < count; ++i) rest(i);
}

template <class From, class To>
[[gnu::always_inline]] inline void copied(const From* from, int64_t count, To* to) {
  along(count, [&](int64_t i) INLINE { put(get(from + i), to + i); },
        [&](int64_t i) INLINE { to[i] = To(float(from[i])); });
}

inline Tensor channels_last(const Tensor& x) {
  return x.contiguous(at::MemoryFormat::ChannelsLast);
}
