"""Recipes: everything that defines a training, in one TOML file."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Literal

from sinet_video.errors import InputError, SettingError
from sinet_video.train.changes import change, scale_steps
from sinet_video.train.datasets import Data
from sinet_video.train.toml import build, expand_likes


@dataclass(frozen=True)
class Views:
    """How samples are drawn from the images; values are probabilities unless stated."""

    zoom: tuple[float, float] = (0.85, 1.6)
    """Range of the enlargement, relative to the image just covering the sample."""
    turn: float = 10.0
    """Largest rotation, in degrees."""
    stretch: float = 0.1
    """Largest change of the aspect ratio, relative."""
    squash: bool = False
    """Whether the whole image is forced into the sample's shape, as in the paper's code."""
    flip: float = 0.5
    made: float = 0.0
    """A scene is composed: people over a background."""
    second: float = 0.2
    """A composed scene has a second person."""
    empty: float = 0.03
    """A composed scene has nobody in it."""
    pattern: float = 0.25
    """The background of a composed scene is drawn instead of photographed."""
    room: tuple[float, float] = (1.0, 2.0)
    """Range of a background's enlargement, relative to its just covering the sample. If it does not
    cover it, it is mirrored at its borders, and shows finer and busier detail than it would.
    """
    matching: float = 0.6
    """Largest share by which a person's colours are moved to the background's."""
    cut_out: float = 0.0
    """For people in composed scenes: nothing of the old background remains along their edges."""
    clothes: float = 0.0
    """People get new clothes: waistcoats and sleeves in plain colours."""
    patches: float = 0.0
    """A part of the person, and a part of the rest, gets another colour."""
    nobody: float = 0.0
    """An image without people is seen as it is, of the folders of such."""
    border: float = 0.0
    """A photograph is cut where somebody's side is: arms and hands leave the sample."""
    things: float = 0.0
    """A made scene has a thing that is nobody, more often behind people than before them."""
    chair: float = 0.0
    """Of people in made scenes: the back of a chair is behind them."""
    shadow: float = 0.0
    """Of people in made scenes: a soft shadow falls on what is behind them."""
    smeared: float = 0.0
    """Of people in made scenes: blurred by motion or out of focus, alpha with them."""
    moved: float = 0.0
    """Share of each batch that is a second view of other samples in it, slightly moved."""
    pairs: float = 0.0
    """Of samples looked at twice: the second look shows another moment of the same clip, of the
    images whose names end in `_a` and `_b`."""


@dataclass(frozen=True)
class Light:
    """Variation of colours and sharpness; ranges are relative, probabilities are marked as such."""

    brightness: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0
    tint: float = 0.0
    gamma: float = 0.0
    grey: float = 0.0
    """Probability of an image without colour."""
    blur: float = 0.0
    """Probability of a loss of sharpness."""
    noise: float = 0.0
    """Largest standard deviation of noise, in 8-bit steps."""
    dark: float = 0.0
    """Probability of an image in little light, with the coarse noise of its colours."""
    compression: float = 0.0
    """Probability of strong compression artefacts."""
    published: bool = False
    """The augmentations of the paper's code in place of all of these, with kornia."""


@dataclass(frozen=True)
class Loss:
    """Weights of the parts of the loss."""

    entropy: float = 1.0
    """Cross-entropy."""
    lovasz: float = 0.0
    """Lovasz hinge, arXiv 1705.08790."""
    dice: float = 0.0
    absolute: float = 0.0
    """Mean absolute error of alpha; unlike cross-entropy, it favours a decision in case of doubt.
    """
    boundary: float = 0.0
    """Cross-entropy in a band along the label's edge (section 3.4 of the paper)."""
    boundary_lovasz: float = 0.0
    """Lovasz hinge in that band, as in the paper's code."""
    band: int = 15
    """Width of that band, in pixels of the sample."""
    coarse: float = 0.0
    """Cross-entropy of the encoder's own output, at an eighth of the size."""
    steady: float = 0.0
    """Change of the error between two views of one scene."""
    teacher: float = 0.0
    """Cross-entropy against the teacher's alpha."""
    soft: bool = True
    """Whether labels keep their soft edges, or are thresholded at one half."""


@dataclass(frozen=True)
class Stage:
    """One run of the optimiser from a high learning rate to a low one."""

    name: str
    steps: int
    batch: int
    shapes: tuple[tuple[int, int], ...]
    """Heights and widths of samples, multiples of 32; one is drawn for each step."""
    part: Literal["encoder", "whole"] = "whole"
    rate: float = 3e-3
    """Highest learning rate."""
    schedule: Literal["cosine", "poly", "step"] = "cosine"
    warmup: int = 100
    """Steps over which the rate rises."""
    floor: float = 0.0
    """Learning rate at the end, relative to the highest."""
    decay: float = 1e-4
    """Decoupled weight decay of matrices."""
    optimiser: Literal["adam", "adamw", "muon"] = "adamw"
    """`adam` decays as in the paper's code: in the gradient, less for vectors, not for depthwise
    ones.
    """
    momentum: tuple[float, float] = (0.9, 0.99)
    """Decay of Adam's two averages."""
    orthogonal: float = 8.0
    """Learning rate of Muon's matrices, relative to that of all other parameters."""
    average: float = 0.0
    """Share of the averaged weights that each step keeps; 0 disables averaging."""
    remembered: bool = False
    """Include this stage's end in the final average. The finished network is the mean of the
    weights at the ends of such stages and of the last one, as arXiv 1803.05407 does at the ends of
    cycles.
    """
    loss: Loss = field(default_factory=Loss)
    hard: float = 0.0
    """How much more often than others an image of nobody is seen in which the network that enters
    the stage finds people; measured anew for each such stage."""
    mixture: tuple[tuple[str, float], ...] = ()
    """Weights of labelled folders in this stage where they are others than the data's."""
    views: Views = field(default_factory=Views)
    light: Light = field(default_factory=Light)


