"""What a recipe says of the images: which folders, what of each, and how often it is drawn."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Labelled:
    """A folder of images and masks below the data folder, and how often it is drawn from."""

    folder: str
    weight: float = 1.0
    """Share of the samples, relative to the other folders'."""
    validation: int = 0
    """Images set aside to watch the training by."""
    watched: float = 1.0
    """Weight in the mean of all that is watched, by which `best.pth` is chosen."""
    holdout: int = 0
    """Images that no part of the training sees, for a test afterwards."""
    source: str = ""
    """Regular expression whose match in a name says whom or whence an image is of: those that
    have it in common are set aside together, so that nobody is on both sides."""
    whole: bool = False
    """Whole people who can stand anywhere in a made scene; else they enter from its lower edge."""
    cut_outs: bool = False
    """What is not the person is not to be seen: only made scenes show them."""
    things: str = ""
    """Regular expression found in the names of what is nobody: things to lay over made scenes."""


@dataclass(frozen=True)
class Empty:
    """A folder of images without people that networks take for people."""

    folder: str
    weight: float = 1.0
    """Share of the samples without people, relative to the other such folders'."""
    validation: int = 0
    """Images set aside to watch the training by."""
    watched: float = 1.0
    """As of `Labelled`: the part of images counts in which nobody is found."""
    holdout: int = 0
    """Images that no part of the training sees."""
    source: str = ""
    """As of `Labelled`."""


@dataclass(frozen=True)
class Data:
    """Where the images are, all relative to the data folder."""

    labelled: tuple[Labelled, ...] = ()
    backgrounds: str | None = None
    """A folder of images without people, to put people in front of."""
    empty: tuple[Empty, ...] = ()
    """Others, seen as they are too."""
