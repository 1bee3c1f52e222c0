"""Clips with a flash and a beep at the same moments, and how far apart they are in a file."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np

EVERY, LASTS = 0.4, 0.08
"""Seconds between flashes, and that each of them and its beep last."""

RATE = 48_000


def clip_of_flashes(path: Path, seconds: float, codec: str) -> Path:
    """Write a clip of 64x48 at 25 frames a second, with audio in a codec."""
    samples = np.arange(round(seconds * RATE))
    tone = np.sin(2 * np.pi * 1000 * samples / RATE) * 0.8
    tone[(samples / RATE + 1e-9) % EVERY > LASTS] = 0
    with av.open(str(path), "w") as container:
        video: Any = container.add_stream("libx264", rate=25, options={"bf": "0", "g": "10"})
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        audio: Any = container.add_stream(codec, rate=RATE, layout="mono")
        for index in range(round(seconds * 25)):
            _write_frame(container, video, index)
            first = index * RATE // 25
            _write_audio(container, audio, tone[first : first + RATE // 25], first)
        for stream in (video, audio):
            container.mux(stream.encode(None))
    return path


def _write_frame(container: Any, stream: Any, index: int) -> None:
    bright = (index / 25 + 1e-9) % EVERY < LASTS
    image = np.full((72, 64), 128, np.uint8)
    image[:48] = 235 if bright else 16
    frame = av.VideoFrame.from_ndarray(image, "yuv420p")
    frame.pts, frame.time_base = index, Fraction(1, 25)
    container.mux(stream.encode(frame))


def _write_audio(container: Any, stream: Any, tone: np.ndarray, first: int) -> None:
    piece = av.AudioFrame.from_ndarray(tone.astype(np.float32)[None], "fltp", "mono")
    piece.sample_rate, piece.pts, piece.time_base = RATE, first, Fraction(1, RATE)
    container.mux(stream.encode(piece))


def offsets(path: Path) -> list[float]:
    """Return the seconds from each flash to its beep.

    Left out are flashes whose first frame was dropped, and those before the audio and after it.
    """
    beeps = _beeps(path)
    with av.open(str(path)) as container:
        frames = container.decode(video=0)
        seen = [(float(each.time), each.to_ndarray(format="gray").mean()) for each in frames]
    found, half = [], EVERY / 2
    for (before, dark), (time, light) in pairwise(seen):
        heard = beeps[0] - half < time < beeps[-1] + half
        if heard and light > 100 >= dark and time - before < 0.05:
            found.append(min((beep - time for beep in beeps), key=abs))
    return found


def _beeps(path: Path) -> list[float]:
    """Return when it begins to be loud, by the times of the audio frames."""
    found, last = [], -1.0
    with av.open(str(path)) as container:
        resampler = av.AudioResampler("fltp", "mono")
        for frame in container.decode(audio=0):
            for piece in resampler.resample(frame):
                start = float(piece.pts * piece.time_base)
                for sample in np.flatnonzero(abs(piece.to_ndarray()[0]) > 0.2):
                    time = start + sample / piece.sample_rate
                    if time - last > LASTS:
                        found.append(time)
                    last = time
    return found
