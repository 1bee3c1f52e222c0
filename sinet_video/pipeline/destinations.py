"""Where results are used, and the options that suit each place: the one table of them.

The command takes them by name (`--preset-for premiere`); the page of `serve` offers some of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sinet_video.errors import SettingError


@dataclass(frozen=True)
class PageEntry:
    """How the page offers a destination.

    Attributes:
        title: the name of its button.
        about: what the result is, in a sentence or two.
        bits: bits per pixel of a frame, about, as benchmarks/export_sizes.py measured them on a man
            at a webcam, 640x360.
        unchecked: the checks of `verify` that do not apply to it.
    """

    title: str
    about: str
    bits: float
    unchecked: tuple[str, ...] = ()


@dataclass(frozen=True)
class Destination:
    """A place where results are used.

    Attributes:
        about: what the result is, in a few words.
        suffix: extension of the output; "" for a folder of numbered images.
        options: options of `run` by their names, with underscores.
        page: how the page offers it; None if it does not.
    """

    about: str
    suffix: str
    options: Mapping[str, Any] = field(default_factory=dict)
    page: PageEntry | None = None

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder of numbered images."""
        return not self.suffix

    @property
    def takes_background(self) -> bool:
        """Whether the user's own background is put behind the person."""
        return not {"background", "show"} & set(self.options)

    def words(self) -> list[str]:
        """Return the options as they are typed."""
        return [f"--{name.replace('_', '-')}={value}" for name, value in self.options.items()]


_EDITOR = {"background": "transparent", "codec": "prores", "alpha_mode": "straight"}
_ALPHA = {"background": "transparent"}

DESTINATIONS: Mapping[str, Destination] = {
    "premiere": Destination(
        "ProRes 4444 with straight alpha, for Premiere Pro",
        ".mov",
        _EDITOR,
        PageEntry(
            "Premiere, Resolve, Final Cut, After Effects",
            "ProRes 4444 with straight alpha. Drop it on the track above your background.",
            bits=5.9,
        ),
    ),
    "resolve": Destination("the same, for DaVinci Resolve", ".mov", _EDITOR),
    "finalcut": Destination("the same, for Final Cut Pro", ".mov", _EDITOR),
    "aftereffects": Destination("the same, for After Effects", ".mov", _EDITOR),
    "nuke": Destination(
        "EXR frames, premultiplied",
        "",
        _ALPHA | {"format": "exr"},
        PageEntry(
            "Nuke, Fusion",
            "Numbered EXR images with premultiplied alpha, as compositors expect them.",
            bits=10.2,
        ),
    ),
    "blender": Destination("PNG frames, straight alpha", "", _ALPHA | {"format": "png"}),
    "tiff": Destination(
        "TIFF frames, straight alpha",
        "",
        _ALPHA | {"format": "tiff"},
        PageEntry(
            "Numbered TIFF images", "Straight alpha, 8 or 16 bits as the source has them.", bits=6.3
        ),
    ),
    "web": Destination(
        "VP9 with alpha, for Chrome and Firefox",
        ".webm",
        _ALPHA,
        PageEntry(
            "Web page",
            "WebM with alpha for Chrome, Edge and Firefox. Safari shows it without transparency.",
            bits=0.27,
        ),
    ),
    "safari": Destination(
        "H.264 with alpha below the colours, for the page in docs/alpha.md and any browser",
        ".mp4",
        _ALPHA | {"alpha_mode": "stacked"},
        PageEntry(
            "Web page, Safari too",
            "MP4 with the matte below the colours. The page in docs/alpha.md plays it "
            "transparently.",
            bits=0.24,
        ),
    ),
    "video": Destination(
        "H.264 on --background, or on green",
        ".mp4",
        page=PageEntry(
            "YouTube, meeting background",
            "MP4 with the background that you chose, green if you chose none.",
            bits=0.1,
        ),
    ),
    "meeting": Destination(
        "H.264, at most 1080 lines, with a blurred background",
        ".mp4",
        {"background": "blur", "codec": "h264", "max_height": 1080},
    ),
    "youtube": Destination(
        "H.264 in high quality, on green unless --background is given",
        ".mp4",
        {"codec": "h264", "crf": 16, "preset": "medium"},
    ),
    "titles": Destination(
        "the person alone as ProRes 4444, as a layer in front of titles",
        ".mov",
        {"codec": "prores", "show": "foreground"},
        PageEntry(
            "Text behind the person",
            "The person alone as ProRes 4444. Put your text between this layer and the original "
            "clip.",
            bits=5.9,
        ),
    ),
    "matte": Destination("the matte alone, lossless, as gray", ".mkv", {"show": "alpha"}),
    "lumamatte": Destination(
        "the matte alone, as gray H.264 without audio",
        ".mp4",
        {"show": "alpha", "audio": "none"},
        PageEntry(
            "Matte only",
            "The matte as a gray video, white where the person is.",
            bits=0.05,
            # It has no audio, and grays are not tagged as the source's colours are.
            unchecked=("colour", "audio tracks", "audio start", "audio length"),
        ),
    ),
}

OFFERED: Mapping[str, PageEntry] = {
    name: each.page for name, each in DESTINATIONS.items() if each.page is not None
}
"""What the page offers, by the names of the destinations."""


def offered(name: object) -> Destination:
    """Return a destination that the page offers; raises `SettingError` for any other name."""
    if not isinstance(name, str) or name not in OFFERED:
        raise SettingError(f"Destination is {name!r}; it must be one of {', '.join(OFFERED)}.")
    return DESTINATIONS[name]


def described() -> str:
    """Return what each destination is, for help."""
    return "; ".join(f"{name}: {each.about}" for name, each in DESTINATIONS.items())
