"""People before other rooms: where they stand, in which colours, without the old background."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from sinet_video.errors import InputError, SettingError
from sinet_video.training.generate.composites import (
    CompositeSettings,
    Composition,
    compose,
    draw_composition,
    draw_room,
    is_gray,
    make_composites,
    on_canvas,
)
from sinet_video.training.generate.cutout import matched, own_colours, soft_edge
from sinet_video.training.generate.faces import Box
from sinet_video.training.generate.manifest import read_manifest
from sinet_video.training.generate.placement import PlacingSettings, place, standing
from sinet_video.training.generate.product_folder import Rejected
from sinet_video.training.generate.repeat import repeat
from sinet_video.training.image_folder import list_pairs, read_pair, write_image

GREEN, SKIN, BLUE, WHITE = (20, 220, 30), (200, 150, 120), (40, 60, 200), (255, 255, 255)


def mask_of(*boxes: tuple[int, int, int, int], shape: tuple[int, int] = (200, 150)) -> np.ndarray:
    """A mask of rectangles (left, top, right, bottom)."""
    mask = np.zeros(shape, np.uint8)
    for a, b, c, d in boxes:
        mask[b:d, a:c] = 255
    return mask


HEAD, BODY = (50, 30, 100, 100), (30, 100, 120, 200)
PERSON = mask_of(HEAD, BODY)
"""Someone whom only the photograph's lower edge cuts."""

WIDE = mask_of(HEAD, (40, 100, 110, 175), (0, 175, 150, 200))
"""Someone whose shoulders both sides cut, low down."""


def before(colour: tuple[int, int, int], mask: np.ndarray = PERSON) -> np.ndarray:
    """A photograph of someone before a wall."""
    return np.where(mask[..., None] > 127, np.uint8(SKIN), np.uint8(colour)).astype(np.uint8)


# Where people may stand


def test_who_is_whole_may_stand_anywhere():
    """Down to the photograph's lower edge."""
    stand = standing(PERSON, 0.7)
    assert stand.shown == Box(30, 30, 120, 200)
    assert (stand.top, stand.left, stand.right) == (False, False, False)
    assert 30 <= stand.head[0] < stand.head[1] <= 120


def test_cut_shoulders_are_hidden_below():
    """Where enough is left above them."""
    assert standing(WIDE, 0.7).shown.bottom == 175
    with pytest.raises(Rejected, match="cut off at both sides"):
        standing(WIDE, 0.9)


def test_who_is_cut_at_one_side_keeps_to_it():
    """Left or right."""
    leaning = mask_of(HEAD, (0, 60, 120, 200))
    stand = standing(leaning, 0.7)
    assert (stand.left, stand.right) == (True, False)
    assert standing(leaning[:, ::-1], 0.7).right


def test_a_cut_head_is_known():
    """A single lock of hair at the rim does not count."""
    assert standing(mask_of((50, 0, 100, 200)), 0.7).top
    assert not standing(mask_of(HEAD, BODY, (60, 0, 62, 30)), 0.7).top


