"""Whether `live` holds out: its memory, descriptors, drops, latency and audio, minute by minute.

    python benchmarks/live_hour.py CLIP [--minutes 60] [--size 1280x720] [--rate 30]
        [--every SECONDS] [--json FILE] [--plot FILE]

CLIP is scaled, given a flash in its corner and a beep once a second, and sent by ffmpeg in real
time, again and again, over TCP. `sinet-video live` sends it on over UDP with default settings; a
core matte keeps the flash. Every minute this program notes what the process holds and what it says
of itself, listens for fifteen seconds, and measures how far the beeps are from their flashes. It is
behind if fewer frames came since the first row than were due.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any

import av
import numpy as np
from live import free_port
from measuring import PROGRAM, Row, facts, table, write

FFMPEG = ("ffmpeg", "-v", "error", "-y")

LASTS = 64
"""Seconds of the clip that is repeated: a whole number of frames of AAC at 48 kHz."""

FLASH, LONG = 96, 0.1
"""Pixels of the flash, in the upper left corner, and the seconds that it and its beep last."""

NEXT = 0.05
"""Seconds between two frames, if none between them was dropped."""

LISTENED = 15
"""Seconds of the output that are looked at each time."""


def source(clip: Path, width: int, height: int, rate: int, target: Path) -> Path:
    """Write the clip that is sent."""
    first = (rate // 2) / rate  # the time of a frame, and not that at which the clip begins again
    shown = f"lt(mod(t+1-{first}+1e-6,1),{LONG})"
    box = f"drawbox=0:0:{FLASH}:{FLASH}:c=%s:t=fill"
    video = (
        f"scale={width}:{height}:force_original_aspect_ratio=increase,crop={width}:{height},"
        f"fps={rate},{box % 'black'},{box % 'white'}:enable='{shown}',format=yuv420p"
    )
    beep = f"aevalsrc='0.8*sin(2*PI*1000*t)*{shown}':s=48000:d={LASTS}"
    # The sound is no input of its own: ffmpeg 5.1 can crash where it loops one of several.
    graph = ["-filter_complex", f"[0:v:0]{video}[v];{beep}[a]", "-map", "[v]", "-map", "[a]"]
    inputs = ["-stream_loop", "-1", "-i", str(clip), *graph, "-t", str(LASTS)]
    encoders = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-bf", "0", "-c:a", "aac"]
    command = [*FFMPEG, *inputs, *encoders, "-g", str(rate), str(target)]
    subprocess.run(command, check=True)
    return target


def core_matte(width: int, height: int, target: Path) -> Path:
    """Write the matte that keeps the flash."""
    drawn = f"color=black:s={width}x{height},drawbox=0:0:{FLASH}:{FLASH}:c=white:t=fill,format=gray"
    subprocess.run([*FFMPEG, "-f", "lavfi", "-i", drawn, "-frames:v", "1", target], check=True)
    return target


def flashes(path: Path) -> list[float]:
    """Return when it becomes light in a recording, where the frame before was not dropped."""
    seen = []
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            corner = frame.to_ndarray(format="gray")[8 : FLASH - 8, 8 : FLASH - 8]
            seen.append((float(frame.time or 0), corner.mean() > 128))
    return [
        time
        for (before, was), (time, now) in pairwise(seen)
        if now and not was and time - before < NEXT
    ]


def beeps(path: Path) -> list[float]:
    """Return when it becomes loud in a recording."""
    found, last = [], -1.0
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            loud = np.flatnonzero(abs(frame.to_ndarray()[0]) > 0.2) / frame.sample_rate
            for time in loud + float(frame.time or 0):
                if time - last > LONG:
                    found.append(float(time))
                last = time
    return found


def offsets(path: Path) -> list[float]:
    """Return the milliseconds from each flash to its beep."""
    heard = beeps(path)
    nearest = [min((beep - flash for beep in heard), key=abs) for flash in flashes(path) if heard]
    return [1000 * each for each in nearest if abs(each) < 0.5]


@dataclass
class Events:
    """What the command says of itself, read from its log."""

    log: IO[str]
    last: Row = field(default_factory=dict)
    latencies: list[int] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def run(self) -> None:
        """Read until the end."""
        for line in self.log:
            event = json.loads(line)
            if event.get("event") == "progress":
                self.last = event
                self.latencies.append(event["latency_ms"])
            else:
                self.said.append(line.strip())

    def taken(self) -> list[int]:
        """Return the latencies since the last time."""
        found, self.latencies = self.latencies, []
        return found


def held(pid: int) -> Row:
    """Return what a process holds, and the CPU seconds that it has had."""
    place = Path(f"/proc/{pid}")
    ticks = place.joinpath("stat").read_text().rsplit(")", 1)[1].split()[11:13]
    pages = int(place.joinpath("statm").read_text().split()[1])
    return {
        "MB": round(pages * os.sysconf("SC_PAGE_SIZE") / 1e6, 1),
        "descriptors": len(list(place.joinpath("fd").iterdir())),
        "threads": len(list(place.joinpath("task").iterdir())),
        "CPU s": sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK"),
    }


def heard(url: str, target: Path) -> list[float]:
    """Record some seconds of the output; return the milliseconds between flashes and beeps."""
    command = [*FFMPEG, "-v", "quiet", "-t", str(LISTENED), "-i", url, "-c", "copy"]
    try:
        subprocess.run([*command, target], timeout=10 * LISTENED, check=True)
        return offsets(target)
    except (subprocess.SubprocessError, av.FFmpegError, IndexError):
        return []


def minutes(
    process: subprocess.Popen[str],
    events: Events,
    url: str,
    folder: Path,
    given: argparse.Namespace,
) -> Iterator[Row]:
    """Yield the figures of each stretch of time."""
    begun, frames, dropped, spent = time.monotonic(), 0, 0, 0.0
    first: tuple[float, int] | None = None
    for index in range(1, round(given.minutes * 60 / given.every) + 1):
        time.sleep(max(0.0, begun + index * given.every - LISTENED - time.monotonic()))
        apart = heard(url, folder / "heard.ts")
        time.sleep(max(0.0, begun + index * given.every - time.monotonic()))
        if process.poll() is not None:
            return
        now, last, late = held(process.pid), events.last, events.taken()
        came, moment = last["frame"] + last["dropped"], time.monotonic()
        first = first or (moment, came)
        yield {
            "minute": round((time.monotonic() - begun) / 60, 2),
            "frames": last["frame"] - frames,
            "dropped": last["dropped"] - dropped,
            "latency ms": round(statistics.median(late)) if late else None,
            "most ms": max(late, default=None),
            "behind s": round(moment - first[0] - (came - first[1]) / given.rate, 1),
            "A/V ms": round(statistics.median(apart), 1) if apart else None,
            "A/V span": [round(min(apart), 1), round(max(apart), 1)] if apart else None,
            **now,
            "CPU s": round(now["CPU s"] - spent, 1),
            "load": round(os.getloadavg()[0], 1),
        }
        frames, dropped, spent = last["frame"], last["dropped"], now["CPU s"]


def run(given: argparse.Namespace, folder: Path) -> tuple[list[Row], Row]:
    """Send, matte and measure; return the rows, and the command's own report."""
    width, height = map(int, given.size.split("x"))
    sent = source(given.clip, width, height, given.rate, folder / "sent.mkv")
    matte = core_matte(width, height, folder / "core.png")
    come, go = free_port(), free_port()
    feed = f"tcp://127.0.0.1:{come}"
    looped = [*FFMPEG, "-re", "-stream_loop", "-1", "-i", str(sent), "-c", "copy"]
    sender = subprocess.Popen([*looped, "-f", "mpegts", f"{feed}?listen=1"])
    time.sleep(2)
    url, report = f"udp://127.0.0.1:{go}", folder / "report.json"
    command: list[str | Path] = [
        PROGRAM,
        "live",
        feed,
        f"{url}?pkt_size=1316",
        "--allow",
        "network",
    ]
    command += ["--core", matte, "--log-json", "--json", report]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    events, rows = Events(process.stderr), []
    reader = threading.Thread(target=events.run)
    reader.start()
    try:
        for row in minutes(process, events, f"{url}?timeout=5000000", folder, given):
            rows.append(row)
            print(json.dumps(row), flush=True)
            write(given.json, TITLE, facts(clip=given.clip.name), rows)
    finally:
        process.terminate()  # in the background of a shell, SIGINT is ignored
        process.wait(60)
        sender.kill()
        sender.wait()
        reader.join()
    own: dict[str, Any] = json.loads(report.read_text())
    return rows, {**own, "said": [each for each in events.said if '"done"' not in each]}


