// Batch normalisation and PReLU in one go.
//
// A channels-last tensor is rows of C channels. Forward reads the input twice and writes once;
// backward reads twice and writes once, and nothing but the input is kept in between.
#pragma once

#include "rows.h"

namespace {

constexpr int64_t SHARES = 64;
// What the first level of cache holds, of two tensors.
constexpr int64_t BLOCK = 32;
// As many sums of every fourth row as additions are under way at a time.
constexpr int LANES = 4;

// Calls work(first row, last row, share) in shares of the rows, each in blocks.
template <class Work>
void in_blocks(int64_t rows, Work work) {
  in_parts(SHARES, [&](int64_t s) {
    const int64_t end = rows * (s + 1) / SHARES;
    for (int64_t lo = rows * s / SHARES; lo < end; lo += BLOCK)
      work(lo, std::min(lo + BLOCK, end), s);
  });
}

// Adds term(row), N vectors, of each row to N sums that are C floats apart.
template <int N, class Term>
inline void add_rows(int64_t lo, int64_t hi, int64_t C, float* sums, Term term) {
  Vec own[LANES][N];
  unrolled<LANES>([&](auto i) INLINE {
    unrolled<N>([&](auto k) INLINE { own[i][k] = Vec(0.f); });
  });
  int64_t r = lo;
  for (; r + LANES <= hi; r += LANES) unrolled<LANES>([&](auto i) INLINE { term(r + i, own[i]); });
  for (; r < hi; ++r) term(r, own[0]);
  unrolled<N>([&](auto k) INLINE {
    const auto all = (own[0][k] + own[1][k]) + (own[2][k] + own[3][k]);
    (Vec::loadu(sums + k * C) + all).store(sums + k * C);
  });
}

// The sums (SHARES, N, fold * channels) over shares and folds: (N, channels).
std::vector<double> total(const std::vector<float>& sums, int64_t N, int64_t fold,
                          int64_t channels) {
  std::vector<double> all(N * channels);
  const float* from = sums.data();
  for (int64_t s = 0; s < SHARES; ++s)
    for (int64_t k = 0; k < N; ++k)
      for (int64_t f = 0; f < fold; ++f)
        for (int64_t c = 0; c < channels; ++c) all[k * channels + c] += *from++;
  return all;
}

// What a layer does to its rows: prelu(gain * x + shift, slope), each of C floats.
struct Line {
  const float *gain, *shift, *slope;
};

// Sums of x and of x * x.
template <class T>
std::vector<float> moments(const T* x, int64_t rows, int64_t C) {
  std::vector<float> sums(SHARES * 2 * C);
  in_blocks(rows, [&](int64_t lo, int64_t hi, int64_t s) {
    for (int64_t c = 0; c < C; c += WIDTH)
      add_rows<2>(lo, hi, C, sums.data() + s * 2 * C + c, [&](int64_t r, Vec* own) INLINE {
        const auto v = get(x + r * C + c);
        own[0] = own[0] + v;
        own[1] = at::vec::fmadd(v, v, own[1]);
      });
  });
  return sums;
}

template <class T>
void apply_rows(const T* x, const Line& line, int64_t rows, int64_t C, T* y) {
  const Vec zero(0.f);
  in_blocks(rows, [&](int64_t lo, int64_t hi, int64_t) {
    for (int64_t c = 0; c < C; c += WIDTH) {
      const auto g = Vec::loadu(line.gain + c), h = Vec::loadu(line.shift + c),
                 a = Vec::loadu(line.slope + c);
#pragma GCC unroll 4
      for (int64_t o = lo * C + c; o < hi * C; o += C) {
        const auto z = at::vec::fmadd(get(x + o), g, h);
        put(at::vec::fmadd(at::vec::minimum(z, zero), a, at::vec::maximum(z, zero)), y + o);
      }
    }
  });
}

// Sums that the gradients are made of: of e, e * x and d * min(z, 0), where d is the gradient at
// the output, z what PReLU was given and e the gradient there.
template <class T>
std::vector<float> gradient_sums(const T* d, const T* x, const Line& line, int64_t rows,
                                 int64_t C) {
  std::vector<float> sums(SHARES * 3 * C);
  const Vec zero(0.f);
  in_blocks(rows, [&](int64_t lo, int64_t hi, int64_t s) {
    for (int64_t c = 0; c < C; c += WIDTH) {
      const auto g = Vec::loadu(line.gain + c), h = Vec::loadu(line.shift + c),
                 a = Vec::loadu(line.slope + c);
      add_rows<3>(lo, hi, C, sums.data() + s * 3 * C + c, [&](int64_t r, Vec* own) INLINE {
        const auto v = get(x + r * C + c), up = get(d + r * C + c);
        const auto z = at::vec::fmadd(v, g, h);
        const auto e = Vec::blendv(up * a, up, z > zero);
        own[0] = own[0] + e;
        own[1] = at::vec::fmadd(e, v, own[1]);
        own[2] = at::vec::fmadd(up, at::vec::minimum(z, zero), own[2]);
      });
    }
  });
  return sums;
}

// gain * e + by_x * x + offset: the gradient at the input.
template <class T>
void input_gradient(const T* d, const T* x, const Line& line, const float* by_x,
                    const float* offset, int64_t rows, int64_t C, T* dx) {
  const Vec zero(0.f);
  in_blocks(rows, [&](int64_t lo, int64_t hi, int64_t) {
    for (int64_t c = 0; c < C; c += WIDTH) {
      const auto g = Vec::loadu(line.gain + c), h = Vec::loadu(line.shift + c),
                 a = Vec::loadu(line.slope + c), k = Vec::loadu(by_x + c),
                 b = Vec::loadu(offset + c);
#pragma GCC unroll 4
      for (int64_t o = lo * C + c; o < hi * C; o += C) {
        const auto v = get(x + o), up = get(d + o);
        const auto z = at::vec::fmadd(v, g, h);
        const auto e = Vec::blendv(up * a, up, z > zero);
        put(at::vec::fmadd(g, e, at::vec::fmadd(k, v, b)), dx + o);
      }
    }
  });
}

// Rows of (rows, channels) are taken `fold` at a time, so that vectors fill them.
int64_t fold_of(int64_t channels) { return WIDTH / std::gcd(channels, WIDTH); }

class NormAct : public torch::autograd::Function<NormAct> {
 public:
  static Tensor forward(AutogradContext* ctx, const Tensor& given, const Tensor& weight,
                        const Tensor& bias, const Tensor& slope, const Tensor& running_mean,
                        const Tensor& running_var, double eps, double momentum) {
    const auto x = channels_last(given);
    const int64_t channels = weight.numel(), fold = fold_of(channels), C = channels * fold,
                  rows = x.numel() / C;
    const double count = double(rows * fold);
    std::vector<double> sums;
    by_type(x, [&](auto kind) {
      const auto* X = x.const_data_ptr<decltype(kind)>();
      sums = total(moments(X, rows, C), 2, fold, channels);
    });
    // Of each channel the mean and one over the deviation; of each place its line.
    auto stats = at::empty({2, channels}, weight.options().dtype(at::kDouble));
    auto line = at::empty({3, C}, weight.options());
    double *mean = stats.data_ptr<double>(), *inv = mean + channels;
    float *L = line.data_ptr<float>(), *M = running_mean.data_ptr<float>(),
          *V = running_var.data_ptr<float>();
    const float *W = weight.const_data_ptr<float>(), *B = bias.const_data_ptr<float>(),
                *A = slope.const_data_ptr<float>();
    for (int64_t c = 0; c < channels; ++c) {
      mean[c] = sums[c] / count;
      const double var = std::max(0., sums[channels + c] / count - mean[c] * mean[c]);
      inv[c] = 1 / std::sqrt(var + eps);
      M[c] += float(momentum * (mean[c] - M[c]));
      V[c] += float(momentum * (var * count / std::max(1., count - 1) - V[c]));
    }
    for (int64_t i = 0; i < C; ++i) {
      const int64_t c = i % channels;
      L[i] = float(W[c] * inv[c]);
      L[C + i] = float(B[c] - mean[c] * W[c] * inv[c]);
      L[2 * C + i] = A[c];
    }
    auto y = at::empty_like(x);
    by_type(x, [&](auto kind) {
      using T = decltype(kind);
      const Line held{L, L + C, L + 2 * C};
      apply_rows(x.const_data_ptr<T>(), held, rows, C, y.data_ptr<T>());
    });
    ctx->save_for_backward({x, stats, line});
    return y;
  }

