"""Each stage in torch, held to the one in numpy and C++ of the same name."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest
import torch
from made_mattes import made_alpha, made_frame, made_mattes
from scipy import ndimage

from sinet_video import native
from sinet_video.device import composite as composites
from sinet_video.device import decontaminate as colours
from sinet_video.device import grids
from sinet_video.device.edge import choked, shape_edge
from sinet_video.device.gaussian import gaussian
from sinet_video.device.matte import DeviceMatte, lifted, lowered
from sinet_video.device.refine import refine
from sinet_video.device.smooth import smooth
from sinet_video.media.frame import Frame, Matte
from sinet_video.media.tiled_alpha import TiledAlpha
from sinet_video.planes import box_filter, pyramid, resample
from sinet_video.planes.gaussian import gaussian as reference_gaussian
from sinet_video.stages import composite as reference_composites
from sinet_video.stages import decontaminate as reference_colours
from sinet_video.stages.backgrounds import BlurBackground, ColourBackground
from sinet_video.stages.edge import shape_edge as reference_shape_edge
from sinet_video.stages.matte_settings import (
    BilinearRefinement,
    EdgeShape,
    ExponentialAverage,
    GuidedRefinement,
    MotionAdaptive,
    WindowMean,
)
from sinet_video.stages.refine import refine as reference_refine
from sinet_video.stages.smooth import smooth as reference_smooth

CPU = torch.device("cpu")

NEAR = 0.5 / 255
"""How far alpha may be from the reference's: rounding, where noise makes fits badly conditioned."""

FORMATS = [
    "yuv420p", "yuv422p", "yuv444p", "yuv411p", "gbrp",
    "yuv420p10le", "yuv422p10le", "yuv444p12le", "gbrp16le",
]  # fmt: skip
SIZES = [(96, 128), (97, 131), (359, 641), (17, 1), (1, 17), (1, 1), (200, 3)]
SMOOTHINGS = [WindowMean(), WindowMean(1), MotionAdaptive(), ExponentialAverage(), None]


def there(mattes: Iterable[Matte]) -> Iterable[DeviceMatte]:
    """Mattes on torch's CPU device."""
    return lifted(mattes, CPU)


def assert_near(got: Iterable[Matte], expected: Iterable[Matte], off: float = NEAR) -> None:
    """Alpha is close, and exactly 0 and 1 in the same places but for rounding."""
    for one, other in zip(got, expected, strict=True):
        assert one.frame.pts == other.frame.pts
        assert one.alpha.dtype == np.float32
        assert one.alpha.shape == other.alpha.shape
        assert np.abs(one.alpha - other.alpha).max() <= off
        assert one.alpha.min() >= 0
        assert one.alpha.max() <= 1


def assert_same_samples(got: Iterable[Matte], expected: Iterable[Matte], most: int = 1) -> None:
    """Samples are close, in levels of 8 bits, and nearly all of them are equal."""
    for one, other in zip(got, expected, strict=True):
        level = 2 ** (one.frame.format.bits - 8)
        for a, b in zip(one.frame.planes, other.frame.planes, strict=True):
            assert a.dtype == b.dtype
            off = np.abs(a.astype(int) - b.astype(int))
            assert off.max() <= most * level
            assert off.mean() <= 0.1 * level


# Grids.


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (12, 7), (30, 41)])
@pytest.mark.parametrize("radius", [1, 2, 5])
def test_windows_are_those_of_numpy(size: tuple[int, int], radius: int) -> None:
    """Sums and means, at the border too."""
    values = np.random.default_rng(0).random((3, *size)).astype(np.float32)
    given = torch.from_numpy(values)
    sums = box_filter.box_sum(values, radius)
    np.testing.assert_allclose(grids.box_sum(given, radius), sums, rtol=1e-5)
    mean = box_filter.box_mean(values[0], radius)
    np.testing.assert_allclose(grids.box_mean(given[0], radius), mean, rtol=1e-5)
    most = ndimage.maximum_filter(values[0], 2 * radius + 1, mode="nearest")
    assert np.array_equal(grids.highest(given[0], radius), most)


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (12, 7), (30, 41)])
def test_grids_are_those_of_numpy(size: tuple[int, int]) -> None:
    """Halved, doubled and resized."""
    values = np.random.default_rng(0).random((2, *size)).astype(np.float32)
    given = torch.from_numpy(values)
    half = pyramid.halved(values)
    np.testing.assert_allclose(grids.halved(given), half, atol=1e-6)
    fine = pyramid.doubled(half, size)
    np.testing.assert_allclose(grids.doubled(torch.from_numpy(half), size), fine, atol=1e-6)
    for shape, extent in (((20, 33), None), ((20, 33), (19.4, 32.1)), ((3, 2), None)):
        resized = resample.resized(values[0], shape, extent)
        np.testing.assert_allclose(grids.resized(given[0], shape, extent), resized, atol=1e-6)


