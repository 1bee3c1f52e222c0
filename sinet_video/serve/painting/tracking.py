"""Strokes that follow what they were painted on, from frame to frame until the shot ends.

The pixels below a stroke are aligned with each frame by moving, turning and scaling them: inverse
compositional image alignment (Baker and Matthews, "Lucas-Kanade 20 Years On", 2004) from coarse to
fine, with weights that ignore what passes in front. Run as
`python -m sinet_video.serve.painting.tracking CLIP STROKES TRACKS`, the latter two JSON files.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sinet_video.decoding.clip import Clip
from sinet_video.decoding.decode import decode
from sinet_video.decoding.probe import probe
from sinet_video.errors import SinetVideoError
from sinet_video.media.frame import Frame
from sinet_video.media.time_range import TimeRange
from sinet_video.planes.box_filter import box_mean
from sinet_video.planes.pyramid import halved
from sinet_video.planes.scene_change import is_cut
from sinet_video.serve.painting.mattes import cover_of
from sinet_video.serve.painting.strokes import Place, Stroke, Track, parse_strokes
from sinet_video.serve.stack import even_size, picture_of

Array = NDArray[Any]

SIDE = 480
"""The longer side of the frames that are compared, in pixels."""

FARTHEST = 60.0
"""Seconds that a stroke is followed on each side of the frame it was painted on."""

LEVELS, STEPS, STILL = 4, 12, 0.02
"""Sizes of the frames, each half as large; most steps at each, and pixels that end them."""

RIM, MOST_PIXELS, LEAST_PIXELS = 5, 2500, 60
"""Pixels around a stroke that are looked at too, and how many are compared at most and least."""

REACH, FAR = 4, 0.02
"""Pixels of the smallest size within which it is looked for first, and the price of each."""

SURE, RENEW, LOST = 6.0, 9.0, 22.0
"""Median differences, in 8-bit steps: below the first a match counts as noise, above the second it
is matched with how it looks now from then on, above the third it is not found."""

CHUNK = Fraction(2)
"""Seconds that are decoded at a time to go backwards."""


@dataclass(frozen=True)
class Pose:
    """Where it is: z goes to `turn` * z + `shift`, complex numbers in pixels from its middle."""

    turn: complex = 1 + 0j
    shift: complex = 0j


@dataclass(frozen=True)
class _Level:
    """Pixels at one size: where they are, from the middle, and what they look like."""

    points: Array
    values: Array
    descent: Array
    """Change of each pixel for each number of the pose, and for brightness: (5, n)."""


class Template:
    """How a region looks, at each size."""

    def __init__(self, frame: Pyramid, points: Array, middle: complex, pose: Pose) -> None:
        self.middle = middle
        self.levels = [self._level(frame, points, pose, size) for size in range(LEVELS)]

    def _level(self, frame: Pyramid, points: Array, pose: Pose, size: int) -> _Level:
        most = max(LEAST_PIXELS, MOST_PIXELS >> size)
        points = points[:: max(1, len(points) // most)]
        where = pose.turn * points + pose.shift + self.middle
        values, _ = frame.at(where, size)
        step = complex(1 << size) / 2
        across = frame.at(where + step.real, size)[0] - frame.at(where - step.real, size)[0]
        down = frame.at(where + step.real * 1j, size)[0] - frame.at(where - step.real * 1j, size)[0]
        slope = np.conj(pose.turn) * (across + 1j * down) / (2 * step.real)
        about = np.conj(slope) * points
        rows = (slope.real, slope.imag, about.real, -about.imag, np.ones(len(points)))
        return _Level(points, values, np.array(rows))


class Pyramid:
    """A frame's luma at several sizes, in 8-bit steps."""

    def __init__(self, luma: Array) -> None:
        self.planes = [luma]
        for _ in range(LEVELS - 1):
            self.planes.append(halved(self.planes[-1]))

    def at(self, where: Array, size: int) -> tuple[Array, Array]:
        """Return the plane's values at places in full-size pixels, and whether each is in it."""
        plane, factor = self.planes[size], 1 << size
        x, y = where.real / factor - 0.5, where.imag / factor - 0.5
        inside = (x > -1) & (x < plane.shape[1]) & (y > -1) & (y < plane.shape[0])
        x, y = np.clip(x, 0, plane.shape[1] - 1), np.clip(y, 0, plane.shape[0] - 1)
        column, row = x.astype(np.intp), y.astype(np.intp)
        right, below = x - column, y - row
        beside, under = (np.minimum(at + 1, n - 1) for at, n in ((column, plane.shape[1]), (row, plane.shape[0])))
        top = plane[row, column] * (1 - right) + plane[row, beside] * right
        low = plane[under, column] * (1 - right) + plane[under, beside] * right
        return top * (1 - below) + low * below, inside


