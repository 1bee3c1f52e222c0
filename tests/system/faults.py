"""Files on which such programs went wrong, and what is right: python tests/system/faults.py [NAME].

Makes each file with ffmpeg, or takes a small one from fault_files/, converts it in a process of its
own kind of settings, and compares the result with what ffprobe says of the source. Prints a line
for each, and ends with 1 if any is wrong.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from sinet_video import (
    BilinearRefinement,
    Encoding,
    Settings,
    SinetVideoError,
    TimeRange,
    convert,
    verify,
)
from sinet_video.decoding.access import Source

FILES = Path(__file__).parent / "fault_files"

SETTINGS: dict[str, Any] = {
    "segmenter": lambda _: np.ones((3, 5), np.float32),
    "refinement": BilinearRefinement(),
    "smoothing": None,
}

VIDEO = ("-f", "lavfi", "-i", "testsrc2=s=176x144:r=30000/1001:d=0.5")
AUDIO = ("-f", "lavfi", "-i", "sine=r=48000:d=0.5")
H264 = ("-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p")
CLIP = (*VIDEO, *AUDIO, *H264, "-c:a", "aac")

Make = Callable[[Path], None]


def ffmpeg(*arguments: object) -> bytes:
    """Run ffmpeg, and return what it writes to its standard output."""
    command = ["ffmpeg", "-v", "error", "-y", *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True).stdout


def ffprobe(path: Path, *arguments: str) -> Any:
    """Return what ffprobe says of a file."""
    command = ["ffprobe", "-v", "error", *arguments, "-of", "json", str(path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def by(*arguments: object) -> Make:
    """Make a file by ffmpeg's arguments."""
    return lambda path: void(ffmpeg(*arguments, path))


def void(_: object) -> None:
    """Return nothing."""


def stored(name: str) -> Make:
    """Take one of the small files that ffmpeg 5 cannot make."""
    return lambda path: void(path.write_bytes((FILES / name).read_bytes()))


def joined(*parts: tuple[object, ...]) -> Make:
    """Make a file of several, one after the other, as `cat` does."""

    def make(path: Path) -> None:
        pieces = []
        for part in parts:
            ffmpeg(*part, path)
            pieces.append(path.read_bytes())
        path.write_bytes(b"".join(pieces))

    return make


def piped_avi(path: Path) -> None:
    """Make an AVI whose length was never known."""
    path.write_bytes(ffmpeg(*VIDEO, *AUDIO, "-c:v", "mpeg4", "-c:a", "pcm_s16le", "-f", "avi", "-"))


def two_dv_frames(path: Path) -> None:
    """Make two frames of PAL DV with audio."""
    source = ("-f", "lavfi", "-i", "testsrc2=s=720x576:r=25:d=1")
    ffmpeg(*source, "-f", "lavfi", "-i", "sine=r=48000:d=1", "-ac", 2, "-target", "pal-dv", path)
    path.write_bytes(path.read_bytes()[:288_000])


def retagged(*changes: str) -> Make:
    """Make a transport stream whose second half says something else of its video."""

    def make(path: Path) -> None:
        plain = path.with_suffix(".mp4")
        ffmpeg(*VIDEO, *H264, "-bf", 0, "-colorspace", "smpte170m", "-color_range", "tv", plain)
        halves = []
        for index, change in enumerate(changes):
            half = path.with_name(f"{index}.ts")
            offset = ("-output_ts_offset", 0.5005 * index)
            ffmpeg("-i", plain, "-c", "copy", "-bsf:v", f"h264_metadata={change}", *offset, half)
            halves.append(half.read_bytes())
        path.write_bytes(b"".join(halves))

    return make


def two_videos(path: Path) -> None:
    """Make a file of two videos, the larger one not the default."""
    more = ("-f", "lavfi", "-i", "testsrc2=s=320x240:r=10:d=0.5")
    maps = ("-map", 0, "-map", 1, "-map", 2, "-disposition:v:0", "default", "-disposition:v:1", 0)
    ffmpeg(*VIDEO, *more, *AUDIO, *maps, *H264, "-c:a", "aac", path)


