"""What a second look takes away: of images without people what is found, of others people.

    python benchmarks/false_finds.py FOLDER [FOLDER ...] [--most 200]

Each FOLDER has images/, and masks/ of the same names where there are people. Of so many images of
each, in a random order that is the same every time, it prints with and without the second look in
which something covers more than 0.5 %, and the mean foreground IoU where there are masks. Each
image is seen as the first frame of a video.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from measuring import Row, table
from PIL import Image

from sinet_video.media.arrays import Array
from sinet_video.media.frame import Frame
from sinet_video.models.load import load_segmenter
from sinet_video.models.segmenter import Segmenter, sure_of
from sinet_video.pipeline.chain import seen
from sinet_video.pipeline.settings import Settings
from sinet_video.quality.metrics import foreground_iou
from sinet_video.stages.drop_unsure import drop_unsure

LEAST = 0.005
"""Share of an image from which something is found in it."""


def found(path: Path, segmenter: Segmenter, *, twice: bool) -> Array:
    """Return coarse alpha of an image, (h, w), with or without the second look."""
    rgb = np.asarray(Image.open(path).convert("RGB"))
    video = av.VideoFrame.from_ndarray(rgb, "rgb24").reformat(format="yuv444p")
    frames = iter([Frame(video, 0, Fraction(1, 25), 1)])
    if twice:
        return next(seen(frames, segmenter, Settings())).alpha
    sure = sure_of(segmenter)
    assert sure is not None  # the packaged weights say it
    return next(drop_unsure(seen(frames, segmenter, Settings(unsure="keep")), sure)).alpha


def rows(folder: Path, most: int, segmenter: Segmenter) -> Iterator[Row]:
    """Yield a row without and one with the second look."""
    paths = sorted((folder / "images").iterdir())
    random.Random(0).shuffle(paths)
    for twice in (False, True):
        finds, ious = 0, []
        for path in paths[:most]:
            alpha = found(path, segmenter, twice=twice)
            finds += bool((alpha > 0.5).mean() > LEAST)
            mask = folder / "masks" / f"{path.stem}.png"
            if mask.is_file():
                truth = Image.open(mask).convert("L").resize(alpha.shape[::-1])
                ious.append(foreground_iou(alpha > 0.5, np.asarray(truth) > 127))
        iou = round(100 * float(np.mean(ious)), 2) if ious else ""
        look = "with" if twice else "without"
        yield {"folder": folder.name, "images": len(paths[:most]), "second look": look,
               "found in": finds, "IoU": iou}  # fmt: skip


def main() -> None:
    """Look, count, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--most", type=int, default=200)
    given = parser.parse_args()
    segmenter = load_segmenter()
    print(table([row for folder in given.folders for row in rows(folder, given.most, segmenter)]))


if __name__ == "__main__":
    main()
