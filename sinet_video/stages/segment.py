"""From pictures to coarse alpha: what the network sees, and the stage that shows it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sinet_video.media.frame import Frame, Matte
from sinet_video.models.input_settings import InputSize
from sinet_video.models.segmenter import Segmenter, answer, seen_size
from sinet_video.stages.memory import NOTHING, remembers


@remembers(NOTHING)
def segment(
    frames: Iterable[Frame], segmenter: Segmenter, *, size: InputSize = InputSize()
) -> Iterator[Matte]:
    """Yield each frame with the segmenter's alpha, on a coarse grid the way the frame is stored.

    The segmenter sees every frame upright, undistorted and in one size, chosen from the first
    frame's aspect; see `seen_size` for how it can ask for its own. Its answer may have any 2-D
    shape. Raises `SettingError` when it answers with anything else.
    """
    shape: tuple[int, int] | None = None
    for frame in frames:
        shape = shape or seen_size(segmenter, size, frame.shown_aspect)
        yield Matte(frame, answer(frame, segmenter, shape))
