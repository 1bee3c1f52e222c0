"""Outputs: what is in them, what is said of them, and that they are whole or not there."""

from __future__ import annotations

import dataclasses
import errno
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from plain_mattes import everything

from sinet_video import (
    BilinearRefinement,
    Clip,
    Encoding,
    Matte,
    OutputError,
    SettingError,
    Settings,
    TimeRange,
    convert,
    decode,
    matte,
    open_sink,
    probe,
)
from sinet_video.encoding.open_sink import check_output

WIDTH, HEIGHT = 160, 96
TESTSRC = f"testsrc2=s={WIDTH}x{HEIGHT}:r=25:d=0.4"
LONGER = f"testsrc2=s={WIDTH}x{HEIGHT}:r=25:d=1"
RAMP = f"nullsrc=s={WIDTH}x{HEIGHT}:r=25:d=0.2,format=gbrp,geq=r='X+40':g='Y*2+30':b='220-X'"
UNEVEN = [0, 512, 700, 1500, 1512, 3000, 5000, 5512, 6100, 9000, 9001, 12000]

ALL_PERSON = Settings(segmenter=everything)
"""All of the frame is the person; refined and steadied as by default."""

HALF = Settings(
    segmenter=lambda _: np.array([[0, 0, 0, 0, 0.4, 1, 1, 1]], np.float32),
    refinement=BilinearRefinement(),
    smoothing=None,
)
AS_IS = dataclasses.replace(HALF, decontaminate=False)
"""The same, with colours as the source has them."""
"""The person is on the right, with a soft edge in the middle."""


@pytest.fixture(scope="module")
def made(tmp_path_factory, ffmpeg) -> Callable[..., Path]:
    """Write a clip with ffmpeg, once: `made("a.mkv", "-c:v", "ffv1", source=...)`."""

    @cache
    def make(name: str, *arguments: object, source: str = TESTSRC) -> Path:
        path = tmp_path_factory.mktemp("encoding") / name
        ffmpeg("ffmpeg", "-f", "lavfi", "-i", source, *arguments, path)
        return path

    return make


@pytest.fixture(scope="module")
def clip(made) -> Path:
    """Ten frames of H.264."""
    return made("clip.mp4", "-c:v", "libx264", "-pix_fmt", "yuv420p")


@pytest.fixture(scope="module")
def video_facts(ffmpeg) -> Callable[[Path], dict]:
    """What ffprobe says of a file's video."""

    def facts(path: Path) -> dict:
        out = ffmpeg("ffprobe", "-select_streams", "v:0", "-show_streams", "-of", "json", path)
        return json.loads(out)["streams"][0]

    return facts


@pytest.fixture(scope="module")
def samples(ffmpeg, tmp_path_factory) -> Callable[..., np.ndarray]:
    """A file's frames as ffmpeg decodes them, (frames, height, width, ...)."""

    @cache
    def read(
        path: Path,
        pixel_format: str,
        *arguments: object,
        before: tuple = (),
        size: tuple[int, int] = (WIDTH, HEIGHT),
    ) -> np.ndarray:
        raw = tmp_path_factory.mktemp("raw") / "raw"
        ffmpeg(
            "ffmpeg", *before, "-i", path, *arguments, "-vsync", "passthrough", "-f", "rawvideo",
            "-sws_flags", "accurate_rnd+full_chroma_int+bicubic", "-pix_fmt", pixel_format, raw,
        )  # fmt: skip
        shape = (*size[::-1], 3) if pixel_format == "rgb24" else size[::-1]
        return np.fromfile(raw, np.uint8).reshape(-1, *shape)

    return read


@pytest.fixture(scope="module")
def hashes(ffmpeg) -> Callable[[Path], list[str]]:
    """A hash of each frame's samples, as ffmpeg decodes them."""

    def read(path: Path) -> list[str]:
        out = ffmpeg("ffmpeg", "-i", path, "-map", "0:v", "-vsync", "passthrough",
                     "-f", "framemd5", "-")  # fmt: skip
        return [line.split()[-1] for line in out.splitlines() if not line.startswith("#")]

    return read


def alphas(source: Path, settings: Settings = HALF) -> np.ndarray:
    """The mattes that a conversion with these settings has, (frames, height, width)."""
    return np.stack([item.alpha for item in matte(source, settings=settings)])


def workers() -> set[threading.Thread]:
    """Our threads that are running."""
    return {t for t in threading.enumerate() if t.name in ("decode", "work")}


def failing_at(count: int) -> Settings:
    """A segmenter that does not survive its `count`-th frame."""
    seen = []

    def segmenter(_: np.ndarray) -> np.ndarray:
        seen.append(1)
        if len(seen) == count:
            raise ZeroDivisionError("the segmenter's own error")
        return np.ones((3, 5), np.float32)

    return Settings(segmenter=segmenter)


# Samples


