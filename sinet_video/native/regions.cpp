// Regions of the network's grid in which it is nowhere sure of a person.

#include "common.h"

namespace sinet {
namespace {

enum Slots { kRuns };

// Neighbouring cells of one row above `seen`, and what is known of the region that they begin.
struct Run {
  int start, end;  // cells from the top left; `end` is the one after the last
  int parent;      // an earlier run of the same region, or itself
  int size, sure, held;
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

struct Grid {
  const float* alpha;
  int height, width;
  float seen, sure;
  const double* last;
  double since;
};

// The runs of one row, after `count` others; returns how many there are then.
int append_row(const Grid& grid, int y, Run* runs, int count) {
  const int begin = y * grid.width, end = begin + grid.width;
  for (int i = begin; i < end; ++i) {
    if (!(grid.alpha[i] > grid.seen)) continue;
    Run run{i, i, count, 0, 0, 0};
    for (; i < end && grid.alpha[i] > grid.seen; ++i) {
      run.sure += grid.alpha[i] > grid.sure;
      run.held += grid.last[i] >= grid.since;
    }
    run.end = i;
    run.size = run.end - run.start;
    runs[count++] = run;
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

int find_runs(const Grid& grid, Run* runs) {
  int before = 0, count = 0;
  for (int y = 0; y < grid.height; ++y) {
    const int next = append_row(grid, y, runs, count);
    link_rows(runs, before, count, next, grid.width);
    before = count;
    count = next;
  }
  for (int i = count - 1; i >= 0; --i) {
    const int root = root_of(runs, i);
    if (root == i) continue;
    runs[root].size += runs[i].size;
    runs[root].sure += runs[i].sure;
    runs[root].held += runs[i].held;
  }
  return count;
}

}  // namespace
}  // namespace sinet

using namespace sinet;

// Marks in `removed` the cells of regions above `seen` of which less than `share` is above `sure`,
// unless more than half of it was part of a sure region at `since` or later. `last` is when each
// cell was; it becomes `now` where a region is sure. `count` gets how many cells are marked.
API int sinet_unsure(const float* alpha, int height, int width, float seen, float sure,
                     double share, double since, double now, double* last, std::uint8_t* removed,
                     std::int32_t* count) {
  return guarded([&] {
    Run* runs = scratch<Run, kRuns>(std::size_t(height) * (width / 2 + 1));
    const int found = find_runs({alpha, height, width, seen, sure, last, since}, runs);
    *count = 0;
    std::memset(removed, 0, std::size_t(height) * width);
    for (int i = 0; i < found; ++i) {
      const Run& whole = runs[root_of(runs, i)];
      const int length = runs[i].end - runs[i].start;
      if (whole.sure >= share * whole.size) {
        for (int at = runs[i].start; at < runs[i].end; ++at) last[at] = now;
      } else if (!(whole.held > 0.5 * whole.size)) {
        std::memset(removed + runs[i].start, 1, length);
        *count += length;
      }
    }
  });
}
