"""Batches of files on other hosts: a real S3 server, and a web server that misbehaves."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from plain_mattes import everything

from sinet_video import (
    Conversion,
    InputError,
    Manifest,
    Naming,
    Report,
    Resume,
    SettingError,
    Settings,
    batch,
    watch_batch,
)
from sinet_video.batches.batch import plan_batch
from sinet_video.batches.clip_job import UNKNOWN, memory_for
from sinet_video.remote.settings import StageSettings

NETWORK = Conversion(settings=Settings(allow="network", segmenter=everything))


@pytest.fixture
def films(s3, make_clip):
    """Two clips in a folder of the bucket, one in its subfolder, and what is no clip."""
    clip = make_clip()
    for key in ("in/a.mp4", "in/b.mov", "in/sub/c.mp4", "in/.hidden.mp4"):
        s3.upload_file(str(clip), "films", key)
    s3.put_object(Bucket="films", Key="in/notes.txt", Body=b"notes")
    return clip


def keys(s3, prefix: str = "out/") -> list[str]:
    found = s3.list_objects_v2(Bucket="films", Prefix=prefix)
    return [each["Key"] for each in found.get("Contents", [])]


def statuses(outcomes) -> dict[str, str]:
    return {str(each.source): each.status for each in outcomes}


def test_a_folder_of_objects_goes_to_another(s3, films, tmp_path):
    """With its subfolders when they are asked for; the manifest is here, and nothing is staged."""

    def run():
        return list(batch(
            ["s3://films/in/"], "s3://films/out/", NETWORK, recursive=True,
            manifest=tmp_path / "kept", stage=StageSettings(tmp_path),
        ))  # fmt: skip

    done = run()
    sources = ["s3://films/in/a.mp4", "s3://films/in/b.mov", "s3://films/in/sub/c.mp4"]
    assert statuses(done) == dict.fromkeys(sources, "done")
    assert keys(s3) == ["out/a.mp4", "out/b.mp4", "out/sub/c.mp4"]
    assert done[2].output == done[2].report.output == "s3://films/out/sub/c.mp4"
    entries = Manifest(tmp_path / "kept").entries()
    assert {name: entry.source for name, entry in entries.items()} == dict(
        zip(["a.mp4", "b.mp4", "sub/c.mp4"], sources, strict=True)
    )
    assert all(entry.identity and entry.written for entry in entries.values())
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    assert [each.why for each in run()] == ["done before"] * 3


def test_what_changed_there_is_converted_again(s3, films, make_clip, tmp_path):
    """The input, or a result that is gone; but a result that another wrote stays."""
    arguments = (["s3://films/in/"], "s3://films/out", NETWORK)
    list(batch(*arguments, manifest=tmp_path))
    s3.upload_file(str(make_clip(frames=5)), "films", "in/a.mp4")
    s3.delete_object(Bucket="films", Key="out/b.mp4")
    again = list(batch(*arguments, manifest=tmp_path))
    assert [(each.status, each.why) for each in again] == [
        ("done", "the input changed"), ("done", "result is missing"),
    ]  # fmt: skip
    assert again[0].report.frames == 5
    s3.put_object(Bucket="films", Key="out/a.mp4", Body=b"another's")
    s3.upload_file(str(films), "films", "in/a.mp4")
    (kept, _) = sorted(batch(*arguments, manifest=tmp_path), key=lambda each: str(each.source))
    assert kept.status == "skipped"
    assert "was changed since it was made" in kept.why
    assert s3.get_object(Bucket="films", Key="out/a.mp4")["Body"].read() == b"another's"


def test_patterns_and_web_servers_go_to_a_folder_here(s3, site, films, tmp_path):
    """The manifest is beside the results, without what signs a URL; faults are overcome."""
    site.files["/talk.mp4"] = films.read_bytes()
    site.faults = ["busy", "cut"]
    given = ["s3://films/in/*.mp4", f"{site.url}/talk.mp4?signed"]
    done = list(batch(given, tmp_path, NETWORK))
    assert [each.status for each in done] == ["done", "done"]
    assert {path.name for path in tmp_path.glob("*.mp4")} == {"a.mp4", "talk.mp4"}
    plain = tmp_path / "plain.mp4"
    NETWORK(films, plain)
    assert {path.stat().st_size for path in tmp_path.glob("*.mp4")} == {plain.stat().st_size}
    entries = Manifest(tmp_path).entries()
    assert entries["talk.mp4"].source == f"{site.url}/talk.mp4"


def test_a_bad_object_fails_alone_and_leaves_nothing(s3, films, tmp_path):
    """Neither at the host nor here."""
    s3.put_object(Bucket="films", Key="in/bad.mp4", Body=b"bad" * 1000)
    given = ["s3://films/in/", "s3://films/in/missing.mp4"]
    done = list(batch(given, "s3://films/out/", NETWORK, manifest=tmp_path, jobs=0))
    failed = {str(each.source): str(each.error) for each in done if each.status == "failed"}
    assert list(failed) == ["s3://films/in/bad.mp4", "s3://films/in/missing.mp4"]
    assert "does not exist" in failed["s3://films/in/missing.mp4"]
    assert keys(s3) == ["out/a.mp4", "out/b.mp4"]
    assert not s3.list_multipart_uploads(Bucket="films").get("Uploads")


@pytest.mark.parametrize(
    ("conversion", "options", "said"),
    [
        (Conversion(), {}, "used only if allowed"),
        (NETWORK, {"manifest": None}, "not kept on another host"),
        (NETWORK, {"keep_times": True}, "local files only"),
        (NETWORK, {"naming": Naming("png")}, "cannot be written as a whole"),
        (Conversion(settings=NETWORK.settings, resume=Resume()), {}, "go on from"),
        (lambda source, output: Report("", "", None), {}, "used only if allowed"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_done(
    conversion, options, said, s3, films, tmp_path
):
    chosen = {"manifest": tmp_path / "kept", **options}
    with pytest.raises((InputError, SettingError), match=said):
        list(batch(["s3://films/in/"], "s3://films/out/", conversion, **chosen))
    assert not keys(s3)
    assert not list(tmp_path.iterdir())


def test_two_objects_of_one_name_are_told(s3, films, tmp_path):
    s3.upload_file(str(films), "films", "in/a.mov")
    with pytest.raises(SettingError, match=r"a\.mov and s3://films/in/a\.mp4 would both become"):
        plan_batch(["s3://films/in/"], "s3://films/out/", NETWORK, manifest=tmp_path)


def test_other_hosts_are_not_watched(tmp_path):
    for given, folder in (("s3://films/in/", str(tmp_path)), (str(tmp_path), "s3://films/out/")):
        with pytest.raises(SettingError, match="on another host"):
            list(watch_batch([given], folder, NETWORK, stop=lambda: True))


def test_the_memory_of_what_is_elsewhere_is_not_asked_for():
    assert memory_for("s3://films/in/a.mp4", 1, NETWORK.settings) == UNKNOWN


def test_the_command(s3, films, tmp_path):
    """In processes of their own, and with one sentence where a folder for the manifest lacks."""
    command = [Path(sys.executable).with_name("sinet-video"), "batch", "s3://films/in/"]
    where = ["-o", "s3://films/out/", "--allow", "network"]
    refused = subprocess.run([*command, *where], capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert "--manifest FOLDER" in refused.stderr
    kept, told = tmp_path / "kept", tmp_path / "told.json"
    more = ["--manifest", kept, "--jobs", "2", "--json", told]
    done = subprocess.run([*command, *where, *more], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "2 done, 0 failed, 0 skipped" in done.stderr
    assert {each["output"] for each in json.loads(told.read_text())} == {
        "s3://films/out/a.mp4", "s3://films/out/b.mp4",
    }  # fmt: skip
    dry = subprocess.run(
        [*command, *where, *more[:2], "--dry-run"], capture_output=True, text=True, check=True
    )
    assert dry.stdout.count("skipped: done before") == 2


def test_relative_and_local_names_stay_as_they_were(make_clip, tmp_path, monkeypatch):
    """A folder here with a name like a host's is a folder here."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s3").mkdir()
    shutil.copy(make_clip(), tmp_path / "s3" / "a.mp4")
    (outcome,) = batch(["s3"], "out", NETWORK)
    assert (outcome.source, outcome.output) == (Path("s3/a.mp4"), Path("out/a.mp4"))
