"""Manifests, the folders they lie in, the sources they name, and repeating from them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from sinet_video.errors import InputError, OutputError, SettingError
from sinet_video.training.generate.manifest import (
    Manifest,
    Product,
    Rejection,
    Source,
    Teacher,
    check_sources,
    digest,
    read_manifest,
    source_of,
)
from sinet_video.training.generate.product_folder import Products, check_free, new_folder, thumbnail
from sinet_video.training.generate.repeat import repeat
from sinet_video.training.generate.sources import good_images, good_pairs
from sinet_video.training.image_folder import list_pairs, write_image


def a_manifest() -> Manifest:
    """One of everything."""
    source = Source("people", "images/a.jpg", "0" * 64)
    product = Product(
        "a-1", (source,), {"left": 3, "room": [0.1, 2.5]}, {}, {"images/a-1.jpg": "1"}
    )
    return Manifest(
        "portraits",
        {"each": 1},
        seed=5,
        folders={"people": "/there"},
        teachers=[Teacher("default", "2" * 64)],
        products=[product],
        rejected=[Rejection("b", "too little person")],
        bad=[Rejection("c.jpg", "no mask")],
    )


def test_a_manifest_comes_back_from_its_text(tmp_path):
    """Every field, and then the same text once more."""
    (tmp_path / "m.json").write_text(a_manifest().to_json())
    read = read_manifest(tmp_path / "m.json")
    assert read == a_manifest()
    assert read.to_json() == a_manifest().to_json()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 1}', '{"format": 99}', "\x00", "12"])
def test_what_is_no_manifest_is_named(text, tmp_path):
    """Whatever is in it."""
    (tmp_path / "m.json").write_text(text)
    with pytest.raises(InputError, match=r"m\.json is (not )?a manifest"):
        read_manifest(tmp_path / "m.json")


def test_no_file_is_named(tmp_path):
    """With the system's reason."""
    with pytest.raises(InputError, match="No such file"):
        read_manifest(tmp_path / "m.json")


@pytest.mark.parametrize("name", ["../a", "/a", "a/b", "..\\a", "", "."])
def test_a_name_that_leads_elsewhere_is_refused(name, tmp_path):
    """A manifest may come from anywhere; what it names is written."""
    values = json.loads(a_manifest().to_json())
    values["products"][0]["name"] = name
    (tmp_path / "m.json").write_text(json.dumps(values))
    with pytest.raises(InputError, match="cannot be the name of a file"):
        read_manifest(tmp_path / "m.json")


def test_a_seed_is_not_negative():
    """As numpy would not take it."""
    with pytest.raises(SettingError, match="seed is -1"):
        Manifest("portraits", {}, seed=-1)


def test_sources_that_changed_or_went_are_named(tmp_path):
    """And those that did neither are not."""
    for name in ("a", "b", "c"):
        (tmp_path / name).write_text(name)
    sources = tuple(source_of("people", tmp_path, tmp_path / name) for name in ("a", "b", "c"))
    products = [Product("x", sources, {}, {}, {})]
    check_sources(products, {"people": tmp_path})
    (tmp_path / "a").write_text("other")
    (tmp_path / "b").unlink()
    with pytest.raises(InputError) as caught:
        check_sources(products, {"people": tmp_path})
    assert f"{tmp_path / 'a'} has changed, {tmp_path / 'b'} is missing." in str(caught.value)


# The folder


def test_a_folder_takes_its_name_when_it_is_whole(tmp_path):
    """Not before; an empty one of the name is replaced."""
    (tmp_path / "out").mkdir()
    with new_folder(tmp_path / "out") as part:
        (part / "a").write_text("a")
        assert not list((tmp_path / "out").iterdir())
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, ValueError])
def test_of_a_folder_that_fails_nothing_is_left(error, tmp_path):
    """However it ends."""

    def fail() -> None:
        with new_folder(tmp_path / "out") as part:
            (part / "a").write_text("a")
            raise error

    with pytest.raises(error):
        fail()
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_said_in_a_sentence(tmp_path):
    """As the library's own error, with the folder's name."""
    full = OSError(28, "No space left on device")
    with (
        pytest.raises(OutputError, match="out cannot be written: No space left"),
        new_folder(tmp_path / "out"),
    ):
        raise full


def test_what_is_there_is_not_replaced(tmp_path):
    """A folder with something in it, or a file."""
    (tmp_path / "file").write_text("precious")
    for path in (tmp_path, tmp_path / "file"):
        with pytest.raises(OutputError, match="is there already"):
            check_free(path)


