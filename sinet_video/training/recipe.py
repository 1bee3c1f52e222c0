"""Recipes: everything that defines a training, in one TOML file."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Literal

from sinet_video.errors import InputError, SettingError, reason
from sinet_video.paths import check_named, read_text
from sinet_video.training.changes import change, scale_steps
from sinet_video.training.datasets import Data
from sinet_video.training.toml import (
    Above0,
    Below1,
    Count,
    Least0,
    Share,
    build,
    expand_likes,
)


@dataclass(frozen=True)
class Views:
    """How samples are made from images. Values are probabilities unless stated."""

    zoom: tuple[Above0, Above0] = (0.85, 1.6)
    """Range of the scale factor; at 1 the image just covers the sample."""
    turn: Least0 = 10.0
    """Maximum rotation, in degrees, either way."""
    stretch: Least0 = 0.1
    """Maximum relative change of the aspect ratio."""
    squash: bool = False
    """Whether the whole image is resized to the sample's shape, ignoring its aspect ratio, as the
    paper's code does."""
    flip: Share = 0.5
    """The sample is mirrored left to right."""
    made: Share = 0.0
    """The sample is a composed scene: people cut out and placed over a background."""
    second: Share = 0.2
    """A composed scene has a second person."""
    empty: Share = 0.03
    """A composed scene has no people in it."""
    pattern: Share = 0.25
    """The background of a composed scene is a drawn pattern instead of a photograph."""
    room: tuple[Above0, Above0] = (1.0, 2.0)
    """Range of the background's scale factor; at 1 it just covers the sample. Below 1 it is
    mirrored at its borders, so that its detail is finer and busier."""
    matching: Share = 0.6
    """Maximum strength, from 0 to 1, with which a person's colours are matched to the background.
    """
    cut_out: Share = 0.0
    """For people in composed scenes: the old background's colour is removed along their edges."""
    clothes: Share = 0.0
    """People are given drawn clothes: vests and sleeves in plain colours."""
    patches: Share = 0.0
    """A patch of the person and a patch of the background are recoloured."""
    nobody: Share = 0.0
    """The sample is an image without people, from the folders listed as `data.empty`."""
    border: Share = 0.0
    """A photograph is cropped at a person's side, so that arms and hands leave the sample."""
    things: Share = 0.0
    """A composed scene has an object in it, more often behind people than in front of them."""
    chair: Share = 0.0
    """For people in composed scenes: the back of a chair is behind them."""
    shadow: Share = 0.0
    """For people in composed scenes: they cast a soft shadow on the background."""
    smeared: Share = 0.0
    """For people in composed scenes: they are blurred by motion or defocus, and their alpha too."""
    moved: Share = 0.0
    """Share of each batch that repeats other samples of the batch, slightly moved."""
    pairs: Share = 0.0
    """For repeated samples: the second one is another frame of the same clip, where there are
    images whose names end in `_a` and `_b`."""


@dataclass(frozen=True)
class Light:
    """Variation of colours and sharpness. Values are maximum relative changes unless stated."""

    brightness: Least0 = 0.0
    contrast: Least0 = 0.0
    saturation: Least0 = 0.0
    tint: Least0 = 0.0
    gamma: Least0 = 0.0
    grey: Share = 0.0
    """Probability of conversion to grey."""
    blur: Share = 0.0
    """Probability of blur."""
    noise: Least0 = 0.0
    """Maximum standard deviation of noise, in 8-bit steps."""
    dark: Share = 0.0
    """Probability of simulated low light, with coarse colour noise."""
    compression: Share = 0.0
    """Probability of strong compression artefacts."""
    published: bool = False
    """Use the augmentations of the paper's code, by kornia, instead of all of the above."""


@dataclass(frozen=True)
class Loss:
    """Weights of the parts of the loss."""

    entropy: Least0 = 1.0
    """Cross-entropy."""
    lovasz: Least0 = 0.0
    """Lovasz hinge, arXiv 1705.08790."""
    dice: Least0 = 0.0
    absolute: Least0 = 0.0
    """Mean absolute error of alpha; unlike cross-entropy, it favours a clear decision in uncertain
    places.
    """
    boundary: Least0 = 0.0
    """Cross-entropy in a band along the label's edge (section 3.4 of the paper)."""
    boundary_lovasz: Least0 = 0.0
    """Lovasz hinge in that band, as in the paper's code."""
    band: int = 15
    """Width of that band, in pixels of the sample."""
    coarse: Least0 = 0.0
    """Cross-entropy of the encoder's own output, at 1/8 of the size."""
    steady: Least0 = 0.0
    """Difference of the error between two views of one scene."""
    teacher: Least0 = 0.0
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
    """(height, width) of samples, multiples of 32; one is drawn at random for each step."""
    part: Literal["encoder", "whole"] = "whole"
    rate: Above0 = 3e-3
    """Peak learning rate."""
    schedule: Literal["cosine", "poly", "step"] = "cosine"
    warmup: Count = 100
    """Steps over which the learning rate rises linearly."""
    floor: Share = 0.0
    """Learning rate at the end, relative to the peak."""
    decay: Least0 = 1e-4
    """Decoupled weight decay of matrices."""
    optimiser: Literal["adam", "adamw", "muon"] = "adamw"
    """`adam` applies weight decay as the paper's code does: in the gradient, less for vectors, and
    not for depthwise convolutions."""
    momentum: tuple[Below1, Below1] = (0.9, 0.99)
    """Decay rates of Adam's two averages (beta1, beta2)."""
    orthogonal: Above0 = 8.0
    """Learning rate of the matrices that Muon updates, relative to that of all other parameters."""
    average: Below1 = 0.0
    """Decay of the exponential average of the weights; 0 disables averaging."""
    remembered: bool = False
    """Include the weights at this stage's end in the final average. The finished network is the
    mean of the weights at the ends of such stages and of the last one, as in stochastic weight
    averaging (arXiv 1803.05407)."""
    loss: Loss = field(default_factory=Loss)
    hard: Least0 = 0.0
    """How much more often to show images without people in which the network still finds some. This
    is measured again at the start of each such stage."""
    mixture: tuple[tuple[str, Least0], ...] = ()
    """(folder, weight) of labelled folders whose weight in this stage differs from that in `data`.
    """
    views: Views = field(default_factory=Views)
    light: Light = field(default_factory=Light)


