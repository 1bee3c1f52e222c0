"""How right mattes of images are: folders of images with masks, or without anybody."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

import numpy as np

from sinet_video.checked import check_word
from sinet_video.decoding.access import StrPath
from sinet_video.decoding.decode import decode
from sinet_video.decoding.matte_file import read_alpha
from sinet_video.errors import InputError
from sinet_video.media.arrays import Array
from sinet_video.media.frame import Frame
from sinet_video.models.input_settings import InputSize
from sinet_video.models.segmenter import Segmenter, check_answer, seen_size, upright
from sinet_video.pipeline.chain import matte
from sinet_video.pipeline.settings import Settings
from sinet_video.planes.resample import resized
from sinet_video.quality.top_k import TopK
from sinet_video.training.evaluate.examples import Example
from sinet_video.training.evaluate.scores import (
    EmptyFigures,
    Figures,
    ImageFigures,
    Scores,
    Tally,
    empty_figures,
    image_figures,
)
from sinet_video.training.image_folder import (
    Bad,
    Listing,
    OnBad,
    Pair,
    list_images,
    list_pairs,
    read_image,
    read_pair,
)
from sinet_video.words import counted

Progress = Callable[[int, int | None], None]
"""Called with the number of finished images or frames, and the total, or None if unknown."""

Predict = Callable[[Pair, tuple[int, ...]], Array]
"""Returns alpha for an image, any 2-D shape, float32 in [0, 1]; it gets the mask's (H, W)."""


def by_network(segmenter: Segmenter, size: InputSize = InputSize()) -> Predict:
    """Return a `Predict` that runs a segmenter on images reduced by area averaging, like clips."""

    def predict(pair: Pair, _: tuple[int, ...]) -> Array:
        frame = _still(pair.image)
        seen = upright(frame, seen_size(segmenter, size, frame.shown_aspect))
        alpha = np.asarray(segmenter(seen), np.float32)
        check_answer(alpha, frame)
        return np.clip(alpha, 0, 1)

    return predict


def by_flow(settings: Settings) -> Predict:
    """Return a `Predict` that applies all settings, as to clips of one frame.

    It raises `InputError` for an image that gives no matte.
    """

    def predict(pair: Pair, _: tuple[int, ...]) -> Array:
        with closing(matte(pair.image, settings=settings)) as mattes:
            for made in mattes:
                return made.frame.orientation.shown(made.alpha)
        raise InputError(f"{pair.image} holds no image that can be decoded.")

    return predict


def _still(path: Path) -> Frame:
    for frame in decode(path):
        return frame
    raise InputError(f"{path} holds no image that can be decoded.")


def from_folder(folder: Path) -> Predict:
    """Return a `Predict` that reads existing mattes from a folder: NAME.png of the image's size.

    `matte_file.read_alphas` defines what counts as a file's matte. Raises `InputError` for a
    missing folder or matte.
    """
    if not folder.is_dir():
        raise InputError(f"There is no folder {folder}.")

    def predict(pair: Pair, shape: tuple[int, ...]) -> Array:
        path = folder / f"{pair.name}.png"
        return check_shape(path, read_alpha(path), shape)

    return predict


def evaluate_folder(
    folder: Path,
    predict: Predict,
    *,
    method: str = "",
    names: frozenset[str] | None = None,
    on_bad: OnBad = "skip",
    progress: Progress | None = None,
) -> Scores:
    """Compare mattes of a labelled folder's images with their masks, at the images' full size.

    `names`, if given, are the only images to measure, by file name without suffix. A coarse matte
    is enlarged bilinearly; mattes and masks are thresholded at one half. Raises `InputError` if
    nothing can be measured, or with `on_bad="refuse"` for the first image that cannot.
    """
    return _evaluated(
        folder, list_pairs(folder), partial(_measured, predict), method, names, on_bad, progress
    )


