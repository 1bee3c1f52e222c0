"""Alpha below colour in one file, as ffmpeg takes it apart again."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

import sinet_video
from sinet_video import Encoding, Settings
from sinet_video.media.stacked import stack, unstack

STACKED = Encoding(alpha_mode="stacked", crf=4)


def ramp(image: np.ndarray) -> np.ndarray:
    """A segmenter with all shades of alpha from left to right."""
    return np.broadcast_to(np.linspace(0, 1, image.shape[1]), image.shape[:2]).astype(np.float32)


RAMP = Settings(
    segmenter=ramp,
    smoothing=None,
    following=None,
    decontaminate=False,
    refinement=sinet_video.BilinearRefinement(),
)


@pytest.mark.parametrize(
    ("name", "codec", "kind"),
    [("a.mp4", None, "h264"), ("a.mov", "hevc", "hevc"), ("a.mkv", None, "h264"),
     ("a.webm", None, "vp9")],
)  # fmt: skip
def test_ffmpeg_finds_colour_above_alpha(
    tmp_path: Path, make_clip, ffmpeg, name: str, codec: str | None, kind: str
) -> None:
    """An ordinary video of twice the height, which verify knows for what it is."""
    clip, output = make_clip(audio=name != "a.webm", frames=6), tmp_path / name
    encoding = Encoding(alpha_mode="stacked", codec=codec, crf=4)
    report = sinet_video.convert(clip, output, settings=RAMP, encoding=encoding)
    assert report.alpha == "straight"
    shown = ffmpeg("ffprobe", "-select_streams", "v", "-show_entries",
                   "stream=codec_name,width,height", "-of", "csv=p=0", output)  # fmt: skip
    assert shown.strip() == f"{kind},160,192"
    halves = {}
    for half, top in (("colour", 0), ("alpha", 96)):
        raw = tmp_path / half
        ffmpeg("ffmpeg", "-i", output, "-frames:v", 1, "-vf", f"crop=160:96:0:{top},format=gray",
               "-f", "rawvideo", raw)  # fmt: skip
        halves[half] = np.fromfile(raw, np.uint8).reshape(96, 160).astype(int)
    first = next(iter(list(sinet_video.matte(clip, settings=RAMP))))
    assert np.abs(halves["alpha"] - first.alpha * 255).mean() < 4
    assert np.ptp(halves["alpha"]) > 200
    assert np.abs(halves["colour"][:, 100:] - first.frame.rgb[:, 100:].mean(2)).mean() < 30
    found = sinet_video.verify(output, clip, alpha_mode="stacked")
    assert found.holds, found.failures
    assert found.alpha is not None
    assert found.alpha.frames == 6
    assert found.alpha.mean == pytest.approx(first.alpha.mean(), abs=0.02)


def test_another_file_is_not_stacked(tmp_path: Path, make_clip) -> None:
    """Verify says so; and half of a stacked one's alpha is not everything."""
    clip = make_clip(frames=3)
    sinet_video.convert(clip, tmp_path / "plain.mp4", settings=RAMP)
    assert not sinet_video.verify(tmp_path / "plain.mp4", clip, alpha_mode="stacked").holds
    sinet_video.convert(clip, tmp_path / "a.mp4", settings=RAMP, encoding=STACKED)
    assert not sinet_video.verify(tmp_path / "a.mp4", clip, alpha_mode="straight").holds


def test_turned_and_odd_clips(tmp_path: Path, make_clip) -> None:
    """Frames are upright, as players would turn the whole; odd sides get a row or column more."""
    exif = Image.Exif()
    exif[274] = 6
    Image.new("RGB", (160, 96), "red").save(tmp_path / "turned.jpg", exif=exif)
    sinet_video.convert(
        tmp_path / "turned.jpg", tmp_path / "a.mp4", settings=RAMP, encoding=STACKED
    )
    made = sinet_video.probe(tmp_path / "a.mp4")
    assert (made.width, made.height, made.rotation) == (96, 160, 0)
    odd = make_clip("odd.mkv", width=51, height=33, codec="ffv1", frames=3)
    report = sinet_video.convert(odd, tmp_path / "b.mp4", settings=RAMP, encoding=STACKED)
    made = sinet_video.probe(tmp_path / "b.mp4")
    assert (made.width, made.height) == (52, 34)
    assert any("52x34" in each for each in report.warnings)


@pytest.mark.parametrize("name", ["a.mp4", "a.webm"])
def test_it_is_read_as_what_it_is(tmp_path: Path, make_clip, ffmpeg, name: str) -> None:
    """By what the file says, or where another program has dropped that, by what the user says."""
    clip, output, plain = make_clip(frames=4), tmp_path / name, tmp_path / f"plain{name[1:]}"
    sinet_video.convert(clip, output, settings=RAMP, encoding=STACKED)
    ffmpeg("ffmpeg", "-i", output, "-map_metadata", -1, "-metadata:s:v", "handler_name=x",
           "-c", "copy", plain)  # fmt: skip
    tall = sinet_video.probe(plain)
    assert (tall.height, tall.alpha, tall.stacked) == (192, None, False)
    told = sinet_video.Source(plain, stacked=True)
    given = [each.alpha for each in sinet_video.matte(clip, settings=RAMP)]
    for source in (output, told):
        found = sinet_video.probe(source)
        assert (found.width, found.height, found.alpha, found.stacked) == (
            160,
            96,
            "straight",
            True,
        )
        frames = list(sinet_video.decode(found))
        assert len(frames) == 4
        for frame, alpha in zip(frames, given, strict=True):
            assert frame.source_alpha is not None
            assert np.abs(frame.source_alpha.dense() - alpha).mean() < 0.01


