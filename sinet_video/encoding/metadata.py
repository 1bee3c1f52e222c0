"""Names (tags) of files and tracks, and chapters: which stay true in another file, and how."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from sinet_video.containers.formats import Container
from sinet_video.media.time_range import TimeRange

# Names that describe the file that was, not what is in it; muxers write their own.
OWN_NAMES = frozenset(
    {"encoder", "duration", "major_brand", "minor_version", "compatible_brands", "vendor_id"}
    | {"software", "bps", "number_of_frames", "number_of_bytes", "rotate", "alpha_mode"}
)


def portable_tags(names: Mapping[str, str]) -> dict[str, str]:
    """Return the names (tags) that are still true of a file made from another."""
    return {
        name: text
        for name, text in names.items()
        if name.lower() not in OWN_NAMES and not name.lower().startswith(("_statistics", "bps-"))
    }


def track_names(names: Mapping[str, str], container: Container) -> dict[str, str]:
    """Return the names of a track as a container knows them."""
    kept = portable_tags(names)
    if "name" in kept:  # as libav reads what it writes for "title" into MP4
        kept.setdefault("title", kept.pop("name"))
    if language := container.languages.get(kept.get("language", "")):
        kept["language"] = language
    return kept


def moved_chapter(chapter: Any, span: TimeRange) -> dict[str, Any]:
    """Return a chapter in the time of a stretch; one outside ends before it starts."""
    base: Fraction = chapter["time_base"]
    shift = round(span.shift / base)
    last = chapter["end"] if span.end is None else min(chapter["end"], round(span.end / base))
    return {**chapter, "start": max(0, chapter["start"] - shift), "end": last - shift}
