"""What names of inputs and outputs mean."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from sinet_video import InputError, SettingError
from sinet_video.streaming import address
from sinet_video.streaming.address import Device, device_of, target_of


@pytest.fixture
def cameras(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two cameras."""
    found = [
        SimpleNamespace(name="0", description="Microphone", media_types=["audio"]),
        SimpleNamespace(name="/dev/video0", description="Desk Cam", media_types=["video"]),
        SimpleNamespace(name="/dev/video2", description="Lid: HD", media_types=[]),
    ]
    monkeypatch.setattr(address.av, "enumerate_input_devices", lambda kind: found)
    monkeypatch.setattr(address, "is_there", lambda kind: True)


@pytest.mark.parametrize(
    ("name", "device"),
    [("camera", "/dev/video0"), ("camera:1", "/dev/video2"), ("camera:Lid: HD", "/dev/video2"),
     ("camera:/dev/video2", "/dev/video2")],
)  # fmt: skip
@pytest.mark.usefixtures("cameras")
def test_a_camera_by_name_or_number(
    name: str, device: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On each system in its own format."""
    for platform, kind in address.CAMERAS.items():
        monkeypatch.setattr(sys, "platform", platform)
        wanted = f"video={device}" if kind == "dshow" else device
        assert device_of(name) == Device(kind, wanted)


@pytest.mark.usefixtures("cameras")
def test_a_camera_that_is_not_there() -> None:
    """Those that are, are named."""
    with pytest.raises(InputError, match=r"no camera 'Phone'; there are 0 \(Desk Cam\), 1"):
        device_of("camera:Phone")


def test_no_camera_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """And a system that is not known."""
    monkeypatch.setattr(address.av, "enumerate_input_devices", lambda kind: [])
    monkeypatch.setattr(address, "is_there", lambda kind: True)
    with pytest.raises(InputError, match="There is no camera"):
        device_of("camera")
    monkeypatch.setattr(sys, "platform", "plan9")
    with pytest.raises(InputError, match="plan9"):
        device_of("camera")


def test_devices_by_libavs_format() -> None:
    """What libav has; a file's name is none, with a colon or without."""
    assert device_of("lavfi:testsrc,realtime") == Device("lavfi", "testsrc,realtime")
    assert [device_of(n) for n in ("a.mp4", "C:/a.mp4", "cameras.mp4", "lavfi:")] == [None] * 4


def test_a_kind_of_device_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is named, and not taken for a file."""
    monkeypatch.setattr(address, "is_there", lambda kind: False)
    with pytest.raises(InputError, match="kind dshow"):
        device_of("dshow:video=X")


@pytest.mark.parametrize(
    ("name", "kind", "muxer"),
    [("rtmp://h/live/key", "stream", "flv"), ("srt://h:9000", "stream", "mpegts"),
     ("udp://239.0.0.1:5000", "stream", "mpegts"), ("rtsp://h/x", "stream", "rtsp"),
     ("https://h/live.m3u8", "stream", "hls"), ("out/live.m3u8", "stream", "hls"),
     ("a.mp4", "file", None), ("frames/", "file", None), ("-", "pipe", None),
     ("camera", "camera", None)],
)  # fmt: skip
def test_targets(name: str, kind: str, muxer: str | None) -> None:
    """By scheme, by extension, and by name."""
    target = target_of(name)
    assert (target.kind, target.container and target.container.muxer) == (kind, muxer)


def test_a_virtual_camera_by_name() -> None:
    """Its device is what follows; without, the first that is free."""
    assert target_of("camera:/dev/video9").device == "/dev/video9"
    assert target_of("camera").device is None


@pytest.mark.parametrize(
    ("name", "words"),
    [("ftp://h/a", "cannot be sent to ftp"), ("http://h/a.mp4", r"must end in \.m3u8")],
)
def test_urls_that_cannot_be(name: str, words: str) -> None:
    """The failing twin."""
    with pytest.raises(SettingError, match=words):
        target_of(name)
