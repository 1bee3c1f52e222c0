"""Which stages a device can do."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from sinet_video.device import trial
from sinet_video.pipeline.device_chain import IN_TORCH, _forms


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """No answer of another test is remembered, nor is one of these in another file."""
    trial.working.cache_clear()
    yield
    trial.working.cache_clear()


def test_every_stage_with_a_form_is_tried() -> None:
    """Or one would never run, or run untried."""
    assert trial.STAGES.keys() == IN_TORCH == _forms().keys()


def test_the_cpu_can_do_all_of_them() -> None:
    """It is not tried, and would pass."""
    assert trial.working("cpu") == IN_TORCH


def test_a_device_like_the_cpu_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """If it is tried."""
    monkeypatch.setattr(trial, "TRUSTED", ())
    assert trial.working("cpu") == IN_TORCH


def test_what_fails_or_errs_on_a_device_is_left_out(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """An operation that is not there, and one that gives other numbers, once in the trial."""

    def lacking(mattes: object) -> object:
        raise NotImplementedError("no such operation on this device")

    calls: list[int] = []

    def erring(mattes):
        calls.append(1)
        by = 0.9 if len(calls) == 1 else 1  # the device is tried first, then the CPU
        return (matte.with_alpha(matte.alpha * by) for matte in mattes)

    monkeypatch.setattr(trial, "TRUSTED", ())
    monkeypatch.setitem(trial.STAGES, "edge", lacking)
    monkeypatch.setitem(trial.STAGES, "composite", erring)
    with caplog.at_level(logging.INFO, "sinet_video"):
        assert trial.working("cpu") == IN_TORCH - {"edge", "composite"}
    assert "The device cpu cannot do the stage edge; the CPU does." in caplog.messages
