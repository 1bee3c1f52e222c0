"""How options are given: under headings, by files, variables, destinations and habit."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from PIL import Image
from sinet_video.cli.commands.doctor import EXTRAS, PACKAGES
from sinet_video.cli.main import cli
from sinet_video.cli.options.click_options import Option
from sinet_video.cli.options.other_programs import FFMPEG, REMBG
from sinet_video.cli.terminal.remedies import in_options

import sinet_video
from sinet_video import convert, probe
from sinet_video.containers.codecs import CODECS, Codec
from sinet_video.encoding.settings import Encoding
from sinet_video.errors import OutputError, Remedy
from sinet_video.option import options_of
from sinet_video.pipeline.destinations import DESTINATIONS
from sinet_video.pipeline.settings import Settings


@pytest.fixture
def jobs(monkeypatch) -> list[dict]:
    """What `convert` was called with, which does nothing else."""
    given: list[dict] = []

    def convert(source, output, **options):
        given.append({"source": source, "output": output, **options})
        raise click.exceptions.Exit(0)

    monkeypatch.setattr("sinet_video.pipeline.conversion.convert", convert)
    return given


def run(*words: object, env: dict[str, str] | None = None) -> Result:
    """Run the command in this process."""
    return CliRunner(env=env).invoke(cli, [str(word) for word in words])


def options(name: str) -> dict[str, Option]:
    """A command's own options, by what they are called in files."""
    return {each.key: each for each in cli.commands[name].params if isinstance(each, Option)}


# From the settings classes


@pytest.mark.parametrize("kind", [Settings, Encoding])
@pytest.mark.parametrize("name", ["run", "batch"])
def test_every_setting_is_an_option(kind, name):
    """With its own sentence and heading, and nothing is said twice."""
    known = options(name)
    for key, how, _ in options_of(kind):
        assert (known[key].help, known[key].group) == (how.help, how.group)


def test_defaults_of_the_command_are_those_of_the_library(jobs):
    """No option changes a setting by not being given."""
    run("run", "a.mp4", "b.mp4")
    assert jobs[0]["settings"] == Settings()
    assert jobs[0]["encoding"] == Encoding()


def test_brief_help_has_the_headings_and_all_has_the_defaults():
    """Every option is under a heading; defaults are said."""
    brief, whole = (run("run", word).stdout for word in ("--help", "--help-all"))
    assert [line for line in brief.splitlines() if re.fullmatch(r"\w.*:", line)] == [
        "Result:", "Matte:", "Job:", "General:",
    ]  # fmt: skip
    for heading in ("Result", "Encoding", "Network", "Matte", "Green screen", "Edge", "Input"):
        assert f"\n{heading}:\n" in whole
    assert "[default: cover]" in whole
    assert "[default: (64000; with" in whole


# OUTPUT, replacing and skipping


def test_output_as_an_option(jobs):
    """As ffmpeg-normalize and others have it; given twice or not at all is a usage error."""
    run("run", "a.mp4", "-o", "b.mp4")
    assert str(jobs[0]["output"]) == "b.mp4"
    twice, never = run("run", "a.mp4", "b.mp4", "-o", "c.mp4"), run("run", "a.mp4")
    assert (twice.exit_code, never.exit_code) == (2, 2)
    assert "given twice" in twice.stderr
    assert "Missing OUTPUT" in never.stderr
    assert len(jobs) == 1


def test_no_overwrite_leaves_what_exists(jobs, tmp_path):
    """And succeeds; a new output is made; both at once is a usage error."""
    there = tmp_path / "b.mp4"
    there.write_text("precious")
    done = run("run", "a.mp4", there, "-n")
    assert (done.exit_code, done.stderr) == (0, f"Skipped a.mp4: {there} exists.\n")
    run("run", "a.mp4", tmp_path / "new.mp4", "-n")
    assert [str(job["output"]) for job in jobs] == [str(tmp_path / "new.mp4")]
    assert run("run", "a.mp4", there, "-n", "-y").exit_code == 2
    assert there.read_text() == "precious"


