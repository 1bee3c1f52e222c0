"""The progress of a training: one row every so many steps, as CSV and as a plot."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

Row = dict[str, float | str]


def write_csv(rows: Sequence[Row], path: Path) -> None:
    """Write rows, which may have different columns, as one table."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)


def draw_curves(rows: Sequence[Row], path: Path) -> None:
    """Plot losses, learning rate and validation over steps."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 9), layout="constrained")
    panels = figure.subplots(3, 1, sharex=True)
    columns = dict.fromkeys(name for row in rows for name in row if name not in {"step", "stage"})
    for name in columns:
        points = [(row["step"], row[name]) for row in rows if name in row]
        watched = name.startswith(("IoU", "false", "watched"))
        panel = panels[1] if name == "rate" else panels[2] if watched else panels[0]
        panel.plot(*zip(*points, strict=True), label=name)
    for panel, title in zip(panels, ("loss", "learning rate", "validation"), strict=True):
        panel.set_ylabel(title)
        panel.grid(alpha=0.3)
        if panel.lines:
            panel.legend(loc="best", fontsize=8)
    if any(value > 0 for line in panels[0].lines for value in line.get_ydata()):
        panels[0].set_yscale("log")
    panels[2].set_xlabel("step")
    figure.savefig(path, format="png")
