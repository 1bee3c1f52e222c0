"""Photos that are made of several images."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from PIL import Image, features
from plain_mattes import EVERYTHING

from sinet_video import InputError, convert, probe
from sinet_video.containers.heif import has_alpha_beside, is_put_together


def box(kind: bytes, *content: bytes, full: int | None = None) -> bytes:
    """A box; with `full`, of that version."""
    head = b"" if full is None else bytes([full, 0, 0, 0])
    data = head + b"".join(content)
    return struct.pack(">I4s", len(data) + 8, kind) + data


def photo(kinds: dict[int, bytes], primary: int, *, wide: bool = False) -> bytes:
    """The beginning of a HEIC with these items, whose numbers have 16 or 32 bits."""
    number = ">I" if wide else ">H"
    items = [
        box(b"infe", struct.pack(number, each), bytes(2), kind, b"\0", full=3 if wide else 2)
        for each, kind in kinds.items()
    ]
    version = 1 if wide else 0
    meta = [
        box(b"hdlr", bytes(4), b"pict", bytes(13), full=0),
        box(b"pitm", struct.pack(number, primary), full=version),
        box(b"iinf", struct.pack(number, len(items)), *items, full=version),
    ]
    return box(b"ftyp", b"heic", bytes(4), b"mif1heic") + box(b"meta", *meta, full=0)


@pytest.mark.parametrize("wide", [False, True])
def test_only_the_primary_item_counts(wide: bool, tmp_path: Path) -> None:
    """A thumbnail beside it may be what it likes."""
    path = tmp_path / "a.heic"
    tiles = {1: b"hvc1", 2: b"hvc1", 49: b"grid", 50: b"Exif"}
    for primary, expected in ((49, True), (1, False), (7, False)):
        path.write_bytes(photo(tiles, primary, wide=wide))
        assert is_put_together(path) is expected


def test_cut_off_and_other_files_are_not(tmp_path: Path) -> None:
    """Wherever such a file ends; libav says what is wrong with it."""
    path, whole = tmp_path / "a.heic", photo({1: b"hvc1", 2: b"grid"}, 2)
    for end in range(len(whole)):
        path.write_bytes(whole[:end])
        is_put_together(path)
        assert not has_alpha_beside(path)
    path.write_bytes(box(b"ftyp", b"isom") + box(b"meta", box(b"hdlr", bytes(24))))
    assert not is_put_together(path)


def test_a_photo_in_tiles_is_refused(tmp_path: Path, avif: bytes) -> None:
    """One tile was taken for it."""
    (tmp_path / "one.avif").write_bytes(avif)
    assert probe(tmp_path / "one.avif").is_still
    (tmp_path / "tiles.avif").write_bytes(avif.replace(b"av01Color", b"gridColor"))
    with pytest.raises(InputError, match=r"image in tiles.*save it as JPEG"):
        probe(tmp_path / "tiles.avif")


@pytest.fixture
def avif(tmp_path: Path, ffmpeg) -> bytes:
    """A small image of one item."""
    path = tmp_path / "a.avif"
    source = ("-f", "lavfi", "-i", "testsrc2=s=64x64", "-frames:v", "1")
    ffmpeg("ffmpeg", *source, "-c:v", "libaom-av1", "-still-picture", "1", "-cpu-used", "8", path)
    return path.read_bytes()


def test_alpha_beside_is_told_of(tmp_path: Path) -> None:
    """It is an image that says so, as writers of AVIF do; other images beside are none."""
    if not features.check("avif"):
        pytest.skip("needs a Pillow that writes AVIF")
    path = tmp_path / "a.avif"
    image = Image.new("RGBA", (64, 48), (200, 90, 30, 128))
    said = {}
    for mode in ("RGB", "RGBA"):
        image.convert(mode).save(path)
        assert has_alpha_beside(path) is (mode == "RGBA")
        report = convert(path, tmp_path / "o.png", settings=EVERYTHING, overwrite=True)
        said[mode] = report.warnings
    assert said["RGB"] == []
    assert "alpha as an image of its own, as AVIF and HEIC do, which is not read" in said["RGBA"][0]