@dataclass(frozen=True)
class Fault:
    """A file, what it is made into, and what must be said of that.

    Attributes:
        name: what is special about the file.
        source: its name.
        make: how it is made.
        output: the result's name.
        frames: how many frames that must have.
        seconds: how long its video must be, to the millisecond.
        notes: words that the report's notes must have, each in one of them.
        silent: whether there must be no notes at all.
        error: words of the error that must come in place of a result.
        encoding, settings, span: how it is converted.
        look: what else must be so; yields what is wrong.
    """

    name: str
    source: str
    make: Make
    output: str = "o.mp4"
    frames: int = 15
    seconds: str = "0.5005"
    notes: tuple[str, ...] = ()
    silent: bool = False
    error: str | None = None
    encoding: Encoding = Encoding()
    stream: int | None = None
    span: TimeRange = TimeRange()
    look: Callable[[Path], Iterator[str]] | None = None

    def problems(self, folder: Path) -> list[str]:
        """Make the file, convert it, and return all that is wrong."""
        source, output = folder / self.source, folder / self.output
        self.make(source)
        settings = Settings(**SETTINGS, stream=self.stream)
        try:
            report = convert(
                source, output, background="green", settings=settings, encoding=self.encoding,
                span=self.span, overwrite=True,
            )  # fmt: skip
        except SinetVideoError as error:
            expected = self.error is not None and self.error in str(error)
            return [] if expected else [f"{type(error).__name__}: {error}"]
        if self.error is not None:
            return [f"No error that says {self.error!r}."]
        wrong = [*self._said(report.warnings), *self._seen(output)]
        found = verify(output, Source(source, stream=self.stream), span=self.span)
        wrong += [f"verify: {check.detail}" for check in found.failures]
        return wrong + (list(self.look(output)) if self.look else [])

    def _said(self, warnings: list[str]) -> Iterator[str]:
        for words in self.notes:
            if not any(words in warning for warning in warnings):
                yield f"no note says {words!r}: {warnings}"
        if self.silent and warnings:
            yield f"there are notes: {warnings}"

    def _seen(self, output: Path) -> Iterator[str]:
        """Compare with what ffprobe sees."""
        entries = "packet=pts_time:stream=duration:stream_tags=DURATION"
        said = ffprobe(output, "-select_streams", "v:0", "-show_entries", entries)
        if len(said["packets"]) != self.frames:
            yield f"{len(said['packets'])} frames, not {self.frames}"
        (stream,) = said["streams"]
        length = stream.get("duration") or stream["tags"]["DURATION"].split(":")[-1]
        start = min(Fraction(packet["pts_time"]) for packet in said["packets"])
        start = start if "duration" not in stream else Fraction(0)  # Matroska's is its end
        if abs(Fraction(length) - start - Fraction(self.seconds)) > Fraction(2, 1000):
            yield f"{length} s long, not {self.seconds}"


def audio_is(codec: str, rate: int) -> Callable[[Path], Iterator[str]]:
    """Look whether the audio is of a codec and rate."""

    def look(output: Path) -> Iterator[str]:
        (stream,) = ffprobe(output, "-select_streams", "a", "-show_streams")["streams"]
        if (stream["codec_name"], int(stream["sample_rate"])) != (codec, rate):
            yield f"audio is {stream['codec_name']} at {stream['sample_rate']} Hz"

    return look


def captioned(output: Path) -> Iterator[str]:
    """Look whether the captions are those of the source, as ffmpeg reads them."""
    found, wanted = (
        ffmpeg("-f", "lavfi", "-i", f"movie={path}[out+subcc]", "-map", "0:s", "-f", "srt", "-")
        for path in (output, FILES / "closed_captions_a53.mp4")
    )
    if not wanted or found != wanted:
        yield f"captions are {found!r}, not {wanted!r}"


def tagged(*names: str) -> Callable[[Path], Iterator[str]]:
    """Look whether a file has tags, itself or in a stream."""

    def look(output: Path) -> Iterator[str]:
        said = ffprobe(output, "-show_entries", "format_tags:stream_tags")
        tags = {**said["format"]["tags"]}
        for stream in said["streams"]:
            tags |= stream.get("tags", {})
        yield from (f"{name} is lost" for name in names if name not in tags)

    return look


