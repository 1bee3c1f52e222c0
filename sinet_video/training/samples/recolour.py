"""New colours for parts of a sample: an edge in an image need not be an edge of the person.

Images are (h, w, 3) uint8, RGB; a person's alpha is (h, w) uint8, and is never changed.
"""

from __future__ import annotations

import cv2
import numpy as np

from sinet_video.media.arrays import Array


def patched(rng: np.random.Generator, image: Array, alpha: Array, probability: float) -> Array:
    """Recolour a part of the person and a part of the rest, each with this probability.

    Anywhere and in any shape: like shadows, walls and things in the hand. Arrays as above.
    """
    for where in (alpha, 255 - alpha):
        if rng.random() < probability:
            image = _patched(rng, image, where)
    return image


def _patched(rng: np.random.Generator, image: Array, where: Array) -> Array:
    """Change colour and contrast where a polygon overlaps `where`."""
    h, w = where.shape
    centre, reach = rng.uniform(0, 1, 2) * (w, h), rng.uniform(0.15, 0.7) * max(h, w)
    angles = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(3, 8))))
    corners = centre + reach * np.column_stack([np.cos(angles), np.sin(angles)])
    part = _inside(corners, where) * float(rng.uniform(0.5, 1.0))
    colour = np.clip(rng.uniform(0, 255) + rng.normal(0, 45, 3), 0, 255)
    return coloured(image, part, colour, float(rng.uniform(0.3, 1.2)))


def dressed(rng: np.random.Generator, image: Array, alpha: Array) -> Array:
    """Give a person new clothes: a waistcoat, the sleeves beside it, or both.

    Below a neckline, the middle of the body and its sides get plain colours, more often white or
    black than not. A person who is too small stays unchanged.

    The image is (h, w, 3) and alpha (h, w), both uint8.
    """
    body = _body(rng, alpha)
    if body is None:
        return image
    middle = _inside(_waistcoat(rng, *body), alpha)
    below = (np.arange(len(alpha)) >= body[0])[:, None]
    sides = np.clip(alpha.astype(np.float32) / 255 * below - middle, 0, 1)
    which = int(rng.integers(3))
    for part in ((middle,), (sides,), (middle, sides))[which]:
        image = coloured(image, part, _cloth(rng), float(rng.uniform(0.15, 0.8)))
    return image


def _body(rng: np.random.Generator, alpha: Array) -> tuple[int, int, float, float] | None:
    """Return the first and last row of a body, its centre and its width, in pixels."""
    person = alpha > 127
    widths = person.sum(1)
    rows = np.flatnonzero(widths)
    if len(rows) < len(alpha) // 4:
        return None
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    neck = _shoulders(widths[top:bottom]) + top + int(rng.uniform(0, 0.1) * (bottom - top))
    across = np.flatnonzero(person[neck:bottom].any(0))
    if not len(across):
        return None
    return neck, bottom, float(across[0] + across[-1]) / 2, float(across[-1] - across[0] + 1)


def _shoulders(widths: Array) -> int:
    """Return the row at which a figure gets wider than its head, or an estimate of it."""
    quarter = len(widths) // 4
    wider = np.flatnonzero(widths[quarter:] > 1.25 * widths[:quarter].max(initial=1))
    return quarter + int(wider[0]) if len(wider) else int(0.65 * len(widths))


def _waistcoat(
    rng: np.random.Generator, neck: int, bottom: int, middle: float, width: float
) -> Array:
    """Return the corners of an upright shape around the centre of a body, (n, 2)."""
    above = rng.uniform(0.1, 0.4) * width
    below = np.clip(above * rng.uniform(0.7, 1.6), 0.1 * width, 0.45 * width)
    x = middle + rng.normal(0, 0.05) * width
    sink = rng.uniform(0, 0.2) * (bottom - neck)
    return np.array(
        [
            (x - above, neck + sink),
            (x - above / 2, neck),
            (x + above / 2, neck),
            (x + above, neck + sink),
            (x + below, bottom),
            (x - below, bottom),
        ]
    )


def _cloth(rng: np.random.Generator) -> Array:
    """Return a random colour of clothes."""
    low, high = ((0, 50), (190, 255), (30, 225))[int(rng.integers(3))]
    return np.clip(rng.uniform(low, high) + rng.normal(0, 1, 3) * rng.uniform(0, 50), 0, 255)


def _inside(corners: Array, where: Array) -> Array:
    """Return the overlap of a polygon and an alpha, (h, w) float32 in [0, 1]."""
    polygon = np.zeros(where.shape, np.uint8)
    cv2.fillPoly(polygon, [corners.astype(np.int32)], 255, cv2.LINE_AA)
    return polygon.astype(np.float32) * where / np.float32(255**2)


def coloured(image: Array, part: Array, colour: Array, contrast: float) -> Array:
    """Return an image whose part, (h, w) float32 in [0, 1], has another mean and contrast."""
    mask = np.ascontiguousarray(part[::3, ::3] > 0.3).view(np.uint8)
    mean = cv2.meanStdDev(np.ascontiguousarray(image[::3, ::3]), mask=mask)[0][:, 0]
    matrix = np.column_stack([contrast * np.eye(3), colour - contrast * mean])
    other = cv2.transform(image, matrix)
    blended: Array = cv2.blendLinear(other, image, part, 1 - part)
    return blended
