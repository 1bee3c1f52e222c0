// Alpha fitted as lines over a picture's three planes, as media/guided_filter has it.
#pragma once

#include "boxes.h"

namespace sinet {
namespace {

constexpr int kProducts = 14;
constexpr float kLeast = 0.02f;

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

}  // namespace
}  // namespace sinet
