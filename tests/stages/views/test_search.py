"""People beside others: searched for in parts of the frame, and followed in views of their own."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest

from sinet_video.media.convert import planes_of
from sinet_video.media.frame import Frame
from sinet_video.models.input_settings import InputSize
from sinet_video.planes.components import label
from sinet_video.stages.follow import follow
from sinet_video.stages.matte_settings import BilinearRefinement, Following
from sinet_video.stages.refine import refine
from sinet_video.stages.segment import segment
from sinet_video.stages.views.box import WHOLE, Box, tiles
from sinet_video.stages.views.search import PARTS
from sinet_video.stages.views.side_views import Side, alone, merged, same, side_of
from sinet_video.stages.views.viewport import CropMatte

HEIGHT, WIDTH = 288, 512
SIZE = InputSize(exact=(128, 96))

Disc = tuple[float, float, float]
"""Middle, down and across, and radius, in pixels."""

LARGE: Disc = (150, 150, 90)
SMALL: Disc = (90, 420, 14)
"""Of this the network sees 51 cells in the whole frame, and 205 in a half."""


def disc_mask(*discs: Disc) -> np.ndarray:
    """Where bright discs are."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    return np.any([np.hypot(rows - y, columns - x) < r for y, x, r in discs], axis=0)


def image(*discs: Disc, pts: int = 0) -> Frame:
    """Bright discs on a background that grows lighter to the right, 25 frames a second."""
    video = av.VideoFrame(WIDTH, HEIGHT, "yuv420p")
    luma, *chroma = planes_of(video)
    luma[...] = np.where(disc_mask(*discs), 230, np.linspace(20, 60, WIDTH))
    for plane in chroma:
        plane[...] = 128
    return Frame(video, pts, Fraction(1, 25), 1)


class Large:
    """A segmenter of what is bright, that finds only what has so many cells."""

    def __init__(self, least: int = 100) -> None:
        self.least, self.seen = least, 0

    def __call__(self, seen: np.ndarray) -> np.ndarray:
        self.seen += 1
        alpha = np.clip((seen[..., 0].astype(np.float32) - 80) / 100, 0, 1)
        labels, sizes, _ = label(alpha > 0.3)
        return np.where((sizes >= self.least)[labels], alpha, np.float32(0))


class Lopsided(Large):
    """The same, but of a mirror image it finds only what is very large, as of a false find."""

    def __call__(self, seen: np.ndarray) -> np.ndarray:
        first, *_, last = np.median(seen[..., 0], axis=0)
        self.least = 3000 if first > last else 100
        return super().__call__(seen)


def shares(frames: list[Frame], disc: Disc, segmenter: Large | None = None) -> list[float]:
    """How much of a disc is in the matte of each frame."""
    mattes = refine(follow(frames, segmenter or Large(), size=SIZE), BilinearRefinement(0, 1))
    mask = disc_mask(disc)
    return [float((matte.alpha > 0.5)[mask].mean()) for matte in mattes]


def test_a_small_person_beside_a_large_one_is_found():
    """From the first frame on, and held; a look at the whole frame shows the large one alone."""
    frames = [image(LARGE, SMALL, pts=i) for i in range(6)]
    whole = refine(segment(frames, Large(), size=SIZE), BilinearRefinement(0, 1))
    assert not any((matte.alpha > 0.5)[disc_mask(SMALL)].any() for matte in whole)
    assert min(shares(frames, SMALL)) > 0.85
    assert min(shares(frames, LARGE)) > 0.95


def test_a_small_person_is_followed():
    """In a view that moves along."""
    discs = [(90 + i, 440 - 3 * i, 14.0) for i in range(25)]
    frames = [image(LARGE, disc, pts=i) for i, disc in enumerate(discs)]
    mattes = refine(follow(frames, Large(), size=SIZE), BilinearRefinement(0, 1))
    for matte, disc in zip(mattes, discs, strict=True):
        assert (matte.alpha > 0.5)[disc_mask(disc)].mean() > 0.8


