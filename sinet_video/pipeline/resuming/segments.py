"""Resumable jobs: output is written in segments, and finished segments are kept.

Frames run through the whole job without a break, and only the encoders restart for each segment, so
no seams are visible. Resuming needs only what the last finished segment left: its last frame and
coarse alpha, from which smoothing continues as if it had never stopped. Followed people are
searched for again in each segment.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict
from fractions import Fraction
from math import floor
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from sinet_video.atomic import translate_write_errors
from sinet_video.decoding.concealment import Tally
from sinet_video.encoding.open_sink import check_output
from sinet_video.encoding.sink import Sink
from sinet_video.errors import InputError, OutputError, Remedy
from sinet_video.media.frame import Frame, Matte
from sinet_video.pipeline.outputs import Output, Read, Writing, roles
from sinet_video.pipeline.resuming.job_folder import Alphas, JobFolder
from sinet_video.pipeline.resuming.job_state import SegmentBoundary, checksum, recognised
from sinet_video.pipeline.resuming.segment_files import segments_of
from sinet_video.pipeline.resuming.settings import Resume
from sinet_video.publish import Publication
from sinet_video.stages.matte_settings import Smoothing
from sinet_video.stages.memory import memory_of
from sinet_video.stages.smooth import smooth

if TYPE_CHECKING:
    from sinet_video.pipeline.chain import Smoother

OVERLAP = 1
"""Seconds at the end of a segment whose frames are remembered by checksum."""

FEWEST = 8
"""Frames that must match before a file that is read from the middle is trusted to decode exactly as
if it were read from the beginning.
"""


class Segments(Writing):
    """The files of a job, in segments that remain if it is interrupted.

    `job` describes the job, as `fingerprint.of_job` does. With `again`, all frames are processed
    again and the finished ones are only not written, for stages that remember more of earlier
    frames than is stored. Otherwise, after an interruption, `begun` is called with the times of the
    first frame and of the first unfinished one. The job's folder is named after
    `place`, or else after the output.
    """

    def __init__(
        self,
        outputs: list[Output],
        job: dict[str, str],
        resume: Resume,
        *,
        overwrite: bool,
        again: bool,
        begun: Callable[[Fraction, Fraction], None],
        place: Path | None = None,
    ) -> None:
        self.tally = Tally()
        self._seconds, self._overwrite, self._begun = Fraction(resume.seconds), overwrite, begun
        self._again = again
        self._kept = JobFolder(place or outputs[0].path, job, overwrite=overwrite)
        self._parts = [
            segments_of(output, self._kept, role)
            for output, role in zip(outputs, roles(outputs), strict=True)
        ]
        self._first = Fraction(0)
        self._looks: dict[int, list[tuple[int, int]]] = {}
        self._alphas: dict[int, Alphas] = {}
        self._held, self._open = ExitStack(), ExitStack()
        self._sinks: list[Sink] = []
        self._number, self._frames, self._pts = -1, 0, 0
        self._done = -1

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.enter_context(self._kept)
            for output in (parts.output for parts in self._parts):
                # Once everything is made, an existing file may be ours.
                anyway = self._overwrite or self._kept.finished.made is not None
                check_output(
                    output.path,
                    output.clip.path,
                    form=output.encoding.format,
                    overwrite=anyway,
                )
            self._load_state()
            self._held = stack.pop_all()
        return self

    def _load_state(self) -> None:
        finished = self._kept.finished
        self.resumed = finished.frames
        self._done = max((number for number, _ in finished.segments), default=-1)
        if finished.seam is not None:
            self._first, self.end = finished.seam.first, finished.seam.end
            if not self._again:
                self._begun(self._first, self.end)
        if finished.seam is not None and finished.complete:
            self.tally = Tally(**finished.seam.tally)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._held:
            if kind is None:
                with translate_write_errors(self._parts[0].output.path):
                    self._kept.clear()
            else:
                self._open.__exit__(kind, error, trace)

    @property
    def _goes_on(self) -> bool:
        """Whether processing starts at a seam."""
        finished = self._kept.finished
        return finished.seam is not None and not (finished.complete or self._again)

    def frames(self, read: Read) -> Iterator[Frame]:
        """Yield all frames, or those from the last finished one on; see `Writing.frames`."""
        finished = self._kept.finished
        if finished.complete:
            return
        seam = finished.seam if self._goes_on else None
        frames = read(None, self.tally) if seam is None else self._going_on(read, seam)
        for index, frame in enumerate(frames):
            if seam is None and index == 0:
                self._first = frame.time
            number = self._number_of(frame.time)
            if number > self._done:
                checksums = self._looks.setdefault(number, [])
                if frame.time >= self._look_start(number):
                    checksums.append((frame.pts, checksum(frame)))
            yield frame

    def _going_on(self, read: Read, seam: SegmentBoundary) -> Iterator[Frame]:
        """Yield the last frames before a seam, one per stored alpha, and all after it.

        The file is read from the middle if its frames prove to be the same, else from its start.
        """
        last: deque[Frame] = deque(maxlen=len(self._kept.alphas()))
        if len(seam.checksums) >= FEWEST and not any(seam.tally.values()):
            tally = Tally()
            # A little earlier, as times in a span are rounded.
            start = self._look_start(self._done) - OVERLAP
            frames = read(start, tally)
            if recognised(frames, seam, last):
                self.tally = tally
                yield from last
                yield from frames
                return
            last.clear()
        frames = read(None, self.tally)
        for frame in frames:
            last.append(frame)
            if frame.pts >= seam.pts:
                break
        if len(last) < (last.maxlen or 0) or last[-1].pts != seam.pts:
            raise InputError(
                "The source gives other frames than when the job was begun.",
                remedy=Remedy("overwrite", True, "to start over"),
            )
        yield from last
        yield from frames

    @property
    def smoother(self) -> Smoother:
        """What smooths mattes, see `Writing.smoother`; the last finished ones are not yielded."""
        return self._smooth

    def _smooth(self, coarse: Iterator[Matte], smoothing: Smoothing) -> Iterator[Matte]:
        memory, primed = memory_of(smooth, smoothing), self._seed_alphas(coarse)
        if memory.alphas == "taken":
            steady = smooth(self._remember_alphas(primed, memory.frames), smoothing)
        else:
            steady = self._remember_alphas(smooth(primed, smoothing), memory.frames)
        return steady if self._again else self.unfinished(steady)

    def _remember_alphas(self, mattes: Iterator[Matte], count: int) -> Iterator[Matte]:
        """Pass mattes on, and store the last alphas of each unfinished part."""
        last: deque[Matte] = deque(maxlen=count)
        for matte in mattes:
            number = self._number_of(last[-1].time) if last else -1
            if self._done < number < self._number_of(matte.time):
                self._alphas[number] = [each.alpha for each in last]
            last.append(matte)
            yield matte

    def unfinished(self, mattes: Iterator[Matte]) -> Iterator[Matte]:
        """Yield unfinished mattes; see `Writing.unfinished`."""
        seam = self._kept.finished.seam
        for matte in mattes:
            if seam is None or matte.frame.pts > seam.pts:
                yield matte

    def _seed_alphas(self, coarse: Iterator[Matte]) -> Iterator[Matte]:
        """Give the last finished frames their stored alphas."""
        kept = self._kept.alphas() if self._goes_on else []
        for alpha, matte in zip(kept, coarse, strict=False):
            yield matte.with_alpha(alpha)
        yield from coarse

    def part_of(self, frame: Frame) -> int:
        """Return the segment, beyond which nothing about people is kept; see `Writing.part_of`."""
        return self._number_of(frame.time)

    def write(self, matte: Matte) -> None:
        """Write the next matte; see `Writing.write`."""
        number = self._number_of(matte.time)
        if number != self._number:
            if self._sinks:
                self._settle(self._alphas.pop(self._number))
            self._start(number)
        for parts, sink in zip(self._parts, self._sinks, strict=True):
            sink.write(parts.output.shown(matte))
        self._frames, self._pts = self._frames + 1, matte.frame.pts
        self.end = matte.time + matte.frame.duration * matte.frame.time_base

    def _start(self, number: int) -> None:
        first = self._kept.finished.frames + 1
        with ExitStack() as stack:
            self._sinks = [stack.enter_context(p.sink(number, first)) for p in self._parts]
            self._open = stack.pop_all()
        self._number, self._frames = number, 0

    def _settle(self, alphas: Alphas | None) -> None:
        """Finish a segment; the last one has no alphas."""
        self._open.close()
        checksums, end = self._looks.pop(self._number), self.end or Fraction(0)
        seam = SegmentBoundary(self._first, self._pts, end, checksums, asdict(self.tally))
        with translate_write_errors(self._parts[0].output.path):
            for parts in self._parts:
                parts.sync_segment(self._number)
            self._kept.add(self._number, self._frames, seam, alphas)

    def finish(self) -> None:
        """As `Writing` says."""
        with translate_write_errors(self._parts[0].output.path):
            self._finish()

    def _finish(self) -> None:
        kept = self._kept
        if kept.finished.made is None:
            if self._sinks:
                self._settle(None)
            if not kept.finished.segments:
                raise OutputError(f"No frame came, so {self._parts[0].output.path} was not made.")
            made, *_ = [parts.join() for parts in self._parts]
            places = {k: place for parts in self._parts for k, place in parts.places().items()}
            kept.note_made(made, places)
        assert kept.finished.made is not None  # recorded just now or in an earlier run
        self.made = kept.finished.made

    def publish(self, publication: Publication) -> None:
        """As `Writing` says; does what is left where an earlier run was interrupted in that."""
        for parts in self._parts:
            parts.publish(publication, overwrite=self._overwrite)

    def _number_of(self, time: Fraction) -> int:
        return floor((time - self._first) / self._seconds)

    def _look_start(self, number: int) -> Fraction:
        """Return the time from which a segment's frames are remembered."""
        return self._first + (number + 1) * self._seconds - OVERLAP
