"""Devices, and the choice of one."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import pytest
import torch

from sinet_video.errors import SettingError
from sinet_video.models import devices
from sinet_video.models.devices import available, best, chosen, described, opened
from sinet_video.models.network_settings import NetworkSettings


@pytest.fixture(params=["cuda", "mps", "cpu"])
def machine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """What is pretended to be the best device of this machine."""
    name: str = request.param
    monkeypatch.setattr(torch.cuda, "is_available", lambda: name == "cuda")
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: name in ("cuda", "mps"))
    return name


def test_auto_is_cuda_then_mps_then_the_cpu(machine: str) -> None:
    """Whichever there is, and the runtime follows."""
    assert best() == machine
    assert chosen("torch", "auto") == ("torch", machine)
    runtime = "onnxruntime" if machine == "cpu" else "torch"
    assert chosen("auto", "auto") == (runtime, machine)
    assert NetworkSettings(device="auto").placed == (runtime, machine)


def test_what_is_not_for_torch_stays_on_the_cpu(machine: str) -> None:
    """Its other runtime, and ONNX files."""
    assert chosen("onnxruntime", "auto") == ("onnxruntime", "cpu")
    assert chosen("auto", "auto", Path("net.ONNX")) == ("onnxruntime", "cpu")


def test_without_torch_auto_is_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """And it is not an error."""
    monkeypatch.setattr(devices, "find_spec", lambda name: None)
    assert chosen("auto", "auto") == ("onnxruntime", "cpu")
    assert chosen("torch", "auto") == ("torch", "cpu")


@pytest.mark.parametrize(
    ("runtime", "device", "expected"),
    [
        ("auto", "cpu", ("onnxruntime", "cpu")),
        ("auto", "cuda:1", ("torch", "cuda:1")),
        ("torch", "cpu", ("torch", "cpu")),
        ("onnxruntime", "cuda", ("onnxruntime", "cuda")),
    ],
)
def test_what_is_said_is_kept(runtime: str, device: str, expected: tuple[str, str]) -> None:
    """Also what cannot be, which loading then refuses."""
    assert chosen(runtime, device) == expected


def test_only_torch_has_a_device_for_stages() -> None:
    """None for onnxruntime."""
    assert NetworkSettings().torch_device is None
    assert NetworkSettings(runtime="torch").torch_device == "cpu"
    assert NetworkSettings(device="cuda").torch_device == "cuda"


def test_devices_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    """CUDA ones with their names."""
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda index: f"GPU {index}")
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert available() == ["cpu", "cuda:0 (GPU 0)", "cuda:1 (GPU 1)", "mps"]


def test_words_have_the_version() -> None:
    """Of the runtime, if it is installed."""
    assert described("torch", "cuda") == f"torch {version('torch')} on cuda"
    assert described("none-such", "cpu") == "none-such on cpu"


@pytest.mark.parametrize("device", ["toaster", "cuda:99", "cpu:x", "meta", ""])
def test_a_device_that_is_not_here_is_refused(device: str) -> None:
    """In one sentence, with what torch says of it."""
    with pytest.raises(SettingError, match=f"Device '{device}' cannot be used here"):
        opened(device)
    assert opened("cpu") == torch.device("cpu")
