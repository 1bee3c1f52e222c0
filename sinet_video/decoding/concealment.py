"""Damaged and truncated files: reporting them, or skipping what cannot be read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import av
from av.video.stream import VideoStream

from sinet_video.decoding.decoder import Decoder, decoded
from sinet_video.errors import InputError, OutOfMemoryError, reason
from sinet_video.memory import is_there
from sinet_video.words import counted, how_often

if TYPE_CHECKING:
    Packet = av.Packet[Any]

OnError = Literal["stop", "conceal"]
"""What to do with a damaged file: stop without a result, or skip what is lost."""


@dataclass
class Tally:
    """Irregularities found in a file, and what was done about them."""

    lost: int = 0
    """Frames that could not be decoded, and were dropped."""
    after: float | None = None
    """Time in seconds of the last frame before the first that was lost."""
    harm: str | None = None
    """What is missing or wrong in the file, as the rest of a sentence "It ..."."""
    held: int = 0
    """Images of a sequence that are missing or damaged, in whose place the one before is shown."""
    repeated: int = 0
    """Frames that were not later than the one before; of these only the last is kept."""
    untimed: int = 0
    """Frames without a timestamp, which were given one at a constant rate."""
    rate: float = 0.0
    """That rate, in frames a second."""
    resized: int = 0
    """Frames of another size than the first, which were scaled to it."""
    recoloured: int = 0
    """Frames of another matrix or range than the first, which were converted to it."""
    changed: dict[str, int] = field(default_factory=dict)
    """Frames that differ from the first in what cannot be converted, by what that is."""
    beside: list[str] = field(default_factory=list)
    """What is said beside frames and a result cannot hold, by name."""
    captioned: int = 0
    """Frames with closed captions."""
    restarts: int = 0
    """How often the file's clock jumped: what came after was moved to follow on."""

    def change(self, what: str) -> None:
        """Count a frame that differs from the first in something, such as "another rotation"."""
        self.changed[what] = self.changed.get(what, 0) + 1

    def lose(self, time: float | None) -> None:
        """Count a frame that cannot be decoded, and the time of the frame before it, if any."""
        self.after = time if self.lost == 0 else self.after
        self.lost += 1

    def warnings(self, path: str | Path) -> list[str]:
        """Return the warnings to show to the user."""
        said = []
        if self.lost:
            said.append(
                f"{path} is damaged {where(self.after)}: {counted(self.lost, 'frame')} in all "
                "cannot be decoded; what is before stays as much longer."
            )
        if self.held:
            images = counted(self.held, f"image of {path} is", f"images of {path} are")
            said.append(f"{images} missing or damaged: the one before each is shown in its place.")
        if self.harm:
            said.append(f"{path} {self.harm}: what should be there is not in the result.")
        if self.repeated:
            said.append(
                f"{counted(self.repeated, 'frame')} came at or before the time of the one before: "
                "of such, one is kept."
            )
        if self.untimed:
            said.append(
                f"{_frames_have(self.untimed)} no timestamps: a constant {self.rate:.6g} "
                "frames per second are assumed."
            )
        if self.resized:
            said.append(f"{_frames_have(self.resized)} another size than the first: scaled to it.")
        if self.recoloured:
            said.append(
                f"{_frames_have(self.recoloured)} another colour matrix or range than the "
                "first, and were converted to match it."
            )
        said += [
            f"{_frames_have(count)} {what} than the first, whose is kept for all of them."
            for what, count in self.changed.items()
        ]
        if self.beside:
            said.append(f"The source has {', '.join(self.beside)}, which the result does not keep.")
        if self.restarts:
            said.append(
                f"The clock of {path} jumps {how_often(self.restarts)}, as in recordings joined "
                "end to end; what follows each jump was moved to continue without a gap."
            )
        return said


def decode_packets(
    packets: Iterator[Packet], stream: VideoStream, on_error: OnError, tally: Tally
) -> Iterator[av.VideoFrame]:
    """Yield the frames of a stream's packets.

    To conceal is to count what cannot be decoded, and to go on.
    """
    if on_error == "stop":
        yield from decoded(packets, stream)
        return
    decoder, last = Decoder(stream), None
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


ROOM = 200
"""Megabytes that must be there for a decoder to be believed that a file is damaged."""


@contextmanager
def translate_decode_errors(path: str | Path, last: Callable[[], float | None]) -> Iterator[None]:
    """Turn libav's errors into an `InputError` that says after which time they occurred."""
    try:
        yield
    except MemoryError as error:
        raise no_memory_for(path) from error
    except av.FFmpegError as error:
        if not is_there(ROOM):  # which decoders may call damage
            raise no_memory_for(path) from error
        raise InputError(
            f"{path} is damaged or cut off {where(last())} ({reason(error)}); repair it, or end "
            "before that."
        ) from error


def no_memory_for(path: object) -> OutOfMemoryError:
    """Return what to raise where memory does not suffice to read a file."""
    return OutOfMemoryError(
        f"There is not enough memory to read {path}; if it is small, it is damaged and asks for "
        "more than it needs."
    )


def _frames_have(count: int) -> str:
    return counted(count, "frame has", "frames have")


def where(last: Fraction | float | None) -> str:
    """Return the text that says after which time, in seconds, if any."""
    return "before its first frame" if last is None else f"after {float(last):.3f} s"
