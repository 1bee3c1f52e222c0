"""Damaged files: a few of those that fuzz.py makes by the thousand."""

from __future__ import annotations

from collections import Counter

import fuzz
import numpy as np
import pytest


@pytest.mark.usefixtures("ffmpeg")
def test_damaged_files_become_results_or_errors(tmp_path):
    """Nothing else, and both of them often, or the damage would be too great or too small."""
    found = list(fuzz.outcomes(150, 2, tmp_path))
    counts = Counter(outcome for _, outcome in found)
    # What `--resume` keeps is an output's.
    blamed = [
        path for path, outcome in found if outcome == "OutputError" and "kept" not in str(path)
    ]
    assert sum(counts.values()) == 150
    assert not [outcome for outcome in counts if outcome.startswith("WRONG")], counts
    assert counts["whole"] > 20
    assert counts["InputError"] > 20
    assert blamed == [], "the output is blamed for what is wrong with the source"


@pytest.mark.usefixtures("ffmpeg")
def test_whole_files_become_whole_results(tmp_path):
    """The failing twin: undamaged, none is refused."""
    worker = fuzz.Worker()
    for seed in fuzz.write_seeds(tmp_path):
        job = [str(seed), str(seed), str(tmp_path / "o.mp4"), "stop", seed.name]
        assert worker.convert(job) == "whole", seed
        (tmp_path / "o.mp4").unlink()
    worker.close()


def test_a_crash_and_a_hang_would_be_noticed(monkeypatch, tmp_path):
    """By worker processes that do one or the other."""
    jobs = [str(tmp_path / "a"), str(tmp_path / "b"), "stop"]
    monkeypatch.setattr(fuzz, "WORKER", "import os; os.kill(os.getpid(), 11)")
    assert fuzz.Worker().convert(jobs) == "WRONG: died of -11"
    monkeypatch.setattr(fuzz, "WORKER", "import time; time.sleep(100)")
    monkeypatch.setattr(fuzz, "SECONDS", -9.0)
    assert "hangs" in fuzz.Worker().convert(jobs)


def test_damage_is_a_function_of_the_seed():
    """So that a file that is found can be made again."""
    data = bytes(range(256)) * 20
    one, two = (fuzz.damaged(np.random.default_rng(3), data) for _ in range(2))
    assert one == two != data
