"""The settings of the stages that find and shape a matte, each field with its option.

Nothing heavy is imported here, so that the command can list its options at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

from sinet_video.checked import check_fields
from sinet_video.errors import SettingError
from sinet_video.option import option

MATTE = "Matte"
EDGE = "Edge"
"""The headings of these options."""


@dataclass(frozen=True)
class ExponentialAverage:
    """Each alpha is mixed with those before it: `weight` of the new, the rest of the old.

    `weight` is in (0, 1]; 1 changes nothing. Simple, and leaves ghosts behind what moves.
    """

    weight: float = 0.5

    def __post_init__(self) -> None:
        check_fields(self)
        _check_weight(self.weight)


@dataclass(frozen=True)
class MotionAdaptive:
    """As `ExponentialAverage` where the picture stands still; where it moves, the new alpha alone.

    Attributes:
        weight: share of the new alpha where nothing moves, in (0, 1].
        still: change of luma, in [0, 1], up to which a place counts as standing still.
        moving: change of luma from which it counts as moving; between the two, in proportion.
    """

    weight: float = 0.3
    still: float = 0.015
    moving: float = 0.06

    def __post_init__(self) -> None:
        check_fields(self)
        _check_weight(self.weight)
        _check_motion(self.still, self.moving)


@dataclass(frozen=True)
class WindowMean:
    """Each alpha is averaged with those of the frames around it, where nothing moves in between.

    It comes as many frames late, and little of what moves is left behind or runs ahead.

    Attributes:
        frames: how many frames before, and how many after; at least 1.
        still: change of colours between frames, in [0, 1], up to which a place stands still.
        moving: change from which it moves; between the two, in proportion.
    """

    frames: int = 4
    still: float = 0.015
    moving: float = 0.06

    def __post_init__(self) -> None:
        check_fields(self)
        if self.frames < 1:
            raise SettingError(f"Window is of {self.frames} frames; it must be of at least 1.")
        _check_motion(self.still, self.moving)


Smoothing = WindowMean | MotionAdaptive | ExponentialAverage | None
"""How to steady alpha; None leaves every frame as it is."""


def _check_motion(still: float, moving: float) -> None:
    if not 0 <= still < moving:
        raise SettingError(f"Still is {still} and moving {moving}; it must be 0 <= still < moving.")


def _check_weight(weight: float) -> None:
    if not 0 < weight <= 1:
        raise SettingError(f"Smoothing weight is {weight}; it must be above 0 and at most 1.")


Subject = Literal["all", "main"]


@dataclass(frozen=True)
class RegionFilter:
    """Which regions to keep. A region is what hangs together, cell by cell.

    Attributes:
        islands: regions of person smaller than this share of the largest are removed.
        holes: enclosed regions of background smaller than this share of the largest region of
            person are filled.
        subject: "main" keeps one region, the largest and most central at first and after a cut,
            and from then on the one that is where it was; "all" keeps all.
    """

    islands: float = option(
        0.0,
        "Remove regions smaller than this share of the largest, such as 0.05.",
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
        "Keep everybody, or only the main person: the largest and most central one.",
        MATTE,
        choices=get_args(Subject),
        brief="Keep everybody, or only the main person.",
    )

    def __post_init__(self) -> None:
        check_fields(self)
        for name in ("islands", "holes"):
            if not 0 <= getattr(self, name) <= 1:
                raise SettingError(
                    f"The limit of {name} is {getattr(self, name):g}; it must be from 0 to 1, a "
                    "share of the largest region."
                )
        if self.subject not in get_args(Subject):
            raise SettingError(
                f"Subject is {self.subject!r}; it must be one of {', '.join(get_args(Subject))}."
            )


@dataclass(frozen=True)
class GuidedRefinement:
    """Guided filter on all three planes.

    Attributes:
        radius: half the window in cells of the coarse alpha; larger follows the picture further.
        eps: variance, in [0, 1] squared, below which a plane has no say.
        black, white: coarse alpha at or below `black` is background, at or above `white` person.
        contrast: how much steeper each of the two fits is made, about a half, as fits soften.
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
                raise SettingError(f"{name} is {getattr(self, name)}; it must be above 0.")
        _check_levels(self.black, self.white)


@dataclass(frozen=True)
class BilinearRefinement:
    """Plain enlargement, blind to the picture; `black` and `white` as in `GuidedRefinement`."""

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


