// Planes reduced by averaging: to cells of whole samples, and to a picture of any smaller size.

#include <algorithm>
#include <cmath>
#include <type_traits>

#include "common.h"

#if defined(__SSSE3__)
#include <tmmintrin.h>
#endif

namespace sinet {
namespace {

enum Slots { kSums, kRow, kFirst, kWeights, kPlanes };

template <class Sample>
struct Plane {
  const Sample* samples;
  std::ptrdiff_t stride;  // in samples
  int height, width;

  const Sample* row(int y) const { return samples + y * stride; }
};

template <class Sample>
Plane<Sample> plane_of(const void* samples, std::int64_t stride, int height, int width) {
  const auto step = std::ptrdiff_t(stride / std::int64_t(sizeof(Sample)));
  return {static_cast<const Sample*>(samples), step, height, width};
}

// Sums of up to so many bytes fit in 16 bits, which are added twice as fast as 32.
constexpr int kMostInShort = 257;

template <class Sample>
FETCHES void fetch_rows(const Plane<Sample>& plane, int first, int last) {
  for (int y = first; y < std::min(last, plane.height); ++y)
    fetch(plane.row(y), plane.width * sizeof(Sample));
}

// The sum of rows [first, last) of a plane; past the plane its last row repeats.
template <class Sample, class Sum>
void sum_rows(const Plane<Sample>& plane, int first, int last, Sum* RESTRICT sums) {
  const auto row = [&](int y) { return plane.row(std::min(y, plane.height - 1)); };
  const int width = plane.width;
  int y = first;
  if ((last - first) % 2) {
    const Sample* RESTRICT one = row(y++);
    for (int x = 0; x < width; ++x) sums[x] = one[x];
  } else {
    std::fill_n(sums, width, Sum(0));
  }
  for (; y < last; y += 2) {
    const Sample* RESTRICT one = row(y);
    const Sample* RESTRICT two = row(y + 1);
    for (int x = 0; x < width; ++x) sums[x] = Sum(sums[x] + Sum(one[x]) + Sum(two[x]));
  }
}

// Sums of pairs, in place.
template <class Sum>
void add_pairs(Sum* sums, int pairs) {
  INDEPENDENT
  for (int i = 0; i < pairs; ++i) sums[i] = Sum(sums[2 * i] + sums[2 * i + 1]);
}

// Sums of groups of so many, in place.
template <class Sum>
void add_groups(Sum* sums, int groups, int size) {
  for (; size % 2 == 0; size /= 2) add_pairs(sums, groups * size / 2);
  for (int i = 0; i < groups && size > 1; ++i) {
    Sum sum = 0;
    for (int x = 0; x < size; ++x) sum = Sum(sum + sums[i * size + x]);
    sums[i] = sum;
  }
}

// The means of a plane over cells of `down` x `across` samples; past the plane its edges repeat.
template <class Sum, class Sample>
void means(const Plane<Sample>& plane, int down, int across, int rows, int columns,
           float* RESTRICT out) {
  const float count = float(down * across);
  const int padded = columns * across;
  Sum* RESTRICT sums = scratch<Sum, kSums>(padded);
  for (int row = 0; row < rows; ++row, out += columns) {
    fetch_rows(plane, (row + 1) * down, (row + 2) * down);
    sum_rows(plane, row * down, (row + 1) * down, sums);
    std::fill(sums + plane.width, sums + padded, sums[plane.width - 1]);
    add_groups(sums, columns, across);
    for (int x = 0; x < columns; ++x) out[x] = float(int(sums[x])) / count;
  }
}

// What one of `count` equal parts of `length` samples covers: samples [first, last], of which the
// two ends in part only.
struct Span {
  int first, last;
  double begin, end, length;
  float head, tail;

