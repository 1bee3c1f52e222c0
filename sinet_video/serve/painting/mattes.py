"""Garbage and core mattes made of what is painted."""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import ExitStack, closing
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.container import OutputContainer

from sinet_video.media.arrays import Array
from sinet_video.media.convert import video_of
from sinet_video.serve.painting.strokes import Painting, Place, Stroke

SIDE = 960
"""The longer side of a painted matte, in pixels; it is stretched over the frame."""

TICK = Fraction(1, 1000)

EVEN = 0.04
"""Seconds from one step to the next of a stroke that is moved by hand."""


def painted(painting: Painting, time: float, aspect: float) -> tuple[Array, Array]:
    """Return the garbage and the core matte at a time, (h, w) uint8, for a frame's aspect."""
    width, height = (SIDE, SIDE / aspect) if aspect >= 1 else (SIDE * aspect, SIDE)
    shape = max(2, round(height)), max(2, round(width))
    garbage, core = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    for stroke in painting.strokes:
        place = stroke.place(time, painting.track(stroke))
        if place is not None:
            cover = cover_of(stroke, place, shape)
            garbage = _said(garbage, cover, stroke.kind == "garbage")
            core = _said(core, cover, stroke.kind == "core")
    return _bytes(garbage), _bytes(core)


def _said(matte: Array, cover: Array, wanted: bool) -> Array:
    said: Array = np.maximum(matte, cover) if wanted else matte * (1 - cover)
    return said


def _bytes(matte: Array) -> Array:
    samples: Array = np.rint(matte * 255).astype(np.uint8)
    return samples


def cover_of(stroke: Stroke, place: Place, shape: tuple[int, int]) -> Array:
    """Return how much of each pixel a stroke covers in its place, (h, w) in [0, 1]."""
    height, width = shape
    points = np.array(stroke.points, np.float32) * (width, height)
    if stroke.shape == "rectangle":
        (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
        points = np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float32)
    points = _placed(points, np.array(stroke.middle) * (width, height), place, shape)
    if stroke.shape == "brush":
        return _line(points, stroke.radius * place.scale * max(shape), shape)
    return _polygon(points, shape)


def _placed(points: Array, middle: Array, place: Place, shape: tuple[int, int]) -> Array:
    """Return points, in pixels, turned and enlarged about a middle, and moved."""
    cosine, sine = place.scale * math.cos(place.turn), place.scale * math.sin(place.turn)
    turned = (points - middle) @ np.array([(cosine, sine), (-sine, cosine)])
    moved: Array = turned + middle + np.array((place.x * shape[1], place.y * shape[0]))
    return moved.astype(np.float32)


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
    painting: Painting, aspect: float, garbage: Path, core: Path, *, only: float | None = None
) -> tuple[bool, bool]:
    """Write what is painted as files for --garbage and --core; return which of them were needed.

    Each is a video with one frame for every time at which something changes, as the command keeps
    a frame until the next one's time; its codec is lossless. With `only`, it is the one frame that
    counts at that time. What is there already stays as it is if this fails, and where it is open.
    """
    needed = _kinds(painting, "garbage"), _kinds(painting, "core")
    times = _times(painting)
    if only is not None:
        times = [max((time for time in times if time <= only + 1e-3), default=0.0)]
    paths = [path for path, wanted in zip((garbage, core), needed, strict=True) if wanted]
    parts = [path.with_name(f"new-{path.name}") for path in paths]
    try:
        _write(painting, aspect, times, dict(zip(_wanted(needed), parts, strict=True)))
        for part, path in zip(parts, paths, strict=True):
            part.replace(path)
    finally:
        for part in parts:
            part.unlink(missing_ok=True)
    for path in {garbage, core} - set(paths):
        path.unlink(missing_ok=True)
    return needed


def _wanted(needed: tuple[bool, bool]) -> list[int]:
    return [index for index, wanted in enumerate(needed) if wanted]


def _write(
    painting: Painting, aspect: float, times: list[float], paths: Mapping[int, Path]
) -> None:
    """Write the garbage matte, number 0, and the core matte, number 1, as far as they have paths.

    libav's errors that are the system's are OSErrors, too.
    """
    with ExitStack() as stack:
        files = {index: _opened(stack, path) for index, path in paths.items()}
        for time in times if files else ():
            mattes = painted(painting, time, aspect)
            for index, file in files.items():
                file.add(time, mattes[index])


def _kinds(painting: Painting, kind: str) -> bool:
    return any(stroke.kind == kind for stroke in painting.strokes)


def _times(painting: Painting) -> list[float]:
    """Return the times at which a matte changes, with steps of `EVEN` where it moves by hand."""
    times = {0.0}
    for stroke in painting.strokes:
        times |= set(stroke.changes(painting.track(stroke)))
        if stroke.moves:
            first, last = min(stroke.at, stroke.moves[0][0]), max(m[0] for m in stroke.moves)
            first = min(first, *(m[0] for m in stroke.moves))
            steps = range(math.floor((max(last, stroke.at) - first) / EVEN) + 1)
            times |= {first + EVEN * step for step in steps} | {m[0] for m in stroke.moves}
    return sorted(times)


class _MatteFile:
    """A lossless gray video with a frame from each time on."""

    def __init__(self, container: OutputContainer) -> None:
        self._container = container
        self._stream = container.add_stream("ffv1", rate=1000)
        self._stream.pix_fmt = "gray"
        self._stream.time_base = self._stream.codec_context.time_base = TICK

    def add(self, time: float, matte: Array) -> None:
        if not self._stream.codec_context.is_open:
            self._stream.width, self._stream.height = matte.shape[1], matte.shape[0]
        video = video_of(matte)
        # Rounded down, so that it is there no later than the frame from which it counts.
        video.pts, video.time_base = math.floor(time * 1000 + 1e-6), TICK
        self._container.mux(self._stream.encode(video))

    def close(self) -> None:
        self._container.mux(self._stream.encode(None))


def _opened(stack: ExitStack, path: Path) -> _MatteFile:
    container = stack.enter_context(av.open(str(path), "w", format="matroska"))
    return stack.enter_context(closing(_MatteFile(container)))
