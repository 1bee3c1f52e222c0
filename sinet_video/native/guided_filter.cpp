// Coarse alpha fitted twice to a reduced picture, as stages/refine does.

#include "fit.h"

namespace sinet {
namespace {

constexpr float kSlack = 0.05f;
constexpr int kReach = 7;

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
