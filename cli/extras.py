"""What is said where a package of an extra lacks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sinet_video.errors import SinetVideoError

TRAIN = {
    "cv2": "OpenCV",
    "matplotlib": "matplotlib",
    "ninja": "ninja",
    "PIL": "Pillow",
    "scipy": "scipy",
}
"""Packages of the extra `train`, by the name that is imported."""


@contextmanager
def extra_needed(what: str) -> Iterator[None]:
    """Say in a sentence which package lacks, and how to get it; `what` needs it."""
    try:
        yield
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in TRAIN:
            raise
        raise SinetVideoError(
            f"{what} needs {TRAIN[package]}, which is not installed; "
            "pip install 'sinet-video[train]'."
        ) from error
