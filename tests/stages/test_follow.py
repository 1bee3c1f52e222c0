"""People followed, so that they are seen larger."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import partial
from itertools import pairwise

import av
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sinet_video.errors import SettingError
from sinet_video.media.convert import matrix_of, planes_of
from sinet_video.media.frame import Frame, Matte
from sinet_video.models.input_settings import InputSize
from sinet_video.quality.metrics import foreground_iou
from sinet_video.stages.follow import follow
from sinet_video.stages.matte_settings import BilinearRefinement, Following
from sinet_video.stages.refine import refine
from sinet_video.stages.segment import segment
from sinet_video.stages.smooth import smooth
from sinet_video.stages.views.box import HALVES, QUARTERS, WHOLE, Box, fit_view, joined
from sinet_video.stages.views.search import PARTS
from sinet_video.stages.views.second_look import SecondLook
from sinet_video.stages.views.viewport import CropMatte, CropSegmenter, spread

HEIGHT, WIDTH = 288, 512
SIZE = InputSize(exact=(128, 96))
"""What the network sees: of a disc of 6 pixels, next to nothing."""

Disc = tuple[float, float, float]
"""Middle, down and across, and radius, in pixels of the stored frame."""


def disc_mask(*discs: Disc, height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    """Where bright discs are."""
    rows, columns = np.mgrid[:height, :width] + 0.5
    inside = [np.hypot(rows - y, columns - x) < radius for y, x, radius in discs]
    return np.any(inside, axis=0) if inside else np.zeros((height, width), bool)


def image(*discs: Disc, pts: int = 0, dark: int = 40, **fields: object) -> Frame:
    """A dark frame with bright discs, 25 a second."""
    video = av.VideoFrame(WIDTH, HEIGHT, "yuv420p")
    luma, *chroma = planes_of(video)
    luma[...] = np.where(disc_mask(*discs), 230, dark)
    for plane in chroma:
        plane[...] = 128
    return Frame(video, pts, Fraction(1, 25), 1, **fields)  # type: ignore[arg-type]


class Bright:
    """A segmenter of what is bright, that finds nothing smaller than so many pixels."""

    def __init__(self, smallest: int = 0) -> None:
        self.smallest, self.seen = smallest, 0

    def __call__(self, seen: np.ndarray) -> np.ndarray:
        self.seen += 1
        alpha = np.clip((seen[..., 0].astype(np.float32) - 60) / 140, 0, 1)
        return alpha if (alpha > 0.5).sum() >= self.smallest else 0 * alpha


def raised(mattes: Iterator[Matte]) -> list[np.ndarray]:
    """Mattes at full size, as booleans."""
    return [matte.alpha > 0.5 for matte in refine(mattes, BilinearRefinement(0, 1))]


def followed(frames: list[Frame], segmenter: Bright | None = None) -> list[Matte]:
    return list(follow(frames, segmenter or Bright(), size=SIZE))


class Scripted(Bright):
    """One that finds nothing at some of its looks, which are counted from 1."""

    def __init__(self, *blind: int) -> None:
        super().__init__()
        self.blind = blind

    def __call__(self, seen: np.ndarray) -> np.ndarray:
        found = super().__call__(seen)
        return 0 * found if self.seen in self.blind else found


def second_of(frame: Frame, segmenter: Bright, *, following: bool) -> tuple[Matte, np.ndarray]:
    """A matte, and its alpha by a second look."""
    second = SecondLook(segmenter, SIZE)
    stage = partial(follow, second=second) if following else segment
    matte = next(stage(iter([frame]), segmenter, size=SIZE))
    return matte, second(matte)


# The stage.


def test_a_small_person_is_found_better():
    """A disc that wanders through the frame is found far more exactly than without following."""
    discs = [(140 + i, 100 + 6 * i, 14.0) for i in range(40)]
    frames = [image(disc, pts=i) for i, disc in enumerate(discs)]
    with_it = raised(follow(frames, Bright(), size=SIZE))
    without = raised(segment(frames, Bright(), size=SIZE))
    for index, disc in enumerate(discs):
        truth = disc_mask(disc)
        assert foreground_iou(with_it[index], truth) > 0.9
        assert foreground_iou(with_it[index], truth) > foreground_iou(without[index], truth)


def test_who_is_too_small_for_the_whole_is_searched_for():
    """Whom no look at the whole frame shows is found by looks at its parts, from the start."""
    frames = [image((200, 300 + 2 * i, 12.0), pts=i) for i in range(8)]
    alphas = raised(follow(frames, Bright(100), size=SIZE))
    assert not any(alpha.any() for alpha in raised(segment(frames, Bright(100), size=SIZE)))
    for index, alpha in enumerate(alphas):
        assert foreground_iou(alpha, disc_mask((200, 300 + 2 * index, 12.0))) > 0.85


def test_what_is_only_perhaps_somebody_is_not_found():
    """A search takes only whom the network is sure of; the same, surely seen, is found."""
    frames = [image((200, 300, 12.0), pts=i) for i in range(3)]

    def doubtful(seen: np.ndarray) -> np.ndarray:
        return np.float32(0.7) * Bright(100)(seen)

    assert not any(alpha.any() for alpha in raised(follow(frames, doubtful, size=SIZE)))
    assert all(alpha.any() for alpha in raised(follow(frames, Bright(100), size=SIZE)))


def test_who_comes_later_is_found_in_a_while():
    """Where there is nobody, every frame has one part searched in its turn."""
    rounds = len(HALVES + QUARTERS)
    empty, segmenter = [image(pts=i) for i in range(3)], Bright(100)
    later = [image((200, 300, 12.0), pts=3 + i) for i in range(rounds + 1)]
    alphas = raised(follow(empty + later, segmenter, size=SIZE))
    assert not alphas[2].any()
    assert alphas[-1].any()


def test_a_second_look_is_at_the_mirror_image():
    """Who sees the left of an image alone sees the right of a frame then."""

    class Left(Bright):
        def __call__(self, seen: np.ndarray) -> np.ndarray:
            found = super().__call__(seen)
            found[:, found.shape[1] // 2 :] = 0
            return found

    matte, second = second_of(image((144, 128, 30), (144, 384, 30)), Left(), following=False)
    left, right = np.array_split(matte.alpha > 0.5, 2, 1)
    assert (left.any(), right.any()) == (True, False)
    left, right = np.array_split(second > 0.5, 2, 1)
    assert (left.any(), right.any()) == (False, True)


def test_a_second_look_at_a_closer_view():
    """It is on the grid of the first, and finds the same."""
    matte, second = second_of(image((140, 100, 14)), Bright(), following=True)
    assert second.shape == matte.alpha.shape
    assert foreground_iou(second > 0.5, matte.alpha > 0.5) > 0.9


def test_who_is_not_in_the_whole_frame_must_be_in_a_wider_view_too():
    """The first look is at the whole; the last two, a closer and a wider one, are the second."""
    frame, counted = image((140, 100, 14)), Scripted()
    second_of(frame, counted, following=True)
    closer, wider = counted.seen - 1, counted.seen

    def found(*blind: int) -> bool:
        matte, second = second_of(frame, Scripted(*blind), following=True)
        assert matte.alpha.any()
        return bool(second.any())

    assert found()
    assert found(1)
    assert found(wider)
    assert not found(closer)
    assert not found(1, wider)


def test_nobody_is_seen_as_without_following():
    """Where there is nobody, alpha is that of the whole frame, on its own grid."""
    frames = [image(pts=i) for i in range(4)]
    segmenter, plain = Bright(), segment(frames, Bright(), size=SIZE)
    for one, other in zip(followed(frames, segmenter), plain, strict=True):
        np.testing.assert_array_equal(one.alpha, other.alpha)
    assert segmenter.seen == 4 + len(HALVES + QUARTERS) + 3


def test_who_fills_the_frame_is_seen_as_without_following():
    """Alpha is the same bit for bit, at one look a frame, and some for others beside."""
    frames = [image((144, 250 + i, 90.0), pts=i) for i in range(30)]
    segmenter = Bright()
    mattes = followed(frames, segmenter)
    for one, other in zip(mattes, segment(frames, Bright(), size=SIZE), strict=True):
        np.testing.assert_array_equal(one.alpha, other.alpha)
    assert len(frames) < segmenter.seen <= len(frames) + len(PARTS) + 2


def test_two_people_are_both_kept():
    """The view has both in it, also when they part."""
    discs = [((150, 200 - 3 * i, 12.0), (160, 260 + 3 * i, 12.0)) for i in range(40)]
    frames = [image(*both, pts=i) for i, both in enumerate(discs)]
    for alpha, both in zip(raised(follow(frames, Bright(), size=SIZE)), discs, strict=True):
        for person in both:
            mask = disc_mask(person)
            assert alpha[mask].mean() > 0.85


def test_who_comes_in_beside_is_seen_at_the_next_look():
    """A second person far from the view is found within the time between looks."""
    first, second = (150, 120, 14.0), (150, 420, 14.0)
    frames = [image(first, pts=i) for i in range(5)]
    frames += [image(first, second, pts=5 + i) for i in range(14)]
    alphas = raised(follow(frames, Bright(), size=SIZE))
    assert not alphas[5][disc_mask(second)].any()
    assert alphas[-1][disc_mask(second)].mean() > 0.6
    assert alphas[-1][disc_mask(first)].mean() > 0.6


def test_reaching_the_border_widens_the_view_at_once():
    """Who grows beyond the view from one frame to the next is whole in that next frame."""
    frames = [image((150, 250, 12.0), pts=0), image((150, 250, 60.0), pts=1)]
    alphas = raised(follow(frames, Bright(), size=SIZE))
    assert foreground_iou(alphas[1], disc_mask((150, 250, 60.0))) > 0.95


def test_a_cut_begins_anew():
    """After a cut people are where they are, not where they were."""
    frames = [image((60, 80, 14.0), pts=0), image((220, 430, 14.0), pts=1, dark=120)]
    alphas = raised(follow(frames, lambda seen: Bright()(seen) * (seen > 200)[..., 0], size=SIZE))
    assert foreground_iou(alphas[1], disc_mask((220, 430, 14.0))) > 0.85


def test_the_view_moves_without_a_jump():
    """While a view comes nearer to a still person, alpha changes by next to nothing a frame."""
    frames = [image((150, 250, 80.0), pts=i) for i in range(3)]
    frames += [image((150, 250, 25.0), pts=3 + i) for i in range(30)]
    mattes = list(smooth(follow(frames, Bright(), size=SIZE)))
    assert mattes[2].alpha.shape != mattes[-1].alpha.shape
    alphas = [matte.alpha for matte in refine(iter(mattes), BilinearRefinement(0, 1))]
    area = disc_mask((150, 250, 25.0)).mean()
    changes = [np.abs(b - a).mean() / area for a, b in pairwise(alphas[4:])]
    assert max(changes) < 0.1
    assert foreground_iou(alphas[-1] > 0.5, disc_mask((150, 250, 25.0))) > 0.95


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("aspect", [Fraction(1), Fraction(4, 3)])
@pytest.mark.parametrize("mirrored", [False, True])
def test_turned_frames_and_oblong_pixels(rotation, aspect, mirrored):
    """Alpha lies where the person is stored, however the frame is to be shown."""
    disc = (70, 390, 16.0)
    fields = {"rotation": rotation, "mirrored": mirrored, "sample_aspect": aspect}
    frames = [image(disc, pts=i, **fields) for i in range(3)]
    for alpha in raised(follow(frames, Bright())):
        assert foreground_iou(alpha, disc_mask(disc)) > 0.9


def test_the_network_sees_parts_undistorted():
    """A disc that is shown round is round to the segmenter, also with oblong pixels, turned."""

    def measured(seen: np.ndarray) -> np.ndarray:
        alpha = Bright()(seen)
        mask = alpha > 0.5
        shapes.append((int(mask.any(1).sum()), int(mask.any(0).sum())))
        return alpha

    for rotation in (0, 90):
        shapes: list[tuple[int, int]] = []
        frames = [image((140, 256, 20.0), rotation=rotation)]
        list(follow(frames, measured, size=InputSize(60_000)))
        whole, closer, *_ = shapes
        assert closer[0] > 1.5 * whole[0]
        assert abs(closer[0] / closer[1] - 1) < 0.1


def test_each_part_of_a_job_begins_anew():
    """As if the frames before it had not been; within a part people are followed on."""
    frames = [image((150, 100 + 5 * i, 14.0), pts=i) for i in range(20)]
    both = list(follow(frames, Bright(), size=SIZE, part_of=lambda frame: frame.pts // 10))
    for one, other in zip(both[10:], followed(frames[10:]), strict=True):
        np.testing.assert_array_equal(one.alpha, other.alpha)
    in_one = followed(frames)
    assert any((a.alpha != b.alpha).any() for a, b in zip(both, in_one, strict=True))


@pytest.mark.parametrize(
    ("fields", "words"),
    [({"margin": 0}, "Margin is 0"), ({"every": -1}, "Every is -1"), ({"zoom": 0.5}, "Zoom is")],
)
def test_settings_that_cannot_be(fields, words):
    """Each is refused with what it must be."""
    with pytest.raises(SettingError, match=f"{words}.*must be"):
        Following(**fields)


# Parts of frames.


shares = st.floats(0, 1)


@st.composite
def boxes(draw) -> Box:
    """Any box in the frame with sides of a fiftieth and more."""
    top, left = draw(st.floats(0, 0.97)), draw(st.floats(0, 0.97))
    return Box(top, left, draw(st.floats(top + 0.02, 1)), draw(st.floats(left + 0.02, 1)))


@given(boxes(), st.floats(1, 6))
def test_a_view_holds_its_people_in_the_frame(people, zoom):
    """It has the frame's aspect, lies in the frame, and is never smaller than allowed."""
    view = fit_view(people, Following(zoom=zoom))
    assert view.contains(people)
    assert WHOLE.contains(view)
    assert view.size >= 1 / zoom - 1e-9
    assert view.bottom - view.top == pytest.approx(view.right - view.left)


