"""The images of a training: who is in which part, at which sizes, and what cannot serve."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from made_people import made_person, source, stage, write_people, write_walls
from PIL import Image

from sinet_video.errors import InputError
from sinet_video.training.datasets import Data, Empty, Labelled
from sinet_video.training.image_folder import Pair, read_mask, write_image
from sinet_video.training.samples.photographs import (
    LEVELS,
    SHORT_SIDE,
    Stock,
    halves,
    load_stock,
    mixed,
    set_aside,
    split,
    with_clean_rim,
)


def pairs(count: int) -> list[Pair]:
    """Pairs of files that nobody opens."""
    names = [f"{index:04}" for index in range(count)]
    return [Pair(Path(f"images/{name}.jpg"), Path(f"masks/{name}.png")) for name in names]


def data(**more: int) -> Data:
    """A folder of people, and walls."""
    return Data(labelled=(Labelled("people", **more),), backgrounds="walls")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Ten people and two walls."""
    write_people(tmp_path / "people", 10)
    write_walls(tmp_path / "walls")
    return tmp_path


# Parts


def test_images_of_one_source_stay_together():
    """Whole sources go into a part until it has enough; the rest is of others."""
    names = [f"{who}_{index}" for who in ("ann", "bob", "cay", "dan", "eve") for index in range(6)]
    many = [Pair(Path(f"{name}.jpg"), Path(f"{name}.png")) for name in names]
    parts = split(many, 4, 7, source="^[a-z]+")
    people = [{pair.name.split("_")[0] for pair in part} for part in parts]
    assert [len(part) for part in parts] == [6, 12, 12]
    assert [len(own) for own in people] == [1, 2, 2]
    assert split(many, 4, 7, source="no such name") == split(many, 4, 7)


def test_what_a_recipe_sets_aside_is_what_training_does_not_see(root):
    """By name, of folders with people and of those without."""
    write_walls(root / "empty", 6)
    own = Data(
        labelled=(Labelled("people", validation=2, holdout=3),),
        empty=(Empty("empty", validation=1, holdout=2),),
    )
    stock = load_stock(own, root)
    found = {(aside.folder.name, aside.use): aside for aside in set_aside(own, root)}
    sizes = {key: len(aside.names) for key, aside in found.items()}
    assert sizes == {
        ("people", "holdout"): 3, ("people", "validation"): 2,
        ("empty", "holdout"): 2, ("empty", "validation"): 1,
    }  # fmt: skip
    for folder, seen in (("people", stock.folders[0]), ("empty", stock.empty[0])):
        kept = set().union(*(found[folder, use].names for use in ("holdout", "validation")))
        assert not kept & {source.name for source in seen}
    assert [found[key].empty for key in sizes] == [False, False, True, True]
    assert found["people", "holdout"].names == {pair.name for pair in stock.holdout["people"]}


def test_things_and_twins_are_found_by_their_names(root):
    """Things are nobody's image; `_a` and `_b` of a name are moments of one clip."""
    for name in ("obj_1", "x_a", "x_b", "y_a"):
        for part, image in zip(("images", "masks"), made_person(1), strict=True):
            write_image(root / "people" / part / f"{name}.png", image)
    own = Data(labelled=(Labelled("people", things="^obj_", cut_outs=True),))
    stock = load_stock(own, root)
    assert [thing.name for thing in stock.things] == ["obj_1"]
    assert "obj_1" not in {source.name for source in stock.folders[0]}
    assert all(source.only_cut_out for source in stock.folders[0])
    assert sorted((own.name, own.twin.name) for own in stock.pairs) == [
        ("x_a", "x_b"),
        ("x_b", "x_a"),
    ]


def test_a_stage_s_mixture():
    """Folders that it names have its weights, others their own."""
    stock = Stock(names=["a", "b"], weights=[1.0, 2.0])
    assert mixed(stock, stage(mixture=(("b", 5.0),))).weights == [1.0, 5.0]
    assert mixed(stock, stage()) is stock


