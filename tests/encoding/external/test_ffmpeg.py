"""Filter graphs of ffmpeg before and after the matte: times, samples, tags, ways to fail."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import ffmpeg as graphs
import numpy as np
import pytest

from sinet_video import (
    Frame,
    InputError,
    Matte,
    OutputError,
    SettingError,
    apply_source_alpha,
    decode,
    from_ffmpeg,
    open_sink,
    prefetch,
    probe,
    to_ffmpeg,
)
from sinet_video.decoding.access import Source
from sinet_video.encoding.external.outputs import Staged
from sinet_video.media.colour import Colour

UNEVEN = [700, 1212, 1400, 2200, 2212, 3700, 5700, 6212, 6800, 9700, 9701, 12700]
ENDLESS = graphs.input("testsrc2=s=64x48:r=25", f="lavfi")
LOSSLESS = {"vcodec": "ffv1"}

pytestmark = pytest.mark.usefixtures("ffmpeg")


@pytest.fixture(scope="module")
def small(make_clip) -> Callable[..., Path]:
    """Make a clip of 64x48, each kind once."""
    made: dict[str, Path] = {}

    def make(name: str = "small.mp4", **options: Any) -> Path:
        kind = f"{name} {options}"
        made[kind] = made.get(kind) or make_clip(name, width=64, height=48, **options)
        return made[kind]

    return make


@pytest.fixture
def uneven(small) -> Path:
    """H.264 with B-frames, its rate variable, its start late."""
    return small(times=UNEVEN)


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[SimpleNamespace]:
    """A command that is ffmpeg and tells its process id; the process is gone after the test."""
    note = tmp_path / "pid"
    command = ["sh", "-c", f'echo $$ > "{note}"; exec ffmpeg "$@"', "ffmpeg"]

    def wait() -> int:
        """Wait until the process has started."""
        while not note.exists() or not note.read_text():
            time.sleep(0.01)
        return int(note.read_text())

    yield SimpleNamespace(command=command, wait=wait)
    with pytest.raises(ProcessLookupError):
        os.kill(wait(), 0)


@pytest.fixture(autouse=True)
def nothing_left(tmp_path: Path) -> Iterator[None]:
    """No thread listens on, and no hidden file is left, whatever a test does."""
    yield
    assert "ffmpeg" not in {thread.name for thread in threading.enumerate()}
    assert not list(tmp_path.rglob(".*"))


def mattes(frames: Iterator[Frame] | list[Frame]) -> list[Matte]:
    """The frames with an alpha that grows from left to right."""
    found = list(frames)
    ramp = np.linspace(0, 1, found[0].width, dtype=np.float32)
    return [Matte(frame, np.tile(ramp, (frame.height, 1))) for frame in found]


def send(items: list[Matte], outputs: Callable[[Any], Any], **options: Any) -> None:
    """Write mattes to what ffmpeg makes of them."""
    with to_ffmpeg(outputs, **options) as sink:
        for item in items:
            sink.write(item)


def writing(path: Path, **options: Any) -> Callable[[Any], Any]:
    """Outputs that are one file."""
    return lambda video: graphs.output(video, str(path), **options)


def same(some: list[Frame], others: list[Frame]) -> bool:
    """Whether all samples of all frames are equal."""
    pairs = zip(some, others, strict=True)
    return all(
        np.array_equal(a, b)
        for one, other in pairs
        for a, b in zip(one.planes, other.planes, strict=True)
    )


@contextmanager
def complaint(kind: type[Exception], *words: str) -> Iterator[None]:
    """An error of one line that has these words."""
    with pytest.raises(kind) as caught:
        yield
    message = str(caught.value)
    assert "\n" not in message
    assert message.endswith(".")
    for word in words:
        assert word in message


# From ffmpeg


def test_times_are_those_of_the_source(uneven, ffprobe_pts):
    """pts, time base and durations are what `decode` gives, the times what ffprobe says."""
    frames, known = list(from_ffmpeg(graphs.input(str(uneven)))), list(decode(uneven))
    assert [frame.time for frame in frames] == ffprobe_pts(uneven)
    assert [frame.pts for frame in frames] == [frame.pts for frame in known]
    assert frames[0].time_base == known[0].time_base
    assert [f.duration for f in frames[:-1]] == [b.pts - a.pts for a, b in pairwise(frames)]


@pytest.mark.parametrize(
    ("time_base", "step"), [(Fraction(1001, 30000), 1), (Fraction(1, 90000), 3003)]
)
def test_other_units_of_time(small, ffprobe_pts, time_base, step):
    """Times are exact in units that no power of two divides."""
    source = small(time_base=time_base, step=step)
    frames = list(from_ffmpeg(graphs.input(str(source))))
    assert [frame.time for frame in frames] == ffprobe_pts(source)


def test_times_before_zero(small):
    """A filter may move frames before 0, where the pipe has no times."""
    early = graphs.input(str(small())).filter("setpts", "PTS-1000")
    assert [frame.pts for frame in from_ffmpeg(early)] == [i * 512 - 1000 for i in range(12)]


@pytest.mark.parametrize(
    ("name", "codec", "pixel_format"),
    [
        ("a.mp4", "libx264", "yuv420p"),
        ("a.mp4", "libx264", "yuv422p10le"),
        ("a.mp4", "libx264", "yuvj420p"),
        ("a.mkv", "ffv1", "yuv422p12le"),
        ("a.mkv", "ffv1", "yuva420p"),
        ("a.mkv", "ffv1", "gray"),
        ("a.mkv", "ffv1", "bgr0"),
        ("a.mkv", "ffv1", "gbrp10le"),
        ("a.mkv", "ffv1", "yuv411p"),
    ],
)
def test_samples_are_those_of_decode(small, name, codec, pixel_format):
    """Bit for bit, in any pixel format that files have."""
    source = small(name, codec=codec, pixel_format=pixel_format, frames=3)
    frames, known = list(from_ffmpeg(graphs.input(str(source)))), list(decode(source))
    assert same(frames, known)
    assert frames[0].format.bits == known[0].format.bits


def test_formats_of_hardware_come_out_planar(small):
    """10 bits interleaved as hardware decodes them are the same 10 bits."""
    source = small(pixel_format="yuv420p10le", frames=3)
    semiplanar = graphs.input(str(source)).filter("format", "p010le")
    frames = list(from_ffmpeg(semiplanar))
    assert frames[0].video.format.name == "yuv420p10le"
    assert same(frames, list(decode(source)))


def test_a_filter_has_its_effect(small):
    """What is mirrored by ffmpeg is mirrored."""
    source = small(frames=3)
    mirrored = from_ffmpeg(graphs.input(str(source)).hflip())
    for frame, known in zip(mirrored, decode(source), strict=True):
        assert np.array_equal(frame.luma, known.luma[:, ::-1])


def test_a_filter_may_change_the_units(small):
    """Twice the rate has frames at half the steps."""
    doubled = list(from_ffmpeg(graphs.input(str(small())).filter("fps", 50)))
    assert {b.time - a.time for a, b in pairwise(doubled)} == {Fraction(1, 50)}


def test_a_pixel_format_can_be_asked_for(small):
    """ffmpeg converts to it; one that frames cannot have is refused at once."""
    source = graphs.input(str(small(frames=2)))
    (first, _) = from_ffmpeg(source, pixel_format="yuv444p10le")
    assert first.video.format.name == "yuv444p10le"
    with complaint(SettingError, "rgb24", "yuv420p10le"):
        from_ffmpeg(source, pixel_format="rgb24")


CLEAR = graphs.input("testsrc2=s=64x48:r=25:d=0.08", f="lavfi")
"""A stream whose alpha `see_through` makes."""


def see_through(pixel_format: str) -> Any:
    """The stream with an alpha that grows from left to right."""
    ramp = f"X*{1023 if '10' in pixel_format else 255}/(W-1)"
    filtered = CLEAR.filter("format", pixel_format)
    if pixel_format.startswith("yuv"):
        return filtered.filter("geq", lum="lum(X,Y)", a=ramp)
    red, green, blue = "r(X,Y)", "g(X,Y)", "b(X,Y)"
    return filtered.filter("geq", r=red, g=green, b=blue, a=ramp)


@pytest.mark.parametrize("pixel_format", ["yuva420p", "yuva444p10le", "rgba", "gbrap"])
def test_alpha_of_a_stream_comes_along(pixel_format, tmp_path):
    """As it does from a file that ffmpeg makes of the same stream, to the sample."""
    frames = list(from_ffmpeg(see_through(pixel_format)))
    path = tmp_path / "clear.mkv"
    plain = "bgra" if pixel_format in ("rgba", "gbrap") else pixel_format
    graphs.run(
        see_through(pixel_format).output(str(path), vcodec="ffv1", pix_fmt=plain), quiet=True
    )
    for frame, known in zip(frames, decode(path), strict=True):
        assert np.array_equal(frame.source_alpha.dense(), known.source_alpha.dense())
        np.testing.assert_allclose(frame.source_alpha.dense()[0], np.arange(64) / 63, atol=1 / 255)


def test_alpha_of_a_stream_is_heeded(small):
    """Multiplied into the matte, kept or ignored, as a file's is; opaque streams have none."""
    frames = list(from_ffmpeg(see_through("yuva420p")))
    own = frames[0].source_alpha.dense()
    half = [Matte(frame, np.full((48, 64), 0.5, np.float32)) for frame in frames]
    for how, expected in (("multiply", own / 2), ("keep", own), ("ignore", own * 0 + 0.5)):
        first, *_ = apply_source_alpha(half, how)
        np.testing.assert_allclose(first.alpha, expected, atol=1e-6)
    with complaint(SettingError, "mix", "multiply, keep, ignore"):
        next(apply_source_alpha(half, "mix"))
    assert next(from_ffmpeg(graphs.input(str(small(frames=2))))).source_alpha is None