def align(template: Template, frame: Pyramid, guesses: Sequence[Pose]) -> tuple[Pose, float]:
    """Return where a template is in a frame, near some poses, and the median difference there."""
    pose = _searched(template, frame, guesses)
    for size in reversed(range(LEVELS)):
        for _ in range(STEPS):
            pose, moved = _step(template, frame, pose, size)
            if moved < STILL * (1 << size):
                break
    return pose, _difference(template, frame, pose, 0)


def _differences(
    template: Template, frame: Pyramid, pose: Pose, size: int
) -> tuple[Array, Array]:
    level = template.levels[size]
    values, inside = frame.at(pose.turn * level.points + pose.shift + template.middle, size)
    return values - level.values, inside


def _difference(template: Template, frame: Pyramid, pose: Pose, size: int) -> float:
    error, inside = _differences(template, frame, pose, size)
    if inside.sum() < max(8, 0.25 * len(error)):
        return 255.0
    error = error[inside]
    return float(np.median(np.abs(error - np.median(error))))


def _searched(template: Template, frame: Pyramid, guesses: Sequence[Pose]) -> Pose:
    """Return the best of some poses, and of those around it by pixels of the smallest size."""
    size = LEVELS - 1
    pose = min(guesses, key=lambda guess: _cost(template, frame, guess, size))
    if len(template.levels[size].points) < 12:
        return pose
    steps = np.arange(-REACH, REACH + 1) * (1 << size)
    poses = [Pose(pose.turn, pose.shift + complex(x, y)) for y in steps for x in steps]
    far = (abs(each.shift - pose.shift) / (1 << size) for each in poses)
    costs = [_cost(template, frame, e, size) + FAR * f for e, f in zip(poses, far, strict=True)]
    return poses[int(np.argmin(costs))]


def _cost(template: Template, frame: Pyramid, pose: Pose, size: int) -> float:
    error, inside = _differences(template, frame, pose, size)
    error = np.where(inside, error, 64.0)
    return float(np.minimum(np.abs(error - np.median(error)), 64.0).mean())


def _step(template: Template, frame: Pyramid, pose: Pose, size: int) -> tuple[Pose, float]:
    """Return a better pose, and by how many pixels it differs."""
    error, inside = _differences(template, frame, pose, size)
    descent = template.levels[size].descent
    spread = max(SURE, 1.5 * float(np.median(np.abs(error - np.median(error)))))
    weights = inside / (1 + ((error - np.median(error)) / spread) ** 2)
    weighted = descent * weights
    matrix = weighted @ descent.T
    radius = float(np.abs(template.levels[size].points).max()) + 1
    hold = 1e-3 * np.trace(matrix[:2, :2]) + 1e-6
    matrix += np.diag((hold, hold, 10 * hold * radius**2, 10 * hold * radius**2, 1e-6))
    right, down, grown, turned, _ = np.linalg.solve(matrix, weighted @ error)
    shift, turn = complex(right, down), complex(grown, turned)
    if abs(turn) > 0.2 or abs(shift) > 16 * (1 << size):
        return pose, 0.0
    new = pose.turn / (1 + turn)
    return Pose(new, pose.shift - new * shift), abs(shift) + radius * abs(turn)


def follow(frames: Iterable[Pyramid], template: Template, points: Array) -> Iterator[Pose | None]:
    """Yield where a template is in each of some frames, None where it is not found."""
    pose, before = Pose(), Pose()
    for frame in frames:
        ahead = Pose(pose.turn, 2 * pose.shift - before.shift)
        found = align(template, frame, (ahead, pose))
        if found[1] > LOST or not 0.2 < abs(found[0].turn) < 5:
            before = pose
            yield None
            continue
        before, pose = pose, found[0]
        if found[1] > RENEW:
            template = Template(frame, points, template.middle, pose)
        yield pose


