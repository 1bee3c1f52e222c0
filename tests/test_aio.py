"""Jobs under asyncio: the same results, and cancelling leaves nothing."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import numpy as np
import pytest
from plain_mattes import EVERYTHING

import sinet_video
from sinet_video import aio


def test_it_is_the_same(tmp_path: Path, make_clip) -> None:
    """As without asyncio, while the loop goes on."""
    clip, ticks = make_clip(frames=8), []

    async def work() -> list[bytes]:
        async def tick() -> None:
            while True:
                ticks.append(1)
                await asyncio.sleep(0.001)

        other = asyncio.create_task(tick())
        report = await aio.convert(clip, tmp_path / "a.mp4", settings=EVERYTHING)
        assert report.frames == 8
        found = [m.rgba.tobytes() async for m in aio.matte(clip, settings=EVERYTHING)]
        other.cancel()
        return found

    found = asyncio.run(work())
    assert found == [m.rgba.tobytes() for m in sinet_video.matte(clip, settings=EVERYTHING)]
    assert len(ticks) > 5
    sinet_video.convert(clip, tmp_path / "b.mp4", settings=EVERYTHING)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def test_a_cancelled_job_has_ended(tmp_path: Path, make_clip) -> None:
    """Its threads and its files are gone when the task is, and the cancellation goes on."""
    clip, begun = make_clip(frames=300), threading.Event()
    before = threading.active_count()

    async def work() -> None:
        job = asyncio.create_task(
            aio.convert(
                clip, tmp_path / "a.mp4", settings=EVERYTHING, progress=lambda *_: begun.set()
            )
        )
        await asyncio.to_thread(begun.wait)
        job.cancel()
        with pytest.raises(asyncio.CancelledError):
            await job
        assert list(tmp_path.iterdir()) == []

    asyncio.run(work())
    assert threading.active_count() <= before


def test_leaving_mattes_ends_their_threads(make_clip) -> None:
    """Also where the task is cancelled while one is worked out."""
    clip, before = make_clip(frames=60), threading.active_count()
    begun, released = threading.Event(), threading.Event()

    def slow(_: object) -> np.ndarray:
        begun.set()
        released.wait(30)
        return np.ones((3, 5), np.float32)

    async def work() -> None:
        mattes = aio.matte(clip, settings=EVERYTHING)
        async for _ in mattes:
            break
        await mattes.aclose()
        settings = sinet_video.Settings(segmenter=slow, smoothing=None, following=None)
        other = aio.matte(clip, settings=settings)
        task = asyncio.create_task(anext(other))
        await asyncio.to_thread(begun.wait, 30)
        task.cancel()
        asyncio.get_running_loop().call_later(0.05, released.set)
        with pytest.raises(asyncio.CancelledError):
            await task
        await other.aclose()

    asyncio.run(work())
    assert threading.active_count() <= before


def test_errors_are_raised(tmp_path: Path) -> None:
    """As they are without asyncio."""
    with pytest.raises(sinet_video.InputError, match="no file"):
        asyncio.run(aio.convert(tmp_path / "none.mp4", tmp_path / "a.mp4"))


def test_one_picture() -> None:
    """As `cutout`."""
    image = np.zeros((32, 32, 3), np.uint8)
    found = asyncio.run(aio.cutout(image, settings=EVERYTHING))
    np.testing.assert_array_equal(found, sinet_video.cutout(image, settings=EVERYTHING))


def test_progress_may_cancel(tmp_path: Path, make_clip) -> None:
    """What it raises ends the job, is raised, and nothing is left."""

    class StopError(Exception):
        pass

    def progress(frames: int, clip: sinet_video.Clip) -> None:
        if frames == 3:
            raise StopError

    with pytest.raises(StopError):
        sinet_video.convert(make_clip(), tmp_path / "a.mp4", settings=EVERYTHING, progress=progress)
    assert list(tmp_path.iterdir()) == []