def test_alpha_comes_in_a_pixel_format_that_is_asked_for(small):
    """Where there is one with alpha like it; a stream without alpha gets none by it."""
    (frame, _) = from_ffmpeg(see_through("rgba"), pixel_format="yuv444p10le")
    assert frame.video.format.name == "yuv444p10le"
    np.testing.assert_allclose(frame.source_alpha.dense()[0], np.arange(64) / 63, atol=2 / 255)
    (bare, _) = from_ffmpeg(see_through("rgba"), pixel_format="yuv411p")
    assert (bare.video.format.name, bare.source_alpha) == ("yuv411p", None)
    opaque = from_ffmpeg(graphs.input(str(small(frames=2))), pixel_format="yuv444p10le")
    assert next(opaque).source_alpha is None


@pytest.fixture
def tagged(tmp_path, ffmpeg) -> Path:
    """A clip whose colour tags are all different, with tall pixels."""
    path = tmp_path / "tagged.mp4"
    tags = "range=tv:colorspace=bt2020nc:color_primaries=smpte432:color_trc=arib-std-b67"
    source = ("-f", "lavfi", "-i", "testsrc2=s=64x48:d=0.12")
    filters = f"setsar=3/4,format=yuv420p10le,setparams={tags}"
    ffmpeg("ffmpeg", *source, "-vf", filters, "-c:v", "libx264", path)
    return path


