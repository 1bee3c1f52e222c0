"""The table of planar formats, against libav's descriptors."""

from __future__ import annotations

import av
import pytest
from av.video.format import VideoFormat, names

from sinet_video.errors import InputError
from sinet_video.media.pixel_formats import NOT_HELD, PLANAR, ROUNDED, has_alpha, working_format


@pytest.mark.parametrize("name", PLANAR)
def test_the_table_says_what_libav_says(name: str) -> None:
    """Bits, and how many luma samples share a chroma sample."""
    form, own = PLANAR[name], VideoFormat(name)
    assert {component.bits for component in own.components} == {form.bits}
    assert form.top == 2**form.bits - 1
    assert form.is_rgb == own.is_rgb
    if not form.is_rgb:
        assert (own.chroma_width(16) * form.across, own.chroma_height(16) * form.down) == (16, 16)


@pytest.mark.parametrize("name", sorted(names))
def test_every_format_of_libav_is_held_or_refused(name: str) -> None:
    """With at least its bits and its chroma, unless it is one that is rounded."""
    own = VideoFormat(name)
    if not own.components or NOT_HELD.match(name):
        return
    held = PLANAR[working_format(name)]
    bits = max(component.bits for component in own.components)
    assert held.bits >= min(bits, 16)
    if not ROUNDED.match(name) and name != "pal8" and len(own.components) >= 3 and not own.is_rgb:
        assert held.is_rgb is False
        assert 16 // held.across >= own.chroma_width(16)
        assert 16 // held.down >= own.chroma_height(16)


def test_a_format_that_cannot_be_held_says_what_to_do() -> None:
    """One sentence, with a way out."""
    with pytest.raises(InputError, match="bayer_bggr8 are not read; convert"):
        working_format("bayer_bggr8")


@pytest.mark.parametrize(("name", "alpha"), [("yuva420p", True), ("rgba", True), ("gray", False)])
def test_which_have_alpha(name: str, alpha: bool) -> None:
    """Of planes or packed."""
    assert has_alpha(av.VideoFrame(16, 16, name)) is alpha
