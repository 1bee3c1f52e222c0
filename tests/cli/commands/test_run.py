"""The command, run as people run it: what it writes, says and returns."""

from __future__ import annotations

import json
import os
import pty
import re
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import get_args

import click
import pytest
from click.testing import CliRunner
from sinet_video.cli.commands import info
from sinet_video.cli.main import cli
from sinet_video.cli.options.click_options import Moment, Triple
from sinet_video.cli.options.command import Command
from sinet_video.cli.terminal import progress as progress_module
from sinet_video.cli.terminal.progress import Progress, clock, describe
from sinet_video.cli.terminal.tables import in_bytes

from sinet_video import Clip, SettingError, TimeRange, __version__, decode, probe
from sinet_video.containers.codecs import CODECS
from sinet_video.containers.formats import FOLDERS, PIPES
from sinet_video.decoding.access import Allow
from sinet_video.decoding.concealment import OnError
from sinet_video.encoding.settings import AlphaMode, AudioChoice
from sinet_video.models.input_settings import Activation
from sinet_video.models.onnx.session import Runtime
from sinet_video.pipeline.output_kind import Show
from sinet_video.pipeline.parse_settings import parse_refinement, parse_smoothing
from sinet_video.pipeline.report import expected_frames
from sinet_video.quality.image_bytes import jpeg
from sinet_video.stages.backgrounds import Fit
from sinet_video.stages.matte_settings import (
    FeatherSide,
    SourceAlpha,
    Subject,
)
from sinet_video.stages.screen.settings import HUES, Despill, parse_despill

COMMAND = Path(sys.executable).with_name("sinet-video")
Done = subprocess.CompletedProcess


def sinet_video(*arguments: object, **options: object) -> Done[str]:
    """Run the command and return what became of it."""
    words = [str(COMMAND), *map(str, arguments)]
    return subprocess.run(words, capture_output=True, text=True, check=False, **options)


@pytest.fixture(scope="module")
def clip(make_clip) -> Path:
    """Twelve frames with audio."""
    return make_clip("talk.mp4", audio=True)


@pytest.fixture(scope="module")
def long_clip(tmp_path_factory, ffmpeg, carphone) -> Path:
    """A real clip a hundred times over: nobody waits for its end."""
    path = tmp_path_factory.mktemp("cli") / "long.mp4"
    ffmpeg("ffmpeg", "-stream_loop", "99", "-i", carphone, "-c", "copy", path)
    return path


# run


def test_run_writes_a_video(carphone, tmp_path, ffprobe_pts):
    """The whole clip, onto green, and a line that says so."""
    done = sinet_video("run", carphone, tmp_path / "o.mp4")
    assert done.returncode == 0
    assert ffprobe_pts(tmp_path / "o.mp4") == ffprobe_pts(carphone)
    assert done.stdout == ""
    (line,) = (line for line in done.stderr.splitlines() if not line.startswith("frame "))
    assert line.startswith(f"Wrote {tmp_path / 'o.mp4'}: 120 frames in ")
    corner = next(decode(tmp_path / "o.mp4")).rgb[:16, -16:].mean((0, 1))
    assert corner == pytest.approx((0, 177, 64), abs=8)


def test_a_name_with_a_slash_is_a_folder_s(clip, tmp_path):
    """Even with a dot in it, also by a destination that wants a folder, and only by such a one."""
    for name, more in (("take.01", ()), ("take.02", ("--preset-for", "nuke"))):
        done = sinet_video("run", clip, f"{tmp_path / name}{os.sep}", *more)
        assert done.returncode == 0, done.stderr
        assert len(list((tmp_path / name).glob("0*"))) == 12
    wrong = ("--preset-for", "premiere")
    done = sinet_video("run", clip, f"{tmp_path / 'take.mov'}{os.sep}", *wrong)
    assert done.returncode == 2
    assert "it must be a .mov file" in done.stderr


