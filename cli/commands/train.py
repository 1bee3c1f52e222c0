"""`sinet-video train`: weights from images with masks."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click
from sinet_video.cli.options.click_options import quiet_option
from sinet_video.cli.options.generate import bad_option, folder_argument

from sinet_video.extras import extra_needed

if TYPE_CHECKING:
    from sinet_video.train.curves import Row
    from sinet_video.train.image_folder import OnBad


@click.command(short_help="Train the network.")
@folder_argument
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Where weights go; one with a checkpoint of the same recipe is gone on with.",
)
@click.option(
    "--recipe",
    default="default",
    show_default=True,
    metavar="NAME|FILE",
    help="How: default, paper, or a TOML file of your own.",
)
@click.option(
    "--device",
    type=click.Choice(["cpu", "cuda"]),
    default="cpu",
    show_default=True,
    help="Where to compute.",
)
@click.option(
    "--checkpoint",
    type=click.IntRange(1),
    default=250,
    show_default=True,
    metavar="STEPS",
    help="How often it is written down where the training is.",
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
    """Train SINet on what FOLDER holds, by a recipe that names the folders in it.

    OUTPUT is a folder: weights.pth at the end; while it works checkpoint.pth, curves.csv and
    curves.png. The same command goes on after an interruption, and ends in the same weights.
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
