"""What an input may make us read: itself; other files and hosts only where that is allowed."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from fractions import Fraction
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from sinet_video import (
    BilinearRefinement,
    ImageBackground,
    InputError,
    Resume,
    SettingError,
    Settings,
    TimeRange,
    convert,
    decode,
    matte,
    parse_background,
    preview,
    probe,
    verify,
)
from sinet_video.decoding.access import Source
from sinet_video.decoding.concealment import Tally
from sinet_video.decoding.matte_file import read_drawn

COMMAND = Path(sys.executable).with_name("sinet-video")
HALF = {
    "segmenter": lambda _: np.full((2, 2), 0.5, np.float32),
    "smoothing": None,
    "refinement": BilinearRefinement(),
}


@pytest.fixture
def folder(tmp_path, make_clip, ffmpeg) -> Path:
    """A clip of 12 frames as clip.mp4 and as clip.ts."""
    source = make_clip("clip.mp4", width=64, height=48)
    (tmp_path / "clip.mp4").write_bytes(source.read_bytes())
    ffmpeg("ffmpeg", "-i", source, "-c", "copy", tmp_path / "clip.ts")
    return tmp_path


class Handler(SimpleHTTPRequestHandler):
    """Serves a folder, notes what it was asked for, and says nothing."""

    asked: list[str]

    def send_head(self):
        """Note the path."""
        self.asked.append(self.path)
        return super().send_head()

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def host(folder, monkeypatch) -> Iterator[tuple[str, list[str]]]:
    """The address of a server of the folder, and the paths that it was asked for."""
    monkeypatch.setenv("no_proxy", "*")
    kind = type("Noting", (Handler,), {"asked": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(kind, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", kind.asked
    server.shutdown()
    thread.join()
    server.server_close()


def playlist(path: Path, *segments: object) -> Path:
    """An HLS playlist."""
    lines = ["#EXTM3U", "#EXT-X-TARGETDURATION:1", "#EXT-X-MEDIA-SEQUENCE:0"]
    lines += [line for segment in segments for line in ("#EXTINF:0.48,", str(segment))]
    path.write_text("\n".join([*lines, "#EXT-X-ENDLIST", ""]))
    return path


def list_of(path: Path, *files: object) -> Path:
    """A list for ffmpeg's concat demuxer."""
    path.write_text("\n".join(["ffconcat version 1.0", *(f"file '{file}'" for file in files), ""]))
    return path


def refusal(path: object, **allowed: str) -> str:
    """Why it is not opened."""
    with pytest.raises(InputError) as caught:
        probe(Source(path, **allowed))
    return str(caught.value)


@pytest.mark.parametrize("name", ["list.m3u8", "list.mp4", "list"])
def test_a_playlist_reads_nothing_unasked(name, folder):
    """Whatever it is called; the sentence says what it is and what to allow."""
    said = refusal(playlist(folder / name, "clip.ts"))
    assert "is a playlist (HLS) and names other files or hosts" in said
    assert "Use allow='files'" in said


def test_a_list_of_files_reads_nothing_unasked(folder):
    """Not even of those beside it."""
    assert "is a list of files (ffconcat)" in refusal(list_of(folder / "all.txt", "clip.mp4"))


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ("v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
         "m=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n", "(SDP)"),
        ("RTSPtext\nrtsp://127.0.0.1:9/x\n", "(RTSP)"),
        ("\ufeff#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nclip.ts\n", "(HLS)"),
    ],
)  # fmt: skip
def test_descriptions_of_streams_open_no_connection(content, kind, tmp_path):
    """Nor does any other kind of file that leads elsewhere."""
    path = tmp_path / "stream.sdp"
    path.write_text(content)
    assert kind in refusal(path) or "cannot be opened as a video" in refusal(path)


def test_allowed_files_are_read(folder):
    """By a playlist and by a list, wherever they are; the frames are those of the clip."""
    expected = [frame.luma.sum() for frame in decode(folder / "clip.mp4")]
    (folder / "sub").mkdir()
    listing = list_of(folder / "sub" / "all.txt", folder / "clip.mp4")
    for path in (playlist(folder / "list.m3u8", "clip.ts"), listing):
        clip = probe(Source(path, "files"))
        assert [frame.luma.sum() for frame in decode(clip)] == expected


def test_allowed_files_are_no_hosts(folder, host):
    """A playlist that names a host asks it nothing until that is allowed, too."""
    address, asked = host
    path = playlist(folder / "list.m3u8", f"{address}/clip.ts")
    said = refusal(path, allow="files")
    assert "names other hosts to read, which are read only if allowed." in said
    assert said.endswith("Use allow='network' if you trust it.")
    refusal(path)
    assert asked == []
    assert len(list(decode(probe(Source(path, "network"))))) == 12
    assert "/clip.ts" in asked


def test_a_url_is_refused_unless_allowed(host):
    """And no connection is made."""
    address, asked = host
    for allowed in ({}, {"allow": "files"}):
        assert "Use allow='network'" in refusal(f"{address}/clip.mp4", **allowed)
    assert asked == []


