"""Many files: what is found, what is done, what is skipped, and what becomes of bad ones."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from plain_mattes import EVERYTHING, everything
from pretended import ending, pretended
from sinet_video.cli.main import cli
from sinet_video.cli.terminal.remedies import in_options

from sinet_video import (
    Conversion,
    EdgeShape,
    Encoding,
    Manifest,
    Naming,
    OutputError,
    Report,
    Resume,
    Rules,
    SettingError,
    Settings,
    Shard,
    Source,
    batch,
    convert,
    probe,
)
from sinet_video.batches.batch import plan_batch
from sinet_video.batches.clip_job import HEADROOM, UNKNOWN, ClipJob
from sinet_video.batches.estimate import estimate
from sinet_video.media.frame_size import FrameSize
from sinet_video.pipeline.memory_needed import needed


def descriptors() -> int:
    """How many files and such this process has open."""
    return len(list(Path("/dev/fd").iterdir()))


def results(folder: Path) -> list[str]:
    """The names in a folder, but for the batch's own."""
    return sorted(p.name for p in folder.iterdir() if "manifest" not in p.name)


def statuses(inputs: list, output: Path, **options) -> dict[str, str]:
    """What becomes of each input, by its name."""
    outcomes = batch(inputs, output, options.pop("convert", pretended), **options)
    return {outcome.source.name: outcome.status for outcome in outcomes}


# What is done


def test_every_input_becomes_an_output_of_its_name(folder, tmp_path):
    """Files, folders and patterns together; each input once."""
    made, out = folder("in", "a.mp4", "b.mov"), tmp_path / "new" / "out"
    single = folder("other", "c.mkv") / "c.mkv"
    inputs = [made, single, str(made / "a.*")]
    assert statuses(inputs, out) == dict.fromkeys(["a.mp4", "b.mov", "c.mkv"], "done")
    assert results(out) == ["a.mp4", "b.mp4", "c.mp4"]
    assert (out / "b.mp4").read_text() == "b.mov"


def test_outcomes_come_one_by_one(folder, tmp_path):
    """Each as soon as it is done, with its report, so that progress can be shown."""
    made, out = folder("in", "a.mp4", "b.mp4"), tmp_path / "out"
    outcomes = batch([made], out, pretended)
    first = next(outcomes)
    assert first.report.output == str(out / "a.mp4")
    assert not (out / "b.mp4").exists()
    assert next(outcomes).source == made / "b.mp4"


def test_a_bad_file_stops_nothing(folder, tmp_path):
    """It is named, with its error, and the others are done."""
    made, out = folder("in", "a.mp4", "bad.mp4", "c.mp4"), tmp_path / "out"
    outcomes = list(batch([made], out, pretended))
    assert [outcome.status for outcome in outcomes] == ["done", "failed", "done"]
    failed = outcomes[1]
    assert (failed.source, failed.report) == (made / "bad.mp4", None)
    assert "bad.mp4 is damaged." in str(failed.error)
    assert results(out) == ["a.mp4", "c.mp4"]


def test_whatever_one_clip_raises_stops_nothing(folder, tmp_path):
    """Errors that nobody thought of are the clip's own, too, and say which it was."""

    def broken(source: Path, output: Path) -> Report:
        if source.name == "a.mp4":
            raise ZeroDivisionError("by zero")
        return pretended(source, output)

    outcomes = list(batch([folder("in", "a.mp4", "b.mp4")], tmp_path / "out", broken))
    assert [outcome.status for outcome in outcomes] == ["failed", "done"]
    assert str(outcomes[0].error).endswith("a.mp4: ZeroDivisionError: by zero")


