"""Edit lists of MP4 files: a track that starts late and hides its first samples."""

from __future__ import annotations

import json
import struct
import time
from pathlib import Path

import pytest
from plain_mattes import EVERYTHING

from sinet_video import convert, probe
from sinet_video.containers.isobmff import HiddenStart, hide_starts, inside, samples

RATE = 44_100


def edits(path: Path) -> list[list[tuple[int, int]]]:
    """Every edit list of a file: its entries' lengths and media times, read by hand."""
    data, found, at = path.read_bytes(), [], 0
    while (at := data.find(b"elst", at) + 4) > 3:
        version, count = struct.unpack(">B3xI", data[at : at + 8])
        layout = struct.Struct(">QqI" if version else ">IiI")
        entries = [layout.unpack_from(data, at + 8 + i * layout.size) for i in range(count)]
        found.append([(length, time) for length, time, _ in entries])
    return found


@pytest.fixture
def late(tmp_path, ffmpeg) -> Path:
    """A clip whose audio starts at 0.5 s, in a codec that needs no priming."""
    path = tmp_path / "late.mp4"
    ffmpeg(
        "ffmpeg", "-f", "lavfi", "-i", "testsrc2=s=96x64:r=25:d=1", "-itsoffset", "0.5",
        "-f", "lavfi", "-i", f"sine=d=1:r={RATE}", "-c:a", "alac", path,
    )  # fmt: skip
    return path


@pytest.fixture
def audio(ffmpeg):
    """The start and the number of samples heard of a file's audio, as ffmpeg has them."""

    def read(path: Path) -> tuple[float, int]:
        raw = path.with_suffix(".raw")
        ffmpeg("ffmpeg", "-i", path, "-map", "0:a", "-f", "s16le", "-y", raw)
        out = ffmpeg("ffprobe", "-select_streams", "a", "-show_streams", "-of", "json", path)
        return float(json.loads(out)["streams"][0]["start_time"]), raw.stat().st_size // 2

    return read


def test_the_made_clip_waits(late):
    """Its second list has a pause and then the whole track: what there is to mend."""
    _, (pause, rest) = edits(late)
    assert pause[1] == -1
    assert rest[1] == 0


def test_a_start_is_moved_and_samples_before_it_hidden(late, audio):
    """The track waits longer, and begins with samples that nobody hears."""
    start, count = audio(late)
    later, skip = start + 1024 / RATE, 1024 / RATE
    images, (_, rest) = edits(late)
    hide_starts(late, [HiddenStart(track=1, start=later, skip=skip)])
    assert audio(late) == (pytest.approx(later, abs=0.001), count - 1024)
    kept, (pause, shown) = edits(late)
    assert kept == images
    assert pause == (pytest.approx(later * 1000, abs=1), -1)
    assert shown == (pytest.approx(rest[0] - skip * 1000, abs=1), 1024)


def test_a_file_keeps_its_length(late):
    """The list is put right where it stands, so that no other byte moves."""
    before = late.read_bytes()
    hide_starts(late, [HiddenStart(track=1, start=0.6, skip=0.01)])
    after = late.read_bytes()
    assert len(after) == len(before)
    differing = [i for i, (a, b) in enumerate(zip(before, after, strict=True)) if a != b]
    assert 0 < len(differing) <= 24


def test_nothing_to_hide_changes_nothing(late):
    """Without a track to mend the file is not even opened."""
    before = late.read_bytes()
    hide_starts(late, [])
    assert late.read_bytes() == before
    hide_starts(late.with_name("missing.mp4"), [])


def test_a_track_without_a_list_of_two_is_left_alone(tmp_path, make_clip, ffmpeg):
    """One that starts at once has one entry or none, and stays as it is."""
    source = make_clip("talk.mp4", audio=True)
    for name, options in (("one.mp4", ()), ("none.mp4", ("-use_editlist", "0"))):
        path = tmp_path / name
        ffmpeg("ffmpeg", "-i", source, "-c", "copy", *options, path)
        assert all(len(entries) == 1 for entries in edits(path))
        assert bool(edits(path)) == (name == "one.mp4")
        before = path.read_bytes()
        hide_starts(path, [HiddenStart(track=1, start=0.5, skip=0.01)])
        assert path.read_bytes() == before


