"""Islands, holes and the subject, steady over time."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import av
import numpy as np
import pytest

from sinet_video.errors import SettingError
from sinet_video.media.convert import planes_of
from sinet_video.media.frame import Frame, Matte
from sinet_video.planes.resample import resized
from sinet_video.stages.clean_regions import filter_regions
from sinet_video.stages.matte_settings import RegionFilter

SHAPE = (60, 100)


def blob(*discs: tuple[float, float, float]) -> np.ndarray:
    """Alpha of discs, (row, column, radius) each, with edges of two cells."""
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    alpha = np.zeros(SHAPE, np.float32)
    for row, column, radius in discs:
        far = np.hypot(rows - row, columns - column)
        alpha = np.maximum(alpha, np.clip((radius - far) / 2 + 0.5, 0, 1))
    return alpha.astype(np.float32)


def tidied(
    alphas: Sequence[np.ndarray],
    regions: RegionFilter,
    luma: Sequence[int] | None = None,
    rate: int = 25,
) -> list[np.ndarray]:
    """What becomes of alphas, of frames as bright as said."""
    mattes = []
    for index, alpha in enumerate(alphas):
        video = av.VideoFrame(SHAPE[1], SHAPE[0], "yuv420p")
        for plane, value in zip(
            planes_of(video), (luma[index] if luma else 90, 128, 128), strict=True
        ):
            plane[...] = value
        mattes.append(Matte(Frame(video, index, Fraction(1, rate)), alpha))
    return [matte.alpha for matte in filter_regions(mattes, regions)]


BIG, SMALL, LEFT, RIGHT = (30, 50, 18), (10, 85, 4), (30, 20, 12), (30, 75, 12)


def test_islands_go_and_the_person_stays():
    """With all of the island's rim; nothing of the person changes."""
    (result,) = tidied([blob(BIG, SMALL)], RegionFilter(islands=0.1))
    np.testing.assert_array_equal(result, blob(BIG))


def test_islands_that_are_large_enough_stay():
    """The failing twin: the share decides."""
    both = blob(BIG, SMALL)
    (result,) = tidied([both], RegionFilter(islands=0.03))
    np.testing.assert_array_equal(result, both)


def test_an_island_does_not_come_and_go():
    """One that breathes about the limit stays where it was let in, and out where it was not."""
    radii = [5.2, 4.6, 5.2, 4.6, 5.2]
    share = 4.9**2 / 18**2
    frames = [blob(BIG, (10, 85, radius)) for radius in radii]
    seen = [bool(alpha[10, 85]) for alpha in tidied(frames, RegionFilter(islands=share))]
    assert seen == [True] * 5
    seen = [bool(tidied([frame], RegionFilter(islands=share))[0][10, 85]) for frame in frames]
    assert seen == [True, False] * 2 + [True]  # the failing twin: frames without a memory


def holed(radius: float) -> np.ndarray:
    """A person with a hole."""
    return np.minimum(blob(BIG), 1 - blob((30, 45, radius)))


def test_holes_are_filled():
    """Up to their share, with their soft rim."""
    (result,) = tidied([holed(4)], RegionFilter(holes=0.12))
    np.testing.assert_array_equal(result, blob(BIG))


def test_larger_holes_and_bays_stay():
    """The failing twin; and what opens to the outside is no hole, however small."""
    (result,) = tidied([holed(8)], RegionFilter(holes=0.12))
    np.testing.assert_array_equal(result, holed(8))
    bay = np.minimum(blob(BIG), 1 - blob((30, 34, 5)))
    (result,) = tidied([bay], RegionFilter(holes=0.12))
    np.testing.assert_array_equal(result, bay)


def test_a_hole_does_not_come_and_go():
    """One that breathes about the limit stays filled."""
    frames = [holed(radius) for radius in (4, 5.5, 4, 5.5)]
    for result in tidied(frames, RegionFilter(holes=0.12)):
        assert result[30, 45] == 1
    assert tidied(frames[1:], RegionFilter(holes=0.12))[0][30, 45] == 0


def test_the_main_subject_is_large_and_central():
    """Of two alike the one in the middle; of one far larger at the side, that."""
    middle, side = (30, 50, 9), (30, 88, 9)
    (result,) = tidied([blob(middle, side)], RegionFilter(subject="main"))
    np.testing.assert_array_equal(result, blob(middle))
    (result,) = tidied([blob((30, 22, 18), (30, 60, 6))], RegionFilter(subject="main"))
    np.testing.assert_array_equal(result, blob((30, 22, 18)))


def test_all_subjects_stay_by_default():
    """The failing twin, and the very arrays."""
    both = blob(LEFT, RIGHT)
    (result,) = tidied([both], RegionFilter())
    assert result is both


