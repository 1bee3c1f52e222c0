"""The scores of an evaluation: those of an image or frame, and their means."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from sinet_video.media.arrays import Array
from sinet_video.quality.metrics import (
    boundary_f,
    change_error,
    connectivity_error,
    edge_mad,
    foreground_iou,
    gradient_error,
    mad,
    mse,
    partial_share,
    signed_error,
    two_class_iou,
)
from sinet_video.training.evaluate.examples import Example
from sinet_video.training.image_folder import Bad


@dataclass(frozen=True)
class ImageFigures:
    """The accuracy of an image's matte against a mask; see `metrics` for each. All are in [0, 1].

    The first three are for the matte thresholded at one half. `partial_share` is the matte's, and
    `true_partial_share` the mask's, which is 0 if the mask has only two values.
    """

    foreground_iou: float
    two_class_iou: float
    boundary_f: float
    partial_share: float
    true_partial_share: float

    @property
    def badness(self) -> float:
        """The value by which the worst are chosen: the wrong share of the union."""
        return 1 - self.foreground_iou


@dataclass(frozen=True)
class FrameFigures:
    """The accuracy of a frame's matte against true alpha; see `metrics` for each.

    `dtssd` is the term for a frame and the previous one: None for the first. `edge_mad` is None if
    the truth has no soft edge. Means leave such frames out.
    """

    mad: float
    mse: float
    gradient: float
    connectivity: float
    dtssd: float | None
    foreground_iou: float
    partial_share: float
    true_partial_share: float
    edge_mad: float | None

    @property
    def badness(self) -> float:
        """The value by which the worst are chosen."""
        return self.mad


@dataclass(frozen=True)
class EmptyFigures:
    """What is found in an image without people, both in [0, 1].

    `found` is the part of it in which alpha is over one half, `false_find` 1 where that is more
    than `FALSE_FIND`.
    """

    found: float
    false_find: float

    @property
    def badness(self) -> float:
        """What the worst have most of."""
        return self.found


FALSE_FIND = 0.005
"""Part of an image without people that must be taken for a person to count as a false find."""

Figures = ImageFigures | FrameFigures | EmptyFigures


def empty_figures(alpha: Array) -> EmptyFigures:
    """Return the figures of a matte, (H, W) in [0, 1], of an image without people."""
    found = float((alpha > 0.5).mean())
    return EmptyFigures(found, float(found > FALSE_FIND))


def image_figures(alpha: Array, truth: Array) -> ImageFigures:
    """Return the scores of an image's alpha and truth, (H, W) in [0, 1]."""
    mask, true_mask = alpha > 0.5, truth > 0.5
    return ImageFigures(
        foreground_iou=foreground_iou(mask, true_mask),
        two_class_iou=two_class_iou(mask, true_mask),
        boundary_f=boundary_f(mask, true_mask),
        partial_share=partial_share(alpha),
        true_partial_share=partial_share(truth),
    )


def frame_figures(alpha: Array, truth: Array, before: Array | None = None) -> FrameFigures:
    """Return the scores of a frame's alpha and truth, (H, W) in [0, 1].

    `before` is the signed error of the previous frame.
    """
    error = signed_error(alpha, truth)
    return FrameFigures(
        mad=mad(alpha, truth),
        mse=mse(alpha, truth),
        gradient=gradient_error(alpha, truth),
        connectivity=connectivity_error(alpha, truth),
        dtssd=None if before is None else change_error(error, before),
        foreground_iou=foreground_iou(alpha > 0.5, truth > 0.5),
        partial_share=partial_share(alpha),
        true_partial_share=partial_share(truth),
        edge_mad=edge_mad(alpha, truth),
    )


class Tally:
    """Running means of scores of one kind, in constant memory."""

    def __init__(self) -> None:
        self.count = 0
        self._kind: type[Figures] | None = None
        self._sums: dict[str, float] = defaultdict(float)
        self._counts: dict[str, int] = defaultdict(int)

    def add(self, figures: Figures) -> None:
        """Add the scores of one image or frame."""
        self.count += 1
        self._kind = type(figures)
        for name, value in asdict(figures).items():
            if value is not None:
                self._sums[name] += value
                self._counts[name] += 1

    def mean(self) -> Figures:
        """Return the means, or None for a score that none had.

        Raises `ValueError` if nothing was added.
        """
        if self._kind is None:
            raise ValueError("Nothing was added.")
        found: dict[str, Any] = {name: self._of(name) for name in _names(self._kind)}
        return self._kind(**found)

    def _of(self, name: str) -> float | None:
        return self._sums[name] / self._counts[name] if self._counts[name] else None


def _names(kind: type[Figures]) -> list[str]:
    return [each.name for each in fields(kind)]


@dataclass(frozen=True)
class Scores:
    """The result for one folder or clip and one method.

    Attributes:
        data: the folder or clip.
        method: what made the mattes.
        count: the number of images, frames or, in a mean over clips, clips measured.
        mean: the mean of each score.
        worst: the worst examples, the worst first.
        images: the scores of each image by name; empty for clips.
        bad: what could not be measured, and why.
    """

    data: str
    method: str
    count: int
    mean: Figures
    worst: tuple[Example, ...] = ()
    images: tuple[tuple[str, Figures], ...] = ()
    bad: tuple[Bad, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the images themselves, for JSON."""
        return {
            "data": self.data,
            "method": self.method,
            "count": self.count,
            "mean": asdict(self.mean),
            "worst": [{"name": each.name, "badness": each.badness} for each in self.worst],
            "images": {name: asdict(figures) for name, figures in self.images},
            "bad": [{"path": str(each.path), "reason": each.reason} for each in self.bad],
        }


def mean_of(scores: Sequence[Scores]) -> list[Scores]:
    """Return the mean over clips for each method that has several, with equal weight per clip."""
    means = []
    for method in dict.fromkeys(each.method for each in scores):
        tally = Tally()
        for each in scores:
            if each.method == method:
                tally.add(each.mean)
        if tally.count > 1:
            data = f"mean of {tally.count} clips"
            means.append(Scores(data, method, tally.count, tally.mean()))
    return means
