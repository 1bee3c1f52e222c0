"""Alpha cut into tiles and put together again."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sinet_video.media.tiled_alpha import Grid, Kind, TiledAlpha, grid_view, tile_side


def blotches(height: int, width: int, seed: int = 0) -> np.ndarray:
    """Alpha with large areas of exactly 0 and exactly 1, and everything between."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:height, :width]
    wave = np.sin(rows / 37 + seed) + np.cos(columns / 29) + rng.normal(0, 0.05, (height, width))
    return np.clip(wave * 2, 0, 1).astype(np.float32)


@pytest.mark.parametrize(
    ("height", "width"),
    [(1, 1), (1, 100), (7, 3), (32, 32), (33, 65), (359, 641), (1080, 1920), (1920, 1080)],
)
def test_dense_undoes_cutting(height, width):
    """Cutting up and joining gives back every value, for sides that divide and that do not."""
    alpha = blotches(height, width)
    joined = TiledAlpha.of(alpha).dense()
    assert joined.dtype == np.float32
    np.testing.assert_array_equal(joined, alpha)


@given(st.integers(1, 150), st.integers(1, 150), st.integers(0, 1000))
@settings(deadline=None, max_examples=60)
def test_any_size_survives_cutting(height, width, seed):
    """No size and no frame loses a value."""
    alpha = blotches(height, width, seed)
    np.testing.assert_array_equal(TiledAlpha.of(alpha).dense(), alpha)


def test_kinds_say_what_tiles_hold():
    """A tile of zeros is clear, one of ones solid, and a single other value makes it partial."""
    alpha = np.zeros((96, 96), np.float32)
    alpha[:32, 32:64] = 1
    alpha[40, 40] = 1e-6
    alpha[64:, 64:] = 1
    alpha[95, 95] = 1 - 1e-6
    tiles = TiledAlpha.of(alpha)
    assert tiles.kinds.tolist() == [
        [Kind.CLEAR, Kind.SOLID, Kind.CLEAR],
        [Kind.CLEAR, Kind.PARTIAL, Kind.CLEAR],
        [Kind.CLEAR, Kind.CLEAR, Kind.PARTIAL],
    ]
    assert [place.tolist() for place in tiles.partial] == [[1, 2], [1, 2]]
    assert tiles.values.shape == (2, 32, 32)


def test_a_tile_of_zeros_and_ones_is_partial():
    """Where both 0 and 1 occur, numbers are kept."""
    alpha = np.zeros((32, 32), np.float32)
    alpha[:, 16:] = 1
    assert TiledAlpha.of(alpha).kinds.tolist() == [[Kind.PARTIAL]]


@pytest.mark.parametrize("value", [0, 1])
def test_flat_alpha_stores_no_values(value):
    """A plane that is 0 or 1 throughout costs nothing, and a short last tile is still flat."""
    tiles = TiledAlpha.of(np.full((50, 70), value, np.float32))
    assert len(tiles.values) == 0
    assert (tiles.kinds == (Kind.SOLID if value else Kind.CLEAR)).all()


@pytest.mark.parametrize(("down", "across"), [(1, 1), (1, 2), (2, 1), (2, 2)])
def test_reduced_is_the_mean_of_what_shares_a_sample(down, across):
    """Coarser values are the means of their blocks, tile by tile."""
    tiles = TiledAlpha.of(blotches(96, 160))
    count, height, width = tiles.values.shape
    assert count
    blocks = tiles.values.reshape(count, height // down, down, width // across, across)
    reduced = tiles.reduced(down=down, across=across)
    assert reduced.shape == (count, height // down, width // across)
    np.testing.assert_allclose(reduced, blocks.mean((2, 4)), atol=1e-6)


@pytest.mark.parametrize(("down", "across"), [(1, 1), (1, 2), (2, 2)])
def test_tiled_is_a_view_when_sides_divide(down, across):
    """No copy is made of a plane that the tiles cover exactly, even one with padded rows."""
    grid = Grid.of(1080, 1920)
    plane = np.zeros((1080 // down, 1920 // across + 64), np.uint8)[:, : 1920 // across]
    tiles = grid.tiled(plane, down=down, across=across)
    assert tiles.shape == (grid.rows, grid.down // down, grid.columns, grid.across // across)
    tiles[1, 2, 3, 4] = 200
    assert plane[grid.down // down + 2, 3 * grid.across // across + 4] == 200
    assert plane.sum() == 200


def test_tiled_repeats_the_border_when_sides_do_not_divide():
    """What reaches past the frame is a copy of its last row and column."""
    plane = np.arange(35 * 33, dtype=np.float32).reshape(35, 33)
    grid = Grid.of(35, 33)
    tiles = grid.tiled(plane)
    whole = tiles.reshape(grid.rows * grid.down, -1)
    assert not np.shares_memory(tiles, plane)
    np.testing.assert_array_equal(whole[:35, :33], plane)
    assert (whole[35:, :33] == plane[-1]).all()
    assert (whole[:35, 33:] == plane[:, -1:]).all()


def test_grid_view_shares_memory_and_refuses_another_size():
    """The whole grid is seen without a copy; a plane of another size is an error."""
    grid = Grid.of(64, 96)
    plane = np.zeros((64, 96), np.float32)
    assert np.shares_memory(grid_view(plane, grid), plane)
    with pytest.raises(ValueError, match="reshape"):
        grid_view(plane[:63], grid)


@given(st.integers(1, 4500))
@settings(deadline=None, max_examples=100)
def test_tile_sides_are_whole_for_chroma_and_cells(length):
    """Every side is a multiple of 8, divides the length if it is not 32, and is never small."""
    side = tile_side(length)
    assert side % 8 == 0
    assert 16 <= side <= 64
    assert side == 32 or length % side == 0
