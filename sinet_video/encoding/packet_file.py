"""Encoded pictures in files of their own, as the encoder gave them, until they are joined.

No container keeps all of it: Matroska rounds times, MP4 moves them, most lose the alpha that VP9
has beside its packets. So a record is a head (`HEAD`) and the bytes, one after another.
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
from sinet_video.encoding.encoder_input import encodable
from sinet_video.encoding.plan import Plan
from sinet_video.encoding.sink import Sink
from sinet_video.encoding.video_stream import add_video_stream, encoded_size, open_container
from sinet_video.errors import OutputError
from sinet_video.media.frame import Matte
from sinet_video.publish import Publication

if TYPE_CHECKING:
    Packet = av.Packet[Any]

HEAD = struct.Struct("<qq?II")
"""pts and duration in the clip's time base, key frame or not, bytes of packet and alpha."""
BESIDE: PktSideDataT = "matroska_block_additional"


@dataclass(frozen=True)
class Head:
    """What stands before the bytes of a packet."""

    pts: int
    duration: int
    key: bool
    size: int
    alpha: int

    @classmethod
    def read(cls, file: BinaryIO) -> Head | None:
        """Return the next, or None at the end of the file."""
        data = file.read(HEAD.size)
        if data and len(data) < HEAD.size:
            raise OutputError(f"{file.name} is damaged; remove its folder and begin anew.")
        return cls(*HEAD.unpack(data)) if data else None


def heads(path: Path) -> list[Head]:
    """Return the heads of a file, in the order of decoding."""
    found = []
    with path.open("rb") as file:
        while (head := Head.read(file)) is not None:
            found.append(head)
            file.seek(head.size + head.alpha, os.SEEK_CUR)
    return found


def written(packet: Packet, duration: int) -> bytes:
    """Return the record of a packet whose picture lasts so long."""
    alpha = bytes(packet.get_sidedata(BESIDE)) if packet.has_sidedata(BESIDE) else b""
    head = HEAD.pack(packet.pts or 0, duration, packet.is_keyframe, packet.size, len(alpha))
    return head + bytes(packet) + alpha


def read(path: Path) -> Iterator[Packet]:
    """Yield the packets of a file, all but their times of decoding and their duration as they were.

    Raises `OutputError` for a file that is damaged.
    """
    with path.open("rb") as file:
        while (head := Head.read(file)) is not None:
            data, alpha = file.read(head.size), file.read(head.alpha)
            if (len(data), len(alpha)) != (head.size, head.alpha):
                raise OutputError(f"{path} is damaged; remove its folder and begin anew.")
            packet: Packet = av.Packet(data)
            packet.pts, packet.is_keyframe = head.pts, head.key
            if alpha:
                packet.set_sidedata(_beside(alpha))
            yield packet


def _beside(alpha: bytes) -> PacketSideData:
    make: Any = PacketSideData  # its constructor is not in PyAV's types
    data = make(get_args(PktSideDataT).index(BESIDE), len(alpha))
    data.update(alpha)
    side_data: PacketSideData = data
    return side_data


def joined(
    paths: Sequence[Path], time_base: Fraction, note: Callable[[int, int], None]
) -> Iterator[Packet]:
    """Yield the packets of files one after another, as if one encoder had made them all.

    Each file is decodable by itself. `note` is told of pts and duration of pictures, in their
    order, before a packet of theirs comes.
    """
    decoded = _decoding_times(paths)
    for path in paths:
        for pts, duration in shown(path):
            note(pts, duration)
        for packet in read(path):
            packet.time_base, packet.dts = time_base, next(decoded)
            yield packet


def shown(path: Path) -> list[tuple[int, int]]:
    """Return pts and duration of a file's pictures, in the order in which they are shown."""
    return sorted((head.pts, head.duration) for head in heads(path))


def _decoding_times(paths: Sequence[Path]) -> Iterator[int]:
    """Yield when packets are to be decoded: each when the picture `delay` before it is shown.

    Encoders say it of their own pictures alone, and where the rate varies an encoder's first can
    be before the last of the one before it.
    """
    delay = max(_delay(path) for path in paths)
    first, duration = shown(paths[0])[0]
    before = (first - late * max(1, duration) for late in range(delay, 0, -1))
    return chain(before, (pts for path in paths for pts, _ in shown(path)))


def _delay(path: Path) -> int:
    """Return by how many pictures decoding must be ahead of showing."""
    order = [head.pts for head in heads(path)]
    places = {pts: place for place, pts in enumerate(sorted(order))}
    return max((index - places[pts] for index, pts in enumerate(order)), default=0)


class PacketFile(Sink):
    """Pictures of one segment, encoded by themselves, in a file that `joined` takes."""

    def __init__(self, path: Path, clip: Clip, content: Content, plan: Plan) -> None:
        self.content, self.plan, self.warnings = content, plan, []
        self._path, self._size = path, encoded_size(clip, plan)
        self._durations: dict[int, int] = {}
        with translate_write_errors(path):
            # The muxer never writes; it says how the encoder is to hand out its headers.
            self._container = open_container(Path(os.devnull), plan)
            self._stream = add_video_stream(self._container, clip, content, plan, clip.time_base)
            self._file = path.open("wb")

    def write(self, matte: Matte) -> None:
        """As `Sink` says."""
        self._durations[matte.frame.pts] = matte.frame.duration
        video = encodable(matte, self.content, self.plan, self._size)
        self._keep(self._stream.encode(video))

    def _keep(self, packets: list[Packet]) -> None:
        with translate_write_errors(self._path):
            for packet in packets:
                self._file.write(written(packet, self._durations.pop(packet.pts or 0, 0)))

    def finish(self) -> None:
        """As `Sink` says."""
        with translate_write_errors(self._path):
            self._keep(self._stream.encode(None))
            self._close()

    def publish(self, publication: Publication) -> None:
        """As `Sink` says: it has its name already, which is none for people."""

    def _close(self) -> None:
        self._file.close()
        self._container.close()

    def abandon(self) -> None:
        """As `Sink` says."""
        try:
            self._close()
        except (av.FFmpegError, OSError):
            pass  # As in VideoFile: what made us give up is the error to hear of.
        self._path.unlink(missing_ok=True)
