"""Which files there are, what they hold, and which a name stands for."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from sinet_video.containers.codecs import Content, yuv_like
from sinet_video.errors import SettingError
from sinet_video.media.pixel_formats import PLANAR


@dataclass(frozen=True)
class Container:
    """A muxer of libav, the codecs that we put into it, and what it can hold beside frames.

    All that the rest of the package knows of a file format is a column here.
    """

    muxer: str
    codecs: tuple[str, ...]
    defaults: Mapping[Content, str]
    """The codec for each content that it can hold."""
    options: Mapping[str, str] = field(default_factory=dict)
    """What the muxer is told."""
    alone: bool = False
    """Whether it holds video and nothing else."""
    alpha_first: bool = False
    """Whether people who ask for this file without a background mean one with alpha."""
    narrows: Callable[[str], str] = str
    """From a working pixel format to the nearest that it can tell from others."""
    timed: bool = True
    """Whether frames have times of their own; else they come at one rate."""
    orientation_tag: bool = False
    """Whether it says how players turn and mirror frames; else they are turned themselves."""
    sample_aspect: Literal["written by the muxer", "display size", "no"] = "no"
    """How it says that pixels are not square. A display size is written when the file is whole."""
    edit_list: bool = False
    """Whether an edit list says when each track starts and what of it is not played."""
    codec_delay: bool = False
    """Whether it says, for want of an edit list, how much audio at a start primes the decoder."""
    codec_tags: Mapping[str, str] = field(default_factory=dict)
    """The four characters to name a codec by, where libav's own choice is not understood."""
    alpha_tag: Literal["stream tag", "graphics mode"] = "stream tag"
    """Where it says whether colours are multiplied by alpha."""
    attachments: bool = False
    """Whether it holds files such as fonts; covers are attached too."""
    audio_encoder: str = "aac"
    """What audio is re-encoded with when the file cannot hold its codec."""
    no_copy: frozenset[str] = frozenset()
    """Audio codecs that the muxer takes but players of such files do not; "pcm" is all of PCM."""
    channel_layout: bool = False
    """Whether audio must say where its channels belong."""
    text_encoder: str | None = None
    """What text subtitles become when the file cannot hold their codec."""
    languages: Mapping[str, str] = field(default_factory=dict)
    """ISO 639-2 codes that it knows by others."""

    @property
    def is_pictures(self) -> bool:
        """Whether it is not one file but one for each picture."""
        return self.muxer == "image2"


def _for_y4m(working: str) -> str:
    form = PLANAR[working]
    if form.is_rgb or (form.across, form.down) in ((1, 2), (4, 4)):
        return yuv_like(working, 8, 9, 10, 12, 14, 16)
    return working


def _for_nut(working: str) -> str:
    """Return what the pipe's other end can tell from other formats."""
    return working.replace("yuv440p1", "yuv444p1")


X26_PRESETS = (
    "ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow",
)  # fmt: skip


HVC1 = {"hevc": "hvc1"}
"""The only name of HEVC that Apple's players take."""

QUICKTIME_LANGUAGES = {
    "deu": "ger", "nld": "dut", "swe": "sve", "ell": "gre", "isl": "ice", "zho": "chi",
    "sqi": "alb", "mkd": "mac", "eus": "baq", "cym": "wel", "bod": "tib", "mya": "bur",
}  # fmt: skip
"""QuickTime has a short list of languages, which libav knows by these codes."""

_MP4 = Container(
    "mp4",
    ("h264", "hevc", "av1", "vp9"),
    {"rgb": "h264", "alpha": "h264"},
    {"movflags": "+faststart"},
    orientation_tag=True,
    sample_aspect="written by the muxer",
    edit_list=True,
    codec_tags=HVC1,
    # Plain samples are in the standard (ISO/IEC 23003-5), but FFmpeg before 6 plays 24 bits of them
    # as noise, and browsers none.
    no_copy=frozenset({"pcm"}),
    channel_layout=True,
    text_encoder="mov_text",
)


def _pictures(codec: str) -> Container:
    defaults: dict[Content, str] = {"rgb": codec, "rgba": codec, "alpha": codec}
    return Container("image2", (codec,), defaults, alpha_first=True)


PNG, TIFF, EXR = _pictures("png"), _pictures("tiff"), _pictures("exr")
FOLDERS = {"png": PNG, "tiff": TIFF, "exr": EXR}
"""What a folder can get."""

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
        sample_aspect="written by the muxer",
        edit_list=True,
        codec_tags=HVC1,
        alpha_tag="graphics mode",
        no_copy=frozenset({"flac", "opus", "vorbis"}),
        channel_layout=True,
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
        audio_encoder="libopus",
        text_encoder="webvtt",
    ),
    ".png": PNG,
    ".tif": TIFF,
    ".tiff": TIFF,
    ".exr": EXR,
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
"""What standard output can get."""

BY_MUXER = {each.muxer: each for each in (*CONTAINERS.values(), *PIPES.values())}
"""Containers by libav's name of their muxer."""


def container_of(path: Path, form: str | None = None) -> Container:
    """Return the container that a name stands for; no extension is a folder of PNGs.

    `form` is that of standard output, "-", or of a folder.
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
        raise SettingError(f"Format {form} is for {place}; the name {path} says its own.")
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
"""What stands for standard input and standard output."""
