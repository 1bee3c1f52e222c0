"""The contribution of each ingredient of the recipe: trainings that differ in one thing.

    python benchmarks/ablations.py DATA -o FOLDER [--steps 800] [--clips FOLDER] [--only NAME ...]

All have the same budget. Each is trained from scratch with the default recipe's first stage, cut to
`steps` steps with the rate falling to zero. It is measured on the images that the recipe sets aside
or holds out and, if given, on clips with true alpha (the network alone). Prints a table. FOLDER
keeps each training, and an interrupted run is resumed.
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Callable
from pathlib import Path

from sinet_video.models.load import load_segmenter
from sinet_video.pipeline.settings import Settings
from sinet_video.training.datasets import Labelled
from sinet_video.training.evaluate.clips import evaluate_clip, list_clips, staged
from sinet_video.training.evaluate.images import by_network, evaluate_folder
from sinet_video.training.recipe import Recipe, Stage, load_recipe
from sinet_video.training.samples.photographs import Stock, load_stock
from sinet_video.training.trainer import run_recipe

Change = Callable[[Stage], Stage]


def within(part: str, **changes: object) -> Change:
    """Return a function that changes settings of a stage's loss, views or light."""
    return lambda stage: dataclasses.replace(
        stage, **{part: dataclasses.replace(getattr(stage, part), **changes)}
    )


def dark(stage: Stage) -> Stage:
    """Leave colours and sharpness unchanged."""
    return dataclasses.replace(stage, light=type(stage.light)())


SQUARE = ((128, 128),)
LOVASZ = {"entropy": 0.0, "boundary": 0.0, "dice": 0.0, "lovasz": 1.0, "boundary_lovasz": 0.5}

VARIANTS: dict[str, Change] = {
    "as it is": lambda stage: stage,
    "AdamW in place of Muon": lambda s: dataclasses.replace(s, optimiser="adamw"),
    "absolute error as well": within("loss", absolute=2.0),
    "parts coloured anew": within("views", patches=0.3),
    "no made scenes": within("views", made=0.0),
    "no patterns behind": within("views", pattern=0.0),
    "squashed to squares": lambda s: dataclasses.replace(
        within("views", squash=True)(s), shapes=SQUARE
    ),
    "no boundary loss": within("loss", boundary=0.0),
    "no Dice": within("loss", dice=0.0),
    "no loss at an eighth": within("loss", coarse=0.0),
    "Lovasz in place of entropy": within("loss", **LOVASZ),
    "hard labels": within("loss", soft=False),
    "no averaging of weights": lambda stage: dataclasses.replace(stage, average=0.0),
    "no change of light": dark,
    "steadiness on moved views": lambda s: within("loss", steady=1.0)(
        within("views", moved=0.25)(s)
    ),
    "portraits only": lambda stage: stage,
}


def shortened(recipe: Recipe, name: str, steps: int) -> Recipe:
    """Return the recipe of one variant."""
    first = dataclasses.replace(
        recipe.stages[0], name="short", steps=steps, floor=0.0, warmup=min(100, steps // 4)
    )
    data = recipe.data
    if name == "portraits only":
        kept = tuple(_unseen(own) if own.whole else own for own in data.labelled)
        data = dataclasses.replace(data, labelled=kept)
    stages = (VARIANTS[name](first),)
    return dataclasses.replace(recipe, name=name, data=data, stages=stages)


def _unseen(labelled: Labelled) -> Labelled:
    return dataclasses.replace(labelled, weight=0.0)


def measured(weights: Path, stock: Stock, root: Path, clips: Path | None) -> dict[str, float]:
    """Return foreground IoU x 100 by folder, and for clips MAD x 1000 and dtSSD x 100."""
    segmenter = load_segmenter(weights)
    figures = {}
    for folder, pairs in stock.validation.items():
        names = frozenset(pair.name for pair in [*pairs, *stock.holdout[folder]])
        scores = evaluate_folder(root / folder, by_network(segmenter), names=names)
        figures[folder] = 100 * scores.mean.foreground_iou
    if clips:
        own = staged(Settings(segmenter=segmenter), "network")
        found = [evaluate_clip(clip, own).mean for clip in list_clips(clips)[0]]
        figures["MAD"] = 1000 * sum(f.mad for f in found) / len(found)
        figures["dtSSD"] = 100 * sum(f.dtssd for f in found) / len(found)
    return figures


def main() -> None:
    """Train, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=800)
    parser.add_argument("--clips", type=Path)
    parser.add_argument("--only", nargs="+", choices=list(VARIANTS), default=list(VARIANTS))
    given = parser.parse_args()
    recipe = load_recipe("default")
    stock = load_stock(recipe.data, given.data)
    for index, name in enumerate(given.only):
        folder = given.output / name.replace(" ", "-")
        own = shortened(recipe, name, given.steps)
        stock.weights = [labelled.weight for labelled in own.data.labelled]
        run_recipe(own, stock, folder)
        figures = measured(folder / "weights.pth", stock, given.data, given.clips)
        if index == 0:
            print("| variant |", " | ".join(figures), "|\n|---|" + "---|" * len(figures))
        print(f"| {name} |", " | ".join(f"{v:.2f}" for v in figures.values()), "|", flush=True)


if __name__ == "__main__":
    main()
