"""Folders of images and masks, by networks and by what others made."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper
from PIL import Image

from sinet_video import InputError, InputSize, SettingError, load_segmenter
from sinet_video.training.evaluate.images import by_network, evaluate_folder, from_folder

HEIGHT, WIDTH = 80, 60


def mask_of(index: int) -> np.ndarray:
    """A person of so many columns from the left, (H, W) bool."""
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[:, : 20 + 4 * index] = True
    return mask


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four images in which the person is white and the rest is black, with masks."""
    for name in ("images", "masks"):
        (tmp_path / "data" / name).mkdir(parents=True)
    for index in range(4):
        mask = (mask_of(index) * 255).astype(np.uint8)
        image = Image.fromarray(mask).convert("RGB")
        image.save(tmp_path / "data" / "images" / f"{index}.jpg", quality=95)
        Image.fromarray(mask).save(tmp_path / "data" / "masks" / f"{index}.png")
    return tmp_path / "data"


def bright(image: np.ndarray) -> np.ndarray:
    """A segmenter for which what is bright is the person."""
    return image.mean(2, dtype=np.float32) / 255


def half_blind(image: np.ndarray) -> np.ndarray:
    """A segmenter that finds nobody in the upper half."""
    alpha = bright(image)
    alpha[: len(alpha) // 2] = 0
    return alpha


def test_the_right_segmenter_is_right(folder: Path) -> None:
    """To the pixel, at the images' own size; nothing is bad."""
    scores = evaluate_folder(folder, by_network(bright, InputSize(4096)), method="bright")
    assert (scores.data, scores.method, scores.count) == (str(folder), "bright", 4)
    assert scores.mean.foreground_iou > 0.98
    assert scores.mean.boundary_f == 1
    assert [name for name, _ in scores.images] == ["0", "1", "2", "3"]
    assert scores.bad == ()


def test_half_a_person_is_half_right(folder: Path) -> None:
    """The failing twin, with a figure known beforehand; the worst come first."""
    scores = evaluate_folder(folder, by_network(half_blind, InputSize(4096)))
    for name, figures in scores.images:
        assert figures.foreground_iou == pytest.approx(0.5, abs=0.02), name
    badness = [example.badness for example in scores.worst]
    assert len(badness) == 4
    assert badness == sorted(badness, reverse=True)
    assert scores.worst[0].image is not None
    assert scores.worst[0].image.shape == (HEIGHT, WIDTH, 3)


@pytest.mark.parametrize(
    ("size", "seen"),
    [
        (InputSize(exact=(224, 224)), (224, 224)),
        (InputSize(50_000), (256, 192)),
        (InputSize(102_400), (352, 256)),
    ],
)
def test_sizes(size: InputSize, seen: tuple[int, int], folder: Path) -> None:
    """Squashed where a size is exact, else in the image's aspect with about so many pixels."""
    shapes = set()

    def watching(image: np.ndarray) -> np.ndarray:
        shapes.add(image.shape[:2])
        return bright(image)

    scores = evaluate_folder(folder, by_network(watching, size))
    assert shapes == {seen}
    assert scores.mean.foreground_iou > 0.98


def test_an_onnx_file_of_others(folder: Path, tmp_path: Path) -> None:
    """Of a fixed size, which no image has: brightness is the person, as the graph computes it."""
    info = helper.make_tensor_value_info
    node = helper.make_node("ReduceMean", ["in", "axes"], ["out"])
    graph = helper.make_graph(
        [node],
        "bright",
        [info("in", TensorProto.FLOAT, (1, 3, 64, 64))],
        [info("out", TensorProto.FLOAT, (1, 1, 64, 64))],
        [helper.make_tensor("axes", TensorProto.INT64, (1,), [1])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    (tmp_path / "bright.onnx").write_bytes(model.SerializeToString())
    scores = evaluate_folder(folder, by_network(load_segmenter(tmp_path / "bright.onnx")))
    assert scores.count == 4
    assert scores.mean.foreground_iou > 0.96


def test_an_image_turned_by_its_tag_is_seen_upright(folder: Path) -> None:
    """As phones write them: the mask is that of the image as it is shown."""
    exif = Image.Exif()
    exif[0x0112] = 6
    upright = Image.open(folder / "images" / "0.jpg")
    upright.rotate(90, expand=True).save(folder / "images" / "0.jpg", exif=exif, quality=95)
    scores = evaluate_folder(folder, by_network(bright, InputSize(4096)))
    assert scores.count == 4
    assert dict(scores.images)["0"].foreground_iou > 0.98


def test_a_segmenter_that_answers_nonsense(folder: Path) -> None:
    """Is no image's fault: the whole ends."""
    with pytest.raises(SettingError, match="between 0 and 1"):
        evaluate_folder(folder, by_network(lambda image: bright(image) * 255))


def test_soft_mattes_are_told_from_hard(folder: Path) -> None:
    """Cut at one half both are as right; how soft they are is a figure of its own."""
    hard = evaluate_folder(
        folder, lambda pair, shape: mask_of(int(pair.name)).astype(np.float32)
    ).mean
    soft = evaluate_folder(
        folder, lambda pair, shape: mask_of(int(pair.name)) * np.float32(0.8) + np.float32(0.1)
    ).mean
    assert hard.foreground_iou == soft.foreground_iou == 1
    assert hard.partial_share == hard.true_partial_share == 0
    assert soft.partial_share == 1


# What others made


@pytest.fixture
def made(folder: Path, tmp_path: Path) -> Path:
    """Mattes of the right size, each right in all but its lowest quarter."""
    (tmp_path / "made").mkdir()
    for index in range(4):
        matte = (mask_of(index) * 255).astype(np.uint8)
        matte[-HEIGHT // 4 :] = 0
        Image.fromarray(matte).save(tmp_path / "made" / f"{index}.png")
    return tmp_path / "made"


def test_predictions_of_others(folder: Path, made: Path) -> None:
    """By name, whatever made them."""
    scores = evaluate_folder(folder, from_folder(made), method="theirs")
    assert scores.mean.foreground_iou == pytest.approx(0.75)
    assert scores.mean.two_class_iou < 1


def test_predictions_with_an_alpha_channel(folder: Path, made: Path) -> None:
    """The alpha is the matte, not the colour."""
    for path in made.iterdir():
        matte = Image.open(path)
        image = Image.new("RGB", matte.size, "red")
        image.putalpha(matte)
        image.save(path)
    assert evaluate_folder(folder, from_folder(made)).mean.foreground_iou == pytest.approx(0.75)


def test_predictions_that_lack_or_do_not_fit(folder: Path, made: Path) -> None:
    """Each is named with its reason, and the others are measured."""
    (made / "1.png").unlink()
    Image.new("L", (10, 10)).save(made / "2.png")
    scores = evaluate_folder(folder, from_folder(made))
    assert scores.count == 2
    assert [item.path.name for item in scores.bad] == ["1.jpg", "2.jpg"]
    assert "There is no file" in scores.bad[0].reason
    assert "2.png is 10x10 and the truth 60x80" in scores.bad[1].reason


def test_no_folder_of_predictions(tmp_path: Path) -> None:
    """Said at once, not for each image."""
    with pytest.raises(InputError, match="There is no folder"):
        from_folder(tmp_path / "none")


# Bad data


def spoil_words(folder: Path) -> None:
    """An image that is none."""
    (folder / "images" / "1.jpg").write_text("words")


def spoil_half(folder: Path) -> None:
    """An image that is cut off."""
    data = (folder / "images" / "1.jpg").read_bytes()
    (folder / "images" / "1.jpg").write_bytes(data[: len(data) // 2])


def spoil_size(folder: Path) -> None:
    """A mask of another size."""
    Image.new("L", (30, 30), 255).save(folder / "masks" / "1.png")


def spoil_flat(folder: Path) -> None:
    """A mask of nobody."""
    Image.new("L", (WIDTH, HEIGHT)).save(folder / "masks" / "1.png")


def spoil_missing(folder: Path) -> None:
    """An image without a mask."""
    (folder / "masks" / "1.png").unlink()


SPOILED = {
    "words": (spoil_words, "cannot be read"),
    "half": (spoil_half, "cannot be read"),
    "size": (spoil_size, "one size"),
    "flat": (spoil_flat, "everywhere"),
    "missing": (spoil_missing, "no mask"),
}


@pytest.mark.parametrize("kind", SPOILED)
def test_bad_images_are_named_and_left_out(kind: str, folder: Path) -> None:
    """The mean is that of the others; refused if that is asked for."""
    spoil: Callable[[Path], None]
    spoil, reason = SPOILED[kind]
    spoil(folder)
    scores = evaluate_folder(folder, by_network(bright, InputSize(4096)))
    assert scores.count == 3
    assert [name for name, _ in scores.images] == ["0", "2", "3"]
    (bad,) = scores.bad
    assert bad.path == folder / "images" / "1.jpg"
    assert reason in bad.reason
    with pytest.raises(InputError, match=r"1\.jpg cannot be measured"):
        evaluate_folder(folder, by_network(bright, InputSize(4096)), on_bad="refuse")


def test_nothing_good_is_an_error(folder: Path) -> None:
    """With the first reason; a word that is no choice is one too."""
    for path in (folder / "images").iterdir():
        path.write_text("words")
    with pytest.raises(InputError, match=r"Nothing in .* can be measured: .*cannot be read"):
        evaluate_folder(folder, by_network(bright))
    with pytest.raises(SettingError, match="one of skip, refuse"):
        evaluate_folder(folder, by_network(bright), on_bad="hide")  # type: ignore[arg-type]


def test_progress(folder: Path) -> None:
    """After each image, good or bad, of how many."""
    spoil_words(folder)
    told: list[tuple[int, int | None]] = []
    evaluate_folder(
        folder, by_network(bright, InputSize(4096)), progress=lambda *done: told.append(done)
    )
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_real_portraits(shared: Path, tmp_path: Path) -> None:
    """A dozen of them by the weights of the package: as right as those weights are known to be."""
    data = shared / "data" / "eg1800" / "test"
    for kind in ("images", "masks"):
        (tmp_path / kind).mkdir()
        for path in sorted((data / kind).iterdir())[:12]:
            (tmp_path / kind / path.name).symlink_to(path)
    scores = evaluate_folder(tmp_path, by_network(load_segmenter()))
    assert scores.count == 12
    assert 0.85 < scores.mean.foreground_iou < 0.99
    assert 0.3 < scores.mean.boundary_f < 0.95
    assert scores.mean.two_class_iou < scores.mean.foreground_iou
