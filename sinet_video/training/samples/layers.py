"""Layers of a composed scene: people, their shadows and chairs, and objects."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from sinet_video.media.arrays import Array
from sinet_video.training.recipe import Views
from sinet_video.training.samples.geometry import Matrix, draw, person_matrix, thing_matrix
from sinet_video.training.samples.photographs import Photograph, Stock


@dataclass(frozen=True)
class Scene:
    """An RGB image (h, w, 3) uint8, and the people's alpha (h, w).

    Alpha is float32 in [0, 1] while a scene is composed, and uint8 in a finished one.
    """

    image: Array
    alpha: Array


def with_person(
    rng: np.random.Generator,
    scene: Scene,
    source: Photograph,
    views: Views,
    after: Matrix,
    *,
    later: bool = False,
) -> Scene:
    """Put a person on top of a scene, with their chair and shadow behind them.

    `later` uses the other frame of the source's clip, at the place of the first.
    """
    shape, behind = scene.alpha.shape, scene.image
    matrix = after @ person_matrix(rng, source, (shape[0], shape[1]), views)
    cut_out = bool(views.cut_out) and rng.random() < views.cut_out
    drawn = draw(
        source.at(later), matrix, (shape[0], shape[1]), cv2.BORDER_CONSTANT, cut_out=cut_out
    )
    own = _edge(rng, drawn[..., 3])
    person = _matched(rng, drawn[..., :3], own, behind, views.matching)
    if views.smeared and rng.random() < views.smeared:
        person, own = _smeared(rng, person, own)
    alpha = scene.alpha
    if views.chair and rng.random() < views.chair:
        behind, alpha = _with_chair(rng, behind, alpha, own)
    if views.shadow and rng.random() < views.shadow:
        behind = _shaded(rng, behind, own)
    image = cv2.blendLinear(person, behind, own, 1 - own)
    return Scene(image, alpha + own * (1 - alpha))


def with_thing(
    rng: np.random.Generator, scene: Scene, stock: Stock, views: Views, after: Matrix
) -> Scene:
    """Put an object on top of a scene; alpha is reduced where it hides a person."""
    source = stock.things[int(rng.integers(len(stock.things)))]
    shape = (scene.alpha.shape[0], scene.alpha.shape[1])
    matrix = after @ thing_matrix(rng, source, shape, views)
    drawn = draw(source, matrix, shape, cv2.BORDER_CONSTANT)
    own = _edge(rng, drawn[..., 3])
    thing = _matched(rng, drawn[..., :3], own, scene.image, views.matching)
    image = cv2.blendLinear(np.ascontiguousarray(thing), scene.image, own, 1 - own)
    return Scene(image, scene.alpha * (1 - own))


def _edge(rng: np.random.Generator, alpha: Array) -> Array:
    """Return alpha in [0, 1], choked a little, so that less of the old background remains."""
    own: Array = alpha.astype(np.float32) / 255
    if rng.random() < 0.5:
        own = cv2.blur(own, (3, 3))
    choke = float(rng.uniform(0.0, 0.5))
    return np.clip((own - choke) / (1 - choke), 0, 1)


def _matched(
    rng: np.random.Generator, person: Array, alpha: Array, behind: Array, most: float
) -> Array:
    """Bring a person's colours nearer to the background's, by mean and deviation.

    After Reinhard et al., "Color Transfer between Images", 2001, part of the way and in RGB.
    """
    part = float(rng.uniform(0, most))
    inside = np.ascontiguousarray(alpha[::3, ::3] > 0.5).view(np.uint8)
    mean, deviation = _moments(person, inside)
    target, spread = _moments(behind, None)
    gain = 1 + part * (np.clip((spread + 1) / (deviation + 1), 0.6, 1.6) - 1)
    shift = part * np.clip(target - mean, -60, 60)
    matrix = np.column_stack([np.diag(gain), mean * (1 - gain) + shift])
    matched: Array = cv2.transform(person, matrix)
    return matched


def _moments(image: Array, mask: Array | None) -> tuple[Array, Array]:
    """Return each colour's mean and deviation, from every third pixel of every third row."""
    mean, deviation = cv2.meanStdDev(np.ascontiguousarray(image[::3, ::3]), mask=mask)
    return mean[:, 0], deviation[:, 0]


