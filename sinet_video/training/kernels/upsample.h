// Bilinear enlarging with corners on corners, first along columns and then along rows.
#pragma once

#include "rows.h"

namespace {

// For each place along a side that is enlarged: the source before it and how near the next one is.
struct Side {
  std::vector<int64_t> before, after;
  std::vector<float> part;

  Side(int64_t from, int64_t to) : before(to), after(to), part(to) {
    const double step = to > 1 ? double(from - 1) / double(to - 1) : 0;
    for (int64_t i = 0; i < to; ++i) {
      before[i] = std::min(int64_t(i * step), from - 1);
      after[i] = std::min(before[i] + 1, from - 1);
      part[i] = float(i * step - double(before[i]));
    }
  }
};

// a + part * (b - a), of rows of values.
template <class From, class To>
[[gnu::always_inline]] inline void mix(const From* a, const From* b, float part, int64_t count,
                                       To* out) {
  along(count, [&](int64_t i) INLINE {
    const auto first = get(a + i);
    put(at::vec::fmadd(Vec(part), get(b + i) - first, first), out + i);
  }, [&](int64_t i) INLINE {
    const float first = a[i];
    out[i] = To(first + part * (float(b[i]) - first));
  });
}

// sums + part * x, of rows of values.
template <class T>
[[gnu::always_inline]] inline void add(const T* x, float part, int64_t count, float* sums) {
  along(count, [&](int64_t i) INLINE {
    put(at::vec::fmadd(Vec(part), get(x + i), get(sums + i)), sums + i);
  }, [&](int64_t i) INLINE { sums[i] += part * float(x[i]); });
}

// C is a constant where few channels would make loops too short.
template <int64_t C, class T>
void enlarge_picture(const T* x, int64_t width, int64_t channels, const Side& rows,
                     const Side& columns, float* mixed, T* out) {
  const int64_t c = C ? C : channels, row = width * c;
  for (size_t y = 0; y < rows.part.size(); ++y) {
    mix(x + rows.before[y] * row, x + rows.after[y] * row, rows.part[y], row, mixed);
    for (size_t i = 0; i < columns.part.size(); ++i, out += c)
      mix(mixed + columns.before[i] * c, mixed + columns.after[i] * c, columns.part[i], c, out);
  }
}

// The transpose of enlarging: sums start at zero.
template <int64_t C, class T>
void gather_picture(const T* up, int64_t width, int64_t channels, const Side& rows,
                    const Side& columns, float* mixed, float* sums) {
  const int64_t c = C ? C : channels, row = width * c;
  for (size_t y = 0; y < rows.part.size(); ++y) {
    std::fill(mixed, mixed + row, 0.f);
    for (size_t i = 0; i < columns.part.size(); ++i, up += c) {
      add(up, 1 - columns.part[i], c, mixed + columns.before[i] * c);
      add(up, columns.part[i], c, mixed + columns.after[i] * c);
    }
    add(mixed, 1 - rows.part[y], row, sums + rows.before[y] * row);
    add(mixed, rows.part[y], row, sums + rows.after[y] * row);
  }
}

// Calls work(C) with the number of channels where it is one that the network has, and 0 otherwise.
template <class Work>
void by_channels(int64_t channels, Work work) {
  using std::integral_constant;
  if (channels == 2) return work(integral_constant<int64_t, 2>());
  if (channels == 48) return work(integral_constant<int64_t, 48>());
  work(integral_constant<int64_t, 0>());
}

// Calls picture(n, room) for each picture, with room for so many values.
template <class Picture>
void over_pictures(int64_t count, int64_t size, Picture picture) {
  at::parallel_for(0, count, 1, [&](int64_t first, int64_t last) {
    std::vector<float> room(size);
    for (int64_t n = first; n < last; ++n) picture(n, room.data());
  });
}

class Upsample : public torch::autograd::Function<Upsample> {
 public:
  static Tensor forward(AutogradContext* ctx, const Tensor& given, int64_t factor) {
    const auto x = channels_last(given);
    const int64_t n = x.size(0), c = x.size(1), h = x.size(2), w = x.size(3);
    ctx->saved_data["shape"] = x.sizes().vec();
    ctx->saved_data["factor"] = factor;
    auto y = at::empty({n, c, h * factor, w * factor}, x.options(),
                       at::MemoryFormat::ChannelsLast);
    const Side rows(h, h * factor), columns(w, w * factor);
    by_type(x, [&](auto kind) {
      using T = decltype(kind);
      const T* X = x.const_data_ptr<T>();
      T* Y = y.data_ptr<T>();
      by_channels(c, [&](auto known) {
        over_pictures(n, w * c, [&](int64_t i, float* mixed) {
          enlarge_picture<known()>(X + i * h * w * c, w, c, rows, columns, mixed,
                                   Y + i * h * w * c * factor * factor);
        });
      });
    });
    return y;
  }

  static variable_list backward(AutogradContext* ctx, variable_list ups) {
    const auto shape = ctx->saved_data["shape"].toIntVector();
    const int64_t factor = ctx->saved_data["factor"].toInt();
    const int64_t n = shape[0], c = shape[1], h = shape[2], w = shape[3];
    const auto up = channels_last(ups[0]);
    auto dx = at::empty({n, c, h, w}, up.options(), at::MemoryFormat::ChannelsLast);
    const Side rows(h, h * factor), columns(w, w * factor);
    by_type(up, [&](auto kind) {
      using T = decltype(kind);
      const T* U = up.const_data_ptr<T>();
      T* D = dx.data_ptr<T>();
      by_channels(c, [&](auto known) {
        over_pictures(n, (h + 1) * w * c, [&](int64_t i, float* room) {
          float* sums = room + w * c;
          std::fill(sums, sums + h * w * c, 0.f);
          gather_picture<known()>(U + i * h * w * c * factor * factor, w, c, rows, columns, room,
                                  sums);
          copied(sums, h * w * c, D + i * h * w * c);
        });
      });
    });
    return {dx, Tensor()};
  }
};

}  // namespace

Tensor upsample(const Tensor& x, int64_t factor) { return Upsample::apply(x, factor); }
