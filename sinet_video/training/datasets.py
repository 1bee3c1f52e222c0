"""The data of a recipe: its folders, and how each of them is used."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sinet_video.errors import InputError
from sinet_video.training.toml import Count, Least0, Pattern


@dataclass(frozen=True)
class Labelled:
    """A folder with images and masks, inside the data folder."""

    folder: str
    weight: Least0 = 1.0
    """Relative share of the samples that come from this folder."""
    validation: Count = 0
    """Number of images held out for validation during training."""
    watched: Least0 = 1.0
    """Weight in the mean of all validations, by which `best.pth` is chosen."""
    holdout: Count = 0
    """Number of images held out for a test after training."""
    source: Pattern = ""
    """Regular expression. Images whose names match it with the same text show the same person or
    come from the same source, and are held out together."""
    whole: bool = False
    """People are shown whole, and may stand anywhere in a composed scene. Others are placed at its
    lower edge."""
    cut_outs: bool = False
    """Images are cut-outs without a background of use: show them in composed scenes only."""
    things: Pattern = ""
    """Regular expression for names of images of objects, which are placed in composed scenes."""


@dataclass(frozen=True)
class Empty:
    """A folder of images without people, as examples in which nothing must be found."""

    folder: str
    weight: Least0 = 1.0
    """Relative share of the samples without people that come from this folder."""
    validation: Count = 0
    """Number of images held out for validation during training."""
    watched: Least0 = 1.0
    """As in `Labelled`; what counts is the share of images in which nobody is found."""
    holdout: Count = 0
    """Number of images held out for a test after training."""
    source: Pattern = ""
    """As in `Labelled`."""


@dataclass(frozen=True)
class Data:
    """The folders of the images, relative to the data folder."""

    labelled: tuple[Labelled, ...] = ()
    backgrounds: str | None = None
    """Folder of images without people, used as backgrounds of composed scenes."""
    empty: tuple[Empty, ...] = ()
    """Folders of images without people that are also shown as they are."""

    def check(self, root: Path, recipe: str) -> None:
        """Raise `InputError`, which names the recipe, unless all folders are there."""
        named = [*(each.folder for each in self.labelled), *(each.folder for each in self.empty)]
        if self.backgrounds:
            named.append(self.backgrounds)
        if not root.is_dir():
            raise InputError(f"There is no folder {root}.")
        for folder in named:
            if not (root / folder).is_dir():
                raise InputError(
                    f"There is no folder {root / folder}, which the recipe {recipe} names."
                )
