"""Coarse alpha raised to the frame's size."""

from fractions import Fraction
from itertools import islice

import av
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from sinet_video.decoding.decode import decode
from sinet_video.errors import SettingError
from sinet_video.media.convert import planes_of
from sinet_video.media.frame import Frame, Matte
from sinet_video.media.pixel_formats import PLANAR
from sinet_video.media.tiled_alpha import Kind, TiledAlpha
from sinet_video.models.load import load_segmenter
from sinet_video.planes.guided_filter import confidence, fit
from sinet_video.planes.pyramid import subsampling
from sinet_video.planes.resample import resized
from sinet_video.quality.metrics import foreground_iou
from sinet_video.stages.matte_settings import BilinearRefinement, GuidedRefinement
from sinet_video.stages.refine import refine, transition_band
from sinet_video.stages.segment import segment

BOTH = [GuidedRefinement(), BilinearRefinement()]
SIZES = [
    (641, 359),
    (359, 641),
    (1920, 1080),
    (1080, 1920),
    (1170, 2532),
    (16, 16),
    (17, 1),
    (1, 1),
    (3, 200),
]


def frame(luma: np.ndarray, name: str = "yuv420p") -> Frame:
    """A gray frame with this luma, (H, W) in [0, 1] of all the values that the format has."""
    height, width = luma.shape
    video = av.VideoFrame(width, height, name)
    y, u, v = planes_of(video)
    y[...] = np.rint(luma * (2 ** PLANAR[name].bits - 1))
    u[...] = v[...] = 2 ** (PLANAR[name].bits - 1)
    return Frame(video, 0, Fraction(1, 25))


def blank(width: int, height: int, name: str) -> Frame:
    """A frame of this size whose samples are not set."""
    return Frame(av.VideoFrame(width, height, name), 0, Fraction(1, 25))


def refined(luma: np.ndarray, coarse: np.ndarray, how=GuidedRefinement(), name: str = "yuv420p"):
    """The one refined matte of a frame with this luma."""
    (result,) = refine([Matte(frame(luma, name), coarse.astype(np.float32))], how)
    return result


def blobs(height: int, width: int, sigma: float, seed: int = 0) -> np.ndarray:
    """A smooth random frame that spans [0, 1]."""
    values = ndimage.gaussian_filter(np.random.default_rng(seed).random((height, width)), sigma)
    return ((values - values.min()) / max(np.ptp(values), 1e-9)).astype(np.float32)


def step(height: int, width: int, column: float) -> np.ndarray:
    """0 left of a column and 1 right of it."""
    return np.tile((np.arange(width) >= column).astype(np.float32), (height, 1))


def crossing(alpha: np.ndarray) -> np.ndarray:
    """The column of each row at which a rising alpha passes one half, between pixels."""
    above = (alpha >= 0.5).argmax(1)
    rows = np.arange(len(alpha))
    low, high = alpha[rows, above - 1], alpha[rows, above]
    return above - 0.5 + (0.5 - low) / (high - low)


def test_guided_of_a_small_frame_is_the_fit():
    """A frame that is fitted as it is gets the second fit's own values near its edge."""
    guide, coarse = blobs(96, 128, 3), step(96, 128, 64)[::4, ::4]
    how = GuidedRefinement(radius=1, contrast=1, black=0, white=1)
    alpha = refined(guide, coarse, how, "yuv444p").alpha
    gray = np.full((96, 128), 128 / 255)
    planes = np.stack([np.rint(guide * 255) / 255, gray, gray]).astype(np.float32)
    expected = resized(coarse, (96, 128))
    for radius in (2, 1):
        lines = fit(planes, expected, confidence(expected, 12), radius, how.eps)
        expected = np.clip(lines.at(planes), 0, 1)
    near = (expected > 0.05) & (expected < 0.95)
    assert near.sum() > 200
    np.testing.assert_allclose(alpha[near], expected[near], atol=1e-3)


@pytest.mark.parametrize(
    ("size", "coarse"), [((359, 541), (96, 160)), ((144, 176), (192, 224)), ((16, 16), (32, 32))]
)
@pytest.mark.parametrize("levels", [(0, 1), (0.3, 0.9)])
def test_bilinear_is_that_of_torch(size, coarse, levels):
    """Frames that are not reduced for working get torch's own enlargement."""
    black, white = levels
    alpha = np.random.default_rng(0).random(coarse, dtype=np.float32)
    stretched = torch.from_numpy(np.clip((alpha - black) / (white - black), 0, 1))[None, None]
    expected = torch.nn.functional.interpolate(stretched, size, mode="bilinear")[0, 0]
    got = refined(np.zeros(size), alpha, BilinearRefinement(black, white)).alpha
    np.testing.assert_allclose(got, expected, atol=2e-3)


