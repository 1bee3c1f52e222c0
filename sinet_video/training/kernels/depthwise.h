// Depthwise convolutions of 3x3 and 5x5, padded by half the kernel, with stride 1 or 2.
//
// Each picture is copied into a frame of zeros first, in float, so that no loop knows of borders. Where the
// channels do not fill the last vector it starts earlier, and does some of them twice.
#pragma once

#include "rows.h"

namespace {

struct Shape {
  int64_t count, height, width, channels, kernel, stride;

  int64_t pad() const { return kernel / 2; }
  int64_t out_height() const { return (height - 1) / stride + 1; }
  int64_t out_width() const { return (width - 1) / stride + 1; }
  int64_t framed_row() const { return (width + 2 * pad()) * channels; }
  int64_t framed_size() const { return (height + 2 * pad()) * framed_row(); }
};

template <class Work>
void over_channels(int64_t channels, Work work) {
  for (int64_t c = 0; c < channels; c += WIDTH) work(std::min(c, channels - WIDTH));
}

// Copies h rows of w pixels to every step-th place of a frame.
template <class T>
void put_in_frame(const T* from, int64_t h, int64_t w, int64_t step, const Shape& s,
                  float* frame) {
  for (int64_t y = 0; y < h; ++y) {
    float* to = frame + (y * step + s.pad()) * s.framed_row() + s.pad() * s.channels;
    const T* row = from + y * w * s.channels;
    if (step == 1) {
      copied(row, w * s.channels, to);
    } else {
      for (int64_t x = 0; x < w; ++x)
        copied(row + x * s.channels, s.channels, to + x * step * s.channels);
    }
  }
}

// Some pixels of a row, of one vector of channels.
template <int K, int STEP, int PIXELS, class T>
inline void some_pixels(const float* in, int64_t framed_row, int64_t channels,
                        const float* taps, T* out) {
  Vec sums[PIXELS];
  unrolled<PIXELS>([&](auto p) INLINE { sums[p] = Vec(0.f); });
  unrolled<K>([&](auto ky) INLINE {
    unrolled<K>([&](auto kx) INLINE {
      const auto tap = Vec::loadu(taps + (ky * K + kx) * channels);
      unrolled<PIXELS>([&](auto p) INLINE {
        const auto v = Vec::loadu(in + ky * framed_row + (p * STEP + kx) * channels);
        sums[p] = at::vec::fmadd(v, tap, sums[p]);
      });
    });
  });
  unrolled<PIXELS>([&](auto p) INLINE { put(sums[p], out + p * channels); });
}

// A whole picture out of its frame; taps are (K * K, channels).
template <int K, int STEP, class T>
void convolve(const float* frame, int64_t framed_row, int64_t channels, const float* taps,
              int64_t height, int64_t width, T* out) {
  for (int64_t y = 0; y < height; ++y) {
    over_channels(channels, [&](int64_t c) {
      const float* in = frame + y * STEP * framed_row + c;
      T* to = out + y * width * channels + c;
      int64_t x = 0;
      for (; x + 8 <= width; x += 8)
        some_pixels<K, STEP, 8>(in + x * STEP * channels, framed_row, channels, taps + c,
                                to + x * channels);
      for (; x + 4 <= width; x += 4)
        some_pixels<K, STEP, 4>(in + x * STEP * channels, framed_row, channels, taps + c,
                                to + x * channels);
      for (; x < width; ++x)
        some_pixels<K, STEP, 1>(in + x * STEP * channels, framed_row, channels, taps + c,
                                to + x * channels);
    });
  }
}

// Adds to sums, (K * K, channels), what each tap's weight has for a gradient in one row.
template <int K, int STEP, class T>
void row_of_weights(const float* in, int64_t framed_row, int64_t channels, const T* up,
                    int64_t width, const float* before, float* after) {
  Vec sums[K * K];
  unrolled<K * K>([&](auto k) INLINE { sums[k] = Vec::loadu(before + k * channels); });
  for (int64_t x = 0; x < width; ++x) {
    const auto d = get(up + x * channels);
    const float* at = in + x * STEP * channels;
    unrolled<K>([&](auto ky) INLINE {
      unrolled<K>([&](auto kx) INLINE {
        const auto v = Vec::loadu(at + ky * framed_row + kx * channels);
        sums[ky * K + kx] = at::vec::fmadd(d, v, sums[ky * K + kx]);
      });
    });
  }
  unrolled<K * K>([&](auto k) INLINE { sums[k].store(after + k * channels); });
}

// (K * K, channels) of the gradient at the weights, of one picture.
template <int K, int STEP, class T>
void weight_gradient(const float* frame, const Shape& s, const T* up, float* sums) {
  std::vector<float> row_before(K * K * s.channels);
  std::fill(sums, sums + K * K * s.channels, 0.f);
  const int64_t row = s.out_width() * s.channels;
  for (int64_t y = 0; y < s.out_height(); ++y) {
    // Channels that two vectors share are added to what was there before either.
    std::copy(sums, sums + K * K * s.channels, row_before.data());
    over_channels(s.channels, [&](int64_t c) {
      row_of_weights<K, STEP>(frame + y * STEP * s.framed_row() + c, s.framed_row(), s.channels,
                              up + y * row + c, s.out_width(), row_before.data() + c, sums + c);
    });
  }
}

template <int K, int STEP, class T>
void forward_pictures(const T* x, const float* taps, const Shape& s, T* y) {
  at::parallel_for(0, s.count, 1, [&](int64_t first, int64_t last) {
    std::vector<float> frame(s.framed_size());
    for (int64_t n = first; n < last; ++n) {
      put_in_frame(x + n * s.height * s.width * s.channels, s.height, s.width, 1, s, frame.data());
      convolve<K, STEP>(frame.data(), s.framed_row(), s.channels, taps, s.out_height(),
                        s.out_width(), y + n * s.out_height() * s.out_width() * s.channels);
    }
  });
}

template <int K, int STEP, class T>
void backward_pictures(const T* x, const T* up, const float* flipped, const Shape& s, T* dx,
                       float* sums) {
  const int64_t in = s.height * s.width * s.channels;
  const int64_t out = s.out_height() * s.out_width() * s.channels;
  at::parallel_for(0, s.count, 1, [&](int64_t first, int64_t last) {
    std::vector<float> frame(s.framed_size()), up_frame(s.framed_size());
    for (int64_t n = first; n < last; ++n) {
      put_in_frame(x + n * in, s.height, s.width, 1, s, frame.data());
      weight_gradient<K, STEP>(frame.data(), s, up + n * out, sums + n * K * K * s.channels);
      put_in_frame(up + n * out, s.out_height(), s.out_width(), STEP, s, up_frame.data());
      convolve<K, 1>(up_frame.data(), s.framed_row(), s.channels, flipped, s.height, s.width,
                     dx + n * in);
    }
  });
}

template <class Work>
void by_kind(const Shape& s, Work work) {
  using std::integral_constant;
  if (s.kernel == 3 && s.stride == 1) work(integral_constant<int, 3>(), integral_constant<int, 1>());
  if (s.kernel == 3 && s.stride == 2) work(integral_constant<int, 3>(), integral_constant<int, 2>());
  if (s.kernel == 5 && s.stride == 1) work(integral_constant<int, 5>(), integral_constant<int, 1>());
  if (s.kernel == 5 && s.stride == 2) work(integral_constant<int, 5>(), integral_constant<int, 2>());
}

// (channels, 1, K, K) as (K * K, channels).
Tensor taps_of(const Tensor& weight) {
  return weight.detach().flatten(1).t().contiguous();
}

class Depthwise : public torch::autograd::Function<Depthwise> {
 public:
  static Tensor forward(AutogradContext* ctx, const Tensor& given, const Tensor& weight,
                        int64_t stride) {
    const auto x = channels_last(given), taps = taps_of(weight);
    const Shape s{x.size(0), x.size(2), x.size(3), x.size(1), weight.size(2), stride};
    auto y = at::empty({s.count, s.channels, s.out_height(), s.out_width()}, x.options(),
                       at::MemoryFormat::ChannelsLast);
    by_type(x, [&](auto kind) {
      using T = decltype(kind);
      by_kind(s, [&](auto kernel, auto step) {
        forward_pictures<kernel(), step()>(x.const_data_ptr<T>(), taps.const_data_ptr<float>(), s,
                                           y.data_ptr<T>());
      });
    });
    ctx->save_for_backward({x, weight});
    ctx->saved_data["stride"] = stride;
    return y;
  }

  static variable_list backward(AutogradContext* ctx, variable_list ups) {
    const auto saved = ctx->get_saved_variables();
    const auto &x = saved[0], &weight = saved[1];
    const Shape s{x.size(0), x.size(2),      x.size(3),
                  x.size(1), weight.size(2), ctx->saved_data["stride"].toInt()};
    const auto up = channels_last(ups[0]), flipped = taps_of(weight).flip(0);
    auto dx = at::empty_like(x);
    auto sums = at::empty({s.count, s.kernel * s.kernel, s.channels}, weight.options());
    by_type(x, [&](auto kind) {
      using T = decltype(kind);
      by_kind(s, [&](auto kernel, auto step) {
        backward_pictures<kernel(), step()>(x.const_data_ptr<T>(), up.const_data_ptr<T>(),
                                            flipped.const_data_ptr<float>(), s, dx.data_ptr<T>(),
                                            sums.data_ptr<float>());
      });
    });
    return {dx, sums.sum(0).t().reshape(weight.sizes()), Tensor()};
  }
};

}  // namespace

Tensor depthwise(const Tensor& x, const Tensor& weight, int64_t stride) {
  return Depthwise::apply(x, weight, stride);
}
