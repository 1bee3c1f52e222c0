"""What an output shows of each matte: the person before a background, alone, or alpha itself."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal

from sinet_video.checked import check_word
from sinet_video.containers.codecs import CODECS, Content
from sinet_video.containers.container import Container
from sinet_video.containers.formats import container_of
from sinet_video.decoding.access import Source
from sinet_video.encoding.open_sink import as_folder
from sinet_video.encoding.settings import Encoding
from sinet_video.errors import SettingError
from sinet_video.media.stacked import STACKED
from sinet_video.stages.backgrounds import ColourBackground, VideoBackground, parse_background
from sinet_video.stages.composite import Background
from sinet_video.stages.fit_background import Fit

Show = Literal["composite", "alpha", "foreground"]


@dataclass(frozen=True)
class OutputKind:
    """What is written of each matte: its content, and the background behind the person."""

    content: Content
    background: Background | None = None

    def begun(self, first: Fraction, now: Fraction) -> None:
        """Record when the first frame was, in an earlier run, and when this run continues."""
        if isinstance(self.background, VideoBackground):
            self.background.begin(first, now)


def layer_kinds(
    output: Path,
    plate: str | Path | None,
    background: Source | Background | None,
    fit: Fit,
    show: Show,
    encoding: Encoding,
) -> tuple[OutputKind, OutputKind | None]:
    """Return what an output shows, and what the plate does if there is one.

    The person has alpha then, and the background is behind the plate. Raises `SettingError`.
    """
    if plate is None:
        return output_kind(output, background, fit, show, encoding), None
    if show != "composite":
        raise SettingError(f"Layers show the person and the plate, not the {show}; leave that out.")
    container = container_of(output, encoding.format)
    if "rgba" not in container.defaults and encoding.alpha_mode != STACKED:
        raise SettingError(
            f"{output} is to have the person with alpha, which it cannot hold; write .webm, .mov "
            "or a folder of PNGs."
        )
    behind = (
        parse_background(background, fit)
        if isinstance(background, Source)
        else _checked(background)
    )
    if behind is None and encoding.alpha_mode != STACKED and not _holds_alpha(plate):
        raise SettingError(
            f"{plate} is to have a hole in the person's place, which it cannot hold; write .webm, "
            ".mov or a folder of PNGs, or give a background to fill it."
        )
    return OutputKind("rgba"), OutputKind("rgb", behind) if behind else OutputKind("rgba")


def _checked(background: Background | None) -> Background | None:
    if background is not None and not hasattr(background, "planes"):
        raise SettingError(
            f"Background is of the type {type(background).__name__}; give a colour, such as "
            '"green" or "0,177,64", the path of an image or a video, "blur", "transparent", or a '
            "Background such as ColourBackground."
        )
    # A job plays a video for itself, as others may be made with the same object, also meanwhile.
    return background.anew() if isinstance(background, VideoBackground) else background


def _holds_alpha(plate: str | Path) -> bool:
    path, encoding = as_folder(plate, Encoding())
    return "rgba" in container_of(path, encoding.format).defaults


def output_kind(
    output: Path,
    background: Source | Background | None,
    fit: Fit,
    show: Show,
    encoding: Encoding,
) -> OutputKind:
    """Return what an output shows, given what was asked for and what its file type can hold.

    Raises `SettingError` for contradictory choices, and as `parse_background` does.
    """
    return kind_in(container_of(output, encoding.format), background, fit, show, encoding)


def kind_in(
    container: Container,
    background: Source | Background | None,
    fit: Fit,
    show: Show,
    encoding: Encoding,
) -> OutputKind:
    """Return what an output in a container shows; as `output_kind`."""
    check_word("show", show, Show)
    if show != "composite" and background is not None:
        raise SettingError(
            f"A background cannot be seen when only the {show} is shown; leave it out."
        )
    if show == "alpha":
        return OutputKind("alpha")
    if isinstance(background, Source):
        behind = parse_background(background, fit)
        return OutputKind("rgb", behind) if behind else OutputKind("rgba")
    if background is not None:
        return OutputKind("rgb", _checked(background))
    if encoding.alpha_mode == STACKED:
        return OutputKind("rgba")
    codec = CODECS.get(encoding.codec or container.defaults.get("rgba", ""))
    can = "rgba" in container.defaults and codec is not None and codec.rgba is not None
    if can and (container.alpha_first or show == "foreground"):
        return OutputKind("rgba")
    return OutputKind("rgb", ColourBackground.parse("black" if show == "foreground" else "green"))
