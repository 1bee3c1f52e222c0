"""Where a region of one frame is in another: moved, turned and scaled.

Inverse compositional image alignment (Baker and Matthews, "Lucas-Kanade 20 Years On", 2004) from
coarse to fine, with weights that ignore what passes in front.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sinet_video.media.arrays import Array
from sinet_video.planes.pyramid import halved

LEVELS, STEPS, STILL = 4, 12, 0.02
"""Sizes of the frames, each half as large; most steps at each, and pixels that end them."""

MOST_PIXELS, LEAST_PIXELS = 2500, 60
"""How many pixels are compared at most and least."""

REACH, FAR = 4, 0.02
"""Pixels of the smallest size within which it is looked for first, and the price of each."""

SURE = 6.0
"""Median difference, in 8-bit steps, below which a match counts as noise."""


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
        beside, under = (
            np.minimum(at + 1, n - 1) for at, n in ((column, plane.shape[1]), (row, plane.shape[0]))
        )
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


def _differences(template: Template, frame: Pyramid, pose: Pose, size: int) -> tuple[Array, Array]:
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