TITLE = "Live for an hour"


CURVES = {
    "frames a second": ("frames a second",),
    "latency, ms": ("latency ms", "most ms"),
    "memory, MB": ("MB",),
}
"""What is drawn, one below the other: the axis, and the columns of the table."""


def draw(target: Path | None, rows: list[Row]) -> None:
    """Draw frames, latency and memory over the minutes, if a file is given."""
    if target is None:
        return
    from matplotlib import pyplot

    minutes = [float(row["minute"]) for row in rows]
    lengths = [now - before for before, now in pairwise([0.0, *minutes])]
    paces = [row["frames"] / (60 * length) for row, length in zip(rows, lengths, strict=True)]
    figure, axes = pyplot.subplots(len(CURVES), sharex=True, figsize=(8, 6))
    for axis, (name, columns) in zip(axes, CURVES.items(), strict=True):
        for column in columns:
            values = paces if column == "frames a second" else [row[column] for row in rows]
            axis.plot(
                minutes, values, label={"latency ms": "median", "most ms": "longest"}.get(column)
            )
        axis.set_ylabel(name)
        axis.margins(y=0.2)
        axis.set_ylim(bottom=0)
    axes[1].legend()
    axes[-1].set_xlabel("minutes")
    figure.tight_layout()
    figure.savefig(target, dpi=80)
    pyplot.close(figure)


def main() -> None:
    """Measure, print and write what was asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("clip", type=Path)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--every", type=float, default=60.0, help="seconds between two rows")
    parser.add_argument("--size", default="1280x720")
    parser.add_argument("--rate", type=int, default=30)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--plot", type=Path)
    given = parser.parse_args()
    with TemporaryDirectory() as folder:
        rows, own = run(given, Path(folder))
    print(table(rows))
    print(json.dumps(own, indent=2))
    write(given.json, TITLE, facts(clip=given.clip.name), rows, report=own)
    draw(given.plot, rows)


if __name__ == "__main__":
    main()
