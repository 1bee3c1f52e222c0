"""Damaged files by the thousand: python tests/fuzz.py [--count 3000] [--seed 1].

Files of many kinds are damaged (bits flipped, ends cut, pieces moved, headers edited) and converted
in a process that is watched: videos, and what else a job reads, as weights, backgrounds, lists of
files, and what an interrupted job keeps. However a file is damaged, it becomes a whole result that
`verify` finds nothing wrong with, or an error of one sentence: no crash, no hang, no exception of
another kind, nothing half-written. Prints how
many became what, and ends with 1 if any became something else.
"""

from __future__ import annotations

import argparse
import gzip
import json
import shutil
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from sinet_video import BilinearRefinement, Settings, convert
from sinet_video.pipeline.resuming.settings import Resume

SECONDS = 20.0
"""After so long a conversion of six small frames hangs."""

STARTING = 10.0
"""Seconds that a worker may take to import what it needs."""

WEIGHTS = 60.0
"""Seconds more that torch, and making a graph of weights, may take."""

VIDEO = ("-f", "lavfi", "-i", "testsrc2=s=64x48:r=10:d=0.6")
AUDIO = ("-f", "lavfi", "-i", "sine=d=0.6")
ALPHA = "format=yuva444p10le,geq=lum='p(X,Y)':cb='p(X,Y)':cr='p(X,Y)':a='X*16'"
MXF = ("-f", "lavfi", "-i", "testsrc2=s=64x48:r=25:d=0.24")
KINDS: dict[str, tuple[str, ...]] = {
    "h264.mp4": (*VIDEO, *AUDIO, "-c:v", "libx264", "-c:a", "aac"),
    "front.mp4": (*VIDEO, *AUDIO, "-c:v", "libx264", "-bf", "2", "-movflags", "+faststart"),
    "h264.mkv": (*VIDEO, *AUDIO, "-c:v", "libx264", "-c:a", "flac"),
    "ffv1.mkv": (*VIDEO, "-c:v", "ffv1", "-level", "3", "-pix_fmt", "yuv422p10le"),
    "vp9.webm": (*VIDEO, *AUDIO, "-c:v", "libvpx-vp9", "-deadline", "realtime"),
    "prores.mov": (*VIDEO, *AUDIO, "-c:v", "prores_ks"),
    "png.mov": (*VIDEO, "-c:v", "png"),
    "mpeg4.avi": (*VIDEO, *AUDIO, "-c:v", "mpeg4", "-c:a", "libmp3lame"),
    "mpeg2.ts": (*VIDEO, *AUDIO, "-c:v", "mpeg2video", "-c:a", "mp2"),
    "anim.gif": VIDEO,
    "hevc.mp4": (*VIDEO, "-c:v", "libx265", "-x265-params", "log-level=none"),
    "mjpeg.avi": (*VIDEO, *AUDIO, "-c:v", "mjpeg", "-c:a", "pcm_s16le"),
    "h264.flv": (*VIDEO, *AUDIO, "-c:v", "libx264", "-c:a", "aac", "-ar", "44100"),
    "h264.3gp": (*VIDEO, *AUDIO, "-c:v", "libx264", "-c:a", "aac"),
    "theora.ogv": (*VIDEO, *AUDIO, "-c:v", "libtheora", "-c:a", "libvorbis"),
    "alpha.webm": (*VIDEO, "-vf", ALPHA, "-c:v", "libvpx-vp9", "-deadline", "realtime"),
    "av1.mkv": (*VIDEO, "-c:v", "libaom-av1", "-cpu-used", "8"),
    "alpha.mov": (*VIDEO, "-vf", ALPHA, "-c:v", "prores_ks", "-profile:v", "4444"),
    "mpeg2.mxf": (*MXF, "-c:v", "mpeg2video"),
    "raw.y4m": VIDEO,
    "h264.ts": (*VIDEO, *AUDIO, "-c:v", "libx264", "-c:a", "ac3"),
}

OTHERS = (
    "graph.onnx", "weights.pth", "behind.png", "behind.mp4", "list.m3u8", "list.ffconcat",
    "frames", "kept",
)  # fmt: skip
"""What else is damaged: weights, backgrounds, lists of files, numbered frames, kept segments."""