@pytest.mark.parametrize("size", [(1080, 1920), (512, 1024), (1080, 1920)[::-1]])
def test_bilinear_of_a_large_frame_is_near_that_of_torch(size):
    """Enlarging in two steps rounds off only the kinks of a smooth alpha."""
    coarse = blobs(160, 288, 8)
    expected = torch.nn.functional.interpolate(
        torch.from_numpy(coarse)[None, None], size, mode="bilinear"
    )[0, 0]
    got = refined(np.zeros(size), coarse, BilinearRefinement(0, 1)).alpha
    np.testing.assert_allclose(got, expected, atol=5e-3)


@pytest.mark.parametrize("width", [1168, 1170, 1366, 2530])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
def test_enlarging_does_not_shift(width, share):
    """A straight edge stays where it is, also far right in widths that do not divide."""
    cells = 160
    ramp = np.clip((np.arange(cells) + 0.5 - share * cells) / 8 + 0.5, 0, 1)
    alpha = refined(np.zeros((64, width)), np.tile(ramp, (8, 1)), BilinearRefinement(0, 1)).alpha
    np.testing.assert_allclose(crossing(alpha), share * width, atol=0.6)


@pytest.mark.parametrize("how", BOTH)
def test_far_from_edges_alpha_is_exact(how):
    """Beyond the reach of an edge alpha is 0 and 1, not nearly so, and costs no values."""
    matte = refined(blobs(1080, 1920, 20), step(160, 288, 144) * 0.98 + 0.01, how)
    assert (matte.alpha[:, :700] == 0).all()
    assert (matte.alpha[:, 1220:] == 1).all()
    kinds = matte.tiles.kinds
    assert 0 < (kinds == Kind.PARTIAL).mean() < 0.35


def test_an_edge_in_the_frame_draws_the_coarse_edge():
    """A blurred edge that is some pixels off comes nearer to the true one than by enlarging."""
    truth = 960
    luma = 0.25 + 0.5 * step(1080, 1920, truth)
    for shift in (-12, 8):
        coarse = ndimage.gaussian_filter1d(step(1080, 1920, truth + shift), 8, axis=1)
        coarse = coarse.reshape(135, 8, 240, 8).mean((1, 3))
        plain = refined(luma, coarse, BilinearRefinement(0.2, 0.8)).alpha
        drawn = refined(luma, coarse, GuidedRefinement(black=0.2, white=0.8)).alpha
        off_plain, off = (np.abs(crossing(alpha) - truth).mean() for alpha in (plain, drawn))
        assert off_plain > 6
        assert off < 0.5 * off_plain


def test_without_an_edge_in_the_frame_the_coarse_edge_stays():
    """A plain frame moves nothing."""
    coarse = ndimage.gaussian_filter1d(step(60, 100, 50), 3, axis=1)
    drawn = refined(np.full((480, 800), 0.5), coarse, GuidedRefinement(black=0.2, white=0.8)).alpha
    np.testing.assert_allclose(crossing(drawn), 400, atol=1)


def test_ten_bits_are_read_as_ten_bits():
    """The same frame in 8 and in 10 bits gets the same alpha."""
    luma, coarse = blobs(480, 640, 4), blobs(96, 128, 5, 2)
    eight, ten = (refined(luma, coarse, name=f"yuv420p{s}").alpha for s in ("", "10le"))
    assert (eight > 0).any()
    np.testing.assert_allclose(eight, ten, atol=0.02)


@pytest.mark.parametrize("how", BOTH)
@pytest.mark.parametrize("value", [0, 1])
@pytest.mark.parametrize("size", SIZES)
def test_flat_alpha_stays_flat(how, value, size):
    """Nobody stays nobody, and a frame full of person stays full."""
    width, height = size
    luma = np.random.default_rng(0).random((height, width))
    alpha = refined(luma, np.full((32, 48), value), how).tiles
    assert (alpha.kinds == (Kind.SOLID if value else Kind.CLEAR)).all()
    assert alpha.dense().shape == (height, width)


@pytest.mark.parametrize("coarse", [(8, 8), (64, 64), (5, 3)])
@pytest.mark.parametrize("how", [GuidedRefinement(contrast=1), BilinearRefinement()])
def test_constant_half_stays_undecided(how, coarse):
    """An alpha of one half throughout comes out as what the levels make of it, everywhere."""
    alpha = refined(np.full((512, 512), 0.4), np.full(coarse, 0.5), how).alpha
    np.testing.assert_allclose(alpha, (0.5 - 0.4) / (0.9 - 0.4), atol=1e-3)


