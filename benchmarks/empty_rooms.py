"""How often people are found where there are none: with following, and with what is unsure dropped.

    python benchmarks/empty_rooms.py BACKGROUNDS [--rooms 60]

BACKGROUNDS has images of rooms without people. Each is enlarged to 720p and shown for a second with
grain, as are as many synthetic title cards. Prints the shares of clips and of frames in which the
smoothed matte exceeds 0.5 anywhere.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from following import RATE, SIZE, room

from sinet_video.media.arrays import Array
from sinet_video.media.frame import Frame, Matte
from sinet_video.models.load import load_segmenter
from sinet_video.models.segmenter import Segmenter
from sinet_video.pipeline.chain import seen
from sinet_video.pipeline.settings import Settings
from sinet_video.quality.draw import Canvas, text_width
from sinet_video.stages.follow import follow
from sinet_video.stages.segment import segment
from sinet_video.stages.smooth import smooth

Way = Callable[[Iterable[Frame], Segmenter], Iterator[Matte]]


def run(frames: Iterable[Frame], segmenter: Segmenter) -> Iterator[Matte]:
    """Yield coarse mattes as a job does by default."""
    return seen(iter(frames), segmenter, Settings())


WAYS: dict[str, Way] = {"the network": segment, "with following": follow, "as `run` does": run}

TITLES = (
    "THE LAST SUMMER", "Part Two", "A film by Nobody", "Thanks for watching!", "www.example.org",
    "Chapter 7: Hands", "1984", "Question 3 of 10", "BREAKING NEWS", "Produced by a few people",
)  # fmt: skip


def held(image: Array) -> Iterator[Frame]:
    """Yield an image, (H, W, 3), for a second, with new grain in every frame."""
    grain = np.random.default_rng(1)
    for index in range(RATE):
        noisy = (image + grain.normal(0, 2, image.shape)).clip(0, 255).astype(np.uint8)
        video = av.VideoFrame.from_ndarray(noisy, "rgb24").reformat(format="yuv420p")
        yield Frame(video, index, Fraction(1, RATE), 1)


def title(index: int) -> Array:
    """Return a synthetic title card, (H, W, 3)."""
    drawn = np.random.default_rng(index)
    width, height = SIZE
    dark, light = drawn.integers(0, 90, 3), drawn.integers(150, 256, 3)
    canvas = Canvas(width, height, tuple(map(int, dark)))
    for line in range(1 + index % 3):
        words, size = TITLES[(index + line) % len(TITLES)], float(drawn.choice([14, 24, 40, 70]))
        left = max(10, (width - text_width(words, size)) / 2)
        canvas.text(left, 150 + 170 * line, words, size, tuple(map(int, light)))
    return canvas.image


def finds(images: Iterable[Array], way: Way, segmenter: Segmenter) -> tuple[float, float]:
    """Return the shares of images and of their frames in which somebody is found."""
    found = [
        [bool((matte.alpha > 0.5).any()) for matte in smooth(way(held(image), segmenter))]
        for image in images
    ]
    return float(np.mean([any(frames) for frames in found])), float(np.mean(found))


def main() -> None:
    """Search, count, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("backgrounds", type=Path)
    parser.add_argument("--rooms", type=int, default=60)
    parser.add_argument("--weights", default="default")
    given = parser.parse_args()
    segmenter = load_segmenter(given.weights)
    paths = sorted(path for path in given.backgrounds.iterdir() if path.suffix == ".jpg")
    chosen = paths[:: max(1, len(paths) // given.rooms)][: given.rooms]
    print("| images | way | with a find | frames with a find |\n|---|---|---|---|")
    for name, make in (("rooms", room), ("titles", title)):
        for way, follower in WAYS.items():
            images = (make(each) for each in (chosen if name == "rooms" else range(len(chosen))))
            some, frames = finds(images, follower, segmenter)
            print(f"| {name} | {way} | {some:.1%} | {frames:.1%} |", flush=True)


if __name__ == "__main__":
    main()
