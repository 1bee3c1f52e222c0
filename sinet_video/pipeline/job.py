"""A job at work: one clip on its way into its files, in threads, and its report."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import TypeVar

from sinet_video import native
from sinet_video.atomic import begin_file, discard, translate_write_errors
from sinet_video.decoding.clip import Clip
from sinet_video.decoding.concealment import Tally
from sinet_video.decoding.decode import decode
from sinet_video.errors import InputError, SettingError, SinetVideoError
from sinet_video.media.frame import Frame, Matte
from sinet_video.models.segmenter import Identity, Segmenter, seen_size
from sinet_video.pipeline.chain import DEPTH, Work, chained, links_of, seen
from sinet_video.pipeline.device_chain import torch_stages
from sinet_video.pipeline.outputs import Writing
from sinet_video.pipeline.remarks import clip_remarks, drawn_remarks, encoder_remarks, image_remarks
from sinet_video.pipeline.report import Meter, Report
from sinet_video.pipeline.settings import Settings
from sinet_video.publish import Publication
from sinet_video.read_ahead import closed_at_end, prefetch
from sinet_video.stages.screen.chroma_key import Screened

Item = TypeVar("Item")


Progress = Callable[[int, Clip], None]
"""Called with the number of finished frames and the clip, after every frame."""


def _no_frames(clip: Clip) -> SinetVideoError:
    """Return what to raise for a clip of which no frame came: its time range or itself is wrong."""
    length = "" if clip.duration is None else f", which is {clip.duration:.3f} s long"
    if clip.span.start:
        return SettingError(
            f"{clip.path}{length}, has no frame from {float(clip.span.start):g} s on; choose an "
            "earlier start."
        )
    if clip.span.end is not None:
        end = float(clip.span.end)
        return SettingError(f"{clip.path} has no frame before {end:g} s; choose a later end.")
    return InputError(f"No frame of {clip.path} can be decoded; it is damaged.")


@dataclass(frozen=True)
class Job:
    """One clip on its way into its files, in threads: decode, segment, later stages, the caller."""

    work: Work
    targets: list[Path]
    writing: Writing
    started: float
    report: Path | None
    overwrite: bool
    left: tuple[Path, ...] = ()
    """What runs that were killed have left of the same files."""
    unfinished: Path | None = None
    """What an interrupted job of the same output has kept, with which this one does not go on."""
    _decoding: Meter = field(default_factory=Meter)
    _segmenting: Meter = field(default_factory=Meter)
    _working: Meter = field(default_factory=Meter)
    _screened: Screened = field(default_factory=Screened)

    @property
    def _clip(self) -> Clip:
        return self.work.clip

    @property
    def _settings(self) -> Settings:
        return self.work.settings

    def run(self, progress: Progress | None) -> Report:
        """Do it all."""
        segmenter = self._settings.load(still=self._clip.is_still)
        encoding = 0.0
        with self.writing as writing, ExitStack() as stack:
            frames, empty = writing.resumed, writing.resumed == 0
            for matte in self._worked(segmenter, stack):
                before = time.perf_counter()
                writing.write(matte)
                encoding += time.perf_counter() - before
                frames, empty = frames + 1, empty and matte.is_empty
                if progress:
                    progress(frames, self._clip)
            if frames == 0:
                raise _no_frames(self._clip)
            writing.finish()
            stages = self._stages(encoding, frames - writing.resumed)
            report = self._report(segmenter, frames, stages, empty=empty)
            self._publish(report)
        return report

    def _stages(self, encoding: float, done: int) -> dict[str, float]:
        """Return how many frames a second each stage would do alone."""
        spent = self._decoding.own() | self._segmenting.own() | self._working.own()
        spent["encode"] = encoding
        del spent["wait"]
        return {name: round(done / time, 1) for name, time in spent.items() if time > 0}

    def _publish(self, report: Report) -> None:
        """Give all files their names, the report's among them."""
        with Publication() as publication, ExitStack() as stack:
            self.writing.publish(publication)
            if self.report is not None:
                with translate_write_errors(self.report):
                    part = begin_file(self.report)
                    stack.callback(discard, part)
                    part.write_text(report.to_json() + "\n", encoding="utf-8")
                    publication.place(part, self.report, overwrite=self.overwrite)

    def _worked(self, segmenter: Segmenter, stack: ExitStack) -> Iterator[Matte]:
        """Start one thread each for decoding, segmenting and the rest; the stack ends them."""

        def ahead(items: Iterator[Item], name: str, depth: int = DEPTH) -> Iterator[Item]:
            return stack.enter_context(closed_at_end(prefetch(items, depth, name=name)))

        writing = self.writing
        # One is enough: libav's decoders hold a frame for each of their threads as well.
        frames = ahead(self._decoding.timed("decode", writing.frames(self._read)), "decode", 1)
        waited = self._segmenting.timed("wait", frames)
        coarse = seen(waited, segmenter, self._settings, writing.part_of)
        looked = ahead(self._segmenting.timed("segment", coarse), "segment")
        work = replace(self.work, smoother=writing.smoother, screened=self._screened)
        shown = chained(self._working.timed("wait", looked), work, self._working)
        return ahead(writing.unfinished(shown), "work")

    def _read(self, since: Fraction | None, tally: Tally) -> Iterator[Frame]:
        return decode(
            self._clip,
            since=since,
            deinterlace=self._settings.deinterlace,
            on_error=self._settings.on_error,
            tally=tally,
        )

    @property
    def _start(self) -> Fraction:
        if self._clip.span.start:
            return Fraction(0)
        return self._clip.start * self._clip.time_base + self._clip.span.late

    def _report(
        self, segmenter: Segmenter, frames: int, stages: dict[str, float], *, empty: bool
    ) -> Report:
        output, *others = map(str, self.targets)
        plate = others.pop() if self.work.plate is not None else None
        made, tally, identity = self.writing.made, self.writing.tally, Identity.of(segmenter)
        end = self._start if self.writing.end is None else self.writing.end
        seconds = time.perf_counter() - self.started
        return Report(
            source=str(self._clip.path),
            output=output,
            matte=others[0] if others else None,
            plate=plate,
            width=self._clip.width,
            height=self._clip.height,
            frames=frames,
            resumed=self.writing.resumed,
            duration=round(float(end - self._start), 6),
            seconds=round(seconds, 3),
            frames_per_second=round((frames - self.writing.resumed) / seconds, 2),
            stages=stages,
            network_size=seen_size(segmenter, self._settings.size, self._clip.shown_aspect),
            weights=identity.weights,
            runtime=identity.runtime,
            device=str(self.work.torch_device or identity.device),
            torch_stages=self._torch_stages(identity.runtime),
            arithmetic=native.described(),
            encoder=made.encoder,
            pixel_format=made.pixel_format,
            alpha=made.alpha,
            decontaminated=self.work.decontaminates,
            audio=made.audio,
            lost=tally.lost,
            repeated=tally.repeated,
            untimed=tally.untimed,
            resized=tally.resized,
            warnings=[*self._remarks(empty=empty), *made.warnings],
        )

    def _torch_stages(self, runtime: str) -> list[str]:
        """Return the stages that ran in torch, the network's among them."""
        network = ["segment"] if runtime == "torch" else []
        work = replace(self.work, smoother=self.writing.smoother)
        return network + torch_stages(links_of(work), work)

    def _remarks(self, *, empty: bool) -> list[str]:
        """Return warnings about the source, and about what is lost of it in the result."""
        clip, settings, made, tally = (
            self._clip,
            self._settings,
            self.writing.made,
            self.writing.tally,
        )
        said = tally.warnings(clip.path)
        if empty:
            said.append(f"Nobody was found in {clip.path}, so the matte is empty.")
        said += [
            f"{each} was left by a run that was killed; remove it, or let sinet-video tidy do so."
            for each in self.left
        ]
        if self.unfinished is not None:
            said.append(
                f"{self.unfinished} keeps parts of an interrupted job of the same output; remove "
                "it, or let sinet-video tidy --remove --unfinished do so."
            )
        said += drawn_remarks(settings, clip)
        if settings.key is not None:
            said += self._screened.warnings(settings.key.screen)
        said += image_remarks(clip, self.targets[0])
        said += encoder_remarks(
            made.encoder,
            made.pixel_format,
            captioned=tally.captioned,
            transfer=None if self.work.look.content == "alpha" else clip.colour.transfer,
        )
        return said + clip_remarks(clip, settings)