  static variable_list backward(AutogradContext* ctx, variable_list ups) {
    const auto saved = ctx->get_saved_variables();
    const auto &x = saved[0], &stats = saved[1];
    const int64_t channels = stats.size(1), C = saved[2].size(1), fold = C / channels,
                  rows = x.numel() / C;
    const double count = double(rows * fold);
    const auto d = channels_last(ups[0]);
    const float* L = saved[2].const_data_ptr<float>();
    const Line line{L, L + C, L + 2 * C};
    const double *mean = stats.const_data_ptr<double>(), *inv = mean + channels;
    std::vector<double> sums;
    by_type(x, [&](auto kind) {
      using T = decltype(kind);
      const T *X = x.const_data_ptr<T>(), *D = d.const_data_ptr<T>();
      sums = total(gradient_sums(D, X, line, rows, C), 3, fold, channels);
    });
    auto found = at::empty({3, channels}, saved[2].options());
    float* F = found.data_ptr<float>();
    std::vector<float> by_x(C), offset(C);
    for (int64_t i = 0; i < C; ++i) {
      const int64_t c = i % channels;
      const double bias = sums[c], weight = (sums[channels + c] - mean[c] * bias) * inv[c];
      const double narrow = L[c] / count, per_x = -narrow * inv[c] * weight;
      by_x[i] = float(per_x);
      offset[i] = float(-narrow * bias - per_x * mean[c]);
      F[c] = float(weight);
      F[channels + c] = float(bias);
      F[2 * channels + c] = float(sums[2 * channels + c]);
    }
    auto dx = at::empty_like(x);
    by_type(x, [&](auto kind) {
      using T = decltype(kind);
      input_gradient(d.const_data_ptr<T>(), x.const_data_ptr<T>(), line, by_x.data(),
                     offset.data(), rows, C, dx.data_ptr<T>());
    });
    return {dx, found[0], found[1], found[2], Tensor(), Tensor(), Tensor(), Tensor()};
  }
};

}  // namespace

Tensor norm_act(const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& slope,
                const Tensor& running_mean, const Tensor& running_var, double eps,
                double momentum) {
  return NormAct::apply(x, weight, bias, slope, running_mean, running_var, eps, momentum);
}
