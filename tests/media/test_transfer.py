"""Signal values as light, against the standards' own figures."""

from __future__ import annotations

import numpy as np
import pytest

from sinet_video.media.transfer import to_light

STANDARD = {
    # code: (signal in [0, 1], light)
    1: [(0.0, 0.0), (0.081, 0.018), (1.0, 1.0)],  # BT.709: 4.5 times 0.018
    8: [(0.25, 0.25)],  # linear
    13: [(0.04045, 0.04045 / 12.92), (0.5, 0.21404), (1.0, 1.0)],  # IEC 61966-2-1
    16: [(0.58068, 1.0), (0.50808, 100 / 203), (1.0, 10000 / 203)],  # BT.2100, BT.2408
    18: [(0.5, (1 / 12) / 0.265), (0.75, 1.0), (1.0, 1 / 0.265)],  # HLG
}


@pytest.mark.parametrize("code", STANDARD)
def test_figures_of_the_standards(code: int) -> None:
    """To a per cent, which is what their tables are rounded to."""
    light = to_light(code, 16, is_rgb=False)
    for signal, expected in STANDARD[code]:
        assert light[round(signal * 65535)] == pytest.approx(expected, rel=0.01, abs=1e-4)


@pytest.mark.parametrize("code", [1, 4, 5, 6, 7, 8, 13, 14, 15, 16, 18])
@pytest.mark.parametrize("bits", [8, 10, 16])
def test_more_signal_is_more_light(code: int, bits: int) -> None:
    """From 0, for each value, in float32."""
    light = to_light(code, bits, is_rgb=False)
    assert light.shape == (2**bits,)
    assert light.dtype == np.float32
    assert light[0] == 0
    assert np.diff(light).min() > -1e-4  # SMPTE 240M's own figures do not quite meet


def test_untagged_is_srgb_in_rgb_and_bt709_in_yuv() -> None:
    """And these two differ."""
    for code in (0, 2):
        assert np.array_equal(to_light(code, 8, is_rgb=True), to_light(13, 8, is_rgb=True))
        assert np.array_equal(to_light(code, 8, is_rgb=False), to_light(1, 8, is_rgb=False))
    assert not np.array_equal(to_light(2, 8, is_rgb=True), to_light(2, 8, is_rgb=False))
