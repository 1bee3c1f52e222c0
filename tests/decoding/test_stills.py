"""Still images in, one image out; Pillow judges."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms
from plain_mattes import EVERYTHING

import sinet_video
from sinet_video.containers.numbering import SUFFIXES
from sinet_video.decoding.stills import is_still_file, read_still
from sinet_video.media.convert import reformat, rgb_of

ICC = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def gradient(height: int = 90, width: int = 120) -> np.ndarray:
    picture = np.zeros((height, width, 3), np.uint8)
    picture[..., 0] = np.linspace(0, 255, width)
    picture[..., 1] = np.linspace(0, 255, height)[:, None]
    picture[20:50, 30:60] = (200, 30, 30)
    return picture


def saved(path: Path, **more: object) -> Path:
    Image.fromarray(gradient()).save(path, **more)
    return path


@pytest.mark.parametrize(
    ("name", "off"),
    [("a.png", 0), ("a.bmp", 0), ("a.tif", 0), ("a.jpg", 1.5), ("a.webp", 2), ("lossless.webp", 0)],
)
def test_pixels_are_pillow_s(tmp_path: Path, name: str, off: float) -> None:
    """Within what rounding in YUV makes of them."""
    path = saved(tmp_path / name, lossless=True) if "less" in name else saved(tmp_path / name)
    found = rgb_of(reformat(read_still(path).video, pixel_format="rgb24")).astype(int)
    wanted = np.asarray(Image.open(path).convert("RGB")).astype(int)
    assert np.abs(found - wanted).mean() <= off
    assert is_still_file(path)
    assert sinet_video.probe(path).alpha is None


def test_a_jpeg_in_cmyk_has_no_alpha(tmp_path: Path) -> None:
    """As print shops send them; its colours are those of the RGB it was made of."""
    path = tmp_path / "print.jpg"
    Image.fromarray(gradient()).convert("CMYK").save(path)
    assert sinet_video.probe(path).alpha is None
    (frame,) = sinet_video.decode(sinet_video.probe(path))
    assert np.abs(frame.rgb.astype(int) - gradient()).mean() < 3


def test_what_is_no_still(tmp_path: Path, carphone: Path) -> None:
    """An animation and a video are none, whatever they are called; text is nothing at all."""
    frames = [Image.fromarray(np.roll(gradient(), k)) for k in (0, 9)]
    for name in ("a.png", "a.webp"):
        frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:])
        assert not is_still_file(tmp_path / name)
    assert not is_still_file(carphone)
    (tmp_path / "text.png").write_text("no image at all")
    with pytest.raises(sinet_video.InputError, match=r"text\.png"):
        sinet_video.probe(tmp_path / "text.png")


def test_a_palette_s_transparency_is_read(tmp_path: Path) -> None:
    """As that of any other PNG; a palette without is opaque."""
    image = Image.new("P", (40, 30), 1)
    image.putpalette([0, 0, 0, 200, 100, 50])
    image.paste(0, (0, 0, 20, 30))
    image.save(tmp_path / "clear.png", transparency=0)
    image.save(tmp_path / "opaque.png")
    assert sinet_video.probe(tmp_path / "clear.png").alpha == "straight"
    assert sinet_video.probe(tmp_path / "opaque.png").alpha is None


def test_cut_off_images_are_refused(tmp_path: Path) -> None:
    """With their name, and nothing is written."""
    data = saved(tmp_path / "a.png").read_bytes()
    (tmp_path / "half.png").write_bytes(data[: len(data) // 8])
    with pytest.raises(sinet_video.InputError, match=r"half\.png is damaged or cut off"):
        sinet_video.convert(tmp_path / "half.png", tmp_path / "cut.png", settings=EVERYTHING)
    assert not (tmp_path / "cut.png").exists()


@pytest.mark.parametrize("name", ["cut.png", "cut.webp", "cut.tif", "cut.jpg"])
def test_a_photograph_becomes_one_image(tmp_path: Path, name: str) -> None:
    """It is upright and keeps its colours and its profile; verify finds nothing wrong."""
    exif = Image.Exif()
    exif[274] = 6
    source = tmp_path / "photo.jpg"
    turned = Image.fromarray(np.rot90(gradient()))
    turned.save(source, quality=97, exif=exif, icc_profile=ICC)
    report = sinet_video.convert(source, tmp_path / name, settings=EVERYTHING)
    made = Image.open(tmp_path / name)
    assert (made.size, made.info["icc_profile"]) == ((120, 90), ICC)
    assert made.mode == (
        "RGB" if name == "cut.jpg" else "RGBA" if name != "cut.webp" else made.mode
    )
    off = np.abs(np.asarray(made.convert("RGB")).astype(int) - gradient()).mean()
    assert off < 3
    assert (report.frames, report.warnings) == (1, [])
    assert sinet_video.verify(tmp_path / name, source).holds


@pytest.mark.parametrize("name", ["cut.png", "cut.tif"])
def test_sixteen_bits_stay(tmp_path: Path, ffmpeg, name: str) -> None:
    """Where the matte is 1 each sample is the source's."""
    source = tmp_path / "deep.png"
    ffmpeg("ffmpeg", "-f", "lavfi", "-i", "testsrc2=size=64x48,format=rgb48be", "-vf",
           "noise=alls=20", "-frames:v", 1, source)  # fmt: skip
    sinet_video.convert(source, tmp_path / name, settings=EVERYTHING)
    raw = [tmp_path / f"{n}.raw" for n in "ab"]
    for file, out in zip((source, tmp_path / name), raw, strict=True):
        ffmpeg("ffmpeg", "-i", file, "-pix_fmt", "rgb48le", "-f", "rawvideo", out)
    one, two = (np.fromfile(out, np.uint16) for out in raw)
    np.testing.assert_array_equal(one, two)
    assert len(np.unique(one)) > 256


