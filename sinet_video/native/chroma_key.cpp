// Alpha from the chroma of a screen, and the screen's light taken out of the person.

#include <algorithm>

#include "tiles.h"

namespace sinet {
namespace {

enum Slots { kWhole };

constexpr float kScreen = 0.1f, kPerson = 0.8f;  // levels below and above which alpha is decided
constexpr float kStrongest = 1.5f;

struct Levels {
  float black, range;
};

// How little of the screen's colour there is: 0 as much as in it, 1 none or less.
inline float difference(float u, float v, float screen_u, float screen_v) {
  const float squared = screen_u * screen_u + screen_v * screen_v + 1e-9f;
  const float along = u * screen_u + v * screen_v;
  const float off = u * screen_v - v * screen_u;
  const float across = off < 0.0f ? -off : off;
  return 1.0f - (along - across) / squared;
}

// Where a chroma lies from the screen's, 0, to the person's, 1.
inline float share(float u, float v, float screen_u, float screen_v, float person_u,
                   float person_v) {
  const float across = person_u - screen_u, down = person_v - screen_v;
  const float far = (u - screen_u) * across + (v - screen_v) * down;
  return far / (across * across + down * down + 1e-6f);
}

// Alpha of a row of samples; `known` has the screen's chroma, the person's, and the bounds.
void key_row(const float* RESTRICT u, const float* RESTRICT v, const Row known[6],
             const Levels& levels, int count, float* RESTRICT out) {
  const float *RESTRICT su = known[0].values, *RESTRICT sv = known[1].values;
  const float *RESTRICT pu = known[2].values, *RESTRICT pv = known[3].values;
  const float *RESTRICT low = known[4].values, *RESTRICT high = known[5].values;
  for (int x = 0; x < count; ++x) {
    const float guess = difference(u[x], v[x], su[x], sv[x]);
    const float between = share(u[x], v[x], su[x], sv[x], pu[x], pv[x]);
    const float fine = clamped((between - levels.black) / levels.range, 0.0f, 1.0f);
    const float sure = kPerson * clamped(difference(pu[x], pv[x], su[x], sv[x]), 1.0f, kStrongest);
    const float alpha = guess <= kScreen ? 0.0f : guess >= sure ? 1.0f : fine;
    out[x] = clamped(alpha, low[x], high[x]);
  }
}

// Two planes of chroma; `tiling` is theirs.
template <class Sample>
struct Chroma {
  const Sample* planes[2];
  std::ptrdiff_t strides[2];
  Tiling tiling;
  float unit;  // brings samples to [0, 1]

  void row(int y, int x, float out[2][kLargestTile]) const {
    for (int p = 0; p < 2; ++p) {
      samples(planes[p], strides[p], tiling, y, x, tiling.across, out[p]);
      for (int i = 0; i < tiling.across; ++i) out[p][i] = out[p][i] * unit - 0.5f;
    }
  }
};

template <class Sample>
void key_tile(const Chroma<Sample>& chroma, const float* planes, const Tiling& cells, int down,
              int across, const Levels& levels, int row, int column, float* whole) {
  static thread_local Window windows[6];
  const Tiling& tiling = chroma.tiling;
  const std::size_t area = std::size_t(cells.height) * cells.width;
  for (int p = 0; p < 6; ++p) fill_window(planes + p * area, cells, row, column, windows[p]);
  Row known[6];
  alignas(64) float seen[2][kLargestTile], made[kLargestTile];
  const int top = row * tiling.down, left = column * tiling.across;
  const int wide = clamped(tiling.width - left, 0, tiling.across);
  for (int y = 0; y < clamped(tiling.height - top, 0, tiling.down); ++y) {
    for (int p = 0; p < 6; ++p)
      enlarged_row(windows[p], cells.across, y, down, across, known[p]);
    chroma.row(top + y, left, seen);
    key_row(seen[0], seen[1], known, levels, tiling.across, made);
    std::memcpy(whole + std::size_t(top + y) * tiling.width + left, made, wide * sizeof(float));
  }
}

void fill_flat(const Tiling& tiling, int row, int column, float value, float* whole) {
  const int top = row * tiling.down, left = column * tiling.across;
  const int wide = clamped(tiling.width - left, 0, tiling.across);
  for (int y = 0; y < clamped(tiling.height - top, 0, tiling.down); ++y)
    for (int x = 0; x < wide; ++x)
      whole[std::size_t(top + y) * tiling.width + left + x] = value;
}

void enlarge_tile(const float* whole, const Tiling& tiling, const Alpha& alpha, int down, int across,
                  int row, int column, float* values, float* extremes) {
  Window window;
  Row samples_row;
  fill_window(whole, tiling, row, column, window);
  const int tall = clamped(alpha.height - row * alpha.down, 0, alpha.down);
  const int wide = clamped(alpha.width - column * alpha.across, 0, alpha.across);
  float least[kLargestTile], most[kLargestTile];  // of each column
  std::fill_n(least, kLargestTile, 1.0f);
  std::fill_n(most, kLargestTile, 0.0f);
  for (int y = 0; y < alpha.down; ++y) {
    float* RESTRICT out = values + std::size_t(y) * alpha.across;
    if (y >= tall) {
      std::memcpy(out, out - alpha.across, alpha.across * sizeof(float));
      continue;
    }
    enlarged_row(window, tiling.across, y, down, across, samples_row);
    std::memcpy(out, samples_row.values, wide * sizeof(float));
    for (int x = wide; x < alpha.across; ++x) out[x] = out[wide - 1];
    for (int x = 0; x < alpha.across; ++x) {
      least[x] = out[x] < least[x] ? out[x] : least[x];
      most[x] = out[x] > most[x] ? out[x] : most[x];
    }
  }
  extremes[0] = *std::min_element(least, least + alpha.across);
  extremes[1] = *std::max_element(most, most + alpha.across);
}

// A hue of which too much is taken out; `scale` brings it to samples, which end at `top`.
struct Spill {
  float u, v, narrowing, scale, top;
};

// Takes a hue out of a row of chroma, `seen`; where `shown` is 0 it stays.
template <class Sample>
void despill_row(const float* RESTRICT seen_u, const float* RESTRICT seen_v,
                 const float* RESTRICT shown, const Spill spill, int count, Sample* RESTRICT u,
                 Sample* RESTRICT v) {
  for (int x = 0; x < count; ++x) {
    const float along = seen_u[x] * spill.u + seen_v[x] * spill.v;
    const float off = seen_u[x] * spill.v - seen_v[x] * spill.u;
    const float excess = along - spill.narrowing * (off < 0.0f ? -off : off);
    const float some = excess > 0.0f ? excess * spill.scale : 0.0f;
    const float taken = shown[x] > 0.0f ? some : 0.0f;
    const float left_u = clamped(float(u[x]) - taken * spill.u, 0.0f, spill.top);
    const float left_v = clamped(float(v[x]) - taken * spill.v, 0.0f, spill.top);
    u[x] = Sample(int(rounded(left_u)));
    v[x] = Sample(int(rounded(left_v)));
  }
}

template <class Sample>
Chroma<Sample> chroma_of(const void* const* planes, const std::int64_t* strides,
                         const Tiling& tiling, int bits) {
  const auto in_samples = [&](int p) {
    return std::ptrdiff_t(strides[p] / std::int64_t(sizeof(Sample)));
  };
  return {{static_cast<const Sample*>(planes[0]), static_cast<const Sample*>(planes[1])},
          {in_samples(0), in_samples(1)}, tiling, 1.0f / float(1 << bits)};
}

}  // namespace
}  // namespace sinet

