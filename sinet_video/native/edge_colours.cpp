// The person's own colours at the edge, by blurs weighted by alpha, as stages/decontaminate has it.

#include "boxes.h"
#include "tiles.h"

namespace sinet {
namespace {

constexpr int kPlanes = 3;
constexpr float kLittle = 1e-4f;
constexpr int kNear[] = {2, 1};

enum Slots { kSmall, kShare, kHalf, kHalfShare, kRest, kWeighted, kWeights, kBoth, kUnmixed,
             kBlurred };

struct Part {
  int top, left, bottom, right;
  int height() const { return bottom - top; }
  int width() const { return right - left; }
  std::size_t area() const { return std::size_t(height()) * width(); }
};

// The cells within reach of those whose alpha is partial, from even ones on.
Part around_partial(const float* alpha, int height, int width, int reach) {
  int top = height, left = width, bottom = -1, right = -1;
  for (int y = 0; y < height; ++y) {
    const float* row = alpha + std::size_t(y) * width;
    const auto partial = [row](int x) { return row[x] > 0.0f && row[x] < 1.0f; };
    int first = 0, last = width - 1;
    while (first < width && !partial(first)) ++first;
    if (first == width) continue;
    while (!partial(last)) --last;
    if (bottom < 0) top = y;
    bottom = y;
    left = first < left ? first : left;
    right = last > right ? last : right;
  }
  if (bottom < 0) return {0, 0, 0, 0};
  return {clamped(top - reach, 0, height) / 2 * 2, clamped(left - reach, 0, width) / 2 * 2,
          clamped(bottom + reach + 1, 0, height), clamped(right + reach + 1, 0, width)};
}

void copy_part(const float* from, int width, const Part& part, float* to) {
  for (int y = 0; y < part.height(); ++y)
    std::memcpy(to + std::size_t(y) * part.width(),
                from + std::size_t(part.top + y) * width + part.left,
                part.width() * sizeof(float));
}

// Means of the person's and the room's colours, `both` (2, 3, area), over windows, by how much
// each counts. `small` is (3, area), `alpha` and `rest`, which is 1 less it, (area).
void weighted_means(const float* small, const float* both, const float* alpha, const float* rest,
                    int height, int width, int radius, float* means) {
  const std::size_t area = std::size_t(height) * width;
  float* RESTRICT weighted = scratch<float, kWeighted>(area);
  float* RESTRICT weight = scratch<float, kWeights>(area);
  for (int side = 0; side < 2; ++side) {
    const float* RESTRICT share = side == 0 ? alpha : rest;
    box_sum(share, height, width, width, radius, weight);
    for (int p = 0; p < kPlanes; ++p) {
      const float* RESTRICT colour = both + (side * kPlanes + p) * area;
      const float* RESTRICT own = small + p * area;
      float* RESTRICT mean = means + (side * kPlanes + p) * area;
      for (std::size_t i = 0; i < area; ++i) weighted[i] = colour[i] * share[i];
      box_sum(weighted, height, width, width, radius, mean);
      for (std::size_t i = 0; i < area; ++i)
        mean[i] = (mean[i] + kLittle * own[i]) / (weight[i] + kLittle);
    }
  }
}

// The colours nearest to `both` that mix to `small` by alpha; (2, 3, area) all.
void unmixed(const float* small, const float* both, const float* RESTRICT alpha,
             const float* RESTRICT rest, std::size_t area, float* out) {
  for (int p = 0; p < kPlanes; ++p) {
    const float* RESTRICT mixed = small + p * area;
    const float* RESTRICT person = both + p * area;
    const float* RESTRICT room = both + (kPlanes + p) * area;
    float* RESTRICT own = out + p * area;
    float* RESTRICT other = out + (kPlanes + p) * area;
    for (std::size_t i = 0; i < area; ++i) {
      const float a = alpha[i], r = rest[i];
      const float amiss = (mixed[i] - a * person[i] - r * room[i]) / (a * a + r * r);
      own[i] = person[i] + a * amiss;
      other[i] = room[i] + r * amiss;
    }
  }
}

float* complement(const float* RESTRICT alpha, std::size_t area) {
  float* RESTRICT rest = scratch<float, kRest>(area);
  for (std::size_t i = 0; i < area; ++i) rest[i] = 1.0f - alpha[i];
  return rest;
}

// Means over wide windows, of half as fine cells, put into `colours`, (2, 3, height, width).
void far_colours(const float* small, const float* alpha, const Part& part, int radius, int height,
                 int width, float* colours) {
  const int rows = (part.height() + 1) / 2, columns = (part.width() + 1) / 2;
  const std::size_t area = std::size_t(rows) * columns, whole = std::size_t(height) * width;
  float* both = scratch<float, kHalf>(2 * kPlanes * area);
  float* share = scratch<float, kHalfShare>(area);
  float* means = scratch<float, kBlurred>(2 * kPlanes * area);
  const std::size_t corner = std::size_t(part.top) * width + part.left;
  halved(alpha + corner, part.height(), part.width(), width, share);
  for (int p = 0; p < kPlanes; ++p)
    halved(small + p * whole + corner, part.height(), part.width(), width, both + p * area);
  std::memcpy(both + kPlanes * area, both, kPlanes * area * sizeof(float));
  weighted_means(both, both, share, complement(share, area), rows, columns, radius, means);
  for (int p = 0; p < 2 * kPlanes; ++p) {
    for (int y = 0; y < part.height(); ++y) {
      const float* RESTRICT from = means + p * area + std::size_t(y / 2) * columns;
      float* RESTRICT to = colours + p * whole + corner + std::size_t(y) * width;
      for (int x = 0; x < part.width(); ++x) to[x] = from[x / 2];
    }
  }
}

// Goes on from those to means over close windows, in place.
void near_colours(const float* small, const float* alpha, const Part& part, int height, int width,
                  float* colours) {
  const std::size_t area = part.area(), whole = std::size_t(height) * width;
  float* seen = scratch<float, kSmall>(kPlanes * area);
  float* share = scratch<float, kShare>(area);
  float* both = scratch<float, kBoth>(2 * kPlanes * area);
  float* apart = scratch<float, kUnmixed>(2 * kPlanes * area);
  for (int p = 0; p < kPlanes; ++p) copy_part(small + p * whole, width, part, seen + p * area);
  for (int p = 0; p < 2 * kPlanes; ++p) copy_part(colours + p * whole, width, part, both + p * area);
  copy_part(alpha, width, part, share);
  const float* rest = complement(share, area);
  for (const int radius : kNear) {
    unmixed(seen, both, share, rest, area, apart);
    weighted_means(seen, apart, share, rest, part.height(), part.width(), radius, both);
  }
  for (int p = 0; p < 2 * kPlanes; ++p)
    for (int y = 0; y < part.height(); ++y)
      std::memcpy(colours + p * whole + std::size_t(part.top + y) * width + part.left,
                  both + p * area + std::size_t(y) * part.width(), part.width() * sizeof(float));
}

// The person's colours of `count` samples, rounded; what has no alpha stays.
template <class Sample>
void clean(const float* RESTRICT mixed, const float* RESTRICT alpha, const float* RESTRICT person,
           const float* RESTRICT room, float top, int count, Sample* RESTRICT out) {
  for (int x = 0; x < count; ++x) {
    const float a = alpha[x], rest = 1.0f - a;
    const float amiss = (mixed[x] - a * person[x]) - room[x] * rest;
    const float own = (amiss / (rest * rest + a * a)) * a + person[x];
    const float whole = rounded(clamped(own, 0.0f, top));
    out[x] = Sample(int(a <= 0.0f ? mixed[x] : whole));
  }
}

template <class Sample>
void clean_plane(const Sample* plane, std::ptrdiff_t stride, const Tiling& tiling, const Alpha& alpha,
                 int by_down, int by_across, const float* person, const float* room,
                 const Tiling& cells, int factor, float top, Sample* out) {
  Window of_person, of_room;
  Row person_row, room_row;
  alignas(64) float mixed[kLargestTile];
  float reduced[kLargestTile * kLargestTile];
  each_tile(alpha, [&](int row, int column, Kind kind, const float* values) {
    if (kind != kPartial) return;
    fill_window(person, cells, row, column, of_person);
    fill_window(room, cells, row, column, of_room);
    const float* share =
        reduced_tile(values, alpha.down, alpha.across, by_down, by_across, reduced);
    for (int y = 0; y < tiling.down; ++y, out += tiling.across, share += tiling.across) {
      const int down = factor / by_down, across = factor / by_across;
      enlarged_row(of_person, cells.across, y, down, across, person_row);
      enlarged_row(of_room, cells.across, y, down, across, room_row);
      samples(plane, stride, tiling, row * tiling.down + y, column * tiling.across, tiling.across,
              mixed);
      clean(mixed, share, person_row.values, room_row.values, top, tiling.across, out);
    }
  });
}

}  // namespace
}  // namespace sinet

