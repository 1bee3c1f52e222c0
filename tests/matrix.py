"""Many kinds of input through many kinds of output: python tests/matrix.py [NAME ...].

Each input of `made_inputs` is converted by a segmenter that takes everything for the person, so
that what comes out must be what went in. Whether it is, ffprobe and ffmpeg say and nothing of ours.
Prints a line for each pair, and ends with 1 if anything failed.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
from made_inputs import INPUTS, Made
from plain_mattes import EVERYTHING

from sinet_video import Encoding, convert

FAST = Encoding(preset="ultrafast")
OUTPUTS: dict[str, tuple[str, dict[str, Any]]] = {
    "mp4": ("o.mp4", {"background": "green", "encoding": FAST}),
    "mkv": ("o.mkv", {"background": "green", "encoding": FAST}),
    "mov": ("o.mov", {"background": "green", "encoding": FAST}),
    "hevc": (
        "h.mp4",
        {"background": "green", "encoding": Encoding(codec="hevc", preset="ultrafast")},
    ),
    "webm": ("a.webm", {}),
    "prores": ("a.mov", {}),
    "ffv1": ("a.mkv", {"background": "transparent"}),
    "png": ("png", {}),
}
"""File names, and how they are asked for."""

SIDE = 16
"""Frames are compared at so many pixels a side."""

CLOSE = 6.0
"""Mean difference of 8-bit values up to which frames look alike; a wrong range makes 15."""

TICK = Fraction(1, 1000)
"""Seconds, of Matroska and WebM."""

TIMELESS = Fraction(1, 10**6)
"""Seconds: what timestamps.txt rounds to."""


BROADCAST = frozenset({".ts", ".mpg"})
"""How files end whose clocks say nothing of what is in them."""


@dataclass(frozen=True)
class Audio:
    """One track as ffmpeg decodes it; `start` and `step`, the longest piece, are in seconds."""

    codec: str
    rate: int
    start: Fraction
    step: Fraction
    packets: list[str]
    """What is in them, as hashes."""
    samples: np.ndarray
    """(n, channels) int16."""


class Seen:
    """A file as ffprobe describes and ffmpeg decodes it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.is_image_sequence = path.is_dir()
        self.input = (
            ["-f", "image2", "-i", str(path / "%05d.png")]
            if self.is_image_sequence
            else ["-i", str(path)]
        )
        show = ("-show_streams", "-show_frames", "-show_packets", "-show_data_hash", "md5")
        told = json.loads(_run("ffprobe", *self.input, *show, "-of", "json"))
        self.streams: list[dict[str, Any]] = told["streams"]
        both = told["packets_and_frames"]
        frames = [each for each in both if each["type"] == "frame"]
        self._packets = [each for each in both if each["type"] == "packet"]
        self.video = next(s for s in self.streams if s["codec_type"] == "video")
        self.frames = [f for f in frames if f["stream_index"] == self.video["index"]]
        self._pieces = {
            stream["index"]: [f for f in frames if f["stream_index"] == stream["index"]]
            for stream in self.streams
            if stream["codec_type"] == "audio"
        }

    @cached_property
    def times(self) -> list[Fraction | None]:
        """When frames are shown, in seconds; None where ffprobe does not know."""
        if self.is_image_sequence:
            lines = (self.path / "timestamps.txt").read_text().split("\n")[1:-1]
            return [Fraction(line) / 1000 for line in lines]
        unit = Fraction(self.video["time_base"])
        stamps = [frame.get("best_effort_timestamp") for frame in self.frames]
        return [None if stamp is None else stamp * unit for stamp in stamps]

    @property
    def early(self) -> Fraction:
        """Seconds by which all must come later, in whole ticks, as frames begin before 0.

        Less than 0 for broadcasts, whose clocks begin anywhere: the first of all is at 0.
        """
        if self.path.suffix in BROADCAST:
            return -min(s["start_pts"] * Fraction(s["time_base"]) for s in self.streams)
        first, unit = self.times[0], Fraction(self.video["time_base"])
        if first is None or first >= 0:
            return Fraction(0)
        starts = [float(s.get("start_time", 0)) for s in self.streams]
        return ceil(max(-first, -Fraction(min(starts)).limit_denominator(10**6)) / unit) * unit

    @cached_property
    def turn(self) -> str:
        """How a player turns frames: degrees counter-clockwise, and m where it mirrors them."""
        told = [*self.video.get("side_data_list", []), *self.frames[0].get("side_data_list", [])]
        side = next((side for side in told if "rotation" in side), None)
        if side is None:
            return "0"
        rows = re.findall(r": +(-?\d+) +(-?\d+)", side["displaymatrix"])
        (a, b), (c, d) = (map(int, row) for row in rows[:2])
        return f"{int(side['rotation']) % 360}{'m' if a * d < b * c else ''}"

    @property
    def sideways(self) -> bool:
        """Whether that swaps width and height."""
        return self.turn.strip("m") in ("90", "270")

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels, as coded."""
        return self.video["width"], self.video["height"]

    @property
    def aspect(self) -> Fraction:
        """Width of a pixel over its height."""
        said = Fraction(
            self.video.get("sample_aspect_ratio", "1:1").replace(":", "/").replace("/0", "/1")
        )
        return said or Fraction(1)

    @property
    def tags(self) -> dict[str, str]:
        """What the first frame says of its colours."""
        keys = ("color_range", "color_space", "color_primaries", "color_transfer")
        return {key: self.frames[0].get(key, "unknown") for key in keys}

    @property
    def pixel_format(self) -> str:
        """As decoded."""
        return str(self.video["pix_fmt"])

    @property
    def is_rgb(self) -> bool:
        """Whether it needs no tags of colour."""
        return re.match(r"(rgb|bgr|gbr|argb|abgr|pal8)", self.pixel_format) is not None

    @property
    def bits(self) -> int:
        """Bits of a sample."""
        found = re.search(r"(9|1[0246])(le|be)$", self.pixel_format)
        return int(found[1]) if found else 16 if re.search("(48|64)[bl]e", self.pixel_format) else 8

    @cached_property
    def decoded(self) -> tuple[np.ndarray, list[Audio]]:
        """Frames as players turn them, (n, SIDE, SIDE, 3) uint8, and the audio."""
        decode_together([self])
        return self.decoded

    def decoding(self, number: int, folder: Path) -> list[str]:
        """What to tell ffmpeg, of which it is the input of a number, for `take_decoded`."""
        look = f"scale={SIDE}:{SIDE}:flags=area+accurate_rnd+full_chroma_int,format=rgb24"
        words = ["-map", f"{number}:v:0", "-vf", look, "-fps_mode", "passthrough"]
        words += ["-f", "rawvideo", f"{folder}/v"]
        for index in self._pieces:
            words += ["-map", f"{number}:{index}", "-f", "s16le", f"{folder}/{index}"]
        return words

    def take_decoded(self, folder: Path) -> None:
        """Read what ffmpeg has decoded into a folder."""
        images = np.fromfile(folder / "v", np.uint8).reshape(-1, SIDE, SIDE, 3)
        self.decoded = images, [self._audio(index, folder) for index in self._pieces]

    def _audio(self, index: int, folder: Path) -> Audio:
        stream = next(s for s in self.streams if s["index"] == index)
        rate, pieces = int(stream["sample_rate"]), self._pieces[index]
        return Audio(
            codec=stream["codec_name"],
            rate=rate,
            start=pieces[0]["best_effort_timestamp"] * Fraction(stream["time_base"]),
            step=Fraction(max(piece["nb_samples"] for piece in pieces), rate),
            packets=[p["data_hash"] for p in self._packets if p["stream_index"] == index],
            samples=np.fromfile(folder / str(index), np.int16).reshape(-1, stream["channels"]),
        )

    def __str__(self) -> str:
        tags = self.tags
        audio = "+".join(
            f"{s['codec_name']} {s['channels']}" for s in self.streams if s["codec_type"] == "audio"
        )
        words = (
            f"{self.video['codec_name']:<10} {self.pixel_format:<11}",
            f"{tags['color_range'][:2]:<2} {tags['color_space'][:9]:<9}",
            f"{tags['color_transfer'][:12]:<12} {self.turn:<4} {self.aspect!s:<5}",
            f"{_rate(self.times):<11} {audio or '-'}",
        )
        return " ".join(words)


def decode_together(files: Sequence[Seen]) -> None:
    """Decode files in one process, as to start it takes longer than to decode."""
    with tempfile.TemporaryDirectory() as made:
        folders = [Path(made) / str(number) for number in range(len(files))]
        inputs = [word for file in files for word in file.input]
        wanted: list[str] = []
        for number, (file, folder) in enumerate(zip(files, folders, strict=True)):
            folder.mkdir()
            wanted += file.decoding(number, folder)
        _run("ffmpeg", *inputs, *wanted)
        for file, folder in zip(files, folders, strict=True):
            file.take_decoded(folder)


def _rate(seen: Sequence[Fraction | None]) -> str:
    """Return what kind of times they are: their rate, or that it varies, and a late start."""
    times = [time for time in seen if time is not None]
    gaps = {round(float(after - before), 2) for before, after in pairwise(times)}
    rate = "vfr" if len(gaps) > 2 else f"{float((len(times) - 1) / (times[-1] - times[0])):.5g}"
    return f"{rate}@{float(times[0]):.4g}" if times[0] else rate


def _run(program: str, *arguments: str) -> str:
    command = [program, "-v", "error", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stderr}"
    return done.stdout


# What must hold: each yields what is wrong.


def frames(mine: Seen, theirs: Seen) -> Iterator[str]:
    """As many frames."""
    if len(mine.frames) != len(theirs.frames):
        yield f"{len(mine.frames)} frames, not {len(theirs.frames)}"


def times(mine: Seen, theirs: Seen) -> Iterator[str]:
    """Each frame at its time, exactly or to the tick that the container has."""
    slack = TIMELESS if mine.is_image_sequence else Fraction(0)
    if "matroska" in _kind(mine):
        slack = TICK / 2
    pushed = Fraction(0)  # frames on one tick are kept a tick apart, one after the other
    before: Fraction | None = None
    for number, (found, wanted) in enumerate(zip(mine.times, theirs.times, strict=False)):
        if "matroska" in _kind(mine) and before is not None and wanted is not None:
            pushed = max(Fraction(0), pushed + TICK - (wanted - before))
        before = wanted
        allowed = slack + pushed
        if wanted is not None and (found is None or abs(found - theirs.early - wanted) > allowed):
            yield f"frame {number} at {found}, not {wanted + theirs.early}"
            return


def _kind(seen: Seen) -> str:
    return {".mkv": "matroska", ".webm": "matroska"}.get(seen.path.suffix, seen.path.suffix)


def size(mine: Seen, theirs: Seen) -> Iterator[str]:
    """The coded size; where frames are turned, the turned one; even where the codec is."""
    wanted = theirs.size
    if mine.is_image_sequence and theirs.sideways:
        wanted = wanted[::-1]
    even = mine.video["codec_name"] in ("h264", "hevc") and "444" not in mine.pixel_format
    if even:
        wanted = wanted[0] + wanted[0] % 2, wanted[1] + wanted[1] % 2
    if mine.size != wanted:
        yield f"{mine.size}, not {wanted}"


def turn(mine: Seen, theirs: Seen) -> Iterator[str]:
    """Players turn it as they turn the source."""
    wanted = "0" if mine.is_image_sequence else theirs.turn
    if mine.turn != wanted:
        yield f"turned by {mine.turn}, not {wanted}"


def aspect(mine: Seen, theirs: Seen) -> Iterator[str]:
    """Pixels as wide as the source's, and as high where they have been turned."""
    wanted = 1 / theirs.aspect if mine.is_image_sequence and theirs.sideways else theirs.aspect
    if mine.aspect != wanted:
        yield f"pixels {mine.aspect}, not {wanted}"


