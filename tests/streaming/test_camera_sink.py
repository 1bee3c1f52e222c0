"""A virtual camera, in whose place a list is."""

from __future__ import annotations

import builtins
import sys
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from plain_mattes import EVERYTHING

import sinet_video
from sinet_video import OutputError, SinetVideoError, Streaming

PICTURE = "lavfi:testsrc=size=64x48:rate=25,realtime"


class Shown:
    """A camera of a system that has one; it takes what pyvirtualcam's takes."""

    made: list[Any] = []  # noqa: RUF012  # the test looks at it

    def __init__(self, width: int, height: int, fps: float, *, device: str | None = None) -> None:
        if device == "missing":
            raise RuntimeError("'v4l2loopback' backend: device missing")
        self.size, self.fps, self.device = (height, width, 3), fps, device
        self.images: list[np.ndarray] = []
        self.closed = False
        Shown.made.append(self)

    def send(self, image: np.ndarray) -> None:
        assert image.shape == self.size
        assert image.dtype == np.uint8
        assert image.flags["C_CONTIGUOUS"]
        self.images.append(image)

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def camera(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What virtual cameras were made."""
    Shown.made.clear()
    monkeypatch.setitem(sys.modules, "pyvirtualcam", SimpleNamespace(Camera=Shown))
    return Shown.made


def test_a_camera_gets_the_composite(camera: list[Any]) -> None:
    """RGB in the size of the source, at its rate; in front of green where nobody is."""
    nobody = replace(EVERYTHING, segmenter=lambda _: np.zeros((3, 5), np.float32))
    report = sinet_video.live(
        PICTURE, "camera:/dev/video9", settings=nobody, streaming=Streaming(length=0.6)
    )
    (shown,) = camera
    assert (shown.size, shown.fps, shown.device) == ((48, 64, 3), 25.0, "/dev/video9")
    assert len(shown.images) == report.frames > 2
    assert shown.closed
    assert np.abs(shown.images[-1].astype(int) - (0, 177, 64)).max() <= 3


def test_a_camera_gets_the_matte(camera: list[Any]) -> None:
    """As gray."""
    sinet_video.live(
        PICTURE, "camera", show="alpha", settings=EVERYTHING, streaming=Streaming(length=0.4)
    )
    assert camera[0].images[-1].min() == 255


@pytest.mark.usefixtures("camera")
def test_a_system_without_a_virtual_camera() -> None:
    """Is told what makes one."""
    with pytest.raises(OutputError, match="v4l2loopback"):
        sinet_video.live(PICTURE, "camera:missing", settings=EVERYTHING)


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra is named."""
    real = builtins.__import__

    def without(name: str, *more: Any) -> Any:
        if name == "pyvirtualcam":
            raise ModuleNotFoundError("No module", name=name)
        return real(name, *more)

    monkeypatch.delitem(sys.modules, "pyvirtualcam", raising=False)
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(SinetVideoError, match=r"sinet-video\[camera\]"):
        sinet_video.live(PICTURE, "camera", settings=EVERYTHING)