  Span(int index, int count, int total)
      : begin(double(index) * total / count),
        end(double(index + 1) * total / count),
        length(double(total) / count) {
    first = int(begin);
    last = std::max(first, std::min(total, int(end) + (end > int(end))) - 1);
    head = float((last == first ? end : first + 1) - begin);
    tail = last == first ? 0.0f : float(end - last);
  }
};

// How rows, and then samples of a row, are weighed: by floats, or for bytes by whole numbers, which
// are faster. Those are 128 times as large after the rows, and weights of samples are of 2^14.
template <class Value>
struct Weighing;

template <>
struct Weighing<float> {
  static constexpr int kLanes = 4;
  using Sum = float;
  static constexpr float kUnit = 1.0f;

  // The weight of what lies between two places of a part that is so long.
  static float weight(double begin, double end, double length) {
    return float((end - begin) / length);
  }
};

template <>
struct Weighing<std::int16_t> {
  static constexpr int kLanes = 8;
  using Sum = std::int32_t;
  static constexpr float kUnit = 1.0f / (128 << 14);

  static std::int16_t weight(double begin, double end, double length) {
    const double unit = (1 << 14) / length;
    return std::int16_t(std::lround(end * unit) - std::lround(begin * unit));
  }
};

// The mean of the rows of a span.
template <class Sum, class Sample>
void mean_rows(const Plane<Sample>& plane, const Span& span, float* RESTRICT out) {
  Sum* RESTRICT sums = scratch<Sum, kSums>(plane.width);
  sum_rows(plane, span.first + 1, std::max(span.first + 1, span.last), sums);
  const Sample* RESTRICT head = plane.row(span.first);
  const Sample* RESTRICT tail = plane.row(span.last);
  const float share = float(1 / span.length);
  for (int x = 0; x < plane.width; ++x)
    out[x] = share * (float(int(sums[x])) + span.head * float(head[x]) + span.tail * float(tail[x]));
}

// The upper half of the product of two numbers of 16 bits.
inline std::uint16_t upper(std::uint16_t one, std::uint16_t two) {
  return std::uint16_t(std::uint32_t(one) * two >> 16);
}

template <class Sum>
void mean_rows(const Plane<std::uint8_t>& plane, const Span& span, std::int16_t* RESTRICT out) {
  std::uint16_t* RESTRICT sums = scratch<std::uint16_t, kSums>(plane.width);
  const int whole = std::max(0, span.last - span.first - 1);
  sum_rows(plane, span.first + 1, span.first + 1 + whole, sums);
  int shift = 0;  // the most that sums leave room for
  while ((std::max(whole, 1) << (shift + 1)) <= kMostInShort) ++shift;
  const auto share = [&](double of) {
    return std::uint16_t(std::lround(128 * 65536.0 / span.length * of));
  };
  const std::uint16_t by_sums = whole ? share(1.0 / (1 << shift)) : 0;
  const std::uint16_t by_head = share(span.head / 256), by_tail = share(span.tail / 256);
  const std::uint8_t* RESTRICT head = plane.row(span.first);
  const std::uint8_t* RESTRICT tail = plane.row(span.last);
  for (int x = 0; x < plane.width; ++x)
    out[x] = std::int16_t(upper(std::uint16_t(sums[x] << shift), by_sums) +
                          upper(std::uint16_t(head[x] << 8), by_head) +
                          upper(std::uint16_t(tail[x] << 8), by_tail) + 1);
}

// Four numbers times four.
inline float dot(const float* RESTRICT values, const float* RESTRICT weights) {
  float sums[4];
  for (int i = 0; i < 4; ++i) sums[i] = values[i] * weights[i];
  return (sums[0] + sums[2]) + (sums[1] + sums[3]);
}

// Eight numbers times eight.
inline std::int32_t dot(const std::int16_t* RESTRICT values, const std::int16_t* RESTRICT weights) {
  std::int32_t sum = 0;
  for (int i = 0; i < 8; ++i) sum += std::int32_t(values[i]) * weights[i];
  return sum;
}

// As many sums as are made at a time, of a block each: `first` says where their values begin, and
// weights lie one after the other. Returns how many were made, which is all that is left to others.
template <class Value>
int many_sums(const Value*, const int*, const Value*, int, float, float*) {
  return 0;
}

#if defined(__SSSE3__)
inline __m128i products(const std::int16_t* values, const std::int16_t* weights) {
  return _mm_madd_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(values)),
                        _mm_loadu_si128(reinterpret_cast<const __m128i*>(weights)));
}

