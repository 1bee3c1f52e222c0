"""What is lost after the network: python benchmarks/ceiling.py CLIPS [--pixels NUMBER ...].

CLIPS is a folder of clips NAME.mp4 with their true alpha NAME.alpha.mkv. The network is replaced by
the true alpha, reduced by area averaging to the grid on which the network would answer. No network
can be expected to do better, so what is missing then is what smoothing, refinement and the grid
cost. Prints a table: MAD x 1000, foreground IoU in percent and dtSSD x 100. Needs the extra
`train`.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import cv2

from sinet_video.decoding.matte_file import read_alphas
from sinet_video.media.arrays import FloatArray, Image
from sinet_video.models.input_settings import PIXELS, InputSize
from sinet_video.pipeline.settings import Settings
from sinet_video.stages.matte_settings import BilinearRefinement
from sinet_video.training.evaluate.clips import TrueClip, evaluate_clip, list_clips, staged

PLAIN = BilinearRefinement(black=0, white=1)

STEPS = {
    "as run does": Settings(),
    "without smoothing": staged(Settings(), "refined"),
    "without refinement": Settings(refinement=PLAIN),
    "only enlarged": staged(Settings(), "network"),
}


class Oracle:
    """A segmenter that knows the true alpha of each frame, in order."""

    def __init__(self, truths: Iterator[FloatArray]) -> None:
        self._truths = truths

    def __call__(self, image: Image) -> FloatArray:
        """Return the next frame's alpha on the image's grid."""
        height, width, _ = image.shape
        return cv2.resize(next(self._truths), (width, height), interpolation=cv2.INTER_AREA)


def row(clip: TrueClip, settings: Settings) -> str:
    """Return the cells of one row."""
    with closing(read_alphas(clip.truth)) as truths:
        oracle = replace(settings, segmenter=Oracle(truths), following=None)
        mean = evaluate_clip(clip, oracle).mean
    figures = 1000 * mean.mad, 100 * mean.foreground_iou, 100 * (mean.dtssd or 0)
    return " | ".join(f"{figure:.2f}" for figure in figures)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clips", type=Path)
    parser.add_argument("--pixels", type=int, nargs="+", default=[PIXELS])
    given = parser.parse_args()
    print("| clip | pixels | steps | MAD x 1000 | IoU | dtSSD x 100 |\n|---|---|---|---|---|---|")
    for clip in list_clips(given.clips)[0]:
        for pixels in given.pixels:
            for name, settings in STEPS.items():
                seen = replace(settings, size=InputSize(pixels))
                print(f"| {clip.clip.stem} | {pixels} | {name} | {row(clip, seen)} |", flush=True)


if __name__ == "__main__":
    main()
