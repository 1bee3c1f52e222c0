"""Samples: a photograph as it is, or a composed scene of people in front of a background."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from sinet_video.media.arrays import Array
from sinet_video.training.recipe import Views
from sinet_video.training.samples.geometry import (
    Matrix,
    background_matrix,
    draw,
    photograph_matrix,
    placed,
)
from sinet_video.training.samples.layers import Scene, with_person, with_thing
from sinet_video.training.samples.photographs import Photograph, Stock
from sinet_video.training.samples.recolour import dressed, patched


@dataclass(frozen=True)
class Look:
    """Which look at a scene it is."""

    twice: bool = False
    """It is looked at twice."""
    later: bool = False
    """This is the second time."""


ONCE = Look()


def draw_scene(
    rng: np.random.Generator,
    stock: Stock,
    views: Views,
    shape: tuple[int, int],
    after: Matrix,
    look: Look = ONCE,
) -> Scene:
    """Draw one sample of a shape (h, w). `after` moves all of it, but not what is drawn."""
    scene = _scene(rng, stock, views, shape, after, look)
    image, alpha = scene.image, scene.alpha
    if views.clothes and rng.random() < views.clothes:
        image = dressed(rng, image, alpha)
    if views.patches:
        image = patched(rng, image, alpha, views.patches)
    return Scene(image, alpha)


def _scene(
    rng: np.random.Generator,
    stock: Stock,
    views: Views,
    shape: tuple[int, int],
    after: Matrix,
    look: Look,
) -> Scene:
    paired = look.twice and bool(stock.pairs) and rng.random() < views.pairs
    if not paired and views.nobody and rng.random() < views.nobody:
        return _nobody(rng, stock, views, shape, after)
    made = rng.random() < views.made and bool(stock.backgrounds)
    source = _somebody(rng, stock, paired)
    if made or source.only_cut_out:
        return _made(rng, stock, views, shape, after, source, look)
    matrix = after @ photograph_matrix(rng, source, shape, views)
    drawn = draw(source.at(look.later), matrix, shape, cv2.BORDER_REFLECT_101)
    return Scene(np.ascontiguousarray(drawn[..., :3]), np.ascontiguousarray(drawn[..., 3]))


def _somebody(rng: np.random.Generator, stock: Stock, paired: bool) -> Photograph:
    folders, weights = ([stock.pairs], [1.0]) if paired else (stock.folders, stock.weights)
    return pick(rng, folders, weights)


def _nobody(
    rng: np.random.Generator, stock: Stock, views: Views, shape: tuple[int, int], after: Matrix
) -> Scene:
    source = pick(rng, stock.empty, stock.empty_weights, stock.odds)
    matrix = after @ photograph_matrix(rng, source, shape, views)
    image = draw(source, matrix, shape, cv2.BORDER_REFLECT_101)
    return Scene(image, np.zeros(shape, np.uint8))


def pick(
    rng: np.random.Generator,
    folders: Sequence[Sequence[Photograph]],
    weights: Sequence[float],
    odds: Sequence[Sequence[float]] = (),
) -> Photograph:
    """Draw a folder by the weights, and one of its images, by the odds if there are any."""
    index = _drawn(rng, weights)
    folder = folders[index]
    if odds:
        return folder[_drawn(rng, odds[index])]
    return folder[int(rng.integers(len(folder)))]


def _drawn(rng: np.random.Generator, weights: Sequence[float]) -> int:
    parts = np.array(weights)
    return int(rng.choice(len(parts), p=parts / parts.sum()))


def _made(
    rng: np.random.Generator,
    stock: Stock,
    views: Views,
    shape: tuple[int, int],
    after: Matrix,
    first: Photograph,
    look: Look,
) -> Scene:
    scene = Scene(_background(rng, stock, views, shape, after), np.zeros(shape, np.float32))
    people = 0 if rng.random() < views.empty else 1 + int(rng.random() < views.second)
    thing = bool(stock.things) and bool(views.things) and rng.random() < views.things
    before = thing and rng.random() < 0.3
    if thing and not before:
        scene = with_thing(rng, scene, stock, views, after)
    for index in range(people):
        source = pick(rng, stock.folders, stock.weights) if index else first
        scene = with_person(rng, scene, source, views, after, later=look.later)
    if before:
        scene = with_thing(rng, scene, stock, views, after)
    return Scene(scene.image, _bytes(scene.alpha))


def _bytes(alpha: Array) -> Array:
    return (alpha * 255 + 0.5).astype(np.uint8)


def _background(
    rng: np.random.Generator,
    stock: Stock,
    views: Views,
    shape: tuple[int, int],
    after: Matrix,
) -> Array:
    if rng.random() < views.pattern:
        room = Photograph("pattern", [_pattern(rng)])
    else:
        rooms = [stock.backgrounds, *stock.empty]
        room = pick(rng, rooms, [len(own) for own in rooms])
    matrix = after @ background_matrix(rng, room, shape, views)
    image = draw(room, matrix, shape, cv2.BORDER_REFLECT_101)
    if rng.random() < 0.25:
        image = cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.5, 4)))
    return image


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
