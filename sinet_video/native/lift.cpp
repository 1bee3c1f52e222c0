// Which tiles an edge crosses, and alpha there by lines over the picture's own samples.

#include "tiles.h"

namespace sinet {
namespace {

// Lines of alpha, planes of cells (see guided_filter.cpp), and which samples a picture has.
struct Lifted {
  const float *slopes, *centre, *level;
  Tiling cells;
  int factor;
  float scale;
};

struct Windows {
  Window slope, level, chroma, chroma_slope[2];
};

void gather(const Lifted& lines, int row, int column, Windows& to) {
  const std::size_t area = std::size_t(lines.cells.height) * lines.cells.width;
  const float *s = lines.slopes, *c = lines.centre, *level = lines.level, scale = lines.scale;
  const auto fill = [&](Window& window, auto&& value) {
    fill_window(lines.cells, row, column, window, value);
  };
  fill(to.slope, [=](std::size_t i) { return s[i] * scale; });
  fill(to.level, [=](std::size_t i) { return level[i] - s[i] * c[i]; });
  // The chroma's part is taken less what is usual there: it is small, and may be repeated.
  fill(to.chroma, [=](std::size_t i) {
    return -(s[area + i] * c[area + i] + s[2 * area + i] * c[2 * area + i]);
  });
  fill(to.chroma_slope[0], [=](std::size_t i) { return s[area + i] * scale; });
  fill(to.chroma_slope[1], [=](std::size_t i) { return s[2 * area + i] * scale; });
}

// A picture's planes; a sample of chroma is `down` x `across` of luma.
template <class Sample>
struct Picture {
  const Sample* planes[3];
  std::ptrdiff_t strides[3];
  int height, width, down, across;

  // Where cells are finer than samples of chroma, those are repeated.
  bool repeats(int factor) const { return factor < (down > across ? down : across); }

  Tiling chroma() const {
    return {(height + down - 1) / down, (width + across - 1) / across, 0, 0};
  }
};

// What chroma adds to alpha in a row of a tile: `width` pixels.
template <class Sample>
void chroma_row(const Picture<Sample>& picture, const Lifted& lines, const Windows& windows, int top,
                int left, int y, int width, float* RESTRICT part) {
  const bool fine = picture.repeats(lines.factor);
  const int down = fine ? 1 : picture.down, across = fine ? 1 : picture.across;
  const Tiling chroma = picture.chroma();
  alignas(64) float seen[2][kLargestTile];
  const int count = (width + picture.across - 1) / picture.across;
  for (int p = 0; p < 2; ++p) {
    samples(picture.planes[1 + p], picture.strides[1 + p], chroma, (top + y) / picture.down,
            left / picture.across, count, seen[p]);
    if (fine && picture.across > 1)
      for (int x = width - 1; x >= 0; --x) seen[p][x] = seen[p][x / picture.across];
  }
  Row offset, slope[2];
  const int of = lines.factor;
  enlarged_row(windows.chroma, lines.cells.across, y / down, of / down, of / across, offset);
  for (int p = 0; p < 2; ++p)
    enlarged_row(windows.chroma_slope[p], lines.cells.across, y / down, of / down, of / across,
                 slope[p]);
  const float *RESTRICT base = offset.values, *RESTRICT u = seen[0], *RESTRICT v = seen[1];
  const float *RESTRICT by_u = slope[0].values, *RESTRICT by_v = slope[1].values;
  alignas(64) float own[kLargestTile];
  const int samples_across = (width + across - 1) / across;
  for (int x = 0; x < samples_across; ++x) own[x] = base[x] + by_u[x] * u[x] + by_v[x] * v[x];
  if (across == 1) {
    std::memcpy(part, own, width * sizeof(float));
  } else if (across == 2) {
    for (int x = 0; x < samples_across; ++x) part[2 * x] = part[2 * x + 1] = own[x];
  } else {
    for (int x = 0; x < width; ++x) part[x] = own[x / across];
  }
}

template <class Sample>
FETCHES void fetch_tile(const Picture<Sample>& picture, int top, int left, int down, int across) {
  for (int p = 0; p < 3; ++p) {
    const int by_down = p ? picture.down : 1, by_across = p ? picture.across : 1;
    const int last = clamped(top + down, 0, picture.height);
    for (int y = top / by_down; y * by_down < last; ++y)
      fetch(picture.planes[p] + y * picture.strides[p] + left / by_across,
            across / by_across * sizeof(Sample));
  }
}

template <class Sample>
void lift_tile(const Picture<Sample>& picture, const Lifted& lines, int row, int column, int down,
               int across, float* values) {
  const int top = row * down, left = column * across;
  fetch_tile(picture, top, left, down, across);
  Windows windows;
  gather(lines, row, column, windows);
  const int tall = clamped(picture.height - top, 0, down);
  const int wide = clamped(picture.width - left, 0, across);
  const Tiling luma = {picture.height, picture.width, 0, 0};
  alignas(64) float part[kLargestTile + kLargestFactor], seen[kLargestTile];
  Row slope, level;
  const int chroma_down = picture.repeats(lines.factor) ? 1 : picture.down;
  for (int y = 0; y < tall; ++y) {
    if (y % chroma_down == 0)
      chroma_row(picture, lines, windows, top, left, y, across, part);
    enlarged_row(windows.slope, lines.cells.across, y, lines.factor, lines.factor, slope);
    enlarged_row(windows.level, lines.cells.across, y, lines.factor, lines.factor, level);
    samples(picture.planes[0], picture.strides[0], luma, top + y, left, across, seen);
    float* RESTRICT out = values + std::size_t(y) * across;
    const float *RESTRICT by = slope.values, *RESTRICT base = level.values;
    for (int x = 0; x < across; ++x)
      out[x] = clamped((by[x] * seen[x] + base[x]) + part[x], 0.0f, 1.0f);
  }
  repeat_border(values, down, across, tall, wide);
}

template <class Sample>
void lift(const Picture<Sample>& picture, const Lifted& lines, const Alpha& alpha, float* values) {
  each_tile(alpha, [&](int row, int column, Kind kind, const float*) {
    if (kind != kPartial) return;
    lift_tile(picture, lines, row, column, alpha.down, alpha.across, values);
    values += alpha.tile();
  });
}

void bilinear(const float* cells, const Tiling& tiling, int factor, const Alpha& alpha,
              float* values) {
  Window window;
  Row row_of;
  each_tile(alpha, [&](int row, int column, Kind kind, const float*) {
    if (kind != kPartial) return;
    fill_window(cells, tiling, row, column, window);
    const int tall = clamped(alpha.height - row * alpha.down, 0, alpha.down);
    const int wide = clamped(alpha.width - column * alpha.across, 0, alpha.across);
    for (int y = 0; y < tall; ++y) {
      enlarged_row(window, tiling.across, y, factor, factor, row_of);
      float* RESTRICT out = values + std::size_t(y) * alpha.across;
      for (int x = 0; x < alpha.across; ++x) out[x] = clamped(row_of.values[x], 0.0f, 1.0f);
    }
    repeat_border(values, alpha.down, alpha.across, tall, wide);
    values += alpha.tile();
  });
}

}  // namespace
}  // namespace sinet

