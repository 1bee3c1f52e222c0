"""Where results are used, and the options that suit each place: the one table of them.

The command takes them by name (`--preset-for premiere`); the page of `serve` offers some of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class PageEntry:
    """How the page offers a destination.

    Attributes:
        title: where the result is used.
        kind: what it is, in a few words.
        about: what to know about it, in a sentence or two.
        bits: about how many bits a pixel of the person takes in a frame of 1920x1080, the mean of
            clips that benchmarks/export_sizes.py measured. In larger frames a pixel takes less: the
            size grows with the power 3/4 of the pixels.
        rest: the same for each pixel of the frame, on top of it.
        effort: how long it takes, about, in multiples of a look through the clip; from the same
            program.
        unchecked: the checks of `verify` that do not apply to it.
        plate: for two layers, what fills the person's place in the second one; "" for one layer.
    """

    title: str
    kind: str
    about: str
    bits: float
    rest: float = 0.0
    effort: float = 1.0
    unchecked: tuple[str, ...] = ()
    plate: str = ""


SUFFIXES = {"png": ".png", "tiff": ".tif", "exr": ".exr"}
"""What one image of a folder is called at its end, by the folder's format."""


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

    def suffix_of(self, *, still: bool) -> str:
        """Return the extension of the output: of a still image, one image instead of a folder."""
        return SUFFIXES[self.options["format"]] if still and self.is_folder else self.suffix

    def words(self, *, still: bool = False) -> list[str]:
        """Return the options as they are typed, for a video or a still image."""
        given = {k: v for k, v in self.options.items() if not (still and k == "format")}
        return [f"--{name.replace('_', '-')}={value}" for name, value in given.items()]


_EDITOR = {"background": "transparent", "codec": "prores", "alpha_mode": "straight"}
_ALPHA = {"background": "transparent"}

DESTINATIONS: Mapping[str, Destination] = {
    "premiere": Destination(
        "ProRes 4444 with straight alpha, for Premiere Pro",
        ".mov",
        _EDITOR,
        PageEntry(
            "Premiere, Resolve, Final Cut",
            "ProRes 4444",
            "A .mov with straight alpha. Put it on the track above your background.",
            bits=9.2,
            effort=4.0,
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
            "Nuke",
            "EXR images",
            "Numbered images with premultiplied alpha, in a .zip.",
            bits=20.0,
            effort=4.1,
        ),
    ),
    "blender": Destination(
        "PNG frames, straight alpha",
        "",
        _ALPHA | {"format": "png"},
        PageEntry(
            "Blender, Photoshop",
            "PNG images",
            "Numbered images with straight alpha, in a .zip; a photo becomes one PNG.",
            bits=9.8,
            effort=2.2,
        ),
    ),
    "tiff": Destination(
        "TIFF frames, straight alpha",
        "",
        _ALPHA | {"format": "tiff"},
        PageEntry(
            "After Effects",
            "TIFF images",
            "Numbered images with straight alpha, 8 or 16 bits as the source has, in a .zip.",
            bits=11.0,
            effort=2.9,
        ),
    ),
    "web": Destination(
        "VP9 with alpha, for Chrome and Firefox",
        ".webm",
        _ALPHA,
        PageEntry(
            "Web page",
            "WebM",
            "Transparent in Chrome, Edge and Firefox. Safari shows it without transparency.",
            bits=0.36,
            effort=1.2,
        ),
    ),
    "safari": Destination(
        "H.264 with alpha below the colours, for the page in docs/alpha.md and any browser",
        ".mp4",
        _ALPHA | {"alpha_mode": "stacked"},
        PageEntry(
            "Web page, Safari too",
            "stacked MP4",
            "The matte is below the colours. The script in docs/alpha.md plays it transparently.",
            bits=0.27,
            effort=1.7,
        ),
    ),
    "video": Destination(
        "H.264 on --background, or on green",
        ".mp4",
        page=PageEntry(
            "Meeting background, YouTube",
            "MP4",
            "With the background chosen above; green if there is none.",
            bits=0.18,
            effort=1.1,
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
        _ALPHA | {"codec": "prores"},
        PageEntry(
            "Text behind the person",
            "two ProRes 4444",
            "Two layers in a .zip: the person with alpha, and the frame without the person, whose "
            "place is blurred or has the background chosen above. Put the text between them.",
            bits=9.2,
            rest=2.6,
            effort=6.8,
            plate="blur",
        ),
    ),
    "matte": Destination("the matte alone, lossless, as gray", ".mkv", {"show": "alpha"}),
    "lumamatte": Destination(
        "the matte alone, as gray H.264 without audio",
        ".mp4",
        {"show": "alpha", "audio": "none"},
        PageEntry(
            "Matte only",
            "gray MP4",
            "White where the person is, black elsewhere.",
            bits=0.045,
            effort=0.8,
            # It has no audio, and grays are not tagged as the source's colours are.
            unchecked=("colour", "audio tracks", "audio start", "audio length"),
        ),
    ),
}

OFFERED: Mapping[str, PageEntry] = {
    name: each.page for name, each in DESTINATIONS.items() if each.page is not None
}
"""What the page offers, by the names of the destinations."""


def described() -> str:
    """Return what each destination is, for help."""
    return "; ".join(f"{name}: {each.about}" for name, each in DESTINATIONS.items())
