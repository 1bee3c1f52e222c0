"""One image at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any

import numpy as np
from av.container import InputContainer
from numpy.typing import NDArray

from sinet_video.checked import check_kinds
from sinet_video.decoding.decode import decode
from sinet_video.decoding.given import Readable, as_source
from sinet_video.encoding.encoder_input import rgba
from sinet_video.errors import SettingError
from sinet_video.models.segmenter import Segmenter
from sinet_video.pipeline.chain import Work, chained, clip_of, seen
from sinet_video.pipeline.output_kind import OutputKind
from sinet_video.pipeline.report import Meter
from sinet_video.pipeline.settings import Settings


def cutout(image: Readable | Any, *, settings: Settings = Settings()) -> NDArray[np.uint8]:
    """Return an image with the person cut out: (H, W, 4) uint8, RGB and straight alpha.

    `image` is an array (H, W, 3) uint8 in RGB, or (H, W, 4) with alpha, a PIL image, the path of an
    image file, or its bytes. A file is turned as its EXIF data say; an array is taken as it is. The
    result is what `sinet-video run photo.jpg cut.png` writes, in 8 bits. The network stays loaded
    for the next call of this thread.

    Raises `InputError` if the image cannot be read, and `SettingError` if it is none, or is a video
    with more than one frame.
    """
    check_kinds(settings=(settings, Settings))
    clip = clip_of(_readable(image), settings)
    if not clip.is_still:
        raise SettingError(f"{clip.path} has more than one frame; use matte() or convert() for it.")
    frames = decode(clip, deinterlace=settings.deinterlace, on_error=settings.on_error)
    coarse = seen(frames, _loaded(settings), settings)
    (made,) = chained(coarse, Work(settings, clip, OutputKind("rgba")), Meter())
    pixels: NDArray[np.uint8] = made.frame.orientation.shown(rgba(made).to_ndarray())
    return pixels


def _readable(image: Any) -> Any:
    if hasattr(image, "getbands"):  # a PIL image
        clear = "A" in image.getbands() or "transparency" in image.info  # of a palette
        image = np.asarray(image.convert("RGBA" if clear else "RGB"))
    if hasattr(image, "shape"):
        return as_source([image], rate=1)
    whole = str | bytes | bytearray | memoryview | InputContainer
    if isinstance(image, Iterable) and not isinstance(image, whole) and not hasattr(image, "read"):
        raise SettingError(
            f"What came for the image is of the type {type(image).__name__}; call cutout() for "
            "each image, or matte() for all of them."
        )
    return image


class _Kept(threading.local):
    """The segmenter that this thread used last; none may be used by two threads at a time."""

    settings: Settings | None = None
    segmenter: Segmenter | None = None


_KEPT = _Kept()


def _loaded(settings: Settings) -> Segmenter:
    if _KEPT.segmenter is None or _KEPT.settings != settings:
        _KEPT.segmenter, _KEPT.settings = settings.load(still=True), settings
    return _KEPT.segmenter
