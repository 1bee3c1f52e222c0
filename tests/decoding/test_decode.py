"""Reading clips: what a file is, its frames and their times, and what is said of bad files."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image, ImageCms

from sinet_video import Clip, Frame, InputError, SettingError, TimeRange, decode, probe
from sinet_video.decoding.concealment import Tally
from sinet_video.media.colour import Colour
from sinet_video.media.pixel_formats import PLANAR, working_format

RAMP = "nullsrc=s=96x64:r=25:d=0.12,format=gbrp,geq=r='X*2+20':g='Y*3+30':b='200-X'"
UNEVEN = [0, 512, 700, 1500, 1512, 3000, 5000, 5512, 6100, 9000, 9001, 12000]


def times(frames: list[Frame]) -> list[Fraction]:
    """The exact seconds of frames."""
    return [frame.time for frame in frames]


def complaint(path: Path) -> str:
    """What is said of a bad file when it is probed or, if that goes well, decoded."""
    with pytest.raises(InputError) as caught:
        list(decode(path))
    message = str(caught.value)
    assert "\n" not in message
    assert message.endswith(".")
    assert str(path) in message
    return message


@pytest.fixture(scope="module")
def made(tmp_path_factory, ffmpeg) -> Callable[..., Path]:
    """Write a clip with ffmpeg: `made("a.mkv", "-c:v", "ffv1", source=...)`."""

    def make(name: str, *arguments: object, source: str = "testsrc2=s=96x64:r=25:d=2") -> Path:
        path = tmp_path_factory.mktemp("decoding") / name
        ffmpeg("ffmpeg", "-f", "lavfi", "-i", source, *arguments, path)
        return path

    return make


@pytest.fixture(scope="module")
def whole(made) -> Path:
    """Two seconds of H.264 with B-frames and a key frame every 12 frames, in MP4."""
    return made("whole.mp4", "-c:v", "libx264", "-bf", "2", "-g", "12", "-movflags", "faststart")


@pytest.fixture(scope="module")
def remuxed(tmp_path_factory, ffmpeg, whole) -> Callable[..., Path]:
    """Put the frames of `whole` into another file as they are."""

    def remux(name: str, *arguments: object) -> Path:
        path = tmp_path_factory.mktemp("remuxed") / name
        ffmpeg("ffmpeg", "-i", whole, "-c", "copy", *arguments, path)
        return path

    return remux


# Facts


def test_probe_says_what_ffprobe_says(carphone, ffmpeg):
    """Size, codec, times, rate and count are those of an independent reader."""
    out = ffmpeg("ffprobe", "-show_streams", "-show_format", "-of", "json", carphone)
    found = json.loads(out)
    stream, container = found["streams"][0], found["format"]
    clip = probe(carphone)
    assert (clip.width, clip.height) == (stream["width"], stream["height"])
    assert (clip.codec, clip.pixel_format) == (stream["codec_name"], stream["pix_fmt"])
    assert clip.container == container["format_name"]
    assert clip.time_base == Fraction(stream["time_base"])
    assert clip.start == stream["start_pts"]
    assert clip.rate == Fraction(stream["avg_frame_rate"])
    assert clip.frames == int(stream["nb_frames"])
    assert clip.duration == pytest.approx(float(stream["duration"]), abs=1e-6)
    assert clip.sample_aspect == Fraction(stream["sample_aspect_ratio"].replace(":", "/"))
    assert (clip.audio, clip.rotation) == ((), 0)


def test_probe_counts_frames_only_where_the_file_does(remuxed):
    """Matroska does not say how many frames it has, and no guess is made."""
    clip = probe(remuxed("uncounted.mkv"))
    assert clip.frames is None
    assert clip.duration == pytest.approx(2.0, abs=0.1)


def test_probe_says_colour_tags_and_pixel_aspect(made):
    """Tags come as H.273 numbers, and pixels need not be square."""
    clip = probe(
        made(
            "tagged.mp4", "-vf", "setsar=4/3", "-colorspace", "bt709", "-color_primaries", "bt709",
            "-color_trc", "bt709", "-color_range", "tv",
        )
    )  # fmt: skip
    assert (clip.colour.matrix, clip.colour.primaries, clip.colour.transfer) == (1, 1, 1)
    assert clip.colour.range == 1
    assert clip.sample_aspect == Fraction(4, 3)
    assert clip.shown_aspect == pytest.approx(96 / 64 * 4 / 3)


def test_probe_says_which_tags_are_missing(whole):
    """What a file does not say stays not said."""
    colour = probe(whole).colour
    assert (colour.matrix, colour.primaries, colour.transfer) == (2, 2, 2)


def test_probe_lists_audio(make_clip):
    """Each audio stream has its codec, rate, channels and start."""
    (track,) = probe(make_clip("audio.mp4", audio=True)).audio
    assert (track.codec, track.rate, track.channels) == ("aac", 44100, 1)
    assert track.start == pytest.approx(0, abs=0.03)
    assert track.index == 1


def test_a_phone_clip_is_turned(remuxed, ffmpeg):
    """Its angle is the one that ffprobe says, its coded size stays, its shown shape is upright."""
    path = remuxed("phone.mp4", "-metadata:s:v", "rotate=90")
    said = ffmpeg("ffprobe", "-show_entries", "stream_side_data=rotation", "-of", "json", path)
    clip = probe(path)
    assert clip.rotation == json.loads(said)["streams"][0]["side_data_list"][0]["rotation"]
    assert abs(clip.rotation) == 90
    assert (clip.width, clip.height) == (96, 64)
    assert clip.shown_aspect == pytest.approx(64 / 96)
    assert next(decode(clip)).rotation == clip.rotation


def test_a_cover_frame_is_not_the_video(tmp_path, ffmpeg, made):
    """A song with a frame on its sleeve has no video in it."""
    cover = made("cover.png", "-frames:v", "1")
    song = tmp_path / "song.m4a"
    ffmpeg(
        "ffmpeg", "-f", "lavfi", "-i", "sine=d=0.2", "-i", cover, "-map", "0", "-map", "1",
        "-c:v", "png", "-disposition:v", "attached_pic", "-f", "mp4", song,
    )  # fmt: skip
    assert "no video" in complaint(song)


# Times


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.mkv", "a.ts", "a.webm"])
def test_constant_rate_keeps_the_file_s_times(name, made, remuxed, ffprobe_pts):
    """Each frame has the pts that the file gives it, B-frames and all."""
    path = made(name, "-c:v", "libvpx-vp9") if name.endswith("webm") else remuxed(name)
    expected = ffprobe_pts(path)
    assert len(expected) == 50
    assert times(list(decode(path))) == expected


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_variable_rate_keeps_the_file_s_times(name, make_clip, ffprobe_pts):
    """Uneven times come out as uneven; of two in one millisecond Matroska cannot tell."""
    path = make_clip(name, times=UNEVEN)
    tally = Tally()
    found = times(list(decode(path, tally=tally)))
    expected = ffprobe_pts(path)
    assert found == sorted(set(expected))
    assert tally.repeated == len(expected) - len(found) == (name == "a.mkv")
    assert len({b - a for a, b in pairwise(found)}) > 5


def test_durations_reach_from_each_frame_to_the_next(make_clip):
    """With a variable rate a frame lasts until the next one, except the last."""
    frames = list(decode(make_clip("lengths.mp4", times=UNEVEN)))
    gaps = [b.pts - a.pts for a, b in pairwise(frames)]
    assert [frame.duration for frame in frames[:-1]] == gaps


@pytest.mark.parametrize("name", ["late.mp4", "late.mov", "late.mkv"])
def test_a_late_start_is_kept(name, remuxed, ffprobe_pts):
    """A file that starts at ten seconds is whole, and starts at ten seconds."""
    path = remuxed(name, "-output_ts_offset", "10")
    found = times(list(decode(path)))
    assert found == ffprobe_pts(path)
    assert 10 <= found[0] < 12
    assert probe(path).start * probe(path).time_base == found[0]


def test_a_broadcast_s_clock_begins_at_zero(remuxed, ffprobe_pts):
    """What a transport stream's clock says at its beginning says nothing of the clip."""
    path = remuxed("late.ts", "-output_ts_offset", "80000")
    clip = probe(path)
    assert clip.origin > 80000
    assert times(list(decode(path))) == ffprobe_pts(path)
    assert clip.start * clip.time_base == ffprobe_pts(path)[0] < 1
    cut = list(decode(path, TimeRange(Fraction(1, 2), Fraction(1))))
    assert len(cut) == sum(Fraction(1, 2) <= time < 1 for time in ffprobe_pts(path))


