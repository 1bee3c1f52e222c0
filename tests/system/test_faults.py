"""Whatever stage fails, and whoever stops: the error is heard, nothing hangs, nothing is left."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sinet_video import BilinearRefinement, EdgeShape, Encoding, Settings, convert, matte
from sinet_video.encoding import encoder_input, image_sequence, side_streams, video_file
from sinet_video.encoding.audio import Copied, Encoded
from sinet_video.pipeline import chain, job, outputs

SETTINGS = Settings(
    segmenter=lambda _: np.full((3, 5), 0.5, np.float32), refinement=BilinearRefinement()
)
PATIENCE = 30
"""Seconds to wait for what should come at once; only a failing test waits them out."""
unheard = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
"""Python itself tells of errors of generators that are let go, and goes on."""

AFTER = 6
"""Frames that come before a stage fails: by then all queues are full, or empty."""

MATTING = ["decode", "follow", "smooth", "refine", "shape_edge"]


class BrokenError(Exception):
    """What a stage raises here and nothing else does."""


@pytest.fixture(scope="module")
def source(make_clip) -> Path:
    """More frames than all queues hold, and audio."""
    return make_clip("source.mp4", width=64, height=48, frames=40, audio=True)


def breaking(stage: Callable[..., Iterator], where: str) -> Callable[..., Iterator]:
    """A stage that fails in mid-clip: before a frame, or in closing when nobody wants more."""

    def broken(*arguments: Any, **options: Any) -> Iterator:
        try:
            for count, item in enumerate(stage(*arguments, **options)):
                if where == "running" and count == AFTER:
                    raise BrokenError
                yield item
        finally:
            if where == "closing":
                raise BrokenError

    return broken


def broken(stage: str, where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a stage fail wherever jobs take it from."""
    for module in (chain, job, outputs):
        if hasattr(module, stage):
            monkeypatch.setattr(module, stage, breaking(getattr(module, stage), where))


def with_all(stage: str) -> Settings:
    """Settings by which there is such a stage."""
    return replace(SETTINGS, edge=EdgeShape(choke=1)) if stage == "shape_edge" else SETTINGS


def failing(function: Callable) -> Callable:
    """A function that fails when it is called after some times."""
    calls = iter(range(AFTER))

    def broken(*arguments: Any, **options: Any) -> Any:
        if next(calls, None) is None:
            raise BrokenError
        return function(*arguments, **options)

    return broken


def outcome(work: Callable[[], object]) -> BaseException | None:
    """What work raises; it fails the test if it has not come to an end in time."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    assert not thread.is_alive(), "it hangs"
    return raised[0] if raised else None


@pytest.fixture(autouse=True)
def no_threads_left() -> Iterator[None]:
    """Whatever happens, the threads of the job are gone when it is over."""
    yield
    assert not {"decode", "work"} & {thread.name for thread in threading.enumerate()}


@pytest.mark.parametrize("stage", MATTING)
def test_a_stage_that_fails_ends_the_iterator(stage, source, monkeypatch):
    """In mid-clip: what came before is given out, then the very error."""
    broken(stage, "running", monkeypatch)
    given = []
    error = outcome(lambda: given.extend(matte(source, settings=with_all(stage))))
    assert isinstance(error, BrokenError)
    assert len(given) <= AFTER


@pytest.mark.parametrize("stage", [*MATTING, "composite", "foreground"])
def test_a_stage_that_fails_ends_the_job(stage, source, monkeypatch, tmp_path):
    """In mid-clip: the very error, no file, and no part of one."""
    broken(stage, "running", monkeypatch)
    output = tmp_path / ("o.mov" if stage == "foreground" else "o.mp4")
    error = outcome(lambda: convert(source, output, settings=with_all(stage)))
    assert isinstance(error, BrokenError)
    assert not list(tmp_path.iterdir())


WRITING = {
    "frame": (encoder_input, "rendered_frame", "o.mp4", "copy"),
    "numbered frame": (image_sequence, "rendered_frame", "images", "copy"),
    "packet": (video_file.VideoFile, "_mux", "o.mp4", "copy"),
    "copied audio": (Copied, "feed", "o.mp4", "copy"),
    "encoded audio": (Encoded, "feed", "o.mp4", "encode"),
    "audio behind": (side_streams.SideStreams, "_next", "o.mkv", "copy"),
}
"""Where writing may fail: what has the function, its name, the output, and what audio becomes."""


@pytest.mark.parametrize("kind", WRITING)
def test_writing_that_fails_ends_the_job(kind, source, monkeypatch, tmp_path):
    """While decoding and all stages run ahead, and wait for room in their queues."""
    owner, name, output, audio = WRITING[kind]
    monkeypatch.setattr(owner, name, failing(getattr(owner, name)))
    work = lambda: convert(  # noqa: E731
        source, tmp_path / output, settings=SETTINGS, encoding=Encoding(audio=audio)
    )
    assert isinstance(outcome(work), BrokenError)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["finish", "_complete", "publish"])
def test_a_file_that_cannot_be_finished(name, source, monkeypatch, tmp_path):
    """When all frames are written, and it is not yet whole."""
    monkeypatch.setattr(video_file.VideoFile, name, breaking_at_once)
    error = outcome(lambda: convert(source, tmp_path / "o.mp4", settings=SETTINGS))
    assert isinstance(error, BrokenError)
    assert not list(tmp_path.iterdir())


def breaking_at_once(*_: object) -> None:
    """Fail."""
    raise BrokenError


@pytest.mark.parametrize("taken", [0, 1, AFTER])
@pytest.mark.parametrize("how", ["close", "raise"])
def test_a_consumer_that_stops(how, taken, source):
    """Early or late, by itself or by an error of its own; closing ends the thread of decoding."""

    def consume() -> None:
        with closing(matte(source, settings=SETTINGS)) as mattes:
            assert len(list(islice(mattes, taken))) == taken
            if how == "raise":
                raise BrokenError

    assert isinstance(outcome(consume), BrokenError if how == "raise" else type(None))


@unheard
@pytest.mark.parametrize("stage", MATTING)
def test_a_stage_that_fails_as_it_is_closed(stage, source, monkeypatch):
    """When the consumer has had enough: it may hear the error, and never waits for ever."""
    broken(stage, "closing", monkeypatch)

    def consume() -> None:
        with closing(matte(source, settings=with_all(stage))) as mattes:
            next(mattes)

    raised = type(outcome(consume))
    gc.collect()  # so that what is let go is let go here
    assert raised in (BrokenError, type(None))


@unheard
@pytest.mark.parametrize("stage", ["decode", "refine", "composite"])
def test_two_failures_at_once(stage, source, monkeypatch, tmp_path):
    """A stage and the caller's own progress: one of both errors, and no file."""
    broken(stage, "closing", monkeypatch)

    def progress(done: int, _: object) -> None:
        if done == 3:
            raise LookupError

    work = lambda: convert(  # noqa: E731
        source, tmp_path / "o.mp4", settings=SETTINGS, progress=progress
    )
    raised = type(outcome(work))
    gc.collect()
    assert raised in (BrokenError, LookupError)
    assert not list(tmp_path.iterdir())
