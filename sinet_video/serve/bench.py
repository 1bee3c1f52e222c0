"""One frame at a time, worked on with the settings of the moment, its neighbours kept at hand."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from sinet_video.decoding.clip import Clip
from sinet_video.decoding.decode import decode
from sinet_video.decoding.probe import probe
from sinet_video.errors import InputError, SettingError
from sinet_video.media.colour import HDR
from sinet_video.media.frame import Frame, Matte
from sinet_video.media.time_range import RATE_IF_UNKNOWN, TimeRange
from sinet_video.models.network_settings import Quality
from sinet_video.models.segmenter import Segmenter
from sinet_video.pipeline.chain import Work, chained, seen
from sinet_video.pipeline.output_kind import OutputKind
from sinet_video.pipeline.report import Meter
from sinet_video.pipeline.settings import Settings
from sinet_video.quality.image_bytes import jpeg
from sinet_video.serve.limits import LONGEST_SIDE
from sinet_video.serve.stack import alpha_of, even_size, image_of, stacked
from sinet_video.stages.matte_settings import WindowMean
from sinet_video.stages.smooth import smooth

HAIR = Fraction(1, 1000)
"""Seconds by which a time may lie before the frame that it means."""

QUANTISER = 2


@dataclass(frozen=True)
class _Near:
    """A frame and those around it, and the network's answer to each."""

    key: tuple[object, ...]
    clip: Clip
    coarse: tuple[Matte, ...]
    index: int
    reach: int

    def within(self, reach: int) -> _Near:
        """Return the frame with fewer around it."""
        first = max(0, self.index - reach)
        kept = self.coarse[first : self.index + reach + 1]
        return replace(self, coarse=kept, index=self.index - first, reach=reach)


class Bench:
    """Keeps networks loaded, and what was decoded for the frame that was asked for last.

    `segmenter` is the one for the standard quality; it is loaded when it is needed if not given.
    """

    def __init__(self, segmenter: Segmenter | None = None) -> None:
        self._segmenters: dict[Quality, Segmenter] = (
            {} if segmenter is None else {"standard": segmenter}
        )
        self._near: _Near | None = None
        self._first: tuple[Path, Clip, Frame] | None = None

    def describe(self, path: Path, side: int) -> tuple[dict[str, Any], bytes]:
        """Return what a clip is, and a JPEG of its first frame. Raises `InputError`.

        Raises `SettingError` for a clip that is too large.
        """
        clip = probe(path)
        if max(clip.width, clip.height) > LONGEST_SIDE:
            raise SettingError(
                f"Frames are {clip.width}x{clip.height}; the longer side must be at most "
                f"{LONGEST_SIDE} pixels."
            )
        first = next(decode(clip, on_error="conceal"), None)
        if first is None:
            raise InputError(f"{path} holds no frame that can be decoded.")
        self._first = path, clip, first
        return _facts(clip, first), jpeg(image_of(first, even_size(first, side)))

    def frame(
        self,
        path: Path,
        time: float,
        settings: Settings,
        side: int,
        *,
        quick: bool = False,
        source: bool = True,
    ) -> bytes:
        """Return a frame's source, colours and alpha above one another, as a JPEG.

        `time` is in seconds after the first frame. `quick` leaves out the frames around it, which
        smooth its matte; without `source` its colours and alpha alone are returned.
        """
        settings = replace(settings, smoothing=None) if quick else settings
        near = self._around(path, time, settings)
        matte = _worked(near, settings)
        size = even_size(matte.frame, side)
        images = [image_of(matte.frame, size), alpha_of(matte, size)]
        if source:
            images.insert(0, image_of(near.coarse[near.index].frame, size))
        return jpeg(stacked(*images), quantiser=QUANTISER)

    def _loaded(self, settings: Settings, clip: Clip) -> Segmenter:
        quality = settings.looks(still=clip.is_still)
        if quality not in self._segmenters:
            self._segmenters[quality] = settings.load(still=clip.is_still)
        return self._segmenters[quality]

    def _around(self, path: Path, time: float, settings: Settings) -> _Near:
        reach = _reach(settings)
        key = path, time, settings.following, settings.unsure, settings.quality
        if self._near is None or self._near.key != key or self._near.reach < reach:
            clip, frames, index = self._frames(path, time, reach)
            coarse = tuple(seen(iter(frames), self._loaded(settings, clip), settings))
            self._near = _Near(key, clip, coarse, index, reach)
        return self._near.within(reach)

    def _frames(self, path: Path, time: float, reach: int) -> tuple[Clip, list[Frame], int]:
        if self._first is not None and (self._first[0], 0.0, 0) == (path, time, reach):
            return self._first[1], [self._first[2]], 0
        return _frames_around(path, Fraction(time), reach)


def _reach(settings: Settings) -> int:
    """Return how many frames on each side have a say."""
    if isinstance(settings.smoothing, WindowMean):
        return settings.smoothing.frames
    return 0 if settings.smoothing is None else 2


def _frames_around(path: Path, time: Fraction, reach: int) -> tuple[Clip, list[Frame], int]:
    """Return the frame that is shown at a time, those around it, and where among them it is."""
    clip = probe(path)
    begin = clip.start * clip.time_base
    before = (reach + 1) / (clip.rate or RATE_IF_UNKNOWN)
    first = begin + time - before
    clip = clip.within(TimeRange(first if first > 0 else None))
    wanted = begin + time - clip.span.shift + HAIR
    held: deque[Frame] = deque(maxlen=reach + 1)
    after: list[Frame] = []
    for frame in decode(clip, on_error="conceal"):  # the job itself says what is wrong
        if frame.time <= wanted or not held:
            held.append(frame)
        elif len(after) < reach:
            after.append(frame)
        if frame.time > wanted and len(after) >= reach:
            break
    if not held:
        raise SettingError(f"There is no frame at {float(time):g} s; give an earlier time.")
    return clip, [*held, *after], len(held) - 1


def _worked(near: _Near, settings: Settings) -> Matte:
    """Return the frame as the whole job would make it of what is at hand."""
    steadied = _nth(smooth(near.coarse, settings.smoothing), near.index)
    work = Work(replace(settings, smoothing=None), near.clip, OutputKind("rgba"))
    return next(chained(iter([steadied]), work, Meter()))


def _nth(mattes: Iterator[Matte], index: int) -> Matte:
    for _ in range(index):
        next(mattes)
    return next(mattes)


def _facts(clip: Clip, first: Frame) -> dict[str, Any]:
    width, height = even_size(first, LONGEST_SIDE)
    return {
        "width": width,
        "height": height,
        "aspect": clip.shown_aspect,
        "duration": clip.duration,
        "frames": clip.frames,
        "rate": float(clip.rate) if clip.rate else None,
        "codec": clip.codec,
        "alpha": clip.alpha,
        "hdr": HDR.get(clip.colour.transfer),
        "audio": len(clip.audio),
    }