def test_a_start_before_zero_is_kept(made, ffprobe_pts):
    """Negative times are times like others."""
    early = ("-output_ts_offset", "-1", "-avoid_negative_ts", "disabled")
    path = made("early.asf", "-c:v", "mpeg4", *early)
    found = times(list(decode(path)))
    assert found == ffprobe_pts(path)
    assert found[0] == -1


def test_frames_that_an_edit_list_hides_are_not_shown(tmp_path, ffmpeg, whole):
    """A file cut without encoding decodes from a key frame, but shows what it is told to."""
    path = tmp_path / "cut.mp4"
    ffmpeg("ffmpeg", "-ss", "0.7", "-i", whole, "-c", "copy", path)
    packets = ffmpeg("ffprobe", "-show_entries", "packet=pts,flags", "-of", "csv=p=0", path)
    shown = sorted(int(pts) for pts, flags in map(parts, packets.split()) if "D" not in flags)
    assert len(shown) < len(packets.split())
    assert [frame.pts for frame in decode(path)] == shown


def parts(line: str) -> tuple[str, str]:
    """The first two values of a line of CSV."""
    first, second, *_ = line.split(",")
    return first, second


# Pixel formats


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("yuv420p", "yuv420p"),
        ("yuvj422p", "yuvj422p"),
        ("yuv444p10le", "yuv444p10le"),
        ("rgb24", "gbrp"),
        ("bgra", "gbrp"),
        ("gbrp10le", "gbrp10le"),
        ("rgb48be", "gbrp16le"),
        ("x2rgb10le", "gbrp10le"),
        ("pal8", "gbrp"),
        ("nv12", "yuv420p"),
        ("p010le", "yuv420p10le"),
        ("gray", "yuv420p"),
        ("gray10le", "yuv420p10le"),
        ("gray16be", "yuv420p16le"),
        ("monob", "yuv420p"),
        ("yuv422p14be", "yuv422p14le"),
        ("yuvj440p", "yuv440p"),
        ("gbrpf32le", "gbrp16le"),
        ("yuv420p12le", "yuv420p12le"),
        ("yuv420p10be", "yuv420p10le"),
        ("yuva420p", "yuv420p"),
        ("yuva444p12le", "yuv444p12le"),
        ("yuyv422", "yuv422p"),
        ("yuv411p", "yuv411p"),
        ("yuv410p", "yuv410p"),
        ("yuv440p", "yuv440p"),
    ],
)
def test_each_format_has_a_working_format(given, expected):
    """No colour and no depth is lost."""
    assert working_format(given) == expected
    assert expected in PLANAR


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuva420p", "yuva444p10le", "yuv411p"])
def test_what_the_source_does_not_say_is_not_made_up(pixel_format, tmp_path, ffmpeg):
    """Converted or not, an untagged clip stays untagged."""
    path = tmp_path / "a.nut"
    source = ("-f", "lavfi", "-i", "testsrc2=s=64x48:d=0.2")
    ffmpeg("ffmpeg", *source, "-c:v", "rawvideo", "-pix_fmt", pixel_format, path)
    assert probe(path).colour == Colour(matrix=2, range=0, primaries=2, transfer=2)
    (first, *_) = decode(path)
    assert Colour.of(first.video) == probe(path).colour