def walk() -> list[np.ndarray]:
    """One stands, another who is far larger walks past, covering it."""
    return [blob((30, 40, 10), (30, 120 - 5 * index, 16)) for index in range(23)]


def test_the_subject_stays_who_it_was():
    """Though another is larger, crosses and leaves: at last the first alone is kept."""
    results = tidied(walk(), RegionFilter(subject="main"))
    for result in results:
        assert result[30, 40] == 1
    np.testing.assert_array_equal(results[-1] > 0.3, blob((30, 40, 10)) > 0.3)
    (alone,) = tidied([blob((30, 40, 10), (30, 80, 16))], RegionFilter(subject="main"))
    assert alone[30, 40] == 0  # the failing twin: without a memory it is the other


def test_after_a_cut_the_subject_is_chosen_anew():
    """Another shot has another; without the cut the first is waited for."""
    shots = [blob(LEFT), blob((30, 30, 8), RIGHT)]
    cut = tidied(shots, RegionFilter(subject="main"), luma=[60, 180])[1]
    np.testing.assert_array_equal(cut, blob(RIGHT))
    going_on = tidied(shots, RegionFilter(subject="main"))[1]
    np.testing.assert_array_equal(going_on, blob((30, 30, 8)))


def test_a_lost_subject_is_waited_for():
    """Half a second; nobody else flashes up before that, and then somebody else is taken."""
    frames = [blob(LEFT), *[blob((30, 80, 8))] * 10]
    results = tidied(frames, RegionFilter(subject="main"), rate=10)
    assert [bool(result[30, 80]) for result in results] == [False] * 6 + [True] * 5
    assert results[0][30, 20] == 1


@pytest.mark.parametrize("finer", [2, 0.5])
def test_the_subject_stays_on_another_grid(finer):
    """Following changes the grid in mid-shot: what is remembered is taken to it, and back."""
    shape = tuple(round(side * finer) for side in SHAPE)
    first, both = blob((30, 30, 8)), blob((30, 30, 8), RIGHT)
    frames = [first, resized(both, shape), both]
    other, back = tidied(frames, RegionFilter(subject="main"))[1:]
    np.testing.assert_allclose(other, resized(first, shape), atol=0.01)
    np.testing.assert_array_equal(back, first)
    (alone,) = tidied(frames[1:2], RegionFilter(subject="main"))
    assert alone[shape[0] // 2, round(75 * finer)] == 1  # without a memory it is the other


def test_another_grid_after_a_cut_starts_anew():
    """The frame decides, not the grid."""
    shots = [blob((30, 30, 8)), resized(blob((30, 30, 8), RIGHT), (120, 200))]
    cut = tidied(shots, RegionFilter(subject="main"), luma=[60, 180])[1]
    np.testing.assert_allclose(cut, resized(blob(RIGHT), (120, 200)), atol=0.01)


def test_filled_holes_and_kept_islands_stay_on_another_grid():
    """Those that breathe about the limit are as they were a frame ago."""
    share, large = 4.9**2 / 18**2, (120, 200)
    frames = [blob(BIG, (10, 85, 5.2)), resized(blob(BIG, (10, 85, 4.3)), large)]
    assert tidied(frames, RegionFilter(islands=share))[1][20, 170]
    assert not tidied(frames[1:], RegionFilter(islands=share))[0][20, 170]
    frames = [holed(4), resized(holed(5.5), large)]
    assert tidied(frames, RegionFilter(holes=0.12))[1][60, 90] == 1
    assert tidied(frames[1:], RegionFilter(holes=0.12))[0][60, 90] == 0


def test_a_hand_that_parts_from_its_body_stays():
    """Small parts of the subject stay of it; one that comes from elsewhere does not."""
    body, hand = (35, 40, 14), (35, 62, 5)
    joined, parted = blob(body, hand, (35, 55, 5)), blob(body, hand)
    results = tidied([joined, parted, parted], RegionFilter(subject="main"))
    np.testing.assert_array_equal(results[-1], parted)
    (result,) = tidied([parted], RegionFilter(subject="main"))
    np.testing.assert_array_equal(result, blob(body))


@pytest.mark.parametrize("value", [0, 1])
def test_nobody_and_nothing_but_person_stay(value):
    """With every wish at once."""
    alpha = np.full(SHAPE, value, np.float32)
    for result in tidied([alpha] * 3, RegionFilter(0.5, 0.5, "main")):
        np.testing.assert_array_equal(result, alpha)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"islands": 1.1}, "islands is 1.1"),
        ({"holes": -0.1}, "holes is -0.1"),
        ({"islands": float("nan")}, "islands is nan"),
        ({"subject": "two"}, "all, main"),
    ],
)
def test_what_cannot_be_is_refused(given, words):
    """In a sentence that says what can."""
    with pytest.raises(SettingError, match=words):
        RegionFilter(**given)
