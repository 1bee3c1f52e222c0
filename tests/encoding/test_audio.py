"""Audio: carried over packet by packet where the file can hold it, in step with the frames."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from made_flashes import clip_of_flashes, offsets
from plain_mattes import EVERYTHING

from sinet_video import TimeRange, convert, decode, probe
from sinet_video.encoding.audio import nearest_rate

RATE = 48_000
VIDEO = ("-f", "lavfi", "-i", "testsrc2=s=96x64:r=25:d=1")


def tone(layout: str = "mono", seconds: float = 1, rate: int = RATE) -> tuple[str, ...]:
    """Arguments that give ffmpeg a source of the same tone in every channel."""
    count = {"mono": 1, "stereo": 2, "5.1(side)": 6}[layout]
    channels = "|".join(["0.4*sin(440*2*PI*t)"] * count)
    return ("-f", "lavfi", "-i", f"aevalsrc='{channels}':c={layout}:s={rate}:d={seconds}")


def made_green(source: Path, output: Path, **options) -> list[str]:
    """Convert a clip onto green, all of it being the person, and return the warnings."""
    report = convert(source, output, background="green", settings=EVERYTHING, **options)
    return report.warnings


@pytest.fixture(scope="module")
def talk(made) -> Path:
    """A second of frames and of AAC in MP4, with the usual priming before the start."""
    return made("talk.mp4", *VIDEO, *tone("stereo"), "-c:a", "aac")


@pytest.fixture(scope="module")
def probed(ffmpeg) -> Callable[[Path], tuple[list[dict], list[dict]]]:
    """What ffprobe says of a file's audio streams, and of the packets of the first."""

    @cache
    def read(path: Path) -> tuple[list[dict], list[dict]]:
        show = ("-show_streams", "-show_packets", "-show_data_hash", "md5")
        told = json.loads(ffmpeg("ffprobe", "-select_streams", "a", *show, "-of", "json", path))
        streams, packets = told["streams"], told["packets"]
        first = [packet for packet in packets if packet["stream_index"] == streams[0]["index"]]
        return streams, first

    return read


@pytest.fixture(scope="module")
def audio_facts(probed) -> Callable[[Path], list[dict]]:
    """What ffprobe says of a file's audio streams."""
    return lambda path: probed(path)[0]


@pytest.fixture(scope="module")
def packets(probed) -> Callable[[Path], list[str]]:
    """A hash of each packet of a file's first audio stream, in order."""
    return lambda path: [packet["data_hash"] for packet in probed(path)[1]]


@pytest.fixture(scope="module")
def heard(ffmpeg, tmp_path_factory) -> Callable[..., np.ndarray]:
    """What is heard of a file: samples of its first audio stream, int16 mono.

    With `timed`, silence is put before a late start, so that a sample's index is its time.
    """

    @cache
    def listen(path: Path, *, timed: bool = False) -> np.ndarray:
        raw = tmp_path_factory.mktemp("heard") / "raw"
        filters = ("-af", "aresample=async=1:first_pts=0") if timed else ()
        ffmpeg(
            "ffmpeg", "-i", path, "-map", "0:a:0", *filters, "-ac", "1", "-ar", RATE,
            "-f", "s16le", raw,
        )  # fmt: skip
        return np.fromfile(raw, np.int16)

    return listen


@pytest.fixture(scope="module")
def padding(probed) -> Callable[[Path], int]:
    """How many samples at its end a file's first audio stream says are not to be heard."""

    def read(path: Path) -> int:
        told = [side for packet in probed(path)[1] for side in packet.get("side_data_list", ())]
        return sum(int(side.get("discard_padding", 0)) for side in told)

    return read


@pytest.fixture(scope="module")
def lead(heard, padding, audio_facts) -> Callable[[Path, Path], int]:
    """How many samples are heard of a copy before the source's first, all others being equal.

    FFmpeg 8 writes into Matroska where the source says that its audio ends, which ffmpeg 5 does not
    heed in MP4: then the copy ends there, and else where the source's last packet does.
    """

    def measure(output: Path, source: Path) -> int:
        own, expected = heard(output), heard(source)
        cut = padding(output) - padding(source)
        if cut:
            length = float(audio_facts(source)[0]["duration"]) * RATE
            assert len(expected) - cut == pytest.approx(length, abs=1)
        before = len(own) - (len(expected) - cut)
        assert np.array_equal(own[before:], expected[: len(expected) - cut])
        return before

    return measure


