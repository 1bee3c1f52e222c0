"""Lines and text on an image, anti-aliased at any size, in plain numpy.

The letters are strokes of our own, for captions where no font is guaranteed to exist.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from sinet_video.media.arrays import Array

Colour = tuple[int, int, int]

GLYPHS = {
    "0": "102031352616050110", "1": "112026 1636", "2": "01103041420646",
    "3": "004022324345361605", "4": "36300444", "5": "400002324345361605",
    "6": "3010010516364543321203", "7": "004016",
    "8": "103041423313020110 133344453616050413", "9": "1636454130100103143443",
    "a": "4246 4332120305163645", "b": "0006 0312324345361605", "c": "4332120305163645",
    "d": "4046 4332120305163645", "e": "04444332120305163645", "f": "30201116 0232",
    "g": "4247381807 4332120305163645", "h": "0006 0312324346", "i": "2226 2020",
    "j": "222718 2020", "k": "0006 3204 1336", "l": "101526", "m": "0206 03122326 23324346",
    "n": "0206 0312324346", "o": "123243453616050312", "p": "0208 0312324345361605",
    "q": "4248 4332120305163645", "r": "0206 041232", "s": "43321203143445361605",
    "t": "10152636 0232", "u": "0205163645 4246", "v": "022642", "w": "0216243642",
    "x": "0246 4206", "y": "0226 4208", "z": "02420646",
    "A": "062046 1434", "B": "0006 003041423303 3344453606", "C": "4130100105163645",
    "D": "0006 003041453606", "E": "40000646 0333", "F": "400006 0333",
    "G": "41301001051636454323", "H": "0006 4046 0343", "I": "2026 1030 1636",
    "J": "4045361605", "K": "0006 4004 1346", "L": "000646", "M": "0600234046",
    "N": "06004640", "O": "103041453616050110", "P": "0006 003041423303",
    "Q": "103041453616050110 3446", "R": "0006 003041423303 2346",
    "S": "413010010213334445361605", "T": "0040 2026", "U": "000516364540", "V": "002640",
    "W": "0016233640", "X": "0046 4006", "Y": "002340 2326", "Z": "00400646",
    ".": "1616", ",": "1607", ":": "1313 1616", "-": "1434", "_": "0747", "/": "0640",
    "%": "0640 0010110100 3545463635", "(": "30121436", ")": "10323416", "+": "0444 2226",
    "=": "0343 0545", "'": "2021", "?": "01103041422324 2626",
}  # fmt: skip
"""Strokes on a grid of 5 columns and 9 rows: row 0 is the top, row 6 the baseline."""

GAP, SPACE = 1.9, 2.8


class Canvas:
    """An image to draw on."""

    def __init__(self, width: int, height: int, colour: Colour) -> None:
        self.image = np.empty((height, width, 3), np.uint8)
        self.image[...] = colour

    def paste(self, left: int, top: int, image: Array) -> None:
        """Paste an image, (h, w, 3) or gray (h, w), uint8, cropped to the canvas."""
        shown = image if image.ndim == 3 else image[..., None]
        room = self.image[top : top + len(shown), left : left + shown.shape[1]]
        room[...] = shown[: room.shape[0], : room.shape[1]]

    def fill(self, left: int, top: int, width: int, height: int, colour: Colour) -> None:
        """Fill a rectangle."""
        self.image[top : top + height, left : left + width] = colour

    def line(self, points: Sequence[tuple[float, float]], colour: Colour, width: float) -> None:
        """Draw a line through points, (across, down) in pixels."""
        left, top = (int(min(p[axis] for p in points) - width - 1) for axis in (0, 1))
        right, bottom = (int(max(p[axis] for p in points) + width + 2) for axis in (0, 1))
        cover = np.zeros((bottom - top, right - left), np.float32)
        _stroke(cover, [(x - left, y - top) for x, y in points], width)
        self._blend(left, top, cover, colour)

    def text(self, left: float, top: float, text: str, size: float, colour: Colour) -> float:
        """Write text with capitals `size` pixels high; return where it ends, in pixels."""
        for letter in text:
            if letter == " ":
                left += SPACE * size / 6
                continue
            cover, advance = _glyph(letter if letter in GLYPHS else "?", size)
            self._blend(round(left), round(top - size / 3), cover, colour)
            left += advance
        return left

    def _blend(self, left: int, top: int, cover: Array, colour: Colour) -> None:
        height, width = self.image.shape[:2]
        rows = slice(max(0, -top), max(0, min(len(cover), height - top)))
        columns = slice(max(0, -left), max(0, min(cover.shape[1], width - left)))
        share = cover[rows, columns, None]
        room = self.image[
            top + rows.start : top + rows.stop, left + columns.start : left + columns.stop
        ]
        room[...] = np.rint(room + share * (np.array(colour, np.float32) - room))


def text_width(text: str, size: float) -> float:
    """Return the width of a line of text in pixels."""
    advances = (
        SPACE * size / 6 if c == " " else _glyph(c if c in GLYPHS else "?", size)[1] for c in text
    )
    return sum(advances)


@lru_cache(1024)
def _glyph(letter: str, size: float) -> tuple[Array, float]:
    """Return a letter's coverage, (h, w) in [0, 1], and its advance in pixels.

    A third of its size is left free above the letter.
    """
    unit = size / 6
    strokes = [
        [(int(stroke[i]), int(stroke[i + 1])) for i in range(0, len(stroke), 2)]
        for stroke in GLYPHS[letter].split()
    ]
    first = min(x for stroke in strokes for x, _ in stroke)
    last = max(x for stroke in strokes for x, _ in stroke)
    cover = np.zeros((round(size * 2), round((last - first + 2) * unit) + 2), np.float32)
    for stroke in strokes:
        points = [((x - first) * unit + 1.5, y * unit + size / 3 + 0.5) for x, y in stroke]
        _stroke(cover, points, max(1.25, size * 0.13))
    return cover, (last - first + GAP) * unit


def _stroke(cover: Array, points: Sequence[tuple[float, float]], width: float) -> None:
    """Cover the pixels within half a width of a line, in place."""
    reach = width / 2 + 1
    for (x0, y0), (x1, y1) in zip(points, [*points[1:], points[-1]], strict=True):
        top, left = max(0, int(min(y0, y1) - reach)), max(0, int(min(x0, x1) - reach))
        room = cover[top : int(max(y0, y1) + reach) + 2, left : int(max(x0, x1) + reach) + 2]
        rows, columns = np.ogrid[: room.shape[0], : room.shape[1]]
        down, across = rows + top + 0.5 - y0, columns + left + 0.5 - x0
        length = (x1 - x0) ** 2 + (y1 - y0) ** 2
        along = np.clip((across * (x1 - x0) + down * (y1 - y0)) / max(length, 1e-9), 0, 1)
        far = np.hypot(across - along * (x1 - x0), down - along * (y1 - y0))
        np.maximum(room, np.clip(width / 2 - far + 0.5, 0, 1), out=room, casting="same_kind")