STORED = [
    ("ffv1", "yuv420p", "a.mkv", "yuv420p"),
    ("ffv1", "yuv422p", "a.mkv", "yuv422p"),
    ("ffv1", "yuv444p", "a.mkv", "yuv444p"),
    ("ffv1", "yuv411p", "a.mkv", "yuv411p"),
    ("ffv1", "yuva420p", "a.mkv", "yuv420p"),
    ("ffv1", "yuv420p10le", "a.mkv", "yuv420p10le"),
    ("ffv1", "yuv422p12le", "a.mkv", "yuv422p12le"),
    ("ffv1", "gray", "a.mkv", "yuv420p"),
    ("ffv1", "gray10le", "a.mkv", "yuv420p10le"),
    ("ffv1", "bgra", "a.mkv", "gbrp"),
    ("ffv1", "gbrp10le", "a.mkv", "gbrp10le"),
    ("mjpeg", "yuvj422p", "a.mov", "yuvj422p"),
    ("png", "rgb24", "a.mov", "gbrp"),
    ("gif", "rgb8", "a.gif", "gbrp"),
    ("rawvideo", "nv12", "a.nut", "yuv420p"),
    ("rawvideo", "yuyv422", "a.nut", "yuv422p"),
    ("libx264rgb", "rgb24", "a.mkv", "gbrp"),
]