# Copied


@pytest.mark.parametrize("name", ["o.mp4", "o.mov"])
def test_aac_is_copied_bit_for_bit(name, talk, packets, heard, audio_facts, tmp_path):
    """Every packet is the source's, and so is every sample that is heard, and when."""
    output = tmp_path / name
    assert made_green(talk, output) == []
    assert len(packets(talk)) > 40
    assert packets(output) == packets(talk)
    assert np.array_equal(heard(output), heard(talk))
    (before,), (after,) = audio_facts(talk), audio_facts(output)
    assert (after["start_time"], after["duration"]) == (before["start_time"], before["duration"])


PRIMED = [
    ("a.mp4", "aac -aac_pns 0", "o.mkv"),
    ("a.mp4", "libmp3lame", "o.mkv"),
    ("a.mp4", "libopus", "o.mkv"),
    ("a.mp4", "libopus", "o.webm"),
    ("a.mkv", "libopus", "o.mkv"),
    ("a.webm", "libopus", "o.webm"),
]
"""A source, its audio, and what it is copied into."""


@pytest.mark.parametrize(("name", "codec", "output"), PRIMED)
def test_what_primes_the_decoder_is_copied_into_matroska(
    name, codec, output, made, packets, lead, audio_facts, ffprobe_pts, tmp_path
):
    """With how much it is, so that all that is heard is the source's, to the sample.

    Programs that do not leave it out, such as ffmpeg 5 for AAC, have it before 0, where it was.
    """
    coder = ("-c:v", "libvpx-vp9") if name.endswith(".webm") else ()
    noise = ("-f", "lavfi", "-i", "anoisesrc=c=pink:seed=3:a=0.5:r=48000:d=1")
    source = made(name, *VIDEO, *noise, *coder, "-c:a", *codec.split())
    output = tmp_path / output
    assert made_green(source, output) == []
    assert packets(output) == packets(source)
    (before,), (after,) = audio_facts(source), audio_facts(output)
    start = float(after["start_time"]) + lead(output, source) / RATE
    # ffprobe counts what primes Opus to the stream in Matroska, and not in MP4.
    assert start == pytest.approx(float(before["start_time"]), abs=0.0071)
    found, wanted = ffprobe_pts(output), ffprobe_pts(source)
    assert list(map(float, found)) == pytest.approx(list(map(float, wanted)), abs=0.00051)


def test_audio_that_matroska_cannot_begin_with_is_named(made, audio_facts, tmp_path):
    """Opus says how much primes it, and no more can be hidden: half a packet is lost, and said."""
    long = made("long.mp4", *VIDEO, *tone(), "-c:a", "libopus")
    source = made("half.mp4", "-ss", "0.49", "-i", str(long), "-c:v", "libx264", "-c:a", "copy")
    (warning,) = made_green(source, tmp_path / "o.mkv")
    (track,) = audio_facts(tmp_path / "o.mkv")
    lost = float(warning.split()[3])
    assert warning.startswith("Audio (opus) before 0.0")
    assert float(track["start_time"]) == pytest.approx(lost, abs=0.0011)
    assert made_green(source, tmp_path / "o.mp4") == []


@pytest.mark.parametrize(("name", "until"), [("o.mp4", 0), ("o.mkv", 0.08), ("o.webm", 0)])
def test_audio_before_0_is_left_out_and_named(
    name, until, made, audio_facts, ffprobe_pts, tmp_path
):
    """Frames are not moved for it, copied or encoded, and what is left starts where it did."""
    early = ("-itsoffset", "-0.3", *tone(seconds=1.3))
    source = made("early.mkv", *early, *VIDEO, "-c:v", "ffv1", "-c:a", "flac", "-copyts",
                  "-avoid_negative_ts", "disabled")  # fmt: skip
    *_, warning = (
        made_green(source, tmp_path / name)
        if name != "o.webm"
        else convert(source, tmp_path / name, settings=EVERYTHING).warnings
    )
    assert warning.startswith(f"Audio (flac) before {until:.2f}")
    found, wanted = ffprobe_pts(tmp_path / name), ffprobe_pts(source)
    assert list(map(float, found)) == pytest.approx(list(map(float, wanted)), abs=0.00051)
    (track,) = audio_facts(tmp_path / name)
    assert float(track["start_time"]) == pytest.approx(until, abs=0.008)


