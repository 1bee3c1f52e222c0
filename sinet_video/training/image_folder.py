"""Folders of images and masks: found, read, checked and written.

A labelled folder holds `images/NAME.jpg` (or .jpeg, .png) and `masks/NAME.png`, a mask of the
image's size in which 255 is the person and 0 is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image, ImageOps

from sinet_video.errors import InputError
from sinet_video.media.arrays import Array
from sinet_video.words import printable

OnBad = Literal["skip", "refuse"]
"""Whether unusable files are listed and left out, or stop everything."""

HALF = 128
"""Values of a mask from which on there is more person than background."""

SUFFIXES = (".jpg", ".jpeg", ".png")


@dataclass(frozen=True)
class Pair:
    """An image and its mask, not yet read."""

    image: Path
    mask: Path

    @property
    def name(self) -> str:
        """The file name without suffix, which both share."""
        return self.image.stem


@dataclass(frozen=True)
class Bad:
    """An unusable image, and why."""

    path: Path
    reason: str


@dataclass
class Listing:
    """The content of a labelled folder: pairs in name order, and unusable files."""

    pairs: list[Pair] = field(default_factory=list)
    bad: list[Bad] = field(default_factory=list)


def list_images(folder: Path) -> list[Path]:
    """Return a folder's images, by name. Raises `InputError` if there is no such folder."""
    if not folder.is_dir():
        raise InputError(f"There is no folder {folder}.")
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)


def list_pairs(folder: Path) -> Listing:
    """Return a labelled folder's pairs, unread; images without a mask are listed as bad.

    Raises `InputError` if there is no such folder, or nothing in it.
    """
    masks = {path.stem: path for path in list_images(folder / "masks")}
    listing = Listing()
    for image in list_images(folder / "images"):
        if image.stem in masks:
            listing.pairs.append(Pair(image, masks[image.stem]))
        else:
            listing.bad.append(Bad(image, f"no mask of its name in {folder / 'masks'}"))
    if not listing.pairs:
        raise InputError(
            f"{folder} holds no images with masks: images/NAME.jpg with masks/NAME.png is wanted."
        )
    return listing


def read_image(path: Path) -> Array:
    """Read a photograph upright: (H, W, 3) uint8, RGB. Raises `InputError`."""
    return _read(path, "RGB")


def read_mask(path: Path) -> Array:
    """Read a mask: (H, W) uint8, 255 for the person. Raises `InputError`."""
    return _read(path, "L")


def read_pair(pair: Pair) -> tuple[Array, Array]:
    """Read an image, (H, W, 3) uint8, and its mask, (H, W) uint8.

    Raises `InputError` with the reason if they are not usable.
    """
    image, mask = read_image(pair.image), read_mask(pair.mask)
    if image.shape[:2] != mask.shape:
        raise InputError(
            f"{pair.mask} is {mask.shape[1]}x{mask.shape[0]} and its image is "
            f"{image.shape[1]}x{image.shape[0]}; they must be of one size."
        )
    if 0 < mask.max() < HALF:
        raise InputError(
            f"{pair.mask} is nowhere brighter than {mask.max()} of 255, so nobody is in it; 255 is "
            "the person, and classes have to be made 0 and 255."
        )
    if mask.min() == mask.max():
        raise InputError(f"{pair.mask} is {mask.flat[0]} everywhere, which teaches nothing.")
    return image, mask


def write_image(path: Path, image: Array) -> None:
    """Write an image (H, W, 3) or a mask (H, W), uint8, in the format of its suffix."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # A network would learn the artefacts of a JPEG, so it is kept near lossless.
    Image.fromarray(np.ascontiguousarray(image)).save(path, quality=95)


def write_list(path: Path, items: Iterable[object]) -> None:
    """Write a text file with each item in a line of its own, whatever is in names of files."""
    path.write_text("".join(f"{printable(item)}\n" for item in items), encoding="utf-8")


def list_bad(bad: Sequence[Bad]) -> str:
    """Return unusable images and the reasons, one per line."""
    return "\n".join(f"{item.path}: {item.reason}" for item in bad)


def _read(path: Path, mode: str) -> Array:
    try:
        with Image.open(path) as image:
            return np.asarray(_in_8_bits(ImageOps.exif_transpose(image)).convert(mode))
    except (OSError, ValueError, SyntaxError) as error:
        raise InputError(f"{path} cannot be read as an image: {error}") from error


def _in_8_bits(image: Image.Image) -> Image.Image:
    """Return gray of 16 bits in 8, which Pillow would cut off instead."""
    if not image.mode.startswith("I;16"):
        return image
    return Image.fromarray(np.rint(np.asarray(image) / 257).astype(np.uint8))
