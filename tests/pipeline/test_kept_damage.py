"""What --resume keeps, damaged in every way: the bytes of an uninterrupted run, or one sentence."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from sinet_video import Encoding, MotionAdaptive, OutputError, Resume, Settings, convert
from sinet_video.pipeline.resuming.job_folder import JobFolder
from sinet_video.pipeline.resuming.locked_folder import MARK


class StoppedError(Exception):
    """Raised by a test in the middle of a job."""


def bright(image: np.ndarray) -> np.ndarray:
    """Alpha that follows the frame, on a coarse grid."""
    return (image[::8, ::8].mean(2) / 255).astype(np.float32)


def stopped(frames: int, _: object) -> None:
    """Stop a job when two segments are finished."""
    if frames == 13:
        raise StoppedError


def stopped_at_the_end(_: JobFolder) -> None:
    """Stop a job that has given all files their names."""
    raise StoppedError


def never_placed(*_: object, **__: object) -> None:
    """Stop a job that has made all files, and none has its name."""
    raise StoppedError


SETTINGS = Settings(segmenter=bright, smoothing=MotionAdaptive(0.05))
KINDS: dict[str, dict] = {
    "o.mkv": {"matte": "m.mkv", "encoding": Encoding(codec="ffv1")},
    "images": {"encoding": Encoding()},
}
MOMENTS = {
    "in the middle": None,
    "made": ("sinet_video.pipeline.resuming.segments.Segments.publish", never_placed),
    "published": (
        "sinet_video.pipeline.resuming.job_folder.JobFolder.clear",
        stopped_at_the_end,
    ),
}


def flipped(part: float) -> Callable[[bytes], bytes]:
    """Return a function that changes one byte: of the first 0, of the last 1."""

    def damage(data: bytes) -> bytes:
        place = min(int(part * len(data)), len(data) - 1)
        return data[:place] + bytes([data[place] ^ 0x55]) + data[place + 1 :]

    return damage


DAMAGES: dict[str, Callable[[bytes], bytes | None]] = {
    "header": flipped(0.001),
    "middle": flipped(0.5),
    "tail": flipped(1),
    "truncated": lambda data: data[: len(data) // 2],
    "one byte short": lambda data: data[:-1],
    "one byte more": lambda data: data + b"\0",
    "empty": lambda _: b"",
    "noise": lambda data: np.random.default_rng(1).bytes(len(data)),
    "gone": lambda _: None,
}


MENDED = ("middle", "gone")
"""After these, --overwrite is tried."""

UNDAMAGED = ("lock", MARK)
"""What has nothing in it."""


@dataclass
class Work:
    """A folder in which a job was stopped, which can be brought back to how it was then."""

    clip: Path
    kind: str
    folder: Path
    saved: Path
    other: Path
    whole: dict[str, bytes]

    def convert(self, folder: Path | None = None, **options: object):
        """Do the job."""
        folder, given = folder or self.folder, {**KINDS[self.kind], **options}
        if "matte" in given:
            given["matte"] = folder / str(given["matte"])
        return convert(
            self.clip, folder / self.kind, settings=SETTINGS, resume=Resume(0.5), **given
        )

    def restore(self) -> None:
        """Bring it back."""
        shutil.rmtree(self.folder)
        shutil.copytree(self.saved, self.folder)

    def files(self) -> list[Path]:
        """Return the files that are kept, as below the folder."""
        kept = sorted(p.relative_to(self.saved) for p in self.saved.rglob(".*.parts/**/*"))
        files = [n for n in kept if (self.saved / n).is_file() and n.name not in UNDAMAGED]
        images = [n for n in files if n.suffix == ".png"]
        return [n for n in files if n not in images[1:-1]]  # one is as good as another

    def outcome(self) -> str | None:
        """Go on with the job; return the sentence that it ends in, or None for the whole."""
        said = None
        try:
            self.convert()
        except OutputError as error:
            said = str(error)
        assert (contents(self.folder) == self.whole) if said is None else ("\n" not in said)
        return said


def contents(folder: Path) -> dict[str, bytes]:
    """All files, hidden ones as well."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture(scope="module", params=[(k, m) for k in KINDS for m in MOMENTS], ids="-".join)
def work(request, make_clip, tmp_path_factory) -> Iterator[Work]:
    """A job of each kind, stopped at each moment, and one of other settings."""
    kind, moment = request.param
    root = tmp_path_factory.mktemp("kept")
    clip = make_clip("clip.mp4", width=32, height=32, frames=20, step=1280, audio=True)
    places = [root / name for name in ("job", "saved", "other", "whole")]
    for place in places:
        place.mkdir()
    made = Work(clip, kind, places[0], places[1], places[2], {})
    made.convert(places[3])
    made.whole = contents(places[3])
    for folder, options in ((made.folder, {}), (made.other, {"background": "blue"})):
        progress = stopped if MOMENTS[moment] is None else None
        with pytest.MonkeyPatch.context() as patch:
            if MOMENTS[moment] is not None:
                patch.setattr(*MOMENTS[moment])
            with pytest.raises(StoppedError):
                made.convert(folder, progress=progress, **options)
    shutil.rmtree(made.saved)
    shutil.copytree(made.folder, made.saved)
    yield made
    for each in root.rglob(".*.part"):
        shutil.rmtree(each) if each.is_dir() else each.unlink()


def test_undamaged_it_goes_on(work):
    """Else the rest says nothing."""
    work.restore()
    assert work.files()
    assert work.outcome() is None


@pytest.mark.parametrize("damage", DAMAGES)
def test_every_file_damaged(damage, work):
    """One file at a time; --overwrite, as the sentence says, then makes the whole."""
    for name in work.files():
        work.restore()
        path = work.folder / name
        data = path.read_bytes()
        if (damaged := DAMAGES[damage](data)) is None:
            path.unlink()
        else:
            path.write_bytes(damaged)
        said = work.outcome()
        known = ("is damaged", "is there already")  # the latter of what is published, unnoted
        assert said is None or any(word in said for word in known), (name, said)
        if said is not None and damage in MENDED:
            work.convert(overwrite=True)
            assert contents(work.folder) == work.whole, (name, said)


def test_a_folder_without_its_mark(work):
    """Is nobody's, and stays."""
    for name in work.saved.rglob(MARK):
        work.restore()
        (work.folder / name.relative_to(work.saved)).unlink()
        before = contents(work.folder)
        assert "is in the way" in (work.outcome() or "")
        assert contents(work.folder) == before


def test_files_of_another_job(work):
    """One at a time in the place of the job's own, and all of them together."""
    for name in work.files():
        theirs = work.other / name
        if theirs.exists():
            work.restore()
            shutil.copyfile(theirs, work.folder / name)
            work.outcome()
    work.restore()
    for name in work.files():
        (work.folder / name).unlink()
        if (work.other / name).exists():
            shutil.copyfile(work.other / name, work.folder / name)
    said = work.outcome()
    assert said is None or "overwrite" in said


def test_segments_of_one_job_in_each_other_s_place(work):
    """The first where the second should be, of one size or not."""
    names = [name for name in work.files() if "000000" in str(name)]
    for name in names:
        other = Path(str(name).replace("000000", "000001"))
        if (work.saved / other).exists():
            work.restore()
            shutil.copyfile(work.saved / name, work.folder / other)
            said = work.outcome()
            assert said is None or "is damaged" in said