def test_what_is_there_is_skipped(folder, tmp_path):
    """So that a batch can be taken up again; what failed is tried anew."""
    made, out = folder("in", "a.mp4", "bad.mp4"), tmp_path / "out"
    assert statuses([made], out) == {"a.mp4": "done", "bad.mp4": "failed"}
    (out / "a.mp4").write_text("touched up by hand")
    assert statuses([made], out) == {"a.mp4": "skipped", "bad.mp4": "failed"}
    assert (out / "a.mp4").read_text() == "touched up by hand"
    assert statuses([made], out, rules=Rules(overwrite=True))["a.mp4"] == "done"
    assert (out / "a.mp4").read_text() == "a.mp4"


def test_two_inputs_of_one_output_clash(folder, tmp_path):
    """Both are named before anything is done, or one would silently replace the other."""
    made, other, out = folder("in", "a.mp4"), folder("other", "a.mov"), tmp_path / "out"
    with pytest.raises(SettingError) as caught:
        list(batch([made, other], out, pretended))
    assert all(str(path) in str(caught.value) for path in (made / "a.mp4", other / "a.mov"))
    assert not out.exists()


def test_mattes_may_be_in_a_folder_of_their_own(folder, tmp_path, make_clip):
    """Which is made, as that of the results is."""
    made, out = make_clip("a.mp4", frames=2), tmp_path / "out"
    naming = Naming(template="cut/{stem}.{ext}", matte="mattes/{stem}.mkv")
    convert = Conversion(settings=Settings(segmenter=everything))
    (outcome,) = batch([made], out, convert, naming=naming)
    assert outcome.error is None
    assert (out / "cut" / "a.mp4").exists()
    assert (out / "mattes" / "a.mkv").exists()


@pytest.mark.parametrize(
    ("names", "naming", "words"),
    [
        (("x/a.mp4", "y/a.mov"), Naming(), "Use template='{parent}_{stem}.{ext}' for that."),
        (("x/a.mp4", "x/a.mov"), Naming(), "Use template='{name}.{ext}' for that."),
        (("x/in/a.mp4", "y/in/a.mp4"), Naming(), "different folders."),
        (
            ("x/a.mp4", "x/b.mp4"),
            Naming(matte="m.mkv"),
            "matte='{parent}_{stem}_matte.{ext}' for that.",
        ),
    ],
)
def test_a_clash_names_what_tells_them_apart(names, naming, words, folder, tmp_path):
    """By the template that gave the name, and by one that would not."""
    made = folder("in", *names)
    with pytest.raises(SettingError) as caught:
        plan_batch([made / name for name in names], tmp_path / "out", pretended, naming=naming)
    assert str(caught.value).endswith(words)
    assert in_options(caught.value, cli.commands["batch"]).endswith(
        words.replace("template=", "--name-template ")
        .replace("matte=", "--matte ")
        .replace("'", "")
    )


def test_one_input_under_two_names_does_not_clash(folder, tmp_path, monkeypatch):
    """The same file by its full and its relative name is one file."""
    made = folder("in", "a.mp4")
    monkeypatch.chdir(tmp_path)
    outcomes = list(batch([made, "in/a.mp4", "./in"], "out", pretended))
    assert [outcome.status for outcome in outcomes] == ["done"]


def test_an_output_folder_that_cannot_be_is_said_in_words(folder, tmp_path):
    """A file is in its place, or above it."""
    made = folder("in", "a.mp4")
    (tmp_path / "file").write_text("precious")
    for name in ("file", "file/below"):
        with pytest.raises(OutputError, match="file"):
            list(batch([made], tmp_path / name, pretended))
    assert (tmp_path / "file").read_text() == "precious"


def test_real_files(tmp_path, make_clip):
    """With the library's own conversion: one clip, one file of words."""
    made, out = tmp_path / "in", tmp_path / "out"
    made.mkdir()
    os.link(make_clip("good.mp4"), made / "good.mp4")
    (made / "words.mp4").write_text("These are no frames.")
    settings = Settings(segmenter=everything)
    outcomes = list(batch([made], out, lambda s, o: convert(s, o, settings=settings)))
    assert [outcome.status for outcome in outcomes] == ["done", "failed"]
    assert outcomes[0].report.frames == 12
    assert "words.mp4" in str(outcomes[1].error)
    assert results(out) == ["good.mp4"]
    assert probe(out / "good.mp4").frames == 12