@dataclass(frozen=True)
class Recipe:
    """A whole training."""

    name: str
    stages: tuple[Stage, ...]
    data: Data
    seed: int = 1
    sharpness: float = 1.0
    """Factor on the finished network's logits: averaging and cross-entropy leave it less certain,
    and edges wider, than is best for the error.
    """
    settling: int = 0
    """Batches with which normalisation statistics are measured again at the end; see `precise_bn`.
    """
    shards: int = 2
    """Number of parts of a batch that run side by side, each with its own statistics."""
    start: str | None = None
    """Initial weights, by name or path, as for `--weights`; random if None."""
    teacher: str | None = None
    """Weights of the teacher, if a stage uses one; as `start`."""


def load_recipe(name: str, changes: Sequence[str] = (), *, steps: int | None = None) -> Recipe:
    """Return a packaged recipe by its name, or a TOML file's by its path.

    `changes` are texts such as `seed=2`, as `changes.change` takes them; `steps` is how many steps
    all stages take together. Raises `InputError` if there is none, `SettingError` if it is invalid.
    """
    packaged = resources.files("sinet_video.train") / "recipes" / f"{name}.toml"
    path = packaged if packaged.is_file() else Path(name)
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(
            f"There is no recipe {name}; give a TOML file or one of: {', '.join(packaged_names())}."
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingError(f"{name} is not a TOML file: {error}.") from error
    if isinstance(stages := table.get("stages"), list):
        table["stages"] = expand_likes(stages, f"{name}: stages")
    for each in changes:
        change(table, each)
    if steps is not None:
        scale_steps(table, steps)
    recipe: Recipe = build(Recipe, table, name)
    check(recipe)
    return recipe


def packaged_names() -> list[str]:
    """Return the names of the packaged recipes."""
    folder = resources.files("sinet_video.train") / "recipes"
    return sorted(item.name[:-5] for item in folder.iterdir() if item.name.endswith(".toml"))


def check(recipe: Recipe) -> None:
    """Raise `SettingError` for invalid values that the types allow."""
    for what, present in (("stages", recipe.stages), ("labelled folders", recipe.data.labelled)):
        if not present:
            raise SettingError(f"{recipe.name} has no {what}; one at least is wanted.")
    if recipe.shards < 1:
        raise SettingError(f"{recipe.name} has {recipe.shards} shards; 1 is the least.")
    if recipe.settling < 0:
        raise SettingError(f"{recipe.name} has {recipe.settling} batches of settling; 0 is none.")
    if not recipe.settling and any(stage.remembered for stage in recipe.stages):
        raise SettingError(
            f"{recipe.name} remembers stages, and the mean of their weights has no statistics of "
            "its own; give it some batches of settling, such as 100."
        )
    if recipe.sharpness <= 0:
        raise SettingError(f"{recipe.name} has a sharpness of {recipe.sharpness}; use more than 0.")
    for stage in recipe.stages:
        for wrong in _wrong(recipe, stage):
            raise SettingError(f"Stage {stage.name} of {recipe.name} {wrong}.")


def _wrong(recipe: Recipe, stage: Stage) -> Iterator[str]:
    """Yield what is invalid in a stage."""
    if min(stage.steps, stage.batch, len(stage.shapes), stage.loss.band) < 1:
        yield "needs at least 1 step, a batch of 1, 1 shape and a band of 1"
    if stage.batch % recipe.shards:
        yield f"has a batch of {stage.batch}, which {recipe.shards} shards do not divide"
    for height, width in stage.shapes:
        if height % 32 or width % 32 or min(height, width) < 32:
            yield f"has a shape {height}x{width}; use multiples of 32"
        if (height, width, stage.batch) == (32, 32, recipe.shards):
            yield (
                "gives each shard a single image of 32x32, which batch normalisation cannot learn "
                "from; use larger shapes, or a larger batch"
            )
    if not _has_loss(stage):
        yield "asks for no loss that the part it trains can have"
    if stage.loss.teacher and not recipe.teacher:
        yield "learns from a teacher, and the recipe names none"
    if stage.views.made and not recipe.data.backgrounds:
        yield "makes scenes, and the recipe names no backgrounds"
    if not 0 <= stage.views.moved <= 0.5:
        yield f"has {stage.views.moved} of its samples moved; 0 to 0.5 are possible"
    if stage.views.moved and stage.light.published:
        yield "has moved samples, which the published augmentations would move again"
    yield from _lacking(recipe, stage)


def _lacking(recipe: Recipe, stage: Stage) -> Iterator[str]:
    """Yield what a stage asks of the data that the recipe does not name."""
    if (stage.views.nobody or stage.hard) and not recipe.data.empty:
        yield "shows images of nobody, and the recipe names no empty folders"
    folders = {labelled.folder for labelled in recipe.data.labelled}
    for name, _ in stage.mixture:
        if name not in folders:
            yield f"weighs {name}, which is none of the labelled folders"


def _has_loss(stage: Stage) -> bool:
    loss = stage.loss
    decisions = (
        *(loss.entropy, loss.lovasz, loss.dice, loss.absolute),
        *(loss.boundary, loss.boundary_lovasz),
    )
    return any(decisions) or (
        stage.part == "whole" and any((loss.coarse, loss.steady, loss.teacher))
    )
