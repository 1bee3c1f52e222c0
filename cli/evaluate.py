"""`sinet-video evaluate`: how right mattes are."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click
from sinet_video.cli.command import Command
from sinet_video.cli.extras import extra_needed
from sinet_video.cli.generate_options import read_names
from sinet_video.cli.options import (
    option,
    options_from,
    overwrite_option,
    quiet_option,
    report_option,
)
from sinet_video.cli.progress import ticking
from sinet_video.cli.reports import check_reports, write_json, write_text

from sinet_video.errors import SettingError
from sinet_video.pipeline.settings import Settings

if TYPE_CHECKING:
    from sinet_video.train.evaluate.clips import Stage
    from sinet_video.train.image_folder import OnBad

MEASURING = "Measuring"
"""The heading of the options that say what is measured."""

SHEET_ENDINGS = (".png", ".jpg", ".jpeg")


def repeatable(command: click.Command, name: str) -> click.Command:
    """Let an option that other commands take once be given several times to this one."""
    for param in command.params:
        if isinstance(param, click.Option) and param.name == name:
            param.multiple, param.default = True, (param.default,)
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
    help="Again and again: the network's alpha merely enlarged, refined, or all that run would do.",
)
@option(
    "--predictions",
    metavar="FOLDER",
    group=MEASURING,
    brief=True,
    help="Instead of a network's, mattes NAME.png of a folder's pictures.",
)
@option(
    "--names",
    "only",
    type=click.Path(path_type=Path),
    metavar="FILE",
    group=MEASURING,
    brief=True,
    help="Only these pictures of a folder: names without endings, one a line.",
)
@option(
    "--matte",
    metavar="FILE",
    group=MEASURING,
    brief=True,
    help="A matte video of anybody's: gray, or with alpha.",
)
@option(
    "--truth",
    metavar="FILE",
    group=MEASURING,
    brief=True,
    help="What --matte is compared with, frame by frame.",
)
@option(
    "--on-bad",
    "on_bad",
    type=click.Choice(["skip", "refuse"]),
    default="skip",
    group=MEASURING,
    brief=True,
    help="Name what cannot be measured and go on, or stop there.",
)
@option(
    "--sheet",
    metavar="FILE",
    group=MEASURING,
    brief=True,
    help="Draw the worst ten of each row into a picture.",
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
    matte: str | None,
    truth: str | None,
    on_bad: OnBad,
    sheet: str | None,
    report_file: str | None,
    overwrite: bool,
    quiet: bool,
) -> None:
    """Measure mattes against what is true, and print a table.

    DATA is a folder of images/NAME.jpg and masks/NAME.png, a folder of clips NAME.mp4 with their
    true alpha NAME.alpha.mkv, or such a clip. --weights may be given several times, to compare.

    Of pictures: intersection over union of the person (IoU) and averaged with the background's
    (mIoU), and how well the outline follows (F). Of clips: mean absolute and squared error (MAD,
    MSE), gradient, connectivity, flicker (dtSSD), and MAD around soft edges. "Soft" is the share
    of pixels that are neither background nor person, and what it is in truth.
    """
    _check(data, matte, truth, sheet)
    reads = {f"input {place}": place for place in data} | {"matte": matte, "truth": truth}
    reads |= {"predictions": predictions, "list": str(only) if only else None}
    check_reports({"report": report_file, "sheet": sheet}, reads, overwrite=overwrite)
    names = read_names(only) if only else None
    with extra_needed("Measuring"):
        from sinet_video.cli.tables import tables

        from sinet_video.decoding.access import Source
        from sinet_video.train.evaluate.run import Evaluation, draw_worst

        each = [(str(one.weights), one) for one in one_by_one(settings)]
        work = Evaluation(
            each,
            stages,
            predictions=predictions,
            names=names,
            on_bad=on_bad,
            watch=partial(ticking, quiet=quiet),
            skipped=lambda bad: click.echo(f"Skipped {bad.path}: {bad.reason}", err=True),
        )
        if matte and truth:
            work.matte(Source(matte, settings.allow), Source(truth, settings.allow))
        for place in data:
            work.place(Path(place))
        results = work.results()
        if sheet:
            draw_worst(results, Path(sheet))
    if report_file != "-":
        write_text(tables(results))
    if report_file:
        report = {
            "options": asdict(settings),
            "results": [scores.to_dict() for scores in results],
            "bad": [{"path": str(item.path), "reason": item.reason} for item in work.bad],
        }
        write_json(report_file, json.dumps(report, indent=2), overwrite=overwrite)


repeatable(evaluate, "weights")


def one_by_one(settings: Settings) -> list[Settings]:
    """Return settings with one of the weights each."""
    # `repeatable` made it several.
    return [replace(settings, weights=name) for name in cast(tuple[str, ...], settings.weights)]


def _check(data: tuple[str, ...], matte: str | None, truth: str | None, sheet: str | None) -> None:
    if bool(matte) != bool(truth):
        raise SettingError("A matte and what is true belong together; give both files.")
    if not data and not matte:
        raise SettingError(
            "There is nothing to measure; give a folder of images/ and masks/, a folder of clips "
            "with NAME.alpha.mkv beside each, or a matte and a true one."
        )
    if sheet and Path(sheet).suffix.lower() not in SHEET_ENDINGS:
        raise SettingError(
            f"The sheet is {sheet}; it must end in one of {', '.join(SHEET_ENDINGS)}."
        )
