"""A second look at what a segmenter found, which it sees as in a mirror."""

from __future__ import annotations

from collections.abc import Callable

from sinet_video.media.arrays import FloatArray
from sinet_video.media.frame import Frame, Matte
from sinet_video.models.input_settings import InputSize
from sinet_video.models.segmenter import Segmenter, seen_size
from sinet_video.stages.views.box import WHOLE
from sinet_video.stages.views.viewport import CropSegmenter


class SecondLook:
    """Gives a matte's alpha as the segmenter sees its frame mirrored, turned back, (h, w)."""

    def __init__(self, segmenter: Segmenter, size: InputSize = InputSize()) -> None:
        self._segmenter, self._size = segmenter, size
        self._shape: tuple[int, int] | None = None
        self._noted: tuple[Frame, Callable[[], FloatArray]] | None = None

    def note(self, frame: Frame, look: Callable[[], FloatArray]) -> None:
        """Be told how to look at the frame that comes next, if not at the whole of it."""
        self._noted = frame, look

    def __call__(self, matte: Matte) -> FloatArray:
        """Look at a matte's frame."""
        if self._noted and self._noted[0] is matte.frame:
            return self._noted[1]()
        frame = matte.frame
        self._shape = self._shape or seen_size(self._segmenter, self._size, frame.shown_aspect)
        return CropSegmenter(frame, self._segmenter, self._shape).mirrored(WHOLE).alpha
