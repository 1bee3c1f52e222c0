"""The stage that heeds the alpha which the source has itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal, get_args

from sinet_video.errors import SettingError
from sinet_video.media.frame import Matte
from sinet_video.media.tiled_alpha import TiledAlpha
from sinet_video.stages.memory import NOTHING, remembers

SourceAlpha = Literal["multiply", "keep", "ignore"]
"""What becomes of the source's own alpha: multiplied into the matte, in its place, or nothing."""

SOURCE_ALPHA_USED: dict[SourceAlpha, str] = {
    "multiply": "The source has alpha, {}: the matte is multiplied by it.",
    "keep": "The source has alpha, {}: it is kept, in place of the network's.",
    "ignore": "The source has alpha, {}: it is ignored.",
}
"""What to say of it, given how the source's colours are to its alpha."""


def check_source_alpha(how: SourceAlpha) -> None:
    """Raise `SettingError` for what is none of the choices."""
    if how not in get_args(SourceAlpha):
        choices = ", ".join(get_args(SourceAlpha))
        raise SettingError(f"Source alpha is {how!r}; it must be one of {choices}.")


@remembers(NOTHING)
def apply_source_alpha(mattes: Iterable[Matte], how: SourceAlpha = "multiply") -> Iterator[Matte]:
    """Yield each matte with its frame's own alpha heeded; alpha must be at the frame's size.

    Frames without alpha of their own pass. Raises `SettingError`.
    """
    check_source_alpha(how)
    for matte in mattes:
        own = matte.frame.source_alpha
        if own is None or how == "ignore":
            yield matte
        elif how == "keep":
            yield matte.with_alpha(own)
        else:
            yield matte.with_alpha(TiledAlpha.of(matte.tiles.dense() * own.dense()))