def test_every_option_reaches_the_job(clip, tmp_path):
    """Seen in the report and in the files."""
    done = sinet_video(
        "run", clip, tmp_path / "o.mkv", "--background", "blue", "--codec", "hevc",
        "--crf", "30", "--preset", "ultrafast", "--start", "0:00.08", "--end", "0:00:00.4",
        "--matte", tmp_path / "m.mkv", "--runtime", "torch",
        "--network-size", "96x64", "--no-follow",
        "--smooth", "exponential:0.5", "--refine", "bilinear", "--choke", "1", "--feather", "2",
        "--json", "-",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["frames"] == 8
    assert (report["encoder"], report["runtime"]) == ("libx265", "torch")
    assert report["network_size"] == [96, 64]
    assert "edge" in report["stages"]
    assert report["matte"] == str(tmp_path / "m.mkv")
    assert probe(tmp_path / "o.mkv").codec == "hevc"
    assert probe(tmp_path / "m.mkv").pixel_format == "gray"


@pytest.mark.parametrize(("words", "follows"), [([], True), (["--no-follow"], False)])
def test_people_are_followed_unless_told_not_to(words, follows, clip, tmp_path, monkeypatch):
    """The option reaches the settings."""
    given = []
    monkeypatch.setattr(
        "sinet_video.pipeline.conversion.convert", lambda *_, settings, **__: given.append(settings)
    )
    CliRunner().invoke(cli, ["run", str(clip), str(tmp_path / "o.mp4"), *words])
    assert [settings.following is not None for settings in given] == [follows]


def test_json_to_stdout_is_all_there_is(clip, tmp_path):
    """So that it can be piped; what is for people goes to stderr."""
    done = sinet_video("run", clip, tmp_path / "o.webm", "--json", "-")
    report = json.loads(done.stdout)
    assert (report["frames"], report["alpha"], report["audio"]) == (12, "straight", "encoded")
    assert "Note: The audio is aac" in done.stderr
    assert "Wrote" in done.stderr


def test_json_to_a_file(clip, tmp_path):
    """The same, and stdout stays empty."""
    done = sinet_video("run", clip, tmp_path / "o.mp4", "--json", tmp_path / "report.json")
    assert (done.returncode, done.stdout) == (0, "")
    assert json.loads((tmp_path / "report.json").read_text())["frames"] == 12


@pytest.mark.parametrize(
    "options", [("o.mp4",), ("o.webm",), ("o.mp4", "--codec", "av1"), ("o.mp4", "--codec", "hevc")]
)
def test_quiet_says_nothing(options, clip, tmp_path):
    """Neither do the encoders beneath it, nor are there warnings."""
    name, *rest = options
    done = sinet_video("run", "--quiet", clip, tmp_path / name, *rest)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (tmp_path / name).exists()


def test_quiet_still_says_errors(tmp_path):
    """The failing twin: what went wrong is said all the same."""
    done = sinet_video("run", "-q", tmp_path / "missing.mp4", tmp_path / "o.mp4")
    assert done.returncode == 1
    assert "There is no file" in done.stderr


def test_overwrite_replaces(clip, tmp_path):
    """Only when it is asked for; see the table of bad requests for when it is not."""
    (tmp_path / "o.mp4").write_text("old")
    done = sinet_video("run", clip, tmp_path / "o.mp4", "--overwrite")
    assert done.returncode == 0, done.stderr
    assert probe(tmp_path / "o.mp4").frames == 12


# Bad requests


@pytest.fixture(scope="module")
def bad(tmp_path_factory, ffmpeg, clip) -> Path:
    """A folder of files that are no good, and one that is."""
    made = tmp_path_factory.mktemp("bad")
    (made / "good.mp4").write_bytes(clip.read_bytes())
    (made / "words.mp4").write_text("These are words, not frames.\n" * 40)
    (made / "empty.mp4").touch()
    ffmpeg("ffmpeg", "-f", "lavfi", "-i", "sine=d=0.2", made / "audio.wav")
    whole = made / "whole.mp4"
    ffmpeg(
        "ffmpeg", "-f", "lavfi", "-i", "testsrc2=s=160x96:r=25:d=3", "-movflags", "faststart", whole
    )
    (made / "truncated.mp4").write_bytes(whole.read_bytes()[: whole.stat().st_size * 2 // 3])
    (made / "headless.mp4").write_bytes(whole.read_bytes()[-20_000:])
    (made / "there.mp4").write_text("precious")
    (made / "folder").mkdir()
    return made


BAD = {
    "missing": (1, "There is no file", "missing.mp4 NEW/o.mp4"),
    "not a video": (1, "cannot be opened as a video", "words.mp4 NEW/o.mp4"),
    "empty": (1, "is empty", "empty.mp4 NEW/o.mp4"),
    "audio only": (1, "no video in it, only audio", "audio.wav NEW/o.mp4"),
    "truncated": (1, "cut off", "truncated.mp4 NEW/o.mp4"),
    "output exists": (1, "is there already", "good.mp4 there.mp4"),
    "no folder": (1, "There is no folder", "good.mp4 NEW/none/o.mp4"),
    "input is output": (2, "is the input", "good.mp4 good.mp4 --overwrite"),
    "alpha in mp4": (2, "cannot hold an alpha", "good.mp4 NEW/o.mp4 --background transparent"),
    "colour": (2, "#12345", "good.mp4 NEW/o.mp4 --background #12345"),
    "size": (2, "multiple of 32", "good.mp4 NEW/o.mp4 --network-size 100x100"),
    "backwards": (2, "must come after", "good.mp4 NEW/o.mp4 --start 0.4 --end 0.2"),
    "codec": (2, "'theora'", "good.mp4 NEW/o.mp4 --codec theora"),
    "crf": (2, "0 to 51", "good.mp4 NEW/o.mp4 --crf 99"),
    "preset": (2, "'warp'", "good.mp4 NEW/o.mp4 --preset warp"),
    "weights": (1, "'mine.pth'", "good.mp4 NEW/o.mp4 --weights mine.pth"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_requests_end_in_one_sentence(case, bad, tmp_path):
    """On stderr, with the status of its kind, without a trace of the program, and no output."""
    status, words, line = BAD[case]
    done = sinet_video("run", *line.replace("NEW", str(tmp_path)).split(), cwd=bad)
    assert words in done.stderr
    assert (done.returncode, done.stdout) == (status, "")
    assert re.fullmatch(r"sinet-video: .+\.\n", done.stderr)
    assert not list(tmp_path.rglob("*.*"))
    assert (bad / "there.mp4").read_text() == "precious"
    assert (bad / "good.mp4").stat().st_size > 1000


MORE_BAD = {
    "a folder": (1, "is a folder", "folder NEW/o.mp4"),
    "headless": (1, "cannot be opened as a video", "headless.mp4 NEW/o.mp4"),
    "extension": (2, ".xyz", "good.mp4 NEW/o.xyz"),
    "one png": (2, "%05d.png", "good.mp4 NEW/o.png"),
    "background": (2, "nowhere.jpg", "good.mp4 NEW/o.mp4 --background nowhere.jpg"),
    "bad background": (1, "words.mp4", "good.mp4 NEW/o.mp4 --background words.mp4"),
    "blur": (2, "Blur is 99", "good.mp4 NEW/o.mp4 --background blur:99"),
    "size in words": (2, "'big'", "good.mp4 NEW/o.mp4 --network-size big"),
    "smooth": (2, "'much'", "good.mp4 NEW/o.mp4 --smooth much"),
    "choke": (2, "from -64 to 64", "good.mp4 NEW/o.mp4 --choke 99"),
    "past the end": (2, "0.480 s long", "good.mp4 NEW/o.mp4 --start 100"),
    "codec elsewhere": (2, "does not go into", "good.mp4 NEW/o.mp4 --codec prores"),
    "no weights": (1, "words.mp4", "good.mp4 NEW/o.mp4 --weights words.mp4"),
    "device": (2, "onnxruntime", "good.mp4 NEW/o.mp4 --device cuda --runtime onnxruntime"),
    "no such device": (2, "'warp'", "good.mp4 NEW/o.mp4 --device warp"),
    "no GPU here": (2, "Device 'cuda:77'", "good.mp4 NEW/o.mp4 --device cuda:77"),
    "islands": (2, "islands is 2; it must be from 0", "good.mp4 NEW/o.mp4 --islands 2"),
    "holes": (2, "holes is -1; it must be from 0", "good.mp4 NEW/o.mp4 --holes -1"),
    "no garbage": (1, "no file none.png", "good.mp4 NEW/o.mp4 --garbage none.png"),
    "bad core": (1, "words.mp4 cannot be opened", "good.mp4 NEW/o.mp4 --core words.mp4"),
    "background unseen": (2, "leave it out", "good.mp4 NEW/o.mp4 --show alpha --background red"),
    "classes": (2, "no classes", "good.mp4 NEW/o.mp4 --classes person"),
    "unknown class": (2, "'dog'", "good.mp4 NEW/o.mp4 --weights cityscapes --classes person,dog"),
    "matte": (2, "different names", "good.mp4 NEW/o.mp4 --matte NEW/o.mp4"),
}


@pytest.mark.parametrize("case", MORE_BAD)
def test_more_bad_requests_end_in_one_sentence(case, bad, tmp_path, monkeypatch):
    """The same, in this process, as it is quicker."""
    status, words, line = MORE_BAD[case]
    monkeypatch.chdir(bad)
    done = CliRunner().invoke(cli, ["run", *line.replace("NEW", str(tmp_path)).split()])
    assert words in done.stderr
    assert (done.exit_code, done.stdout) == (status, "")
    assert re.fullmatch(r"sinet-video: .+\.\n", done.stderr)
    assert not list(tmp_path.rglob("*.*"))


def test_a_report_that_cannot_be_written_is_said(clip, tmp_path):
    """Before the work begins, so that nobody waits for nothing."""
    report = tmp_path / "none" / "report.json"
    done = sinet_video("run", clip, tmp_path / "o.mp4", "-q", "--json", report)
    assert done.returncode == 1
    assert re.fullmatch(r"sinet-video: There is no folder .+none.*\.\n", done.stderr)
    assert not (tmp_path / "o.mp4").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--start", "soon"), "is not a time"),
        (("--start", "-3"), "is not a time"),
        (("--start", "1e400"), "is not a time"),
        (("--start", "1:99"), "is not a time"),
        (("--end", "00:00:00:02"), "is not a time"),
        (("--end", "1:xx"), "is not a time"),
        (("--crf", "low"), "not a valid float"),
        (("--fit", "squash"), "cover"),
        (("--show", "mask"), "composite"),
        (("--runtime", "tpu"), "onnxruntime"),
        (("--onnx-mean", "1,2"), "three numbers"),
        (("--colour", "red"), "No such option"),
    ],
)
def test_words_that_cannot_be_read_are_usage_errors(options, words, clip, tmp_path):
    """Click says which option it was and what goes there; the status is 2."""
    done = CliRunner().invoke(cli, ["run", str(clip), str(tmp_path / "o.mp4"), *options])
    assert (done.exit_code, done.stdout) == (2, "")
    assert options[0] in done.stderr
    assert words in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["o.mp4 --crf 1", "o.mkv --codec ffv1", "images"])
def test_a_full_disk_is_said_and_leaves_nothing(name, carphone, tmp_path):
    """Here a limit on how large a file may be, which the system says by the same way."""

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))

    given = f"run -q {carphone} {tmp_path}/{name} --end 0.5"
    done = sinet_video(*given.split(), preexec_fn=limited)
    assert done.returncode == 1
    assert re.fullmatch(r"sinet-video: .*cannot be written.*\.\n", done.stderr)
    assert not list(tmp_path.iterdir())