@pytest.mark.parametrize(
    ("command", "flag", "other"),
    [
        (("run", "a.mp4", "b.mp4"), "-n", "--no-overwrite (-n)"),
        (("batch", "{clip}", "-o", "done"), "-n", "--skip-existing (--no-overwrite, -n)"),
        (("batch", "{clip}", "-o", "done"), "--skip-existing", "--skip-existing ("),
    ],
)
def test_what_excludes_each_other_is_named_as_it_was_typed(
    command, flag, other, make_clip, tmp_path, monkeypatch
):
    """With all names of both."""
    monkeypatch.chdir(tmp_path)
    clip = make_clip("a.mp4")
    result = run(*(word.format(clip=clip) for word in command), "-y", flag)
    assert result.exit_code == 2
    assert f"--overwrite (-y) and {other}" in result.stderr
    assert "exclude each other; give one." in result.stderr
    assert not (tmp_path / "done").exists()


def test_each_destination_of_the_page_has_its_own_title():
    """Or people cannot tell them apart."""
    titles = [each.page.title for each in DESTINATIONS.values() if each.page]
    assert len(set(titles)) == len(titles) > 5


def test_short_names(jobs):
    """-y, -m and --model."""
    run("run", "a.mp4", "b.mp4", "-y", "-m", "mine.onnx")
    assert jobs[0]["overwrite"]
    assert jobs[0]["settings"].weights == "mine.onnx"
    run("run", "a.mp4", "b.mp4", "--model", "official")
    assert jobs[1]["settings"].weights == "official"


# By habit


@pytest.mark.parametrize(
    ("words", "here"),
    [(["-c:v", "libx264"], "--codec"), (["-crf", "18"], "--crf"), (["-ss", "3"], "--start"),
     (["-an"], "--audio none"), (["-preset", "slow"], "--preset"), (["-om"], "--show alpha")],
)  # fmt: skip
def test_options_of_other_programs_are_answered(words, here, jobs):
    """With what they are called here; nothing is run."""
    done = run("run", "a.mp4", "b.mp4", *words)
    assert done.exit_code == 2
    assert f"{words[0]} is an option of" in done.stderr
    assert here in done.stderr
    assert not jobs


def test_answers_name_options_that_exist():
    """Each that is named is there."""
    known = {name for each in cli.commands["run"].params for name in each.opts}
    for answer in [*FFMPEG.values(), *REMBG.values()]:
        named = [word.strip(",.;") for word in answer.split() if word.startswith("--")]
        assert set(named) <= known, answer


def test_after_two_dashes_nothing_is_an_option(jobs):
    """A file may be called as it likes."""
    run("run", "--", "-i", "-y")
    assert (str(jobs[0]["source"]), str(jobs[0]["output"])) == ("-i", "-y")


# Variables and files


def test_a_variable_gives_an_option(jobs):
    """By its long name; the command line counts more."""
    env = {"SINET_VIDEO_CHOKE": "2", "SINET_VIDEO_NETWORK_SIZE": "96x64"}
    run("run", "a.mp4", "b.mp4", env=env)
    run("run", "a.mp4", "b.mp4", "--choke", "1", env=env)
    assert [job["settings"].edge.choke for job in jobs] == [2, 1]
    assert jobs[0]["settings"].size.exact == (96, 64)


def test_a_bad_variable_is_a_usage_error(jobs):
    """As a bad option is."""
    done = run("run", "a.mp4", "b.mp4", env={"SINET_VIDEO_CHOKE": "much"})
    assert (done.exit_code, jobs) == (2, [])
    assert "--choke" in done.stderr


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ("CHOK", "the environment variable SINET_VIDEO_CHOK (did you mean SINET_VIDEO_CHOKE?) "
         "stands for no option and is ignored."),
        ("QUX CHOK", "the environment variables SINET_VIDEO_CHOK (did you mean "
         "SINET_VIDEO_CHOKE?) and SINET_VIDEO_QUX stand for no options and are ignored."),
        ("MAX_LENGHT", "SINET_VIDEO_MAX_LENGHT (did you mean SINET_VIDEO_MAX_LENGTH?) stands"),
    ],
)  # fmt: skip
def test_a_misspelt_variable_is_named(names, said, jobs):
    """In one note, with what was meant, also where that is another command's; the job goes on."""
    env = {f"SINET_VIDEO_{name}": "1" for name in names.split()}
    done = run("run", "a.mp4", "b.mp4", env=env)
    assert done.stderr.count("Note:") == 1
    assert said in done.stderr
    assert run("run", "a.mp4", "b.mp4", "-q", env=env).stderr == ""
    (line,) = run("run", "a.mp4", "b.mp4", "--log-json", env=env).stderr.splitlines()[:1]
    assert json.loads(line)["event"] == "note"
    assert len(jobs) == 3


