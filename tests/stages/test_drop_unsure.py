"""What the network is nowhere sure of goes, and comes back as soon as it is sure."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sinet_video.errors import SettingError
from sinet_video.media.convert import planes_of
from sinet_video.media.frame import Frame, Matte
from sinet_video.models.load import load_segmenter
from sinet_video.models.registry import NAMED
from sinet_video.models.segmenter import sure_of
from sinet_video.pipeline.chain import matte, seen
from sinet_video.pipeline.settings import Settings
from sinet_video.stages.drop_unsure import drop_unsure

SHAPE = (60, 100)
SURE = 0.999
PERSON, COAT = (30, 30, 18), (30, 75, 12)


def scene(*discs: tuple[tuple[int, int, int], float]) -> np.ndarray:
    """Alpha of discs, (row, column, radius) each, with an alpha of their own and a soft rim."""
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    alpha = np.zeros(SHAPE, np.float32)
    for (row, column, radius), peak in discs:
        far = np.hypot(rows - row, columns - column)
        alpha = np.maximum(alpha, np.clip((radius - far) / 2 + 0.5, 0, peak))
    return alpha.astype(np.float32)


def shots(alphas: Sequence[np.ndarray], lumas: Sequence[int] = (), rate: int = 25) -> list[Matte]:
    """Mattes of frames as bright as said."""
    mattes = []
    for index, alpha in enumerate(alphas):
        video = av.VideoFrame(SHAPE[1], SHAPE[0], "yuv420p")
        luma = lumas[index] if lumas else 90
        for plane, value in zip(planes_of(video), (luma, 128, 128), strict=True):
            plane[...] = value
        mattes.append(Matte(Frame(video, index, Fraction(1, rate)), alpha))
    return mattes


def left(alphas: Sequence[np.ndarray], lumas: Sequence[int] = (), rate: int = 25) -> list[Matte]:
    """What is left of them."""
    return list(drop_unsure(shots(alphas, lumas, rate), SURE))


SOMEBODY, SOMETHING = scene((PERSON, 1.0)), scene((COAT, 0.99))


def test_what_is_nowhere_sure_goes():
    """With its rim; the person beside it stays to the bit."""
    (result,) = left([scene((PERSON, 1.0), (COAT, 0.99))])
    np.testing.assert_array_equal(result.alpha, SOMEBODY)


def test_what_is_sure_stays():
    """The failing twin; and nothing is copied."""
    alpha = scene((PERSON, 1.0), (COAT, 0.9999))
    (result,) = left([alpha])
    assert result.alpha is alpha


@pytest.mark.parametrize(("radius", "stays"), [(2, False), (8, True)])
def test_a_fifth_of_a_region_must_be_sure(radius, stays):
    """A few cells that stand out make no person of a coat."""
    alpha = scene((COAT, 0.99), ((30, 75, radius), 1.0))
    (result,) = left([alpha])
    assert result.alpha.any() == stays


def test_nobody_at_all():
    """Nothing is found, and nothing fails."""
    (result,) = left([np.zeros(SHAPE, np.float32)])
    assert not result.alpha.any()


@pytest.mark.parametrize(("seconds", "stays"), [(0.5, True), (1.5, False)])
def test_who_was_sure_stays_for_a_second(seconds, stays):
    """A moment of doubt does not make somebody flicker; a second of it does away with them."""
    sure, doubted = scene((COAT, 1.0)), SOMETHING
    *_, last = left([sure] + [doubted] * round(seconds * 10), rate=10)
    assert last.alpha.any() == stays


def test_what_lies_elsewhere_does_not_stay():
    """For it is something else."""
    *_, last = left([scene((PERSON, 1.0)), SOMETHING])
    assert not last.alpha.any()


def test_a_cut_forgets():
    """What was sure in another shot says nothing of this one."""
    *_, last = left([scene((COAT, 1.0)), SOMETHING], [30, 200])
    assert not last.alpha.any()


def test_a_part_of_a_job_forgets():
    """Each part gives what it would have given by itself."""
    mattes = shots([scene((COAT, 1.0)), SOMETHING, SOMETHING])
    parts = list(drop_unsure(mattes, SURE, part_of=lambda frame: int(frame.pts > 1)))
    assert [bool(each.alpha.any()) for each in parts] == [True, True, False]


def test_a_new_grid_forgets():
    """As following changes it; nothing fails."""
    coarse = scene((COAT, 1.0))[::2, ::2]
    *_, last = left([coarse, SOMETHING])
    assert not last.alpha.any()


class Second:
    """Second looks that find what they are told to, and are counted."""

    def __init__(self, *found: np.ndarray) -> None:
        self.found, self.times = found, list[float]()

    def __call__(self, matte: Matte) -> np.ndarray:
        """Find the next, or the last."""
        self.times.append(float(matte.time))
        return self.found[min(len(self.times), len(self.found)) - 1]


def test_a_second_look_takes_away_what_it_does_not_see():
    """Of two who are sure, the one that it sees stays, to the bit."""
    second, both = Second(SOMEBODY), scene((PERSON, 1.0), (COAT, 1.0))
    (result,) = drop_unsure(shots([both]), SURE, second=second)
    np.testing.assert_array_equal(result.alpha, SOMEBODY)


def test_who_was_seen_twice_is_not_looked_at_again():
    """Only who appears is; the failing twin of the next."""
    second, both = Second(SOMEBODY, scene((COAT, 1.0))), scene((PERSON, 1.0), (COAT, 1.0))
    results = list(drop_unsure(shots([SOMEBODY] * 5 + [both] * 5), SURE, second=second))
    assert second.times == [0.0, 0.2]
    np.testing.assert_array_equal(results[-1].alpha, both)


def test_who_was_refused_is_looked_at_now_and_then():
    """Five times a second, until they are seen."""
    second = Second(SOMEBODY * 0, SOMEBODY * 0, SOMEBODY)
    results = list(drop_unsure(shots([SOMEBODY] * 20), SURE, second=second))
    assert second.times == pytest.approx([0.0, 0.24, 0.48])
    assert [bool(each.alpha.any()) for each in results] == [False] * 12 + [True] * 8


def test_what_is_small_is_not_looked_at():
    """A hand that comes in from the side, far less than a person."""
    second, hand = Second(SOMEBODY * 0), np.zeros(SHAPE, np.float32)
    hand[20:24, :4] = 1
    (result,) = drop_unsure(shots([hand]), SURE, second=second)
    assert result.alpha.any()
    assert not second.times


def test_a_second_look_needs_as_much_sureness():
    """What is somebody in it, but not surely, goes."""
    (result,) = drop_unsure(shots([SOMEBODY]), SURE, second=Second(scene((PERSON, 0.9))))
    assert not result.alpha.any()


@given(arrays(np.float32, (9, 13), elements=st.sampled_from([0.0, 0.2, 0.5, 0.99, 1.0])))
def test_alpha_stays_or_becomes_0(alpha):
    """Whatever it is; and what is left would be left again."""
    (result,) = left([alpha])
    assert set(np.unique(result.alpha[result.alpha != alpha])) <= {0}
    assert not result.alpha[alpha == 0].any()
    (again,) = left([result.alpha])
    np.testing.assert_array_equal(again.alpha[alpha > 0.3], result.alpha[alpha > 0.3])


@pytest.fixture
def bust() -> list[Frame]:
    """A white bust before a light gray wall, which the packaged network takes for somebody."""
    y, x = np.mgrid[:360, :640]
    head = ((x - 320) / 55) ** 2 + ((y - 120) / 70) ** 2 < 1
    shoulders = ((x - 320) / 140) ** 2 + ((y - 330) / 140) ** 2 < 1
    image = np.where(head | shoulders, np.uint8(255), np.uint8(240))[..., None].repeat(3, 2)
    video = av.VideoFrame.from_ndarray(image, "rgb24").reformat(format="yuv420p")
    return [Frame(video, 0, Fraction(1, 25))]


@pytest.mark.parametrize("runtime", ["onnxruntime", "torch"])
def test_the_packaged_weights_know_when_they_are_sure(runtime, bust):
    """In either runtime it is dropped, unless it is asked for."""
    settings = Settings(runtime=runtime)
    found = {
        how: next(seen(iter(bust), settings.load(), Settings(runtime=runtime, unsure=how))).alpha
        for how in ("keep", "drop")
    }
    assert (found["keep"] > 0.5).mean() > 0.01
    assert not (found["drop"] > 0.3).any()


def test_of_other_weights_nothing_is_known(bust, tmp_path):
    """A copy of the packaged ones has no name, and other networks are sure in other ways."""
    from sinet_video.models.load import checkpoint_path

    copy = tmp_path / "mine.pth"
    copy.write_bytes(checkpoint_path("default").read_bytes())
    own = load_segmenter(copy)
    assert sure_of(own) is None
    assert sure_of(lambda image: image) is None
    assert {name for name, row in NAMED.items() if row.sure} == {"default"}
    assert (next(seen(iter(bust), own, Settings())).alpha > 0.5).mean() > 0.01


def test_people_are_kept(carphone):
    """A man in a car is what he was, but for a speck beside him."""
    kept, dropped = (
        next(matte(carphone, settings=Settings(unsure=how))).alpha for how in ("keep", "drop")
    )
    assert (kept > 0.9).mean() > 0.1
    assert ((kept > 0.5) != (dropped > 0.5)).mean() < 0.005


def test_another_word_is_refused():
    """In a sentence."""
    with pytest.raises(SettingError, match="Unsure is 'never'; it must be one of drop, keep"):
        Settings(unsure="never")
