"""One film in parts, each a task of an engine, put together to the bytes of one process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sinet_video.batches.processes import Send
from sinet_video.batches.ray_tasks import RayEngine
from sinet_video.errors import SinetVideoError
from sinet_video.pipeline.conversion import Conversion
from sinet_video.pipeline.join import join
from sinet_video.pipeline.report import Report
from sinet_video.pipeline.resuming.settings import Resume
from sinet_video.pipeline.shard import Shard


@dataclass(frozen=True)
class _Part:
    """Makes one part of a film; can be sent to other processes and machines."""

    conversion: Conversion
    source: Path
    output: Path
    matte: Path | None
    overwrite: bool

    def __call__(self, shard: Shard, send: Send) -> Report:
        resume = replace(self.conversion.resume or Resume(), only=shard)
        return replace(self.conversion, resume=resume)(
            self.source,
            self.output,
            matte=self.matte,
            overwrite=self.overwrite,
            progress=lambda frames, _: send(frames),
        )


def convert_in_parts(
    source: str | Path,
    output: str | Path,
    parts: int,
    conversion: Conversion = Conversion(),
    *,
    engine: RayEngine = RayEngine(),
    matte: str | Path | None = None,
    overwrite: bool = False,
    progress: Callable[[int], None] | None = None,
) -> Report:
    """Convert one film in so many parts on the machines of a cluster, which see the same files.

    The result has the bytes of `convert(..., resume=...)` in one process. A part whose process dies
    goes on from its last finished segment, as does the whole film when the same call is made
    again. `progress` is called with the frames that all parts have finished. Raises the error of
    the first part that fails; the others stay finished.
    """
    work = _Part(
        conversion, Path(source).absolute(), Path(output).absolute(),
        None if matte is None else Path(matte).absolute(), overwrite,
    )  # fmt: skip
    finished: dict[Shard, int] = {}

    def news(shard: Shard, frames: Any) -> None:
        finished[shard] = frames
        if progress is not None:
            progress(sum(finished.values()))

    shards = [Shard(number + 1, parts) for number in range(parts)]
    results = dict(engine.run(shards, work, news))
    for result in results.values():
        if isinstance(result, SinetVideoError):
            raise result
    return join(work.source, work.output, conversion, matte=work.matte, overwrite=overwrite)