def test_tags_and_pixel_shape_come_along(tagged):
    """What the pipe does not carry is taken from what ffmpeg says."""
    frame = next(from_ffmpeg(graphs.input(str(tagged))))
    assert Colour.of(frame.video) == Colour(9, 1, 12, 18) == probe(tagged).colour
    assert frame.sample_aspect == Fraction(3, 4) == probe(tagged).sample_aspect


def test_full_range_is_told(small):
    """A pixel format of full range is one of limited range with a tag."""
    source = small(pixel_format="yuvj420p", frames=2)
    assert next(from_ffmpeg(graphs.input(str(source)))).video.color_range == 2


def test_a_showinfo_of_the_caller_is_not_mistaken_for_ours(tagged):
    """The tags are those at the end of the filters."""
    changed = graphs.input(str(tagged)).filter("showinfo").filter("setparams", colorspace="bt709")
    assert Colour.of(next(from_ffmpeg(changed)).video).matrix == 1


def test_rotated_clips_are_upright(small, tmp_path):
    """ffmpeg turns them, and no tag is left to turn them again."""
    source, turned = small(frames=2), tmp_path / "turned.mp4"
    with open_sink(turned, replace(probe(source), rotation=90)) as sink:
        for item in mattes(decode(source)):
            sink.write(item)
    assert probe(turned).rotation == 90
    frame, known = next(from_ffmpeg(graphs.input(str(turned)))), next(decode(turned))
    assert (frame.width, frame.height, frame.rotation) == (48, 64, 0)
    assert np.array_equal(frame.luma, np.rot90(known.luma))


