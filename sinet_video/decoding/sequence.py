"""Still images as a clip: one photograph, or an image sequence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

import av

from sinet_video.containers.numbering import Numbered, find_numbered, in_words, is_pattern
from sinet_video.decoding.stills import (
    Still,
    decode_still,
    is_still_file,
    read_still,
    without_side_data,
)
from sinet_video.errors import InputError, Remedy
from sinet_video.media.time_range import RATE_IF_UNKNOWN
from sinet_video.paths import read_text
from sinet_video.words import counted

if TYPE_CHECKING:
    from sinet_video.decoding.access import Source
    from sinet_video.decoding.concealment import OnError, Tally

TIMES = "timestamps.txt"
"""Beside the images of a sequence: when each is shown."""

NANOSECOND = Fraction(1, 10**9)
"""In seconds: the last decimal in a file of timestamps."""


class Images(Protocol):
    """Frames that come from images, and not from a file with streams."""

    @property
    def first(self) -> int | None:
        """The number of the first one in its name, or None."""

    @property
    def file(self) -> Path | None:
        """The file of the first one, or None for none."""

    @property
    def assumed(self) -> bool:
        """Whether nothing said how many frames there are a second."""

    def videos(
        self, since: int, name: object, on_error: OnError, tally: Tally
    ) -> Iterator[av.VideoFrame]:
        """Yield the frames from a pts on, each with its pts; `name` is for messages."""


@dataclass(frozen=True)
class StillImages:
    """The images of a clip, each a file or its bytes, with the time of each.

    Attributes:
        images: the files, or the bytes of a single image, in order.
        pts: the time of each, in units of `time_base`.
        time_base: seconds per unit of pts.
        first: the number of the first one in its name; None for a single image.
        missing: the numbers that no file has.
        rate: frames per second; None where each has a time of its own.
        assumed: whether nothing said the rate.
    """

    images: tuple[Path | bytes, ...]
    pts: tuple[int, ...]
    time_base: Fraction
    first: int | None = None
    missing: tuple[int, ...] = ()
    rate: Fraction | None = None
    assumed: bool = False

    @property
    def file(self) -> Path | None:
        """The file of the first one; None for bytes."""
        return self.images[0] if isinstance(self.images[0], Path) else None

    @cached_property
    def head(self) -> Still:
        """The first image."""
        return _read(self.images[0])

    def videos(
        self, since: int, name: object, on_error: OnError, tally: Tally
    ) -> Iterator[av.VideoFrame]:
        """Yield the images; see `Images.videos`. Missing ones stop or are held.

        With `on_error` "conceal", the image before a missing or damaged one is shown in its place.
        """
        self._check_whole(name, on_error)
        held: av.VideoFrame | None = None
        for image, pts in self._wanted(since):
            try:
                video = None if image is None else _read(image).video
            except InputError:
                if on_error == "stop":
                    raise
                video = None
            if video is None:
                tally.held += 1
                video = None if held is None else without_side_data(held)
            if video is not None:
                held = video
                video.pts, video.time_base = pts, self.time_base
                yield video

    def _check_whole(self, name: object, on_error: OnError) -> None:
        if self.missing and on_error == "stop":
            raise InputError(
                f"{name} has holes: there is no number "
                f"{in_words(list(self.missing))}; render them.",
                remedy=Remedy("on_error", "conceal", "to show the frame before each in its place"),
            )

    def _wanted(self, since: int) -> Iterator[tuple[Path | bytes | None, int]]:
        """Yield each image and its pts, None for a missing one."""
        pairs: list[tuple[Path | bytes | None, int]] = list(zip(self.images, self.pts, strict=True))
        pairs += [(None, number - (self.first or 0)) for number in self.missing]
        pairs.sort(key=lambda pair: pair[1])
        # The one before is what is held where the first that is wanted is missing.
        start = next((i for i, (_, pts) in enumerate(pairs) if pts >= since), len(pairs))
        while 0 < start < len(pairs) and pairs[start][0] is None:
            start -= 1
        yield from pairs[start:]


def _read(image: Path | bytes) -> Still:
    return read_still(image) if isinstance(image, Path) else decode_still(image, "The image")


def is_still_source(source: Source) -> bool:
    """Whether a source is a still image or an image sequence."""
    path = source.located
    if source.is_given:
        return bool(getattr(source.data, "is_still", False))
    if not isinstance(path, Path) or source.is_pipe:
        return False
    return path.is_dir() or (not path.exists() and is_pattern(path)) or is_still_file(path)


def still_images(source: Source) -> StillImages:
    """Return the images of such a source. Raises `InputError` if there are none."""
    path = Path(source.path)
    rate = cast("Fraction | None", source.rate)  # as `Source` keeps it
    if source.is_given or path.is_file():
        image = path if not source.is_given else source.data.read_all()
        return StillImages((image,), (0,), 1 / (rate or RATE_IF_UNKNOWN))
    return _sequence(find_numbered(path), rate)


def _sequence(found: Numbered, rate: Fraction | None) -> StillImages:
    files, first = tuple(found.files.values()), min(found.files)
    times = _times(found.pattern.with_name(TIMES)) if rate is None else []
    if times:
        _check_times(found, times)
        pts = tuple(round(time / NANOSECOND) for time in times)
        return StillImages(files, pts, NANOSECOND, first)
    steps = tuple(number - first for number in found.files)
    chosen = rate or RATE_IF_UNKNOWN
    return StillImages(
        files, steps, 1 / chosen, first, tuple(found.missing), chosen, assumed=rate is None
    )


def _check_times(found: Numbered, times: list[Fraction]) -> None:
    if len(times) == len(found.files) and all(a < b for a, b in pairwise(times)):
        return
    raise InputError(
        f"{found.pattern.with_name(TIMES)} has {counted(len(times), 'time')}, which must increase, "
        f"for {counted(len(found.files), 'image')}.",
        remedy=Remedy("rate", 25, "to ignore them"),
    )


def _times(path: Path) -> list[Fraction]:
    """Read seconds from mkvtoolnix's "timestamp format v2"; none if there is no file."""
    if not path.exists():
        return []
    return read_times(path)


def read_times(path: Path) -> list[Fraction]:
    """Return the times in such a file, in seconds. Raises `InputError` if it has anything else."""
    try:
        lines = read_text(path).split("\n")
        return [Fraction(line) / 1000 for line in lines if line and line[0] != "#"]
    except (OSError, ValueError) as error:
        raise InputError(
            f"{path} has something in it that is not a time in milliseconds."
        ) from error
