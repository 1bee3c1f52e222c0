"""A real Ray cluster of this machine, with two workers."""

from __future__ import annotations

import json
import logging
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from pretended import doubled, dying, held, killed_once, pretended, telling, token_mode
from ray_here import LOOPBACK, MARK, cluster, listening, marked, until

from sinet_video import Manifest, RayEngine, SettingError, SinetVideoError, batch
from sinet_video.extras import MissingPackageError

pytest.importorskip("ray", reason="needs the extra ray")
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc")


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """A cluster that lasts for all tests, as to start one takes seconds."""
    mark = str(tmp_path_factory.mktemp("ray"))
    tests = str(Path(__file__).parents[1])  # where workers find `pretended`
    own = {
        MARK: mark,
        "PYTHONPATH": tests,
        "RAY_AUTH_TOKEN": "7" * 32,
        "RAY_AUTH_MODE": "token",
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
    }
    with pytest.MonkeyPatch.context() as patch, cluster({**os.environ, **own}) as found:
        for name in set(own) - {MARK, "PYTHONPATH"}:
            patch.setenv(name, own[name])
        yield found


@pytest.fixture
def engine(address):
    """One core a task, so that there is room for two."""
    return RayEngine(address, cpus=1, memory=100 << 20)


def statuses(inputs, out, convert, engine, **options):
    return {o.source.name: o.status for o in batch(inputs, out, convert, engine=engine, **options)}


def test_a_batch_has_the_outcomes_of_one_here(folder, tmp_path, engine, monkeypatch):
    """Paths that are relative too; and a second run finds them in the manifest."""
    monkeypatch.chdir(folder("in", "a.mp4", "bad.mp4", "c.mp4").parent)
    outcomes = list(batch(["in"], "out", pretended, engine=engine))
    assert {o.source.name: o.status for o in outcomes} == {
        "a.mp4": "done", "bad.mp4": "failed", "c.mp4": "done",
    }  # fmt: skip
    assert Path("out/a.mp4").read_text() == "a.mp4"
    (failed,) = (o for o in outcomes if o.status == "failed")
    assert str(failed.error) == "in/bad.mp4 is damaged."
    assert next(o.report.output for o in outcomes if o.source.name == "a.mp4") == "out/a.mp4"
    again = statuses(["in/a.mp4", "in/c.mp4"], "out", pretended, engine)
    assert again == {"a.mp4": "skipped", "c.mp4": "skipped"}


def test_tasks_are_fresh_processes_and_only_the_log_is_heard_of(
    folder, tmp_path, engine, caplog, capfd
):
    """Usage statistics are off, and what tasks print is not printed here."""
    given, out = folder("in", *(f"{letter}.mp4" for letter in "abcde")), tmp_path / "out"
    with caplog.at_level(logging.WARNING, "sinet_video"):
        assert set(statuses([given], out, telling, engine).values()) == {"done"}
    told = [json.loads(path.read_text()) for path in out.glob("*.mp4")]
    assert len({each["pid"] for each in told}) == 5
    assert os.getpid() not in {each["pid"] for each in told}
    assert len({each["parent"] for each in told}) <= 2  # Ray's own, which take long to start
    assert {each["folder"] for each in told} == {str(Path.cwd())}
    assert sorted(caplog.messages) == [f"{letter}.mp4 is warned of" for letter in "abcde"]
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", ["killed", "orphan"])
def test_a_worker_that_is_killed_costs_one_try_of_its_clip(name, folder, tmp_path, engine, capfd):
    """It is tried again, and leaves nothing half-written, but for what was there before.

    It is the process of the clip that is killed, or Ray's above it, and the clip's is gone with it.
    """
    given = folder("in", "a.mp4", f"{name}.mp4")
    before = folder("out", f".{name}.mp4.01234567.part") / f".{name}.mp4.01234567.part"
    os.utime(before, (1, 1))
    outcomes = statuses([given], tmp_path / "out", killed_once, engine)
    assert outcomes == {"a.mp4": "done", f"{name}.mp4": "done"}
    assert len((given / "a.tries").read_text().split()) == 1
    first, second = (given / f"{name}.tries").read_text().split()
    assert first != second
    assert until(lambda: not Path(f"/proc/{first}").exists())  # who is init may take a while
    assert list((tmp_path / "out").glob(".*.part")) == [before]
    before.unlink()
    assert capfd.readouterr() == ("", "")  # Ray's words on it stay with Ray


def test_a_clip_whose_workers_die_each_time_fails(folder, tmp_path, address):
    """After so many tries, with a sentence."""
    given, engine = folder("in", "a.mp4"), RayEngine(address, cpus=1, retries=1)
    (outcome,) = batch([given], tmp_path / "out", dying, engine=engine)
    assert outcome.status == "failed"
    assert "died 2 times" in str(outcome.error)
    assert (given / "a.tries").read_text() == "xx"


def test_no_more_are_handed_over_than_twice_the_room(engine, folder):
    """However many there are."""
    taken, done, most = 0, 0, 0

    def items():
        nonlocal taken, most
        for number in range(7):
            taken += 1
            most = max(most, taken - done)
            yield number

    with engine.cluster() as found:
        assert found.room == 2
        for _, result in found.run(items(), doubled):
            done += 1
            assert result in range(0, 14, 2)
    assert (taken, done) == (7, 7)
    assert most <= 5  # four, and the one that is asked for when one is done