def tracked(clip: Clip, stroke: Stroke) -> Track:
    """Return a stroke's places in the frames of its shot. Raises `InputError`."""
    ahead = _shot(clip, _forward(clip, stroke))
    time, first = next(ahead)
    shape = first.planes[0].shape
    points, middle = _pixels(stroke, shape)
    template = Template(first, points, middle, Pose())
    after, end = _followed(ahead, template, points)
    before, _ = _followed(_shot(clip, _backward(clip, stroke), first), template, points)
    places = [*reversed(before), (time, Pose()), *after]
    lost = next((moment for moment, pose in after if pose is None), None)
    return Track(tuple(_places(places, shape)), end or stroke.end, lost)


def _followed(
    frames: Iterator[tuple[float, Pyramid | None]], template: Template, points: Array
) -> tuple[list[tuple[float, Pose | None]], float | None]:
    """Return the pose at each time, and the time at which another shot begins, if one does."""
    times: list[float] = []
    end: list[float] = []

    def planes() -> Iterator[Pyramid]:
        for time, frame in frames:
            if frame is None:
                end.append(time)
                return
            times.append(time)
            yield frame

    poses = list(follow(planes(), template, points))
    return list(zip(times, poses, strict=True)), end[0] if end else None


def _places(found: list[tuple[float, Pose | None]], shape: tuple[int, ...]) -> Iterator[Place]:
    """Yield places; where it is not found it stays in the one before."""
    pose = next((pose for _, pose in found if pose is not None), Pose())
    for time, new in found:
        pose = new or pose
        yield Place(
            round(time, 6), round(pose.shift.real / shape[1], 6),
            round(pose.shift.imag / shape[0], 6), round(abs(pose.turn), 6),
            round(float(np.angle(pose.turn)), 6),
        )  # fmt: skip


def _pixels(stroke: Stroke, shape: tuple[int, ...]) -> tuple[Array, complex]:
    """Return the pixels below and around a stroke, from its middle, and that middle."""
    cover = cover_of(stroke, Place(stroke.at), (shape[0], shape[1]))
    rows, columns = np.nonzero(box_mean(cover, RIM) > 0.01)
    middle = complex(stroke.middle[0] * shape[1], stroke.middle[1] * shape[0])
    points = columns + 0.5 + 1j * (rows + 0.5) - middle
    # In no order, so that any part of them is spread over the whole.
    return np.random.default_rng(1).permutation(points), middle


def _shot(
    clip: Clip, frames: Iterable[tuple[float, Array]], first: Pyramid | None = None
) -> Iterator[tuple[float, Pyramid | None]]:
    """Yield frames until another shot begins, then its time and None."""
    before = first and first.planes[2] / 255
    for time, luma in frames:
        frame = Pyramid(luma)
        small = frame.planes[2] / 255
        if before is not None and is_cut(*(np.ascontiguousarray(p, np.float32) for p in (before, small))):
            yield time, None
            return
        before = small
        yield time, frame


def _forward(clip: Clip, stroke: Stroke) -> Iterator[tuple[float, Array]]:
    last = min(stroke.at + FARTHEST, stroke.end or np.inf)
    yield from _decoded(clip, Fraction(stroke.at), Fraction(last))


def _backward(clip: Clip, stroke: Stroke) -> Iterator[tuple[float, Array]]:
    end, first = Fraction(stroke.at), Fraction(max(stroke.start, stroke.at - FARTHEST))
    while end > first:
        begin = max(first, end - CHUNK)
        yield from reversed(list(_decoded(clip, begin, end)))
        end = begin


def _decoded(clip: Clip, begin: Fraction, end: Fraction) -> Iterator[tuple[float, Array]]:
    """Yield the frames of a time, in seconds after the first frame."""
    start, hair = clip.start * clip.time_base, Fraction(1, 1000)
    low = start + begin - hair
    part = clip.within(TimeRange(low if low > 0 else None, start + end - hair))
    for frame in decode(part, on_error="conceal"):
        time = float(frame.time + part.span.shift - start)
        if time >= float(begin) - 2e-3:
            yield time, _luma(frame)


def _luma(frame: Frame) -> Array:
    picture = picture_of(frame, even_size(frame, SIDE)).astype(np.float32)
    luma: Array = picture @ np.array((0.299, 0.587, 0.114), np.float32)
    return luma


def main(source: str, strokes: str, tracks: str) -> int:
    """Follow the strokes of a JSON file over a clip, and write their tracks to another."""
    try:
        clip = probe(source)
        wanted = parse_strokes(json.loads(Path(strokes).read_text()))
        found = [tracked(clip, stroke).to_dict() for stroke in wanted]
    except SinetVideoError as error:
        sys.stderr.write(f"sinet-video: {error.message}\n")
        return 1
    Path(tracks).write_text(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