# Again


def conversion(**options) -> Conversion:
    """Settings that need no network."""
    return Conversion(settings=replace(EVERYTHING, **options.pop("settings", {})), **options)


@pytest.fixture
def real(folder, make_clip) -> Path:
    """A folder of two clips, a damaged one, and one in a subfolder."""
    made = folder("in", "sub/x")
    for name in ("a.mp4", "b.mp4", "sub/c.mp4"):
        shutil.copy(make_clip("good.mp4"), made / name)
    (made / "bad.mp4").write_text("These are no frames.")
    return made


def whys(*arguments, **options) -> dict[str, str]:
    """Why each clip is, or is not, converted."""
    outcomes = batch(*arguments, **options)
    return {str(o.source.name): f"{o.status}: {o.why}" for o in outcomes}


def test_again_does_what_is_missing_failed_or_changed(real, tmp_path):
    """And says of each why; a version of the library alone changes nothing."""
    out = tmp_path / "out"
    first = whys([real], out, conversion(), recursive=True)
    assert first == {
        "a.mp4": "done: new", "b.mp4": "done: new", "bad.mp4": "failed: new", "c.mp4": "done: new",
    }  # fmt: skip
    assert results(out) == ["a.mp4", "b.mp4", "sub"]
    (out / "b.mp4").unlink()
    shutil.copy(real / "a.mp4", real / "bad.mp4")
    os.utime(real / "sub" / "c.mp4")
    assert whys([real], out, conversion(), recursive=True) == {
        "a.mp4": "skipped: done before",
        "b.mp4": "done: result is missing",
        "bad.mp4": "done: failed before",
        "c.mp4": "done: the input changed",
    }
    assert set(whys([real], out, conversion()).values()) == {"skipped: done before"}
    assert set(whys([real], out, conversion(encoding=Encoding(crf=30))).values()) == {
        "done: crf changed"
    }


def test_changes_are_named_as_options(real, tmp_path):
    """`--resume` is none: a batch that gets it when it is started again does not begin anew."""
    clip, out = [real / "a.mp4"], tmp_path / "out"
    list(batch(clip, out, conversion()))
    resumable = conversion(resume=Resume(5))
    assert whys(clip, out, resumable) == {"a.mp4": "skipped: done before"}
    soft = conversion(settings={"edge": EdgeShape(feather=1, side="inward")})
    assert whys(clip, out, soft) == {"a.mp4": "done: feather, feather-side changed"}


def test_what_was_changed_by_hand_is_not_replaced(real, tmp_path):
    """Even if the input changed; to overwrite it has to be asked for."""
    out = tmp_path / "out"
    list(batch([real / "a.mp4"], out, conversion()))
    (out / "a.mp4").write_text("touched up by hand")
    other = conversion(encoding=Encoding(crf=30))
    (why,) = whys([real / "a.mp4"], out, other).values()
    assert why.startswith("skipped: ")
    assert "was changed since it was made" in why
    assert (out / "a.mp4").read_text() == "touched up by hand"
    rules = Rules(overwrite=True)
    assert whys([real / "a.mp4"], out, other, rules=rules) == {"a.mp4": "done: overwritten"}


def test_rules_leave_out_what_they_say(real, tmp_path):
    """Only what failed, or nothing that exists."""
    out, changed = tmp_path / "out", conversion(encoding=Encoding(crf=30))
    list(batch([real], out, conversion()))
    assert whys([real], out, changed, rules=Rules(retry_failed=True)) == {
        "a.mp4": "skipped: did not fail before",
        "b.mp4": "skipped: did not fail before",
        "bad.mp4": "failed: failed before",
    }
    existing = whys([real], out, changed, rules=Rules(skip_existing=True))
    assert existing["a.mp4"] == f"skipped: {out / 'a.mp4'} exists"
    assert existing["bad.mp4"] == "failed: failed before"