WORKER = """
import json, os, resource, shutil, sys
from dataclasses import replace
from pathlib import Path
import av, numpy as np
from sinet_video import BilinearRefinement, Settings, SinetVideoError, convert, verify
from sinet_video.pipeline.resuming.settings import Resume
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # what libraries print is no answer
if sys.platform == "linux":  # macOS has no such limit
    resource.setrlimit(resource.RLIMIT_AS, (12 << 30, 12 << 30))
def everything(_): return np.ones((3, 4), np.float32)
ALL = Settings(segmenter=everything, refinement=BilinearRefinement(), smoothing=None)
def judged(output, frames):
    if sum(1 for _ in av.open(output).decode(video=0)) != frames:
        return "WRONG: other frames in the result than in the report"
    wrong = verify(output).failures
    if wrong and "The audio of" in wrong[0].detail:  # packets are copied as they are
        return "whole, its audio as damaged as the source's"
    return f"WRONG: verify says {wrong[0].detail}" if wrong else None
def video(damaged, clip, output, on_error):
    report = convert(damaged, output, settings=replace(ALL, on_error=on_error))
    return judged(output, report.frames) or ("whole, with losses" if report.lost else "whole")
def weights(damaged, clip, output, on_error):
    report = convert(clip, output, settings=Settings(weights=damaged))
    return judged(output, report.frames) or "whole"
def behind(damaged, clip, output, on_error):
    report = convert(clip, output, background=damaged, settings=ALL)
    return judged(output, report.frames) or "whole"
def listed(damaged, clip, output, on_error):
    report = convert(damaged, output, settings=replace(ALL, allow="files", on_error=on_error))
    return judged(output, report.frames) or "whole"
def frames(damaged, clip, output, on_error):
    try:
        return "whole" if verify(Path(damaged).parent).holds else "fails"
    finally:
        Path(output).touch()
def kept(damaged, clip, output, on_error):
    report = convert(clip, output, settings=ALL, resume=Resume(0.1))
    return judged(output, report.frames) or "whole"
ROLES = {".onnx": weights, ".pth": weights, "behind.png": behind, "behind.mp4": behind,
         "list.m3u8": listed, "list.ffconcat": listed, "frame": frames, "kept": kept}
for line in sys.stdin:
    damaged, clip, output, on_error, kind = json.loads(line)
    role = next((way for end, way in ROLES.items() if kind.endswith(end)), video)
    try:
        outcome = role(damaged, clip, output, on_error)
    except SinetVideoError as error:
        text = str(error)
        fine = "\\n" not in text and text.endswith(".")
        outcome = type(error).__name__ if fine else "WRONG: " + text
    except BaseException as error:
        outcome = f"WRONG: {type(error).__name__}: {error}"
    there = Path(output).exists()
    if there != outcome.startswith(("whole", "fails")) and role is not frames:
        outcome = f"WRONG: {outcome}, and output there is {there}"
    print(json.dumps(outcome), file=answers, flush=True)
"""


def write_seeds(folder: Path) -> list[Path]:
    """Write one whole file of each kind, by the program ffmpeg."""
    for name, arguments in KINDS.items():
        command = ["ffmpeg", "-v", "error", "-y", *arguments, str(folder / name)]
        subprocess.run(command, check=True)
    return [folder / name for name in KINDS]


def damaged(rng: np.random.Generator, data: bytes) -> bytes:
    """Return a file damaged in one to three ways."""
    ways = (_flipped, _cut, _moved, _edited, _holed)
    for index in rng.integers(len(ways), size=int(rng.integers(1, 4))):
        data = ways[index](rng, data)
    return data


def _flipped(rng: np.random.Generator, data: bytes) -> bytes:
    array = np.frombuffer(data, np.uint8).copy()
    count = int(np.exp(rng.uniform(0, np.log(200))))
    array[rng.integers(len(array), size=count)] ^= 1 << rng.integers(8, size=count).astype(np.uint8)
    return array.tobytes()


def _cut(rng: np.random.Generator, data: bytes) -> bytes:
    return data[: int(rng.integers(1, len(data) + 1))]


def _moved(rng: np.random.Generator, data: bytes) -> bytes:
    start, to = rng.integers(len(data), size=2)
    piece = data[start : start + int(rng.integers(1, 2000))]
    return data[:to] + piece + data[to + int(rng.integers(2)) * len(piece) :]


