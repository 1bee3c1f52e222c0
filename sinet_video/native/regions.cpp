// Regions of the network's grid: cells that share a side. What they are, and which of them the
// network is nowhere sure of.

#include <algorithm>

#include "common.h"

namespace sinet {
namespace {

enum Slots { kRuns, kEvidence };

// Neighbouring cells of one row that are in the mask.
struct Run {
  int start, end;  // cells from the top left; `end` is the one after the last
  int parent;      // an earlier run of the same region, or itself
};

int root_of(Run* runs, int index) {
  while (runs[index].parent != index) index = runs[index].parent = runs[runs[index].parent].parent;
  return index;
}

// The one that comes first stays the root.
void link(Run* runs, int one, int other) {
  one = root_of(runs, one);
  other = root_of(runs, other);
  if (one < other) runs[other].parent = one;
  if (other < one) runs[one].parent = other;
}

// The runs of cells [begin, end), a row, after `count` others; returns how many there are then.
template <class Inside>
int append_row(int begin, int end, Inside inside, Run* runs, int count) {
  for (int i = begin; i < end; ++i) {
    if (!inside(i)) continue;
    const int start = i;
    while (i < end && inside(i)) ++i;
    runs[count] = {start, i, count};
    ++count;
  }
  return count;
}

// Links runs [first, next) of one row with those of [next, last) of the row below.
void link_rows(Run* runs, int first, int next, int last, int width) {
  for (int above = first, below = next; above < next && below < last;) {
    const int start = runs[below].start - width, end = runs[below].end - width;
    if (runs[above].start < end && start < runs[above].end) link(runs, above, below);
    if (runs[above].end < end) ++above; else ++below;
  }
}

Run* room_for_runs(int height, int width) {
  return scratch<Run, kRuns>(std::size_t(height) * (width / 2 + 1));
}

// The runs of cells that are `inside`, each with its region's first as parent; returns how many.
template <class Inside>
int find_runs(int height, int width, Inside inside, Run* runs) {
  int before = 0, count = 0;
  for (int y = 0; y < height; ++y) {
    const int next = append_row(y * width, (y + 1) * width, inside, runs, count);
    link_rows(runs, before, count, next, width);
    before = count;
    count = next;
  }
  for (int i = 0; i < count; ++i) runs[i].parent = root_of(runs, i);
  return count;
}

// A region's cells, those of them that are sure, and those that were part of a sure region.
struct Evidence {
  int size, sure, held;
};

// A row of the table of regions, as Python has it.
struct Region {
  std::int32_t size, top, left, bottom, right;
};

}  // namespace
}  // namespace sinet

using namespace sinet;

// Numbers the regions of a mask from 1, from the top. `labels` gets each cell's, 0 outside the
// mask; `table` each region's, with a row of zeros for what is outside, and `count` its rows.
API int sinet_label(const std::uint8_t* mask, int height, int width, std::int32_t* labels,
                    std::int32_t* table, std::int32_t* count) {
  return guarded([&] {
    Run* runs = room_for_runs(height, width);
    const int found = find_runs(height, width, [&](int i) { return mask[i] != 0; }, runs);
    auto* regions = reinterpret_cast<Region*>(table);
    regions[0] = {0, 0, 0, 0, 0};
    int last = 0;
    std::memset(labels, 0, std::size_t(height) * width * sizeof *labels);
    for (int i = 0; i < found; ++i) {
      const int row = runs[i].start / width, first = row * width;
      const bool is_new = runs[i].parent == i;
      // The region's first run comes before its others, and its first cell has the number.
      const int number = is_new ? ++last : labels[runs[runs[i].parent].start];
      if (is_new) regions[number] = {0, row, width, 0, 0};
      Region& whole = regions[number];
      whole.size += runs[i].end - runs[i].start;
      whole.left = std::min(whole.left, runs[i].start - first);
      whole.bottom = row + 1;
      whole.right = std::max(whole.right, runs[i].end - first);
      std::fill(labels + runs[i].start, labels + runs[i].end, number);
    }
    *count = last + 1;
  });
}

// Marks the cells of regions above `seen` of which less than `share` is above `sure`, unless more
// than half of it was part of a sure region at `since` or later. `last` is when each cell was; it
// becomes `now` where a region is sure. Sure ones that were not, of `least` cells or more, are
// marked in the second half of `marks` instead. `counts` gets how many cells are marked in each.
API int sinet_unsure(const float* alpha, int height, int width, float seen, float sure,
                     double share, double since, double now, double least, double* last,
                     std::uint8_t* marks, std::int32_t* counts) {
  return guarded([&] {
    Run* runs = room_for_runs(height, width);
    const int found = find_runs(height, width, [&](int i) { return alpha[i] > seen; }, runs);
    Evidence* known = scratch<Evidence, kEvidence>(found);
    for (int i = 0; i < found; ++i) {
      known[i] = {0, 0, 0};
      Evidence& whole = known[runs[i].parent];
      whole.size += runs[i].end - runs[i].start;
      for (int at = runs[i].start; at < runs[i].end; ++at) {
        whole.sure += alpha[at] > sure;
        whole.held += last[at] >= since;
      }
    }
    const std::size_t area = std::size_t(height) * width;
    std::memset(marks, 0, 2 * area);
    counts[0] = counts[1] = 0;
    for (int i = 0; i < found; ++i) {
      const Evidence& whole = known[runs[i].parent];
      const bool is_sure = whole.sure >= share * whole.size, is_held = whole.held > 0.5 * whole.size;
      const bool is_new = is_sure && !is_held && whole.size >= least;
      if (is_new || !(is_sure || is_held)) {
        const int length = runs[i].end - runs[i].start;
        std::memset(marks + is_new * area + runs[i].start, 1, length);
        counts[is_new] += length;
      } else if (is_sure) {
        for (int at = runs[i].start; at < runs[i].end; ++at) last[at] = now;
      }
    }
  });
}
