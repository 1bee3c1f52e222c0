"""Jobs that are interrupted and go on: to the same bytes, with no seam, and no frame lost."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lossless import write_lossless

from sinet_video import (
    BilinearRefinement,
    BlurBackground,
    ChromaKey,
    ColourBackground,
    Despill,
    EdgeShape,
    Encoding,
    ImageBackground,
    InputError,
    InputSize,
    MotionAdaptive,
    OutputError,
    RegionFilter,
    Resume,
    SettingError,
    Settings,
    TimeRange,
    VideoBackground,
    WindowMean,
    convert,
    decode,
    probe,
)
from sinet_video.decoding.concealment import Tally
from sinet_video.option import Option, built, options_of
from sinet_video.pipeline.resuming import job_folder
from sinet_video.pipeline.resuming.fingerprint import described, differing, of_files
from sinet_video.pipeline.resuming.job_folder import JobFolder, folder_of, is_finished
from sinet_video.pipeline.resuming.job_state import SegmentBoundary, seal


def bright(image: np.ndarray) -> np.ndarray:
    """Alpha that follows the frame, on a coarse grid."""
    return (image[::8, ::8].mean(2) / 255).astype(np.float32)


SETTINGS = Settings(
    segmenter=bright, refinement=BilinearRefinement(0.1, 0.9), smoothing=MotionAdaptive(0.05)
)
"""Smoothing that remembers for long: what forgot anything would be seen."""
HALF = Resume(Fraction(1, 2))
QUICK = Encoding(preset="ultrafast")


class StoppedError(Exception):
    """Raised by a test in the middle of a job."""


def stopping(after: int) -> Callable[..., None]:
    """Return a progress that stops a job when so many frames are finished."""

    def progress(frames: int, _: object) -> None:
        if frames >= after:
            raise StoppedError

    return progress


def interrupted(source: Path, output: Path, *moments: int, **options: object) -> None:
    """Begin a job, and go on with it, stopping after so many frames each time."""
    for after in moments:
        with pytest.raises(StoppedError):
            convert(source, output, progress=stopping(after), **{**BASIC, **options})


BASIC: dict = {"settings": SETTINGS, "encoding": QUICK, "resume": HALF}


def contents(path: Path) -> dict[str, bytes]:
    """The bytes of a file or of the files of a folder."""
    files = path.iterdir() if path.is_dir() else [path]
    return {file.name if path.is_dir() else "": file.read_bytes() for file in files}


def alike(source: Path, folder: Path, name: str, *moments: int, **options: object):
    """Make an output in one go and with interruptions; return both paths and the last report."""
    whole, other = folder / "whole" / name, folder / "other" / name
    for path in (whole, other):
        path.parent.mkdir()
    convert(source, whole, **{**BASIC, **options})
    interrupted(source, other, *moments, **options)
    report = convert(source, other, **{**BASIC, **options})
    assert contents(whole) == contents(other)
    assert [path.name for path in other.parent.iterdir()] == [name]
    return whole, other, report


@pytest.fixture(scope="module")
def clip(make_clip) -> Path:
    """Two seconds with audio and B-frames."""
    return make_clip("clip.mp4", width=64, height=48, frames=50, audio=True)


OUTPUTS = {
    "h264": ("o.mp4", {}),
    "hevc": ("o.mp4", {"encoding": Encoding(codec="hevc", preset="ultrafast")}),
    "av1": ("o.mp4", {"encoding": Encoding(codec="av1", preset="12")}),
    "vp9 with alpha": ("o.webm", {"encoding": Encoding()}),
    "ffv1": ("o.mkv", {"encoding": Encoding(codec="ffv1")}),
    "prores with alpha": ("o.mov", {"encoding": Encoding()}),
    "qtrle": ("o.mov", {"encoding": Encoding(codec="qtrle")}),
    "images": ("images", {"encoding": Encoding()}),
}


@pytest.mark.parametrize("kind", OUTPUTS)
def test_the_bytes_are_those_of_an_uninterrupted_run(kind, clip, tmp_path):
    """Whatever is written; stopped three times, one of them before anything more was finished."""
    name, options = OUTPUTS[kind]
    _, _, report = alike(clip, tmp_path, name, 20, 30, 42, **options)
    assert (report.frames, report.resumed) == (50, 38)


IMAGES = {
    "a folder of PNGs": ("images", Encoding()),
    "a folder of TIFFs": ("images", Encoding(format="tiff")),
    "a folder of EXRs": ("images", Encoding(format="exr")),
    "a pattern": ("%04d.png", Encoding()),
}


@pytest.mark.parametrize("kind", IMAGES)
def test_images_and_their_times_are_those_of_a_run_without_resume(kind, clip, tmp_path):
    """No image depends on the one before, so segments change no file, timestamps.txt included."""
    name, encoding = IMAGES[kind]
    found = []
    for resume in (None, HALF):
        folder = tmp_path / str(resume is None)
        folder.mkdir()
        convert(clip, folder / name, settings=SETTINGS, encoding=encoding, resume=resume)
        found.append(contents(folder / name if "%" not in name else folder))
    plain, resumed = found
    assert len(plain) == 51
    assert plain == resumed


def test_times_and_audio_are_the_source_s(clip, tmp_path, ffmpeg, ffprobe_pts):
    """As ffprobe sees them, and ffmpeg decodes it all without a word."""
    whole, _, _ = alike(clip, tmp_path, "o.mp4", 30)
    assert ffprobe_pts(whole) == ffprobe_pts(clip)
    entries = ("-select_streams", "a", "-show_entries", "packet=pts,size", "-of", "csv")
    assert ffmpeg("ffprobe", *entries, whole) == ffmpeg("ffprobe", *entries, clip)
    assert ffmpeg("ffmpeg", "-i", whole, "-f", "null", "-") == ""


LONG = {
    "adaptive": MotionAdaptive(0.05),
    "window": WindowMean(5, still=0.5, moving=0.9),
    "off": None,
}
"""Ways of smoothing, such that what is forgotten would be seen."""


@pytest.mark.parametrize("seconds", [Fraction(1, 2), Fraction(1, 10)])
@pytest.mark.parametrize("smoothing", LONG)
def test_seams_are_not_there_in_a_lossless_file(clip, tmp_path, smoothing, seconds):
    """Every sample is that of a job that is not in segments, smoothing included.

    Also where segments are of fewer frames than smoothing remembers.
    """
    settings = dataclasses.replace(SETTINGS, smoothing=LONG[smoothing])
    options = {"settings": settings, "encoding": Encoding(codec="ffv1")}
    convert(clip, tmp_path / "plain.mkv", **options)
    _, other, _ = alike(clip, tmp_path, "o.mkv", 30, resume=Resume(seconds), **options)
    pairs = zip(decode(tmp_path / "plain.mkv"), decode(other), strict=True)
    for plain, resumed in pairs:
        assert plain.pts == resumed.pts
        for one, two in zip(plain.planes, resumed.planes, strict=True):
            assert np.array_equal(one, two)


FORGETTING = {
    "adaptive": ("pipeline.resuming.segments.Segments._seed_alphas", lambda _, coarse: coarse),
    "window": (
        "pipeline.resuming.job_folder.JobFolder.alphas",
        lambda kept, whole=JobFolder.alphas: whole(kept)[-1:],
    ),
}


@pytest.mark.parametrize("smoothing", FORGETTING)
def test_smoothing_that_forgot_would_be_seen(clip, tmp_path, monkeypatch, smoothing):
    """The failing twin: without all that the last segment left, the bytes are others."""
    name, forgetful = FORGETTING[smoothing]
    monkeypatch.setattr(f"sinet_video.{name}", forgetful)
    settings = dataclasses.replace(SETTINGS, smoothing=LONG[smoothing])
    lossless = Encoding(codec="ffv1")
    with pytest.raises(AssertionError):
        alike(clip, tmp_path, "o.mkv", 30, settings=settings, encoding=lossless)


def small(image: np.ndarray) -> np.ndarray:
    """Alpha of a white spot, on a grid of its own."""
    return (image.mean(2) > 200).astype(np.float32)


@pytest.fixture(scope="module")
def wanderer(tmp_path_factory) -> Path:
    """Two seconds of a small spot that wanders over gray."""
    path = tmp_path_factory.mktemp("wanderer") / "wanderer.mkv"
    images = np.full((50, 192, 256, 3), 60, np.uint8)
    for index, image in enumerate(images):
        image[90 + index // 2 :, 40 + 3 * index :][:20, :20] = 250
    return write_lossless(path, images, "yuv420p")


def test_people_are_followed_alike(wanderer, tmp_path):
    """In a job that was interrupted, the view of a small person is what it is in one go."""
    settings = dataclasses.replace(SETTINGS, segmenter=small, size=InputSize(exact=(96, 64)))
    lossless = Encoding(codec="ffv1")
    _, followed, _ = alike(
        wanderer, tmp_path, "o.mkv", 20, 30, settings=settings, encoding=lossless
    )
    without = dataclasses.replace(settings, following=None)
    convert(wanderer, tmp_path / "without.mkv", settings=without, encoding=lossless)
    assert contents(followed) != contents(tmp_path / "without.mkv")


TIMES = {
    "variable rate": [0, 512, 1100, 4000, 4100, 9000, 12800, 12900, 13000, 20000, 25600, 25700],
    "late start": [6400 + 512 * index for index in range(30)],
    "a gap of several segments": [*range(0, 5120, 512), *range(25600, 30720, 512)],
}


@pytest.mark.parametrize("times", TIMES)
def test_odd_times_stay(times, make_clip, tmp_path, ffprobe_pts):
    """Segments that differ in their frames' distances, and those without any."""
    source = make_clip("odd.mkv", width=64, height=48, times=TIMES[times])
    whole, _, report = alike(source, tmp_path, "o.mp4", len(TIMES[times]) * 2 // 3)
    assert report.resumed > 0
    assert len(ffprobe_pts(whole)) == len(TIMES[times])
    assert ffprobe_pts(whole) == ffprobe_pts(source)


@pytest.mark.parametrize("name", ["o.avi", "o.ts", "o.mpg", "o.mkv", "o.264"])
def test_files_that_are_hard_to_seek(name, clip, tmp_path, ffmpeg):
    """B-frames without times, streams without an index, no container at all."""
    source = tmp_path / name
    codec = "mpeg2video" if name == "o.mpg" else "libx264"
    ffmpeg("ffmpeg", "-i", clip, "-an", "-c:v", codec, "-bf", "2", "-g", "12", source)
    _, _, report = alike(source, tmp_path, "p.mkv", 30, encoding=Encoding(codec="ffv1"))
    assert report.frames == 50


def test_a_stretch(clip, tmp_path, ffprobe_pts):
    """Goes on within itself, with the times that it has in one go."""
    span = TimeRange(Fraction("0.31"), Fraction("1.8"))
    whole, _, report = alike(clip, tmp_path, "o.mp4", 20, span=span)
    assert report.resumed == 13
    convert(clip, tmp_path / "plain.mp4", span=span, **{**BASIC, "resume": None})
    assert ffprobe_pts(whole) == ffprobe_pts(tmp_path / "plain.mp4")


def test_the_matte_beside_it(clip, tmp_path):
    """Goes along, in segments of its own."""
    made = []
    for folder, moments in (("one", ()), ("two", (30,))):
        (tmp_path / folder / "mattes").mkdir(parents=True)
        options = {**BASIC, "matte": tmp_path / folder / "mattes" / "m.mkv"}
        interrupted(clip, tmp_path / folder / "o.mp4", *moments, **options)
        report = convert(clip, tmp_path / folder / "o.mp4", **options)
        assert report.matte == str(options["matte"])
        made.append([path.read_bytes() for path in (tmp_path / folder / "o.mp4", options["matte"])])
    assert made[0] == made[1]


def test_a_video_behind_goes_on_where_it_was(make_clip, clip, tmp_path):
    """A short one that has been round several times."""
    behind = make_clip("behind.mp4", width=64, height=48, frames=9)
    alike(clip, tmp_path, "o.mkv", 42, background=behind, encoding=Encoding(codec="ffv1"))


def test_a_pattern_into_a_folder_that_is_there(clip, tmp_path):
    """Other files stay, longer numbers of an old run go."""
    for folder, moments in (("one", ()), ("two", (30,))):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "notes.txt").write_text("mine")
        (tmp_path / folder / "p_0099.tif").write_text("old")
        options = {**BASIC, "encoding": Encoding(), "overwrite": True}
        interrupted(clip, tmp_path / folder / "p_%04d.tif", *moments, **options)
        convert(clip, tmp_path / folder / "p_%04d.tif", **options)
    found = contents(tmp_path / "one")
    assert found == contents(tmp_path / "two")
    assert len(found) == 50 + 2
    assert {"notes.txt", "timestamps.txt", "p_0001.tif", "p_0050.tif"} <= set(found)