# Being stopped


@pytest.fixture
def on_terminal() -> Iterator[Callable[..., tuple[subprocess.Popen[bytes], Callable[[], bytes]]]]:
    """Start the command with a terminal as its stderr; returns it, and what reads the terminal."""
    opened = []

    def start(*arguments: object) -> tuple[subprocess.Popen[bytes], Callable[[], bytes]]:
        ours, theirs = pty.openpty()
        words = [str(COMMAND), *map(str, arguments)]
        process = subprocess.Popen(words, stderr=theirs, stdout=subprocess.PIPE)
        os.close(theirs)
        opened.append((process, ours))

        def read() -> bytes:
            try:
                return os.read(ours, 4096)
            except OSError:  # how Linux says that nobody writes any more
                return b""

        return process, read

    yield start
    for process, ours in opened:
        process.kill()
        process.communicate()
        os.close(ours)


def until(read: Callable[[], bytes], wanted: str) -> str:
    """Read until a pattern is there, or all."""
    text = b""
    while not re.search(wanted.encode(), text):
        piece = read()
        if not piece:
            break
        text += piece
    return text.decode()


def test_on_a_terminal_a_line_moves(carphone, on_terminal, tmp_path):
    """It is written over itself, with frames, share, speed and time left, and then wiped."""
    process, read = on_terminal("run", carphone, tmp_path / "o.mp4")
    text = until(read, "never")
    assert process.wait() == 0
    moves = text.split("\r")
    shown = [re.fullmatch(r"frame (\d+) of 120, \d+ %, [\d.]+ frames/s, \d+:\d\d left *", m)
             for m in moves]  # fmt: skip
    counts = [int(found[1]) for found in shown if found]
    assert len(counts) > 3
    assert counts == sorted(counts)
    assert " " * 72 in moves[-3:]
    assert "Wrote" in text.split("\r")[-2]


