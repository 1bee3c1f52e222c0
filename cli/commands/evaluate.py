"""`sinet-video evaluate`: mattes measured against ground truth."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click
from sinet_video.cli.options.click_options import (
    option,
    options_from,
    overwrite_option,
    quiet_option,
    report_option,
)
from sinet_video.cli.options.command import Command
from sinet_video.cli.options.generate import read_names
from sinet_video.cli.terminal.progress import Ticker
from sinet_video.cli.terminal.reports import check_reports, write_report, write_text

from sinet_video.errors import SettingError
from sinet_video.extras import extra_needed
from sinet_video.pipeline.settings import Settings

if TYPE_CHECKING:
    from sinet_video.training.evaluate.clips import Stage
    from sinet_video.training.image_folder import OnBad

MEASURING = "Measuring"
"""Heading of the options that choose what is measured."""

SHEET_ENDINGS = (".png", ".jpg", ".jpeg")


SEVERAL = "sinet_video.several"
"""All the values that an option was given, in the context's notes."""


def repeatable(command: click.Command, name: str) -> click.Command:
    """Let an option be given several times: settings get the first value, notes have them all."""
    (option,) = (each for each in command.params if each.name == name)
    option.multiple, option.default = True, (option.default,)

    def first(ctx: click.Context, _: click.Parameter, values: tuple[str, ...]) -> str:
        ctx.meta[SEVERAL] = values
        return values[0]

    option.callback = first
    return command


@click.command(cls=Command)
@click.argument("data", nargs=-1)
@options_from(Settings, "settings")
@option(
    "--stage",
    "stages",
    type=click.Choice(["network", "refined", "pipeline"]),
    multiple=True,
    default=("network", "pipeline"),
    group=MEASURING,
    brief=True,
    help="What to measure: the network's alpha enlarged, or refined, or the whole pipeline of run. "
    "Can be repeated.",
)
@option(
    "--predictions",
    metavar="FOLDER",
    group=MEASURING,
    brief=True,
    help="Measure the mattes NAME.png in this folder instead of those of a network.",
)
@option(
    "--names",
    "only",
    type=click.Path(path_type=Path),
    metavar="FILE",
    group=MEASURING,
    brief=True,
    help="Measure only the images listed in this file: names without extensions, one per line.",
)
@option(
    "--recipe",
    metavar="NAME|FILE",
    group=MEASURING,
    brief=True,
    help="DATA is a data folder for train: measure only what this recipe holds out from training, "
    "including images without people.",
)
@option(
    "--empty",
    is_flag=True,
    group=MEASURING,
    brief=True,
    help="DATA are folders of images without people: measure how often something is found.",
)
@option(
    "--matte",
    metavar="FILE",
    group=MEASURING,
    brief=True,
    help="Measure this matte video: gray, or with alpha.",
)
@option(
    "--truth",
    metavar="FILE",
    group=MEASURING,
    brief=True,
    help="Ground-truth alpha that --matte is compared with, frame by frame.",
)
@option(
    "--on-bad",
    "on_bad",
    type=click.Choice(["skip", "refuse"]),
    default="skip",
    group=MEASURING,
    brief=True,
    help="What to do if something cannot be measured: report it and continue, or stop.",
)
@option(
    "--sheet",
    metavar="FILE",
    group=MEASURING,
    brief=True,
    help="Write an image with the ten worst results of each row of the table.",
)
@report_option
@overwrite_option
@quiet_option
def evaluate(
    data: tuple[str, ...],
    settings: Settings,
    stages: tuple[Stage, ...],
    predictions: str | None,
    only: Path | None,
    recipe: str | None,
    empty: bool,
    matte: str | None,
    truth: str | None,
    on_bad: OnBad,
    sheet: str | None,
    report_file: str | None,
    overwrite: bool,
    quiet: bool,
) -> None:
    """Measure mattes against ground truth and print a table.

    DATA is a folder of images/NAME.jpg and masks/NAME.png, a folder of clips NAME.mp4 with their
    true alpha NAME.alpha.mkv, or one such clip. To compare networks, give --weights several times.

    For images it prints the intersection over union of the person (IoU), its average with that of
    the background (mIoU), and the accuracy of the outline (F). For clips it prints the mean
    absolute and squared error (MAD, MSE), gradient, connectivity and flicker (dtSSD) errors, and
    MAD around soft edges; "soft" is the share of pixels that are neither background nor person,
    beside the same of the ground truth. For images without people it prints in what share of them
    a person is found, over more than 0.5 % of the image, and the mean area found.
    """
    from sinet_video.training.evaluate.evaluate import check_given

    check_given(data, matte, truth)
    _check_sheet(sheet)
    _check_kind(recipe, only, empty)
    reads = {f"input {place}": place for place in data} | {"matte": matte, "truth": truth}
    reads |= {"predictions": predictions, "list": str(only) if only else None}
    check_reports({"report": report_file, "sheet": sheet}, reads, overwrite=overwrite)
    names = read_names(only) if only else None
    with extra_needed("Measuring", "train"):
        from sinet_video.cli.terminal.score_tables import tables

        from sinet_video.decoding.access import Source
        from sinet_video.training.evaluate.evaluate import evaluate as measured
        from sinet_video.training.evaluate.run import draw_worst

        methods = one_by_one(settings)
        found = measured(
            *data,
            settings=methods,
            stages=stages,
            matte=Source(matte, settings.allow) if matte else None,
            truth=Source(truth, settings.allow) if truth else None,
            predictions=predictions,
            names=names,
            recipe=recipe,
            empty=empty,
            on_bad=on_bad,
            watch=partial(Ticker, quiet=quiet),
            skipped=lambda bad: click.echo(f"Skipped {bad.path}: {bad.reason}", err=True),
        )
        if sheet:
            draw_worst(found.results, Path(sheet))
    if report_file != "-":
        write_text(tables(found.results))
    if report_file:
        report = {
            "options": {**asdict(settings), "weights": [str(one.weights) for one in methods]},
            "results": [scores.to_dict() for scores in found.results],
            "bad": [{"path": str(item.path), "reason": item.reason} for item in found.bad],
        }
        write_report(report_file, json.dumps(report, indent=2), overwrite=overwrite)


repeatable(evaluate, "weights")


def one_by_one(settings: Settings) -> list[Settings]:
    """Return settings with one of the weights each."""
    weights: tuple[str, ...] = click.get_current_context().meta[SEVERAL]
    return [replace(settings, weights=name) for name in weights]


def _check_kind(recipe: str | None, only: Path | None, empty: bool) -> None:
    if recipe and (only or empty):
        raise SettingError(
            f"--recipe says which images count; leave out {'--names' if only else '--empty'}."
        )


def _check_sheet(sheet: str | None) -> None:
    if sheet and Path(sheet).suffix.lower() not in SHEET_ENDINGS:
        raise SettingError(
            f"The sheet is {sheet}; it must end in one of {', '.join(SHEET_ENDINGS)}."
        )