def colour(mine: Seen, theirs: Seen) -> Iterator[str]:
    """The source's tags; what it does not say is not said, or said as it is understood."""
    if mine.is_rgb or theirs.is_rgb:
        return
    found, wanted = _as_understood(mine.tags), _as_understood(theirs.tags)
    if mine.video["codec_name"] == "prores":  # which has no other
        wanted["color_range"] = "tv"
    yield from (
        f"{key} {found[key]}, not {said}" for key, said in wanted.items() if found[key] != said
    )


def _as_understood(tags: dict[str, str]) -> dict[str, str]:
    said = tags["color_range"]
    return {**tags, "color_range": "tv" if said == "unknown" else said}


def depth(mine: Seen, theirs: Seen) -> Iterator[str]:
    """No fewer bits, but for codecs that have no more."""
    most = {"vp9": 8, "h264": 10, "prores": 10}.get(mine.video["codec_name"], 16)
    if mine.bits < min(theirs.bits, most):
        yield f"{mine.bits} bits, not {theirs.bits}"


def look(mine: Seen, theirs: Seen) -> Iterator[str]:
    """Upright as ffmpeg shows the source, each frame in its place, in its colours."""
    found, wanted = mine.decoded[0], theirs.decoded[0]
    if found.shape != wanted.shape:
        yield f"ffmpeg decodes {len(found)} frames, not {len(wanted)}"
        return
    off = np.abs(found.astype(int) - wanted).mean(axis=(1, 2, 3))
    if off.max() > CLOSE:
        yield f"frame {off.argmax()} is {off.max():.1f} off"