@pytest.mark.parametrize(
    "pixel_format",
    [
        *("yuv420p", "yuv422p", "yuv444p", "yuv420p10le", "yuv422p10le", "yuv444p10le"),
        *("yuvj420p", "yuvj422p", "yuvj444p", "yuv420p12le", "yuv422p12le", "yuv444p12le"),
    ],
)
def test_where_all_is_the_person_every_sample_is_the_source_s(
    pixel_format, made, hashes, video_facts, tmp_path
):
    """Decoding, matting, compositing and lossless encoding change nothing."""
    codec = "ffv1" if pixel_format.endswith("12le") else "libx264"
    source = made("source.mkv", "-c:v", codec, "-pix_fmt", pixel_format)
    output = tmp_path / "same.mkv"
    convert(source, output, settings=ALL_PERSON, encoding=Encoding("ffv1"))
    assert len(hashes(source)) == 10
    assert hashes(output) == hashes(source)
    if pixel_format.startswith("yuvj"):
        assert video_facts(output)["color_range"] == "pc"


@pytest.mark.parametrize(
    ("name", "codec", "chroma", "expected"),
    [
        ("a.mp4", "h264", None, "yuv420p"),
        ("a.mp4", "hevc", None, "yuv420p"),
        ("a.webm", "vp9", None, "yuv420p"),
        ("a.mp4", "h264", "444", "yuv444p"),
    ],
)
def test_rgb_becomes_what_players_show(
    name, codec, chroma, expected, made, video_facts, samples, tmp_path
):
    """Unless more is asked for; in colours that are near enough."""
    source, output = made("source.mkv", "-c:v", "ffv1", "-pix_fmt", "bgr0"), tmp_path / name
    encoding = Encoding(codec, chroma=chroma)
    convert(source, output, background="black", settings=ALL_PERSON, encoding=encoding)
    assert video_facts(output)["pix_fmt"] == expected
    found, given = samples(output, "rgb24"), samples(source, "rgb24")
    assert np.abs(found.mean((0, 1, 2)) - given.mean((0, 1, 2))).max() < 3


def test_where_nothing_is_the_person_no_sample_is_the_source_s(clip, samples, tmp_path):
    """The failing twin: without a person there is only the background."""
    output = tmp_path / "nobody.mkv"
    nobody = Settings(segmenter=lambda _: np.zeros((3, 5), np.float32))
    convert(clip, output, background="white", settings=nobody, encoding=Encoding("ffv1"))
    found = samples(output, "rgb24")
    assert len(found) == 10
    assert found.min() >= 253


SOURCES = {
    "limited": ("a.mkv", "-c:v", "ffv1", "-pix_fmt", "yuv420p"),
    "full": ("a.mov", "-c:v", "mjpeg", "-q:v", "1", "-pix_fmt", "yuvj444p"),
    "rgb": ("a.mov", "-c:v", "png", "-pix_fmt", "rgb24"),
    "gray": ("a.mkv", "-c:v", "ffv1", "-pix_fmt", "gray"),
    "10 bits": ("a.mkv", "-c:v", "ffv1", "-pix_fmt", "yuv420p10le"),
    "12 bits": ("a.mkv", "-c:v", "ffv1", "-pix_fmt", "yuv422p12le"),
    "bt709": ("a.mkv", "-c:v", "ffv1", "-pix_fmt", "yuv444p", "-colorspace", "bt709"),
}


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("o.mp4", "h264"),
        ("o.mp4", "hevc"),
        ("o.mp4", "av1"),
        ("o.webm", "vp9"),
        ("o.mov", "prores"),
        ("o.mkv", "ffv1"),
    ],
)
@pytest.mark.parametrize("kind", SOURCES)
def test_colours_look_the_same_in_every_codec(kind, name, codec, made, samples, tmp_path):
    """Read by ffmpeg, an output has the source's colours, whatever either is stored as."""
    source, output = made(*SOURCES[kind], source=RAMP), tmp_path / name
    convert(source, output, background="green", settings=ALL_PERSON, encoding=Encoding(codec))
    found, expected = samples(output, "rgb24").astype(int), samples(source, "rgb24")
    assert found.shape == expected.shape
    assert np.abs(found - expected).mean() < 3


@pytest.mark.parametrize(
    ("name", "codec"),
    [("o.mp4", "hevc"), ("o.mp4", "av1"), ("o.mkv", "av1"), ("o.mov", "prores"), ("o.mp4", "vp9")],
)
def test_asked_for_codecs_are_written(name, codec, clip, tmp_path, video_facts):
    """Silence is no substitute: what is asked for is what is in the file."""
    output = tmp_path / name
    report = convert(clip, output, background="green", encoding=Encoding(codec), settings=HALF)
    facts = video_facts(output)
    assert facts["codec_name"] == codec
    assert report.frames == 10
    if codec == "hevc":
        assert facts["codec_tag_string"] == "hvc1"


def test_crf_and_preset_reach_the_encoder(clip, tmp_path):
    """Better quality is larger."""
    sizes = []
    for crf, preset in ((5, "medium"), (45, "ultrafast")):
        output = tmp_path / f"{crf}.mp4"
        convert(clip, output, settings=ALL_PERSON, encoding=Encoding(crf=crf, preset=preset))
        sizes.append(output.stat().st_size)
    assert sizes[0] > 2 * sizes[1]


