"""How a result is encoded: the settings, each field with its option.

Nothing heavy is imported here, so that the command can list its options at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from sinet_video.checked import check_fields
from sinet_video.errors import SettingError
from sinet_video.option import option

if TYPE_CHECKING:
    from sinet_video.media.tiled_alpha import AlphaKind

ENCODING = "Encoding"
"""The heading of these options."""

AudioChoice = Literal["copy", "encode", "none"]
"""What is asked for: packets as they are where the file can hold them, re-encoded, or no audio."""

ALPHA_MODES: tuple[AlphaKind, ...] = ("straight", "premultiplied")


@dataclass(frozen=True)
class Encoding:
    """How to encode; what is None is chosen for the container.

    Attributes:
        codec: "h264", "hevc", "av1", "vp9", "prores", "qtrle", "ffv1", "png", "tiff" or "exr".
        crf: constant quality, lower is better; for h264, hevc, av1 and vp9.
        preset: speed against size: x264's and x265's names, 0 to 13 for av1, 0 to 8 for vp9.
        format: what standard output gets: "nut", which keeps times, alpha and sound, "y4m" or
            "rawvideo"; what a folder gets: "png", "tiff" or "exr"; None with a file, whose name
            says it.
        alpha_mode: whether colours of frames with an alpha channel are "straight" or
            "premultiplied"; None is what the format is read as where nothing is said: premultiplied
            in EXR, straight in all others.
        audio: "copy" keeps the sound's packets where the file can hold them and encodes them anew
            where it cannot; "encode" always does; "none" leaves it out.
    """

    codec: str | None = option(
        None,
        "h264, hevc, av1, vp9, prores, qtrle, ffv1, png, tiff, exr or rawvideo; ffmpeg's names, "
        "such as libx264, are understood.",
        ENCODING,
        shown="what suits OUTPUT",
        brief="h264, hevc, av1, vp9, prores, ffv1 and others.",
    )
    crf: float | None = option(
        None,
        "Constant quality: lower is better and larger.",
        ENCODING,
        kind=float,
        shown="18 for h264, 20 for hevc, 28 for av1, 24 for vp9",
        brief="Quality; lower is better and larger.",
    )
    preset: str | None = option(
        None, "Speed against size, in the encoder's own words.", ENCODING, shown="veryfast, 10, 6"
    )
    format: str | None = option(
        None,
        "What a pipe gets (the first three; nut keeps times, alpha and audio) or a folder (the "
        "others).",
        ENCODING,
        choices=("nut", "y4m", "rawvideo", "png", "tiff", "exr"),
        shown="nut, png",
    )
    audio: AudioChoice = option(
        "copy",
        "Copy the audio where the file can hold it, re-encode it, or leave it out.",
        ENCODING,
        choices=get_args(AudioChoice),
        brief="Copy it, re-encode it, or leave it out.",
    )
    alpha_mode: AlphaKind | None = option(
        None,
        "Whether colours beside an alpha channel are multiplied by it.",
        ENCODING,
        choices=ALPHA_MODES,
        shown="premultiplied in .exr, else straight",
    )

    def __post_init__(self) -> None:
        check_fields(self)
        if self.alpha_mode not in (None, *ALPHA_MODES):
            raise SettingError(
                f"Alpha mode is {self.alpha_mode!r}; it must be one of {', '.join(ALPHA_MODES)}."
            )
        if self.audio not in get_args(AudioChoice):
            raise SettingError(
                f"Audio is {self.audio!r}; it must be one of {', '.join(get_args(AudioChoice))}."
            )
