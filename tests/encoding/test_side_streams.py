"""What is beside frames and audio: subtitles, chapters, languages, names, covers, attachments."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest
from click.testing import CliRunner
from plain_mattes import EVERYTHING
from sinet_video.cli.main import cli

from sinet_video import Encoding, SettingError, TimeRange, convert, probe

SUBTITLES = """1
00:00:00,200 --> 00:00:01,000
Hello <i>there</i>

2
00:00:01,500 --> 00:00:02,200
Bye
"""
NAMES = """;FFMETADATA1
title=My film
artist=Somebody
comment=A comment
odd_name=Its value
[CHAPTER]
TIMEBASE=1/1000
START=0
END=1000
title=One
[CHAPTER]
TIMEBASE=1/1000
START=1000
END=3000
title=Two
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory, ffmpeg) -> Path:
    """Subtitles, names, a cover and a font."""
    path = tmp_path_factory.mktemp("companions")
    (path / "said.srt").write_text(SUBTITLES)
    (path / "names.txt").write_text(NAMES)
    (path / "font.ttf").write_bytes(bytes(range(256)) * 8)
    ffmpeg("ffmpeg", "-f", "lavfi", "-i", "color=red:s=32x32", "-frames:v", 1, path / "cover.png")
    return path


@pytest.fixture(scope="module")
def laden(folder, ffmpeg) -> Callable[[str], Path]:
    """A clip in two languages with all the rest: "mkv" with a font, "mp4" with a cover."""
    inputs = (
        "-f", "lavfi", "-i", "testsrc=s=64x48:r=25:d=3",
        "-f", "lavfi", "-i", "sine=d=3", "-f", "lavfi", "-i", "sine=f=880:d=3",
        "-i", folder / "said.srt", "-i", folder / "names.txt",
    )  # fmt: skip
    common = (
        "-map", 0, "-map", 1, "-map", 2, "-map", 3, "-map_metadata", 4, "-map_chapters", 4,
        "-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=deu",
        "-metadata:s:a:1", "title=Remarks", "-disposition:a:1", "comment",
        "-metadata:s:s:0", "language=fra", "-c:v:0", "libx264", "-pix_fmt:v:0", "yuv420p",
        "-c:a", "aac",
    )  # fmt: skip
    font = ("-attach", folder / "font.ttf", "-metadata:s:t", "mimetype=font/ttf")
    ffmpeg("ffmpeg", *inputs, *common, "-c:s", "srt", *font, folder / "laden.mkv")
    cover = ("-map", 5, "-c:v:1", "copy", "-disposition:v:1", "attached_pic", "-c:s", "mov_text")
    timecode = ("-timecode", "01:02:03:04")
    given = (*inputs, "-i", folder / "cover.png", *common, *cover, *timecode)
    ffmpeg("ffmpeg", *given, folder / "laden.mp4")
    return lambda kind: folder / f"laden.{kind}"


@pytest.fixture
def facts(ffmpeg) -> Callable[[Path], dict]:
    """What ffprobe says of streams, names and chapters; tags in lower case."""

    def read(path: Path) -> dict:
        shown = ("-show_streams", "-show_format", "-show_chapters", "-of", "json")
        found = json.loads(ffmpeg("ffprobe", *shown, path))
        for part in (found["format"], *found["streams"], *found["chapters"]):
            part["tags"] = {name.lower(): text for name, text in part.get("tags", {}).items()}
        return found

    return read


@pytest.fixture
def said(ffmpeg) -> Callable[[Path], str]:
    """A file's subtitles, as SubRip text."""
    return lambda path: ffmpeg("ffmpeg", "-copyts", "-i", path, "-map", "0:s:0", "-f", "srt", "-")


def of_kind(found: dict, kind: str) -> list[dict]:
    """The streams of a kind, covers aside."""
    cover = "attached_pic"
    streams = found["streams"]
    return [s for s in streams if s["codec_type"] == kind and not s["disposition"][cover]]


def made(source: Path, output: Path, **options) -> list[str]:
    """Convert a clip on green, and return the warnings."""
    return convert(source, output, background="green", settings=EVERYTHING, **options).warnings