@pytest.mark.parametrize(("codec", "stored", "name", "working"), STORED)
def test_every_format_keeps_its_colours(codec, stored, name, working, made, ffmpeg, tmp_path):
    """RGB of a frame is what ffmpeg makes of the same file, to a few values."""
    path = made(name, "-c:v", codec, "-pix_fmt", stored, source=RAMP)
    frames = list(decode(path))
    assert frames[0].video.format.name == working
    raw = tmp_path / "expected.rgb"
    ffmpeg(
        "ffmpeg", "-i", path, "-sws_flags", "accurate_rnd+full_chroma_int+bicubic",
        "-vsync", "passthrough", "-f", "rawvideo", "-pix_fmt", "rgb24", raw,
    )  # fmt: skip
    expected = np.fromfile(raw, np.uint8).reshape(-1, 64, 96, 3)
    found = np.stack([frame.rgb for frame in frames])
    assert found.shape == expected.shape
    assert np.abs(found.astype(int) - expected).max() <= 4


@pytest.mark.parametrize(
    ("stored", "tags"),
    [
        ("yuv444p", ("-colorspace", "bt709")),
        ("yuv444p", ("-colorspace", "smpte170m")),
        ("yuv444p", ("-colorspace", "bt2020nc")),
        ("yuv444p", ("-color_range", "pc")),
    ],
)
def test_tags_say_how_colours_are_read(stored, tags, made, ffmpeg, tmp_path):
    """The same samples are other colours in another matrix or range, as ffmpeg has it."""
    path = made("tags.mkv", "-c:v", "ffv1", "-pix_fmt", stored, *tags, source=RAMP)
    raw = tmp_path / "expected.rgb"
    ffmpeg(
        "ffmpeg", "-i", path, "-sws_flags", "accurate_rnd+full_chroma_int+bicubic",
        "-f", "rawvideo", "-pix_fmt", "rgb24", raw,
    )  # fmt: skip
    expected = np.fromfile(raw, np.uint8).reshape(-1, 64, 96, 3)[0]
    assert np.abs(next(decode(path)).rgb.astype(int) - expected).max() <= 4


def test_a_frame_that_changes_size_comes_in_the_first_size(tmp_path, ffmpeg):
    """Broadcasts switch sizes in mid-stream; the stages after this one never see it."""
    whole = b""
    for start, size in ((1, "96x64"), (2, "160x120")):
        part = tmp_path / f"{size}.ts"
        ffmpeg(
            "ffmpeg", "-f", "lavfi", "-i", f"smptebars=s={size}:r=25:d=1", "-c:v", "libx264",
            "-bf", "0", "-output_ts_offset", start, part,
        )  # fmt: skip
        whole += part.read_bytes()
    path = tmp_path / "switch.ts"
    path.write_bytes(whole)
    with av.open(str(path)) as container:
        assert {frame.width for frame in container.decode(video=0)} == {96, 160}
    frames = list(decode(path))
    assert len(frames) == 50
    assert {(f.width, f.height, f.rgb.shape) for f in frames} == {(96, 64, (64, 96, 3))}
    late, early = frames[40].rgb.astype(int), frames[15].rgb.astype(int)
    assert np.abs(late - early).mean() < 12, "the larger frame was cut, not scaled"


def test_frames_are_freed_at_once(carphone):
    """No cycle of references holds a frame's samples until the garbage collector runs."""

    def alive() -> int:
        return sum(issubclass(type(each), av.VideoFrame) for each in gc.get_objects())

    gc.collect()
    before = alive()
    gc.disable()
    try:
        count = sum(1 for _ in decode(carphone))
        after = alive()
    finally:
        gc.enable()
    assert count > 50
    assert after <= before + 1


def test_decoding_is_lazy(whole):
    """A consumer that stops has not paid for the rest, and the file is closed."""
    frames = decode(whole)
    assert next(frames).pts == 0
    frames.close()
    assert next(frames, None) is None


# Spans


