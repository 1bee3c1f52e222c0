"""Frames that players turn and mirror: seen upright, and shown as their source is shown."""

from __future__ import annotations

import struct
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

import sinet_video
from sinet_video import (
    BilinearRefinement,
    Encoding,
    Settings,
    convert,
    decode,
    preview,
    probe,
    verify,
)
from sinet_video.decoding.matte_file import read_drawn
from sinet_video.encoding.encoder_input import shown
from sinet_video.media.orientation import Orientation
from sinet_video.media.side_data import side_data_of
from sinet_video.models.segmenter import upright

MATRICES = {
    "as it is": (1, 0, 0, 1),
    "mirrored": (-1, 0, 0, 1),
    "upside down": (-1, 0, 0, -1),
    "upside down, mirrored": (1, 0, 0, -1),
    "left": (0, -1, 1, 0),
    "left, mirrored": (0, 1, 1, 0),
    "right": (0, 1, -1, 0),
    "right, mirrored": (0, -1, -1, 0),
}
"""Where a step to the right goes, to the right and down, and where a step down does."""

Phone = Callable[..., Path]


@pytest.fixture(scope="module")
def phone(tmp_path_factory, ffmpeg) -> Phone:
    """Three frames of 64x48 in an MP4 whose track has another matrix: `phone("left")`."""

    @cache
    def make(name: str, *arguments: object) -> Path:
        path = tmp_path_factory.mktemp("phone") / "phone.mp4"
        ffmpeg(
            "ffmpeg", "-f", "lavfi", "-i", "testsrc=s=64x48:r=25:d=0.12", *arguments,
            "-pix_fmt", "yuv420p", path,
        )  # fmt: skip
        data = bytearray(path.read_bytes())
        # ISO/IEC 14496-12, 8.3.2: after the box's name, and 40 bytes of its first version.
        start = data.index(b"tkhd") + 4 + 40
        assert data[start : start + 36] == matrix_of(1, 0, 0, 1)
        data[start : start + 36] = matrix_of(*MATRICES[name])
        path.write_bytes(data)
        return path

    return make


def matrix_of(a: int, b: int, c: int, d: int) -> bytes:
    """The nine numbers of a track's matrix, fixed points, in a file."""
    return struct.pack(">9i", a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30)


def luma_shown(path: Path, *, sideways: bool) -> np.ndarray:
    """The frames as ffmpeg turns and mirrors them: (frames, H, W)."""
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-f", "rawvideo", "-pix_fmt", "yuv444p"]
    data = subprocess.run([*command, "-"], capture_output=True, check=True).stdout
    height, width = (64, 48) if sideways else (48, 64)
    return np.frombuffer(data, np.uint8).reshape(-1, 3, height, width)[:, 0]


