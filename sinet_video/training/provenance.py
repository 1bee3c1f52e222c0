"""The provenance of a training, written beside its weights so that it can be reproduced."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import torch

from sinet_video._version import __version__
from sinet_video.training.image_folder import list_images, write_list
from sinet_video.training.recipe import Recipe
from sinet_video.training.samples.photographs import Stock
from sinet_video.training.toml import dump_overrides


def write_record(recipe: Recipe, stock: Stock, root: Path, folder: Path) -> None:
    """Write `training.json`, `bad.txt` with unusable files, and each folder's held-out names."""
    text = json.dumps(record(recipe, stock, root), indent=1)
    (folder / "training.json").write_text(text + "\n", encoding="utf-8")
    unfit = [f"{os.path.relpath(item.path, root)}: {item.reason}" for item in stock.bad]
    write_list(folder / "bad.txt", unfit)
    held = {folder: [pair.name for pair in pairs] for folder, pairs in stock.holdout.items()}
    held |= {folder: [path.stem for path in paths] for folder, paths in stock.held_empty.items()}
    for name, own in held.items():
        if own:
            write_list(folder / f"holdout-{name.replace('/', '-')}.txt", own)


def record(recipe: Recipe, stock: Stock, root: Path) -> dict[str, Any]:
    """Return the recipe, the versions, and for each folder which images were used for what."""
    folders = {
        labelled.folder: {
            "training": [source.name for source in own],
            "validation": [pair.name for pair in stock.validation[labelled.folder]],
            "holdout": [pair.name for pair in stock.holdout[labelled.folder]],
            "sha256": digest(root / labelled.folder, "images", "masks"),
        }
        for labelled, own in zip(recipe.data.labelled, stock.folders, strict=True)
    }
    for empty, sources in zip(recipe.data.empty, stock.empty, strict=True):
        folders[empty.folder] = {
            "training": [source.name for source in sources],
            "validation": [path.stem for path in stock.watched_empty[empty.folder]],
            "holdout": [path.stem for path in stock.held_empty[empty.folder]],
            "sha256": digest(root / empty.folder, ""),
        }
    backgrounds = recipe.data.backgrounds
    return {
        "recipe": dump_overrides(recipe),
        "versions": {"sinet_video": __version__, "torch": torch.__version__},
        "folders": folders,
        "backgrounds": backgrounds
        and {"count": len(stock.backgrounds), "sha256": digest(root / backgrounds, "")},
    }


def digest(folder: Path, *parts: str) -> str:
    """Return one SHA-256 of all images in a folder's parts: of their names and bytes."""
    whole = hashlib.sha256()
    for part in parts:
        for path in list_images(folder / part):
            own = hashlib.sha256(path.read_bytes()).hexdigest()
            whole.update(os.fsencode(f"{own}  {part}/{path.name}\n"))
    return whole.hexdigest()
