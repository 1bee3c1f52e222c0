"""The source's own alpha, and colours premultiplied by it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import av
import numpy as np

from sinet_video.media.blend import black_of
from sinet_video.media.convert import blank_like, planes_of, reformat
from sinet_video.media.frame import Frame
from sinet_video.media.pixel_formats import has_alpha
from sinet_video.media.tiled_alpha import TiledAlpha

if TYPE_CHECKING:
    from numpy.typing import NDArray


def opacity_of(video: av.VideoFrame, width: int, height: int) -> TiledAlpha | None:
    """Return the alpha of a video frame at a size, or None if it has none."""
    if not has_alpha(video):
        return None
    video = reformat(video, width=width, height=height)
    if video.format.name.endswith("be"):
        video = reformat(video, pixel_format=video.format.name.removesuffix("be") + "le")
    bits = video.format.components[-1].bits
    if len(video.planes) == 4 and bits <= 16:
        return _tiled(planes_of(video)[3], bits)
    deep = bits > 8
    packed = reformat(video, pixel_format="rgba64le" if deep else "rgba").to_ndarray()
    return _tiled(packed[..., 3], 16 if deep else 8)


def _tiled(plane: NDArray[Any], bits: int) -> TiledAlpha:
    return TiledAlpha.of(plane.astype(np.float32) / np.float32(2**bits - 1))


def divided(frame: Frame, alpha: TiledAlpha) -> av.VideoFrame:
    """Return a premultiplied frame with straight colours, unchanged where alpha is 0.

    The inverse of compositing over black. Alpha of a chroma sample is the mean over its luma
    samples.
    """
    video, shape = blank_like(frame.video), (frame.format.down, frame.format.across)
    dense, most = alpha.dense(), frame.format.top
    planes = zip(frame.planes, planes_of(video), black_of(frame), strict=True)
    for index, (source, target, black) in enumerate(planes):
        share = _shared(dense, *(shape if index or frame.format.is_rgb else (1, 1)))
        soft = (share > 0) & (share < 1)
        straight = black + (source[soft].astype(np.float32) - black) / share[soft]
        target[...] = source
        target[soft] = np.rint(np.clip(straight, 0, most)).astype(source.dtype)
    return video


def _shared(alpha: NDArray[np.float32], down: int, across: int) -> NDArray[np.float32]:
    """Return means of blocks."""
    height, width = alpha.shape
    filled = np.pad(alpha, ((0, -height % down), (0, -width % across)), mode="edge")
    rows, columns = filled.shape[0] // down, filled.shape[1] // across
    means: NDArray[np.float32] = filled.reshape(rows, down, columns, across).mean((1, 3))
    return means