def test_variables_of_others_are_known(jobs):
    """Those of other commands, and those that the library itself reads."""
    package = Path(sinet_video.__file__).parent
    names = {
        name
        for path in package.rglob("*.py")
        for name in re.findall(r"[\"\'`](SINET_VIDEO_[A-Z_]+)[\"\'`]", path.read_text("utf-8"))
    }
    assert len(names) > 2
    env = {**dict.fromkeys(names, ""), "SINET_VIDEO_TO": "webm", "SINET_VIDEO_PORT": "8001"}
    assert "environment" not in run("run", "a.mp4", "b.mp4", env=env).stderr
    assert len(jobs) == 1


CONFIG = """
background = "blur"
choke = 0.5
follow = false
start = "0:01"
onnx-mean = [1, 2, 3]
to = "webm"

[run]
crf = 16

[batch]
crf = 30
"""


def test_a_file_gives_options(jobs, tmp_path):
    """Of all commands, and of this one; what is typed counts more; others' are passed over."""
    file = tmp_path / "mine.toml"
    file.write_text(CONFIG)
    run("run", "a.mp4", "b.mp4", "--config", file, "--background", "red")
    (job,) = jobs
    assert (job["background"], job["settings"].edge.choke) == ("red", 0.5)
    assert job["settings"].following is None
    assert job["settings"].onnx.preprocessing.mean == (1, 2, 3)
    assert (job["span"].start, job["encoding"].crf) == (1, 16)


def test_a_variable_counts_more_than_a_file(jobs, tmp_path):
    """Nearest first: command line, environment, file, destination."""
    file = tmp_path / "mine.toml"
    file.write_text("choke = 1\ncrf = 20\n")
    env = {"SINET_VIDEO_CHOKE": "2", "SINET_VIDEO_CONFIG": str(file)}
    run("run", "a.mp4", "b.mp4", "--preset-for", "youtube", env=env)
    (job,) = jobs
    assert (job["settings"].edge.choke, job["encoding"].crf) == (2, 20)
    assert job["encoding"].preset == "medium"


@pytest.mark.parametrize(
    ("content", "status", "words"),
    [
        ("chok = 1", 2, "there is no option 'chok' here. Did you mean choke?"),
        ("[runn]\nchoke = 1", 2, "there is no table [runn] here. Did you mean run?"),
        ("[run]\nto = 'webm'", 2, "there is no option 'to' here."),
        ("choke =", 2, "is not a TOML file"),
        ("choke = 'much'", 2, "'--choke': 'much' is not a valid float, from "),
        ("fit = 'squash'", 2, "--fit"),
        ("preset-for = 'web'", 2, "preset-for cannot be in a file. Type it,"),
        (None, 1, "cannot be read"),
    ],
)
def test_bad_files_are_said(content, status, words, jobs, tmp_path):
    """In a sentence, before anything is done."""
    file = tmp_path / "mine.toml"
    if content is not None:
        file.write_text(content)
    done = run("run", "a.mp4", "b.mp4", "--config", file)
    assert (done.exit_code, jobs) == (status, [])
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_bad_variable_is_named(jobs):
    """With the option that it is for; what is typed needs no name."""
    done = run("run", "a.mp4", "b.mp4", env={"SINET_VIDEO_CHOKE": "much"})
    assert "'--choke': 'much' is not a valid float, from SINET_VIDEO_CHOKE." in done.stderr
    assert "from" not in run("run", "a.mp4", "b.mp4", "--choke", "much").stderr
    assert jobs == []


