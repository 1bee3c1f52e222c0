"""What is shown of each matte: a composite, the person alone with alpha, or the matte as gray."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal, get_args

from sinet_video.background import Colour, Fit, Video, parse_background
from sinet_video.codecs import CODECS, Content
from sinet_video.compositing import Background, composite, foreground
from sinet_video.containers import container_of
from sinet_video.decontaminating import decontaminate, edge_colours
from sinet_video.despilling import Despill, despill
from sinet_video.errors import SettingError
from sinet_video.frame import Matte
from sinet_video.planning import Encoding
from sinet_video.reach import Allow
from sinet_video.report import Meter

Show = Literal["composite", "alpha", "foreground"]


@dataclass(frozen=True)
class Look:
    """What is written of each matte, and what is done to its frame before."""

    content: Content
    background: Background | None = None

    def apply(
        self, mattes: Iterator[Matte], meter: Meter, *, clean: bool, spill: Despill | None
    ) -> Iterator[Matte]:
        """Chain what is done to frames; `clean` takes the old background out of their edges."""
        if self.background is not None and spill is None:
            own = edge_colours if clean else None
            return meter.timed("composite", composite(mattes, self.background, colours=own))
        if clean:
            mattes = meter.timed("decontaminate", decontaminate(mattes))
        if spill is not None:
            mattes = meter.timed("despill", despill(mattes, spill))
        if self.background is not None:
            return meter.timed("composite", composite(mattes, self.background))
        if self.content == "alpha":
            return meter.timed("foreground", foreground(mattes))
        return mattes

    def begun(self, first: Fraction, now: Fraction) -> None:
        """Take note of when the first picture was, in an earlier run, and when this one goes on."""
        if isinstance(self.background, Video):
            self.background.begin(first, now)


def chosen(
    output: Path,
    background: str | Path | Background | None,
    fit: Fit,
    show: Show,
    encoding: Encoding,
    allow: Allow,
) -> Look:
    """Return what an output is to show, by what was asked for and what its name can hold.

    Raises `SettingError` for what does not go together, and as `parse_background` does.
    """
    if show not in get_args(Show):
        raise SettingError(f"Show is {show!r}; it must be one of {', '.join(get_args(Show))}.")
    if show != "composite" and background is not None:
        raise SettingError(
            f"A background cannot be seen when only the {show} is shown; leave it out."
        )
    if show == "alpha":
        return Look("matte")
    if isinstance(background, str | Path):
        behind = parse_background(background, fit, allow)
        return Look("opaque", behind) if behind else Look("alpha")
    if background is not None:
        return Look("opaque", background)
    container = container_of(output, encoding.format)
    codec = CODECS.get(encoding.codec or container.defaults.get("alpha", ""))
    can = "alpha" in container.defaults and codec is not None and codec.alpha is not None
    if can and (container.alpha_first or show == "foreground"):
        return Look("alpha")
    return Look("opaque", Colour.parse("black" if show == "foreground" else "green"))
