// Alpha cut into tiles, put together again, and averaged over cells.

#include "tiles.h"

using namespace sinet;

// Sorts the tiles of a plane, with rows of `stride` floats, into `kinds`; returns how many are
// partial.
API int sinet_sort_tiles(const float* plane, std::int64_t stride, int height, int width,
                         int tile_down, int tile_across, std::uint8_t* kinds) {
  const Alpha alpha = {height, width, tile_down, tile_across, kinds, nullptr};
  int count = 0;
  for (int row = 0; row < alpha.rows(); ++row) {
    for (int column = 0; column < alpha.columns(); ++column) {
      const int top = row * tile_down, left = column * tile_across;
      const int tall = clamped(height - top, 0, tile_down);
      const int wide = clamped(width - left, 0, tile_across);
      const Kind kind = kind_of(plane + top * stride + left, std::ptrdiff_t(stride), tall, wide);
      kinds[row * alpha.columns() + column] = kind;
      count += kind == kPartial;
    }
  }
  return count;
}

// Copies the partial tiles of a plane to `values`, (n, down, across).
API void sinet_copy_tiles(const float* plane, std::int64_t stride, int height, int width,
                          int tile_down, int tile_across, const std::uint8_t* kinds, float* values) {
  const Alpha alpha = {height, width, tile_down, tile_across, kinds, values};
  each_tile(alpha, [&](int row, int column, Kind kind, const float*) {
    if (kind != kPartial) return;
    const int top = row * tile_down, left = column * tile_across;
    const int tall = clamped(height - top, 0, tile_down);
    const int wide = clamped(width - left, 0, tile_across);
    for (int y = 0; y < tall; ++y)
      std::memcpy(values + y * tile_across, plane + (top + y) * stride + left,
                  wide * sizeof(float));
    repeat_border(values, tile_down, tile_across, tall, wide);
    values += alpha.tile();
  });
}

// Puts tiles together to a plane, (height, width).
API void sinet_dense(int height, int width, int tile_down, int tile_across,
                     const std::uint8_t* kinds, const float* values, float* plane) {
  const Alpha alpha = {height, width, tile_down, tile_across, kinds, values};
  each_tile(alpha, [&](int row, int column, Kind kind, const float* own) {
    const int top = row * tile_down, left = column * tile_across;
    const int tall = clamped(height - top, 0, tile_down);
    const int wide = clamped(width - left, 0, tile_across);
    const float flat = kind == kSolid ? 1.0f : 0.0f;
    for (int y = 0; y < tall; ++y) {
      float* to = plane + std::size_t(top + y) * width + left;
      if (own)
        std::memcpy(to, own + y * tile_across, wide * sizeof(float));
      else
        for (int x = 0; x < wide; ++x) to[x] = flat;
    }
  });
}

// Alpha averaged over cells of `factor` pixels, (cells_down, cells_across).
API int sinet_reduced_alpha(int height, int width, int tile_down, int tile_across,
                            const std::uint8_t* kinds, const float* values, int factor,
                            int cells_down, int cells_across, float* out) {
  return guarded([&] {
    const Alpha alpha = {height, width, tile_down, tile_across, kinds, values};
    const int down = tile_down / factor, across = tile_across / factor;
    float room[kLargestTile * kLargestTile];
    each_tile(alpha, [&](int row, int column, Kind kind, const float* own) {
      const float* means =
          own ? reduced_tile(own, tile_down, tile_across, factor, factor, room) : nullptr;
      const int top = row * down, left = column * across;
      const int wide = clamped(cells_across - left, 0, across);
      for (int y = 0; y < clamped(cells_down - top, 0, down); ++y) {
        float* to = out + std::size_t(top + y) * cells_across + left;
        if (means)
          std::memcpy(to, means + y * across, wide * sizeof(float));
        else
          for (int x = 0; x < wide; ++x) to[x] = kind == kSolid ? 1.0f : 0.0f;
      }
    });
  });
}

// Changes whenever a function's parameters do: Python calls only the ones that it knows.
API int sinet_kernels_version(void) { return 5; }

// Whether this processor has what the library kernels_avx2 is compiled for.
API int sinet_has_avx2(void) {
#if defined(__GNUC__) && (defined(__x86_64__) || defined(__i386__))
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
         __builtin_cpu_supports("bmi2");
#else
  return 0;
#endif
}