@given(boxes(), boxes(), shares)
def test_boxes(one, other, share):
    """Joining holds both, going towards another ends there, likeness is symmetric."""
    both = joined(one, None, other)
    assert both is not None
    assert both.contains(one)
    assert both.contains(other)
    assert 0 <= one.iou(other) == pytest.approx(other.iou(one))
    assert one.iou(one) == pytest.approx(1)
    assert one.towards(other, 1).contains(other)
    assert both.contains(one.towards(other, share))


def test_joining_nothing():
    """No boxes have none around them."""
    assert joined(None, None) is None


@settings(deadline=None, max_examples=60)
@given(boxes(), st.sampled_from(["yuv420p", "yuv422p", "yuv444p", "yuv420p10le"]), st.booleans())
def test_a_part_lies_where_it_is_from(box, pixel_format, odd):
    """Seen through a part and put back, a ramp is itself there, and 0 elsewhere."""
    height, width = (121, 203) if odd else (120, 200)
    video = av.VideoFrame(width, height, pixel_format)
    for plane in planes_of(video):
        plane[...] = 512 if "10" in pixel_format else 128
    luma = planes_of(video)[0]
    ramp = 0.2 + 0.6 * np.arange(width) / width
    luma[...] = np.round((ramp * 219 + 16) * (4 if "10" in pixel_format else 1))
    frame = Frame(video, 0, Fraction(1, 25))
    eye = CropSegmenter(frame, lambda seen: seen[..., 0] / np.float32(255), (96, 64))
    seen = eye.answer(box)
    assert seen.view.contains(box)
    alpha = spread(seen)
    rows, columns = (np.flatnonzero((alpha > 0).any(axis)) for axis in (1, 0))
    if len(rows) and len(columns):
        inside = alpha[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        middles = (columns[0] + np.arange(inside.shape[1]) + 0.5) / alpha.shape[1]
        expected = 0.2 + 0.6 * middles
        assert np.abs(inside[:, 2:-2] - expected[2:-2]).max(initial=0) < 0.03
        assert abs(len(rows) / alpha.shape[0] - (seen.view.bottom - seen.view.top)) < 0.02
    assert (alpha[: rows[0] if len(rows) else None] == 0).all()


@settings(deadline=None)
@given(boxes(), st.integers(1, 40), st.integers(1, 40))
@example(WHOLE, 1, 1)
def test_mass_is_kept(box, height, width):
    """All of a view that is person is all of its place in the frame, and nothing else is.

    The grid is twice as fine, but for the whole frame, which keeps its own.
    """
    alpha = spread(CropMatte(box, np.ones((height, width), np.float32)))
    finer = 1 if box == WHOLE else 2
    assert alpha.shape == (finer * height, finer * width)
    assert set(np.unique(alpha)) <= {0, 1}
    area = (box.bottom - box.top) * (box.right - box.left)
    assert abs(alpha.mean() - area) <= 1 / (2 * height) + 1 / (2 * width)


def test_people_and_borders():
    """Specks are nobody; whoever reaches a border of a view, but not of the frame, is cut."""
    alpha = np.zeros((20, 40), np.float32)
    alpha[3, 5] = alpha[10, 30] = 1
    assert CropMatte(WHOLE, alpha).people is None
    alpha[10:, 12:20] = 1
    people = CropMatte(WHOLE, alpha).people
    assert people == Box(0.5, 0.3, 1, 0.5)
    assert not CropMatte(WHOLE, alpha).cuts(people)
    part = CropMatte(Box(0.25, 0.25, 0.75, 0.75), alpha)
    assert part.people == Box(0.5, 0.4, 0.75, 0.5)
    assert part.cuts(part.people)
    low = CropMatte(Box(0.5, 0.25, 1, 0.75), alpha)
    assert not low.cuts(low.people)


def test_sureness():
    """The share of plain person in all that is not plain background; 0 where there is nobody."""
    alpha = np.zeros((20, 40), np.float32)
    assert CropMatte(WHOLE, alpha).confidence == 0
    alpha[:3], alpha[3:5], alpha[5:7] = 1, 0.5, 0.05
    assert CropMatte(WHOLE, alpha).confidence == pytest.approx(0.6)


def test_parts_cover_the_frame():
    """Whoever is at most half as large as a part is whole in one of them."""
    for parts, size in ((HALVES, 0.25), (QUARTERS, 0.125)):
        for top in np.linspace(0, 1 - size, 23):
            for left in np.linspace(0, 1 - size, 23):
                person = Box(top, left, top + size, left + size)
                assert any(part.contains(person) for part in parts)


def test_an_untagged_part_keeps_the_matrix_of_its_frame():
    """Players read untagged frames by their height; a part is read as the whole is."""
    video = av.VideoFrame(1280, 720, "yuv420p")
    for plane in planes_of(video):
        plane[...] = 100
    frame = Frame(video, 7, Fraction(1, 25))
    part, place = frame.cropped(101.5, 33, 301, 400.2)
    assert place == (100, 32, 302, 402)
    assert (part.height, part.width, part.pts) == (202, 370, 7)
    assert matrix_of(part.video) == matrix_of(video)
    np.testing.assert_array_equal(part.rgb, frame.rgb[100:302, 32:402])
