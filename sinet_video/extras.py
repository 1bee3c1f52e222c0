"""What is said where a package that only some commands need is not installed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from sinet_video.errors import SinetVideoError

PACKAGES = {
    "torch": ("torch", "torch"),
    "kornia": ("kornia", "torch"),
    "onnx": ("onnx", "torch"),
    "cv2": ("opencv-python-headless", "train"),
    "matplotlib": ("matplotlib", "train"),
    "ninja": ("ninja", "train"),
    "PIL": ("pillow", "train"),
    "scipy": ("scipy", "train"),
    "fsspec": ("fsspec", "remote"),
    "s3fs": ("s3fs", "remote"),
    "gcsfs": ("gcsfs", "gcs"),
    "adlfs": ("adlfs", "azure"),
    "pyvirtualcam": ("pyvirtualcam", "camera"),
    "ray": ("ray", "ray"),
    "starlette": ("starlette", "serve"),
    "uvicorn": ("uvicorn", "serve"),
}
"""By the name that is imported: what to install, and the extra that brings it."""


class MissingPackageError(SinetVideoError, ImportError):
    """A package that only some commands need is not installed."""


@contextmanager
def extra_needed(what: str, extra: str | None = None) -> Iterator[None]:
    """Raise `MissingPackageError`, which says what to install, where `what` lacks a package.

    `extra` brings all that `what` needs; by default it is the one that has the package.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        name = (error.name or "").partition(".")[0]
        if name not in PACKAGES:
            raise
        package, own = PACKAGES[name]
        raise MissingPackageError(
            f"{what} needs {package}, which is not installed: pip install {package}, or install "
            f"this package with its extra, 'sinet-video[{extra or own}]'."
        ) from error


def check_extra(name: str, what: str) -> None:
    """Raise `MissingPackageError` unless a package is installed, without importing it."""
    with extra_needed(what):
        if find_spec(name) is None:
            raise ModuleNotFoundError(name=name)
