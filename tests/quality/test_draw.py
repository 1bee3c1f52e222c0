"""Lines and letters on an image."""

from __future__ import annotations

import string

import numpy as np
import pytest

from sinet_video.quality.draw import GLYPHS, Canvas, text_width

WHITE, BLACK = (255, 255, 255), (0, 0, 0)


@pytest.mark.parametrize("end", [(90, 50), (10, 90), (70, 80)])
def test_a_line_is_as_long_and_wide_as_asked(end):
    """All that is drawn adds up to its area, and lies along it."""
    canvas = Canvas(100, 100, BLACK)
    canvas.line([(10, 50), end], WHITE, 3)
    drawn = canvas.image[..., 0] / 255
    length = np.hypot(end[0] - 10, end[1] - 50)
    assert drawn.sum() == pytest.approx(3 * length + np.pi * 1.5**2, rel=0.03)
    rows, columns = np.nonzero(drawn)
    assert rows.mean() == pytest.approx((50 + end[1]) / 2 - 0.5, abs=0.6)
    assert columns.mean() == pytest.approx((10 + end[0]) / 2 - 0.5, abs=0.6)


def test_letters_all_look_different():
    """Letters, digits and what goes between them; what there is none for is a question mark."""
    assert set(string.ascii_letters + string.digits + ".:%,-_") <= set(GLYPHS)
    seen = set()
    for letter in GLYPHS:
        canvas = Canvas(24, 30, BLACK)
        canvas.text(4, 6, letter, 14, WHITE)
        assert canvas.image.any()
        seen.add(canvas.image.tobytes())
    assert len(seen) == len(GLYPHS)
    unknown, question = Canvas(24, 30, BLACK), Canvas(24, 30, BLACK)
    unknown.text(4, 6, "\u00df", 14, WHITE)
    question.text(4, 6, "?", 14, WHITE)
    np.testing.assert_array_equal(unknown.image, question.image)


def test_a_text_is_as_wide_as_said():
    """So that it can be put to the right."""
    canvas = Canvas(400, 40, BLACK)
    end = canvas.text(10, 10, "0:12.345 matte", 16, WHITE)
    assert end - 10 == pytest.approx(text_width("0:12.345 matte", 16))
    assert np.nonzero(canvas.image.any(axis=(0, 2)))[0].max() < end


def test_what_juts_out_is_cut_off():
    """On all sides, and nothing is drawn elsewhere for it."""
    canvas = Canvas(40, 30, BLACK)
    canvas.line([(-20, 15), (60, 15)], WHITE, 2)
    canvas.text(-6, -4, "8", 14, WHITE)
    canvas.text(36, 24, "8", 14, WHITE)
    canvas.text(200, 200, "8", 14, WHITE)
    canvas.paste(35, 25, np.full((20, 20, 3), 7, np.uint8))
    assert canvas.image.shape == (30, 40, 3)
    assert (canvas.image[25:, 35:] == 7).all()
    assert (canvas.image[14:16] == 255).all()