@pytest.mark.parametrize(
    ("sent", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 128 + signal.SIGTERM)]
)
@pytest.mark.parametrize("name", ["o.mp4", "images"])
def test_being_stopped_leaves_nothing(sent, status, name, long_clip, on_terminal, tmp_path):
    """In the middle of its work: no partial file, no traceback."""
    process, read = on_terminal("run", long_clip, tmp_path / name)
    # Encoders hold back some dozens of frames before there is a file.
    assert "frame " in until(read, r"frame ([5-9]\d|\d\d\d) ")
    assert [path.suffix for path in tmp_path.iterdir()] == [".part"]
    process.send_signal(sent)
    after = until(read, "never")
    assert process.wait() == status
    assert f"Note: stopped; {tmp_path / name} was not made." in after
    assert "Traceback" not in after
    assert "Exception" not in after
    assert list(tmp_path.iterdir()) == []


def test_a_batch_that_is_stopped_keeps_what_is_done(clip, long_clip, on_terminal, tmp_path):
    """The finished file stays, the one at work goes, the rest is not begun."""
    names = (("a.mp4", clip), ("b.mp4", long_clip), ("c.mp4", clip))
    (tmp_path / "in").mkdir()
    for name, target in names:
        (tmp_path / "in" / name).symlink_to(target)
    process, read = on_terminal("batch", tmp_path / "in", "-o", tmp_path / "out")
    assert "a.mp4: 12 frames" in until(read, "of 12000")
    process.send_signal(signal.SIGTERM)
    after = until(read, "never")
    assert process.wait() == 128 + signal.SIGTERM
    assert "Traceback" not in after
    assert results(tmp_path / "out") == ["a.mp4"]


# Progress


@pytest.fixture
def facts(clip) -> Clip:
    """What a clip of twelve frames is."""
    return probe(clip)


def test_elsewhere_progress_is_plain_lines(facts, monkeypatch, capsys):
    """On stderr, a line each, nothing that moves."""
    monkeypatch.setattr(progress_module, "PLAIN_SECONDS", 0)
    progress = Progress(TimeRange())
    for count in (1, 2):
        progress(count, facts)
    progress.clear()
    said = capsys.readouterr()
    assert said.out == ""
    assert "\r" not in said.err
    assert [line[:15] for line in said.err.splitlines()] == ["frame 1 of 12, ", "frame 2 of 12, "]


def test_progress_is_not_shown_for_every_frame(facts, capsys):
    """A short job says nothing before its end."""
    progress = Progress(TimeRange())
    for count in range(1, 13):
        progress(count, facts)
    assert capsys.readouterr().err == ""


def test_quiet_progress_is_none(facts, monkeypatch, capsys):
    """Even where it would be due."""
    monkeypatch.setattr(progress_module, "PLAIN_SECONDS", 0)
    Progress(TimeRange(), quiet=True)(1, facts)
    assert capsys.readouterr().err == ""


def test_what_is_expected_of_a_stretch(facts):
    """In proportion; never less than nothing."""
    assert expected_frames(facts, TimeRange()) == 12
    half = Fraction(facts.duration) / 2
    assert expected_frames(facts, TimeRange(end=half)) == 6
    assert expected_frames(facts, TimeRange(start=half)) == 6
    assert expected_frames(facts, TimeRange(start=Fraction(100))) == 0


