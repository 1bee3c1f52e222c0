"""Strokes that people paint over a clip, and the garbage and core mattes made of them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal, get_args

import av
import numpy as np
from numpy.typing import NDArray

from sinet_video.errors import SettingError

Array = NDArray[Any]

Kind = Literal["garbage", "core", "erase"]
"""What a stroke says: this must go, this must stay, nothing is said here any more."""

Shape = Literal["brush", "rectangle", "polygon"]

SIDE = 960
"""The longer side of a painted matte, in pixels; it is stretched over the frame."""

MOST_STROKES, MOST_POINTS = 500, 2000
TICK = Fraction(1, 1000)


@dataclass(frozen=True)
class Stroke:
    """One stroke, in shares of the frame as shown.

    Attributes:
        kind: what it says.
        shape: how its points are meant: a line of some width, two opposite corners, or corners.
        points: x and y of each, in [0, 1] and a little beyond.
        radius: half the width of a brush, as a share of the frame's longer side.
        start, end: from when until when it counts, in seconds after the first frame; no end is the
            clip's.
    """

    kind: Kind
    shape: Shape
    points: tuple[tuple[float, float], ...]
    radius: float = 0.02
    start: float = 0.0
    end: float | None = None

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind) or self.shape not in get_args(Shape):
            raise SettingError(
                f"A stroke is {self.kind!r}, {self.shape!r}; it must be one of "
                f"{', '.join(get_args(Kind))}, and one of {', '.join(get_args(Shape))}."
            )
        least = {"brush": 1, "rectangle": 2, "polygon": 3}[self.shape]
        if not least <= len(self.points) <= MOST_POINTS:
            raise SettingError(
                f"A {self.shape} has {len(self.points)} points; it must have {least} to "
                f"{MOST_POINTS}."
            )
        numbers = [*(value for point in self.points for value in point), self.radius]
        if not all(-1 <= value <= 2 for value in numbers) or not 0 < self.radius <= 1:
            raise SettingError("A stroke lies outside the frame; give shares of it, from 0 to 1.")
        if not self.start >= 0 or (self.end is not None and not self.end > self.start):
            raise SettingError("A stroke must end after it starts, and start at 0 or later.")

    @classmethod
    def parse(cls, data: object) -> Stroke:
        """Read what came as JSON. Raises `SettingError`."""
        try:
            given = dict(data)  # type: ignore[call-overload]  # what is no mapping raises
            points = tuple((_number(x), _number(y)) for x, y in given.pop("points"))
            start, end = _number(given.pop("start", 0)), given.pop("end", None)
            radius = _number(given.pop("radius", 0.02))
            return cls(
                given.pop("kind"), given.pop("shape"), points, radius, start,
                None if end is None else _number(end), **given,
            )  # fmt: skip
        except SettingError:
            raise
        except (TypeError, ValueError, KeyError) as error:
            raise SettingError(
                "A stroke must have a kind, a shape and points, pairs of numbers; radius, start "
                "and end may be given."
            ) from error

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return asdict(self)

    def holds(self, time: float) -> bool:
        """Whether it counts at a time."""
        return self.start <= time and (self.end is None or time < self.end)


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise TypeError
    return float(value)


def parse_strokes(data: object) -> tuple[Stroke, ...]:
    """Read a list of strokes from JSON. Raises `SettingError`."""
    if not isinstance(data, list) or len(data) > MOST_STROKES:
        raise SettingError(f"The strokes must be a list of at most {MOST_STROKES}.")
    return tuple(map(Stroke.parse, data))


def painted(strokes: Iterable[Stroke], time: float, aspect: float) -> tuple[Array, Array]:
    """Return the garbage and the core matte at a time, (h, w) uint8, for a frame's aspect."""
    width, height = (SIDE, SIDE / aspect) if aspect >= 1 else (SIDE * aspect, SIDE)
    shape = max(2, round(height)), max(2, round(width))
    garbage, core = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    for stroke in strokes:
        if stroke.holds(time):
            cover = _cover(stroke, shape)
            garbage = _said(garbage, cover, stroke.kind == "garbage")
            core = _said(core, cover, stroke.kind == "core")
    return _bytes(garbage), _bytes(core)


