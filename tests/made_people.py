"""Images of made people with masks, to test training by: bright discs before dark walls."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sinet_video.training.datasets import Data, Labelled
from sinet_video.training.image_folder import write_image
from sinet_video.training.recipe import Light, Loss, Recipe, Stage, Views
from sinet_video.training.samples.photographs import Photograph, Stock, halves

RECIPE = """
name = "tiny"
[[data.labelled]]
folder = "people"
validation = 1
holdout = 1
[[stages]]
name = "one"
steps = 2
batch = 2
shapes = [[32, 64]]
"""
"""A training of a moment."""


def made_person(index: int, height: int = 96, width: int = 80) -> tuple[np.ndarray, np.ndarray]:
    """An image, RGB, and its mask, 0 and 255; each index has its own."""
    rng = np.random.default_rng(index)
    rows, columns = np.mgrid[:height, :width]
    across, down = rng.uniform(0.4, 0.6, 2) * (width, height)
    mask = (columns - across) ** 2 + (rows - down) ** 2 < (min(height, width) / 3.5) ** 2
    image = np.where(mask[..., None], rng.integers(150, 250, 3), rng.integers(0, 90, 3))
    noisy = image + rng.normal(0, 4, image.shape)
    return noisy.clip(0, 255).astype(np.uint8), (mask * 255).astype(np.uint8)


def write_people(folder: Path, count: int, *, start: int = 0) -> Path:
    """A labelled folder of so many made people: p00, p01, and so on."""
    for index in range(start, start + count):
        image, mask = made_person(index)
        write_image(folder / "images" / f"p{index:02}.png", image)
        write_image(folder / "masks" / f"p{index:02}.png", mask)
    return folder


def write_data(folder: Path) -> Path:
    """A data folder of six people, `data`, and a recipe beside it, `tiny.toml`."""
    write_people(folder / "data/people", 6)
    (folder / "tiny.toml").write_text(RECIPE)
    return folder / "data"


def write_walls(folder: Path, count: int = 2) -> Path:
    """A folder of so many images of walls."""
    for index in range(count):
        image = np.full((96, 120, 3), (30 * index, 200, 40), np.uint8)
        write_image(folder / f"w{index}.png", image)
    return folder


def source(image: np.ndarray, mask: np.ndarray | None = None, *, whole: bool = False) -> Photograph:
    """A source of an image, with a mask or without."""
    both = image if mask is None else np.dstack([image, mask])
    return Photograph("made", halves(both), whole)


def made_stock(count: int = 6) -> Stock:
    """Made people in one folder, before walls of noise, in memory."""
    stock = Stock(weights=[1.0])
    stock.folders.append([source(*made_person(index)) for index in range(count)])
    noise = np.random.default_rng(1).integers(0, 255, (2, 100, 130, 3), np.uint8)
    stock.backgrounds = [source(image) for image in noise]
    return stock


def stage(**changed: object) -> Stage:
    """A stage of a few steps on small images, easily learned from."""
    values = {
        "name": "one", "steps": 6, "batch": 4, "shapes": ((64, 64),), "rate": 1e-2, "warmup": 2,
        "average": 0.5, "loss": Loss(), "views": Views(), "light": Light(),
    }  # fmt: skip
    return Stage(**{**values, **changed})


def recipe(*stages: Stage, **changed: object) -> Recipe:
    """A recipe over the folder `people`, of which one watches and one is held out."""
    data = Data(labelled=(Labelled("people", validation=1, holdout=1),))
    return Recipe(**{"name": "tiny", "stages": stages or (stage(),), "data": data, **changed})