@pytest.mark.parametrize(
    ("frames", "expected", "seconds", "text"),
    [
        (30, 120, 2.0, "frame 30 of 120, 25 %, 15.0 frames/s, 0:06 left"),
        (1, 120_000, 1.0, "frame 1 of 120000, 0 %, 1.0 frames/s, 33:19:59 left"),
        (30, None, 2.0, "frame 30, 15.0 frames/s"),
        (130, 120, 2.0, "frame 130, 65.0 frames/s"),
        (1, 10, 0.0, "frame 1 of 10, 10 %, 0.0 frames/s, 0:00 left"),
    ],
)
def test_progress_in_words(frames, expected, seconds, text):
    """With a share only where the whole is known."""
    assert describe(frames, expected, seconds) == text


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (59.6, "1:00"), (3661, "1:01:01")])
def test_clock(seconds, text):
    """Hours only where there are any."""
    assert clock(seconds) == text


# info


def test_info_in_words(clip):
    """All that a person asks of a file, one subject a line."""
    done = sinet_video("info", clip)
    assert (done.returncode, done.stderr) == (0, "")
    text = done.stdout
    for fact in (str(clip), "h264, 160x96, yuv420p", "0.480 s, 12 frames", "25.000 frames/s",
                 "aac, 44100 Hz, 1 channel,", "320x192"):  # fmt: skip
        assert fact in text


def test_info_says_where_a_job_would_run(clip):
    """The runtime with its version, and the device, also where they are to be chosen."""
    for options, words in (
        ([], "in onnxruntime "),
        (["--runtime", "torch", "--device", "auto"], "in torch "),
        (["--device", "auto", "--runtime", "onnxruntime"], "in onnxruntime "),
    ):
        (line,) = (
            line
            for line in sinet_video("info", clip, *options).stdout.splitlines()
            if line.startswith("  network")
        )
        assert words in line
        assert " on " in line


def test_info_of_a_silent_tagged_clip(tmp_path, ffmpeg):
    """What is said of colour and audio follows the file."""
    path = tmp_path / "tagged.mp4"
    ffmpeg(
        "ffmpeg", "-f", "lavfi", "-i", "testsrc2=s=96x64:d=0.2", "-colorspace", "bt709",
        "-color_range", "pc", "-color_trc", "arib-std-b67", path,
    )  # fmt: skip
    text = sinet_video("info", path).stdout
    assert "BT.709, full, HDR (HLG)\n" in text
    assert "audio      none" in text


HOW_READ = {"piped", "source", "span", "coded", "images", "icc"}
"""Fields of a clip that are of how it is read, or are too large to print."""


@pytest.mark.parametrize(
    ("code", "words"),
    [(9, "BT.2020,"), (10, "bt2020c,"), (2, "matrix not said,"), (200, "matrix 200,")],
)
def test_info_of_any_matrix(code, words, facts):
    """The usual ones by their names, others by libav's; only what is not said is not said."""
    told = replace(facts, colour=replace(facts.colour, matrix=code))
    assert f"  colour     {words}" in info.describe(told)


def test_info_as_json(clip):
    """Every field of a clip, for programs."""
    done = sinet_video("info", "--json", clip)
    found = json.loads(done.stdout)
    own = {"path", "stream", "runtime", "device"}
    assert set(found) == set(Clip.__dataclass_fields__) - HOW_READ | own
    assert (found["runtime"], found["device"]) == ("onnxruntime", "cpu")
    assert (found["width"], found["height"], found["time_base"]) == (160, 96, "1/12800")
    assert found["audio"][0]["codec"] == "aac"


def test_info_of_a_bad_file(bad):
    """One sentence and status 1."""
    done = sinet_video("info", bad / "words.mp4")
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(r"sinet-video: .+cannot be opened as a video.+\.\n", done.stderr)


# batch


def results(folder: Path) -> list[str]:
    """The names in a folder, but for the batch's own."""
    return sorted(path.name for path in folder.iterdir() if "manifest" not in path.name)


def test_batch_lists_its_mattes(clip, tmp_path):
    """Before, while and after they are made, for people and programs, and in their size."""
    arguments = ("batch", clip, "-o", tmp_path / "out", "--matte", "{stem}_m.mkv", "--end", "0.2")
    row = sinet_video(*arguments, "--dry-run").stdout.splitlines()[1]
    assert row.startswith("talk.mp4 and talk_m.mkv ")
    done = sinet_video(*arguments, "--json", "-")
    files = [tmp_path / "out" / name for name in ("talk.mp4", "talk_m.mkv")]
    assert f"wrote {files[0]} and {files[1]}\n" in done.stderr
    (row,) = (line for line in done.stderr.splitlines() if line.startswith(str(clip)))
    assert row.endswith(in_bytes(sum(path.stat().st_size for path in files)))
    (told,) = json.loads(done.stdout)
    assert (told["output"], told["matte"]) == tuple(map(str, files))
    (told,) = json.loads(sinet_video(*arguments, "--json", "-").stdout)
    assert (told["status"], told["matte"]) == ("skipped", str(files[1]))


