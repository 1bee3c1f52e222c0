// Sums over square windows, and grids halved and doubled, in the order in which numpy's versions
// (box_filter, pyramid) add: results are the same to the bit.
#pragma once

#include "common.h"

namespace sinet {
namespace {

constexpr int kBoxSlots = 900;

// Adds to `total` (rows of `width`) runs of 2 * radius + 1 of the rows in `run`, which is overwritten.
inline void sum_rows(float* run, int height, int width, int radius, float* RESTRICT total) {
  const int window = 2 * radius + 1;
  std::ptrdiff_t length = std::ptrdiff_t(height + 2 * radius) * width;
  const std::ptrdiff_t whole = std::ptrdiff_t(height) * width;
  std::memcpy(total, run, whole * sizeof(float));
  std::ptrdiff_t done = width;
  for (int size = 1; 2 * size <= window; size *= 2) {
    const std::ptrdiff_t step = std::ptrdiff_t(size) * width;
    length -= step;
    INDEPENDENT
    for (std::ptrdiff_t i = 0; i < length; ++i) run[i] += run[i + step];
    if (window & (2 * size)) {
      const float* RESTRICT part = run + done;
      INDEPENDENT
      for (std::ptrdiff_t i = 0; i < whole; ++i) total[i] += part[i];
      done += 2 * step;
    }
  }
}

// Sums along a row of `width`, from `row`, which has `radius` zeros at either end and is overwritten.
inline void sum_along(float* row, int width, int radius, float* RESTRICT total) {
  sum_rows(row, width, 1, radius, total);
}

inline void row_of_three(float* RESTRICT q, int width, float* RESTRICT out) {
  for (int x = 0; x < width; ++x) out[x] = q[x] + (q[x + 1] + q[x + 2]);
}

inline void row_of_five(float* RESTRICT q, int width, float* RESTRICT out) {
  for (int x = 0; x < width; ++x)
    out[x] = q[x] + ((q[x + 1] + q[x + 2]) + (q[x + 3] + q[x + 4]));
}

inline void box_sum_1(const float* in, int height, int width, int stride, float* RESTRICT out) {
  float* zeros = scratch<float, kBoxSlots>(width);
  float* q = scratch<float, kBoxSlots + 1>(width + 2);
  std::memset(zeros, 0, width * sizeof(float));
  q[0] = q[width + 1] = 0;
  for (int y = 0; y < height; ++y) {
    const float* RESTRICT a = y > 0 ? in + std::ptrdiff_t(y - 1) * stride : zeros;
    const float* RESTRICT b = in + std::ptrdiff_t(y) * stride;
    const float* RESTRICT c = y + 1 < height ? in + std::ptrdiff_t(y + 1) * stride : zeros;
    float* RESTRICT column = q + 1;
    INDEPENDENT
    for (int x = 0; x < width; ++x) column[x] = a[x] + (b[x] + c[x]);
    row_of_three(q, width, out + std::ptrdiff_t(y) * width);
  }
}

inline void box_sum_2(const float* in, int height, int width, int stride, float* RESTRICT out) {
  float* zeros = scratch<float, kBoxSlots>(width);
  float* q = scratch<float, kBoxSlots + 1>(width + 4);
  std::memset(zeros, 0, width * sizeof(float));
  q[0] = q[1] = q[width + 2] = q[width + 3] = 0;
  const float* rows[5];
  for (int y = 0; y < height; ++y) {
    for (int i = 0; i < 5; ++i) {
      const int at = y + i - 2;
      rows[i] = at >= 0 && at < height ? in + std::ptrdiff_t(at) * stride : zeros;
    }
    const float *RESTRICT a = rows[0], *RESTRICT b = rows[1], *RESTRICT c = rows[2];
    const float *RESTRICT d = rows[3], *RESTRICT e = rows[4];
    float* RESTRICT column = q + 2;
    INDEPENDENT
    for (int x = 0; x < width; ++x) column[x] = a[x] + ((b[x] + c[x]) + (d[x] + e[x]));
    row_of_five(q, width, out + std::ptrdiff_t(y) * width);
  }
}

// Sums over windows of (2 * radius + 1) squared; outside all is zero. `in` has rows of `stride`,
// `out` of `width`; they do not overlap.
inline void box_sum(
    const float* in, int height, int width, int stride, int radius, float* out) {
  if (radius == 1) return box_sum_1(in, height, width, stride, out);
  if (radius == 2) return box_sum_2(in, height, width, stride, out);
  const std::size_t row = width, border = radius * row;
  float* run = scratch<float, kBoxSlots + 2>((height + 2 * radius) * row);
  float* columns = scratch<float, kBoxSlots + 3>(height * row);
  float* q = scratch<float, kBoxSlots + 4>(width + 2 * radius);
  std::memset(run, 0, border * sizeof(float));
  for (int y = 0; y < height; ++y)
    std::memcpy(run + border + y * row, in + std::ptrdiff_t(y) * stride, row * sizeof(float));
  std::memset(run + border + height * row, 0, border * sizeof(float));
  sum_rows(run, height, width, radius, columns);
  for (int y = 0; y < height; ++y) {
    std::memset(q, 0, radius * sizeof(float));
    std::memcpy(q + radius, columns + y * row, row * sizeof(float));
    std::memset(q + radius + width, 0, radius * sizeof(float));
    sum_along(q, width, radius, out + y * row);
  }
}

// Whether any byte within `radius` is set, in place; outside none is.
inline void spread_bytes(std::uint8_t* mask, int height, int width, int radius) {
  const std::size_t row = width + 2 * radius;
  std::uint8_t* run = scratch<std::uint8_t, kBoxSlots + 5>((height + 2 * radius) * row);
  std::memset(run, 0, (height + 2 * radius) * row);
  for (int y = 0; y < height; ++y)
    std::memcpy(run + (y + radius) * row + radius, mask + std::size_t(y) * width, width);
  const int window = 2 * radius + 1;
  const auto merge = [&](std::ptrdiff_t length, std::ptrdiff_t step) {
    INDEPENDENT
    for (std::ptrdiff_t i = 0; i < length; ++i) run[i] |= run[i + step];
  };
  // A window is two runs that overlap, of the largest power of two in it.
  const auto windows = [&](std::ptrdiff_t unit) {
    std::ptrdiff_t length = (height + 2 * radius) * row;
    int size = 1;
    for (; 2 * size <= window; size *= 2) merge(length -= size * unit, size * unit);
    if (size < window) merge(length - (window - size) * unit, (window - size) * unit);
  };
  windows(1);
  windows(row);
  for (int y = 0; y < height; ++y) std::memcpy(mask + std::size_t(y) * width, run + y * row, width);
}

// Averages of 2 x 2; past the far sides the last row and column repeat.
inline void halved(const float* in, int height, int width, int stride, float* RESTRICT out) {
  const int rows = (height + 1) / 2, columns = (width + 1) / 2;
  float* RESTRICT sums = scratch<float, kBoxSlots + 6>(width + 1);
  for (int y = 0; y < rows; ++y) {
    const float* RESTRICT first = in + std::ptrdiff_t(2 * y) * stride;
    const float* RESTRICT second = 2 * y + 1 < height ? first + stride : first;
    for (int x = 0; x < width; ++x) sums[x] = first[x] + second[x];
    sums[width] = sums[width - 1];
    float* RESTRICT to = out + std::ptrdiff_t(y) * columns;
    for (int x = 0; x < columns; ++x) to[x] = (sums[2 * x] + sums[2 * x + 1]) * 0.25f;
  }
}

// One row, `y`, of cells (height, width) enlarged twice, bilinearly.
// `row` gets 2 * width values.
inline void doubled_row(
    const float* cells, int height, int width, int y, float* RESTRICT row) {
  const int near = y / 2, far = clamped(y % 2 ? near + 1 : near - 1, 0, height - 1);
  const float* RESTRICT one = cells + std::ptrdiff_t(near) * width;
  const float* RESTRICT other = cells + std::ptrdiff_t(far) * width;
  float* RESTRICT mixed = scratch<float, kBoxSlots + 7>(width);
  if (far == near) {
    std::memcpy(mixed, one, width * sizeof(float));
  } else {
    for (int x = 0; x < width; ++x) mixed[x] = one[x] * 0.75f + other[x] * 0.25f;
  }
  row[0] = mixed[0];
  row[2 * width - 1] = mixed[width - 1];
  for (int x = 0; x + 1 < width; ++x) {
    row[2 * x + 1] = mixed[x] * 0.75f + mixed[x + 1] * 0.25f;
    row[2 * x + 2] = mixed[x + 1] * 0.75f + mixed[x] * 0.25f;
  }
}

}  // namespace
}  // namespace sinet
