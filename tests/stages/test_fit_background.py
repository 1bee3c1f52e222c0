"""Images and videos brought to the colours of the frame that they stand behind."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from sinet_video import decode
from sinet_video.media.convert import planes_of
from sinet_video.media.frame import Frame, Matte
from sinet_video.stages.backgrounds import ColourBackground, ImageBackground, VideoBackground
from sinet_video.stages.fit_background import fit_background

SDR, PQ, HLG = (1, 1, 1), (9, 9, 16), (9, 9, 18)
"""Codes of matrix, primaries and transfer."""

PQ_WHITE, HLG_WHITE = 572, 721
"""10-bit limited-range luma of diffuse white, 58 % and 75 % of the signal: ITU-R BT.2408."""


def gray(luma: int, colour: tuple[int, int, int], name: str = "yuv420p10le") -> Frame:
    """A frame of one gray in 10 bits or 8."""
    video = av.VideoFrame(64, 48, name)
    video.colorspace, video.color_primaries, video.color_trc = colour
    video.color_range = 1
    top = 512 if name.endswith("10le") else 128
    for plane, value in zip(planes_of(video), (luma, top, top), strict=True):
        plane[...] = value
    return Frame(video, 0, Fraction(1, 25))


def behind(frame: Frame) -> Matte:
    """The frame where nobody is."""
    return Matte(frame, np.zeros((48, 64), np.float32))


@pytest.mark.parametrize(("hdr", "white"), [(PQ, PQ_WHITE), (HLG, HLG_WHITE)])
def test_white_is_the_diffuse_white_of_hdr_and_not_as_bright_as_the_screen_goes(
    hdr: tuple[int, int, int], white: int
) -> None:
    """A colour behind an HDR clip, and an SDR frame too."""
    frame = gray(300, hdr)
    assert abs(int(ColourBackground(255, 255, 255).planes(behind(frame))[0][0, 0]) - white) <= 3
    fitted = planes_of(fit_background(gray(235, SDR, "yuv420p"), frame, "cover"))
    assert np.abs(fitted[0].astype(int) - white).max() <= 3
    assert np.abs(fitted[1].astype(int) - 512).max() <= 2
    assert int(ColourBackground(0, 0, 0).planes(behind(frame))[0][0, 0]) == 64


PQ_PEAK = 723
"""The same of 1,000 cd/m², where HLG ends."""


def shades_behind(frame: Frame, images: list[Frame]) -> list[float]:
    """The luma of each gray image as a background of the frame."""
    planes = [planes_of(fit_background(image, frame, "cover"))[0].astype(int) for image in images]
    assert all(plane.max() - plane.min() <= 2 for plane in planes)
    return [float(plane.mean()) for plane in planes]


@pytest.mark.parametrize(("hdr", "white", "peak"), [(PQ, PQ_WHITE, PQ_PEAK), (HLG, HLG_WHITE, 940)])
def test_hdr_behind_sdr_is_tone_mapped(hdr: tuple[int, int, int], white: int, peak: int) -> None:
    """Brighter stays brighter up to SDR's white, and diffuse white is as bright from either."""
    images = [gray(luma, hdr) for luma in (64, 300, white, (white + peak) // 2, peak)]
    levels = shades_behind(gray(100, SDR, "yuv420p"), images)
    assert levels == sorted(set(levels))
    assert abs(levels[0] - 16) <= 1
    assert abs(levels[2] - 165) <= 1
    assert abs(levels[-1] - 235) <= 2


def test_pq_behind_hlg_is_as_bright() -> None:
    """Diffuse white stays diffuse white, and 1,000 cd/m² are the brightest of HLG."""
    levels = shades_behind(gray(300, HLG), [gray(PQ_WHITE, PQ), gray(PQ_PEAK, PQ)])
    assert np.abs(np.subtract(levels, (HLG_WHITE, 940))).max() <= 3


def test_pq_that_says_that_it_is_brighter_keeps_what_is_brighter(tmp_path: Path) -> None:
    """By the light level in the file, or else by the screen that it was graded on."""
    screen = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(40000000,50)"
    said = {"levels": "max-cll=4000,400", "screen": f"master-display={screen}", "nothing": ""}
    found = {}
    for name, parameters in said.items():
        images = [
            hevc(tmp_path / f"{name}{luma}.mkv", gray(luma, PQ).video, parameters)
            for luma in (PQ_PEAK, 850)
        ]
        found[name] = shades_behind(gray(100, SDR, "yuv420p"), images)
    assert np.abs(np.subtract(found["nothing"], 235)).max() <= 2
    for name in ("levels", "screen"):
        darker, brighter = found[name]
        assert darker + 10 < brighter < 233


def hevc(path: Path, video: av.VideoFrame, parameters: str) -> Frame:
    """A frame as it is read back from a file of HEVC."""
    with av.open(path, "w") as file:
        stream: Any = file.add_stream("libx265", rate=25, options={
            "x265-params": f"log-level=none:lossless=1:{parameters}".rstrip(":"),
        })  # fmt: skip
        stream.width, stream.height, stream.pix_fmt = video.width, video.height, video.format.name
        context = stream.codec_context
        context.colorspace, context.color_primaries, context.color_trc = PQ
        context.color_range = 1
        file.mux([*stream.encode(video), *stream.encode(None)])
    return next(decode(path))


def test_primaries_of_bt2020_are_converted_to_those_of_bt709() -> None:
    """The light is that of the definitions in ITU-R BT.2087."""
    light = np.array([0.1, 0.5, 0.1])
    to_wide = np.array(
        [[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.088, 0.8956]]
    )
    wide = np.rint((to_wide @ light) ** (1 / 2.4) * 255).astype(np.uint8)
    image = Frame.from_rgb(np.full((48, 64, 3), wide, np.uint8))
    image.video.color_primaries, image.video.color_trc = 9, 14
    frame = Frame.from_rgb(np.zeros((48, 64, 3), np.uint8))
    green, blue, red = (
        float(plane.mean()) for plane in planes_of(fit_background(image, frame, "cover"))
    )
    assert np.abs(np.array([red, green, blue]) - light ** (1 / 2.4) * 255).max() <= 3


def test_what_is_alike_is_not_converted() -> None:
    """HDR behind HDR of its kind, and SDR behind SDR, whatever its transfer is called."""
    for colour, other in ((PQ, PQ), (HLG, HLG), (SDR, (1, 1, 13)), ((6, 6, 6), (6, 2, 2))):
        for luma in (64, 300, 721, 940):
            (found, *_) = planes_of(fit_background(gray(luma, colour), gray(500, other), "cover"))
            assert np.abs(found.astype(int) - luma).max() <= 1


def test_deep_backgrounds_keep_their_shades() -> None:
    """A ramp of 10 bits behind 10 bits has more shades than 8 bits have."""
    image = gray(0, SDR)
    ramp = np.linspace(64, 940, 64 * 48).reshape(48, 64).astype(np.uint16)
    planes_of(image.video)[0][...] = ramp
    (found, *_) = planes_of(fit_background(image, gray(500, SDR), "cover"))
    assert len(np.unique(found)) > 800
    assert np.abs(found.astype(int) - ramp).max() <= 1


def test_what_is_transparent_in_an_image_is_black(tmp_path: Path) -> None:
    """Whatever colour is hidden there, and half of it where it is half transparent."""
    rgba = np.zeros((48, 64, 4), np.uint8)
    rgba[...] = 255, 255, 255, 0
    rgba[:, 20:40, 3], rgba[:, 40:, 3] = 128, 255
    Image.fromarray(rgba).save(tmp_path / "logo.png")
    planes = ImageBackground(tmp_path / "logo.png").planes(behind(gray(100, SDR, "yuv444p")))
    assert np.abs(planes[0][:, [10, 30, 50]].astype(int) - (16, 126, 235)).max() <= 2


def test_interlaced_videos_do_not_comb(tmp_path: Path, ffmpeg: Callable[..., str]) -> None:
    """A bar that moves has the same edge in both fields."""
    clip = tmp_path / "interlaced.mkv"
    ffmpeg(
        "ffmpeg", "-f", "lavfi", "-i", "color=black:s=320x96:r=50:d=0.4",
        "-f", "lavfi", "-i", "color=white:s=40x96:r=50:d=0.4",
        "-filter_complex", "[0][1]overlay=x='20+n*12',interlace,setfield=tff,format=yuv420p",
        "-c:v", "ffv1", "-field_order", "tt", clip,
    )  # fmt: skip
    video = VideoBackground(clip, "stretch")
    combs = []
    for number in range(8):
        frame = gray(16, SDR, "yuv420p")
        frame = Frame(frame.video, number, Fraction(1, 25))
        luma = video.planes(behind(frame))[0].astype(int)
        combs.append(np.abs(luma[1:-1] * 2 - luma[:-2] - luma[2:])[8:-8].max())
    assert max(combs[1:-1]) < 60
