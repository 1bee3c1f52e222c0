"""Moments of clips to look at: the network's own matte, enlarged, and the pipeline's.

    python benchmarks/moments.py CLIP... -o FOLDER [--moments 8] [--over "#c8327d"] [--crop T,L,B,R]

For each clip FOLDER gets a sheet, NAME.png, with moments spread evenly, each as the source, the
matte and the person over a colour. "before" uses the same weights without following, smoothing,
refinement and decontamination, "after" the default settings. `--crop` shows a part of the frame, as
shares of its sides, enlarged.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from sinet_video.encoding.encoder_input import quantised
from sinet_video.media.arrays import Array
from sinet_video.media.frame import Frame, Matte
from sinet_video.models.load import load_segmenter
from sinet_video.pipeline.chain import matte
from sinet_video.pipeline.settings import Settings
from sinet_video.quality.contact_sheet import GROUND, INK, INSIDE, MARGIN, WIDTH, rows
from sinet_video.quality.draw import Canvas
from sinet_video.quality.image_bytes import png
from sinet_video.quality.plots import clock
from sinet_video.quality.thumbnails import Spread, resized
from sinet_video.stages.backgrounds import ColourBackground
from sinet_video.stages.composite import composite
from sinet_video.stages.decontaminate import decontaminate
from sinet_video.training.evaluate.clips import staged

Part = tuple[float, float, float, float]
"""Top, left, bottom and right, as shares of the stored frame's sides."""

SIDE, HIGH = 720, 300
"""Longer side of the stored images, and approximate height at which they are shown."""

PANELS = ("source", "matte before", "matte after", "result before", "result after")


@dataclass(frozen=True)
class Shown:
    """A moment: its time in seconds, and images of one size, gray or RGB, uint8."""

    time: float
    source: Array
    matte: Array
    result: Array


@dataclass(frozen=True)
class Look:
    """What is shown of a matte."""

    colour: ColourBackground
    part: Part
    clean: bool

    def at(self, made: Matte) -> Shown:
        """Return a matte's frame, alpha and composite."""
        whole = made.with_alpha(made.alpha)
        clean = next(decontaminate([whole])) if self.clean else whole
        over = next(composite([clean], self.colour)).frame
        gray = quantised(made.alpha, 0, 255)
        images = (self._shown(each, made.frame) for each in (made.frame.rgb, gray, over.rgb))
        return Shown(float(made.time), *images)

    def _shown(self, image: Array, frame: Frame) -> Array:
        height, width = image.shape[:2]
        top, left, bottom, right = self.part
        part = image[
            round(top * height) : round(bottom * height), round(left * width) : round(right * width)
        ]
        small = resized(part, _size(part.shape))
        return np.ascontiguousarray(np.rot90(small, round(frame.rotation / 90)))


def _size(shape: tuple[int, ...]) -> tuple[int, int]:
    scale = SIDE / max(shape[:2])
    return max(1, round(shape[1] * scale)), max(1, round(shape[0] * scale))


def moments(clip: Path, settings: Settings, look: Look, count: int) -> list[Shown]:
    """Return moments of a clip, spread evenly."""
    spread = Spread[Shown](count)
    with closing(matte(clip, settings=settings)) as mattes:
        for each in mattes:
            spread.offer(lambda each=each: look.at(each))  # type: ignore[misc]
    return spread.chosen()


def sheet(name: str, before: list[Shown], after: list[Shown]) -> Array:
    """Return both side by side, (H, W, 3) uint8."""
    canvas = Canvas(WIDTH, 60, GROUND)
    canvas.text(MARGIN, 24, name, 18, INK)
    blocks = []
    for one, other in zip(before, after, strict=True):
        panels = (one.source, one.matte, other.matte, one.result, other.result)
        blocks.append((clock(one.time), "", list(zip(PANELS, panels, strict=True)), INK))
    tall, wide = before[0].source.shape[:2]
    each = max(1, round(INSIDE / (len(PANELS) * HIGH * wide / tall)))
    return np.concatenate([canvas.image, *rows(blocks, each, len(PANELS))])


def ways(
    settings: Settings, colour: ColourBackground, part: Part
) -> Iterator[tuple[Settings, Look]]:
    """Yield the settings before all steps, and the default ones."""
    yield staged(settings, "network"), Look(colour, part, clean=False)
    yield settings, Look(colour, part, clean=True)


def main() -> None:
    """Make a sheet for each clip."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clips", type=Path, nargs="+")
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--moments", type=int, default=8)
    parser.add_argument("--over", default="#c8327d", help="The colour behind the person.")
    parser.add_argument("--crop", default="0,0,1,1", help="The part to show: 0,0.25,0.5,0.75.")
    parser.add_argument("--weights", default="default")
    given = parser.parse_args()
    top, left, bottom, right = map(float, given.crop.split(","))
    settings = replace(Settings(), segmenter=load_segmenter(given.weights))
    given.output.mkdir(parents=True, exist_ok=True)
    for clip in given.clips:
        both = [
            moments(clip, own, look, given.moments)
            for own, look in ways(
                settings, ColourBackground.parse(given.over), (top, left, bottom, right)
            )
        ]
        target = given.output / f"{clip.stem}.png"
        target.write_bytes(png(sheet(clip.name, *both)))
        print(target, flush=True)


if __name__ == "__main__":
    main()
