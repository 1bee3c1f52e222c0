"""What was measured, as a table for each kind of figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sinet_video.training.evaluate.scores import EmptyFigures, FrameFigures, ImageFigures, Scores


@dataclass(frozen=True)
class Column:
    """A figure as a column: its field, its heading, what it is multiplied with, its decimals."""

    field: str
    heading: str
    factor: float = 1.0
    decimals: int = 2


_SOFT = (
    Column("partial_share", "soft %", 100),
    Column("true_partial_share", "in truth", 100),
)

IMAGE_COLUMNS = (
    Column("foreground_iou", "IoU %", 100),
    Column("two_class_iou", "mIoU %", 100),
    Column("boundary_f", "F %", 100),
    *_SOFT,
)

EMPTY_COLUMNS = (
    Column("false_find", "false finds %", 100),
    Column("found", "found %", 100),
)

FRAME_COLUMNS = (
    Column("mad", "MAD x1000", 1000),
    Column("mse", "MSE x1000", 1000),
    Column("gradient", "gradient", decimals=3),
    Column("connectivity", "connect.", decimals=3),
    Column("dtssd", "dtSSD x100", 100),
    Column("foreground_iou", "IoU %", 100),
    Column("edge_mad", "edge MAD x1000", 1000),
    *_SOFT,
)


def tables(results: Sequence[Scores]) -> str:
    """Return the figures of images, of such without people and of clips as a table each."""
    kinds = (
        (ImageFigures, "images", IMAGE_COLUMNS),
        (EmptyFigures, "images", EMPTY_COLUMNS),
        (FrameFigures, "frames", FRAME_COLUMNS),
    )
    return "\n\n".join(
        table([scores for scores in results if isinstance(scores.mean, kind)], count, columns)
        for kind, count, columns in kinds
        if any(isinstance(scores.mean, kind) for scores in results)
    )


def table(results: Sequence[Scores], count: str, columns: Sequence[Column]) -> str:
    """Return rows of one kind of figures under their headings."""
    rows = [["data", "method", count, *(column.heading for column in columns)]]
    for scores in results:
        cells = [_cell(getattr(scores.mean, column.field), column) for column in columns]
        rows.append([scores.data, scores.method, str(scores.count), *cells])
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    return "\n".join(_line(row, widths) for row in rows)


def _cell(value: float | None, column: Column) -> str:
    return "-" if value is None else f"{value * column.factor:.{column.decimals}f}"


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    words = [cell.ljust(width) for cell, width in zip(row[:2], widths[:2], strict=True)]
    numbers = [cell.rjust(width) for cell, width in zip(row[2:], widths[2:], strict=True)]
    return "  ".join(words + numbers)
