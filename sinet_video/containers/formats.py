"""The supported file formats, what they hold, and which one a file name means."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from sinet_video.containers.codecs import Content, yuv_like
from sinet_video.containers.container import Container
from sinet_video.errors import SettingError
from sinet_video.media.pixel_formats import PLANAR


def _for_y4m(working: str) -> str:
    form = PLANAR[working]
    if form.is_rgb or (form.across, form.down) in ((1, 2), (4, 4)):
        return yuv_like(working, 8, 9, 10, 12, 14, 16)
    return working


def _for_nut(working: str) -> str:
    """Return the nearest format that the other end of the pipe can tell apart."""
    return working.replace("yuv440p1", "yuv444p1")


HVC1 = {"hevc": "hvc1"}
"""The only tag of HEVC that Apple's players accept."""

QUICKTIME_LANGUAGES = {
    "deu": "ger", "nld": "dut", "swe": "sve", "ell": "gre", "isl": "ice", "zho": "chi",
    "sqi": "alb", "mkd": "mac", "eus": "baq", "cym": "wel", "bod": "tib", "mya": "bur",
}  # fmt: skip
"""QuickTime has a short list of languages, for which libav uses these codes."""

QUICKTIME_TAGS = frozenset(
    {"title", "artist", "author", "album", "comment", "genre", "date", "copyright", "make", "model"}
    | {"location", "performers", "creation_time", "timecode"}
)
"""Tags for which libav's MOV files have places that all players know."""

_MP4 = Container(
    "mp4",
    ("h264", "hevc", "av1", "vp9"),
    {"rgb": "h264", "alpha": "h264"},
    {"movflags": "+faststart"},
    orientation_tag=True,
    lists_tag=lambda name: "." in name,
    sample_aspect="written by the muxer",
    edit_list=True,
    codec_tags=HVC1,
    # PCM is in the standard (ISO/IEC 23003-5), but FFmpeg before 6 plays 24-bit PCM as noise, and
    # browsers do not play PCM at all.
    no_copy=frozenset({"pcm"}),
    channel_layout=True,
    text_encoder="mov_text",
)


def _image_sequence(codec: str) -> Container:
    defaults: dict[Content, str] = {"rgb": codec, "rgba": codec, "alpha": codec}
    return Container("image2", (codec,), defaults, alpha_first=True)


PNG, TIFF, EXR = _image_sequence("png"), _image_sequence("tiff"), _image_sequence("exr")
JPEG = Container("image2", ("mjpeg",), {"rgb": "mjpeg", "alpha": "mjpeg"})


def _animation(codec: str, **more: Any) -> Container:
    defaults: dict[Content, str] = {"rgb": codec, "rgba": codec, "alpha": codec}
    return Container(
        codec, (codec,), defaults, alone=True, alpha_first=True, animation=True, **more
    )


FOLDERS = {"png": PNG, "tiff": TIFF, "exr": EXR}
"""Formats for a folder."""

CONTAINERS: dict[str, Container] = {
    ".mp4": _MP4,
    ".m4v": _MP4,
    ".mov": Container(
        "mov",
        ("h264", "hevc", "prores", "qtrle", "png"),
        {"rgb": "h264", "rgba": "prores", "alpha": "h264"},
        {"movflags": "+faststart"},
        alpha_first=True,
        orientation_tag=True,
        lists_tag=lambda name: name.lower() not in QUICKTIME_TAGS,
        sample_aspect="written by the muxer",
        edit_list=True,
        codec_tags=HVC1,
        alpha_tag="graphics mode",
        no_copy=frozenset({"flac", "opus", "vorbis"}),
        text_encoder="mov_text",
        languages=QUICKTIME_LANGUAGES,
    ),
    ".mkv": Container(
        "matroska",
        ("h264", "hevc", "av1", "vp9", "ffv1", "prores"),
        {"rgb": "h264", "rgba": "ffv1", "alpha": "ffv1"},
        orientation_tag=True,
        sample_aspect="display size",
        codec_delay=True,
        tick=Fraction(1, 1000),
        attachments=True,
        text_encoder="subrip",
    ),
    ".webm": Container(
        "webm",
        ("vp9", "av1"),
        {"rgb": "vp9", "rgba": "vp9", "alpha": "vp9"},
        alpha_first=True,
        orientation_tag=True,
        sample_aspect="display size",
        codec_delay=True,
        tick=Fraction(1, 1000),
        audio_encoder="libopus",
        text_encoder="webvtt",
    ),
    ".png": PNG,
    ".tif": TIFF,
    ".tiff": TIFF,
    ".exr": EXR,
    ".jpg": JPEG,
    ".jpeg": JPEG,
    # Browsers show frames of a GIF that are to last less than this for a tenth of a second.
    ".gif": _animation("gif", tick=Fraction(1, 100), shortest=Fraction(1, 50)),
    ".apng": _animation("apng", options={"plays": "0"}),
    ".webp": _animation("webp", tick=Fraction(1, 1000), options={"loop": "0"}),
}