# How it goes on


def reads(monkeypatch: pytest.MonkeyPatch) -> list[Fraction | None]:
    """Note from when a job's frames are read."""
    noted: list[Fraction | None] = []

    def read(self: object, since: Fraction | None, tally: Tally) -> Iterator[object]:
        noted.append(since)
        return original(self, since, tally)

    from sinet_video.pipeline.job import Job

    original = Job._read
    monkeypatch.setattr(Job, "_read", read)
    return noted


def test_what_is_finished_is_not_read_again(clip, tmp_path, monkeypatch):
    """A file that gives the same frames from its middle is read from there."""
    interrupted(clip, tmp_path / "o.mkv", 42)
    noted = reads(monkeypatch)
    convert(clip, tmp_path / "o.mkv", **BASIC)
    assert len(noted) == 1
    assert noted[0] is not None


def test_a_file_that_gives_others_from_its_middle_is_read_from_its_start(
    clip, tmp_path, monkeypatch
):
    """When what it gives there is not what was remembered."""
    interrupted(clip, tmp_path / "o.mkv", 42)
    manifest = folder_of(tmp_path / "o.mkv") / "manifest.json"
    known = json.loads(manifest.read_text())
    known["seam"]["checksums"][2][1] ^= 1
    write_sealed(manifest, known)
    noted = reads(monkeypatch)
    assert convert(clip, tmp_path / "o.mkv", **BASIC).frames == 50
    assert [since is None for since in noted] == [False, True]


