"""Compositing in torch; see `stages.composite`, of which each function has the name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from sinet_video.device.blur_background import blurred_background
from sinet_video.device.grids import averaged, repeated
from sinet_video.device.matte import DeviceAlpha, DeviceMatte
from sinet_video.device.transfer import uploaded, widened
from sinet_video.media.blend import black_of
from sinet_video.media.frame import Matte
from sinet_video.media.pixel_formats import Plane
from sinet_video.media.tiled_alpha import Grid
from sinet_video.stages.backgrounds import ColourBackground, ImageBackground, VideoBackground
from sinet_video.stages.blur_background import BlurBackground
from sinet_video.stages.composite import Background

STEADY = ColourBackground, ImageBackground, VideoBackground
"""Backgrounds that never write to planes that they have given."""

EdgeColours = Callable[[DeviceMatte], Sequence[Tensor]]
"""Returns planes, (h, w) float32, to use in place of the frame's."""


def composite(
    mattes: Iterable[DeviceMatte], background: Background, *, colours: EdgeColours | None = None
) -> Iterator[DeviceMatte]:
    """Yield each matte with its frame composited over the background.

    `colours` supplies the person's own colours at the edge, as `decontaminate.edge_colours` does.
    """
    behind = _Behind(background)
    for matte in mattes:
        own = colours(matte) if colours else matte.planes
        yield matte.with_planes(_blended(matte, own, behind.planes(matte)))


def _blended(
    matte: DeviceMatte, own: Sequence[Tensor], behind: Sequence[Tensor]
) -> Iterator[Tensor]:
    """Yield `background + alpha * (frame - background)` of each plane."""
    form = matte.frame.format
    chroma = averaged(matte.alpha, form.down, form.across)
    for front, back, alpha in zip(own, behind, (matte.alpha, chroma, chroma), strict=True):
        yield back + alpha * (front - back)


class _Behind:
    """A background's planes on the device: moved again only when they are others."""

    def __init__(self, background: Background) -> None:
        self._background = background
        self._kept: tuple[tuple[Plane, ...], tuple[Tensor, ...]] = (), ()

    def planes(self, matte: DeviceMatte) -> Sequence[Tensor]:
        """Return the planes for a matte's time, (h, w) or (1, 1), float32."""
        background = self._background
        if isinstance(background, BlurBackground):
            return blurred_background(matte, background.radius)
        given = background.planes(Matte(matte.frame, DeviceAlpha(matte.alpha)))
        # A background of the caller's may write to the same memory each time.
        if not isinstance(background, STEADY) or not _same(given, self._kept[0]):
            device = matte.alpha.device
            self._kept = given, tuple(widened(uploaded(plane, device)) for plane in given)
        return self._kept[1]


def _same(one: Sequence[Plane], other: Sequence[Plane]) -> bool:
    """Whether planes are the very same memory, which is not used again while we hold it."""
    return len(one) == len(other) and all(
        a.__array_interface__ == b.__array_interface__ for a, b in zip(one, other, strict=True)
    )


def foreground(mattes: Iterable[DeviceMatte]) -> Iterator[DeviceMatte]:
    """Yield each matte with the frame blacked out except at and near the person."""
    for matte in mattes:
        yield matte.with_planes(_shown(matte))


def _shown(matte: DeviceMatte) -> Iterator[Tensor]:
    shown, form = near_person(matte.alpha), matte.frame.format
    chroma = form.down, form.across
    black = black_of(matte.frame)
    for plane, value, (down, across) in zip(
        matte.planes, black, ((1, 1), chroma, chroma), strict=True
    ):
        yield torch.where(shown[::down, ::across], plane, float(value))


def near_person(alpha: Tensor) -> Tensor:
    """Return the pixels, (H, W), of tiles in which the person is, and of those beside them."""
    height, width = alpha.shape
    grid = Grid.of(height, width)
    tile = grid.down, grid.across
    person = F.max_pool2d(alpha[None, None], tile, tile, ceil_mode=True) > 0
    near = F.max_pool2d(person.to(alpha.dtype), 3, 1, 1)[0, 0] > 0
    return repeated(near, tile, (height, width))
