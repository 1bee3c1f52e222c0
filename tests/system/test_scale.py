"""The figures of docs/scale.md are what the simulation prints."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| (\d+) s \| ([\d.]+)% \| ([\d.]+) \| ([\d.]+)%, ([\d.]+) \|$", re.MULTILINE)


@pytest.fixture(scope="module")
def program() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "benchmarks" / "cluster.py"))


def test_the_table_is_what_the_program_prints(program: dict[str, Any]) -> None:
    rows = ROW.findall((ROOT / "docs" / "scale.md").read_text("utf-8"))
    work = program["Cluster"]().work
    found = {(name, round(work / parts)): rest for name, parts, *rest in program["table"]()}
    assert len(rows) == 5
    for seconds, *figures in rows:
        kept = found["from the last segment", int(seconds)]
        anew = found["anew", int(seconds)]
        expected = [round(100 * kept[0], 1), round(kept[1], 2)]
        expected += [round(100 * anew[0], 1), round(anew[1], 2)]
        assert list(map(float, figures)) == expected


def test_machines_that_neither_fail_nor_are_slow_cost_start_and_warm_up_alone(
    program: dict[str, Any],
) -> None:
    cluster = program["Cluster"](
        machines=10, work=1000.0, mean_time_between_failures=1e12, slow=0.0
    )
    outcome = program["simulate"](cluster, 10)
    assert outcome.spent == pytest.approx(1000 + 10 * (cluster.start + cluster.warm_up))
    assert outcome.seconds == pytest.approx(100 + cluster.start + cluster.warm_up)
    assert outcome.overhead(cluster) == pytest.approx(0.06)


def test_the_projection_is_reckoned_from_the_measured_row() -> None:
    text = (ROOT / "docs" / "scale.md").read_text("utf-8")
    row = re.search(r"^\| 1920x1080 \| \.mp4 \| (\d+) \| (\d+) \|", text, re.MULTILINE)
    assert row is not None
    seconds, amount = map(int, row.groups())
    minutes = 100_000 * 60
    assert f"{minutes:,} x {seconds} = {minutes * seconds:,} core-seconds" in text
    assert f"{round(minutes * seconds / 3600):,} core-hours" in text
    assert f"{round(minutes * seconds / 400 / 86400)} days on 400 cores" in text
    assert f"{minutes:,} x {amount} MB = {minutes * amount // 1_000_000} TB" in text
