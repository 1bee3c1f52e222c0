"""A job that looks through a whole clip: figures over time, and a small video that browsers play.

The video has the source above its matte, and the clip's audio. Run as `python -m
sinet_video.serve.analysis`, in the clip's folder; it says on standard error how far it is, as
`sinet-video run --log-json` does.
"""

from __future__ import annotations

import json
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.container import OutputContainer
from av.video.stream import VideoStream

from sinet_video.atomic import patiently
from sinet_video.decoding.clip import Clip
from sinet_video.decoding.probe import probe
from sinet_video.errors import SettingError, SinetVideoError
from sinet_video.media.frame import Matte
from sinet_video.pipeline.chain import matte
from sinet_video.pipeline.settings import Settings
from sinet_video.quality.matte_statistics import FrameStatistics, MatteStatistics
from sinet_video.read_ahead import prefetch
from sinet_video.serve.edits import Edits
from sinet_video.serve.player_audio import PlayerAudio
from sinet_video.serve.stack import alpha_of, even_size, image_of, stacked

SIDE = 960
"""The longer side of the small video's frames, in pixels."""

TICK = Fraction(1, 90_000)
EVERY = 12
"""Frames from one that can be sought to the next: dragging the scrubber shows each at once."""

APART, WORST, EVENT_SECONDS = 0.5, 3, 0.4


def analyse(clip: Clip, settings: Settings, video: Path, figures: Path) -> None:
    """Write the small video, and the figures as JSON. Raises as `matte` does."""
    statistics, network = MatteStatistics(), deque[Matte]()
    loaded = replace(settings, segmenter=settings.load(still=clip.is_still))
    with ExitStack() as stack:
        mattes = stack.enter_context(closing(matte(clip, settings=loaded, watch=network.append)))
        counted = _counted(mattes, clip)
        ahead = stack.enter_context(closing(prefetch(counted, 4, name="work")))
        _write(video, _measured(ahead, network, statistics, clip), clip)
    figures.write_text(json.dumps(_plain(statistics.figures)), "utf-8")


def _measured(
    mattes: Iterable[Matte], network: deque[Matte], statistics: MatteStatistics, clip: Clip
) -> Iterator[Matte]:
    begin = clip.start * clip.time_base
    for each in mattes:
        statistics.take(float(each.time - begin), each, network.popleft().alpha)
        yield each


def _counted(mattes: Iterable[Matte], clip: Clip) -> Iterator[Matte]:
    """Say every so often how far it is."""
    started = said = time.monotonic()
    total = (
        clip.frames or (clip.duration and clip.rate and round(clip.duration * clip.rate)) or None
    )
    for count, each in enumerate(mattes, 1):
        yield each
        now = time.monotonic()
        if now - said > EVENT_SECONDS:
            said, speed = now, count / (now - started)
            left = None if total is None else round(max(0, total - count) / speed, 1)
            _say(event="progress", frame=count, frames=total, seconds_left=left)


def _write(path: Path, mattes: Iterable[Matte], clip: Clip) -> None:
    part = path.with_name(f"{path.stem}.part{path.suffix}")
    with av.open(str(part), "w", options={"movflags": "+faststart"}) as container:
        stream: VideoStream | None = None
        audio: PlayerAudio | None = None
        for each in mattes:
            stream = stream or _stream(container, each, clip)
            audio = audio or PlayerAudio(clip, container)
            size = stream.width, stream.height // 2
            image = stacked(image_of(each.frame, size), alpha_of(each, size))
            video = av.VideoFrame.from_ndarray(image, "rgb24").reformat(format="yuv420p")
            begin = clip.start * clip.time_base
            video.pts, video.time_base = round((each.time - begin) / TICK), TICK
            audio.write(each.time - begin)
            container.mux(stream.encode(video))
        if stream is not None and audio is not None:
            container.mux(stream.encode(None))
            audio.write()
    patiently(part.replace, path)


def _stream(container: OutputContainer, first: Matte, clip: Clip) -> VideoStream:
    width, height = even_size(first.frame, SIDE)
    options = {"preset": "veryfast", "crf": "20", "bf": "0"}
    stream = container.add_stream("libx264", rate=clip.rate or 25, options=options)
    stream.width, stream.height, stream.pix_fmt = width, 2 * height, "yuv420p"
    stream.time_base = stream.codec_context.time_base = TICK
    stream.gop_size = EVERY
    return stream


def _plain(figures: FrameStatistics) -> dict[str, Any]:
    plain = {name: [round(value, 6) for value in values] for name, values in vars(figures).items()}
    return {**plain, "worst": [*_worst(figures, "flicker"), *_worst(figures, "uncertainty")]}


def _worst(figures: FrameStatistics, kind: str) -> Iterator[dict[str, Any]]:
    """Yield the worst moments by a figure, none next to one that is worse."""
    values, kept = getattr(figures, kind), list[float]()
    for index in sorted(range(len(values)), key=values.__getitem__, reverse=True):
        moment = figures.times[index]
        if len(kept) == WORST or values[index] <= 0:
            return
        if all(abs(moment - other) >= APART for other in kept):
            kept.append(moment)
            yield {"kind": kind, "time": round(moment, 6), "value": round(values[index], 6)}


def _say(**event: Any) -> None:
    sys.stderr.write(json.dumps(event) + "\n")
    sys.stderr.flush()


def main(source: str, edits: str, drawn: str) -> int:
    """Analyse a file of this folder, with edits and names of painted mattes as JSON."""
    try:
        settings = Edits.parse(json.loads(edits)).settings(**json.loads(drawn))
        clip = probe(source)
        settings.check(clip)
        analyse(clip, settings, Path("player.mp4"), Path("figures.json"))
    except SinetVideoError as error:
        sys.stderr.write(f"sinet-video: {error.message}\n")
        return 2 if isinstance(error, SettingError) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
