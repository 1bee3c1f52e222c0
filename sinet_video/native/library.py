"""The compiled kernels: found, checked and loaded once, and called with arrays."""

from __future__ import annotations

import ctypes
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

VERSION = 5
"""Version of the functions' parameters, which the library must share."""

SWITCH = "SINET_VIDEO_NATIVE"
"""Environment variable that selects numpy when set to 0."""

WIDE = "kernels_avx2"
"""The same kernels, with the same results, for processors with AVX2; they take less time there."""

INT, FLOAT, DOUBLE, LONG, POINTER = (
    ctypes.c_int,
    ctypes.c_float,
    ctypes.c_double,
    ctypes.c_int64,
    ctypes.c_void_p,
)

BYTE = ctypes.c_char
"""What stands for an array when its address is asked for."""

_CODES = {"i": INT, "f": FLOAT, "d": DOUBLE, "l": LONG, "p": POINTER}

SIGNATURES = {
    "guided_lines": "pfpiiiiffpppp",
    "classify": "ppiiiip",
    "lift": "ppiiiiipppiiifpiip",
    "lift_bilinear": "piiiiipiip",
    "blurred_colours": "ppiiip",
    "clean_plane": "pliiiiippiiiippiiifp",
    "blend_plane": "plplpliiiiippiiiip",
    "quantise": "iippiiffpli",
    "coarse": "piipp",
    "sameness": "ppiiffp",
    "meet": "ppppppppii",
    "people": "piiffpp",
    "box_sum": "piiiip",
    "label": "piippp",
    "unsure": "piiffddddppp",
    "key": "ppiiiiipiiiffpiipp",
    "despill": "ppiiiiippiipff",
    "near_edges": "piiiip",
    "choke": "iiiipppifip",
    "feather": "iiiipppdip",
    "settle": "iiiippp",
    "gaussian": "piiidi",
    "sort_tiles": "pliiiip",
    "copy_tiles": "pliiiipp",
    "dense": "iiiippp",
    "reduced_alpha": "iiiippiiip",
    "means": "pliiiiiiip",
    "reduced_rgb": "pppllliiiiiiipp",
    "resized": "piippippip",
}
"""Functions that return an int or nothing, and their parameters, as in `_CODES`."""

SUFFIXES = {".so", ".pyd", ".dll", ".dylib"}

_switch = {"off": False}


def available() -> bool:
    """Whether the kernels are in use: they were built, and are not switched off."""
    return not _switch["off"] and _loaded() is not None


def described() -> str:
    """Return what is in use: "C++" or "numpy"."""
    return "C++" if available() else "numpy"


@contextmanager
def numpy_only() -> Iterator[None]:
    """Use numpy in every thread within the block, for comparisons and measurements."""
    before, _switch["off"] = _switch["off"], True
    try:
        yield
    finally:
        _switch["off"] = before


def function(name: str) -> Any:
    """Return one of the functions; only if the kernels are available."""
    return getattr(_loaded(), f"sinet_{name}")


def call(name: str, *arguments: object) -> None:
    """Call a function that reports failure. Raises `MemoryError`."""
    if function(name)(*arguments):
        raise MemoryError


def address(array: Array) -> int:
    """Return the address of an array's first value."""
    buffer: Any = array
    try:
        return ctypes.addressof(BYTE.from_buffer(buffer))
    except (TypeError, ValueError, BufferError):  # read-only, not contiguous, or without values
        where: int = array.__array_interface__["data"][0]
        return where


def floats(array: Array) -> Array:
    """Return an array as contiguous float32, or the array itself if it is that."""
    return np.ascontiguousarray(array, np.float32)


@cache
def _loaded() -> ctypes.CDLL | None:
    if os.environ.get(SWITCH) == "0" or (path := built("kernels")) is None:
        return None
    library = opened(path)
    if library is not None and library.sinet_has_avx2() and (wide := built(WIDE)):
        return opened(wide) or library
    return library


def built(name: str) -> Path | None:
    """Return the library of this name, if there is one."""
    paths = sorted(Path(__file__).parent.glob(f"{name}.*"))
    return next((path for path in paths if path.suffix in SUFFIXES), None)


def opened(path: Path) -> ctypes.CDLL | None:
    """Load the library and declare its functions; None, with a warning, if it does not fit."""
    try:
        library = ctypes.CDLL(str(path))
        if library.sinet_kernels_version() == VERSION:
            _declare(library)
            return library
        problem = "it is of another version"
    except (OSError, AttributeError) as error:
        problem = str(error)
    log = logging.getLogger("sinet_video")
    log.warning("%s cannot be used (%s): install the package again. numpy is used.", path, problem)
    return None


def _declare(library: ctypes.CDLL) -> None:
    for name, codes in SIGNATURES.items():
        declared = getattr(library, f"sinet_{name}")
        declared.argtypes = [_CODES[code] for code in codes]
        declared.restype = INT
    library.sinet_mean_change.argtypes = [POINTER, POINTER, LONG]
    library.sinet_mean_change.restype = DOUBLE
    library.sinet_has_avx2.restype = INT
