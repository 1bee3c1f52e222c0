"""Recipes changed by a text, and what is said of two that differ."""

from __future__ import annotations

import pytest

from sinet_video.errors import SettingError
from sinet_video.training.changes import change, differences, scale_steps


def table() -> dict:
    return {"seed": 1, "stages": [{"name": "a", "steps": 100}, {"name": "b", "steps": 300}]}


@pytest.mark.parametrize(
    ("setting", "path", "value"),
    [
        ("seed=2", ("seed",), 2),
        ("stages.b.rate = 1e-3", ("stages", 1, "rate"), 1e-3),
        ("stages.1.views.made=0.5", ("stages", 0, "views", "made"), 0.5),
        ("start=default", ("start",), "default"),
        ('start="a.pth"', ("start",), "a.pth"),
        ("data.empty=[]", ("data", "empty"), []),
    ],
)
def test_a_text_changes_one_thing(setting, path, value):
    changed = table()
    change(changed, setting)
    found = changed
    for each in path:
        found = found[each]
    assert found == value


def test_a_star_changes_all():
    changed = table()
    change(changed, "stages.*.batch=4")
    assert [stage["batch"] for stage in changed["stages"]] == [4, 4]


@pytest.mark.parametrize(
    "setting", ["seed", "=2", "stages.c.rate=1", "stages.3.rate=1", "seed.x=1"]
)
def test_what_leads_nowhere_is_said(setting):
    with pytest.raises(SettingError, match=r"\.$"):
        change(table(), setting)


@pytest.mark.parametrize("steps", [2, 3, 40, 401, 1000])
def test_steps_are_shared_out(steps):
    changed = table()
    scale_steps(changed, steps)
    counts = [stage["steps"] for stage in changed["stages"]]
    assert sum(counts) == steps
    assert min(counts) >= 1
    assert counts[0] == pytest.approx(steps / 4, abs=1)
    with pytest.raises(SettingError, match="1 steps are fewer"):
        scale_steps(table(), 1)


def test_differences_name_the_setting_and_both_values():
    now = table()
    change(now, "stages.b.steps=200")
    change(now, "start=default")
    assert list(differences(table(), table())) == []
    assert list(differences(table(), now)) == [
        "stages 2 steps was 300 and is 200",
        "start was the default and is default",
    ]
