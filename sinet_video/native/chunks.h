// Tiles near an edge cut out together, with what is around them, and put back.
#pragma once

#include "tiles.h"

namespace sinet {
namespace {

// Tiles cut out together: rows of tiles, and columns, with pixels of `halo` around them.
struct Chunk {
  int first_row, last_row, first_column, last_column, halo;
  int down, across;

  int top() const { return first_row * down - halo; }
  int left() const { return first_column * across - halo; }
  int height() const { return (last_row - first_row) * down + 2 * halo; }
  int width() const { return (last_column - first_column) * across + 2 * halo; }
  std::size_t area() const { return std::size_t(height()) * width(); }
};

// Where each tile's numbers lie: its place among those of `of`, or -1.
void number(const std::uint8_t* which, std::uint8_t of, int count, std::int32_t* places) {
  std::int32_t next = 0;
  for (int i = 0; i < count; ++i) places[i] = which[i] == of ? next++ : -1;
}

// Fills a chunk with alpha as `convert` makes it; past the picture its edges repeat.
template <class Sample, class Convert>
void fill_chunk(const Alpha& alpha, const std::int32_t* places, const Chunk& chunk, Sample* out,
                Convert&& convert) {
  const int columns = alpha.columns(), width = chunk.width(), left = chunk.left();
  for (int y = 0; y < chunk.height(); ++y, out += width) {
    const int from = clamped(chunk.top() + y, 0, alpha.height - 1);
    const int row = from / alpha.down, line = from % alpha.down;
    for (int x = 0; x < width;) {
      const int at = clamped(left + x, 0, alpha.width - 1);
      const int column = at / alpha.across;
      const std::size_t tile = std::size_t(row) * columns + column;
      const auto kind = Kind(alpha.kinds[tile]);
      const int end = left + x < 0 ? -left
                      : left + x >= alpha.width
                          ? width
                          : clamped((column + 1) * alpha.across, 0, alpha.width) - left;
      const int stop = end < width ? end : width;
      const bool outside = left + x < 0 || left + x >= alpha.width;
      const std::ptrdiff_t place = kind == kPartial ? places[tile] : 0;
      const float* values = alpha.values + place * std::ptrdiff_t(alpha.tile()) +
                            std::size_t(line) * alpha.across;
      if (kind != kPartial) {
        const Sample flat = convert(kind == kSolid ? 1.0f : 0.0f);
        for (; x < stop; ++x) out[x] = flat;
      } else if (outside) {
        const Sample flat = convert(values[at % alpha.across]);
        for (; x < stop; ++x) out[x] = flat;
      } else {
        const float* RESTRICT own = values - column * alpha.across + left;
        for (; x < stop; ++x) out[x] = convert(own[x]);
      }
    }
  }
}

// Writes the wanted tiles of a chunk; `value(i)` is that of its sample `i`.
template <class Value>
void write_chunk(const Alpha& alpha, const std::int32_t* wanted, const Chunk& chunk, float* out,
                 Value&& value) {
  for (int row = chunk.first_row; row < chunk.last_row; ++row) {
    for (int column = chunk.first_column; column < chunk.last_column; ++column) {
      const std::int32_t place = wanted[std::size_t(row) * alpha.columns() + column];
      if (place < 0) continue;
      float* to = out + place * std::ptrdiff_t(alpha.tile());
      const int top = chunk.halo + (row - chunk.first_row) * alpha.down;
      const int left = chunk.halo + (column - chunk.first_column) * alpha.across;
      for (int y = 0; y < alpha.down; ++y) {
        const std::size_t from = std::size_t(top + y) * chunk.width() + left;
        float* RESTRICT line = to + std::size_t(y) * alpha.across;
        for (int x = 0; x < alpha.across; ++x) line[x] = value(from + x);
      }
    }
  }
}

// Calls `work(chunk)` for all wanted tiles: bands of as many rows that the halo does not outgrow
// them, cut where no tile is wanted.
template <class Work>
void each_chunk(const Alpha& alpha, const std::int32_t* wanted, int halo, Work&& work) {
  const int rows = alpha.rows(), columns = alpha.columns();
  const int tall = clamped((2 * halo + alpha.down - 1) / alpha.down, 1, rows);
  for (int first = 0; first < rows; first += tall) {
    const int last = clamped(first + tall, 0, rows);
    const auto some = [&](int column) {
      for (int row = first; row < last; ++row)
        if (wanted[std::size_t(row) * columns + column] >= 0) return true;
      return false;
    };
    for (int start = 0, end = 0; start < columns; start = end) {
      end = start + 1;
      if (!some(start)) continue;
      while (end < columns && some(end)) ++end;
      work(Chunk{first, last, start, end, halo, alpha.down, alpha.across});
    }
  }
}

}  // namespace
}  // namespace sinet
