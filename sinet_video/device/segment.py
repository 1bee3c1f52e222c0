"""Segmentation whose alpha stays on the device; see `stages.segment`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sinet_video.device.matte import DeviceAlpha
from sinet_video.device.smooth import image_of
from sinet_video.media.frame import Frame, Matte
from sinet_video.models.input_settings import InputSize
from sinet_video.models.segmenter import OnDevice, answer, check_answer, seen_size


def segment(
    frames: Iterable[Frame], segmenter: OnDevice, *, size: InputSize = InputSize()
) -> Iterator[Matte]:
    """Yield each frame with the network's alpha on a coarse grid, (h, w), as a `DeviceAlpha`.

    Frames that are not stored as they are shown are turned on the CPU, and so is their alpha.
    Raises `SettingError` if the first answer is not alpha.
    """
    shape: tuple[int, int] | None = None
    checked = False
    for frame in frames:
        shape = shape or seen_size(segmenter, size, frame.shown_aspect)
        if not frame.orientation.upright:
            yield Matte(frame, answer(frame, segmenter, shape))
            continue
        image = image_of(frame, *shape, segmenter.place)
        alpha = DeviceAlpha(segmenter.alpha(image).clamp(0, 1))
        if not checked:  # each check waits for the device
            check_answer(alpha.dense(), frame)
            checked = True
        yield Matte(frame, alpha)
