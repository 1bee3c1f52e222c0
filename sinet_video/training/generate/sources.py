"""The input folders of data generation, checked beforehand so that bad files are known by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

from sinet_video.errors import InputError
from sinet_video.training.generate.manifest import Rejection
from sinet_video.training.image_folder import (
    Bad,
    OnBad,
    Pair,
    list_bad,
    list_images,
    list_pairs,
    read_image,
    read_pair,
)

Item = TypeVar("Item", Pair, Path)


def good_pairs(folder: Path, on_bad: OnBad) -> tuple[list[Pair], list[Bad]]:
    """Return a labelled folder's usable pairs, by name, and the files that are not usable.

    Bad are images without a mask, unreadable files, masks of another size or with one value, and
    all but the first of several images of one name. Raises `InputError` if nothing is usable, and
    with "refuse" if anything is bad.
    """
    listing = list_pairs(folder)
    return _sifted(listing.pairs, listing.bad, read_pair, folder, on_bad)


def good_images(folder: Path, on_bad: OnBad) -> tuple[list[Path], list[Bad]]:
    """Return a folder's readable images, by name, and the others; as `good_pairs`."""
    return _sifted(list_images(folder), [], read_image, folder, on_bad)


def _sifted(
    items: Iterable[Item],
    bad: list[Bad],
    read: Callable[[Item], object],
    folder: Path,
    on_bad: OnBad,
) -> tuple[list[Item], list[Bad]]:
    good: dict[str, Item] = {}
    found = list(bad)
    for item in items:
        path = item if isinstance(item, Path) else item.image
        if path.stem in good:
            found.append(Bad(path, "another image has its name"))
            continue
        try:
            read(item)
            good[path.stem] = item
        except InputError as error:
            found.append(Bad(path, error.message))
    if found and on_bad == "refuse":
        raise InputError(f"{folder} holds files that cannot serve:\n{list_bad(found)}")
    if not good:
        raise InputError(f"{folder} holds no image that can serve.\n{list_bad(found)}".strip())
    return list(good.values()), found


def rejections(bad: Iterable[Bad]) -> list[Rejection]:
    """Return bad files as a manifest lists them."""
    return [Rejection(str(each.path), each.reason) for each in bad]