def test_a_pattern_is_called_as_it_was_typed(clip, tmp_path):
    """With its # in the line at the end; programs get the form that they know."""
    names = [tmp_path / "a" / "f.####.png", tmp_path / "b" / "m.###.png"]
    done = sinet_video("run", clip, names[0], "--matte", names[1], "--end", "0.1", "--json", "-")
    assert f"Wrote {names[0]} and {names[1]}: " in done.stderr
    assert json.loads(done.stdout)["output"] == str(tmp_path / "a" / "f.%04d.png")


def test_names_of_several_lines_take_one(clip, tmp_path):
    """In what batch says of them, on the way and in its tables."""
    source = tmp_path / "a\nb.mp4"
    source.write_bytes(clip.read_bytes())
    words = ("batch", source, "-o", tmp_path / "out", "--end", "0.1")
    for more in (("--dry-run",), (), (), ("--start", "900", "--end", "901")):
        done = sinet_video(*words, *more)
        said = done.stdout + done.stderr
        assert r"a\nb.mp4" in said
        assert "b.mp4" not in {line[:5] for line in said.splitlines()}


def test_batch_says_beforehand_what_it_would_do(clip, tmp_path):
    """And does nothing; subfolders and photos that are left out are told, lists read from stdin."""
    (tmp_path / "in" / "sub").mkdir(parents=True)
    for name in ("a.mp4", "sub/b.mp4"):
        (tmp_path / "in" / name).write_bytes(clip.read_bytes())
    (tmp_path / "in" / "poster.jpg").touch()
    arguments = ("batch", "--from-file", "-", "-o", tmp_path / "out", "--dry-run")
    done = sinet_video(*arguments, input=f"{tmp_path / 'in'}\n")
    assert done.returncode == 0
    assert done.stderr.splitlines() == [
        "Note: 1 video in a subfolder is left out; --recursive takes them.",
        "Note: 1 photo is left out; give photos in a call of their own.",
    ]
    heading, row, sums = done.stdout.splitlines()
    assert heading.split() == ["result", "why", "time", "size"]
    assert row.split()[:2] == ["a.mp4", "new"]
    assert sums.startswith("1 of 1 to convert, 1 at a time: about 0:0")
    assert not (tmp_path / "out").exists()
    done = sinet_video(
        *arguments, "-r", "--name-template", "{stem}_cut.{ext}", input=f"{tmp_path / 'in'}\n"
    )
    assert [line.split()[0] for line in done.stdout.splitlines()[1:-1]] == [
        "a_cut.mp4",
        "sub/b_cut.mp4",
    ]
    assert done.stderr == "Note: 1 photo is left out; give photos in a call of their own.\n"


def test_batch_reports_for_programs(bad, clip, tmp_path):
    """A report on stdout, events on stderr."""
    arguments = (
        "batch",
        clip,
        bad / "words.mp4",
        "-o",
        tmp_path / "out",
        "--json",
        "-",
        "--log-json",
    )
    done = sinet_video(*arguments)
    report = json.loads(done.stdout)
    assert [(each["status"], each["report"] and each["report"]["frames"]) for each in report] == [
        ("done", 12), ("failed", None),
    ]  # fmt: skip
    assert "words.mp4" in report[1]["error"]
    events = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    assert {"done", "failed"} <= {each["event"] for each in events}


def test_batch_killed_in_the_middle_finishes_when_run_again(clip, long_clip, on_terminal, tmp_path):
    """Killed, not asked: what was done stays done, its own process ends, and the rest follows."""
    names = (("a.mp4", clip), ("b.mp4", long_clip))
    (tmp_path / "in").mkdir()
    for name, target in names:
        (tmp_path / "in" / name).symlink_to(target)
    command = ("batch", tmp_path / "in", "-o", tmp_path / "out", "--jobs", "1")
    process, read = on_terminal(*command)
    until(read, "of 12000")
    process.kill()
    process.wait()
    (tmp_path / "in" / "b.mp4").unlink()
    (tmp_path / "in" / "b.mp4").symlink_to(clip)
    again = sinet_video(*command)
    assert again.returncode == 0
    assert "a.mp4: done before" in again.stderr
    assert "[1 of 1]" in again.stderr
    assert {"a.mp4", "b.mp4"} <= set(results(tmp_path / "out"))


def test_batch_does_the_good_and_names_the_bad(bad, clip, tmp_path):
    """Status 1; run again, what is done is skipped and the bad one is named again."""
    given, out = tmp_path / "in", tmp_path / "out"
    given.mkdir()
    (given / "good.mp4").write_bytes(clip.read_bytes())
    (given / "words.mp4").write_bytes((bad / "words.mp4").read_bytes())
    done = sinet_video("batch", given, "-o", out)
    assert (done.returncode, done.stdout) == (1, "")
    # A slow machine takes long enough for a line of progress.
    said = [line for line in done.stderr.splitlines() if ": frame " not in line]
    first, note, second, *table, failed = said
    assert first.startswith(f"[1 of 2] {given / 'good.mp4'}: 12 frames")
    assert first.endswith(f"wrote {out / 'good.mp4'}")
    assert note == f"Note: Nobody was found in {given / 'good.mp4'}, so the matte is empty."
    words = given / "words.mp4"
    assert second.startswith(f"[2 of 2] {words}: failed: {words} cannot be opened")
    heading, *rows, sums = table
    assert [line.split()[:3] for line in (heading, *rows)] == [
        ["clip", "outcome", "frames"],
        [str(given / "good.mp4"), "done", "12"],
        [str(given / "words.mp4"), "failed"],
    ]
    assert sums == "1 done, 1 failed, 0 skipped; 12 frames."
    assert re.fullmatch(r"sinet-video: failed: .+words\.mp4 cannot be opened.+\.", failed)
    assert results(out) == ["good.mp4"]
    again = sinet_video("batch", given, "-o", out)
    assert again.returncode == 1
    assert f"Skipped {given / 'good.mp4'}" in again.stderr
    assert "wrote" not in again.stderr
    assert "words.mp4 cannot be opened" in again.stderr


