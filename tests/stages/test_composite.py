"""Putting the person over something else."""

from fractions import Fraction

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sinet_video.media.blend import black
from sinet_video.media.convert import planes_of
from sinet_video.media.frame import Frame, Matte
from sinet_video.media.pixel_formats import PLANAR
from sinet_video.media.tiled_alpha import Kind, TiledAlpha
from sinet_video.stages.composite import composite, foreground
from sinet_video.stages.matte_settings import BilinearRefinement, GuidedRefinement
from sinet_video.stages.refine import refine

FORMATS = [
    *(f"yuv{chroma}p{depth}" for chroma in (420, 422, 444) for depth in ("", "10le", "12le")),
    *("yuv440p", "yuv411p", "yuv410p", "yuv422p16le", "gbrp", "gbrp12le"),
]
SIZES = [(64, 96), (63, 97), (96, 33), (1, 1), (2, 5), (181, 150)]


class Behind:
    """A background of given planes."""

    def __init__(self, *planes: np.ndarray) -> None:
        self._planes = planes

    def planes(self, matte: Matte) -> tuple[np.ndarray, ...]:
        return self._planes


def random_frame(name: str, size: tuple[int, int], seed: int = 0, pts: int = 0) -> Frame:
    """A frame of noise; `size` is (height, width)."""
    rng = np.random.default_rng(seed)
    video = av.VideoFrame(size[1], size[0], name)
    for plane in planes_of(video):
        plane[...] = rng.integers(0, 2 ** PLANAR[name].bits, plane.shape)
    return Frame(video, pts, Fraction(1, 12800), 512)


def copies(frame: Frame) -> tuple[np.ndarray, ...]:
    return tuple(plane.copy() for plane in frame.planes)


def person(size: tuple[int, int], share: float, seed: int = 0) -> np.ndarray:
    """Alpha of which about `share` is 1 and the rest 0, with a soft edge aslant between."""
    rows, columns = np.mgrid[: size[0], : size[1]]
    across = columns + 0.7 * rows + 6 * np.sin(rows / 9 + seed)
    edge = np.quantile(across, 1 - share) + {0.0: 9, 1.0: -9}.get(share, 0)
    return np.clip((across - edge) / 8 + 0.5, 0, 1).astype(np.float32)


def reduced(alpha: np.ndarray, down: int, across: int) -> np.ndarray:
    """Means of blocks of 1, 2 or 4 samples, in the order that makes them exact in float32."""
    alpha = np.pad(alpha, [(0, -alpha.shape[0] % down), (0, -alpha.shape[1] % across)], mode="edge")
    while down > 1:
        alpha, down = (alpha[::2] + alpha[1::2]) * np.float32(0.5), down // 2
    while across > 1:
        alpha, across = (alpha[:, ::2] + alpha[:, 1::2]) * np.float32(0.5), across // 2
    return alpha


def naive(frame: Frame, alpha: np.ndarray, behind) -> list[tuple[np.ndarray, ...]]:
    """For each plane the alpha of its samples and the blend, by the formula, in float32."""
    result = []
    chroma = (frame.format.down, frame.format.across)
    for source, back, shared in zip(frame.planes, behind, ((1, 1), chroma, chroma), strict=True):
        share = reduced(alpha, *shared)
        front, under = source.astype(np.float32), back.astype(np.float32)
        result.append((share, under + share * (front - under)))
    return result