@pytest.mark.parametrize("kind", ["mkv", "mp4"])
@pytest.mark.parametrize("name", ["o.mp4", "o.mkv", "o.mov", "o.webm"])
def test_tracks_keep_their_languages(kind, name, laden, facts, said, tmp_path):
    """Both of audio, in order, and the text of the subtitles at its time."""
    source = laden(kind)
    made(source, tmp_path / name)
    found = facts(tmp_path / name)
    languages = [track["tags"].get("language") for track in of_kind(found, "audio")]
    assert languages == ["eng", "ger" if name == "o.mov" else "deu"]
    (subtitles,) = of_kind(found, "subtitle")
    assert subtitles["tags"]["language"] == "fra"
    assert said(tmp_path / name) == said(source)


@pytest.mark.parametrize(
    ("name", "codec"),
    [("o.mp4", "mov_text"), ("o.mkv", "subrip"), ("o.mov", "mov_text"), ("o.webm", "webvtt")],
)
def test_subtitles_in_what_the_file_can_hold(name, codec, laden, facts, tmp_path):
    """Copied where it can hold them, and written anew with a warning where not."""
    warnings = made(laden("mkv"), tmp_path / name)
    (subtitles,) = of_kind(facts(tmp_path / name), "subtitle")
    assert subtitles["codec_name"] == codec
    warned = any("Subtitles are subrip" in w and codec in w for w in warnings)
    assert warned == (codec != "subrip")


@pytest.mark.parametrize("name", ["o.mp4", "o.mkv", "o.mov", "o.webm"])
def test_names_and_chapters(name, laden, facts, tmp_path):
    """Those that the file can hold, and a warning that names the rest."""
    warnings = made(laden("mkv"), tmp_path / name)
    found = facts(tmp_path / name)
    tags = found["format"]["tags"]
    assert (tags["title"], tags["artist"]) == ("My film", "Somebody")
    assert tags["comment"] == "A comment"
    assert ("odd_name" in tags) == (name != "o.mp4")
    assert any("odd_name" in warning for warning in warnings) == ("odd_name" not in tags)
    chapters = [(c["tags"]["title"], c["start_time"], c["end_time"]) for c in found["chapters"]]
    assert chapters == [("One", "0.000000", "1.000000"), ("Two", "1.000000", "3.000000")]


@pytest.mark.parametrize(("kind", "tag"), [("mp4", "handler_name"), ("mkv", "title")])
def test_the_video_track_keeps_its_name(kind, tag, ffmpeg, facts, tmp_path):
    """As the other tracks do, under the tag that files of its kind have for it."""
    source, name = tmp_path / f"named.{kind}", f"{tag}=Front camera"
    ffmpeg(
        "ffmpeg", "-f", "lavfi", "-i", "testsrc=s=64x48:r=25:d=0.4", "-metadata:s:v", name, source
    )
    convert(source, tmp_path / f"o.{kind}", settings=EVERYTHING)
    (video,) = of_kind(facts(tmp_path / f"o.{kind}"), "video")
    assert video["tags"][tag] == "Front camera"


def test_names_of_the_file_that_was_are_not_kept(laden, facts, tmp_path):
    """Who wrote it, and its brands."""
    made(laden("mp4"), tmp_path / "o.mkv")
    tags = facts(tmp_path / "o.mkv")["format"]["tags"]
    assert not {"major_brand", "minor_version", "compatible_brands"} & set(tags)
    assert tags["encoder"] != facts(laden("mp4"))["format"]["tags"]["encoder"]


def test_what_a_track_is_for(laden, facts, tmp_path):
    """The title of the remarks, and that they are such."""
    made(laden("mkv"), tmp_path / "o.mkv")
    first, second = of_kind(facts(tmp_path / "o.mkv"), "audio")
    assert (first["disposition"]["comment"], second["disposition"]["comment"]) == (0, 1)
    assert second["tags"]["title"] == "Remarks"


@pytest.mark.parametrize(("name", "kept"), [("o.mp4", True), ("o.mkv", True), ("o.webm", False)])
def test_covers(name, kept, laden, facts, tmp_path, ffmpeg):
    """The same frame, or a warning."""
    warnings = made(laden("mp4"), tmp_path / name)
    streams = facts(tmp_path / name)["streams"]
    covers = [s for s in streams if s["disposition"]["attached_pic"]]
    assert len(covers) == kept
    assert any("1 cover" in warning for warning in warnings) == (not kept)
    if kept:
        out = tmp_path / "cover.png"
        ffmpeg(
            "ffmpeg", "-i", tmp_path / name, "-map", f"0:{covers[0]['index']}", "-c", "copy", out
        )
        assert out.read_bytes() == laden("mp4").with_name("cover.png").read_bytes()