def _edited(rng: np.random.Generator, data: bytes) -> bytes:
    """Write numbers that programs stumble over into the header."""
    at = int(rng.integers(min(len(data), 1500)))
    words = (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\x80\0\0\0", rng.bytes(4))
    return data[:at] + words[int(rng.integers(len(words)))] + data[at + 4 :]


def _holed(rng: np.random.Generator, data: bytes) -> bytes:
    at, length = int(rng.integers(len(data))), int(rng.integers(1, 3000))
    return data[:at] + data[at + length :] or data[:1]


class Worker:
    """A process that converts, started anew whenever it has died."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._patience = SECONDS

    def convert(self, job: list[str]) -> str:
        """Return what became of a file."""
        if self._process is None:
            words = [sys.executable, "-c", WORKER]
            pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
            self._process = subprocess.Popen(words, text=True, stderr=subprocess.DEVNULL, **pipes)
            self._patience = SECONDS + STARTING
        if job[-1:] == ["weights.pth"]:
            self._patience += WEIGHTS
        return self._asked(self._process, job)

    def _asked(self, process: subprocess.Popen[str], job: list[str]) -> str:
        late = threading.Timer(self._patience, process.kill)
        late.start()
        try:
            print(json.dumps(job), file=process.stdin, flush=True)
            answer = process.stdout.readline() if process.stdout else ""
        except BrokenPipeError:
            answer = ""
        late.cancel()
        self._patience = SECONDS
        if answer:
            return str(json.loads(answer))
        status = process.wait()
        self.close()
        return f"WRONG: hangs over {SECONDS:.0f} s" if status == -9 else f"WRONG: died of {status}"

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


@dataclass(frozen=True)
class Bench:
    """A folder with whole files of all kinds, and a place for damaged ones."""

    folder: Path
    clip: Path

    @classmethod
    def of(cls, folder: Path) -> Bench:
        """Write all that is whole."""
        write_seeds(folder)
        clip = folder / "h264.mp4"
        packaged = resources.files("sinet_video") / "data"
        graph = gzip.decompress((packaged / "default.onnx.gz").read_bytes())
        (folder / "graph.onnx").write_bytes(graph)
        (folder / "weights.pth").write_bytes((packaged / "default.pth").read_bytes())
        still = ["ffmpeg", "-v", "error", "-y", *VIDEO, "-frames:v", "1"]
        subprocess.run([*still, str(folder / "behind.png")], check=True)
        shutil.copy(clip, folder / "behind.mp4")
        lists = {
            "list.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:0.6,\nmpeg2.ts\n#EXT-X-ENDLIST",
            "list.ffconcat": "ffconcat version 1.0\nfile h264.mp4\nfile h264.mp4\n",
        }
        for name, text in lists.items():
            (folder / name).write_text(text)
        return cls(folder, clip)

    def damage(self, rng: np.random.Generator, kind: str, index: int) -> tuple[Path, Path | None]:
        """Return a damaged file of a kind, and a folder that belongs to it, if one does."""
        if kind in KINDS or kind in ("graph.onnx", "weights.pth") or kind.startswith("list"):
            whole = self.folder / kind
            target = self.folder / f"{index:05}-{kind}"
            target.write_bytes(damaged(rng, whole.read_bytes()))
            return target, None
        if kind.startswith("behind"):
            target = self.folder / f"{index:05}-{kind}"
            target.write_bytes(damaged(rng, (self.folder / kind).read_bytes()))
            return target, None
        folder = self.folder / f"{index:05}-{kind}"
        made = self._frames(folder) if kind == "frames" else self._kept(folder)
        target = made[int(rng.integers(len(made)))]
        target.write_bytes(damaged(rng, target.read_bytes() or b"x"))
        return target, folder

    def _frames(self, folder: Path) -> list[Path]:
        convert(self.clip, folder, settings=Settings(**EVERY))
        return sorted(folder.iterdir())

    def _kept(self, folder: Path) -> list[Path]:
        """Interrupt a job, and return what it keeps."""
        folder.mkdir()

        def stop(done: int, _: object) -> None:
            if done == STOP:
                raise InterruptedError

        with suppress(InterruptedError):
            convert(
                self.clip, folder / "o.mp4", settings=Settings(**EVERY), resume=Resume(0.1),
                progress=stop,
            )  # fmt: skip
        return [path for path in sorted(folder.rglob("*")) if path.is_file()]


STOP = 4
"""Frames after which a job is interrupted whose kept segments are damaged."""


def everything(_: object) -> np.ndarray:
    """The answer of the segmenter, as the worker's: jobs are known by the names of functions."""
    return np.ones((3, 4), np.float32)


everything.__module__ = "__main__"

EVERY: dict[str, Any] = {
    "segmenter": everything,
    "refinement": BilinearRefinement(),
    "smoothing": None,
}


def outcomes(
    count: int, seed: int, folder: Path, kinds: Sequence[str] = (*KINDS, *OTHERS)
) -> Iterator[tuple[Path, str]]:
    """Yield damaged files, each with what became of it; the file is gone after that."""
    rng = np.random.default_rng(seed)
    bench, worker = Bench.of(folder), Worker()
    try:
        for index in range(count):
            kind = kinds[index % len(kinds)]
            source, beside = bench.damage(rng, kind, index)
            name = "o.mp4" if rng.random() < 0.7 or kind == "kept" else "o.webm"
            output = (beside if kind == "kept" and beside else folder) / name
            way = "stop" if index % 2 else "conceal"
            outcome = worker.convert([str(source), str(bench.clip), str(output), way, kind])
            left = [*folder.glob(".*.part"), *(beside.glob(".*.part") if beside else ())]
            if left:
                outcome = f"WRONG: {outcome}, and left {left[0].name}"
            yield source, outcome
            for file in (source, output, *left):
                file.unlink(missing_ok=True)
            if beside is not None:
                shutil.rmtree(beside)
    finally:
        worker.close()


def main() -> None:
    """Damage, convert, count."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="a folder for files that became something wrong")
    parser.add_argument("--kinds", help="only these, with commas between")
    given = parser.parse_args()
    kinds = given.kinds.split(",") if given.kinds else (*KINDS, *OTHERS)
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        for source, outcome in outcomes(given.count, given.seed, Path(folder), kinds):
            counts[outcome] += 1
            if outcome.startswith("WRONG"):
                print(source.name, outcome, flush=True)
                if given.keep and source.exists():
                    given.keep.mkdir(parents=True, exist_ok=True)
                    (given.keep / source.name).write_bytes(source.read_bytes())
    for outcome, number in counts.most_common():
        print(f"{number:6} {outcome}")
    sys.exit(any(outcome.startswith("WRONG") for outcome in counts))


if __name__ == "__main__":
    main()
