"""Composites over new backgrounds against the ideal ones, in the band where alpha is partial.

    python benchmarks/foreground.py CLIPS [--every 12] [--weights default]

CLIPS has NAME.mp4 with true alpha, NAME.alpha.mkv. Where the camera moves, the background behind
the person is known exactly, because what is hidden at one time is visible at another. From it the
background of another clip of the same footage, with the same alpha, is known too. So the ideal
composite over any background B' is the frame plus (1 - alpha) * (B' - B), without knowing the
person's colours F, and F is (frame - (1 - alpha) * B) / alpha. Where alpha is below 0.1 this is
mostly noise, and F is taken from its surroundings.

Everything is done on the clip's own planes, with the mean alpha of its samples for chroma, and
composited by the library. The band is where true alpha is above 0.02 and below 0.98, widened by two
pixels. Prints the mean absolute error there, of 8-bit RGB, for three alphas (the true one, the
pipeline's, and the network's only enlarged) and these colours: unchanged, estimated by the library,
estimated by pymatting's `estimate_foreground_ml` if that is installed, the true ones, and the best.
The best is, for each sample, the single colour nearest to the ideal over all backgrounds, which
only somebody who knows the ideal can find. The error that it leaves is alpha's own.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path

import av
import numpy as np
from behind import Array, Footage, Planes, all_footage, band, known, known_share, samples, shares

from sinet_video.media.convert import blank_like, planes_of
from sinet_video.media.frame import Frame, Matte
from sinet_video.models.load import load_segmenter
from sinet_video.pipeline.chain import matte
from sinet_video.pipeline.settings import Settings
from sinet_video.planes.box_filter import box_sum
from sinet_video.quality.image_bytes import png
from sinet_video.stages.backgrounds import ColourBackground, ImageBackground
from sinet_video.stages.composite import Background, composite
from sinet_video.stages.decontaminate import decontaminate
from sinet_video.stages.fit_background import converted
from sinet_video.training.evaluate.clips import list_clips, staged

LEAST = 0.1
"""True alpha from which the person's colour is computed from the frame."""


def as_frame(frame: Frame, planes: Planes) -> Frame:
    """Return the same moment with other planes, rounded."""
    video = blank_like(frame.video)
    for target, plane in zip(planes_of(video), planes, strict=True):
        target[...] = np.rint(np.clip(plane, 0, 255))
    return frame.with_video(video)


def ideal(frame: Frame, alpha: Array, room: Planes, behind: Planes) -> Planes:
    """Return the composite with true alpha and true colours; valid where `known` is set."""
    changed = zip(samples(frame), shares(alpha), room, behind, strict=True)
    return [
        plane + (1 - share) * (new - np.where(np.isfinite(old), old, plane))
        for plane, share, old, new in changed
    ]


def true_colours(frame: Frame, alpha: Array, room: Planes) -> Planes:
    """Return the person's colours, taken from the surroundings where alpha is too small."""
    made = []
    for plane, share, old in zip(samples(frame), shares(alpha), room, strict=True):
        told = (share >= LEAST) & np.isfinite(old)
        own = (plane - (1 - share) * np.where(told, old, plane)) / np.maximum(share, LEAST)
        made.append(_spread(np.where(told, np.clip(own, 0, 255), 0), told * share))
    return made


def _spread(plane: Array, weight: Array) -> Array:
    """Fill places with weight 0 with means of what is nearest."""
    filled, done = plane, weight > 0
    for radius in (1, 2, 4, 8, 16, 32):
        around = box_sum(weight.astype(np.float32), radius)
        near = box_sum((plane * weight).astype(np.float32), radius) / np.maximum(around, 1e-6)
        filled = np.where(done, filled, near)
        done = done | (around > 1e-3)
    return filled


def best_colours(alpha: Array, wanted: list[Planes], behind: list[Planes]) -> Planes:
    """Return, for each sample, the colour nearest to all ideal composites at once."""
    made = []
    for index, share in enumerate(shares(alpha)):
        rest, least = 1 - share, np.maximum(share, 1e-3)
        each = [(t[index] - rest * b[index]) / least for t, b in zip(wanted, behind, strict=True)]
        made.append(np.clip(np.median(each, axis=0), 0, 255))
    return made


def by_pymatting(frame: Frame, alpha: Array) -> Frame:
    """Return the frame with pymatting's estimate of the person's colours."""
    from pymatting import estimate_foreground_ml

    estimate = estimate_foreground_ml(frame.rgb / 255.0, alpha.astype(np.float64))
    rgb = np.rint(estimate.clip(0, 1) * 255).astype(np.uint8)
    return frame.with_video(converted(av.VideoFrame.from_ndarray(rgb, "rgb24"), frame.video))


