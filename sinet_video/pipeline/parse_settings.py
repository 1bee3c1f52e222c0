"""Settings as they are typed, such as "window:4"."""

from __future__ import annotations

from collections.abc import Callable

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
