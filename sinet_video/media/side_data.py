"""What decoders say of a picture beside its samples."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

import av
from av.sidedata.sidedata import SideData


def side_data_of(video: av.VideoFrame) -> Iterable[SideData] | None:
    """Return what is said of a picture; None where PyAV does not let it be read."""
    try:
        return cast(Iterable[SideData], video.side_data)
    except ValueError:  # it stumbles over kinds that it does not know, such as photographs' EXIF
        return None
