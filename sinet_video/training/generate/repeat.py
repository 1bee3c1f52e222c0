"""Making the products of a manifest again, bit for bit or not at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from sinet_video.errors import InputError, OutputError, SettingError
from sinet_video.media.arrays import Array
from sinet_video.training.generate.composites import render_composite
from sinet_video.training.generate.manifest import (
    Manifest,
    Product,
    Values,
    check_sources,
    library_versions,
    read_manifest,
)
from sinet_video.training.generate.portraits import render_portrait
from sinet_video.training.generate.product_folder import (
    Progress,
    check_free,
    new_folder,
    silent,
    write_lists,
    write_pair,
)
from sinet_video.training.generate.pseudo_labels import PseudoSettings, described, labeller

Render = Callable[[Sequence[Path], Values], tuple[Array | Path, Array]]
"""Maps a product's sources and random choices to its image and mask."""


def repeat(
    path: Path,
    output: Path,
    *,
    folders: Mapping[str, Path] | None = None,
    teachers: Sequence[str] = (),
    progress: Progress = silent,
) -> Manifest:
    """Make a manifest's products again in a new folder, with the same manifest beside them.

    `folders` gives the current locations of source folders, by the manifest's names, and `teachers`
    those of the weights, in the manifest's order; by default they are unchanged. Raises
    `InputError`, naming sources and teachers that are missing or have changed, and `OutputError`,
    naming products whose bytes differ; nothing is written then.
    """
    manifest = read_manifest(path)
    check_free(output)
    places = _places(manifest, folders or {})
    render = _renderer(manifest, teachers or [each.weights for each in manifest.teachers])
    check_sources(manifest.products, places)
    with new_folder(output) as part:
        for name in ("images", "masks"):
            (part / name).mkdir()
        other = []
        for index, product in enumerate(manifest.products):
            if _made(product, places, render, part) != product.files:
                other.append(product.name)
            progress(index + 1, len(manifest.products))
        if other:
            raise OutputError(_complaint(other, manifest))
        write_lists(part, manifest)
    return manifest


def _places(manifest: Manifest, folders: Mapping[str, Path]) -> dict[str, Path]:
    for name in folders:
        if name not in manifest.folders:
            raise SettingError(
                f"The manifest has no folder {name!r}; it has {', '.join(manifest.folders)}."
            )
    return {name: folders.get(name, Path(place)) for name, place in manifest.folders.items()}


def _renderer(manifest: Manifest, teachers: Sequence[str]) -> Render:
    if manifest.command == "portraits":
        return render_portrait
    if manifest.command == "composites":
        return render_composite
    if manifest.command != "pseudo-labels":
        raise InputError(f"The manifest is of {manifest.command!r}, which nothing here makes.")
    if len(teachers) != len(manifest.teachers):
        raise SettingError(
            f"The manifest has {len(manifest.teachers)} teachers; {len(teachers)} are given."
        )
    for now, before in zip(described(teachers), manifest.teachers, strict=True):
        if now.sha256 != before.sha256:
            raise InputError(f"The teacher {now.weights} is not what {before.weights} was.")
    return labeller(teachers, PseudoSettings.read(manifest.settings))


def _made(
    product: Product, places: Mapping[str, Path], render: Render, folder: Path
) -> dict[str, str]:
    paths = [places[source.folder] / source.path for source in product.sources]
    return write_pair(folder, product.name, *render(paths, product.drawn))


def _complaint(other: list[str], manifest: Manifest) -> str:
    now = library_versions()
    changed = [
        f"{name} {before}, now {now.get(name, 'missing')}"
        for name, before in manifest.libraries.items()
        if now.get(name) != before
    ]
    more = f" and {len(other) - 10} more" if len(other) > 10 else ""
    return (
        f"Products come out with other bytes: {', '.join(other[:10])}{more}. They were made with "
        f"{'; '.join(changed) or 'the same libraries, on another kind of processor perhaps'}."
    )