def test_batch_of_photos_makes_cutouts(clip, tmp_path):
    """Of a folder of them, without --to; videos beside them are what a batch is for."""
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "a.jpg").write_bytes(jpeg(next(decode(clip)).rgb))
    done = sinet_video("batch", photos, "-o", tmp_path / "cut", "-q")
    assert (done.returncode, done.stderr, results(tmp_path / "cut")) == (0, "", ["a.png"])
    assert probe(tmp_path / "cut" / "a.png").alpha == "straight"
    (photos / "b.mp4").write_bytes(clip.read_bytes())
    done = sinet_video("batch", photos, "-o", tmp_path / "both", "-q")
    assert (done.returncode, results(tmp_path / "both")) == (0, ["b.mp4"])


def test_batch_of_good_files_succeeds(clip, tmp_path):
    """By patterns that the shell left alone, into another kind, with the options of run."""
    for name in ("a.mp4", "b.mp4"):
        (tmp_path / name).write_bytes(clip.read_bytes())
    done = sinet_video(
        "batch", tmp_path / "*.mp4", "-o", tmp_path / "out", "--to", "webm", "--show", "alpha", "-q"
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert results(tmp_path / "out") == ["a.webm", "b.webm"]
    assert next(decode(tmp_path / "out" / "a.webm")).width == 160


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("none*.mp4", "-o", "NEW"), 1, "matches no video"),
        (("good.mp4", "-o", "NEW", "--background", "#12345"), 2, "#12345"),
        (("good.mp4", "-o", "NEW", "--crf", "99"), 2, "0 to 51"),
        (("good.mp4", "-o", "there.mp4"), 1, "there.mp4"),
        (("good.mp4", "-o", "there.mp4/below"), 1, "there.mp4"),
        (("good.mp4", "good.mp4/../good.mp4x", "-o", "NEW"), 1, "matches no video"),
        (("good.mp4", "-o", "NEW", "--weights", "mine.pth"), 1, "mine.pth"),
    ],
)
def test_bad_batches_end_in_one_sentence(arguments, status, words, bad, tmp_path, monkeypatch):
    """What is wrong with all of them is said once, not for each file."""
    monkeypatch.chdir(bad)
    words_given = [word.replace("NEW", str(tmp_path)) for word in arguments]
    done = CliRunner().invoke(cli, ["batch", *words_given])
    assert words in done.stderr
    assert done.exit_code == status
    assert re.fullmatch(r"sinet-video: .+\.\n", done.stderr)
    assert not list(tmp_path.iterdir())
    assert (bad / "there.mp4").read_text() == "precious"


# Help


def commands() -> dict[str, click.Command]:
    """All commands by name."""
    return dict(cli.commands)


def options_of(command: click.Command) -> list[click.Option]:
    """A command's options."""
    return [param for param in command.params if isinstance(param, click.Option)]


COMMANDS = [
    "batch", "doctor", "evaluate", "export", "generate", "info",
    "join", "live", "plan", "preview", "run", "serve", "tidy",
    "train", "verify",
]  # fmt: skip


def test_the_commands():
    """Nobody adds one without looking at these tests."""
    assert sorted(commands()) == COMMANDS
    assert sorted(cli.list_commands(click.Context(cli))) == COMMANDS


