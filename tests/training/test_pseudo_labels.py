"""Labels that teachers give: who is asked, how far they agree, what is kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sinet_video.errors import InputError, SettingError, WeightsError
from sinet_video.models.input_settings import InputSize
from sinet_video.quality.metrics import foreground_iou
from sinet_video.training.generate import pseudo_labels
from sinet_video.training.generate.ensemble import Verdict, judge, label
from sinet_video.training.generate.manifest import read_manifest
from sinet_video.training.generate.product_folder import Rejected
from sinet_video.training.generate.pseudo_labels import (
    PseudoSettings,
    check_verdict,
    label_portraits,
)
from sinet_video.training.generate.repeat import repeat
from sinet_video.training.image_folder import list_pairs, read_mask, read_pair, write_image


def portrait(side: int = 96) -> np.ndarray:
    """A bright head and shoulders before a dark wall, a little to the left."""
    rows, columns = np.mgrid[:side, :side] / side
    inside = ((rows - 0.4) ** 2 + (columns - 0.45) ** 2 < 0.04) | (
        (rows > 0.65) & (abs(columns - 0.45) < 0.3)
    )
    image = np.full((side, side, 3), 30, np.uint8)
    image[inside] = (220, 180, 150)
    return image


def bright(image: np.ndarray) -> np.ndarray:
    """A teacher that takes what is bright for the person."""
    return (image.mean(2) > 100).astype(np.float32)


def left(image: np.ndarray) -> np.ndarray:
    """A teacher that takes the left half for the person, whoever is there."""
    alpha = np.zeros(image.shape[:2], np.float32)
    alpha[:, : alpha.shape[1] // 2] = 1
    return alpha


def unsure(image: np.ndarray) -> np.ndarray:
    """A teacher that is right and says so in a low voice."""
    return 0.4 + 0.2 * bright(image)


SMALL = InputSize(4096)


def test_one_mind():
    """Two sizes and the mirror image say the same."""
    verdict = judge(portrait(), [(bright, SMALL), (bright, InputSize(9216))])
    assert verdict.alpha.shape == (96, 96)
    assert verdict.agreement > 0.9
    assert verdict.confidence > 0.9
    assert verdict.person == pytest.approx((portrait()[..., 0] > 100).mean(), abs=0.03)


def test_a_mirror_image_tells_a_guesser():
    """Who says left of everything contradicts himself."""
    assert judge(portrait(), [(left, SMALL)]).agreement < 0.1


def test_teachers_that_differ():
    """The worst opinion counts."""
    both = judge(portrait(), [(bright, SMALL), (left, SMALL)])
    assert both.agreement < judge(portrait(), [(bright, SMALL)]).agreement - 0.3


def test_doubt_is_no_disagreement():
    """All say the same, none is sure."""
    verdict = judge(portrait(), [(unsure, SMALL)])
    assert verdict.agreement > 0.9
    assert verdict.confidence == 0


@pytest.mark.parametrize("refined", [True, False])
def test_labels_are_soft_masks_of_the_image_s_size(refined):
    """From black to white, odd sides included; what is merely enlarged has all between."""
    image = portrait(97)
    alpha = judge(image, [(bright, SMALL)]).alpha
    mask = label(image, alpha, refined=refined)
    assert (mask.shape, mask.dtype) == ((97, 97), np.uint8)
    assert {0, 255} <= set(np.unique(mask))
    assert refined or len(np.unique(mask)) > 2
    truth = image[..., 0] > 100
    assert foreground_iou(mask > 127, truth) > 0.9


@pytest.mark.parametrize(
    ("verdict", "reason"),
    [
        ((0.95, 0.95, 0.3), None),
        ((0.85, 0.95, 0.3), "agreement 0.850"),
        ((0.95, 0.8, 0.3), "confidence 0.800"),
        ((1.0, 1.0, 0.0), "too little person"),
        ((1.0, 1.0, 1.0), "too much person"),
    ],
)
def test_verdicts_are_checked(verdict, reason):
    """Against each threshold."""
    given = Verdict(np.zeros((1, 1), np.float32), *verdict)
    if reason is None:
        check_verdict(given, PseudoSettings())
        return
    with pytest.raises(Rejected, match=reason):
        check_verdict(given, PseudoSettings())


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"sizes": ()}, "no sizes"),
        ({"agreement": 2}, "Agreement is 2"),
        ({"sure": 0.5}, r"Sure is 0\.5"),
        ({"person": (0.9, 0.1)}, r"share is from 0\.9 to 0\.1"),
    ],
)
def test_settings_that_cannot_be(more, words):
    """Named at once."""
    with pytest.raises(SettingError, match=words):
        PseudoSettings(**more)


# Folders


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two portraits, an empty wall and a broken file; teachers by name."""
    teachers = {"bright": bright, "left": left}
    monkeypatch.setattr(
        pseudo_labels, "load_segmenter", lambda name, onnx: teachers[Path(name).stem]
    )
    monkeypatch.setattr(pseudo_labels, "checkpoint_path", Path)
    for name in teachers:
        (tmp_path / f"{name}.pth").write_text(name)
    write_image(tmp_path / "in" / "a.png", portrait())
    write_image(tmp_path / "in" / "b.jpg", portrait(128))
    write_image(tmp_path / "in" / "wall.png", portrait() * 0)
    (tmp_path / "in" / "broken.jpg").write_text("words")
    return tmp_path


def made(folder: Path, output: str, *teachers: str, **more):
    """Label the folder's portraits."""
    weights = [str(folder / f"{name}.pth") for name in teachers]
    settings = PseudoSettings(sizes=(4096, 9216))
    return label_portraits(folder / "in", folder / output, weights, settings, **more)