def test_two_inputs_and_no_cover(small):
    """A graph may have several inputs; a stream that is selected stays selected."""
    source = str(small(frames=3))
    stacked = graphs.filter(
        [graphs.input(source).video, graphs.input(source).video.hflip()], "hstack"
    )
    assert {frame.width for frame in from_ffmpeg(stacked)} == {128}
    assert len(list(from_ffmpeg(graphs.input(source)["v:0"]))) == 3


def test_loud_programs_are_heard_out(small):
    """More messages than a pipe holds stop nothing."""
    source = small(frames=40)
    assert len(list(from_ffmpeg(graphs.input(str(source), loglevel="debug")))) == 40


@pytest.mark.parametrize("read", [1, 3])
def test_early_close_ends_the_process(watched, read):
    """Whoever stops reading leaves no process, though ffmpeg could go on for ever."""
    with closing(from_ffmpeg(ENDLESS, cmd=watched.command)) as frames:
        for _ in range(read):
            next(frames)
        os.kill(watched.wait(), 0)


def test_early_close_behind_a_thread(watched):
    """So it is where frames are read ahead."""
    with closing(prefetch(from_ffmpeg(ENDLESS, cmd=watched.command), 2)) as frames:
        next(frames)


def test_nothing_runs_before_the_first_frame():
    """A generator that is never asked starts nothing."""
    from_ffmpeg(ENDLESS, cmd="no-such-program").close()


# What goes wrong there


def test_killed_while_read(watched):
    """The frames until then came, and the error says what happened when."""
    frames = from_ffmpeg(ENDLESS, cmd=watched.command)
    next(frames)
    os.kill(watched.wait(), signal.SIGKILL)
    with complaint(InputError, "SIGKILL", "after"):
        list(frames)


def test_killed_while_waited_for(watched):
    """An end of the process ends waiting for it."""
    slow = graphs.input("testsrc2=s=64x48:r=5", f="lavfi", re=None)
    frames = from_ffmpeg(slow, cmd=watched.command)
    next(frames)
    timer = threading.Timer(0.2, lambda: os.kill(watched.wait(), signal.SIGKILL))
    timer.start()
    started = time.monotonic()
    with complaint(InputError, "SIGKILL"):
        list(frames)
    timer.join()
    assert time.monotonic() - started < 5


def test_missing_program(small):
    """It is named, with the way out."""
    with complaint(InputError, "There is no program ffnone", "cmd"):
        next(from_ffmpeg(graphs.input(str(small())), cmd="ffnone"))


def test_program_that_cannot_be_started(small, tmp_path):
    """Why is told."""
    (tmp_path / "ffmpeg").write_text("")
    with complaint(InputError, "cannot be started: Permission denied"):
        next(from_ffmpeg(graphs.input(str(small())), cmd=str(tmp_path / "ffmpeg")))


def test_program_that_is_not_ffmpeg(small):
    """What it said is quoted."""
    command = [sys.executable, "-c", "import sys; sys.exit('I am no ffmpeg')"]
    with complaint(InputError, "exit status 1", '"I am no ffmpeg"'):
        next(from_ffmpeg(graphs.input(str(small())), cmd=command))


@pytest.mark.parametrize(
    ("stream", "words"),
    [
        (graphs.input("no-such-file.mp4"), ["no-such-file.mp4", "No such file or directory"]),
        (ENDLESS.filter("no-such-filter"), ["No such filter", "no-such-filter"]),
        (graphs.input(__file__), ["Invalid data found when processing input"]),
        (ENDLESS.filter("trim", end_frame=0), ["gave no frame"]),
        (ENDLESS["a"].filter("null"), ["matches no streams"]),
    ],
)
def test_ffmpeg_is_quoted(stream, words):
    """Its own words say what is wrong, in one sentence."""
    with complaint(InputError, *words):
        next(from_ffmpeg(stream))


def test_silenced_program(small, monkeypatch):
    """Without its words the times cannot be known; that is said, and not guessed."""
    monkeypatch.setattr("sinet_video.decoding.external.pipe.PATIENCE", 0.2)
    with complaint(InputError, "silenced"):
        next(from_ffmpeg(graphs.input(str(small()), loglevel="quiet")))


