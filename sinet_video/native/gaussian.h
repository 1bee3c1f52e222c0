// Gaussian blurs: straight where they are small, on halved grids where they are large.
#pragma once

#include <cmath>

#include "boxes.h"

namespace sinet {
namespace {

constexpr int kGaussianSlots = 700;
constexpr int kMostHalvings = 6;

// Deviation above which a plane is halved first; what that blurs is taken off the rest. At a sharp
// edge it is off by less than 0.002.
constexpr double kHalvedFrom = 6.0;

struct Kernel {
  const float* weights;  // the middle one, and those to one side
  int reach;
};

// Weights of a Gaussian up to `reach`, normalised to one in all.
inline Kernel gaussian_kernel(double sigma, int reach) {
  float* weights = scratch<float, kGaussianSlots>(reach + 1);
  double total = 0;
  for (int i = 0; i <= reach; ++i) total += (i ? 2 : 1) * std::exp(-0.5 * i * i / (sigma * sigma));
  for (int i = 0; i <= reach; ++i)
    weights[i] = float(std::exp(-0.5 * i * i / (sigma * sigma)) / total);
  return {weights, reach};
}

// Adds a kernel's samples to either side of `in`, which has `kernel.reach` steps of room there.
inline void blur_line(const float* RESTRICT in, std::ptrdiff_t step, int count, const Kernel& kernel,
                      float* RESTRICT out) {
  for (int x = 0; x < count; ++x) out[x] = in[x] * kernel.weights[0];
  for (int i = 1; i <= kernel.reach; ++i) {
    const float weight = kernel.weights[i];
    const float *RESTRICT before = in - i * step, *RESTRICT after = in + i * step;
    for (int x = 0; x < count; ++x) out[x] += (before[x] + after[x]) * weight;
  }
}

// Blurs a plane in place, straight; outside all is zero.
inline void blur_plane(float* plane, int height, int width, const Kernel& kernel) {
  const int reach = kernel.reach;
  const std::size_t row = width;
  float* tall = scratch<float, kGaussianSlots + 1>((height + 2 * reach) * row);
  float* wide = scratch<float, kGaussianSlots + 2>(width + 2 * reach);
  std::memset(tall, 0, reach * row * sizeof(float));
  std::memcpy(tall + reach * row, plane, height * row * sizeof(float));
  std::memset(tall + (reach + height) * row, 0, reach * row * sizeof(float));
  std::memset(wide, 0, (width + 2 * reach) * sizeof(float));
  for (int y = 0; y < height; ++y) {
    blur_line(tall + (reach + y) * row, std::ptrdiff_t(row), width, kernel, wide + reach);
    blur_line(wide + reach, 1, width, kernel, plane + y * row);
  }
}

// How often a plane is halved for a blur, and what is left to blur then, in its cells.
struct Halvings {
  int count = 0;
  double sigma;

  explicit Halvings(double whole) : sigma(whole) {
    // Averaging two and enlarging again have a variance of 1 in all, in samples of the larger.
    for (; sigma > kHalvedFrom && count < kMostHalvings; ++count)
      sigma = std::sqrt((sigma * sigma - 1.0) / 4.0);
  }
};

// Blurs a plane in place by a Gaussian that is cut off at `reach`; outside all is zero.
inline void gaussian(float* plane, int height, int width, double sigma, int reach) {
  const Halvings halvings(sigma);
  if (halvings.count == 0) return blur_plane(plane, height, width, gaussian_kernel(sigma, reach));
  int heights[kMostHalvings + 1] = {height}, widths[kMostHalvings + 1] = {width};
  float* levels[kMostHalvings + 1] = {plane};
  float* room = scratch<float, kGaussianSlots + 3>(
      std::size_t(height + kMostHalvings + 1) * (width + kMostHalvings + 1));
  for (int i = 1; i <= halvings.count; ++i) {
    heights[i] = (heights[i - 1] + 1) / 2;
    widths[i] = (widths[i - 1] + 1) / 2;
    levels[i] = room;
    room += std::size_t(heights[i]) * widths[i];
    halved(levels[i - 1], heights[i - 1], widths[i - 1], widths[i - 1], levels[i]);
  }
  const int last = halvings.count;
  const int own = int(std::ceil(halvings.sigma * double(reach) / sigma));
  blur_plane(levels[last], heights[last], widths[last], gaussian_kernel(halvings.sigma, own));
  for (int i = last; i > 0; --i) {
    float* row = scratch<float, kGaussianSlots + 4>(2 * widths[i]);
    for (int y = 0; y < heights[i - 1]; ++y) {
      doubled_row(levels[i], heights[i], widths[i], y, row);
      std::memcpy(levels[i - 1] + std::size_t(y) * widths[i - 1], row,
                  widths[i - 1] * sizeof(float));
    }
  }
}

}  // namespace
}  // namespace sinet