_RAW: Mapping[Content, str] = {"rgb": "rawvideo", "rgba": "rawvideo", "alpha": "rawvideo"}
PIPES: dict[str, Container] = {
    "nut": Container(
        "nut",
        ("rawvideo", "ffv1", "h264", "hevc", "vp9"),
        _RAW,
        alpha_first=True,
        narrows=_for_nut,
    ),
    "y4m": Container(
        "yuv4mpegpipe",
        ("rawvideo",),
        {"rgb": "rawvideo", "alpha": "rawvideo"},
        {"strict": "-1"},  # for more than eight bits
        alone=True,
        narrows=_for_y4m,
        timed=False,
    ),
    "rawvideo": Container(
        "rawvideo", ("rawvideo",), _RAW, alone=True, alpha_first=True, timed=False
    ),
}
"""Formats for standard output."""


def _live(muxer: str, *codecs: str, **more: Any) -> Container:
    """Return a row for what is sent as it is made. All players take 4:2:0 of eight bits."""
    defaults: dict[Content, str] = {"rgb": "h264", "alpha": "h264"}
    return Container(muxer, ("h264", *codecs), defaults, narrows=lambda _: "yuv420p", **more)


_BROADCAST_AUDIO = frozenset({"aac", "mp3", "ac3", "eac3"})

_HLS = _live(
    "hls",
    "hevc",
    audio_codecs=_BROADCAST_AUDIO,
    # Two seconds each, of which the last six are kept, each whole before it is listed.
    options={
        "hls_time": "2", "hls_list_size": "6", "hls_flags": "delete_segments+temp_file",
    },
)  # fmt: skip
_FLV = _live("flv", tick=Fraction(1, 1000), audio_codecs=frozenset({"aac", "mp3"}))
# Those who join later are told what is in it.
_TS = _live(
    "mpegts",
    "hevc",
    options={"mpegts_flags": "+resend_headers", "flush_packets": "1"},
    audio_codecs=_BROADCAST_AUDIO | {"mp2"},
)
_RTSP = _live(
    "rtsp",
    "hevc",
    options={"rtsp_transport": "tcp"},
    audio_codecs=frozenset({"aac", "opus"}),
    audio_headers=True,
)
_PUT = replace(_HLS, options={**_HLS.options, "method": "PUT"})

STREAMS = {
    "rtmp": _FLV, "rtmps": _FLV, "udp": _TS, "tcp": _TS, "srt": _TS,
    "rtsp": _RTSP, "http": _PUT, "https": _PUT,
}  # fmt: skip
"""What is sent to a host as it is made, by the scheme of its URL."""

PLAYLIST = ".m3u8"
"""What the name of an HLS stream ends with, also that of one in a folder."""

BY_MUXER = {each.muxer: each for each in (*CONTAINERS.values(), *PIPES.values(), *STREAMS.values())}
"""Containers by libav's name of their muxer."""


def file_types() -> list[str]:
    """Return the extensions of results, without their dots; of those of one format, the first."""
    first = {id(each): suffix for suffix, each in reversed(CONTAINERS.items())}
    return [suffix[1:] for suffix in CONTAINERS if suffix in first.values()]


def container_of(path: Path, form: str | None = None) -> Container:
    """Return the container for a file name; without an extension it is a folder of PNGs.

    `form` is the format of standard output, "-", or of a folder. Raises `SettingError`.
    """
    if path == PIPE:
        if form is not None and form not in PIPES:
            raise SettingError(f"Format is {form!r}; it must be one of {', '.join(PIPES)}.")
        return PIPES[form or "nut"]
    suffix = path.suffix.lower()
    if suffix not in CONTAINERS and _is_folder(path, form):
        return FOLDERS[form or "png"]
    if form is not None:
        place = "a folder" if form in FOLDERS else "standard output"
        raise SettingError(f"Format {form} is for {place}; {path} already says another.")
    if suffix not in CONTAINERS:
        raise SettingError(
            f"{path} ends in {suffix}; the output must end in {', '.join(CONTAINERS)}, or be a "
            f"folder for PNGs, such as {path}{os.sep}."
        )
    return CONTAINERS[suffix]


def _is_folder(path: Path, form: str | None) -> bool:
    """Whether a name that is no video's is a folder's; one with a dot is, if there is a folder."""
    there = not path.suffix or os.path.isdir(path)  # noqa: PTH112 (says no to impossible names)
    return form in FOLDERS or (form is None and there)


PIPE = Path("-")
"""Stands for standard input and standard output."""
