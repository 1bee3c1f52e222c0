"""How right mattes are for different kinds of people: for the table in docs/MODEL_CARD.md.

    python benchmarks/kinds_of_people.py [--portraits FOLDER] [--heads FOLDER]
        [--weights NAME|FILE] [--list FILE] [--json FILE] [--card docs/MODEL_CARD.md]

FOLDER holds images/NAME.jpg and masks/NAME.png, of the sets that kinds_of_people.toml describes. It
says what each image shows. For each kind this prints the mean foreground IoU (%) and the mean MAD
(x 1000), of the network alone, enlarged, and as `run` does it, each with a 95 % interval by
bootstrap over the images. The two sets are kept apart: one has close heads, the other whole
portraits, and figures of one say nothing beside those of the other. --card replaces the tables of
the card. Needs the extra `train`.
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from measuring import Row, facts, table, write

from sinet_video import load_segmenter
from sinet_video.pipeline.settings import Settings
from sinet_video.planes.resample import resized
from sinet_video.quality.metrics import foreground_iou, mad
from sinet_video.training.evaluate.images import Predict, by_flow, by_network
from sinet_video.training.image_folder import Pair, list_pairs, read_pair

LIST = Path(__file__).with_suffix(".toml")

KINDS = (
    "dark skin", "medium skin", "light skin", "long hair", "short hair", "curly hair", "no hair",
    "head covered", "glasses", "dark scene", "backlit",
)  # fmt: skip
"""What an image may show, in the order of the table."""

WITHOUT = {"head covered": "head not covered", "glasses": "no glasses"}
"""What an image shows that says none of these."""

ORDER = [row for kind in KINDS for row in (kind, WITHOUT.get(kind)) if row]

TITLES = {"portraits": "Portraits of EG1800's test list", "heads": "Heads of CelebAMask-HQ"}

BEGIN, END = "<!-- kinds of people -->", "<!-- end of kinds -->"
"""What is around the tables in the card."""

DRAWS, SEED = 4000, 1
"""Samples of the bootstrap, and what they begin from."""

FEWEST = 5
"""Images of a kind; of fewer nothing is said."""

Measured = dict[str, tuple[float, float]]
"""IoU in percent and MAD x 1000 by the method."""


@dataclass(frozen=True)
class Mean:
    """A mean over images, and the interval that holds it in 95 of 100 draws of such images."""

    mean: float
    low: float
    high: float

    @classmethod
    def of(cls, values: np.ndarray) -> Mean:
        """Draw from values, (N,), as often as there are."""
        random = np.random.default_rng(SEED)
        draws = values[random.integers(len(values), size=(DRAWS, len(values)))].mean(1)
        return cls(float(values.mean()), *map(float, np.percentile(draws, (2.5, 97.5))))

    def __str__(self) -> str:
        return f"{self.mean:.1f} ({self.low:.1f} to {self.high:.1f})"


def shown(words: str) -> frozenset[str]:
    """Return the kinds that an entry of the list belongs to. Raises `SystemExit` for others."""
    said = frozenset(word.strip() for word in words.split(",") if word.strip())
    if unknown := said - set(KINDS):
        raise SystemExit(f"{sorted(unknown)[0]!r} is no kind; they are: {', '.join(KINDS)}.")
    return said | {without for kind, without in WITHOUT.items() if kind not in said}


def measured(ways: Mapping[str, Predict], pair: Pair) -> Measured:
    """Measure one image by each method."""
    _, mask = read_pair(pair)
    truth = mask.astype(np.float32) / 255
    found = {}
    for name, predict in ways.items():
        alpha = resized(predict(pair, truth.shape), truth.shape)
        iou = foreground_iou(alpha > 0.5, truth > 0.5)
        found[name] = 100 * iou, 1000 * mad(alpha, truth)
    return found


def rows(kinds: Mapping[str, frozenset[str]], images: Mapping[str, Measured]) -> list[Row]:
    """Return the figures of each kind of which there are enough, and of all."""
    found = []
    for kind in (*ORDER, "all"):
        own = [images[name] for name in images if kind == "all" or kind in kinds[name]]
        if len(own) < FEWEST:
            continue
        row: Row = {"kind": kind, "images": len(own)}
        for way in own[0]:
            figures = np.array([each[way] for each in own])
            row |= {f"{way}, IoU": Mean.of(figures[:, 0]), f"{way}, MAD": Mean.of(figures[:, 1])}
        found.append(row)
    return found


def pairs_of(folder: Path, names: Iterable[str]) -> list[Pair]:
    """Return a folder's images of the list. Raises `SystemExit` if some are not there."""
    there = {pair.name: pair for pair in list_pairs(folder).pairs}
    if missing := sorted(set(names) - set(there)):
        raise SystemExit(f"{folder} has no {missing[0]}; {len(missing)} images are missing.")
    return [there[name] for name in names]


def measure(folder: Path, said: Mapping[str, str], weights: str) -> tuple[list[Row], Row]:
    """Return a set's rows, and the figures of each of its images."""
    kinds = {name: shown(words) for name, words in said.items()}
    settings = Settings(weights=weights)
    settings = replace(settings, segmenter=settings.load(still=True))  # once for all images
    ways = {"network": by_network(load_segmenter(weights)), "run": by_flow(settings)}
    pairs = pairs_of(folder, said)
    images = {pair.name: measured(ways, pair) for pair in pairs}
    return rows(kinds, images), dict(images)


def plain(row: Row) -> Row:
    """Return a row for JSON."""
    return {
        name: [round(each, 3) for each in (value.mean, value.low, value.high)]
        if isinstance(value, Mean)
        else value
        for name, value in row.items()
    }


def replace_tables(card: Path, tables: Sequence[str]) -> None:
    """Put tables into the card, in the place of those of before."""
    text = card.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    if not after:
        raise SystemExit(f"{card} has no place for the tables; it is from {BEGIN} to {END}.")
    whole = "\n\n".join((BEGIN, *(each.rstrip() for each in tables), END))
    card.write_text(f"{before}{whole}{after}", encoding="utf-8")


def main() -> None:
    """Measure, print and write what was asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--portraits", type=Path)
    parser.add_argument("--heads", type=Path)
    parser.add_argument("--weights", default="default")
    parser.add_argument("--list", type=Path, default=LIST)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--card", type=Path)
    given = parser.parse_args()
    folders = {"portraits": given.portraits, "heads": given.heads}
    if not any(folders.values()):
        sys.exit("There is nothing to measure; give --portraits or --heads.")
    said = tomllib.loads(given.list.read_text(encoding="utf-8"))
    tables, found, images = [], [], {}
    for name, folder in folders.items():
        if folder is not None:
            own, images[name] = measure(folder, said[name], given.weights)
            tables.append(f"{TITLES[name]}:\n\n{table(own)}")
            found += [{"set": name, **plain(row)} for row in own]
    print("\n".join(tables))
    told = facts(weights=given.weights, draws=DRAWS, unit="IoU in %, MAD x 1000")
    write(given.json, "Kinds of people", told, found, images=images)
    if given.card:
        replace_tables(given.card, tables)


if __name__ == "__main__":
    main()
