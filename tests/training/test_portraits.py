"""Portraits out of whole people: where the face is, what is drawn, what is good enough."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sinet_video import decode
from sinet_video.errors import OutputError, SettingError
from sinet_video.training.generate.faces import Box, HaarFaces, extent
from sinet_video.training.generate.manifest import check_sources, read_manifest
from sinet_video.training.generate.portraits import (
    VIEWS,
    PortraitSettings,
    cut_portraits,
    draw_crop,
    draw_crops,
    find_head,
    judge_crop,
)
from sinet_video.training.generate.product_folder import Rejected
from sinet_video.training.generate.repeat import repeat
from sinet_video.training.image_folder import list_pairs, read_pair, write_image

FACE = Box(130, 60, 170, 100)
"""Where the face of the made person is."""


def person(shape: tuple[int, int] = (500, 300)) -> tuple[np.ndarray, np.ndarray]:
    """An image of noise and the mask of someone who stands in it, 400 pixels high."""
    mask = np.zeros(shape, np.uint8)
    mask[40:110, 122:178] = 255  # the head with its hair
    mask[110:300, 90:210] = 255
    mask[300:440, 110:190] = 255
    image = np.random.default_rng(1).integers(0, 255, (*shape, 3), np.uint8)
    return image, mask


def finds(*faces: Box):
    """A finder of faces that knows the answer."""
    return lambda image, box: list(faces)


def crops(mask: np.ndarray, *faces: Box, key=(0, 0), **more) -> dict[str, Box | str]:
    """What is drawn for the made person, reasons as text."""
    image = np.zeros((*mask.shape, 3), np.uint8)
    drawn = draw_crops(image, mask, finds(*faces), PortraitSettings(**more), key)
    return {name: str(crop) if isinstance(crop, Rejected) else crop for name, crop in drawn}


def test_the_two_views_hold_the_head():
    """Whole, with room above; half a body is higher than head and shoulders."""
    mask = person()[1]
    for index in range(20):
        found = crops(mask, FACE, key=(0, index))
        assert set(found) == {"head1", "half1"}
        for crop in found.values():
            assert isinstance(crop, Box), crop
            assert crop.within(mask.shape)
            assert crop.top < 40
            assert crop.left < 122
            assert crop.right > 178
        assert found["head1"].height < found["half1"].height


def test_draws_differ_and_repeat():
    """By the key; each photograph has its own."""
    mask = person()[1]
    first, again, other = (crops(mask, FACE, key=key) for key in ((0, 0), (0, 0), (0, 1)))
    assert first == again
    assert first != other
    assert len(crops(mask, FACE, each=3)) == 6


@pytest.mark.parametrize(
    ("faces", "reason"),
    [
        ((), "no face found"),
        ((Box(10, 60, 50, 100),), "face outside the mask"),
        ((Box(130, 250, 170, 290),), "face not where a head is"),
    ],
)
def test_faces_that_do_not_do(faces, reason):
    """Each has its reason, under the photograph's own name."""
    assert crops(person()[1], *faces) == {"": reason}


def test_the_best_face_is_the_surest_that_is_a_head():
    """One on the belly or in the background does not hide it."""
    mask = person()[1]
    image = np.zeros((*mask.shape, 3), np.uint8)
    belly, far = Box(130, 250, 170, 290), Box(10, 60, 50, 100)
    head, others = find_head(image, mask, finds(belly, far, FACE), PortraitSettings())
    assert (head.face, head.top, others) == (FACE, 40, [far])


def test_an_empty_mask_has_no_face():
    """The finder is not even asked."""
    assert crops(np.full((500, 300), 100, np.uint8), FACE) == {"": "no face found"}


def test_a_head_that_the_photograph_cuts():
    """Nothing can be cut out that is not there."""
    mask = person()[1]
    mask[:110, 122:178] = 255
    assert crops(mask, Box(130, 30, 170, 70)) == {"": "head cut by the photograph"}


def judged(crop: Box, mask: np.ndarray, *others: Box, **more) -> str:
    """What a crop of the made person is rejected for."""
    image = np.zeros((*mask.shape, 3), np.uint8)
    settings = PortraitSettings(**more)
    head, _ = find_head(image, mask, finds(FACE), settings)
    try:
        judge_crop(crop, head, list(others), mask, settings)
    except Rejected as reason:
        return str(reason)
    return ""


@pytest.mark.parametrize(
    ("crop", "reason"),
    [
        (Box(70, 20, 230, 180), ""),
        (Box(70, 50, 230, 210), "head or raised arm cut"),
        (Box(130, 20, 290, 180), "head or raised arm cut"),
        (Box(20, 20, 170, 170), "head or raised arm cut"),
        (Box(0, 0, 300, 110), "too little person"),
        (Box(110, 36, 190, 300), "too little background"),
        (Box(120, 20, 180, 80), "below 72 pixels"),
    ],
)
def test_crops_are_judged(crop, reason):
    """Each rule has its twin that passes."""
    assert judged(crop, person()[1]) == reason


def test_a_raised_arm_counts_as_the_head_does():
    """It leaves the crop beside the face."""
    mask = person()[1]
    mask[70:80, 150:280] = 255
    assert judged(Box(70, 20, 230, 180), mask) == "head or raised arm cut"