@pytest.fixture(scope="module")
def odd(made) -> Path:
    """A clip of 97x65."""
    return made("odd.mkv", "-c:v", "ffv1", "-pix_fmt", "yuv420p", "-vf", "scale=97:65,setsar=1")


@pytest.mark.parametrize(
    ("name", "codec"), [("o.mkv", "ffv1"), ("o.webm", "vp9"), ("o.mp4", "av1")]
)
def test_odd_sides_are_kept(name, codec, odd, video_facts, tmp_path):
    """By codecs that can."""
    output = tmp_path / name
    report = convert(odd, output, background="blue", settings=HALF, encoding=Encoding(codec))
    facts = video_facts(output)
    assert (facts["width"], facts["height"]) == (97, 65)
    assert report.warnings == []


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_odd_sides_are_made_even_where_they_must_be(codec, odd, video_facts, samples, tmp_path):
    """By repeating the last samples, with a warning; all others are the source's."""
    output = tmp_path / "o.mp4"
    encoding = Encoding(codec, crf=1)
    (warning,) = convert(odd, output, settings=ALL_PERSON, encoding=encoding).warnings
    assert "97x65" in warning
    assert "98x66" in warning
    facts = video_facts(output)
    assert (facts["width"], facts["height"]) == (98, 66)
    found = samples(output, "gray", size=(98, 66)).astype(int)
    expected = np.pad(samples(odd, "gray", size=(97, 65)), ((0, 0), (0, 1), (0, 1)), mode="edge")
    assert np.abs(found - expected).mean() < 1
    assert np.abs(found - expected).max() < 10


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("o.mp4", "h264"),
        ("o.mp4", "hevc"),
        ("o.mp4", "av1"),
        ("o.webm", "vp9"),
        ("o.mov", "prores"),
    ],
)
def test_clips_of_few_frames(name, codec, count, made, ffprobe_pts, tmp_path):
    """Encoders that look ahead have nothing to look at."""
    source = made(f"{count}.mkv", "-c:v", "ffv1", "-frames:v", count)
    encoding = Encoding(codec)
    convert(source, tmp_path / name, background="blue", settings=HALF, encoding=encoding)
    assert ffprobe_pts(tmp_path / name) == ffprobe_pts(source)
    assert len(ffprobe_pts(source)) == count


@pytest.mark.parametrize(("name", "codec"), [("o.mp4", "hevc"), ("o.mp4", "av1")])
def test_frames_too_small_for_a_codec_are_refused_in_words(name, codec, made, tmp_path):
    """Others take two by two."""
    tiny = made("tiny.mkv", "-c:v", "ffv1", "-vf", "scale=2:2,setsar=1")
    with pytest.raises(SettingError, match=f"2x2, and {codec} needs sides"):
        convert(tiny, tmp_path / name, settings=HALF, encoding=Encoding(codec))
    for name in ("o.mp4", "o.webm", "o.mov"):
        assert convert(tiny, tmp_path / name, settings=HALF).frames == 10


# Alpha


def test_webm_has_the_matte_in_its_alpha(clip, samples, tmp_path):
    """Decoded by libvpx, the only decoder that sees it."""
    output = tmp_path / "a.webm"
    report = convert(clip, output, settings=HALF, encoding=Encoding(crf=5))
    found = samples(output, "gray", "-vf", "alphaextract", before=("-c:v", "libvpx-vp9"))
    assert report.alpha == "straight"
    assert np.abs(found - alphas(clip) * 255).mean() < 2


def test_prores_has_the_matte_in_its_alpha(clip, samples, video_facts, tmp_path):
    """ProRes 4444 keeps alpha without loss, so only its depth tells it from the matte."""
    output = tmp_path / "a.mov"
    convert(clip, output, settings=HALF)
    facts = video_facts(output)
    assert (facts["codec_name"], facts["profile"]) == ("prores", "4444")
    found = samples(output, "gray", "-vf", "alphaextract")
    assert np.abs(found - alphas(clip) * 255).max() < 2


def test_ffv1_has_exactly_the_matte_in_its_alpha(clip, samples, video_facts, tmp_path):
    """And its colours are straight: the source's own wherever anything is seen."""
    output = tmp_path / "a.mkv"
    convert(clip, output, background="transparent", settings=AS_IS)
    assert video_facts(output)["pix_fmt"] == "yuva420p"
    alpha = samples(output, "gray", "-vf", "alphaextract")
    assert np.array_equal(alpha, np.rint(alphas(clip) * 255))
    found, expected = samples(output, "rgb24"), samples(clip, "rgb24")
    assert np.array_equal(found[alpha > 0], expected[alpha > 0])
    assert (alpha == 0).any()
    assert not np.array_equal(found[alpha == 0], expected[alpha == 0])


def test_an_opaque_output_has_no_alpha(clip, video_facts, tmp_path):
    """A background fills it, also in files that could have alpha."""
    report = convert(clip, tmp_path / "o.webm", background="blue", settings=HALF)
    assert report.alpha == "none"
    assert "alpha_mode" not in {key.lower() for key in video_facts(tmp_path / "o.webm")["tags"]}