def audio(mine: Seen, theirs: Seen) -> Iterator[str]:
    """As many tracks; the same samples at the same time if copied, the same audio if not."""
    if mine.is_image_sequence:
        return
    found, wanted = mine.decoded[1], theirs.decoded[1]
    if len(found) != len(wanted):
        yield f"{len(found)} tracks, not {len(wanted)}"
    for number, (each, other) in enumerate(zip(found, wanted, strict=False)):
        for problem in _heard(each, _in_file(other, theirs.early)):
            yield f"track {number} ({other.codec} to {each.codec}): {problem}"


def _in_file(track: Audio, early: Fraction) -> Audio:
    """Return a track as it can be in a file: as much later as frames, and nothing before 0."""
    start = track.start + early
    before = round(-start * track.rate) if start < -2 * track.step else 0
    return replace(
        track, start=start + Fraction(before, track.rate), samples=track.samples[before:]
    )


def _heard(mine: Audio, theirs: Audio) -> Iterator[str]:
    slack = max(mine.step, theirs.step) + TICK
    late = mine.start - theirs.start
    # Older ffmpegs have what primes a decoder in Matroska before the start: two packets at most.
    if not -2 * slack <= late <= slack:
        yield f"starts {float(late):.4f} s late"
    ends = [s.start + Fraction(len(s.samples), s.rate) for s in (mine, theirs)]
    if abs(ends[0] - ends[1]) > 2 * slack:
        yield f"ends {float(ends[0] - ends[1]):.4f} s late"
    if mine.samples.shape[1] != theirs.samples.shape[1]:
        yield f"{mine.samples.shape[1]} channels, not {theirs.samples.shape[1]}"
    else:
        yield from _in_time(mine, theirs, exact=mine.codec == theirs.codec)


