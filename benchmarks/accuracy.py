"""How right the mattes are, on photographs with masks and on clips with true alpha.

    python benchmarks/accuracy.py --portraits FOLDER --clips FOLDER [--weights default ...]

--portraits: a folder of pictures NAME.jpg or .png in `images` and masks of the same stem in
`masks`; the figure is the foreground intersection over union at full picture size, averaged over
pictures, with the network's own alpha enlarged bilinearly and cut at one half. "squashed" forces
224x224; "native" keeps the aspect in at most about 50,000 pixels.

--clips: NAME.mp4 with NAME.alpha.mkv beside it; the figures are MAD x 1000 and dtSSD x 100 after
refinement, without and with temporal smoothing, and for the network's alpha merely enlarged.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from sinet_video.decoding import decode, opened
from sinet_video.frame import AREA, planes_of, reformat, rgb_of
from sinet_video.metrics import dtssd, foreground_iou, mad
from sinet_video.refining import Bilinear, Guided, Refinement, refine, resized
from sinet_video.runtime import load_segmenter
from sinet_video.segmenting import Segmenter, Size, segment
from sinet_video.smoothing import Adaptive, Exponential, Smoothing, smooth

SQUASHED = Size(exact=(224, 224))


def first_picture(path: Path) -> av.VideoFrame:
    """Return an image file's picture."""
    with opened(path) as container:
        return next(container.decode(video=0))


def portraits(folder: Path) -> Iterator[tuple[Path, Path]]:
    """Yield each picture with its mask."""
    masks = {path.stem: path for path in (folder / "masks").iterdir()}
    for picture in sorted((folder / "images").iterdir()):
        yield picture, masks[picture.stem]


def portrait_iou(picture: Path, mask: Path, segmenter: Segmenter, size: Size) -> float:
    """Return the foreground IoU of one portrait at full size."""
    video = first_picture(picture)
    width, height = size.of(video.width / video.height)
    small = reformat(video, width=width, height=height, pixel_format="rgb24", interpolation=AREA)
    alpha = segmenter(rgb_of(small))
    truth = planes_of(reformat(first_picture(mask), pixel_format="gray"))[0]
    return foreground_iou(resized(alpha, truth.shape) > 0.5, truth > 127)


def true_alpha(path: Path) -> Iterator[NDArray[np.float32]]:
    """Yield a clip's true alpha, in [0, 1]."""
    for frame in decode(path):
        yield frame.luma.astype(np.float32) / 255


def clip_errors(
    clip: Path, segmenter: Segmenter, smoothing: Smoothing, refinement: Refinement
) -> tuple[float, float, float]:
    """Return MAD x 1000, dtSSD x 100 and the mean foreground IoU x 100 of a clip."""
    mattes = refine(smooth(segment(decode(clip), segmenter), smoothing), refinement)
    alphas = [matte.alpha for matte in mattes]
    truths = list(true_alpha(clip.with_suffix(".alpha.mkv")))
    pairs = list(zip(alphas, truths, strict=True))
    return (
        1000 * statistics.mean(mad(a, t) for a, t in pairs),
        100 * dtssd(alphas, truths),
        100 * statistics.mean(foreground_iou(a > 0.5, t > 0.5) for a, t in pairs),
    )


VARIANTS: dict[str, tuple[Smoothing, Refinement]] = {
    "network alone": (None, Bilinear(black=0, white=1)),
    "refined": (None, Guided()),
    "refined, exponential": (Exponential(), Guided()),
    "refined, adaptive (default)": (Adaptive(), Guided()),
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--portraits", type=Path)
    parser.add_argument("--clips", type=Path)
    parser.add_argument("--weights", nargs="+", default=["default"])
    given = parser.parse_args()
    for weights in given.weights:
        segmenter = load_segmenter(weights)
        print(f"weights {weights}")
        if given.portraits:
            for name, size in (("squashed to 224x224", SQUASHED), ("native aspect", Size())):
                found = [portrait_iou(p, m, segmenter, size) for p, m in portraits(given.portraits)]
                mean = 100 * statistics.mean(found)
                print(f"  {len(found)} portraits, {name}: foreground IoU {mean:.2f}")
        for clip in sorted(given.clips.glob("*.mp4")) if given.clips else []:
            for name, (smoothing, refinement) in VARIANTS.items():
                error, flicker, iou = clip_errors(clip, segmenter, smoothing, refinement)
                print(f"  {clip.stem}, {name}: MAD {error:.1f}, dtSSD {flicker:.2f}, IoU {iou:.2f}")


if __name__ == "__main__":
    main()