def test_who_stops_early_ends_the_tasks(folder, engine):
    """As an interrupt does: they tidy up, and no process goes on."""
    given = folder("in", "a.mp4", "b.mp4", "c.mp4")
    pids = []

    def interrupt(path: Path, count: int) -> None:
        pids[:] = [int(text) for each in given.glob("*.begun") if (text := each.read_text())]
        if len(pids) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), engine.cluster() as found:
        list(found.run(sorted(given.iterdir()), held, interrupt))
    assert sorted(path.name for path in given.iterdir()) == ["a.mp4", "b.mp4", "c.mp4"]
    assert until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids))


def test_when_the_driver_is_killed_the_batch_says_so(folder, engine):
    """One sentence; and no task goes on without it."""
    given, pids = folder("in", "a.mp4"), []

    def kill(path: Path, count: int) -> None:
        if not pids:
            pids.append(int((given / "a.begun").read_text()))
            os.kill(found._process.pid, signal.SIGKILL)

    with (
        pytest.raises(SinetVideoError, match="leads the Ray tasks was killed"),
        engine.cluster() as found,
    ):
        list(found.run([given / "a.mp4"], held, kill))
    assert until(lambda: not Path(f"/proc/{pids[0]}").exists())


def test_a_cluster_of_this_machine_ends_with_the_work(monkeypatch, tmp_path):
    """It has a token and listens on loopback; no process of it is left, nor a variable."""
    monkeypatch.setenv("RAY_AUTH_TOKEN", "8" * 32)
    monkeypatch.setenv(MARK, str(tmp_path))
    before = dict(os.environ)
    with RayEngine(cpus=1).cluster() as found:
        assert found.room >= 1
        assert dict(found.run([1, 2, 3], token_mode)) == dict.fromkeys([1, 2, 3], "token")
        assert marked(str(tmp_path), "raylet")
        assert listening(str(tmp_path))
        assert listening(str(tmp_path)) <= LOOPBACK
    assert until(lambda: not marked(str(tmp_path)))
    assert dict(os.environ) == before


def test_what_fits_nowhere_is_refused(address):
    """A task of more cores than any machine has, and an item that needs more memory."""
    with pytest.raises(SettingError, match=r"room for a task of 64 cores; the largest has 2\."):
        list(batch_of_one(RayEngine(address, cpus=64)))
    with RayEngine(address, cpus=1).cluster() as found:
        results = dict(
            found.run([1, 2], doubled, memory=lambda item: item << 50 if item == 2 else 1)
        )
    assert results[1] == 2
    assert "needs 2251799.8 GB of memory" in str(results[2])


def batch_of_one(engine):
    with engine.cluster() as found:
        yield from found.run([1], doubled)


def test_a_cluster_that_is_not_there_is_named(address):
    """Whoever is told of it."""
    with pytest.raises(SettingError, match=r"cluster at 127\.0\.0\.1:9 cannot be joined"):
        list(batch_of_one(RayEngine("127.0.0.1:9")))


def test_without_ray_it_says_what_to_install(monkeypatch, folder, tmp_path):
    """In one sentence, before anything is done."""
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingPackageError, match=r"The engine ray needs ray.*sinet-video\[ray\]"):
        list(batch([folder("in", "a.mp4")], tmp_path / "out", pretended, engine=RayEngine()))


def test_work_that_cannot_be_sent_is_refused(folder, tmp_path, engine):
    """As it is with processes."""
    with pytest.raises(SettingError, match="cannot be sent to another process"):
        list(batch([folder("in", "a.mp4")], tmp_path / "out", lambda *_: None, engine=engine))


@pytest.mark.parametrize("wrong", [{"cpus": 0.0}, {"memory": 0}, {"retries": -1}, {"address": 7}])
def test_settings_out_of_range_are_refused(wrong):
    with pytest.raises(SettingError):
        RayEngine(**wrong)


# The command


def run_batch(*words: object) -> subprocess.CompletedProcess[str]:
    command = [Path(sys.executable).with_name("sinet-video"), "batch", *words]
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)


def test_the_command_works_on_a_cluster(address, make_clip, tmp_path):
    """A folder gets the bytes of one process, a bad clip is told of, and nothing else is said."""
    given = tmp_path / "in"
    given.mkdir()
    for name in ("a.mp4", "b.mp4"):
        shutil.copy(make_clip(name, frames=8), given)
    here = run_batch(given, "-o", tmp_path / "here")
    (given / "bad.mp4").write_text("bad")
    ray = ("--engine", "ray", "--address", address, "--cpus-per-task", 1)
    there = run_batch(given, "-o", tmp_path / "there", *ray)
    assert (here.returncode, there.returncode, there.stdout) == (0, 1, "")
    assert "sinet-video: failed: " in there.stderr
    assert "(raylet)" not in there.stderr
    for name in ("a.mp4", "b.mp4"):
        assert (tmp_path / "there" / name).read_bytes() == (tmp_path / "here" / name).read_bytes()
    entries = Manifest(tmp_path / "there").entries()
    assert {name: entry.outcome for name, entry in entries.items()} == {
        "a.mp4": "done", "b.mp4": "done", "bad.mp4": "failed",
    }  # fmt: skip


@pytest.mark.parametrize("option", [("--watch",), ("--jobs", 2)])
def test_options_for_one_machine_are_refused(option, folder, tmp_path):
    given = folder("in", "a.mp4")
    done = run_batch(given, "-o", tmp_path / "out", "--engine", "ray", *option)
    assert done.returncode == 2
    assert f"{option[0]} is for this machine" in done.stderr
    assert not (tmp_path / "out").exists()
