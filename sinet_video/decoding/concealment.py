"""Files that are damaged or end too soon: telling, and passing over what cannot be read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from sinet_video.decoding.decoder import Decoder, decoded
from sinet_video.errors import InputError, reason

OnError = Literal["stop", "conceal"]
"""What becomes of a file that is damaged: no result at all, or one without what is lost."""


@dataclass
class Tally:
    """What was out of order in a file, and what was done about it."""

    lost: int = 0
    """Pictures that could not be decoded, and were passed over."""
    after: float | None = None
    """Seconds, of the last picture before the first that was lost."""
    harm: str | None = None
    """What is missing or wrong in the file, as the rest of "It ..."."""
    repeated: int = 0
    """Pictures at or before the time of the one before them: of these only the last is kept."""
    untimed: int = 0
    """Pictures without a time, which were given that of a constant rate."""
    resized: int = 0
    """Pictures of another size than the first, which were scaled to it."""

    def lose(self, time: float | None) -> None:
        """Count a picture that cannot be decoded, after one of a time, if any."""
        self.after = time if self.lost == 0 else self.after
        self.lost += 1

    def warnings(self, path: str | Path) -> list[str]:
        """Return what to say of it."""
        said = []
        if self.lost:
            said.append(
                f"{path} is damaged {where(self.after)}: {self.lost} pictures in all are lost, "
                "and those before them stay as much longer."
            )
        if self.harm:
            said.append(f"{path} {self.harm}: what should be there is not in the result.")
        if self.repeated:
            said.append(
                f"{self.repeated} pictures came at or before the time of the one before them: of "
                "such, one is kept."
            )
        if self.untimed:
            said.append(
                f"{self.untimed} pictures had no time, and were taken to come at a constant rate."
            )
        if self.resized:
            said.append(
                f"{self.resized} pictures have another size than the first, and were scaled to it."
            )
        return said


def decode_packets(
    container: InputContainer, stream: VideoStream, on_error: OnError, tally: Tally
) -> Iterator[av.VideoFrame]:
    """Yield a stream's pictures; to conceal is to count what cannot be decoded, and to go on."""
    if on_error == "stop":
        yield from decoded(container, stream)
        return
    packets, decoder, last = container.demux(stream), Decoder(stream), None
    while True:
        try:
            packet = next(packets, None)
        except av.FFmpegError:
            tally.harm = f"is damaged or cut off {where(last)}"
            return
        try:
            if packet is None:
                decoder.check()
                return
            for video in decoder.decode(packet):
                last = video.time
                yield video
        except av.FFmpegError:
            tally.lose(last)
            if packet is None:
                return


@contextmanager
def translate_decode_errors(path: str | Path, last: Callable[[], float | None]) -> Iterator[None]:
    """Turn what libav cannot read or decode into an `InputError` that says after which moment."""
    try:
        yield
    except MemoryError:
        raise  # which is not the file's fault
    except av.FFmpegError as error:
        raise InputError(
            f"{path} is damaged or cut off {where(last())} ({reason(error)}); repair it, or end "
            "before that."
        ) from error


def where(last: float | None) -> str:
    """Say after which moment, in seconds, if any."""
    return "before its first picture" if last is None else f"after {last:.3f} s"
