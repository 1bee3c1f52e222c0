// What happens to alpha on the network's grid: reduced colours, cuts, steadying, people's boxes.

#include "boxes.h"

namespace sinet {
namespace {

enum Slots { kChange, kSum, kRow, kOwn, kBefore };

// (height, width, 3) bytes as planes, (3, height, width) in [0, 1]; one row of one plane.
void plane_row(const std::uint8_t* RESTRICT rgb, int width, int plane, float* RESTRICT out) {
  for (int x = 0; x < width; ++x) out[x] = float(rgb[3 * x + plane]) * (1.0f / 255.0f);
}

void luma_row(const std::uint8_t* RESTRICT rgb, int width, float* RESTRICT out) {
  for (int x = 0; x < width; ++x) {
    const float red = float(rgb[3 * x]) * (1.0f / 255.0f);
    const float green = float(rgb[3 * x + 1]) * (1.0f / 255.0f);
    const float blue = float(rgb[3 * x + 2]) * (1.0f / 255.0f);
    out[x] = (red * 0.299f + green * 0.587f) + blue * 0.114f;
  }
}

void halved_colours(const std::uint8_t* rgb, int height, int width, float* out) {
  const int rows = (height + 1) / 2, columns = (width + 1) / 2;
  float* RESTRICT one = scratch<float, kRow>(2 * (width + 1));
  float* RESTRICT other = one + width + 1;
  for (int p = 0; p < 3; ++p) {
    for (int y = 0; y < rows; ++y) {
      const std::size_t stride = std::size_t(3) * width;
      const std::uint8_t* first = rgb + 2 * y * stride;
      plane_row(first, width, p, one);
      plane_row(2 * y + 1 < height ? first + stride : first, width, p, other);
      for (int x = 0; x < width; ++x) one[x] += other[x];
      one[width] = one[width - 1];
      float* RESTRICT to = out + (std::size_t(p) * rows + y) * columns;
      for (int x = 0; x < columns; ++x) to[x] = (one[2 * x] + one[2 * x + 1]) * 0.25f;
    }
  }
}

// How far each place has stayed the same from one picture, (3, height, width), to another.
void sameness(const float* before, const float* now, int height, int width, float still, float range,
              float* RESTRICT same) {
  const std::size_t area = std::size_t(height) * width;
  float* RESTRICT change = scratch<float, kChange>(area);
  float* RESTRICT sum = scratch<float, kSum>(area);
  const auto differ = [&](std::size_t i) {
    const float off = before[i] - now[i];
    return off < 0.0f ? -off : off;
  };
  for (std::size_t i = 0; i < area; ++i)
    change[i] = (differ(i) + differ(area + i) + differ(2 * area + i)) / 3.0f;
  box_sum(change, height, width, width, 1, sum);
  for (int y = 0; y < height; ++y) {
    const float down = y > 0 && y + 1 < height ? 3.0f : height > 1 ? 2.0f : 1.0f;
    for (int x = 0; x < width; ++x) {
      const float across = x > 0 && x + 1 < width ? 3.0f : width > 1 ? 2.0f : 1.0f;
      const std::size_t i = std::size_t(y) * width + x;
      const float mean = sum[i] * (1.0f / (down * across));
      same[i] = 1.0f - clamped((mean - still) / range, 0.0f, 1.0f);
    }
  }
}

// The sums that a matte's mean is made of.
struct Held {
  const float* alpha;
  float *sum, *weight;
};

// Mixes two alphas into each other where nothing moved in between. `same` has a value for 2 x 2.
void meet(const float* same, const Held& before, const Held& now, int height, int width) {
  const int rows = (height + 1) / 2, columns = (width + 1) / 2;
  float* RESTRICT share = scratch<float, kRow>(2 * columns);
  for (int y = 0; y < height; ++y) {
    doubled_row(same, rows, columns, y, share);
    const std::size_t at = std::size_t(y) * width;
    const float *RESTRICT a = before.alpha + at, *RESTRICT b = now.alpha + at;
    float *RESTRICT sum = before.sum + at, *RESTRICT weight = before.weight + at;
    float *RESTRICT new_sum = now.sum + at, *RESTRICT new_weight = now.weight + at;
    INDEPENDENT
    for (int x = 0; x < width; ++x) {
      sum[x] += share[x] * b[x];
      weight[x] += share[x];
      new_sum[x] += share[x] * a[x];
      new_weight[x] += share[x];
    }
  }
}

// Whether of a cell and its neighbours, those in the picture, at least five are seen.
void without_specks(const float* alpha, int height, int width, std::uint8_t* RESTRICT kept) {
  std::uint8_t* RESTRICT counts = scratch<std::uint8_t, kChange>(width + 2);
  counts[0] = counts[width + 1] = 0;
  for (int y = 0; y < height; ++y) {
    const float* RESTRICT one = alpha + std::size_t(y) * width;
    const float* RESTRICT above = y > 0 ? one - width : nullptr;
    const float* RESTRICT below = y + 1 < height ? one + width : nullptr;
    for (int x = 0; x < width; ++x) counts[x + 1] = one[x] > 0.5f;
    if (above)
      for (int x = 0; x < width; ++x) counts[x + 1] += above[x] > 0.5f;
    if (below)
      for (int x = 0; x < width; ++x) counts[x + 1] += below[x] > 0.5f;
    std::uint8_t* RESTRICT to = kept + std::size_t(y) * width;
    for (int x = 0; x < width; ++x)
      to[x] = one[x] > 0.5f && counts[x] + counts[x + 1] + counts[x + 2] > 4;
  }
}

}  // namespace
}  // namespace sinet

