"""What every stage keeps to, whatever it does."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from sinet_video.errors import SettingError
from sinet_video.media.convert import planes_of
from sinet_video.media.frame import Frame, Matte
from sinet_video.read_ahead import prefetch
from sinet_video.stages.backgrounds import ColourBackground
from sinet_video.stages.blur_background import BlurBackground
from sinet_video.stages.clean_regions import filter_regions
from sinet_video.stages.composite import composite, foreground
from sinet_video.stages.decontaminate import decontaminate
from sinet_video.stages.drawn_mattes import apply_drawn_mattes
from sinet_video.stages.drop_unsure import drop_unsure
from sinet_video.stages.edge import shape_edge
from sinet_video.stages.follow import follow
from sinet_video.stages.matte_settings import (
    BilinearRefinement,
    EdgeShape,
    ExponentialAverage,
    GuidedRefinement,
    MotionAdaptive,
    RegionFilter,
    WindowMean,
)
from sinet_video.stages.memory import NOTHING, Memory, memory_of
from sinet_video.stages.refine import refine
from sinet_video.stages.screen.chroma_key import key
from sinet_video.stages.screen.despill import despill
from sinet_video.stages.screen.settings import ChromaKey, Despill
from sinet_video.stages.segment import segment
from sinet_video.stages.smooth import smooth

SIZE = (90, 122)
PTS = [0, 7, 8, 900]
DEPTH = 2


def brightness(image: np.ndarray) -> np.ndarray:
    """A segmenter: what is bright is the person."""
    return image.mean(2, dtype=np.float32) / 255


DRAWN: dict[str, Path] = {}


@pytest.fixture(scope="module", autouse=True)
def drawn(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Two files of mattes, a bar each."""
    for name, box in (("upright", (20, 0, 40, 90)), ("level", (0, 30, 122, 50))):
        bar = Image.new("L", (122, 90))
        bar.paste(255, box)
        DRAWN[name] = tmp_path_factory.mktemp("drawn") / f"{name}.png"
        bar.save(DRAWN[name])


def forced(items: Iterator) -> Iterator:
    """Both kinds of drawn mattes."""
    return apply_drawn_mattes(items, garbage=DRAWN["upright"], core=DRAWN["level"])


def spot(image: np.ndarray) -> np.ndarray:
    """A segmenter: a small person in the middle of whatever it is shown."""
    rows, columns = np.mgrid[-1:1:64j, -1:1:96j]
    return (np.hypot(rows, columns) < 0.3).astype(np.float32)


@dataclass(frozen=True)
class Stage:
    """A stage, what it takes ("frame", "coarse" or "full"), and how far it runs ahead."""

    apply: Callable[[Iterator], Iterator]
    takes: str
    ahead: int = 0


STAGES = {
    "segment": Stage(lambda items: segment(items, brightness), "frame"),
    "follow": Stage(lambda items: follow(items, spot), "frame"),
    "smooth none": Stage(lambda items: smooth(items, None), "coarse"),
    "smooth exponential": Stage(lambda items: smooth(items, ExponentialAverage()), "coarse"),
    "smooth adaptive": Stage(lambda items: smooth(items, MotionAdaptive()), "coarse"),
    "smooth window": Stage(lambda items: smooth(items, WindowMean()), "coarse", ahead=4),
    "drop unsure": Stage(lambda items: drop_unsure(items, 0.99), "coarse"),
    "tidy": Stage(lambda items: filter_regions(items, RegionFilter(0.2, 0.2, "main")), "coarse"),
    "tidy nothing": Stage(filter_regions, "coarse"),
    "refine guided": Stage(lambda items: refine(items, GuidedRefinement()), "coarse"),
    "refine bilinear": Stage(lambda items: refine(items, BilinearRefinement()), "coarse"),
    "choke": Stage(lambda items: shape_edge(items, EdgeShape(choke=2)), "full"),
    "feather": Stage(lambda items: shape_edge(items, EdgeShape(feather=3)), "full"),
    "force": Stage(forced, "full"),
    "key": Stage(lambda items: key(items, ChromaKey("#a08070")), "full"),
    "despill": Stage(lambda items: despill(items, Despill("green")), "full"),
    "decontaminate": Stage(decontaminate, "full"),
    "composite colour": Stage(lambda items: composite(items, ColourBackground(0, 255, 0)), "full"),
    "composite blur": Stage(lambda items: composite(items, BlurBackground()), "full"),
    "foreground": Stage(foreground, "full"),
    "prefetch": Stage(lambda items: prefetch(items, DEPTH), "full", ahead=DEPTH + 1),
}


@pytest.fixture(params=STAGES)
def stage(request: pytest.FixtureRequest) -> Stage:
    return STAGES[request.param]


