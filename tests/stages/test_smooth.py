"""Alpha steadied over time."""

from fractions import Fraction
from itertools import islice

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sinet_video.decoding.decode import decode
from sinet_video.errors import SettingError
from sinet_video.media.convert import planes_of
from sinet_video.media.frame import Frame, Matte
from sinet_video.models.load import load_segmenter
from sinet_video.quality.metrics import dtssd
from sinet_video.stages.matte_settings import (
    WIDEST,
    ExponentialAverage,
    MotionAdaptive,
    WindowMean,
)
from sinet_video.stages.refine import refine
from sinet_video.stages.segment import segment
from sinet_video.stages.smooth import smooth

ALL = [None, ExponentialAverage(), MotionAdaptive(), WindowMean()]


def matte(luma, alpha, pts: int = 0) -> Matte:
    """A gray frame of 160x96 with this luma, a number or (96, 160), and any alpha."""
    video = av.VideoFrame(160, 96, "yuv420p")
    y, u, v = planes_of(video)
    y[...] = luma
    u[...] = v[...] = 128
    return Matte(Frame(video, pts, Fraction(1, 25)), np.asarray(alpha, np.float32))


def smoothed(mattes, smoothing) -> np.ndarray:
    return np.stack([m.alpha for m in smooth(mattes, smoothing)])


def noisy(count: int = 30) -> tuple[list[Matte], np.ndarray]:
    """A still half-and-half frame whose alpha flickers, and the alpha without flicker."""
    rng = np.random.default_rng(4)
    luma = np.where(np.arange(160) < 80, 60, 180) * np.ones((96, 1))
    truth = np.tile((np.arange(40) >= 20) * 0.8 + 0.1, (24, 1)).astype(np.float32)
    alphas = np.clip(truth + rng.normal(0, 0.08, (count, 24, 40)), 0, 1)
    return [matte(luma, alpha, i) for i, alpha in enumerate(alphas)], truth


def hand(index: int) -> tuple[np.ndarray, np.ndarray]:
    """Luma and true coarse alpha of a bright block that goes half its width a frame."""
    luma, alpha = np.full((96, 160), 50), np.zeros((24, 40), np.float32)
    start = 4 + index * 4
    alpha[8:16, start : start + 8] = 1
    luma[32:64, 4 * start : 4 * (start + 8)] = 200
    return luma, alpha


def test_none_passes_mattes_through():
    """Without smoothing the very same objects come out; with it, others."""
    mattes, _ = noisy(4)
    passed = list(smooth(mattes, None))
    assert [id(m) for m in passed] == [id(m) for m in mattes]
    assert list(smooth(mattes, ExponentialAverage()))[1].plane is not mattes[1].plane


@given(st.floats(0.01, 1), st.integers(0, 99))
@settings(deadline=None, max_examples=15)
def test_exponential_is_its_formula(weight, seed):
    """Each alpha is `weight` of the new and the rest of what came out before."""
    alphas = np.random.default_rng(seed).random((6, 5, 7), dtype=np.float32)
    expected = [alphas[0].astype(float)]
    for alpha in alphas[1:]:
        expected.append(weight * alpha + (1 - weight) * expected[-1])
    got = smoothed([matte(100, alpha) for alpha in alphas], ExponentialAverage(weight))
    np.testing.assert_allclose(got, expected, atol=1e-5)


def test_weight_one_changes_nothing():
    """The new alpha alone."""
    mattes, _ = noisy(5)
    got = smoothed(mattes, ExponentialAverage(1))
    np.testing.assert_allclose(got, smoothed(mattes, None), atol=1e-6)


@pytest.mark.parametrize("smoothing", [ExponentialAverage(), MotionAdaptive(), WindowMean()])
def test_flicker_on_a_still_frame_is_steadied(smoothing):
    """The variance over time falls to less than half, around the same mean."""
    mattes, truth = noisy()
    raw, steady = smoothed(mattes, None)[10:], smoothed(mattes, smoothing)[10:]
    assert steady.var(0).mean() < 0.5 * raw.var(0).mean()
    assert np.abs(steady.mean(0) - truth).mean() < 0.05


@given(st.integers(1, 5), st.integers(0, 9))
@settings(deadline=None, max_examples=15)
def test_window_on_a_still_frame_is_the_plain_mean(frames, count):
    """Where nothing moves, each alpha is the mean of those within so many frames of it."""
    alphas = np.random.default_rng(count).random((count, 6, 8), dtype=np.float32)
    got = [m.alpha for m in smooth([matte(100, a) for a in alphas], WindowMean(frames))]
    for index, alpha in enumerate(got):
        near = alphas[max(0, index - frames) : index + frames + 1]
        np.testing.assert_allclose(alpha, near.mean(0), atol=1e-5)
    assert len(got) == count