def test_attachments(laden, tmp_path, ffmpeg):
    """A font is in a Matroska file as it was, and named where it is left out."""
    made(laden("mkv"), tmp_path / "o.mkv")
    out = tmp_path / "font.ttf"
    ffmpeg(
        "ffmpeg", "-dump_attachment:t:0", out, "-i", tmp_path / "o.mkv", "-t", 0, "-f", "null", "-"
    )
    assert out.read_bytes() == laden("mkv").with_name("font.ttf").read_bytes()
    warnings = made(laden("mkv"), tmp_path / "o.mp4")
    assert any("font.ttf" in warning for warning in warnings)


def test_timecode(laden, facts, tmp_path):
    """That of the first frame, also where this is another one, if frames can be counted."""
    made(laden("mp4"), tmp_path / "whole.mov")
    (video,) = of_kind(facts(tmp_path / "whole.mov"), "video")
    assert video["tags"]["timecode"] == "01:02:03:04"
    made(laden("mp4"), tmp_path / "cut.mov", span=TimeRange(start=Fraction(1)))
    (video,) = of_kind(facts(tmp_path / "cut.mov"), "video")
    assert video["tags"]["timecode"] == "01:02:04:04"


def test_timecode_that_cannot_be_counted(laden, facts, ffmpeg, tmp_path):
    """Frames of other lengths: it is left out, and named."""
    uneven = tmp_path / "uneven.mov"
    dropped = ("-vf", "select=not(between(n\\,10\\,30))", "-vsync", "vfr")
    ffmpeg(
        "ffmpeg", "-i", laden("mp4"), "-map", "0:0", *dropped, "-timecode", "01:02:03:04", uneven
    )
    assert made(uneven, tmp_path / "whole.mov") == []
    (warning,) = made(uneven, tmp_path / "cut.mov", span=TimeRange(2))
    assert warning.startswith("The timecode is left out")
    (video,) = of_kind(facts(tmp_path / "cut.mov"), "video")
    assert "timecode" not in video["tags"]


def test_what_is_true_of_several_tracks_is_said_once(laden, tmp_path):
    """Two in the same codec."""
    warnings = made(laden("mkv"), tmp_path / "o.webm")
    assert len([each for each in warnings if "re-encoded as opus" in each]) == 1


@pytest.mark.parametrize("name", ["o.mp4", "o.mkv", "o.webm"])
def test_a_stretch_takes_its_own(name, laden, facts, said, tmp_path):
    """Subtitles and chapters are moved with it, and cut where it begins and ends."""
    span = TimeRange(Fraction(4, 5), Fraction(9, 5))
    made(laden("mkv"), tmp_path / name, span=span)
    times = re.findall(r"00:00:0(\d),(\d+) --> 00:00:0(\d),(\d+)", said(tmp_path / name))
    found = [int(number) for cue in times for number in cue]
    # The source's own times are a little later than what was asked of ffmpeg: its audio is primed.
    assert found == pytest.approx([0, 0, 0, 223, 0, 723, 1, 423], abs=30)
    chapters = facts(tmp_path / name)["chapters"]
    assert [c["tags"]["title"] for c in chapters] == ["One", "Two"]
    assert [float(c["end_time"]) for c in chapters] == pytest.approx([0.2, 1.0], abs=0.002)


def test_a_stretch_without_a_chapter(laden, facts, tmp_path):
    """Has none of those outside."""
    made(laden("mkv"), tmp_path / "o.mkv", span=TimeRange(Fraction(2)))
    assert [c["tags"]["title"] for c in facts(tmp_path / "o.mkv")["chapters"]] == ["Two"]


def test_subtitles_that_are_frames_stay_out_of_text(folder, ffmpeg, facts, tmp_path):
    """With a warning; in a file that can hold them they are kept."""
    source = folder / "drawn.mkv"
    drawn = ("-f", "lavfi", "-i", "color=s=64x48:d=1", "-i", folder / "drawn.sup")
    (folder / "drawn.sup").write_bytes(presentation_graphics())
    ffmpeg("ffmpeg", *drawn, "-map", 0, "-map", 1, "-c:s", "copy", source)
    assert made(source, tmp_path / "o.mkv") == []
    assert len(of_kind(facts(tmp_path / "o.mkv"), "subtitle")) == 1
    (warning,) = made(source, tmp_path / "o.mp4")
    assert "hdmv_pgs_subtitle" in warning
    assert not of_kind(facts(tmp_path / "o.mp4"), "subtitle")


