"""Strokes that follow: a thing whose way is known, a shot that ends, what is lost."""

from __future__ import annotations

import math
from pathlib import Path

import av
import numpy as np
import pytest

from sinet_video.decoding.probe import probe
from sinet_video.serve.painting.strokes import Stroke
from sinet_video.serve.painting.tracking import tracked

WIDTH, HEIGHT, FRAMES, RATE = 320, 180, 30, 25


def pattern(seed: int, height: int, width: int) -> np.ndarray:
    """A soft random pattern, (h, w) in [40, 215]."""
    noise = np.random.default_rng(seed).random((height // 6 + 2, width // 6 + 2))
    rows, columns = np.arange(height) / 6, np.arange(width) / 6
    grid = np.array([np.interp(columns, range(noise.shape[1]), row) for row in noise])
    large = np.array([np.interp(rows, range(len(grid)), column) for column in grid.T]).T
    return 40 + 175 * large


def way(index: int) -> tuple[float, float, float, float]:
    """Middle, scale and turn of the thing in a frame: it sweeps, grows and turns."""
    share = index / FRAMES
    return (
        80 + 160 * share, 90 + 30 * math.sin(4 * share), 1 + 0.3 * share, 0.5 * share
    )  # fmt: skip


def drawn(index: int, thing: np.ndarray, behind: np.ndarray) -> np.ndarray:
    """A frame: the thing, 60 pixels wide, in its place before a pattern that stands still."""
    x, y, scale, turn = way(index)
    rows, columns = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    away = ((columns - x) + 1j * (rows - y)) / (scale * np.exp(1j * turn))
    inside = (abs(away.real) < 30) & (abs(away.imag) < 30)
    at = np.clip(away.imag + 40, 0, 79).astype(int), np.clip(away.real + 40, 0, 79).astype(int)
    return np.where(inside, thing[at], behind)


def write(path: Path, frames: list[np.ndarray]) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE, options={"crf": "18"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for frame in frames:
            gray = np.repeat(frame.astype(np.uint8)[..., None], 3, axis=2)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(gray, "rgb24")))
        container.mux(stream.encode(None))
    return path


@pytest.fixture(scope="module")
def moving(tmp_path_factory) -> Path:
    thing, behind = pattern(1, 80, 80), pattern(2, HEIGHT, WIDTH)
    frames = [drawn(index, thing, behind) for index in range(FRAMES)]
    return write(tmp_path_factory.mktemp("clips") / "moving.mp4", frames)


def box(index: int, size: float = 50.0) -> tuple[tuple[float, float], ...]:
    """Two corners of a box on the thing in a frame, in shares."""
    x, y, *_ = way(index)
    half = size / 2
    return ((x - half) / WIDTH, (y - half) / HEIGHT), ((x + half) / WIDTH, (y + half) / HEIGHT)


@pytest.mark.parametrize("painted", [0, 15])
def test_it_stays_on_a_thing_that_moves_grows_and_turns(moving, painted):
    """Painted at the start, or in the middle and followed both ways."""
    stroke = Stroke("garbage", "rectangle", box(painted), at=painted / RATE, follows=True)
    track = tracked(probe(moving), stroke)
    assert [place.time for place in track.places] == pytest.approx(
        [index / RATE for index in range(FRAMES)], abs=1e-3
    )
    assert track.lost is None
    x0, y0, scale0, turn0 = way(painted)
    for index, place in enumerate(track.places):
        x, y, scale, turn = way(index)
        far = math.hypot(place.x * WIDTH - (x - x0), place.y * HEIGHT - (y - y0))
        assert far < 1.5, index
        assert place.scale == pytest.approx(scale / scale0, abs=0.03), index
        assert place.turn == pytest.approx(turn - turn0, abs=0.03), index


def test_it_ends_with_its_shot(moving, tmp_path):
    thing, behind = pattern(1, 80, 80), pattern(2, HEIGHT, WIDTH)
    first = [drawn(index, thing, behind) for index in range(10)]
    clip = write(tmp_path / "cut.mp4", first + [255 - pattern(5, HEIGHT, WIDTH) * 0.5] * 10)
    track = tracked(probe(clip), Stroke("core", "rectangle", box(3), at=3 / RATE, follows=True))
    assert len(track.places) == 10
    assert track.end == pytest.approx(10 / RATE, abs=1e-3)


def test_what_cannot_be_found_is_said_and_stays_where_it_was(tmp_path):
    behind = pattern(2, HEIGHT, WIDTH)
    hidden = drawn(8, pattern(7, 80, 80), behind)
    frames = [drawn(i, pattern(1, 80, 80), behind) for i in range(8)] + [
        np.where(hidden == behind, behind, 128) for _ in range(8)
    ]
    clip = write(tmp_path / "gone.mp4", frames)
    track = tracked(probe(clip), Stroke("core", "rectangle", box(0), follows=True))
    assert track.lost == pytest.approx(8 / RATE, abs=0.05)
    assert len({(place.x, place.y) for place in track.places[9:]}) == 1