def test_parts_are_disjoint_and_all():
    """Of the sizes asked for, whatever order the pairs come in."""
    all_pairs = pairs(100)
    holdout, validation, rest = split(all_pairs, 15, 10)
    assert [len(part) for part in (holdout, validation, rest)] == [15, 10, 75]
    assert sorted(p.name for p in holdout + validation + rest) == [p.name for p in all_pairs]
    assert split(all_pairs[::-1], 15, 10) == [holdout, validation, rest]


def test_parts_are_no_stretch_of_the_names():
    """Neighbours in a folder are often alike."""
    holdout, _ = split(pairs(100), 20)
    numbers = sorted(int(pair.name) for pair in holdout)
    assert numbers[0] < 20
    assert numbers[-1] > 80


@pytest.mark.parametrize("part", [0, 1])
def test_parts_are_stable_when_images_come_or_go(part):
    """Three new images move three others at most, and three that go do as well."""
    before = split(pairs(100), 15, 10)
    came = split(pairs(103), 15, 10)
    gone = split(pairs(100)[3:], 15, 10)
    for after in (came, gone):
        assert len(set(before[part]) & set(after[part])) >= len(before[part]) - 2 * 3


def test_more_asked_for_than_there_is():
    """The first part takes what there is."""
    assert [len(part) for part in split(pairs(5), 4, 4)] == [4, 1, 0]


def test_nobody_is_in_two_parts(root):
    """Of a folder on disk: what is learned from, watched by and held out."""
    stock = load_stock(data(validation=3, holdout=2), root)
    training = {own.name for own in stock.folders[0]}
    validation = {pair.name for pair in stock.validation["people"]}
    holdout = {pair.name for pair in stock.holdout["people"]}
    assert [len(part) for part in (training, validation, holdout)] == [5, 3, 2]
    assert len(training | validation | holdout) == 10
    assert len(stock.backgrounds) == 2
    assert stock.bad == []


# Sizes


def test_levels_are_halves():
    """Three of them, by area; the first has the short side, or less where there is less."""
    levels = halves(np.zeros((800, 1000, 4), np.uint8))
    assert [level.shape[:2] for level in levels] == [(320, 400), (160, 200), (80, 100)]
    assert SHORT_SIDE == 320
    assert len(levels) == LEVELS
    assert halves(np.zeros((51, 40, 3), np.uint8))[0].shape == (51, 40, 3)
    assert [level.shape[:2] for level in halves(np.zeros((1, 3, 3), np.uint8))][-1] == (1, 1)


def test_levels_are_means():
    """Of two by two pixels; not one in four."""
    image = np.zeros((8, 8, 3), np.uint8)
    image[::2] = 200
    assert (halves(image)[1] == 100).all()


def test_box_of_a_person():
    """Left, top, right and bottom, the last two past the end; all of it where nobody is."""
    mask = np.zeros((60, 80), np.uint8)
    mask[10:30, 20:50] = 255
    image = np.zeros((60, 80, 3), np.uint8)
    assert source(image, mask).box == (20, 10, 50, 30)
    assert source(image, mask).size == (80, 60)
    assert source(image, np.zeros_like(mask)).box == (0, 0, 80, 60)


def test_colours_of_the_person_reach_beyond_the_edge():
    """Along a label that takes in a rim of the old background, too; what is inside stays."""
    mask = np.zeros((80, 70), np.uint8)
    mask[20:60, 20:50] = 255
    image = np.full((80, 70, 4), 90, np.uint8)
    image[22:58, 22:48, :3] = (200, 40, 10)
    image[..., 3] = mask
    made = with_clean_rim(image)
    assert (made[..., 3] == mask).all()
    assert (made[18:62, 18:52, :3] == (200, 40, 10)).all()
    assert (made[:2, :, :3] == 90).all()  # far from anybody nothing is known


def test_a_person_too_thin_to_have_an_inside_stays():
    """Nothing is known of what its colours would be without the background."""
    image = np.random.default_rng(1).integers(0, 256, (40, 30, 4)).astype(np.uint8)
    image[..., 3] = 0
    image[:, 14:17, 3] = 255
    assert (with_clean_rim(image) == image).all()