@pytest.mark.parametrize(
    "name",
    ["a.mp4", "a.mov", "a.mkv", "a.flv", "a.ts", "a.mpg", "a.avi", "a.webm", "late.mp4"],
)
def test_a_span_starts_at_any_frame(name, made, remuxed):
    """Wherever a stretch starts, it has every frame from there on, its times less the start."""
    own = {"a.webm": "libvpx-vp9", "a.avi": "mpeg4", "a.mpg": "mpeg2video"}
    if name in own:
        path = made(name, "-c:v", own[name], "-g", "12", "-bf", "0" if name == "a.webm" else "2")
    else:
        late = ("-output_ts_offset", "3") if name.startswith("late") else ()
        path = remuxed(name, *late)
    every = times(list(decode(path)))
    assert len(every) == 50
    for first in range(1, 50, 4):
        found = times(list(decode(path, TimeRange(start=every[first]))))
        assert len(found) == 50 - first, f"starting at frame {first}"
        assert found[0] == pytest.approx(0, abs=0.001)
        assert found[-1] == pytest.approx(every[-1] - every[first], abs=0.001)


def test_a_span_ends_before_its_end(whole):
    """The frame at the end's own time is not in it any more."""
    assert len(list(decode(whole, TimeRange(end=Fraction(20, 25))))) == 20
    assert len(list(decode(whole, TimeRange(end=Fraction(201, 250))))) == 21


def test_a_span_in_the_middle(whole):
    """Start and end together; times count from the start."""
    found = times(list(decode(whole, TimeRange(Fraction(10, 25), Fraction(15, 25)))))
    assert found == [Fraction(i, 25) for i in range(5)]


def test_a_start_between_two_frames_keeps_the_distance(whole):
    """Frames move by the start, not to the start, so that audio moves along."""
    first = next(decode(whole, TimeRange(start=Fraction(1, 50))))
    assert first.time == Fraction(1, 50)


@pytest.mark.parametrize("start", [Fraction(3), Fraction(10**6)])
def test_a_span_past_the_end_is_empty(whole, start):
    """There is nothing there, however far past."""
    assert list(decode(whole, TimeRange(start=start))) == []


@pytest.mark.parametrize(
    ("start", "end"), [(Fraction(2), Fraction(1)), (Fraction(1), Fraction(1)), (Fraction(-1), None)]
)
def test_a_span_that_cannot_be_is_refused(start, end):
    """Backwards, empty and negative stretches are settings' errors."""
    with pytest.raises(SettingError, match=r"\.$"):
        TimeRange(start, end)


# Bad files


def test_a_png_with_a_colour_profile(tmp_path):
    """As photo editors write it: its profile has a name, which is not freed twice."""
    picture = tmp_path / "photo.png"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.new("RGB", (64, 48), "teal").save(picture, icc_profile=profile)
    program = (
        "import gc, sys, sinet_video\n"
        "for path in sys.argv[1:] * 20:\n"
        "    frames = list(sinet_video.decode(path))\n"
        "    del frames\n"
        "    gc.collect()\n"
    )
    done = subprocess.run([sys.executable, "-c", program, picture], check=False)
    assert done.returncode == 0


def test_missing_file(tmp_path):
    """A name that is not there is said to be that."""
    assert "There is no file" in complaint(tmp_path / "nothing.mp4")


def test_folder(tmp_path):
    """A folder is said to be one."""
    assert "is a folder" in complaint(tmp_path)


def test_empty_file(tmp_path):
    """An empty file is said to be empty."""
    path = tmp_path / "empty.mp4"
    path.touch()
    assert "is empty" in complaint(path)


def test_text_file(tmp_path):
    """Words are no video, whatever their file is called."""
    path = tmp_path / "words.mp4"
    path.write_text("These are words, not frames.\n" * 40)
    assert "cannot be opened as a video" in complaint(path)


def test_audio_only(tmp_path, ffmpeg):
    """An audio file is said to have no video but audio."""
    path = tmp_path / "audio.wav"
    ffmpeg("ffmpeg", "-f", "lavfi", "-i", "sine=d=0.2", path)
    assert "no video in it, only audio" in complaint(path)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_mp4_cut_off_after_its_header(share, tmp_path, whole):
    """The header promises more frames than there are; the message says where they end."""
    data = whole.read_bytes()
    path = tmp_path / "cut.mp4"
    path.write_bytes(data[: int(len(data) * share)])
    assert "cut off" in complaint(path)