def onset(samples: np.ndarray) -> int:
    """The index of the first sample that is loud."""
    return int(np.argmax(np.abs(samples.astype(int)) > 3000))


@pytest.mark.parametrize("name", ["o.mp4", "o.mov", "o.mkv", "o.webm"])
def test_frames_stay_where_they_are_beside_audio(name, talk, ffprobe_pts, tmp_path):
    """Priming before zero does not push the frames."""
    made_green(talk, tmp_path / name)
    found, expected = ffprobe_pts(tmp_path / name), ffprobe_pts(talk)
    assert list(map(float, found)) == pytest.approx(list(map(float, expected)), abs=0.00051)


def test_priming_of_more_than_whole_packets(made, heard, lead, ffprobe_pts, tmp_path):
    """Apple's encoder primes with 2112 samples, two packets and a bit: none of it is heard."""
    long = made("exact.mp4", *VIDEO, *tone(), "-c:a", "aac", "-aac_pns", "0")  # no noise of its own
    source = made("cut.mp4", "-ss", "0.49", "-i", str(long), "-c:v", "libx264", "-c:a", "copy")
    made_green(source, tmp_path / "o.mp4")
    assert np.array_equal(heard(tmp_path / "o.mp4"), heard(source))
    assert ffprobe_pts(tmp_path / "o.mp4") == ffprobe_pts(source)
    assert made_green(source, tmp_path / "o.mkv") == []
    assert 0 <= lead(tmp_path / "o.mkv", source) <= 2112
    assert list(map(float, ffprobe_pts(tmp_path / "o.mkv"))) == pytest.approx(
        list(map(float, ffprobe_pts(source))), abs=0.00051
    )


def test_audio_that_starts_late_with_priming_starts_as_late(
    shared, heard, audio_facts, packets, tmp_path
):
    """A phone's clip: first audio at 2.43 s, and samples before that only to prime the decoder."""
    source, output = shared / "clips/real/phone_vfr_hevc_two_shots.mov", tmp_path / "o.mp4"
    # A matte that is white throughout is quick to encode, and the audio is the same.
    convert(source, output, show="alpha", settings=EVERYTHING)
    (before,), (after,) = audio_facts(source), audio_facts(output)
    assert float(before["start_time"]) > 2.4
    assert after["start_time"] == before["start_time"]
    assert after["duration"] == before["duration"]
    assert packets(output) == packets(source)
    assert np.array_equal(heard(output), heard(source))


@pytest.mark.parametrize("name", ["o.mp4", "o.mov", "o.mkv", "o.webm"])
def test_audio_that_starts_late_stays_late(name, made, heard, audio_facts, tmp_path):
    """Made: silence for 0.6 s, as the track itself begins then."""
    source = made("late.mp4", *VIDEO, "-itsoffset", "0.6", *tone(seconds=0.4), "-c:a", "aac")
    made_green(source, tmp_path / name)
    assert float(audio_facts(tmp_path / name)[0]["start_time"]) > 0.55
    expected = onset(heard(source, timed=True))
    assert expected == pytest.approx(0.6 * RATE, abs=1100)
    assert onset(heard(tmp_path / name, timed=True)) == pytest.approx(expected, abs=0.025 * RATE)


@pytest.mark.parametrize("name", ["o.mp4", "o.mkv", "o.webm"])
def test_audio_may_be_shorter_or_longer_than_the_frames(name, made, heard, tmp_path):
    """Neither is cut to the other."""
    for seconds in (0.5, 2.0):
        source = made(f"{seconds}.mp4", *VIDEO, *tone(seconds=seconds), "-c:a", "aac")
        output = tmp_path / f"{seconds}-{name}"
        made_green(source, output)
        # Older ffmpegs hear what primes AAC in Matroska, a packet more.
        assert len(heard(output)) / RATE == pytest.approx(seconds, abs=0.03 + 1024 / RATE)


def test_two_tracks_keep_their_languages(made, audio_facts, tmp_path):
    """All are carried, in order."""
    source = made(
        "two.mp4", *VIDEO, *tone(), *tone("stereo"), "-map", "0", "-map", "1", "-map", "2",
        "-c:a", "aac", "-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=ger",
    )  # fmt: skip
    assert [track.language for track in probe(source).audio] == ["eng", "ger"]
    for name in ("o.mp4", "o.mov", "o.mkv", "o.webm"):
        made_green(source, tmp_path / name)
        found = [(s["tags"]["language"], s["channels"]) for s in audio_facts(tmp_path / name)]
        assert found == [("eng", 1), ("ger", 2)], name


