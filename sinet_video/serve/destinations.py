"""What people export for, and the options of the command that each of these means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sinet_video.errors import SettingError


@dataclass(frozen=True)
class Destination:
    """One row.

    Attributes:
        title: who it is for, as people say it.
        about: what they get, in a sentence or two.
        suffix: what the output's name ends in; a folder's is packed as .zip.
        options: of the command, by their names with dashes.
        transparent: whether it has alpha, so that no background is put behind the person.
        unchecked: the checks of `verify` that say nothing about it.
        bits: bits a pixel of a frame that results took, about, by benchmarks/export_sizes.py on a
            man at a webcam, 640x360.
    """

    title: str
    about: str
    suffix: str
    options: Mapping[str, str] = field(default_factory=dict)
    transparent: bool = True
    unchecked: tuple[str, ...] = ()
    bits: float = 0.0

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder of numbered images."""
        return not self.suffix

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return {
            "title": self.title,
            "about": self.about,
            "file": self.suffix or f"folder of .{self.options['format']} files, as .zip",
            "transparent": self.transparent,
            "bits": self.bits,
        }


DESTINATIONS: Mapping[str, Destination] = {
    "edit": Destination(
        "Premiere, Resolve, Final Cut",
        "ProRes 4444 with straight alpha. Drop it on the track above your background.",
        ".mov",
        {"codec": "prores", "background": "transparent"},
        bits=5.9,
    ),
    "compositing": Destination(
        "After Effects, Nuke",
        "Numbered EXR images with premultiplied alpha, as compositors expect them.",
        "",
        {"format": "exr", "background": "transparent"},
        bits=10.2,
    ),
    "tiff": Destination(
        "Numbered TIFF images",
        "Straight alpha, 8 or 16 bits as the source has them.",
        "",
        {"format": "tiff", "background": "transparent"},
        bits=6.3,
    ),
    "web": Destination(
        "Web page",
        "WebM with alpha for Chrome, Edge and Firefox. Safari shows it without transparency.",
        ".webm",
        {"background": "transparent"},
        bits=0.27,
    ),
    "safari": Destination(
        "Web page, Safari too",
        "MP4 with the matte below the colours. The page in docs/alpha.md plays it transparently.",
        ".mp4",
        {"background": "transparent", "alpha-mode": "stacked"},
        bits=0.24,
    ),
    "video": Destination(
        "YouTube, meeting background",
        "MP4 with the background that you chose, green if you chose none.",
        ".mp4",
        {},
        transparent=False,
        bits=0.1,
    ),
    "behind": Destination(
        "Text behind the person",
        "The person alone as ProRes 4444. Put your text between this layer and the original clip.",
        ".mov",
        {"codec": "prores", "show": "foreground"},
        bits=5.9,
    ),
    "matte": Destination(
        "Matte only",
        "The matte as a gray video, white where the person is.",
        ".mp4",
        {"show": "alpha", "audio": "none"},
        # It has no audio, and grays are not tagged as the source's colours are.
        unchecked=("colour", "audio tracks", "audio start", "audio length"),
        bits=0.05,
    ),
}


def destination_of(name: object) -> Destination:
    """Return a destination; raises `SettingError` for a name that there is not."""
    if not isinstance(name, str) or name not in DESTINATIONS:
        raise SettingError(f"Destination is {name!r}; it must be one of {', '.join(DESTINATIONS)}.")
    return DESTINATIONS[name]
