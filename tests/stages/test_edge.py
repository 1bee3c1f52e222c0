"""The edge of a matte moved and softened."""

from fractions import Fraction
from math import ceil

import av
import numpy as np
import pytest
import torch
from kornia.filters import gaussian_blur2d
from kornia.morphology import erosion
from scipy import ndimage

from sinet_video.errors import SettingError
from sinet_video.media.frame import Frame, Matte
from sinet_video.media.tiled_alpha import Kind, TiledAlpha
from sinet_video.stages.edge import shape_edge
from sinet_video.stages.matte_settings import EdgeShape


def shaped(
    alpha: np.ndarray, choke: float = 0, feather: float = 0, side: str = "both"
) -> np.ndarray:
    """Alpha after `shape_edge`."""
    height, width = alpha.shape
    frame = Frame(av.VideoFrame(width, height, "yuv420p"), 0, Fraction(1, 25))
    (result,) = shape_edge(
        [Matte(frame, alpha.astype(np.float32))], EdgeShape(choke, feather, side)
    )
    return result.alpha


def half_plane(edge: int = 64, width: int = 128, height: int = 40) -> np.ndarray:
    """Background left of a column and person from it on."""
    return np.tile((np.arange(width) >= edge).astype(np.float32), (height, 1))


def soft_disc() -> np.ndarray:
    """A person of sorts: a disc of radius 35 with a soft edge that crosses many tiles."""
    rows, columns = np.mgrid[:100, :110]
    far = np.hypot(rows - 50, columns - 55)
    return np.clip((35 - far) / 4 + 0.5, 0, 1).astype(np.float32)


def steep_disc(radius: float) -> np.ndarray:
    """A disc whose edge is a pixel wide, as a renderer draws it: its area is pi r^2."""
    rows, columns = np.mgrid[:120, :130]
    far = np.hypot(rows - 60.3, columns - 64.6)
    return np.clip(radius - far + 0.5, 0, 1).astype(np.float32)


def disc(radius: int, squared: int) -> np.ndarray:
    """Offsets within a squared radius."""
    across = np.arange(-radius, radius + 1)
    return across[:, None] ** 2 + across**2 <= squared


