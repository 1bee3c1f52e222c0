"""Figures of single images and frames, and their means."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import numpy as np
import pytest

from sinet_video.quality.metrics import (
    connectivity_error,
    dtssd,
    edge_mad,
    gradient_error,
    mad,
    mse,
)
from sinet_video.training.evaluate.examples import Example
from sinet_video.training.evaluate.scores import (
    FrameFigures,
    ImageFigures,
    Scores,
    Tally,
    frame_figures,
    image_figures,
    mean_of,
)
from sinet_video.training.image_folder import Bad


def soft(columns: int) -> np.ndarray:
    """Alpha (6, 12): 1 up to a column, 0.5 in it, 0 beyond."""
    alpha = np.zeros((6, 12), np.float32)
    alpha[:, :columns], alpha[:, columns] = 1, 0.5
    return alpha


def test_image_figures() -> None:
    """By hand: 4 columns of person against 6 of 12, cut at one half; soft columns count as none."""
    found = image_figures(soft(4), soft(6))
    assert found.foreground_iou == pytest.approx(4 / 6)
    assert found.two_class_iou == pytest.approx((4 / 6 + 6 / 8) / 2)
    assert found.boundary_f == 0  # two columns off, one is allowed
    assert image_figures(soft(5), soft(6)).boundary_f == 1
    assert found.partial_share == found.true_partial_share == pytest.approx(1 / 12)
    assert found.badness == pytest.approx(2 / 6)


def test_frame_figures() -> None:
    """Each is its metric; flicker is against the frame before."""
    alpha, truth = soft(4), soft(6)
    found = frame_figures(alpha, truth)
    assert found.mad == found.badness == mad(alpha, truth) == pytest.approx(2 / 12)
    assert found.mse == mse(alpha, truth)
    assert found.gradient == gradient_error(alpha, truth)
    assert found.connectivity == connectivity_error(alpha, truth)
    assert found.edge_mad == edge_mad(alpha, truth)
    assert found.foreground_iou == pytest.approx(4 / 6)
    assert found.dtssd is None
    after = frame_figures(soft(7), soft(6), before=alpha - truth)
    assert after.dtssd == dtssd([alpha, soft(7)], [truth, soft(6)]) > 0


FRAME = FrameFigures(0.1, 0.01, 1.0, 2.0, None, 0.9, 0.02, 0.03, None)
IMAGE = ImageFigures(0.9, 0.8, 0.7, 0.1, 0.0)


def test_means() -> None:
    """Of each figure, over those that have it."""
    tally = Tally()
    tally.add(FRAME)
    tally.add(replace(FRAME, mad=0.3, dtssd=0.5, foreground_iou=0.7))
    mean = tally.mean()
    assert tally.count == 2
    assert isinstance(mean, FrameFigures)
    assert (mean.mad, mean.foreground_iou, mean.gradient) == pytest.approx((0.2, 0.8, 1.0))
    assert mean.dtssd == 0.5
    assert mean.edge_mad is None


def test_there_is_no_mean_of_nothing() -> None:
    """Rather than a number that means nothing."""
    with pytest.raises(ValueError, match="Nothing was added"):
        Tally().mean()


def test_figures_do_not_change() -> None:
    """They are values."""
    with pytest.raises(FrozenInstanceError):
        IMAGE.foreground_iou = 1.0  # type: ignore[misc]


def test_mean_over_clips() -> None:
    """Each clip counts once, whatever its length; a method with a single clip has none."""
    long = Scores("a.mp4", "one", 900, FRAME)
    short = Scores("b.mp4", "one", 3, replace(FRAME, mad=0.2))
    (mean,) = mean_of([long, short, Scores("a.mp4", "two", 900, FRAME)])
    assert (mean.data, mean.method, mean.count) == ("mean of 2 clips", "one", 2)
    assert isinstance(mean.mean, FrameFigures)
    assert mean.mean.mad == pytest.approx(0.15)
    assert mean_of([]) == []


def test_as_json() -> None:
    """All that is known but the images, under its own names."""
    small = np.zeros((2, 2), np.float32)
    scores = Scores(
        "data", "default", 1, IMAGE,
        worst=(Example("0001", 0.1, None, small, small),),
        images=(("0001", IMAGE),),
        bad=(Bad(Path("x.jpg"), "broken"),),
    )  # fmt: skip
    found = json.loads(json.dumps(scores.to_dict()))
    assert set(found) == set(Scores.__dataclass_fields__)
    assert found["mean"]["foreground_iou"] == found["images"]["0001"]["foreground_iou"] == 0.9
    assert found["worst"] == [{"name": "0001", "badness": 0.1}]
    assert found["bad"] == [{"path": "x.jpg", "reason": "broken"}]
