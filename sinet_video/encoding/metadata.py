"""Metadata tags of files and tracks, and chapters: which remain true in another file, and how."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import ceil
from typing import Any

from av import VideoStream

from sinet_video.containers.alpha_tag import TAG
from sinet_video.containers.container import Container
from sinet_video.containers.formats import BY_MUXER
from sinet_video.decoding.clip import Clip
from sinet_video.encoding.plan import Plan
from sinet_video.media.stacked import says_stacked
from sinet_video.media.time_range import TimeRange, exact
from sinet_video.media.timecode import moved_timecode

# Tags that describe the original file, not its content; muxers write their own.
OWN_NAMES = frozenset(
    {"encoder", "duration", "major_brand", "minor_version", "compatible_brands", "vendor_id"}
    | {"software", "bps", "number_of_frames", "number_of_bytes", "rotate", "alpha_mode"}
)

CONSTANT = Fraction(1, 1000)
"""By how much an average rate may differ from the nominal one where the rate is constant."""

STACKED_NAMES = frozenset({TAG, "handler_name"})


def portable_tags(names: Mapping[str, str]) -> dict[str, str]:
    """Return the tags that are still true of a file made from another."""
    return {
        name: text
        for name, text in names.items()
        if name.lower() not in OWN_NAMES and not name.lower().startswith(("_statistics", "bps-"))
    }


def tags_option(clip: Clip, plan: Plan) -> dict[str, str]:
    """Return the option with which MOV and MP4 files hold tags of any name, in a list of their own.

    Such as com.apple.quicktime.make. Empty where no tag needs it: some players look for titles in
    other places only.
    """
    listed = BY_MUXER[plan.muxer].lists_tag
    if not any(listed(name) for name in portable_tags(dict(clip.tags))):
        return {}
    return {"movflags": f"{plan.muxer_options.get('movflags', '')}+use_metadata_tags"}


def track_names(names: Mapping[str, str], container: Container) -> dict[str, str]:
    """Return the tags of a track as a container names them."""
    kept = portable_tags(names)
    if says_stacked(names):  # which is true of its frames alone
        kept = {key: text for key, text in kept.items() if key.lower() not in STACKED_NAMES}
    if "name" in kept:  # libav reads back the "title" that it writes into MP4 under this name
        kept.setdefault("title", kept.pop("name"))
    if language := container.languages.get(kept.get("language", "")):
        kept["language"] = language
    return kept


def timecode_in(first: str, source: VideoStream, clip: Clip, span: TimeRange) -> str | None:
    """Return the timecode of the first frame of a span; None where it cannot be counted.

    `first` is that of the source's first frame. Frames are counted by time, so they must come at a
    constant rate.
    """
    rate, average = exact(source.base_rate), exact(source.average_rate)
    if not rate or not average or abs(average / rate - 1) > CONSTANT:
        return None
    begin = clip.start * clip.time_base
    return moved_timecode(first, max(0, ceil(((span.start or 0) - begin) * rate)), rate)


def moved_chapter(chapter: Any, span: TimeRange) -> dict[str, Any]:
    """Return a chapter shifted to the times of a span; one outside it ends before it starts."""
    base: Fraction = chapter["time_base"]
    shift = round(span.shift / base)
    last = chapter["end"] if span.end is None else min(chapter["end"], round(span.end / base))
    return {**chapter, "start": max(0, chapter["start"] - shift), "end": last - shift}