def test_another_face_beside():
    """Only where it lies in the crop."""
    crop, mask = Box(70, 20, 230, 180), person()[1]
    assert judged(crop, mask, Box(75, 60, 105, 90)) == "another face beside"
    assert judged(crop, mask, Box(0, 60, 30, 90)) == ""


def test_a_photograph_that_ends_too_soon():
    """Below the shoulders there is nothing to show."""
    mask = person()[1][:150]
    image = np.zeros((*mask.shape, 3), np.uint8)
    settings = PortraitSettings()
    head, _ = find_head(image, mask, finds(FACE), settings)
    with pytest.raises(Rejected, match="photograph ends too soon"):
        draw_crop(head, VIEWS["half"], mask.shape, settings, np.random.default_rng(0))


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"views": ("foot",)}, "View is 'foot'"),
        ({"each": 0}, "Crops of each view are 0"),
        ({"smallest": 0}, "smallest side is 0"),
        ({"person": (0.9, 0.1)}, r"share is from 0\.9 to 0\.1"),
        ({"face": 2}, "Face is 2"),
        ({"aside": -1}, "aside -1"),
    ],
)
def test_settings_that_cannot_be(more, words):
    """Named at once."""
    with pytest.raises(SettingError, match=words):
        PortraitSettings(**more)


# Folders


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """Two people, and one whose mask is lost."""
    for name in ("a", "b", "c"):
        image, mask = person()
        write_image(tmp_path / "people" / "images" / f"{name}.jpg", image)
        write_image(tmp_path / "people" / "masks" / f"{name}.png", mask)
    (tmp_path / "people" / "masks" / "c.png").unlink()
    return tmp_path / "people"


def files_of(folder: Path) -> dict[str, bytes]:
    """All files of a folder by their path."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def test_a_folder_becomes_a_labelled_folder(people, tmp_path):
    """Each product with its manifest, what was bad listed."""
    manifest = cut_portraits(people, tmp_path / "out", find_faces=finds(FACE))
    names = [product.name for product in manifest.products]
    assert names == ["a-head1", "a-half1", "b-head1", "b-half1"]
    pairs = list_pairs(tmp_path / "out").pairs
    assert sorted(names) == [pair.name for pair in pairs]
    for pair in pairs:
        read_pair(pair)
    assert read_manifest(tmp_path / "out" / "manifest.json").to_json() == manifest.to_json()
    check_sources(manifest.products, {"people": people})
    (bad,) = manifest.bad
    assert bad.name.endswith("c.jpg")


def test_it_repeats_bit_for_bit(people, tmp_path):
    """A second run, and a repetition without finding faces, from a folder that has moved."""
    cut_portraits(people, tmp_path / "one", find_faces=finds(FACE))
    cut_portraits(people, tmp_path / "two", find_faces=finds(FACE))
    assert files_of(tmp_path / "one") == files_of(tmp_path / "two")
    moved = people.rename(tmp_path / "moved")
    repeat(tmp_path / "one" / "manifest.json", tmp_path / "three", folders={"people": moved})
    without_sheets = {k: v for k, v in files_of(tmp_path / "one").items() if "sheets" not in k}
    assert files_of(tmp_path / "three") == without_sheets


def test_other_bytes_are_an_error(people, tmp_path):
    """The failing twin: a manifest that promises something else; nothing is written."""
    cut_portraits(people, tmp_path / "one", find_faces=finds(FACE))
    path = tmp_path / "one" / "manifest.json"
    manifest = read_manifest(path)
    manifest.products[1].drawn["left"] += 1
    path.write_text(manifest.to_json())
    with pytest.raises(OutputError, match="other bytes: a-half1"):
        repeat(path, tmp_path / "two")
    assert not (tmp_path / "two").exists()


def test_another_seed_draws_otherwise(people, tmp_path):
    """Else a seed would be for nothing."""
    for seed in (0, 1):
        cut_portraits(people, tmp_path / str(seed), seed=seed, find_faces=finds(FACE))
    one, other = (read_manifest(tmp_path / s / "manifest.json").products for s in ("0", "1"))
    assert [product.drawn for product in one] != [product.drawn for product in other]


# Real faces


def test_haar_finds_the_man_in_the_car(carphone):
    """A real face, in a box that a mask of the man would give."""
    image = next(decode(carphone)).rgb
    faces = HaarFaces()(image, Box(30, 10, 150, 144))
    assert faces
    best = faces[0]
    assert best.within(image.shape)
    assert 60 < (best.left + best.right) / 2 < 120
    assert 20 < (best.top + best.bottom) / 2 < 90


def test_haar_finds_nobody_in_noise():
    """The failing twin."""
    image, mask = person()
    assert HaarFaces()(image, extent(mask)) == []


def test_real_people(shared, tmp_path):
    """Most photographs of whole people give both views, each with a head that is not cut."""
    source = shared / "data" / "ccp"
    for name in ("0001", "0013", "0025", "0037", "0049", "0061"):
        for kind in ("images", "masks"):
            target = tmp_path / "some" / kind
            target.mkdir(parents=True, exist_ok=True)
            (found,) = (source / kind).glob(f"{name}.*")
            (target / found.name).symlink_to(found)
    manifest = cut_portraits(tmp_path / "some", tmp_path / "out")
    assert len(manifest.products) >= 8
    for pair in list_pairs(tmp_path / "out").pairs:
        _, mask = read_pair(pair)
        assert 0.15 <= (mask > 127).mean() <= 0.85
        assert not (mask[0] > 127).any()
