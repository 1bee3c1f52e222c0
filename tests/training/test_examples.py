"""The worst are kept, few and small."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sinet_video.quality.top_k import TopK
from sinet_video.training.evaluate.examples import SIDE, Example, reduced


def example(name: str, badness: float) -> Example:
    """An example of which only the name matters."""
    nothing = np.zeros((2, 2), np.float32)
    return Example(name, badness, None, nothing, nothing)


@given(st.lists(st.floats(0, 1), max_size=40))
def test_the_worst_are_kept(badnesses: list[float]) -> None:
    """Whatever the order, as sorting all of them would say."""
    worst = TopK(5)
    for index, badness in enumerate(badnesses):
        worst.offer(index, badness, lambda i=index, b=badness: example(str(i), b))
    assert [each.badness for each in worst] == sorted(badnesses, reverse=True)[:5]


def test_one_of_a_group() -> None:
    """Of what looks alike only the worst stays, and it makes room for others."""
    worst = TopK(2)
    for name, group, badness in (("a", 0, 0.5), ("b", 0, 0.9), ("c", 0, 0.7), ("d", 1, 0.1)):
        worst.offer(group, badness, lambda n=name, b=badness: example(n, b))
    assert [each.name for each in worst] == ["b", "d"]


def test_only_what_is_kept_is_made() -> None:
    """Most frames of a long clip cost nothing."""
    worst = TopK(1)
    worst.offer(0, 0.5, lambda: example("a", 0.5))
    worst.offer(1, 0.4, lambda: pytest.fail("made in vain"))
    worst.offer(0, 0.5, lambda: pytest.fail("made in vain"))
    assert [each.name for each in worst] == ["a"]


@pytest.mark.parametrize(
    ("shape", "size"), [((640, 1280), (320, 160)), ((90, 40), (40, 90)), ((3200, 1), (1, 320))]
)
def test_examples_are_small(shape: tuple[int, int], size: tuple[int, int]) -> None:
    """To a longer side of 320, in their own aspect; what is small stays as it is."""
    assert reduced(shape) == size
    image = np.full((*shape, 3), 200, np.uint8)
    found = Example.of("a", 0.1, image, *np.ones((2, *shape), np.float32))
    assert found.image is not None
    assert found.image.shape == (size[1], size[0], 3)
    assert found.alpha.shape == found.truth.shape == (size[1], size[0])
    assert max(found.alpha.shape) <= SIDE


def test_a_tile_shows_four_things() -> None:
    """The image, what was made of it, what is true, and where they differ."""
    image = np.full((10, 20, 3), 100, np.uint8)
    alpha, truth = np.ones((10, 20), np.float32), np.zeros((10, 20), np.float32)
    tile = Example("a", 1.0, image, alpha, truth).tile("caption")
    assert tile.caption == "caption"
    assert tile.image.shape == (20, 40, 3)
    assert (tile.image[:10] == 100).all()  # all person, nothing drowned
    assert (tile.image[10:, :20, 1] < 50).all()  # true is background: drowned in magenta
    assert (tile.image[10:, :20, 0] > 200).all()
    assert (tile.image[10:, 20:] == 255).all()


def test_a_tile_without_an_image() -> None:
    """The mattes themselves, as gray."""
    alpha, truth = np.ones((10, 20), np.float32), np.full((10, 20), 0.4, np.float32)
    tile = Example("a", 1.0, None, alpha, truth).tile("caption")
    corners = [tile.image[r, c, 0] for r, c in ((0, 0), (0, -1), (-1, 0), (-1, -1))]
    assert corners == [255, 102, 153, 0]