def test_window_comes_as_many_frames_late():
    """A matte goes out as soon as those that it is averaged with are there, and not later."""
    taken = []

    def source():
        for index in range(9):
            taken.append(index)
            yield matte(100, np.full((4, 4), 0.5), index)

    results = smooth(source(), WindowMean(3))
    for index in range(9):
        assert next(results).frame.pts == index
        assert len(taken) == min(9, index + 4)


@pytest.mark.parametrize("shape", [(48, 80), (12, 20), (7, 13)])
def test_window_takes_neighbours_to_another_grid(shape):
    """An alpha of another size is averaged with those around it as one of its own would be."""
    right = np.tile(np.arange(40) >= 20, (24, 1))
    mattes = [matte(90, right), matte(90, np.zeros(shape)), matte(90, right)]
    before, got, after = (m.alpha for m in smooth(mattes, WindowMean()))
    assert got.shape == shape
    assert before.shape == after.shape == right.shape
    for alpha in (before, got, after):
        np.testing.assert_allclose(alpha[:, -1], 2 / 3, atol=1e-5)
        np.testing.assert_allclose(alpha[:, 0], 0, atol=1e-5)


@pytest.mark.parametrize("frames", [0, -1, WIDEST + 1, 99_999])
def test_bad_windows_are_refused(frames):
    """A window of no frames smooths nothing, and one of all of them keeps the film in memory."""
    with pytest.raises(SettingError, match="it must have from 1 to 60"):
        WindowMean(frames)
    WindowMean(WIDEST)


def test_less_weight_is_steadier():
    """The variance falls with the weight of the new."""
    mattes, _ = noisy()
    variances = [smoothed(mattes, MotionAdaptive(w))[10:].var(0).mean() for w in (0.1, 0.3, 0.9)]
    assert variances == sorted(variances)
    assert variances[0] < 0.5 * variances[-1]


@pytest.mark.parametrize("smoothing", [MotionAdaptive(), WindowMean()])
def test_a_moving_hand_leaves_no_ghost(smoothing):
    """Neither where the hand was nor where it will be is anything of it; where it is, all."""
    truths = [hand(i)[1] for i in range(7)]
    got = smoothed([matte(*hand(i), i) for i in range(7)], smoothing)
    for index, (truth, alpha) in enumerate(zip(truths, got, strict=True)):
        others = (np.stack(truths[:index] + truths[index + 1 :]) == 1).any(0) & (truth == 0)
        assert others.any()
        assert alpha[others].max() < 0.02
        assert alpha[truth == 1].min() > 0.98


def test_exponential_leaves_the_ghost_that_adaptive_does_not():
    """The same hand leaves half of itself behind when motion is not looked at."""
    got = smoothed([matte(*hand(i), i) for i in range(2)], ExponentialAverage())
    left = (hand(0)[1] == 1) & (hand(1)[1] == 0)
    assert got[1][left].min() > 0.3


@pytest.mark.parametrize("smoothing", [MotionAdaptive(), WindowMean()])
def test_still_parts_stay_steady_while_another_moves(smoothing):
    """Motion in one place does not let flicker through in another."""
    rng = np.random.default_rng(1)
    raw, mattes = [], []
    for index in range(7):
        luma, alpha = hand(index)
        alpha[20:] = rng.uniform(0.3, 0.7, (4, 40))
        raw.append(alpha[20:])
        mattes.append(matte(luma, alpha, index))
    steady = smoothed(mattes, smoothing)[:, 20:]
    assert steady[3:].var(0).mean() < 0.5 * np.stack(raw)[3:].var(0).mean()


@pytest.mark.parametrize("smoothing", [ExponentialAverage(0.1), MotionAdaptive(0.1), WindowMean()])
def test_a_cut_starts_anew(smoothing):
    """The first frame of a shot has its own alpha; without the cut it would be mixed."""
    low, high = np.full((24, 40), 0.1), np.full((24, 40), 0.9)
    cut = smoothed([matte(60, low), matte(60, low), matte(160, high)], smoothing)
    np.testing.assert_array_equal(cut[2], np.float32(0.9))
    uncut = smoothed([matte(60, low), matte(60, low), matte(60, high)], smoothing)
    assert uncut[2].max() < 0.5
    assert cut[1].max() < 0.2


