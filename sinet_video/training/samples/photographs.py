"""The training images, held in memory at several sizes."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import Literal

import cv2
import numpy as np

from sinet_video.errors import InputError
from sinet_video.media.arrays import Array
from sinet_video.training.datasets import Data, Empty, Labelled
from sinet_video.training.image_folder import (
    Bad,
    Pair,
    list_bad,
    list_images,
    list_pairs,
    read_image,
    read_pair,
)
from sinet_video.training.recipe import Stage

SHORT_SIDE = 320
"""Images are reduced to this on loading: more than any sample needs."""
INSIDE = 5
"""Side of the window that must be entirely person for a pixel to be well inside."""
LEVELS = 3
"""Number of sizes of an image in memory, each half of the one before."""


@dataclass
class Photograph:
    """A photograph with or without a label, at successively halved sizes.

    `levels` are (H, W, 4) uint8: RGB and the person's alpha; (H, W, 3) if there is nobody.
    """

    name: str
    levels: list[Array]
    whole: bool = False
    only_cut_out: bool = False
    """What is not the person is not to be seen."""
    twin: Photograph | None = field(default=None, repr=False)
    """Another moment of the same clip."""

    def at(self, later: bool) -> Photograph:
        """Return the source, or where there is one and it is later, the other moment."""
        return self.twin if later and self.twin else self

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the largest level."""
        height, width = self.levels[0].shape[:2]
        return width, height

    @cached_property
    def cut_out(self) -> list[Array]:
        """The levels without the old background along the person's edge; see `with_clean_rim`."""
        return halves(with_clean_rim(self.levels[0]))

    @cached_property
    def box(self) -> tuple[int, int, int, int]:
        """Left, top, right and bottom of the person, in pixels of the largest level."""
        alpha = self.levels[0][..., 3] > 127
        across, down = np.flatnonzero(alpha.any(0)), np.flatnonzero(alpha.any(1))
        if not len(across):
            return 0, 0, *self.size
        return int(across[0]), int(down[0]), int(across[-1]) + 1, int(down[-1]) + 1


@dataclass
class Stock:
    """The data of a training: images by folder, validation images, rooms, and unusable files."""

    folders: list[list[Photograph]] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    validation: dict[str, list[Pair]] = field(default_factory=dict)
    holdout: dict[str, list[Pair]] = field(default_factory=dict)
    backgrounds: list[Photograph] = field(default_factory=list)
    things: list[Photograph] = field(default_factory=list)
    """What is nobody, with its own alpha."""
    empty: list[list[Photograph]] = field(default_factory=list)
    """Images of nobody, by folder."""
    odds: list[list[float]] = field(default_factory=list)
    """How often each of them is drawn, relative to others of its folder; all alike if none."""
    pairs: list[Photograph] = field(default_factory=list)
    """Those that have a twin."""
    empty_weights: list[float] = field(default_factory=list)
    watched_empty: dict[str, list[Path]] = field(default_factory=dict)
    held_empty: dict[str, list[Path]] = field(default_factory=dict)
    bad: list[Bad] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    """The labelled folders, in the order of `folders`."""


def mixed(stock: Stock, stage: Stage) -> Stock:
    """Return a stock whose folders have the weights that a stage gives them."""
    if not stage.mixture:
        return stock
    own = dict(stage.mixture)
    pairs = zip(stock.names, stock.weights, strict=True)
    return replace(stock, weights=[own.get(name, weight) for name, weight in pairs])


def split(pairs: Sequence[Pair], *sizes: int, source: str = "") -> list[list[Pair]]:
    """Cut pairs into parts of these sizes and the rest, by a hash of their names.

    So parts hardly change when images come or go: each that does moves at most one other over
    each of the cuts. Images whose names have what `source` matches in common stay together, and
    a part may be larger for it.
    """
    ordered = sorted(pairs, key=lambda pair: (_hash(_source(pair.name, source)), _hash(pair.name)))
    groups = [list(own) for _, own in groupby(ordered, lambda pair: _source(pair.name, source))]
    parts: list[list[Pair]] = [[] for _ in range(len(sizes) + 1)]
    for group in groups:
        open_parts = (part for part, size in zip(parts, sizes, strict=False) if len(part) < size)
        next(open_parts, parts[-1]).extend(group)
    return parts


def _source(name: str, pattern: str) -> str:
    """Return what of a name says whom or whence an image is of; all of it where nothing does."""
    found = re.search(pattern, name) if pattern else None
    return found.group() if found else name


def _hash(text: str) -> str:
    return hashlib.sha256(os.fsencode(text)).hexdigest()


@dataclass(frozen=True)
class Aside:
    """What a recipe keeps from the training, of one folder."""

    folder: Path
    use: Literal["holdout", "validation"]
    names: frozenset[str]
    """File names without endings."""
    empty: bool
    """Whether nobody is in the images, which have no masks."""


def set_aside(data: Data, root: Path) -> list[Aside]:
    """Return what a recipe keeps from the training, by folder; nothing is read but names.

    Raises `InputError` for a folder that is not there.
    """
    found = []
    every: tuple[Labelled | Empty, ...] = (*data.labelled, *data.empty)
    for each in every:
        empty, folder = isinstance(each, Empty), root / each.folder
        pairs = _unlabelled(folder) if empty else list_pairs(folder).pairs
        holdout, validation, _ = split(pairs, each.holdout, each.validation, source=each.source)
        parts: tuple[tuple[Literal["holdout", "validation"], list[Pair]], ...]
        parts = (("holdout", holdout), ("validation", validation))
        for use, part in parts:
            if part:
                found.append(Aside(folder, use, frozenset(pair.name for pair in part), empty))
    return found


