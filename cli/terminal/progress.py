"""How far a job is, on stderr: a line that moves on a terminal, plain lines elsewhere."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Self

import click
from sinet_video.cli.terminal.events import event

from sinet_video.words import counted, printable

if TYPE_CHECKING:
    from sinet_video.decoding.clip import Clip
    from sinet_video.media.time_range import TimeRange
    from sinet_video.pipeline.report import Report

TERMINAL_SECONDS = 0.1
PLAIN_SECONDS = 5.0
EVENT_SECONDS = 0.5
"""How often progress is shown: on a terminal, as plain lines, and to programs."""


class Line:
    """A text that is shown every so often: over itself on a terminal, as plain lines elsewhere.

    `events`: the texts are for programs, each a line of its own.
    """

    def __init__(self, *, quiet: bool = False, events: bool = False, width: int = 72) -> None:
        self.quiet, self._width = quiet, width
        self._moves = not events and sys.stderr is not None and sys.stderr.isatty()
        plain = EVENT_SECONDS if events else PLAIN_SECONDS
        self._every = TERMINAL_SECONDS if self._moves else plain
        self._start = self._shown = time.monotonic()

    def show(self, text: Callable[[float], str]) -> None:
        """Show what `text` gives for the seconds since the start, if it is time again."""
        now = time.monotonic()
        if self.quiet or now - self._shown < self._every:
            return
        self._shown = now
        said = text(now - self._start)
        click.echo(self._over(said) if self._moves else said, err=True, nl=not self._moves)

    def _over(self, text: str) -> str:
        """Return what puts a text in place of the line, which must not reach the last column."""
        columns = _columns()
        width = max(1, min(self._width, columns - 1)) if columns else self._width
        return f"\r{text[:width]:<{width}}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()

    def clear(self) -> None:
        """Wipe the moving line, so that what follows starts on a clean one."""
        if self._moves and not self.quiet:
            click.echo(f"{self._over('')}\r", err=True, nl=False)


def _columns() -> int:
    """Return how wide the terminal on stderr is; 0, as some terminals say, is not known."""
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns
    except (OSError, ValueError):
        return 0


class Progress(Line):
    """Called after every frame, shows itself every so often."""

    def __init__(self, span: TimeRange, *, quiet: bool = False, events: bool = False) -> None:
        from sinet_video.pipeline.report import expected_frames

        super().__init__(quiet=quiet, events=events)
        self._span, self._expected = span, expected_frames
        self._before: int | None = None

    @property
    def begun(self) -> bool:
        """Whether a frame was finished."""
        return self._before is not None

    def __call__(self, frames: int, clip: Clip) -> None:
        """Take note of a finished frame; those that an earlier run finished took no time."""
        before = self._before = frames - 1 if self._before is None else self._before
        self.show(
            lambda spent: self.describe(frames, self._expected(clip, self._span), spent, before)
        )

    def restart(self) -> None:
        """Count time from now on: what was before is no work on frames."""
        self._start = self._shown = time.monotonic()

    def describe(self, frames: int, expected: int | None, seconds: float, before: int) -> str:
        """Return what is shown of a finished frame."""
        return describe(frames, expected, seconds, before)

    def finish(self, report: Report) -> None:
        """Say what was done."""
        self.clear()
        if self.quiet:
            return
        if report.resumed:
            finished = counted(report.resumed, "frame")
            click.echo(f"Note: {finished} had been finished before.", err=True)
        for warning in report.warnings:
            click.echo(printable(f"Note: {warning}"), err=True)
        files = [each for each in (report.output, report.matte, report.plate) if each]
        click.echo(
            f"Wrote {printable(' and '.join(files))}: {pace(report)}, {report.encoder}, "
            f"alpha {report.alpha}, audio {report.audio}.",
            err=True,
        )


def pace(report: Report) -> str:
    """Return how many frames there were, and how long they took."""
    if report.frames == 1:
        return f"1 frame in {report.seconds:.1f} s"
    if report.resumed == report.frames:
        return f"{report.frames} frames"
    speed = f"{report.frames_per_second:.1f} frames/s"
    return f"{report.frames} frames in {report.seconds:.1f} s ({speed})"


class JsonProgress(Progress):
    """The same for programs: a JSON object a line."""

    def __init__(self, span: TimeRange, *, quiet: bool = False) -> None:
        super().__init__(span, quiet=quiet, events=True)

    def describe(self, frames: int, expected: int | None, seconds: float, before: int) -> str:
        """Return the event of a finished frame."""
        speed = (frames - before) / seconds if seconds > 0 else 0.0
        left = (expected - frames) / speed if expected and speed else None
        return event(
            "progress",
            frame=frames,
            frames=expected,
            seconds=round(seconds, 3),
            frames_per_second=round(speed, 2),
            seconds_left=None if left is None else round(max(0.0, left), 1),
        )

    def finish(self, report: Report) -> None:
        """Write the report."""
        click.echo(event("done", report=report.to_dict()), err=True)


def describe(frames: int, expected: int | None, seconds: float, before: int = 0) -> str:
    """Return one line: frames, share, speed, time left; `before` frames are of an earlier run."""
    speed = (frames - before) / seconds if seconds > 0 else 0.0
    if not expected or frames > expected:
        return f"frame {frames}, {speed:.1f} frames/s"
    left = (expected - frames) / speed if speed else 0.0
    return (
        f"frame {frames} of {expected}, {100 * frames // expected} %, {speed:.1f} frames/s, "
        f"{clock(left)} left"
    )


def clock(seconds: float) -> str:
    """Return h:mm:ss, without hours where there are none."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


class Counting(Line):
    """Called with how many are done, and of how many; shows it every so often."""

    def __init__(self, noun: str, *, quiet: bool) -> None:
        super().__init__(quiet=quiet)
        self._noun = noun

    def __call__(self, done: int, total: int) -> None:
        """Take note."""
        self.show(lambda _: f"{self._noun} {done} of {total}, {100 * done // total} %")


class Ticker(Line):
    """Called after every image or frame, shows itself on stderr every so often."""

    def __init__(self, what: str, *, quiet: bool = False) -> None:
        super().__init__(quiet=quiet, width=100)
        self._what = what

    def __call__(self, done: int, total: int | None) -> None:
        """Take note of something finished."""
        self.show(lambda spent: f"{self._what}: {describe(done, total, spent)}")