@pytest.mark.parametrize(
    "more",
    [
        {"regions": RegionFilter(islands=0.2, subject="main")},
        {"key": ChromaKey("#fadcbe")},
        {"despill": Despill("green")},
    ],
)
def test_stages_that_remember_more_see_all_frames_again(more, clip, tmp_path, monkeypatch):
    """What is finished is not written again, and the bytes are the same."""
    noted = reads(monkeypatch)
    options = {"settings": replace(SETTINGS, **more), "encoding": Encoding(codec="ffv1")}
    _, _, report = alike(clip, tmp_path, "o.mkv", 42, **options)
    assert noted == [None, None, None]
    assert (report.frames, report.resumed) == (50, 38)


def test_an_error_keeps_what_is_finished(clip, tmp_path):
    """So that whoever mends it need not begin anew; nothing finished leaves nothing."""
    interrupted(clip, tmp_path / "o.mp4", 5)
    assert list(tmp_path.iterdir()) == []
    interrupted(clip, tmp_path / "o.mp4", 20)
    assert [path.name for path in tmp_path.iterdir()] == [".o.mp4.parts"]


def write_sealed(manifest: Path, known: dict) -> None:
    """Write what is noted of a job, with a checksum that agrees."""
    known.pop("checksum")
    manifest.write_text(json.dumps({**known, "checksum": seal(known)}))


