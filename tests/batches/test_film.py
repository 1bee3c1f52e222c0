"""One film in shares on a real Ray cluster: to the bytes of one process, whatever dies."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from ray_here import MARK, marked, until

from sinet_video import (
    Conversion,
    ExponentialAverage,
    InputError,
    OutputError,
    RayEngine,
    RegionFilter,
    Resume,
    SettingError,
    Settings,
    Shard,
    convert_in_shares,
    probe,
)
from sinet_video.batches.film import Film
from sinet_video.pipeline.join import join, share_folders
from sinet_video.pipeline.resuming.job_folder import is_finished
from sinet_video.pipeline.shares import share_path

pytest.importorskip("ray", reason="needs the extra ray")
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc")

SECONDS, COMMAND = 1, Path(sys.executable).with_name("sinet-video")
CONVERSION = Conversion(resume=Resume(SECONDS))


@pytest.fixture(scope="module")
def film(tmp_path_factory, carphone, ffmpeg) -> Path:
    """Twelve seconds of a man who moves, with sound; it takes some seconds to convert."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    sound = ("-f", "lavfi", "-i", "sine=440:duration=12")
    video = ("-vf", "scale=480:-2", "-c:v", "libx264", "-g", "40", "-pix_fmt", "yuv420p")
    ffmpeg("ffmpeg", "-stream_loop", "2", "-i", carphone, *sound, "-t", "12", *video, path)
    return path


@pytest.fixture(scope="module")
def whole(film, tmp_path_factory) -> bytes:
    """What one process makes."""
    output = tmp_path_factory.mktemp("whole") / "cut.mp4"
    CONVERSION(film, output)
    return output.read_bytes()


@pytest.fixture(scope="module")
def mark(tmp_path_factory) -> str:
    """By which all that these tests start is known."""
    return str(tmp_path_factory.mktemp("ray"))


@pytest.fixture
def environment(mark, monkeypatch):
    """Of commands that start a cluster of their own."""
    monkeypatch.setenv(MARK, mark)
    monkeypatch.setenv("RAY_AUTH_TOKEN", "7" * 32)


def finished(output: Path) -> dict[str, int]:
    """How many frames of each share are kept."""
    states = {path: is_finished(path) for path in share_paths(output)}
    return {path.name: state.frames for path, state in states.items() if state is not None}


def share_paths(output: Path) -> list[Path]:
    return [share_path(output, Shard(number, 2)) for number in (1, 2)]


def hidden(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name.startswith(".")]


def test_a_killed_worker_costs_its_segment_and_no_more(film, whole, tmp_path, environment, mark):
    """Its share goes on from the last segment that it finished; the other is not touched."""
    output, kept = tmp_path / "cut.mp4", {}
    work = Film(CONVERSION, film, output, None, False)

    def kill(shard: Shard, frames: int) -> None:
        if not kept and len(finished(output)) == 2:
            kept.update(finished(output))
            os.kill(marked(mark, "ray::work_on")[0], signal.SIGKILL)

    with RayEngine(cpus=(os.cpu_count() or 1) / 2).cluster() as found:
        reports = dict(found.run([Shard(1, 2), Shard(2, 2)], work, kill))
    assert kept
    resumed = {shard.index: report.resumed for shard, report in reports.items()}
    (again,) = (index for index, frames in resumed.items() if frames)
    assert resumed[again] >= kept[share_path(output, Shard(again, 2)).name]
    assert resumed[3 - again] == 0
    report = join(film, output, CONVERSION)
    assert report.frames == sum(each.frames for each in reports.values())
    assert output.read_bytes() == whole
    assert not hidden(tmp_path)
    assert until(lambda: not marked(mark))


def test_a_killed_command_goes_on_when_it_is_run_again(film, whole, tmp_path, environment, mark):
    """All that Ray started ends with it, and the report says what had been finished."""
    output, told = tmp_path / "cut.mp4", tmp_path / "report.json"
    words = command(film, output, "--json", told)
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert until(lambda: len(finished(output)) == 2, 120)
    process.kill()
    assert process.communicate()[0] is None
    assert until(lambda: not marked(mark))
    kept = sum(finished(output).values())
    assert not output.exists()
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert f"Note: {kept} frames had been finished before." in done.stderr
    report = json.loads(told.read_text())
    assert (report["resumed"], report["frames"]) == (kept, probe(film).frames)
    assert report["output"] == str(output)
    assert output.read_bytes() == whole
    assert not hidden(tmp_path)
    assert until(lambda: not marked(mark))


def test_an_interrupted_command_ends_all_and_says_what_is_kept(film, tmp_path, environment, mark):
    """And nothing but what can be gone on from is left."""
    output = tmp_path / "cut.mp4"
    process = subprocess.Popen(command(film, output), stderr=subprocess.PIPE, text=True)
    assert until(lambda: finished(output), 120)
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=120)[1]
    assert process.returncode == 130
    assert f"Note: stopped; {output} was not made." in said
    assert "frames are finished and kept in hidden folders beside" in said
    assert "Traceback" not in said
    assert until(lambda: not marked(mark))
    assert all(path.suffix == ".parts" for path in tmp_path.iterdir())


