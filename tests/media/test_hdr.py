"""HDR: ten bits, tags, and what is said of the screen that the clip was graded on."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest
from plain_mattes import EVERYTHING

from sinet_video import Encoding, TimeRange, convert, probe

SCREEN = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50)"


def graded(path: Path, ffmpeg: Callable[..., str], *parameters: str, transfer: str) -> Path:
    """Write a clip of ten bits in BT.2020."""
    tags = ("colorprim=bt2020", "colormatrix=bt2020nc", f"transfer={transfer}", "log-level=none")
    ffmpeg(
        "ffmpeg", "-f", "lavfi", "-i", "testsrc2=s=96x64:r=25:d=0.4", "-pix_fmt", "yuv420p10le",
        "-c:v", "libx265", "-x265-params", ":".join([*tags, *parameters]), path,
    )  # fmt: skip
    return path


@pytest.fixture(scope="module")
def hdr10(tmp_path_factory, ffmpeg) -> Path:
    """With a mastering screen and light levels."""
    path = tmp_path_factory.mktemp("hdr") / "hdr10.mp4"
    said = ("hdr10=1", f"master-display={SCREEN}", "max-cll=1000,400")
    return graded(path, ffmpeg, *said, transfer="smpte2084")


@pytest.fixture(scope="module")
def hlg(tmp_path_factory, ffmpeg) -> Path:
    """Hybrid log-gamma, which says no more than that."""
    path = tmp_path_factory.mktemp("hlg") / "hlg.mp4"
    return graded(path, ffmpeg, transfer="arib-std-b67")


@pytest.fixture
def first_frame(ffmpeg) -> Callable[[Path], dict]:
    """What ffprobe says of a file's first frame, side data by its kind."""

    def read(path: Path) -> dict:
        shown = ("-show_frames", "-read_intervals", "%+#1", "-select_streams", "v", "-of", "json")
        (frame,) = json.loads(ffmpeg("ffprobe", *shown, path))["frames"][:1]
        side = frame.get("side_data_list", [])
        return {**frame, "side": {data["side_data_type"]: data for data in side}}

    return read


def test_what_is_read(hdr10, hlg):
    """In candelas a square metre, and CIE chromaticities."""
    hdr = probe(hdr10).hdr
    assert hdr is not None
    assert hdr.mastering is not None
    assert hdr.levels == (1000, 400)
    assert (hdr.mastering.least, hdr.mastering.most) == (Fraction(1, 200), 1000)
    assert hdr.mastering.red == (Fraction(17, 25), Fraction(8, 25))
    assert hdr.mastering.white == (Fraction(3127, 10000), Fraction(329, 1000))
    assert probe(hlg).hdr is None


@pytest.mark.parametrize("codec", ["hevc", "av1"])
def test_codecs_that_can_say_it(codec, hdr10, first_frame, tmp_path):
    """Say what the source said, as ffprobe reads both."""
    output = tmp_path / "o.mp4"
    report = convert(hdr10, output, settings=EVERYTHING, encoding=Encoding(codec))
    assert report.warnings == []
    before, after = first_frame(hdr10), first_frame(output)
    assert after["pix_fmt"] == "yuv420p10le"
    for tag in ("color_space", "color_primaries", "color_transfer", "color_range"):
        assert after[tag] == before[tag]
    levels = "Content light level metadata"
    assert after["side"][levels] == before["side"][levels]
    screen = "Mastering display metadata"
    for name, value in before["side"][screen].items():
        if name != "side_data_type":
            exact, found = Fraction(value), Fraction(after["side"][screen][name])
            assert float(found) == pytest.approx(float(exact), rel=0.002)


@pytest.mark.parametrize("name", ["o.mp4", "o.webm"])
def test_codecs_that_cannot_say_it(name, hdr10, first_frame, tmp_path):
    """Lose it with a warning; the matte beside has nothing to lose."""
    matte = tmp_path / "matte.mkv"
    encoding = Encoding()
    report = convert(hdr10, tmp_path / name, matte=matte, settings=EVERYTHING, encoding=encoding)
    assert any("light levels" in warning for warning in report.warnings)
    assert "Mastering display metadata" not in first_frame(tmp_path / name)["side"]
    report = convert(hdr10, tmp_path / "m.mkv", show="alpha", settings=EVERYTHING)
    assert report.warnings == []


@pytest.mark.parametrize("codec", ["h264", "hevc", "av1"])
def test_hybrid_log_gamma(codec, hlg, first_frame, tmp_path):
    """Keeps its ten bits and its tags, and nothing is made up."""
    output = tmp_path / "o.mp4"
    report = convert(hlg, output, settings=EVERYTHING, encoding=Encoding(codec))
    few = ["H.264 in 10 bits is not played by browsers and many other players; hevc keeps the bits"]
    assert [each[: len(few[0])] for each in report.warnings] == (few if codec == "h264" else [])
    after = first_frame(output)
    assert after["pix_fmt"] == "yuv420p10le"
    assert after["color_transfer"] == "arib-std-b67"
    assert "Mastering display metadata" not in after["side"]


@pytest.mark.parametrize(
    ("name", "show", "noted"),
    [
        ("o.gif", "composite", True),
        ("o.tif", "composite", True),
        ("o.tif", "alpha", False),
        ("o.png", "composite", False),
        ("o.exr", "composite", False),
    ],
)
def test_images_that_cannot_say_that_they_are_hdr(name, show, noted, hlg, tmp_path):
    """A note says so; PNG says it in cICP, and EXR has light."""
    part = TimeRange(0, 0.04)
    report = convert(hlg, tmp_path / name, show=show, span=part, settings=EVERYTHING)
    said = [each for each in report.warnings if "The source is HDR (HLG)" in each]
    assert len(said) == noted
    assert (b"cICP\x09\x12" in (tmp_path / name).read_bytes()) == (name == "o.png")