def _smeared(rng: np.random.Generator, person: Array, own: Array) -> tuple[Array, Array]:
    """Blur a person as by motion or lack of focus; colours are weighted by alpha."""
    if rng.random() < 0.6:
        kernel = _streak(rng, int(rng.integers(3, 15)) | 1)
    else:
        radius = int(rng.integers(1, 5))
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1,) * 2)
        kernel = kernel.astype(np.float32) / kernel.sum()
    weighed = cv2.filter2D(person * own[..., None], -1, kernel)
    blurred = np.clip(cv2.filter2D(own, -1, kernel), 0, 1)
    colours = np.clip(weighed / np.maximum(blurred, 1e-3)[..., None] + 0.5, 0, 255)
    return colours.astype(np.uint8), blurred


def _streak(rng: np.random.Generator, length: int) -> Array:
    """Return a kernel (length, length) of one straight line through its middle."""
    kernel = np.zeros((length, length), np.float32)
    angle, middle = float(rng.uniform(0, np.pi)), length // 2
    reach = np.array([np.cos(angle), np.sin(angle)]) * middle
    first, last = (tuple(int(v) for v in np.round(middle + s * reach)) for s in (-1, 1))
    cv2.line(kernel, first, last, 1.0)
    streak: Array = kernel / kernel.sum()
    return streak


def _shaded(rng: np.random.Generator, behind: Array, own: Array) -> Array:
    """Darken what is behind a person by a shadow of their shape, moved and blurred."""
    h, w = own.shape
    x, y = rng.uniform(-0.12, 0.12) * w, rng.uniform(-0.04, 0.08) * h
    moved = cv2.warpAffine(own, np.array([[1, 0, x], [0, 1, y]]), (w, h))
    soft = cv2.GaussianBlur(moved, (0, 0), float(np.exp(rng.uniform(np.log(2), np.log(20)))))
    light = 1 - float(rng.uniform(0.15, 0.6)) * soft
    darker: Array = (behind * light[..., None] + 0.5).astype(np.uint8)
    return darker


def _with_chair(
    rng: np.random.Generator, behind: Array, alpha: Array, own: Array
) -> tuple[Array, Array]:
    """Put the back of a chair between a person and what is behind; nobody is seen through it."""
    h, w = own.shape
    rows, columns = np.flatnonzero((own > 0.5).any(1)), np.flatnonzero((own > 0.5).any(0))
    if not len(rows) or len(rows) < h // 4:
        return behind, alpha
    top = rows[0] + rng.uniform(0.1, 0.55) * (h - rows[0])
    middle = (columns[0] + columns[-1]) / 2 + rng.normal(0, 0.05) * w
    half = len(columns) * rng.uniform(0.25, 0.6)
    back = _rounded((h, w), (middle - half, top, middle + half, h * 1.2), rng.uniform(0.05, 0.5))
    tone = np.clip(
        rng.choice([25, 60, 120, 200]) + rng.normal(0, 25) + rng.normal(0, 18, 3), 0, 255
    )
    shade = cv2.resize(
        rng.normal(0, 14, (5, 5)).astype(np.float32), (w, h), interpolation=cv2.INTER_CUBIC
    )
    cloth = np.clip(tone + shade[..., None], 0, 255).astype(np.uint8)
    return cv2.blendLinear(cloth, behind, back, 1 - back), alpha * (1 - back)


def _rounded(shape: tuple[int, int], box: tuple[float, float, float, float], part: float) -> Array:
    """Return a box with rounded corners, (h, w), float32 in [0, 1]; a pixel's edge is soft."""
    left, top, right, bottom = box
    radius = part * (right - left) / 2
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    dx = np.abs(x - (left + right) / 2) - (right - left) / 2 + radius
    dy = np.abs(y - (top + bottom) / 2) - (bottom - top) / 2 + radius
    outside = np.hypot(np.maximum(dx, 0), np.maximum(dy, 0)) + np.minimum(np.maximum(dx, dy), 0)
    inside: Array = np.clip(0.5 - (outside - radius), 0, 1).astype(np.float32)
    return inside
