"""Times of any kind, from source to result: each frame's own, exactly where files say it."""

from __future__ import annotations

import os
from dataclasses import replace
from fractions import Fraction
from itertools import accumulate, pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sinet_video import (
    BilinearRefinement,
    Encoding,
    OutputError,
    Settings,
    TimeRange,
    convert,
    decode,
    open_sink,
    probe,
    verify,
)
from sinet_video.media.frame import Matte

HALF = Settings(
    segmenter=lambda _: np.full((2, 2), 0.5, np.float32),
    smoothing=None,
    refinement=BilinearRefinement(),
)
FAST = Encoding(preset="ultrafast")
MILLISECOND = Fraction(1, 1000)

TIME_BASES = st.sampled_from(
    [Fraction(1, n) for n in (24, 25, 600, 1000, 12800, 30000, 44100, 90000, 1000000)]
    + [Fraction(1001, 30000), Fraction(1001, 24000)]
)


@st.composite
def schedules(draw: st.DrawFn) -> tuple[Fraction, list[int]]:
    """Units of time, and strictly rising times in them, of up to three seconds between two."""
    base = draw(TIME_BASES)
    most = max(1, int(3 / base))
    start = draw(st.integers(0, most))
    gaps = draw(st.lists(st.integers(1, most), max_size=7))
    return base, list(accumulate(gaps, initial=start))


def written(path: Path, base: Fraction, pts: list[int], *, reorder: bool = False) -> Path:
    """A clip with a frame at each time, B-frames among them if wanted."""
    options = {"preset": "ultrafast", "bf": "2" if reorder else "0", "b_strategy": "0"}
    with av.open(os.fspath(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(25), options=options)
        stream.width = stream.height = 32
        stream.pix_fmt = "yuv420p"
        stream.time_base = stream.codec_context.time_base = base
        for index, time in enumerate(pts):
            image = np.full((32, 32, 3), index * 30 % 255, np.uint8)
            video = av.VideoFrame.from_ndarray(image, "rgb24").reformat(format="yuv420p")
            video.pts, video.time_base = time, base
            container.mux(stream.encode(video))
        container.mux(stream.encode(None))
    return path


def times_of(path: Path) -> list[Fraction]:
    """The times of a file's packets, as libav's demuxer has them, in order."""
    with av.open(os.fspath(path)) as container:
        packets = container.demux(video=0)
        return sorted(p.pts * p.time_base for p in packets if p.size and not p.is_discard)


@pytest.mark.parametrize("name", ["o.mp4", "o.mov", "o.mkv", "o.webm"])
@given(schedule=schedules(), reorder=st.booleans())
@settings(deadline=None, max_examples=8, suppress_health_check=[HealthCheck.too_slow])
def test_any_times_come_out_as_they_went_in(name, schedule, reorder):
    """Whatever the units, the gaps and the start: exactly, or to Matroska's tick."""
    base, pts = schedule
    with TemporaryDirectory() as folder:
        source = written(Path(folder, "in.mp4"), base, pts, reorder=reorder)
        wanted = times_of(source)  # a late start to the millisecond, and then in its units
        assert len(wanted) == len(pts)
        encoding = FAST if name in ("o.mp4", "o.mov") else Encoding()
        report = convert(
            source, Path(folder, name), background="green", settings=HALF, encoding=encoding
        )
        found = times_of(Path(folder, name))
    assert report.frames == len(pts)
    assert len(found) == len(wanted)
    if name in ("o.mp4", "o.mov"):
        assert found == wanted
    else:
        # Frames on one tick are kept a tick apart.
        steps = [Fraction(0), *(MILLISECOND - (b - a) for a, b in pairwise(wanted))]
        pushed = accumulate(steps, lambda so_far, step: max(Fraction(0), so_far + step))
        near = zip(found, wanted, pushed, strict=True)
        assert all(abs(a - b) <= MILLISECOND / 2 + late for a, b, late in near)
        assert all(a < b for a, b in pairwise(found))


@pytest.fixture(scope="module")
def early(tmp_path_factory, ffmpeg) -> Path:
    """A broadcast whose clock of 33 bits comes round after half a second: it begins before 0."""
    path = tmp_path_factory.mktemp("early") / "early.ts"
    ffmpeg(
        "ffmpeg", "-f", "lavfi", "-i", "testsrc=s=64x48:r=25:d=1", "-f", "lavfi", "-i", "sine=d=1",
        "-c:v", "libx264", "-c:a", "aac", "-muxdelay", 0, "-muxpreload", 0,
        "-output_ts_offset", 2**33 / 90000 - 0.5, path,
    )  # fmt: skip
    assert times_of(path)[0] < 0
    return path


def heard_from(path: Path) -> float:
    """When the audio starts, in seconds."""
    with av.open(os.fspath(path)) as container:
        return float(next(container.decode(audio=0)).time)


@pytest.mark.parametrize("name", ["o.mp4", "o.mov", "o.mkv", "o.webm"])
def test_times_before_zero_are_all_made_later_alike(name, early, tmp_path):
    """No frame is lost, as players hide what comes before 0; audio stays with them."""
    convert(early, tmp_path / name, background="green", settings=HALF)
    before, after = times_of(early), times_of(tmp_path / name)
    late = after[0] - before[0]
    assert len(after) == len(before) == 25
    tick = 0 if name in ("o.mp4", "o.mov") else MILLISECOND
    assert all(abs(b - a - late) <= tick for a, b in zip(before, after, strict=True))
    assert heard_from(tmp_path / name) - heard_from(early) == pytest.approx(float(late), abs=0.003)
    assert min(after[0], heard_from(tmp_path / name)) < 0.1
    assert verify(tmp_path / name, early).holds


def test_frames_of_times_before_zero_are_listed_later(early, tmp_path):
    """The list of times beside PNGs has the same."""
    convert(early, tmp_path / "images", background="green", settings=HALF)
    lines = (tmp_path / "images" / "timestamps.txt").read_text().splitlines()[1:]
    times = [float(line) for line in lines]
    assert times[0] >= 0
    assert {round(b - a, 3) for a, b in pairwise(times)} == {40}
    assert verify(tmp_path / "images", early).holds


def test_a_stretch_has_none_before_zero(early, tmp_path):
    """A transport stream's clock begins where it does: a stretch from 0 on is all of it."""
    convert(early, tmp_path / "o.mp4", settings=HALF, span=TimeRange(Fraction(0)))
    assert len(times_of(tmp_path / "o.mp4")) == len(times_of(early))


def test_the_iterator_gives_true_times(early):
    """They count from where the transport stream begins, and are exact."""
    found, theirs = [frame.time for frame in decode(early)], times_of(early)
    assert 0 <= found[0] < Fraction(1, 10)
    assert [time - found[0] for time in found] == [time - theirs[0] for time in theirs]


def test_a_sink_refuses_what_players_would_hide(early, tmp_path):
    """In one sentence, and leaves nothing."""

    def write() -> None:
        with open_sink(tmp_path / "o.mp4", probe(early)) as sink:
            for frame in decode(early):
                sooner = replace(frame, pts=frame.pts - 45000)
                sink.write(Matte(sooner, np.ones((48, 64), np.float32)))

    with pytest.raises(OutputError, match=r"comes at -0.\d+ s, and .* can hold none before 0"):
        write()
    assert not list(tmp_path.iterdir())
