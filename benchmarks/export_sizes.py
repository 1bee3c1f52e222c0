"""Bits and effort of each destination of the page: python benchmarks/export_sizes.py CLIP.

The page says by these about how large an export will be and how long it will take. Bits are those
that a pixel of the person takes in a frame of 1920x1080; take the mean over clips of several sizes.
Effort is in CPU seconds, as multiples of those of a look through the clip.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory

from sinet_video import probe
from sinet_video.pipeline.destinations import DESTINATIONS, OFFERED
from sinet_video.serve import commands
from sinet_video.serve.workplace import StoredClip


def seconds(words: list[str], folder: Path) -> float:
    """Return the CPU seconds that a run of Python takes."""
    before = _spent()
    subprocess.run([sys.executable, *words], cwd=folder, check=True, capture_output=True)
    return _spent() - before


def _spent() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def coverage(folder: Path) -> float:
    """Return the mean alpha that a look through a clip found."""
    (figures,) = folder.glob("*.json")
    return fmean(json.loads(figures.read_text())["coverage"])


def bits(folder: Path, clip: Path) -> float:
    """Return how many bits a pixel took, as in a frame of 1920x1080, of all that was made."""
    facts = probe(clip)
    made = [file for file in folder.rglob("result*") if file.is_file()]
    made += [file for file in folder.glob("result/*") if file.is_file()]
    size = sum(file.stat().st_size for file in set(made))
    pixels = facts.width * facts.height
    return 8 * size / ((facts.frames or 1) * pixels) * (pixels / (1920 * 1080)) ** 0.25


def main() -> None:
    """Print a line for each destination."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clip", type=Path)
    given: Path = parser.parse_args().clip.resolve()
    stored = StoredClip("clip", given.name, given.parent, given)
    print("destination  bits per pixel  effort")
    with TemporaryDirectory() as place:
        look = seconds(commands.look_words(stored), _with(Path(place), given))
        share = coverage(Path(place))
    for name in OFFERED:
        with TemporaryDirectory() as place:
            folder, target = _with(Path(place), given), DESTINATIONS[name]
            words = commands.run_words(stored, target, f"result{target.suffix}", lambda own, _: own)
            effort = seconds(words, folder) / look
            person = (bits(folder, given) - OFFERED[name].rest) / share
            print(f"{name:<12} {person:>14.3f} {effort:>7.2f}", flush=True)


def _with(folder: Path, clip: Path) -> Path:
    """Return a folder in which the clip is, too."""
    (folder / clip.name).symlink_to(clip)
    return folder


if __name__ == "__main__":
    main()