using namespace sinet;

// The person's and the room's colours, (2, 3, height, width), around cells whose alpha is partial,
// and 0 elsewhere. `small` is (3, height, width), `far` the radius of the first blur in half cells.
API int sinet_blurred_colours(const float* small, const float* alpha, int height, int width, int far,
                              float* colours) {
  return guarded([&] {
    std::memset(colours, 0, std::size_t(2 * kPlanes) * height * width * sizeof(float));
    const int close = kNear[0] + kNear[1];
    const Part wide = around_partial(alpha, height, width, 2 * (far + 1) + close);
    if (wide.area() == 0) return;
    far_colours(small, alpha, wide, far, height, width, colours);
    near_colours(small, alpha, around_partial(alpha, height, width, close), height, width, colours);
  });
}

// The partial tiles of a plane with the person's colours, `out` (n, tile height, tile width) in
// samples of the plane, each of which stands for `by_down` x `by_across` pixels. `person` and
// `room` are planes of cells of `factor` pixels.
API int sinet_clean_plane(const void* plane, std::int64_t stride, int bytes, int plane_height,
                          int plane_width, int height, int width, const std::uint8_t* kinds,
                          const float* values, int tile_down, int tile_across, int by_down,
                          int by_across, const float* person, const float* room, int cells_down,
                          int cells_across, int factor, float top, void* out) {
  return guarded([&] {
    const Tiling tiling = {plane_height, plane_width, tile_down / by_down, tile_across / by_across};
    const Tiling cells = {cells_down, cells_across, tile_down / factor, tile_across / factor};
    const Alpha alpha = {height, width, tile_down, tile_across, kinds, values};
    const auto run = [&](auto sample) {
      using Sample = decltype(sample);
      clean_plane(static_cast<const Sample*>(plane), std::ptrdiff_t(stride / std::int64_t(sizeof(Sample))), tiling, alpha,
                  by_down, by_across, person, room, cells, factor, top, static_cast<Sample*>(out));
    };
    bytes == 1 ? run(std::uint8_t()) : run(std::uint16_t());
  });
}
