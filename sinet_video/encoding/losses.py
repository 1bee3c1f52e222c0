"""What a result does not hold of its source beside the frames, in sentences for the report."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from fractions import Fraction
from pathlib import Path

from av.container import InputContainer

from sinet_video.containers.codec_delay import priming
from sinet_video.decoding.clip import Clip
from sinet_video.decoding.demux import covers, opened
from sinet_video.decoding.timeline import start_of
from sinet_video.encoding.audio import Copied, Track
from sinet_video.encoding.metadata import portable_tags
from sinet_video.media.time_range import TimeRange

TICK = Fraction(1, 1000)
"""Seconds by which a file may misstate the start of its audio: Matroska's precision."""


def left_out(clip: Clip) -> list[str]:
    """Return a sentence for each of a clip's streams that no result gets."""
    return [f"Stream {each.index} ({each.kind}, {each.about}) is left out." for each in clip.others]


def not_held(clip: Clip, output: str) -> list[str]:
    """Return sentences for all beside a clip's frames that an output of frames alone lacks."""
    parts = (
        ("audio", clip.audio),
        ("subtitles", clip.subtitles),
        ("chapters", clip.chapters),
        ("attachments", clip.attachments),
    )
    there = [name for name, found in parts if found]
    said = [f"{output} has no {', no '.join(there)}: left out."] if there else []
    return [*said, *left_out(clip)]


def late_audio(tracks: Iterable[Track], span: TimeRange, kind: str) -> list[str]:
    """Return a sentence for each track whose beginning a file of a `kind` cannot hold."""
    lost = [
        (track.source.codec_context.name, start)
        for track in tracks
        if track.source.type == "audio" and (start := _lost_until(track, span)) is not None
    ]
    return [
        f"Audio ({codec}) before {float(start):.3f} s is lost: a {kind} file cannot begin with it"
        + ("; .mp4 and .mov can." if start else ".")
        for codec, start in lost
    ]


def _lost_until(track: Track, span: TimeRange) -> Fraction | None:
    """Return the time in seconds up to which audible audio is dropped, if any is."""
    if isinstance(track, Copied) and track.lost is not None:
        return track.lost
    start = start_of(track.source) + span.late
    early = span.start is None and start < -priming(track.source) - TICK
    return Fraction(0) if early else None


def not_written(
    written: Path, source: InputContainer, tracks: Collection[Track], chapters: int, kind: str
) -> list[str]:
    """Return a sentence about the tags, languages, chapters and covers that a written file lacks.

    `tracks` were written from `source`, with so many `chapters`, into a file of a `kind`.
    """
    wanted = {name.lower() for name in portable_tags(source.metadata)}
    with opened(written) as found:
        tags = (found.metadata, *(stream.metadata for stream in found.streams))
        names = sorted(wanted - {name.lower() for each in tags for name in each})
        languages = _lost_languages(tracks, found)
        counts = (
            (chapters - len(found.chapters()), "chapters"),
            (len(covers(source)) - len(covers(found)), "cover art"),
        )
    missing = [f"tags ({', '.join(names)})"] if names else []
    missing += [f"languages ({', '.join(languages)})"] if languages else []
    missing += [f"{count} {what}" for count, what in counts if count > 0]
    return [f"A {kind} file does not hold: {', '.join(missing)}."] if missing else []


def _lost_languages(tracks: Iterable[Track], found: InputContainer) -> list[str]:
    sources = [track.source for track in tracks if track.source.type != "video"]
    written = [*found.streams.audio, *found.streams.subtitles]
    said = (s.language for s in sources if s.language not in (None, "und"))
    pairs = zip(sources, written, strict=False)
    kept = [old.language for old, new in pairs if new.language not in (None, "und")]
    return sorted(set(said) - set(kept))
