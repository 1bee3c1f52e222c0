"""Clips with true alpha, frame by frame."""

from __future__ import annotations

import shutil
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from lossless import write_lossless

from sinet_video import BilinearRefinement, EdgeShape, InputError, InputSize, SettingError, Settings
from sinet_video.stages.matte_settings import ExponentialAverage
from sinet_video.training.evaluate.clips import (
    TrueClip,
    evaluate_clip,
    evaluate_matte,
    list_clips,
    staged,
    truth_of,
)
from sinet_video.training.evaluate.scores import Scores

FRAMES, HEIGHT, WIDTH = 12, 96, 160
"""As the clips that the fixture makes."""


write_gray = partial(write_lossless, pixel_format="gray")


def true_alpha(index: int) -> np.ndarray:
    """A person of as many columns as the frame's number says, (H, W) uint8."""
    alpha = np.zeros((HEIGHT, WIDTH), np.uint8)
    alpha[:, : 40 + 4 * index] = 255
    return alpha


@pytest.fixture
def truth(tmp_path: Path) -> Path:
    """The true alpha of a clip that is not there."""
    return write_gray(tmp_path / "talk.alpha.mkv", [true_alpha(i) for i in range(FRAMES)])


@pytest.fixture
def pair(truth: Path, make_clip: Callable[..., Path]) -> TrueClip:
    """A clip and its true alpha."""
    clip = truth.with_name("talk.mp4")
    shutil.copy(make_clip("talk.mp4"), clip)
    return TrueClip(clip, truth)


def figures(scores: Scores) -> dict[str, float]:
    """All mean figures by name."""
    found: dict[str, float] = scores.to_dict()["mean"]
    return found


# Mattes of others


def test_the_truth_is_true(truth: Path) -> None:
    """Against itself every error is 0 and every frame is measured."""
    found = evaluate_matte(truth, truth, method="given")
    assert (found.data, found.method, found.count) == (str(truth), "given", FRAMES)
    mean = figures(found)
    assert [mean[name] for name in ("mad", "mse", "gradient", "connectivity", "dtssd")] == [0] * 5
    assert mean["foreground_iou"] == 1
    assert mean["edge_mad"] is None
    assert len(found.worst) == 2  # twelve frames, of ten neighbours one each


def test_a_matte_that_is_late(truth: Path, tmp_path: Path) -> None:
    """Every frame lags by one: 4 columns of 160 are wrong in all but the first, and steadily so."""
    late = [true_alpha(max(0, i - 1)) for i in range(FRAMES)]
    mean = figures(evaluate_matte(write_gray(tmp_path / "late.mkv", late), truth))
    assert mean["mad"] == mean["mse"] == pytest.approx(4 / 160 * 11 / 12)
    # From the first frame to the second 4 columns become wrong; later the wrong 4 move on to the
    # next 4, and 8 change.
    changes = [np.sqrt(4 / 160)] + [np.sqrt(8 / 160)] * 10
    assert mean["dtssd"] == pytest.approx(np.mean(changes), rel=1e-5)
    assert mean["foreground_iou"] < 1


def test_flicker_is_seen_only_by_dtssd(truth: Path, tmp_path: Path) -> None:
    """Of two mattes that are wrong by as much, one steadily, one does not flicker."""
    blank = np.zeros((HEIGHT, WIDTH), np.uint8)
    still = write_gray(tmp_path / "still.mkv", [blank] * FRAMES)
    steady = write_gray(tmp_path / "steady.mkv", [blank + 51] * FRAMES)
    moving = [blank + (0 if i % 2 else 102) for i in range(FRAMES)]
    flickering = write_gray(tmp_path / "flickering.mkv", moving)
    first, second = (figures(evaluate_matte(path, still)) for path in (steady, flickering))
    assert first["mad"] == pytest.approx(0.2)
    assert second["mad"] == pytest.approx(0.2)
    assert first["dtssd"] == 0
    assert second["dtssd"] == pytest.approx(0.4)


@pytest.mark.parametrize("count", [FRAMES - 1, FRAMES + 1])
def test_lengths_that_differ(count: int, truth: Path, tmp_path: Path) -> None:
    """The shorter is named, with its length."""
    other = write_gray(tmp_path / "other.mkv", [true_alpha(i) for i in range(count)])
    shorter = "other.mkv" if count < FRAMES else "talk.alpha.mkv"
    with pytest.raises(InputError, match=rf"{shorter} ends after {min(count, FRAMES)} frames"):
        evaluate_matte(other, truth)