@given(
    st.sampled_from(FORMATS),
    st.integers(1, 90),
    st.integers(1, 90),
    st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0]),
    st.integers(0, 999),
)
@settings(deadline=None, max_examples=80)
def test_blend_is_exact(name, height, width, share, seed):
    """Untouched bytes where alpha is 1, the background's where it is 0, the formula between."""
    size = height, width
    frame, back = random_frame(name, size, seed), random_frame(name, size, seed + 1)
    alpha = person(size, share, seed)
    (result,) = composite([Matte(frame, alpha)], Behind(*back.planes))
    expected = naive(frame, alpha, back.planes)
    planes = zip(result.frame.planes, frame.planes, back.planes, expected, strict=True)
    for got, front, behind, (shares, blend) in planes:
        assert got.dtype == front.dtype
        np.testing.assert_array_equal(got[shares == 1], front[shares == 1])
        np.testing.assert_array_equal(got[shares == 0], behind[shares == 0])
        np.testing.assert_array_equal(got, np.rint(blend).astype(got.dtype))


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("size", SIZES)
def test_blend_is_near_the_formula_in_double(name, size):
    """Rounding costs at most one code value, also at 10 bits and at odd sizes."""
    frame, back = random_frame(name, size), random_frame(name, size, 1)
    alpha = np.random.default_rng(2).random(size, dtype=np.float32)
    (result,) = composite([Matte(frame, alpha)], Behind(*back.planes))
    chroma = (frame.format.down, frame.format.across)
    for index, (got, front, behind) in enumerate(
        zip(result.frame.planes, frame.planes, back.planes, strict=True)
    ):
        shares = reduced(alpha, *(chroma if index else (1, 1))).astype(float)
        assert np.abs(got - (behind + shares * (front.astype(float) - behind))).max() <= 1


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("share", [0.1, 0.9])
def test_one_sample_stands_for_a_plane(name, share):
    """A plane of one value is the same as that value throughout, clear or solid frame alike."""
    frame = random_frame(name, (181, 150))
    alpha = person((181, 150), share)
    mostly = np.bincount(TiledAlpha.of(alpha).kinds.ravel(), minlength=3)
    assert mostly[Kind.CLEAR if share < 0.5 else Kind.SOLID] * 2 > mostly.sum()
    values = [np.full((1, 1), value, frame.luma.dtype) for value in (37, 90, 200)]
    whole = [np.full_like(p, v[0, 0]) for p, v in zip(frame.planes, values, strict=True)]
    short, long = (
        next(composite([Matte(frame, alpha)], Behind(*planes))).frame.planes
        for planes in (values, whole)
    )
    for one, other in zip(short, long, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("share", [0.1, 0.9])
@pytest.mark.parametrize("size", [(180, 320), (181, 321)])
def test_mostly_clear_and_mostly_solid_blend_alike(share, size):
    """Whichever frame is copied first, the result is the formula's."""
    frame, back = random_frame("yuv420p", size), random_frame("yuv420p", size, 1)
    alpha = person(size, share)
    clear = (TiledAlpha.of(alpha).kinds == Kind.CLEAR).mean()
    assert clear > 0.5 if share < 0.5 else clear < 0.5
    (result,) = composite([Matte(frame, alpha)], Behind(*back.planes))
    for got, (_, blend) in zip(result.frame.planes, naive(frame, alpha, back.planes), strict=True):
        np.testing.assert_array_equal(got, np.rint(blend))


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("size", [(54, 940), (53, 940), (359, 641), (601, 333)])
@pytest.mark.parametrize("how", [GuidedRefinement(), BilinearRefinement()])
def test_refined_tiles_blend_as_their_alpha_says(name, size, how):
    """What tiles hold past the frame does not show in the last chroma of odd sizes."""
    frame, back = random_frame(name, size), random_frame(name, size, 1)
    coarse = np.random.default_rng(3).random((24, 32), dtype=np.float32)
    (matte,) = refine([Matte(frame, coarse)], how)
    as_tiles, as_array = (
        next(composite([m], Behind(*back.planes))).frame.planes
        for m in (matte, matte.with_alpha(np.ascontiguousarray(matte.alpha)))
    )
    for one, other in zip(as_tiles, as_array, strict=True):
        np.testing.assert_array_equal(one, other)


def test_composite_keeps_everything_but_the_frame():
    """Count, order, pts, alpha and colour tags stay; nothing is taken before it is asked for."""
    frames = [random_frame("yuv420p", (48, 64), i, pts) for i, pts in enumerate((0, 700, 1300))]
    for frame in frames:
        frame.video.colorspace, frame.video.color_range = 1, 2
        frame.video.color_primaries, frame.video.color_trc = 9, 16
    mattes = [Matte(f, person((48, 64), 0.5, i)) for i, f in enumerate(frames)]
    results = list(composite(mattes, Behind(*frames[0].planes)))
    assert [r.frame.pts for r in results] == [0, 700, 1300]
    for before, after in zip(mattes, results, strict=True):
        assert after.plane is before.plane
        assert after.frame.duration == 512
        video = after.frame.video
        assert (int(video.colorspace), int(video.color_range)) == (1, 2)
        assert (int(video.color_primaries), int(video.color_trc)) == (9, 16)


@pytest.mark.parametrize("name", FORMATS)
def test_inputs_are_not_modified(name):
    """The frame and the background keep their samples, whatever is made of them."""
    frame, back = random_frame(name, (63, 97)), random_frame(name, (63, 97), 1)
    before = copies(frame), copies(back)
    matte = Matte(frame, person((63, 97), 0.5))
    (result,) = composite([matte], Behind(*back.planes))
    list(foreground([matte]))
    for kept, now in zip(before, (frame, back), strict=True):
        for one, other in zip(kept, now.planes, strict=True):
            np.testing.assert_array_equal(one, other)
    assert not np.shares_memory(result.frame.luma, frame.luma)
    assert not np.shares_memory(result.frame.luma, back.luma)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("size", [(320, 480), (319, 481)])
def test_foreground_keeps_what_is_near_the_person(name, size):
    """Wherever alpha is above 0, and a margin around, the bytes are the source's; else black."""
    frame = random_frame(name, size)
    alpha = np.zeros(size, np.float32)
    alpha[150:170, 200:230] = 0.5
    alpha[155:165, 205:225] = 1
    (result,) = foreground([Matte(frame, alpha)])
    assert result.frame.pts == frame.pts
    np.testing.assert_array_equal(result.alpha, alpha)
    near, far = np.zeros(size, bool), np.ones(size, bool)
    near[150 - 30 : 170 + 30, 200 - 30 : 230 + 30] = True
    far[150 - 128 : 170 + 128, 200 - 128 : 230 + 128] = False
    kind = frame.format
    for index, (got, source, value) in enumerate(
        zip(result.frame.planes, frame.planes, black(frame), strict=True)
    ):
        down, across = (kind.down, kind.across) if index else (1, 1)
        close, away = near[::down, ::across], far[::down, ::across]
        assert away.any()
        np.testing.assert_array_equal(got[close], source[close])
        assert (got[away] == value).all()


@pytest.mark.parametrize("value", [0, 1])
def test_foreground_of_nobody_and_of_all(value):
    """No person: black throughout. Nothing but person: the source."""
    frame = random_frame("yuv420p", (70, 100))
    (result,) = foreground([Matte(frame, np.full((70, 100), value, np.float32))])
    for got, source, dark in zip(result.frame.planes, frame.planes, black(frame), strict=True):
        np.testing.assert_array_equal(got, source if value else np.full_like(source, dark[0, 0]))


@pytest.mark.parametrize(
    ("name", "color_range", "values"),
    [
        ("yuv420p", 0, (16, 128, 128)),
        ("yuv420p", 1, (16, 128, 128)),
        ("yuv420p", 2, (0, 128, 128)),
        ("yuvj444p", 0, (0, 128, 128)),
        ("yuv422p10le", 1, (64, 512, 512)),
        ("yuv422p10le", 2, (0, 512, 512)),
    ],
)
def test_black_is_black_in_every_format(name, color_range, values):
    """Limited range starts at 16, full at 0, and ten bits have four times the values."""
    frame = random_frame(name, (16, 16))
    frame.video.color_range = color_range
    planes = black(frame)
    assert [plane.shape for plane in planes] == [(1, 1)] * 3
    assert tuple(int(plane[0, 0]) for plane in planes) == values
    for target, plane in zip(frame.planes, planes, strict=True):
        assert plane.dtype == target.dtype
        target[...] = plane
    assert frame.rgb.max() <= 1