def test_no_audio_is_no_audio(made, audio_facts, tmp_path):
    """A silent clip gets no track, and its report says so; one with audio says copied."""
    silent = made("silent.mp4", *VIDEO)
    report = convert(silent, tmp_path / "silent.mp4", settings=EVERYTHING)
    assert (report.audio, audio_facts(tmp_path / "silent.mp4")) == ("none", [])
    loud = made("loud.mp4", *VIDEO, *tone(), "-c:a", "aac")
    report = convert(loud, tmp_path / "loud.mp4", settings=EVERYTHING)
    assert (report.audio, len(audio_facts(tmp_path / "loud.mp4"))) == ("copied", 1)


def test_pngs_and_mattes_have_no_audio(talk, audio_facts, tmp_path):
    """Audio goes into the result, not into the matte beside it."""
    report = convert(talk, tmp_path / "o.mp4", matte=tmp_path / "m.mp4", settings=EVERYTHING)
    assert report.audio == "copied"
    assert len(audio_facts(tmp_path / "o.mp4")) == 1
    assert audio_facts(tmp_path / "m.mp4") == []
    report = convert(talk, tmp_path / "images", settings=EVERYTHING)
    assert report.audio == "none"


# Encoded anew


def test_webm_gets_opus_and_a_warning(talk, audio_facts, heard, tmp_path):
    """AAC does not go into WebM; what comes instead is as long, starts then, and is as loud."""
    report = convert(talk, tmp_path / "o.webm", settings=EVERYTHING)
    (warning,) = report.warnings
    assert report.audio == "encoded"
    assert all(word in warning for word in ("aac", "webm", "opus"))
    (track,) = audio_facts(tmp_path / "o.webm")
    assert (track["codec_name"], track["channels"]) == ("opus", 2)
    assert float(track["start_time"]) == pytest.approx(0, abs=0.025)
    found, expected = heard(tmp_path / "o.webm", timed=True), heard(talk, timed=True)
    assert len(found) / RATE == pytest.approx(len(expected) / RATE, abs=0.025)
    assert onset(found) == pytest.approx(onset(expected), abs=0.025 * RATE)
    assert loudness(found) == pytest.approx(loudness(expected), rel=0.1)


def loudness(samples: np.ndarray) -> float:
    """Root mean square."""
    return float(np.sqrt(np.mean(np.square(samples.astype(float)))))


AUDIOS = [
    ("aac", "stereo", "a.ts", "libx264"),
    ("ac3", "5.1(side)", "a.mkv", "libx264"),
    ("libmp3lame", "stereo", "a.avi", "mpeg4"),
    ("pcm_s16le", "stereo", "a.mkv", "libx264"),
    ("flac", "stereo", "a.mkv", "libx264"),
    ("libvorbis", "stereo", "a.mkv", "libx264"),
    ("libopus", "stereo", "a.webm", "libvpx"),
    ("wmav2", "stereo", "a.wmv", "wmv2"),
]


@pytest.mark.parametrize("name", ["o.mp4", "o.mov", "o.mkv", "o.webm"])
@pytest.mark.parametrize(("codec", "layout", "given", "video"), AUDIOS)
def test_any_audio_goes_into_any_file(
    codec, layout, given, video, name, made, heard, audio_facts, tmp_path
):
    """As it is or encoded anew: as many channels, as long, as loud, and a warning if anew."""
    source = made(given, *VIDEO, *tone(layout), "-c:v", video, "-c:a", codec)
    report = convert(source, tmp_path / name, background="green", settings=EVERYTHING)
    (before,), (after,) = audio_facts(source), audio_facts(tmp_path / name)
    assert after["channels"] == before["channels"]
    assert (report.audio == "encoded") == bool(report.warnings)
    found, expected = heard(tmp_path / name), heard(source)
    assert len(found) / RATE == pytest.approx(len(expected) / RATE, abs=0.06)
    assert loudness(found) == pytest.approx(loudness(expected), rel=0.15)