using namespace sinet;

// `kinds` (rows, columns) of tiles of `down` x `across` cells of a plane: partial where some of
// `band` is, else by the first cell of `flat`. Returns the number of partial ones.
API int sinet_classify(const float* flat, const std::uint8_t* band, int height, int width, int down,
                       int across, std::uint8_t* kinds) {
  const int rows = (height + down - 1) / down, columns = (width + across - 1) / across;
  int count = 0;
  for (int row = 0; row < rows; ++row) {
    for (int column = 0; column < columns; ++column) {
      const int left = column * across, wide = clamped(width - left, 0, across);
      bool crossed = false;
      for (int y = row * down; y < clamped((row + 1) * down, 0, height) && !crossed; ++y)
        crossed = std::memchr(band + std::size_t(y) * width + left, 1, wide) != nullptr;
      const bool solid = flat[std::size_t(row) * down * width + left] > 0.0f;
      kinds[std::size_t(row) * columns + column] = crossed ? kPartial : solid ? kSolid : kClear;
      count += crossed;
    }
  }
  return count;
}

// Alpha of the partial tiles, in [0, 1], by lines (planes of cells) over a picture's planes, of
// `bytes` a sample; cells are of `factor` pixels, and `scale` brings samples to [0, 1].
API int sinet_lift(const void* const* planes, const std::int64_t* strides, int bytes, int height,
                   int width, int down, int across, const float* slopes, const float* centre,
                   const float* level, int cells_down, int cells_across, int factor, float scale,
                   const std::uint8_t* kinds, int tile_down, int tile_across, float* values) {
  return guarded([&] {
    const Lifted lines = {slopes, centre, level,
                          {cells_down, cells_across, tile_down / factor, tile_across / factor},
                          factor, scale};
    const Alpha alpha = {height, width, tile_down, tile_across, kinds, values};
    const auto run = [&](auto sample) {
      using Sample = decltype(sample);
      Picture<Sample> picture = {{}, {}, height, width, down, across};
      for (int p = 0; p < 3; ++p) {
        picture.planes[p] = static_cast<const Sample*>(planes[p]);
        picture.strides[p] = std::ptrdiff_t(strides[p] / std::int64_t(sizeof(Sample)));
      }
      lift(picture, lines, alpha, values);
    };
    bytes == 1 ? run(std::uint8_t()) : run(std::uint16_t());
  });
}

// Alpha of the partial tiles by bilinear enlargement of cells of `factor` pixels.
API int sinet_lift_bilinear(const float* cells, int cells_down, int cells_across, int factor,
                            int height, int width, const std::uint8_t* kinds, int tile_down,
                            int tile_across, float* values) {
  return guarded([&] {
    const Tiling tiling = {cells_down, cells_across, tile_down / factor, tile_across / factor};
    bilinear(cells, tiling, factor, {height, width, tile_down, tile_across, kinds, values}, values);
  });
}
