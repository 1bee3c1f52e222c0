// Vectors, and work in shares: what the kernels of training on a CPU have in common.
#pragma once

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/cpu/vec/vec.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
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

inline Tensor channels_last(const Tensor& x) {
  return x.contiguous(at::MemoryFormat::ChannelsLast);
}