@pytest.mark.parametrize("name", COMMANDS)
def test_help_documents_every_option(name):
    """Each with a sentence, and the command itself with one."""
    command = commands()[name]
    done = sinet_video(name, "--help-all" if isinstance(command, Command) else "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert command.help
    for option in options_of(command):
        assert option.help, f"{option.opts} has no help"
        assert all(word in done.stdout for word in option.opts)


def test_help_of_the_whole():
    """The commands with a line each; -h is --help."""
    done, short = sinet_video("--help"), sinet_video("-h")
    assert done.stdout == short.stdout
    assert all(f"  {name}" in done.stdout for name in commands())
    assert "..." not in done.stdout.partition("[ARGS]...")[2]
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert sinet_video("run", "-h").stdout == sinet_video("run", "--help").stdout


def test_help_fits_a_screen():
    """What most people need, in fifty lines; all else is named where it is."""
    lines = sinet_video("run", "--help").stdout.splitlines()
    assert len(lines) <= 50
    assert max(map(len, lines)) <= 80
    assert any("--help-all" in line for line in lines)
    assert not any("--onnx-mean" in line for line in lines)
    assert "--onnx-mean" in sinet_video("run", "--help-all").stdout


def test_version():
    """The package's own."""
    assert sinet_video("--version").stdout.strip().endswith(f"version {__version__}")


HEAVY = ("torch", "numpy", "av", "onnxruntime", "kornia")


@pytest.mark.parametrize(
    ("arguments", "heavy"),
    [
        (["--help"], False),
        (["run", "--help"], False),
        (["batch", "--help"], False),
        (["info", "--help"], False),
        (["evaluate", "--help"], False),
        (["export", "--help"], False),
        (["preview", "--help"], False),
        (["run", "a", "b", "--fit", "squash"], False),
        (["info", "missing.mp4"], True),
    ],
)
def test_help_is_quick(arguments, heavy):
    """Nothing large is imported to answer a question about usage; to do something, it is."""
    program = (
        "import sys\n"
        "from sinet_video.cli.main import cli\n"
        f"try: cli({arguments!r})\n"
        f"finally: print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    last = done.stderr.splitlines()[-1]
    assert (last != "[]") == heavy


def test_choices_are_the_library_s():
    """A word that the library knows can be given, and no other."""
    choices = {
        option.name: tuple(option.type.choices)
        for option in options_of(commands()["run"])
        if isinstance(option.type, click.Choice)
    }
    assert choices["fit"] == get_args(Fit)
    assert choices["show"] == get_args(Show)
    assert choices["onnx_activation"] == get_args(Activation)
    assert choices["runtime"] == ("auto", *get_args(Runtime))
    assert choices["audio"] == get_args(AudioChoice)
    assert choices["on_error"] == get_args(OnError)
    assert choices["allow"] == get_args(Allow)
    assert choices["subject"] == get_args(Subject)
    assert choices["feather_side"] == get_args(FeatherSide)
    assert choices["format"] == (*PIPES, *FOLDERS)
    assert choices["alpha_mode"] == get_args(AlphaMode)
    assert choices["source_alpha"] == get_args(SourceAlpha)
    (despill,) = [option for option in options_of(commands()["run"]) if option.name == "despill"]
    (key,) = [option for option in options_of(commands()["run"]) if option.name == "key"]
    assert all(name in key.help and name in despill.help for name in (*HUES, "auto"))
    (codec,) = [option for option in options_of(commands()["run"]) if option.name == "codec"]
    assert all(name in codec.help for name in CODECS)


def test_batch_has_the_options_of_run():
    """Except those that are about one file."""
    names = {name: {o.name for o in options_of(commands()[name])} for name in ("run", "batch")}
    assert names["run"] - names["batch"] == {"named", "keep", "plate", "parts"}
    assert names["batch"] - names["run"] == {
        "folder", "kind", "template", "recursive", "from_file", "shard", "jobs",
        "retry_failed", "skip_existing", "keep_times", "dry_run", "watch", "settle",
        "manifest",
    }  # fmt: skip


# Reading values


@pytest.mark.parametrize(
    ("text", "screen", "expected"),
    [
        ("auto", None, None), ("off", "green", None), ("auto", "green", Despill("green")),
        ("auto", "#30a040", Despill("#30a040")), ("blue", None, Despill("blue")),
        ("green", "blue", Despill("green")),
    ],
)  # fmt: skip
def test_despill_follows_the_key(text, screen, expected):
    """Unless another screen is named, or off."""
    assert parse_despill(text, screen) == expected


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("83.5", "83.5"), ("1:23.5", "83.5"), ("0:01:23.5", "83.5"), ("10:00:00", "36000"),
     ("0", "0"), ("0.1", "0.1")],
)  # fmt: skip
def test_times_are_exact(text, seconds):
    """Seconds or a clock, without rounding."""
    assert Moment().convert(text, None, None) == Fraction(seconds)


@pytest.mark.parametrize("text", ["", "soon", "1:xx", "::", "1/0", "nan", "inf"])
def test_what_is_no_time_is_refused(text):
    """In click's way, so that the option is named."""
    with pytest.raises(click.BadParameter, match="is not a time"):
        Moment().convert(text, None, None)


def test_triples():
    """Three numbers, and nothing else."""
    assert Triple().convert("1,2.5,-3", None, None) == (1.0, 2.5, -3.0)
    for text in ("1,2", "1,2,3,4", "a,b,c", ""):
        with pytest.raises(click.BadParameter, match="three numbers"):
            Triple().convert(text, None, None)


def test_ways_of_smoothing_and_refining():
    """By name, with a weight if wanted."""
    assert parse_smoothing("off") is None
    assert parse_smoothing("exponential:0.25").weight == 0.25
    assert type(parse_smoothing("adaptive")).__name__ == "MotionAdaptive"
    assert type(parse_smoothing("window")).__name__ == "WindowMean"
    assert parse_smoothing("window:2").frames == 2
    assert type(parse_refinement("bilinear")).__name__ == "BilinearRefinement"
    assert type(parse_refinement("guided")).__name__ == "GuidedRefinement"
    for text in (
        "much",
        "adaptive:much",
        "adaptive:2",
        "exponential:",
        "off:1",
        "window:0",
        "window:0.3",
    ):
        with pytest.raises(SettingError, match=r"\.$"):
            parse_smoothing(text)