def test_a_folder_becomes_a_labelled_folder(folder):
    """Images are copied as they are; masks fit them; the rest is listed with reasons."""
    manifest = made(folder, "out", "bright")
    assert [product.name for product in manifest.products] == ["a", "b"]
    for pair in list_pairs(folder / "out").pairs:
        image, mask = read_pair(pair)
        assert foreground_iou(mask > 127, image[..., 0] > 100) > 0.9
        assert pair.image.read_bytes() == (folder / "in" / pair.image.name).read_bytes()
    rejected = (folder / "out" / "rejected.txt").read_text()
    assert "wall: too little person\n" in rejected
    assert "broken.jpg: " in rejected
    assert manifest.products[0].measured["agreement"] > 0.9
    assert [teacher.weights for teacher in manifest.teachers] == [str(folder / "bright.pth")]


def test_disagreement_keeps_nothing(folder):
    """The folder is whole all the same, with sheets of what was rejected."""
    manifest = made(folder, "out", "bright", "left")
    assert manifest.products == []
    assert len(manifest.rejected) == 3
    assert (folder / "out" / "sheets" / "rejected-001.jpg").exists()
    assert list((folder / "out" / "images").iterdir()) == []


def test_what_a_person_struck_out_goes(folder):
    """With that as the reason."""
    manifest = made(folder, "out", "bright", excluded=frozenset({"a"}))
    assert [product.name for product in manifest.products] == ["b"]
    assert "a: struck out by hand" in (folder / "out" / "rejected.txt").read_text()


def test_it_repeats_bit_for_bit(folder):
    """With the teachers where they were."""
    made(folder, "one", "bright")
    repeat(folder / "one" / "manifest.json", folder / "two")
    for name in ("masks/a.png", "masks/b.png", "images/b.jpg", "manifest.json", "rejected.txt"):
        assert (folder / "two" / name).read_bytes() == (folder / "one" / name).read_bytes()


def test_a_teacher_that_changed_is_an_error(folder):
    """And so is another number of them; given again under another name it is the same."""
    made(folder, "one", "bright")
    manifest = folder / "one" / "manifest.json"
    with pytest.raises(InputError, match=r"left\.pth is not what .+bright\.pth was"):
        repeat(manifest, folder / "two", teachers=[str(folder / "left.pth")])
    with pytest.raises(SettingError, match="1 teachers; 2 are given"):
        repeat(manifest, folder / "two", teachers=["a", "b"])
    (folder / "elsewhere").mkdir()
    moved = (folder / "bright.pth").rename(folder / "elsewhere" / "bright.pth")
    repeat(manifest, folder / "two", teachers=[str(moved)])
    assert (folder / "two").is_dir()


def test_a_source_that_changed_is_named(folder):
    """Nothing is written."""
    made(folder, "one", "bright")
    write_image(folder / "in" / "a.png", portrait(80))
    with pytest.raises(InputError, match=r"in/a\.png has changed"):
        repeat(folder / "one" / "manifest.json", folder / "two")
    assert not (folder / "two").exists()


def test_settings_come_back_from_a_manifest(folder):
    """All of them, the ONNX ones too."""
    made(folder, "one", "bright")
    values = read_manifest(folder / "one" / "manifest.json").settings
    assert PseudoSettings.read(values) == PseudoSettings(sizes=(4096, 9216))


def test_weights_that_are_not_there(tmp_path):
    """Before any image is looked at."""
    with pytest.raises(WeightsError, match=r"none\.pth"):
        label_portraits(tmp_path, tmp_path / "out", ["none.pth"])


def test_no_teachers(tmp_path):
    """Nobody to ask."""
    with pytest.raises(SettingError, match="no teachers"):
        label_portraits(tmp_path, tmp_path / "out", [])


def test_real_portraits(shared, tmp_path):
    """The default network and the released one agree on most, and their labels are people."""
    source = shared / "data" / "unlabelled" / "cc0_portraits"
    (tmp_path / "some").mkdir()
    for name in ("000", "003", "005", "009"):
        (tmp_path / "some" / f"{name}.jpg").symlink_to(source / f"{name}.jpg")
    teachers = [str(shared / "weights" / "SINet-official.pth"), "default"]
    manifest = label_portraits(tmp_path / "some", tmp_path / "out", teachers)
    assert len(manifest.products) >= 3
    for product in manifest.products:
        mask = read_mask(tmp_path / "out" / "masks" / f"{product.name}.png")
        assert mask[mask.shape[0] // 2, mask.shape[1] // 2] > 200
        assert 0.2 < (mask > 127).mean() < 0.8


def test_labels_must_agree_with_boxes(tmp_path, monkeypatch):
    """Who has no box, or one that they do not fill, is listed with the reason."""
    for name in ("right", "wide", "none"):
        write_image(tmp_path / "portraits" / f"{name}.png", portrait())
    (tmp_path / "boxes").mkdir()
    (tmp_path / "boxes/right.txt").write_text("0 0.45 0.6 0.6 0.8")
    (tmp_path / "boxes/wide.txt").write_text("0 0.5 0.6 1.0 0.8")
    monkeypatch.setattr(pseudo_labels, "load_panel", lambda *_: [(bright, SMALL)])
    manifest = label_portraits(tmp_path / "portraits", tmp_path / "out", boxes=tmp_path / "boxes")
    rejected = (tmp_path / "out/rejected.txt").read_text()
    assert [product.name for product in manifest.products] == ["right"]
    assert "box not spanned" in rejected
    assert "no file of boxes" in rejected