@pytest.mark.parametrize("smoothing", [ExponentialAverage(0.1), MotionAdaptive(0.1)])
@pytest.mark.parametrize("shape", [(48, 80), (12, 20), (7, 13)])
def test_memory_is_taken_to_another_grid(smoothing, shape):
    """An alpha of another size is mixed with those before as one of the same size is."""
    right = np.tile(np.arange(40) >= 20, (24, 1))
    luma = np.tile(np.linspace(40, 200, 160), (96, 1))
    other = smoothed([matte(luma, right), matte(luma, right), matte(luma, 0 * right)], smoothing)
    mattes = [matte(luma, right), matte(luma, right), matte(luma, np.zeros(shape))]
    got = [m.alpha for m in smooth(mattes, smoothing)]
    assert got[2].shape == shape
    np.testing.assert_allclose(got[2][:, [0, -1]].mean(0), other[2][:, [0, -1]].mean(0), atol=1e-6)
    assert got[2][:, -1].min() > 0.85


@pytest.mark.parametrize("smoothing", [ExponentialAverage(0.1), MotionAdaptive(0.1), WindowMean()])
def test_a_cut_to_another_grid_starts_anew(smoothing):
    """Where the frame changes as well, nothing is remembered."""
    mattes = [matte(60, np.full((24, 40), 0.1)), matte(160, np.full((12, 20), 0.9))]
    got = [m.alpha for m in smooth(mattes, smoothing)]
    np.testing.assert_array_equal(got[1], np.float32(0.9))


def test_noise_flickers_less_by_dtssd():
    """The field's own measure of flicker falls."""
    mattes, truth = noisy()
    truths = [truth] * len(mattes)
    raw, steady = (dtssd(smoothed(mattes, s), truths) for s in (None, WindowMean()))
    assert 0 < steady < 0.5 * raw


@pytest.mark.parametrize("smoothing", ALL)
def test_given_mattes_stay_as_they_were(smoothing):
    """Smoothing makes new alphas and leaves those it was given."""
    mattes, _ = noisy(4)
    before = [m.alpha.copy() for m in mattes]
    for earlier, later in zip(list(smooth(mattes, smoothing)), mattes, strict=True):
        assert earlier.frame is later.frame
    np.testing.assert_array_equal([m.alpha for m in mattes], before)


@given(st.sampled_from(ALL), st.integers(0, 99))
@settings(deadline=None, max_examples=15)
def test_alpha_stays_between_its_bounds(smoothing, seed):
    """Whatever moves, alpha is a mean of alphas."""
    rng = np.random.default_rng(seed)
    mattes = [
        matte(rng.integers(90, 110 + 9 * i, (96, 160)), rng.integers(0, 2, (6, 10)))
        for i in range(6)
    ]
    got = smoothed(mattes, smoothing)
    assert got.dtype == np.float32
    assert got.min() >= 0
    assert got.max() <= 1


@pytest.mark.parametrize("weight", [0, -0.1, 1.01, float("nan")])
def test_bad_weights_are_refused(weight):
    """A weight is above 0 and at most 1."""
    for kind in (ExponentialAverage, MotionAdaptive):
        with pytest.raises(SettingError, match="weight"):
            kind(weight)


@pytest.mark.parametrize(("still", "moving"), [(0.1, 0.1), (0.2, 0.1), (-0.1, 0.1)])
def test_bad_motion_bounds_are_refused(still, moving):
    """Still comes before moving, and neither is negative."""
    for kind in (MotionAdaptive, WindowMean):
        with pytest.raises(SettingError, match="still < moving"):
            kind(still=still, moving=moving)


def test_a_real_presenter_flickers_less(shared):
    """On a real pan, default smoothing brings alpha's changes nearer to the true ones."""
    clip = shared / "clips/truth/presenter_pan.mp4"
    with av.open(str(clip.with_suffix(".alpha.mkv"))) as container:
        grays = islice(container.decode(video=0), 40)
        truths = [planes_of(gray)[0].astype(np.float32) / 255 for gray in grays]
    coarse = list(islice(segment(decode(clip), load_segmenter()), 40))
    assert len(coarse) == len(truths) == 40
    flicker = {
        smoothing: dtssd((m.alpha for m in refine(smooth(coarse, smoothing))), truths)
        for smoothing in (None, MotionAdaptive(), WindowMean())
    }
    assert 0 < flicker[WindowMean()] < flicker[MotionAdaptive()] < flicker[None]