@dataclass(frozen=True)
class Recipe:
    """A complete training: its data, and its stages in order."""

    name: str
    stages: tuple[Stage, ...]
    data: Data
    seed: int = 1
    sharpness: Above0 = 1.0
    """Factor applied to the finished network's logits. Averaging and cross-entropy leave it less
    certain, and its edges wider, than is best for the error. What a training starts from is divided
    by it first, so that it comes out as it went in but for what was learned.
    """
    settling: Count = 0
    """Number of batches on which batch-norm statistics are recomputed at the end; see `precise_bn`.
    """
    shards: int = 2
    """Number of parts of a batch that run in parallel, each with its own batch-norm statistics."""
    precision: Literal["bfloat16", "float32"] = "bfloat16"
    """How the encoder computes, where the device is fast at 16 bits: on a GPU, or a CPU with
    AVX-512 BF16. Weights, sums and the decoder have 32 bits in any case."""
    widths: Literal["paper", "wide"] = "paper"
    """The network's channels: as in the paper, or more, for 366,882 parameters."""
    start: str | None = None
    """Initial weights, by name or path, as for `--weights`; None for random ones. Those of a
    narrower network are widened, which changes nothing but its size."""
    teacher: str | None = None
    """Weights of the teacher network, by name or path, if a stage uses one."""


def load_recipe(name: str, changes: Sequence[str] = (), *, steps: int | None = None) -> Recipe:
    """Return a packaged recipe by its name, or a TOML file's by its path.

    `changes` are texts such as `seed=2`, as `changes.change` takes them; `steps` is how many steps
    all stages take together. Raises `InputError` if there is none, `SettingError` if it is invalid.
    """
    check_named(recipe=name)
    try:
        table = tomllib.loads(_text_of(name))
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


def _text_of(name: str) -> str:
    names, path = packaged_names(), Path(name)
    if name in names:
        return (_packaged() / f"{name}.toml").read_text("utf-8")
    if not path.exists() or path.is_dir():
        raise InputError(
            f"There is no recipe {name}; give a TOML file or one of: {', '.join(names)}."
        )
    try:
        return read_text(path)
    except OSError as error:
        raise InputError(f"The recipe {name} cannot be read: {reason(error)}.") from error


def packaged_names() -> list[str]:
    """Return the names of the packaged recipes."""
    return sorted(item.name[:-5] for item in _packaged().iterdir() if item.name.endswith(".toml"))


def _packaged() -> Traversable:
    return resources.files("sinet_video.training") / "recipes"


def check(recipe: Recipe) -> None:
    """Raise `SettingError` for invalid values that the types allow."""
    for what, present in (("stages", recipe.stages), ("labelled folders", recipe.data.labelled)):
        if not present:
            raise SettingError(f"{recipe.name} has no {what}; give at least one.")
    if recipe.shards < 1:
        raise SettingError(f"{recipe.name} has {recipe.shards} shards; 1 is the least.")
    if not recipe.settling and any(stage.remembered for stage in recipe.stages):
        raise SettingError(
            f"{recipe.name} remembers stages, and the mean of their weights has no statistics of "
            "its own; give it some batches of settling, such as 100."
        )
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
        yield "has no loss for the part that it trains"
    if stage.loss.teacher and not recipe.teacher:
        yield "learns from a teacher, but the recipe names none"
    if stage.views.made and not recipe.data.backgrounds:
        yield "composes scenes, but the recipe names no backgrounds"
    for what, (least, most) in (("zoom", stage.views.zoom), ("room", stage.views.room)):
        if least > most:
            yield f"has a {what} from {least} to {most}; give the smaller number first"
    if stage.views.moved > 0.5:
        yield f"has {stage.views.moved} of its samples moved; use 0 to 0.5"
    if stage.views.moved and stage.light.published:
        yield "has moved samples, which the published augmentations would move again"
    yield from _lacking(recipe, stage)


def _lacking(recipe: Recipe, stage: Stage) -> Iterator[str]:
    """Yield what a stage asks of the data that the recipe does not name."""
    if (stage.views.nobody or stage.hard) and not recipe.data.empty:
        yield "shows images without people, but the recipe names no empty folders"
    folders = {labelled.folder for labelled in recipe.data.labelled}
    for name, _ in stage.mixture:
        if name not in folders:
            yield f"gives a weight to {name}, which is not a labelled folder"


def _has_loss(stage: Stage) -> bool:
    loss = stage.loss
    decisions = (
        *(loss.entropy, loss.lovasz, loss.dice, loss.absolute),
        *(loss.boundary, loss.boundary_lovasz),
    )
    return any(decisions) or (
        stage.part == "whole" and any((loss.coarse, loss.steady, loss.teacher))
    )
