"""Statistics over time, reduced to what a plot can show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sinet_video.media.arrays import Array

if TYPE_CHECKING:
    from sinet_video.quality.matte_statistics import FrameStatistics


POINTS = 800

PLOTS = {
    "coverage": "share of the frame that is person",
    "flicker": "how much alpha changes where nothing moves",
    "uncertainty": "share of the network's cells that are neither person nor background",
}
"""The plotted statistics, and a description of each."""


@dataclass(frozen=True)
class Curve:
    """One statistic over time: points across and up in [0, 1], and the value of 1 up."""

    name: str
    across: Array
    up: Array
    top: float


def curves(figures: FrameStatistics) -> list[Curve]:
    """Return a curve for each of `PLOTS`; of many frames, each point is a maximum."""
    times = np.asarray(figures.times)
    found = []
    for name in PLOTS:
        index = _peaks(getattr(figures, name))
        values = np.asarray(getattr(figures, name))[index]
        top = ceiling(float(values.max()))
        found.append(Curve(name, across(figures, times[index]), values / top, top))
    return found


def across(figures: FrameStatistics, times: Sequence[float] | Array) -> Array:
    """Return the positions of times on the axis, (n,) in [0, 1]."""
    first, last = figures.times[0], figures.times[-1]
    return (np.asarray(times, float) - first) / max(last - first, 1e-9)


def _peaks(values: Sequence[float]) -> Array:
    parts = np.array_split(np.arange(len(values)), min(len(values), POINTS))
    series = np.asarray(values)
    return np.array([part[series[part].argmax()] for part in parts])


def ceiling(value: float) -> float:
    """Return the next 1, 2 or 5 times a power of ten that is not below a value; at least 0.001."""
    value = max(value, 1e-3)
    power = 10.0 ** np.floor(np.log10(value))
    return float(next(step * power for step in (1, 2, 5, 10) if step * power >= value * 0.999))


def percent(share: float) -> str:
    """Return a share as a percentage, with as many digits as it needs."""
    return f"{100 * share:.3g} %"


def clock(seconds: float) -> str:
    """Return m:ss.mmm, with hours if there are any."""
    whole, rest = divmod(round(seconds * 1000), 1000)
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    tail = f"{second:02}.{rest:03}"
    return f"{hours}:{minute:02}:{tail}" if hours else f"{minute}:{tail}"