class Source:
    """Makes what a stage takes; counts what was taken, and notes that it was closed."""

    def __init__(self, takes: str, pts: list[int] = PTS) -> None:
        self._takes, self._pts = takes, pts
        self.made: list[Matte] = []
        self.closed = False

    def items(self) -> Iterator[Matte | Frame]:
        try:
            for seed, pts in enumerate(self._pts):
                self.made.append(random_matte(seed, pts, coarse=self._takes == "coarse"))
                yield self.made[-1].frame if self._takes == "frame" else self.made[-1]
        finally:
            self.closed = True


def random_matte(seed: int, pts: int, *, coarse: bool) -> Matte:
    """A noisy frame and an alpha of large flat areas with soft edges."""
    rng = np.random.default_rng(seed)
    video = av.VideoFrame(SIZE[1], SIZE[0], "yuv420p")
    for plane in planes_of(video):
        plane[...] = rng.integers(16, 236, plane.shape)
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]] / (6 if coarse else 24)
    alpha = np.clip(np.sin(rows + seed) + np.cos(columns) + 0.5, 0, 1).astype(np.float32)
    if coarse:
        alpha = alpha[:32, :64].copy()
    return Matte(Frame(video, pts, Fraction(1, 600), 5), alpha)


@pytest.mark.parametrize("count", [0, 1, len(PTS)])
def test_count_order_and_times_stay(stage, count):
    """As many come out as went in, in order, each with its own time, also for none and one."""
    source = Source(stage.takes, PTS[:count])
    results = list(stage.apply(source.items()))
    assert [r.frame.pts for r in results] == PTS[:count]
    for result, given in zip(results, source.made, strict=True):
        assert result.time == given.time
        assert result.frame.duration == 5
    assert source.closed


def test_shapes_and_bounds_stay(stage):
    """Alpha keeps its shape, or gets the frame's, in [0, 1]; frames keep size and format."""
    source = Source(stage.takes)
    for result, given in zip(stage.apply(source.items()), source.made, strict=False):
        alpha = result.alpha
        wanted = SIZE if stage.apply in _refinements() else given.alpha.shape
        if stage.takes != "frame":
            assert alpha.shape == wanted
        assert alpha.ndim == 2
        assert alpha.dtype == np.float32
        assert np.isfinite(alpha).all()
        assert alpha.min() >= 0
        assert alpha.max() <= 1
        assert (result.frame.height, result.frame.width) == SIZE
        assert result.frame.video.format.name == "yuv420p"


def _refinements() -> list[Callable[[Iterator], Iterator]]:
    return [stage.apply for name, stage in STAGES.items() if name.startswith("refine")]


def test_given_mattes_are_not_modified(stage):
    """Samples and alphas that went in are the same after."""
    source = Source(stage.takes)
    assert len(list(stage.apply(source.items()))) == len(PTS)
    for seed, matte in enumerate(source.made):
        fresh = random_matte(seed, PTS[seed], coarse=stage.takes == "coarse")
        for one, other in zip(matte.frame.planes, fresh.frame.planes, strict=True):
            np.testing.assert_array_equal(one, other)
        np.testing.assert_array_equal(matte.alpha, fresh.alpha)


def test_a_stage_is_lazy(stage):
    """It takes no more than it gives out, but for what it may run ahead."""
    source = Source(stage.takes)
    results = stage.apply(source.items())
    assert not source.made
    for given_out in range(1, 3):
        next(results)
        assert given_out <= len(source.made) <= given_out + stage.ahead
    results.close()
    assert len(source.made) <= 2 + stage.ahead


def test_closing_a_stage_closes_its_source(stage):
    """A consumer that stops early frees what is behind all stages."""
    source = Source(stage.takes)
    results = stage.apply(source.items())
    next(results)
    assert not source.closed
    results.close()
    assert source.closed


def test_a_failing_source_is_heard(stage):
    """An error behind a stage comes out of it as it is, after what came before it."""

    def failing(source: Source) -> Iterator[Matte | Frame]:
        yield from source.items()
        raise OSError("cut off")

    results = stage.apply(failing(Source(stage.takes, PTS[:2])))
    assert [next(results).frame.pts, next(results).frame.pts] == PTS[:2]
    with pytest.raises(OSError, match="cut off"):
        next(results)


def test_two_runs_do_not_mix(stage):
    """Stages keep nothing between runs: two at once give what one after the other gives."""
    alone = [m.alpha for m in stage.apply(Source(stage.takes).items())]
    pairs = zip(
        stage.apply(Source(stage.takes).items()),
        stage.apply(Source(stage.takes).items()),
        strict=True,
    )
    for expected, pair in zip(alone, pairs, strict=True):
        for matte in pair:
            np.testing.assert_array_equal(matte.alpha, expected)


