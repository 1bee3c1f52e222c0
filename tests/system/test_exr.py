"""EXR sequences: linear light in floating point, read back by ffmpeg and by OpenCV's OpenEXR."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest

from sinet_video import Encoding, Settings, convert, decode, probe, verify
from sinet_video.containers.still_tags import read_alpha_tag, write_alpha_tag
from sinet_video.encoding.encoder_input import shown
from sinet_video.media.orientation import Orientation
from sinet_video.media.transfer import to_light


def soft(image: np.ndarray) -> np.ndarray:
    """A segmenter with a wide soft edge."""
    return np.tile(np.linspace(0, 1, image.shape[1], dtype=np.float32), (len(image), 1))


def job(source: Path, output: Path, **encoding):
    """Convert with alpha."""
    return convert(
        source,
        output,
        background="transparent",
        settings=Settings(segmenter=soft, decontaminate=False),
        encoding=Encoding(**encoding),
    )


def read(ffmpeg, path: Path, pixel_format: str = "gbrapf32le") -> np.ndarray:
    """The samples of a frame as ffmpeg decodes it: (planes, H, W) float32; green first."""
    raw = path.with_suffix(".raw")
    ffmpeg("ffmpeg", "-y", "-i", path, "-f", "rawvideo", "-pix_fmt", pixel_format, raw)
    return np.fromfile(raw, np.float32).reshape(-1, 96, 160)


def read_by_opencv(path: Path) -> np.ndarray:
    """The same by OpenEXR itself, in another process: it must be told before it is loaded."""
    program = (
        "import cv2, sys; cv2.imread(sys.argv[1], cv2.IMREAD_UNCHANGED)[..., [1, 0, 2, 3]]"
        ".transpose(2, 0, 1).astype('f4').tofile(sys.argv[2])"
    )
    raw = path.with_suffix(".cv")
    environment = {**os.environ, "OPENCV_IO_ENABLE_OPENEXR": "1"}
    subprocess.run([sys.executable, "-c", program, path, raw], check=True, env=environment)
    return np.fromfile(raw, np.float32).reshape(-1, 96, 160)


def gray_with_alpha(path: Path) -> Path:
    """An EXR of the channels A and Y, whole floats, as no encoder of libav writes it: yaf32."""

    def entry(name: str, kind: str, data: bytes) -> bytes:
        return f"{name}\0{kind}\0".encode() + struct.pack("<I", len(data)) + data

    wide, high = 64, 48
    channels = b"".join(name + b"\0" + struct.pack("<4I", 2, 0, 1, 1) for name in (b"A", b"Y"))
    box, one = struct.pack("<4i", 0, 0, wide - 1, high - 1), struct.pack("<f", 1)
    head = (
        struct.pack("<2I", 20000630, 2)
        + entry("channels", "chlist", channels + b"\0")
        + entry("compression", "compression", b"\0")
        + entry("dataWindow", "box2i", box)
        + entry("displayWindow", "box2i", box)
        + entry("lineOrder", "lineOrder", b"\0")
        + entry("pixelAspectRatio", "float", one)
        + entry("screenWindowCenter", "v2f", bytes(8))
        + entry("screenWindowWidth", "float", one)
        + b"\0"
    )
    line = np.linspace(0, 1, wide, dtype="<f4").tobytes() * 2
    first, step = len(head) + 8 * high, 8 + len(line)
    offsets = struct.pack(f"<{high}Q", *(first + row * step for row in range(high)))
    lines = b"".join(struct.pack("<iI", row, len(line)) + line for row in range(high))
    path.write_bytes(head + offsets + lines)
    return path


def test_what_ends_the_process_is_refused(make_clip, tmp_path):
    """libswscale aborts of whole floats of gray with alpha: not so as result, background or matte.

    One sentence that names the format, and nothing left behind.
    """
    (tmp_path / "seq").mkdir()
    exr = gray_with_alpha(tmp_path / "seq" / "00001.exr")
    (video,) = av.open(str(exr)).decode(video=0)
    assert video.format.name == "yaf32le"
    still = gray_with_alpha(tmp_path / "still.png")  # read as what it is, whatever it is called
    clip = make_clip(width=64, height=48, frames=3)
    out = tmp_path / "o.mp4"
    for words in (
        ("verify", tmp_path / "seq"),
        ("info", exr),
        ("run", exr, out),
        ("run", clip, out, "--background", exr),
        ("run", clip, out, "--background", still),
        ("run", clip, out, "--core", exr),
        ("preview", exr, "-o", tmp_path / "p.png"),
        ("evaluate", "--matte", exr, "--truth", exr),
    ):
        command = [Path(sys.executable).with_name("sinet-video"), *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (1, ""), words
        assert "Frames in pixel format yaf32le are not read" in done.stderr
        assert done.stderr.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["seq", "still.png"]


@pytest.mark.parametrize("kind", ["straight", "premultiplied"])
@pytest.mark.parametrize(("codec", "pixel_format"), [("ffv1", "bgr0"), ("ffv1", "gbrp12le")])
def test_samples_are_light_times_alpha(kind, codec, pixel_format, make_clip, ffmpeg, tmp_path):
    """By two readers that are not ours; half floats up to 10 bits, and whole ones beyond."""
    source = make_clip("a.mkv", codec=codec, pixel_format=pixel_format, frames=1)
    report = job(source, tmp_path / "%05d.exr", alpha_mode=kind)
    assert (report.alpha, report.pixel_format) == (kind, "gbrapf32le")
    found = read(ffmpeg, tmp_path / "00001.exr")
    np.testing.assert_array_equal(found, read_by_opencv(tmp_path / "00001.exr"))
    alpha = found[3]
    frame = next(decode(source))
    values = np.stack(frame.planes) / (2**frame.format.bits - 1)
    light = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    expected = light * alpha if kind == "premultiplied" else light
    seen = alpha > 0
    relative = 1e-6 if pixel_format == "gbrp12le" else 2**-10
    np.testing.assert_allclose(found[:3, seen], expected[:, seen], relative, 1e-6)


def test_a_folder_of_them(make_clip, tmp_path):
    """Premultiplied by convention; whole, in time, and said; and straight is told from it."""
    source = make_clip(frames=3)
    report = job(source, tmp_path / "frames", format="exr")
    assert report.alpha == "premultiplied"
    names = sorted(path.name for path in (tmp_path / "frames").iterdir())
    assert names == ["00001.exr", "00002.exr", "00003.exr", "timestamps.txt"]
    found = verify(tmp_path / "frames", source, alpha_mode="premultiplied")
    assert found.holds, found.failures
    assert found.properties.codec == "exr"
    assert not verify(tmp_path / "frames", alpha_mode="straight").holds
    job(source, tmp_path / "straight", format="exr", alpha_mode="straight")
    assert read_alpha_tag(tmp_path / "straight" / "00001.exr") == "straight"
    assert verify(tmp_path / "straight", alpha_mode="straight").holds


def test_a_matte_and_opaque_ones(make_clip, ffmpeg, tmp_path):
    """Alpha alone as gray, and a composite without alpha."""
    source, settings = make_clip(frames=1), Settings(segmenter=soft)
    convert(source, tmp_path / "m%05d.exr", show="alpha", settings=settings)
    assert ffmpeg(
        "ffprobe", "-show_entries", "stream=pix_fmt", "-of", "csv=p=0", tmp_path / "m00001.exr"
    ).strip() in ("grayf32le", "gbrpf32le")
    convert(source, tmp_path / "c" / "c%05d.exr", background="#ffffff", settings=settings)
    white = read(ffmpeg, tmp_path / "c" / "c00001.exr", "gbrpf32le")[:, :, 0]
    np.testing.assert_allclose(white, 1, atol=0.01)


@pytest.mark.parametrize("pixel_format", ["gbrapf32le", "gbrpf32le", "grayf32le"])
def test_frames_of_floats_are_turned(pixel_format):
    """As those of PNGs: a frame says nothing of rotation."""
    video = av.VideoFrame(8, 6, pixel_format)
    for index, plane in enumerate(video.planes):
        np.frombuffer(plane, np.float32).reshape(6, -1)[:, :8] = index + np.arange(48).reshape(6, 8)
    quarter = shown(video, Orientation(90))
    assert (quarter.width, quarter.height) == (6, 8)
    for index, plane in enumerate(quarter.planes):
        found = np.frombuffer(plane, np.float32).reshape(8, -1)[:, :6]
        np.testing.assert_array_equal(found, np.rot90(index + np.arange(48).reshape(6, 8)))


def test_primaries_are_told(tmp_path, ffmpeg):
    """BT.2020's as chromaticities; BT.709's are what readers take where nothing is said."""
    for name in ("bt2020", "bt709"):
        source = tmp_path / f"{name}.mkv"
        tags = ("-color_primaries", name, "-c:v", "ffv1", "-pix_fmt", "yuv420p10le")
        ffmpeg("ffmpeg", "-f", "lavfi", "-i", "testsrc2=s=64x48:d=0.04", *tags, source)
        assert probe(source).colour.primaries == {"bt2020": 9, "bt709": 1}[name]
        job(source, tmp_path / name / "%05d.exr")
    data = (tmp_path / "bt2020" / "00001.exr").read_bytes()
    place = data.index(b"chromaticities\0chromaticities\0") + 34
    assert struct.unpack_from("<2f", data, place) == pytest.approx((0.708, 0.292))
    assert b"chromaticities" not in (tmp_path / "bt709" / "00001.exr").read_bytes()


@pytest.mark.parametrize("mode", ["premultiplied", "straight"])
def test_light_above_white_is_verified(mode, ffmpeg, tmp_path):
    """Where a source is brighter than white, a premultiplied colour is above its alpha."""
    tags = ("-color_trc", "smpte2084", "-color_primaries", "bt2020", "-colorspace", "bt2020nc")
    clip = tmp_path / "pq.mkv"
    ffmpeg("ffmpeg", "-f", "lavfi", "-i", "testsrc2=s=160x96:r=25:d=0.2", "-pix_fmt", "yuv420p10le",
           "-c:v", "ffv1", *tags, clip)  # fmt: skip
    job(clip, tmp_path / "frames", format="exr", alpha_mode=mode)
    assert read(ffmpeg, tmp_path / "frames" / "00003.exr")[:3].max() > 4
    found = verify(tmp_path / "frames", clip)
    assert found.failures == ()
    assert found.alpha.kind == mode


def test_other_frames_pass():
    """What is neither TIFF nor EXR is left alone."""
    assert write_alpha_tag(b"\x89PNG....", "straight", 9) == b"\x89PNG...."


@pytest.mark.parametrize(
    ("transfer", "value", "light"),
    [
        (1, 0.5, 0.2596), (2, 0.5, 0.2596), (4, 0.5, 0.2176), (5, 0.5, 0.1436), (7, 0.5, 0.2650),
        (8, 0.5, 0.5), (13, 0.5, 0.2140), (16, 0.5807, 1.0), (18, 0.75, 1.0),
    ],
)  # fmt: skip
def test_curves(transfer, value, light):
    """Known values: diffuse white is 1 in PQ and HLG; and every curve rises from 0."""
    table = to_light(transfer, 16, is_rgb=False)
    assert table[round(value * 65535)] == pytest.approx(light, rel=5e-3)
    assert table[0] == pytest.approx(0, abs=1e-6)
    assert (np.diff(table) >= -2e-5).all()


def test_untagged_rgb_is_srgb():
    """As frames and recorded screens are."""
    assert np.array_equal(to_light(2, 8, is_rgb=True), to_light(13, 8, is_rgb=False))
    assert not np.array_equal(to_light(2, 8, is_rgb=True), to_light(2, 8, is_rgb=False))
