"""How cameras of other systems are asked, and heard: none of them has been tried."""

from __future__ import annotations

from collections.abc import Iterator

import av
import pytest

from sinet_video import InputError, Streaming
from sinet_video.streaming import connection
from sinet_video.streaming.address import Device
from sinet_video.streaming.connection import _demuxed, _opened_device


class Reluctant:
    """A camera that has no frame yet when it is asked first, and says so, as those of Macs do."""

    def __init__(self) -> None:
        self.left: list[int | None] = [None, 1, None, None, 2]

    def demux(self, *_: object) -> Iterator[int]:
        while self.left:
            if (packet := self.left.pop(0)) is None:
                raise av.BlockingIOError(35, "Resource temporarily unavailable")
            yield packet


def test_a_camera_without_a_frame_is_asked_again():
    """It has not ended."""
    assert list(_demuxed(Reluctant())) == [1, 2]


@pytest.mark.parametrize(
    ("kind", "streaming", "asked"),
    [
        ("v4l2", Streaming(capture_codec="mjpeg"), {"input_format": "mjpeg"}),
        ("avfoundation", Streaming(), {"framerate": "30"}),
        ("avfoundation", Streaming(capture_rate=25), {"framerate": "25"}),
        ("dshow", Streaming(), {}),
        ("dshow", Streaming(capture_codec="yuyv422"), {"pixel_format": "yuyv422"}),
    ],
)
def test_cameras_are_asked_by_the_names_of_libav(monkeypatch, kind, streaming, asked):
    """One that it does not know, it would pass over without a word."""
    given = {}
    monkeypatch.setattr(connection.av, "open", lambda _, options, **more: given.update(options))
    _opened_device(Device(kind, "0"), "nothing", streaming)
    assert given == asked


@pytest.mark.parametrize("kind", ["dshow", "avfoundation"])
def test_a_codec_that_cannot_be_asked_for_is_refused(kind):
    """With what to do instead."""
    with pytest.raises(InputError, match="ask for a size and a rate"):
        _opened_device(Device(kind, "0"), "nothing", Streaming(capture_codec="mjpeg"))