def test_mp4_without_its_header(tmp_path, remuxed):
    """An MP4 whose index came last, and never came, cannot be opened."""
    data = remuxed("plain.mp4").read_bytes()
    path = tmp_path / "headless.mp4"
    path.write_bytes(data[: len(data) // 2])
    assert "cannot be opened as a video" in complaint(path)


@pytest.mark.parametrize("missing", [1, 2000])
def test_matroska_cut_off(missing, tmp_path, made):
    """Its length is in its header, so that a single missing byte is told."""
    data = made("long.mkv").read_bytes()
    path = tmp_path / "cut.mkv"
    path.write_bytes(data[:-missing])
    assert f"is cut off: {missing} of its bytes are missing" in complaint(path)


def test_matroska_that_is_damaged_where_its_decoder_does_not_see_it(tmp_path, made, ffmpeg):
    """Its checksums tell; H.264 shows other frames instead."""
    path = made("whole.mkv", "-g", 100)
    place = ffmpeg("ffprobe", "-show_entries", "packet=pos,size", "-of", "csv=p=0", path)
    size, position = map(int, parts(place.split()[20]))
    data = bytearray(path.read_bytes())
    data[position + size - 5] ^= 1
    broken = tmp_path / "broken.mkv"
    broken.write_bytes(data)
    assert "where a checksum does not agree" in complaint(broken)
    tally = Tally()
    assert len(list(decode(broken, on_error="conceal", tally=tally))) == 50
    assert any("a checksum does not agree" in said for said in tally.warnings(broken))


def test_a_live_matroska_stream_says_no_length(tmp_path, made):
    """As one writes into a pipe; that is no damage."""
    path = made("file.mkv", "-f", "matroska", "-live", 1, "-flush_packets", 1)
    assert len(list(decode(path))) == 50


def test_a_frame_that_cannot_be_decoded_is_an_error(tmp_path, made, ffmpeg):
    """It is not passed over in silence, and the message says after which time it comes."""
    path = made("damaged.mov", "-c:v", "png", source="testsrc2=s=96x64:r=25:d=0.4")
    places = ffmpeg("ffprobe", "-show_entries", "packet=pos,size", "-of", "csv=p=0", path)
    size, position = map(int, parts(places.split()[5]))
    data = bytearray(path.read_bytes())
    data[position : position + size] = bytes(size)
    broken = tmp_path / "broken.mov"
    broken.write_bytes(data)
    assert "after 0.160 s" in complaint(broken)


@pytest.mark.parametrize("name", ["short.mkv", "short.avi", "short.webm", "short.ts"])
def test_whole_files_are_not_called_cut_off(name, made):
    """The guard against half a file lets whole ones pass, B-frames and one frame included."""
    codec = {"webm": "libvpx-vp9", "avi": "mpeg4"}.get(name.split(".")[1], "libx264")
    for source in ("testsrc2=s=96x64:r=25:d=2", "testsrc2=s=96x64:r=25:d=0.04"):
        frames = list(decode(made(name, "-c:v", codec, source=source)))
        assert len(frames) == (50 if "d=2" in source else 1)


def test_h264_in_avi_is_not_called_cut_off(remuxed):
    """AVI counts packets, among them empty ones; that is no reason to refuse it."""
    assert len(list(decode(remuxed("packed.avi", "-bsf:v", "h264_mp4toannexb")))) == 50


def test_h264_in_avi_comes_at_its_rate(remuxed):
    """AVI has no times for reordered frames; they come evenly all the same, as ffmpeg has it."""
    found = times(list(decode(remuxed("packed.avi", "-bsf:v", "h264_mp4toannexb"))))
    assert {b - a for a, b in pairwise(found)} == {Fraction(1, 25)}


def test_odd_names_are_names_of_files(tmp_path, monkeypatch, whole):
    """A colon does not make a name an address, nor a percent sign a pattern."""
    monkeypatch.chdir(tmp_path)
    for name in ("12:30.mp4", "100%d.mp4", "a b.mp4", "[x].mp4", "ü.mp4"):
        Path(name).write_bytes(whole.read_bytes())
        clip = probe(name)
        assert isinstance(clip, Clip)
        assert clip.frames == 50


def test_a_picture_is_cropped_on_its_left_too(made):
    """As its file says, and not to a multiple of what suits the decoder."""
    crop = ("-c:v", "libx264", "-qp", "0", "-x264-params", "crop-rect=10,6,4,2")
    whole = made("whole.mp4", "-f", "lavfi", "-i", RAMP, "-c:v", "libx264", "-qp", "0")
    clip = probe(made("crop.mp4", "-f", "lavfi", "-i", RAMP, *crop))
    assert (clip.width, clip.height) == (96 - 14, 64 - 8)
    cropped, full = next(decode(clip)), next(decode(whole))
    assert np.array_equal(cropped.luma, full.luma[6:-2, 10:-4])
