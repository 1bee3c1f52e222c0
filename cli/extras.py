"""What is said where a package of an extra lacks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sinet_video.errors import SinetVideoError

EXTRAS = {
    "train": {
        "cv2": "OpenCV",
        "matplotlib": "matplotlib",
        "ninja": "ninja",
        "PIL": "Pillow",
        "scipy": "scipy",
    },
    "serve": {"starlette": "Starlette", "uvicorn": "uvicorn"},
}
"""Packages of each extra, by the name that is imported."""


@contextmanager
def extra_needed(what: str, extra: str = "train") -> Iterator[None]:
    """Say in a sentence which package lacks, and how to get it; `what` needs it."""
    try:
        yield
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in EXTRAS[extra]:
            raise
        raise SinetVideoError(
            f"{what} needs {EXTRAS[extra][package]}, which is not installed; "
            f"pip install 'sinet-video[{extra}]'."
        ) from error