# What cannot serve


def spoil(root: Path, name: str) -> str:
    """Spoil p03 in one way; return words of the reason."""
    folder, (_, mask) = root / "people", made_person(3)
    if name == "no mask":
        (folder / "masks/p03.png").unlink()
        return "no mask of its name"
    if name == "size":
        write_image(folder / "masks/p03.png", mask[:50])
        return "must be of one size"
    if name == "unreadable":
        (folder / "images/p03.png").write_bytes(b"no image")
        return "cannot be read as an image"
    if name == "cut off":
        whole = (folder / "images/p03.png").read_bytes()
        (folder / "images/p03.png").write_bytes(whole[: len(whole) // 2])
        return "cannot be read as an image"
    if name == "classes":
        write_image(folder / "masks/p03.png", mask // 255)
        return "nowhere brighter than 1 of 255, so nobody is in it; 255 is the person"
    write_image(folder / "masks/p03.png", np.zeros_like(mask))
    return "teaches nothing"


WAYS = ["no mask", "size", "unreadable", "cut off", "classes", "one value"]


def test_masks_of_16_bits(tmp_path):
    """Are read as those of 8 bits are: what is soft stays soft."""
    soft = np.arange(256, dtype=np.uint16).reshape(16, 16)
    Image.fromarray(soft * 257).save(tmp_path / "deep.png")
    assert (read_mask(tmp_path / "deep.png") == soft).all()


@pytest.mark.parametrize("way", WAYS)
def test_bad_images_are_listed_by_name(way, root):
    """And left out; the others serve."""
    reason = spoil(root, way)
    stock = load_stock(data(), root)
    (bad,) = stock.bad
    assert bad.path == root / "people/images/p03.png"
    assert reason in bad.reason
    assert len(stock.folders[0]) == 9
    assert "p03" not in {own.name for own in stock.folders[0]}


@pytest.mark.parametrize("way", WAYS)
def test_bad_images_are_refused_on_request(way, root):
    """With their names; the same folder without them is taken."""
    load_stock(data(), root, refuse=True)
    reason = spoil(root, way)
    with pytest.raises(InputError, match="p03") as caught:
        load_stock(data(), root, refuse=True)
    assert reason in str(caught.value)


@pytest.mark.parametrize("part", ["validation", "holdout"])
def test_bad_images_are_found_in_every_part(part, root):
    """Rather than a thousand steps later, when the training is watched."""
    spoil(root, "one value")
    stock = load_stock(data(**{part: 9}), root)
    kept = {pair.name for pair in getattr(stock, part)["people"]}
    assert len(stock.bad) == 1
    assert "p03" not in kept | {own.name for own in stock.folders[0]}
    assert len(kept) + len(stock.folders[0]) == 9


def test_bad_backgrounds_are_listed_too(root):
    """By name; a folder of nothing else is refused."""
    (root / "walls/w0.png").write_bytes(b"no image")
    stock = load_stock(data(), root)
    assert [item.path.name for item in stock.bad] == ["w0.png"]
    assert len(stock.backgrounds) == 1
    (root / "walls/w1.png").unlink()
    with pytest.raises(InputError, match=r"walls has no images that can be read\."):
        load_stock(data(), root)


def test_a_folder_needs_somebody_to_train_on(root):
    """Not all can be held out."""
    assert len(load_stock(data(holdout=9), root).folders[0]) == 1
    with pytest.raises(InputError, match="people has no images to train on, after 10 for the"):
        load_stock(data(holdout=10), root)


def test_a_folder_has_to_be_there(root):
    """And to hold images with masks."""
    with pytest.raises(InputError, match="There is no folder"):
        load_stock(Data(labelled=(Labelled("nobody"),)), root)
    for name in ("images", "masks"):
        (root / "empty" / name).mkdir(parents=True)
    with pytest.raises(InputError, match="holds no images with masks"):
        load_stock(Data(labelled=(Labelled("empty"),)), root)
