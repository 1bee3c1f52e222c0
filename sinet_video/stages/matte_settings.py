"""Settings of the stages that find and shape a matte, with an option for each field.

Nothing heavy is imported here, so that the command lists its options quickly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from sinet_video.checked import check_fields, check_word
from sinet_video.errors import SettingError
from sinet_video.option import option

MATTE = "Matte"
EDGE = "Edge"
"""Headings of these options."""


@dataclass(frozen=True)
class ExponentialAverage:
    """Mix each alpha with the previous result: `weight` of the new, the rest of the old.

    `weight` is in (0, 1]; 1 changes nothing. Simple, but leaves ghosts behind moving things. Raises
    `SettingError` for any other weight.
    """

    weight: float = 0.5

    def __post_init__(self) -> None:
        check_fields(self)
        _check_weight(self.weight)


@dataclass(frozen=True)
class MotionAdaptive:
    """Like `ExponentialAverage` where nothing moves; elsewhere, the new alpha alone.

    Raises `SettingError` for values out of range.

    Attributes:
        weight: share of the new alpha where nothing moves, in (0, 1].
        still: change of luma, in [0, 1], up to which a place counts as still.
        moving: change of luma from which it counts as moving; linear between the two.
    """

    weight: float = 0.3
    still: float = 0.015
    moving: float = 0.06

    def __post_init__(self) -> None:
        check_fields(self)
        _check_weight(self.weight)
        _check_motion(self.still, self.moving)


WIDEST = 60
"""Most frames on each side of a window; at 1080p a job takes 250 MB more with them."""


@dataclass(frozen=True)
class WindowMean:
    """Average each alpha with those of the frames around it, where nothing moves in between.

    The output is delayed by `frames` frames. Moving things leave hardly any ghosts behind or ahead.
    Raises `SettingError` for values out of range.

    Attributes:
        frames: frames before, and frames after, to average with; from 1 to `WIDEST`.
        still: change of colour between frames, in [0, 1], up to which a place counts as still.
        moving: change from which it counts as moving; linear between the two.
    """

    frames: int = 4
    still: float = 0.015
    moving: float = 0.06

    def __post_init__(self) -> None:
        check_fields(self)
        if not 1 <= self.frames <= WIDEST:
            raise SettingError(
                f"A window has {self.frames} frames on each side; it must have from 1 to {WIDEST}, "
                "as all of them are kept in memory."
            )
        _check_motion(self.still, self.moving)


Smoothing = WindowMean | MotionAdaptive | ExponentialAverage | None
"""How to smooth alpha over time; None leaves every frame as it is."""


def _check_motion(still: float, moving: float) -> None:
    if not 0 <= still < moving:
        raise SettingError(f"Still is {still} and moving {moving}; it must be 0 <= still < moving.")


def _check_weight(weight: float) -> None:
    if not 0 < weight <= 1:
        raise SettingError(f"Smoothing weight is {weight}; it must be above 0 and at most 1.")


Subject = Literal["all", "main"]


Unsure = Literal["drop", "keep"]
"""What becomes of regions in which the network is nowhere sure of a person."""


@dataclass(frozen=True)
class RegionFilter:
    """Which regions to keep. A region is a set of connected cells.

    Raises `SettingError` for values out of range.

    Attributes:
        islands: remove regions of person smaller than this share of the largest.
        holes: fill enclosed regions of background smaller than this share of the largest region of
            person.
        subject: "main" keeps one region: the largest and most central at the start and after a cut,
            then the one that overlaps its previous position. "all" keeps every region.
    """

    islands: float = option(
        0.0,
        "Remove regions smaller than this share of the largest one, such as 0.05.",
        MATTE,
        metavar="SHARE",
    )
    holes: float = option(
        0.0,
        "Fill holes smaller than this share of the largest region.",
        MATTE,
        metavar="SHARE",
    )
    subject: Subject = option(
        "all",
        "Keep everyone, or only the main person: the largest and most central one.",
        MATTE,
        choices=get_args(Subject),
        brief="Keep everyone, or only the main person.",
    )

    def __post_init__(self) -> None:
        check_fields(self)
        for name in ("islands", "holes"):
            if not 0 <= getattr(self, name) <= 1:
                raise SettingError(
                    f"The limit of {name} is {getattr(self, name):g}; it must be from 0 to 1, a "
                    "share of the largest region."
                )


@dataclass(frozen=True)
class GuidedRefinement:
    """Refine with a guided filter over all three planes.

    Raises `SettingError` for values out of range.

    Attributes:
        radius: half the window size in cells of the coarse alpha; a larger window follows the
            frame's colours further.
        eps: variance, in [0, 1] squared, below which a plane has little influence.
        black, white: coarse alpha at or below `black` is background, at or above `white` person.
        contrast: factor by which each of the two fits is made steeper, around one half, because
            fitting softens the edge.
    """

    radius: float = 4.0
    eps: float = 6e-5
    black: float = 0.4
    white: float = 0.9
    contrast: float = 1.3

    def __post_init__(self) -> None:
        check_fields(self)
        for name in ("radius", "eps", "contrast"):
            if getattr(self, name) <= 0:
                raise SettingError(
                    f"{name.capitalize()} is {getattr(self, name)}; it must be above 0."
                )
        _check_levels(self.black, self.white)


@dataclass(frozen=True)
class BilinearRefinement:
    """Refine by bilinear enlargement alone; `black` and `white` as in `GuidedRefinement`.

    Raises `SettingError` for values out of range.
    """

    black: float = 0.4
    white: float = 0.9

    def __post_init__(self) -> None:
        check_fields(self)
        _check_levels(self.black, self.white)


Refinement = GuidedRefinement | BilinearRefinement


def _check_levels(black: float, white: float) -> None:
    if not 0 <= black < white <= 1:
        raise SettingError(
            f"Black is {black} and white {white}; it must be 0 <= black < white <= 1."
        )


LARGEST = 64.0
"""In pixels."""


FeatherSide = Literal["both", "inward", "outward"]
"""Position of the fade of a feathered edge: centred, inside the person or outside."""


@dataclass(frozen=True)
class EdgeShape:
    """How to change the edge: first levels, then choke, then feather.

    Raises `SettingError` for values out of range.

    Attributes:
        black: alpha at or below it becomes 0.
        white: alpha at or above it becomes 1; what lies between `black` and `white` is stretched.
        choke: pixels by which to shrink the person; negative spreads. Fractions are allowed.
        feather: pixels over which the edge fades.
        side: whether the fade is centred on the edge ("both"), ends there ("inward": nothing is
            added to the person) or starts there ("outward": nothing is removed).
    """

    choke: float = option(
        0.0,
        "Shrink the matte by this many pixels; negative values spread it.",
        EDGE,
        metavar="PX",
        brief="Shrink the matte; negative values spread it.",
    )
    feather: float = option(
        0.0, "Soften the edge over this many pixels.", EDGE, metavar="PX", brief="Soften the edge."
    )
    side: FeatherSide = option(
        "both",
        "Where the soft edge lies: on both sides, inside the person, or outside.",
        EDGE,
        name="feather-side",
        choices=get_args(FeatherSide),
    )
    black: float = option(
        0.0,
        "Alpha at or below this becomes 0; raise it to clear haze around the person.",
        EDGE,
        name="black-point",
        metavar="ALPHA",
    )
    white: float = option(
        1.0,
        "Alpha at or above this becomes 1; lower it to close a matte one can see through.",
        EDGE,
        name="white-point",
        metavar="ALPHA",
    )

    def __post_init__(self) -> None:
        check_fields(self)
        if not 0 <= self.black < self.white <= 1:
            raise SettingError(
                f"Black point is {self.black:g} and white point {self.white:g}; it must be "
                "0 <= black point < white point <= 1."
            )
        if not -LARGEST <= self.choke <= LARGEST:
            raise SettingError(
                f"Choke is {self.choke:g} px; it must be from -{LARGEST:g} to {LARGEST:g}."
            )
        if not 0 <= self.feather <= LARGEST:
            raise SettingError(f"Feather is {self.feather:g} px; it must be from 0 to {LARGEST:g}.")


@dataclass(frozen=True)
class Following:
    """How closely to follow people.

    Raises `SettingError` for values out of range.

    Attributes:
        margin: space around them on each side, as a share of their size; above 0.
        zoom: largest magnification compared with the whole frame; at least 1.
        every: seconds between two looks at the whole frame, and between two searches for others in
            a part of it; above 0.
    """

    margin: float = 0.3
    zoom: float = 4.0
    every: float = 0.5

    def __post_init__(self) -> None:
        check_fields(self)
        for name in ("margin", "every"):
            if not getattr(self, name) > 0:
                raise SettingError(
                    f"{name.capitalize()} is {getattr(self, name)}; it must be above 0."
                )
        if not self.zoom >= 1:
            raise SettingError(f"Zoom is {self.zoom}; it must be at least 1.")


SourceAlpha = Literal["multiply", "keep", "ignore"]
"""Use of the source's own alpha: multiply the matte by it, keep it instead, or ignore it."""


def check_source_alpha(how: SourceAlpha) -> None:
    """Raise `SettingError` if there is no such choice."""
    check_word("source_alpha", how, SourceAlpha)