template <>
inline int many_sums(const std::int16_t* values, const int* first, const std::int16_t* weights,
                     int count, float unit, float* sums) {
  int i = 0;
  for (; i + 4 <= count; i += 4, weights += 32) {
    __m128i each[4];
    for (int k = 0; k < 4; ++k) each[k] = products(values + first[i + k], weights + 8 * k);
    const __m128i four = _mm_hadd_epi32(_mm_hadd_epi32(each[0], each[1]),
                                        _mm_hadd_epi32(each[2], each[3]));
    _mm_storeu_ps(sums + i, _mm_mul_ps(_mm_cvtepi32_ps(four), _mm_set1_ps(unit)));
  }
  return i;
}
#endif

// The means of `count` parts of a row.
template <class Value>
class Along {
 public:
  Along(int count, int length) : count_(count) {
    for (int x = 0; x < count; ++x) {
      const Span span(x, count, length);
      blocks_ = std::max(blocks_, (span.last - span.first) / kLanes + 1);
    }
    first_ = scratch<int, kFirst>(count);
    weights_ = scratch<Value, kWeights>(std::size_t(count) * taps());
    std::fill_n(weights_, std::size_t(count) * taps(), Value(0));
    for (int x = 0; x < count; ++x) {
      const Span span(x, count, length);
      Value* own = weights_ + std::size_t(x) * taps();
      first_[x] = span.first;
      for (int i = 0; i <= span.last - span.first; ++i) {
        const double from = std::max(span.begin, double(span.first + i)) - span.begin;
        const double to = std::min(span.end, double(span.first + i + 1)) - span.begin;
        own[i] = Weighing<Value>::weight(from, to, span.length);
      }
    }
  }

  // As many samples are read, past the end of the row too.
  int taps() const { return blocks_ * kLanes; }

  void means(const Value* row, float* out) const {
    switch (blocks_) {
      case 1: return means<1>(row, out);
      case 2: return means<2>(row, out);
      case 3: return means<3>(row, out);
      default: return means<0>(row, out);
    }
  }

 private:
  static constexpr int kLanes = Weighing<Value>::kLanes;
  using Sum = typename Weighing<Value>::Sum;

  // `Blocks` is how many there are, 0 for any number.
  template <int Blocks>
  void means(const Value* RESTRICT row, float* RESTRICT out) const {
    const int blocks = Blocks ? Blocks : blocks_;
    const float unit = Weighing<Value>::kUnit;
    int x = Blocks == 1 ? many_sums(row, first_, weights_, count_, unit, out) : 0;
    const Value* RESTRICT weight = weights_ + std::size_t(x) * taps();
    for (; x < count_; ++x) {
      const Value* RESTRICT from = row + first_[x];
      Sum sum = 0;
      for (int block = 0; block < blocks; ++block, from += kLanes, weight += kLanes)
        sum += dot(from, weight);
      out[x] = float(sum) * unit;
    }
  }

  int count_, blocks_ = 1;
  int* first_;
  Value* weights_;
};

// A plane reduced to rows x columns, each the mean of what it covers.
template <class Sum, class Value, class Sample>
void reduce(const Plane<Sample>& plane, int rows, int columns, float* out) {
  const Along<Value> along(columns, plane.width);
  Value* row = scratch<Value, kRow>(plane.width + along.taps());
  std::fill_n(row + plane.width, along.taps(), Value(0));
  for (int y = 0; y < rows; ++y, out += columns) {
    const Span span(y, rows, plane.height);
    fetch_rows(plane, span.last + 1, 2 * span.last - span.first + 1);
    mean_rows<Sum>(plane, span, row);
    along.means(row, out);
  }
}

