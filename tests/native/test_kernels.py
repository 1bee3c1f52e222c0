"""The kernels in C++ do what numpy does: any format, odd sizes, frames of one pixel."""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import Any
from unittest import mock

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import maximum_filter, minimum_filter

from sinet_video import native
from sinet_video.errors import SettingError
from sinet_video.media.blend import blended
from sinet_video.media.convert import planes_of
from sinet_video.media.frame import Frame, Matte
from sinet_video.media.pixel_formats import PLANAR
from sinet_video.media.tiled_alpha import Grid, Kind, TiledAlpha
from sinet_video.native import library
from sinet_video.planes.box_filter import box_sum
from sinet_video.planes.gaussian import gaussian
from sinet_video.planes.pyramid import colour_subsampling, reduced, reduced_alpha
from sinet_video.planes.quantise import quantised, write_alpha
from sinet_video.planes.resample import resized
from sinet_video.planes.scene_change import coarse_luma, half_colours, is_cut
from sinet_video.stages.decontaminate import blurred_colours, decontaminated, edge_colours
from sinet_video.stages.drop_unsure import unsure
from sinet_video.stages.edge import choked, feathered
from sinet_video.stages.refine import BilinearRefinement, GuidedRefinement, refine
from sinet_video.stages.screen.chroma_key import ChromaKey, key
from sinet_video.stages.screen.despill import despilled
from sinet_video.stages.smooth import WindowMean, smooth
from sinet_video.stages.views.box import WHOLE
from sinet_video.stages.views.viewport import CropMatte

pytestmark = pytest.mark.skipif(not native.available(), reason="the kernels were not built here")

TRIES = settings(deadline=None, max_examples=40)

FORMATS = sorted(PLANAR)
YUV = [name for name in FORMATS if not PLANAR[name].is_rgb]

SIZES = st.tuples(st.integers(1, 150), st.integers(1, 150)) | st.sampled_from(
    [(1, 1), (1, 150), (150, 1), (8, 8), (40, 64), (90, 160), (360, 641)]
)

SEEDS = st.integers(0, 2**32 - 1)


def both(work: Callable[[], Any]) -> tuple[Any, Any]:
    """What the kernels answer, the same in all builds of them, and what numpy does."""
    ours = work()
    with baseline():
        assert bits(work()) == bits(ours)
    with native.numpy_only():
        return ours, work()


@contextmanager
def baseline() -> Iterator[None]:
    """Use the kernels that every processor can run."""
    path = library.built("kernels")
    assert path is not None
    with mock.patch.object(library, "_loaded", return_value=library.opened(path)):
        yield


def bits(answer: Any) -> object:
    """All bits of what a work answers."""
    if isinstance(answer, np.ndarray):
        return answer.shape, answer.dtype.str, answer.tobytes()
    if isinstance(answer, TiledAlpha):
        return bits([answer.kinds, answer.values])
    if isinstance(answer, CropMatte):
        return answer.people, answer.confidence
    if isinstance(answer, list | tuple):
        return [bits(each) for each in answer]
    assert isinstance(answer, int | float | np.generic)
    return answer


class Old:
    """A library of an earlier version: it has what that had, and nothing newer."""

    def sinet_kernels_version(self) -> int:
        """Return the version that it was built as."""
        return self.version

    def __init__(self, version: int) -> None:
        self.version = version


@pytest.mark.parametrize("version", [library.VERSION - 1, library.VERSION])
def test_a_library_that_was_built_earlier_is_not_used(
    version: int, caplog: pytest.LogCaptureFixture
) -> None:
    """It has another version, or lacks a function; numpy does the work, and a warning says why."""
    with mock.patch("ctypes.CDLL", return_value=Old(version)):
        assert library.opened(Path("kernels.so")) is None
    (record,) = caplog.records
    assert "kernels.so cannot be used" in record.getMessage()
    assert "install the package again" in record.getMessage()