def _said(matte: Array, cover: Array, wanted: bool) -> Array:
    said: Array = np.maximum(matte, cover) if wanted else matte * (1 - cover)
    return said


def _bytes(matte: Array) -> Array:
    samples: Array = np.rint(matte * 255).astype(np.uint8)
    return samples


def _cover(stroke: Stroke, shape: tuple[int, int]) -> Array:
    """Return how much of each pixel a stroke covers, (h, w) in [0, 1]."""
    height, width = shape
    points = np.array(stroke.points, np.float32) * (width, height)
    if stroke.shape == "rectangle":
        (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
        points = np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float32)
    if stroke.shape == "brush":
        return _line(points, stroke.radius * max(shape), shape)
    return _polygon(points, shape)


def _line(points: Array, radius: float, shape: tuple[int, int]) -> Array:
    """Return what a round brush covers; its rim is a pixel wide."""
    cover = np.zeros(shape, np.float32)
    for start, end in zip(points, points[1:] if len(points) > 1 else points, strict=False):
        low = np.floor(np.minimum(start, end) - radius - 1).astype(int).clip(0)
        high = np.ceil(np.maximum(start, end) + radius + 2).astype(int).clip(0)
        part = np.s_[low[1] : high[1], low[0] : high[0]]
        cover[part] = np.maximum(cover[part], _capsule(start, end, radius, low, cover[part].shape))
    return cover


def _capsule(start: Array, end: Array, radius: float, low: Array, shape: tuple[int, ...]) -> Array:
    rows, columns = np.indices(shape, np.float32) + 0.5
    across, down = columns + low[0] - start[0], rows + low[1] - start[1]
    along = end - start
    length = float(along @ along)
    share = np.clip((across * along[0] + down * along[1]) / length, 0, 1) if length else 0.0
    far = np.hypot(across - share * along[0], down - share * along[1])
    cover: Array = np.clip(radius + 0.5 - far, 0, 1)
    return cover


def _polygon(corners: Array, shape: tuple[int, int]) -> Array:
    """Return which pixels' middles lie within, by the even-odd rule."""
    inside = np.zeros(shape, np.bool_)
    columns = np.arange(shape[1], dtype=np.float32) + 0.5
    rows = np.arange(shape[0], dtype=np.float32)[:, None] + 0.5
    for (x, y), (next_x, next_y) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if y != next_y:
            crossed = (y > rows) != (next_y > rows)
            inside ^= crossed & (columns < x + (rows - y) * (next_x - x) / (next_y - y))
    return inside.astype(np.float32)


def write_mattes(
    strokes: tuple[Stroke, ...], aspect: float, garbage: Path, core: Path
) -> tuple[bool, bool]:
    """Write what strokes say as files for --garbage and --core; return which of them were needed.

    Each is a video with one frame for every time at which something changes, as the command keeps
    a frame until the next one's time; its codec is lossless.
    """
    times = sorted({0.0, *(s.start for s in strokes), *(s.end for s in strokes if s.end)})
    pairs = [painted(strokes, time, aspect) for time in times]
    garbages, cores = zip(*pairs, strict=True)
    return _write(garbage, times, garbages), _write(core, times, cores)


def _write(path: Path, times: Sequence[float], mattes: Sequence[Array]) -> bool:
    """Write a matte for each time, if any of them says something; return whether one does."""
    path.unlink(missing_ok=True)
    if not any(matte.any() for matte in mattes):
        return False
    with av.open(str(path), "w", format="matroska") as container:
        stream = container.add_stream("ffv1", rate=1000)
        stream.pix_fmt = "gray"
        stream.time_base = stream.codec_context.time_base = TICK
        for time, matte in zip(times, mattes, strict=True):
            stream.width, stream.height = matte.shape[1], matte.shape[0]
            video = av.VideoFrame.from_ndarray(matte, "gray")
            # Rounded down, so that it is there no later than the frame from which it counts.
            video.pts, video.time_base = math.floor(time * 1000), TICK
            container.mux(stream.encode(video))
        container.mux(stream.encode(None))
    return True
