"""`sinet-video generate`: images with masks to train on, made from what there is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from sinet_video.cli.options.click_options import options_from, quiet_option
from sinet_video.cli.options.generate import (
    Canvas,
    Place,
    bad_option,
    exclude_option,
    folder_argument,
    option,
    output_option,
    print_summary,
    read_names,
    seed_option,
    share_option,
)
from sinet_video.cli.terminal.progress import Counting

from sinet_video.extras import extra_needed
from sinet_video.models.input_settings import OnnxInput

if TYPE_CHECKING:
    from sinet_video.train.image_folder import OnBad


@click.group(short_help="Make images with masks to train on.")
def generate() -> None:
    """Make images with masks to train on. Needs the extra train.

    Each command writes a folder: images/ and masks/, manifest.json with what every product was made
    of, rejected.txt, and contact sheets in sheets/ to look through.
    """


@generate.command()
@folder_argument
@output_option
@option(
    "--view",
    "views",
    type=click.Choice(["head", "half"]),
    multiple=True,
    default=("head", "half"),
    help="Head and shoulders, or down to the hips; again and again.",
)
@option("--each", type=int, default=1, help="How many crops of each view to draw from an image.")
@option("--smallest", type=int, default=72, metavar="PX", help="Least short side of a crop.")
@seed_option
@bad_option
@exclude_option
@quiet_option
def portraits(
    folder: Path,
    output: Path,
    views: tuple[str, ...],
    each: int,
    smallest: int,
    seed: int,
    on_bad: OnBad,
    exclude: Path | None,
    quiet: bool,
) -> None:
    """Cut portraits out of FOLDER, whole people in images/ and their masks in masks/."""
    excluded = read_names(exclude)
    with extra_needed("Generating"), Counting("photograph", quiet=quiet) as counting:
        from sinet_video.train.generate.portraits import PortraitSettings, cut_portraits

        settings = PortraitSettings(views=views, each=each, smallest=smallest)
        manifest = cut_portraits(
            folder,
            output,
            settings,
            seed=seed,
            on_bad=on_bad,
            excluded=excluded,
            progress=counting,
        )
    print_summary(manifest, output, excluded, quiet=quiet)


@generate.command("pseudo-labels")
@folder_argument
@output_option
@option(
    "--weights",
    "teachers",
    multiple=True,
    default=("default",),
    metavar="NAME|FILE",
    help="A teacher: default, official, or a .pth or .onnx file; again and again.",
)
@option(
    "--size",
    "sizes",
    type=click.IntRange(1024),
    multiple=True,
    default=(50_000, 100_000),
    metavar="PIXELS",
    help="How large teachers see an image; again and again.",
)
@share_option("--agreement", 0.9, "Least intersection over union of any opinion with the mean.")
@share_option("--confidence", 0.85, "Least share of pixels of which the mean is sure.")
@option(
    "--refine",
    type=click.Choice(["guided", "bilinear"]),
    default="guided",
    help="Fit the labels' edges to the image, or merely enlarge.",
)
@option(
    "--boxes",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="FOLDER",
    help="NAME.txt with the boxes around people, as YOLO writes them: keep only what agrees.",
)
@options_from(OnnxInput, "onnx")
@bad_option
@exclude_option
@quiet_option
def pseudo_labels(
    folder: Path,
    output: Path,
    teachers: tuple[str, ...],
    sizes: tuple[int, ...],
    agreement: float,
    confidence: float,
    refine: str,
    boxes: Path | None,
    onnx: OnnxInput,
    on_bad: OnBad,
    exclude: Path | None,
    quiet: bool,
) -> None:
    """Label FOLDER, portraits without masks, with what teachers agree on.

    Each teacher is asked about each image and its mirror image, at each size.
    """
    excluded = read_names(exclude)
    with extra_needed("Generating"), Counting("portrait", quiet=quiet) as counting:
        from sinet_video.train.generate.pseudo_labels import PseudoSettings, label_portraits

        settings = PseudoSettings(
            sizes,
            agreement,
            confidence,
            refined=refine == "guided",
            onnx=onnx,
        )
        manifest = label_portraits(
            folder,
            output,
            teachers,
            settings,
            on_bad=on_bad,
            excluded=excluded,
            boxes=boxes,
            progress=counting,
        )
    print_summary(manifest, output, excluded, quiet=quiet)


@generate.command()
@click.argument("people", type=click.Path(path_type=Path))
@click.argument("backgrounds", type=click.Path(path_type=Path))
@output_option
@option("--count", type=click.IntRange(1), default=100, help="How many images to make.")
@option(
    "--canvas",
    "canvases",
    type=Canvas(),
    multiple=True,
    default=("384x216", "320x240", "240x320", "216x384"),
    help="Size of the images; again and again, and one is drawn for each.",
)
@share_option("--light", 0.5, "The most by which a person's lightness follows the background.")
@share_option("--tint", 0.3, "Likewise for colours.")
@seed_option
@bad_option
@exclude_option
@quiet_option
def composites(
    people: Path,
    backgrounds: Path,
    output: Path,
    count: int,
    canvases: tuple[tuple[int, int], ...],
    light: float,
    tint: float,
    seed: int,
    on_bad: OnBad,
    exclude: Path | None,
    quiet: bool,
) -> None:
    """Put PEOPLE, a folder of images/ and masks/, before images of the folder BACKGROUNDS."""
    excluded = read_names(exclude)
    with extra_needed("Generating"), Counting("image", quiet=quiet) as counting:
        from sinet_video.train.generate.composites import CompositeSettings, make_composites

        settings = CompositeSettings(canvases, light=light, tint=tint)
        manifest = make_composites(
            people,
            backgrounds,
            output,
            count,
            settings,
            seed=seed,
            on_bad=on_bad,
            excluded=excluded,
            progress=counting,
        )
    print_summary(manifest, output, excluded, quiet=quiet)


@generate.command()
@click.argument("manifest", type=click.Path(path_type=Path))
@output_option
@click.option(
    "--source",
    "places",
    type=Place(),
    multiple=True,
    help="Where a folder of sources is now, by its name in the manifest; else where it was.",
)
@click.option(
    "--weights",
    "teachers",
    multiple=True,
    metavar="NAME|FILE",
    help="Where a teacher is now; once for each, in the manifest's order.",
)
@quiet_option
def repeat(
    manifest: Path,
    output: Path,
    places: tuple[tuple[str, Path], ...],
    teachers: tuple[str, ...],
    quiet: bool,
) -> None:
    """Make the products of MANIFEST again, bit for bit.

    It is an error, and nothing is written, when a source has changed or bytes come out otherwise.
    """
    with extra_needed("Generating"), Counting("product", quiet=quiet) as counting:
        from sinet_video.train.generate.repeat import repeat as make_again

        made = make_again(
            manifest, output, folders=dict(places), teachers=teachers, progress=counting
        )
    if not quiet:
        click.echo(f"Wrote {output}: {len(made.products)} products, all as they were.", err=True)
