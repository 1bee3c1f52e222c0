"""Settings as they are typed, such as "window:4" or "24000/1001"."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from sinet_video.errors import SettingError
from sinet_video.stages.matte_settings import (
    BilinearRefinement,
    ExponentialAverage,
    GuidedRefinement,
    MotionAdaptive,
    Refinement,
    Smoothing,
    WindowMean,
)

FASTEST = 10**6
"""Frames per second."""

NTSC = {"23.976": 24, "23.98": 24, "29.97": 30, "47.952": 48, "59.94": 60, "119.88": 120}
"""Rates that are called so, and that are 1000/1001 of these."""


def parse_rate(text: str) -> Fraction:
    """Return frames per second, exact: "24", "24000/1001" or "23.976". Raises `SettingError`."""
    if text in NTSC:
        return Fraction(NTSC[text] * 1000, 1001)
    try:
        return Fraction(text)
    except (ValueError, ZeroDivisionError) as error:
        raise SettingError(
            f"Rate is {text!r}; give frames per second such as 24, 29.97 or 24000/1001."
        ) from error


def parse_smoothing(text: str) -> Smoothing:
    """Parse "window", "adaptive" or "exponential", optionally with ":NUMBER", or "off".

    The number is the frames of a window, or the weight of the new frame for the others. Raises
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
        given = [read(number)] if colon else []
    except ValueError as error:
        raise SettingError(f"Smoothing is {text!r}; after the colon comes a number.") from error
    return kinds[name](*given)


def parse_refinement(text: str) -> Refinement:
    """Parse "guided" or "bilinear". Raises `SettingError`."""
    kinds: dict[str, Callable[[], Refinement]] = {
        "guided": GuidedRefinement,
        "bilinear": BilinearRefinement,
    }
    if text not in kinds:
        raise SettingError(f"Refinement is {text!r}; it must be guided or bilinear.")
    return kinds[text]()
