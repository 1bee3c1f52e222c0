"""HDR metadata as options of encoders."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from sinet_video.media.hdr import Hdr, Mastering


def encoder_options(encoder: str, hdr: Hdr | None) -> tuple[str, str] | None:
    """Return the encoder's parameters for HDR metadata, "a=b:c=d", and the option that takes them.

    None if there is no metadata, or no way to pass it.
    """
    if hdr is None or encoder not in _WAYS:
        return None
    return _WAYS[encoder](hdr)


def _x265(hdr: Hdr) -> tuple[str, str]:
    parts = ["hdr10=1"]
    if hdr.mastering:
        parts.append(f"master-display={_screen(hdr.mastering, 50000, 10000)}")
    if hdr.levels:
        parts.append(f"max-cll={hdr.levels[0]},{hdr.levels[1]}")
    return "x265-params", ":".join(parts)


def _svt_av1(hdr: Hdr) -> tuple[str, str]:
    parts = []
    if hdr.mastering:
        parts.append(f"mastering-display={_screen(hdr.mastering, 1, 1)}")
    if hdr.levels:
        parts.append(f"content-light={hdr.levels[0]},{hdr.levels[1]}")
    return "svtav1-params", ":".join(parts)


_WAYS: dict[str, Callable[[Hdr], tuple[str, str]]] = {"libx265": _x265, "libsvtav1": _svt_av1}


def _screen(mastering: Mastering, chromaticity: int, light: int) -> str:
    """Return it as both encoders expect it, in these units."""
    points = zip(("G", "B", "R", "WP"), _points(mastering), strict=True)
    shown = "".join(
        f"{name}({_in(x, chromaticity)},{_in(y, chromaticity)})" for name, (x, y) in points
    )
    return f"{shown}L({_in(mastering.most, light)},{_in(mastering.least, light)})"


def _points(mastering: Mastering) -> tuple[tuple[Fraction, Fraction], ...]:
    return mastering.green, mastering.blue, mastering.red, mastering.white


def _in(value: Fraction, unit: int) -> str:
    return str(round(value * unit)) if unit > 1 else f"{float(value):.5f}"