def test_saved_options_give_the_same_job(jobs, tmp_path):
    """Only those that were given are in the file; read again, they mean the same."""
    file = tmp_path / "saved.toml"
    words = [
        "--choke", "1.5", "--no-follow", "--smooth", "adaptive:0.3", "--start", "1:00.25",
        "--onnx-mean", "1,2,3", "--background", 'a "room".jpg', "--codec", "libx265",
    ]  # fmt: skip
    run("run", "a.mp4", "b.mp4", *words, "--save-config", file, env={"SINET_VIDEO_FEATHER": "3"})
    saved = tomllib.loads(file.read_text())
    assert set(saved) == {
        "choke", "follow", "smooth", "start", "onnx-mean", "background", "codec", "feather",
    }  # fmt: skip
    run("run", "a.mp4", "b.mp4", "--config", file)
    first, second = jobs
    assert first == {**second, "progress": first["progress"]}


def test_options_are_saved_to_a_file(jobs, tmp_path, monkeypatch):
    """Not to standard output, which may have the video."""
    monkeypatch.chdir(tmp_path)
    done = run("run", "a.mp4", "b.mp4", "--save-config", "-")
    assert (done.exit_code, jobs) == (2, [])
    assert "--save-config writes to a file" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_what_is_of_one_call_is_not_saved(jobs, tmp_path):
    """A file of saved options neither replaces nor names an output."""
    file = tmp_path / "saved.toml"
    words = ["--json", "r.json", "--matte", "m.mkv", "-y", "--choke", "1", "--save-config", file]
    run("run", "a.mp4", "-o", "b.mp4", *words)
    assert tomllib.loads(file.read_text()) == {"choke": 1.0}
    assert jobs[0]["overwrite"] is True


# Destinations


@pytest.mark.parametrize("name", DESTINATIONS)
def test_destinations_can_be_made(name, make_clip, tmp_path):
    """Each preset makes its kind of file of a real clip."""
    output = tmp_path / f"out{DESTINATIONS[name].suffix}"
    done = run(
        "run", make_clip("talk.mp4", frames=3), output, "--preset-for", name, "--json", "-", "-q"
    )
    assert done.exit_code == 0, done.stderr
    report = json.loads(done.stdout)
    opaque = {"meeting", "youtube", "video", "matte", "lumamatte"}
    alpha = {"nuke": "premultiplied", **dict.fromkeys(opaque, "none")}
    assert report["alpha"] == alpha.get(name, "straight")


def test_a_batch_for_a_destination_makes_its_kind(make_clip, tmp_path):
    """Without --to."""
    clip = make_clip("talk.mp4", frames=3)
    done = run("batch", clip, "-o", tmp_path / "out", "--preset-for", "premiere", "-q")
    assert (done.exit_code, done.stderr) == (0, "")
    assert probe(tmp_path / "out" / "talk.mov").alpha == "straight"


def test_a_destination_wants_its_kind_of_file(jobs):
    """And says which."""
    done = run("run", "a.mp4", "b.mp4", "--preset-for", "premiere")
    assert (done.exit_code, jobs) == (2, [])
    assert "with --preset-for premiere it must be a .mov file." in done.stderr


# For programs


def test_progress_as_json(make_clip, tmp_path):
    """Every line is an object; the last has the report."""
    done = run("run", make_clip("talk.mp4"), tmp_path / "o.mp4", "--log-json", "-v")
    events = [json.loads(line) for line in done.stderr.splitlines()]
    assert done.exit_code == 0
    assert events[-1]["event"] == "done"
    assert events[-1]["report"]["frames"] == 12
    assert {event["event"] for event in events} <= {"log", "progress", "done"}


def test_errors_as_json(tmp_path):
    """So is an error, with its exit status."""
    done = run("run", tmp_path / "none.mp4", tmp_path / "o.mp4", "--log-json")
    (event,) = map(json.loads, done.stderr.splitlines())
    assert (event["event"], event["status"], done.exit_code) == ("error", 1, 1)
    assert "There is no file" in event["message"]


# Remedies


def test_remedies_are_named_as_typed(make_clip, tmp_path):
    """An option of the command that was typed; in Python the setting."""
    source, there = make_clip("talk.mp4"), tmp_path / "there.mp4"
    there.write_text("precious")
    done = run("run", source, there)
    said = "Use --overwrite to replace it, or give another name."
    assert done.stderr == f"sinet-video: {there} is there already. {said}\n"
    done = run("run", "https://example.com/talk.mp4", tmp_path / "o.mp4")
    assert "Use --allow network if you trust it." in done.stderr
    with pytest.raises(OutputError, match=r"Use overwrite=True to replace it, or"):
        convert(source, there)