def left_half(image: np.ndarray) -> np.ndarray:
    """Alpha of a person who is all of the left, as seen."""
    alpha = np.zeros(image.shape[:2], np.float32)
    alpha[:, : alpha.shape[1] // 2] = 1
    return alpha


LEFT = Settings(segmenter=left_half, smoothing=None, refinement=BilinearRefinement(0, 1))
LOSSLESS = Encoding(crf=0)


def sideways(name: str) -> bool:
    """Whether width and height change places."""
    return MATRICES[name][0] == 0


def kept_half(shown: np.ndarray) -> np.ndarray:
    """What is surely of the person, as shown."""
    return shown[..., : shown.shape[-1] // 2 - 8].astype(int)


@pytest.mark.parametrize("name", MATRICES)
def test_the_network_sees_it_as_ffmpeg_shows_it(name, phone):
    """Upright and not mirrored."""
    path = phone(name)
    expected = luma_shown(path, sideways=sideways(name))[0]
    frame = next(decode(path))
    assert np.array_equal(frame.orientation.shown(frame.luma), expected)
    seen = upright(frame, expected.shape[::-1]).mean(axis=2)
    ways = [Orientation(angle, flip) for angle in (0, 90, 180, 270) for flip in (False, True)]
    off = {
        way: np.abs(seen - way.shown(frame.rgb).mean(axis=2)).mean()
        for way in ways
        if way.sideways == sideways(name)
    }
    assert min(off, key=lambda way: off[way]).matches(frame.orientation)


@pytest.mark.parametrize(
    ("name", "output"), [*((name, "o.mp4") for name in MATRICES), ("left, mirrored", "o.mov")]
)
def test_a_result_is_shown_as_its_source(name, output, phone, tmp_path):
    """By ffmpeg, sample by sample where the person is, and what is behind is where it should be."""
    source, result = phone(name), tmp_path / output
    convert(source, result, background="#000000", settings=LEFT, encoding=LOSSLESS)
    found = luma_shown(result, sideways=sideways(name))
    assert np.array_equal(kept_half(found), kept_half(luma_shown(source, sideways=sideways(name))))
    assert np.all(found[..., found.shape[-1] // 2 + 8 :] == 16)
    checks = {check.name: check.holds for check in verify(result, source).checks}
    assert checks["rotation"]
    assert checks["size"]


@pytest.mark.parametrize(
    ("name", "output"), [*((name, "o.mkv") for name in MATRICES), ("left, mirrored", "o.webm")]
)
def test_matroska_says_the_same_matrix(name, output, phone, tmp_path):
    """As libav's own demuxer reads it; Matroska has angles, of which a mirror is one."""
    source, result = phone(name), tmp_path / output
    convert(source, result, background="#000000", settings=LEFT)
    assert quarter_matrix(result) == quarter_matrix(source) == MATRICES[name]


def quarter_matrix(path: Path) -> tuple[int, ...]:
    """The signs of a frame's matrix."""
    with av.open(str(path)) as container:
        video = next(container.decode(video=0))
        found = [bytes(d) for d in side_data_of(video) if d.type.name == "DISPLAYMATRIX"]
    if not found:
        return 1, 0, 0, 1
    numbers = struct.unpack("=9i", found[0])
    return tuple(round(numbers[place] / 65536) for place in (0, 1, 3, 4))


@pytest.mark.parametrize("name", MATRICES)
def test_frames_are_turned_themselves(name, phone, tmp_path):
    """As nothing in them can say it."""
    source, pattern = phone(name), tmp_path / "images" / "%05d.png"
    convert(source, pattern, background="#000000", settings=LEFT)
    found = luma_shown(pattern, sideways=sideways(name))
    expected = luma_shown(source, sideways=sideways(name))
    assert np.abs(kept_half(found) - kept_half(expected)).mean() < 4  # by way of RGB and back


def test_pipes_carry_it_upright(phone, tmp_path):
    """What goes through a pipe has no matrix either."""
    program = """
import os, sys
import numpy as np
from sinet_video import BilinearRefinement, Encoding, Settings, convert
everything = lambda _: np.ones((2, 2), np.float32)
settings = Settings(segmenter=everything, smoothing=None, refinement=BilinearRefinement(0, 1))
for source, target, form in zip(*[iter(sys.argv[1:])] * 3):
    os.dup2(os.open(target, os.O_WRONLY | os.O_CREAT), 1)
    convert(source, "-", background="green", settings=settings, encoding=Encoding(format=form))
"""
    jobs = [
        (phone(name), tmp_path / f"{index}.{form}", form)
        for index, name in enumerate(MATRICES)
        for form in ("nut", "y4m")
    ]
    words = [str(word) for job in jobs for word in job]
    subprocess.run([sys.executable, "-c", program, *words], check=True)
    for name, (source, piped, _) in zip([n for n in MATRICES for _ in range(2)], jobs, strict=True):
        shape = {"sideways": sideways(name)}
        assert np.array_equal(luma_shown(piped, **shape), luma_shown(source, **shape)), piped


def half(_: np.ndarray) -> np.ndarray:
    """Alpha of 0.5 throughout."""
    return np.full((3, 4), 0.5, np.float32)


EVEN = Settings(segmenter=half, smoothing=None, refinement=BilinearRefinement(0, 1))
FFV1 = Encoding(codec="ffv1")


def corner(path: Path, *, sideways: bool) -> Path:
    """An image as large as the clip is shown, its upper left quarter white."""
    drawn = np.zeros((64, 48) if sideways else (48, 64), np.uint8)
    drawn[: drawn.shape[0] // 2, : drawn.shape[1] // 2] = 255
    Image.fromarray(drawn).save(path)
    return path


@pytest.mark.parametrize("name", MATRICES)
@pytest.mark.parametrize("kind", ["garbage", "core"])
def test_drawn_mattes_lie_where_they_were_drawn(name, kind, phone, tmp_path):
    """On the frame as ffmpeg shows it: the upper left quarter and nothing else."""
    drawn = corner(tmp_path / "drawn.png", sideways=sideways(name))
    settings = replace(EVEN, **{kind: drawn})
    convert(phone(name), tmp_path / "o.mkv", show="alpha", settings=settings, encoding=FFV1)
    limited = luma_shown(tmp_path / "o.mkv", sideways=sideways(name))[0]
    shown = (limited.astype(float) - 16) / 219
    inside = np.zeros(shown.shape, bool)
    inside[: inside.shape[0] // 2, : inside.shape[1] // 2] = True
    assert abs(shown[inside] - (kind == "core")).max() < 0.01
    assert abs(shown[~inside] - 0.5).max() < 0.01


@pytest.mark.parametrize("name", MATRICES)
def test_a_drawn_video_is_seen_as_players_show_it(name, phone):
    """Also one that a phone turned or mirrored."""
    drawn = next(read_drawn(phone(name)))[1]
    expected = luma_shown(phone(name), sideways=sideways(name))[0].astype(float)
    assert abs(drawn * 219 + 16 - np.clip(expected, 16, 235)).max() < 1


@pytest.mark.parametrize("name", MATRICES)
def test_previews_show_it_as_players_do(name, phone, tmp_path):
    """Source, matte and result of a moment, and the panels of a close-up."""
    found = preview(phone(name), tmp_path / "o.html", settings=LEFT)
    moment = found.moments[0]
    expected = luma_shown(phone(name), sideways=sideways(name))[0].astype(float)
    wide = expected.shape[1] // 2
    assert moment.source.shape[:2] == moment.matte.shape == moment.result.shape[:2]
    luma = moment.source @ np.array([0.299, 0.587, 0.114])
    assert np.corrcoef(luma.ravel(), expected.ravel())[0, 1] > 0.99
    assert moment.matte[:, : wide - 8].min() == 255
    assert moment.matte[:, wide + 8 :].max() == 0
    kept, source = moment.result[:, : wide - 8], moment.source[:, : wide - 8]
    assert abs(kept.astype(int) - source).mean() < 3


def test_only_one_module_turns_frames():
    """What turns by hand forgets mirroring: all others ask `Orientation`."""
    package = Path(sinet_video.__file__).parent
    turning = {file.name for file in package.rglob("*.py") if "rot90" in file.read_text("utf-8")}
    assert turning == {"orientation.py"}


@pytest.mark.parametrize("pixel_format", ["yuv422p", "yuva422p10le", "gray", "rgba64le"])
def test_any_layout_of_samples_can_be_turned(pixel_format):
    """Chroma that is halved in one direction is turned by way of whole chroma."""
    ramp = np.dstack([np.arange(64)[None] * 3 + np.zeros((48, 1)), np.full((48, 64, 2), 90)])
    video = av.VideoFrame.from_ndarray(ramp.astype(np.uint8), "rgb24")
    video = video.reformat(format=pixel_format)
    turned = shown(video, Orientation(90, mirrored=True))
    assert (turned.format.name, turned.width, turned.height) == (pixel_format, 48, 64)
    found, expected = (each.to_ndarray(format="rgb24").astype(int) for each in (turned, video))
    assert np.abs(found - np.fliplr(np.rot90(expected))).max() <= 3


def test_wide_pixels_of_a_turned_clip_are_high_ones(phone, ffmpeg, tmp_path):
    """A frame that is turned itself has the inverse aspect, and the shape shown is the same."""
    source = phone("left", "-vf", "setsar=4/3")
    assert probe(source).sample_aspect == Fraction(4, 3)
    assert probe(source).as_shown().sample_aspect == Fraction(3, 4)
    assert probe(source).shown_aspect == pytest.approx(48 * 3 / (64 * 4))
    convert(source, tmp_path / "o.mp4", settings=LEFT)
    assert probe(tmp_path / "o.mp4").shown_aspect == pytest.approx(48 * 3 / (64 * 4))


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("rotation", [0, 90, 180, -90, 270])
def test_stored_undoes_shown(rotation, mirrored):
    """For pixels of any kind."""
    pixels = np.arange(24).reshape(2, 4, 3)
    orientation = Orientation(rotation, mirrored)
    assert np.array_equal(orientation.stored(orientation.shown(pixels)), pixels)
    assert orientation.upright == np.array_equal(orientation.shown(pixels), pixels)


def test_words():
    """What people are told."""
    assert str(Orientation()) == "upright"
    assert str(Orientation(-90)) == "turned by -90 degrees"
    assert str(Orientation(180, mirrored=True)) == "turned by 180 degrees and mirrored"
    assert Orientation(270).matches(Orientation(-90))
    assert not Orientation(0, mirrored=True).matches(Orientation(180, mirrored=True))
