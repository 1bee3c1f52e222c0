"""The contribution of each ingredient of the recipe: trainings that differ in one thing.

    python benchmarks/ablations.py DATA -o FOLDER [--steps 400] [--clips FOLDER] [--only NAME ...]

All have the same budget and the same start, the weights of the paper's authors: one stage
of the default recipe, on small samples and cut to `steps` steps. Each is measured on the images
that the recipe sets aside and, if given, on clips with true alpha (the network alone). Prints a
table and writes it to FOLDER/ablations.json. FOLDER keeps each training, and an interrupted run
goes on.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
from pathlib import Path

import numpy as np

from sinet_video.models.checkpoint import load
from sinet_video.models.load import load_segmenter
from sinet_video.pipeline.settings import Settings
from sinet_video.training.evaluate.clips import evaluate_clip, list_clips, staged
from sinet_video.training.recipe import Recipe, load_recipe
from sinet_video.training.samples.photographs import Stock, load_stock
from sinet_video.training.trainer import run_recipe
from sinet_video.training.validation import validate, watched_false_finds

START = "official"
STAGE = "everything"
SHAPES = ((160, 128), (128, 96), (128, 160), (96, 160), (128, 128))
"""(height, width) of samples: half of the recipe's, so that a training takes minutes."""

TAUGHT = ("people_pseudo", "yoga_pseudo", "everyday", "stanford40", "lsp_extended")


def without(*folders: str) -> list[str]:
    """Return the changes that leave folders of people out."""
    return [f"data.labelled.{folder}.weight=0.0" for folder in folders]


def views(**values: float) -> list[str]:
    """Return the changes of how samples are made."""
    return [f"stages.*.views.{name}={value}" for name, value in values.items()]


def losses(**values: float) -> list[str]:
    """Return the changes of the loss."""
    return [f"stages.*.loss.{name}={value}" for name, value in values.items()]


VARIANTS: dict[str, list[str]] = {
    "as it is": [],
    "without half bodies with hands": without("hands"),
    "without what a teacher labelled": without(*TAUGHT),
    "without images of nobody": [*views(nobody=0.0), "stages.*.hard=0.0"],
    "without composed scenes": views(made=0.0),
    "without things, chairs and shadows": views(things=0.0, chair=0.0, shadow=0.0),
    "without two views of one scene": [*views(moved=0.0), *losses(steady=0.0)],
    "without change of light": ["stages.*.light={}"],
    "cross-entropy alone": losses(entropy=1.0, absolute=0.0, boundary=0.0, dice=0.0),
    "AdamW in place of Muon": ["stages.*.optimiser=adamw"],
    "without an average of weights": ["stages.*.average=0.0"],
}
"""What each training changes in the recipe."""


def shortened(name: str, steps: int) -> Recipe:
    """Return the recipe of one variant."""
    recipe = load_recipe("default", VARIANTS[name])
    stage = next(stage for stage in recipe.stages if stage.name == STAGE)
    short = dataclasses.replace(stage, name="short", steps=steps, shapes=SHAPES)
    return dataclasses.replace(recipe, name=name, start=START, stages=(short,))


Row = dict[str, float]
"""The figures of one variant by their names."""


def measured(weights: Path, stock: Stock, clips: Path | None) -> Row:
    """Return IoU x 100 by folder, false finds in percent, MAD x 1000 and dtSSD x 100 of clips."""
    network = load(weights)
    figures = {folder: 100 * iou for folder, iou in validate(network, stock.validation).items()}
    found = watched_false_finds(network, stock.watched_empty)
    figures["false finds"] = 100 * float(np.mean([*found.values()]))
    if clips:
        own = staged(Settings(segmenter=load_segmenter(weights)), "network")
        scores = [evaluate_clip(clip, own).mean for clip in list_clips(clips)[0]]
        figures["MAD"] = 1000 * float(np.mean([score.mad for score in scores]))
        figures["dtSSD"] = 100 * float(np.mean([score.dtssd for score in scores]))
    return figures


def trained(name: str, steps: int, stock: Stock, folder: Path, clips: Path | None) -> Row:
    """Train one variant, or go on with it, and return its figures."""
    own = shortened(name, steps)
    stock.weights = [labelled.weight for labelled in own.data.labelled]
    stock.empty_weights = [empty.weight for empty in own.data.empty]
    run_recipe(own, stock, folder)
    return measured(folder / "weights.pth", stock, clips)


def main() -> None:
    """Train, measure, print, write; what was measured before is only printed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--clips", type=Path)
    parser.add_argument("--only", nargs="+", choices=list(VARIANTS), default=list(VARIANTS))
    given = parser.parse_args()
    stock = load_stock(load_recipe("default").data, given.data)
    kept = given.output / "ablations.json"
    rows: dict[str, Row] = json.loads(kept.read_text()) if kept.exists() else {}
    for name in given.only:
        if name not in rows:
            folder = given.output / name.replace(" ", "-")
            rows[name] = trained(name, given.steps, stock, folder, given.clips)
            kept.write_text(json.dumps(rows, indent=1))
        if name == given.only[0]:
            print("| variant |", " | ".join(rows[name]), "|\n|---|" + "---|" * len(rows[name]))
        print(f"| {name} |", " | ".join(f"{v:.2f}" for v in rows[name].values()), "|", flush=True)


if __name__ == "__main__":
    main()
