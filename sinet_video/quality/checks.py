"""The checks of a result, one pure function each, on what was measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from fractions import Fraction
from typing import Literal

from av.video.reformatter import ColorPrimaries, ColorRange, ColorTrc

from sinet_video.media.colour import UNTAGGED, Colour
from sinet_video.quality.alpha_statistics import AlphaFigures
from sinet_video.quality.audio_timing import AudioTiming
from sinet_video.quality.playback import MILLISECOND, VideoProperties
from sinet_video.words import counted

Wanted = Literal["straight", "premultiplied", "stacked", "none"]
"""The alpha that a result should have."""


@dataclass(frozen=True)
class Check:
    """One property of a result, whether it holds, and a sentence with the findings.

    `holds` is None if the check does not apply or cannot be decided.
    """

    name: str
    holds: bool | None
    detail: str


@dataclass(frozen=True)
class Timing:
    """The number of frames and their times.

    Seconds, exact: the time of the first frame, of the last one, and when the last one ends; None
    if the file does not say.
    """

    frames: int = 0
    first: Fraction | None = None
    last: Fraction | None = None
    end: Fraction | None = None

    @property
    def duration(self) -> Fraction | None:
        """Seconds from the first frame's start to the last one's end."""
        return None if self.end is None or self.first is None else self.end - self.first


def in_seconds(value: Fraction) -> str:
    """Return a time for people, precise enough to tell ticks apart: "0.041708 s"."""
    return f"{float(value):.6f} s"


def size(mine: VideoProperties, theirs: VideoProperties) -> Check:
    """Check that frames are as large as the source's; images, as the source's after rotation."""
    found, wanted = (mine.width, mine.height), (theirs.width, theirs.height)
    if mine.is_image_sequence:
        wanted = theirs.upright_size
    said = "{}x{}".format(*found)
    if found == wanted:
        return Check("size", True, f"{said}, as the source.")
    detail = f"Frames are {said}, and the source's {wanted[0]}x{wanted[1]}."
    scale = found[0] / wanted[0]
    if abs(wanted[1] * scale - found[1]) < 2:  # sides are rounded to even ones
        detail += f" They were scaled by {scale:.3g}; skip this check if that is meant."
    return Check("size", False, detail)


def rotation(mine: VideoProperties, theirs: VideoProperties) -> Check:
    """Check that a player rotates and mirrors frames as it does the source's."""
    if mine.is_image_sequence:
        detail = "Frames cannot say it; their size tells if they were turned."
        return Check("rotation", None, detail)
    ours, wanted = mine.orientation, theirs.orientation
    if ours.matches(wanted):
        return Check("rotation", True, f"{str(ours).capitalize()}, as the source.")
    return Check("rotation", False, f"Players show it {ours}, and the source {wanted}.")


def pixel_aspect(mine: VideoProperties, theirs: VideoProperties) -> Check:
    """Check that the sample aspect ratio is the source's, inverted where frames are rotated."""
    found, wanted = mine.sample_aspect, theirs.sample_aspect
    if found is None or wanted is None:
        return Check("pixel aspect", None, "How wide pixels are in TIFFs cannot be told.")
    if mine.is_image_sequence and theirs.orientation.sideways:
        wanted = 1 / wanted
    if found == wanted:
        return Check("pixel aspect", True, f"{found}, as the source.")
    detail = f"Players show pixels {found} as wide as high, and the source's {wanted}."
    return Check("pixel aspect", False, detail)


MATRIX_NAMES = {
    0: "RGB",
    1: "BT709",
    4: "FCC",
    5: "BT470BG",
    6: "SMPTE170M",
    7: "SMPTE240M",
    9: "BT2020",
    10: "BT2020 of constant luminance",
}
RANGE_NAMES = {1: "limited", 2: "full"}
COLOUR_TAGS = ("matrix", "range", "primaries", "transfer")


def colour(mine: VideoProperties, theirs: VideoProperties) -> Check:
    """Check that colours are interpreted as the source's are, tag by tag."""
    if mine.is_rgb or theirs.is_rgb:
        whose = "frames" if mine.is_rgb else "source's frames"
        return Check("colour", None, f"The {whose} are RGB, which needs no tags.")
    if mine.codec == "webp":
        return Check("colour", None, "WebP has one kind of YUV and no tags: values are converted.")
    wrong = [tag for tag in COLOUR_TAGS if not _same_tag(tag, mine, theirs)]
    if wrong:
        each = [
            f"{tag} is {colour_word(mine.colour, tag)}, and the source's "
            f"{colour_word(theirs.colour, tag)}"
            for tag in wrong
        ]
        return Check("colour", False, f"Colours are tagged unlike the source's: {'; '.join(each)}.")
    said = [
        f"{tag} {colour_word(theirs.colour, tag)}"
        for tag in COLOUR_TAGS
        if getattr(theirs.colour, tag) != getattr(UNTAGGED, tag)
    ]
    if said:
        return Check("colour", True, f"Tagged as the source: {', '.join(said)}.")
    return Check("colour", True, "The source has no tags; players read both alike.")


def _same_tag(tag: str, mine: VideoProperties, theirs: VideoProperties) -> bool:
    found, wanted, none = (getattr(each, tag) for each in (mine.colour, theirs.colour, UNTAGGED))
    if tag == "range" and mine.codec == "prores":
        return mine.range == ColorRange.MPEG  # it has no other range, so values were converted
    alike = getattr(mine, tag, None) == getattr(theirs, tag, None)
    if tag == "range":
        return bool(alike)  # unspecified is limited, and several encoders do not say it
    if wanted == none or tag == "matrix":
        return alike and (wanted == none or found != none)
    return bool(found == wanted)