@pytest.mark.skipif(
    platform.machine().lower() not in {"x86_64", "amd64"} or sys.platform != "linux",
    reason="the kernels are built once for this processor",
)
def test_the_kernels_for_avx2_are_in_use_where_the_processor_has_it() -> None:
    """They were built, and are what is called; without them the others are."""
    wide, base = library.built(library.WIDE), library.built("kernels")
    assert wide is not None
    assert base is not None
    has = bool(library.opened(base).sinet_has_avx2())
    assert has == ("avx2" in Path("/proc/cpuinfo").read_text().split())
    library._loaded.cache_clear()
    assert library._loaded()._name == str(wide if has else base)
    with mock.patch.object(library, "built", lambda name: base if name == "kernels" else None):
        library._loaded.cache_clear()
        assert library._loaded()._name == str(base)
    library._loaded.cache_clear()


def frame(name: str, size: tuple[int, int], seed: int, smooth_by: int = 8) -> Frame:
    """A frame of patches, which any codec could have made, with noise."""
    height, width = size
    video = av.VideoFrame(width, height, name)
    random = np.random.default_rng(seed)
    top = PLANAR[name].top
    for plane in planes_of(video):
        rows, columns = -(-plane.shape[0] // smooth_by), -(-plane.shape[1] // smooth_by)
        patches = random.integers(0, top + 1, (rows, columns))
        large = patches.repeat(smooth_by, 0).repeat(smooth_by, 1)[
            : plane.shape[0], : plane.shape[1]
        ]
        noise = random.integers(-(top // 50) - 1, top // 50 + 2, plane.shape)
        plane[...] = np.clip(large + noise, 0, top)
    return Frame(video, 0, Fraction(1, 25))


def coarse_alpha(shape: tuple[int, int], seed: int) -> np.ndarray:
    """Alpha with flat parts of 0 and of 1, and all between."""
    random = np.random.default_rng(seed)
    blocks = random.normal(0.5, 0.8, (-(-shape[0] // 4), -(-shape[1] // 4)))
    alpha = blocks.repeat(4, 0).repeat(4, 1)[: shape[0], : shape[1]]
    return np.clip(alpha + random.normal(0, 0.1, shape), 0, 1).astype(np.float32)


def dense_alpha(size: tuple[int, int], seed: int) -> np.ndarray:
    """Full-size alpha, flat in most tiles."""
    height, width = size
    random = np.random.default_rng(seed)
    kinds = random.integers(0, 4, (-(-height // 16), -(-width // 16)))
    alpha = random.random(size).astype(np.float32)
    large = kinds.repeat(16, 0).repeat(16, 1)[:height, :width]
    alpha[large == 0], alpha[large == 1] = 0, 1
    return alpha


def planes(video: av.VideoFrame) -> list[np.ndarray]:
    """Copies of a frame's planes, as signed numbers."""
    return [plane.astype(np.int64) for plane in planes_of(video)]


def assert_near(ours: list[np.ndarray], theirs: list[np.ndarray], most: int = 1) -> None:
    """Planes are the same but for rounding."""
    for one, other in zip(ours, theirs, strict=True):
        assert np.abs(one.astype(np.int64) - other.astype(np.int64)).max(initial=0) <= most


@given(SIZES, SEEDS)
@TRIES
def test_cutting_and_joining_tiles_is_exact(size, seed):
    """Tiles, whole planes and means over cells are the same to the bit."""
    alpha = dense_alpha(size, seed)
    ours, theirs = both(lambda: TiledAlpha.of(alpha))
    np.testing.assert_array_equal(ours.kinds, theirs.kinds)
    np.testing.assert_array_equal(ours.values, theirs.values)
    np.testing.assert_array_equal(ours.dense(), alpha)
    for factor in (2, 4, 8):
        one, other = both(lambda factor=factor: reduced_alpha(ours, factor))
        np.testing.assert_array_equal(one, other)


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 20), SEEDS)
@TRIES
def test_box_sums_are_exact(height, width, radius, seed):
    """They are added in the same order."""
    values = np.random.default_rng(seed).normal(0, 1, (2, height, width)).astype(np.float32)
    ours, theirs = both(lambda: box_sum(values, radius))
    np.testing.assert_array_equal(ours, theirs)


@given(SIZES, SIZES, st.floats(0.5, 1), SEEDS)
@TRIES
def test_grids_resampled_are_exact(old, new, covered, seed):
    """Also where the old grid covers only a part of the new one."""
    values = np.random.default_rng(seed).normal(0, 1, old).astype(np.float32)
    extent = new[0] * covered, new[1] * covered
    ours, theirs = both(lambda: resized(values, new, extent))
    np.testing.assert_array_equal(ours, theirs)


@given(st.sampled_from(FORMATS), SIZES, st.tuples(st.integers(1, 60), st.integers(1, 60)), SEEDS)
@TRIES
def test_refining(name, size, shape, seed):
    """Kinds are those of numpy, alpha is within a thousandth, 0 and 1 are 0 and 1."""
    matte = Matte(frame(name, size, seed), coarse_alpha(shape, seed))
    for how in (GuidedRefinement(), BilinearRefinement()):
        ours, theirs = both(lambda how=how: next(refine([matte], how)).tiles)
        np.testing.assert_array_equal(ours.kinds, theirs.kinds)
        np.testing.assert_allclose(ours.values, theirs.values, atol=1e-3)
        assert ours.values.min(initial=0) >= 0
        assert ours.values.max(initial=1) <= 1


@given(st.sampled_from(FORMATS), SIZES, SEEDS)
@TRIES
def test_blending(name, size, seed):
    """Planes, planes of one sample and tiles of one's own are mixed as numpy mixes them."""
    one, other = frame(name, size, seed), frame(name, size, seed + 1)
    alpha = TiledAlpha.of(dense_alpha(size, seed))
    own = edge_colours(one, alpha)
    flat = tuple(plane[:1, :1] for plane in other.planes)
    for background, tiles in ((other.planes, None), (flat, None), (flat, own)):
        ours, theirs = both(lambda b=background, t=tiles: planes(blended(one, alpha, b, t)))
        assert_near(ours, theirs)


@given(st.sampled_from(FORMATS), SIZES, SEEDS)
@TRIES
def test_edge_colours(name, size, seed):
    """The person's colours differ by at most one level; samples without partial alpha are kept."""
    image, alpha = frame(name, size, seed), TiledAlpha.of(dense_alpha(size, seed))
    ours, theirs = both(lambda: planes(decontaminated(image, alpha)))
    assert_near(ours, theirs)
    flat = (alpha.dense() == 0) | (alpha.dense() == 1)
    np.testing.assert_array_equal(ours[0][flat], image.luma[flat])


@given(st.integers(1, 70), st.integers(1, 70), SEEDS)
@TRIES
def test_blurred_colours(height, width, seed):
    """Both blurs, around partial cells, and 0 elsewhere."""
    small = np.random.default_rng(seed).random((3, height, width)).astype(np.float32) * 255
    alpha = coarse_alpha((height, width), seed)
    ours, theirs = both(lambda: blurred_colours(small, alpha))
    np.testing.assert_allclose(ours, theirs, atol=1e-3)


@given(SIZES, SEEDS, st.sampled_from([(0, 255), (16, 235), (64, 940), (0, 65535)]))
@TRIES
def test_alpha_written_out(size, seed, levels):
    """Whole numbers are those that numpy rounds to."""
    alpha = dense_alpha(size, seed)
    matte = Matte(frame("gbrp", size, seed), TiledAlpha.of(alpha))
    target = np.empty(size, np.uint8 if levels[1] < 256 else np.uint16)
    write_alpha(matte.plane, *levels, target)
    np.testing.assert_array_equal(target, quantised(alpha, *levels))


@given(SIZES, st.sampled_from(FORMATS), SEEDS)
@TRIES
def test_reduced_frames(size, name, seed):
    """Means over cells, whose sums of whole numbers are exact."""
    image = frame(name, size, seed)
    factor = colour_subsampling(image)
    ours, theirs = both(lambda: reduced(image.with_video(image.video), factor))
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)


@given(st.integers(1, 60), st.integers(1, 60), SEEDS)
@TRIES
def test_coarse_frames(height, width, seed):
    """Luma and halved colours are the same to the bit, and so is what a cut is."""
    shape, one = (height, width), frame("yuv444p", (97, 131), seed)
    other = frame("yuv444p", (97, 131), seed + 1)
    image = one.scaled(width, height)

    def fresh() -> Frame:
        """The same frame, with nothing known but this image of it."""
        same = one.with_video(one.video)
        same.once(("scaled", width, height), lambda: image)
        return same

    for make in (coarse_luma, half_colours):
        ours, theirs = both(lambda make=make: make(fresh(), shape))
        np.testing.assert_allclose(ours, theirs, atol=1e-7)
    lumas = coarse_luma(one, shape), coarse_luma(other, shape)
    assert len(set(both(lambda: is_cut(*lumas)))) == 1


@given(st.integers(1, 50), st.integers(1, 50), st.integers(1, 9), SEEDS)
@TRIES
def test_smoothing(height, width, count, seed):
    """The window's means over mattes on one grid."""
    still = frame("yuv420p", (64, 96), seed)
    mattes = [Matte(still, coarse_alpha((height, width), seed + i)) for i in range(count)]
    window = WindowMean(3)
    ours, theirs = both(lambda: [matte.alpha for matte in smooth(mattes, window)])
    np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_smoothing_where_the_grid_changes():
    """Mattes on other grids than those before are mixed by numpy, and the next by the kernels."""
    still = frame("yuv420p", (64, 96), 3)
    shapes = [(10, 16)] * 4 + [(20, 32)] * 6 + [(10, 16)] * 4
    mattes = [Matte(still, coarse_alpha(shape, i)) for i, shape in enumerate(shapes)]
    ours, theirs = both(lambda: [matte.alpha for matte in smooth(mattes)])
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


@TRIES
@given(SIZES, SEEDS)
def test_unsure_regions(size, seed):
    """Which cells go, which are new, and what is remembered, over three frames."""
    rng = np.random.default_rng(seed)
    levels = np.array([0.0, 0.2, 0.5, 0.99, 1.0], np.float32)
    alphas = rng.choice(levels, (3, *size), p=[0.4, 0.1, 0.3, 0.1, 0.1])

    def work() -> list[Any]:
        last, none = np.full(size, -np.inf), np.zeros(size, bool)
        found = [unsure(alpha, 0.7 * index, 0.95, last, 3) for index, alpha in enumerate(alphas)]
        return [*(none if each is None else each for pair in found for each in pair), last]

    for ours, theirs in zip(*both(work), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@given(st.integers(1, 40), st.integers(1, 40), SEEDS)
@TRIES
def test_people(height, width, seed):
    """Boxes and how sure they are."""
    alpha = coarse_alpha((height, width), seed)
    ours, theirs = both(lambda: CropMatte(WHOLE, alpha))
    assert (ours.people, ours.confidence) == (theirs.people, theirs.confidence)


@given(st.sampled_from(FORMATS), st.tuples(st.integers(16, 150), st.integers(16, 150)), SEEDS)
@TRIES
def test_keying(name, size, seed):
    """Alpha by a green screen that fills most of the frame."""
    image = frame(name, size, seed)
    format_ = PLANAR[name]
    screen = (0.9, 0.1, 0.1) if format_.is_rgb else (0.5, 0.2, 0.2)
    for plane, level in zip(image.planes, screen, strict=True):
        plane[: plane.shape[0] * 3 // 4] //= 8
        plane[: plane.shape[0] * 3 // 4] += np.array(level * format_.top, plane.dtype)
    matte = Matte(image, TiledAlpha.of(dense_alpha(size, seed)))
    ours, theirs = both(lambda: next(key([matte], ChromaKey("green"))).alpha)
    np.testing.assert_allclose(ours, theirs, atol=1e-3)


@given(st.sampled_from(YUV), SIZES, st.floats(0, 6), SEEDS)
@TRIES
def test_despilling(name, size, angle, seed):
    """Chroma of any hue, where alpha is above 0."""
    image, alpha = frame(name, size, seed), TiledAlpha.of(dense_alpha(size, seed))
    hue = float(np.cos(angle)) / 2, float(np.sin(angle)) / 2
    for limit in ("average", "maximum"):
        ours, theirs = both(lambda limit=limit: planes(despilled(image, alpha, hue, limit).video))
        assert_near(ours, theirs)


@given(SIZES, st.floats(-64, 64), SEEDS)
@TRIES
def test_choking(size, pixels, seed):
    """Any radius, and between radii; alpha has sixteen bits in the kernel."""
    alpha = TiledAlpha.of(dense_alpha(size, seed))
    ours, theirs = both(lambda: choked(alpha, pixels).dense())
    np.testing.assert_allclose(ours, theirs, atol=2e-5)
    dense, window = alpha.dense(), 2 * ceil(abs(pixels)) + 1
    least, most = (work(dense, window, mode="nearest") for work in (minimum_filter, maximum_filter))
    flat = (least == 1) | (most == 0)
    np.testing.assert_array_equal(ours[flat], dense[flat])


@given(SIZES, st.floats(0.1, 64), st.sampled_from(["both", "inward", "outward"]), SEEDS)
@TRIES
def test_feathering(size, pixels, side, seed):
    """Any width, to either side."""
    alpha = TiledAlpha.of(dense_alpha(size, seed))
    ours, theirs = both(lambda: feathered(alpha, pixels, side).dense())
    np.testing.assert_allclose(ours, theirs, atol=5e-5)


@given(st.integers(1, 60), st.integers(1, 60), st.floats(0.2, 50), SEEDS)
@TRIES
def test_gaussian_blurs(height, width, sigma, seed):
    """Small and large ones, of several planes."""
    planes = np.random.default_rng(seed).random((2, height, width)).astype(np.float32)
    ours, theirs = both(lambda: gaussian(planes, sigma, ceil(3 * sigma)))
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_any_grid_of_tiles():
    """Grids that the library does not choose itself, and one whose tiles are too large for them."""
    alpha = dense_alpha((100, 230), 5)
    for down, across in ((8, 8), (64, 16), (24, 48), (96, 96)):
        grid = Grid(100, 230, down, across)
        tiles = grid.tiled(alpha)
        lowest, highest = tiles.min(axis=(1, 3)), tiles.max(axis=(1, 3))
        kinds = np.full(lowest.shape, Kind.PARTIAL, np.uint8)
        kinds[highest <= 0], kinds[lowest >= 1] = Kind.CLEAR, Kind.SOLID
        rows, columns = np.nonzero(kinds == Kind.PARTIAL)
        tiled = TiledAlpha(grid, kinds, tiles[rows, :, columns, :])
        np.testing.assert_array_equal(tiled.dense(), alpha)
        one, other = frame("yuv420p", (100, 230), 1), frame("yuv420p", (100, 230), 2)
        ours, theirs = both(lambda t=tiled, a=one, b=other: planes(blended(a, t, b.planes)))
        assert_near(ours, theirs)


def test_what_does_not_fit_is_refused():
    """Neither planes of other sizes nor alphas that lack values are read past their ends."""
    image = frame("yuv420p", (64, 64), 0)
    alpha = TiledAlpha.of(dense_alpha((64, 64), 0))
    with pytest.raises(SettingError, match="background is 64x32; by the alpha it must be 64x64"):
        blended(image, alpha, frame("yuv420p", (32, 64), 0).planes)
    short = TiledAlpha(alpha.grid, alpha.kinds, alpha.values[:-1])
    with pytest.raises(ValueError, match="values"):
        blended(image, short, image.planes)
