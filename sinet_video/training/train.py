"""Training as one call: a recipe, its data, and a folder for what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sinet_video.cache import claimed
from sinet_video.checked import check_counts, check_lists, check_word
from sinet_video.errors import SettingError
from sinet_video.extras import extra_needed
from sinet_video.paths import check_paths

if TYPE_CHECKING:
    from sinet_video.decoding.access import StrPath
    from sinet_video.training.image_folder import Bad, OnBad
    from sinet_video.training.recipe import Recipe
    from sinet_video.training.trainer import Progress


def train(
    data: StrPath,
    output: StrPath,
    *,
    recipe: str | Path | Recipe = "default",
    changes: Sequence[str] = (),
    steps: int | None = None,
    device: str = "cpu",
    checkpoint: int = 250,
    on_bad: OnBad = "skip",
    skipped: Callable[[Bad], None] = lambda bad: None,
    progress: Progress = lambda row: None,
    stop: Callable[[], bool] = lambda: False,
) -> Path:
    """Train SINet on images with masks; return the path of the weights, `output/weights.pth`.

    The output folder also gets `checkpoint.pth`, `curves.csv`, `curves.png`, `training.json` and
    the names that were held out. If it has a checkpoint of the same recipe the training goes on
    from there, and ends with the weights that it would have had without the interruption.

    Args:
        data: the folder that holds the folders which the recipe names.
        output: the folder for the results; made if it is missing.
        recipe: "default", "paper", the path of a TOML file, or a `Recipe`.
        changes: values of the recipe to change, such as "seed=2" or "stages.*.rate=1e-3".
        steps: steps of all stages together, instead of the recipe's.
        device: "cpu" or "cuda".
        checkpoint: steps between checkpoints, at least 1.
        on_bad: "skip" leaves out images that cannot be used; "refuse" raises `InputError`.
        skipped: called with each that is left out.
        progress: called with each row of the curves: a dict of the stage, the step, the losses and,
            now and then, the scores on watched images.
        stop: asked after every step; if it answers True, a checkpoint is written and
            `sinet_video.training.trainer.StoppedError` raised.

    Needs the extra `train`. Raises `SettingError` for a recipe or device that cannot be, and
    `InputError` for data that cannot be used or a checkpoint of another recipe, `OutputError` if
    another training is at work in the same folder.
    """
    check_paths(data=data, output=output)
    if str(device).partition(":")[0] not in ("cpu", "cuda"):
        raise SettingError(f"Device is {device!r}; it must be cpu or cuda.")
    check_lists(changes=changes)
    check_counts(checkpoint=checkpoint, steps=1 if steps is None else steps)
    with extra_needed("Training", "train"):
        from sinet_video.training.course import read_checkpoint
        from sinet_video.training.image_folder import OnBad
        from sinet_video.training.provenance import write_record
        from sinet_video.training.recipe import Recipe, load_recipe
        from sinet_video.training.samples.photographs import load_stock
        from sinet_video.training.trainer import Pace, run_recipe

        check_word("on_bad", on_bad, OnBad)
        data, output = Path(data), Path(output)
        if not isinstance(recipe, Recipe):
            recipe = load_recipe(str(recipe), changes, steps=steps)
        recipe.data.check(data, recipe.name)
        with claimed([output]):
            read_checkpoint(recipe, output)  # before anything is written beside another training's
            stock = load_stock(recipe.data, data, refuse=on_bad == "refuse")
            output.mkdir(parents=True, exist_ok=True)
            write_record(recipe, stock, data, output)
            for bad in stock.bad:
                skipped(bad)
            pace = Pace(checkpoint=checkpoint)
            run_recipe(
                recipe, stock, output, device=device, pace=pace, progress=progress, stop=stop
            )
    return output / "weights.pth"
