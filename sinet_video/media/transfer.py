"""Conversion of display values to linear light, which EXR files hold by convention.

The functions are those of ITU-R BT.709, BT.2100 and IEC 61966-2-1, chosen by the H.273 transfer
code. Camera video is converted back to scene light, in which 1 is diffuse white. For PQ, which
states how much light a display emits, 1 is the white of BT.2408, 203 cd/m².
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sinet_video.media.colour import BT709, UNSPECIFIED

Values = NDArray[Any]

SRGB = 13
WHITE = 203 / 10000
"""As a share of PQ's whole range."""
HLG_WHITE = 0.265
"""Light of HLG's diffuse white (a signal of 0.75) as a share of its whole range: BT.2408."""


@lru_cache(4)
def to_light(transfer: int, bits: int, *, is_rgb: bool) -> NDArray[np.float32]:
    """Return the linear light of every full-range value of this bit depth, (2**bits,) float32.

    An unspecified transfer is taken as sRGB for RGB, and as BT.709 for the rest.
    """
    code = (SRGB if is_rgb else BT709) if transfer in (0, UNSPECIFIED) else transfer
    values = np.linspace(0, 1, 2**bits)
    return _CURVES.get(code, _bt709)(values).astype(np.float32)


def from_light(light: Values) -> Values:
    """Return the sRGB values, from 0 to 1, of linear light, which is cut off at 0 and 1."""
    held = np.clip(light, 0, 1)
    return np.where(held < 0.0031308, held * 12.92, 1.055 * held ** (1 / 2.4) - 0.055)


def _bt709(values: Values) -> Values:
    return _curve(values, 0.081242858, 4.5, 0.09929682680944, 1 / 0.45)


def _smpte240(values: Values) -> Values:
    return _curve(values, 0.0912, 4.0, 0.1115, 1 / 0.45)


def _srgb(values: Values) -> Values:
    return _curve(values, 0.04045, 12.92, 0.055, 2.4)


def _curve(values: Values, bend: float, slope: float, offset: float, power: float) -> Values:
    """Return a curve that is linear near black and a power function from `bend` on."""
    bent = ((values + offset) / (1 + offset)) ** power
    return np.where(values < bend, values / slope, bent)


def _pq(values: Values) -> Values:
    root = values ** (1 / 78.84375)
    share = np.maximum(root - 0.8359375, 0) / (18.8515625 - 18.6875 * root)
    light: Values = share ** (1 / 0.1593017578125) / WHITE
    return light


def _hlg(values: Values) -> Values:
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    light = np.where(values <= 0.5, values**2 / 3, (np.exp((values - c) / a) + b) / 12)
    return light / HLG_WHITE


_CURVES: dict[int, Callable[[Values], Values]] = {
    4: lambda values: values**2.2,
    5: lambda values: values**2.8,
    7: _smpte240,
    8: lambda values: values,
    SRGB: _srgb,
    16: _pq,
    18: _hlg,
}
