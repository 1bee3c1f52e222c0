"""The chain of stages: which of them there are, and what they remember."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sinet_video.decoding.clip import Clip
from sinet_video.decoding.probe import probe
from sinet_video.media.frame import Matte
from sinet_video.pipeline import chain
from sinet_video.pipeline.chain import CHAIN, Link, Work, chained, needs_all
from sinet_video.pipeline.convert import convert
from sinet_video.pipeline.output_kind import OutputKind
from sinet_video.pipeline.report import Meter
from sinet_video.pipeline.resuming.settings import Resume
from sinet_video.pipeline.settings import Settings
from sinet_video.stages.backgrounds import ColourBackground
from sinet_video.stages.follow import follow
from sinet_video.stages.matte_settings import EdgeShape, RegionFilter, WindowMean
from sinet_video.stages.memory import EVERYTHING, NOTHING, Memory, memory_of, remembers
from sinet_video.stages.screen.settings import ChromaKey, Despill
from sinet_video.stages.segment import segment
from sinet_video.stages.smooth import smooth

OPAQUE = OutputKind("rgb", ColourBackground(0, 255, 0))
PLAIN = ["smooth", "refine"]


@pytest.fixture
def clip(make_clip: Callable[..., Path]) -> Clip:
    """Some frames."""
    return probe(make_clip("a.mp4", width=64, height=48, frames=30))


def names(work: Work) -> list[str]:
    """The stages that mattes go through, in order."""
    meter = Meter()
    chained(iter(()), work, meter)
    return list(meter.own())


@pytest.mark.parametrize("stage", [segment, follow, *(link.stage for link in CHAIN)])
def test_every_stage_declares_what_it_remembers(stage: Callable[..., Any]) -> None:
    """Or a job that is resumed could silently come out otherwise."""
    settings = (WindowMean(),) if stage is smooth else ()
    assert isinstance(memory_of(stage, *settings), Memory)


def test_a_stage_that_declares_nothing_is_told() -> None:
    """By its name, with what to do."""

    def sharpen(mattes: Iterator[Matte]) -> Iterator[Matte]:
        yield from mattes

    with pytest.raises(TypeError, match=r"sharpen does not declare .* decorate it"):
        memory_of(sharpen)
    assert memory_of(remembers(EVERYTHING)(sharpen)) == EVERYTHING


@pytest.mark.parametrize(
    ("settings", "look", "expected"),
    [
        (Settings(), OutputKind("alpha"), PLAIN),
        (
            Settings(regions=RegionFilter(islands=0.1)),
            OutputKind("alpha"),
            ["smooth", "regions", "refine"],
        ),
        (Settings(key=ChromaKey()), OutputKind("alpha"), [*PLAIN, "key"]),
        (
            Settings(edge=EdgeShape(choke=1), core="m.png"),
            OutputKind("alpha"),
            [*PLAIN, "edge", "drawn mattes"],
        ),
        (Settings(despill=Despill()), OutputKind("alpha"), PLAIN),
        (Settings(), OPAQUE, [*PLAIN, "composite"]),
        (Settings(despill=Despill()), OPAQUE, [*PLAIN, "decontaminate", "despill", "composite"]),
        (Settings(), OutputKind("rgba"), [*PLAIN, "decontaminate", "foreground"]),
        (Settings(decontaminate=False), OutputKind("rgba"), [*PLAIN, "foreground"]),
    ],
)
def test_stages_without_effect_are_left_out(
    clip: Clip, settings: Settings, look: OutputKind, expected: list[str]
) -> None:
    """And those that are there come in order."""
    assert names(Work(settings, clip, look=look)) == expected


def test_a_source_with_alpha_has_it_heeded_and_straight_colours(clip: Clip) -> None:
    """Unless it is ignored."""
    with_alpha = replace(clip, alpha="straight")
    look = OutputKind("rgba")
    assert names(Work(Settings(), with_alpha, look=look)) == [*PLAIN, "source alpha", "foreground"]
    ignoring = Work(Settings(source_alpha="ignore"), with_alpha, look=look)
    assert names(ignoring) == [*PLAIN, "source alpha", "decontaminate", "foreground"]


@pytest.mark.parametrize(
    ("settings", "look", "expected"),
    [
        (Settings(), OPAQUE, False),
        (Settings(edge=EdgeShape(choke=1), core="m.png"), OPAQUE, False),
        (Settings(regions=RegionFilter(subject="main")), OPAQUE, True),
        (Settings(key=ChromaKey()), OPAQUE, True),
        (Settings(despill=Despill()), OPAQUE, True),
        (Settings(despill=Despill()), OutputKind("alpha"), False),
    ],
)
def test_who_remembers_more_than_is_kept_works_on_all_again(
    clip: Clip, settings: Settings, look: OutputKind, expected: bool
) -> None:
    """And a stage without effect does not matter."""
    assert needs_all(Work(settings, clip, look=look)) is expected


def brightness(image: Any) -> Any:
    """A segmenter: what is bright is the person."""
    return image.mean(2, dtype=np.float32) / 255


class StoppedError(Exception):
    """An interruption."""


@pytest.mark.parametrize("declared", [EVERYTHING, NOTHING])
def test_an_added_stage_is_resumed_by_what_it_declares(
    clip: Clip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, declared: Memory
) -> None:
    """One link is all that it takes; one that counts frames must say so to give the same bytes."""

    @remembers(declared)
    def fade(mattes: Iterator[Matte]) -> Iterator[Matte]:
        for count, matte in enumerate(mattes):
            yield matte.with_alpha(matte.alpha * (count / 30))

    link = Link("fade", fade, lambda mattes, work: fade(mattes))
    monkeypatch.setattr(chain, "CHAIN", (CHAIN[0], link, *CHAIN[1:]))
    options: dict[str, Any] = {"show": "alpha", "settings": Settings(segmenter=brightness)}
    plain = convert(clip.path, tmp_path / "plain.mkv", **options)
    assert "fade" in plain.stages

    def stop(frames: int, _: object) -> None:
        if frames == 20:
            raise StoppedError

    options["resume"] = Resume(0.2)
    with pytest.raises(StoppedError):
        convert(clip.path, tmp_path / "o.mkv", progress=stop, **options)
    resumed = convert(clip.path, tmp_path / "o.mkv", **options)
    assert 0 < resumed.resumed < 30
    whole = convert(clip.path, tmp_path / "whole.mkv", **options)
    assert whole.resumed == 0
    same = (tmp_path / "o.mkv").read_bytes() == (tmp_path / "whole.mkv").read_bytes()
    assert same is (declared == EVERYTHING)
