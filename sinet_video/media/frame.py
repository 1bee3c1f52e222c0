"""The two values that pass through everything: a decoded frame, and a frame with its alpha."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, fields, replace
from fractions import Fraction
from functools import cached_property
from numbers import Rational
from typing import Any, TypeVar

import av
import numpy as np
from numpy.typing import NDArray

from sinet_video.errors import SettingError
from sinet_video.media.area import reduced_rgb
from sinet_video.media.convert import (
    TAGS,
    blank_like,
    checked_image,
    matrix_of,
    planes_of,
    reformat,
    rgb_of,
    video_of,
)
from sinet_video.media.orientation import Displayed
from sinet_video.media.pixel_formats import PLANAR, PixelFormat, Plane
from sinet_video.media.tiled_alpha import AlphaElsewhere, TiledAlpha

Made = TypeVar("Made")


@dataclass(frozen=True)
class Frame(Displayed):
    """One decoded frame and its time. It can be sent to other processes, and be copied.

    Raises `SettingError` for a pixel format that is not in `PLANAR`.

    Attributes:
        video: the samples, in the planar format they were decoded to, one of `PLANAR`.
        pts: presentation time in units of `time_base`, exactly as in the file.
        time_base: seconds per unit, an exact fraction.
        duration: display time in the same units; 0 if the file does not say.
        rotation: degrees counter-clockwise by which a player rotates the frame.
        mirrored: whether a player flips it horizontally after that.
        sample_aspect: sample aspect ratio, the width of a pixel over its height.
        source_alpha: the source's own alpha at the frame's size, or None.
        captions: closed captions of this moment, as in ATSC A/53.
    """

    video: av.VideoFrame
    pts: int
    time_base: Fraction
    duration: int = 0
    rotation: int = 0
    mirrored: bool = False
    sample_aspect: Fraction = Fraction(1)
    source_alpha: TiledAlpha | None = field(default=None, repr=False, compare=False)
    captions: bytes = field(default=b"", repr=False)
    _made: dict[Hashable, Any] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.video.format.name not in PLANAR:
            raise SettingError(
                f"A frame has pixel format {self.video.format.name}; "
                f"it must be one of {', '.join(PLANAR)}."
            )

    @classmethod
    def from_rgb(cls, array: Any, *, pts: int = 0, time_base: Fraction = Fraction(1, 25)) -> Frame:
        """Return a frame of an RGB image, (H, W, 3) uint8, whose time is `pts * time_base` seconds.

        numpy arrays, and what shares its memory with them, such as torch tensors on the CPU. Raises
        `SettingError` for anything else.
        """
        if not isinstance(time_base, Rational) or time_base <= 0:
            raise SettingError(
                f"Time base is {time_base!r}; it must be an exact number of seconds, such as "
                "Fraction(1, 30)."
            )
        video = reformat(video_of(checked_image(array)), pixel_format="gbrp")
        return cls(video, pts, Fraction(time_base))

    @property
    def width(self) -> int:
        """Width in pixels."""
        return self.video.width

    @property
    def height(self) -> int:
        """Height in pixels."""
        return self.video.height

    def __getstate__(self) -> dict[str, Any]:
        kept = {each.name: getattr(self, each.name) for each in fields(self)}
        return kept | {"video": _packed(self.video), "_made": {}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, video=_unpacked(**state["video"]))

    @property
    def format(self) -> PixelFormat:
        """Bit depth and chroma subsampling."""
        return PLANAR[self.video.format.name]

    @cached_property
    def time(self) -> Fraction:
        """Time in seconds, exact."""
        return self.time_base * self.pts  # the other way round takes three times as long

    @cached_property
    def planes(self) -> tuple[Plane, ...]:
        """The Y, U and V (or G, B and R) planes, (h, w) uint8 or uint16; read-only views."""
        return planes_of(self.video)

    @property
    def luma(self) -> Plane:
        """The Y plane (for RGB, the green one), (H, W) uint8 or uint16; a read-only view."""
        return self.planes[0]

    @property
    def rgb(self) -> NDArray[np.uint8]:
        """The frame as (H, W, 3) uint8, converted on every access."""
        return rgb_of(reformat(self.video, pixel_format="rgb24"))

    def once(self, name: Hashable, make: Callable[[], Made]) -> Made:
        """Return the result of `make`, computed on the first call for a name; read-only."""
        if name not in self._made:
            self._made[name] = make()
        made: Made = self._made[name]
        return made

    def scaled(self, width: int, height: int) -> NDArray[np.uint8]:
        """The frame as (height, width, 3) RGB uint8, scaled by area averaging; cached per size."""
        return self.once(("scaled", width, height), lambda: reduced_rgb(self.video, width, height))

    def cropped(
        self, top: float, left: float, bottom: float, right: float
    ) -> tuple[Frame, tuple[int, int, int, int]]:
        """Return a part of the frame, and its borders in pixels: top, left, bottom, right.

        The sides are given in pixels. The part is extended to whole chroma samples.
        """
        down, across = self.format.down, self.format.across
        first, start = int(top) // down * down, int(left) // across * across
        last = min(self.height, -int(-bottom // down) * down)
        end = min(self.width, -int(-right // across) * across)
        part = blank_like(self.video, width=end - start, height=last - first)
        # The matrix of an untagged frame is guessed by its height, which a part does not have.
        part.colorspace = matrix_of(self.video)
        for index, (new, old) in enumerate(zip(planes_of(part), self.planes, strict=True)):
            by_row, by_column = (1, 1) if index == 0 else (down, across)
            row, column = first // by_row, start // by_column
            new[...] = old[row : row + new.shape[0], column : column + new.shape[1]]
        return self.with_video(part), (first, start, last, end)

    def with_video(self, video: av.VideoFrame) -> Frame:
        """Return the same moment with other samples."""
        return replace(self, video=video, _made={})


def _packed(video: av.VideoFrame) -> dict[str, Any]:
    """Return the samples and colour tags of a planar video frame in what can be pickled."""
    tags = {name: int(getattr(video, name)) for name in TAGS}
    planes = [plane.copy() for plane in planes_of(video)]
    return {"name": video.format.name, "planes": planes, "tags": tags}


def _unpacked(name: str, planes: list[Plane], tags: dict[str, int]) -> av.VideoFrame:
    height, width = planes[0].shape
    video = av.VideoFrame(width, height, name)
    for target, plane in zip(planes_of(video), planes, strict=True):
        target[...] = plane
    for tag, value in tags.items():
        setattr(video, tag, value)
    return video


@dataclass(frozen=True, eq=False)
class Matte:
    """A frame, and how much of each pixel is the person.

    `plane` is float32 in [0, 1], from background to person. Before `refine` it is (h, w) on the
    network's grid; after it has the frame's size and is stored as tiles, or lies on a GPU. `alpha`
    gives each as an array. It can be sent to other processes, alpha on a GPU as an array. It equals
    itself alone.
    """

    frame: Frame
    plane: NDArray[np.float32] | TiledAlpha | AlphaElsewhere

    def __post_init__(self) -> None:
        if not isinstance(self.plane, np.ndarray) or self.plane.dtype == np.float32:
            return
        if self.plane.dtype.kind not in "fb":
            raise SettingError(
                f"Alpha is of the type {self.plane.dtype}; it must be float32 in [0, 1], as "
                "np.float32(values) / 255 is."
            )
        object.__setattr__(self, "plane", self.plane.astype(np.float32))

    def __getstate__(self) -> dict[str, Any]:
        here = isinstance(self.plane, np.ndarray | TiledAlpha)
        return {"frame": self.frame, "plane": self.plane if here else self.alpha}

    def __repr__(self) -> str:
        height, width = self.plane.shape
        size = f"{self.frame.width}x{self.frame.height}"
        return f"<Matte at {float(self.time):.3f} s: frame {size}, alpha ({height}, {width})>"

    @property
    def alpha(self) -> NDArray[np.float32]:
        """Alpha as an array, (H, W) float32 in [0, 1]."""
        return self.plane if isinstance(self.plane, np.ndarray) else self.plane.dense()

    @property
    def rgba(self) -> NDArray[np.uint8]:
        """The frame and alpha as (H, W, 4) uint8, straight; black where alpha is 0.

        Colours are the frame's own. Alpha must be at the frame's size.
        """
        alpha = np.rint(self.alpha * np.float32(255)).astype(np.uint8)[..., None]
        return np.concatenate([np.where(alpha > 0, self.frame.rgb, 0).astype(np.uint8), alpha], 2)

    @property
    def is_empty(self) -> bool:
        """Whether alpha is 0 everywhere: nobody is shown."""
        known = self.plane.kinds if isinstance(self.plane, TiledAlpha) else self.alpha
        return not known.any()

    @property
    def tiles(self) -> TiledAlpha:
        """Alpha as tiles; anything else is converted on every access."""
        return self.plane if isinstance(self.plane, TiledAlpha) else TiledAlpha.of(self.alpha)

    @property
    def time(self) -> Fraction:
        """Time in seconds, exact."""
        return self.frame.time

    def with_alpha(self, plane: NDArray[np.float32] | TiledAlpha | AlphaElsewhere) -> Matte:
        """Return the same frame with another alpha, (h, w) float32 in [0, 1] or tiles."""
        return Matte(self.frame, plane)

    def with_frame(self, frame: Frame) -> Matte:
        """Return the same alpha with another frame."""
        return Matte(frame, self.plane)