// Numbers in [0, 255], to nearest.
void to_bytes(const float* RESTRICT planes, int area, int count, const float* by,
              std::uint8_t* RESTRICT out) {
  const float* RESTRICT two = planes + area;
  const float* RESTRICT three = planes + 2 * std::size_t(area);
  for (int i = 0; i < count; ++i) {
    const float value = by[0] * planes[i] + by[1] * two[i] + by[2] * three[i] + by[3];
    out[i] = std::uint8_t(int(rounded(clamped(value, 0.0f, 255.0f))));
  }
}

// Three planes as RGB: `matrix` has a row for each of red, green and blue, its level last.
void to_rgb(const float* planes, int area, const float* matrix, std::uint8_t* out) {
  constexpr int kMost = 512;
  std::uint8_t colours[3][kMost];
  for (int start = 0; start < area; start += kMost) {
    const int count = std::min(kMost, area - start);
    for (int c = 0; c < 3; ++c)
      to_bytes(planes + start, area, count, matrix + 4 * c, colours[c]);
    INDEPENDENT
    for (int i = 0; i < count; ++i) {
      out[3 * i] = colours[0][i];
      out[3 * i + 1] = colours[1][i];
      out[3 * i + 2] = colours[2][i];
    }
    out += 3 * count;
  }
}

// Calls `run(plane, sum)` with a plane of `bytes` a sample, and a number that holds the sum of
// `rows` of its samples.
template <class Run>
void for_samples(const void* samples, std::int64_t stride, int bytes, int height, int width,
                 int rows, Run&& run) {
  if (bytes != 1)
    run(plane_of<std::uint16_t>(samples, stride, height, width), std::uint32_t());
  else if (rows > kMostInShort)
    run(plane_of<std::uint8_t>(samples, stride, height, width), std::uint32_t());
  else
    run(plane_of<std::uint8_t>(samples, stride, height, width), std::uint16_t());
}

}  // namespace
}  // namespace sinet

using namespace sinet;

// Means of a plane, of `bytes` a sample, over cells of `down` x `across`, (rows, columns).
API int sinet_means(const void* samples, std::int64_t stride, int bytes, int height, int width,
                    int down, int across, int rows, int columns, float* out) {
  return guarded([&] {
    for_samples(samples, stride, bytes, height, width, down * across, [&](auto plane, auto sum) {
      means<decltype(sum)>(plane, down, across, rows, columns, out);
    });
  });
}

// Three planes, of `bytes` a sample, reduced to an RGB picture (rows, columns, 3) that is no larger
// than any of them. The second and third are of one size. `matrix` as in `to_rgb`.
API int sinet_reduced_rgb(const void* one, const void* two, const void* three,
                          std::int64_t stride, std::int64_t stride_two, std::int64_t stride_three,
                          int bytes, int height, int width, int height_others, int width_others,
                          int rows, int columns, const float* matrix, std::uint8_t* out) {
  return guarded([&] {
    const int area = rows * columns;
    float* planes = scratch<float, kPlanes>(3 * std::size_t(area));
    const auto reduced = [&](const void* samples, std::int64_t step, int tall, int wide,
                             float* to) {
      for_samples(samples, step, bytes, tall, wide, tall / rows + 1, [&](auto plane, auto sum) {
        using Sum = decltype(sum);
        using Value = std::conditional_t<sizeof(Sum) == 2, std::int16_t, float>;
        reduce<Sum, Value>(plane, rows, columns, to);
      });
    };
    reduced(one, stride, height, width, planes);
    reduced(two, stride_two, height_others, width_others, planes + area);
    reduced(three, stride_three, height_others, width_others, planes + 2 * area);
    to_rgb(planes, area, matrix, out);
  });
}