OWN = {
    "segment": (segment, ()),
    "follow": (follow, ()),
    "smooth none": (smooth, (None,)),
    "smooth exponential": (smooth, (ExponentialAverage(),)),
    "smooth adaptive": (smooth, (MotionAdaptive(),)),
    "smooth window": (smooth, (WindowMean(),)),
    "drop unsure": (drop_unsure, ()),
    "tidy": (filter_regions, ()),
    "tidy nothing": (filter_regions, ()),
    "refine guided": (refine, ()),
    "refine bilinear": (refine, ()),
    "choke": (shape_edge, ()),
    "feather": (shape_edge, ()),
    "force": (apply_drawn_mattes, ()),
    "key": (key, ()),
    "despill": (despill, ()),
    "decontaminate": (decontaminate, ()),
    "composite colour": (composite, ()),
    "composite blur": (composite, ()),
    "foreground": (foreground, ()),
}
"""Each stage's function, and the settings that decide what it remembers."""


def test_what_a_stage_remembers_is_declared():
    """Of every stage that is tested here."""
    assert OWN.keys() == STAGES.keys() - {"prefetch"}
    for function, settings in OWN.values():
        assert isinstance(memory_of(function, *settings), Memory)


@pytest.mark.parametrize(
    "name", [n for n, own in OWN.items() if memory_of(own[0], *own[1]) == NOTHING]
)
def test_what_remembers_nothing_gives_the_same_from_the_middle(name):
    """Frames that come after others are treated as if they came first."""
    stage = STAGES[name]
    whole = list(stage.apply(Source(stage.takes).items()))
    late = stage.apply(islice(Source(stage.takes).items(), 2, None))
    for one, other in zip(whole[2:], late, strict=True):
        np.testing.assert_array_equal(one.alpha, other.alpha)
        for mine, theirs in zip(one.frame.planes, other.frame.planes, strict=True):
            np.testing.assert_array_equal(mine, theirs)


def test_all_stages_in_a_row_close_their_source():
    """From segment to foreground, with a thread between, closing the last closes the first."""
    source = Source("frame", list(range(0, 600, 20)))
    ahead = prefetch(segment(source.items(), brightness), DEPTH)
    results = foreground(shape_edge(refine(smooth(ahead)), EdgeShape(choke=1, feather=1)))
    del ahead  # a generator that a name still holds is not closed by those after it
    assert next(results).alpha.shape == SIZE
    assert not source.closed
    results.close()
    assert source.closed


@pytest.mark.parametrize("name", [name for name in STAGES if name != "prefetch"])
@pytest.mark.parametrize(
    "given",
    ["talk.mp4", Path("talk.mp4"), None, 5, ["talk.mp4"], [np.zeros((4, 4, 3), np.uint8)]],
    ids=["text", "path", "none", "number", "texts", "arrays"],
)
def test_what_is_no_frame_and_no_matte_is_refused_in_a_sentence(name: str, given: Any) -> None:
    """The sentence says what the stage takes and where that comes from."""
    stage = STAGES[name]
    takes = "decode" if stage.takes == "frame" else "segment"
    with pytest.raises(SettingError, match=rf"takes (frames|mattes), such as those of {takes}\("):
        list(stage.apply(given))


def test_frames_are_no_mattes_and_mattes_no_frames() -> None:
    """Stages in the wrong order are told of."""
    frame = Frame.from_rgb(np.zeros((8, 8, 3), np.uint8))
    with pytest.raises(SettingError, match=r"smooth takes mattes.*of the type Frame"):
        list(smooth([frame]))
    with pytest.raises(SettingError, match=r"segment takes frames.*of the type Matte"):
        list(segment([Matte(frame, np.zeros((8, 8), np.float32))], brightness))


@pytest.mark.parametrize(
    "made",
    [
        lambda: segment([], "default"),
        lambda: follow([], None),
        lambda: segment([], brightness, size=64),
        lambda: follow([], spot, "near"),
        lambda: filter_regions([], "main"),
        lambda: shape_edge([], 3),
        lambda: key([], "green"),
        lambda: despill([], "green"),
    ],
)
def test_settings_of_another_type_are_refused_in_a_sentence(made: Callable[[], Iterator]) -> None:
    """Before anything is asked of the source."""
    with pytest.raises(SettingError, match="of the type"):
        list(made())


def test_the_first_argument_may_be_named() -> None:
    """As those of any function may."""
    frame = Frame.from_rgb(np.zeros((8, 8, 3), np.uint8))
    (matte,) = segment(frames=[frame], segmenter=brightness)
    assert [each.frame for each in smooth(mattes=[matte])] == [frame]
