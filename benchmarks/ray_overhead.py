"""What Ray costs beside one process: a film in two parts, a folder, and a worker that is killed.

    python benchmarks/ray_overhead.py CLIP [--seconds 300] [--height 360] [--clips 10] [--rounds 3]
                                      [--json FILE]

CLIP is scaled and repeated to a film of so many seconds, and to so many clips that last as long
together. Ray has room for two tasks, on the cores of this machine. Core-seconds are those of all
processes that a command starts, looked up four times a second; wall time says something only where
nothing else runs. Ray's workers get the niceness of this program, where by default they have 15.
The start is that of a cluster with two tasks that do nothing, and its end; the overhead is what
remains when it is taken off. Ray and one process take turns; figures are medians of the rounds.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from uuid import uuid4

from measuring import PROGRAM, Row, facts, made, table, write

from sinet_video import Conversion, RayEngine, Resume, Shard, join
from sinet_video.batches.film import Film
from sinet_video.pipeline.join import share_folders
from sinet_video.pipeline.resuming.job_folder import is_finished
from sinet_video.pipeline.shares import share_path

MARK, TICK = "RAY_OVERHEAD_MARK", os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
CORES = (os.cpu_count() or 1) / 2
NICENESS = "RAY_worker_niceness"
RAY = ("--engine", "ray", "--cpus-per-task", str(CORES))


@dataclass
class Spent:
    """Seconds of wall and of CPU; the second is complete when it has been measured."""

    wall: float = 0.0
    cpu: float = 0.0


@contextmanager
def watched(mark: str) -> Iterator[Spent]:
    """Add up the CPU time of all processes that are started meanwhile."""
    mark = f"{mark} {uuid4()}"
    os.environ[MARK] = mark
    spent, ended, found = Spent(), threading.Event(), dict[int, float]()
    own = os.getpid()
    watcher = threading.Thread(target=look, args=(mark, own, found, ended))
    watcher.start()
    start = time.perf_counter()
    try:
        yield spent
    finally:
        spent.wall = time.perf_counter() - start
        ended.set()
        watcher.join()
        spent.cpu = sum(found.values())


def look(mark: str, own: int, found: dict[int, float], ended: threading.Event) -> None:
    """Note the CPU seconds of each marked process again and again."""
    wanted = f"{MARK}={mark}".encode()
    while not ended.wait(0.25):
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if int(folder.name) == own or wanted not in (folder / "environ").read_bytes():
                    continue
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            found[int(folder.name)] = (int(fields[11]) + int(fields[12])) / TICK


def run(*words: object) -> None:
    """Run our command."""
    subprocess.run(list(map(str, words)), check=True, stderr=subprocess.DEVNULL)


def nothing(number: int, send: object) -> int:
    """Return the number."""
    return number


def started() -> None:
    """Start a cluster, let two tasks do nothing, and end it."""
    with RayEngine(cpus=CORES).cluster() as cluster:
        list(cluster.run([1, 2], nothing))


def digest(path: Path) -> str:
    """Return a digest of a file, or of those in a folder."""
    files = sorted(path.glob("*.mp4")) if path.is_dir() else [path]
    return sha256(b"".join(each.read_bytes() for each in files)).hexdigest()


@dataclass
class Work:
    """The same work in two ways: by one command of this machine, and by Ray."""

    name: str
    alone: list[object]
    by_ray: list[object]
    results: tuple[Path, Path]

    def __post_init__(self) -> None:
        self.rounds: list[tuple[Spent, Spent, Spent]] = []
        self.equal = True

    def again(self) -> None:
        """Take a turn of each: a start of a cluster, Ray and one process."""
        for path in self.results:
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        with watched("start") as start:
            started()
        with watched("ray") as ray:
            run(*self.by_ray)
        with watched("alone") as alone:
            run(*self.alone)
        self.rounds.append((start, ray, alone))
        self.equal &= digest(self.results[0]) == digest(self.results[1])

    def row(self) -> Row:
        """Return a row of a table: what both took, and what Ray took beside its start."""
        found: Row = {"work": self.name}
        for unit, kind in (("core-s", "cpu"), ("s", "wall")):
            spent = [[getattr(each, kind) for each in turn] for turn in self.rounds]
            start, ray, alone = (round(median(each), 1) for each in zip(*spent, strict=True))
            over = median((ray - start) / alone - 1 for start, ray, alone in spent)
            found |= {f"one process, {unit}": alone, f"Ray, {unit}": ray, f"start, {unit}": start}
            found[f"overhead, {unit}"] = f"{100 * over:.1f}%"
        return found | {"bytes equal": self.equal}


def killed(film: Path, folder: Path) -> Row:
    """Return what is made again when a worker is killed."""
    output, told = folder / "killed.mp4", dict[str, int]()
    work, frames = Film(Conversion(resume=Resume()), film, output, None, False), dict[int, int]()
    shards = [Shard(1, 2), Shard(2, 2)]

    def kill(shard: Shard, done: int) -> None:
        frames[shard.index] = done
        state = is_finished(share_path(output, shard))
        if not told and state is not None and done > state.frames + 100:
            told.update(shard=shard.index, done=done)
            os.kill(worker_on(share_path(output, shard)), signal.SIGKILL)

    with RayEngine(cpus=CORES).cluster() as cluster:
        reports = dict(cluster.run(shards, work, kill))
    resumed = {shard.index: report.resumed for shard, report in reports.items()}
    join(film, output, work.conversion)
    return {
        "frames of a segment": Resume().seconds * 30,
        "frames done when killed": told["done"],
        "of them kept": resumed[told["shard"]],
        "done again": told["done"] - resumed[told["shard"]],
        "done again of the other part": resumed[3 - told["shard"]],
        "left behind": len(share_folders(output)),
        "digest": digest(output),
    }


def worker_on(share: Path) -> int:
    """Return the process that has files of a share open."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            opened = [str(each.readlink()) for each in (folder / "fd").iterdir()]
        except OSError:
            continue
        if any(f".{share.name}.parts/" in each for each in opened):
            return int(folder.name)
    raise SystemExit(f"nobody works on {share}")


