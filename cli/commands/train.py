"""`sinet-video train`: weights from images with masks."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from sinet_video.cli.options.click_options import own_option, quiet_option
from sinet_video.cli.options.command import GroupedCommand
from sinet_video.cli.options.generate import bad_option, folder_argument
from sinet_video.cli.terminal.signals import interrupts, status_of

from sinet_video.cache import cache_folder
from sinet_video.extras import extra_needed

if TYPE_CHECKING:
    from sinet_video.training.curves import Row
    from sinet_video.training.image_folder import OnBad
    from sinet_video.training.recipe import Stage


RESULT, TRAINING = "Result", "Training"
"""Headings of these options."""

CACHES = {"MPLCONFIGDIR": "matplotlib", "TORCHINDUCTOR_CACHE_DIR": "torch"}
"""Variables by which libraries are told where to keep what they would keep elsewhere."""


@click.command(cls=GroupedCommand)
@folder_argument
@own_option(
    RESULT,
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Folder for the weights. If it has a checkpoint of the same recipe, training continues.",
)
@own_option(
    TRAINING,
    "--recipe",
    default="default",
    metavar="NAME|FILE",
    help="Training recipe: default, paper, or a TOML file.",
)
@own_option(
    TRAINING,
    "--device",
    type=click.Choice(["cpu", "cuda"]),
    default="cpu",
    help="Device to train on.",
)
@own_option(
    TRAINING,
    "--checkpoint",
    type=click.IntRange(1),
    default=250,
    metavar="STEPS",
    help="Steps between checkpoints.",
)
@own_option(
    TRAINING,
    "--steps",
    type=click.IntRange(1),
    metavar="STEPS",
    help="Total number of steps, divided among the stages, instead of the recipe's.",
)
@own_option(
    TRAINING,
    "--set",
    "changes",
    multiple=True,
    metavar="KEY=VALUE",
    help="Change a value of the recipe, such as seed=2, stages.*.rate=1e-3 or data.empty=[]. "
    "Can be repeated.",
)
@bad_option
@quiet_option
def train(
    folder: Path,
    output: Path,
    recipe: str,
    device: str,
    checkpoint: int,
    steps: int | None,
    changes: tuple[str, ...],
    on_bad: OnBad,
    quiet: bool,
) -> None:
    """Train SINet on the images and masks in FOLDER, of which a recipe names the folders.

    The output folder gets checkpoint.pth, curves.csv and curves.png during training and weights.pth
    at the end. Ctrl-C and SIGTERM write a checkpoint first. After an interruption the same command
    continues and ends with the same weights.
    """
    for variable, name in CACHES.items():
        os.environ.setdefault(variable, str(cache_folder() / name))
    with extra_needed("Training", "train"):
        from sinet_video.training.kernels.build import built, unavailable_reason
        from sinet_video.training.recipe import load_recipe
        from sinet_video.training.train import train as train_network
        from sinet_video.training.trainer import StoppedError

        chosen = load_recipe(recipe, changes, steps=steps)
        if device == "cpu" and not quiet and not built():
            click.echo("Compiling the training's kernels, once: about a minute.", err=True)
        if device == "cpu" and not quiet and (reason := unavailable_reason()):
            click.echo(f"slower than need be: {reason}", err=True)
        shown = _Shown(chosen.stages, quiet=quiet)
        with interrupts() as stop:
            try:
                weights = train_network(
                    folder,
                    output,
                    recipe=chosen,
                    device=device,
                    checkpoint=checkpoint,
                    on_bad=on_bad,
                    skipped=lambda bad: click.echo(f"skipped {bad.path}: {bad.reason}", err=True),
                    progress=shown,
                    stop=stop,
                )
            except StoppedError as stopped:
                click.echo(
                    f"Stopped at step {stopped.step} of {shown.steps}. {output / 'checkpoint.pth'} "
                    "is written; the same command goes on from there.",
                    err=True,
                )
                sys.exit(status_of(stop.number or signal.SIGINT))
    if not quiet:
        click.echo(f"{weights}", err=True)


class _Shown:
    """Says how far a training is and how long it will take, a line for each row of its curves."""

    def __init__(self, stages: Sequence[Stage], *, quiet: bool) -> None:
        self.steps = sum(stage.steps for stage in stages)
        self._costs = [cost for stage in stages for cost in [_cost(stage)] * stage.steps]
        self._quiet, self._start = quiet, time.monotonic()
        self._first: tuple[int, float] | None = None

    def __call__(self, row: Row) -> None:
        if self._quiet:
            return
        step, now = int(row["step"]), time.monotonic()
        numbers = {k: v for k, v in row.items() if isinstance(v, float) and k != "rate"}
        parts = " ".join(f"{name} {value:.4f}" for name, value in numbers.items())
        left = self._left(step, now)
        said = f"{now - self._start:.0f} s" + (f", {left} left" if left else "")
        click.echo(f"{step}/{self.steps} {row['stage']} {said}: {parts}", err=True)

    def _left(self, step: int, now: float) -> str:
        """Return the time left, by what the steps since the first row took."""
        if self._first is None:
            self._first = step, now
        begun, since = self._first
        done, ahead = sum(self._costs[begun:step]), sum(self._costs[step:])
        return shown_time(ahead * (now - since) / done) if done and ahead else ""


def _cost(stage: Stage) -> float:
    """Return what a step costs, in pixels of samples."""
    return stage.batch * sum(height * width for height, width in stage.shapes) / len(stage.shapes)


def shown_time(seconds: float) -> str:
    """Return a time as people say it: "40 s", "12 min", "3 h 20 min"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
