"""The same frames give the same bytes, as often as they are encoded in a process."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sinet_video import Encoding, Settings, TimeRange, convert
from sinet_video.containers import codecs

SLOPE = np.clip(np.linspace(-1, 2, 40 * 60, dtype=np.float32).reshape(40, 60), 0, 1)
SETTINGS = Settings(segmenter=lambda _: SLOPE, following=None)
TIMES = 8


def encodings(codec: str, suffix: str, carphone, tmp_path, seconds: float = 2) -> set[bytes]:
    """All the different files that come of converting a clip several times."""
    found = set()
    for _ in range(TIMES):
        output = tmp_path / f"o{suffix}"
        convert(
            carphone, output, background="green", settings=SETTINGS, overwrite=True,
            encoding=Encoding(codec=codec), span=TimeRange(end=seconds),
        )  # fmt: skip
        found.add(output.read_bytes())
    return found


@pytest.mark.parametrize(
    ("codec", "suffix", "seconds"), [("h264", ".mp4", 3), ("hevc", ".mp4", 1), ("vp9", ".webm", 1)]
)
def test_encodes_repeat(codec, suffix, seconds, carphone, tmp_path):
    """Segments that were made before, or elsewhere, are those that would be made now."""
    assert len(encodings(codec, suffix, carphone, tmp_path, seconds)) == 1


def test_other_processors_give_the_same(carphone, tmp_path, monkeypatch):
    """What x264 makes by the processor's special instructions is what it makes without any."""
    with_all = encodings("h264", ".mp4", carphone, tmp_path)
    plain = {"x264-params": "cpu-independent=1:asm=0"}
    codec = replace(codecs.CODECS["h264"], options=plain)
    monkeypatch.setitem(codecs.CODECS, "h264", codec)
    assert encodings("h264", ".mp4", carphone, tmp_path) == with_all