def test_a_clip_that_changed_under_it_is_noticed(clip, tmp_path, monkeypatch):
    """Other frames than were remembered end in a sentence."""
    interrupted(clip, tmp_path / "o.mkv", 42)
    manifest = folder_of(tmp_path / "o.mkv") / "manifest.json"
    known = json.loads(manifest.read_text())
    known["seam"].update(checksums=[], pts=known["seam"]["pts"] - 1)
    write_sealed(manifest, known)
    with pytest.raises(InputError, match="gives other frames"):
        convert(clip, tmp_path / "o.mkv", **BASIC)


def test_a_job_with_other_settings_is_refused(clip, tmp_path):
    """Naming what differs; what is finished stays, and may be given up."""
    interrupted(clip, tmp_path / "o.mp4", 30)
    other = {**BASIC, "encoding": Encoding(crf=30, preset="ultrafast")}
    with pytest.raises(OutputError, match=r"25 frames.*differs: crf\.") as caught:
        convert(clip, tmp_path / "o.mp4", **other)
    assert "overwrite" in str(caught.value)
    shaped = replace(BASIC["settings"], edge=EdgeShape(choke=1, black=0.1))
    inner = {**BASIC, "settings": shaped, "resume": Resume(2)}
    with pytest.raises(OutputError, match=r"differs: checkpoint-every, choke, black-point\."):
        convert(clip, tmp_path / "o.mp4", **inner)
    assert convert(clip, tmp_path / "o.mp4", overwrite=True, **other).resumed == 0
    assert [path.name for path in tmp_path.iterdir()] == ["o.mp4"]


def test_another_source_is_noticed(make_clip, tmp_path):
    """By its size, its time or its bytes."""
    source = make_clip("a.mp4", width=64, height=48, frames=50)
    interrupted(source, tmp_path / "o.mp4", 30)
    source.write_bytes(source.read_bytes() + b"\0")
    with pytest.raises(OutputError, match="differs: the source"):
        convert(source, tmp_path / "o.mp4", **BASIC)


