"""The classes of the Cityscapes network, and the choice of some of them. No torch is needed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sinet_video.errors import SettingError

CLASSES = (
    "road",
    "sidewalk",
    "building",
    "wall",
    "fence",
    "pole",
    "traffic light",
    "traffic sign",
    "vegetation",
    "terrain",
    "sky",
    "person",
    "rider",
    "car",
    "truck",
    "bus",
    "train",
    "motorcycle",
    "bicycle",
)
"""Names of the 19 classes of Cityscapes (arXiv 1604.01685), in the order of the outputs."""

DEFAULT = ("person", "rider")
"""People on foot, and people on a vehicle, without the vehicle."""

STEP = 128
PIXELS = 600_000
"""The network's input sides are multiples of STEP; about PIXELS pixels suit it.

It was trained on crops of 1024x512. On full figures outdoors, fewer pixels gave blobs, and more
took longer and gave holes; 16:9 becomes 896x512 and 4:3 becomes 896x640.
"""

ClassNames = str | Sequence[str]
"""Names of classes: a sequence, or one text with commas between them."""


def wanted(names: ClassNames = DEFAULT, classes: Sequence[str] = CLASSES) -> NDArray[np.float32]:
    """Return (len(classes),) float32: 1 for each chosen class, 0 for the others.

    Case and spaces around names are ignored. Raises `SettingError` for an unknown class and for an
    empty choice.
    """
    given = names.split(",") if isinstance(names, str) else names
    chosen = [name.strip().lower() for name in given]
    unknown = [name for name in chosen if name not in classes]
    if unknown or not chosen:
        came = f"Class {unknown[0]!r} is not known" if unknown else "No class is chosen"
        raise SettingError(f"{came}; the classes are {', '.join(classes)}.")
    return np.array([name in chosen for name in classes], np.float32)