def header(kind: bytes, size: int) -> bytes:
    """What stands in front of a box."""
    return struct.pack(">I4s", size, kind)


HOSTILE = {
    "boxes that reach past those they are in": b"".join(header(b"moov", 16) for _ in range(3000)),
    "boxes in boxes in boxes": b"".join(header(b"moov", 8 * (3000 - n)) for n in range(3000)),
    "a size that its bytes are missing of": header(b"moov", 1) + b"\0\0",
    "a size that is less than its own head": header(b"moov", 4) + bytes(100),
    "a size beyond all files": header(b"moov", 1) + struct.pack(">Q", 2**64 - 1) + bytes(16),
    "half a head": b"\0\0\0",
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_boxes_that_were_made_to_hurt(kind, tmp_path):
    """They are looked through in no time, and have nothing."""
    path = tmp_path / "hostile.mov"
    path.write_bytes(HOSTILE[kind])
    began = time.perf_counter()
    with path.open("rb") as file:
        assert inside(file, (0, path.stat().st_size), b"vmhd") is None
    assert samples(path) in ([], [None])
    assert time.perf_counter() - began < 5


@pytest.mark.parametrize("name", ["mov_expo_50.mov", "mov_tail64.mov", "mov_nest.mov"])
def test_files_that_once_hung(name, shared):
    """A file of 150 kB is probed at once."""
    began = time.perf_counter()
    assert probe(shared / "faults" / name).alpha == "straight"
    assert time.perf_counter() - began < 10


def test_what_tracks_are_of():
    """Their four letters, and Dolby Vision's profile."""
    files = Path(__file__).parents[1] / "system" / "fault_files"
    kinds = [each.kind for each in samples(files / "gpmd_with_chapters.mp4")]
    assert kinds == ["avc1", "mp4a", "gpmd", "text", "tmcd"]
    assert [s.dolby_vision for s in samples(files / "dolby_vision_5.mp4")] == [5]


def with_clean_aperture(source: Path, target: Path, *numbers: int) -> Path:
    """A file of one video track and its index at the end, with width and height as fractions."""
    data = bytearray(source.read_bytes())
    clap = header(b"clap", 40) + struct.pack(">8I", *numbers, 0, 1, 0, 1)
    places, start = [], 0
    for kind in (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd"):
        start = data.index(kind, start) - 4
        places.append(start)
    places.append(start + 16)  # the sample entry, which ends with the box that it is in
    (size,) = struct.unpack_from(">I", data, places[-1])
    data[places[-1] + 8 + 78 : places[-1] + 8 + 78] = clap
    for place in places:
        (size,) = struct.unpack_from(">I", data, place)
        struct.pack_into(">I", data, place, size + len(clap))
    target.write_bytes(data)
    return target


def test_a_clean_aperture_is_told_of(make_clip, tmp_path):
    """Unless it is the whole frame; nothing is cut away."""
    source = make_clip("a.mov", frames=1)
    said = {}
    for numbers, expected in (
        ((140, 1, 161, 2), (140, 80)), ((160, 1, 96, 1), (160, 96)), ((140, 0, 80, 1), None),
    ):  # fmt: skip
        clip = probe(with_clean_aperture(source, tmp_path / "clap.mov", *numbers))
        assert (clip.width, clip.height, clip.clean_aperture) == (160, 96, expected)
        report = convert(clip.path, tmp_path / "o.mov", settings=EVERYTHING, overwrite=True)
        said[numbers[0], expected] = report.warnings
    told = said.pop((140, (140, 80)))
    assert "140x80 of its 160x96 are meant to be seen (clean aperture)" in told[0]
    assert list(said.values()) == [[], []]