def test_overwriting_goes_on_too(clip, tmp_path):
    """The same call with the same settings does; the old file stays until then."""
    (tmp_path / "o.mp4").write_text("old")
    interrupted(clip, tmp_path / "o.mp4", 30, overwrite=True)
    assert (tmp_path / "o.mp4").read_text() == "old"
    assert convert(clip, tmp_path / "o.mp4", overwrite=True, **BASIC).resumed == 25
    assert probe(tmp_path / "o.mp4").frames == 50


def test_two_at_once_are_refused(clip, tmp_path):
    """The second, while the first goes on."""

    def progress(frames: int, _: object) -> None:
        if frames == 20:
            with pytest.raises(OutputError, match="another job"):
                convert(clip, tmp_path / "o.mp4", **BASIC)

    assert convert(clip, tmp_path / "o.mp4", progress=progress, **BASIC).frames == 50


def test_backgrounds_are_told_apart(make_clip, tmp_path):
    """Given as objects, by what they show."""
    image = tmp_path / "a.png"
    convert(make_clip("one.mp4", frames=1), image, settings=SETTINGS)
    made = [
        ColourBackground(1, 2, 3), ColourBackground(1, 2, 4), BlurBackground(2), BlurBackground(3),
        ImageBackground(image), ImageBackground(image, "contain"),
        VideoBackground(make_clip("a.mp4")), VideoBackground(make_clip("b.mp4", frames=5)),
    ]  # fmt: skip
    assert len({described(background=each)["background"] for each in made}) == len(made)


def test_what_a_whole_run_has_no_use_for_is_named(clip, tmp_path):
    """It may be hours of work, so it stays; a run that goes on with it has nothing to say."""
    output, plain = tmp_path / "o.mp4", {**BASIC, "resume": None}
    interrupted(clip, output, 30)
    said = f"{folder_of(output)} keeps parts of an interrupted job of the same output"
    report = convert(clip, output, **plain)
    assert [each for each in report.warnings if said in each]
    assert is_finished(output).frames == 25
    assert said not in " ".join(convert(clip, output, overwrite=True, **BASIC).warnings)
    assert said not in " ".join(convert(clip, output, overwrite=True, **plain).warnings)


def test_other_files_are_another_job(clip, tmp_path, monkeypatch):
    """One more, or a time that is a fraction of a second later; the same from another folder."""
    inner = tmp_path / "in"
    inner.mkdir()
    interrupted(clip, inner / "o.mp4", 30, matte=inner / "m.mkv")
    for other, what in (
        ({"matte": None}, "outputs"),
        ({"matte": inner / "n.mkv"}, "outputs"),
        ({"span": TimeRange(Fraction(1, 50))}, "start"),
        ({"span": TimeRange(end=1.9)}, "end"),
    ):
        with pytest.raises(OutputError, match=rf"differs: {what}\."):
            convert(clip, inner / "o.mp4", **{**BASIC, "matte": inner / "m.mkv", **other})
    monkeypatch.chdir(inner)
    assert convert(clip, "o.mp4", matte="m.mkv", **BASIC).resumed == 25


def test_an_interruption_between_the_names_is_made_good(clip, tmp_path, monkeypatch):
    """When one of two files has its name already."""
    options = {**BASIC, "matte": tmp_path / "m.mkv"}

    def fail(*_: object) -> None:
        raise StoppedError

    with monkeypatch.context() as patch:
        patch.setattr("sinet_video.pipeline.resuming.job_folder.JobFolder.clear", fail)
        with pytest.raises(StoppedError):
            convert(clip, tmp_path / "o.mp4", **options)
    assert (tmp_path / "o.mp4").exists()
    made = (tmp_path / "o.mp4").read_bytes()
    report = convert(clip, tmp_path / "o.mp4", **options)
    assert (report.frames, report.resumed, report.audio) == (50, 50, "copied")
    assert (tmp_path / "o.mp4").read_bytes() == made
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m.mkv", "o.mp4"]


def test_what_is_there_is_not_replaced_unasked(clip, tmp_path):
    """As without segments; and nothing is left beside it."""
    (tmp_path / "o.mp4").write_text("mine")
    with pytest.raises(OutputError, match="there already"):
        convert(clip, tmp_path / "o.mp4", **BASIC)
    assert [path.name for path in tmp_path.iterdir()] == ["o.mp4"]


