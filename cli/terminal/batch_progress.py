"""How far a batch is, on stderr, and what became of it, as tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click
from sinet_video.cli.terminal.console import Console
from sinet_video.cli.terminal.events import event, write_event
from sinet_video.cli.terminal.progress import Line, clock, pace
from sinet_video.cli.terminal.remedies import in_options
from sinet_video.cli.terminal.tables import aligned, in_bytes

from sinet_video.words import counted, printable

if TYPE_CHECKING:
    from sinet_video.batches.clip_job import Outcome
    from sinet_video.batches.decide import Step
    from sinet_video.batches.estimate import Estimate
    from sinet_video.batches.pace import State

LISTED = 40
"""Up to so many clips the closing table has a row for each; of more, only those that failed."""


class BatchProgress(Line):
    """Called while clips are converted, shows how far the batch and the clip are."""

    def __init__(self, console: Console, total: int | None) -> None:
        super().__init__(quiet=console.quiet, events=console.log_json, width=78)
        self._console, self._total, self._done = console, total, 0

    def __call__(self, state: State) -> None:
        """Take note of finished frames."""
        if self._console.log_json:
            self.show(lambda _: _event(state))
        else:
            self.show(lambda _: describe(state))

    def report(self, outcome: Outcome) -> None:
        """Say what became of a clip."""
        if self._console.log_json:
            self._done += outcome.status != "skipped"
            write_event(
                outcome.status,
                source=str(outcome.source),
                output=str(outcome.output),
                matte=None if outcome.matte is None else str(outcome.matte),
                why=outcome.why,
                error=error_of(outcome),
                report=None if outcome.report is None else outcome.report.to_dict(),
            )
            return
        self.clear()
        if outcome.status == "skipped":
            self._say(f"Skipped {outcome.source}: {outcome.why}.")
            return
        self._done += 1
        of = "" if self._total is None else f" of {self._total}"
        place = f"[{self._done}{of}]"
        self._say(f"{place} {outcome.source}: {_said(outcome)}")
        if outcome.report is not None:
            if outcome.report.resumed:
                finished = counted(outcome.report.resumed, "frame")
                self._say(f"Note: {finished} had been finished before.")
            for warning in outcome.report.warnings:
                self._say(f"Note: {warning}")

    def _say(self, text: str) -> None:
        """Print a line, whatever names have in them."""
        self._console.note(printable(text))


def error_of(outcome: Outcome) -> str | None:
    """Return why a clip failed, in the words of the command."""
    if outcome.error is None:
        return None
    return in_options(outcome.error, click.get_current_context().command)


def describe(state: State) -> str:
    """Return one line: clips, time left, the clip that is at work and how far it is."""
    from sinet_video.remote.address import pure_path

    text = f"{min(state.done + 1, state.total)} of {state.total}"
    if state.seconds_left is not None:
        text += f", {clock(state.seconds_left)} left"
    text += f"; {pure_path(state.source).name}: frame {state.frames}"
    if state.expected and state.frames <= state.expected:
        text += f" of {state.expected}, {100 * state.frames // state.expected} %"
    return text


def _event(state: State) -> str:
    left = state.seconds_left
    return event(
        "progress",
        source=str(state.source),
        frame=state.frames,
        frames=state.expected,
        clips_done=state.done,
        clips=state.total,
        seconds_left=None if left is None else round(left, 1),
    )


def _said(outcome: Outcome) -> str:
    if outcome.report is None:
        return f"failed: {error_of(outcome)}"
    files = [each for each in (outcome.report.output, outcome.report.matte) if each]
    return f"{pace(outcome.report)}, wrote {' and '.join(files)}"


def closing_table(outcomes: Sequence[Outcome]) -> str:
    """Return what became of all clips: a row for each, or for each that failed, and the sums."""
    worked = [outcome for outcome in outcomes if outcome.status != "skipped"]
    listed = worked if len(worked) <= LISTED else [o for o in worked if o.status == "failed"]
    rows = [_row(outcome) for outcome in listed]
    heading = ["clip", "outcome", "frames", "seconds", "frames/s", "size"]
    lines = aligned([heading, *rows]) if rows else []
    return "\n".join([*lines, _sums(outcomes)])


def _row(outcome: Outcome) -> list[str]:
    from sinet_video.batches.estimate import size_of

    report = outcome.report
    if report is None:
        return [printable(outcome.source), "failed", "", "", "", ""]
    size = sum(size_of(each) for each in (outcome.output, outcome.matte) if each is not None)
    return [
        printable(outcome.source), "done", str(report.frames), f"{report.seconds:.1f}",
        f"{report.frames_per_second:.1f}", in_bytes(size),
    ]  # fmt: skip


def _sums(outcomes: Sequence[Outcome]) -> str:
    counts = Counter(outcome.status for outcome in outcomes)
    reports = [outcome.report for outcome in outcomes if outcome.report is not None]
    frames = sum(report.frames for report in reports)
    text = f"{counts['done']} done, {counts['failed']} failed, {counts['skipped']} skipped"
    return f"{text}; {counted(frames, 'frame')}." if frames else f"{text}."


def dry_table(steps: Sequence[Step], estimates: Sequence[Estimate], jobs: int) -> str:
    """Return what would be done with every clip and why, and what that is expected to take."""
    from sinet_video.batches.estimate import total

    known = {each.step.task.name: each for each in estimates}
    rows = [_dry_row(step, known.get(step.task.name)) for step in steps]
    seconds, size = total(estimates, jobs)
    text = f"{len(estimates)} of {len(steps)} to convert"
    if estimates:
        text += f", {jobs} at a time: about {clock(seconds)}"
        text += f", {in_bytes(size)}" if size else "; no result yet that tells how large they get"
    text += "."
    return "\n".join([*aligned([["result", "why", "time", "size"], *rows], numbers=2), text])


def _dry_row(step: Step, known: Estimate | None) -> list[str]:
    from sinet_video.remote.address import pure_path

    names = [step.task.name, *(pure_path(each).name for each in step.task.results[1:])]
    seconds, size = (None, None) if known is None else (known.seconds, known.size)
    unknown = "?" if step.wanted else "-"
    return [
        printable(" and ".join(names)),
        step.why if step.wanted else f"skipped: {step.why}",
        unknown if seconds is None else clock(seconds),
        unknown if size is None else in_bytes(size),
    ]
