"""Whether a result has all that its source has beside frames and audio."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import av

from sinet_video.containers.demuxers import demuxer_of
from sinet_video.containers.formats import CONTAINERS
from sinet_video.decoding.access import Source
from sinet_video.decoding.clip import Clip
from sinet_video.decoding.demux import opened
from sinet_video.encoding.captions import HEADERS
from sinet_video.encoding.metadata import portable_tags
from sinet_video.encoding.subtitles import TEXT
from sinet_video.media.side_data import captions_of, named_side_data
from sinet_video.quality.checks import Check
from sinet_video.words import counted


@dataclass
class Beside:
    """What is said beside frames: how many have closed captions, and what else, by name."""

    captioned: int = 0
    named: set[str] = field(default_factory=set)

    def note(self, video: av.VideoFrame) -> None:
        """Take a frame."""
        self.captioned += bool(captions_of(video))
        self.named |= named_side_data(video)


def captions(mine: Beside, theirs: Beside, codec: str) -> Check:
    """Whether as many frames have closed captions, and what else is said beside them."""
    lost = sorted(theirs.named - mine.named)
    if mine.captioned < theirs.captioned:
        lost.insert(0, f"closed captions of {counted(theirs.captioned - mine.captioned, 'frame')}")
    held = codec in HEADERS and mine.captioned < theirs.captioned
    if not theirs.captioned and not theirs.named:
        return Check("captions", True, "The source has none, nor other side data.")
    return _check("captions", lost, must=held, kept="All of the source's, and its other side data.")


def other_streams(mine: Clip, theirs: Clip) -> Check:
    """Whether all subtitles and attachments are there, and which streams no result gets."""
    texts = [sum(track.codec in TEXT for track in clip.subtitles) for clip in (mine, theirs)]
    names = Counter(each.name for each in theirs.attachments)
    fonts = sorted((names - Counter(each.name for each in mine.attachments)).elements())
    missing = len(theirs.subtitles) - len(mine.subtitles)
    lost = [f"{missing} of {len(theirs.subtitles)} subtitles"] if missing > 0 else []
    lost += [f"attachment {name}" for name in fonts]
    container = CONTAINERS.get(Path(mine.path).suffix.lower())
    held = container is not None and container.attachments
    must = texts[0] < texts[1] or (held and bool(fonts))
    lost += [f"{each.kind} of stream {each.index} ({each.about})" for each in theirs.others]
    return _check("other streams", lost, must=must, kept="Every stream of the source.")


def chapters(mine: Clip, theirs: Clip) -> Check:
    """Whether there are as many chapters."""
    missing = len(theirs.chapters) - len(mine.chapters)
    lost = [f"{missing} of {len(theirs.chapters)} chapters"] if missing > 0 else []
    return _check("chapters", lost, must=True, kept=f"{len(theirs.chapters)}, as the source.")


def tags(mine: Clip, theirs: Clip) -> Check:
    """Whether the file's tags are there; MP4 and MOV files hold but some of them."""
    found = {name.lower() for name in tags_in(mine.source)}
    wanted = [name for name in portable_tags(dict(theirs.tags)) if name.lower() not in found]
    must = demuxer_of(mine.container).any_tag or any("." in name for name in wanted)
    return _check("tags", sorted(wanted), must=must, kept="All of the source's.")


def tags_in(source: Source) -> set[str]:
    """Return the names of the tags of a file and of its streams."""
    with opened(source) as container:
        said = (container.metadata, *(stream.metadata for stream in container.streams))
        return {name for each in said for name in each}


def _check(name: str, lost: list[str], *, must: bool, kept: str) -> Check:
    if not lost:
        return Check(name, True, kept)
    return Check(name, False if must else None, f"The source also has {', '.join(lost)}.")
