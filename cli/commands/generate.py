"""`sinet-video generate`: images with masks to train on, made from what there is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from sinet_video.cli.options.click_options import options_from, own_option, quiet_option
from sinet_video.cli.options.command import GroupedCommand
from sinet_video.cli.options.generate import (
    SOURCES,
    Canvas,
    Place,
    bad_option,
    exclude_option,
    folder_argument,
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
    from sinet_video.training.image_folder import OnBad


CROPS, TEACHERS, LABELS, COMPOSITES = "Crops", "Teachers", "Labels", "Composites"
"""Headings of these options."""


@click.group()
def generate() -> None:
    """Make training images with masks. Needs the extra train.

    Each command writes a folder with images/ and masks/, a manifest.json that records what every
    product was made of, rejected.txt, and contact sheets in sheets/.
    """


@generate.command(cls=GroupedCommand)
@folder_argument
@output_option
@own_option(
    CROPS,
    "--view",
    "views",
    type=click.Choice(["head", "half"]),
    multiple=True,
    default=("head", "half"),
    help="Head and shoulders, or down to the hips. Can be repeated.",
)
@own_option(CROPS, "--each", type=int, default=1, help="Crops of each view per image.")
@own_option(
    CROPS, "--smallest", type=int, default=72, metavar="PX", help="Minimum short side of a crop."
)
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
    """Cut portraits out of FOLDER, with whole people in images/ and their masks in masks/."""
    excluded = read_names(exclude)
    with extra_needed("Generating", "train"), Counting("photograph", quiet=quiet) as counting:
        from sinet_video.training.generate.portraits import PortraitSettings, cut_portraits

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


@generate.command("pseudo-labels", cls=GroupedCommand)
@folder_argument
@output_option
@own_option(
    TEACHERS,
    "--weights",
    "teachers",
    multiple=True,
    default=("default",),
    metavar="NAME|FILE",
    help="A teacher: default, official, or a .pth or .onnx file. Can be repeated.",
)
@own_option(
    TEACHERS,
    "--size",
    "sizes",
    type=click.IntRange(1024),
    multiple=True,
    default=(50_000, 100_000),
    metavar="PIXELS",
    help="Size at which teachers see an image. Can be repeated.",
)
@share_option(LABELS, "--agreement", 0.9, "Minimum IoU of each teacher's mask with the mean.")
@share_option(LABELS, "--confidence", 0.85, "Minimum share of pixels where the mean is confident.")
@own_option(
    LABELS,
    "--refine",
    type=click.Choice(["guided", "bilinear"]),
    default="guided",
    help="guided fits the labels to the edges in the image; bilinear only enlarges them.",
)
@own_option(
    LABELS,
    "--boxes",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="FOLDER",
    help="Folder of NAME.txt with boxes around people, in YOLO format: keep only labels that "
    "agree with them.",
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
    """Label portraits without masks in FOLDER, where the teacher networks agree.

    Each teacher sees each image and its mirror image, at each size.
    """
    excluded = read_names(exclude)
    with extra_needed("Generating", "train"), Counting("portrait", quiet=quiet) as counting:
        from sinet_video.training.generate.pseudo_labels import PseudoSettings, label_portraits

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


@generate.command(cls=GroupedCommand)
@click.argument("people", type=click.Path(path_type=Path))
@click.argument("backgrounds", type=click.Path(path_type=Path))
@output_option
@own_option(
    COMPOSITES, "--count", type=click.IntRange(1), default=100, help="Number of images to make."
)
@own_option(
    COMPOSITES,
    "--canvas",
    "canvases",
    type=Canvas(),
    multiple=True,
    default=("384x216", "320x240", "240x320", "216x384"),
    help="Size of the images. Can be repeated; one is drawn for each image.",
)
@share_option(COMPOSITES, "--light", 0.5, "How far a person's lightness follows the background.")
@share_option(COMPOSITES, "--tint", 0.3, "How far a person's colours follow the background.")
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
    """Put PEOPLE, a folder of images/ and masks/, in front of images from BACKGROUNDS."""
    excluded = read_names(exclude)
    with extra_needed("Generating", "train"), Counting("image", quiet=quiet) as counting:
        from sinet_video.training.generate.composites import CompositeSettings, make_composites

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


@generate.command(cls=GroupedCommand)
@click.argument("manifest", type=click.Path(path_type=Path))
@output_option
@own_option(
    SOURCES,
    "--source",
    "places",
    type=Place(),
    multiple=True,
    help="New path of a source folder, by its name in the manifest. Can be repeated.",
)
@own_option(
    SOURCES,
    "--weights",
    "teachers",
    multiple=True,
    metavar="NAME|FILE",
    help="A teacher of the manifest; give one for each, in the manifest's order.",
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

    If a source has changed or the bytes differ, this is an error and nothing is written.
    """
    with extra_needed("Generating", "train"), Counting("product", quiet=quiet) as counting:
        from sinet_video.training.generate.repeat import repeat as make_again

        made = make_again(
            manifest, output, folders=dict(places), teachers=teachers, progress=counting
        )
    if not quiet:
        click.echo(f"Wrote {output}: {len(made.products)} products, all as they were.", err=True)
