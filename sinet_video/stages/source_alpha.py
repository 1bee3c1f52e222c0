"""The stage that applies an alpha channel of the source."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sinet_video.media.frame import Matte
from sinet_video.media.tiled_alpha import TiledAlpha
from sinet_video.stages.matte_settings import SourceAlpha, check_source_alpha
from sinet_video.stages.memory import NOTHING, remembers

SOURCE_ALPHA_USED: dict[SourceAlpha, str] = {
    "multiply": "The source has alpha, {}: the matte is multiplied by it.",
    "keep": "The source has alpha, {}: it is kept, in place of the network's.",
    "ignore": "The source has alpha, {}: it is ignored.",
}
"""Messages for the user; the placeholder takes "straight" or "premultiplied"."""


@remembers(NOTHING)
def apply_source_alpha(mattes: Iterable[Matte], how: SourceAlpha = "multiply") -> Iterator[Matte]:
    """Yield each matte with its frame's own alpha multiplied in, kept instead, or ignored.

    Alpha must be at the frame's size, (H, W) in [0, 1]. Frames without an alpha channel are passed
    on unchanged. Raises `SettingError` if `how` is none of the choices.
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