def test_products_are_a_labelled_folder(tmp_path):
    """With sheets, and what was struck out among the rejected."""
    image, mask = np.full((40, 60, 3), 90, np.uint8), np.zeros((40, 60), np.uint8)
    mask[10:30, 20:40] = 255
    products = Products(tmp_path, Manifest("portraits", {}), excluded=frozenset({"b"}))
    for name in ("a", "b"):
        products.add(name, image, mask, sources=(), drawn={})
    products.reject("c", "too small", image)
    manifest = products.finish()
    assert [pair.name for pair in list_pairs(tmp_path).pairs] == ["a"]
    assert manifest.products[0].files == {
        name: digest(tmp_path / name) for name in ("images/a.jpg", "masks/a.png")
    }
    assert (tmp_path / "rejected.txt").read_text() == "b: struck out by hand\nc: too small\n"
    sheets = sorted(path.name for path in (tmp_path / "sheets").iterdir())
    assert sheets == ["kept-001.jpg", "rejected-001.jpg"]
    assert read_manifest(tmp_path / "manifest.json") == manifest


def test_a_thumbnail_shows_what_a_mask_leaves_out():
    """Under a colour; the person is as in the image."""
    image, mask = np.full((400, 300, 3), 90, np.uint8), np.zeros((400, 300), np.uint8)
    mask[:200] = 255
    small = thumbnail(image, mask)
    assert small.shape == (200, 150, 3)
    assert (small[:90] == 90).all()
    assert (small[110:, :, 0] > small[110:, :, 1] + 50).all()
    assert (thumbnail(image, None) == 90).all()


# Bad data


@pytest.fixture
def spoilt(tmp_path: Path) -> Path:
    """A labelled folder in which one image is good."""
    folder = tmp_path / "spoilt"
    image, mask = np.full((40, 30, 3), 90, np.uint8), np.zeros((40, 30), np.uint8)
    mask[10:30, 10:20] = 255
    for name in ("good", "lonely", "small", "flat", "broken"):
        write_image(folder / "images" / f"{name}.jpg", image)
        write_image(folder / "masks" / f"{name}.png", mask)
    write_image(folder / "images" / "good.png", image)
    (folder / "masks" / "lonely.png").unlink()
    write_image(folder / "masks" / "small.png", mask[:20])
    write_image(folder / "masks" / "flat.png", mask * 0)
    (folder / "images" / "broken.jpg").write_bytes(b"\xff\xd8 no image")
    return folder


REASONS = {
    "lonely.jpg": "no mask of its name",
    "small.jpg": "must be of one size",
    "flat.jpg": "is 0 everywhere",
    "broken.jpg": "cannot be read as an image",
    "good.png": "another image has its name",
}


def test_bad_data_is_listed_by_name(spoilt):
    """Each with its reason, and the good is left."""
    pairs, bad = good_pairs(spoilt, "skip")
    assert [pair.name for pair in pairs] == ["good"]
    assert {each.path.name for each in bad} == set(REASONS)
    for each in bad:
        assert REASONS[each.path.name] in each.reason


def test_bad_data_is_refused_if_asked(spoilt):
    """All of it is named, not only the first."""
    with pytest.raises(InputError) as caught:
        good_pairs(spoilt, "refuse")
    assert all(f"{name}: " in str(caught.value) for name in REASONS)


def test_images_alone_are_sifted_too(spoilt):
    """For backgrounds and portraits without masks."""
    _, bad = good_images(spoilt / "images", "skip")
    assert {each.path.name for each in bad} == {"broken.jpg", "good.png"}


def test_nothing_good_is_an_error(tmp_path):
    """With the list of what is bad."""
    (tmp_path / "a.jpg").write_text("words")
    with pytest.raises(InputError, match=r"(?s)no image that can serve.+a\.jpg"):
        good_images(tmp_path, "skip")


# Repeating


def test_an_unknown_command_cannot_be_repeated(tmp_path):
    """Nor is anything left of the try."""
    manifest = a_manifest()
    manifest.command = "dreams"
    (tmp_path / "m.json").write_text(manifest.to_json())
    with pytest.raises(InputError, match="'dreams', which nothing here makes"):
        repeat(tmp_path / "m.json", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_unknown_folder_is_refused(tmp_path):
    """With the names that there are."""
    (tmp_path / "m.json").write_text(a_manifest().to_json())
    with pytest.raises(SettingError, match="no folder 'rooms'; it has people"):
        repeat(tmp_path / "m.json", tmp_path / "out", folders={"rooms": tmp_path})
