"""The position of an image in a sample: 3x3 matrices from image to sample, and drawing."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from sinet_video.media.arrays import Array
from sinet_video.training.recipe import Views
from sinet_video.training.samples.photographs import Photograph

Matrix = NDArray[np.float64]


def placed(
    scale: tuple[float, float], turn: float, start: tuple[float, float], end: tuple[float, float]
) -> Matrix:
    """Return the matrix that scales, rotates (in degrees) and moves the point `start` to `end`."""
    sine, cosine = np.sin(np.radians(turn)), np.cos(np.radians(turn))
    linear = np.array([[cosine, -sine], [sine, cosine]]) @ np.diag(scale)
    matrix = np.eye(3)
    matrix[:2, :2] = linear
    matrix[:2, 2] = np.array(end) - linear @ np.array(start)
    return matrix


def draw(
    source: Photograph,
    matrix: Matrix,
    shape: tuple[int, int],
    border: int,
    *,
    cut_out: bool = False,
) -> Array:
    """Draw a source into a sample of a shape (h, w), from the level that fits best.

    `cut_out` uses the levels without the old background along the person's edge.
    """
    levels = source.cut_out if cut_out else source.levels
    scale = np.sqrt(abs(np.linalg.det(matrix[:2, :2])))
    level = int(np.clip(np.floor(-np.log2(max(scale, 1e-6)) + 0.3), 0, len(levels) - 1))
    # Not exactly a power of two, as odd sides do not halve.
    height, width = levels[level].shape[:2]
    x, y = source.size[0] / width, source.size[1] / height
    to_largest = np.array([[x, 0, (x - 1) / 2], [0, y, (y - 1) / 2], [0, 0, 1]])
    size = (shape[1], shape[0])
    flat = (matrix @ to_largest)[:2]
    return cv2.warpAffine(levels[level], flat, size, flags=cv2.INTER_LINEAR, borderMode=border)


def photograph_matrix(
    rng: np.random.Generator, source: Photograph, shape: tuple[int, int], views: Views
) -> Matrix:
    """Return a position for a whole photograph that roughly covers the sample.

    For whole people, every other sample shows only the upper part.
    """
    if source.whole and not views.squash and rng.random() < 0.5:
        return _upper_part(rng, source, shape, views)
    if views.border and source.levels[0].shape[2] == 4 and rng.random() < views.border:
        return _at_border(rng, source, shape, views)
    (width, height), (h, w) = source.size, shape
    zoom = float(np.exp(rng.uniform(*np.log(views.zoom))))
    stretch = float(np.exp(rng.uniform(-views.stretch, views.stretch) / 2))
    cover = (w / width, h / height)
    if not views.squash:
        cover = (max(cover),) * 2
    scale = (cover[0] * zoom * stretch, cover[1] * zoom / stretch)
    middle = np.array([w, h]) / 2
    slack = np.abs(np.array([width * scale[0] - w, height * scale[1] - h])) / 2
    x, y = middle + rng.uniform(-1, 1, 2) * slack
    mirrored = (_mirrored(rng, views) * scale[0], scale[1])
    turn = float(rng.uniform(-views.turn, views.turn))
    return placed(mirrored, turn, (width / 2, height / 2), (x, y))


def _upper_part(
    rng: np.random.Generator, source: Photograph, shape: tuple[int, int], views: Views
) -> Matrix:
    left, top, right, bottom = source.box
    h, w = shape
    seen = float(np.exp(rng.uniform(np.log(0.2), np.log(0.8)))) * (bottom - top)
    scale = h / seen
    sign = _mirrored(rng, views)
    start = ((left + right) / 2, float(top))
    end = (w / 2 + rng.uniform(-0.25, 0.25) * w, rng.uniform(0, 0.25) * h)
    return placed((sign * scale, scale), float(rng.uniform(-views.turn, views.turn)), start, end)


def _at_border(
    rng: np.random.Generator, source: Photograph, shape: tuple[int, int], views: Views
) -> Matrix:
    """Return a place at which a side of the person is about the sample's side."""
    (width, height), (h, w) = source.size, shape
    left, top, right, bottom = source.box
    scale = max(w / width, h / height) * float(np.exp(rng.uniform(0.1, 0.7)))
    sign = _mirrored(rng, views)
    inner = float(rng.uniform(-0.1, 0.35)) * (right - left)
    start = (left + inner, rng.uniform(top, max(top + 1, bottom - h / scale / 2)))
    end = (0.0 if sign > 0 else float(w), rng.uniform(0, 0.3) * h)
    if rng.random() < 0.5:
        start, end = (right - inner, start[1]), (w - end[0], end[1])
    return placed((sign * scale, scale), 0.0, start, end)


