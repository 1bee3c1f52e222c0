"""One picture at a time."""

from __future__ import annotations

import io
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from plain_mattes import EVERYTHING

import sinet_video


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory, carphone: Path) -> Path:
    """A frame of a real clip."""
    frame = next(iter(sinet_video.decode(sinet_video.probe(carphone))))
    path = tmp_path_factory.mktemp("photo") / "photo.png"
    Image.fromarray(frame.rgb).save(path)
    return path


def test_it_is_what_the_command_writes(photo: Path, tmp_path: Path) -> None:
    """By path, bytes, array and PIL image: the same pixels as the PNG, as Pillow reads it."""
    sinet_video.convert(photo, tmp_path / "cut.png")
    wanted = np.asarray(Image.open(tmp_path / "cut.png"))
    with Image.open(photo) as image:
        given = (photo, str(photo), photo.read_bytes(), np.asarray(image), image.convert("RGB"))
        for each in given:
            found = sinet_video.cutout(each)
            assert found.dtype == np.uint8
            np.testing.assert_array_equal(found, wanted)
    assert 0.1 < (wanted[..., 3] == 255).mean() < 0.9  # the man, and not the car


def test_it_is_upright(photo: Path) -> None:
    """As the EXIF data of a file say."""
    exif, file = Image.Exif(), io.BytesIO()
    exif[274] = 8
    with Image.open(photo) as image:
        image.save(file, "PNG", exif=exif)
        height, width = np.asarray(image).shape[:2]
    assert sinet_video.cutout(file.getvalue(), settings=EVERYTHING).shape == (width, height, 4)


def test_transparency_stays(photo: Path) -> None:
    """What is transparent in a PIL image is so in the result."""
    with Image.open(photo) as image:
        clear = image.convert("RGBA")
    clear.putalpha(Image.new("L", clear.size, 0))
    assert sinet_video.cutout(clear, settings=EVERYTHING)[..., 3].max() == 0
    indexed = clear.convert("P")
    indexed.info["transparency"] = bytes(256)
    assert sinet_video.cutout(indexed, settings=EVERYTHING)[..., 3].max() == 0


def test_threads_do_not_share_a_network(photo: Path) -> None:
    """Pictures of two sizes at a time come out as one after the other."""
    large = np.asarray(Image.open(photo))
    pictures = [large, np.ascontiguousarray(large[:, :90])]
    wanted = [sinet_video.cutout(each) for each in pictures]
    found: list[list[np.ndarray]] = [[], []]
    threads = [
        threading.Thread(
            target=lambda k=k: found[k].extend(sinet_video.cutout(pictures[k]) for _ in range(4))
        )
        for k in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for k in range(2):
        assert len(found[k]) == 4
        assert all((each == wanted[k]).all() for each in found[k])


def test_what_is_no_picture(carphone: Path) -> None:
    """A video, and an array of another shape."""
    with pytest.raises(sinet_video.SettingError, match=r"more than one frame.*matte"):
        sinet_video.cutout(carphone)
    with pytest.raises(sinet_video.SettingError, match="uint8"):
        sinet_video.cutout(np.zeros((4, 4, 3), np.float32))
    image = np.zeros((4, 4, 3), np.uint8)
    for several in ([image, image], (image,), [], iter([image]), {"image": image}, [[0, 0, 0]]):
        with pytest.raises(sinet_video.SettingError, match=r"call cutout\(\) for each image"):
            sinet_video.cutout(several)


def test_rgba_of_a_matte(carphone: Path) -> None:
    """Straight, the frame's own colours, black where nothing is."""
    mattes = sinet_video.matte(carphone)
    made = next(mattes)
    mattes.close()
    rgba = made.rgba
    seen = rgba[..., 3] > 0
    np.testing.assert_array_equal(rgba[seen][:, :3], made.frame.rgb[seen])
    assert rgba[~seen].max() == 0
    assert np.abs(rgba[..., 3] / 255 - made.alpha).max() <= 0.5 / 255 + 1e-6
