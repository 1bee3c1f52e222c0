// Coarse alpha fitted twice to a reduced picture, as stages/guided_filter and stages/refine do.

#include "boxes.h"

namespace sinet {
namespace {

constexpr int kProducts = 14;
constexpr float kLeast = 0.02f;
constexpr float kSlack = 0.05f;
constexpr int kReach = 7;

enum Slots { kGuide, kAlpha, kSure, kRows, kHalf, kSums, kLines, kMeans, kFine, kFitted, kMask,
             kDecided };

struct Size {
  int height, width;
  std::size_t area() const { return std::size_t(height) * width; }
};

struct Window {
  int radius;
  float eps, contrast;
};

// How sure alpha is: 1 where all in a window is 0, or all is 1.
void sureness(const float* alpha, Size size, int radius, float* RESTRICT sure) {
  box_sum(alpha, size.height, size.width, size.width, radius, sure);
  const auto inside = [radius](int at, int length) {
    return clamped(at + radius, 0, length - 1) - clamped(at - radius, 0, length - 1) + 1;
  };
  float* RESTRICT across = scratch<float, kRows>(size.width);
  for (int x = 0; x < size.width; ++x) across[x] = float(inside(x, size.width));
  for (int y = 0; y < size.height; ++y) {
    const float down = float(inside(y, size.height));
    float* RESTRICT row = sure + std::size_t(y) * size.width;
    for (int x = 0; x < size.width; ++x) {
      const float decided = 2.0f * (row[x] * (1.0f / (down * across[x]))) - 1.0f;
      const float squared = decided * decided;
      row[x] = squared > kLeast ? squared : kLeast;
    }
  }
}

// What the weighted means of the fit are of, for two rows, added: `rows` is (14, width).
void products(const float* const guide[2][3], const float* const alpha[2],
              const float* const sure[2], int width, std::size_t stride, float* rows) {
  const float *RESTRICT g0 = guide[0][0], *RESTRICT g1 = guide[0][1], *RESTRICT g2 = guide[0][2];
  const float *RESTRICT h0 = guide[1][0], *RESTRICT h1 = guide[1][1], *RESTRICT h2 = guide[1][2];
  const float *RESTRICT a = alpha[0], *RESTRICT b = alpha[1];
  const float *RESTRICT s = sure[0], *RESTRICT t = sure[1];
  INDEPENDENT
  for (int x = 0; x < width; ++x) {
    const float u0 = g0[x] * s[x], u1 = g1[x] * s[x], u2 = g2[x] * s[x];
    const float v0 = h0[x] * t[x], v1 = h1[x] * t[x], v2 = h2[x] * t[x];
    const float p = a[x] * s[x], q = b[x] * t[x];
    rows[x] = s[x] + t[x];
    rows[stride + x] = u0 + v0;
    rows[2 * stride + x] = u1 + v1;
    rows[3 * stride + x] = u2 + v2;
    rows[4 * stride + x] = p + q;
    rows[5 * stride + x] = g0[x] * p + h0[x] * q;
    rows[6 * stride + x] = g1[x] * p + h1[x] * q;
    rows[7 * stride + x] = g2[x] * p + h2[x] * q;
    rows[8 * stride + x] = u0 * g0[x] + v0 * h0[x];
    rows[9 * stride + x] = u0 * g1[x] + v0 * h1[x];
    rows[10 * stride + x] = u0 * g2[x] + v0 * h2[x];
    rows[11 * stride + x] = u1 * g1[x] + v1 * h1[x];
    rows[12 * stride + x] = u1 * g2[x] + v1 * h2[x];
    rows[13 * stride + x] = u2 * g2[x] + v2 * h2[x];
  }
}

// The products averaged over 2 x 2 cells: `half` is (14, half height, half width).
void halved_products(const float* guide, const float* alpha, const float* sure, Size size,
                     Size small, float* half) {
  const std::size_t stride = size.width + 1, area = small.area();
  float* rows = scratch<float, kRows>(kProducts * stride);
  for (int y = 0; y < small.height; ++y) {
    const float *planes[2][3], *alphas[2], *weights[2];
    for (int i = 0; i < 2; ++i) {
      const std::size_t at = std::size_t(clamped(2 * y + i, 0, size.height - 1)) * size.width;
      for (int p = 0; p < 3; ++p) planes[i][p] = guide + p * size.area() + at;
      alphas[i] = alpha + at;
      weights[i] = sure + at;
    }
    products(planes, alphas, weights, size.width, stride, rows);
    for (int k = 0; k < kProducts; ++k) {
      float* RESTRICT row = rows + k * stride;
      row[size.width] = row[size.width - 1];
      float* RESTRICT to = half + k * area + std::size_t(y) * small.width;
      for (int x = 0; x < small.width; ++x) to[x] = (row[2 * x] + row[2 * x + 1]) * 0.25f;
    }
  }
}

// Solves each cell's system: `sums` is (14, area); `lines` gets slopes and level times the weight,
// and the weight; `guides` the guide's means. (5, area) and (3, area).
void solve(const float* sums, std::size_t area, float eps, float* RESTRICT lines,
           float* RESTRICT guides) {
  const float *RESTRICT w = sums, *RESTRICT mg = sums + area, *RESTRICT ma = sums + 4 * area;
  const float *RESTRICT mx = sums + 5 * area, *RESTRICT mq = sums + 8 * area;
  INDEPENDENT
  for (std::size_t i = 0; i < area; ++i) {
    const float weight = w[i];
    const float g0 = mg[i] / weight, g1 = mg[area + i] / weight, g2 = mg[2 * area + i] / weight;
    const float mean = ma[i] / weight;
    const float r0 = mx[i] / weight - g0 * mean;
    const float r1 = mx[area + i] / weight - g1 * mean;
    const float r2 = mx[2 * area + i] / weight - g2 * mean;
    const float a = (mq[i] / weight - g0 * g0) + eps;
    const float b = mq[area + i] / weight - g0 * g1;
    const float c = mq[2 * area + i] / weight - g0 * g2;
    const float d = (mq[3 * area + i] / weight - g1 * g1) + eps;
    const float e = mq[4 * area + i] / weight - g1 * g2;
    const float f = (mq[5 * area + i] / weight - g2 * g2) + eps;
    const float m00 = d * f - e * e, m01 = c * e - b * f, m02 = b * e - c * d;
    const float m11 = a * f - c * c, m12 = b * c - a * e, m22 = a * d - b * b;
    const float determinant = a * m00 + b * m01 + c * m02;
    const float s0 = (m00 * r0 + m01 * r1 + m02 * r2) / determinant;
    const float s1 = (m01 * r0 + m11 * r1 + m12 * r2) / determinant;
    const float s2 = (m02 * r0 + m12 * r1 + m22 * r2) / determinant;
    const float level = mean - (s0 * g0 + s1 * g1 + s2 * g2);
    lines[i] = s0 * weight;
    lines[area + i] = s1 * weight;
    lines[2 * area + i] = s2 * weight;
    lines[3 * area + i] = level * weight;
    lines[4 * area + i] = weight;
    guides[i] = g0;
    guides[area + i] = g1;
    guides[2 * area + i] = g2;
  }
}

// Averages lines over 3 x 3 (half) cells, by weight: `means` gets slopes and level, (4, area).
void averaged(const float* lines, Size small, float* means) {
  const std::size_t area = small.area();
  float* weight = scratch<float, kSums>(area);
  box_sum(lines + 4 * area, small.height, small.width, small.width, 1, weight);
  for (int k = 0; k < 4; ++k) {
    float* RESTRICT mean = means + k * area;
    box_sum(lines + k * area, small.height, small.width, small.width, 1, mean);
    for (std::size_t i = 0; i < area; ++i) mean[i] /= weight[i];
  }
}

// Lines on the whole grid, made steeper: `fine` is (7, area), slopes, centres and level.
void enlarged(const float* means, Size small, Size size, float contrast, float* fine) {
  const std::size_t stride = 2 * small.width, area = size.area();
  float* rows = scratch<float, kRows>(7 * stride);
  const float* RESTRICT level = rows + 3 * stride;
  const float rest = (1.0f - contrast) / 2.0f;
  for (int y = 0; y < size.height; ++y) {
    for (int k = 0; k < 7; ++k)
      doubled_row(means + k * small.area(), small.height, small.width, y, rows + k * stride);
    const float *RESTRICT s = rows, *RESTRICT c = rows + 4 * stride;
    float* to = fine + std::size_t(y) * size.width;
    INDEPENDENT
    for (int x = 0; x < size.width; ++x) {
      const float s0 = s[x], s1 = s[stride + x], s2 = s[2 * stride + x];
      const float c0 = c[x], c1 = c[stride + x], c2 = c[2 * stride + x];
      to[x] = s0 * contrast;
      to[area + x] = s1 * contrast;
      to[2 * area + x] = s2 * contrast;
      to[3 * area + x] = c0;
      to[4 * area + x] = c1;
      to[5 * area + x] = c2;
      to[6 * area + x] = (level[x] + (s0 * c0 + s1 * c1 + s2 * c2)) * contrast + rest;
    }
  }
}

void fit(const float* guide, const float* alpha, Size size, int sure_radius, const Window& window,
         float* fine) {
  const Size small = {(size.height + 1) / 2, (size.width + 1) / 2};
  const std::size_t area = small.area();
  float* sure = scratch<float, kSure>(size.area());
  float* half = scratch<float, kHalf>(kProducts * area);
  float* sums = scratch<float, kLines>(kProducts * area);
  float* means = scratch<float, kMeans>(7 * area);
  sureness(alpha, size, sure_radius, sure);
  halved_products(guide, alpha, sure, size, small, half);
  for (int k = 0; k < kProducts; ++k)
    box_sum(half + k * area, small.height, small.width, small.width, window.radius,
            sums + k * area);
  solve(sums, area, window.eps, half, means + 4 * area);  // `half` has served
  averaged(half, small, means);
  enlarged(means, small, size, window.contrast, fine);
}

// Alpha by lines, (7, area), over a guide of one value a cell, (3, area).
void evaluate(const float* fine, const float* guide, std::size_t area, float* RESTRICT alpha) {
  const float *RESTRICT l = fine, *RESTRICT g = guide;
  INDEPENDENT
  for (std::size_t i = 0; i < area; ++i) {
    const float first = g[i] - l[3 * area + i];
    const float second = g[area + i] - l[4 * area + i];
    const float third = g[2 * area + i] - l[5 * area + i];
    alpha[i] = l[i] * first + l[area + i] * second + l[2 * area + i] * third + l[6 * area + i];
  }
}

// Where a window holds anything but all 0 or all 1.
void mixed(const float* alpha, Size size, int radius, std::uint8_t* RESTRICT band) {
  const std::size_t area = size.area();
  std::uint8_t* RESTRICT below = scratch<std::uint8_t, kMask>(area);
  for (std::size_t i = 0; i < area; ++i) {
    band[i] = alpha[i] > 0.0f;
    below[i] = alpha[i] < 1.0f;
  }
  spread_bytes(band, size.height, size.width, radius);
  spread_bytes(below, size.height, size.width, radius);
  for (std::size_t i = 0; i < area; ++i) band[i] &= below[i];
}

struct Part {
  int top, left, bottom, right;
  Size size() const { return {bottom - top, right - left}; }
};

// The cells within reach of any that is set, from even ones on; empty where none is.
Part around(const std::uint8_t* mask, Size size, int reach) {
  Part found = {size.height, size.width, -1, -1};
  for (int y = 0; y < size.height; ++y) {
    const std::uint8_t* row = mask + std::size_t(y) * size.width;
    const void* first = std::memchr(row, 1, size.width);
    if (first == nullptr) continue;
    const int left = int(static_cast<const std::uint8_t*>(first) - row);
    int right = size.width - 1;
    while (!row[right]) --right;
    if (found.bottom < 0) found.top = y;
    found.bottom = y;
    found.left = left < found.left ? left : found.left;
    found.right = right > found.right ? right : found.right;
  }
  if (found.bottom < 0) return {0, 0, 0, 0};
  return {clamped(found.top - reach, 0, size.height) / 2 * 2,
          clamped(found.left - reach, 0, size.width) / 2 * 2,
          clamped(found.bottom + reach + 1, 0, size.height),
          clamped(found.right + reach + 1, 0, size.width)};
}

void copy_part(const float* from, Size whole, const Part& part, float scale, float* RESTRICT to) {
  const Size size = part.size();
  for (int y = 0; y < size.height; ++y) {
    const float* RESTRICT row = from + std::size_t(part.top + y) * whole.width + part.left;
    float* RESTRICT own = to + std::size_t(y) * size.width;
    for (int x = 0; x < size.width; ++x) own[x] = row[x] * scale;
  }
}

// What `guided_lines` gives back, planes of the whole grid.
struct Result {
  float *slopes, *centre, *level;
  std::uint8_t* band;
};

// Puts a part's lines where they belong; they hold within the band, and are flat elsewhere.
void put(const float* fine, const std::uint8_t* band, const float* alpha, const float* fitted,
         Size whole, const Part& part, const Result& result) {
  const Size size = part.size();
  const std::size_t area = size.area();
  for (int y = 0; y < size.height; ++y) {
    const std::size_t from = std::size_t(y) * size.width;
    const std::size_t to = std::size_t(part.top + y) * whole.width + part.left;
    for (int p = 0; p < 3; ++p) {
      const float* RESTRICT slope = fine + p * area + from;
      float* RESTRICT own = result.slopes + p * whole.area() + to;
      for (int x = 0; x < size.width; ++x) own[x] = slope[x] * float(band[from + x]);
      std::memcpy(result.centre + p * whole.area() + to, fine + (3 + p) * area + from,
                  size.width * sizeof(float));
    }
    for (int x = 0; x < size.width; ++x) {
      const std::size_t i = from + x;
      const bool unsure = fitted[i] > -kSlack && fitted[i] < 1.0f + kSlack;
      const float rest = unsure ? alpha[i] : fitted[i] > 0.5f ? 1.0f : 0.0f;
      result.level[to + x] = band[i] ? fine[6 * area + i] : rest;
    }
    std::memcpy(result.band + to, band + from, size.width);
  }
}

void fit_part(const float* guide, const float* coarse, Size size, int sure, Window window,
              float* fine, float* alpha, float* fitted, std::uint8_t* band) {
  const std::size_t area = size.area();
  fit(guide, coarse, size, sure, window, fine);
  evaluate(fine, guide, area, alpha);
  for (std::size_t i = 0; i < area; ++i) alpha[i] = clamped(alpha[i], 0.0f, 1.0f);
  window.radius = 1;
  fit(guide, alpha, size, sure, window, fine);
  evaluate(fine, guide, area, fitted);
  float* decided = scratch<float, kDecided>(area);
  for (std::size_t i = 0; i < area; ++i) {
    const bool unsure = fitted[i] > -kSlack && fitted[i] < 1.0f + kSlack;
    decided[i] = unsure ? 0.5f : fitted[i] > 0.5f ? 1.0f : 0.0f;
  }
  std::uint8_t* near = scratch<std::uint8_t, kDecided + 1>(area);
  mixed(alpha, size, kReach, band);
  mixed(decided, size, 1, near);
  for (std::size_t i = 0; i < area; ++i) band[i] &= near[i];
}

}  // namespace
}  // namespace sinet

