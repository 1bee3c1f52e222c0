// Batch normalisation and PReLU in one go, for training on a CPU.
//
// A channels-last tensor is rows of C channels. Forward reads the input twice and writes once;
// backward reads twice and writes once, and nothing but the input is kept in between. Rows are cut
// into a fixed number of shares, so that sums do not depend on the number of threads.
#include <ATen/Parallel.h>
#include <ATen/cpu/vec/vec.h>
#include <torch/extension.h>

#include <vector>

using at::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;
using Vec = at::vec::Vectorized<float>;

constexpr int64_t WIDTH = Vec::size();
constexpr int64_t SHARES = 64;

template <class Work>
void in_shares(int64_t rows, Work work) {
  at::parallel_for(0, SHARES, 1, [&](int64_t first, int64_t last) {
    for (int64_t s = first; s < last; ++s) work(rows * s / SHARES, rows * (s + 1) / SHARES, s);
  });
}

// (channels,) of the sums and of the sums of squares over rows. C is a multiple of WIDTH.
Tensor moments(const Tensor& x, int64_t rows, int64_t C) {
  auto sums = torch::empty({SHARES, 2, C});
  const float* X = x.data_ptr<float>();
  float* S = sums.data_ptr<float>();
  in_shares(rows, [&](int64_t lo, int64_t hi, int64_t s) {
    for (int64_t c = 0; c < C; c += WIDTH) {
      Vec sum(0.f), square(0.f);
      for (int64_t r = lo; r < hi; ++r) {
        const auto v = Vec::loadu(X + r * C + c);
        sum = sum + v;
        square = at::vec::fmadd(v, v, square);
      }
      sum.store(S + s * 2 * C + c);
      square.store(S + s * 2 * C + C + c);
    }
  });
  return sums.to(torch::kDouble).sum(0);
}

// prelu(gain * x + shift, slope), all three (C,).
Tensor apply_rows(const Tensor& x, const Tensor& gain, const Tensor& shift, const Tensor& slope,
             int64_t rows, int64_t C) {
  auto y = torch::empty_like(x);
  const float *X = x.data_ptr<float>(), *G = gain.data_ptr<float>(), *H = shift.data_ptr<float>(),
              *A = slope.data_ptr<float>();
  float* Y = y.data_ptr<float>();
  const Vec zero(0.f);
  in_shares(rows, [&](int64_t lo, int64_t hi, int64_t) {
    for (int64_t r = lo; r < hi; ++r) {
      for (int64_t c = 0, o = r * C; c < C; c += WIDTH, o += WIDTH) {
        const auto z = at::vec::fmadd(Vec::loadu(X + o), Vec::loadu(G + c), Vec::loadu(H + c));
        at::vec::fmadd(at::vec::minimum(z, zero), Vec::loadu(A + c), at::vec::maximum(z, zero))
            .store(Y + o);
      }
    }
  });
  return y;
}

// Sums over rows that the gradients are made of: (3, C) of e, e * x and d * min(z, 0), where d is
// the gradient at the output, z what PReLU was given and e the gradient there.
Tensor gradient_sums(const Tensor& d, const Tensor& x, const Tensor& gain, const Tensor& shift,
                     const Tensor& slope, int64_t rows, int64_t C) {
  auto sums = torch::empty({SHARES, 3, C});
  const float *D = d.data_ptr<float>(), *X = x.data_ptr<float>(), *G = gain.data_ptr<float>(),
              *H = shift.data_ptr<float>(), *A = slope.data_ptr<float>();
  float* S = sums.data_ptr<float>();
  const Vec zero(0.f);
  in_shares(rows, [&](int64_t lo, int64_t hi, int64_t s) {
    for (int64_t c = 0; c < C; c += WIDTH) {
      const auto g = Vec::loadu(G + c), h = Vec::loadu(H + c), a = Vec::loadu(A + c);
      Vec bias(0.f), weight(0.f), act(0.f);
      for (int64_t r = lo; r < hi; ++r) {
        const auto v = Vec::loadu(X + r * C + c), up = Vec::loadu(D + r * C + c);
        const auto z = at::vec::fmadd(v, g, h);
        const auto e = Vec::blendv(up * a, up, z > zero);
        bias = bias + e;
        weight = at::vec::fmadd(e, v, weight);
        act = at::vec::fmadd(up, at::vec::minimum(z, zero), act);
      }
      bias.store(S + (s * 3) * C + c);
      weight.store(S + (s * 3 + 1) * C + c);
      act.store(S + (s * 3 + 2) * C + c);
    }
  });
  return sums.to(torch::kDouble).sum(0);
}

