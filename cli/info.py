"""`sinet-video info`: what a file is."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import click
from sinet_video.cli.options import allow_option

if TYPE_CHECKING:
    from sinet_video.clip import Clip
    from sinet_video.reach import Allow

MATRICES = {0: "RGB", 1: "BT.709", 5: "BT.601", 6: "BT.601", 7: "SMPTE 240M", 9: "BT.2020"}
RANGES = {1: "limited", 2: "full"}


@click.command()
@click.argument("file")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@allow_option
def info(file: str, as_json: bool, allow: Allow) -> None:
    """Say what FILE is: pictures, times, colour, sound."""
    from sinet_video.probing import probe

    clip = replace(probe(file, allow=allow), piped=None)
    click.echo(json.dumps(asdict(clip), indent=2, default=str) if as_json else describe(clip))


def describe(clip: Clip) -> str:
    """Return a clip's facts, a line each."""
    from sinet_video.segmenting import Size

    rate = f"{float(clip.rate):.3f} frames/s on average" if clip.rate else "rate not said"
    length = f"{clip.duration:.3f} s" if clip.duration else "length not said"
    count = f"{clip.frames} frames" if clip.frames else "frames not counted"
    turned = f", {clip.orientation}" if not clip.orientation.upright else ""
    turned += ", interlaced" if clip.interlaced else ""
    width, height = Size().of(clip.shown_aspect)
    lines = [
        f"{clip.path}",
        f"  container  {clip.container}",
        f"  video      {clip.codec}, {clip.width}x{clip.height}, {clip.pixel_format}{turned}",
        f"  time       {length}, {count}, {rate}, starts at "
        f"{float(clip.start * clip.time_base):.6f} s, ticks of {clip.time_base} s",
        f"  colour     {MATRICES.get(clip.colour.matrix, 'matrix not said')}, "
        f"{RANGES.get(clip.colour.range, 'range not said')}",
        f"  network    sees it at {width}x{height}",
    ]
    for track in clip.audio:
        lines.append(
            f"  audio      {track.codec}, {track.rate} Hz, {track.channels} channels, "
            f"starts at {track.start:.6f} s"
        )
    return "\n".join(lines if clip.audio else [*lines, "  audio      none"])