using namespace sinet;

// `rgb` is (height, width, 3) bytes; `luma` (height, width) and `halves`, the colours averaged over
// 2 x 2, are in [0, 1]; either may be null.
API int sinet_coarse(const std::uint8_t* rgb, int height, int width, float* luma, float* halves) {
  return guarded([&] {
    for (int y = 0; luma && y < height; ++y)
      luma_row(rgb + std::size_t(3) * y * width, width, luma + std::size_t(y) * width);
    if (halves) halved_colours(rgb, height, width, halves);
  });
}

// Sums kept side by side, so that one addition need not wait for another.
constexpr int kSums = 16;

// The mean change between two planes of `count` values.
API double sinet_mean_change(const float* before, const float* now, std::int64_t count) {
  double total = 0;
  for (std::int64_t start = 0; start < count; start += 256) {
    const std::int64_t end = start + 256 < count ? start + 256 : count;
    float some[kSums] = {};
    std::int64_t i = start;
    for (; i + kSums <= end; i += kSums)
      for (int k = 0; k < kSums; ++k) {
        const float off = before[i + k] - now[i + k];
        some[k] += off < 0.0f ? -off : off;
      }
    for (; i < end; ++i) some[0] += before[i] < now[i] ? now[i] - before[i] : before[i] - now[i];
    for (const float part : some) total += double(part);
  }
  return total / double(count);
}

// `same` (height, width): 1 where two pictures, (3, height, width), differ by up to `still`, 0 where
// by `still + range` or more.
API int sinet_sameness(const float* before, const float* now, int height, int width, float still,
                       float range, float* same) {
  return guarded([&] { sameness(before, now, height, width, still, range, same); });
}

// Multiplies `same`, on the half grid, by `step`, and mixes the alphas of two mattes, (height,
// width), into each other by it.
API int sinet_meet(float* same, const float* step, const float* before_alpha, float* before_sum,
                   float* before_weight, const float* now_alpha, float* now_sum, float* now_weight,
                   int height, int width) {
  return guarded([&] {
    const std::size_t half = std::size_t((height + 1) / 2) * ((width + 1) / 2);
    for (std::size_t i = 0; i < half; ++i) same[i] *= step[i];
    meet(same, {before_alpha, before_sum, before_weight}, {now_alpha, now_sum, now_weight}, height,
         width);
  });
}

// The cells with somebody in them, as the first and the last row and column, each plus one;
// 0 where there is nobody. `counts` gets how many cells are above `faint`, and above `plain`.
API int sinet_people(const float* alpha, int height, int width, float faint, float plain,
                     std::int32_t* box, std::int32_t* counts) {
  return guarded([&] {
    const std::size_t area = std::size_t(height) * width;
    std::uint8_t* kept = scratch<std::uint8_t, kOwn>(area);
    without_specks(alpha, height, width, kept);
    int top = 0, left = width, bottom = 0, right = -1;
    for (int y = 0; y < height; ++y) {
      const std::uint8_t* row = kept + std::size_t(y) * width;
      const void* found = std::memchr(row, 1, width);
      if (found == nullptr) continue;
      const int first = int(static_cast<const std::uint8_t*>(found) - row);
      int last = width - 1;
      while (!row[last]) --last;
      top = top ? top : y + 1;
      bottom = y + 1;
      left = first < left ? first : left;
      right = last > right ? last : right;
    }
    box[0] = top;
    box[1] = top ? left + 1 : 0;
    box[2] = bottom;
    box[3] = top ? right + 1 : 0;
    int some = 0, sure = 0;
    for (std::size_t i = 0; i < area; ++i) {
      some += alpha[i] > faint;
      sure += alpha[i] > plain;
    }
    counts[0] = some;
    counts[1] = sure;
  });
}

// Sums over windows of (2 * radius + 1) squared of `planes` planes.
API int sinet_box_sum(const float* values, int planes, int height, int width, int radius,
                      float* out) {
  return guarded([&] {
    const std::size_t area = std::size_t(height) * width;
    for (int p = 0; p < planes; ++p)
      box_sum(values + p * area, height, width, width, radius, out + p * area);
  });
}
