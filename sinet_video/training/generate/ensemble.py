"""The opinion of several teachers, each asked in several ways, and their agreement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np

from sinet_video.media.arrays import Array
from sinet_video.media.frame import Frame
from sinet_video.models.input_settings import InputSize
from sinet_video.models.segmenter import Segmenter, check_answer, seen_size, upright
from sinet_video.planes.resample import resized
from sinet_video.quality.metrics import foreground_iou
from sinet_video.stages.matte_settings import BilinearRefinement, GuidedRefinement
from sinet_video.stages.refine import enlarged, guided

Panel = Sequence[tuple[Segmenter, InputSize]]
"""The teachers: segmenters, each with the size at which it sees an image."""


@dataclass(frozen=True)
class Verdict:
    """The opinion of a panel.

    Attributes:
        alpha: the mean opinion, (h, w) float32 in [0, 1], on the finest of the panel's grids.
        agreement: the least intersection over union of any opinion with the mean one, both
            thresholded at one half; 1 if no opinion finds anybody.
        confidence: the share of pixels in which the mean is within `sure` of 0 or of 1.
        person: the share of the image that is person.
    """

    alpha: Array
    agreement: float
    confidence: float
    person: float


def judge(image: Array, panel: Panel, *, sure: float = 0.1) -> Verdict:
    """Ask a panel about an image (H, W, 3) uint8, and about its mirror image."""
    frame = still(image)
    opinions = [each for segmenter, size in panel for each in _opinions(frame, segmenter, size)]
    finest = max((opinion.shape for opinion in opinions), key=lambda shape: shape[0] * shape[1])
    alphas = np.stack([resized(opinion, finest) for opinion in opinions])
    mean: Array = alphas.mean(0, dtype=np.float32)
    return Verdict(
        mean,
        agreement=min(foreground_iou(alpha > 0.5, mean > 0.5) for alpha in alphas),
        confidence=float((np.minimum(mean, 1 - mean) <= sure).mean()),
        person=float((mean > 0.5).mean()),
    )


def still(image: Array) -> Frame:
    """Return an RGB image (H, W, 3) uint8 as a frame, without loss of size or detail."""
    video = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
    return Frame(video.reformat(format="yuv444p"), 0, Fraction(1, 25))


def _opinions(frame: Frame, segmenter: Segmenter, size: InputSize) -> list[Array]:
    """Return alpha of the image and of its mirror image, mirrored back."""
    seen = upright(frame, seen_size(segmenter, size, frame.shown_aspect))
    straight = np.asarray(segmenter(seen), np.float32)
    mirrored = np.asarray(segmenter(np.ascontiguousarray(seen[:, ::-1])), np.float32)
    for answer in (straight, mirrored):
        check_answer(answer, frame)
    return [np.clip(straight, 0, 1), np.clip(mirrored[:, ::-1], 0, 1)]


def label(image: Array, alpha: Array, *, refined: bool) -> Array:
    """Return alpha at an image's size as a soft mask (H, W) uint8.

    With `refined`, edges follow the image's, as in `sinet_video.refine`; otherwise it is enlarged.
    """
    frame = still(image)
    whole = (
        guided(frame, alpha, GuidedRefinement())
        if refined
        else enlarged(frame, alpha, BilinearRefinement(0, 1))
    )
    return (whole.dense() * np.float32(255)).round().astype(np.uint8)