def thing_matrix(
    rng: np.random.Generator, source: Photograph, shape: tuple[int, int], views: Views
) -> Matrix:
    """Return a place for a thing in a made scene: of any size, anywhere, often from below."""
    left, top, right, bottom = source.box
    h, w = shape
    scale = float(np.exp(rng.uniform(np.log(0.15), np.log(0.9)))) * h / max(1, bottom - top)
    sign = _mirrored(rng, views)
    y = h * (rng.uniform(0.85, 1.15) if rng.random() < 0.5 else rng.uniform(0.3, 1.0))
    start = ((left + right) / 2, float(bottom))
    turn = float(rng.uniform(-views.turn, views.turn))
    return placed((sign * scale, scale), turn, start, (rng.uniform(0, 1) * w, y))


def person_matrix(
    rng: np.random.Generator, source: Photograph, shape: tuple[int, int], views: Views
) -> Matrix:
    """Return a position for a person in a scene: whole people anywhere, others from below."""
    left, top, right, bottom = source.box
    h, w = shape
    tall = max(1, bottom - top)
    low, high = (0.4, 2.2) if source.whole else (0.5, 1.15)
    size = float(np.exp(rng.uniform(np.log(low), np.log(high))))
    scale = size * h / tall
    reach = min(0.45 * w, 0.3 * w + 0.2 * scale * (right - left))
    x = w / 2 + rng.uniform(-1, 1) * reach
    if size > 1:
        start_y, y = top, rng.uniform(0, 0.25) * h
    elif source.whole:
        start_y, y = bottom, h * rng.uniform(max(size, 0.8), 1.05)
    else:
        start_y, y = bottom, h * rng.uniform(1.0, 1.0 + 0.2 * size)
    turn = float(rng.uniform(-views.turn, views.turn)) / 2
    sign = _mirrored(rng, views)
    return placed((sign * scale, scale), turn, ((left + right) / 2, start_y), (x, y))


def background_matrix(
    rng: np.random.Generator, source: Photograph, shape: tuple[int, int], views: Views
) -> Matrix:
    """Return a position for a background, mirrored beyond its borders if it is smaller."""
    (width, height), (h, w) = source.size, shape
    scale = max(w / width, h / height) * float(np.exp(rng.uniform(*np.log(views.room))))
    slack = np.array([width * scale - w, height * scale - h]) / 2
    x, y = np.array([w, h]) / 2 + rng.uniform(-1, 1, 2) * slack
    sign = _mirrored(rng, views)
    return placed((sign * scale, scale), 0.0, (width / 2, height / 2), (x, y))


def _mirrored(rng: np.random.Generator, views: Views) -> float:
    """Return -1 if the image is to be mirrored, else 1."""
    return -1.0 if rng.random() < views.flip else 1.0


def nudge(rng: np.random.Generator, shape: tuple[int, int]) -> Matrix:
    """Return a small movement of a whole scene: a few pixels, degrees and percent."""
    h, w = shape
    zoom = float(np.exp(rng.uniform(-0.04, 0.04)))
    shift = rng.uniform(-0.04, 0.04, 2) * (w, h)
    middle = (w / 2, h / 2)
    return placed((zoom, zoom), float(rng.uniform(-3, 3)), middle, tuple(middle + shift))


def grid_motion(matrix: Matrix, shape: tuple[int, int]) -> NDArray[np.float32]:
    """Return a movement of pixels in the form of `torch.nn.functional.affine_grid`, (2, 3)."""
    h, w = shape
    to_pixels = np.array([[w / 2, 0, (w - 1) / 2], [0, h / 2, (h - 1) / 2], [0, 0, 1]])
    motion: NDArray[np.float32] = (np.linalg.inv(to_pixels) @ matrix @ to_pixels)[:2].astype("f4")
    return motion
