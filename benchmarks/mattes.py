"""The effect of each step of the pipeline: python benchmarks/mattes.py CLIPS [--weights NAME|FILE].

CLIPS is a folder of clips NAME.mp4 with their true alpha NAME.alpha.mkv. Prints two tables with the
scores of `sinet-video evaluate`, averaged over the clips: steps alone and left out, and methods of
smoothing compared, with the ghosts that each leaves behind or ahead of people who move fast. Needs
the extra `train`; the optical flow is OpenCV's, which the library does not use.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from sinet_video import (
    BilinearRefinement,
    ExponentialAverage,
    Frame,
    GuidedRefinement,
    Matte,
    MotionAdaptive,
    Segmenter,
    WindowMean,
    decode,
    follow,
    load_segmenter,
    refine,
    segment,
    smooth,
)
from sinet_video.decoding.matte_file import read_alphas
from sinet_video.quality.metrics import signed_error
from sinet_video.stages.matte_settings import Refinement
from sinet_video.training.evaluate.clips import TrueClip, list_clips
from sinet_video.training.evaluate.scores import FrameFigures, Tally, frame_figures

Steadied = Callable[[Iterable[Matte]], Iterator[Matte]]

PLAIN = BilinearRefinement(black=0, white=1)
"""The network's own alpha, only enlarged."""


def left(mattes: Iterable[Matte]) -> Iterator[Matte]:
    """Pass mattes on without smoothing."""
    return smooth(mattes, None)


@dataclass(frozen=True)
class Way:
    """One way from frames to mattes."""

    steady: Steadied = left
    refinement: Refinement = PLAIN
    followed: bool = False


STEPS = {
    "the network alone": Way(),
    "with refinement": Way(refinement=GuidedRefinement()),
    "with smoothing": Way(smooth),
    "with following": Way(followed=True),
    "all three": Way(smooth, GuidedRefinement(), followed=True),
    "all but refinement": Way(smooth, followed=True),
    "all but smoothing": Way(refinement=GuidedRefinement(), followed=True),
    "all but following": Way(smooth, GuidedRefinement()),
}


class Flow:
    """Dense optical flow between two small frames: DIS, Kroeger et al., ECCV 2016."""

    def __init__(self) -> None:
        self._method = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_FAST)

    def brought(self, alpha: np.ndarray, there: np.ndarray, here: np.ndarray) -> tuple:
        """Return an alpha warped from one frame to another, and how far the flow can be trusted."""
        grays = [cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in (here, there)]
        places = self._method.calc(*grays, None)
        places += np.dstack(np.meshgrid(*(np.arange(n) for n in grays[0].shape[::-1])))
        moved, image = (
            cv2.remap(
                plane, places.astype("f4"), None, cv2.INTER_LINEAR, None, cv2.BORDER_REPLICATE
            )
            for plane in (alpha, there)
        )
        amiss = cv2.blur(cv2.absdiff(image, here).mean(2) / 255, (5, 5))
        return moved, np.exp(-amiss / 0.05).astype("f4")


def warped(mattes: Iterable[Matte], share: float = 0.7) -> Iterator[Matte]:
    """Mix in the previous alpha, warped by optical flow, as far as the flow fits."""
    flow, before = Flow(), None
    for matte in mattes:
        image, alpha = matte.frame.scaled(*matte.alpha.shape[::-1]), matte.alpha
        if before is not None and before[0].shape == image.shape:
            moved, trust = flow.brought(before[1], before[0], image)
            alpha = alpha + share * trust * (moved - alpha)
        before = image, alpha
        yield matte.with_alpha(alpha)


def warped_window(mattes: Iterable[Matte], frames: int = 4) -> Iterator[Matte]:
    """Average the alphas of the surrounding frames, warped by optical flow."""
    flow, everything = Flow(), list(mattes)
    for index, matte in enumerate(everything):
        image = matte.frame.scaled(*matte.alpha.shape[::-1])
        total, weight = matte.alpha.copy(), np.ones_like(matte.alpha)
        for other in everything[max(0, index - frames) : index + frames + 1]:
            if other is not matte and other.alpha.shape == matte.alpha.shape:
                there = other.frame.scaled(*other.alpha.shape[::-1])
                moved, trust = flow.brought(other.alpha, there, image)
                total, weight = total + trust * moved, weight + trust
        yield matte.with_alpha(total / weight)


