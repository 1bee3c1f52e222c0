"""Live video while it runs: its threads, and what is counted."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field

from sinet_video.encoding.sink import Sink
from sinet_video.errors import OutputError
from sinet_video.media.frame import Frame, Matte
from sinet_video.models.segmenter import Identity, Segmenter, seen_size
from sinet_video.pipeline.chain import Work, chained, seen
from sinet_video.pipeline.report import Meter
from sinet_video.read_ahead import prefetch, prefetch_patiently
from sinet_video.remote.address import without_secrets
from sinet_video.streaming.address import Target
from sinet_video.streaming.capture import Capture
from sinet_video.streaming.newest import Newest
from sinet_video.streaming.recovering import Recovering
from sinet_video.streaming.report import Ended, Latencies, LiveProgress, LiveReport, LiveStatus
from sinet_video.streaming.settings import Streaming
from sinet_video.streaming.stream_sink import StreamSink

AT_WORK = 3
"""Frames at work at a time: one in each of the threads that segment, refine and encode."""

STILL = 0.5
"""Seconds without a frame after which audio goes on by itself."""


@dataclass
class Session:
    """Live video while it runs."""

    capture: Capture
    sink: Sink
    work: Work
    stop: Callable[[], bool]
    streaming: Streaming
    ended: Ended = "input ended"
    frames: int = 0
    seconds: float = 0.0
    latencies: Latencies = field(default_factory=Latencies)
    _arrivals: dict[int, float] = field(default_factory=dict)
    _begun: float = field(default_factory=time.monotonic)

    def run(self, segmenter: Segmenter, progress: LiveProgress | None) -> None:
        """Run until the input or the output ends. Raises `OutputError` if no frame came."""
        self.newest = Newest(self.capture.frames(), room=AT_WORK)
        with ExitStack() as stack:
            mattes = self._worked(segmenter, stack)
            stack.callback(self.newest.close)
            stack.callback(self.capture.close)
            for matte in mattes:
                if matte is not None and self._is_over(matte):
                    break
                try:
                    self._send(matte)
                except OutputError:
                    if not self._output_is_away:
                        raise
                    self.ended = "output lost"
                    break
                if matte is not None:
                    self._count(matte, progress)
                    self.newest.done()
        if self.capture.gave_up:
            self.ended = "input lost"
        if not self.frames:
            raise OutputError("Live video ended before its first frame, so nothing was written.")

    @property
    def _output_is_away(self) -> bool:
        """Whether the output's host is lost right now."""
        return isinstance(self.sink, Recovering) and self.sink.is_away

    def _send(self, matte: Matte | None) -> None:
        """Write a matte, or what else has come while there was none."""
        if matte is not None:
            self.sink.write(matte)
        elif isinstance(self.sink, StreamSink | Recovering):
            self.sink.go_on()

    def _worked(self, segmenter: Segmenter, stack: ExitStack) -> Iterator[Matte | None]:
        """Start a thread each for segmenting and for what comes after; the stack ends them."""
        coarse = seen(self._frames(), segmenter, self.work.settings)
        looked = stack.enter_context(closing(prefetch(coarse, 1, name="segment")))
        shown = chained(looked, self.work, Meter())
        ahead = prefetch_patiently(shown, 1, STILL, name="work")
        return stack.enter_context(closing(ahead))

    def _frames(self) -> Iterator[Frame]:
        for each in self.newest.take(self._stopped):
            self._arrivals[each.frame.pts] = each.arrived
            yield each.frame

    def _stopped(self) -> bool:
        if self.stop():
            self.ended = "stopped"
        elif self._is_long(time.monotonic() - self._begun):
            self.ended = "length"
        return self.ended != "input ended"

    def _is_long(self, seconds: float) -> bool:
        return self.streaming.length is not None and seconds >= self.streaming.length

    def _is_over(self, matte: Matte) -> bool:
        if self._is_long(float(matte.time)):
            self.ended = "length"
        return self.ended == "length"

    def _count(self, matte: Matte, progress: LiveProgress | None) -> None:
        late = time.monotonic() - self._arrivals.pop(matte.frame.pts)
        self.seconds = float(matte.time)
        if self._output_is_away:
            return
        self.frames += 1
        self.latencies.add(late)
        if progress is not None:
            progress(LiveStatus(self.seconds, self.frames, self._dropped, round(late * 1000)))

    @property
    def _dropped(self) -> int:
        return self.newest.dropped + self.capture.skipped

    def report(self, target: Target, segmenter: Segmenter) -> LiveReport:
        """Return what became of it."""
        clip, sink, settings = self.capture.clip, self.sink, self.work.settings
        away = sink if isinstance(sink, Recovering) else None
        identity = Identity.of(segmenter)
        return LiveReport(
            source=self.capture.name,
            output=without_secrets(target.name),
            width=clip.width,
            height=clip.height,
            seconds=round(self.seconds, 3),
            captured=self.newest.came + self.capture.skipped,
            frames=self.frames,
            frames_per_second=round(self.frames / self.seconds, 2) if self.seconds else 0.0,
            dropped=self._dropped,
            unsent=away.unsent if away else 0,
            damaged=self.capture.damaged,
            latency_median=self.latencies.percentile(0.5),
            latency_95=self.latencies.percentile(0.95),
            input_lost=self.capture.lost,
            output_lost=away.lost if away else 0,
            ended=self.ended,
            network_size=seen_size(segmenter, settings.size, clip.shown_aspect),
            weights=identity.weights,
            runtime=identity.runtime,
            device=identity.device,
            encoder=sink.plan.encoder,
            pixel_format=sink.plan.pixel_format,
            audio=sink.audio,
            warnings=list(sink.warnings),
        )