def test_a_matte_in_mkv_is_exact(clip, samples, video_facts, tmp_path):
    """Gray, full range, lossless."""
    output = tmp_path / "m.mkv"
    convert(clip, output, show="alpha", settings=HALF)
    assert video_facts(output)["pix_fmt"] == "gray"
    assert np.array_equal(samples(output, "gray"), np.rint(alphas(clip) * 255))


@pytest.mark.parametrize("name", ["m.mp4", "m.mov", "m.webm"])
def test_a_matte_in_a_lossy_file_is_close(name, clip, samples, video_facts, tmp_path):
    """Players show it as the same gray, in limited range and BT.709."""
    output = tmp_path / name
    convert(clip, output, show="alpha", settings=HALF, encoding=Encoding(crf=10))
    facts = video_facts(output)
    assert (facts["color_range"], facts["color_space"]) == ("tv", "bt709")
    assert np.abs(samples(output, "gray") - alphas(clip) * 255).mean() < 2


def test_pngs_are_straight_rgba(made, samples, tmp_path):
    """Read by another decoder: alpha is the matte, colours are the source's, numbers from 1."""
    source, output = made("ramp.mkv", "-c:v", "ffv1", source=RAMP), tmp_path / "images"
    convert(source, output, settings=AS_IS)
    names = [f"{i:05}.png" for i in range(1, 6)]
    assert sorted(p.name for p in output.iterdir()) == [*names, "timestamps.txt"]
    found = np.stack([png(output / name) for name in names])
    assert found.shape == (5, HEIGHT, WIDTH, 4)
    colour, alpha = found[..., :3].astype(int), found[..., 3]
    assert np.array_equal(alpha, np.rint(alphas(source) * 255))
    assert np.abs(colour - samples(source, "rgb24"))[alpha > 0].max() <= 4
    assert (alpha == 0).any()
    assert not colour[alpha == 0].any()


def png(path: Path) -> np.ndarray:
    """A PNG as pillow reads it."""
    with Image.open(path) as image:
        return np.asarray(image)


def test_pngs_have_their_times_beside_them(make_clip, ffprobe_pts, tmp_path):
    """In milliseconds, a line a frame, uneven where the source's are."""
    source = make_clip("uneven.mp4", times=UNEVEN)
    convert(source, tmp_path / "images", settings=HALF)
    head, *lines = (tmp_path / "images" / "timestamps.txt").read_text().splitlines()
    assert head == "# timestamp format v2"
    expected = [float(time * 1000) for time in ffprobe_pts(source)]
    assert list(map(float, lines)) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("options", "channels"),
    [({"show": "alpha"}, ()), ({"background": "green"}, (3,)), ({}, (4,))],
)
def test_pngs_have_the_channels_that_are_needed(options, channels, clip, tmp_path):
    """Gray for a matte, RGB with a background, RGBA without."""
    convert(clip, tmp_path / "p", settings=HALF, span=TimeRange(end=Fraction(1, 25)), **options)
    assert png(tmp_path / "p" / "00001.png").shape == (HEIGHT, WIDTH, *channels)


@pytest.mark.parametrize(("quarter", "aspect"), [(0, "4:3"), (90, "3:4")])
def test_pngs_say_the_shape_of_pixels(quarter, aspect, made, video_facts, tmp_path):
    """To FFmpeg, of the turned frame where it is turned; that others do not look is said."""
    turn = ("-metadata:s:v:0", f"rotate={quarter}")
    wide = made("wide.mp4", "-vf", "setsar=4/3", "-frames:v", 2)
    turned = made(f"{quarter}.mp4", "-i", wide, "-map", 1, "-c", "copy", *turn)
    square = made("square.mkv", "-c:v", "ffv1", "-frames:v", 2)
    (warning,) = convert(turned, tmp_path / "wide", settings=HALF).warnings
    assert "not square (4/3)" in warning
    assert video_facts(tmp_path / "wide/00001.png")["sample_aspect_ratio"] == aspect
    assert convert(square, tmp_path / "square", settings=HALF).warnings == []
    assert video_facts(tmp_path / "square/00001.png")["sample_aspect_ratio"] == "1:1"


def test_a_pattern_names_the_pngs(clip, tmp_path):
    """Its folder is made if need be, and what else is in it stays."""
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "note.txt").write_text("mine")
    convert(clip, folder / "frame-%03d.png", settings=HALF)
    assert (folder / "note.txt").read_text() == "mine"
    assert len(list(folder.glob("frame-0??.png"))) == 10
    convert(clip, tmp_path / "new" / "deep" / "%d.png", settings=HALF)
    assert (tmp_path / "new" / "deep" / "10.png").exists()