WAYS: dict[str, Steadied] = {
    "none": left,
    "exponential, half of the new": lambda m: smooth(m, ExponentialAverage(0.5)),
    "exponential where nothing moves": lambda m: smooth(m, MotionAdaptive()),
    "exponential along optical flow": warped,
    "window of 4 either way, nothing moves (default)": lambda m: smooth(m, WindowMean()),
    "window of 4 either way, along optical flow": warped_window,
}


STRIDE = 12
"""Pixels per frame by which people move, to measure ghosts."""


def moving(clip: TrueClip) -> tuple[list[Matte], list[np.ndarray]]:
    """Return people cut from a clip's first frame moving sideways, with their true alpha, coarse.

    The background is the same frame, mirrored and blurred, so that it has the same colours.
    """
    image = next(iter(decode(clip.clip))).rgb.astype(np.float32)
    truth = next(iter(read_alphas(clip.truth)))
    behind = cv2.GaussianBlur(image[:, ::-1], (0, 0), 8)
    mattes, truths = [], []
    for index in range(12):
        shift = np.float32([[1, 0, STRIDE * (index - 6)], [0, 1, 0]])
        person, alpha = (cv2.warpAffine(x, shift, truth.shape[::-1]) for x in (image, truth))
        scene = behind + alpha[..., None] * (person - behind)
        video = av.VideoFrame.from_ndarray(scene.astype(np.uint8), "rgb24").reformat(
            format="yuv444p"
        )
        small = cv2.resize(alpha, (224, 224), interpolation=cv2.INTER_AREA)
        mattes.append(Matte(Frame(video, index, Fraction(1, 25)), small))
        truths.append(small)
    return mattes, truths


class Bench:
    """Clips with true alpha, and the network's alpha for them, computed once."""

    def __init__(self, clips: list[TrueClip], segmenter: Segmenter) -> None:
        self._moving = [moving(clip) for clip in clips]
        self._truths = [[alpha.copy() for alpha in read_alphas(c.truth)] for c in clips]
        self._seen = {
            followed: [self._coarse(c, segmenter, followed=followed) for c in clips]
            for followed in (False, True)
        }

    @staticmethod
    def _coarse(clip: TrueClip, segmenter: Segmenter, *, followed: bool) -> list[Matte]:
        return list((follow if followed else segment)(decode(clip.clip), segmenter))

    def figures(self, way: Way) -> FrameFigures:
        """Return the mean over the clips of their frames' mean scores."""
        means = Tally()
        for seen, truths in zip(self._seen[way.followed], self._truths, strict=True):
            tally, before = Tally(), None
            for matte, truth in zip(refine(way.steady(seen), way.refinement), truths, strict=True):
                alpha = matte.alpha
                tally.add(frame_figures(alpha, truth, before))
                before = signed_error(alpha, truth)
            means.add(tally.mean())
        mean = means.mean()
        assert isinstance(mean, FrameFigures)
        return mean

    def ghosts(self, steady: Steadied) -> float:
        """Return the mean absolute error that smoothing causes in the true alpha of fast people."""
        errors = [
            np.abs(matte.alpha - truth).mean()
            for mattes, truths in self._moving
            for matte, truth in zip(steady(mattes), truths, strict=True)
        ]
        return float(np.mean(errors))


def line(name: str, figures: FrameFigures, *more: float) -> str:
    """Return a row of a table."""
    numbers = (
        *(figures.mad * 1000, figures.gradient, (figures.dtssd or 0) * 100),
        *(figures.foreground_iou * 100, figures.partial_share * 100),
        *more,
    )
    return f"| {name} | " + " | ".join(f"{n:.2f}" for n in numbers) + " |"


COLUMNS = ("MAD x 1000", "gradient", "dtSSD x 100", "IoU", "soft, %")


def head(*columns: str) -> str:
    """Return the head of a table."""
    return "| " + " | ".join(columns) + " |\n" + "|---" * len(columns) + "|"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clips", type=Path)
    parser.add_argument("--weights", default="default")
    wanted = parser.parse_args()
    clips, _ = list_clips(wanted.clips)
    bench = Bench(clips, load_segmenter(wanted.weights))
    print(head("steps", *COLUMNS))
    for name, way in STEPS.items():
        print(line(name, bench.figures(way)), flush=True)
    print("\n" + head("smoothing, then refinement", *COLUMNS, "ghosts, MAD x 1000"))
    for name, steady in WAYS.items():
        figures, ghosts = bench.figures(Way(steady, GuidedRefinement())), bench.ghosts(steady)
        print(line(name, figures, ghosts * 1000), flush=True)


if __name__ == "__main__":
    main()