@pytest.mark.parametrize(
    ("name", "carried", "codec"),
    [
        ("o.mp4", "encoded", "aac"),
        ("o.mov", "copied", "pcm_s24le"),
        ("o.mkv", "copied", "pcm_s24le"),
    ],
)
def test_deep_pcm_is_never_noise(name, carried, codec, made, heard, audio_facts, tmp_path):
    """Programs that do not know how MP4 says 24 bits play it as 16: it is not copied there."""
    source = made("deep.mov", *VIDEO, *tone("stereo"), "-c:v", "libx264", "-c:a", "pcm_s24le")
    report = convert(source, tmp_path / name, background="green", settings=EVERYTHING)
    (facts,) = audio_facts(tmp_path / name)
    assert (report.audio, facts["codec_name"]) == (carried, codec)
    assert loudness(heard(tmp_path / name)) == pytest.approx(loudness(heard(source)), rel=0.15)


# In step

FLASHES = "geq=lum='if(eq(mod(N,25),20),235,16)':cb=128:cr=128"
BEEPS = "aevalsrc='if(between(mod(t,1),0.8,0.84),0.8*sin(2*PI*1000*t),0)':s=48000:d=3"


@pytest.fixture(scope="module")
def clapper(made) -> Path:
    """Three seconds of black and silence, with a white frame and a beep at 0.8 s of each."""
    return made(
        "clapper.mp4", "-f", "lavfi", "-i", f"nullsrc=s=96x64:r=25:d=3,{FLASHES}", "-f", "lavfi",
        "-i", BEEPS, "-c:v", "libx264", "-g", "25", "-c:a", "aac",
    )  # fmt: skip


@pytest.fixture(scope="module")
def events(ffmpeg, heard) -> Callable[[Path], tuple[list[float], list[float]]]:
    """When a file flashes, and when it beeps, in seconds."""

    def find(path: Path) -> tuple[list[float], list[float]]:
        out = ffmpeg(
            "ffprobe", "-f", "lavfi", "-i", f"movie={path},signalstats", "-show_entries",
            "frame=pts_time:frame_tags=lavfi.signalstats.YAVG", "-of", "json",
        )  # fmt: skip
        flashes = [
            float(frame["pts_time"])
            for frame in json.loads(out)["frames"]
            if float(frame["tags"]["lavfi.signalstats.YAVG"]) > 100
        ]
        loud = np.flatnonzero(np.abs(heard(path, timed=True).astype(int)) > 8000)
        starts = loud[np.diff(loud, prepend=-RATE) > RATE // 4]
        return flashes, [float(start) / RATE for start in starts]

    return find


@pytest.mark.parametrize("name", ["o.mp4", "o.mov", "o.mkv", "o.webm"])
@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (None, None, [0.8, 1.8, 2.8]),
        ("0.5", None, [0.3, 1.3, 2.3]),
        ("1.013", "2.5", [0.787]),
        ("0.72", "1.9", [0.08, 1.08]),
    ],
)
def test_flash_and_beep_stay_together(name, start, end, expected, clapper, events, tmp_path):
    """Whatever stretch is taken, to within one frame of AAC."""
    span = TimeRange(start and Fraction(start), end and Fraction(end))
    made_green(clapper, tmp_path / name, span=span)
    flashes, beeps = events(tmp_path / name)
    assert flashes == pytest.approx(expected, abs=0.002)
    assert beeps == pytest.approx(expected, abs=1024 / RATE + 0.002)


def test_a_stretch_has_audio_for_as_long_as_frames(clapper, heard, tmp_path):
    """What is heard before and after it is left out."""
    for name in ("o.mp4", "o.mkv", "o.webm"):
        made_green(clapper, tmp_path / name, span=TimeRange(Fraction(1), Fraction(2)))
        assert len(heard(tmp_path / name)) / RATE == pytest.approx(1, abs=0.05), name


def test_a_stretch_of_a_late_clip_stays_in_step(clapper, ffmpeg, events, tmp_path):
    """Where all of a file starts late, a stretch counts on the file's own clock."""
    late = tmp_path / "late.mp4"
    ffmpeg("ffmpeg", "-i", clapper, "-c", "copy", "-output_ts_offset", "2", late)
    made_green(late, tmp_path / "o.mp4", span=TimeRange(start=Fraction("3.5")))
    flashes, beeps = events(tmp_path / "o.mp4")
    assert flashes == pytest.approx([0.3, 1.3], abs=0.002)
    assert beeps == pytest.approx([0.3, 1.3], abs=1024 / RATE + 0.002)


