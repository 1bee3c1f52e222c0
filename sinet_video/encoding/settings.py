"""Encoding settings, with an option for each field.

Nothing heavy is imported here, so that the command lists its options quickly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from sinet_video.checked import check_fields
from sinet_video.errors import SettingError
from sinet_video.option import option

ENCODING = "Encoding"
"""Heading of these options."""

AudioChoice = Literal["copy", "encode", "none"]
"""Copy packets where the file can hold them, re-encode always, or drop the audio."""

LARGEST_NUMBER = 10**9

Chroma = Literal["420", "422", "444"]
"""Chroma subsampling: a colour for 2x2, 2x1 or each of the samples of luma."""

AlphaMode = Literal["straight", "premultiplied", "stacked"]
"""Colours beside alpha are straight or premultiplied; stacked, straight colours are above alpha."""


@dataclass(frozen=True)
class Encoding:
    """How to encode; None lets the container decide.

    Raises `SettingError` for values that are not among the choices.

    Attributes:
        codec: "h264", "hevc", "av1", "vp9", "prores", "qtrle", "ffv1", "png", "tiff", "exr",
            "mjpeg", "gif", "apng" or "webp";
            names of ffmpeg's encoders, such as "libx264", are accepted too.
        crf: constant quality, lower is better; for h264, hevc, av1 and vp9.
        preset: speed against size: the names of x264 and x265, 0 to 13 for av1, 0 to 8 for vp9.
        format: format of standard output: "nut", which keeps times, alpha and audio, "y4m" or
            "rawvideo"; format of a folder: "png", "tiff" or "exr"; None for a file, whose name
            decides.
        alpha_mode: whether colours of frames with an alpha channel are "straight" or
            "premultiplied"; None uses what readers of the format assume: premultiplied for EXR,
            straight for all others. "stacked" puts alpha as gray below straight colours, in an
            ordinary video of twice the height.
        chroma: chroma subsampling of YUV; None for the source's where the codec has it, but 4:2:0
            for RGB in h264, hevc and vp9, as most players show no other.
        start_number: number of the first image of a sequence; None for the source's first number,
            or 1.
        audio: "copy" keeps the audio packets if the file can hold them and re-encodes them if not;
            "encode" always re-encodes; "none" drops the audio.
    """

    codec: str | None = option(
        None,
        "h264, hevc, av1, vp9, prores, qtrle, ffv1, png, tiff, exr, mjpeg, gif, apng, webp or "
        "rawvideo; names of FFmpeg encoders such as libx264 also work.",
        ENCODING,
        shown="by the type of OUTPUT",
        brief="h264, hevc, av1, vp9, prores, ffv1 and others.",
    )
    crf: float | None = option(
        None,
        "Constant quality; lower values look better and make larger files.",
        ENCODING,
        kind=float,
        shown="18 for h264, 20 for hevc, 28 for av1, 24 for vp9",
        brief="Quality; lower is better, files get larger.",
    )
    preset: str | None = option(
        None, "Encoder preset: speed against file size.", ENCODING, shown="veryfast, 10, 6"
    )
    format: str | None = option(
        None,
        "Format of a pipe (nut, y4m or rawvideo; only nut keeps times, alpha and audio) or of a "
        "folder (png, tiff or exr).",
        ENCODING,
        choices=("nut", "y4m", "rawvideo", "png", "tiff", "exr"),
        shown="nut, png",
    )
    chroma: Chroma | None = option(
        None,
        "Chroma subsampling: 420 for players; 422 and 444 for editing, as most players do not show "
        "them.",
        ENCODING,
        choices=get_args(Chroma),
        shown="as in INPUT; 420 for RGB in h264, hevc and vp9",
    )
    start_number: int | None = option(
        None,
        "Number of the first image of a sequence.",
        ENCODING,
        kind=int,
        metavar="NUMBER",
        shown="INPUT's own first number, else 1",
    )
    audio: AudioChoice = option(
        "copy",
        "Copy the audio (re-encoded only if the file cannot hold it), re-encode it, or drop it.",
        ENCODING,
        choices=get_args(AudioChoice),
        brief="Copy, re-encode or drop the audio.",
    )
    alpha_mode: AlphaMode | None = option(
        None,
        "Whether colours are premultiplied by alpha; or stacked: alpha as gray below the colours, "
        "in a video of twice the height, for players without alpha.",
        ENCODING,
        choices=get_args(AlphaMode),
        shown="premultiplied in .exr, else straight",
    )

    def __post_init__(self) -> None:
        check_fields(self)
        if self.codec is not None:
            from sinet_video.containers.codecs import codec_named

            object.__setattr__(self, "codec", codec_named(self.codec))
        if self.start_number is not None and not 0 <= self.start_number < LARGEST_NUMBER:
            raise SettingError(
                f"Start number is {self.start_number}; it must be from 0 to {LARGEST_NUMBER - 1}."
            )
