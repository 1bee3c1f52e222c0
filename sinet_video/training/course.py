"""How far a training has come, and the checkpoint from which it is resumed."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from sinet_video.errors import InputError
from sinet_video.training.changes import differences
from sinet_video.training.curves import Row
from sinet_video.training.optimiser import State
from sinet_video.training.recipe import Recipe
from sinet_video.training.toml import dump_overrides

MOST_SAID = 5
"""How many differences between two recipes are said."""


@dataclass
class Course:
    """The progress of a training; with the networks and the optimiser, the whole checkpoint."""

    stage: int = 0
    step: int = 0
    """Finished steps of the stage."""
    rows: list[Row] = field(default_factory=list)
    ends: list[State] = field(default_factory=list)
    """Averaged weights at the ends of remembered stages."""
    odds: list[list[float]] = field(default_factory=list)
    """How often the stage draws each image of nobody; see `Stock.odds`."""


def read_checkpoint(recipe: Recipe, folder: Path) -> dict[str, Any] | None:
    """Return the content of a folder's checkpoint, or None if there is none.

    Raises `InputError` if it belongs to another recipe.
    """
    path = folder / "checkpoint.pth"
    if not path.exists():
        return None
    state: dict[str, Any] = torch.load(path, weights_only=True)
    now = so_far(recipe, state["stage"])
    if state["recipe"] != now:
        found = list(differences(json.loads(state["recipe"]), json.loads(now)))
        raise InputError(
            f"{path} is of another recipe than {recipe.name} as it is now: "
            f"{'; '.join(found[:MOST_SAID])}{' and more' if found[MOST_SAID:] else ''}. Give "
            "another folder, or remove it."
        )
    return state


def so_far(recipe: Recipe, stage: int) -> str:
    """Return what a checkpoint in a stage must agree with; later stages may change."""
    done = dataclasses.replace(recipe, stages=recipe.stages[: stage + 1], sharpness=1.0, settling=0)
    return json.dumps(dump_overrides(done))