using namespace sinet;

// `guide` is (3, height, width), brought to [0, 1] by `scale`; `alpha` (height, width) in [0, 1].
// `slopes`, `centre` (3, height, width), `level` and `band` (height, width) are written.
API int sinet_guided_lines(const float* guide, float scale, const float* alpha, int height,
                           int width, int radius, int sure, float eps, float contrast,
                           float* slopes, float* centre, float* level, std::uint8_t* band) {
  return guarded([&] {
    const Size whole = {height, width};
    const std::size_t area = whole.area();
    mixed(alpha, whole, 1, band);
    const Part part = around(band, whole, 2 * (radius + kReach) + sure);
    const Size size = part.size();
    std::memset(slopes, 0, 3 * area * sizeof(float));
    std::memset(centre, 0, 3 * area * sizeof(float));
    std::memcpy(level, alpha, area * sizeof(float));
    std::memset(band, 0, area);
    if (size.area() == 0) return;
    float* seen = scratch<float, kGuide>(3 * size.area());
    float* coarse = scratch<float, kAlpha>(2 * size.area());
    float* fine = scratch<float, kFine>(7 * size.area());
    float* fitted = scratch<float, kFitted>(size.area());
    std::uint8_t* inside = scratch<std::uint8_t, kDecided + 2>(size.area());
    for (int p = 0; p < 3; ++p)
      copy_part(guide + p * area, whole, part, scale, seen + p * size.area());
    copy_part(alpha, whole, part, 1.0f, coarse);
    float* first = coarse + size.area();
    fit_part(seen, coarse, size, sure, {radius, eps, contrast}, fine, first, fitted, inside);
    put(fine, inside, first, fitted, whole, part, {slopes, centre, level, band});
  });
}