def test_pipes_are_refused(clip):
    """Nobody can give them a second time."""
    with pytest.raises(SettingError, match="pipe"):
        convert("-", "o.mp4", **BASIC)


@pytest.mark.parametrize("seconds", [0, -1, 4000])
def test_lengths_that_cannot_be(seconds):
    """With what is allowed."""
    with pytest.raises(SettingError, match="at most 3600"):
        Resume(seconds)


@pytest.mark.parametrize("job", [{"the source": "this"}, {"the source": "another"}])
def test_what_is_noted_stays_though_interrupted_then(job, tmp_path, monkeypatch):
    """A signal may come when it is on disk and not yet known; what was another job's goes."""
    output, put = tmp_path / "o.mkv", job_folder.store

    def interrupted(path: Path, data: bytes, *, durable: bool) -> None:
        put(path, data, durable=durable)
        raise KeyboardInterrupt

    monkeypatch.setattr(job_folder, "store", interrupted)
    with pytest.raises(KeyboardInterrupt), JobFolder(output, job, overwrite=False) as kept:
        kept.add(0, 6, SegmentBoundary(Fraction(0), 5, Fraction(6, 25), [], {}), None)
    assert is_finished(output).frames == 6
    with JobFolder(output, {"the source": "this"}, overwrite=True):
        pass
    assert folder_of(output).exists() == (job == {"the source": "this"})


def test_names_of_any_bytes_tell_files_apart(tmp_path):
    """Images of a sequence whose names are no UTF-8."""
    said = set()
    for name in ("\udcff", "\udcfe"):
        files = [tmp_path / f"{name}{number}.png" for number in (1, 2)]
        for file in files:
            file.write_bytes(b"image")
            os.utime(file, (1, 1))
        said.add(of_files(files))
    assert len(said) == 2


@pytest.mark.parametrize("other", [True, False])
def test_nothing_is_noted_of_files_that_are_gone(other, tmp_path, monkeypatch):
    """A kill amid the removal of another job's files leaves none that its notes name missing."""
    output, job = tmp_path / "o.mkv", {"the source": "this"}
    with JobFolder(output, job, overwrite=False) as kept:
        kept.file("output", 0).write_bytes(b"whole")
        kept.add(0, 6, SegmentBoundary(Fraction(0), 5, Fraction(6, 25), [], {}), None)
    at_removal, remove = [], job_folder.remove

    def noticed(path: Path) -> None:
        at_removal.append(is_finished(output))
        remove(path)

    monkeypatch.setattr(job_folder, "remove", noticed)
    kept.file("output", 1).write_bytes(b"begun")
    with JobFolder(output, {"the source": "another"} if other else job, overwrite=True):
        pass
    assert at_removal
    assert all((there is None) == other for there in at_removal)


# What is told of a job

SAMPLES: dict[str, tuple[Any, ...]] = {
    "weights": ("a.onnx", "b.onnx"), "device": ("cuda:1", "cuda:2"), "classes": ("cat", "dog"),
    "network_size": ("96x64", "64x96"), "smooth": ("window:2", "window:3"),
    "key": ("green", "blue"), "garbage": ("a.png", "b.png"), "core": ("a.png", "b.png"),
    "rate": ("24", "25"), "codec": ("libx264", "libx265"), "preset": ("fast", "slow"),
    "despill": ("green", "blue"), "white_point": (0.8, 0.9), "scale": (0.5, 0.25),
    "max_height": (480, 720),
}  # fmt: skip
"""Two values of each option whose kind does not say what its values are."""

OF_KIND: dict[type, tuple[Any, ...]] = {
    bool: (True, False), int: (3, 4), float: (0.1, 0.2), tuple: ((1.0, 2.0, 3.0), (1.0, 2.0, 4.0)),
    Fraction: (Fraction(1, 10), Fraction(1, 5)),
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "key", "how"),
    [(kind, *each[:2]) for kind in (Settings, Encoding, TimeRange) for each in options_of(kind)],
)
def test_whatever_an_option_says_is_told(kind: type, key: str, how: Option) -> None:
    """By its own name alone, so that another value makes another job."""
    values = SAMPLES.get(key) or how.choices or OF_KIND[how.kind]
    typed = {name: default if each.parse is None else each.typed
             for name, each, default in options_of(kind)}  # fmt: skip
    typed |= {"despill": "off"} if key == "key" else {}  # auto is the key's colour
    one, other = (described(of=built(kind, typed | {key: value})) for value in values[:2])
    assert differing(one, other) == [how.name or key.replace("_", "-")]
