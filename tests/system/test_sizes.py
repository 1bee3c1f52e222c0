"""Frames of any size: tiny, huge, odd, cropped, changing in mid-stream, of pixels not square."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from lossless import write_lossless
from plain_mattes import EVERYTHING

from sinet_video import (
    ColourBackground,
    Encoding,
    SettingError,
    Settings,
    composite,
    convert,
    decode,
    matte,
    probe,
)

LOSSLESS = Encoding(codec="ffv1")


def raw(path: Path) -> bytes:
    """All samples of a clip, as ffmpeg decodes them when it need not keep rows aligned."""
    every = ("-vsync", "passthrough", "-f", "rawvideo")
    command = ["ffmpeg", "-v", "error", "-flags", "unaligned", "-i", str(path), *every, "-"]
    return subprocess.run(command, capture_output=True, check=True).stdout


CROPPED = {
    "H.264, right and below": (
        "in.h264", "-c:v", "libx264", "-bf", 0,
        "-bsf:v", "h264_metadata=crop_right=20:crop_bottom=24",
    ),
    "H.264, left and above": (
        "in.h264", "-c:v", "libx264", "-bf", 0,
        "-bsf:v", "h264_metadata=crop_left=32:crop_top=4",
    ),
    "HEVC, a conformance window": ("in.mp4", "-c:v", "libx265", "-x265-params", "log-level=none"),
}  # fmt: skip

SHOWN = dict(zip(CROPPED, [(92, 40), (68, 46), (100, 50)], strict=True))


@pytest.mark.parametrize("kind", CROPPED)
def test_what_a_codec_crops_is_not_shown(kind, ffmpeg, tmp_path):
    """1080 lines are coded as 1088: the rest is neither seen nor kept, at whichever side."""
    name, *options = CROPPED[kind]
    source, output = tmp_path / name, tmp_path / "o.mkv"
    ffmpeg("ffmpeg", "-f", "lavfi", "-i", "testsrc2=s=100x50:r=25:d=0.2",
           "-pix_fmt", "yuv420p", *options, source)  # fmt: skip
    clip = probe(source)
    assert (clip.width, clip.height) == SHOWN[kind]
    convert(source, output, settings=EVERYTHING, encoding=LOSSLESS)
    assert raw(output) == raw(source)
    assert len(raw(source)) == 5 * clip.width * clip.height * 3 // 2


def test_1080_lines(ffmpeg, tmp_path):
    """The size that all the world has, and that is no multiple of 16."""
    source, output = tmp_path / "in.mp4", tmp_path / "o.mp4"
    ffmpeg("ffmpeg", "-f", "lavfi", "-i", "testsrc2=s=240x1080:r=25:d=0.08", "-pix_fmt", "yuv420p",
           source)  # fmt: skip
    convert(source, output, settings=EVERYTHING, encoding=Encoding(crf=0, preset="ultrafast"))
    assert (probe(output).width, probe(output).height) == (240, 1080)
    assert raw(output) == raw(source)


@pytest.mark.parametrize(
    ("size", "pixel_format"),
    [("2x2", "yuv420p"), ("1x1", "yuv420p"), ("17x1", "yuv444p"), ("1x2", "yuv444p"),
     ("3x3", "yuv420p"), ("2x9", "yuv420p10le"), ("7x5", "yuv411p")],
)  # fmt: skip
def test_frames_of_a_few_pixels(size, pixel_format, tmp_path):
    """By all the stages, the network as well; lossless where all is the person."""
    source = tmp_path / "in.mkv"
    width, height = map(int, size.split("x"))
    noise = np.random.default_rng(0).integers(0, 255, (3, height, width, 3), np.uint8)
    write_lossless(source, noise, pixel_format, slices="1")  # as they are so small
    for name in ("o.mp4", "o.webm", "o.mov", "images"):
        assert convert(source, tmp_path / name).frames == 3
    convert(source, tmp_path / "o.mkv", settings=EVERYTHING, encoding=LOSSLESS)
    assert raw(tmp_path / "o.mkv") == raw(source)


def test_a_line_that_ffv1_cannot_cut(make_clip, tmp_path):
    """Is refused before the work, with what would do; another codec takes it."""
    line = make_clip("line.mkv", width=3, height=300, frames=2, codec="rawvideo")
    with pytest.raises(SettingError, match="3x300, and ffv1 needs 4x4"):
        convert(line, tmp_path / "o.mkv", settings=EVERYTHING, encoding=LOSSLESS)
    assert list(tmp_path.iterdir()) == []
    assert convert(line, tmp_path / "o.mkv", settings=EVERYTHING).frames == 2


def test_a_frame_of_8k(ffmpeg, tmp_path):
    """33 million pixels through all stages; what is the person stays."""
    source = tmp_path / "in.mp4"
    ffmpeg("ffmpeg", "-f", "lavfi", "-i", "color=gray:s=7680x4320:r=25:d=0.04", "-c:v", "libx264",
           "-preset", "ultrafast", "-pix_fmt", "yuv420p", source)  # fmt: skip
    (before,) = decode(source)
    person = np.repeat([[1, 1, 1, 1, 0, 0, 0, 0]], 5, 0).astype(np.float32)
    settings = replace(EVERYTHING, segmenter=lambda _: person)
    (after,) = composite(matte(source, settings=settings), ColourBackground.parse("black"))
    assert after.frame.luma.shape == (4320, 7680)
    assert np.array_equal(after.frame.luma[:, :3000], before.luma[:, :3000])
    assert (after.frame.luma[:, -3000:] == 16).all()


# Sizes that change in mid-stream


@pytest.fixture(params=["switch.ts", "switch.h264", "switch.mkv"])
def switching(request, ffmpeg, tmp_path) -> Path:
    """Ten frames of 96x64, then ten of 160x120, then ten of 96x64 again."""
    whole = b""
    for start, size in enumerate(("96x64", "160x120", "96x64")):
        part = tmp_path / f"{start}.ts"
        ffmpeg(
            "ffmpeg", "-f", "lavfi", "-i", f"smptebars=s={size}:r=25:d=0.4", "-c:v", "libx264",
            "-bf", 0, "-flags", "+ilme+ildct", "-x264-params", "tff=1",
            "-output_ts_offset", 1 + start * 0.4, part,
        )  # fmt: skip
        whole += part.read_bytes()
    path = tmp_path / "switch.ts"
    path.write_bytes(whole)
    if request.param != path.name:
        target = tmp_path / request.param
        ffmpeg("ffmpeg", "-i", path, "-c", "copy", target)
        path = target
    return path


@pytest.mark.parametrize("deinterlace", [False, True])
def test_sizes_that_change_are_brought_to_the_first(deinterlace, switching, tmp_path):
    """As ffmpeg does; all frames are there at their times, and it is counted and said."""
    settings = replace(EVERYTHING, deinterlace=deinterlace)
    output = tmp_path / "o.mkv"
    report = convert(switching, output, settings=settings, encoding=LOSSLESS)
    assert (report.frames, report.resized) == (30, 10)
    assert any("10 frames have another size than the first" in said for said in report.warnings)
    shape = (30, 64 * 96 * 3 // 2)
    found = np.frombuffer(raw(output), np.uint8).reshape(shape).astype(int)
    expected = np.frombuffer(raw(switching), np.uint8).reshape(shape)
    off = np.abs(found - expected)
    assert deinterlace or off[:10].max() == 0
    assert off.mean() < 3


def test_one_size_is_not_called_changing(ffmpeg, tmp_path):
    """The failing twin."""
    ffmpeg("ffmpeg", "-f", "lavfi", "-i", "smptebars=s=96x64:r=25:d=0.2", tmp_path / "in.ts")
    report = convert(tmp_path / "in.ts", tmp_path / "o.mp4", settings=EVERYTHING)
    assert (report.resized, report.warnings) == (0, [])


@pytest.mark.parametrize("aspect", ["4/3", "8/9", "12/11"])
def test_pixels_that_are_not_square(aspect, ffmpeg, tmp_path):
    """The network sees a circle as a circle, and the file says the same as its source."""
    source, output = tmp_path / "in.mp4", tmp_path / "o.mp4"
    ffmpeg("ffmpeg", "-f", "lavfi", "-i", "testsrc2=s=96x64:r=25:d=0.12",
           "-vf", f"setsar={aspect}", source)  # fmt: skip
    seen = []

    def segmenter(image: np.ndarray) -> np.ndarray:
        seen.append(image.shape[1] / image.shape[0])
        return np.ones((2, 2), np.float32)

    convert(source, output, settings=Settings(segmenter=segmenter))
    assert seen[0] == pytest.approx(96 / 64 * Fraction(aspect), rel=0.08)
    assert probe(output).sample_aspect == Fraction(aspect)