def test_an_allowed_url_is_converted(host, folder, tmp_path):
    """As the file that it names is; by the iterator as well."""
    address, _ = host
    settings = Settings(**HALF, allow="network")
    report = convert(f"{address}/clip.mp4", tmp_path / "o.mp4", settings=settings)
    assert report.frames == 12
    assert report.source == f"{address}/clip.mp4"
    assert report.warnings == []
    assert len(list(matte(f"{address}/clip.mp4", settings=settings))) == 12


def test_a_host_s_playlist_reads_no_files_of_this_machine(host, folder):
    """What is far away must not learn what is here."""
    address, _ = host
    list_of(folder / "far.txt", f"file:{folder}/clip.mp4")
    assert "cannot be opened as a video" in refusal(f"{address}/far.txt", allow="network")
    list_of(folder / "near.txt", "clip.mp4")
    assert probe(Source(f"{address}/near.txt", "network")).width == 64


def test_what_a_host_does_not_have(host):
    """Is told with the server's word."""
    address, _ = host
    assert "404" in refusal(f"{address}/none.mp4", allow="network")
    gone = address.rpartition(":")[0] + ":9"
    assert "Connection refused" in refusal(f"{gone}/x.mp4", allow="network")


def test_numbers_in_a_name_are_part_of_it(tmp_path, ffmpeg):
    """A frame called 1%02d.png is that, and not all those that match."""
    for name, colour in (("%02d.png", "white"), ("01.png", "black"), ("02.png", "black")):
        source = (
            "-f",
            "lavfi",
            "-i",
            f"color={colour}:s=32x32",
            "-frames:v",
            1,
            "-f",
            "image2pipe",
        )
        ffmpeg("ffmpeg", *source, "-c:v", "png", tmp_path / name)
    (frame,) = decode(tmp_path / "%02d.png")
    assert frame.luma.min() > 200


def test_other_words_are_refused(folder):
    """Before anything is read."""
    with pytest.raises(SettingError, match="must be one of nothing, files, network"):
        probe(Source(folder / "clip.mp4", "all"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["info", "list.m3u8"], "container  hls"),
        (["verify", "clip.ts", "--against", "list.m3u8"], "against list.m3u8"),
    ],
)
def test_on_the_command_line(words, said, folder):
    """The sentence names the word that `--allow` takes, and that works."""
    playlist(folder / "list.m3u8", "clip.ts")
    command, shown = [COMMAND, *words], {"cwd": folder, "capture_output": True, "text": True}
    refused = subprocess.run(command, check=False, **shown)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "Use --allow files" in refused.stderr
    assert said in subprocess.run([*command, "--allow", "files"], check=True, **shown).stdout