LARGEST = 16.0
"""Pixels; farther than this an edit would reach past the tiles around an edge."""


FeatherSide = Literal["both", "inward", "outward"]
"""Where the fade of a feathered edge lies: about the edge, all within the person, or all around."""


@dataclass(frozen=True)
class EdgeShape:
    """How to change the edge.

    Attributes:
        choke: pixels by which the person shrinks; negative spreads. Fractions count.
        feather: pixels over which the edge fades.
        side: whether the fade is centred on the edge ("both"), ends there ("inward": nothing is
            added to the person) or starts there ("outward": nothing is taken off).
    """

    choke: float = option(
        0.0,
        "Shrink the matte by so many pixels; negative values spread it.",
        EDGE,
        metavar="PX",
        brief="Shrink the matte; negative values spread it.",
    )
    feather: float = option(
        0.0, "Soften the edge over so many pixels.", EDGE, metavar="PX", brief="Soften the edge."
    )
    side: FeatherSide = option(
        "both",
        "Where the soft edge lies: on both sides, inside the person, or outside.",
        EDGE,
        name="feather-side",
        choices=get_args(FeatherSide),
    )

    def __post_init__(self) -> None:
        check_fields(self)
        if not -LARGEST <= self.choke <= LARGEST:
            raise SettingError(
                f"Choke is {self.choke:g} px; it must be from -{LARGEST:g} to {LARGEST:g}."
            )
        if not 0 <= self.feather <= LARGEST:
            raise SettingError(f"Feather is {self.feather:g} px; it must be from 0 to {LARGEST:g}.")
        if self.side not in get_args(FeatherSide):
            raise SettingError(
                f"Feather side is {self.side!r}; it must be one of "
                f"{', '.join(get_args(FeatherSide))}."
            )


@dataclass(frozen=True)
class Following:
    """How closely people are followed.

    Attributes:
        margin: room left around them on each side, as a share of their size; above 0.
        zoom: how many times larger than in the whole picture they are seen at most; at least 1.
        every: seconds from one look at the whole picture to the next; above 0.
    """

    margin: float = 0.3
    zoom: float = 4.0
    every: float = 0.5

    def __post_init__(self) -> None:
        check_fields(self)
        for name in ("margin", "every"):
            if not getattr(self, name) > 0:
                raise SettingError(f"{name} is {getattr(self, name)}; it must be above 0.")
        if not self.zoom >= 1:
            raise SettingError(f"zoom is {self.zoom}; it must be at least 1.")


SourceAlpha = Literal["multiply", "keep", "ignore"]
"""What becomes of the source's own alpha: multiplied into the matte, in its place, or nothing."""


def check_source_alpha(how: SourceAlpha) -> None:
    """Raise `SettingError` for what is none of the choices."""
    if how not in get_args(SourceAlpha):
        choices = ", ".join(get_args(SourceAlpha))
        raise SettingError(f"Source alpha is {how!r}; it must be one of {choices}.")


def parse_smoothing(text: str) -> Smoothing:
    """Read "window", "adaptive" or "exponential", with ":NUMBER" if wanted, or "off".

    The number is of frames for a window, and the weight of the new frame for the others. Raises
    `SettingError`.
    """
    if text == "off":
        return None
    name, colon, number = text.partition(":")
    kinds: dict[str, Callable[..., Smoothing]] = {
        "window": WindowMean,
        "adaptive": MotionAdaptive,
        "exponential": ExponentialAverage,
    }
    if name not in kinds:
        raise SettingError(
            f"Smoothing is {text!r}; it must be window, adaptive, exponential or off. Frames may "
            "follow the first, such as window:4, and a weight the next two, such as adaptive:0.3."
        )
    read = int if name == "window" else float
    try:
        return kinds[name](read(number)) if colon else kinds[name]()
    except ValueError as error:
        if isinstance(error, SettingError):
            raise
        raise SettingError(f"Smoothing is {text!r}; after the colon comes a number.") from error


def parse_refinement(text: str) -> Refinement:
    """Read "guided" or "bilinear"; raises `SettingError`."""
    kinds: dict[str, Callable[[], Refinement]] = {
        "guided": GuidedRefinement,
        "bilinear": BilinearRefinement,
    }
    if text not in kinds:
        raise SettingError(f"Refinement is {text!r}; it must be guided or bilinear.")
    return kinds[text]()
