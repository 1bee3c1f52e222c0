"""What photographs say of themselves, against Pillow."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps

from sinet_video.containers.photo_tags import icc_name, is_for_rgb, read_photo_tags, with_icc
from sinet_video.media.orientation import Orientation

ICC = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
GRAY = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
KINDS = {"PNG": {}, "JPEG": {"quality": 100}, "WEBP": {"lossless": True}, "TIFF": {}}


def photo(kind: str, **more: object) -> bytes:
    pixels = np.random.default_rng(0).integers(0, 255, (20, 31, 3)).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, **KINDS[kind], **more)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("value", range(1, 9))
def test_orientation_is_pillow_s(kind: str, value: int) -> None:
    """A photograph is turned as Pillow turns it, for all eight values of EXIF."""
    exif = Image.Exif()
    exif[274] = value
    data = photo(kind, exif=exif)
    stored = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    upright = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB"))
    np.testing.assert_array_equal(read_photo_tags(data).orientation.shown(stored), upright)


def test_orientation_of_a_tiff() -> None:
    """A TIFF has the tag itself."""
    exif = Image.Exif()
    exif[274] = 6
    assert read_photo_tags(photo("TIFF", exif=exif)).orientation == Orientation(-90)


@pytest.mark.parametrize("kind", KINDS)
def test_a_profile_is_read_and_written(kind: str) -> None:
    """Pillow finds the profile that was put in, and the same pixels."""
    assert read_photo_tags(photo(kind, icc_profile=ICC)).icc == ICC
    plain = photo(kind)
    assert read_photo_tags(plain).icc == b""
    told = with_icc(plain, ICC)
    image = Image.open(io.BytesIO(told))
    image.load()
    assert image.info["icc_profile"] == ICC == read_photo_tags(told).icc
    np.testing.assert_array_equal(np.asarray(image), np.asarray(Image.open(io.BytesIO(plain))))


def test_a_long_profile_takes_several_segments_of_a_jpeg() -> None:
    """One segment holds 64 kB."""
    long = ICC + bytes(200_000)
    told = with_icc(photo("JPEG"), long)
    assert Image.open(io.BytesIO(told)).info["icc_profile"] == long == read_photo_tags(told).icc


def test_a_lossy_webp_gets_the_extended_header() -> None:
    """Its size is read from the VP8 frame."""
    file = io.BytesIO()
    Image.new("RGB", (37, 21), "red").save(file, "WEBP")
    image = Image.open(io.BytesIO(with_icc(file.getvalue(), ICC)))
    assert (image.size, image.info["icc_profile"]) == ((37, 21), ICC)


@pytest.mark.parametrize("kind", KINDS)
def test_damage_says_nothing(kind: str) -> None:
    """Half a file, or one with bytes changed, has no tags or other ones, and raises nothing."""
    exif = Image.Exif()
    exif[274] = 6
    data = photo(kind, icc_profile=ICC, exif=exif)
    for size in range(0, len(data), 7):
        read_photo_tags(data[:size])
    random = np.random.default_rng(1)
    for _ in range(200):
        harmed = bytearray(data)
        harmed[random.integers(len(harmed))] = random.integers(256)
        read_photo_tags(bytes(harmed))


def test_a_profile_says_what_it_is() -> None:
    """Its name, and whether it is one of RGB."""
    assert icc_name(ICC) == "sRGB built-in"
    assert is_for_rgb(ICC)
    assert not is_for_rgb(GRAY)
    assert icc_name(b"") == icc_name(b"x" * 200) == "unnamed"
