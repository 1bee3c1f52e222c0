"""A hand that moves half its width a frame leaves no ghost, through the whole pipeline."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from lossless import write_lossless

from sinet_video.media.frame import Frame, Matte
from sinet_video.models.input_settings import InputSize
from sinet_video.pipeline.chain import matte
from sinet_video.pipeline.settings import Settings
from sinet_video.stages.matte_settings import ExponentialAverage, MotionAdaptive, WindowMean
from sinet_video.stages.smooth import smooth

HEIGHT, WIDTH, FRAMES = 192, 320, 8
NETWORK = 160, 96
"""What the segmenter sees: half of the frame's pixels each way."""

HAND = {"large": (96, 64), "small": (40, 24)}
"""Pixels down and across; the small one is followed. It goes half its width a frame."""

RIM = 8
"""Pixels about the true edge in which the refinement may soften it."""


def truth(index: int, hand: str) -> np.ndarray:
    """Where the hand is, (H, W) bool."""
    height, width = HAND[hand]
    mask, start = np.zeros((HEIGHT, WIDTH), bool), index * width // 2
    mask[60 : 60 + height, start : start + width] = True
    return mask


def image(index: int, hand: str, contrast: int) -> np.ndarray:
    """A hand so much brighter than a room with some texture, (H, W, 3) uint8."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    room = 70 + 6 * np.sin(columns / 5) + 6 * np.cos(rows / 7)
    gray = np.where(truth(index, hand), 76 + contrast, room)
    return np.repeat(gray[..., None], 3, axis=2).round().astype(np.uint8)


def filmed(folder: Path, hand: str, contrast: int) -> Path:
    """The hand as a lossless clip."""
    images = (image(index, hand, contrast) for index in range(FRAMES))
    return write_lossless(folder / "hand.mkv", images, "yuv444p")


def grown(mask: np.ndarray, by: int) -> np.ndarray:
    """A mask with all that lies within so many pixels, in a square."""
    padded = np.pad(mask, by, mode="edge")
    rows = np.any([padded[i : i + HEIGHT] for i in range(2 * by + 1)], axis=0)
    spread: np.ndarray = np.any([rows[:, i : i + WIDTH] for i in range(2 * by + 1)], axis=0)
    return spread


def worst(alphas: list[np.ndarray], hand: str) -> tuple[float, float]:
    """The most that there is where the hand was or will be, and that is missing where it is."""
    ever = np.any([truth(i, hand) for i in range(FRAMES)], axis=0)
    ghost, missing = [], []
    for index in range(FRAMES):
        now = truth(index, hand)
        ghost.append(alphas[index][ever & ~grown(now, RIM)])
        missing.append(1 - alphas[index][~grown(~now, RIM)])
    return float(np.concatenate(ghost).max()), float(np.concatenate(missing).max())


def made(path: Path, contrast: int, **changed: object) -> list[np.ndarray]:
    """The pipeline's alphas, with a segmenter that sees the hand as it is."""

    def seen(shown: np.ndarray) -> np.ndarray:
        return (shown[..., 1] > 80 + contrast / 2).astype(np.float32)

    settings = Settings(segmenter=seen, size=InputSize(exact=NETWORK))
    return [each.alpha for each in matte(path, settings=replace(settings, **changed))]


CASES = pytest.mark.parametrize(
    ("hand", "contrast", "most"),
    [
        ("large", 20, 0.02),
        ("large", 60, 0.02),
        ("large", 150, 0.02),
        ("small", 100, 0.05),
        ("small", 150, 0.02),
    ],
)
"""Hands brighter than the room by so many of 255, and the most alpha that may be amiss. At the very
corners of a small one a little is."""


@CASES
def test_the_pipeline_leaves_nothing_behind(tmp_path, hand, contrast, most):
    """Nor does anything run ahead, with the default settings."""
    ghost, missing = worst(made(filmed(tmp_path, hand, contrast), contrast), hand)
    assert ghost < most
    assert missing < most


@CASES
def test_mixing_with_the_past_alone_would(tmp_path, hand, contrast, most):
    """The failing twin: without an eye for motion a ghost follows the hand."""
    clip = filmed(tmp_path, hand, contrast)
    ghost, _ = worst(made(clip, contrast, smoothing=ExponentialAverage(0.3)), hand)
    assert ghost > 3 * most


def coarse(hand: str, contrast: int) -> list[Matte]:
    """Mattes of the hand before smoothing."""
    mattes = []
    for index in range(FRAMES):
        video = av.VideoFrame.from_ndarray(image(index, hand, contrast), "rgb24")
        frame = Frame(video.reformat(format="yuv444p"), index, Fraction(1, 25), 1)
        mattes.append(Matte(frame, truth(index, hand).astype(np.float32)))
    return mattes


WAYS = pytest.mark.parametrize(
    "smoothing", [WindowMean(), WindowMean(1), MotionAdaptive()], ids=repr
)


@pytest.mark.parametrize("hand", HAND)
@WAYS
def test_smoothing_leaves_nothing_behind(hand, smoothing):
    """Each way that looks at motion, as a stage alone."""
    ghost, missing = worst([each.alpha for each in smooth(coarse(hand, 100), smoothing)], hand)
    assert ghost < 0.05
    assert missing < 0.02


@pytest.mark.parametrize("hand", HAND)
def test_blind_smoothing_leaves_a_ghost(hand):
    """The failing twin, which also lags behind."""
    mixed = smooth(coarse(hand, 100), ExponentialAverage(0.5))
    ghost, missing = worst([each.alpha for each in mixed], hand)
    assert ghost > 0.2
    assert missing > 0.2
