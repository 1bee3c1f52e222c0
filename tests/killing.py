"""Jobs killed at random moments: python tests/killing.py [--count 50] [--seed 1] [--minutes 9].

`sinet-video run --resume` is killed (SIGKILL) at a random moment of its work, and
started again with the same command. What comes out must be what an uninterrupted run gives, byte
for byte, and nothing else may be left. Outputs of several kinds take turns. Prints after how many
finished frames each was killed, and how many were equal; ends with 1 if any was not.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

COMMAND = Path(sys.executable).with_name("sinet-video")

SOURCE = (
    *("-f", "lavfi", "-i", "testsrc2=s=96x64:r=25:d=3"),
    *("-f", "lavfi", "-i", "sine=d=3"),
    *("-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "20", "-c:a", "aac"),
)
QUICK = ("--network-size", "1024", "--checkpoint-every", "0.2")

KINDS: dict[str, tuple[str, ...]] = {
    "o.mp4": ("--matte", "m.mkv"),
    "o.webm": (),
    "o.mkv": ("--codec", "ffv1", "--background", "blue"),
    "o.mov": (),
    "hevc.mp4": ("--codec", "hevc", "--preset", "ultrafast", "--start", "0.5"),
    "images": (),
}


@dataclass(frozen=True)
class Outcome:
    """What became of one job: `kept` frames were finished when it was killed."""

    kept: int
    problem: str | None


class FinishedError(Exception):
    """A job was done before it could be killed."""


def command(source: Path, folder: Path, kind: str) -> list[str]:
    """Return the command that makes an output of a kind in a folder."""
    options = [str(folder / word) if word == "m.mkv" else word for word in KINDS[kind]]
    words = ["run", "--quiet", "--resume", *QUICK, str(source), str(folder / kind), *options]
    return [str(COMMAND), *words]


def contents(folder: Path) -> dict[str, str]:
    """Return the digest of each file in a folder, hidden ones as well."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def kept(folder: Path, kind: str) -> int:
    """Return how many frames of an unfinished job are finished."""
    manifest = folder / f".{kind}.parts" / "manifest.json"
    if not manifest.exists():
        return 0
    return sum(frames for _, frames in json.loads(manifest.read_text())["segments"])


def whole(source: Path, folder: Path, kind: str) -> tuple[dict[str, str], float]:
    """Return what an uninterrupted run gives, and the seconds that it works on it."""
    folder.mkdir()
    process, started = begun(source, folder, kind)
    if process.wait() != 0:
        raise RuntimeError(f"An uninterrupted run to {kind} failed.")
    return contents(folder), time.monotonic() - started


def begun(source: Path, folder: Path, kind: str) -> tuple[subprocess.Popen[bytes], float]:
    """Start a job; return when it has begun to keep what it makes, and the time."""
    process = subprocess.Popen(command(source, folder, kind))
    while not (folder / f".{kind}.parts").exists() and process.poll() is None:
        time.sleep(0.002)
    return process, time.monotonic()


def killed(source: Path, folder: Path, kind: str, seconds: float) -> int:
    """Start a job and kill it after so long a work; return how many frames it had finished.

    Raises `FinishedError` where there was no more to kill.
    """
    folder.mkdir()
    process, _ = begun(source, folder, kind)
    time.sleep(seconds)
    process.kill()
    if process.wait() == 0:
        raise FinishedError
    return kept(folder, kind)


def resumed(source: Path, folder: Path, kind: str, expected: dict[str, str]) -> str | None:
    """Go on with a job that was killed; return what is wrong with the result, if anything.

    Killed while it removed its folder, of which nothing told any more that the output is of this
    job, it is refused, as the output is there; but the folder is gone then.
    """
    if contents(folder) != expected:
        done = subprocess.run(
            command(source, folder, kind), capture_output=True, text=True, check=False
        )
        refused = done.returncode != 0
        if refused and not ("there already" in done.stderr and contents(folder) == expected):
            return done.stderr.strip()
    found = contents(folder)
    names = sorted(name for name in {**found, **expected} if found.get(name) != expected.get(name))
    return f"differs: {', '.join(names[:4])}" if names else None


def trial(
    source: Path, folder: Path, kind: str, seconds: float, expected: dict[str, str]
) -> Outcome:
    """Kill a job after so long, go on with it, and compare."""
    frames = killed(source, folder, kind, seconds)
    return Outcome(frames, resumed(source, folder, kind, expected))


def main() -> int:
    """Do it and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=9)
    asked = parser.parse_args()
    chance, end = random.Random(asked.seed), time.monotonic() + asked.minutes * 60
    with tempfile.TemporaryDirectory() as name:
        outcomes = _trials(Path(name), asked.count, chance, end)
    equal = sum(outcome.problem is None for outcome in outcomes)
    between = sum(outcome.kept > 0 for outcome in outcomes)
    print(f"{equal} of {len(outcomes)} equal; {between} were killed with some frames finished")
    return 0 if equal == len(outcomes) == asked.count else 1


def _trials(folder: Path, count: int, chance: random.Random, end: float) -> list[Outcome]:
    source = folder / "source.mp4"
    subprocess.run(["ffmpeg", "-v", "error", *SOURCE, source], check=True)
    expected = {kind: whole(source, folder / f"whole-{kind}", kind) for kind in KINDS}
    outcomes: list[Outcome] = []
    for index in range(count):
        if time.monotonic() > end:
            print("out of time")
            break
        kind = list(KINDS)[index % len(KINDS)]
        files, seconds = expected[kind]
        outcomes.append(in_time(source, folder / f"trial-{index}", kind, files, seconds, chance))
        said = outcomes[-1].problem or "equal"
        print(f"{index + 1:3} {kind:9} {outcomes[-1].kept:3} frames kept: {said}", flush=True)
    return outcomes


def in_time(
    source: Path,
    folder: Path,
    kind: str,
    expected: dict[str, str],
    seconds: float,
    chance: random.Random,
) -> Outcome:
    """Draw moments until one comes before the job's end: a machine is not always as fast."""
    while True:
        try:
            return trial(source, folder, kind, chance.random() * seconds, expected)
        except FinishedError:
            shutil.rmtree(folder)
            seconds *= 0.8


if __name__ == "__main__":
    sys.exit(main())
