"""Samples: a photograph as it is, or a made scene of people before a background."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from sinet_video.train.recipe import Views
from sinet_video.train.samples.geometry import (
    Matrix,
    background_matrix,
    draw,
    person_matrix,
    photograph_matrix,
    placed,
)
from sinet_video.train.samples.photographs import Source, Stock
from sinet_video.train.samples.recolour import dressed, patched

Array = NDArray[Any]


@dataclass(frozen=True)
class Scene:
    """A picture (h, w, 3), uint8, RGB, and the people's alpha (h, w), uint8."""

    picture: Array
    alpha: Array


def draw_scene(
    rng: np.random.Generator,
    stock: Stock,
    views: Views,
    shape: tuple[int, int],
    after: Matrix,
) -> Scene:
    """Draw one sample of a shape (h, w). `after` moves all of it, and changes nothing drawn."""
    scene = _scene(rng, stock, views, shape, after)
    picture, alpha = scene.picture, scene.alpha
    if views.clothes and rng.random() < views.clothes:
        picture = dressed(rng, picture, alpha)
    if views.patches:
        picture = patched(rng, picture, alpha, views.patches)
    return Scene(picture, alpha)


def _scene(
    rng: np.random.Generator, stock: Stock, views: Views, shape: tuple[int, int], after: Matrix
) -> Scene:
    made = rng.random() < views.made and bool(stock.backgrounds)
    if made:
        return _made(rng, stock, views, shape, after)
    source = _pick(rng, stock)
    matrix = after @ photograph_matrix(rng, source, shape, views)
    drawn = draw(source, matrix, shape, cv2.BORDER_REFLECT_101)
    return Scene(np.ascontiguousarray(drawn[..., :3]), np.ascontiguousarray(drawn[..., 3]))


def _pick(rng: np.random.Generator, stock: Stock) -> Source:
    weights = np.array(stock.weights)
    folder = stock.folders[int(rng.choice(len(weights), p=weights / weights.sum()))]
    return folder[int(rng.integers(len(folder)))]


def _made(
    rng: np.random.Generator,
    stock: Stock,
    views: Views,
    shape: tuple[int, int],
    after: Matrix,
) -> Scene:
    picture = _background(rng, stock, views, shape, after)
    alpha = np.zeros(shape, np.float32)
    people = 0 if rng.random() < views.empty else 1 + int(rng.random() < views.second)
    for _ in range(people):
        source = _pick(rng, stock)
        matrix = after @ person_matrix(rng, source, shape, views)
        cut_out = bool(views.cut_out) and rng.random() < views.cut_out
        drawn = draw(source, matrix, shape, cv2.BORDER_CONSTANT, cut_out=cut_out)
        own = _edge(rng, drawn[..., 3])
        person = _matched(rng, drawn[..., :3], own, picture, views.matching)
        picture = cv2.blendLinear(person, picture, own, 1 - own)
        alpha += own * (1 - alpha)
    return Scene(picture, _bytes(alpha))


def _bytes(alpha: Array) -> Array:
    return (alpha * 255 + 0.5).astype(np.uint8)


def _edge(rng: np.random.Generator, alpha: Array) -> Array:
    """Return alpha in [0, 1], drawn in a little, so that less of the old background shows."""
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
    return cv2.transform(person, matrix)


def _moments(picture: Array, mask: Array | None) -> tuple[Array, Array]:
    """Return each colour's mean and deviation, from every third pixel of every third row."""
    mean, deviation = cv2.meanStdDev(np.ascontiguousarray(picture[::3, ::3]), mask=mask)
    return mean[:, 0], deviation[:, 0]


def _background(
    rng: np.random.Generator,
    stock: Stock,
    views: Views,
    shape: tuple[int, int],
    after: Matrix,
) -> Array:
    if rng.random() < views.pattern:
        room = Source("pattern", [_pattern(rng)])
    else:
        room = stock.backgrounds[int(rng.integers(len(stock.backgrounds)))]
    matrix = after @ background_matrix(rng, room, shape, views)
    picture = draw(room, matrix, shape, cv2.BORDER_REFLECT_101)
    if rng.random() < 0.25:
        picture = cv2.GaussianBlur(picture, (0, 0), float(rng.uniform(0.5, 4)))
    return picture


def _pattern(rng: np.random.Generator, side: int = 192) -> Array:
    """Draw what walls and screens show: stripes, checks, windows, gradients, clouds, one colour."""
    ramp = np.arange(side, dtype=np.float32) / side - 0.5
    count = float(np.exp(rng.uniform(np.log(3), np.log(40))))
    duty = float(rng.uniform(0.2, 0.8))
    stripes = (ramp * count % 1 < duty).astype(np.float32)
    rows = (ramp * count * rng.uniform(0.3, 1) % 1 < duty).astype(np.float32)[:, None]
    flat = np.zeros((side, side), np.float32)
    kind = int(rng.integers(6))
    if kind == 4:
        rough = rng.random((int(count) + 2,) * 2, np.float32)
        mix = cv2.resize(rough, (side, side), interpolation=cv2.INTER_CUBIC)
    else:
        mix = flat + (stripes, np.abs(stripes - rows), stripes * rows, ramp + 0.5, 0, 0)[kind]
    turned = placed((1.5, 1.5), float(rng.uniform(0, 180)), (side / 2,) * 2, (side / 2,) * 2)
    mix = cv2.warpAffine(mix, turned[:2], (side, side), borderMode=cv2.BORDER_REFLECT_101)
    first, second = rng.uniform(0, 255, (2, 3))
    lit = cv2.transform(mix, np.column_stack([second - first, first]))
    return np.clip(lit, 0, 255).astype(np.uint8)
