"""One film in shares, each a task of a cluster, put together to the bytes of one process."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import Any

from sinet_video.atomic import translate_write_errors
from sinet_video.batches.clip_job import memory_for
from sinet_video.batches.processes import Send
from sinet_video.batches.ray_engine import RayEngine
from sinet_video.checked import check_kinds
from sinet_video.decoding.access import Source
from sinet_video.decoding.clip import Clip, from_zero
from sinet_video.encoding.open_sink import check_output
from sinet_video.errors import OutputError, Remedy, SettingError
from sinet_video.paths import check_paths
from sinet_video.pipeline.chain import Work, clip_of
from sinet_video.pipeline.conversion import Conversion
from sinet_video.pipeline.job import Progress
from sinet_video.pipeline.join import join, share_folders
from sinet_video.pipeline.output_kind import output_kind
from sinet_video.pipeline.report import Report
from sinet_video.pipeline.resuming.job_folder import is_finished
from sinet_video.pipeline.resuming.leftovers import Leftover
from sinet_video.pipeline.resuming.settings import Resume, check_files
from sinet_video.pipeline.shard import Shard
from sinet_video.pipeline.shares import (
    check_shareable,
    check_warm_up,
    segments_in,
    segments_of_share,
    share_path,
)
from sinet_video.pipeline.targets import check_targets, files_read, outputs_of

LONGEST = 30
"""Segments in a share, at most, so that shares even out over machines: five minutes of film."""

FEWEST = 4
"""Segments in a share, at least, as each reads one more to warm up."""


@dataclass(frozen=True)
class Film:
    """A film to make in shares; it makes one of them, in whatever process it is sent to.

    Attributes:
        conversion: how, with the length of segments in its `resume`.
        source, output, matte: the files.
        overwrite: whether they may be replaced.
    """

    conversion: Conversion
    source: Path
    output: Path
    matte: Path | None
    overwrite: bool

    @property
    def seconds(self) -> Fraction:
        """The length of a segment."""
        return Fraction((self.conversion.resume or Resume()).seconds)

    def checked(self) -> Clip:
        """Look at the film. Raises what can be known before a cluster is there."""
        if self.conversion.resume is not None and self.conversion.resume.only is not None:
            raise SettingError("A cluster makes all shares; leave out which one is wanted.")
        given = (self.source, self.output, self.matte)
        check_files(*(Source.of(each) for each in given if each is not None))
        self.conversion.check(self.output)
        whole = is_finished(self.output)  # an existing file may be of a call that was interrupted
        ours = self.overwrite or (whole is not None and whole.made is not None)
        for output in filter(None, (self.output, self.matte)):
            check_output(output, self.source, overwrite=ours)
        settings, span = self.conversion.settings, self.conversion.span
        clip = from_zero(clip_of(self.source, settings, span))
        segments_in(clip, self.seconds)  # which needs to know how long it is
        self._check_shareable(clip)
        return clip

    def _check_shareable(self, clip: Clip) -> None:
        settings = self.conversion.settings
        behind = settings.background(self.conversion.background)
        show, encoding = self.conversion.show, self.conversion.encoding
        look = output_kind(self.output, behind, self.conversion.fit, show, encoding)
        work = Work(settings, clip, look)
        outputs = outputs_of(work, self.output, self.matte, None, encoding, overwrite=True)
        reads = files_read(settings.source(self.source), clip, behind, settings)
        check_targets(outputs, None, reads, overwrite=True, anew=False)
        check_shareable(work, outputs)
        check_warm_up(work, self.seconds)

    def begun(self, shares: int | None) -> int | None:
        """Return how many shares an interrupted call made of it. Raises `OutputError` if others.

        With `overwrite`, others are removed.
        """
        with translate_write_errors(self.output):
            counts = share_folders(self.output)
        if shares is None and len(set(counts.values())) == 1:
            return next(iter(counts.values()))
        others = {path: count for path, count in counts.items() if count != shares}
        if others and not self.overwrite:
            listed = " and ".join(map(str, sorted(set(others.values()))))
            raise OutputError(
                f"{self.output} was begun in {listed} shares, which are kept beside it; ask for as "
                "many to go on.",
                remedy=Remedy("overwrite", True, "to start over"),
            )
        for path in others:
            Leftover(path, "job", 0, 0.0).remove()
        return None

    def count(self, clip: Clip, room: int) -> int:
        """Return into how many shares to divide it for a cluster with room for so many."""
        total = segments_in(clip, self.seconds)
        wanted = ceil(ceil(total / LONGEST) / room) * room  # all machines have as much to do
        return max(1, min(wanted, total // FEWEST))

    def finished(self, shard: Shard) -> int:
        """Return how many frames of a share are finished."""
        state = is_finished(share_path(self.output, shard))
        return 0 if state is None else state.frames

    def __call__(self, shard: Shard, send: Send) -> Report:
        """Make one share; `send` is called with the frames that are done."""
        resume = replace(self.conversion.resume or Resume(), only=shard)
        return replace(self.conversion, resume=resume)(
            self.source,
            self.output,
            matte=self.matte,
            overwrite=self.overwrite,
            progress=lambda frames, _: send(frames),
        )


def convert_in_shares(
    source: str | Path,
    output: str | Path,
    conversion: Conversion = Conversion(),
    *,
    shares: int | None = None,
    engine: RayEngine = RayEngine(),
    matte: str | Path | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Report:
    """Convert one film in shares on the machines of a cluster, and put them together.

    The result has the bytes of `convert(..., resume=...)` in one process; the length of segments is
    that of `conversion.resume`. `shares` is how many there are; None for one for each task that the
    cluster has room for, or for five minutes of film, whichever are more.

    A share whose process dies goes on from its last finished segment, and so does the whole film
    when the same call is made again. `progress` is called with the frames that all shares have
    finished. Raises the error of the first share that fails; what is finished is kept. What cannot
    be shared is told in `plan` and raises `SettingError`.
    """
    started = time.perf_counter()
    check_paths(input=source, output=output, matte=matte)
    check_kinds(conversion=(conversion, Conversion))
    beside = None if matte is None else Path(matte)
    film = Film(conversion, Path(source), Path(output), beside, overwrite)
    clip = film.checked()
    begun = film.begun(shares)
    if (known := begun or shares) is not None:
        segments_of_share(clip, film.seconds, Shard(1, known))
    with engine.cluster() as cluster:
        count = begun or shares or film.count(clip, cluster.room)
        shards = Shard.all(count)
        finished = {shard: film.finished(shard) for shard in shards}
        before = sum(finished.values())
        memory = memory_for(film.source, 1 if matte is None else 2, conversion.settings)
        said = _Sum(clip, progress, finished)
        for _, result in cluster.run(shards, film, said, lambda _: memory):
            if isinstance(result, Exception):
                raise result
    report = join(film.source, film.output, conversion, matte=film.matte, overwrite=overwrite)
    seconds = time.perf_counter() - started
    speed = (report.frames - before) / seconds
    return replace(report, resumed=before, seconds=seconds, frames_per_second=speed)


@dataclass(frozen=True)
class _Sum:
    """Passes on the frames that all shares have finished."""

    clip: Clip
    progress: Progress | None
    finished: dict[Shard, int]

    def __call__(self, shard: Shard, frames: Any) -> None:
        self.finished[shard] = frames
        if self.progress is not None:
            self.progress(sum(self.finished.values()), self.clip)
