"""`sinet-video info`: the properties of a file."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import click
from sinet_video.cli.options.click_options import option_of, own_option
from sinet_video.cli.options.command import GroupedCommand
from sinet_video.cli.terminal.reports import write_text
from sinet_video.cli.terminal.streams import write_stdout

from sinet_video.pipeline.settings import Settings
from sinet_video.words import counted, printable

if TYPE_CHECKING:
    from sinet_video.decoding.access import Allow
    from sinet_video.decoding.clip import Chapter, Clip

MATRICES = {0: "RGB", 1: "BT.709", 5: "BT.601", 6: "BT.601", 7: "SMPTE 240M", 9: "BT.2020"}
"""The usual matrices of H.273 by their codes; the others go by libav's names."""

RANGES = {1: "limited", 2: "full"}


@click.command(cls=GroupedCommand)
@click.argument("file", type=click.Path())
@own_option("Result", "--json", "as_json", is_flag=True, help="Print JSON instead of text.")
@option_of(Settings, "stream")
@option_of(Settings, "allow")
@option_of(Settings, "runtime")
@option_of(Settings, "device")
def info(
    file: str, as_json: bool, stream: int | None, allow: Allow, runtime: Any, device: str
) -> None:
    """Show the properties of FILE, and where a job on it would run."""
    from sinet_video.decoding.access import Source
    from sinet_video.decoding.probe import probe

    clip = probe(Source(file, allow, stream))
    settings = Settings(runtime=runtime, device=device)
    if as_json:
        write_stdout(as_text(clip, settings))
    else:
        write_text(describe(clip, settings))


def as_text(clip: Clip, settings: Settings = Settings()) -> str:
    """Return a clip's facts as JSON."""
    placed = dict(zip(("runtime", "device"), settings.placed, strict=True))
    facts = placed | {
        "path": clip.path,
        "stream": clip.source.stream,
        **asdict(replace(clip, **_READERS)),
    }
    for name in ("piped", "images", "icc", "source", "span", "coded"):
        del facts[name]  # of how it is read, not of what it is
    return json.dumps(facts, indent=2, default=str)


_READERS: dict[str, Any] = {"piped": None, "images": None}


def describe(clip: Clip, settings: Settings = Settings()) -> str:
    """Return a clip's facts, a line each."""
    from sinet_video.media.colour import HDR
    from sinet_video.models import devices
    from sinet_video.models.input_settings import InputSize
    from sinet_video.native import described

    rate = f"{float(clip.rate):.3f} frames/s on average" if clip.rate else "rate not said"
    length = f"{clip.duration:.3f} s" if clip.duration else "length not said"
    count = counted(clip.frames, "frame") if clip.frames else "frames not counted"
    turned = f", {clip.orientation}" if not clip.orientation.upright else ""
    turned += ", interlaced" if clip.interlaced else ""
    turned += ", alpha stacked below it" if clip.stacked else ""
    width, height = InputSize().of(clip.shown_aspect)
    hdr = HDR.get(clip.colour.transfer)
    light = f", HDR ({hdr})" if hdr else ""
    lines = [
        printable(clip.path),
        f"  container  {clip.container}",
        f"  video      {clip.codec}, {clip.width}x{clip.height}, {clip.pixel_format}{turned}"
        f"{_number(clip)}",
        f"  time       {length}, {count}, {rate}, starts at "
        f"{float(clip.start * clip.time_base):.6f} s, ticks of {clip.time_base} s",
        f"  colour     {_matrix(clip.colour.matrix)}, "
        f"{RANGES.get(clip.colour.range, 'range not said')}"
        f"{light}",
        f"  network    sees it at {width}x{height}, in {devices.described(*settings.placed)}",
        f"  arithmetic in {described()}",
    ]
    return "\n".join([*lines, *_beside(clip)])


def _matrix(code: int) -> str:
    """Return what a matrix is called, by its code in H.273."""
    from sinet_video.media import colour

    if code == colour.UNSPECIFIED:
        return "matrix not said"
    others = {number: name for name, number in colour.MATRICES.items()}
    return (others | MATRICES).get(code, f"matrix {code}")


def _beside(clip: Clip) -> list[str]:
    """Return what is beside the frames, a line each."""
    audio = [
        f"  audio      {track.codec}, {track.rate} Hz, {counted(track.channels, 'channel')}, "
        f"starts at {track.start:.6f} s{_spoken(track.language)}"
        for track in clip.audio
    ]
    return [
        *(audio or ["  audio      none"]),
        *(f"  subtitles  {each.codec}{_spoken(each.language)}" for each in clip.subtitles),
        *(
            f"  chapter    from {each.start:.3f} s to {each.end:.3f} s: {_title(each)}"
            for each in clip.chapters
        ),
        *(
            f"  attached   {printable(each.name)}, {printable(each.kind or 'of no kind')}"
            for each in clip.attachments
        ),
        *(
            f"  stream {each.index:<3} {printable(each.kind)}, {printable(each.about)}"
            for each in clip.others
        ),
    ]


def _title(chapter: Chapter) -> str:
    return printable(chapter.title or "unnamed")


def _number(clip: Clip) -> str:
    """Return the number of the stream, where there are others that could be chosen."""
    return f", stream {clip.source.stream}" if any(s.kind == "video" for s in clip.others) else ""


def _spoken(language: str | None) -> str:
    return f", language {printable(language)}" if language not in (None, "und") else ""