def test_damage_is_an_error_unless_it_may_be(tmp_path, ffmpeg):
    """Half a file is no whole one; on request one gets what there is."""
    whole, half = tmp_path / "whole.mp4", tmp_path / "half.mp4"
    source = ("-f", "lavfi", "-i", "testsrc2=s=64x48:d=2", "-g", "5", "-bf", "0")
    ffmpeg("ffmpeg", *source, "-movflags", "faststart", whole)
    half.write_bytes(whole.read_bytes()[: whole.stat().st_size * 2 // 3])
    with complaint(InputError, "exit status", "corrupt input packet"):
        list(from_ffmpeg(graphs.input(str(half))))
    assert 5 < len(list(from_ffmpeg(graphs.input(str(half)), strict=False))) < 50


def test_an_output_is_no_stream(small):
    """What has an output already is refused, with the way out."""
    with complaint(SettingError, "OutputStream", "without an output"):
        from_ffmpeg(graphs.input(str(small())).output("out.mp4"))


# To ffmpeg


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv444p10le", "yuvj420p"])
def test_round_trip(small, tmp_path, ffprobe_pts, pixel_format):
    """Through ffmpeg, matte and ffmpeg, times and samples are those of the source."""
    source = small(times=UNEVEN, pixel_format=pixel_format)
    out = tmp_path / "out.nut"
    frames = mattes(from_ffmpeg(graphs.input(str(source))))
    send(frames, writing(out, vcodec="libx264", qp=0))
    assert ffprobe_pts(out) == ffprobe_pts(source)
    assert same(list(decode(out)), list(decode(source)))


def test_times_in_mp4(uneven, tmp_path, ffprobe_pts):
    """They are exact behind reordering encoders too."""
    out = tmp_path / "out.mp4"
    send(mattes(decode(uneven)), writing(out, vcodec="libx264", movie_timescale=12800))
    assert ffprobe_pts(out) == ffprobe_pts(uneven)


@pytest.mark.parametrize(
    ("time_base", "shift"), [(Fraction(1, 12800), -2000), (Fraction(1001, 30000), 10**7)]
)
def test_times_before_zero_and_late(uneven, tmp_path, time_base, shift):
    """Any pts arrives, in units in which it is whole."""
    out = tmp_path / "times.txt"
    frames = [
        replace(frame, pts=frame.pts + shift, time_base=time_base) for frame in decode(uneven)
    ]
    send(mattes(frames), writing(out, f="framemd5", vcodec="rawvideo"))
    lines = out.read_text().splitlines()
    (unit,) = (line.split()[-1] for line in lines if line.startswith("#tb 0"))
    found = [int(line.split(",")[2]) * Fraction(unit) for line in lines if line[0] != "#"]
    assert found == [frame.time for frame in frames]


def test_an_output_may_choose_its_rate(uneven, tmp_path):
    """r is the caller's word on times."""
    out = tmp_path / "out.mp4"
    send(mattes(decode(uneven)), writing(out, vcodec="libx264", r=10))
    assert {b.time - a.time for a, b in pairwise(decode(out))} == {Fraction(1, 10)}


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv444p10le", "yuv422p12le"])
def test_alpha_arrives(small, tmp_path, pixel_format):
    """As a plane of its own, quantised to the depth of the frame."""
    source = small("a.mkv", codec="ffv1", pixel_format=pixel_format, frames=2)
    out = tmp_path / "alpha.nut"
    items = mattes(decode(source))
    send(items, lambda video: video.filter("alphaextract").output(str(out), **LOSSLESS),
         content="rgba")  # fmt: skip
    top = 2 ** items[0].frame.format.bits - 1
    assert probe(out).pixel_format.startswith("gray")
    assert np.array_equal(next(decode(out)).luma, np.rint(items[0].alpha * top))
    plain = tmp_path / "plain.nut"
    send(items, writing(plain, **LOSSLESS), content="rgba")
    for frame, known in zip(decode(plain), decode(source), strict=True):
        spare = (
            frame.format.bits - known.format.bits
        )  # older ffmpegs' ffv1 has alpha of 12 bits in 16
        for plane, expected in zip(frame.planes, known.planes, strict=True):
            assert np.array_equal(plane >> spare, expected)
    assert probe(plain).pixel_format.startswith("yuva")


def test_matte_is_gray(small, tmp_path):
    """0 to 255, said to be of full range."""
    out = tmp_path / "matte.nut"
    items = mattes(decode(small(frames=2)))
    send(items, lambda video: video.filter("showinfo").output(str(out), **LOSSLESS),
         content="alpha")  # fmt: skip
    assert probe(out).pixel_format == "gray"
    assert np.array_equal(next(decode(out)).luma, np.rint(items[0].alpha * 255))


def test_tags_and_pixel_shape_go_along(tagged, tmp_path):
    """ffmpeg tags its outputs with them."""
    out = tmp_path / "out.mp4"
    send(mattes(from_ffmpeg(graphs.input(str(tagged)))), writing(out, vcodec="libx264"))
    assert probe(out).colour == Colour(9, 1, 12, 18)
    assert probe(out).sample_aspect == Fraction(3, 4)


@pytest.mark.parametrize("rotation", [90, 180, -90])
def test_rotated_frames_go_upright(small, tmp_path, rotation):
    """What a player would turn by its tag is turned, as there is no tag."""
    out = tmp_path / "out.nut"
    frames = list(decode(small(pixel_format="yuv444p", frames=2)))
    send(mattes([replace(f, rotation=rotation) for f in frames]), writing(out, **LOSSLESS))
    assert np.array_equal(next(decode(out)).luma, np.rot90(frames[0].luma, rotation // 90))


def test_audio_of_the_source_beside(small, tmp_path, ffmpeg):
    """Another input of the same command gives the audio, encoded in units of its own."""
    source, out = small(audio=True), tmp_path / "out.mkv"
    audio = graphs.input(str(source)).audio
    options = {"acodec": "pcm_s16le", "vcodec": "libx264"}
    send(mattes(decode(source)), lambda video: graphs.output(video, audio, str(out), **options))
    found = json.loads(ffmpeg("ffprobe", "-show_streams", "-show_packets", "-of", "json", out))
    assert [stream["codec_type"] for stream in found["streams"]] == ["video", "audio"]
    times = [p["pts"] for p in found["packets"] if p["codec_type"] == "audio"]  # milliseconds
    assert all(23 <= b - a <= 24 for a, b in pairwise(times))  # 1024 samples of 44100 a second
    assert len(times) > 10


def test_several_outputs(small, tmp_path):
    """All of them appear: a file, frames by a pattern, a playlist and what it names."""
    (tmp_path / "stills").mkdir()
    names = [str(tmp_path / name) for name in ("out.mp4", "stills/%03d.png", "list.m3u8")]

    def outputs(video):
        streams = video.filter_multi_output("split", 3)
        options = [{"vcodec": "libx264"}, {}, {"hls_time": 0.2, "g": 5}]
        made = [
            graphs.output(streams[i], name, **option)
            for i, (name, option) in enumerate(zip(names, options, strict=True))
        ]
        return graphs.merge_outputs(*made)

    send(mattes(decode(small())), outputs)
    assert len(list(decode(names[0]))) == 12
    assert sorted(p.name for p in (tmp_path / "stills").iterdir())[-1] == "012.png"
    assert len(list(decode(probe(Source(tmp_path / "list.m3u8", "files"))))) == 12


def test_an_output_may_have_enough(small, tmp_path):
    """ffmpeg ends well before the frames do, and that is no error."""
    out = tmp_path / "out.mp4"
    many = mattes(decode(small())) * 40
    items = [
        item.with_frame(replace(item.frame, pts=i * 512)) for i, item in enumerate(many)
    ]  # more than a pipe holds
    send(items, writing(out, vcodec="libx264", vframes=2))
    assert len(list(decode(out))) == 2


# What goes wrong there


def test_a_failing_caller_leaves_nothing(small, tmp_path, watched):
    """Neither a file nor a process."""
    items = mattes(decode(small()))

    def fail():
        with to_ffmpeg(writing(tmp_path / "out.mp4"), cmd=watched.command) as sink:
            sink.write(items[0])
            watched.wait()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert [p.name for p in tmp_path.iterdir()] == ["pid"]


def test_a_sink_that_is_dropped_leaves_nothing(small, tmp_path, watched):
    """Neither files nor a process."""
    sink = to_ffmpeg(writing(tmp_path / "out.mp4"), cmd=watched.command)
    first, *_ = mattes(decode(small()))
    sink.write(first)
    watched.wait()
    with pytest.warns(RuntimeWarning, match="dropped unfinished"):
        del sink
    assert [path.name for path in tmp_path.iterdir()] == ["pid"]


@pytest.mark.parametrize("rest", [0, 200])
def test_killed_while_written_to(small, tmp_path, watched, rest):
    """Whether more frames come or none, the error says what happened."""
    first, second, *_ = mattes(decode(small()))

    def write():
        with to_ffmpeg(writing(tmp_path / "out.mp4"), cmd=watched.command) as sink:
            sink.write(first)
            os.kill(watched.wait(), signal.SIGKILL)
            for number in range(rest):
                sink.write(second.with_frame(replace(second.frame, pts=512 * (number + 1))))

    with complaint(OutputError, "SIGKILL", "were sent"):
        write()
    assert [p.name for p in tmp_path.iterdir()] == ["pid"]


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("out.mp4", {"vcodec": "no-such-codec"}, ["no-such-codec"]),
        ("out.mp4", {"vcodec": "libx264", "preset": "no-such-preset"}, ["no-such-preset"]),
        ("out.no-such-extension", {}, ["out.no-such-extension"]),
        ("no-such-folder/out.mp4", {}, ["No such file or directory"]),
    ],
)
def test_failing_ffmpeg_leaves_nothing(small, tmp_path, name, options, words):
    """It is quoted, and no file is there."""
    items = mattes(decode(small()))
    with complaint(OutputError, *words):
        send(items, writing(tmp_path / name, **options))
    assert not list(tmp_path.iterdir())


def test_missing_program_to_write(small, tmp_path):
    """It is named, with the way out."""
    with complaint(OutputError, "There is no program ffnone"):
        send(mattes(decode(small())), writing(tmp_path / "out.mp4"), cmd="ffnone")


def test_no_frame(tmp_path):
    """Nothing in is nothing out, and said."""
    with complaint(OutputError, "No frame came"):
        send([], writing(tmp_path / "out.mp4"))


def test_a_file_that_is_there_is_kept(small, tmp_path):
    """Unless the outputs say that it may go, and then until the new one is whole."""
    out = tmp_path / "out.mp4"
    out.write_text("old")
    items = mattes(decode(small()))
    with complaint(OutputError, "is there already", "overwrite_output"):
        send(items, writing(out))
    with complaint(OutputError, "no-such-codec"):
        send(items, lambda v: v.output(str(out), vcodec="no-such-codec").overwrite_output())
    assert out.read_text() == "old"
    send(items, lambda v: v.output(str(out), vcodec="libx264").overwrite_output())
    assert len(list(decode(out))) == 12


def test_outputs_that_are_none(small):
    """A stream without an output is refused, with the way out."""
    items = mattes(decode(small()))
    with complaint(SettingError, "FilterableStream", ".output(...)"):
        send(items, lambda video: video.hflip())
    with complaint(SettingError, "do not use the stream"):
        send(items, lambda video: ENDLESS.output("-", f="null"))


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("rtmp://host/live", {}),
        ("pipe:1", {}),
        ("-", {"f": "null"}),
        ("/dev/null", {"f": "mp4"}),
        ("[f=mp4]a.mp4|[f=nut]b.nut", {"f": "tee"}),
    ],
)
def test_what_is_no_file_is_left_to_ffmpeg(name, options):
    """URLs, pipes, devices and tees keep their names."""
    outputs = graphs.output(graphs.input("pipe:0"), name, **options)
    assert graphs.get_args(Staged.of(outputs, {}).outputs) == graphs.get_args(outputs)


def test_names_with_per_cent_signs_and_protocols(tmp_path):
    """A file has its own name in a folder that no pattern mistakes; the caller's stays as it is."""
    name = str(tmp_path / "%d of 5.png")
    outputs = graphs.output(graphs.input("pipe:0"), f"file:{name}")
    staged = graphs.get_args(Staged.of(outputs, {}).outputs)[-1]
    assert Path(staged).name == "%d of 5.png"
    assert Path(staged).parent.parent == tmp_path
    assert "%" not in Path(staged).parent.name
    assert graphs.get_args(outputs)[-1] == f"file:{name}"
