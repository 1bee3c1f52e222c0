// Grids resampled bilinearly, as planes/resample has it: results are the same to the bit.

#include "common.h"

namespace sinet {
namespace {

constexpr int kMixedSlot = 1000;

// `share` of the way from one row to the next.
void mix_rows(const float* RESTRICT one, const float* RESTRICT next, float share, int width,
              float* RESTRICT out) {
  for (int x = 0; x < width; ++x) out[x] = one[x] + share * (next[x] - one[x]);
}

void mix_along(const float* RESTRICT row, const std::int64_t* RESTRICT lower,
               const float* RESTRICT share, int width, float* RESTRICT out) {
  for (int x = 0; x < width; ++x) {
    const float one = row[lower[x]], next = row[lower[x] + 1];
    out[x] = one + share[x] * (next - one);
  }
}

}  // namespace
}  // namespace sinet

using namespace sinet;

// `values` (height, width) resampled to `out` (down, across), whose samples lie `share` of the way
// from the row, or column, `lower` to the next; past the last it repeats.
API int sinet_resized(const float* values, int height, int width, const std::int64_t* lower_down,
                      const float* share_down, int down, const std::int64_t* lower_across,
                      const float* share_across, int across, float* out) {
  return guarded([&] {
    float* row = scratch<float, kMixedSlot>(width + 1);
    for (int y = 0; y < down; ++y) {
      const int lower = int(lower_down[y]), next = clamped(lower + 1, 0, height - 1);
      mix_rows(values + std::size_t(lower) * width, values + std::size_t(next) * width,
               share_down[y], width, row);
      row[width] = row[width - 1];
      mix_along(row, lower_across, share_across, across, out + std::size_t(y) * across);
    }
  });
}