using namespace sinet;

// Alpha of the partial tiles by the key, and each one's least and most, `extremes` (n, 2). `planes`
// is (6, cells), of `factor` pixels: the screen's chroma, the person's, the least and most alpha.
API int sinet_key(const void* const* chroma, const std::int64_t* strides, int bits, int height,
                  int width, int by_down, int by_across, const float* planes, int cells_down,
                  int cells_across, int factor, float black, float range, const std::uint8_t* kinds,
                  int tile_down, int tile_across, float* values, float* extremes) {
  return guarded([&] {
    const Tiling tiling = {(height + by_down - 1) / by_down, (width + by_across - 1) / by_across,
                           tile_down / by_down, tile_across / by_across};
    const Tiling cells = {cells_down, cells_across, tile_down / factor, tile_across / factor};
    const Alpha alpha = {height, width, tile_down, tile_across, kinds, values};
    float* whole = scratch<float, kWhole>(std::size_t(tiling.height) * tiling.width);
    const auto run = [&](auto sample) {
      const auto seen = chroma_of<decltype(sample)>(chroma, strides, tiling, bits);
      each_tile(alpha, [&](int row, int column, Kind kind, const float*) {
        if (kind != kPartial) return fill_flat(tiling, row, column, kind == kSolid, whole);
        key_tile(seen, planes, cells, factor / by_down, factor / by_across, {black, range}, row,
                 column, whole);
      });
    };
    bits <= 8 ? run(std::uint8_t()) : run(std::uint16_t());
    each_tile(alpha, [&](int row, int column, Kind kind, const float*) {
      if (kind != kPartial) return;
      enlarge_tile(whole, tiling, alpha, by_down, by_across, row, column, values, extremes);
      values += alpha.tile();
      extremes += 2;
    });
  });
}

// Takes light of a hue, `unit`, out of two planes of chroma, in place, where alpha is above 0.
API int sinet_despill(void* const* chroma, const std::int64_t* strides, int bits, int height,
                      int width, int by_down, int by_across, const std::uint8_t* kinds,
                      const float* values, int tile_down, int tile_across, const float* unit,
                      float narrowing, float top) {
  return guarded([&] {
    const Tiling tiling = {(height + by_down - 1) / by_down, (width + by_across - 1) / by_across,
                           tile_down / by_down, tile_across / by_across};
    const Alpha alpha = {height, width, tile_down, tile_across, kinds, values};
    const auto run = [&](auto sample) {
      using Sample = decltype(sample);
      const auto planes = chroma_of<Sample>(chroma, strides, tiling, bits);
      const Spill spill = {unit[0], unit[1], narrowing, 1.0f / planes.unit, top};
      float reduced[kLargestTile * kLargestTile], solid[kLargestTile];
      std::fill_n(solid, kLargestTile, 1.0f);
      alignas(64) float seen[2][kLargestTile];
      each_tile(alpha, [&](int row, int column, Kind kind, const float* own) {
        if (kind == kClear) return;
        const float* shown = own ? reduced_tile(own, tile_down, tile_across, by_down, by_across,
                                                reduced) : nullptr;
        const int top_row = row * tiling.down, left = column * tiling.across;
        const int wide = clamped(tiling.width - left, 0, tiling.across);
        for (int y = 0; y < clamped(tiling.height - top_row, 0, tiling.down); ++y) {
          planes.row(top_row + y, left, seen);
          Sample* to[2];
          for (int p = 0; p < 2; ++p)
            to[p] = const_cast<Sample*>(planes.planes[p]) + (top_row + y) * planes.strides[p] + left;
          despill_row(seen[0], seen[1], shown ? shown + std::size_t(y) * tiling.across : solid,
                      spill, wide, to[0], to[1]);
        }
      });
    };
    bits <= 8 ? run(std::uint8_t()) : run(std::uint16_t());
  });
}