def _unlabelled(folder: Path) -> list[Pair]:
    return [Pair(path, path) for path in list_images(folder)]


def load_stock(data: Data, root: Path, *, refuse: bool = False) -> Stock:
    """Read everything that a recipe's data names below a folder.

    Unusable images are listed in the result; with `refuse` they raise `InputError` instead, as does
    a folder with nothing to train on.
    """
    stock = Stock()
    for labelled in data.labelled:
        _load_labelled(labelled, root, stock)
    if data.backgrounds:
        for path, image in _readable(list_images(root / data.backgrounds), stock.bad):
            stock.backgrounds.append(Photograph(path.stem, halves(image)))
    for empty in data.empty:
        _load_empty(empty, root, stock)
    if refuse and stock.bad:
        raise InputError(f"Some images cannot serve.\n{list_bad(stock.bad)}")
    for labelled, own in zip(data.labelled, stock.folders, strict=True):
        if not own:
            raise InputError(
                f"{root / labelled.folder} has no images to train on, after {labelled.holdout} "
                f"for the holdout, {labelled.validation} for validation and what is unfit."
            )
    if data.backgrounds and not stock.backgrounds:
        raise InputError(f"{root / data.backgrounds} has no images that can be read.")
    return stock


def _load_labelled(labelled: Labelled, root: Path, stock: Stock) -> None:
    listing = list_pairs(root / labelled.folder)
    stock.bad += listing.bad
    holdout, validation, rest = split(
        listing.pairs, labelled.holdout, labelled.validation, source=labelled.source
    )
    stock.holdout[labelled.folder] = [pair for pair, _ in _readable_pairs(holdout, stock.bad)]
    stock.validation[labelled.folder] = [pair for pair, _ in _readable_pairs(validation, stock.bad)]
    stock.weights.append(labelled.weight)
    stock.names.append(labelled.folder)
    own: list[Photograph] = []
    for pair, both in _readable_pairs(rest, stock.bad):
        thing = bool(labelled.things) and bool(re.search(labelled.things, pair.name))
        source = Photograph(pair.name, halves(both), labelled.whole, labelled.cut_outs)
        (stock.things if thing else own).append(source)
    stock.folders.append(own)
    stock.pairs += _paired(own)


def _paired(sources: Sequence[Photograph]) -> list[Photograph]:
    """Make twins of what has names that end in `_a` and `_b`; return them."""
    named = {source.name: source for source in sources}
    pairs = []
    for source in sources:
        other = named.get(f"{source.name[:-1]}b") if source.name.endswith("_a") else None
        if other and other.size == source.size:
            source.twin, other.twin = other, source
            pairs += [source, other]
    return pairs


def _load_empty(empty: Empty, root: Path, stock: Stock) -> None:
    pairs = _unlabelled(root / empty.folder)
    holdout, validation, rest = split(pairs, empty.holdout, empty.validation, source=empty.source)
    stock.held_empty[empty.folder] = [pair.image for pair in holdout]
    stock.watched_empty[empty.folder] = [pair.image for pair in validation]
    readable = _readable([pair.image for pair in rest], stock.bad)
    stock.empty.append([Photograph(path.stem, halves(image)) for path, image in readable])
    stock.empty_weights.append(empty.weight)


def _readable_pairs(pairs: Iterable[Pair], bad: list[Bad]) -> Iterator[tuple[Pair, Array]]:
    """Yield the usable pairs, and their images with the mask as a fourth channel."""
    for pair in pairs:
        try:
            yield pair, np.dstack(read_pair(pair))
        except InputError as error:
            bad.append(Bad(pair.image, error.message))


def _readable(paths: Iterable[Path], bad: list[Bad]) -> Iterator[tuple[Path, Array]]:
    for path in paths:
        try:
            yield path, read_image(path)
        except InputError as error:
            bad.append(Bad(path, error.message))


def halves(image: Array) -> list[Array]:
    """Return an image reduced to at most `SHORT_SIDE`, and its halves, by area averaging.

    Images are (h, w, channels) uint8.
    """
    height, width = image.shape[:2]
    scale = min(1.0, SHORT_SIDE / min(height, width))
    levels = [_reduced(image, round(width * scale), round(height * scale))]
    for _ in range(LEVELS - 1):
        height, width = levels[-1].shape[:2]
        levels.append(_reduced(levels[-1], max(1, width // 2), max(1, height // 2)))
    return levels


def with_clean_rim(image: Array) -> Array:
    """Return an image (H, W, 4) with colours from inside the person near its edge and outside.

    They are means of what is well inside within a few pixels, or a few more. Where nothing is, as
    in a single finger, the image's own colours stay.
    """
    colours, alpha = image[..., :3], image[..., 3]
    inside = cv2.erode((alpha > 250).astype(np.float32), np.ones((INSIDE, INSIDE)))[..., None]
    out = colours.astype(np.float32)
    for side in (25, 7):
        weight = cv2.blur(inside, (side, side))[..., None]
        mean = cv2.blur(colours * inside, (side, side)) / np.maximum(weight, 1e-6)
        out = np.where(weight > 0.02, mean, out)
    out = np.where(inside > 0, colours, out)
    return np.dstack([(out + 0.5).astype(np.uint8), alpha])


def _reduced(image: Array, width: int, height: int) -> Array:
    if image.shape[:2] == (height, width):
        return image
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
