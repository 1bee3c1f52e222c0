"""The folder that generating writes: whole or not at all, with its manifest, lists and sheets.

images/NAME.jpg   masks/NAME.png     what can be trained on
manifest.json                        see `sinet_video.training.generate.manifest`
rejected.txt                         what was not kept, and why, one a line
sheets/kept-001.jpg ...              to look through
sheets/rejected-001.jpg ...
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from sinet_video.atomic import translate_write_errors, whole_folder
from sinet_video.errors import OutputError, SettingError
from sinet_video.media.arrays import Array
from sinet_video.training.contact_sheet import Tile, draw_sheet, overlay
from sinet_video.training.generate.manifest import (
    FILE,
    Manifest,
    Product,
    Rejection,
    Source,
    Values,
    digest,
)
from sinet_video.training.image_folder import read_image, write_image, write_list

TILES_A_SHEET = 50
TILE = 200
"""Longer side of a tile in pixels."""

CAPTION_LENGTH = 33
"""Letters that fit under a tile."""

STRUCK_OUT = "struck out by hand"


Progress = Callable[[int, int], None]
"""Called with the number finished, and the total."""


class Rejected(Exception):  # noqa: N818  it is no error: photographs that do not do are many
    """Something is not good enough; its text is the reason, in a few words."""


def silent(done: int, total: int) -> None:
    """Ignore progress."""


def check_free(path: Path) -> None:
    """Raise `OutputError` unless `path` is free for a folder: missing, or an empty folder."""
    if path.is_dir() and not any(path.iterdir()):
        return
    if path.exists() or path.is_symlink():
        raise OutputError(f"{path} is there already; give a new folder or an empty one.")


def check_person(least: float, most: float) -> None:
    """Raise `SettingError` for what is no range of the share of an image that is person."""
    if not 0 <= least < most <= 1:
        raise SettingError(
            f"The person's share is from {least} to {most}; it must be from 0 to 1, the least "
            "first."
        )


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Yield a hidden folder beside `path` that gets its name when the block succeeds.

    If the block fails, the folder is removed. Raises `OutputError` if it cannot be written.
    """
    check_free(path)
    with translate_write_errors(path), whole_folder(path) as part:
        yield part


class Products:
    """Writes products into a folder, and keeps the manifest.

    Names in `excluded` are rejected as struck out by hand, whatever is offered for them. On contact
    sheets, what masks leave out is coloured, unless `overlaid` is off.
    """

    def __init__(
        self,
        folder: Path,
        manifest: Manifest,
        *,
        excluded: frozenset[str] = frozenset(),
        overlaid: bool = True,
    ) -> None:
        self.manifest = manifest
        self._folder, self._excluded, self._overlaid = folder, excluded, overlaid
        self._kept, self._rejected = Sheets(folder, "kept"), Sheets(folder, "rejected")
        # A labelled folder has both, even if they are empty.
        for name in ("images", "masks"):
            (folder / name).mkdir()

    def add(
        self,
        name: str,
        image: Array | Path,
        mask: Array,
        *,
        sources: tuple[Source, ...],
        drawn: Values,
        measured: Values | None = None,
        caption: str = "",
    ) -> None:
        """Write a product and record it.

        `image` is (H, W, 3) or a file to copy, `mask` (H, W) of the same size, both uint8.
        `caption` follows the name on the sheet.
        """
        if name in self._excluded:
            self.reject(name, STRUCK_OUT, image, mask)
            return
        files = write_pair(self._folder, name, image, mask)
        self.manifest.products.append(Product(name, sources, drawn, measured or {}, files))
        self._kept.add(f"{name} {caption}", self._shown(image, mask))

    def reject(
        self, name: str, reason: str, image: Array | Path, mask: Array | None = None
    ) -> None:
        """Record what is not kept, with its image, (H, W, 3) uint8 or a file, for the sheets."""
        self.manifest.rejected.append(Rejection(name, reason))
        self._rejected.add(f"{name} {reason}", self._shown(image, mask))

    def finish(self) -> Manifest:
        """Write the manifest, lists and last sheets, and return the manifest."""
        self._kept.finish()
        self._rejected.finish()
        write_lists(self._folder, self.manifest)
        return self.manifest

    def _shown(self, image: Array | Path, mask: Array | None) -> Array:
        return thumbnail(image, mask if self._overlaid else None)


def write_pair(folder: Path, name: str, image: Array | Path, mask: Array) -> dict[str, str]:
    """Write images/NAME and masks/NAME, (H, W, 3) and (H, W) uint8; return each SHA-256 by path."""
    suffix = image.suffix if isinstance(image, Path) else ".jpg"
    target, label = folder / "images" / f"{name}{suffix}", folder / "masks" / f"{name}.png"
    if isinstance(image, Path):
        shutil.copyfile(image, target)
    else:
        write_image(target, image)
    write_image(label, mask)
    return {path.relative_to(folder).as_posix(): digest(path) for path in (target, label)}


def write_lists(folder: Path, manifest: Manifest) -> None:
    """Write the manifest, and what was rejected, one per line."""
    (folder / FILE).write_text(manifest.to_json(), encoding="utf-8")
    unfit = (*manifest.rejected, *manifest.bad)
    write_list(folder / "rejected.txt", (f"{each.name}: {each.reason}" for each in unfit))


class Sheets:
    """Contact sheets of a folder, written as they fill up."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._name = folder / "sheets", name
        self._tiles: list[Tile] = []
        self._count = 0

    def add(self, caption: str, image: Array) -> None:
        """Add an image (H, W, 3) uint8 with its caption."""
        self._tiles.append(Tile(image, caption[:CAPTION_LENGTH]))
        if len(self._tiles) == TILES_A_SHEET:
            self.finish()

    def finish(self) -> None:
        """Write the last, incomplete sheet, if there is one."""
        if self._tiles:
            self._count += 1
            draw_sheet(self._tiles, self._folder / f"{self._name}-{self._count:03}.jpg")
            self._tiles.clear()


def thumbnail(image: Array | Path, mask: Array | None) -> Array:
    """Return an image (H, W, 3) or a file reduced to a tile, coloured outside the mask.

    The colour is thin enough for the background to be visible.
    """
    pixels = read_image(image) if isinstance(image, Path) else image
    small = np.asarray(ImageOps.contain(Image.fromarray(pixels), (TILE, TILE)))
    if mask is None:
        return small
    alpha = Image.fromarray(mask).resize(small.shape[1::-1], Image.Resampling.BOX)
    return overlay(small, np.float32(0.4) + np.asarray(alpha) * np.float32(0.6 / 255))