def presentation_graphics() -> bytes:
    """A stream of subtitles as Blu-ray has them: one that is empty."""
    composition = bytes([0, 64, 0, 48, 0x10, 0, 0, 0x80, 0, 0, 0])
    segments = ((0x16, composition), (0x80, b""))
    stamps = (45000).to_bytes(4, "big") + bytes(4)
    return b"".join(
        b"PG" + stamps + bytes([kind]) + len(body).to_bytes(2, "big") + body
        for kind, body in segments
    )


@pytest.mark.parametrize(("choice", "carried"), [("copy", "copied"), ("encode", "encoded")])
def test_audio_as_asked(choice, carried, laden, facts, tmp_path):
    """Anew if wanted, without a warning: it was asked for."""
    report = convert(
        laden("mkv"), tmp_path / "o.mkv", background="green", settings=EVERYTHING,
        encoding=Encoding(audio=choice),
    )  # fmt: skip
    assert (report.audio, report.warnings) == (carried, [])
    tracks = of_kind(facts(tmp_path / "o.mkv"), "audio")
    assert [track["tags"].get("language") for track in tracks] == ["eng", "deu"]


def test_no_audio_if_asked(laden, facts, tmp_path):
    """But the subtitles stay."""
    made(laden("mkv"), tmp_path / "o.mkv", encoding=Encoding(audio="none"))
    found = facts(tmp_path / "o.mkv")
    assert not of_kind(found, "audio")
    assert len(of_kind(found, "subtitle")) == 1


def test_audio_as_nobody_knows():
    """Is refused, with what is possible."""
    with pytest.raises(SettingError, match=r"'loud'.*copy, encode, none"):
        Encoding(audio="loud")


def test_a_matte_beside_is_alone(laden, facts, tmp_path):
    """All that is beside the frames goes into the result."""
    made(laden("mkv"), tmp_path / "o.mkv", matte=tmp_path / "m.mkv")
    found = facts(tmp_path / "m.mkv")
    assert [s["codec_type"] for s in found["streams"]] == ["video"]
    assert not found["chapters"]
    assert "title" not in found["format"]["tags"]


# What `info` says of them


@pytest.mark.parametrize("kind", ["mkv", "mp4"])
def test_info_names_what_ffprobe_finds(kind, laden, facts):
    """Subtitles, chapters and attachments, in JSON and in words."""
    source = laden(kind)
    found = facts(source)
    told = json.loads(CliRunner().invoke(cli, ["info", "--json", str(source)]).stdout)
    (subtitles,) = of_kind(found, "subtitle")
    assert [(s["index"], s["language"]) for s in told["subtitles"]] == [(subtitles["index"], "fra")]
    assert [(c["title"], c["start"], c["end"]) for c in told["chapters"]] == [
        (c["tags"]["title"], float(c["start_time"]), float(c["end_time"]))
        for c in found["chapters"]
    ]
    fonts = [s["tags"] for s in of_kind(found, "attachment")]
    assert told["attachments"] == [{"name": s["filename"], "kind": s["mimetype"]} for s in fonts]
    words = CliRunner().invoke(cli, ["info", str(source)]).stdout
    assert "audio      aac, 44100 Hz, 1 channel, starts at 0.000000 s, language deu" in words
    assert f"subtitles  {told['subtitles'][0]['codec']}, language fra" in words
    assert "chapter    from 1.000 s to 3.000 s: Two" in words
    assert ("attached   font.ttf, font/ttf" in words) == (kind == "mkv")


def test_info_of_a_clip_with_none(make_clip):
    """Nothing is said of what is not there."""
    path = make_clip("plain.mp4")
    words = CliRunner().invoke(cli, ["info", str(path)]).stdout
    assert not any(word in words for word in ("subtitles", "chapter", "attached"))
    assert (probe(path).subtitles, probe(path).chapters, probe(path).attachments) == ((), (), ())