@pytest.mark.parametrize("sigma", [0.3, 1.5, 6.0, 16.0, 40.0])
def test_a_gaussian_is_that_of_numpy(sigma: float) -> None:
    """Straight and on halved grids."""
    planes = np.random.default_rng(0).random((2, 64, 72)).astype(np.float32)
    reach = int(3 * sigma) + 1
    with native.numpy_only():
        expected = reference_gaussian(planes, sigma, reach)
    got = gaussian(torch.from_numpy(planes), sigma, reach)
    np.testing.assert_allclose(got, expected, atol=1e-5)


# Smoothing.


@pytest.mark.parametrize("smoothing", SMOOTHINGS, ids=str)
@pytest.mark.parametrize("cut", [None, 4])
def test_smoothing(smoothing: object, cut: int | None) -> None:
    """A moving disc, with a cut or without."""
    mattes = made_mattes(count=8, cut=cut)
    expected = list(reference_smooth(mattes, smoothing))
    assert_near(lowered(smooth(there(mattes), smoothing)), expected)
    moved = [np.abs(a.alpha - b.alpha).max() for a, b in zip(mattes, expected, strict=True)]
    assert bool(max(moved) > 0.03) is (smoothing is not None)


@pytest.mark.parametrize("smoothing", SMOOTHINGS[:-1], ids=str)
def test_smoothing_where_the_grid_changes(smoothing: object) -> None:
    """What is remembered is resampled, as where people begin to be followed."""
    fine = made_mattes(count=6, grid=(72, 96))
    mattes = [*made_mattes(count=3), *fine[3:]]
    expected = reference_smooth(mattes, smoothing)
    assert_near(lowered(smooth(there(mattes), smoothing)), expected)


# Refinement.


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("size", SIZES)
def test_guided_refinement(name: str, size: tuple[int, int]) -> None:
    """Every format, odd sizes, and frames of one pixel's width."""
    mattes = made_mattes(name, *size, count=1)
    expected = list(reference_refine(mattes))
    got = list(lowered(refine(there(mattes), GuidedRefinement())))
    assert_near(got, expected)
    for end in (0, 1):
        differ = (got[0].alpha == end) != (expected[0].alpha == end)
        assert differ.mean() <= 0.001


@pytest.mark.parametrize("size", SIZES)
def test_bilinear_refinement(size: tuple[int, int]) -> None:
    """It looks at no samples."""
    mattes = made_mattes("yuv420p", *size, count=1)
    how = BilinearRefinement()
    assert_near(lowered(refine(there(mattes), how)), reference_refine(mattes, how))


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_what_is_flat_stays_exactly_so(value: float) -> None:
    """Nobody, or everything: all is 0 or 1, to the bit."""
    for size in ((96, 128), (359, 641)):
        (frame,) = (matte.frame for matte in made_mattes("yuv420p", *size, count=1))
        matte = Matte(frame, np.full((36, 48), value, np.float32))
        for how in (GuidedRefinement(), BilinearRefinement()):
            (got,) = lowered(refine(there([matte]), how))
            assert (got.alpha == value).all()


def test_alpha_of_the_frame_s_size_is_not_refined() -> None:
    """As where a source's own alpha came first."""
    mattes = made_mattes(grid=None)
    for got, matte in zip(lowered(refine(there(mattes), GuidedRefinement())), mattes, strict=True):
        assert np.array_equal(got.alpha, matte.alpha)


# The edge.


