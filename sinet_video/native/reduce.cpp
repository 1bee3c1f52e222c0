// Planes reduced by averaging: to cells of whole samples, and to a picture of any smaller size.

#include <algorithm>

#include "common.h"

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

// The means of a plane over cells of `down` x `across` samples; past the plane its edges repeat.
template <class Sum, class Sample>
void means(const Plane<Sample>& plane, int down, int across, int rows, int columns, float* out) {
  const float count = float(down * across);
  const int padded = columns * across;
  Sum* sums = scratch<Sum, kSums>(padded);
  for (int row = 0; row < rows; ++row, out += columns) {
    sum_rows(plane, row * down, (row + 1) * down, sums);
    std::fill(sums + plane.width, sums + padded, sums[plane.width - 1]);
    for (int column = 0; column < columns; ++column) {
      std::uint32_t sum = 0;
      for (int x = 0; x < across; ++x) sum += sums[column * across + x];
      out[column] = float(sum) / count;
    }
  }
}

// What one of `count` equal parts of `length` samples covers: samples [first, last], of which the
// two ends in part only.
struct Span {
  int first, last;
  float head, tail;

  Span(int index, int count, int length) {
    const double begin = double(index) * length / count, end = double(index + 1) * length / count;
    first = int(begin);
    last = std::max(first, std::min(length, int(end) + (end > int(end))) - 1);
    head = float((last == first ? end : first + 1) - begin);
    tail = last == first ? 0.0f : float(end - last);
  }
};

// The rows of a span, added up.
template <class Sum, class Sample>
void covered_rows(const Plane<Sample>& plane, const Span& span, float* RESTRICT out) {
  Sum* RESTRICT sums = scratch<Sum, kSums>(plane.width);
  sum_rows(plane, span.first + 1, std::max(span.first + 1, span.last), sums);
  const Sample* RESTRICT head = plane.row(span.first);
  const Sample* RESTRICT tail = plane.row(span.last);
  for (int x = 0; x < plane.width; ++x)
    out[x] = float(int(sums[x])) + span.head * float(head[x]) + span.tail * float(tail[x]);
}

// Samples of a row that are added at a time.
constexpr int kLanes = 4;

// The means of `count` parts of a row, times what `share` is of the length of one.
class Along {
 public:
  Along(int count, int length, float share) : count_(count) {
    for (int x = 0; x < count; ++x) {
      const Span span(x, count, length);
      blocks_ = std::max(blocks_, (span.last - span.first) / kLanes + 1);
    }
    first_ = scratch<int, kFirst>(count);
    weights_ = scratch<float, kWeights>(std::size_t(count) * taps());
    std::fill_n(weights_, std::size_t(count) * taps(), 0.0f);
    for (int x = 0; x < count; ++x) {
      const Span span(x, count, length);
      float* own = weights_ + std::size_t(x) * taps() - (first_[x] = span.first);
      std::fill(own + span.first, own + span.last, share);
      own[span.first] = span.head * share;
      if (span.last > span.first) own[span.last] = span.tail * share;
    }
  }

  // As many samples are read, past the end of the row too.
  int taps() const { return blocks_ * kLanes; }

  void means(const float* row, float* out) const {
    switch (blocks_) {
      case 1: return means<1>(row, out);
      case 2: return means<2>(row, out);
      case 3: return means<3>(row, out);
      default: return means<0>(row, out);
    }
  }

 private:
  // `Blocks` is how many there are, 0 for any number.
  template <int Blocks>
  void means(const float* RESTRICT row, float* RESTRICT out) const {
    const int blocks = Blocks ? Blocks : blocks_;
    const float* RESTRICT weight = weights_;
    for (int x = 0; x < count_; ++x) {
      const float* RESTRICT from = row + first_[x];
      float sums[kLanes] = {};
      for (int block = 0; block < blocks; ++block, from += kLanes, weight += kLanes)
        for (int i = 0; i < kLanes; ++i) sums[i] += from[i] * weight[i];
      out[x] = (sums[0] + sums[2]) + (sums[1] + sums[3]);
    }
  }

  int count_, blocks_ = 1;
  int* first_;
  float* weights_;
};

// A plane reduced to rows x columns, each the mean of what it covers.
template <class Sum, class Sample>
void reduce(const Plane<Sample>& plane, int rows, int columns, float* out) {
  const double share = double(rows) * columns / (double(plane.height) * plane.width);
  const Along along(columns, plane.width, float(share));
  float* row = scratch<float, kRow>(plane.width + along.taps());
  std::fill_n(row + plane.width, along.taps(), 0.0f);
  for (int y = 0; y < rows; ++y, out += columns) {
    covered_rows<Sum>(plane, Span(y, rows, plane.height), row);
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
    for (int i = 0; i < count; ++i)
      for (int c = 0; c < 3; ++c) *out++ = colours[c][i];
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
    for_samples(samples, stride, bytes, height, width, down, [&](auto plane, auto sum) {
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
        reduce<decltype(sum)>(plane, rows, columns, to);
      });
    };
    reduced(one, stride, height, width, planes);
    reduced(two, stride_two, height_others, width_others, planes + area);
    reduced(three, stride_three, height_others, width_others, planes + 2 * area);
    to_rgb(planes, area, matrix, out);
  });
}
