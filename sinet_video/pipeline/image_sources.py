"""What jobs know of sources that are made of images: their files, and what to say of them."""

from __future__ import annotations

from pathlib import Path

from sinet_video.containers.formats import PIPE
from sinet_video.containers.photo_tags import icc_name
from sinet_video.decoding.clip import Clip
from sinet_video.decoding.sequence import StillImages
from sinet_video.media.time_range import RATE_IF_UNKNOWN

KEEP_ICC = frozenset({".png", ".tif", ".tiff", ".jpg", ".jpeg", ".webp"})
"""Extensions of outputs that get the source's ICC profile."""


def files_of(clip: Clip) -> list[Path]:
    """Return the files that a clip is read from: one, or those of an image sequence."""
    if isinstance(clip.images, StillImages):
        return [image for image in clip.images.images if isinstance(image, Path)]
    return [Path(clip.path)]


def image_remarks(clip: Clip, output: Path) -> list[str]:
    """Return what to say of a source that is made of images."""
    said = []
    if clip.images is not None and clip.images.assumed and not clip.is_still:
        said.append(
            f"{clip.path} does not say how fast it is: {float(RATE_IF_UNKNOWN):g} frames per "
            "second are assumed; give its rate if it is another."
        )
    keeps = output.suffix.lower() in KEEP_ICC and bool(clip.rgb_icc)
    if clip.icc and not keeps and output != PIPE:
        said.append(
            f"The source's ICC profile ({icc_name(clip.icc)}) is not kept: its colours will be "
            "taken as they are."
        )
    return said
