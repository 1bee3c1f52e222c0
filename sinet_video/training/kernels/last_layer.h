// The last layer of the network: a 3x3 convolution from two channels to two, padded by one.
//
// It works on whole images, and oneDNN is slow with so few channels. Each picture is taken apart
// into two planes in frames of zeros first, so that vectors are of neighbours in a row.
#pragma once

#include "rows.h"

#include <array>

namespace {

constexpr int TAPS = 9, WEIGHTS = 4 * TAPS;

// The two planes of a picture, with a border of zeros, and more of them after each row.
class Planes {
 public:
  Planes(int64_t height, int64_t width)
      : height_(height), width_(width), row_(width + 2 + WIDTH),
        values_(2 * (height + 2) * row_) {}

  // What is at (y - 1, -1) of a plane.
  const float* at(int plane, int64_t y) const { return values_.data() + start(plane, y); }

  template <class T>
  void take(const T* picture) {
    for (int64_t y = 0; y < height_; ++y, picture += 2 * width_) {
      float *first = values_.data() + start(0, y + 1) + 1,
            *second = values_.data() + start(1, y + 1) + 1;
      for (int64_t x = 0; x < width_; ++x) {
        first[x] = picture[2 * x];
        second[x] = picture[2 * x + 1];
      }
    }
  }

 private:
  int64_t start(int plane, int64_t y) const { return (plane * (height_ + 2) + y) * row_; }

  int64_t height_, width_, row_;
  std::vector<float> values_;
};

// Calls work(plane, tap, neighbours) for what is around a vector of places.
template <class Work>
[[gnu::always_inline]] inline void around(const Planes& from, int64_t y, int64_t x, Work work) {
  unrolled<2>([&](auto plane) INLINE {
    unrolled<TAPS>([&](auto tap) INLINE {
      work(plane, tap, get(from.at(plane, y + tap / 3) + x + tap % 3));
    });
  });
}

// A whole picture; weights are (to, from, 3, 3).
template <class T>
void last_picture(const Planes& from, const float* weights, int64_t height, int64_t width,
                  T* out) {
  std::vector<float> first(width + WIDTH), second(width + WIDTH);
  for (int64_t y = 0; y < height; ++y, out += 2 * width) {
    for (int64_t x = 0; x < width; x += WIDTH) {
      Vec one(0.f), two(0.f);
      around(from, y, x, [&](auto plane, auto tap, const Vec& v) INLINE {
        one = at::vec::fmadd(v, Vec(weights[plane * TAPS + tap]), one);
        two = at::vec::fmadd(v, Vec(weights[(2 + plane) * TAPS + tap]), two);
      });
      put(one, first.data() + x);
      put(two, second.data() + x);
    }
    for (int64_t x = 0; x < width; ++x) {
      out[2 * x] = T(first[x]);
      out[2 * x + 1] = T(second[x]);
    }
  }
}

// The part of a picture in the gradient at the weights that make plane `to`: (from, 3, 3).
void last_weights(const Planes& from, const Planes& up, int to, int64_t height, int64_t width,
                  float* found) {
  std::array<Vec, 2 * TAPS> sums;
  sums.fill(Vec(0.f));
  for (int64_t y = 0; y < height; ++y)
    for (int64_t x = 0; x < width; x += WIDTH) {
      // Zero after the row's end, whatever is there in the other.
      const auto d = get(up.at(to, y + 1) + x + 1);
      around(from, y, x, [&](auto plane, auto tap, const Vec& v) INLINE {
        sums[plane * TAPS + tap] = at::vec::fmadd(d, v, sums[plane * TAPS + tap]);
      });
    }
  for (int i = 0; i < 2 * TAPS; ++i) {
    float lanes[WIDTH];
    put(sums[i], lanes);
    found[i] = std::accumulate(lanes, lanes + WIDTH, 0.f);
  }
}

class LastLayer : public torch::autograd::Function<LastLayer> {
 public:
  static Tensor forward(AutogradContext* ctx, const Tensor& given, const Tensor& weight) {
    const auto x = channels_last(given), weights = weight.contiguous();
    const int64_t h = x.size(2), w = x.size(3);
    auto y = at::empty_like(x);
    by_type(x, [&](auto kind) {
      using T = decltype(kind);
      const T* X = x.const_data_ptr<T>();
      T* Y = y.data_ptr<T>();
      in_parts(x.size(0), [&](int64_t n) {
        Planes planes(h, w);
        planes.take(X + n * 2 * h * w);
        last_picture(planes, weights.const_data_ptr<float>(), h, w, Y + n * 2 * h * w);
      });
    });
    ctx->save_for_backward({x, weights});
    return y;
  }

  static variable_list backward(AutogradContext* ctx, variable_list ups) {
    const auto saved = ctx->get_saved_variables();
    const auto &x = saved[0], &weights = saved[1];
    const int64_t h = x.size(2), w = x.size(3);
    const auto up = channels_last(ups[0]);
    const auto turned = weights.flip({2, 3}).transpose(0, 1).contiguous();
    auto dx = at::empty_like(x);
    auto sums = at::empty({x.size(0), WEIGHTS}, weights.options());
    by_type(x, [&](auto kind) {
      using T = decltype(kind);
      const T *X = x.const_data_ptr<T>(), *U = up.const_data_ptr<T>();
      T* D = dx.data_ptr<T>();
      float* S = sums.data_ptr<float>();
      in_parts(x.size(0), [&](int64_t n) {
        Planes from(h, w), above(h, w);
        from.take(X + n * 2 * h * w);
        above.take(U + n * 2 * h * w);
        for (int to = 0; to < 2; ++to)
          last_weights(from, above, to, h, w, S + n * WEIGHTS + to * 2 * TAPS);
        last_picture(above, turned.const_data_ptr<float>(), h, w, D + n * 2 * h * w);
      });
    });
    return {dx, sums.sum(0).view(weights.sizes())};
  }
};

}  // namespace

Tensor last_layer(const Tensor& x, const Tensor& weight) { return LastLayer::apply(x, weight); }
