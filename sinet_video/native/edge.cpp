// The edge of a full-size matte moved and softened, in and around the tiles that it crosses.

#include "chunks.h"
#include "gaussian.h"

namespace sinet {
namespace {

enum Slots { kSlots, kNear, kFar, kFloats, kMasks };

constexpr float kWhole = 65535.0f;
constexpr float kTiny = 1e-5f;

using Level = std::uint16_t;

// The least of each sample and those one or more steps on, all along `length` samples, in place.
void least(Level* samples, std::ptrdiff_t length, std::ptrdiff_t step) {
  INDEPENDENT
  for (std::ptrdiff_t i = 0; i < length - step; ++i)
    samples[i] = samples[i + step] < samples[i] ? samples[i + step] : samples[i];
}

// The least of `count` samples, `step` apart: two runs that overlap, of a power of two.
void least_run(Level* samples, std::ptrdiff_t length, std::ptrdiff_t step, int count) {
  int size = 1;
  for (; 2 * size <= count; size *= 2) least(samples, length, size * step);
  if (size < count) least(samples, length, (count - size) * step);
}

// Erosion of a plane in place. What comes out for a sample lies `shift` before it.
struct Erosion {
  Level* samples;
  std::ptrdiff_t length, width, shift;

  // By a square of (2 * half + 1) squared.
  void square(int half) {
    if (half == 0) return;
    least_run(samples, length, 1, 2 * half + 1);
    least_run(samples, length, width, 2 * half + 1);
    shift += half * (width + 1);
  }

  // By a cross of five.
  void cross() {
    const std::ptrdiff_t reach = 2 * width + 1, row = width;
    INDEPENDENT
    for (std::ptrdiff_t i = 0; i < length - reach; ++i) {
      Level found = samples[i + 1];
      found = samples[i + row] < found ? samples[i + row] : found;
      found = samples[i + row + 1] < found ? samples[i + row + 1] : found;
      found = samples[i + row + 2] < found ? samples[i + row + 2] : found;
      found = samples[i + 2 * row + 1] < found ? samples[i + 2 * row + 1] : found;
      samples[i] = found;
    }
    shift += width + 1;
  }

  // By a diamond of this radius: a cross, and along both diagonals.
  void diamond(int radius) {
    if (radius == 0) return;
    cross();
    least_run(samples, length, width + 1, radius);
    least_run(samples, length, width - 1, radius);
    shift += (radius - 1) * width;
  }
};

// Of discs of 2 pixels in turn, (5 4 5) by their squared radii, the first is a square and a cross,
// the second two crosses; so many of them are a square and a diamond.
struct Disc {
  int square = 0, diamond = 0;

  explicit Disc(int twos) {
    for (int i = 0; i < twos; ++i) {
      square += i % 3 != 1;
      diamond += i % 3 == 1 ? 2 : 1;
    }
  }
};

void choke(const Alpha& alpha, const std::int32_t* places, const std::int32_t* wanted, int radius,
           float share, bool grow, float* out) {
  const Level flip = grow ? 0xffff : 0;
  const int twos = radius / 2;
  const Disc disc(twos);
  each_chunk(alpha, wanted, radius + (share > 0.0f), [&](const Chunk& chunk) {
    Level* near = scratch<Level, kNear>(2 * chunk.area());
    Level* far = near + chunk.area();
    fill_chunk(alpha, places, chunk, near, [flip](float value) {
      return Level(Level(int(value * kWhole + 0.5f)) ^ flip);
    });
    Erosion one = {near, std::ptrdiff_t(chunk.area()), chunk.width(), 0};
    one.square(disc.square);
    one.diamond(disc.diamond);
    if (radius % 2) one.cross();
    const auto level = [flip](Level value) { return float(Level(value ^ flip)) / kWhole; };
    if (share == 0.0f) {
      write_chunk(alpha, wanted, chunk, out, [&](std::size_t i) { return level(near[i - one.shift]); });
      return;
    }
    std::memcpy(far, near, chunk.area() * sizeof(Level));
    Erosion other = {far, one.length, one.width, one.shift};
    if (radius % 2 && twos % 3 != 1)
      other.square(1);
    else
      other.cross();
    write_chunk(alpha, wanted, chunk, out, [&](std::size_t i) {
      const float lower = level(near[i - one.shift]), upper = level(far[i - other.shift]);
      return lower + share * (upper - lower);
    });
  });
}

void feather(const Alpha& alpha, const std::int32_t* places, const std::int32_t* wanted,
             double sigma, int reach, float* out) {
  // Chunks begin at whole cells of every halved grid, so that they have no seams.
  const int cell = 1 << Halvings(sigma).count;
  const int halo = (reach + 2 * cell + 7) / 8 * 8;
  each_chunk(alpha, wanted, halo, [&](const Chunk& chunk) {
    float* plane = scratch<float, kFloats>(chunk.area());
    fill_chunk(alpha, places, chunk, plane, [](float value) { return value; });
    gaussian(plane, chunk.height(), chunk.width(), sigma, reach);
    write_chunk(alpha, wanted, chunk, out, [&](std::size_t i) {
      const float value = plane[i];
      // Weights add up to one only nearly: what was flat is to stay exactly so.
      return value < kTiny ? 0.0f : value > 1.0f - kTiny ? 1.0f : value;
    });
  });
}

// Both numberings of tiles: of partial ones, and of those that are wanted.
struct Places {
  std::int32_t *partial, *wanted;

