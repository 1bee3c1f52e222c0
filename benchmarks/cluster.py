"""A simulated cluster whose machines fail and are slow: what part length and retries cost.

    python benchmarks/cluster.py [PLOT.png]

A film of some hours is made in parts. A machine fails at random, by a mean time between failures,
and is away for a while; some machines are slow. A part whose machine fails is tried again: from its
start, or from its last finished segment, as `run --only` does. With "spares", the last parts are
also given to machines that have nothing else to do, and the first that is done counts. Times are in
seconds of work on one machine that is not slow. Everything is drawn from one seed.
"""

from __future__ import annotations

import argparse
import heapq
import random
from collections import deque
from dataclasses import dataclass

IDLE = 5.0
"""Seconds after which a machine without work asks for some."""


@dataclass(frozen=True)
class Cluster:
    """What is simulated.

    Attributes:
        machines: how many there are.
        work: seconds that the whole film takes on one machine.
        mean_time_between_failures: of one machine, in seconds of work.
        repair: seconds that a failed machine is away.
        slow, slowness: the share of machines that are slow, and how many times as long they take.
        start: seconds before a part begins: a process, the network, opening the film.
        warm_up: seconds of work that a part repeats, one segment decoded and segmented.
        segment: seconds of work after which a part's progress is kept; 0 keeps nothing.
        spares: whether idle machines take parts that others are still working on.
    """

    machines: int = 100
    work: float = 100 * 3600.0
    mean_time_between_failures: float = 4 * 3600.0
    repair: float = 300.0
    slow: float = 0.1
    slowness: float = 3.0
    start: float = 3.0
    warm_up: float = 3.0
    segment: float = 10.0
    spares: bool = False


@dataclass(frozen=True)
class Outcome:
    """What came of it: seconds until all is done, and machine seconds spent for each of work."""

    seconds: float
    spent: float

    def overhead(self, cluster: Cluster) -> float:
        """Return the machine seconds beyond the work itself, as a share of it."""
        return self.spent / cluster.work - 1

    def delay(self, cluster: Cluster) -> float:
        """Return how many times as long it took as on machines that neither fail nor are slow."""
        return self.seconds / (cluster.work / cluster.machines)


def simulate(cluster: Cluster, parts: int, seed: int = 0) -> Outcome:
    """Return what making the film in so many parts comes to."""
    chance = random.Random(seed)
    speed = [
        1 / cluster.slowness if index < cluster.slow * cluster.machines else 1.0
        for index in range(cluster.machines)
    ]
    left = dict.fromkeys(range(parts), cluster.work / parts)
    waiting, spent, now = deque(left), 0.0, 0.0
    busy: dict[int, tuple[int, float]] = {}
    # When each machine is free again; a heap.
    free = [(0.0, machine) for machine in range(cluster.machines)]
    while left:
        now, machine = heapq.heappop(free)
        if machine in busy:
            part, rest = busy.pop(machine)
            if part in left and rest > 0:  # the machine has failed
                left[part] = min(left[part], rest)
                waiting.append(part)
                heapq.heappush(free, (now + cluster.repair, machine))
                continue
            left.pop(part, None)
        task = _next(waiting, left, busy, cluster)
        if task is None:
            heapq.heappush(free, (now + IDLE, machine))
            continue
        used, rest = _tried(cluster, left[task], speed[machine], chance)
        spent += used
        busy[machine] = (task, rest)
        heapq.heappush(free, (now + used, machine))
    return Outcome(now, spent)


def _next(
    waiting: deque[int],
    left: dict[int, float],
    busy: dict[int, tuple[int, float]],
    cluster: Cluster,
) -> int | None:
    """Return the next part to work on: one that waits, or one that others work on."""
    while waiting:
        if (task := waiting.popleft()) in left:
            return task
    if not cluster.spares:
        return None
    running = [task for task, _ in busy.values() if task in left]
    return min(running, key=running.count) if running else None


def _tried(
    cluster: Cluster, work: float, speed: float, chance: random.Random
) -> tuple[float, float]:
    """Return the machine's seconds that one try takes, and the work that is left after it."""
    whole = (cluster.start + cluster.warm_up + work) / speed
    fails = chance.expovariate(1 / cluster.mean_time_between_failures)
    if fails >= whole:
        return whole, 0.0
    done = max(0.0, fails * speed - cluster.start - cluster.warm_up)
    kept = done // cluster.segment * cluster.segment if cluster.segment else 0.0
    return fails, work - kept


POLICIES = {
    "anew": Cluster(segment=0.0),
    "from the last segment": Cluster(),
    "the same, with spares": Cluster(spares=True),
}
PARTS = (100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600)


def table(seeds: int = 3) -> list[tuple[str, int, float, float]]:
    """Return policy, parts, overhead and delay, as means over some seeds."""
    rows = []
    for name, cluster in POLICIES.items():
        for parts in PARTS:
            outcomes = [simulate(cluster, parts, seed) for seed in range(seeds)]
            overhead = sum(each.overhead(cluster) for each in outcomes) / seeds
            delay = sum(each.delay(cluster) for each in outcomes) / seeds
            rows.append((name, parts, overhead, delay))
    return rows


def main() -> None:
    """Print the table; draw it if a name is given."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("plot", nargs="?", help="where to draw the table, such as plot.png")
    target = parser.parse_args().plot
    rows = table()
    print(f"{'policy':<24} {'parts':>6} {'work a part':>12} {'overhead':>9} {'time':>6}")
    for name, parts, overhead, delay in rows:
        length = Cluster().work / parts
        print(f"{name:<24} {parts:>6} {length:>10.0f} s {overhead:>8.1%} {delay:>6.2f}")
    if target:
        draw(rows, target)


def draw(rows: list[tuple[str, int, float, float]], target: str) -> None:
    """Write the table as a plot."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, sides = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    for name in POLICIES:
        ours = [row for row in rows if row[0] == name]
        lengths = [Cluster().work / row[1] for row in ours]
        sides[0].plot(lengths, [100 * row[2] for row in ours], marker="o", label=name)
        sides[1].plot(lengths, [row[3] for row in ours], marker="o", label=name)
    sides[0].set(ylabel="machine time beyond the work, %", ylim=(0, 60))
    sides[1].set(ylabel="time until all is done, of the ideal", ylim=(1, 5))
    for side in sides:
        side.set(xscale="log", xlabel="seconds of work in a part")
        side.grid(alpha=0.3)
        side.legend()
    figure.savefig(target, dpi=100)


if __name__ == "__main__":
    main()