def test_nobody_cannot_stand():
    """A mask that is gray at most."""
    with pytest.raises(Rejected, match="no person"):
        standing(PERSON // 3, 0.7)


@pytest.mark.parametrize("canvas", [(384, 216), (216, 384), (150, 200)])
@pytest.mark.parametrize(
    "mask", [PERSON, WIDE, mask_of((20, 0, 90, 200)), mask_of(HEAD, (0, 60, 120, 200))]
)
def test_no_cut_of_the_photograph_shows(mask, canvas):
    """On the canvas a person ends at its edges only, wherever it is placed."""
    settings, placed = PlacingSettings(enlarged=9), 0
    stand = standing(mask, settings.shown)
    for index in range(40):
        random = np.random.default_rng(index)
        try:
            box = place(stand, mask.shape[::-1], canvas, settings, random)
        except Rejected:
            continue
        placed += 1
        height = box.height / mask.shape[0]
        assert box.top + stand.shown.bottom * height >= canvas[1] - 1e-6
        assert box.left <= 0 or not stand.left
        assert box.right >= canvas[0] or not stand.right
        assert box.top <= 0 or not stand.top
    assert placed > 10


def test_a_small_photograph_is_not_blown_up():
    """Its person would be a blur."""
    with pytest.raises(Rejected, match="photograph too small"):
        place(
            standing(PERSON, 0.7), (150, 200), (1920, 1080), PlacingSettings(),
            np.random.default_rng(0),
        )  # fmt: skip


# Edges and colours


def test_no_halo_of_the_old_background():
    """From a white wall into the night: nothing is lighter than the person."""
    drawn = Composition((150, 200), (0, 0, 150, 200), False, False, (0, 0, 150, 200), 0, 0, 1.0)
    made, alpha = compose(before(WHITE), PERSON, np.zeros((200, 150, 3), np.uint8), drawn)
    assert (made.max((0, 1)) <= np.array(SKIN) + 2).all()
    assert (made[:20, :20] == 0).all()
    assert (abs(made[150, 75].astype(int) - SKIN) <= 2).all()
    assert {0, 255} <= set(np.unique(alpha))
    assert ((alpha > 0) & (alpha < 255)).any()


def test_without_the_treatment_there_would_be_one():
    """The failing twin: a mask a pixel off, blurred, with the photograph's own colours."""
    mask = PERSON / np.float32(255)
    alpha = cv2.GaussianBlur(np.pad(mask[:, 1:], ((0, 0), (0, 1))), (0, 0), 1.0)[..., None]
    assert (alpha * before(WHITE)).max((0, 1))[2] > SKIN[2] + 30


def test_edges_are_drawn_in():
    """By about half of sigma; what is far from them stays 0 and 1."""
    mask = PERSON / np.float32(255)
    alpha = soft_edge(mask, 1.5)
    assert 0.9 * mask.sum() < alpha.sum() < mask.sum()
    assert (alpha[:10] == 0).all()
    assert (alpha[120:180, 60:90] == 1).all()


def test_own_colours_reach_outwards():
    """Around the person there is no green left; inside nothing has changed."""
    colours = own_colours(before(GREEN), PERSON / np.float32(255), 1.0)
    assert (abs(colours[60, 101:104] - np.float32(SKIN)) < 2).all()
    assert (colours[150, 60:90] == SKIN).all()


def test_colours_follow_the_room():
    """By as much as was asked for: not at all, half, and to its mean."""
    noise = np.random.default_rng(3).normal(0, 12, (200, 150, 3))
    person = np.clip(before(GREEN) + noise, 0, 255).astype(np.float32)
    room = np.clip(np.float32((60, 80, 150)) + noise[::-1], 0, 255).astype(np.float32)
    alpha = PERSON / np.float32(255)
    inside = PERSON > 127

    def distance(light: float, tint: float) -> float:
        made = matched(person, alpha, room, light, tint)
        return float(abs(made[inside].mean(0) - room.mean((0, 1))).mean())

    assert matched(person, alpha, room, 0, 0) == pytest.approx(person, abs=1.5)
    assert distance(1, 1) < 6
    assert distance(1, 1) < distance(0.5, 0.5) < distance(0, 0)


def test_a_gray_photograph_gets_a_gray_room():
    """Or the network would learn that people are what has no colour."""
    gray = np.repeat(before(GREEN).mean(2, keepdims=True), 3, 2).astype(np.uint8)
    assert is_gray(gray[PERSON > 127])
    assert is_gray(np.uint8([[90, 60, 40], [130, 100, 80], [50, 20, 0]]))  # sepia
    assert not is_gray(np.uint8([[200, 150, 120], [60, 60, 60], [20, 40, 90]]))
    drawn = Composition((150, 200), (0, 0, 150, 200), False, False, (0, 0, 150, 200), 0.2, 0.2, 1)
    made, _ = compose(gray, PERSON, np.full((200, 150, 3), BLUE, np.uint8), drawn)
    assert np.ptp(made.astype(int), axis=2).max() <= 2


# Drawing


def test_canvases_sides_and_places_vary():
    """Over some draws, all of them."""
    drawn = []
    for index in range(60):
        try:
            random = np.random.default_rng((0, index))
            drawn.append(draw_composition(PERSON, (256, 256), CompositeSettings(), random))
        except Rejected:
            continue
    assert {each.canvas for each in drawn} == set(CompositeSettings().canvases)
    assert {each.person_mirrored for each in drawn} == {True, False}
    assert {each.background_mirrored for each in drawn} == {True, False}
    assert len({each.photograph[0] for each in drawn}) > 20
    assert max(each.light for each in drawn) <= 0.5


@pytest.mark.parametrize("size", [(256, 256), (90, 300), (640, 48)])
def test_a_room_fills_the_canvas(size):
    """Undistorted, and within the image."""
    for index in range(20):
        left, top, right, bottom = draw_room(size, (384, 216), 1.5, np.random.default_rng(index))
        assert 0 <= left < right <= size[0]
        assert 0 <= top < bottom <= size[1]
        assert (right - left) / (bottom - top) == pytest.approx(384 / 216)


def test_on_canvas_cuts_what_juts_out():
    """At all four sides."""
    values = np.arange(1, 101, dtype=np.float32).reshape(10, 10)
    assert (on_canvas(values, Box(-3, -2, 7, 8), (4, 5)) == values[2:7, 3:7]).all()
    whole = on_canvas(values, Box(5, 6, 15, 16), (30, 20))
    assert whole.sum() == values.sum()
    assert whole[6, 5] == 1


@pytest.mark.parametrize(
    "more", [{"canvases": ()}, {"canvases": ((8, 8),)}, {"light": 2}, {"zoom": 0.5}]
)
def test_settings_that_cannot_be(more):
    """Named at once."""
    with pytest.raises(SettingError):
        CompositeSettings(**more)


@pytest.mark.parametrize("more", [{"height": (0.9, 0.5)}, {"middle": (0, 1)}, {"shown": 0}])
def test_places_that_cannot_be(more):
    """Likewise."""
    with pytest.raises(SettingError):
        PlacingSettings(**more)


# Folders


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    """People, one of whom cannot stand anywhere, and rooms, one of which is broken."""
    masks = {"a": PERSON, "b": WIDE, "wall": mask_of((0, 20, 150, 200))}
    for name, mask in masks.items():
        write_image(tmp_path / "people" / "images" / f"{name}.jpg", before(GREEN, mask))
        write_image(tmp_path / "people" / "masks" / f"{name}.png", mask)
    noise = np.random.default_rng(1).integers(0, 255, (128, 128, 3), np.uint8)
    write_image(tmp_path / "rooms" / "noise.png", noise)
    write_image(tmp_path / "rooms" / "blue.png", np.full((90, 128, 3), BLUE, np.uint8))
    (tmp_path / "rooms" / "broken.jpg").write_text("words")
    return tmp_path


SMALL = CompositeSettings(canvases=((96, 64), (64, 96)))


def made(folders: Path, output: str, count: int = 6, **more):
    """Compose some small images."""
    people, rooms = folders / "people", folders / "rooms"
    return make_composites(people, rooms, folders / output, count, SMALL, **more)


def test_a_folder_of_composites(folders):
    """As many as asked for; who cannot stand and what is broken is listed."""
    manifest = made(folders, "out")
    pairs = list_pairs(folders / "out").pairs
    assert [pair.name for pair in pairs] == [f"{index:06}" for index in range(6)]
    for pair in pairs:
        image, mask = read_pair(pair)
        assert image.shape[:2] in ((64, 96), (96, 64))
        assert mask[-1].max() == 255
    assert [Path(each.name).name for each in manifest.bad] == ["broken.jpg"]
    assert any("wall" in each.name for each in manifest.rejected)


def test_a_room_with_somebody_in_it_is_passed_over(folders):
    """Its person would count as background; it is looked at once."""
    seen = []

    def find_faces(image: np.ndarray, box: Box) -> list[Box]:
        seen.append(image.shape)
        return [box] if image.shape[0] == 90 else []

    manifest = made(folders, "out", count=8, find_faces=find_faces)
    rooms = {source.path for product in manifest.products for source in product.sources[2:]}
    assert rooms == {"noise.png"}
    assert len(seen) == 2
    assert any(each.reason == "face in it" for each in manifest.rejected)


def test_it_repeats_bit_for_bit(folders):
    """A second run; a longer one begins with the same; and from the manifest."""
    made(folders, "one")
    made(folders, "two", count=8)
    repeat(folders / "one" / "manifest.json", folders / "three")
    for index in range(6):
        for name in (f"images/{index:06}.jpg", f"masks/{index:06}.png"):
            bytes_of = {(folders / run / name).read_bytes() for run in ("one", "two", "three")}
            assert len(bytes_of) == 1
    one, three = (folders / run / "manifest.json" for run in ("one", "three"))
    assert one.read_bytes() == three.read_bytes()


def test_another_seed_draws_otherwise(folders):
    """Else a seed would be for nothing."""
    first, other = made(folders, "one"), made(folders, "two", seed=1)
    assert [p.drawn for p in first.products] != [p.drawn for p in other.products]


def test_a_background_that_changed_is_named(folders):
    """Nothing is written."""
    made(folders, "one")
    write_image(folders / "rooms" / "blue.png", np.zeros((90, 128, 3), np.uint8))
    with pytest.raises(InputError, match=r"rooms/blue\.png has changed"):
        repeat(folders / "one" / "manifest.json", folders / "two")
    assert not (folders / "two").exists()


def test_when_nobody_can_stand(folders):
    """It comes to an end, with the reason again and again."""
    for name in ("a", "b"):
        (folders / "people" / "masks" / f"{name}.png").unlink()
    manifest = made(folders, "out", count=1)
    assert manifest.products == []
    assert {each.reason for each in manifest.rejected} == {"cut off at both sides"}


def test_a_composition_comes_back_from_a_manifest(folders):
    """With tuples where JSON has lists."""
    written = made(folders, "one").products
    read = read_manifest(folders / "one" / "manifest.json").products
    for one, other in zip(written, read, strict=True):
        assert Composition.read(one.drawn) == Composition.read(other.drawn)


def test_real_people_in_real_rooms(shared, tmp_path):
    """Made, and the mask tells where the person is."""
    data = shared / "data"
    manifest = make_composites(data / "eg1800" / "train", data / "backgrounds", tmp_path / "o", 4)
    assert len(manifest.products) == 4
    for pair in list_pairs(tmp_path / "o").pairs:
        _, mask = read_pair(pair)
        assert 0.03 < (mask > 127).mean() < 0.95
        assert (mask[-1] > 127).any()
