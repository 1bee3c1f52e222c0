"""Files of encoded frames, exactly as the encoder returned them, until they are joined.

No container keeps everything: Matroska rounds times, MP4 shifts them, and most lose the alpha that
VP9 stores beside its packets. So the file is a sequence of records: a head (`HEAD`) and the bytes.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, get_args

import av
from av.packet import PacketSideData, PktSideDataT

from sinet_video.atomic import translate_write_errors
from sinet_video.containers.codecs import Content
from sinet_video.decoding.clip import Clip
from sinet_video.encoding.captions import Captions
from sinet_video.encoding.encoder_input import encodable
from sinet_video.encoding.packet_timing import Ticks
from sinet_video.encoding.plan import Plan
from sinet_video.encoding.sink import Sink
from sinet_video.encoding.video_stream import add_video_stream, encoded_size, open_container
from sinet_video.errors import OutputError
from sinet_video.media.frame import Matte
from sinet_video.media.orientation import Orientation
from sinet_video.publish import Publication

if TYPE_CHECKING:
    Packet = av.Packet[Any]

HEAD = struct.Struct("<qq?II")
"""pts and duration in the clip's time base, key frame flag, bytes of packet and alpha."""
BESIDE: PktSideDataT = "matroska_block_additional"


@dataclass(frozen=True)
class Head:
    """The header in front of a packet's bytes."""

    pts: int
    duration: int
    key: bool
    size: int
    alpha: int

    @classmethod
    def read(cls, file: BinaryIO) -> Head | None:
        """Return the next header, or None at the end of the file.

        Raises `OutputError` if it is damaged.
        """
        data = file.read(HEAD.size)
        if data and len(data) < HEAD.size:
            raise OutputError(f"{file.name} is damaged; remove its folder and start over.")
        return cls(*HEAD.unpack(data)) if data else None


def heads(path: Path) -> list[Head]:
    """Return the headers of a file, in decoding order."""
    found = []
    with path.open("rb") as file:
        while (head := Head.read(file)) is not None:
            found.append(head)
            file.seek(head.size + head.alpha, os.SEEK_CUR)
    return found


def written(packet: Packet, duration: int) -> bytes:
    """Return the record of a packet whose frame has this duration."""
    alpha = bytes(packet.get_sidedata(BESIDE)) if packet.has_sidedata(BESIDE) else b""
    head = HEAD.pack(packet.pts or 0, duration, packet.is_keyframe, packet.size, len(alpha))
    return head + bytes(packet) + alpha


def read(path: Path) -> Iterator[Packet]:
    """Yield the packets of a file, restored except for their dts and duration.

    Raises `OutputError` for a damaged file.
    """
    with path.open("rb") as file:
        while (head := Head.read(file)) is not None:
            data, alpha = file.read(head.size), file.read(head.alpha)
            if (len(data), len(alpha)) != (head.size, head.alpha):
                raise OutputError(f"{path} is damaged; remove its folder and start over.")
            packet: Packet = av.Packet(data)
            packet.pts, packet.is_keyframe = head.pts, head.key
            if alpha:
                packet.set_sidedata(_beside(alpha))
            yield packet


def _beside(alpha: bytes) -> PacketSideData:
    make: Any = PacketSideData  # PyAV's types lack its constructor
    data = make(get_args(PktSideDataT).index(BESIDE), len(alpha))
    data.update(alpha)
    side_data: PacketSideData = data
    return side_data


def joined(
    paths: Sequence[Path], time_base: Fraction, note: Callable[[int, int], None]
) -> Iterator[Packet]:
    """Yield the packets of several files in sequence, as if one encoder had made them all.

    Each file can be decoded alone. `note` is called with pts and duration of each frame, in order,
    before its packet is yielded.
    """
    decoded = _decoding_times(paths)
    for path in paths:
        for pts, duration in shown(path):
            note(pts, duration)
        for packet in read(path):
            packet.time_base, packet.dts = time_base, next(decoded)
            yield packet


def shown(path: Path) -> list[tuple[int, int]]:
    """Return pts and duration of a file's frames, in presentation order."""
    return sorted((head.pts, head.duration) for head in heads(path))


def _decoding_times(paths: Sequence[Path]) -> Iterator[int]:
    """Yield the dts of packets: each is the pts of the frame `delay` frames earlier.

    Encoders only know the dts of their own frames. With a variable frame rate, the first dts of one
    encoder can be before the last dts of the previous one.
    """
    delay = max(_delay(path) for path in paths)
    first, duration = shown(paths[0])[0]
    before = (first - late * max(1, duration) for late in range(delay, 0, -1))
    return chain(before, (pts for path in paths for pts, _ in shown(path)))


def _delay(path: Path) -> int:
    """Return by how many frames decoding must be ahead of presentation."""
    order = [head.pts for head in heads(path)]
    places = {pts: place for place, pts in enumerate(sorted(order))}
    return max((index - places[pts] for index, pts in enumerate(order)), default=0)


class PacketFile(Sink):
    """Frames of one segment, encoded by themselves, in a file that `joined` takes.

    With `captioned` closed captions are kept as well.
    """

    def __init__(
        self, path: Path, clip: Clip, content: Content, plan: Plan, *, captioned: bool = False
    ) -> None:
        self._captioned = captioned
        # As in a video file: what is stacked is not turned by players.
        self._turn = clip.orientation if plan.stacked else Orientation()
        clip = clip.as_shown() if plan.stacked else clip
        self.content, self.plan, self.warnings = content, plan, []
        self._path, self._size = path, encoded_size(clip, plan)
        self._durations: dict[int, int] = {}
        self._captions, self._ticks = Captions(plan.codec), Ticks(plan.muxer, clip.time_base)
        with translate_write_errors(path):
            # The muxer never writes; it only determines how the encoder returns its headers.
            self._container = open_container(Path(os.devnull), plan)
            self._stream = add_video_stream(self._container, clip, content, plan, clip.time_base)
            self._file = path.open("wb")

    def write(self, matte: Matte) -> None:
        """Encode the next frame; see `Sink.write`."""
        video = encodable(matte, self.content, self.plan, self._size, self._turn)
        video.pts = self._ticks.placed(matte.frame.pts)
        self._durations[video.pts] = matte.frame.duration
        if self._captioned:
            self._captions.note(video.pts, matte.frame.captions)
        self._keep(self._stream.encode(video))

    def _keep(self, packets: list[Packet]) -> None:
        with translate_write_errors(self._path):
            for packet in packets:
                duration = self._durations.pop(packet.pts or 0, 0)
                self._file.write(written(self._captions.put(packet), duration))

    def finish(self) -> None:
        """As `Sink` says."""
        with translate_write_errors(self._path):
            self._keep(self._stream.encode(None))
            self._close()

    def _publish(self, publication: Publication) -> None:
        """As `Sink` says: it has its name already, which is none for people."""

    def _close(self) -> None:
        self._file.close()
        self._container.close()

    def _abandon(self) -> None:
        try:
            self._close()
        except (av.FFmpegError, OSError):
            pass  # As in VideoFile, the error that made us give up is the one to report.
        self._path.unlink(missing_ok=True)