// gain * e + by_x * x + offset: the gradient at the input.
Tensor input_gradient(const Tensor& d, const Tensor& x, const Tensor& gain, const Tensor& shift,
                      const Tensor& slope, const Tensor& by_x, const Tensor& offset, int64_t rows,
                      int64_t C) {
  auto dx = torch::empty_like(x);
  const float *D = d.data_ptr<float>(), *X = x.data_ptr<float>(), *G = gain.data_ptr<float>(),
              *H = shift.data_ptr<float>(), *A = slope.data_ptr<float>(),
              *K = by_x.data_ptr<float>(), *O = offset.data_ptr<float>();
  float* Y = dx.data_ptr<float>();
  const Vec zero(0.f);
  in_shares(rows, [&](int64_t lo, int64_t hi, int64_t) {
    for (int64_t r = lo; r < hi; ++r) {
      for (int64_t c = 0, o = r * C; c < C; c += WIDTH, o += WIDTH) {
        const auto v = Vec::loadu(X + o), up = Vec::loadu(D + o), g = Vec::loadu(G + c);
        const auto z = at::vec::fmadd(v, g, Vec::loadu(H + c));
        const auto e = Vec::blendv(up * Vec::loadu(A + c), up, z > zero);
        at::vec::fmadd(g, e, at::vec::fmadd(Vec::loadu(K + c), v, Vec::loadu(O + c))).store(Y + o);
      }
    }
  });
  return dx;
}

Tensor wide(const Tensor& vector, int64_t fold) {
  return vector.detach().to(torch::kFloat).repeat({fold});
}

// Rows of (rows, C) are taken `fold` at a time, so that vectors fill them.
class NormAct : public torch::autograd::Function<NormAct> {
 public:
  static variable_list forward(AutogradContext* ctx, const Tensor& x, const Tensor& weight,
                               const Tensor& bias, const Tensor& slope, double eps,
                               int64_t fold) {
    const int64_t C = weight.numel() * fold, rows = x.numel() / C;
    const auto sums = moments(x, rows, C).view({2, fold, -1}).sum(1) / double(rows * fold);
    const auto mean = sums[0], var = (sums[1] - mean * mean).clamp_min(0);
    const auto inv = (var + eps).rsqrt();
    const auto gain = wide(weight * inv, fold), shift = wide(bias - mean * weight * inv, fold),
               slopes = wide(slope, fold);
    ctx->save_for_backward({x, mean, inv, gain, shift, slopes});
    ctx->saved_data["fold"] = fold;
    const auto mean32 = mean.to(torch::kFloat), var32 = var.to(torch::kFloat);
    ctx->mark_non_differentiable({mean32, var32});
    return {apply_rows(x, gain, shift, slopes, rows, C), mean32, var32};
  }

  static variable_list backward(AutogradContext* ctx, variable_list up) {
    const auto saved = ctx->get_saved_variables();
    const auto &x = saved[0], &mean = saved[1], &inv = saved[2], &gain = saved[3],
               &shift = saved[4], &slope = saved[5];
    const int64_t fold = ctx->saved_data["fold"].toInt(), C = gain.numel(), rows = x.numel() / C;
    const auto d = up[0].contiguous(at::MemoryFormat::ChannelsLast);
    const auto found = gradient_sums(d, x, gain, shift, slope, rows, C).view({3, fold, -1}).sum(1);
    const auto bias = found[0], act = found[2], weight = (found[1] - mean * bias) * inv;
    const auto narrow = gain.slice(0, 0, mean.numel()).to(torch::kDouble) / double(rows * fold);
    const auto per_x = -narrow * inv * weight, offset = -narrow * bias - per_x * mean;
    const auto dx = input_gradient(d, x, gain, shift, slope, wide(per_x, fold),
                                   wide(offset, fold), rows, C);
    return {dx, weight.to(torch::kFloat), bias.to(torch::kFloat), act.to(torch::kFloat),
            Tensor(), Tensor()};
  }
};

// PReLU of the batch normalisation of x, (n, c, h, w) and channels last, and without gradients
// the mean and the biased variance, (c,).
std::vector<Tensor> norm_act(const Tensor& x, const Tensor& weight, const Tensor& bias,
                             const Tensor& slope, double eps, int64_t fold) {
  pybind11::gil_scoped_release nogil;
  return NormAct::apply(x, weight, bias, slope, eps, fold);
}

PYBIND11_MODULE(TORCH_EXTENSION_NAME, m) {
  m.attr("width") = WIDTH;
  m.def("norm_act", &norm_act);
}