@pytest.mark.parametrize(
    ("rate", "rates", "nearest"),
    [
        (192_000, (96_000, 48_000), 96_000),
        (5512, (8000, 7350), 7350),
        (44_100, (96_000, 44_100), 44_100),
        (37_800, (48_000, 44_100, 32_000), 44_100),
        (22_222, (), 22_222),
    ],
)
def test_the_nearest_rate_loses_nothing(rate, rates, nearest):
    """The least that holds it all, or the encoder's largest."""
    assert nearest_rate(rate, rates) == nearest


def test_audio_that_changes_its_layout_and_rate_goes_on(tmp_path, ffmpeg, heard):
    """A broadcast that turns from stereo to surround is encoded as it began, without a gap."""
    pieces = []
    for index, layout in enumerate((("stereo", 44_100), ("5.1(side)", 48_000))):
        part = tmp_path / f"{index}.ts"
        ffmpeg("ffmpeg", *VIDEO, *tone(layout[0], rate=layout[1]), "-c:a", "ac3", part)
        pieces.append(part.read_bytes())
    path = tmp_path / "joined.ts"
    path.write_bytes(b"".join(pieces))
    warnings = made_green(path, tmp_path / "o.webm")
    assert any("jumps once" in warning for warning in warnings)
    samples = heard(tmp_path / "o.webm")
    assert len(samples) / RATE == pytest.approx(2, abs=0.1)
    assert np.abs(samples[len(samples) * 3 // 4 :]).mean() > 0.05


@pytest.mark.parametrize("count", [1, 2, 9])
def test_audio_that_names_no_channels_stays_as_it_is_in_mov(
    count, made, audio_facts, heard, tmp_path
):
    """As MXF and recorders of many channels have it: AAC took its place."""
    channels = "|".join(["0.4*sin(440*2*PI*t)"] * count)
    sound = ("-f", "lavfi", "-i", f"aevalsrc='{channels}':s={RATE}:d=1")
    name, video = ("many.mov", "libx264") if count > 2 else (f"{count}.mxf", "mpeg2video")
    source = made(name, *VIDEO, *sound, "-c:v", video, "-c:a", "pcm_s24le")
    assert made_green(source, tmp_path / "o.mov") == []
    (after,) = audio_facts(tmp_path / "o.mov")
    assert (after["codec_name"], after["channels"]) == ("pcm_s24le", count)
    if count <= 2:
        assert np.array_equal(heard(source), heard(tmp_path / "o.mov"))


def test_channels_that_an_encoder_cannot_hold_are_told_of(made, audio_facts, tmp_path):
    """Nine without names, of which nobody can say how to mix them, ended the job."""
    for count, words in (
        (9, "the first two of its 9 channels."),
        (16, "its 16 channels mixed down to stereo."),
    ):
        channels = "|".join(["0.4*sin(440*2*PI*t)"] * 2 + ["0"] * (count - 2))
        sound = ("-f", "lavfi", "-i", f"aevalsrc='{channels}':s={RATE}:d=1")
        source = made(f"{count}.mov", *VIDEO, *sound, "-c:a", "pcm_s24le")
        output = tmp_path / f"{count}.mp4"
        (said,) = made_green(source, output)
        assert said.endswith(f"re-encoded as aac, {words}")
        assert [each["channels"] for each in audio_facts(output)] == [2]


@pytest.mark.parametrize(
    ("name", "codec"), [("a.avi", "mpeg4"), ("a.mxf", "mpeg2video"), ("a.mkv", "copy")]
)
@pytest.mark.parametrize("start", [0.299, 0.311])
def test_audio_of_a_part_is_in_step_where_times_are_counted_in_frames(
    name, codec, start, made, tmp_path
):
    """A part that begins between two frames was up to half a frame out of step in AVI and MXF."""
    flashes = clip_of_flashes(tmp_path / "flashes.mkv", 2.4, "pcm_s16le")
    sound = ("-c:a", "pcm_s16le", "-g", "1")
    source = made(f"{start}{name}", "-i", flashes, "-c:v", codec, "-qscale:v", "2", *sound)
    output = tmp_path / "o.mkv"
    convert(
        source,
        output,
        background="red",
        show="composite",
        span=TimeRange(start),
        settings=EVERYTHING,
    )
    found = offsets(output)
    assert len(found) >= 4
    assert np.ptp([*found, *offsets(source)]) < 0.004
    assert next(decode(output)).time < 0.04
