"""Side data that decoders attach to a video frame."""

from __future__ import annotations

import ctypes
import gc
import struct
from typing import Any

import av
from av.dictionary import Dictionary
from av.sidedata.sidedata import SideData, SideDataContainer, Type

NAMED = {
    "STEREO3D": "stereoscopic 3D",
    "SPHERICAL": "spherical (360 degrees) video",
    "DYNAMIC_HDR_PLUS": "HDR10+ metadata",
    "DYNAMIC_HDR_VIVID": "HDR Vivid metadata",
    "DOVI_RPU_BUFFER": "Dolby Vision metadata",
    "DOVI_METADATA": "Dolby Vision metadata",
    "AMBIENT_VIEWING_ENVIRONMENT": "the ambient viewing environment",
    "ICC_PROFILE": "an ICC profile",
    "AFD": "the active format description",
    "LCEVC": "an LCEVC enhancement layer",
}
"""Kinds that change how frames are shown, by PyAV's names for them, and what they are called."""


def side_data_of(video: av.VideoFrame) -> list[SideData]:
    """Return what is said of a frame; nothing where PyAV does not let it be read."""
    try:
        # The frame keeps what `video.side_data` returns, which keeps the frame: such a cycle holds
        # the samples until the garbage collector happens to run, in hundreds of frames.
        container: Any = SideDataContainer  # its types leave out what it is made of
        found: Any = container(video)
    except ValueError:  # it fails on kinds it does not know, such as the EXIF data of photographs
        return []
    # PyAV 18 iterates over what is said, and 19 over its kinds.
    said = [found[each] if isinstance(each, Type) else each for each in found]
    _keep_names(said)
    return said


def _keep_names(said: list[SideData]) -> None:
    """Keep for good what PyAV holds of the names of side data, such as that of a PNG's ICC profile.

    PyAV 18 frees a name with its own object, and libav frees it again with the frame, which ends
    the process. So there is one reference more to that object than anybody will let go of.
    """
    for held in (held for data in said for held in gc.get_referents(data)):
        if isinstance(held, Dictionary) and len(held):
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(held))


def named_side_data(video: av.VideoFrame) -> frozenset[str]:
    """Return the names of all that is said of a frame and changes how it is shown."""
    said = (data for data in side_data_of(video) if data.type.name in NAMED)
    return frozenset(NAMED[data.type.name] for data in said if not _is_flat(data))


def captions_of(video: av.VideoFrame) -> bytes:
    """Return a frame's closed captions, triplets of bytes as in ATSC A/53; empty for none."""
    found = (data for data in side_data_of(video) if data.type == Type.A53_CC)
    return bytes(next(found, b""))


def _is_flat(data: SideData) -> bool:
    """Whether it only says that there is no second view."""
    return data.type == Type.STEREO3D and struct.unpack_from("=i", bytes(data)) == (0,)
