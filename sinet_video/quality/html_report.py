"""A preview as one self-contained web page, which needs no other files and no network."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template

from sinet_video.media.arrays import Array
from sinet_video.quality.image_bytes import jpeg
from sinet_video.quality.plots import PLOTS, Curve, across, clock, curves, percent
from sinet_video.quality.preview_report import Preview
from sinet_video.quality.thumbnails import CloseUp, Moment
from sinet_video.words import counted

KEY = "Thin lines are the moments above, dots those enlarged below."


def webpage(found: Preview) -> str:
    """Return the HTML of the page, with its styles, script and images embedded."""
    template = files("sinet_video.data").joinpath("preview.html").read_text("utf-8")
    tall = (
        bool(found.moments) and found.moments[0].source.shape[0] > found.moments[0].source.shape[1]
    )
    cuts = len(found.figures.cuts)
    marked = f" <i>{counted(cuts, 'cut is', 'cuts are')} marked.</i>" if cuts else ""
    return Template(template).substitute(
        title=escape(f"{Path(found.clip.path).name}: matte"),
        name=escape(Path(found.clip.path).name),
        headline=escape(found.headline),
        column="260px" if tall else "360px",
        wide="440px" if tall else "100%",
        moments="".join(map(_moment, found.moments)),
        plots="".join(_plot(curve, found) for curve in curves(found.figures)),
        key=KEY + marked,
        worst="".join(_worst(kind, found.worst) for kind in ("flicker", "uncertainty")),
    )


def _moment(moment: Moment) -> str:
    when = clock(moment.time)
    named = (("Source", moment.source), ("Matte", moment.matte), ("Result", moment.result))
    row = "".join(_image(image, f"{name} at {when}") for name, image in named)
    return (
        f'<button type="button" data-when="{when}" aria-pressed="false">{when}'
        f'<span class="row">{row}</span></button>'
    )


def _worst(kind: str, worst: Iterable[CloseUp]) -> str:
    found = "".join(_close_up(each) for each in worst if each.kind == kind)
    return f'<h2>Most {kind}, enlarged</h2><div class="worst">{found}</div>' if found else ""


def _close_up(each: CloseUp) -> str:
    when = clock(each.time)
    panels = "".join(
        f"<div>{_image(image, f'{name} at {when}')}<span>{name}</span></div>"
        for name, image in each.panels
    )
    caption = f"<b>{when}</b> {each.kind} {percent(each.value)}"
    return f'<figure><figcaption>{caption}</figcaption><div class="row">{panels}</div></figure>'


def _image(image: Array, name: str) -> str:
    data = base64.b64encode(jpeg(image)).decode()
    height, width = image.shape[:2]
    return (
        f'<img src="data:image/jpeg;base64,{data}" width="{width}" height="{height}" alt="{name}">'
    )


def _plot(curve: Curve, found: Preview) -> str:
    figures = found.figures
    points = " ".join(
        f"{1000 * x:.1f},{100 * (1 - y):.2f}" for x, y in zip(curve.across, curve.up, strict=True)
    )
    shown = across(figures, [moment.time for moment in found.moments])
    lines = [_upright(x, "moment") for x in shown]
    lines += [_upright(x, "cut") for x in across(figures, figures.cuts)]
    dots = [
        f'<line class="dot" x1="{1000 * x:.1f}" x2="{1000 * x:.1f}" y1="{y:.2f}" y2="{y:.2f}"/>'
        for x, y in _dots(curve, found)
    ]
    return (
        f'<div class="plot" style="--own: var(--{curve.name})"><header><b>{curve.name}</b>'
        f"<span>{PLOTS[curve.name]}</span><output>up to {percent(curve.top)}</output></header>"
        f'<svg viewBox="0 0 1000 100" preserveAspectRatio="none" role="img" data-top="{curve.top}" '
        f'data-first="{figures.times[0]}" data-last="{figures.times[-1]}" '
        f'aria-label="{curve.name} over time, up to {percent(curve.top)}">'
        f'{"".join(lines)}<polyline points="{points}"/>{"".join(dots)}'
        '<line class="here" y1="0" y2="100"/></svg></div>'
    )


def _upright(x: float, kind: str) -> str:
    return f'<line class="{kind}" x1="{1000 * x:.1f}" x2="{1000 * x:.1f}" y1="0" y2="100"/>'


def _dots(curve: Curve, found: Preview) -> list[tuple[float, float]]:
    worst = [each for each in found.worst if each.kind == curve.name]
    places = across(found.figures, [each.time for each in worst])
    heights = [100 * (1 - each.value / curve.top) for each in worst]
    return list(zip(places.tolist(), heights, strict=True))