def test_a_playlist_in_a_pipe(folder):
    """Reads nothing either; a pipe has no place beside which files could be."""
    path = playlist(folder / "list.m3u8", folder / "clip.ts")
    with path.open("rb") as pipe:
        command = [COMMAND, "info", "-", "--allow", "files"]
        done = subprocess.run(command, stdin=pipe, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "Standard input cannot be read as a video" in done.stderr


# What is named besides the clip: backgrounds, drawn mattes, results and their sources


NOBODY = {**HALF, "segmenter": lambda _: np.zeros((2, 2), np.float32)}
"""Settings by which all that is seen is the background."""


def lumas(path: Path) -> list[int]:
    """Mean luma of each frame, rounded."""
    return [round(frame.luma.mean()) for frame in decode(path)]


def test_a_background_reads_nothing_unasked(folder, host):
    """The job's own `allow` is the background's; the refusal names a word that then works."""
    address, asked = host
    listed = playlist(folder / "list.m3u8", "clip.ts")
    for background, allow in ((listed, "files"), (f"{address}/clip.mp4", "network")):
        with pytest.raises(InputError, match=f"Use allow='{allow}'"):
            convert(
                folder / "clip.mp4", folder / "o.mkv", background=background,
                settings=Settings(**NOBODY),
            )  # fmt: skip
        assert not (folder / "o.mkv").exists()
        assert asked == []
        convert(
            folder / "clip.mp4", folder / "o.mkv", background=background,
            settings=Settings(**NOBODY, allow=allow), overwrite=True,
        )  # fmt: skip
        assert lumas(folder / "o.mkv") == pytest.approx(lumas(folder / "clip.mp4"), abs=1)
        (folder / "o.mkv").unlink()
    assert "/clip.mp4" in asked


def test_a_frame_far_away_is_a_background(folder, host, ffmpeg):
    """Whatever comes after its name in the URL."""
    address, _ = host
    white = ("-f", "lavfi", "-i", "color=white:s=32x32", "-frames:v", 1)
    ffmpeg("ffmpeg", *white, folder / "white.png")
    found = parse_background(Source(f"{address}/white.png?size=large", "network"))
    assert isinstance(found, ImageBackground)
    with pytest.raises(InputError, match="network"):
        parse_background(f"{address}/white.png")


def test_a_drawn_matte_reads_nothing_unasked(folder, host):
    """Nor is it out of reach where that is allowed."""
    address, asked = host
    path, settings = f"{address}/clip.mp4", {**NOBODY, "core": f"{address}/clip.mp4"}
    with pytest.raises(InputError, match="Use allow='network'"):
        list(matte(folder / "clip.mp4", settings=Settings(**settings)))
    assert asked == []
    mattes = matte(folder / "clip.mp4", settings=Settings(**settings, allow="network"))
    drawn = list(read_drawn(Source(path, "network")))
    for made, (_, core) in zip(mattes, drawn, strict=True):
        np.testing.assert_allclose(made.alpha, core, atol=0.01)


def test_a_job_from_a_host_cannot_be_resumed(folder, host):
    """Whichever of its files that is, as nobody knows whether it will be the same then."""
    address, asked = host
    settings = Settings(**HALF, allow="network")
    with pytest.raises(SettingError, match="cannot be resumed"):
        convert(
            folder / "clip.mp4", folder / "o.mp4", background=f"{address}/clip.mp4",
            settings=settings, resume=Resume(),
        )  # fmt: skip
    assert asked == []


def test_a_preview_of_a_url(folder, host):
    """Reads it where that is allowed, and asks nothing else."""
    address, asked = host
    with pytest.raises(InputError, match="Use allow='network'"):
        preview(f"{address}/clip.mp4", folder / "p.png", settings=Settings(**HALF))
    assert asked == []
    settings = Settings(**HALF, allow="network")
    found = preview(f"{address}/clip.mp4", folder / "p.png", settings=settings, moments=1)
    assert len(found.figures.times) == 12
    assert found.to_dict()["source"] == f"{address}/clip.mp4"


def test_results_and_their_sources_are_verified_where_allowed(folder, host):
    """Playlists as results and as sources, and URLs; all checks are made of them."""
    address, asked = host
    listed = playlist(folder / "list.m3u8", "clip.ts")
    for pair in ((listed, None), (folder / "clip.ts", listed)):
        with pytest.raises(InputError, match="Use allow='files'"):
            verify(*pair)
        assert verify(*(each and Source(each, "files") for each in pair)).holds
    with pytest.raises(InputError, match="Use allow='network'"):
        verify(folder / "clip.mp4", Source(f"{address}/clip.mp4", "files"))
    assert asked == []
    found = verify(*[Source(f"{address}/clip.mp4", "network")] * 2)
    assert (found.holds, found.timing.frames) == (True, 12)
    stretch = TimeRange(end=Fraction(1, 5))
    other = verify(Source(f"{address}/clip.ts", "network"), folder / "clip.mp4", span=stretch)
    assert "frames" in {check.name for check in other.failures}


# Files that change while they are read


def whole_matroska(path: Path, ffmpeg, *arguments: object) -> bytes:
    """A second and more of FFV1, more than is buffered ahead."""
    source = ("-f", "lavfi", "-i", "testsrc2=s=320x240:r=25:d=1.2")
    ffmpeg("ffmpeg", *source, "-c:v", "ffv1", *arguments, path)
    return path.read_bytes()


def test_a_file_that_vanishes_is_read_to_its_end(tmp_path, ffmpeg):
    """Its data stay until it is closed."""
    path = tmp_path / "gone.mkv"
    whole_matroska(path, ffmpeg)
    frames = decode(path)
    next(frames)
    path.unlink()
    assert len(list(frames)) == 29


def test_a_file_that_vanishes_before_its_audio_is_read(folder, tmp_path):
    """There is no result, and one sentence."""
    clip = probe(folder / "clip.mp4")
    (folder / "clip.mp4").unlink()
    with pytest.raises(InputError, match="There is no file"):
        next(decode(clip))


def test_a_file_that_shrinks_while_it_is_read(tmp_path, ffmpeg):
    """It is cut off, then, and said to be; what there was can be had."""
    path = tmp_path / "shrinking.mkv"
    data = whole_matroska(path, ffmpeg)
    for on_error in ("stop", "conceal"):
        path.write_bytes(data)
        tally = Tally()
        frames = decode(path, on_error=on_error, tally=tally)
        next(frames)
        os.truncate(path, len(data) // 2)
        if on_error == "stop":
            with pytest.raises(InputError, match=r"cut off|damaged|shorter while it was read"):
                list(frames)
        else:
            assert 5 < len(list(frames)) < 29
            assert tally.harm


def test_a_file_that_grows_is_read_as_far_as_it_goes(tmp_path, ffmpeg):
    """A recording that is still being made gives what it has, and does not wait for more."""
    path = tmp_path / "growing.mkv"
    data = whole_matroska(path, ffmpeg, "-live", 1)
    path.write_bytes(data[: len(data) // 2])
    frames = decode(path, on_error="conceal")
    found = [next(frames)]
    with path.open("ab") as file:
        file.write(data[len(data) // 2 :])
    found += list(frames)
    assert len(found) == 30
