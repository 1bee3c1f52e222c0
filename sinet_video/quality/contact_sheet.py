"""A preview as a single image."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sinet_video.media.arrays import Array
from sinet_video.quality.draw import Canvas, Colour, text_width
from sinet_video.quality.plots import PLOTS, Curve, across, clock, curves, percent
from sinet_video.quality.preview_report import Preview
from sinet_video.quality.thumbnails import CloseUp, Moment, resized

WIDTH, MARGIN, GAP = 1800, 30, 4
PLOT_HEIGHT, PLOT_STEP = 84, 132
PANEL_HEIGHT = 190
"""Approximate height of the panels; how many fit into a row follows from it."""

GROUND: Colour = (24, 25, 28)
INK: Colour = (232, 233, 236)
FAINT: Colour = (150, 153, 160)
RULE: Colour = (52, 54, 60)
CUT: Colour = (236, 170, 70)
COLOURS: dict[str, Colour] = {
    "coverage": (110, 190, 255),
    "flicker": (255, 120, 110),
    "uncertainty": (190, 150, 255),
}
INSIDE = WIDTH - 2 * MARGIN


def sheet(found: Preview) -> Array:
    """Return a preview drawn as one image, (H, W, 3) uint8."""
    parts = [_title(found), *_moments(found.moments), _plots(found)]
    for kind in ("flicker", "uncertainty"):
        parts += _close_ups([each for each in found.worst if each.kind == kind])
    return np.concatenate([*parts, Canvas(WIDTH, MARGIN, GROUND).image])


def _title(found: Preview) -> Array:
    canvas = Canvas(WIDTH, 84, GROUND)
    end = canvas.text(MARGIN, 32, Path(found.clip.path).name, 20, INK)
    canvas.text(end + 24, 38, found.headline, 12, FAINT)
    return canvas.image


def _moments(moments: tuple[Moment, ...]) -> list[Array]:
    """Return rows of moments: source, matte and result each."""
    if not moments:
        return []
    tall, wide = moments[0].source.shape[:2]
    each = max(1, min(6, round(INSIDE / (3 * PANEL_HEIGHT * wide / tall)), len(moments)))
    blocks = [
        (clock(m.time), "", [("source", m.source), ("matte", m.matte), ("result", m.result)], INK)
        for m in moments
    ]
    return rows(blocks, each, 3)


def _close_ups(worst: list[CloseUp]) -> list[Array]:
    """Return rows of close-ups of one kind, under a heading."""
    if not worst:
        return []
    kind = worst[0].kind
    canvas = Canvas(WIDTH, 56, GROUND)
    canvas.text(MARGIN, 26, f"Most {kind}, enlarged", 15, COLOURS[kind])
    tall, wide = worst[0].panels[0][1].shape[:2]
    panels = max(len(each.panels) for each in worst)
    fit = round(INSIDE / (panels * PANEL_HEIGHT * wide / tall))
    blocks = [
        (clock(w.time), f"{kind} {percent(w.value)}", list(w.panels), COLOURS[kind]) for w in worst
    ]
    return [canvas.image, *rows(blocks, max(1, min(fit, 4, len(worst))), panels)]


Block = tuple[str, str, list[tuple[str, Array]], Colour]
"""A time, a label for it, named images, and the colour of the time."""


def rows(blocks: list[Block], each: int, panels: int) -> list[Array]:
    """Return rows with `each` blocks of `panels` panels: (h, WIDTH, 3) uint8."""
    room = (INSIDE - (each - 1) * MARGIN) / each
    tall, wide = blocks[0][2][0][1].shape[:2]
    # A single one must not fill the whole sheet.
    width = int(min((room - (panels - 1) * GAP) / panels, 1.6 * PANEL_HEIGHT * wide / tall))
    size = width, max(1, round(width * tall / wide))
    made = []
    for start in range(0, len(blocks), each):
        canvas = Canvas(WIDTH, size[1] + 44, GROUND)
        for index, block in enumerate(blocks[start : start + each]):
            _block(canvas, round(MARGIN + index * (room + MARGIN)), block, size)
        made.append(canvas.image)
    return made


def _block(canvas: Canvas, left: int, block: Block, size: tuple[int, int]) -> None:
    time, word, panels, colour = block
    end = canvas.text(left, 8, time, 12, colour)
    canvas.text(end + 12, 9, word, 10, FAINT)
    for index, (name, image) in enumerate(panels):
        place = left + index * (size[0] + GAP)
        canvas.paste(place, 26, resized(image, size))
        if index and place > end + 12 + text_width(word, 10):
            canvas.text(place, 10, name, 9, FAINT)


def _plots(found: Preview) -> Array:
    canvas = Canvas(WIDTH, 24 + PLOT_STEP * len(PLOTS), GROUND)
    for index, curve in enumerate(curves(found.figures)):
        _plot(canvas, 30 + index * PLOT_STEP, curve, found)
    return canvas.image


def _plot(canvas: Canvas, top: int, curve: Curve, found: Preview) -> None:
    colour, bottom = COLOURS[curve.name], top + 24 + PLOT_HEIGHT
    end = canvas.text(MARGIN, top, curve.name, 13, colour)
    canvas.text(end + 14, top + 2, PLOTS[curve.name], 10, FAINT)
    scale = f"up to {percent(curve.top)}"
    canvas.text(WIDTH - MARGIN - text_width(scale, 10), top + 2, scale, 10, FAINT)
    canvas.fill(MARGIN, top + 24, INSIDE, PLOT_HEIGHT, (31, 32, 36))
    canvas.fill(MARGIN, bottom, INSIDE, 1, RULE)
    for place in across(found.figures, [moment.time for moment in found.moments]):
        canvas.fill(round(MARGIN + place * (INSIDE - 1)), top + 24, 1, PLOT_HEIGHT, RULE)
    for place in across(found.figures, found.figures.cuts):
        canvas.fill(round(MARGIN + place * (INSIDE - 2)), top + 24, 2, PLOT_HEIGHT, CUT)
    points = [
        (MARGIN + x * INSIDE, bottom - y * (PLOT_HEIGHT - 4) - 1)
        for x, y in zip(curve.across, curve.up, strict=True)
    ]
    canvas.line(points, colour, 1.8)
    for close in (each for each in found.worst if each.kind == curve.name):
        place = MARGIN + across(found.figures, [close.time])[0] * INSIDE
        height = bottom - close.value / curve.top * (PLOT_HEIGHT - 4) - 1
        canvas.line([(place, height)], INK, 7)