def _in_time(mine: Audio, theirs: Audio, *, exact: bool) -> Iterator[str]:
    """To the millisecond, each channel about as loud; the packets equal if they are copied."""
    if exact and not _copied(mine, theirs):
        yield "neither packets nor samples are the source's"
    yield from _similar(mine, theirs)


def _copied(mine: Audio, theirs: Audio) -> bool:
    """Whether packets are the source's, but for some at either end that are not heard.

    Where a container packs them otherwise, samples are.
    """
    count = len(mine.packets)
    starts = range(len(theirs.packets) - count + 1)
    if count and any(theirs.packets[start : start + count] == mine.packets for start in starts):
        return True
    return np.array_equal(mine.samples, theirs.samples)


def _similar(mine: Audio, theirs: Audio) -> Iterator[str]:
    rate = 16_000
    one, two = (_timeline(each, min(mine.start, theirs.start), rate) for each in (mine, theirs))
    length = min(len(one), len(two))
    one, two = one[:length], two[:length]
    alike = np.fft.irfft(
        np.fft.rfft(one[:, 0], 2 * length) * np.conj(np.fft.rfft(two[:, 0], 2 * length))
    )
    lag = int(np.argmax(alike))
    lag = lag - 2 * length if lag > length else lag
    if abs(lag) > rate // 500:
        yield f"heard {lag / rate:.4f} s late"
    loud = [np.sqrt((each**2).mean(axis=0)) for each in (one, two)]
    if np.abs(loud[0] / loud[0].max() - loud[1] / loud[1].max()).max() > 0.15:
        yield f"channels are {loud[0].round()} loud, not {loud[1].round()}"