@pytest.mark.parametrize("ending", ["tif", "tiff"])
def test_tiffs(ending, clip, tmp_path):
    """By a pattern; the same straight colours as PNGs have."""
    convert(clip, tmp_path / f"%05d.{ending}", settings=HALF)
    convert(clip, tmp_path / "pngs", settings=HALF)
    found, expected = (png(tmp_path / n) for n in (f"00010.{ending}", "pngs/00010.png"))
    assert found.shape == (HEIGHT, WIDTH, 4)
    assert np.array_equal(found, expected)
    with pytest.raises(SettingError, match=f"%05d.{ending}"):
        convert(clip, tmp_path / f"one.{ending}", settings=HALF)


@pytest.mark.parametrize("codec", ["qtrle", "png"])
def test_lossless_alpha_in_mov(codec, clip, video_facts, samples, tmp_path):
    """Straight, and just what PNGs hold."""
    output = tmp_path / "a.mov"
    report = convert(clip, output, settings=HALF, encoding=Encoding(codec))
    assert report.alpha == "straight"
    assert video_facts(output)["codec_name"] == codec
    convert(clip, tmp_path / "pngs", settings=HALF)
    expected = np.stack([png(file) for file in sorted((tmp_path / "pngs").glob("*.png"))])
    alpha = samples(output, "gray", "-vf", "alphaextract")
    assert np.array_equal(alpha, expected[..., 3])
    assert np.array_equal(samples(output, "rgb24"), expected[..., :3])


@pytest.mark.parametrize("name", ["100%", "50%d", "a:b", "ü"])
def test_folders_of_pngs_may_have_any_name(name, clip, tmp_path, monkeypatch):
    """A percent sign in a folder's name is no pattern, and a colon no address."""
    monkeypatch.chdir(tmp_path)
    convert(clip, name, settings=HALF, span=TimeRange(end=Fraction(1, 10)))
    assert (tmp_path / name / "00003.png").exists()


def test_files_may_have_any_name(clip, tmp_path, monkeypatch):
    """A colon in a file's name does not make it an address."""
    monkeypatch.chdir(tmp_path)
    for name in ("a:b.mp4", "100%d.mp4", "[x].mp4", "ü ü.mkv"):
        convert(clip, name, settings=HALF, span=TimeRange(end=Fraction(1, 10)))
        assert (tmp_path / name).stat().st_size > 0


# Tags and times

TAGS = ("color_range", "color_space", "color_primaries", "color_transfer")


@pytest.mark.parametrize(
    "said",
    [
        ("tv", "bt709", "bt709", "bt709"),
        ("pc", "smpte170m", "smpte170m", "smpte170m"),
        ("tv", "bt2020nc", "bt2020", "smpte2084"),
    ],
)
@pytest.mark.parametrize(
    ("name", "codec"),
    [("o.mp4", "h264"), ("o.mp4", "hevc"), ("o.mkv", "ffv1"), ("o.webm", "vp9")],
)
def test_colour_tags_are_carried(said, name, codec, made, video_facts, tmp_path):
    """Range, matrix, primaries and transfer are said of the output as of the source."""
    options = ("-color_range", "-colorspace", "-color_primaries", "-color_trc")
    arguments = [word for pair in zip(options, said, strict=True) for word in pair]
    source = made("source.mp4", "-pix_fmt", "yuv420p", *arguments)
    output = tmp_path / name
    convert(source, output, background="green", settings=HALF, encoding=Encoding(codec))
    for path in (source, output):
        facts = video_facts(path)
        assert tuple(facts[tag] for tag in TAGS) == said


def test_missing_colour_tags_are_not_made_up(clip, video_facts, tmp_path):
    """An output says no more than its source, or players read the two differently."""
    output = tmp_path / "o.mp4"
    convert(clip, output, settings=HALF)
    assert not set(TAGS[1:]) & set(video_facts(output))


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("o.mp4", "h264"),
        ("o.mov", "prores"),
        ("o.mkv", "h264"),
        ("o.mkv", "ffv1"),
        ("o.webm", "vp9"),
    ],
)
def test_pixel_aspect_is_carried(name, codec, made, video_facts, tmp_path):
    """Pixels that are not square stay so."""
    source, output = made("wide.mp4", "-vf", "setsar=4/3"), tmp_path / name
    convert(source, output, background="green", settings=HALF, encoding=Encoding(codec))
    assert video_facts(output)["sample_aspect_ratio"] == "4:3"
    assert probe(output).sample_aspect == Fraction(4, 3)


def test_pixel_aspect_that_is_not_carried_is_said(made, tmp_path, monkeypatch):
    """A Matroska file without room for it comes with a warning; one of square pixels without."""
    monkeypatch.setattr("sinet_video.encoding.video_file.write_display_size", lambda *_: False)
    settings = {"background": "green", "settings": HALF, "encoding": Encoding("ffv1")}
    wide = convert(made("wide.mp4", "-vf", "setsar=4/3"), tmp_path / "o.mkv", **settings)
    assert any("not square (4/3)" in warning for warning in wide.warnings)
    square = convert(made("square.mp4"), tmp_path / "square.mkv", **settings)
    assert square.warnings == []