def test_a_result_of_it_is_not_called_stacked(tmp_path: Path, make_clip) -> None:
    """Its alpha is kept in another file, with the audio; an opaque one has no trace of it."""
    clip, stacked = make_clip(frames=4, audio=True), tmp_path / "a.mp4"
    sinet_video.convert(clip, stacked, settings=RAMP, encoding=STACKED)
    keep = replace(RAMP, source_alpha="keep", segmenter=lambda _: np.ones((3, 5), np.float32))
    for name, background in (("b.mov", None), ("b.mkv", "red")):
        report = sinet_video.convert(stacked, tmp_path / name, settings=keep, background=background)
        assert report.audio == "copied"
        made = sinet_video.probe(tmp_path / name)
        assert (made.height, made.stacked) == (96, False)
        assert sinet_video.verify(tmp_path / name, stacked).holds
    given, kept = sinet_video.verify(stacked).alpha, sinet_video.verify(tmp_path / "b.mov").alpha
    assert given is not None
    assert kept is not None
    assert given.mean > 0.2
    assert kept.mean == pytest.approx(given.mean, abs=0.01)


@pytest.mark.parametrize(
    ("pixel_format", "height"), [("bgr0", 96), ("yuv420p", 95), ("yuva420p", 96)]
)
def test_frames_that_cannot_be_stacked_are_refused(
    tmp_path: Path, make_clip, pixel_format: str, height: int
) -> None:
    """In a sentence; so are images, which hold alpha themselves."""
    made = make_clip("a.mkv", codec="ffv1", height=height, pixel_format=pixel_format)
    with pytest.raises(sinet_video.InputError, match="cannot have alpha below its colours"):
        sinet_video.probe(sinet_video.Source(made, stacked=True))
    Image.new("RGB", (16, 16)).save(tmp_path / "a.png")
    with pytest.raises(sinet_video.InputError, match="not a video file"):
        sinet_video.probe(sinet_video.Source(tmp_path / "a.png", stacked=True))


def test_resumed_it_is_the_same(tmp_path: Path, make_clip) -> None:
    """In segments of their own."""
    clip = make_clip(frames=12)
    resume = sinet_video.Resume(Fraction(1, 5))
    report = sinet_video.convert(
        clip, tmp_path / "a.mp4", settings=RAMP, encoding=STACKED, resume=resume
    )
    assert report.frames == 12
    assert sinet_video.verify(tmp_path / "a.mp4", clip, alpha_mode="stacked").holds


@pytest.mark.parametrize(
    ("name", "more"),
    [("a.mov", {"codec": "prores"}), ("a.mkv", {"codec": "ffv1"}), ("frames", {}), ("a.gif", {})],
)
def test_what_is_not_stacked(tmp_path: Path, make_clip, name: str, more: dict) -> None:
    """What has an alpha channel needs none below."""
    encoding = Encoding(alpha_mode="stacked", **more)
    with pytest.raises(sinet_video.SettingError, match="players that know no alpha"):
        sinet_video.convert(make_clip(), tmp_path / name, settings=RAMP, encoding=encoding)
    with pytest.raises(sinet_video.SettingError, match="could be stacked"):
        sinet_video.convert(
            make_clip(), tmp_path / "a.mp4", settings=RAMP, encoding=STACKED, background="red"
        )


@pytest.mark.parametrize("name", ["yuv420p", "yuvj420p", "yuv422p10le", "yuv444p"])
def test_it_comes_apart_as_it_was(name: str) -> None:
    """Colours exactly, alpha to a step of its luma."""
    random = np.random.default_rng(0)
    colour = av.VideoFrame.from_ndarray(
        random.integers(0, 255, (32, 48, 3)).astype(np.uint8), "rgb24"
    ).reformat(format=name)
    alpha = random.random((32, 48)).astype(np.float32)
    tall = stack(colour, alpha)
    assert (tall.width, tall.height) == (48, 64)
    apart = unstack(tall)
    for one, two in zip(colour.planes, apart.planes, strict=False):
        width = min(one.line_size, two.line_size, one.width)
        a, b = (np.frombuffer(p, np.uint8).reshape(p.height, -1)[:, :width] for p in (one, two))
        np.testing.assert_array_equal(a, b)
    most = 1023 if "10" in name else 255
    found = apart.to_ndarray(format="gbrap16le" if most > 255 else "rgba")[..., 3]
    top = 65535 if most > 255 else 255
    assert np.abs(found / top - alpha).max() < 1.6 / 219
