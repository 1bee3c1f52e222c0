"""What a file format, or a kind of stream, is and can hold; the formats themselves are a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

from sinet_video.containers.codecs import Content


@dataclass(frozen=True)
class Container:
    """A muxer of libav, the codecs that we put into it, and what it can hold beside frames.

    Everything that the rest of the package needs to know about a file format is a column here.
    """

    muxer: str
    codecs: tuple[str, ...]
    defaults: Mapping[Content, str]
    """Default codec for each content that it can hold."""
    options: Mapping[str, str] = field(default_factory=dict)
    """Options for the muxer."""
    alone: bool = False
    """Whether it holds video and nothing else."""
    alpha_first: bool = False
    """Whether this file gets an alpha channel if no background is given."""
    narrows: Callable[[str], str] = str
    """Maps a working pixel format to the nearest one that the container can tell apart."""
    tick: Fraction | None = None
    """The unit of its times in seconds, where that is fixed."""
    shortest: Fraction = Fraction(0)
    """Seconds that a frame has to be shown, as players take a shorter time for none."""
    animation: bool = False
    """Whether it is an image that moves, whose frames are compressed together."""
    timed: bool = True
    """Whether frames have their own times; otherwise they have a constant rate."""
    orientation_tag: bool = False
    """Whether it has an orientation tag; otherwise the frames themselves are rotated."""
    sample_aspect: Literal["written by the muxer", "display size", "no"] = "no"
    """How it stores the sample aspect ratio. A display size is written once the file is complete.
    """
    edit_list: bool = False
    """Whether an edit list says when each track starts and which part of it is not played."""
    codec_delay: bool = False
    """Whether, without an edit list, it can say how much audio at the start primes the decoder."""
    codec_tags: Mapping[str, str] = field(default_factory=dict)
    """Codec tags (four characters) for codecs where libav's own choice is not understood."""
    alpha_tag: Literal["stream tag", "graphics mode"] = "stream tag"
    """Where it says whether colours are premultiplied by alpha."""
    attachments: bool = False
    """Whether it holds attachments such as fonts, and covers as attachments."""
    audio_encoder: str = "aac"
    """Encoder for audio if the file cannot hold the original codec."""
    audio_codecs: frozenset[str] | None = None
    """Audio codecs that its players take; None for all that the muxer takes, if it tells."""
    audio_headers: bool = False
    """Whether it needs what a decoder of audio is told apart from packets, as ADTS has not."""
    no_copy: frozenset[str] = frozenset()
    """Audio codecs that the muxer accepts but players of such files do not; "pcm" is all of PCM."""
    channel_layout: bool = False
    """Whether audio needs a channel layout."""
    text_encoder: str | None = None
    """Encoder for text subtitles if the file cannot hold the original codec."""
    languages: Mapping[str, str] = field(default_factory=dict)
    """ISO 639-2 codes for which it has other codes."""
    lists_tag: Callable[[str], bool] = lambda _: False
    """Whether a tag needs the muxer's list of tags of any name, which not all players read."""

    @property
    def is_image_sequence(self) -> bool:
        """Whether it is one file per frame instead of a single file."""
        return self.muxer == "image2"
