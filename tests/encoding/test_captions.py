"""Closed captions in front of encoded frames: whatever their bytes, decoders find them again."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_mattes import EVERYTHING

from sinet_video import Encoding, convert
from sinet_video.encoding.captions import HEADERS, with_captions
from sinet_video.media.side_data import captions_of
from sinet_video.pipeline.resuming.settings import Resume

SOURCE = Path(__file__).parents[1] / "system" / "fault_files" / "closed_captions_a53.mp4"
ENCODERS = {"h264": "libx264", "hevc": "libx265"}


def encoded(codec: str) -> bytes:
    """A gray frame in a codec, as a byte stream with all its headers."""
    context = av.CodecContext.create(ENCODERS[codec], "w")
    context.width, context.height, context.pix_fmt = 64, 64, "yuv420p"
    context.time_base, context.framerate = Fraction(1, 25), 25
    context.options = {"x265-params": "log-level=none"} if codec == "hevc" else {}
    frame = av.VideoFrame.from_ndarray(np.full((96, 64), 128, np.uint8), "yuv420p")
    frame.pts = 0
    return b"".join(map(bytes, [*context.encode(frame), *context.encode(None)]))


FRAMES = {codec: encoded(codec) for codec in ENCODERS}

TRIPLETS = st.lists(st.sampled_from([b"\xfc\0\0", b"\xfd\0\1", b"\xff\3\0", b"\xfc\x94\x20"]))


@pytest.mark.parametrize("codec", HEADERS)
@given(triplets=TRIPLETS.filter(lambda each: 0 < len(each) <= 31))
@settings(deadline=None)
def test_decoders_find_the_captions(codec, triplets):
    """Also where their bytes would look like the start of something else."""
    captions = b"".join(triplets)
    decoder = av.CodecContext.create(codec, "r")
    packet = av.Packet(with_captions(FRAMES[codec], captions, codec))
    (frame,) = [*decoder.decode(packet), *decoder.decode(None)]
    assert captions_of(frame) == captions


def test_what_is_no_frame_is_left_alone():
    """Headers by themselves have no captions."""
    assert with_captions(b"\0\0\0\1\x67\x42", b"\xfc\x94\x20", "h264") == b"\0\0\0\1\x67\x42"


def captions_in(path: Path) -> list[bytes]:
    """The captions of a file's frames, in order."""
    with av.open(str(path)) as container:
        return [captions_of(frame) for frame in container.decode(video=0)]


@pytest.mark.parametrize("resume", [None, Resume(Fraction(1, 4))])
@pytest.mark.parametrize("codec", HEADERS)
def test_each_frame_has_its_own(codec, resume, tmp_path):
    """In a file that is written at once, and in one of segments."""
    output = tmp_path / "o.mp4"
    convert(
        SOURCE, output, background="green", settings=EVERYTHING, encoding=Encoding(codec=codec),
        resume=resume,
    )  # fmt: skip
    assert captions_in(output) == captions_in(SOURCE)
    assert any(captions_in(SOURCE))