def colour_word(tags: Colour, tag: str) -> str:
    """Return the name of the value of a tag: "matrix", "range", "primaries" or "transfer"."""
    code: int = getattr(tags, tag)
    if code == getattr(UNTAGGED, tag):
        return "not said"
    if tag in ("matrix", "range"):
        return (MATRIX_NAMES if tag == "matrix" else RANGE_NAMES).get(code, str(code))
    kind: type[IntEnum] = ColorPrimaries if tag == "primaries" else ColorTrc
    return kind(code).name if code in list(kind) else str(code)


def alpha(mine: VideoProperties, frames: int, figures: AlphaFigures | None) -> Check:
    """Check that all frames have alpha or none has, and that the container says so."""
    count = figures.frames if figures else 0
    tagged = mine.alpha_mode == "1"
    if 0 < count < frames:
        return Check("alpha", False, f"Only {count} of {frames} frames have alpha.")
    if tagged and not count:
        return Check(
            "alpha", False, "The container says that there is alpha, but no frame has any."
        )
    if count and not (tagged or mine.stacked) and mine.codec in ("vp8", "vp9"):
        detail = "Frames have alpha, but without the container's tag alpha_mode players ignore it."
        return Check("alpha", False, detail)
    if not count:
        return Check("alpha", None, "There is no alpha.")
    kind = figures.kind if figures else None
    if kind == "straight" and mine.alpha_said == "premultiplied":
        detail = "The file says that colours are premultiplied, but many are above their alpha."
        return Check("alpha", False, detail)
    told = f"; the file says {mine.alpha_said}" if mine.alpha_said else ""
    told = "; below their colours, as the file says" if mine.stacked else told
    detail = f"In all frames, {kind or 'straight or not cannot be told'}{told}."
    return Check("alpha", True, detail)


def alpha_mode(mine: VideoProperties, figures: AlphaFigures | None, wanted: Wanted) -> Check:
    """Check that alpha is straight, premultiplied, stacked or absent, as it should be."""
    found: Wanted | None = figures.kind if figures else "none"
    found = "stacked" if mine.stacked else found
    if found is None:
        return Check("alpha mode", None, f"Whether it is {wanted} cannot be told: nothing is soft.")
    if found == wanted:
        return Check("alpha mode", True, f"It is {found}, as it should be.")
    return Check("alpha mode", False, f"Alpha should be {wanted}, and is {found}.")


def frames(mine: Timing, theirs: Timing) -> Check:
    """Check that there are as many frames as in the source."""
    if mine.frames == theirs.frames:
        return Check("frames", True, f"{mine.frames}, as the source.")
    return Check(
        "frames", False, f"It has {counted(mine.frames, 'frame')}; the source has {theirs.frames}."
    )


def length(mine: Timing, theirs: Timing, slack: Fraction) -> Check:
    """Check that the video is as long as the source's, with up to `slack` at each end of both."""
    found, wanted = mine.duration, theirs.duration
    if found is None or wanted is None:
        return Check("length", None, "When the last frame ends is not said.")
    if abs(found - wanted) <= 4 * slack:
        return Check("length", True, f"{in_seconds(found)}, as the source.")
    detail = f"Frames last {in_seconds(found)}, and the source's {in_seconds(wanted)}."
    return Check("length", False, detail)


def audio(
    mine: Sequence[AudioTiming], theirs: Sequence[AudioTiming], lag: Fraction
) -> tuple[Check, ...]:
    """Check that there is as much audio as in the source, starting and ending at the same times.

    `lag` is how much later the video starts than the source's, in seconds. A track may start and
    end a packet early or late, because packets are copied whole.
    """
    pairs = list(zip(mine, theirs, strict=False))
    starts = [(each.start - other.start - lag, _slack(each, other)) for each, other in pairs]
    lengths = [(each.length - other.length, 2 * _slack(each, other)) for each, other in pairs]
    return (
        _tracks(mine, theirs),
        _close("audio start", starts, ("earlier", "later"), "against the frames than"),
        _close("audio length", lengths, ("shorter", "longer"), "than"),
    )


def _slack(mine: AudioTiming, theirs: AudioTiming) -> Fraction:
    return max(mine.step, theirs.step) + MILLISECOND


def _tracks(mine: Sequence[AudioTiming], theirs: Sequence[AudioTiming]) -> Check:
    codecs = ", ".join(heard.codec for heard in mine) or "none"
    if len(mine) != len(theirs):
        tracks = counted(len(mine), "audio track")
        detail = f"It has {tracks}; the source has {len(theirs)}."
        return Check("audio tracks", False, detail)
    if not mine:
        return Check("audio tracks", True, "None, as the source.")
    before = ", ".join(heard.codec for heard in theirs)
    said = "as the source" if codecs == before else f"where the source has {before}"
    return Check("audio tracks", True, f"{len(mine)} ({codecs}), {said}.")


def _close(
    name: str, gaps: Sequence[tuple[Fraction, Fraction]], words: tuple[str, str], than: str
) -> Check:
    """Check that all differences from the source are within what is allowed for each."""
    if not gaps:
        return Check(name, None, "There is no audio to compare.")
    for number, (gap, allowed) in enumerate(gaps, 1):
        if abs(gap) > allowed:
            word = words[gap > 0]
            verb = name.split()[1]
            detail = f"Track {number} is {in_seconds(abs(gap))} {word} {than} in the source."
            return Check(name, False, f"The {verb} of the audio is off: {detail}")
    worst, allowed = max(gaps, key=lambda each: abs(each[0]))
    detail = f"Within {in_seconds(abs(worst))} of the source's; {in_seconds(allowed)} are allowed."
    return Check(name, True, detail)
