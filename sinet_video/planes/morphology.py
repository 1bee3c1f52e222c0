"""Grey erosion by discs of any radius, at a cost that grows with the radius's logarithm.

A disc is a sum (Minkowski's) of discs of 2 pixels in turn: an octagon, a diamond, an octagon. The
first is a square of 3 x 3 and a cross of five, the second two crosses; so a disc is a square and a
diamond, and those are runs along rows, columns and both diagonals, of which the least is found by
doubling.
"""

from __future__ import annotations

import numpy as np

from sinet_video.media.arrays import Array


def eroded(plane: Array, radius: int, share: float = 0.0) -> Array:
    """Return the least of all within `radius`, and `share` of the way to that within one more.

    The result is as much smaller than the plane, (h, w), as the larger of the two radii reaches, on
    each side.
    """
    twos = radius // 2
    octagons = sum(step % 3 != 1 for step in range(twos))
    near = _diamond(_square(plane, octagons), 2 * twos - octagons)
    near = _diamond(near, radius % 2)
    if not share:
        return near
    octagon = radius % 2 and twos % 3 != 1
    far = _square(near, 1) if octagon else _diamond(near, 1)
    mixed: Array = near[1:-1, 1:-1] + np.float32(share) * (far - near[1:-1, 1:-1])
    return mixed


def _square(plane: Array, half: int) -> Array:
    return _least(_least(plane, 2 * half + 1, 0, 1), 2 * half + 1, 1, 0)


def _diamond(plane: Array, radius: int) -> Array:
    if not radius:
        return plane
    middle = plane[1:-1, 1:-1]
    for other in (plane[:-2, 1:-1], plane[2:, 1:-1], plane[1:-1, :-2], plane[1:-1, 2:]):
        middle = np.minimum(middle, other)
    return _least(_least(middle, radius, 1, 1), radius, 1, -1)


def _least(plane: Array, count: int, down: int, across: int) -> Array:
    """Return the least of `count` neighbours: two runs that overlap, of a power of two."""
    size = 1
    while 2 * size <= count:
        plane, size = _lesser(plane, size * down, size * across), 2 * size
    rest = count - size
    return _lesser(plane, rest * down, rest * across) if rest else plane


def _lesser(plane: Array, down: int, across: int) -> Array:
    """Return the lesser of each sample and the one so far down and to the right, or the left."""
    height, width = plane.shape
    one, other = max(0, -across), max(0, across)
    first = plane[: height - down, one : width - other]
    second = plane[down:, other : width - one]
    lesser: Array = np.minimum(first, second)
    return lesser
