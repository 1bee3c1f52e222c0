"""Scenes of one red person before green walls, to test samples by."""

from __future__ import annotations

import numpy as np
from made_people import source

from sinet_video.training.recipe import Views
from sinet_video.training.samples.photographs import Stock
from sinet_video.training.samples.scenes import Scene, draw_scene

SHAPE = (64, 96)
RED, GREEN = np.array([220, 30, 30]), np.array([20, 200, 60])


def scene(stock: Stock, views: Views, seed: int = 0, after: np.ndarray | None = None) -> Scene:
    """A scene of a seed."""
    matrix = np.eye(3) if after is None else after
    return draw_scene(np.random.default_rng(seed), stock, views, SHAPE, matrix)


def disc(height: int = 100, width: int = 80) -> np.ndarray:
    """A soft-edged mask of a disc that reaches the lower edge."""
    rows, columns = np.mgrid[:height, :width]
    distance = np.hypot(columns - width / 2, rows - height * 0.7)
    return (np.clip(0.3 * height - distance, 0, 4) * 255 / 4).astype(np.uint8)


def red_on_green() -> Stock:
    """A person of one colour, whose frame has no other, and walls of another."""
    person = np.broadcast_to(RED, (100, 80, 3)).astype(np.uint8)
    wall = np.broadcast_to(GREEN, (90, 120, 3)).astype(np.uint8)
    return Stock([[source(person, disc())]], [1.0], backgrounds=[source(wall)])


MADE = Views(made=1.0, second=0.0, empty=0.0, pattern=0.0, matching=0.0)
