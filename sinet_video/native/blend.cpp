// Planes mixed by tiled alpha, and alpha written out as samples.

#include "tiles.h"

namespace sinet {
namespace {

template <class Sample>
struct Plane {
  Sample* data;
  std::ptrdiff_t stride;  // in samples; 0 for a plane of one sample that stands for all

  Sample* at(int y, int x) const { return data + y * stride + x; }
};

template <class Sample>
void fill(Sample* to, Sample value, int count) {
  for (int i = 0; i < count; ++i) to[i] = value;
}

// Copies a rectangle, or fills it from a plane of one sample.
template <class Sample>
void copy(const Plane<const Sample>& from, const Plane<Sample>& to, int y, int x, int tall,
          int wide) {
  constexpr int kAhead = 8;
  for (int i = 0; i < tall; ++i) {
    if (from.stride != 0 && i + kAhead < tall)
      fetch(from.at(y + i + kAhead, x), wide * sizeof(Sample));
    if (from.stride == 0)
      fill(to.at(y + i, x), *from.data, wide);
    else
      std::memcpy(to.at(y + i, x), from.at(y + i, x), wide * sizeof(Sample));
  }
}

template <class Sample>
void blend_row(const Sample* RESTRICT front, const float* RESTRICT back, const float* RESTRICT alpha,
               int count, Sample* RESTRICT out) {
  for (int x = 0; x < count; ++x)
    out[x] = Sample(int(rounded((float(front[x]) - back[x]) * alpha[x] + back[x])));
}

template <class Sample>
struct Blend {
  Plane<const Sample> source, behind;
  Plane<Sample> target;
  Tiling tiling;
  const Sample* own;  // the partial tiles' colours in place of the source's, or null
  int by_down, by_across;

  int tall(int row) const { return clamped(tiling.height - row * tiling.down, 0, tiling.down); }

  // Copies the flat tiles of a row, those alike that lie side by side at once.
  void flat(const Alpha& alpha, int row) const {
    const int columns = alpha.columns();
    const std::uint8_t* kinds = alpha.kinds + std::size_t(row) * columns;
    for (int first = 0, last = 0; first < columns; first = last) {
      while (last < columns && kinds[last] == kinds[first]) ++last;
      if (kinds[first] == kPartial) continue;
      const int left = first * tiling.across;
      const int wide = clamped(last * tiling.across, 0, tiling.width) - left;
      const auto& from = kinds[first] == kSolid ? source : behind;
      if (wide > 0) copy(from, target, row * tiling.down, left, tall(row), wide);
    }
  }

  void partial(const Alpha& alpha, int row, int column, const float* values, const Sample* front) {
    float reduced[kLargestTile * kLargestTile];
    alignas(64) float back[kLargestTile];
    const int top = row * tiling.down, left = column * tiling.across;
    const int wide = clamped(tiling.width - left, 0, tiling.across);
    const float* share = reduced_tile(values, alpha.down, alpha.across, by_down, by_across, reduced);
    if (behind.stride == 0) fill(back, float(*behind.data), wide);
    for (int y = 0; y < tall(row); ++y, share += tiling.across) {
      if (behind.stride != 0) {
        const Sample* RESTRICT seen = behind.at(top + y, left);
        for (int x = 0; x < wide; ++x) back[x] = float(seen[x]);
      }
      const Sample* person =
          front ? front + std::size_t(y) * tiling.across : source.at(top + y, left);
      blend_row(person, back, share, wide, target.at(top + y, left));
    }
  }

  void run(const Alpha& alpha) {
    for (int row = 0; row < alpha.rows(); ++row) flat(alpha, row);
    const Sample* front = own;
    each_tile(alpha, [&](int row, int column, Kind kind, const float* values) {
      if (kind != kPartial) return;
      partial(alpha, row, column, values, front);
      if (front) front += std::size_t(tiling.down) * tiling.across;
    });
  }
};

// Alpha as whole numbers from `low` to `high`.
template <class Sample>
void quantise(const Alpha& alpha, float low, float high, const Plane<Sample>& out) {
  const float range = high - low;
  each_tile(alpha, [&](int row, int column, Kind kind, const float* values) {
    const int top = row * alpha.down, left = column * alpha.across;
    const int tall = clamped(alpha.height - top, 0, alpha.down);
    const int wide = clamped(alpha.width - left, 0, alpha.across);
    for (int y = 0; y < tall; ++y) {
      Sample* RESTRICT to = out.at(top + y, left);
      if (kind != kPartial) {
        fill(to, Sample(int(kind == kSolid ? high : low)), wide);
        continue;
      }
      const float* RESTRICT from = values + std::size_t(y) * alpha.across;
      for (int x = 0; x < wide; ++x) to[x] = Sample(int(rounded(from[x] * range + low)));
    }
  });
}

}  // namespace
}  // namespace sinet

using namespace sinet;

// `target` gets `behind + alpha * (source - behind)`, rounded. Planes are of `bytes` a sample, each
// of which stands for `by_down` x `by_across` pixels; `behind` of stride 0 is one sample for all.
// `own`, or null, has the partial tiles to take in place of the source's.
API int sinet_blend_plane(const void* source, std::int64_t source_stride, const void* behind,
                          std::int64_t behind_stride, void* target, std::int64_t target_stride,
                          int bytes, int plane_height, int plane_width, int height, int width,
                          const std::uint8_t* kinds, const float* values, int tile_down,
                          int tile_across, int by_down, int by_across, const void* own) {
  return guarded([&] {
    const Alpha alpha = {height, width, tile_down, tile_across, kinds, values};
    const auto run = [&](auto sample) {
      using Sample = decltype(sample);
      const auto in_samples = [](std::int64_t stride) {
        return std::ptrdiff_t(stride / std::int64_t(sizeof(Sample)));
      };
      Blend<Sample> blend = {
          {static_cast<const Sample*>(source), in_samples(source_stride)},
          {static_cast<const Sample*>(behind), in_samples(behind_stride)},
          {static_cast<Sample*>(target), in_samples(target_stride)},
          {plane_height, plane_width, tile_down / by_down, tile_across / by_across},
          static_cast<const Sample*>(own), by_down, by_across};
      blend.run(alpha);
    };
    bytes == 1 ? run(std::uint8_t()) : run(std::uint16_t());
  });
}

// Writes alpha to a plane as whole numbers from `low`, for 0, to `high`, for 1.
API int sinet_quantise(int height, int width, const std::uint8_t* kinds, const float* values,
                       int tile_down, int tile_across, float low, float high, void* out,
                       std::int64_t stride, int bytes) {
  return guarded([&] {
    const Alpha alpha = {height, width, tile_down, tile_across, kinds, values};
    const auto run = [&](auto sample) {
      using Sample = decltype(sample);
      const Plane<Sample> plane = {static_cast<Sample*>(out),
                                   std::ptrdiff_t(stride / std::int64_t(sizeof(Sample)))};
      quantise(alpha, low, high, plane);
    };
    bytes == 1 ? run(std::uint8_t()) : run(std::uint16_t());
  });
}