def test_sizes_that_differ(truth: Path, tmp_path: Path) -> None:
    """Are an error, not a silent enlargement."""
    other = write_gray(tmp_path / "other.mkv", [true_alpha(0)[:, ::2].copy()] * FRAMES)
    with pytest.raises(InputError, match=r"other\.mkv is 80x96 and the truth 160x96"):
        evaluate_matte(other, truth)


def test_memory_does_not_grow_with_length(tmp_path: Path) -> None:
    """Ten times as many frames take no more than an eighth of what keeping them would."""
    peaks = []
    for count in (20, 200):
        path = write_gray(tmp_path / f"{count}.mkv", [true_alpha(i % 30) for i in range(count)])
        tracemalloc.start()
        evaluate_matte(path, path)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < 200 * HEIGHT * WIDTH * 4 / 8


# Clips


def by_position(image: np.ndarray) -> np.ndarray:
    """A segmenter that finds the left half, softly."""
    columns = np.linspace(1, 0, image.shape[1], dtype=np.float32)
    return np.tile(columns, (len(image), 1))


SETTINGS = Settings(segmenter=by_position, size=InputSize(4096))


def test_a_clip_is_measured_as_it_is_matted(pair: TrueClip) -> None:
    """All frames; the network's alpha alone by what it is known to be."""
    told: list[tuple[int, int | None]] = []
    scores = evaluate_clip(
        pair,
        staged(SETTINGS, "network"),
        method="ours",
        progress=lambda *done: told.append(done),
    )
    ramp = np.tile(1 - (np.arange(WIDTH) + 0.5) / WIDTH, (HEIGHT, 1))
    expected = np.mean([np.abs(ramp - true_alpha(i) / 255).mean() for i in range(FRAMES)])
    assert (scores.data, scores.count) == (str(pair.clip), FRAMES)
    assert figures(scores)["mad"] == pytest.approx(expected, rel=0.02)
    assert told == [(i + 1, None) for i in range(FRAMES)]
    assert scores.worst[0].name.startswith("talk frame ")
    assert scores.worst[0].image is not None


def test_stages_differ() -> None:
    """Each is what its name says; the last is all that was asked for."""
    asked = replace(SETTINGS, smoothing=ExponentialAverage(0.5), edge=EdgeShape(feather=2))
    assert staged(asked, "pipeline") is asked
    refined, network = staged(asked, "refined"), staged(asked, "network")
    assert (refined.smoothing, refined.edge) == (None, EdgeShape())
    assert refined.refinement == asked.refinement
    assert network == replace(
        refined, refinement=BilinearRefinement(black=0, white=1), unsure="keep"
    )
    with pytest.raises(SettingError, match="network, refined, pipeline"):
        staged(asked, "all")  # type: ignore[arg-type]


def test_refinement_makes_a_difference(pair: TrueClip) -> None:
    """Two stages of one clip do not have one figure, or they would not be worth telling apart."""
    found = [
        figures(evaluate_clip(pair, staged(SETTINGS, s)))["mad"] for s in ("network", "refined")
    ]
    assert abs(found[0] - found[1]) > 0.01


def test_a_broken_clip(pair: TrueClip) -> None:
    """Is an error that names it, and the truth's is no less."""
    for broken in (pair.truth, pair.clip):
        broken.write_text("words")
        with pytest.raises(InputError, match=broken.name):
            evaluate_clip(pair, SETTINGS)


def test_listing_clips(pair: TrueClip, tmp_path: Path) -> None:
    """Those with a truth; those that lack their other half are named."""
    shutil.copy(pair.clip, tmp_path / "lone.mp4")
    shutil.copy(pair.truth, tmp_path / "ghost.alpha.mkv")
    (tmp_path / "notes.txt").write_text("words")
    clips, bad = list_clips(tmp_path)
    assert clips == [pair]
    assert truth_of(pair.clip) == pair.truth
    assert {item.path.name: item.reason for item in bad} == {
        "lone.mp4": "no lone.alpha.mkv beside it",
        "ghost.alpha.mkv": "no clip of its name beside it",
    }