@pytest.fixture
def phone(clip, ffmpeg, tmp_path) -> Path:
    """A clip that a player turns by a quarter."""
    path = tmp_path / "phone.mp4"
    ffmpeg("ffmpeg", "-i", clip, "-c", "copy", "-metadata:s:v", "rotate=90", path)
    return path


@pytest.mark.parametrize("name", ["o.mp4", "o.mov", "o.mkv", "o.webm"])
def test_rotation_is_carried(name, phone, tmp_path):
    """A phone's clip stays upright."""
    convert(phone, tmp_path / name, settings=HALF)
    assert probe(phone).rotation != 0
    assert probe(tmp_path / name).rotation == probe(phone).rotation


def test_pngs_of_a_phone_s_clip_are_upright(phone, samples, ffmpeg, tmp_path):
    """A PNG cannot say that it is to be turned, so it is turned."""
    output = tmp_path / "images"
    convert(phone, output, background="green", settings=ALL_PERSON)
    shown = tmp_path / "shown.png"
    ffmpeg("ffmpeg", "-i", phone, "-frames:v", "1", "-pix_fmt", "rgb24", shown)
    found, expected = png(output / "00001.png"), png(shown)
    assert found.shape == expected.shape == (WIDTH, HEIGHT, 3)
    # Chroma is enlarged before the turn here and after it there: sharp colours differ a little.
    assert np.abs(found.astype(int) - expected).mean() < 6
    assert np.abs(found[::-1, ::-1].astype(int) - expected).mean() > 30


@pytest.mark.parametrize("name", ["o.mp4", "o.mov"])
def test_a_variable_rate_keeps_times_and_length(name, made, ffprobe_pts, video_facts, tmp_path):
    """B-frames reorder packets; each frame and the end of the last stay where they were."""
    moved = "settb=1/12800,setpts='(N*0.04+0.015*sin(N*2))/TB'"
    # B-frames by rule, so that the last frame is not the last packet.
    rule = ("-bf", "2", "-x264-params", "b-adapt=0:scenecut=0")
    uneven = ("-vf", moved, "-vsync", "passthrough", "-enc_time_base", "1/12800", *rule)
    source, output = made("uneven.mp4", *uneven, source=LONGER), tmp_path / name
    convert(source, output, background="green", settings=HALF)
    assert ffprobe_pts(output) == ffprobe_pts(source)
    before, after = video_facts(source), video_facts(output)
    assert before["has_b_frames"] > 0
    assert len({b - a for a, b in pairwise(ffprobe_pts(source))}) > 3
    assert after["duration"] == before["duration"]
    assert after["nb_frames"] == before["nb_frames"]


@pytest.mark.parametrize(
    ("name", "exact"), [("o.mp4", True), ("o.mov", True), ("o.mkv", False), ("o.webm", False)]
)
def test_a_late_start_is_kept(name, exact, clip, ffmpeg, ffprobe_pts, tmp_path):
    """In MP4 and MOV exactly, in Matroska to its millisecond."""
    source, output = tmp_path / "late.mp4", tmp_path / name
    ffmpeg("ffmpeg", "-i", clip, "-c", "copy", "-output_ts_offset", "0.8523", source)
    convert(source, output, background="green", settings=HALF)
    before, after = ffprobe_pts(source), ffprobe_pts(output)
    assert before[0] > Fraction(85, 100)
    if exact:
        assert after == before
    else:
        assert list(map(float, after)) == pytest.approx(list(map(float, before)), abs=0.00051)


def test_a_stretch_starts_at_zero(clip, ffprobe_pts, tmp_path):
    """Its times are less its start."""
    convert(
        clip, tmp_path / "o.mp4", settings=HALF, span=TimeRange(Fraction(3, 25), Fraction(8, 25))
    )
    assert ffprobe_pts(tmp_path / "o.mp4") == [Fraction(i, 25) for i in range(5)]


# Whole or not there


@pytest.mark.parametrize("name", ["o.mp4", "o.mkv", "o.webm", "o.mov", "images", "p/%05d.png"])
def test_nothing_has_the_name_before_it_is_whole(name, clip, tmp_path):
    """While the work is going on there is only a hidden, partial file."""
    output = tmp_path / name
    seen = []

    def progress(_: int, __: object) -> None:
        seen.append(output.exists() or (tmp_path / "p").exists())

    convert(clip, output, settings=HALF, progress=progress)
    assert seen == [False] * 10
    assert output.exists() or (tmp_path / "p" / "00001.png").exists()


@pytest.mark.parametrize("name", ["o.mp4", "o.mkv", "o.webm", "images", "p/%05d.png"])
def test_an_error_in_the_middle_leaves_nothing(name, clip, tmp_path):
    """No file, no folder, no thread; and the error is the one that was raised."""
    before = workers()
    with pytest.raises(ZeroDivisionError, match="own error") as caught:
        convert(clip, tmp_path / name, settings=failing_at(5))
    assert not workers() - before
    assert list(tmp_path.rglob("*")) == []
    assert caught.type is ZeroDivisionError


