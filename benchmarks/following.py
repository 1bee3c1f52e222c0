"""The effect of following: footage with true alpha, placed small and moving in a wide frame.

    python benchmarks/following.py CLIPS BACKGROUNDS -o FOLDER [--frames 60] [--only PART]

CLIPS has NAME.mp4 and NAME.alpha.mkv, BACKGROUNDS images without people. All footage is placed at
several sizes, alone, in pairs, and small ones beside a large one, over an enlarged background with
grain, and walks from side to side. The resulting clips stay in FOLDER. Prints MAD x 1000,
foreground IoU x 100 and dtSSD x 100 with and without following, for these clips and for CLIPS as
they are.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from math import pi, sin
from pathlib import Path
from typing import Any

import av
import numpy as np

from sinet_video.decoding.decode import decode
from sinet_video.decoding.matte_file import read_alphas
from sinet_video.media.arrays import Array
from sinet_video.media.convert import FINE, rgb_of
from sinet_video.models.load import load_segmenter
from sinet_video.pipeline.settings import Settings
from sinet_video.stages.matte_settings import Following
from sinet_video.training.evaluate.clips import TrueClip, evaluate_clip, list_clips, truth_of

SIZE = (1280, 720)
RATE = 25
HEIGHTS = {"half": 0.5, "quarter": 0.25, "eighth": 0.125}
LARGE = 0.9
"""Height of the person beside whom others are small."""

PERIOD = 6.0
"""Seconds in which a person walks to the other side and back."""


def scaled(image: Array, width: int, height: int) -> Array:
    """Return an RGB image, (h, w, 3) uint8, scaled to another size."""
    video = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), "rgb24")
    return rgb_of(video.reformat(width, height, "rgb24", interpolation=FINE))


def people(pair: TrueClip, height: int) -> Iterator[tuple[Array, Array]]:
    """Yield the footage at a height: colours (h, w, 3) and alpha (h, w, 1), float32."""
    for frame, alpha in zip(decode(pair.clip), read_alphas(pair.truth), strict=True):
        width = round(height * frame.width / frame.height)
        grays = (alpha[..., None].repeat(3, 2) * 255).round().astype(np.uint8)
        small = scaled(grays, width, height)[..., :1].astype(np.float32) / 255
        yield scaled(frame.rgb, width, height).astype(np.float32), small


def places(index: int, heights: list[int]) -> list[tuple[int, int]]:
    """Return the top left corner, (top, left), of people of these heights in a frame.

    Those beside a large one are higher up and walk less far.
    """
    phase = sin(2 * pi * index / RATE / PERIOD)
    mixed = len(set(heights)) > 1
    found = []
    for person, height in enumerate(heights):
        if mixed:
            across = (0.5, 0.16, 0.84)[person] + 0.03 * phase * (-1) ** person
            top = SIZE[1] - height - (100 if height < max(heights) else 0)
        else:
            across = 0.35 + 0.3 * person + 0.2 * phase * (-1) ** person
            top = SIZE[1] - height
        found.append((top, round(across * SIZE[0] - height / 2)))
    return found


def room(path: Path) -> Array:
    """Return a background enlarged to the frame, (H, W, 3) float32."""
    (first, *_) = decode(path)
    square = scaled(first.rgb, SIZE[0], SIZE[0])
    top = (SIZE[0] - SIZE[1]) // 2
    return square[top : top + SIZE[1]].astype(np.float32)


def make(
    pairs: list[TrueClip], shares: list[float], background: Path, clip: Path, frames: int
) -> None:
    """Write a clip of all footage, each at a share of the frame's height, and its alpha."""
    heights = [round(share * SIZE[1]) for share in shares]
    behind, grain = room(background), np.random.default_rng(1)
    footage = [people(pair, height) for pair, height in zip(pairs, heights, strict=True)]
    with av.open(str(clip), "w") as video, av.open(str(truth_of(clip)), "w") as matte:
        streams = [
            _stream(video, "libx264", "yuv420p", {"crf": "14", "preset": "veryfast"}),
            _stream(matte, "ffv1", "gray", {}),
        ]
        for index, crowd in zip(range(frames), zip(*footage, strict=True), strict=False):
            image, alpha = behind.copy(), np.zeros((*SIZE[::-1], 1), np.float32)
            for (colour, own), place in zip(crowd, places(index, heights), strict=True):
                (top, left), (down, across) = place, own.shape[:2]
                left = min(max(left, 0), SIZE[0] - across)  # large footage walks less far
                spot = slice(top, top + down), slice(left, left + across)
                image[spot] += own * (colour - image[spot])
                alpha[spot] = np.maximum(alpha[spot], own)
            image += grain.normal(0, 2, image.shape).astype(np.float32)
            made = [image.clip(0, 255), (alpha[..., 0] * 255).round()]
            for out, stream, kind, array in zip(
                (video, matte), streams, ("rgb24", "gray"), made, strict=True
            ):
                frame = av.VideoFrame.from_ndarray(array.astype(np.uint8), kind)
                frame.pts, frame.time_base = index, Fraction(1, RATE)
                out.mux(stream.encode(frame))
        for out, stream in zip((video, matte), streams, strict=True):
            out.mux(stream.encode(None))


def _stream(out: Any, codec: str, pixel_format: str, options: dict[str, str]) -> Any:
    stream = out.add_stream(codec, rate=RATE, options=options)
    stream.width, stream.height = SIZE
    stream.pix_fmt, stream.time_base = pixel_format, Fraction(1, RATE)
    return stream


def made_clips(folder: Path, backgrounds: Path, output: Path, frames: int) -> list[TrueClip]:
    """Return the composed clips, after making those that are missing."""
    pairs = list_clips(folder)[0]
    rooms = sorted(path for path in backgrounds.iterdir() if path.suffix == ".jpg")[:20]
    output.mkdir(parents=True, exist_ok=True)
    crowds = {"one": pairs[:1], "other": pairs[1:2], "both": pairs[:2], "beside": pairs[:3]}
    for row, (name, share) in enumerate(HEIGHTS.items()):
        for column, (who, crowd) in enumerate(crowds.items()):
            clip = output / f"{name}-{who}.mp4"
            if not truth_of(clip).is_file():
                shares = [share] * len(crowd)
                shares = [LARGE, *shares[1:]] if who == "beside" else shares
                make(crowd, shares, rooms[(3 * row + column) % len(rooms)], clip, frames)
    return list_clips(output)[0]


def main() -> None:
    """Make, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clips", type=Path)
    parser.add_argument("backgrounds", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--frames", type=int, default=60)
    parser.add_argument("--weights", default="default")
    parser.add_argument("--only", default="", help="Part of the names of the clips to measure.")
    given = parser.parse_args()
    made = made_clips(given.clips, given.backgrounds, given.output, given.frames)
    settings = Settings(segmenter=load_segmenter(given.weights))
    print("| clip | MAD, IoU, dtSSD without | with |\n|---|---|---|")
    for pair in [*made, *list_clips(given.clips)[0]]:
        if given.only not in pair.clip.stem:
            continue
        ways = []
        for following in (None, Following()):
            mean = evaluate_clip(pair, replace(settings, following=following)).mean
            ways.append(
                f"{1000 * mean.mad:.2f}, {100 * mean.foreground_iou:.1f}, "
                f"{100 * (mean.dtssd or 0):.2f}"
            )
        print(f"| {pair.clip.stem} |", " | ".join(ways), "|", flush=True)


if __name__ == "__main__":
    main()