def test_the_manifest_says_what_became_of_each(real, tmp_path):
    """Its source, options, figures and reasons."""
    out = tmp_path / "out"
    list(batch([real], out, conversion(), naming=Naming(matte="{stem}_matte.mkv")))
    entries = Manifest(out).entries()
    assert set(entries) == {"a.mp4", "b.mp4", "bad.mp4"}
    done, failed = entries["a.mp4"], entries["bad.mp4"]
    clip = probe(real / "a.mp4")
    assert (done.outcome, done.source) == ("done", str(real / "a.mp4"))
    assert (done.report["width"], done.report["height"]) == (clip.width, clip.height)
    assert done.report["matte"] == str(out / "a_matte.mkv")
    assert int(done.written.split()[0]) == (out / "a.mp4").stat().st_size
    assert done.options["show"] == "composite"
    assert failed.outcome == "failed"
    assert "bad.mp4 cannot be opened as a video" in failed.reason


def test_shards_share_a_folder_and_a_manifest(real, tmp_path):
    """Each does its own clips, and together they do all."""
    out, names = tmp_path / "out", []
    for index in (1, 2, 3):
        shard = Shard(index, 3)
        names += [o.source.name for o in batch([real], out, conversion(), shard=shard)]
    assert sorted(names) == ["a.mp4", "b.mp4", "bad.mp4"]
    assert set(Manifest(out).entries()) == {"a.mp4", "b.mp4", "bad.mp4"}


def test_times_can_be_kept(real, tmp_path):
    """And a kept time is not taken for a change."""
    os.utime(real / "a.mp4", (10**9, 10**9))
    out = tmp_path / "out"
    list(batch([real / "a.mp4"], out, conversion(), keep_times=True))
    assert (out / "a.mp4").stat().st_mtime == 10**9
    assert whys([real / "a.mp4"], out, conversion()) == {"a.mp4": "skipped: done before"}


def test_progress_is_of_the_batch_and_of_the_clip(real, tmp_path):
    """Clips done and in all, frames done and expected, seconds left."""
    states = []
    list(batch([real], tmp_path / "out", conversion(), progress=states.append))
    total = probe(real / "a.mp4").frames
    assert [(s.done, s.total, s.source.name, s.frames, s.expected) for s in states] == [
        (done, 3, name, frames + 1, total)
        for done, name in ((0, "a.mp4"), (1, "b.mp4"))
        for frames in range(total)
    ]
    assert all(s.seconds_left >= 0 for s in states)


# Processes


def test_a_process_that_dies_costs_its_own_clip(folder, tmp_path):
    """Memory that runs out, or a decoder that crashes, is named as well."""
    made = folder("in", "a.mp4", "bad.mp4", "exits.mp4", "killed.mp4", "z.mp4")
    outcomes = {o.source.name: o for o in batch([made], tmp_path / "out", ending, jobs=2)}
    failed = {name: str(o.error) for name, o in outcomes.items() if o.status == "failed"}
    assert set(failed) == {"bad.mp4", "exits.mp4", "killed.mp4"}
    assert "memory" in failed["killed.mp4"]
    assert "status 7" in failed["exits.mp4"]
    assert failed["bad.mp4"].endswith("bad.mp4 is damaged.")
    assert results(tmp_path / "out") == ["a.mp4", "z.mp4"]


def test_processes_make_the_bytes_that_one_makes(real, tmp_path):
    """With the packaged network, which each loads for itself; news come from all of them."""
    settings, states = Settings(), []
    here, there = tmp_path / "here", tmp_path / "there"
    list(batch([real], here, Conversion(settings=settings)))
    list(batch([real], there, Conversion(settings=settings), jobs=2, progress=states.append))
    for name in ("a.mp4", "b.mp4"):
        assert (here / name).read_bytes() == (there / name).read_bytes()
    assert {state.source.name for state in states} == {"a.mp4", "b.mp4"}


