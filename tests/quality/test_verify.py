"""Verifying results: each check holds of a faithful file, and fails of its twin with one fault."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from sinet_video import (
    BilinearRefinement,
    InputError,
    SettingError,
    Settings,
    TimeRange,
    Verification,
    convert,
    verify,
)
from sinet_video.media.colour import Colour
from sinet_video.quality.checks import colour
from sinet_video.quality.playback import strict_decode, video_properties
from sinet_video.quality.verify import CHECKS

FRAMES = 12
VIDEO = f"testsrc2=s=64x48:r=25:d={FRAMES / 25}"
AUDIO = f"sine=r=44100:d={FRAMES / 25}"
TAGS = {
    "colorspace": "bt709",
    "color_primaries": "bt709",
    "color_trc": "bt709",
    "color_range": "tv",
}
H264 = (
    *("-c:v", "libx264", "-preset", "ultrafast", "-threads", 1, "-pix_fmt", "yuv420p"),
    *("-movflags", "faststart"),
)
ALPHA = "format=yuva420p,geq=lum='p(X,Y)':cb='p(X,Y)':cr='p(X,Y)':a='clip((X-16)*8,0,255)'"
"""From transparent to opaque across the frame."""

SOFT = Settings(
    segmenter=lambda _: np.array([[0, 0, 0, 0.6, 1]], np.float32),
    refinement=BilinearRefinement(),
    smoothing=None,
)

Make = Callable[..., Path]


def tagged(**changed: str) -> list[str]:
    """Options of ffmpeg that say colour tags, all of BT.709 but for those given."""
    return [word for tag, value in {**TAGS, **changed}.items() for word in (f"-{tag}", value)]


def failed(found: Verification) -> list[str]:
    """The names of the checks that fail; each says why in one sentence."""
    for check in found.failures:
        assert check.detail.endswith(".")
        assert "\n" not in check.detail
    return [check.name for check in found.failures]


def detail(found: Verification, name: str) -> str:
    """What a check says."""
    (check,) = (check for check in found.checks if check.name == name)
    return check.detail


@pytest.fixture(scope="module")
def source(made) -> Path:
    """Twelve frames of H.264 with colour tags, and audio."""
    inputs = ("-f", "lavfi", "-i", VIDEO, "-f", "lavfi", "-i", AUDIO)
    return made("source.mp4", *inputs, *H264, *tagged(), "-c:a", "aac")


@pytest.fixture(scope="module")
def again(made, source) -> Make:
    """Encode the source anew, faithfully but for what is asked: `again("a.mp4", "-r", 20)`."""

    def make(name: str, *arguments: object, tags: tuple[str, ...] = tuple(tagged())) -> Path:
        times = ("-vsync", "passthrough", "-enc_time_base", "1/12800")
        return made(name, "-i", source, *H264, *tags, *times, "-c:a", "copy", *arguments)

    return make


@pytest.fixture(scope="module")
def transparent(made) -> Make:
    """Write ten frames with alpha: `transparent("a.webm", "-c:v", "libvpx-vp9")`."""

    def make(name: str, *arguments: object, filters: str = ALPHA) -> Path:
        image = ("-f", "lavfi", "-i", "testsrc2=s=64x48:r=25:d=0.4", "-vf", filters)
        return made(name, *image, *arguments)

    return make


VP9 = ("-c:v", "libvpx-vp9", "-pix_fmt", "yuva420p", "-auto-alt-ref", 0, "-crf", 20, "-b:v", 0)
VP8 = ("-c:v", "libvpx", "-pix_fmt", "yuva420p", "-auto-alt-ref", 0, "-crf", 4, "-b:v", "1M")
PRORES = ("-c:v", "prores_ks", "-profile:v", 4444, "-pix_fmt", "yuva444p10le")
FFV1 = ("-c:v", "ffv1", "-pix_fmt", "yuva420p")
STORED = {
    "a.webm": VP9,
    "8.webm": VP8,
    "a.mov": PRORES,
    "a.mkv": FFV1,
    "q.mov": ("-c:v", "qtrle", "-pix_fmt", "argb"),
    "p.mov": ("-c:v", "png", "-pix_fmt", "rgba"),
}


# Faithful files


def test_the_source_itself_holds(source, ffprobe_pts):
    """All that there is to check is checked, and what is said is what ffprobe says."""
    found = verify(source, source)
    times = ffprobe_pts(source)
    assert found.holds
    assert [check.name for check in found.checks] == [n for n in CHECKS if n != "alpha mode"]
    assert (found.timing.first, found.timing.last) == (times[0], times[-1])
    assert (found.timing.frames, found.timing.duration) == (FRAMES, Fraction(FRAMES, 25))
    assert all(check.holds for check in found.checks if check.name != "alpha")


@pytest.mark.parametrize("name", ["copy.mp4", "copy.mov"])
def test_a_copy_holds(name, again, source):
    """Packets as they are, in another container."""
    assert failed(verify(again(name, "-c:v", "copy"), source)) == []


def test_encoded_anew_it_holds(again, source):
    """What the failing twins below are but for their fault."""
    assert failed(verify(again("twin.mp4"), source)) == []


@pytest.mark.parametrize(
    "name", ["o.mp4", "o.mkv", "o.webm", "o.mov", "o", "p/%05d.png", "t/%05d.tif"]
)
def test_what_is_converted_holds(name, source, tmp_path):
    """Every kind of result, without alpha and with it."""
    output = tmp_path / name
    convert(source, output, settings=SOFT)
    found = verify(output, source)
    assert failed(found) == []
    assert (found.alpha is None) == (output.suffix in (".mp4", ".mkv"))
    if found.alpha is not None:
        assert (found.alpha.frames, found.alpha.kind) == (FRAMES, "straight")
    assert len(found.audio) == (name in ("o.mp4", "o.mkv", "o.webm", "o.mov"))


@pytest.mark.parametrize("name", ["o.mp4", "o.mkv", "o"])
def test_a_stretch_holds_of_that_stretch(name, source, tmp_path):
    """Against another one, or the whole, its times do not."""
    span, output = TimeRange(Fraction(3, 25), Fraction(9, 25)), tmp_path / name
    convert(source, output, settings=SOFT, span=span)
    assert failed(verify(output, source, span=span)) == []
    assert "frames" in failed(verify(output, source))
    assert "times" in failed(verify(output, source, span=TimeRange(span.start + Fraction(1, 50))))


@pytest.mark.parametrize(
    ("name", "how"),
    [("o.mp4", "exactly"), ("o.mkv", "to the millisecond"), ("o", "to 1/30000 s")],
)
def test_how_times_are_compared_is_said(name, how, made, tmp_path):
    """Where a tick is no whole number of milliseconds, Matroska's times are rounded ones."""
    ticks = ("-f", "lavfi", "-i", "testsrc2=s=64x48:r=30000/1001:d=0.3")
    source, output = made("ntsc.mp4", *ticks, *H264), tmp_path / name
    convert(source, output, settings=SOFT)
    found = verify(output, source)
    assert found.holds
    assert how in detail(found, "times")


