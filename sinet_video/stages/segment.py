"""Segmentation: from frames to coarse alpha."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sinet_video.checked import check_kinds
from sinet_video.media.frame import Frame, Matte
from sinet_video.models.input_settings import InputSize
from sinet_video.models.segmenter import Segmenter, answer, check_segmenter, seen_size
from sinet_video.stages.memory import NOTHING, remembers


@remembers(NOTHING, takes=Frame)
def segment(
    frames: Iterable[Frame], segmenter: Segmenter, *, size: InputSize = InputSize()
) -> Iterator[Matte]:
    """Yield each frame with the segmenter's alpha on a coarse grid, (h, w) float32 in [0, 1].

    The segmenter sees every frame upright, with square pixels and at one size, chosen from the
    first frame's aspect ratio; see `seen_size` for how it can request its own. Its answer may have
    any 2-D shape, and is turned to the orientation in which the frame is stored. Raises
    `SettingError` if the answer is anything else.
    """
    check_kinds(size=(size, InputSize))
    check_segmenter(segmenter)
    shape: tuple[int, int] | None = None
    for frame in frames:
        shape = shape or seen_size(segmenter, size, frame.shown_aspect)
        yield Matte(frame, answer(frame, segmenter, shape))
