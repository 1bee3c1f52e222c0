"""Work on a real Ray cluster of this machine, with two workers."""

from __future__ import annotations

import hashlib
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pretended import killed_once, pretended

from sinet_video import Conversion, RayEngine, Resume, batch, convert_in_parts
from sinet_video.errors import SettingError

ray = pytest.importorskip("ray", reason="needs the extra ray")

ENGINE = RayEngine(cpus=1, memory=100 << 20)


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    """Started once, as that takes seconds; the engine takes one that is there."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    found = {"PYTHONPATH": str(Path(__file__).parents[1])}  # where workers find `pretended`
    ray.init(
        num_cpus=2, include_dashboard=False, log_to_driver=False, runtime_env={"env_vars": found}
    )
    yield
    ray.shutdown()


pytestmark = [
    pytest.mark.usefixtures("cluster"),
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]


def test_a_batch_has_the_outcomes_of_one_here(tmp_path: Path) -> None:
    given = tmp_path / "in"
    given.mkdir()
    for name in ("a.mp4", "bad.mp4", "c.mp4"):
        (given / name).write_text(name)
    outcomes = list(batch([given], tmp_path / "out", pretended, engine=ENGINE))
    assert {each.source.name: each.status for each in outcomes} == {
        "a.mp4": "done", "bad.mp4": "failed", "c.mp4": "done",
    }  # fmt: skip
    assert (tmp_path / "out" / "a.mp4").read_text() == "a.mp4"
    again = list(batch([given / "a.mp4"], tmp_path / "out", pretended, engine=ENGINE))
    assert [each.status for each in again] == ["skipped"]


def test_a_worker_that_is_killed_costs_one_try_of_its_clip(tmp_path: Path) -> None:
    given = tmp_path / "in"
    given.mkdir()
    for name in ("a.mp4", "killed.mp4"):
        (given / name).write_text(name)
    outcomes = list(batch([given], tmp_path / "out", killed_once, engine=ENGINE))
    assert [each.status for each in outcomes] == ["done", "done"]
    tries = {path.name: path.read_text() for path in given.glob("*.tries")}
    assert tries == {"a.tries": "x", "killed.tries": "xx"}


def test_a_film_in_parts_has_the_bytes_of_one_process_though_a_worker_is_killed(
    tmp_path: Path, make_clip: Callable[..., Path]
) -> None:
    film = make_clip("film.mp4", frames=100)
    conversion = Conversion(resume=Resume(1))
    conversion(film, tmp_path / "whole.mp4")
    killed: list[int] = []

    def kill_one(frames: int) -> None:
        if not killed and (pid := _worker()) is not None:
            killed.append(pid)
            os.kill(pid, signal.SIGKILL)

    report = convert_in_parts(
        film, tmp_path / "parts.mp4", 2, conversion, engine=ENGINE, progress=kill_one
    )
    assert report.frames == 100
    assert _digest(tmp_path / "parts.mp4") == _digest(tmp_path / "whole.mp4")
    assert killed
    assert not [path.name for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_a_task_that_fits_nowhere_is_refused() -> None:
    with pytest.raises(SettingError, match="room for a task of 64 cores"):
        list(RayEngine(cpus=64).run([1], pretended))


def _worker() -> int | None:
    """Return the process that works on a part, by what Ray calls it."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if (folder / "cmdline").read_bytes().startswith(b"ray::_worked"):
                return int(folder.name)
        except OSError:
            continue
    return None


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