def test_a_batch_names_remedies_as_typed_too(make_clip, tmp_path):
    """At its end, in its report, manifest and events, from other processes as well."""
    (tmp_path / "holes").mkdir()
    for number in (1, 3):
        Image.new("RGB", (64, 48)).save(tmp_path / "holes" / f"{number}.png")
    words = ("batch", tmp_path / "holes" / "%d.png", "-o", tmp_path / "o")
    done = run(*words, make_clip("good.mp4", frames=2), "--jobs", "2", "--json", tmp_path / "r")
    events = run(*words, "--log-json")
    assert done.exit_code == events.exit_code == 1
    (told,) = (each for each in json.loads((tmp_path / "r").read_text()) if each["error"])
    said = [json.loads(line) for line in events.stderr.splitlines()]
    (failed,) = (each for each in said if each["event"] == "failed")
    for text in (done.stderr, told["error"], failed["error"]):
        assert "Use --on-error conceal to show the frame before" in text
        assert "on_error=" not in text
    assert "on_error=" not in (tmp_path / "o" / "manifest.jsonl").read_text()


def test_remedies_that_a_command_lacks_are_not_named():
    """A message stands alone."""
    error = OutputError("It is there.", remedy=Remedy("overwrite", True, "to replace it"))
    assert in_options(error, cli.commands["info"]) == "It is there."
    assert in_options(error, cli.commands["run"]) == "It is there. Use --overwrite to replace it."
    assert str(error) == "It is there. Use overwrite=True to replace it."


# doctor


def test_doctor_says_what_there_is():
    """Versions, encoders as libav has them, and what a run would use."""
    done = run("doctor", "--json")
    found = json.loads(done.stdout)
    assert (done.exit_code, found["problems"]) == (0, [])
    assert found["packages"]["av"] == version("av")
    assert found["encoders"]["h264"] == "libx264"
    assert set(found["encoders"]) == set(CODECS)
    assert found["used"] == {
        "network": "default", "runtime": "onnxruntime", "device": "cpu", "pixels": "64000",
    }  # fmt: skip
    lines = run("doctor").stdout.splitlines()
    assert lines[-1] == "Everything required is installed."


def test_doctor_wants_no_extra():
    """A plain install is whole: what is needed is what it brings; each extra is named as one."""
    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())["project"]
    needed = " ".join(project["dependencies"])
    assert all(re.search(rf"\b{name}[<>=]", needed) for name in PACKAGES)
    for extra, names in EXTRAS.items():
        brought = " ".join(project["optional-dependencies"][extra])
        assert all(re.search(rf"\b{name}[<>=]", brought) for name in names), extra


def test_doctor_says_what_auto_is(monkeypatch):
    """A GPU if torch has one, else onnxruntime on the CPU."""
    assert "; --device auto is onnxruntime " in run("doctor").stdout
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    assert json.loads(run("doctor", "--json").stdout)["auto"].endswith(" on cuda")


@pytest.mark.parametrize(
    ("files", "words"), [(0, "nothing"), (2, "b1 (5000 bytes)"), (9, "9 files")]
)
def test_doctor_does_not_list_a_cache_that_is_full(files, words, monkeypatch, tmp_path):
    """Only for programs; the line stays a line."""
    for index in range(files):
        (tmp_path / f"b{index}").write_bytes(bytes(5000))
    monkeypatch.setattr("sinet_video.cache.cache_folder", lambda: tmp_path)
    (line,) = (each for each in run("doctor").stdout.splitlines() if each.startswith("  cache"))
    assert words in line
    listed = json.loads(run("doctor", "--json").stdout)["caches"]["files"]
    assert len([name for name in listed if name.startswith("b")]) == files


def test_doctor_says_what_lacks(monkeypatch):
    """A package or an encoder; the exit status is 1."""
    missing = Codec("libnone", lambda working: working)
    monkeypatch.setitem(CODECS, "none", missing)
    monkeypatch.setattr("sinet_video.cli.commands.doctor.PACKAGES", ("av", "no-such-package"))
    done = run("doctor")
    assert done.exit_code == 1
    assert "PROBLEM    no-such-package is not installed." in done.stdout
    assert "PROBLEM    The encoder libnone is not in this build of libav" in done.stdout


