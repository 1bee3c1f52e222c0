// Planes of cells seen as the larger planes that they stand for, bilinearly, tile by tile.
#pragma once

#include "common.h"

namespace sinet {
namespace {

constexpr int kLargestTile = 64;
constexpr int kLargestFactor = 8;
constexpr int kEnlargeSlots = 800;

// How a picture is cut into tiles, in samples of one of its planes (or in cells).
struct Tiling {
  int height, width;  // of the plane
  int down, across;   // of a tile
};

// The cells of one tile, with a neighbour on each side; past the plane its edges repeat.
struct Window {
  static constexpr int kStride = kLargestTile + 2;
  float values[kStride * kStride];
};

template <class Value>
void fill_window(const Tiling& cells, int row, int column, Window& window, Value&& value) {
  for (int y = 0; y < cells.down + 2; ++y) {
    const int from = clamped(row * cells.down + y - 1, 0, cells.height - 1);
    float* to = window.values + y * Window::kStride;
    for (int x = 0; x < cells.across + 2; ++x) {
      const int at = clamped(column * cells.across + x - 1, 0, cells.width - 1);
      to[x] = value(std::size_t(from) * cells.width + at);
    }
  }
}

inline void fill_window(const float* plane, const Tiling& cells, int row, int column,
                        Window& window) {
  fill_window(cells, row, column, window, [plane](std::size_t at) { return plane[at]; });
}

// Writes `Factor` values for each pair of neighbours, from the middle of the first to the last.
template <int Factor>
void between(const float* RESTRICT cells, int pairs, float* RESTRICT out) {
  for (int j = 0; j < pairs; ++j) {
    const float one = cells[j], other = cells[j + 1];
    for (int k = 0; k < Factor; ++k) {
      const float share = (k + 0.5f) / Factor;
      out[j * Factor + k] = one * (1.0f - share) + other * share;
    }
  }
}

// A row of samples from a row of cells: room for them and for half a cell at either end.
struct Row {
  alignas(64) float room[(kLargestTile + 1) * kLargestFactor];
  const float* values;
};

// Row `y` of a tile's samples, of which a cell has `down` x `across`; those are 1, 2, 4 or 8.
inline void enlarged_row(const Window& window, int cells_across, int y, int down, int across,
                         Row& row) {
  alignas(64) float mixed[Window::kStride];
  const int twice = 2 * y + 1 + down;  // twice the place, in samples, from the first cell's start
  const int lower = twice / (2 * down);
  const float share = float(twice % (2 * down)) / float(2 * down);
  const float* RESTRICT one = window.values + lower * Window::kStride;
  const float* RESTRICT other = down == 1 ? one : one + Window::kStride;
  for (int x = 0; x < cells_across + 2; ++x) mixed[x] = one[x] * (1.0f - share) + other[x] * share;
  const int pairs = cells_across + 1;
  switch (across) {
    case 1: std::memcpy(row.room, mixed, sizeof(mixed)); row.values = row.room + 1; return;
    case 2: between<2>(mixed, pairs, row.room); break;
    case 4: between<4>(mixed, pairs, row.room); break;
    default: between<8>(mixed, pairs, row.room); break;
  }
  row.values = row.room + across / 2;
}

// A plane's samples as floats: `width` of row `y` from `x` on; past the plane its edges repeat.
template <class Sample>
void samples(const Sample* plane, std::ptrdiff_t stride, const Tiling& tiling, int y, int x,
             int width, float* RESTRICT out) {
  const Sample* RESTRICT row = plane + clamped(y, 0, tiling.height - 1) * stride;
  const int inside = clamped(tiling.width - x, 0, width);
  for (int i = 0; i < inside; ++i) out[i] = float(row[x + i]);
  for (int i = inside; i < width; ++i) out[i] = float(row[tiling.width - 1]);
}

}  // namespace
}  // namespace sinet