def test_contrast_steepens_about_one_half():
    """More contrast moves values away from a half and leaves the half."""
    flat = np.full((96, 128), 0.4)
    for coarse, away in ((0.4, -1), (0.5, 0), (0.6, 1)):
        how = {"black": 0, "white": 1}
        plain, steep = (
            refined(
                flat, np.full((12, 16), coarse), GuidedRefinement(contrast=c, **how)
            ).alpha.mean()
            for c in (1, 2)
        )
        # Twice as steep, twice.
        assert steep - plain == pytest.approx((4 - 1) * 0.1 * away, abs=1e-3)


@pytest.mark.parametrize("how", BOTH)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", ["yuv420p", "yuv444p10le"])
def test_any_size_is_served(how, size, name):
    """Odd, tiny, portrait and large frames get an alpha of their size within its bounds."""
    width, height = size
    alpha = refined(blobs(height, width, 1), blobs(32, 48, 2), how, name).alpha
    assert alpha.shape == (height, width)
    assert alpha.dtype == np.float32
    assert np.isfinite(alpha).all()
    assert alpha.min() >= 0
    assert alpha.max() <= 1


@given(
    st.integers(1, 700),
    st.integers(1, 300),
    st.integers(6, 60),
    st.integers(6, 60),
    st.floats(0, 12),
    st.sampled_from(BOTH),
)
@settings(deadline=None, max_examples=40)
def test_result_is_always_an_alpha(width, height, columns, rows, sigma, how):
    """Any frame and any coarse alpha: right shape, finite, between 0 and 1."""
    alpha = refined(blobs(height, width, sigma, 1), blobs(rows, columns, 1), how).alpha
    assert alpha.shape == (height, width)
    assert np.isfinite(alpha).all()
    assert alpha.min() >= 0
    assert alpha.max() <= 1


@pytest.mark.parametrize("how", BOTH)
def test_full_size_alpha_passes_unchanged(how):
    """What is at the frame's size already is the same object after; what is not, is not."""
    alpha = blobs(48, 64, 2)
    for plane in (alpha, TiledAlpha.of(alpha)):
        given_matte = Matte(frame(np.zeros((48, 64))), plane)
        (passed,) = refine([given_matte], how)
        assert passed is given_matte
    assert refined(np.zeros((48, 64)), alpha[:-1], how).plane is not alpha


@pytest.mark.parametrize(
    ("size", "factor"),
    [((16, 16), 1), ((320, 300), 1), ((640, 360), 2), ((1920, 1080), 8), ((3840, 2160), 8)],
)
def test_subsampling_grows_with_the_frame(size, factor):
    """Larger frames are reduced more, up to eight times, the long side counting."""
    for width, height in (size, size[::-1]):
        assert subsampling(blank(width, height, "yuv420p"), 240) == factor


def test_subsampling_keeps_samples_of_chroma_whole():
    """A cell holds whole samples of chroma, unless cells are pixels."""
    assert subsampling(blank(640, 360, "yuv410p"), 240) == 4
    assert subsampling(blank(160, 120, "yuv410p"), 240) == 1


def test_mixed_finds_where_windows_are_not_flat():
    """A window of zeros, or of ones, is flat; any other is not."""
    alpha = np.zeros((9, 30), np.float32)
    alpha[:, 10:] = 1
    alpha[4, 25] = 0.5
    expected = ndimage.maximum_filter(alpha, 5) > 0
    expected &= ndimage.minimum_filter(alpha, 5) < 1
    np.testing.assert_array_equal(transition_band(alpha, 2), expected)


@pytest.mark.parametrize("name", ["radius", "eps", "contrast"])
def test_bad_guided_settings_are_refused(name):
    """Zero and less make no filter."""
    for value in (0, -1):
        with pytest.raises(SettingError, match=f"{name.capitalize()} is"):
            GuidedRefinement(**{name: value})


@pytest.mark.parametrize("levels", [(-0.1, 0.5), (0.5, 0.5), (0.6, 0.5), (0.5, 1.1)])
def test_bad_levels_are_refused(levels):
    """Black comes before white and both lie in [0, 1]."""
    black, white = levels
    for how in (GuidedRefinement, BilinearRefinement):
        with pytest.raises(SettingError, match="black < white"):
            how(black=black, white=white)


@pytest.mark.parametrize("name", ["presenter_pan", "presenter_still"])
def test_the_frame_helps_on_real_footage(shared, name):
    """Against true alpha, following the frame is at least as good as plain enlargement."""
    clip = shared / f"clips/truth/{name}.mp4"
    with av.open(str(clip.with_suffix(".alpha.mkv"))) as container:
        truths = [planes_of(g)[0] >= 128 for g in islice(container.decode(video=0), 20)]
    coarse = list(islice(segment(decode(clip), load_segmenter()), 20))
    score = [
        np.mean(
            [
                foreground_iou(matte.alpha >= 0.5, truth)
                for matte, truth in zip(refine(coarse, how), truths, strict=True)
            ]
        )
        for how in BOTH
    ]
    assert score[0] >= score[1] > 0.8