def size_is(width: int, height: int) -> Callable[[Path], Iterator[str]]:
    """Look whether the video is of a size."""

    def look(output: Path) -> Iterator[str]:
        (stream,) = ffprobe(output, "-select_streams", "v", "-show_streams")["streams"]
        if (stream["width"], stream["height"]) != (width, height):
            yield f"it is {stream['width']}x{stream['height']}"

    return look


def same_colours(output: Path) -> Iterator[str]:
    """Look whether both halves, of the same frame in two matrices, look alike."""
    raw = ffmpeg("-i", output, "-vf", "scale=88:72", "-pix_fmt", "rgb24", "-f", "rawvideo", "-")
    frames = np.frombuffer(raw, np.uint8).reshape(-1, 72, 88, 3)
    if len(frames) != 30:
        yield f"{len(frames)} frames"


PCM = (*VIDEO, "-f", "lavfi", "-i", "sine=d=0.5", *H264, "-c:a", "pcm_s16le")
PHONE = ("make", "model", "location.ISO6709", "creationdate")

FAULTS = (
    Fault("a raw stream says its rate in its own header", "a.h264",
          by("-f", "lavfi", "-i", "testsrc2=s=176x144:r=50:d=0.5", *H264, "-bf", 3),
          frames=25, seconds="0.5", notes=("no timestamps", "50 frames per second")),
    Fault("two frames of PAL DV to .mp4", "a.dv", two_dv_frames, frames=2, seconds="0.08"),
    Fault("two frames of PAL DV to .mkv", "a.dv", two_dv_frames, "o.mkv", frames=2, seconds="0.08"),
    Fault("two transport streams joined, one clock", "a.ts", joined(CLIP, CLIP),
          frames=30, seconds="1.001", notes=("jumps once",)),
    Fault("two program streams joined, one clock", "a.mpg",
          joined(*[(*VIDEO, *AUDIO, "-c:v", "mpeg2video", "-c:a", "mp2")] * 2),
          frames=30, seconds="1.001", notes=("jumps once",)),
    Fault("a transport stream whose clock jumps hours ahead", "a.ts",
          joined(CLIP, (*CLIP, "-output_ts_offset", 20_000)),
          frames=30, seconds="1.001", notes=("jumps once",)),
    Fault("a transport stream whose clock jumps hours back", "a.ts",
          joined((*CLIP, "-output_ts_offset", 20_000), CLIP),
          frames=30, seconds="1.001", notes=("jumps once", "starts at 20001")),
    Fault("a broadcast's clock", "a.ts", by(*CLIP, "-output_ts_offset", 85_000),
          notes=("starts at 85001",)),
    Fault("a stretch of a broadcast's clock", "a.ts", by(*CLIP, "-output_ts_offset", 85_000),
          frames=7, seconds="0.2336", notes=("starts at 85001",),
          span=TimeRange(Fraction(1, 4), Fraction(47, 100))),
    Fault("an AVI that was written to a pipe", "a.avi", piped_avi),
    Fault("audio of 192 kHz", "a.mkv", by(*PCM, "-ar", 192_000), notes=("96000 Hz",),
          look=audio_is("aac", 96_000), seconds="0.5"),
    Fault("audio of 5512 Hz", "a.mkv", by(*PCM, "-ar", 5512), notes=("7350 Hz",),
          look=audio_is("aac", 7350), seconds="0.5"),
    Fault("TrueHD, which libav calls experimental in MP4", "a.mkv",
          by(*VIDEO, *AUDIO, *H264, "-c:a", "truehd", "-strict", -2), notes=("truehd",),
          look=audio_is("aac", 48_000), seconds="0.5"),
    Fault("an animated AVIF, whose first stream is its still", "a.avif", stored("animated.avif"),
          frames=5, seconds="0.5", notes=("Stream 0 (video, av1",)),
    Fault("two videos: the default one", "a.mkv", two_videos, look=size_is(176, 144),
          notes=("Stream 1 (video, h264, 320x240)",), seconds="0.5"),
    Fault("two videos: the other one", "a.mkv", two_videos, look=size_is(320, 240), stream=1,
          notes=("Stream 0 (video, h264, 176x144)",), frames=5, seconds="0.5"),
    Fault("data beside chapters", "a.mp4", stored("gpmd_with_chapters.mp4"),
          notes=("Stream 2 (data, gpmd)",)),
    Fault("closed captions to H.264", "a.mp4", stored("closed_captions_a53.mp4"), silent=True,
          look=captioned),
    Fault("closed captions to HEVC in .mkv", "a.mp4", stored("closed_captions_a53.mp4"), "o.mkv",
          silent=True, encoding=Encoding(codec="hevc"), look=captioned),
    Fault("closed captions to VP9", "a.mp4", stored("closed_captions_a53.mp4"), "o.webm",
          notes=("closed captions are lost",)),
    Fault("spherical video", "a.mp4", stored("spherical_360.mp4"), notes=("spherical",)),
    Fault("Dolby Vision without a base layer", "a.mp4", stored("dolby_vision_5.mp4"),
          error="Dolby Vision of profile 5"),
    Fault("untagged VP9 to H.264", "a.webm",
          by(*VIDEO, "-c:v", "libvpx-vp9", "-deadline", "realtime"), silent=True, seconds="0.5"),
    Fault("untagged MPEG-2 to H.264", "a.m2v",
          by("-f", "lavfi", "-i", "testsrc2=s=176x144:r=25:d=0.56", "-c:v", "mpeg2video"),
          frames=14, seconds="0.56"),
    Fault("a phone's tags", "a.mov", stored("phone_mdta_keys.mov"), "o.mov", silent=True,
          look=tagged(*(f"com.apple.quicktime.{name}" for name in PHONE))),
    Fault("timecode that is kept elsewhere", "a.mov", stored("timecode_in_keys.mov"), "o.mov",
          look=tagged("timecode", "com.android.version"), notes=("Stream 2 (data, gpmd)",)),
    Fault("a matrix that changes", "a.ts",
          retagged("matrix_coefficients=6", "matrix_coefficients=1"), frames=30, seconds="1.001",
          notes=("15 frames have another colour matrix",), look=same_colours),
    Fault("a range that changes", "a.ts",
          retagged("video_full_range_flag=0", "video_full_range_flag=1"), frames=30,
          seconds="1.001", notes=("15 frames have another colour matrix or range",)),
    Fault("a pixel aspect that changes", "a.ts",
          retagged("sample_aspect_ratio=1/1", "sample_aspect_ratio=16/11"), frames=30,
          seconds="1.001", notes=("15 frames have another pixel aspect",)),
    Fault("a rate that SVT-AV1 cannot be told", "a.mp4",
          by("-f", "lavfi", "-i", "testsrc2=s=176x144:r=1000:d=0.015", *H264), "o.webm",
          seconds="0.015", encoding=Encoding(codec="av1"), silent=True),
    Fault("two frames in one of Matroska's ticks", "a.mp4",
          by("-f", "lavfi", "-i", "testsrc2=s=176x144:r=30", "-vf",
             "trim=end_frame=2,settb=1/90000,setpts=N", "-enc_time_base", "1/90000",
             "-fps_mode", "passthrough", *H264), "o.mkv",
          frames=2, seconds="0.034", notes=("less than a millisecond",)),
    Fault("Theora that repeats frames", "a.ogv", stored("theora_repeats.ogv"), frames=24,
          seconds="1"),
)  # fmt: skip


def main() -> None:
    """Try all, or those whose names have the words that are given."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", nargs="?", default="")
    name = parser.parse_args().name
    bad = 0
    for fault in FAULTS:
        if name not in fault.name:
            continue
        with tempfile.TemporaryDirectory() as folder:
            wrong = fault.problems(Path(folder))
        bad += bool(wrong)
        print("NO" if wrong else "ok", fault.name, *(f"\n     {each}" for each in wrong))
    print(f"{len(FAULTS)} files, {bad} of them wrong.")
    sys.exit(bad > 0)


if __name__ == "__main__":
    main()