def evaluate_empty(
    folder: Path,
    predict: Predict,
    *,
    method: str = "",
    names: frozenset[str] | None = None,
    on_bad: OnBad = "skip",
    progress: Progress | None = None,
) -> Scores:
    """Measure how much of a folder's images, in which nobody is, is taken for people.

    As `evaluate_folder`; there are no masks.
    """
    listing = Listing([Pair(path, path) for path in list_images(folder)])
    return _evaluated(
        folder, listing, partial(_measured_empty, predict), method, names, on_bad, progress
    )


def _measured_empty(predict: Predict, pair: Pair, worst: TopK[Example]) -> EmptyFigures:
    image = read_image(pair.image)
    alpha = resized(predict(pair, image.shape[:2]), image.shape[:2])
    figures = empty_figures(alpha)
    truth = np.zeros(image.shape[:2], np.float32)
    example = partial(Example.of, pair.name, figures.badness, image, alpha, truth)
    worst.offer(pair.name, figures.badness, example)
    return figures


def _evaluated(
    folder: Path,
    whole: Listing,
    measured: Callable[[Pair, TopK[Example]], Figures],
    method: str,
    names: frozenset[str] | None,
    on_bad: OnBad,
    progress: Progress | None,
) -> Scores:
    listing = _named(whole, names, folder)
    bad, worst, tally = _BadList(on_bad), TopK[Example](), Tally()
    found: list[tuple[str, Figures]] = []
    for item in listing.bad:
        bad.add(item)
    for index, pair in enumerate(listing.pairs, 1):
        try:
            figures = measured(pair, worst)
        except InputError as error:
            bad.add(Bad(pair.image, error.message))
        else:
            tally.add(figures)
            found.append((pair.name, figures))
        if progress:
            progress(index, len(listing.pairs))
    if not found:
        reason = bad.items[0].reason if bad.items else "it has no images"
        raise InputError(f"Nothing in {folder} can be measured: {reason}")
    return Scores(
        data=str(folder),
        method=method,
        count=tally.count,
        mean=tally.mean(),
        worst=tuple(worst),
        images=tuple(found),
        bad=tuple(bad.items),
    )


def _named(listing: Listing, names: frozenset[str] | None, folder: Path) -> Listing:
    """Return the part of a listing with these names. Raises `InputError` for a missing name."""
    if names is None:
        return listing
    known = {pair.name for pair in listing.pairs} | {item.path.stem for item in listing.bad}
    if missing := sorted(names - known):
        raise InputError(
            f"{folder} has no image {missing[0]}; "
            f"{counted(len(missing), 'name has', 'names have')} none."
        )
    return Listing(
        [pair for pair in listing.pairs if pair.name in names],
        [item for item in listing.bad if item.path.stem in names],
    )


def _measured(predict: Predict, pair: Pair, worst: TopK[Example]) -> ImageFigures:
    image, mask = read_pair(pair)
    truth = mask.astype(np.float32) / 255
    alpha = resized(predict(pair, truth.shape), truth.shape)
    figures = image_figures(alpha, truth)
    example = partial(Example.of, pair.name, figures.badness, image, alpha, truth)
    worst.offer(pair.name, figures.badness, example)
    return figures


class _BadList:
    """What cannot be measured; refuses the first if asked to."""

    def __init__(self, on_bad: OnBad) -> None:
        check_word("on_bad", on_bad, OnBad)
        self._on_bad = on_bad
        self.items: list[Bad] = []

    def add(self, item: Bad) -> None:
        if self._on_bad == "refuse":
            raise InputError(f"{item.path} cannot be measured: {item.reason}")
        self.items.append(item)


def check_shape(path: StrPath, alpha: Array, shape: tuple[int, ...]) -> Array:
    """Return a file's alpha. Raises `InputError` if its shape, (H, W), is not the truth's."""
    if alpha.shape != shape:
        raise InputError(
            f"{path} is {alpha.shape[1]}x{alpha.shape[0]} and the truth {shape[1]}x{shape[0]}; "
            "they must be of one size."
        )
    return alpha