@pytest.mark.parametrize(
    "edge",
    [
        EdgeShape(1), EdgeShape(-2), EdgeShape(1.5), EdgeShape(-3.25), EdgeShape(7),
        EdgeShape(choke=20), EdgeShape(feather=2), EdgeShape(feather=30),
        EdgeShape(1.5, 2), EdgeShape(0, 6, "inward"), EdgeShape(-1, 9, "outward"),
        EdgeShape(black=0.2, white=0.7), EdgeShape(2, black=0.4),
    ],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("size", [(96, 128), (97, 131), (1, 40)])
def test_the_edge(edge: EdgeShape, size: tuple[int, int]) -> None:
    """Choke and feather, on a disc that the frame's border cuts off."""
    mattes = [Matte(made_frame("yuv420p", *size), np.roll(made_alpha(*size), size[1] // 3, axis=1))]
    expected = list(reference_shape_edge(mattes, edge))
    got = list(lowered(shape_edge(there(mattes), edge)))
    assert_near(got, expected, 2e-3 if edge.feather > 24 else NEAR)
    assert np.abs(expected[0].alpha - mattes[0].alpha).max() > 0.01


def test_choke_keeps_0_and_1() -> None:
    """Values are chosen, not computed."""
    alpha = torch.from_numpy(made_alpha(60, 80).round())
    for pixels in (1, 3, -4, 9):
        assert set(np.unique(choked(alpha, pixels))) == {0.0, 1.0}


# Colours and composites.


def at_full_size(name: str, size: tuple[int, int], count: int = 1) -> list[Matte]:
    """Mattes of the frame's size, as the reference takes them."""
    mattes = made_mattes(name, *size, count=count, grid=None)
    return [matte.with_alpha(TiledAlpha.of(matte.alpha)) for matte in mattes]


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("size", SIZES)
def test_composites_over_a_colour(name: str, size: tuple[int, int]) -> None:
    """With the person's own colours at the edge."""
    mattes, green = at_full_size(name, size), ColourBackground(0, 255, 0)
    expected = reference_composites.composite(mattes, green, colours=reference_colours.edge_colours)
    made = composites.composite(there(mattes), green, colours=colours.edge_colours)
    assert_same_samples(lowered(made), expected)


@pytest.mark.parametrize("name", ["yuv420p", "yuv422p10le", "gbrp"])
@pytest.mark.parametrize("size", [(96, 128), (97, 131), (360, 640)])
def test_composites_over_the_blurred_original(name: str, size: tuple[int, int]) -> None:
    """Which libswscale reduces and enlarges in the reference."""
    mattes, blur = at_full_size(name, size), BlurBackground(3)
    expected = reference_composites.composite(mattes, blur)
    assert_same_samples(lowered(composites.composite(there(mattes), blur)), expected, 2)


class Planes:
    """A background that is noise, and that writes to the same memory for every frame."""

    def __init__(self, like: Frame) -> None:
        self._planes = tuple(plane.copy() for plane in like.planes)

    def planes(self, matte: Matte) -> tuple[np.ndarray, ...]:
        """Noise by the frame's number."""
        rng = np.random.default_rng(matte.frame.pts)
        for plane in self._planes:
            plane[...] = rng.integers(0, 255, plane.shape)
        return self._planes


@pytest.mark.parametrize("name", ["yuv420p", "yuv444p12le"])
def test_composites_over_a_background_of_one_s_own(name: str) -> None:
    """It is asked for each frame."""
    mattes = at_full_size(name, (97, 131), count=3)
    behind = Planes(mattes[0].frame)
    expected = list(reference_composites.composite(mattes, behind))
    assert_same_samples(lowered(composites.composite(there(mattes), behind)), expected)


def test_where_alpha_is_0_or_1_no_sample_changes() -> None:
    """Bit for bit, also in 16 bits and where colours are cleaned."""
    mattes = at_full_size("gbrp16le", (97, 131))
    (got,) = lowered(
        composites.composite(
            there(mattes), ColourBackground(9, 99, 199), colours=colours.edge_colours
        )
    )
    alpha, behind = mattes[0].alpha, ColourBackground(9, 99, 199).planes(mattes[0])
    for plane, source, back in zip(got.frame.planes, mattes[0].frame.planes, behind, strict=True):
        assert np.array_equal(plane[alpha == 1], source[alpha == 1])
        assert (plane[alpha == 0] == back[0, 0]).all()


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("size", [(96, 128), (97, 131), (1, 1)])
def test_foregrounds(name: str, size: tuple[int, int]) -> None:
    """Cleaned colours, and black away from the person."""
    mattes = at_full_size(name, size)
    expected = reference_composites.foreground(reference_colours.decontaminate(mattes))
    made = composites.foreground(colours.decontaminate(there(mattes)))
    assert_same_samples(lowered(made), expected)