  Places(const Alpha& alpha, const std::uint8_t* chosen) {
    const int count = alpha.rows() * alpha.columns();
    partial = scratch<std::int32_t, kSlots>(2 * std::size_t(count));
    wanted = partial + count;
    number(alpha.kinds, kPartial, count, partial);
    number(chosen, 1, count, wanted);
  }
};

}  // namespace
}  // namespace sinet

using namespace sinet;

// Marks the tiles that are partial, or differ from one within `down` and `across` tiles of them.
// Returns how many there are, -1 without memory.
API int sinet_near_edges(const std::uint8_t* kinds, int rows, int columns, int down, int across,
                         std::uint8_t* near) {
  int count = 0;
  const int failed = guarded([&] {
    const std::size_t tiles = std::size_t(rows) * columns;
    const int reach = down > across ? down : across;
    std::uint8_t* masks = scratch<std::uint8_t, kMasks>(3 * tiles);
    for (int kind = 0; kind < 3; ++kind) {
      std::uint8_t* mask = masks + kind * tiles;
      for (std::size_t i = 0; i < tiles; ++i) mask[i] = kinds[i] == kind;
      spread_bytes(mask, rows, columns, reach);
    }
    for (std::size_t i = 0; i < tiles; ++i) {
      const int seen = masks[i] + masks[tiles + i] + masks[2 * tiles + i];
      near[i] = seen > 1 || kinds[i] == kPartial;
      count += near[i];
    }
  });
  return failed ? -1 : count;
}

// Alpha of the tiles marked in `chosen`, (n, down, across), eroded by a disc of `radius` pixels and
// `share` of one more, or dilated.
API int sinet_choke(int height, int width, int tile_down, int tile_across, const std::uint8_t* kinds,
                    const float* values, const std::uint8_t* chosen, int radius, float share,
                    int grow, float* out) {
  return guarded([&] {
    const Alpha alpha = {height, width, tile_down, tile_across, kinds, values};
    const Places places(alpha, chosen);
    choke(alpha, places.partial, places.wanted, radius, share, grow != 0, out);
  });
}

// Alpha of the tiles marked in `chosen`, blurred by a Gaussian that is cut off at `reach` pixels.
API int sinet_feather(int height, int width, int tile_down, int tile_across,
                      const std::uint8_t* kinds, const float* values, const std::uint8_t* chosen,
                      double sigma, int reach, float* out) {
  return guarded([&] {
    const Alpha alpha = {height, width, tile_down, tile_across, kinds, values};
    const Places places(alpha, chosen);
    feather(alpha, places.partial, places.wanted, sigma, reach, out);
  });
}

// Sorts tiles by what they hold: `kinds` of those marked in `chosen` are set, and the values of the
// partial ones moved together, in place. Returns how many those are.
API int sinet_settle(int height, int width, int tile_down, int tile_across, std::uint8_t* kinds,
                     const std::uint8_t* chosen, float* values) {
  const Alpha alpha = {height, width, tile_down, tile_across, kinds, values};
  const int columns = alpha.columns();
  const std::size_t size = alpha.tile();
  const float* from = values;
  int count = 0;
  for (int tile = 0; tile < alpha.rows() * columns; ++tile) {
    if (!chosen[tile]) continue;
    const int tall = clamped(height - tile / columns * tile_down, 0, tile_down);
    const int wide = clamped(width - tile % columns * tile_across, 0, tile_across);
    kinds[tile] = kind_of(from, tile_across, tall, wide);
    if (kinds[tile] == kPartial) {
      float* to = values + count++ * size;
      if (to != from) std::memmove(to, from, size * sizeof(float));
      repeat_border(to, tile_down, tile_across, tall, wide);
    }
    from += size;
  }
  return count;
}

// Blurs `count` planes in place by a Gaussian that is cut off at `reach`; outside all is zero.
API int sinet_gaussian(float* planes, int count, int height, int width, double sigma, int reach) {
  return guarded([&] {
    for (int p = 0; p < count; ++p)
      gaussian(planes + std::size_t(p) * height * width, height, width, sigma, reach);
  });
}