def test_an_exr_is_read_as_light(tmp_path: Path) -> None:
    """Written from 16 bits and read again, straight and premultiplied, it is what it was."""
    source = saved(tmp_path / "a.png")
    for mode in ("straight", "premultiplied"):
        path = tmp_path / f"{mode}.exr"
        sinet_video.convert(
            source, path, settings=EVERYTHING, encoding=sinet_video.Encoding(alpha_mode=mode)
        )
        again = sinet_video.cutout(path, settings=EVERYTHING)
        assert np.abs(again[..., :3].astype(int) - gradient()).max() <= 1
        assert (again[..., 3] == 255).all()


def test_one_frame_of_a_video_is_one_image(tmp_path: Path, carphone: Path) -> None:
    """It is the frame that a sequence of the part has; a part of two is none."""
    frames = list(sinet_video.decode(carphone))
    part = sinet_video.TimeRange(frames[10].time, frames[11].time)
    settings = sinet_video.Settings(smoothing=None)
    one, many = tmp_path / "one.png", tmp_path / "many"
    report = sinet_video.convert(carphone, one, span=part, settings=settings)
    sinet_video.convert(carphone, many, span=part, settings=settings)
    assert report.frames == 1
    assert one.read_bytes() == (many / "00001.png").read_bytes()
    with pytest.raises(sinet_video.SettingError, match=r"this part of .* more than one frame"):
        sinet_video.convert(
            carphone,
            tmp_path / "two.png",
            span=sinet_video.TimeRange(frames[10].time, frames[12].time),
        )


def test_a_video_is_not_one_image(tmp_path: Path, carphone: Path) -> None:
    """Nor is one image to be resumed, or a sequence's number asked for."""
    with pytest.raises(
        sinet_video.SettingError, match=r"single image, and .* more than one frame.*%05d"
    ):
        sinet_video.convert(carphone, tmp_path / "cut.png")
    photo = saved(tmp_path / "a.png")
    with pytest.raises(sinet_video.SettingError, match="cannot be resumed"):
        sinet_video.convert(photo, tmp_path / "cut.png", resume=sinet_video.Resume())
    with pytest.raises(sinet_video.SettingError, match="start number is for image sequences"):
        sinet_video.convert(
            photo, tmp_path / "cut.png", encoding=sinet_video.Encoding(start_number=3)
        )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png"]


def test_profiles_do_not_crash_the_process(tmp_path: Path) -> None:
    """As input, background and drawn matte, again and again: PyAV frees their names twice."""
    photo = saved(tmp_path / "a.jpg", icc_profile=ICC)
    code = (
        "import sys, sinet_video\n"
        "from sinet_video.decoding.matte_file import read_drawn\n"
        "for _ in range(30):\n"
        "    sinet_video.probe(sys.argv[1]); sinet_video.ImageBackground(sys.argv[1])\n"
        "    list(read_drawn(sys.argv[1]))\n"
    )
    done = subprocess.run([sys.executable, "-c", code, photo], check=False, capture_output=True)
    assert done.returncode == 0, done.stderr


def test_a_lost_profile_is_named(tmp_path: Path) -> None:
    """A video cannot hold it."""
    photo = saved(tmp_path / "a.png", icc_profile=ICC)
    report = sinet_video.convert(photo, tmp_path / "a.mp4", settings=EVERYTHING)
    assert any("ICC profile (sRGB built-in) is not kept" in each for each in report.warnings)


def test_a_batch_of_photographs(tmp_path: Path) -> None:
    """One file each, and nothing the second time; for a video, photographs are left alone."""
    photos = tmp_path / "photos"
    photos.mkdir()
    for name in ("a.jpg", "b.png"):
        saved(photos / name)
    conversion = sinet_video.Conversion(settings=EVERYTHING)
    naming = sinet_video.Naming(to="png")
    for status in ("done", "skipped"):
        found = list(sinet_video.batch([photos], tmp_path / "out", conversion, naming=naming))
        assert [each.status for each in found] == [status] * 2
    with Image.open(tmp_path / "out" / "a.png") as made:
        assert made.mode == "RGBA"
    with pytest.raises(sinet_video.InputError, match="matches no video"):
        list(sinet_video.batch([photos], tmp_path / "clips", conversion))
    assert ".jpg" in SUFFIXES