# One fault each


FAULTS = {
    "late": (["times", "audio start"], ("-vf", "setpts=PTS+0.04/TB")),
    "a tick late": (
        ["times"],
        ("-vf", "setpts=PTS+if(eq(N\\,5)\\,1\\,0)", "-vsync", "passthrough"),
    ),
    "another rate": (["frames", "times", "length"], ("-vf", "fps=20")),
    "faster": (["times", "length"], ("-vf", "setpts=PTS*0.9")),
    "one less": (["frames", "length"], ("-frames:v", FRAMES - 1)),
    "one less at the front": (
        ["frames", "times", "length", "audio start"],
        ("-vf", "trim=start_frame=1"),
    ),
    "scaled": (["size"], ("-vf", "scale=32:24")),
    "not square": (["pixel aspect"], ("-vf", "setsar=4/3")),
    "without audio": (["audio tracks"], ("-an",)),
    "twice the audio": (["audio tracks"], ("-map", "0:v", "-map", "0:a", "-map", "0:a")),
    "half the audio": (["audio length"], ("-c:a", "aac", "-af", "atrim=end=0.2")),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found(fault, again, source):
    """And nothing else is said to be wrong."""
    names, arguments = FAULTS[fault]
    found = verify(again("twin.mp4", *arguments), source)
    assert not found.holds
    assert failed(found) == names


def test_all_late_by_the_same_is_said(again, source):
    """Rather than the first frame alone."""
    late = ("-vf", "setpts=PTS+0.04/TB")
    assert "all are 0.040000 s later" in detail(verify(again("twin.mp4", *late), source), "times")


def test_late_audio_is_found(made, source):
    """By a fifth of a second, less what ffmpeg no longer hides of the priming."""
    inputs = ("-i", source, "-itsoffset", "0.2", "-i", source, "-map", "0:v", "-map", "1:a")
    found = verify(made("late.mp4", *inputs, "-c", "copy"), source)
    assert failed(found) == ["audio start"]
    late = re.search(r"Track 1 is (\S+) s later", detail(found, "audio start"))
    assert late is not None
    assert 0.17 < float(late[1]) <= 0.2


def test_early_audio_is_found(again, source):
    """Frames that come late leave it early."""
    found = verify(again("twin.mp4", "-vf", "setpts=PTS+0.04/TB"), source)
    assert "Track 1 is 0.040000 s earlier" in detail(found, "audio start")


def test_a_last_frame_cut_short_is_found(again, source):
    """Its time is right, and it is gone at once."""
    short = "setts=duration=if(eq(N\\,11)\\,100\\,DURATION)"
    found = verify(again("short.mp4", "-c:v", "copy", "-bsf:v", short), source)
    assert failed(found) == ["length"]


@pytest.mark.parametrize(
    ("tag", "value", "said"),
    [
        ("colorspace", "smpte170m", "matrix is SMPTE170M, and the source's BT709"),
        ("color_range", "pc", "range is full, and the source's limited"),
        ("color_primaries", "bt2020", "primaries is BT2020, and the source's BT709"),
        ("color_trc", "smpte2084", "transfer is SMPTE2084, and the source's BT709"),
        ("color_trc", "unknown", "transfer is not said, and the source's BT709"),
    ],
)
def test_another_colour_tag_is_found(tag, value, said, made, source):
    """Each of the four by itself; samples stay as they are."""
    raw = made("raw.yuv", "-i", source, "-pix_fmt", "yuv420p")
    video = ("-f", "rawvideo", "-s", "64x48", "-r", 25, "-i", raw, "-i", source)
    options = (*H264, *tagged(**{tag: value}), "-map", "0:v", "-map", "1:a", "-c:a", "copy")
    found = verify(made("tagged.mp4", *video, *options), source)
    assert failed(found) == ["colour"]
    assert said in detail(found, "colour")


def test_a_tag_that_is_made_up_is_found(made):
    """Players guess the matrix of an untagged frame by its size; a tag may say another."""
    plain = ("-f", "lavfi", "-i", VIDEO, *H264)
    source, same = made("plain.mp4", *plain), made("601.mp4", *plain, "-colorspace", "bt470bg")
    other = made("709.mp4", *plain, "-colorspace", "bt709")
    assert failed(verify(same, source)) == []
    assert failed(verify(other, source)) == ["colour"]


def test_prores_may_be_limited_where_the_source_is_full(source):
    """It cannot say full range, so samples are converted; in other codecs the tag must stay."""
    limited = video_properties(source)
    full = replace(limited, colour=Colour(1, 2, 1, 1), range=2)
    assert colour(limited, full).holds is False
    assert colour(replace(limited, codec="prores"), full).holds


def test_a_lost_rotation_is_found(again, source):
    """A phone's clip that lies on its side; of PNGs the size tells."""
    phone = again("phone.mp4", "-c", "copy", "-metadata:s:v", "rotate=90")
    assert failed(verify(phone, phone)) == []
    found = verify(source, phone)
    assert failed(found) == ["rotation"]
    assert "show it upright, and the source turned by 90 degrees" in detail(found, "rotation")


def test_a_scaled_result_is_told_from_a_cut_one(again, source):
    """The one may be meant, and the check can be left out then."""
    said = "They were scaled by 0.5; skip this check if that is meant."
    assert said in detail(verify(again("half.mp4", "-vf", "scale=iw/2:-2"), source), "size")
    assert "scaled" not in detail(verify(again("cut.mp4", "-vf", "crop=32:32"), source), "size")


def test_pngs_must_be_upright(again, source, tmp_path):
    """They have no tag that turns them."""
    phone = again("phone.mp4", "-c", "copy", "-metadata:s:v", "rotate=90")
    convert(phone, tmp_path / "upright", settings=SOFT)
    convert(source, tmp_path / "lying", settings=SOFT)
    assert failed(verify(tmp_path / "upright", phone)) == []
    assert failed(verify(tmp_path / "lying", phone)) == ["size"]


def test_checks_can_be_skipped(again, source):
    """A result that is meant to be silent is not at fault."""
    silent = again("silent.mp4", "-an")
    found = verify(silent, source, skip=["audio tracks"])
    assert found.holds
    assert "audio tracks" not in [check.name for check in found.checks]


# Order


def test_times_that_stand_still_are_found(made):
    """Two frames at one time."""
    twice = "setts=ts=floor(N/2)*2*DURATION"
    plain = made("plain.mkv", "-f", "lavfi", "-i", VIDEO, "-c:v", "ffv1")
    found = verify(made("twice.mkv", "-i", plain, "-c", "copy", "-bsf:v", twice))
    assert failed(found) == ["order"]
    assert "Frame 2 is at 0.000000 s" in detail(found, "order")
    assert verify(plain).holds


# Whole


def cut(path: Path, target: Path, share: float = 0.7) -> Path:
    """The first part of a file."""
    whole = path.read_bytes()
    target.write_bytes(whole[: min(len(whole) - 1, int(len(whole) * share))])
    return target


@pytest.mark.parametrize("share", [0.8, 1.0])
@pytest.mark.parametrize("name", ["c.mp4", "c.mkv", "c.webm", "c.avi", "c.mov"])
def test_a_file_that_is_cut_off_fails(name, share, made, tmp_path):
    """By a fifth, or by its last byte."""
    codec = {
        "c.webm": ("-c:v", "libvpx-vp9", "-g", 2),
        "c.avi": ("-c:v", "mpeg4", "-g", 2),
        "c.mkv": ("-c:v", "ffv1"),
    }
    start = ("-f", "lavfi", "-i", VIDEO, *codec.get(name, H264))
    # Without an index at the end, which is not the frames'.
    path = made(name, *start, *(("-cues_to_front", 1) if name == "c.mkv" else ()))
    assert verify(path).holds
    assert failed(verify(cut(path, tmp_path / name, share))) == ["whole"]


@pytest.mark.parametrize("name", ["a.webm", "a.mkv", "a.mov"])
def test_a_file_with_alpha_that_is_cut_off_fails(name, transparent, tmp_path):
    """By its last byte, though another decoder may be at work."""
    path = transparent(name, *STORED[name], "-movflags", "faststart")
    assert failed(verify(cut(path, tmp_path / name, 1.0))) == ["whole"]


def test_a_flipped_byte_is_found_in_matroska(transparent, tmp_path):
    """Each of its parts has a checksum, and a decoder would hide the damage."""
    path, target = transparent("a.mkv", *FFV1), tmp_path / "flipped.mkv"
    with av.open(str(path)) as container:
        place = [packet.pos for packet in container.demux(video=0) if packet.pos][5]
    data = bytearray(path.read_bytes())
    data[place + 60] ^= 4
    target.write_bytes(data)
    found = verify(target)
    assert failed(found) == ["whole"]
    assert "checksum" in detail(found, "whole")


def test_frames_that_cannot_be_decoded_are_found(source, tmp_path):
    """Damage in the middle: what follows cannot be shown as it was."""
    with av.open(str(source)) as container:
        packet = [packet for packet in container.demux(video=0) if packet.pos][6]
    data = bytearray(source.read_bytes())
    data[packet.pos + 5 : packet.pos + packet.size] = bytes(packet.size - 5)
    (tmp_path / "holed.mp4").write_bytes(data)
    found = verify(tmp_path / "holed.mp4", source)
    assert "whole" in failed(found)
    assert found.timing.frames < FRAMES


def test_a_frame_too_few_is_found(transparent, tmp_path):
    """A decoder that silently leaves out a frame it cannot read."""
    path = transparent("a.webm", *VP9)
    with av.open(str(path)) as container:
        packet = [packet for packet in container.demux(video=0) if packet.pos][4]
    data = path.read_bytes()
    place = data.index(bytes(packet))
    broken = data[:place] + b"\xff" * packet.size + data[place + packet.size :]
    (tmp_path / "broken.webm").write_bytes(broken)
    assert "whole" in failed(verify(tmp_path / "broken.webm"))


@pytest.mark.parametrize("name", ["none.mp4", "empty.mp4", "words.mp4", "song.m4a", "folder"])
def test_what_is_no_video_is_an_error(name, source, ffmpeg, tmp_path):
    """There is nothing to verify."""
    path = tmp_path / name
    if name == "song.m4a":
        ffmpeg("ffmpeg", "-i", source, "-vn", "-c", "copy", path)
    elif name == "folder":
        path.mkdir()
    elif name != "none.mp4":
        path.write_text("words" * 99 * (name == "words.mp4"))
    with pytest.raises(InputError, match=r"\.$"):
        verify(path)


def test_a_source_that_is_damaged_is_an_error(source, tmp_path):
    """It is not the result's fault."""
    with pytest.raises(InputError, match=r"part\.mp4"):
        verify(source, cut(source, tmp_path / "part.mp4", 0.8))


# Frames


@pytest.fixture
def pngs(source, tmp_path) -> Path:
    """A folder of PNGs with their times."""
    convert(source, tmp_path / "pngs", settings=SOFT)
    return tmp_path / "pngs"


def test_frames_by_folder_or_by_pattern(pngs, source):
    """Both are the same."""
    folder, pattern = verify(pngs, source), verify(pngs / "%05d.png", source)
    assert folder.checks == pattern.checks
    assert (folder.alpha, folder.timing) == (pattern.alpha, pattern.timing)
    assert folder.timing.last == Fraction(11, 25)


def test_a_folder_of_tiffs(source, tmp_path):
    """By its name alone; a damaged one is found."""
    convert(source, tmp_path / "t" / "%05d.tif", settings=SOFT)
    found = verify(tmp_path / "t", source, alpha_mode="straight")
    assert (failed(found), found.properties.codec) == ([], "tiff")
    path = tmp_path / "t" / "00002.tif"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert "00002.tif is damaged" in detail(verify(tmp_path / "t"), "whole")


def test_missing_frames_are_found(pngs):
    """In the middle by number, at the end by the count of times."""
    (pngs / "00012.png").unlink()
    assert detail(verify(pngs), "whole").endswith("11 images have 12 times.")
    (pngs / "00005.png").unlink()
    found = verify(pngs)
    assert failed(found) == ["whole"]
    assert "number 5 is missing" in detail(found, "whole")


def test_missing_times_are_found(pngs):
    """Frames without times are no video."""
    times = pngs / "timestamps.txt"
    times.write_text("\n".join(times.read_text().splitlines()[:-1]))
    assert failed(verify(pngs)) == ["whole", "order"]
    times.unlink()
    assert "Frame 1 has no time" in detail(verify(pngs), "order")


def test_other_times_are_found(pngs, source):
    """By the microsecond."""
    times = pngs / "timestamps.txt"
    times.write_text(times.read_text().replace("200.000000", "200.041000"))
    found = verify(pngs, source)
    assert failed(found) == ["times"]
    assert "number 6 is at 0.200041 s, not 0.200000 s" in detail(found, "times")


def test_words_for_times_are_found(pngs):
    """The file that holds them is named."""
    (pngs / "timestamps.txt").write_text("# timestamp format v2\nsoon\n")
    found = verify(pngs)
    assert "whole" in failed(found)
    assert "timestamps.txt" in detail(found, "whole")


@pytest.mark.parametrize("damage", ["cut", "flip"])
def test_a_damaged_png_is_found(damage, pngs):
    """PNGs have checksums."""
    path = pngs / "00007.png"
    data = bytearray(path.read_bytes())
    data[100] ^= 255
    path.write_bytes(path.read_bytes()[:-20] if damage == "cut" else data)
    found = verify(pngs)
    assert failed(found) == ["whole"]
    assert "00007.png" in detail(found, "whole")
    assert found.timing.frames == 6


def test_frames_of_which_some_have_alpha_are_found(pngs, ffmpeg):
    """One that lost it."""
    path = pngs / "00003.png"
    ffmpeg("ffmpeg", "-i", path, "-pix_fmt", "rgb24", "-y", path.with_name("new.png"))
    path.with_name("new.png").replace(path)
    assert detail(verify(pngs), "alpha") == "Only 11 of 12 frames have alpha."


# Alpha


@pytest.mark.parametrize("name", STORED)
def test_alpha_is_what_ffmpeg_decodes(name, transparent, ffmpeg, tmp_path):
    """Least, mean, most and the share of partial pixels, of every codec that has alpha."""
    path, raw = transparent(name, *STORED[name]), tmp_path / "alpha.raw"
    decoder = {"a.webm": ("-c:v", "libvpx-vp9"), "8.webm": ("-c:v", "libvpx")}.get(name, ())
    extract = ("-vf", "alphaextract", "-f", "rawvideo", "-pix_fmt", "gray16le")
    ffmpeg("ffmpeg", *decoder, "-i", path, *extract, raw)
    expected = np.fromfile(raw, "<u2").reshape(10, 48, 64) / 65535
    found = verify(path, alpha_mode="straight")
    assert failed(found) == []
    assert found.alpha is not None
    assert found.alpha.frames == 10
    assert found.alpha.least == pytest.approx(expected.min(), abs=0.003)
    assert found.alpha.mean == pytest.approx(expected.mean(), abs=0.003)
    assert found.alpha.most == pytest.approx(expected.max(), abs=0.004)
    partial = ((expected > 0.05) & (expected < 0.95)).mean()
    assert found.alpha.partial == pytest.approx(partial, abs=0.01)


def test_lost_alpha_is_found(transparent, made):
    """The native decoder drops it, and the tag is carried on all the same."""
    path = transparent("a.webm", *VP9)
    lost = made("lost.webm", "-i", path, "-c:v", "libvpx-vp9")
    found = verify(lost)
    assert (found.properties.alpha_mode, found.alpha) == ("1", None)
    assert failed(found) == ["alpha"]
    assert failed(verify(lost, alpha_mode="straight")) == ["alpha", "alpha mode"]
    assert failed(verify(made("kept.webm", "-i", path, "-c", "copy"), alpha_mode="straight")) == []


def test_alpha_without_the_tag_is_found(transparent, tmp_path):
    """It is beside the frames, but players do not look for it."""
    data = transparent("a.webm", *VP9).read_bytes()
    assert data.count(b"\x53\xc0\x81\x01") == 1
    untagged = tmp_path / "untagged.webm"
    untagged.write_bytes(data.replace(b"\x53\xc0\x81\x01", b"\x53\xc0\x81\x00"))
    found = verify(untagged)
    assert found.alpha is not None
    assert failed(found) == ["alpha"]


@pytest.mark.parametrize("name", STORED)
def test_premultiplied_is_told_from_straight(name, transparent):
    """No colour is above its alpha, to what codecs add."""
    multiplied = f"{ALPHA},format=gbrap,premultiply=inplace=1"
    path = transparent(name, *STORED[name], filters=multiplied)
    found = verify(path, alpha_mode="straight")
    assert found.alpha is not None
    assert found.alpha.kind == "premultiplied"
    assert failed(found) == ["alpha mode"]
    assert verify(path, alpha_mode="premultiplied").holds
    assert verify(path).holds


@pytest.mark.parametrize("alpha", [0, 255])
def test_what_cannot_be_told_is_not_said(alpha, transparent):
    """All is opaque, or all that is not is black."""
    black = ",drawbox=t=fill:c=black" if not alpha else ""
    filters = f"format=gbrap{black},geq=r='r(X,Y)':g='g(X,Y)':b='b(X,Y)':a={alpha}"
    found = verify(
        transparent(f"{alpha}.mkv", "-c:v", "ffv1", "-pix_fmt", "bgra", filters=filters),
        alpha_mode="straight",
    )
    assert found.alpha is not None
    assert (found.alpha.kind, found.alpha.mean) == (None, alpha / 255)
    assert found.holds
    assert [check.holds for check in found.checks if check.name == "alpha mode"] == [None]


def test_alpha_where_there_should_be_none_is_found(transparent, source):
    """And none where there should be."""
    assert failed(verify(transparent("a.mkv", *FFV1), alpha_mode="none")) == ["alpha mode"]
    assert failed(verify(source, alpha_mode="none")) == []
    assert failed(verify(source, alpha_mode="premultiplied")) == ["alpha mode"]


# The rest


def test_frames_come_lazily(source):
    """One is played when it is asked for, and the file is closed with the iterator."""
    images = strict_decode(source)
    assert next(images).time == 0
    images.close()
    assert next(images, None) is None


def test_settings_are_checked(source):
    """A stretch is of a source, and only checks that there are can be left out."""
    with pytest.raises(SettingError, match="are of the source"):
        verify(source, span=TimeRange(end=Fraction(1)))
    with pytest.raises(SettingError, match="no check 'luck'"):
        verify(source, skip=["luck"])


def test_all_of_it_is_json(source, pngs):
    """Plain values, times in seconds."""
    for path in (source, pngs):
        plain = json.loads(json.dumps(verify(path, source).to_dict()))
        assert plain["holds"] is True
        assert plain["file"] == str(path)
        assert plain["timing"]["last"] == 0.44
        assert {"name", "holds", "detail"} == set(plain["checks"][0])
