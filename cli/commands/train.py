"""`sinet-video train`: weights from images with masks."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click
from sinet_video.cli.options.click_options import own_option, quiet_option
from sinet_video.cli.options.command import GroupedCommand
from sinet_video.cli.options.generate import bad_option, folder_argument

from sinet_video.extras import extra_needed

if TYPE_CHECKING:
    from sinet_video.train.curves import Row
    from sinet_video.train.image_folder import OnBad


RESULT, TRAINING = "Result", "Training"
"""Headings of these options."""


@click.command(cls=GroupedCommand, short_help="Train the network.")
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
    help="Write a checkpoint every so many steps.",
)
@bad_option
@quiet_option
def train(
    folder: Path,
    output: Path,
    recipe: str,
    device: str,
    checkpoint: int,
    on_bad: OnBad,
    quiet: bool,
) -> None:
    """Train SINet on the images and masks in FOLDER; a recipe names its folders.

    The output folder gets checkpoint.pth, curves.csv and curves.png during training and weights.pth
    at the end. After an interruption the same command continues and ends with the same weights.
    """
    with extra_needed("Training"):
        from sinet_video.train.fused_layers import unavailable_reason
        from sinet_video.train.provenance import write_record
        from sinet_video.train.recipe import load_recipe
        from sinet_video.train.samples.photographs import load_stock
        from sinet_video.train.trainer import Pace, read_checkpoint
        from sinet_video.train.trainer import train as train_network

        chosen = load_recipe(recipe)
        read_checkpoint(chosen, output)  # before anything is written beside another training's
        stock = load_stock(chosen.data, folder, refuse=on_bad == "refuse")
        output.mkdir(parents=True, exist_ok=True)
        write_record(chosen, stock, folder, output)
        for item in stock.bad:
            click.echo(f"skipped {item.path}: {item.reason}", err=True)
        if device == "cpu" and not quiet and (reason := unavailable_reason()):
            click.echo(f"slower than need be: {reason}", err=True)
        shown = _Shown(sum(stage.steps for stage in chosen.stages), quiet=quiet)
        pace = Pace(checkpoint=checkpoint)
        train_network(chosen, stock, output, device=device, pace=pace, progress=shown)
    if not quiet:
        click.echo(f"{output / 'weights.pth'}", err=True)


class _Shown:
    """Says how far a training is, a line for each row of its curves."""

    def __init__(self, steps: int, *, quiet: bool) -> None:
        self._steps, self._quiet, self._start = steps, quiet, time.monotonic()

    def __call__(self, row: Row) -> None:
        if self._quiet:
            return
        numbers = {k: v for k, v in row.items() if isinstance(v, float) and k != "rate"}
        parts = " ".join(f"{name} {value:.4f}" for name, value in numbers.items())
        spent = time.monotonic() - self._start
        click.echo(f"{row['step']}/{self._steps} {row['stage']} {spent:.0f} s: {parts}", err=True)