def test_an_error_in_the_middle_leaves_what_was_there(clip, tmp_path):
    """To overwrite is to replace by something whole."""
    output = tmp_path / "o.mp4"
    output.write_text("precious")
    with pytest.raises(ZeroDivisionError):
        convert(clip, output, settings=failing_at(5), overwrite=True)
    assert output.read_text() == "precious"
    assert list(tmp_path.iterdir()) == [output]


def test_an_error_of_the_caller_s_own_leaves_nothing(clip, tmp_path):
    """Whatever ends the block of a sink, nothing half-written stays."""
    mattes = matte(clip, settings=HALF)

    def block() -> None:
        with open_sink(tmp_path / "o.mp4", probe(clip)) as sink:
            sink.write(next(mattes))
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        block()
    mattes.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["o.mp4", "o.gif", "frames", "one.png"])
def test_a_sink_that_is_dropped_leaves_nothing(name, make_clip, tmp_path):
    """Without its `with` nothing appears; that is told, as else it would be lost in silence."""
    clip = probe(make_clip("clip.mp4", frames=1))
    (only,) = matte(clip, settings=HALF)
    sink = open_sink(tmp_path / name, clip)
    sink.write(only)
    assert list(tmp_path.iterdir())
    with pytest.warns(RuntimeWarning, match="dropped unfinished.*use it in a with statement"):
        del sink
    assert list(tmp_path.iterdir()) == []


def test_so_does_one_that_is_there_until_the_program_ends(make_clip, tmp_path):
    """In a fork of the program it is not dropped, as it is not the fork's."""
    program = (
        "import os, sys, sinet_video as sv\n"
        "sink = sv.open_sink('o.mp4', sv.probe(sys.argv[1]))\n"
        "if not (child := os.fork()):\n"
        "    del sink\n"
        "    os._exit(0)\n"
        "os.waitpid(child, 0)\n"
        "print(len(os.listdir()))\n"
    )
    command = [sys.executable, "-c", program, make_clip("clip.mp4", frames=1)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "1\n"
    assert done.stderr.count("dropped unfinished") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_begun_leaves_nothing(clip, tmp_path, monkeypatch):
    """Whatever libav says when it is to open it."""

    def refused(*_: object, **__: object) -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    facts = probe(clip)
    monkeypatch.setattr("sinet_video.encoding.video_stream.av.open", refused)
    for name in ("o.mp4", "frames"):
        with pytest.raises(OutputError, match="cannot be written: Too many open files"):
            open_sink(tmp_path / name, facts)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["o.mp4", "images"])
def test_no_frames_are_no_file(name, clip, tmp_path):
    """A stretch past the end is an error, not an empty file."""
    with pytest.raises(SettingError, match="choose an earlier start"):
        convert(clip, tmp_path / name, settings=HALF, span=TimeRange(start=Fraction(100)))
    assert list(tmp_path.iterdir()) == []


def test_a_sink_writes_what_it_is_given(clip, ffprobe_pts, tmp_path):
    """The parts of the pipeline can be put together by hand."""
    facts = probe(clip)
    with open_sink(tmp_path / "o.mkv", facts, content="rgba") as sink:
        for frame in decode(facts):
            sink.write(Matte(frame, np.full((HEIGHT, WIDTH), 0.5, np.float32)))
    assert len(ffprobe_pts(tmp_path / "o.mkv")) == 10
    assert sink.plan.pixel_format == "yuva420p"


# What must not be written to


def test_what_is_there_is_not_replaced_unasked(clip, tmp_path):
    """Without overwrite it is an error, with it the file is new."""
    output = tmp_path / "o.mp4"
    output.write_text("precious")
    with pytest.raises(OutputError, match="is there already"):
        convert(clip, output, settings=HALF)
    assert output.read_text() == "precious"
    convert(clip, output, settings=HALF, overwrite=True)
    assert probe(output).frames == 10


def test_a_folder_with_something_in_it_is_not_added_to_unasked(clip, tmp_path):
    """An empty one is as good as none."""
    full, empty = tmp_path / "full", tmp_path / "empty"
    full.mkdir()
    empty.mkdir()
    (full / "00001.png").write_text("precious")
    (full / "notes.txt").write_text("mine")
    with pytest.raises(OutputError, match=r"holds files.*replace the images in it, and no other"):
        convert(clip, full, settings=HALF)
    assert (full / "00001.png").read_text() == "precious"
    convert(clip, full, settings=HALF, overwrite=True)
    assert (full / "notes.txt").read_text() == "mine"
    convert(clip, empty, settings=HALF)
    assert (empty / "00010.png").exists()


def test_a_pattern_does_not_replace_frames_unasked(clip, tmp_path):
    """A frame that has one of the pattern's names is there already."""
    (tmp_path / "00003.png").write_text("precious")
    with pytest.raises(OutputError, match="is there already"):
        convert(clip, tmp_path / "%05d.png", settings=HALF)
    assert (tmp_path / "00003.png").read_text() == "precious"
    convert(clip, tmp_path / "%05d.png", settings=HALF, overwrite=True)
    assert png(tmp_path / "00003.png").shape[:2] == (HEIGHT, WIDTH)


