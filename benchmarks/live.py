"""How late live video is, and how much of it is dropped.

    python benchmarks/live.py CLIP [--seconds 60] [--size 1280x720] [--rate 30] [--json FILE]
        [--plot FILE] [--fast FRAMES]

CLIP is scaled, repeated and sent through a pipe in real time, each frame with the moment of its
sending as a row of black and white squares, which a core matte keeps. `sinet-video live` sends it
on over UDP, with default settings; this program receives and decodes that, and reads the squares:
so latency is from before the pipe until after the decoder of whoever looks on. It prints frames a
second, drops, latencies, CPU time and memory.

--fast sends so many frames in no time instead, 320x180, and tells how memory grew.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import statistics
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any

import av
import numpy as np
from measuring import PROGRAM, Row, facts, plot, table, write

SQUARE, BITS = 16, 24
"""Pixels of a square, and how many there are: milliseconds of 4 hours."""

MARGIN = 16
"""Pixels around them that the core matte keeps."""

DARK, BRIGHT = 16, 235

KEPT = 60
"""Frames of the clip that are repeated."""


def milliseconds() -> int:
    """Return the moment, as it is coded."""
    return int(time.monotonic() * 1000) % (1 << BITS)


def paint(luma: np.ndarray, moment: int) -> None:
    """Write a moment into the top of a picture."""
    for bit in range(BITS):
        left = MARGIN + bit * SQUARE
        value = BRIGHT if moment >> bit & 1 else DARK
        luma[MARGIN : MARGIN + SQUARE, left : left + SQUARE] = value


def read(luma: np.ndarray) -> int:
    """Read it, from the middle of each square."""
    row = luma[MARGIN + SQUARE // 2, MARGIN + SQUARE // 2 :: SQUARE][:BITS]
    return int(sum(1 << bit for bit, value in enumerate(row) if value > (DARK + BRIGHT) // 2))


def core_matte(folder: Path, width: int, height: int) -> Path:
    """Write the matte that keeps the squares."""
    matte = np.zeros((height, width), np.uint8)
    matte[: 2 * MARGIN + SQUARE, : 2 * MARGIN + BITS * SQUARE] = 255
    path = folder / "core.png"
    with av.open(str(path), "w", format="image2") as container:
        stream: Any = container.add_stream("png", rate=1)
        stream.width, stream.height, stream.pix_fmt = width, height, "gray"
        container.mux(stream.encode(av.VideoFrame.from_ndarray(matte, "gray")))
        container.mux(stream.encode(None))
    return path


def pictures(clip: Path, width: int, height: int) -> list[np.ndarray]:
    """Return frames of a clip as planar YUV, (height * 3 / 2, width) uint8."""
    with av.open(str(clip)) as container:
        found = []
        for video in container.decode(video=0):
            small = video.reformat(width, height, "yuv420p", dst_color_range="MPEG")
            found.append(small.to_ndarray())
            if len(found) == KEPT:
                break
    return found


@dataclass
class Sender:
    """Writes pictures into a pipe as y4m, each with the moment at which it is written."""

    pipe: IO[bytes]
    images: list[np.ndarray]
    rate: int
    count: int
    paced: bool = True
    sent: int = 0

    def run(self) -> None:
        """Do it, and close the pipe."""
        height, width = self.images[0].shape[0] * 2 // 3, self.images[0].shape[1]
        with av.open(self.pipe, "w", format="yuv4mpegpipe") as container:
            stream: Any = container.add_stream("rawvideo", rate=self.rate)
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            start = time.monotonic()
            for index, image in zip(range(self.count), cycle(self.images), strict=False):
                if self.paced:
                    time.sleep(max(0.0, start + index / self.rate - time.monotonic()))
                paint(image[:height], milliseconds())
                video = av.VideoFrame.from_ndarray(image, "yuv420p")
                video.pts = index
                container.mux(stream.encode(video))
                self.sent += 1
        self.pipe.close()


@dataclass
class Looker:
    """Receives a stream and notes how late each frame is, in milliseconds."""

    port: int
    late: list[int] = field(default_factory=list)

    def run(self) -> None:
        """Do it, until nothing comes for two seconds."""
        options = {"fflags": "nobuffer", "flags": "low_delay", "overrun_nonfatal": "1"}
        url = f"udp://127.0.0.1:{self.port}"
        try:
            with av.open(url, format="mpegts", options=options, timeout=(60, 2)) as container:
                stream = container.streams.video[0]
                stream.thread_type = "SLICE"
                for video in container.decode(stream):
                    # Without a copy of the whole frame.
                    plane = np.frombuffer(video.planes[0], np.uint8)
                    moment = read(plane.reshape(-1, video.planes[0].line_size))
                    self.late.append((milliseconds() - moment) % (1 << BITS))
        except (av.FFmpegError, EOFError):
            pass  # The stream has ended.


def resident(pid: int) -> float:
    """Return the megabytes of a process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def free_port() -> int:
    """Return a port that nobody uses."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    return port


def followed(process: subprocess.Popen[bytes], pause: float) -> Iterator[float]:
    """Yield the megabytes of a process, every so often, until it ends."""
    while process.poll() is None:
        yield resident(process.pid)
        try:
            process.wait(pause)
        except subprocess.TimeoutExpired:
            continue


def live(given: argparse.Namespace, folder: Path) -> Row:
    """Measure; return the figures."""
    width, height = (320, 180) if given.fast else map(int, given.size.split("x"))
    images = pictures(given.clip, width, height)
    port, report = free_port(), folder / "report.json"
    looker = Looker(port)
    threads = [] if given.fast else [threading.Thread(target=looker.run)]
    more: list[object] = [] if given.fast else ["--core", core_matte(folder, width, height)]
    output = folder / "out.mkv" if given.fast else f"udp://127.0.0.1:{port}?pkt_size=1316"
    command = [PROGRAM, "live", "-", output, "--allow", "network", "--quiet", *more]
    for thread in threads:
        thread.start()
    process = subprocess.Popen([*map(str, command), "--json", report], stdin=subprocess.PIPE)
    assert process.stdin is not None
    count = given.fast or round(given.seconds * given.rate)
    sender = Sender(process.stdin, images, given.rate, count, paced=not given.fast)
    threads.append(threading.Thread(target=sender.run))
    threads[-1].start()
    memory = list(followed(process, 5.0 if given.fast else 1.0))
    for thread in threads:
        thread.join()
    own = json.loads(report.read_text())
    times = os.times()
    return {
        "frames sent": sender.sent,
        **_seen(looker, given),
        "frames made": own["frames"],
        "dropped": own["dropped"],
        "own latency, median, ms": own["latency_median"],
        "own latency, 95 %, ms": own["latency_95"],
        "CPU seconds": round(times.children_user + times.children_system, 1),
        "memory at quarters, MB": [round(memory[(len(memory) - 1) * i // 4]) for i in range(1, 5)],
    }


def _seen(looker: Looker, given: argparse.Namespace) -> Row:
    if given.fast:
        return {}
    late = sorted(looker.late[given.rate :])  # the first second is that of finding each other
    return {
        "frames seen": len(looker.late),
        "frames/s": round(len(looker.late) / given.seconds, 1),
        "latency, median, ms": statistics.median(late),
        "latency, 95 %, ms": late[int(0.95 * len(late))],
        "latency, most, ms": late[-1],
    }


def main() -> None:
    """Measure, print and write what was asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("clip", type=Path)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--size", default="1280x720")
    parser.add_argument("--rate", type=int, default=30)
    parser.add_argument("--fast", type=int, metavar="FRAMES")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--plot", type=Path)
    given = parser.parse_args()
    with TemporaryDirectory() as folder:
        row = live(given, Path(folder))
    rows = [{"": name, "figure": value} for name, value in row.items()]
    print(table(rows))
    write(given.json, "Live", facts(clip=given.clip.name), rows)
    plot(given.plot, [row | {"run": "live"}], "run", [n for n in row if "latency" in n], "ms")


if __name__ == "__main__":
    main()