def texture(height: int, width: int) -> Array:
    """Return a synthetic image of waves, squares and grain, (H, W, 3) uint8."""
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    waves = [128 + 60 * np.sin((columns * (i + 1) + rows * (3 - i)) / 17 + i) for i in range(3)]
    squares = 40 * ((rows // 24 + columns // 24) % 2)
    grain = np.random.default_rng(1).normal(0, 12, (height, width, 3))
    return (np.stack(waves, 2) + squares[..., None] + grain).clip(0, 255).astype(np.uint8)


def backgrounds(folder: Path) -> dict[str, Background]:
    """Return the backgrounds of the composites; the texture is written to a folder as an image."""
    path = folder / "texture.png"
    path.write_bytes(png(texture(512, 480)))
    flat = {"green": ColourBackground.parse("#00b140"), "pink": ColourBackground.parse("#d02080")}
    return {**flat, "texture": ImageBackground(path, "cover")}


def full(background: Background, frame: Frame) -> Planes:
    """Return a background's planes at full size."""
    planes = background.planes(Matte(frame, np.zeros((1, 1), np.float32)))
    return [
        np.broadcast_to(plane, own.shape).astype(np.float32)
        for plane, own in zip(planes, frame.planes, strict=True)
    ]


def candidates(
    made: Matte, truth: Array, room: Planes, wanted: list[Planes], behind: list[Planes]
) -> Iterator[tuple[str, Frame]]:
    """Yield the frame with the person's colours from each method."""
    frame, alpha = made.frame, made.alpha
    yield "as they are", frame
    yield "this library", next(decontaminate([made])).frame
    if find_spec("pymatting"):
        yield "pymatting", by_pymatting(frame, alpha)
    yield "true", as_frame(frame, true_colours(frame, truth, room))
    yield "the best", as_frame(frame, best_colours(alpha, wanted, behind))


Errors = dict[tuple[str, str, str], list[float]]
"""The error of each frame, by alpha, colours and background."""


def compare(
    footage: Footage, mattes: dict[str, list[Matte]], over: dict[str, Background], every: int
) -> Errors:
    """Return the errors of one clip's composites."""
    errors: Errors = {}
    for index in range(0, len(footage.frames), every):
        frame, truth, room = footage.frames[index], footage.alphas[index], footage.rooms[index]
        behind = [full(background, frame) for background in over.values()]
        wanted = [ideal(frame, truth, room, planes) for planes in behind]
        told = band(truth) & known(room)
        aims = [as_frame(frame, each).rgb for each in wanted]
        for which, own in mattes.items():
            made = own[index]
            for colours, coloured in candidates(made, truth, room, wanted, behind):
                whole = made.with_frame(coloured)
                for (name, background), aim in zip(over.items(), aims, strict=True):
                    got = next(composite([whole], background)).frame.rgb
                    off = np.abs(got.astype(np.float32) - aim)[told].mean()
                    errors.setdefault((which, colours, name), []).append(float(off))
    return errors


def table(errors: Errors) -> Iterator[str]:
    """Yield rows: a method each, with its error over each background and the mean."""
    names = list(dict.fromkeys(name for _, _, name in errors))
    yield f"| alpha | the person's colours | {' | '.join(names)} | mean |"
    yield "|---|---|" + "---|" * (len(names) + 1)
    for alpha, colours in dict.fromkeys(key[:2] for key in errors):
        means = [float(np.mean(errors[alpha, colours, name])) for name in names]
        figures = " | ".join(f"{mean:.2f}" for mean in [*means, float(np.mean(means))])
        yield f"| {alpha} | {colours} | {figures} |"


def mattes_of(clip: Path, footage: Footage, settings: Settings) -> dict[str, list[Matte]]:
    """Return a clip's mattes by its true alpha, the pipeline's, and the network's enlarged."""
    pairs = zip(footage.frames, footage.alphas, strict=True)
    made = {"true": [Matte(frame, alpha) for frame, alpha in pairs]}
    for name, own in {"own": settings, "network": staged(settings, "network")}.items():
        with closing(matte(clip, settings=own)) as mattes:
            made[name] = list(mattes)
    return made


def main() -> None:
    """Recover rooms, compute mattes, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clips", type=Path)
    parser.add_argument("--every", type=int, default=12, help="Compare every so many frames.")
    parser.add_argument("--weights", default="default")
    given = parser.parse_args()
    settings = Settings(segmenter=load_segmenter(given.weights))
    everything: Errors = {}
    with tempfile.TemporaryDirectory() as folder:
        over = backgrounds(Path(folder))
        for pair, footage in zip(list_clips(given.clips)[0], all_footage(given.clips), strict=True):
            mattes = mattes_of(pair.clip, footage, settings)
            errors = compare(footage, mattes, over, given.every)
            print(f"{footage.name}: the room is known in {known_share(footage):.1%} of the band")
            print(*table(errors), "", sep="\n", flush=True)
            for key, values in errors.items():
                everything.setdefault(key, []).extend(values)
    print("All clips", *table(everything), sep="\n")


if __name__ == "__main__":
    main()