def test_an_overwritten_folder_has_no_frames_of_the_last_run(clip, tmp_path):
    """A shorter run over a longer one leaves as many frames as it has times."""
    output = tmp_path / "images"
    convert(clip, output, settings=HALF)
    convert(clip, output, settings=HALF, span=TimeRange(end=Fraction(4, 25)), overwrite=True)
    assert len(list(output.glob("*.png"))) == 4
    assert len((output / "timestamps.txt").read_text().splitlines()) == 5


def test_the_input_is_not_overwritten(clip, tmp_path):
    """By its own name, by another, or through a link."""
    source, link = tmp_path / "in.mp4", tmp_path / "link.mp4"
    source.write_bytes(clip.read_bytes())
    link.symlink_to(source)
    for name in (source, link, tmp_path / "." / ".." / tmp_path.name / "in.mp4"):
        with pytest.raises(SettingError, match="is the input"):
            convert(source, name, settings=HALF, overwrite=True)
    with pytest.raises(SettingError, match="is the input"):
        convert(source, tmp_path / "o.mp4", matte=link, settings=HALF, overwrite=True)
    assert source.read_bytes() == clip.read_bytes()


def test_the_output_s_folder_must_be_there(clip, tmp_path):
    """It is not made, as a misspelt name would make a new one."""
    with pytest.raises(OutputError, match="There is no folder"):
        convert(clip, tmp_path / "none" / "o.mp4", settings=HALF)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_may_not_be_written_to(clip, tmp_path, monkeypatch):
    """It is said before any work; nothing but that folder's rights is asked."""
    check_output(tmp_path / "o.mp4", clip, overwrite=False)
    monkeypatch.setattr(os, "access", lambda path, _: Path(path) != tmp_path)
    with pytest.raises(OutputError, match="may not be written"):
        check_output(tmp_path / "o.mp4", clip, overwrite=False)


def test_a_folder_is_no_file(clip, tmp_path):
    """A video cannot have a folder's name, whether or not it may be overwritten."""
    (tmp_path / "o.mp4").mkdir()
    for overwrite in (False, True):
        with pytest.raises(OutputError, match="is a folder"):
            convert(clip, tmp_path / "o.mp4", settings=HALF, overwrite=overwrite)


def test_a_file_is_no_folder(clip, tmp_path):
    """Frames cannot go into a file, nor beneath one."""
    (tmp_path / "file").write_text("precious")
    for name in ("file", "file/deeper/%05d.png"):
        with pytest.raises(OutputError):
            convert(clip, tmp_path / name, settings=HALF, overwrite=True)
    assert (tmp_path / "file").read_text() == "precious"


def test_one_png_cannot_hold_a_video(clip, tmp_path):
    """The message proposes a pattern."""
    with pytest.raises(SettingError, match=r"%05d\.png"):
        convert(clip, tmp_path / "still.png", settings=HALF)


def test_no_frames_before_the_end_of_a_time_range(clip, ffmpeg, tmp_path):
    """A late start is not taken for damage."""
    late = tmp_path / "late.mp4"
    ffmpeg("ffmpeg", "-i", clip, "-c", "copy", "-output_ts_offset", "2", late)
    with pytest.raises(SettingError, match="choose a later end"):
        convert(late, tmp_path / "o.mp4", settings=HALF, span=TimeRange(end=Fraction(1)))
    assert list(tmp_path.iterdir()) == [late]


# What callers hand over


def write_all(path: Path, clip: Clip, given: list) -> None:
    """Write what is given, whatever it is."""
    with open_sink(path, clip) as sink:
        for each in given:
            sink.write(each)


@pytest.mark.parametrize("name", ["o.mp4", "frames", "one.png"])
def test_what_is_no_frame_for_a_sink_is_refused_in_words(name, make_clip, tmp_path):
    """By all kinds of sinks; nothing is left then."""
    clip = probe(make_clip("clip.mp4", frames=1 if name == "one.png" else 3))
    first, *_, last = matte(make_clip("more.mp4", frames=3), settings=HALF)
    (large,) = matte(make_clip("large.mp4", width=200, height=120, frames=1), settings=HALF)
    cases = {
        "is of the type Frame; it must be a Matte": [first.frame],
        "is of the type str; it must be a Matte": ["first"],
        "is 200x120, and .* was opened for 160x96": [large],
        r"at 0\.000 s comes after one at 0\.080 s": [last, first],
        r"at 0\.000 s comes after one at 0\.000 s": [first, first],
    }
    for words, given in cases.items():
        with pytest.raises(SettingError, match=words):
            write_all(tmp_path / name, clip, given)
        assert not (tmp_path / name).exists()
    with open_sink(tmp_path / name, clip) as sink:
        sink.write(first)
    with pytest.raises(OutputError, match="is finished"):
        sink.write(last)
    with pytest.raises(SettingError, match="Content is 'rgbz'; it must be one of rgb, rgba, alpha"):
        open_sink(tmp_path / name, clip, content="rgbz")
