"""The same for asyncio: jobs run in threads, and a cancelled one has ended when the task does.

>>> from sinet_video import aio
>>> report = await aio.convert("talk.mp4", "talk.webm")
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import sinet_video

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from sinet_video.decoding.clip import Clip
    from sinet_video.decoding.given import Readable
    from sinet_video.media.frame import Matte
    from sinet_video.pipeline.report import Report

T = TypeVar("T")


class _CancelledJobError(Exception):
    """Ends a job from within its progress."""


async def convert(source: Readable, output: str | Path, **options: Any) -> Report:
    """Convert a clip as `sinet_video.convert` does, with the same options, in a thread.

    `progress` is called in that thread. If the task is cancelled, the job stops at the next frame,
    and the cancellation goes on once it has removed what it began: nothing is left behind. If all
    files are finished by then, they stay.
    """
    stop, progress = threading.Event(), options.pop("progress", None)

    def watch(frames: int, clip: Clip) -> None:
        if stop.is_set():
            raise _CancelledJobError
        if progress is not None:
            progress(frames, clip)

    job = partial(sinet_video.convert, source, output, progress=watch, **options)
    return await _run(job, stop.set)


async def matte(source: Readable | Clip, **options: Any) -> AsyncGenerator[Matte]:
    """Yield mattes as `sinet_video.matte` does, with the same options.

    Each is worked out in a thread, while the event loop goes on. If the task is cancelled, or the
    generator closed, the threads have ended when that is done.
    """
    mattes = sinet_video.matte(source, **options)
    try:
        while (made := await _run(partial(next, mattes, None))) is not None:
            yield made
    finally:
        await _run(mattes.close)


async def cutout(image: Any, **options: Any) -> NDArray[np.uint8]:
    """Return an image with the person cut out, as `sinet_video.cutout` does, in a thread."""
    return await _run(partial(sinet_video.cutout, image, **options))


async def _run(work: Callable[[], T], stop: Callable[[], None] = lambda: None) -> T:
    """Return what work in a thread returns; a cancellation waits until it has stopped."""
    running = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        stop()
        await asyncio.wait([running])
        if not running.cancelled():
            running.exception()  # which nobody is to be told of any more
        raise
