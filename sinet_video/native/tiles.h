// Alpha as tiles: kinds, and the values of those that are partial.
#pragma once

#include "enlarge.h"

namespace sinet {
namespace {

enum Kind : std::uint8_t { kClear = 0, kSolid = 1, kPartial = 2 };

// As media/tiled_alpha has it. `values` are of `down` x `across` floats a partial tile, row by row.
struct Alpha {
  int height, width, down, across;
  const std::uint8_t* kinds;
  const float* values;

  int rows() const { return (height + down - 1) / down; }
  int columns() const { return (width + across - 1) / across; }
  std::size_t tile() const { return std::size_t(down) * across; }
};

// Calls `tile(row, column, kind, values)` for each; values are null but for partial ones.
template <class Visit>
void each_tile(const Alpha& alpha, Visit&& visit) {
  const float* values = alpha.values;
  const int columns = alpha.columns();
  for (int row = 0; row < alpha.rows(); ++row) {
    for (int column = 0; column < columns; ++column) {
      const auto kind = Kind(alpha.kinds[std::size_t(row) * columns + column]);
      visit(row, column, kind, kind == kPartial ? values : nullptr);
      if (kind == kPartial) values += alpha.tile();
    }
  }
}

// What a rectangle of alpha, with rows of `stride`, is throughout.
inline Kind kind_of(const float* values, std::ptrdiff_t stride, int tall, int wide) {
  int some = 0, lacking = 0;
  for (int y = 0; y < tall && !(some && lacking); ++y) {
    const float* RESTRICT row = values + y * stride;
    for (int x = 0; x < wide; ++x) {
      some |= row[x] > 0.0f;
      lacking |= row[x] < 1.0f;
    }
  }
  return !some ? kClear : !lacking ? kSolid : kPartial;
}

// Fills what of a tile juts out of the picture with the picture's last row and column.
inline void repeat_border(float* values, int down, int across, int tall, int wide) {
  for (int y = 0; y < tall; ++y)
    for (int x = wide; x < across; ++x) values[y * across + x] = values[y * across + wide - 1];
  for (int y = tall; y < down; ++y)
    std::memcpy(values + y * across, values + (tall - 1) * across, across * sizeof(float));
}

// A tile's alpha averaged over `by_down` x `by_across` pixels, powers of two up to 8, pair by pair
// as TiledAlpha.reduced does. Returns where it is: `values` themselves if nothing is to be done.
inline const float* reduced_tile(const float* values, int down, int across, int by_down,
                                 int by_across, float* out) {
  if (by_down == 1 && by_across == 1) return values;
  const float* from = values;
  for (; by_down > 1; by_down /= 2, down /= 2, from = out) {
    for (int y = 0; y < down / 2; ++y) {
      const float* one = from + std::size_t(2 * y) * across;
      float* to = out + std::size_t(y) * across;
      INDEPENDENT
      for (int x = 0; x < across; ++x) to[x] = (one[x] + one[across + x]) * 0.5f;
    }
  }
  for (; by_across > 1; by_across /= 2, across /= 2, from = out) {
    const int count = down * across / 2;
    INDEPENDENT
    for (int i = 0; i < count; ++i) out[i] = (from[2 * i] + from[2 * i + 1]) * 0.5f;
  }
  return out;
}

}  // namespace
}  // namespace sinet
