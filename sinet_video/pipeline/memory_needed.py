"""What a job needs of memory, said where there is not enough of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import av

from sinet_video.decoding.clip import Clip
from sinet_video.errors import InputError, OutOfMemoryError, OutputError
from sinet_video.memory import is_there
from sinet_video.models.devices import is_out_of_memory

BASE_MEMORY, MEMORY_OF_PIXEL = 170, 140e-6
"""Megabytes, as measured of .mp4 at 1080p and 2160p; .webm with alpha takes half as much more."""


@contextmanager
def within_memory(clip: Clip, files: int) -> Iterator[None]:
    """Raise `OutOfMemoryError`, with what it needs, for a job on a clip that lacks memory.

    Encoders do not say that they lack it: libx264 fails with "Generic error in an external
    library", libvpx with "Invalid argument". It is the cause if a job's memory cannot be had then.
    """
    need = needed(clip, files)
    try:
        yield
    except MemoryError as error:
        raise _too_little(clip, need) from error
    except RuntimeError as error:
        if is_out_of_memory(error):
            raise OutOfMemoryError(
                f"The GPU has not enough memory for {clip.width}x{clip.height} frames; use the "
                "device 'cpu', or a smaller clip."
            ) from error
        raise
    except (InputError, OutputError) as error:
        if isinstance(error.__cause__, av.FFmpegError) and not is_there(need):
            raise _too_little(clip, need) from error
        raise


def needed(clip: Clip, files: int) -> int:
    """Return about how many megabytes a job needs that writes so many files."""
    return round(BASE_MEMORY + MEMORY_OF_PIXEL * clip.width * clip.height * files)


def _too_little(clip: Clip, need: int) -> OutOfMemoryError:
    return OutOfMemoryError(
        f"There is not enough memory: a job on {clip.width}x{clip.height} frames needs about "
        f"{need} MB. A smaller clip, a result without a matte beside it, or .mp4 instead of .webm "
        "needs less."
    )