def test_the_large_person_stays_as_without_following():
    """Bit for bit, on the grid of the whole frame."""
    frames = [image(LARGE, SMALL, pts=i) for i in range(3)]
    plain = segment(frames, Large(), size=SIZE)
    for one, other in zip(follow(frames, Large(), size=SIZE), plain, strict=True):
        assert one.alpha.shape == other.alpha.shape
        np.testing.assert_array_equal(one.alpha[:, :75], other.alpha[:, :75])
        assert one.alpha[:, 90:].any()
        assert not other.alpha[:, 90:].any()


def test_what_a_mirrored_look_does_not_show_is_nobody():
    """The same small disc is not believed if the network does not find it in the mirror image."""
    frames = [image(LARGE, SMALL, pts=i) for i in range(3)]
    assert max(shares(frames, SMALL, Lopsided())) == 0
    assert min(shares(frames, LARGE, Lopsided())) > 0.95


@pytest.mark.parametrize(
    ("disc", "believed"), [((90, 505, 14), False), ((280, 420, 14), False), ((90, 485, 14), True)]
)
def test_what_reaches_a_border_of_the_frame_is_not_believed(disc, believed):
    """It may be the back of a chair; farther inside it is found."""
    frames = [image(LARGE, disc, pts=i) for i in range(3)]
    assert (shares(frames, disc)[-1] > 0.8) == believed


def test_what_is_far_too_small_is_not_believed():
    """A speck stays one, however sure the network is of it in a close look."""
    speck = (90, 420, 6)
    frames = [image(LARGE, speck, pts=i) for i in range(3)]
    assert max(shares(frames, speck, Large(20))) == 0


def test_who_comes_later_is_found_by_their_motion():
    """At the next search or the one after, though the turn of that part is far off."""
    first = [image(LARGE, pts=i) for i in range(20)]
    later = (250, 470, 14)
    assert (
        max(i for i, part in enumerate(PARTS[:9]) if part.contains(Box(0.8, 0.88, 0.92, 0.95))) > 3
    )
    frames = first + [image(LARGE, later, pts=20 + i) for i in range(27)]
    found = shares(frames, later)
    assert max(found[:20]) == 0
    assert found[-1] > 0.8


def test_who_leaves_is_gone_soon():
    """Within two frames a view of their own shows nobody any more, and then it ends."""
    frames = [image(LARGE, SMALL, pts=i) for i in range(3)]
    frames += [image(LARGE, pts=3 + i) for i in range(20)]
    segmenter = Large()
    mattes = list(follow(frames, segmenter, size=SIZE))
    assert mattes[2].alpha[:, 90:].any()
    assert not any(matte.alpha[:, 90:].any() for matte in mattes[5:])
    before = segmenter.seen
    list(follow(frames[:3], segmenter, size=SIZE))
    # Looks at nobody's view end within half a second of the last that showed somebody.
    assert before - (segmenter.seen - before) < 20 + 14 + 2


def test_many_people_are_all_found():
    """Those near each other share a view; one view is examined in every other frame."""
    crowd = [(60, 330, 14), (60, 380, 14), (150, 480, 14), (240, 330, 14), (230, 420, 14)]
    frames = [image(LARGE, *crowd, pts=i) for i in range(8)]
    segmenter = Large()
    alphas = [
        matte.alpha > 0.5
        for matte in refine(follow(frames, segmenter, size=SIZE), BilinearRefinement(0, 1))
    ]
    for disc in crowd:
        assert min(float(alpha[disc_mask(disc)].mean()) for alpha in alphas) > 0.7
    some = segmenter.seen
    list(follow(frames[:4], segmenter, size=SIZE))
    assert some - (segmenter.seen - some) == 4 + 2