@pytest.mark.parametrize("guard", ["", "if __name__ == '__main__':"])
def test_a_script_is_not_run_again_by_its_processes(guard, folder, tmp_path):
    """Nor does it need a guard, unless it defines what they are to do."""
    own = "def work(source, output): return pretended(source, output)" if guard else ""
    script, made = tmp_path / "script.py", folder("in", "a.mp4", "b.mp4")
    script.write_text(
        f"""\
import sys
from pathlib import Path
from sinet_video import batch
from pretended import pretended as work
from pretended import pretended
{own}
{guard or "if True:"}
    with Path({str(tmp_path / "runs")!r}).open("a") as runs:
        runs.write("x")
    for outcome in batch([{str(made)!r}], {str(tmp_path / "out")!r}, work, jobs=2):
        print(outcome.status, outcome.error)
"""
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, check=False, env=environment
    )
    assert (done.stdout, done.stderr) == ("done None\ndone None\n", "")
    assert (tmp_path / "runs").read_text() == "x"


def test_whoever_stops_ends_the_processes(folder, tmp_path):
    """A caller that has enough leaves nothing running behind."""
    out = tmp_path / "out"
    outcomes = batch([folder("in", "a.mp4", "slow.mp4")], out, ending, jobs=2)
    assert next(outcomes).source.name == "a.mp4"
    for _ in range(300):
        if (out / "pid").exists() and (out / "pid").read_text():
            break
        time.sleep(0.2)
    outcomes.close()
    with pytest.raises(ProcessLookupError):
        os.kill(int((out / "pid").read_text()), 0)


def test_what_cannot_be_sent_to_a_process_is_said(folder, tmp_path):
    """Functions within functions, loaded networks."""
    with pytest.raises(SettingError, match="jobs=0"):
        list(batch([folder("in", "a.mp4")], tmp_path / "out", lambda s, o: None, jobs=1))
    assert not list(Manifest(tmp_path / "out"))


def test_many_clips_leave_nothing_open(folder, tmp_path):
    """200 with 5 bad ones: no descriptor more after than before."""
    names = [f"{'bad' if n % 40 == 7 else 'clip'}{n}.mp4" for n in range(200)]
    outcomes = batch([folder("in", *names)], tmp_path / "out", pretended)
    first = next(outcomes)
    before = descriptors()
    counts = Counter(outcome.status for outcome in [first, *outcomes])
    assert counts == {"done": 195, "failed": 5}
    assert descriptors() <= before


# What a clip is expected to take


def test_what_is_expected_is_of_the_stream_and_the_size_that_are_chosen(made, tmp_path):
    """Of two videos in a file, and of frames that are made smaller."""
    path = made(
        "two.mkv", "-f", "lavfi", "-i", "testsrc=s=640x480:r=10:d=1",
        "-f", "lavfi", "-i", "testsrc=s=1280x960:r=10:d=1", "-map", 0, "-map", 1,
    )  # fmt: skip

    def expected(settings: Settings) -> tuple[float, float]:
        conversion = Conversion(settings=settings)
        (step,) = plan_batch([path], tmp_path, conversion)
        (found,) = estimate([step], (), conversion)
        return found.seconds, ClipJob(conversion, keep_times=False, options={}).memory(step)

    seconds, memory = expected(Settings())
    assert memory == needed(probe(path), 1) * HEADROOM
    larger = needed(probe(Source(path, stream=1)), 1) * HEADROOM
    assert expected(Settings(stream=1)) == (4 * seconds, larger)
    assert larger > 1.5 * memory
    assert expected(Settings(frame_size=FrameSize(scale=0.5)))[0] == seconds / 4
    assert expected(Settings(stream=7)) == (None, UNKNOWN)