def _timeline(track: Audio, start: Fraction, rate: int) -> np.ndarray:
    """Return a track at another rate, from a moment on."""
    times = np.arange(len(track.samples)) / track.rate + float(track.start - start)
    wanted = np.arange(0, times[-1], 1 / rate)
    channels = [
        np.interp(wanted, times, channel, left=0) for channel in track.samples.T.astype(float)
    ]
    return np.stack(channels, axis=1)


Check = Callable[[Seen, Seen], Iterator[str]]
CHECKS: tuple[Check, ...] = (frames, times, size, turn, aspect, look, colour, depth, audio)


@dataclass(frozen=True)
class Cell:
    """An input in an output, and what is wrong with it, by the names of checks."""

    source: Seen
    output: str
    wrong: dict[str, list[str]]

    def __str__(self) -> str:
        words = [f"{'NO' if name in self.wrong else 'ok':<6}" for name in NAMES]
        return f"{self.source.path.name:<16} {self.source!s:<82} {self.output:<7}{''.join(words)}"

    @property
    def holds(self) -> bool:
        """Whether all is well."""
        return not self.wrong


NAMES = tuple(check.__name__ for check in CHECKS)
HEAD = f"{'input':<16} {'what ffprobe says of it':<82} {'output':<7}" + "".join(
    f"{name[:5]:<6}" for name in NAMES
)


def row(made: Made, folder: Path) -> list[Cell]:
    """Make an input, convert it into each of its outputs, look at these."""
    source = Seen(made.write(folder))
    results = {output: _converted(source, output, folder) for output in made.outputs.split()}
    decode_together([source, *results.values()])
    return [_cell(source, output, result) for output, result in results.items()]


def _converted(source: Seen, output: str, folder: Path) -> Seen:
    name, wanted = OUTPUTS[output]
    convert(source.path, folder / name, settings=EVERYTHING, **wanted)
    return Seen(folder / name)


def _cell(source: Seen, output: str, result: Seen) -> Cell:
    found = {check.__name__: list(check(result, source)) for check in CHECKS}
    return Cell(source, output, {name: wrong for name, wrong in found.items() if wrong})


def table(cells: Sequence[Cell]) -> str:
    """Return a line for each, and after it what is wrong."""
    lines = [HEAD]
    for cell in cells:
        lines.append(str(cell))
        lines += [f"    {name}: {'; '.join(wrong)}" for name, wrong in cell.wrong.items()]
    return "\n".join(lines)


def main() -> None:
    """Make the whole matrix, or the inputs that are named."""
    cells: list[Cell] = []
    print(HEAD)
    for made in INPUTS:
        if sys.argv[1:] and made.name not in sys.argv[1:]:
            continue
        with tempfile.TemporaryDirectory() as folder:
            try:
                new = row(made, Path(folder))
            except Exception as error:
                print(made.name, repr(error)[-500:])
                continue
        cells += new
        print(*table(new).split("\n")[1:], sep="\n", flush=True)
    bad = sum(not cell.holds for cell in cells)
    print(
        f"{len({c.source.path for c in cells})} inputs, {len(cells)} outputs, {bad} of them wrong."
    )
    sys.exit(bad > 0)


if __name__ == "__main__":
    main()