def works_in(folder: Path, given: argparse.Namespace) -> tuple[Path, list[Work]]:
    """Make the film and the clips; return the film and what is to be done."""
    filters, frames = f"fps=30,scale=-2:{given.height},format=yuv420p", given.seconds * 30
    film, clips = made(given.clip, frames, filters, folder / "film.mp4"), folder / "in"
    clips.mkdir()
    for number in range(given.clips):
        made(given.clip, frames // given.clips, filters, clips / f"{number}.mp4")
    one, many = (folder / "one.mp4", folder / "ray.mp4"), (folder / "many", folder / "rays")
    run_one, run_many = [PROGRAM, "run", film], [PROGRAM, "batch", clips, "-o"]
    return film, [
        Work("film", [*run_one, one[0], "--resume"], [*run_one, one[1], *RAY, "--parts", 2], one),
        Work("folder", [*run_many, many[0], "--jobs", 2], [*run_many, many[1], *RAY], many),
    ]


def main() -> None:
    """Measure, print and write what was asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("clip", type=Path)
    parser.add_argument("--seconds", type=int, default=300)
    parser.add_argument("--height", type=int, default=360)
    parser.add_argument("--clips", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    os.environ[NICENESS] = str(os.nice(0))
    with TemporaryDirectory() as name:
        folder = Path(name)
        film, works = works_in(folder, given)
        for _ in range(given.rounds):
            for work in works:
                work.again()
        rows = [work.row() for work in works]
        kill = killed(film, folder)
        kill["bytes equal"] = kill.pop("digest") == digest(works[0].results[0])
    sys.stdout.write(table(rows) + "\n" + table([kill]))
    clips = {"seconds": given.seconds, "height": given.height, "clips": given.clips}
    write(given.json, "Ray", facts(**clips), rows, killed=kill)


if __name__ == "__main__":
    main()