def test_each_part_of_a_job_searches_anew():
    """As if the frames before it had not been."""
    frames = [image(LARGE, (90, 440 - 3 * i, 14.0), pts=i) for i in range(20)]
    both = list(follow(frames, Large(), size=SIZE, part_of=lambda frame: frame.pts // 10))
    for one, other in zip(both[10:], follow(frames[10:], Large(), size=SIZE), strict=True):
        np.testing.assert_array_equal(one.alpha, other.alpha)


def test_without_magnification_nobody_is_searched_for():
    """At a zoom of 1 the network sees each whole frame, and nothing else."""
    segmenter = Large()
    frames = [image(LARGE, SMALL, pts=i) for i in range(3)]
    list(follow(frames, segmenter, Following(zoom=1), size=SIZE))
    assert segmenter.seen == 3


# Side views.


def two_people() -> CropMatte:
    """A view of the middle of the frame: one person inside, and one whom the view cuts off."""
    alpha = np.zeros((40, 60), np.float32)
    alpha[10:20, 10:20] = 1
    alpha[10:30, 50:] = 1
    return CropMatte(Box(0.25, 0.25, 0.75, 0.75), alpha)


def test_a_view_shows_only_its_own_people():
    """Whoever was not known there is removed, and so is a larger person whom the view cuts off."""
    seen = two_people()
    inside, outer = (region.box for region in seen.regions)
    shown, boxes = alone(seen, [inside])
    assert boxes == (inside,)
    assert shown.alpha.sum() == 100
    assert alone(seen, [Box(outer.top, outer.left, outer.top + 0.05, outer.right)])[1] == ()
    assert alone(seen, [Box(0, 0, 0.1, 0.1)])[1] == ()


def test_pieces_belong_to_the_person_that_they_were():
    """A person of whom the network loses the middle is still followed whole."""
    seen = two_people()
    (inside, _) = (region.box for region in seen.regions)
    seen.alpha[14:16, 10:20] = 0
    shown, boxes = alone(CropMatte(seen.view, seen.alpha), [inside])
    assert boxes == (inside,)
    assert shown.alpha.sum() == 80


def test_a_part_of_a_person_is_the_same_person():
    """A box within a larger one is of the same person; one beside it is not."""
    person = Box(0.2, 0.2, 0.6, 0.4)
    assert same(person, Box(0.2, 0.2, 0.3, 0.4))
    assert not same(Box(0.2, 0.2, 0.3, 0.4), person)
    assert not same(person, Box(0.2, 0.35, 0.6, 0.55))


def a_side(time: Fraction = Fraction(0)) -> Side:
    """A view of one person, in the middle of the frame."""
    seen = two_people()
    side = side_of(seen, seen.view, [seen.regions[0].box], time)
    assert side is not None
    return side


def test_a_side_view_replaces_what_the_main_view_shows():
    """If it was not examined now, or somebody else touches the person, the larger alpha counts."""
    side, blurred = a_side(), np.zeros((40, 60), np.float32)
    blurred[15:20, 19:26] = 0.4
    main = CropMatte(WHOLE, blurred)
    exact = merged(main, [side], Fraction(0))
    assert exact[15:20, 20:25].min() == 1
    assert exact.sum() == pytest.approx(25)
    assert merged(main, [side], Fraction(1)).sum() > 25
    blurred[16:18, :] = 0.4
    touched = merged(CropMatte(WHOLE, blurred), [side], Fraction(0))
    assert touched[16, 0] == np.float32(0.4)
    assert touched.sum() > 25 + 0.4 * 2 * 55 - 1


def test_tiles_cover_the_frame_once():
    """And twice each way where they overlap by half."""
    assert sum((t.bottom - t.top) * (t.right - t.left) for t in tiles(4)) == pytest.approx(1)
    assert len(tiles(4)) == 16
    assert len(tiles(4, 2)) == 49
    assert all(WHOLE.contains(tile) for tile in tiles(3, 2))