def by_scipy(alpha: np.ndarray, radius: int, *, grow: bool = False) -> np.ndarray:
    """Grey morphology by octagons and diamonds of 2 pixels, and a plus of 1."""
    work = ndimage.grey_dilation if grow else ndimage.grey_erosion
    steps = [disc(2, 4 if step % 3 == 1 else 5) for step in range(radius // 2)]
    for footprint in [*steps, disc(1, 1)] if radius % 2 else steps:
        alpha = work(alpha, footprint=footprint, mode="nearest")
    return alpha


@pytest.mark.parametrize("pixels", [1, 2, 3, 5, 8, 16, 0.5, 1.25, 6.75, -1, -4, -16, -0.5, -2.75])
def test_choke_moves_a_straight_edge_by_so_many_pixels(pixels):
    """Whole pixels move the edge sharply, fractions by a pixel in between; negative spreads."""
    rows = shaped(half_plane(), choke=pixels)
    np.testing.assert_allclose(rows.sum(1), 64 - pixels, atol=1e-3)
    assert (np.diff(rows, axis=1) >= 0).all()
    between = ((rows > 0) & (rows < 1)).sum(1)
    np.testing.assert_array_equal(between, 0 if pixels == int(pixels) else 1)


@pytest.mark.parametrize("pixels", [1, 2, 3, 7])
@pytest.mark.parametrize("sign", [1, -1])
def test_choke_is_the_morphology_of_scipy(pixels, sign):
    """A curved, soft edge becomes what scipy makes of it, over all tiles and their borders."""
    alpha = soft_disc()
    expected = by_scipy(alpha, pixels, grow=sign < 0)
    got = shaped(alpha, choke=sign * pixels)
    assert np.abs(expected - alpha).max() > 0.2
    np.testing.assert_allclose(got, expected, atol=1e-5)


@pytest.mark.parametrize("pixels", [1, 4, 9, 40, 64])
def test_choke_is_the_morphology_of_kornia(pixels):
    """The same by a second implementation, whose steps are discs of 2 pixels."""
    alpha = np.kron(soft_disc(), np.ones((4, 4), np.float32))
    work = torch.from_numpy(alpha)[None, None]
    for step in range(pixels // 2):
        work = erosion(work, torch.from_numpy(disc(2, 4 if step % 3 == 1 else 5)).float())
    if pixels % 2:
        work = erosion(work, torch.from_numpy(disc(1, 1)).float())
    np.testing.assert_allclose(shaped(alpha, choke=pixels), work[0, 0].numpy(), atol=1e-5)


@pytest.mark.parametrize(
    ("pixels", "off"), [(1, 1e-4), (7, 1e-4), (23, 1e-4), (40, 2e-3), (64, 2e-3)]
)
def test_feather_is_the_gaussian_of_kornia(pixels, off):
    """Of a quarter of the width as deviation; large ones are made on halved grids."""
    alpha = np.kron(half_plane(edge=60, width=130), np.ones((4, 4), np.float32))
    alpha[:80] = 0
    reach = max(1, ceil(pixels * 0.75))
    plane = torch.from_numpy(alpha)[None, None]
    expected = gaussian_blur2d(plane, 2 * reach + 1, (pixels / 4, pixels / 4), "replicate")
    np.testing.assert_allclose(shaped(alpha, feather=pixels), expected[0, 0].numpy(), atol=2e-3)


@pytest.mark.parametrize("pixels", [0.25, 0.5, 1, 1.5, 2, 3, 4.75, 8, 16])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_disc_shrinks_and_grows_by_so_many_pixels(pixels, sign):
    """Against the radius that it should have: of its area, to an eighth of what was asked."""
    area = shaped(steep_disc(40), choke=sign * pixels).sum()
    moved = sign * (40 - np.sqrt(area / np.pi))
    assert moved == pytest.approx(pixels, rel=0.125)


def test_what_a_square_would_do_to_a_disc_is_noticed():
    """The failing twin: erosion by 3 x 3 pixels moves a round edge by more than a quarter more."""
    area = ndimage.grey_erosion(steep_disc(40), size=(3, 3)).sum()
    assert 40 - np.sqrt(area / np.pi) > 1.25


@pytest.mark.parametrize("pixels", [2, 4, 10, 16])
def test_choke_is_nearly_round(pixels):
    """A disc keeps its shape: all around, the edge moves by the pixels asked, within 15 %."""
    choked = shaped(soft_disc(), choke=pixels)
    rows, columns = np.nonzero(choked >= 0.5)
    far = np.hypot(rows - 50, columns - 55).max()
    assert 35 - 1.15 * pixels - 1 <= far <= 35 - pixels + 1
    assert (choked >= 0.5).sum() == pytest.approx(np.pi * (35 - pixels) ** 2, rel=0.2)


@pytest.mark.parametrize("pixels", [0.5, 1.5, 2.25, 3.75, -0.75, -1.5, -2.5])
def test_between_whole_radii_choke_is_mixed_from_the_two_nearest(pixels):
    """The way from one whole radius to the next is even, also around a curve."""
    below = int(pixels)
    above = below + (1 if pixels > 0 else -1)
    near, far = shaped(soft_disc(), choke=below), shaped(soft_disc(), choke=above)
    expected = near + abs(pixels - below) * (far - near)
    np.testing.assert_allclose(shaped(soft_disc(), choke=pixels), expected, atol=1e-5)


@pytest.mark.parametrize("pixels", [2, 4, 8, 16])
def test_feather_makes_a_ramp_of_its_width(pixels):
    """A sharp edge fades monotonously over about as many pixels, centred where it was."""
    row = shaped(half_plane(), feather=pixels)[20]
    assert (np.diff(row) >= 0).all()
    assert row[63] + row[64] == pytest.approx(1, abs=1e-3)
    assert row[63] < 0.5 < row[64]
    fading = ((row > 0.02) & (row < 0.98)).sum()
    assert 0.7 * pixels <= fading <= 1.3 * pixels + 1


def test_feather_keeps_the_half_of_a_curved_edge():
    """Around a disc the half stays within a pixel of where it was."""
    before, after = soft_disc() >= 0.5, shaped(soft_disc(), feather=8) >= 0.5
    changed = before != after
    rim = ndimage.binary_dilation(before) & ~ndimage.binary_erosion(before)
    assert not (changed & ~rim).any()


@pytest.mark.parametrize("pixels", [2, 4, 8, 16])
@pytest.mark.parametrize("side", ["inward", "outward"])
def test_feather_to_one_side_leaves_the_other(pixels, side):
    """The fade ends or begins at the edge, and is as wide as the one about it."""
    row = shaped(half_plane(), feather=pixels, side=side)[20]
    added, taken = row[:64].sum(), (1 - row[64:]).sum()
    kept, faded = (added, taken) if side == "inward" else (taken, added)
    assert kept < 0.015 * pixels
    assert faded == pytest.approx(pixels / 2, rel=0.1)
    both = shaped(half_plane(), feather=pixels)[20]
    wide, narrow = (((each > 0.02) & (each < 0.98)).sum() for each in (row, both))
    assert abs(wide - narrow) <= 1
    assert both[:64].sum() > 0.05 * pixels  # the failing twin: about the edge, both sides change


@pytest.mark.parametrize(("choke", "feather"), [(16, 0), (-16, 0), (0, 16), (3.5, 7)])
def test_far_from_edges_nothing_changes(choke, feather):
    """Alpha changes within the reach of the edit and nowhere else."""
    alpha = np.zeros((192, 192), np.float32)
    alpha[55:135, 60:140] = 1
    reach = abs(choke) * 1.5 + feather + 1
    inside = ndimage.distance_transform_edt(alpha)
    outside = ndimage.distance_transform_edt(1 - alpha)
    far = (inside > reach) | (outside > reach)
    got = shaped(alpha, choke, feather)
    np.testing.assert_array_equal(got[far], alpha[far])
    assert (got != alpha).any()


@pytest.mark.parametrize("value", [0, 1])
@pytest.mark.parametrize("edge", [EdgeShape(5), EdgeShape(-5), EdgeShape(feather=5)])
def test_without_an_edge_nothing_changes(value, edge):
    """Nobody and nothing but person stay so, up to the border of the frame."""
    frame = Frame(av.VideoFrame(90, 70, "yuv420p"), 0, Fraction(1, 25))
    alpha = np.full((70, 90), value, np.float32)
    (result,) = shape_edge([Matte(frame, alpha)], edge)
    np.testing.assert_array_equal(result.alpha, alpha)


def test_no_shaping_keeps_alpha():
    """Zero choke and zero feather pass the very tiles through."""
    frame = Frame(av.VideoFrame(190, 150, "yuv420p"), 0, Fraction(1, 25))
    tiles = TiledAlpha.of(soft_disc())
    (result,) = shape_edge([Matte(frame, tiles)], EdgeShape())
    assert result.plane is tiles


@pytest.mark.parametrize(("choke", "feather"), [(9, 0), (-9, 0), (0, 12)])
def test_the_border_of_the_frame_is_no_edge(choke, feather):
    """A person cut off by the frame is neither eaten away nor softened from there."""
    alpha = half_plane()
    got = shaped(alpha, choke, feather)
    np.testing.assert_allclose(got, np.tile(got[20], (len(got), 1)), atol=1e-5)
    assert (got[:, 100:] == 1).all()


@pytest.mark.parametrize("size", [(1, 1), (3, 50), (33, 65), (97, 31)])
@pytest.mark.parametrize("edge", [EdgeShape(16, 16), EdgeShape(-3.5, 4)])
def test_any_size_is_served(size, edge):
    """Odd and tiny frames keep their shape and bounds."""
    alpha = np.random.default_rng(0).random(size)
    got = shaped(alpha, edge.choke, edge.feather)
    assert got.shape == size
    assert got.dtype == np.float32
    assert np.isfinite(got).all()
    assert got.min() >= 0
    assert got.max() <= 1


def test_an_edge_between_tiles_is_seen():
    """An edge that runs exactly between a clear and a solid tile moves like any other."""
    assert (TiledAlpha.of(half_plane(edge=96, width=192, height=32)).kinds < Kind.PARTIAL).all()
    got = shaped(half_plane(edge=96, width=192, height=32), choke=3)
    np.testing.assert_array_equal(got, half_plane(edge=99, width=192, height=32))


@pytest.mark.parametrize("pixels", [2, -3])
def test_edges_everywhere_are_all_moved(pixels):
    """A comb that crosses every tile, so that no tile has another kind beside it."""
    comb = np.tile((np.arange(128) // 11 % 2).astype(np.float32), (96, 1))
    assert (TiledAlpha.of(comb).kinds == Kind.PARTIAL).all()
    expected = by_scipy(comb, abs(pixels), grow=pixels < 0)
    np.testing.assert_allclose(shaped(comb, choke=pixels), expected, atol=1e-5)


def test_given_alpha_stays_as_it_was():
    """Shaping makes a new alpha."""
    alpha = soft_disc()
    before = alpha.copy()
    shaped(alpha, choke=4, feather=4)
    np.testing.assert_array_equal(alpha, before)


@pytest.mark.parametrize("size", [(128, 192), (45, 37)])
def test_levels_stretch_what_lies_between_the_points(size):
    """As numpy's interpolation does; tiles that become flat are stored as flat ones."""
    alpha = np.random.default_rng(3).random(size, np.float32)
    alpha[: size[0] // 2] *= 0.2
    frame = Frame.from_rgb(np.zeros((*size, 3), np.uint8))
    (got,) = shape_edge([Matte(frame, alpha)], EdgeShape(black=0.25, white=0.75))
    np.testing.assert_allclose(got.alpha, np.interp(alpha, [0.25, 0.75], [0, 1]), atol=1e-6)
    assert got.alpha[: size[0] // 2].max() == 0
    np.testing.assert_array_equal(got.tiles.kinds, TiledAlpha.of(got.alpha).kinds)


@pytest.mark.parametrize("points", [(0.5, 0.5), (0.7, 0.2), (-0.1, 1), (0, 1.1), (float("nan"), 1)])
def test_levels_out_of_range_are_refused(points):
    with pytest.raises(SettingError, match=r"[Bb]lack"):
        EdgeShape(black=points[0], white=points[1])


@pytest.mark.parametrize("edge", [{"choke": 64.1}, {"choke": -65}, {"choke": float("nan")}])
def test_choke_out_of_range_is_refused(edge):
    """Sixty-four pixels either way, and no further."""
    with pytest.raises(SettingError, match=r"[Cc]hoke"):
        EdgeShape(**edge)


@pytest.mark.parametrize("feather", [-0.1, 64.1, float("nan")])
def test_feather_out_of_range_is_refused(feather):
    """Zero to sixty-four pixels."""
    with pytest.raises(SettingError, match=r"[Ff]eather"):
        EdgeShape(feather=feather)
    assert EdgeShape(feather=64).feather == 64


def test_a_side_that_there_is_not_is_refused():
    """Both, inward or outward."""
    with pytest.raises(SettingError, match="Side is 'left'"):
        EdgeShape(feather=2, side="left")