def command(film: Path, output: Path, *more: object) -> list[str]:
    cores = str((os.cpu_count() or 1) / 2)  # which gives room for two
    own = ("--engine", "ray", "--cpus-per-task", cores, "--checkpoint-every", SECONDS)
    return list(map(str, (COMMAND, "run", film, output, *own, *more)))


# What is refused, before a cluster is started


class Unwanted(RayEngine):
    """An engine that nobody may start."""

    def cluster(self):
        raise AssertionError("started")


@pytest.fixture
def refused(film, tmp_path):
    """Convert, which raises."""

    def convert(output="cut.mp4", conversion=CONVERSION, source=film, **options):
        convert_in_shares(source, tmp_path / output, conversion, engine=Unwanted(), **options)

    return convert


def test_an_existing_output_is_refused(refused, tmp_path):
    (tmp_path / "cut.mp4").write_text("mine")
    with pytest.raises(OutputError, match=r"cut\.mp4"):
        refused()
    assert (tmp_path / "cut.mp4").read_text() == "mine"


def test_what_cannot_be_read_is_refused(refused, tmp_path):
    (tmp_path / "bad.mp4").write_text("bad")
    with pytest.raises(InputError):
        refused(source=tmp_path / "bad.mp4")


def test_pipes_and_one_share_are_refused(refused):
    with pytest.raises(SettingError, match="give files"):
        refused(source="-")
    with pytest.raises(SettingError, match="makes all shares"):
        refused(conversion=replace(CONVERSION, resume=Resume(1, Shard(1, 2))))


@pytest.mark.parametrize(
    ("changes", "output", "said"),
    [
        (
            {"settings": Settings(smoothing=ExponentialAverage())},
            "cut.mp4",
            "in shares: this smoothing",
        ),
        (
            {"settings": Settings(regions=RegionFilter(subject="main"))},
            "cut.mp4",
            "in shares: the stage",
        ),
        ({}, "frames/", "the frames of an image sequence are numbered"),
        ({"resume": Resume(Fraction(1, 10))}, "cut.mp4", "do not fill the"),
        ({"settings": Settings(source_alpha="keep")}, "cut.mp4", "has no alpha to keep"),
    ],
)
def test_what_cannot_be_shared_is_refused(changes, output, said, refused, tmp_path):
    """As a share would refuse it, seconds later."""
    with pytest.raises(SettingError, match=said):
        refused(output, replace(CONVERSION, **changes))
    assert not list(tmp_path.iterdir())


def test_a_video_background_and_too_many_shares_are_refused(refused, film, tmp_path):
    """And a background that would be written over."""
    with pytest.raises(SettingError, match="a video background goes on"):
        refused(conversion=replace(CONVERSION, background=film))
    with pytest.raises(SettingError, match="into 99 parts"):
        refused(shares=99)
    picture = tmp_path / "cut.mp4"
    picture.write_bytes(film.read_bytes())
    with pytest.raises(SettingError, match="The background and the output are both"):
        refused(conversion=replace(CONVERSION, background=picture), overwrite=True)


def test_another_count_than_was_begun_is_refused(refused, film, tmp_path):
    """As what is kept would be in vain; `overwrite` removes it."""
    output = tmp_path / "cut.mp4"
    replace(CONVERSION, resume=Resume(SECONDS, Shard(1, 3)))(film, output)
    assert Film(CONVERSION, film, output, None, False).begun(None) == 3
    with pytest.raises(OutputError, match="begun in 3 shares, which are kept beside it"):
        refused(shares=2)
    assert Film(CONVERSION, film, output, None, True).begun(2) is None
    assert not share_folders(output)


@pytest.mark.parametrize(
    ("segments", "room", "count"),
    [(3, 2, 1), (30, 2, 2), (30, 1, 1), (30, 8, 7), (600, 8, 24), (61, 2, 4)],
)
def test_shares_are_as_many_as_fit_the_cluster(segments, room, count, film):
    """As many for each task that there is room for, of four to thirty segments."""
    clip = replace(probe(film), duration=float(segments * SECONDS))
    work = Film(CONVERSION, film, Path("cut.mp4"), None, False)
    assert work.count(clip, room) == count


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--engine", "ray", "--only", "1/2"), "leave out --only"),
        (("--engine", "ray", "--layers", "plate.mp4"), "leave out --engine ray"),
        (("--address", "auto"), "give --engine ray as well"),
        (("--cpus-per-task", "1"), "give --engine ray as well"),
        (("--engine", "ray", "--cpus-per-task", "0"), "--cpus-per-task is 0"),
        (("--parts", "2"), "give --engine ray as well"),
    ],
)
def test_options_that_contradict_each_other_are_refused(options, said, film, tmp_path):
    """One sentence, exit status 2, and nothing is written."""
    words = [COMMAND, "run", film, tmp_path / "cut.mp4", *options]
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert not list(tmp_path.iterdir())