def test_verbose_says_what_is_done(make_clip, tmp_path):
    """What was read, by which settings, and what was written; not without -v."""
    source = make_clip("talk.mp4")
    done = run("run", source, tmp_path / "o.mp4", "-v", "--choke", "1")
    assert f"Reading {source}: h264, 160x96, yuv420p, 25.000 frames/s" in done.stderr
    assert "Settings: Settings(edge=EdgeShape(choke=1.0," in done.stderr
    assert "with libx264, yuv420p; frames/s of each stage alone" in done.stderr
    done = run("run", source, tmp_path / "o.mp4", "-y")
    said = [line for line in done.stderr.splitlines() if not line.startswith("frame ")]
    assert [line.split()[0] for line in said] == ["Note:", "Wrote"]


# Completion


COMMAND = Path(sys.executable).with_name("sinet-video")


def script(shell: str) -> str:
    """What a shell reads to complete our words."""
    done = subprocess.run(
        [COMMAND],
        env={**os.environ, "_SINET_VIDEO_COMPLETE": f"{shell}_source"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout


IN_BASH = """
{script}
COMP_WORDS=({words}) COMP_CWORD={at}
_sinet_video_completion sinet-video
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("ru", {"run"}),
        ("run --net", {"--network-size"}),
        ("run a b --show ''", {"composite", "alpha", "foreground"}),
        ("run a b --preset-for f", {"finalcut"}),
    ],
)
def test_bash_completes(words, expected):
    """In a real bash, by the script that it is given."""
    if shutil.which("bash") is None:
        pytest.skip("needs bash, which is not installed")
    program = IN_BASH.format(
        script=script("bash"), words=f"sinet-video {words}", at=len(words.split())
    )
    environment = {**os.environ, "PATH": f"{COMMAND.parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert set(done.stdout.split()) == expected


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_have_scripts(shell):
    """Which call the command back; checked by the shell where there is one."""
    text = script(shell)
    assert f"_SINET_VIDEO_COMPLETE={shell}_complete" in text
    if shutil.which(shell):
        subprocess.run([shell, "-n"], input=text, text=True, check=True)


def test_help_imports_no_command():
    """The list of commands costs no more than its text, and says something of each."""
    program = (
        "import sys\n"
        "from sinet_video.cli.main import cli\n"
        "try:\n    cli(['--help'])\nexcept SystemExit:\n    pass\n"
        "print([name for name in sys.modules if '.cli.commands.' in name], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.stderr == "[]\n"
    for name in cli.commands:
        assert re.search(rf"^  {name} +[A-Z].+\.$", done.stdout, re.MULTILINE), name


LATE = (
    "importlib.metadata", "webcolors", "torch", "sinet_video.pipeline.resuming.fingerprint",
    "sinet_video.pipeline.resuming.segments", "sinet_video.pipeline.shares",
    "sinet_video.remote.staging",
)  # fmt: skip
"""What only some jobs need."""


@pytest.mark.parametrize(
    ("more", "needed"),
    [
        ([], []),
        (["--background", "coral"], ["webcolors"]),
        (["--resume"], ["importlib.metadata", *(name for name in LATE if ".pipeline." in name)]),
    ],
)
def test_a_run_imports_what_it_needs(
    carphone: Path, tmp_path: Path, more: list[str], needed: list[str]
) -> None:
    """Garbage is looked for afterwards, but not among what was imported."""
    program = (
        "import gc, sys\n"
        "from sinet_video.cli.main import cli\n"
        "try:\n    cli(sys.argv[1:])\nexcept SystemExit as end:\n    assert not end.code\n"
        "assert gc.isenabled() and gc.get_freeze_count() > 10_000\n"
        f"print(*(name for name in {LATE} if name in sys.modules))"
    )
    words = ["run", carphone, tmp_path / "out.mp4", "--end", "0.1", "--quiet", *more]
    done = subprocess.run(
        [sys.executable, "-c", program, *words], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == needed
